"""What the two halves of a year say of where it was heading.

Of youth care and Wmo CBS publishes each half of a year too. A year's figure tells of its middle;
how its second half differed from its first is newer than any figure of a year, and is out with it.
Half of that growth is believed: of the country beside its growth over the years before, of a
gemeente beyond the country's, of a wijk beyond its gemeente's, and of few clients little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risicomodel.core import groups
from risicomodel.core.arrays import Floats, Ints

BELIEVED = 0.5
A_YEAR = 2  # halves of it
# Clients: the growth of so many is believed half as much as that of very many.
DOUBT_CLIENTS = 100.0
# Beyond this a half tells of how it was reported, not of need (logarithm).
MOST = 0.3


@dataclass(frozen=True)
class Growth:
    """What of a year's own growth goes on (logarithms).

    Parameters
    ----------
    country : float or None
        Over half a year, from the first half to the second; None where no halves are known.
    gemeente, wijk : array of shape (areas,)
        Beyond what is above it, as far as it is believed.
    """

    country: float | None
    gemeente: Floats
    wijk: Floats

    def with_years(self, years: float) -> float:
        """Return the country's growth a year: of its years, and of the halves of the last."""
        if self.country is None:
            return years
        return BELIEVED * A_YEAR * self.country + (1 - BELIEVED) * years


def growth(halves: Floats | None, gm: Ints) -> Growth:
    """Compare the halves of a year.

    Parameters
    ----------
    halves : array of shape (areas, 2), or None
        Clients in the first and the second half; 0 where either is not known.
    gm : array of int, shape (areas,)
        Every area's gemeente, from 0.
    """
    if halves is None or not (halves.sum(axis=0) > 0).all():
        return Growth(None, np.zeros(len(gm)), np.zeros(len(gm)))
    sums = groups.sums(halves, gm)
    country = float(_logs(halves.sum(axis=0, keepdims=True))[0])
    of_gemeente = np.where((sums > 0).all(axis=1), _logs(sums) - country, 0.0)
    beyond = _logs(halves) - (country + of_gemeente)[gm]
    of_wijk = np.where((halves > 0).all(axis=1), beyond, 0.0)
    return Growth(country, _believed(of_gemeente, sums)[gm], _believed(of_wijk, halves))


def _logs(halves: Floats) -> Floats:
    first, second = halves.clip(1.0).T
    out: Floats = np.log(second / first)
    return out


def _believed(beyond: Floats, halves: Floats) -> Floats:
    clients = halves.mean(axis=1)
    out: Floats = BELIEVED * (beyond * clients / (clients + DOUBT_CLIENTS)).clip(-MOST, MOST)
    return out
