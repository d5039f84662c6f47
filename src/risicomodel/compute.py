"""Many pieces of work at once: in threads, in processes, or on a Dask cluster.

The only module that knows how. Whoever has work to do hands over a function and its items, and is
told of every result as it arrives.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import signal
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

from risicomodel import storage
from risicomodel.errors import ComputeError, suggest
from risicomodel.versions import versions

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS, PROCESSES, DASK = BACKENDS = ("threads", "processes", "dask")
CONNECT_SECONDS = 5  # how long a scheduler, or a first worker, may take to answer
ALONE_SECONDS = 30  # how long a cluster may be without any worker
TICK_SECONDS = 2
GO_ON = "What was finished is kept; give the same command to go on."


@dataclass
class ComputeSettings:
    """Where work is done, as in ``configs/compute``.

    Parameters
    ----------
    backend : {"threads", "processes", "dask"}
        In this process, in processes on this machine, or on a cluster.
    jobs : int
        Pieces of work at a time; -1 for every core. A cluster has as many as its workers have
        threads.
    address : str or None
        A Dask scheduler, such as ``tcp://host:8786``.
    """

    backend: str = THREADS
    jobs: int = -1
    address: str | None = None


def problems(settings: ComputeSettings) -> list[str]:
    """Return what is wrong with the settings, a line each."""
    wrong = []
    if settings.backend not in BACKENDS:
        near = suggest(settings.backend, BACKENDS)
        wrong.append(
            f"compute.backend is '{settings.backend}'{near}; allowed are {', '.join(BACKENDS)}"
        )
    if settings.jobs == 0 or settings.jobs < -1:
        wrong.append(f"compute.jobs is {settings.jobs}; allowed is 1 or more, or -1")
    if settings.backend == DASK and not settings.address:
        wrong.append(
            "compute.address is not given; compute=dask takes a scheduler's address: start one "
            "with 'dask scheduler' and workers with 'dask worker ADDRESS', and give "
            "compute.address=tcp://HOST:8786"
        )
    if settings.backend != DASK and settings.address:
        wrong.append(
            f"compute.address is given, but compute.backend is {settings.backend}; choose "
            "compute=dask to use it"
        )
    return wrong


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
    {THREADS: _threads, PROCESSES: _processes, DASK: _dask}[settings.backend](
        function, items, settings, arrived
    )


class _OneThread:
    """Linear algebra in one thread for as long as anybody asks: the last to leave gives back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limits: Any = None

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._users == 0:
                from threadpoolctl import threadpool_limits

                self._limits = threadpool_limits(limits=1)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._limits.restore_original_limits()


# A sum's order, so its last digit, depends on the number of threads. Libraries must have been
# loaded before: those that come later than the limit would not keep to it.
one_thread = _OneThread()


class _Begun:
    """Work under way in threads: when a run is broken off, what began is finished and kept.

    A thread left behind would be cut off while it writes.
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
        """Count a piece of work in, unless the run is over."""
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
    """Tell long work in a thread of this process whether nobody waits for it any more."""
    return _Begun.current is not None and _Begun.current.closed


def _threads(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    settings: ComputeSettings,
    arrived: Callable[[int, Result], None],
) -> None:
    """Threads suffice where LightGBM and NumPy let go of Python's lock; nothing is copied."""
    from joblib import Parallel, delayed

    telling = threading.Lock()

    def do(position: int) -> None:
        with begun.one() as go:
            if go:
                result = function(items[position])
                with telling:
                    arrived(position, result)

    parallel = Parallel(settings.jobs, backend="threading", return_as="generator_unordered")
    with _Begun() as begun:
        for _ in parallel(delayed(do)(position) for position in range(len(items))):
            pass


def _processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    settings: ComputeSettings,
    arrived: Callable[[int, Result], None],
) -> None:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    parallel = Parallel(settings.jobs, backend="loky", return_as="generator_unordered")
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as folder:
        parcel = Path(folder) / "work"
        parcel.write_bytes(pickle.dumps((function, items)))
        calls = (delayed(_do_from_file)(parcel, position) for position in range(len(items)))
        try:
            with _unheard():
                results = parallel(calls)  # here workers start
            for position, result in results:
                arrived(position, result)
        except BrokenProcessPool as error:
            raise ComputeError(
                "a worker process was killed, perhaps for want of memory; allowed is fewer at a "
                f"time: compute.jobs=1. {GO_ON}"
            ) from error


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Have processes that start here not hear Ctrl-C: who started them ends them, in silence."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@lru_cache(maxsize=1)
def _unpack(parcel: Path) -> tuple[Callable[[Any], Any], Sequence[Any]]:
    out: tuple[Callable[[Any], Any], Sequence[Any]] = pickle.loads(parcel.read_bytes())  # noqa: S301 (our own)
    return out


def _do_from_file(parcel: Path, position: int) -> tuple[int, Any]:
    function, items = _unpack(parcel)
    return position, function(items[position])


# what a Dask worker has to do, by the name of the parcel it came in
_WORK: dict[str, tuple[Callable[[Any], Any], Sequence[Any]]] = {}


