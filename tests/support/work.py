"""Work for other processes, which find this module by its name: slow, fatal or mistaken."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def wait_then_name(item: tuple[str, float]) -> tuple[str, int]:
    """Take a while, and tell which process did it."""
    name, seconds = item
    time.sleep(seconds)
    return name, os.getpid()


def die_once(item: Path) -> str:
    """Take the whole process along, but for the second time."""
    if not item.exists():
        item.touch()
        os._exit(1)
    return "survived"


def die(_: int) -> None:
    os._exit(1)


def fail(item: int) -> None:
    raise ConfigError(f"item {item} cannot be; give another.", [f"detail {item}"])
