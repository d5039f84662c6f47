"""A score with the interval that draws of what it was computed on leave it."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from risicomodel.core.arrays import Floats

COVERAGE = 0.90


class Interval(NamedTuple):
    """A score, or a difference of two scores, with its 90% interval.

    Parameters
    ----------
    value : float
        Of gemeenten, wijken or reviewers as they are.
    lower, upper : float
        Limits that hold nine in ten draws, one in twenty on either side; NaN of too few to draw.
    """

    value: float
    lower: float
    upper: float

    @property
    def holds_zero(self) -> bool:
        """Whether 0 lies within: a difference of which that is true is within chance."""
        return self.lower <= 0 <= self.upper


UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def of_draws(value: float, draws: Floats) -> Interval:
    """Return a score with the limits that hold nine in ten of its draws.

    Parameters
    ----------
    value : float
        The score, in any unit.
    draws : array of shape (draws,)
        The same score of what was drawn anew.

    Returns
    -------
    Interval
        Limits are NaN without draws.

    Examples
    --------
    >>> interval = of_draws(0.5, np.linspace(0.0, 1.0, 101))
    >>> round(interval.lower, 2), round(interval.upper, 2), interval.holds_zero
    (0.05, 0.95, False)
    >>> of_draws(0.5, np.empty(0)).lower
    nan
    """
    if not draws.size:
        return UNKNOWN._replace(value=value)
    tail = (1 - COVERAGE) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail])
    return Interval(value, float(lower), float(upper))


def wilson(share: float, n: int) -> Interval:
    """Return a share of people with its 90% interval, after Wilson.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), with z the 95% point of the normal
    distribution. It stays within 0 and 1, and is no point where all or none of a few agree.

    Parameters
    ----------
    share : float
        Of the people (0–1).
    n : int
        How many people.

    Returns
    -------
    Interval
        Of 0–1; all NaN without people.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22.

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(1.0, 5)]
    [1.0, 0.649, 1.0]
    """
    if n == 0:
        return UNKNOWN
    z = NormalDist().inv_cdf((1 + COVERAGE) / 2)
    middle = share + z**2 / (2 * n)
    half = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    lower, upper = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return Interval(share, max(lower, 0.0), min(upper, 1.0))
