"""The folder of a round: where it is, what it says of itself, and the database that it leads to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import database, paths
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.store import Store

MARK = "round.json"
DATABASE = "round.sqlite"
FOLDERS = "reviews"


def new(words: GivenWords, gemeente: str, round_id: str) -> Path:
    """Return the folder of a new round: the one that is named, or one by gemeente and round."""
    if words.get("dir"):
        folder = Path(words.get("dir")).expanduser().resolve()
    else:
        name = "".join(c if c.isalnum() else "-" for c in gemeente.lower()).strip("-")
        folder = paths.home() / FOLDERS / f"{name}-{round_id}"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty; expected a new folder. Choose another 'dir', or delete that "
            "round with 'risicomodel review delete'."
        )
    return folder


def store(address: str) -> Store:
    """Return the database of an address."""
    from risicomodel.participation.review.store import Store

    return Store(database.engine(address))


def opened(words: GivenWords) -> tuple[Path, Store, dict[str, Any]]:
    """Return the folder of a round, its database and its mark."""
    if len(words.bare) != 1:
        raise ConfigError(
            f"review {words.verb} was given {len(words.bare)} folders; expected that of one round. "
            f"Give it: 'risicomodel review {words.verb} FOLDER'."
        )
    folder = Path(words.bare[0]).expanduser().resolve()
    if not (folder / MARK).is_file():
        raise ConfigError(
            f"{folder} is no round; expected a folder with {MARK}. Make one with "
            "'risicomodel review new gemeente=NAME'."
        )
    mark = _mark(folder / MARK)
    if not mark["database"] and not (folder / DATABASE).is_file():
        raise ConfigError(
            f"{folder} has no {DATABASE}; expected the round's answers in it. Restore it from its "
            "backup."
        )
    address = mark["database"] or f"sqlite:///{folder / DATABASE}"
    return folder, store(address), mark


def _mark(path: Path) -> dict[str, Any]:
    try:
        mark = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        mark = None
    if not isinstance(mark, dict) or not {"round_id", "gemeente", "database"} <= set(mark):
        raise ConfigError(
            f"{path} is not what 'review new' wrote; expected that. Restore it from its backup."
        )
    return mark
