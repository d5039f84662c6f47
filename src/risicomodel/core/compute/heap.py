"""Returns freed memory to the operating system."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def give_back() -> None:
    """Have the C library return freed memory, or a long run would keep all it ever used.

    glibc keeps what each thread frees in an arena of that thread. Other C libraries return memory
    by themselves, or cannot be asked to: then nothing is done.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        malloc_trim: Callable[[int], int] = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None
    return malloc_trim
