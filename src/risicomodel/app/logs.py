"""What the command line and the jobs of a sweep say while they work, on the error stream."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# packages whose chatter is kept off the terminal
CHATTY = (
    "matplotlib", "urllib3", "filelock", "git", "fiona", "pyogrio", "numexpr", "hydra",
    "hydra_plugins", "distributed", "optuna", "sqlalchemy", "alembic", "asyncio", "psycopg",
)  # fmt: skip


def set_up(level: int, prefix: str = "") -> None:
    """Log to the error stream; keep other packages' chatter off it.

    Parameters
    ----------
    level : int
        The least serious level to show, as in ``logging``.
    prefix : str
        What every line begins with.
    """
    logging.basicConfig(level=level, format=f"{prefix}%(message)s", stream=sys.stderr, force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell other packages' chatter on the root logger from what has a name, or is serious."""
    return record.name != "root" or record.levelno >= logging.WARNING


def hide_unraisable_interrupts() -> None:
    """Keep Python from printing an interrupt that it cannot raise, as within an import's own work.

    Whoever waits for this process gets an interrupt of its own, and reports it.
    """
    if not isinstance(sys.unraisablehook, _UnraisableHook):
        sys.unraisablehook = _UnraisableHook(sys.unraisablehook)


class _UnraisableHook:
    """Passes on everything but interrupts to the hook that was there."""

    def __init__(self, before: Callable[[Any], object]) -> None:
        self._before = before

    def __call__(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._before(unraisable)
