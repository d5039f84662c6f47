"""Progress on the error stream: a bar for people, a line now and then for logs."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

LINES = 5  # a log gets this many lines in all


@contextlib.contextmanager
def steps(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that counts finished steps; a bar shows them, with the time left."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(label, total)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


def _lines(label: str, total: int) -> Callable[[int], None]:
    """Return a counter that logs when another fifth is done."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if before * LINES // max(total, 1) < done * LINES // max(total, 1):
            log.info("%s: %d of %d", label, done, total)

    return advance


@contextlib.contextmanager
def messages(label: str) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done now: a status line, or the log."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: log.info("%s: %s", label, text)
        return
    with console.status(label) as status:
        yield lambda text: status.update(f"{label}: {text}")
