"""Work on a Dask cluster whose workers run this very code."""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import uuid
from typing import TYPE_CHECKING, Any

from risicomodel.core import storage
from risicomodel.core.compute.batch import GO_ON, Arrived, Work
from risicomodel.core.errors import ComputeError
from risicomodel.core.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONNECT_SECONDS = 5  # how long a scheduler, or a first worker, may take to answer
ALONE_SECONDS = 30  # how long a cluster may be without any worker
TICK_SECONDS = 2

# what a Dask worker has to do, by the name of the parcel it came in
_WORK: dict[str, Work] = {}


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
    return _WORK[name].do(position)


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


def on_cluster(work: Work, address: str, arrived: Arrived) -> None:
    """Send every worker the work, then the positions one by one to whoever is free."""
    with (
        _client(address) as client,
        client.as_current(),
        _delivered(client, work) as name,
    ):
        made_by = _made_by()
        waiting = {
            client.submit(_do_on_worker, name, i, made_by, key=f"{name}-{i}", pure=False): i
            for i in work.positions()
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
def _delivered(client: Any, work: Work) -> Iterator[str]:
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
