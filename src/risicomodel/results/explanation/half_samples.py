"""Which models a wijk is explained by: its own fold's, and refits on half of the other gemeenten.

``expected`` of a wijk in fold k is made by a model that learned from all other folds. Its refits
learn from half of those other folds, so none has seen the wijk's gemeente either. An estimate from
half of the gemeenten differs from that from all of them by about as much as the latter would had
the gemeenten been others (a balanced half-sample). Which half is the same for every wijk, counted
from its own fold on: so a model serves several folds, and with five folds ten models give every
wijk six refits.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Plan:
    """Which folds' rows a model learns from, and which folds' rows it explains.

    Parameters
    ----------
    trained_on : frozenset of int
        Folds.
    explains : tuple of (int, int)
        Fold, and which refit it is of that fold; refit 0 is the fold's own model.
    """

    trained_on: frozenset[int]
    explains: tuple[tuple[int, int], ...]


def plan(folds: int, refits: int) -> list[Plan]:
    """Return the models that explain every fold by its own model and so many refits.

    With two folds there are no other gemeenten to choose half of, and no refits.
    """
    serves: dict[frozenset[int], list[tuple[int, int]]] = {}
    everything = tuple(range(1, folds))
    chosen = [everything, *itertools.islice(_halves(folds), refits)]
    for refit, offsets in enumerate(chosen):
        for fold in range(folds):
            trained_on = frozenset((fold + offset) % folds for offset in offsets)
            serves.setdefault(trained_on, []).append((fold, refit))
    return [Plan(trained_on, tuple(explains)) for trained_on, explains in serves.items()]


def _halves(folds: int) -> Iterator[tuple[int, ...]]:
    """Yield halves of the other folds, counted from one's own; first those that share models."""
    half = folds // 2
    if half >= folds - 1:
        return
    rows = [tuple(range(first, first + half)) for first in range(1, folds - half + 1)]
    yield from rows
    yield from (h for h in itertools.combinations(range(1, folds), half) if h not in rows)
