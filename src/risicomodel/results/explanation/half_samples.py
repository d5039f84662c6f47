"""Which models explain a wijk: its own fold's, and refits on half of the other gemeenten.

The ``expected`` rate of a wijk in fold k is predicted by a model fitted on all other folds. Its
refits are fitted on half of those other folds, so none has seen the wijk's gemeente either. An
estimate from half of the gemeenten differs from that from all of them by about as much as the
latter would if other gemeenten had been sampled (a balanced half-sample). The halves are the same
for every wijk, counted from its own fold; so one model serves several folds, and with five folds
ten models give every wijk six refits.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class HalfSampleFit:
    """One model: the folds it is fitted on, and the folds it explains.

    Parameters
    ----------
    trained_on : frozenset of int
        Folds whose rows it is fitted on.
    explains : tuple of (int, int)
        Fold, and which refit it is of that fold; refit 0 is the fold's own model.
    """

    trained_on: frozenset[int]
    explains: tuple[tuple[int, int], ...]


def half_sample_fits(folds: int, refits: int) -> list[HalfSampleFit]:
    """Return the models that explain every fold, by its own model and by refits.

    Parameters
    ----------
    folds : int
        Number of folds.
    refits : int
        Refits per fold, at most; with two folds there are no other gemeenten to take half of, and
        no refits.

    Returns
    -------
    list of HalfSampleFit
        As few models as will do.

    Examples
    --------
    >>> for fit in half_sample_fits(folds=3, refits=1):
    ...     print(sorted(fit.trained_on), fit.explains)
    [1, 2] ((0, 0),)
    [0, 2] ((1, 0),)
    [0, 1] ((2, 0),)
    [1] ((0, 1),)
    [2] ((1, 1),)
    [0] ((2, 1),)
    """
    fits: dict[frozenset[int], list[tuple[int, int]]] = {}
    all_others = tuple(range(1, folds))
    offset_sets = [all_others, *itertools.islice(_halves(folds), refits)]
    for refit, offsets in enumerate(offset_sets):
        for fold in range(folds):
            trained_on = frozenset((fold + offset) % folds for offset in offsets)
            fits.setdefault(trained_on, []).append((fold, refit))
    return [HalfSampleFit(trained_on, tuple(explains)) for trained_on, explains in fits.items()]


def _halves(folds: int) -> Iterator[tuple[int, ...]]:
    """Yield halves of the other folds, counted from one's own; first those that share models."""
    half = folds // 2
    if half >= folds - 1:
        return
    rows = [tuple(range(first, first + half)) for first in range(1, folds - half + 1)]
    yield from rows
    yield from (h for h in itertools.combinations(range(1, folds), half) if h not in rows)
