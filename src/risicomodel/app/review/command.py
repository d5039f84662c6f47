"""Commands of a round, declared: what each is given and what carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from risicomodel.app.review import (
    ending,
    lettering,
    making,
    papering,
    playing,
    publishing,
    serving,
    verifying,
    workbooks,
)
from risicomodel.app.review.words import GivenWords
from risicomodel.core import database
from risicomodel.core.errors import ConfigError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Verb(NamedTuple):
    """What ``risicomodel review VERB`` does.

    Parameters
    ----------
    carry_out : callable
        Takes the words of the command, returns the text that it ends with.
    settings : tuple of str
        What it can be given as KEY=VALUE.
    """

    carry_out: Callable[[GivenWords], str]
    settings: tuple[str, ...]


VERBS: dict[str, Verb] = {
    "new": Verb(
        making.new,
        (
            "gemeente", "wijken", "form", "local", "people", "language", "keep_until", "address",
            "dir", "database",
        ),
    ),
    "demo": Verb(playing.play, ("gemeente", "minutes", "language", "port", "dir")),
    "serve": Verb(serving.serve, ("port", "network", "address", "contact")),
    "paper": Verb(papering.paper, ("number", "phase", "dir")),
    "workbook": Verb(workbooks.workbook, ("number", "phase", "dir")),
    "take-in": Verb(workbooks.take_in, ("replace",)),
    "export": Verb(ending.export, ("dir",)),
    "publish": Verb(publishing.publish, ()),
    "letter": Verb(lettering.letter, ("file",)),
    "verify": Verb(verifying.verify, ("dir",)),
    "delete": Verb(ending.delete, ("yes",)),
}  # fmt: skip


def carry_out(words: Sequence[str]) -> str:
    """Carry out a command of a round and return the text that it ends with.

    Parameters
    ----------
    words : sequence of str
        A verb, folders and settings.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If a word cannot be understood, or what the web needs is not installed.
    """
    _require_web()
    parsed = parse(words)
    with database.understood():
        return VERBS[parsed.verb].carry_out(parsed)


def parse(words: Sequence[str]) -> GivenWords:
    """Return the words of a command; all that cannot be understood at once.

    Examples
    --------
    >>> parse(["serve", "reviews/utrecht", "port=8080"])
    GivenWords(verb='serve', bare=['reviews/utrecht'], settings={'port': '8080'})
    """
    verb = words[0] if words else ""
    if verb not in VERBS:
        raise ConfigError(
            f"review was given '{verb}'{suggest(verb, VERBS)}; expected one of {', '.join(VERBS)}. "
            "Begin with 'risicomodel review new gemeente=NAME'."
        )
    pairs = [word.partition("=") for word in words[1:] if "=" in word]
    violations = [
        f"'{key}'{suggest(key, VERBS[verb].settings)} is none of {', '.join(VERBS[verb].settings)}"
        for key, _, _ in pairs
        if key not in VERBS[verb].settings
    ]
    if violations:
        raise ConfigError(
            f"review {verb} was given settings that it does not know; correct:", violations
        )
    bare = [word for word in words[1:] if "=" not in word]
    return GivenWords(verb, bare, {key: value.strip("'\"[]") for key, _, value in pairs})


def _require_web() -> None:
    try:
        import argon2  # noqa: F401
        import fastapi  # noqa: F401
        import segno  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"a round needs a package that is not installed ({error.name}); expected the extra "
            "'web'. Install it: pip install 'risicomodel[web]'."
        ) from error
