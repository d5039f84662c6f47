"""Errors that a user can act on.

Every message says what was found, what is expected and what to do. The command line prints it on
one line (with a list, where there are several violations) and ends with status 2. A traceback
means a bug.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_DETAILS = 12


class RisicomodelError(Exception):
    """An error that the user can correct.

    Parameters
    ----------
    message : str
        One line: what was found; what is expected; what to do.
    details : sequence of str, optional
        All violations, one per item. A single one is shown on the line of the message.

    Examples
    --------
    >>> print(RisicomodelError("2 settings are wrong; correct:", ["folds is 1", "seed is -1"]))
    2 settings are wrong; correct:
      - folds is 1
      - seed is -1
    """

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = tuple(details)

    def __str__(self) -> str:
        if len(self.details) == 1:
            return f"{self.message} {self.details[0]}"
        shown = [f"  - {detail}" for detail in self.details[:MAX_DETAILS]]
        hidden = len(self.details) - len(shown)
        if hidden > 0:
            shown.append(f"  - … and {hidden} more")
        return "\n".join([self.message, *shown])


class ConfigError(RisicomodelError):
    """The configuration names something that does not exist, or contradicts itself."""


class SourceError(RisicomodelError):
    """A file, table or server does not deliver what was requested."""


class ComputeError(RisicomodelError):
    """Workers cannot be reached, have crashed, or run different code."""


class DataError(RisicomodelError):
    """Figures were read, but they cannot be correct."""


class ContractError(RisicomodelError):
    """A table is not as its contract says, or a run was made under another contract."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice that is spelt most like a word.

    Parameters
    ----------
    word : str
        What was typed.
    choices : iterable of str
        What could have been meant.

    Returns
    -------
    str
        The nearest choice; empty if none comes near.

    Examples
    --------
    >>> nearest("trian", ["run", "train", "tune"])
    'train'
    """
    matches = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def suggest(word: str, choices: Iterable[str]) -> str:
    """Return a suggestion to put behind a mistyped word in an error message.

    Parameters
    ----------
    word : str
        What was typed.
    choices : iterable of str
        What could have been meant.

    Returns
    -------
    str
        ``" (did you mean 'x'?)"`` with the nearest choice; empty if none comes near.

    Examples
    --------
    >>> suggest("jeug", ["bijstand", "jeugd", "wmo"])
    " (did you mean 'jeugd'?)"
    >>> suggest("flowers", ["bijstand", "jeugd", "wmo"])
    ''
    """
    choice = nearest(word, choices)
    return f" (did you mean '{choice}'?)" if choice else ""
