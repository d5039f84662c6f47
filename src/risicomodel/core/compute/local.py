"""Parallel work on this machine: in threads of this process, or in processes."""

from __future__ import annotations

import contextlib
import pickle
import signal
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from risicomodel.core.compute.batch import GO_ON, Arrived, Batch
from risicomodel.core.compute.heap import give_back
from risicomodel.core.errors import ComputeError

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Begun:
    """Items that threads are working on: when a run is interrupted, they are finished and kept.

    A thread that is not waited for would be killed while it writes.
    """

    current: _Begun | None = None

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self.closed = False

    def __enter__(self) -> Self:
        _Begun.current = self
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self.closed = True
            self._changed.wait_for(lambda: self._count == 0)
        _Begun.current = None

    @contextlib.contextmanager
    def one(self) -> Iterator[bool]:
        """Count an item as started, unless the run has been interrupted."""
        with self._changed:
            go = not self.closed
            self._count += go
        try:
            yield go
        finally:
            with self._changed:
                self._count -= go
                self._changed.notify_all()


def broken_off() -> bool:
    """Return whether the run was interrupted, for long work in a thread of this process."""
    return _Begun.current is not None and _Begun.current.closed


def in_threads(batch: Batch, jobs: int, arrived: Arrived) -> None:
    """Work in threads: NumPy and LightGBM release Python's lock, and nothing is copied.

    Parameters
    ----------
    batch : Batch
        Function and items.
    jobs : int
        Threads; -1 for as many as there are cores.
    arrived : callable
        Called with an item's position and its result.
    """
    from joblib import Parallel, delayed

    telling = threading.Lock()

    def do(position: int) -> None:
        with begun.one() as go:
            if go:
                result = batch.do(position)
                with telling:
                    arrived(position, result)
                give_back()

    parallel = Parallel(jobs, backend="threading", return_as="generator_unordered")
    with _Begun() as begun:
        for _ in parallel(delayed(do)(position) for position in batch.positions()):
            pass


def in_processes(batch: Batch, jobs: int, arrived: Arrived) -> None:
    """Work in processes, for functions that hold Python's lock; a file takes the work to each.

    Parameters
    ----------
    batch : Batch
        Function and items.
    jobs : int
        Processes; -1 for as many as there are cores.
    arrived : callable
        Called with an item's position and its result.

    Raises
    ------
    ComputeError
        If a process is killed.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    parallel = Parallel(jobs, backend="loky", return_as="generator_unordered")
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as folder:
        parcel = Path(folder) / "work"
        parcel.write_bytes(pickle.dumps(batch))
        calls = (delayed(_do_from_file)(parcel, position) for position in batch.positions())
        try:
            with _ignoring_interrupts():
                results = parallel(calls)  # here workers start
            for position, result in results:
                arrived(position, result)
        except BrokenProcessPool as error:
            raise ComputeError(
                "a worker process was killed, perhaps because memory ran out; expected enough "
                f"memory for each. Use fewer at a time: compute.jobs=1. {GO_ON}"
            ) from error


@contextlib.contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Ignore SIGINT in worker processes: this process ends them, and they print no traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@lru_cache(maxsize=1)
def _unpack(parcel: Path) -> Batch:
    batch: Batch = pickle.loads(parcel.read_bytes())  # noqa: S301 (our own)
    return batch


def _do_from_file(parcel: Path, position: int) -> tuple[int, Any]:
    return position, _unpack(parcel).do(position)
