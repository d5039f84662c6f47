"""Parallel work: in threads, in processes, or on a Dask cluster.

Nothing else in the package knows how. Callers pass a function and its items, and get every result
as soon as it arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from risicomodel.core.compute import cluster, local
from risicomodel.core.compute.batch import Batch
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
    """Apply a function to every item, several at a time, in any order.

    Parameters
    ----------
    function : callable
        A module-level function of one item, which must not rely on files or memory shared with the
        caller.
    items : sequence
        The items. All of them are sent to every other process once, so that what they share is
        shared there too.
    settings : ComputeSettings
        Where to work.
    arrived : callable
        Called with an item's position and its result as soon as it is there; never concurrently.

    Raises
    ------
    ComputeError
        If workers cannot be reached, run different code, or crash. Results that came before count.
    """
    if not items:
        return
    batch = Batch(function, items)
    if settings.backend == DASK:
        cluster.on_cluster(batch, str(settings.address), arrived)
    elif settings.backend == PROCESSES:
        local.in_processes(batch, settings.jobs, arrived)
    else:
        local.in_threads(batch, settings.jobs, arrived)
