"""Settings of parallel work."""

from __future__ import annotations

from dataclasses import dataclass

from risicomodel.core.errors import suggest

THREADS, PROCESSES, DASK = BACKENDS = ("threads", "processes", "dask")


@dataclass
class ComputeSettings:
    """Where to work, as in ``configs/compute``.

    Parameters
    ----------
    backend : {"threads", "processes", "dask"}
        In this process, in processes on this machine, or on a cluster.
    jobs : int
        Items at a time; -1 for as many as there are cores. A cluster handles as many as its
        workers have threads.
    address : str or None
        The address of a Dask scheduler, such as ``tcp://host:8786``.
    """

    backend: str = THREADS
    jobs: int = -1
    address: str | None = None


def violations(settings: ComputeSettings) -> list[str]:
    """Return what is wrong with the settings.

    Parameters
    ----------
    settings : ComputeSettings
        The settings.

    Returns
    -------
    list of str
        A line per violation.

    Examples
    --------
    >>> violations(ComputeSettings(jobs=0))
    ['compute.jobs is 0; expected 1 or more, or -1 for all cores']
    """
    wrong = []
    if settings.backend not in BACKENDS:
        near = suggest(settings.backend, BACKENDS)
        wrong.append(
            f"compute.backend is '{settings.backend}'{near}; expected one of {', '.join(BACKENDS)}"
        )
    if settings.jobs == 0 or settings.jobs < -1:
        wrong.append(f"compute.jobs is {settings.jobs}; expected 1 or more, or -1 for all cores")
    if settings.backend == DASK and not settings.address:
        wrong.append(
            "compute.address is missing; compute=dask needs a scheduler's address: start one "
            "with 'dask scheduler' and workers with 'dask worker ADDRESS', and set "
            "compute.address=tcp://HOST:8786"
        )
    if settings.backend != DASK and settings.address:
        wrong.append(
            f"compute.address is set, but compute.backend is {settings.backend}, which ignores "
            "it; choose compute=dask"
        )
    return wrong
