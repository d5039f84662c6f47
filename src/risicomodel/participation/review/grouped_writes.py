"""Writes that come at once are on disk at once: one commit for all that wait for their turn.

A commit waits for the disk, some milliseconds each. A room that sends at once would wait for each
other's; so whoever's turn it is takes along what others brought meanwhile, and each returns once
that one commit is done.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from risicomodel.core import database

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Engine

Begun = TypeVar("Begun")
Result = TypeVar("Result")


@dataclass
class PendingWrite(Generic[Begun, Result]):
    """A write that waits for its turn.

    Parameters
    ----------
    work : callable
        Takes the connection and what the transaction began with.
    results : list
        What it returned, once that is on disk.
    error : Exception or None
        Why it is not.
    """

    work: Callable[[Connection, Begun], Result]
    results: list[Result]
    error: Exception | None = None


class GroupedWrites(Generic[Begun, Result]):
    """Writes of one kind to one database, from many threads.

    Parameters
    ----------
    engine : Engine
        Of the database.
    begin : callable
        What every transaction begins with; what it returns is given to each write in it.
    """

    def __init__(self, engine: Engine, begin: Callable[[Connection], Begun]) -> None:
        self._engine = engine
        self._begin = begin
        self._turn, self._list = threading.Lock(), threading.Lock()
        self._waiting: list[PendingWrite[Begun, Result]] = []

    def write(self, work: Callable[[Connection, Begun], Result]) -> Result:
        """Do a write; once this returns, it is on disk.

        Parameters
        ----------
        work : callable
            Takes the connection and what the transaction began with. It may be called twice, the
            first time for nothing.

        Returns
        -------
        object
            What the work returned.
        """
        one: PendingWrite[Begun, Result] = PendingWrite(work, [])
        with self._list:
            self._waiting.append(one)
        with self._turn:
            if not one.results and one.error is None:  # nobody took it along
                with self._list:
                    batch, self._waiting = self._waiting, []
                self._write(batch)
        if one.error is not None:
            raise one.error
        return one.results[0]

    def _write(self, batch: Sequence[PendingWrite[Begun, Result]]) -> None:
        try:
            with database.writing(self._engine) as connection:
                begun = self._begin(connection)
                results = [one.work(connection, begun) for one in batch]
        except Exception as error:  # noqa: BLE001 (raised where it belongs)
            if len(batch) == 1:
                batch[0].error = error
                return
            for one in batch:  # what fails must not take the others with it
                self._write([one])
        else:
            for one, result in zip(batch, results, strict=True):
                one.results.append(result)
