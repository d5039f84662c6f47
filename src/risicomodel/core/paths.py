"""Paths of the configuration, results and cache; none depends on the working directory."""

from __future__ import annotations

import os
from pathlib import Path

from risicomodel.core.errors import ConfigError

HOME_VARIABLE = "RISICOMODEL_HOME"
CONFIG_VARIABLE = "RISICOMODEL_CONFIG_DIR"
ARCHIVE_VARIABLE = "RISICOMODEL_ARCHIVE"
FORMS = "form"  # in the configuration folder, and no choice of a run: what is asked in an evening

PACKAGE = Path(__file__).resolve().parent.parent


def checkout() -> Path | None:
    """Return the root of the source checkout that this package runs from; None if it is installed.

    Returns
    -------
    Path or None
        A folder with ``pyproject.toml`` and ``configs``.
    """
    root = PACKAGE.parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "configs").is_dir() else None


def home() -> Path:
    """Return the folder for ``runs/``, ``data/`` and the cache.

    Returns
    -------
    Path
        What ``RISICOMODEL_HOME`` names; without it the source checkout, or ``~/risicomodel`` if
        the package is installed.
    """
    if value := os.environ.get(HOME_VARIABLE):
        return Path(value).expanduser().resolve()
    return checkout() or Path.home() / "risicomodel"


def config_dir() -> Path:
    """Return the configuration folder.

    Returns
    -------
    Path
        What ``RISICOMODEL_CONFIG_DIR`` names; without it the copy in the package, or the
        checkout's ``configs``.

    Raises
    ------
    ConfigError
        If there is no ``config.yaml`` where it should be.
    """
    if value := os.environ.get(CONFIG_VARIABLE):
        folder = Path(value).expanduser().resolve()
        if not (folder / "config.yaml").is_file():
            raise ConfigError(
                f"{CONFIG_VARIABLE}={value} holds no config.yaml; expected a folder like the "
                "project's configs/. Correct the variable, or unset it to use the configuration "
                "that came with the package."
            )
        return folder
    packaged = PACKAGE / "configs"
    if packaged.is_dir():
        return packaged
    root = checkout()
    if root is None:
        raise ConfigError(
            f"no configuration beside the package; expected a folder with config.yaml. Install "
            f"risicomodel again, or set {CONFIG_VARIABLE} to such a folder."
        )
    return root / "configs"


def cache_dir() -> Path:
    """Return the folder for intermediate results, which can always be made again."""
    return home() / ".cache"


def runs_dir() -> Path:
    """Return the folder in which every run gets its own folder."""
    return home() / "runs"
