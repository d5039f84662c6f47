"""What a cell may be that CBS leaves blank because it is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.learning import conformal

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain


def smallest_published(domain: Domain) -> int:
    """Return the smallest count that CBS rounds to a figure it publishes: 8, for 10 in fives.

    CBS rounds before it suppresses: as many wijken are published with 10 as there would be if 8 to
    12 were all shown.

    Parameters
    ----------
    domain : Domain
        Its declaration: below which count CBS leaves a cell blank, and what it rounds to.

    Returns
    -------
    int
        Persons.
    """
    return -(-(2 * domain.blank_below - domain.rounded_to) // 2)


def given_suppressed(rates: Floats, population: Floats, below: int) -> Floats:
    """Return figure, lower and upper rate given that the count is below what CBS publishes.

    The mean of a Poisson count conditional on being less than ``below``, and the shortest run of
    counts with 90% of its probability. The lower limit stays where it was lower already: a wijk
    that was expected to have twelve clients and is blank may well have six, or the model may have
    expected too many.

    Parameters
    ----------
    rates : array of shape (rows, 3)
        Rate, lower and upper before conditioning.
    population : array of shape (rows,)
        Persons at risk.
    below : int
        The smallest count that is published.

    Returns
    -------
    array of shape (rows, 3)
        The same, of a count below that.
    """
    n = np.clip(population, 1.0, None)
    chance = _chances(rates[:, 0] * n, below)
    mean = chance @ np.arange(below)
    least, most = _shortest_interval(chance)
    lower = np.minimum(rates[:, 1] * n, np.minimum(least, mean))
    out: Floats = np.stack([mean, lower, np.maximum(most, mean)], axis=1) / n[:, None]
    return np.clip(out, 0.0, 1.0)


def _shortest_interval(chance: Floats) -> Floats:
    """Return first and last of the shortest run of counts with 90% of the probability.

    Of runs of the same length, the one with most probability.

    Parameters
    ----------
    chance : array of shape (rows, counts)
        Probability of the counts 0, 1, 2 …
    """
    before = np.pad(chance.cumsum(axis=1), ((0, 0), (1, 0)))
    first, last = np.triu_indices(chance.shape[1])
    held = before[:, last + 1] - before[:, first]
    # length decides; probability, which is below one, breaks ties
    rank = np.where(held >= conformal.CONFIDENCE, (last - first) - held, np.inf)
    best = rank.argmin(axis=1)
    out: Floats = np.stack([first[best], last[best]]).astype("float64")
    return out


def moments(clients: Floats, below: int) -> tuple[Floats, Floats]:
    """Return mean and variance of Poisson counts given that they are below a limit.

    Parameters
    ----------
    clients : array of any shape
        Mean count before that is known (persons).
    below : int
        The smallest count that is published.

    Returns
    -------
    mean, variance : arrays of the same shape
        In persons, and persons squared.

    Examples
    --------
    >>> mean, variance = moments(np.array([1.0, 30.0]), below=8)
    >>> mean.round(2).tolist(), variance.round(2).tolist()
    ([1.0, 6.64], [1.0, 0.43])
    """
    chance, counts = _chances(clients.ravel(), below), np.arange(below)
    mean = chance @ counts
    variance = chance @ counts**2 - mean**2
    return mean.reshape(clients.shape), variance.reshape(clients.shape)


def _chances(clients: Floats, below: int) -> Floats:
    """Return the probabilities of the counts 0, 1, … below the limit, (cells, below)."""
    from scipy.stats import poisson

    # beyond three times the limit, probabilities are too small to divide by
    chance = poisson.pmf(np.arange(below), np.clip(clients, 0.0, 3.0 * below)[:, None])
    out: Floats = chance / chance.sum(axis=1, keepdims=True)
    return out
