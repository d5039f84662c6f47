"""Memory that nobody uses any more, given back to the machine."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def give_back() -> None:
    """Have the C library return what was freed; without it a long run keeps all it ever used.

    Every thread frees into a store of its own, and glibc keeps those for later. Other C libraries
    give back by themselves, or cannot be asked: then nothing is done.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None
    return found
