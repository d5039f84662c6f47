"""Work for other processes, which find this module by its name: slow, fatal, mistaken or kept."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.cached_work import Result
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


@dataclass(frozen=True)
class Square:
    """A task that leaves a mark of every time it is done, also in another process."""

    number: int
    marks: Path
    text: str | None = None
    fails: bool = False

    def key(self) -> dict[str, Any]:
        return {"number": self.number}


def square(task: Square) -> Result:
    if task.fails:
        raise ArithmeticError(f"{task.number} cannot be done")
    done = len(list(task.marks.glob(f"{task.number}-*")))
    (task.marks / f"{task.number}-{done}").touch()
    table = pd.DataFrame({"square": [task.number**2], "done": [done]})
    return Result(table, None if task.text is None else {"name": task.text})
