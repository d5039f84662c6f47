"""Progress on the error stream: a bar on a terminal, a few lines in a log."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

LINES = 5  # that a log gets from beginning to end


@contextlib.contextmanager
def steps(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many steps are finished, and how long the rest will take.

    Parameters
    ----------
    label : str
        What is being done.
    total : int
        The number of steps.

    Yields
    ------
    callable
        To be called with the number of steps that were just finished.
    """
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
    """Return a counter that logs whenever another fifth is finished."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        before, done = done, done + count
        if before * LINES // max(total, 1) < done * LINES // max(total, 1):
            log.info("%s: %d of %d", label, done, total)

    return advance


@contextlib.contextmanager
def messages(label: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done now, as a status line or in the log.

    Parameters
    ----------
    label : str
        What every message begins with.

    Yields
    ------
    callable
        To be called with the text to show.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: log.info("%s: %s", label, text)
        return
    with console.status(label) as status:
        yield lambda text: status.update(f"{label}: {text}")
