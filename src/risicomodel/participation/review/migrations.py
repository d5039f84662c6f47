"""Versions of a round's database: what each changed, and how an older one becomes today's.

A change of :mod:`risicomodel.participation.review.schema` is a new module in ``versions`` and a
line in :data:`VERSIONS`; a test compares what the modules make with what the schema says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text

from risicomodel.core import database
from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.participation.review import schema

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

VERSIONS = ("0001", "0002")
NEWEST = VERSIONS[-1]
# not Alembic's default: a database may hold that of another program
VERSION_TABLE = "review_version"
SCRIPTS = Path(__file__).parent


def version_of(engine: Engine) -> str | None:
    """Return the version of the round in a database; None if there is no round.

    Parameters
    ----------
    engine : Engine
        From :func:`risicomodel.core.database.engine`.

    Returns
    -------
    str or None
        The first rounds did not keep theirs: it is the first of :data:`VERSIONS`.
    """
    tables = inspect(engine)
    if not tables.has_table(schema.ROUND.name):
        return None
    if not tables.has_table(VERSION_TABLE):
        return VERSIONS[0]
    with database.reading(engine) as connection:
        statement = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 (a constant)
        return str(connection.execute(statement).scalar_one())


def create(engine: Engine) -> None:
    """Make the tables of a new round.

    Parameters
    ----------
    engine : Engine
        Of an empty database.

    Raises
    ------
    ConfigError
        If there is a round in it.
    """
    if version_of(engine) is not None:
        raise ConfigError(
            "there is a round in this database; expected an empty one. Give each round a "
            "database of its own."
        )
    with database.writing(engine) as connection:
        _upgrade(connection)


def migrate(engine: Engine) -> str | None:
    """Bring the database of a round to today's version; all of it, or nothing.

    SQLite's file is copied first. The copy goes once no answer was lost: whoever takes answers back
    must find them in no second file.

    Parameters
    ----------
    engine : Engine
        Of the round.

    Returns
    -------
    str or None
        The version that it had; None if that is today's.

    Raises
    ------
    ConfigError
        If there is no round, or one of a newer version.
    SourceError
        If it cannot be done.
    """
    from sqlalchemy.exc import DBAPIError

    version = version_of(engine)
    if version is None:
        raise ConfigError(
            "there is no round in this database; expected one that 'review new' made. Correct the "
            "address, or restore it from its backup."
        )
    if version not in VERSIONS:
        raise ConfigError(
            f"the round's database is of version {version}; expected {NEWEST} or older. Open it "
            "with the newer risicomodel that it was made or opened with."
        )
    if version == NEWEST:
        return None
    copy = database.copied(engine)
    kept = "nothing was changed" + (f", and a copy is in {copy}" if copy else "")
    try:
        with database.writing(engine) as connection:
            before = _answers(connection)
            _upgrade(connection, version)
            after = _answers(connection)
            if after != before:
                raise SourceError(
                    f"{after} answers after the change of the round's database; expected {before}. "
                    f"Report it; {kept}."
                )
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise SourceError(
            f"the round's database could not be brought from version {version} to {NEWEST} "
            f"({said}); expected room and the right to change tables. Give it these; {kept}."
        ) from error
    if copy is not None:
        copy.unlink()
    return version


def drop(engine: Engine) -> None:
    """Delete the tables of a round, with their version.

    Parameters
    ----------
    engine : Engine
        Of the round.
    """
    schema.METADATA.drop_all(engine)
    with database.writing(engine) as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {VERSION_TABLE}"))


def _answers(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(schema.ANSWERS)).scalar_one())


def _upgrade(connection: Connection, version: str | None = None) -> None:
    """Run what was changed since a version, in the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if version == VERSIONS[0] and not inspect(connection).has_table(VERSION_TABLE):
        command.stamp(config, version)
    command.upgrade(config, NEWEST)
