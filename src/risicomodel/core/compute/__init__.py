"""Many pieces of work at once: in threads, in processes, or on a Dask cluster.

The only part that knows how. Whoever has work to do hands over a function and its items, and is
told of every result as it arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from risicomodel.core.compute import cluster, local
from risicomodel.core.compute.batch import Work
from risicomodel.core.compute.local import broken_off
from risicomodel.core.compute.settings import (
    BACKENDS,
    DASK,
    PROCESSES,
    THREADS,
    ComputeSettings,
    violations,
)
from risicomodel.core.compute.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "BACKENDS",
    "DASK",
    "PROCESSES",
    "THREADS",
    "ComputeSettings",
    "broken_off",
    "each",
    "one_thread",
    "violations",
]

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    settings: ComputeSettings,
    arrived: Callable[[int, Result], None],
) -> None:
    """Apply a function to every item, several at a time, in whatever order.

    Parameters
    ----------
    function : callable
        A module's own function of one item; it must not count on files or memory shared with the
        caller.
    items : sequence
        What to do. Sent to every other process once and whole, so that what items have in common
        is one and the same object there too.
    settings : ComputeSettings
        Where.
    arrived : callable
        Told an item's position and its result as soon as it is there; never twice at once.

    Raises
    ------
    ComputeError
        If workers cannot be reached, run other code, or are lost. Results that had arrived had.
    """
    if not items:
        return
    work = Work(function, items)
    if settings.backend == DASK:
        cluster.on_cluster(work, str(settings.address), arrived)
    elif settings.backend == PROCESSES:
        local.in_processes(work, settings.jobs, arrived)
    else:
        local.in_threads(work, settings.jobs, arrived)
