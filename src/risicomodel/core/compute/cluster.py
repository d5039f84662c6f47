"""Parallel work on a Dask cluster whose workers run the same code and versions."""

from __future__ import annotations

import contextlib
import logging
import pickle
import socket
import uuid
from typing import TYPE_CHECKING, Any

from risicomodel.core import storage
from risicomodel.core.compute.batch import GO_ON, Arrived, Batch
from risicomodel.core.errors import ComputeError
from risicomodel.core.versions import versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONNECT_SECONDS = 5  # how long a scheduler, or a first worker, may take to answer
ALONE_SECONDS = 30  # how long a cluster may be without workers
TICK_SECONDS = 2

# the work of a Dask worker, by the name it was delivered under
_WORK: dict[str, Batch] = {}


def _take(name: str, parcel: bytes | None = None) -> None:
    """Store work on a worker; remove it if there is no parcel."""
    if parcel is None:
        _WORK.pop(name, None)
    else:
        _WORK[name] = pickle.loads(parcel)  # noqa: S301 (our own)


def _made_by() -> dict[str, str]:
    """Return what results depend on besides their input: this package's code and versions."""
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
        "the cluster's workers run different code or versions, which would give different results; "
        "expected the same as here. Install them there ('requirements/run.txt') and restart "
        "the workers:",
        details,
    )


def on_cluster(batch: Batch, address: str, arrived: Arrived) -> None:
    """Send the batch to every worker, then positions one by one to whichever is free.

    Parameters
    ----------
    batch : Batch
        Function and items.
    address : str
        The Dask scheduler's address.
    arrived : callable
        Called with an item's position and its result.

    Raises
    ------
    ComputeError
        If scheduler or workers cannot be reached, run different code, or crash.
    """
    with (
        _client(address) as client,
        client.as_current(),
        _delivered(client, batch) as name,
    ):
        made_by = _made_by()
        waiting = {
            client.submit(_do_on_worker, name, i, made_by, key=f"{name}-{i}", pure=False): i
            for i in batch.positions()
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
            "the package 'distributed' is not installed; expected it for compute=dask. Install it "
            "with pip install 'risicomodel[cluster]', or choose compute=local."
        ) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said below
    try:
        _knock(address)
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ComputeError(
            f"compute.address={address}: no Dask scheduler answers within {CONNECT_SECONDS} "
            "seconds; expected the address that 'dask scheduler' prints. Start it or correct "
            f"compute.address, or choose compute=local. {GO_ON}"
        ) from error
    try:
        with _explained(address):
            _check_workers(client, address)
            yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=CONNECT_SECONDS)


def _knock(address: str) -> None:
    """Raise if the server is silent: a client would wait for ever for one that only accepts."""
    scheme, _, place = address.rpartition("://")
    if scheme not in {"tcp", ""}:
        return
    host, _, port = place.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS) as connection:
        if not connection.recv(1):  # a scheduler speaks first
            raise ConnectionError(f"{address} closed the connection")


@contextlib.contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn the errors of a cluster that disappears into ones that say what to do."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ComputeError(
            "a fit crashed several workers; expected workers with enough memory. See their logs "
            f"and restart them. {GO_ON}"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ComputeError(
            f"compute.address={address}: the Dask scheduler disappeared; expected it to stay "
            f"until all is done. Restart it and its workers. {GO_ON}"
        ) from error


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError as error:
        raise _no_workers(address) from error
    answers = client.run(_made_by, on_error="return")
    ours = _made_by()
    deviating = []
    for worker, theirs in answers.items():
        if isinstance(theirs, BaseException):
            deviating.append(f"{worker}: {type(theirs).__name__}: {theirs}")
        elif differing := _differences(ours, theirs):
            deviating.append(f"{worker}: {', '.join(differing)}")
    if deviating:
        raise _other_code(deviating)


def _no_workers(address: str) -> ComputeError:
    return ComputeError(
        f"compute.address={address}: the Dask scheduler has no workers; expected one or more. "
        f"Start them with 'dask worker {address}'. {GO_ON}"
    )


@contextlib.contextmanager
def _delivered(client: Any, batch: Batch) -> Iterator[str]:
    """Deliver work to every worker, also to one that joins or restarts later."""
    from distributed import WorkerPlugin

    name = f"risicomodel-{uuid.uuid4().hex[:12]}"
    parcel = pickle.dumps(batch)

    class Parcel(WorkerPlugin):  # type: ignore[misc] # distributed has no types
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
    """Yield finished futures; raise if no worker is left for the others."""
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
