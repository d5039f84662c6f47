"""The folder of a round: where it is, what it says of itself, and the database that it leads to."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import database, paths
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.store import Store

log = logging.getLogger(__name__)

MARK = "round.json"
DATABASE = "round.sqlite"
FOLDERS = "reviews"
ADDRESS_VARIABLE = "RISICOMODEL_DATABASE"
RUN, PUBLISHED_IN = "run", "published_in"  # folders that a mark may name
PUBLISHED_COUNTS = "published_counts"  # of how many people the figures are that were published


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
    """Return the folder of a round, its database and its mark.

    A database of an older version becomes one of today's.
    """
    from risicomodel.participation.review import migrations

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
    opened_store = store(address_of(folder, mark))
    version = migrations.migrate(opened_store.engine)
    if version is not None:
        log.info("the round's database was of version %s and is now of today's", version)
    _check_round(opened_store, mark, folder)
    return folder, opened_store, mark


def address_of(folder: Path, mark: Mapping[str, Any]) -> str:
    """Return the address of a round's database.

    Parameters
    ----------
    folder : Path
        Of the round.
    mark : mapping
        What it says of itself: the address of a server, without password, or none.

    Returns
    -------
    str
        Of the file in the folder; of a server as the environment has it (with a password, or as
        this machine reaches it), else as the round was made with: then the password is looked up
        where PostgreSQL's own programs do (``PGPASSWORD``, ``~/.pgpass``).
    """
    if not mark["database"]:
        return f"sqlite:///{folder / DATABASE}"
    return os.environ.get(ADDRESS_VARIABLE) or str(mark["database"])


def _check_round(opened_store: Store, mark: Mapping[str, Any], folder: Path) -> None:
    """Check that a database has the round of its folder: what is deleted must be the one named."""
    from risicomodel.participation.review.evening import ROUND
    from risicomodel.participation.review.rounds import Round

    round_id = Round.from_json(opened_store.facts()[ROUND]).round_id
    if round_id != mark["round_id"]:
        raise ConfigError(
            f"the database has round {round_id}; expected {mark['round_id']}, as {folder / MARK} "
            f"says. Correct its address ({ADDRESS_VARIABLE}), or restore it from its backup."
        )


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


def require_wijken(evening: Evening, why: str, instead: str) -> None:
    """Refuse a verb on a round that has no wijken.

    Parameters
    ----------
    evening : Evening
        The round.
    why : str
        What the verb makes of wijken, and so needs these for.
    instead : str
        What to do.

    Raises
    ------
    ConfigError
        If the round's form is not about wijken.
    """
    if not evening.form.is_about_wijken:
        raise ConfigError(
            f"this round is not about wijken; expected an evening, as {why}. {instead}."
        )
