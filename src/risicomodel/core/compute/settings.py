"""Where work is done, as configured."""

from __future__ import annotations

from dataclasses import dataclass

from risicomodel.core.errors import suggest

THREADS, PROCESSES, DASK = BACKENDS = ("threads", "processes", "dask")


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


def violations(settings: ComputeSettings) -> list[str]:
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
