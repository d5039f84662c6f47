"""What every way of working is given: a function, its items, and who is told of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

GO_ON = "What was finished is kept; give the same command to go on."


@dataclass(frozen=True)
class Work:
    """A function of one item and its items: what is sent to whoever does the work.

    Sent whole and once, so that what items have in common is one and the same object there too.
    """

    function: Callable[[Any], Any]
    items: Sequence[Any]

    def do(self, position: int) -> Any:
        """Return the result of one item."""
        return self.function(self.items[position])

    def positions(self) -> range:
        """Return the positions of all items."""
        return range(len(self.items))


# told an item's position and its result
Arrived = Callable[[int, Any], None]
