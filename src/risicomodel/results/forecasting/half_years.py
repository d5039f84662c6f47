"""Growth within the last year, from figures of its two halves.

CBS publishes youth care and Wmo per half year too. The figure of a year stands for its middle; the
growth from its first to its second half is newer than any yearly figure and comes out with it. Half
of the country's growth is taken from it, the other half from the years before; growth of a gemeente
beyond the country's and of a wijk beyond its gemeente's is halved too, and shrunk where clients are
few.
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
# Clients at which a growth is shrunk to half.
SHRINKAGE_CLIENTS = 100.0
# A larger growth is due to a change in reporting; it is clipped (logarithm).
MAX_LOG_GROWTH = 0.3


@dataclass(frozen=True)
class HalfYearGrowth:
    """Growth from the first to the second half of a year (logarithms).

    Parameters
    ----------
    country : float or None
        The country's, over half a year; None where no halves are known.
    gemeente, wijk : array of shape (areas,)
        Growth beyond that of the country and of the gemeente, shrunk.
    """

    country: float | None
    gemeente: Floats
    wijk: Floats

    def with_years(self, years: float) -> float:
        """Return the country's growth per year, from its years and from the halves of the last.

        Parameters
        ----------
        years : float
            Recent growth per year, from yearly figures (logarithm).

        Returns
        -------
        float
            Logarithm of the growth factor per year.
        """
        if self.country is None:
            return years
        return WEIGHT * HALVES_PER_YEAR * self.country + (1 - WEIGHT) * years


def growth_between_halves(halves: Floats | None, gm: Ints) -> HalfYearGrowth:
    """Compare the halves of a year.

    Parameters
    ----------
    halves : array of shape (areas, 2), or None
        Clients in the first and the second half; 0 where either is not known.
    gm : array of int, shape (areas,)
        Every area's gemeente, numbered from 0.

    Returns
    -------
    HalfYearGrowth
        All 0, and None for the country, where no halves are known.
    """
    if halves is None or not (halves.sum(axis=0) > 0).all():
        return HalfYearGrowth(None, np.zeros(len(gm)), np.zeros(len(gm)))
    sums = groups.sums(halves, gm)
    country = float(_log_growth(halves.sum(axis=0, keepdims=True))[0])
    of_gemeente = np.where((sums > 0).all(axis=1), _log_growth(sums) - country, 0.0)
    residual = _log_growth(halves) - (country + of_gemeente)[gm]
    of_wijk = np.where((halves > 0).all(axis=1), residual, 0.0)
    return HalfYearGrowth(country, _shrunk(of_gemeente, sums)[gm], _shrunk(of_wijk, halves))


def _log_growth(halves: Floats) -> Floats:
    first, second = halves.clip(1.0).T
    out: Floats = np.log(second / first)
    return out


def _shrunk(residual: Floats, halves: Floats) -> Floats:
    clients = halves.mean(axis=1)
    out: Floats = WEIGHT * (residual * clients / (clients + SHRINKAGE_CLIENTS)).clip(
        -MAX_LOG_GROWTH, MAX_LOG_GROWTH
    )
    return out
