"""Progress on the terminal's error stream: a bar for people, nothing for files and pipes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)


@contextlib.contextmanager
def steps(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that counts finished steps; a bar shows them, with the time left."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)


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
