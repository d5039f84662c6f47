"""Where things are: configuration, results and cache. Nothing depends on the working directory."""

from __future__ import annotations

import os
from pathlib import Path

from risicomodel.core.errors import ConfigError

HOME_VARIABLE = "RISICOMODEL_HOME"
CONFIG_VARIABLE = "RISICOMODEL_CONFIG_DIR"
ARCHIVE_VARIABLE = "RISICOMODEL_ARCHIVE"

PACKAGE = Path(__file__).resolve().parent.parent


def checkout() -> Path | None:
    """Return the root of the source checkout this package runs from, or None when installed."""
    root = PACKAGE.parent.parent
    return root if (root / "pyproject.toml").is_file() and (root / "configs").is_dir() else None


def home() -> Path:
    """Return the folder for ``runs/``, ``data/`` and the cache.

    ``RISICOMODEL_HOME`` decides; without it the source checkout, or ``~/risicomodel`` for an
    installed package.
    """
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named).expanduser().resolve()
    return checkout() or Path.home() / "risicomodel"


def config_dir() -> Path:
    """Return the configuration folder: environment variable, packaged copy, then checkout."""
    if named := os.environ.get(CONFIG_VARIABLE):
        folder = Path(named).expanduser().resolve()
        if not (folder / "config.yaml").is_file():
            raise ConfigError(
                f"{CONFIG_VARIABLE}={named} holds no config.yaml; point it at a folder like the "
                "project's configs/, or unset it to use the configuration that came along."
            )
        return folder
    packaged = PACKAGE / "configs"
    if packaged.is_dir():
        return packaged
    root = checkout()
    if root is None:
        raise ConfigError(
            f"no configuration found beside the package; set {CONFIG_VARIABLE} to a folder with "
            "config.yaml, or install risicomodel again."
        )
    return root / "configs"


def cache_dir() -> Path:
    """Return the folder for results that can always be made again."""
    return home() / ".cache"


def runs_dir() -> Path:
    """Return the folder under which every run gets a folder of its own."""
    return home() / "runs"
