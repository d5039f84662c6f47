"""A small run with a round published beside it, for tests to read; those that change it copy it."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

from support.running import shared, well, whole_run

if TYPE_CHECKING:
    from pathlib import Path

ROUND, RUN = "round", "run"


@functools.cache
def played_and_published() -> Path:
    """Return a folder with a run (a copy of the small one) and a round on it that was published."""
    return shared("published", _make)


def _make(folder: Path) -> None:
    shutil.copytree(whole_run(), folder / RUN)
    well("review", "demo", folder / RUN, "minutes=0", f"dir={folder / ROUND}")
    well("review", "publish", folder / ROUND)


def published_folder(run: Path) -> Path:
    """Return the folder of the one round that was published beside a run."""
    (folder,) = (run / "review").iterdir()
    return folder
