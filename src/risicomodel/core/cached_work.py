"""Work that is done once: what the cache holds is not done again, and results are kept at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pandas as pd

from risicomodel.core.compute import each, one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache


class Keyed(Protocol):
    """A task that says what its result follows from."""

    def key(self) -> dict[str, Any]:
        """Return everything the result follows from."""


AnyTask = TypeVar("AnyTask", bound=Keyed)


@dataclass(frozen=True)
class Result:
    """What a task gives.

    Parameters
    ----------
    table : DataFrame
        What was asked for.
    texts : mapping of str to str, optional
        What was made on the way and may be of use later, such as a fitted model.
    """

    table: pd.DataFrame
    texts: Mapping[str, str] | None = None


def run(
    function: Callable[[AnyTask], Result],
    tasks: Sequence[AnyTask],
    kind: str,
    *,
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None],
    prepared: Callable[[list[AnyTask]], list[AnyTask]] = list,
) -> list[pd.DataFrame]:
    """Return the tables of tasks, in their order; those in the cache are not made again.

    The cache is read and written here only, as those who do the work may share no disk with it.

    Parameters
    ----------
    function : callable
        A module's own function of one task.
    tasks : sequence
        What to do.
    kind : str
        The folder of the cache. Texts are kept beside the table, under the same key.
    cache : Cache
        Where results are kept, as soon as they arrive.
    compute : ComputeSettings
        Where the work is done.
    done : callable
        Called with the number of tasks finished since the last call; first with that of tasks in
        the cache.
    prepared : callable
        Turns the tasks that are left to do into what is sent to those who do them.
    """
    keys = [task.key() for task in tasks]
    tables = [cache.kept(kind, key) for key in keys]
    missing = [place for place, table in enumerate(tables) if table is None]
    if len(missing) < len(tasks):
        done(len(tasks) - len(missing))

    def arrived(position: int, result: Result) -> None:
        place = missing[position]
        if result.texts is not None:  # first: where there is a table, there are its texts
            cache.keep_texts(kind, keys[place], result.texts)
        cache.keep(kind, keys[place], result.table)
        tables[place] = result.table
        done(1)

    with one_thread():
        each(function, prepared([tasks[place] for place in missing]), compute, arrived)
    return [table for table in tables if table is not None]
