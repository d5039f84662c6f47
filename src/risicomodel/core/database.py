"""Databases of answers: SQLite by default, PostgreSQL by URL; one way to write in either.

SQLite in WAL mode with every commit on disk. A write begins as one (``BEGIN IMMEDIATE``): a
deferred transaction that turns into a write fails at once when another wrote meanwhile.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

SQLITE, POSTGRES = "sqlite", "postgresql"
BUSY_SECONDS = 60.0
POOL = 20  # connections; a room sends at once
WRITES = "risicomodel_writes"


def engine(url: str) -> Engine:
    """Return the engine of a database.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH`` or ``postgresql+psycopg://USER@HOST/DATABASE``.

    Returns
    -------
    Engine

    Raises
    ------
    ConfigError
        If it is neither.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        kind = make_url(url).get_backend_name()
    except ArgumentError as error:
        raise _unknown(url) from error
    if kind == POSTGRES:
        return create_engine(url, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True)
    if kind != SQLITE:
        raise _unknown(url)
    # the driver must not begin transactions of its own
    arguments = {"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False}
    made = create_engine(url, connect_args=arguments, pool_size=POOL, max_overflow=POOL)
    event.listen(made, "connect", _set_up_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def _unknown(url: str) -> ConfigError:
    return ConfigError(
        f"no database at '{url.rpartition('@')[2]}'; expected sqlite:///PATH or "
        "postgresql+psycopg://USER@HOST/DATABASE."
    )


def _set_up_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextlib.contextmanager
def writing(database: Engine) -> Iterator[Connection]:
    """Give a connection for one write, committed at the end; nothing is kept of one that failed.

    Parameters
    ----------
    database : Engine
        From :func:`engine`.
    """
    with database.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def reading(database: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database.

    Parameters
    ----------
    database : Engine
        From :func:`engine`.
    """
    with database.connect() as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Say in a line what is wrong with a database, where a driver says it in a page."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        raise SourceError(
            f"the database cannot be used ({said}); expected one that can be reached, is whole and "
            "has room. Start it, correct its address, or restore it from its backup."
        ) from error


def copied(database: Engine) -> Path | None:
    """Copy a database that is a file, as it is at one moment, to a file beside it.

    Parameters
    ----------
    database : Engine
        From :func:`engine`.

    Returns
    -------
    Path or None
        The copy; None for a server, which has backups of its own.
    """
    if database.dialect.name != SQLITE or not database.url.database:
        return None
    path = Path(database.url.database)
    copy = path.with_name(f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}{path.suffix}")
    with database.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # a copy is made outside a transaction
        connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))
        connection.exec_driver_sql("BEGIN")
    return copy


def without_password(url: str) -> str:
    """Return the address of a database, fit to be kept: with its user and without a password.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH`` or ``postgresql+psycopg://USER@HOST/DATABASE``.

    Examples
    --------
    >>> without_password("postgresql+psycopg://me:secret@host/round?password=secret")
    'postgresql+psycopg://me@host/round'
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        bare = make_url(url).difference_update_query(["password"])
    except ArgumentError as error:
        raise _unknown(url) from error
    return bare._replace(password=None).render_as_string(hide_password=False)


def forget(database: Engine) -> None:
    """Let nothing of what was deleted lie in a file beside the database.

    SQLite keeps what is new in a log until it is taken over; what is deleted is overwritten
    (``secure_delete``) only then.

    Parameters
    ----------
    database : Engine
        From :func:`engine`.
    """
    if database.dialect.name == SQLITE:
        with database.connect() as connection:
            connection.exec_driver_sql("COMMIT")  # a log is taken over outside a transaction
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            connection.exec_driver_sql("BEGIN")
