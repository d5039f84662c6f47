"""Whether groups of people differ by more than chance: their labels dealt anew."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from risicomodel.core.arrays import Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DRAWS = 9_999
MOST_ARRANGEMENTS = 20_000  # up to here all ways to deal the labels are looked at
SLACK = 1e-9  # of a statistic: what differs by less is the same


class PermutationTest(NamedTuple):
    """What came of dealing labels anew.

    Parameters
    ----------
    p : float
        Which share of the ways to deal makes groups differ at least as much as they do; NaN of
        fewer than two groups.
    is_exact : bool
        Whether all ways were looked at, or :data:`DRAWS` of them.
    """

    p: float
    is_exact: bool


def between_groups(groups: Sequence[Floats], *, seed: int, draws: int = DRAWS) -> PermutationTest:
    """Return whether groups differ by more than chance.

    The statistic is Σ n_g m_g², with n_g the people of a group and m_g their mean: with the people
    given it grows with the variance between groups, as F does. Of a sample the share is
    (1 + times at least as large) / (1 + draws), never 0.

    Parameters
    ----------
    groups : sequence of arrays of shape (people,)
        A score per person.
    seed : int
        The same seed gives the same draws, in whatever order people stand.
    draws : int
        How many, where all ways are too many.

    Returns
    -------
    PermutationTest

    References
    ----------
    Phipson and Smyth (2010), "Permutation p-values should never be zero", Statistical Applications
    in Genetics and Molecular Biology 9.

    Examples
    --------
    >>> between_groups([np.array([1.0, 1.5, 2.0]), np.array([4.0, 4.5, 5.0])], seed=0)
    PermutationTest(p=0.1, is_exact=True)
    """
    sizes = [len(group) for group in groups]
    if len(sizes) < 2 or min(sizes) == 0:  # noqa: PLR2004
        return PermutationTest(float("nan"), is_exact=False)
    scores: Floats = np.concatenate([np.sort(group) for group in groups])
    first = np.repeat(np.arange(len(sizes)), sizes)[None, :]
    as_they_are = _statistics(scores, first, len(sizes))[0]
    is_exact = _ways(sizes) <= MOST_ARRANGEMENTS
    if is_exact:
        labels = np.array(list(_arrangements(sizes)))
    else:
        generator = np.random.default_rng(seed)
        labels = generator.permuted(np.repeat(first, draws, axis=0), axis=1)
    dealt = _statistics(scores, labels, len(sizes))
    as_large = int((dealt >= as_they_are - SLACK * abs(as_they_are)).sum())
    p = as_large / len(dealt) if is_exact else (as_large + 1) / (len(dealt) + 1)
    return PermutationTest(p, is_exact)


def _statistics(scores: Floats, labels: Ints, n_groups: int) -> Floats:
    """Return the statistic of every way to deal the labels: shape (ways,)."""
    out: Floats = np.zeros(len(labels))
    for group in range(n_groups):
        within = labels == group
        out += (within @ scores) ** 2 / within.sum(axis=1)
    return out


def _ways(sizes: Sequence[int]) -> int:
    """Return in how many ways people can be dealt over groups of these sizes."""
    return math.factorial(sum(sizes)) // math.prod(map(math.factorial, sizes))


def _arrangements(sizes: Sequence[int]) -> Iterator[Ints]:
    """Give every way to deal the labels of groups of these sizes."""

    def deal(free: tuple[int, ...], group: int, labels: Ints) -> Iterator[Ints]:
        if group == len(sizes) - 1:
            yield np.where(np.isin(np.arange(len(labels)), free), group, labels)
            return
        for chosen in combinations(free, sizes[group]):
            dealt = labels.copy()
            dealt[list(chosen)] = group
            yield from deal(tuple(x for x in free if x not in set(chosen)), group + 1, dealt)

    yield from deal(tuple(range(sum(sizes))), 0, np.zeros(sum(sizes), dtype=np.int64))


def holm(p_values: Floats) -> Floats:
    """Return p-values after Holm, for so many that are looked at together.

    Parameters
    ----------
    p_values : array of shape (n,)
        NaN where there is none; these are not counted.

    Returns
    -------
    array of shape (n,)

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6.

    Examples
    --------
    >>> holm(np.array([0.04, 0.01, np.nan, 0.03])).round(3).tolist()
    [0.06, 0.03, nan, 0.06]
    """
    out: Floats = np.full(len(p_values), np.nan)
    places = np.flatnonzero(~np.isnan(p_values))
    ordered = places[np.argsort(p_values[places], kind="stable")]
    times = np.arange(len(ordered), 0, -1)
    out[ordered] = np.minimum(np.maximum.accumulate(p_values[ordered] * times), 1.0)
    return out
