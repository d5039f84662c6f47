"""A batch of work, as every way of computing gets it: a function and its items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

GO_ON = "What was finished is kept; run the same command again to continue."


@dataclass(frozen=True)
class Batch:
    """A function and the items to apply it to.

    It is sent to another process once and as a whole, so that what items share is shared there too.

    Parameters
    ----------
    function : callable
        A module-level function of one item.
    items : sequence
        The items.
    """

    function: Callable[[Any], Any]
    items: Sequence[Any]

    def do(self, position: int) -> Any:
        """Return the result of one item.

        Parameters
        ----------
        position : int
            The item's position in the batch.

        Returns
        -------
        object
            What the function returns.
        """
        return self.function(self.items[position])

    def positions(self) -> range:
        """Return the positions of all items."""
        return range(len(self.items))


# is called with an item's position and its result
Arrived = Callable[[int, Any], None]
