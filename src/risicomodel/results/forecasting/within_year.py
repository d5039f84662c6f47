"""Growth within the last year, which is newer than any yearly figure and comes out with it.

CBS publishes youth care and Wmo per half year too: the figure of a year stands for its middle, and
the halves say how it moved. Benefits are counted at the end of March, and per quarter: the end of
the year is a step already taken. Half of the country's growth after that is taken from within the
year, the other half from the years before. Growth of a gemeente beyond the country's and of a wijk
beyond its gemeente's is shrunk where clients are few; that between halves counts for half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risicomodel.core import groups
from risicomodel.core.arrays import Floats, Ints

WEIGHT = 0.5
# Share of a growth that is left a year later, and ratio between the weights of successive years:
# one constant for all domains, as seven years of one domain cannot identify its own.
DAMPING = 0.5
HALVES_PER_YEAR = 2  # halves of it
MARCH_TO_DECEMBER = 0.75  # years
# Clients at which a growth is shrunk to half.
SHRINKAGE_CLIENTS = 100.0
# A larger growth is due to a change in reporting; it is clipped (logarithm).
MAX_LOG_GROWTH = 0.3


@dataclass(frozen=True)
class GrowthWithinYear:
    """Growth within a year (logarithms).

    Parameters
    ----------
    country : float or None
        The country's, per year; None where nothing within the year is known.
    gemeente, wijk : array of shape (areas,)
        Growth beyond that of the country and of the gemeente, shrunk.
    since : float
        Years from the year's figure to the newest count.
    """

    country: float | None
    gemeente: Floats
    wijk: Floats
    since: float = 0.0

    def course(self, years: float, horizons: int) -> Floats:
        """Return the growth of the country since the figure.

        Parameters
        ----------
        years : float
            Recent growth per year, from yearly figures (logarithm).
        horizons : int
            Years ahead.

        Returns
        -------
        array of shape (horizons,)
            Logarithms: the step to the newest count, and from there on half of this growth and half
            of that of the years, damped.
        """
        if self.country is None:
            return years * damped(0.0, horizons)
        rate = WEIGHT * self.country + (1 - WEIGHT) * years
        out: Floats = self.since * self.country + rate * damped(self.since, horizons)
        return out


def damped(since: float, horizons: int) -> Floats:
    """Return for how many years a growth goes on that is damped by half every year.

    Parameters
    ----------
    since : float
        Years from the figure to the count that the growth goes on from.
    horizons : int
        Years ahead of the figure.

    Returns
    -------
    array of shape (horizons,)

    Examples
    --------
    >>> damped(0.0, 3).tolist()
    [0.5, 0.75, 0.875]
    """
    out: Floats = DAMPING**since - DAMPING ** np.arange(1, horizons + 1)
    return out


def growth_between_halves(halves: Floats | None, gm: Ints) -> GrowthWithinYear:
    """Compare the halves of a year.

    Parameters
    ----------
    halves : array of shape (areas, 2), or None
        Clients in the first and the second half; 0 where either is not known.
    gm : array of int, shape (areas,)
        Every area's gemeente, numbered from 0.

    Returns
    -------
    GrowthWithinYear
        All 0, and None for the country, where no halves are known.
    """
    if halves is None or not (halves.sum(axis=0) > 0).all():
        return GrowthWithinYear(None, np.zeros(len(gm)), np.zeros(len(gm)))
    sums = groups.sums(halves, gm)
    country = float(_log_growth(halves.sum(axis=0, keepdims=True))[0])
    of_gemeente = np.where((sums > 0).all(axis=1), _log_growth(sums) - country, 0.0)
    residual = _log_growth(halves) - (country + of_gemeente)[gm]
    of_wijk = np.where((halves > 0).all(axis=1), residual, 0.0)
    return GrowthWithinYear(
        HALVES_PER_YEAR * country,
        WEIGHT * _shrunk(of_gemeente, sums)[gm],
        WEIGHT * _shrunk(of_wijk, halves),
    )


def growth_to_year_end(counts: Floats, country: Floats | None, gm: Ints) -> GrowthWithinYear:
    """Compare counts at the end of March and at the end of the year.

    Parameters
    ----------
    counts : array of shape (gemeenten, 2)
        Clients of gemeenten (persons) at either; NaN where not known.
    country : array of shape (2,), or None
        The same of the country; None stands for the sum of the gemeenten.
    gm : array of int, shape (areas,)
        Every area's gemeente, numbered from 0.

    Returns
    -------
    GrowthWithinYear
        All 0, and None for the country, where neither tells of it.
    """
    both = counts.min(axis=1) > 0
    whole = np.where(both[:, None], counts, 0.0).sum(axis=0) if country is None else country
    if not (whole > 0).all():
        return GrowthWithinYear(None, np.zeros(len(gm)), np.zeros(len(gm)))
    step = float(_log_growth(whole[None])[0])
    beyond = np.where(both, _log_growth(counts) - step, 0.0)
    return GrowthWithinYear(
        step / MARCH_TO_DECEMBER,
        _shrunk(beyond, counts)[gm],
        np.zeros(len(gm)),
        since=MARCH_TO_DECEMBER,
    )


def _log_growth(counts: Floats) -> Floats:
    first, last = counts.clip(1.0).T
    out: Floats = np.log(last / first)
    return out


def _shrunk(residual: Floats, counts: Floats) -> Floats:
    clients = np.nan_to_num(counts.mean(axis=1))
    out: Floats = (residual * clients / (clients + SHRINKAGE_CLIENTS)).clip(
        -MAX_LOG_GROWTH, MAX_LOG_GROWTH
    )
    return out