def _take(name: str, parcel: bytes | None = None) -> None:
    """Take up work on a worker, or put it down."""
    if parcel is None:
        _WORK.pop(name, None)
    else:
        _WORK[name] = pickle.loads(parcel)  # noqa: S301 (our own)


def _made_by() -> dict[str, str]:
    """Return what results follow from besides their input: this package's code and versions."""
    return {**versions(), "code": storage.sha256_code()}


def _do_on_worker(name: str, position: int, made_by: dict[str, str]) -> Any:
    if differing := _differences(made_by, _made_by()):
        raise _other_code(differing)  # a worker that came later than the others
    function, items = _WORK[name]
    return function(items[position])


def _differences(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    names = sorted(set(ours) | set(theirs))
    return [
        f"{name} {theirs.get(name, 'none')[:12]} (here {ours.get(name, 'none')[:12]})"
        for name in names
        if ours.get(name) != theirs.get(name)
    ]


def _other_code(details: Sequence[str]) -> ComputeError:
    return ComputeError(
        "the cluster's workers do not run what runs here, and would give other results; allowed is "
        "the same code and versions. Install the same there ('requirements/run.txt'), start the "
        "workers again:",
        details,
    )


def _dask(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    settings: ComputeSettings,
    arrived: Callable[[int, Result], None],
) -> None:
    with (
        _client(str(settings.address)) as client,
        client.as_current(),
        _delivered(client, (function, items)) as name,
    ):
        made_by = _made_by()
        waiting = {
            client.submit(_do_on_worker, name, i, made_by, key=f"{name}-{i}", pure=False): i
            for i in range(len(items))
        }
        for future in _as_they_come(client, list(waiting)):
            arrived(waiting.pop(future), future.result())


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    """Give a client of a cluster whose workers run this code."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ComputeError(
            "compute=dask needs a package that is not installed; install it with "
            "pip install 'risicomodel[cluster]', or choose compute=local."
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said below
    try:
        _knock(address)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ComputeError(
            f"compute.address={address}: no Dask scheduler answers within {CONNECT_SECONDS} "
            "seconds; allowed is the address that 'dask scheduler' tells. Start it or correct "
            f"compute.address, or choose compute=local. {GO_ON}"
        ) from error
    try:
        with _told(address):
            _check_workers(client, address)
            yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=CONNECT_SECONDS)


def _knock(address: str) -> None:
    """Raise where nobody speaks: a client would wait for ever on what accepts and says nothing."""
    scheme, _, place = address.rpartition("://")
    if scheme not in {"tcp", ""}:
        return
    host, _, port = place.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as connection:
        if not connection.recv(1):  # a scheduler speaks first
            raise ConnectionError(f"{address} hangs up")


@contextlib.contextmanager
def _told(address: str) -> Iterator[None]:
    """Say what became of a cluster that went away."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ComputeError(
            "a fit was lost with its worker, and again on others; allowed are workers with enough "
            f"memory. See the workers' logs, and start them again. {GO_ON}"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ComputeError(
            f"compute.address={address}: the Dask scheduler went away; start it and its workers "
            f"again. {GO_ON}"
        ) from error


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError as error:
        raise _no_workers(address) from error
    answers = client.run(_made_by, on_error="return")
    ours = _made_by()
    wrong = []
    for worker, theirs in answers.items():
        if isinstance(theirs, BaseException):
            wrong.append(f"{worker}: {type(theirs).__name__}: {theirs}")
        elif differing := _differences(ours, theirs):
            wrong.append(f"{worker}: {', '.join(differing)}")
    if wrong:
        raise _other_code(wrong)


def _no_workers(address: str) -> ComputeError:
    return ComputeError(
        f"compute.address={address}: the Dask scheduler has no workers; start one or more with "
        f"'dask worker {address}'. {GO_ON}"
    )


@contextlib.contextmanager
def _delivered(client: Any, work: tuple[Any, Any]) -> Iterator[str]:
    """Bring work to every worker, also to one that comes later or starts again."""
    from distributed import WorkerPlugin

    name = f"risicomodel-{uuid.uuid4().hex[:12]}"
    parcel = pickle.dumps(work)

    class Parcel(WorkerPlugin):  # type: ignore[misc] # what distributed takes has its class
        def setup(self, worker: object) -> None:  # noqa: ARG002
            _take(name, parcel)

        def teardown(self, worker: object) -> None:  # noqa: ARG002
            _take(name)

    client.register_plugin(Parcel(), name=name)
    try:
        yield name
    finally:
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(name)


def _as_they_come(client: Any, futures: list[Any]) -> Iterator[Any]:
    """Yield finished futures; raise when nobody is left to finish the others."""
    from distributed import wait

    pending, alone = set(futures), 0
    address = client.scheduler.address
    while pending:
        try:
            done, pending = wait(pending, timeout=TICK_SECONDS, return_when="FIRST_COMPLETED")
        except TimeoutError:
            done = set()
            alone = 0 if client.run_on_scheduler(_workers) else alone + TICK_SECONDS
            if alone >= ALONE_SECONDS:
                raise _no_workers(address) from None
        yield from done


def _workers(dask_scheduler: Any) -> int:
    return len(dask_scheduler.workers)
