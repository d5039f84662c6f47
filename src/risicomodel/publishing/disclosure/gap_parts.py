r"""The gap between observed and expected in three parts, and the chance that a wijk's is nothing.

Everything here is computed of figures that are shown, and of those alone, on the base of wijken: a
part is what is left when shown figures are subtracted from each other, so it gives nothing away.

With clients :math:`c_i`, expected clients :math:`x_i` and their ratios over the country and the
gemeente, :math:`F_C = \sum c / \sum x` and :math:`F_g = \sum_g c / \sum_g x`:

- country: :math:`x_i (F_C - 1)`, the model being off for the country as a whole in that year;
- gemeente: :math:`x_i (F_g - F_C)`, the gemeente as a whole: clients count, not wijken;
- wijk: :math:`c_i - x_i F_g`, this wijk within its gemeente.

They sum to :math:`c_i - x_i`, and the wijken of a gemeente to 0 in the last. A gemeente with one
figure has no part of a wijk: all but the country's is the gemeente's.

**Chance.** Around :math:`m_i = x_i F_g` a count varies by chance (Poisson), by CBS's rounding to
multiples of :math:`b`, and because the model errs from wijk to wijk within a gemeente:
:math:`v_i = m_i + b^2/12 + \tau(m_i)^2 m_i^2`. As :math:`F_g` holds the wijk itself, with share
:math:`w_i = m_i / \sum_g m`, the part of a wijk has variance
:math:`(1 - 2 w_i) v_i + w_i^2 \sum_g v`. :math:`\tau` is the spread of such parts in the run's own
out-of-fold predictions of all years, given size: per class of :math:`m` the value with which nine
in ten wijken lie within 1.645 standard deviations, and a straight line over :math:`\log m` between
classes. So a wijk is called different only if it is further off than the model mostly is in wijken
of its size. Which of the two it is, the model that errs or a wijk that differs, no figure can tell.
Of the only figure of a gemeente the whole gap less the country's part is judged, by the spread of
such gaps between wijken of the country.
"""

from __future__ import annotations

from math import erfc, sqrt
from typing import Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats

PARTS = ["gap_country", "gap_gemeente", "gap_wijk"]
CLASSES = 8  # of size, by expected clients
LEAST = 40  # wijken and years in a class
WITHIN, NORMAL = 0.9, 1.645  # that share of a normal distribution lies within so many deviations
LARGEST_SPREAD = 4.0  # of a wijk's expected clients: more is not looked for
HALVINGS = 40
GEMEENTE = ["domain", "gm_code", "year"]
COUNTRY = ["domain", "year"]


def add(figures: pd.DataFrame, rounded_to: dict[str, int]) -> pd.DataFrame:
    """Return figures with their gap, its parts, the chance of those, and how far off the whole is.

    Parameters
    ----------
    figures : DataFrame
        Per domain, wijk and year: ``gm_code``, ``observed``, ``expected``, ``expected_lower``,
        ``expected_upper`` (rates of 0–1; empty where not shown), ``observed_clients`` (persons).
    rounded_to : dict of str to int
        Per domain the multiple that CBS publishes (persons).

    Returns
    -------
    DataFrame
        Also ``gap``, ``gap_country``, ``gap_gemeente``, ``gap_wijk`` (rates; the last empty where
        the gemeente has no other figure), ``off_country`` and ``off_gemeente`` (how much higher
        than expected all figures of the country and of the gemeente together are: 0.34 is 34%),
        ``chance`` (0–1) that the wijk's part is chance or the model's usual error, and ``outside``:
        whether the figure lies outside the 90% band of the expected rate.
    """
    rows = figures.reset_index(drop=True)
    people = rows["observed_clients"] / rows["observed"]
    gap = rows["observed"] - rows["expected"]
    counts = rows[GEMEENTE].assign(
        clients=rows["observed_clients"].where(gap.notna()),
        expected=(rows["expected"] * people).where(gap.notna()),
    )
    of_country = counts.groupby(COUNTRY)[["clients", "expected"]].transform("sum")
    groups = counts.groupby(GEMEENTE)
    of_gemeente = groups[["clients", "expected"]].transform("sum")
    alone = groups["expected"].transform("count") < 2  # noqa: PLR2004 (another one)
    country = (of_country["clients"] / of_country["expected"]).where(gap.notna())
    gemeente = (of_gemeente["clients"] / of_gemeente["expected"]).where(gap.notna())
    expected = rows["expected"]
    outside = (rows["observed"] > rows["expected_upper"]) | (
        rows["observed"] < rows["expected_lower"]
    )
    base = rows["domain"].map(rounded_to).astype("float64")
    chance = _chance(counts, country, base).where(alone, _chance(counts, gemeente, base, GEMEENTE))
    return rows.assign(
        gap=gap,
        gap_country=expected * (country - 1),
        gap_gemeente=expected * (gemeente - country),
        gap_wijk=(rows["observed"] - expected * gemeente).mask(alone),
        off_country=country - 1,
        off_gemeente=gemeente - 1,
        chance=chance.where(gap.notna()),
        outside=outside & gap.notna(),
    )


