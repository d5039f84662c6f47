"""Versions of Python, of this package and of the packages that results depend on."""

from __future__ import annotations

import contextlib
import platform
from functools import cache
from importlib import metadata

from risicomodel import __version__

PACKAGES = (
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "lightgbm",
    "scipy",
    "pandera",
    "mlflow",
    "hydra-core",
    "omegaconf",
    "geopandas",
    "joblib",
    "optuna",
)


@cache
def versions() -> dict[str, str]:
    """Return the installed versions that results depend on.

    Returns
    -------
    dict of str to str
        Version by name: ``python``, ``risicomodel`` and every package that is installed.
    """
    out = {"python": platform.python_version(), "risicomodel": __version__}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            out[name] = metadata.version(name)
    return out
