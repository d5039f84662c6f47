"""Errors a user can act on.

Every message says what was found, what is allowed and what to do. The command line prints it on
one line (plus details, where there are several violations) and ends with status 2; a traceback
means a bug of ours.
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
        One line: what was found, what is allowed, what to do.
    details : sequence of str, optional
        All violations, where there is more than one.
    """

    exit_status = 2

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
    """The configuration asks for something that does not exist or does not fit together."""


class SourceError(RisicomodelError):
    """A file, table or server does not give what was asked of it."""


class ComputeError(RisicomodelError):
    """Workers cannot be reached, are lost, or run other code than this."""


class DataError(RisicomodelError):
    """Figures were read, but they cannot be right."""


class ContractError(RisicomodelError):
    """A table is not as its contract says, or a run was made under another contract."""


def nearest(found: str, allowed: Iterable[str]) -> str:
    """Return the allowed word that looks most like ``found``; empty where none does."""
    near = get_close_matches(found, list(allowed), n=1, cutoff=0.6)
    return near[0] if near else ""


def suggest(found: str, allowed: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the nearest allowed word, or an empty string."""
    near = nearest(found, allowed)
    return f" (did you mean '{near}'?)" if near else ""