def _chance(
    counts: pd.DataFrame, factor: pd.Series, base: pd.Series, within: list[str] | None = None
) -> pd.Series:
    """Return how often a count lies as far off by chance, rounding and the model's usual error."""
    mean = (counts["expected"] * factor).to_numpy(dtype="float64")
    off = counts["clients"].to_numpy(dtype="float64") - mean
    noise = mean + base.to_numpy() ** 2 / 12
    share = np.zeros(len(mean))
    if within is not None:
        whole = pd.Series(mean).groupby([counts[name] for name in within]).transform("sum")
        share = np.divide(mean, whole.to_numpy(), out=np.zeros(len(mean)), where=mean > 0)
    out = np.full(len(mean), np.nan)
    for rows in counts.groupby("domain").indices.values():
        judged = rows[(mean[rows] > 0) & (share[rows] < 1)]
        groups = [counts[name].to_numpy()[judged] for name in within or ()]
        weights, size = share[judged], mean[judged]
        spread = _spread(size, off[judged], noise[judged], weights)
        v = noise[judged] + (spread * size) ** 2
        deviation = np.sqrt(_variance(v, weights, groups))
        out[judged] = [erfc(abs(z) / sqrt(2)) for z in off[judged] / deviation]
    return pd.Series(out, index=counts.index)


def _variance(v: Floats, share: Floats, groups: list[Any]) -> Floats:
    """Return the variance of counts less their share of the gemeente's: see the module."""
    if not groups:
        return v
    total = pd.Series(v).groupby(groups).transform("sum").to_numpy()
    return np.asarray((1 - 2 * share) * v + share**2 * total, dtype="float64")


def _spread(size: Floats, off: Floats, noise: Floats, share: Floats) -> Floats:
    """Return the model's own spread (a share of what is expected) at the size of every wijk."""
    if not len(size):
        return size
    classes = max(1, min(CLASSES, len(size) // LEAST))
    edges = np.quantile(size, np.linspace(0, 1, classes + 1)[1:-1])
    number = np.searchsorted(edges, size, side="right")
    centres, spreads = [], []
    for one in np.unique(number):
        inside = number == one
        centres.append(float(np.median(np.log(size[inside]))))
        spreads.append(_of_class(size, off, noise, share, inside))
    return np.interp(np.log(size), centres, spreads)


def _of_class(size: Floats, off: Floats, noise: Floats, share: Floats, inside: Bools) -> float:
    """Return the spread with which nine in ten lie within 1.645 deviations, by halving."""
    left = np.maximum(1 - share[inside], 1e-9)  # what of its own error a wijk keeps
    errors, floor = np.abs(off[inside]), noise[inside] * left
    low, high = 0.0, LARGEST_SPREAD
    for _ in range(HALVINGS):
        spread = (low + high) / 2
        deviation = np.sqrt(floor + (spread * size[inside]) ** 2 * left)
        if np.quantile(errors / deviation, WITHIN) > NORMAL:
            low = spread
        else:
            high = spread
    return high
