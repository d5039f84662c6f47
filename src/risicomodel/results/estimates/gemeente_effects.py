"""The two-fold model: what all published figures of a gemeente say of one that is blank.

A figure deviates from what a model expects of who lives there, ``u = clients / expected − 1``, in
two ways: with its whole gemeente, and by itself.

    u = effect of the gemeente in that year + effect of the wijk within it

Both follow the Rao-Yu model (:mod:`risicomodel.results.estimates.rao_yu`): a part that lasts, a
part that fades over the years, a part of one year. The gemeente's effect in a year follows from the
figures published in it, given the wijken's effects in other years, shrunk as far as the variances
say; and those follow from the gemeente's effects in turn. Both are solved at once, as one
conditional expectation: the place-by-year matrices are eliminated wijk by wijk, which leaves a
system of as many equations as the gemeente has years.

A model's expectation comes from folds without the gemeente, and a figure that is to be estimated is
left out of the equations. Nothing that is known of a cell's gemeente holds the cell.

References
----------
Torabi, M. and Rao, J.N.K. (2014), On small area estimation under a sub-area level model, Journal of
Multivariate Analysis 127, 36–55.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.results.estimates import rao_yu
from risicomodel.results.estimates.place_years import PlaceYearGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from risicomodel.results.estimates.rao_yu import OtherYears, RaoYuParameters

# Expected clients are at least this many where noise is computed from them.
MIN_CLIENTS = 0.1
# Correlation of the effects of gemeenten that merged later: related, and not the same.
MERGED_CORRELATION = 0.5
# A wijk with a larger share of its gemeente hardly deviates from the whole that it mostly is.
MAX_SHARE = 0.6


@dataclass(frozen=True)
class Variances:
    """The parameters of both kinds of effects.

    Parameters
    ----------
    gemeente, wijk : RaoYuParameters
        Of the gemeente's effect, and of the wijk's within it.
    """

    gemeente: RaoYuParameters
    wijk: RaoYuParameters


def fit(cells: pd.DataFrame, rounded_to: int) -> Variances:
    """Fit the parameters of both kinds of effects on published figures.

    Parameters
    ----------
    cells : DataFrame
        ``gm_code``, ``place_id``, ``year``, ``expected`` (persons) and ``clients`` (persons, NaN
        where no figure is to be used).
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    Variances
        Of all gemeenten together.
    """
    rows = cells.dropna(subset=["clients"])
    rows = rows.assign(expected=rows["expected"].clip(lower=MIN_CLIENTS))
    sums = rows.groupby(["gm_code", "year"])[["clients", "expected"]].sum().reset_index()
    if rows.empty:
        return Variances(rao_yu.DEFAULTS, rao_yu.DEFAULTS)
    gemeente = _fit(sums, sums["gm_code"], rounded_to)
    whole = rows.groupby(["gm_code", "year"])[["clients", "expected"]].transform("sum")
    share = rows["expected"] / whole["expected"]
    ratio = whole["clients"] / whole["expected"]
    within = rows.assign(expected=(rows["expected"] * ratio).clip(lower=MIN_CLIENTS))
    inside = (share < MAX_SHARE) & (ratio > 0)
    if not inside.any():
        return Variances(gemeente, rao_yu.DEFAULTS)
    # the ratio holds the wijk's own figure, which makes its deviation smaller by this much
    held = np.sqrt(1 - share[inside])
    wijk = _fit(within[inside], within.loc[inside, "place_id"], rounded_to, held)
    return Variances(gemeente, wijk)


def _fit(
    rows: pd.DataFrame, places: pd.Series, rounded_to: int, held: pd.Series | float = 1.0
) -> RaoYuParameters:
    grid = PlaceYearGrid(places, rows["year"])
    deviation = (rows["clients"] / rows["expected"] - 1) / held
    table = grid.table(deviation.to_numpy())
    return rao_yu.fit(table, grid.table(rows["expected"].to_numpy(), fill=1.0), rounded_to)


def prior_variance(cells: pd.DataFrame, variances: Variances, rounded_to: int) -> pd.Series:
    """Return the variance of figures of a gemeente of which nothing is published.

    Parameters
    ----------
    cells : DataFrame
        As for :func:`fit`.
    variances : Variances
        From :func:`fit`.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    Series
        Persons squared.
    """
    effects = sum(
        one.permanent_variance + one.ar_variance + one.year_variance
        for one in (variances.gemeente, variances.wijk)
    )
    expected = cells["expected"]
    return effects * expected**2 + expected.clip(lower=MIN_CLIENTS) + rounded_to**2 / 12


@dataclass(frozen=True)
class GemeenteYear:
    """The k cells of one gemeente and year, and what all its figures say of its effect.

    Effects are those of q years (and, where gemeenten merged, of several gemeenten). Deviations are
    shares of what is expected.

    Parameters
    ----------
    gm_code : str
        The gemeente.
    year : int
        Calendar year.
    rows : array of int, shape (k,)
        Positions in the panel.
    observed : array of bool, shape (k,)
        Which cells have a figure that is used.
    offset : array of shape (k,)
        Deviation that follows from a wijk's other years if every effect were 0.
    loading : array of shape (k, q)
        How much effects add to that.
    variance : array of shape (k,)
        Of the figure, given effects and other years.
    information : array of shape (q, q)
        Inverse covariance of the effects given every figure.
    score : array of shape (q,)
        Information times the effects' mean.
    own_information, own_score : arrays of shape (k, q, q) and (k, q)
        What each cell's own figure adds to these.
    """

    gm_code: str
    year: int
    rows: Ints
    observed: Bools
    offset: Floats
    loading: Floats
    variance: Floats
    information: Floats
    score: Floats
    own_information: Floats
    own_score: Floats

    def given_all(self) -> tuple[Floats, Floats]:
        """Return mean (1, q) and covariance (1, q, q) of the effects given every figure."""
        return _solve(self.information[None], self.score[None])

    def without_year(self) -> tuple[Floats, Floats]:
        """Return mean (1, q) and covariance (1, q, q) without the figures of this year."""
        information = self.information - self.own_information.sum(axis=0)
        return _solve(information[None], (self.score - self.own_score.sum(axis=0))[None])

    def without_each(self) -> tuple[Floats, Floats]:
        """Return means (n, q) and covariances (n, q, q): for every observed cell, without it."""
        information = self.information - self.own_information[self.observed]
        return _solve(information, self.score - self.own_score[self.observed])


def _solve(information: Floats, score: Floats) -> tuple[Floats, Floats]:
    covariance = np.linalg.inv(information).astype("float64")
    return (covariance @ score[:, :, None])[:, :, 0], covariance


def gemeente_years(
    cells: pd.DataFrame, variances: Variances, rounded_to: int
) -> Iterator[GemeenteYear]:
    """Yield every gemeente and year with what the figures of all its years say.

    Parameters
    ----------
    cells : DataFrame
        As for :func:`fit`, with ``gm_group`` (gemeenten that merged), on a range index.
    variances : Variances
        From :func:`fit`.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Yields
    ------
    GemeenteYear
        In the order of groups, gemeenten and years.
    """
    places = _Places.build(cells, variances.wijk, rounded_to)
    key = ["gm_group", "gm_code", "year"]
    order = cells[key].sort_values(key, kind="stable")
    rows = order.index.to_numpy()
    table = {name: order[name].to_numpy(dtype="object") for name in key}
    starts = np.flatnonzero(np.append(True, table["gm_group"][1:] != table["gm_group"][:-1]))
    for of_group in np.split(np.arange(len(rows)), starts[1:]):
        effect = _Effects.build(table["gm_code"][of_group], table["year"][of_group])
        yield from _of_group(rows[of_group], effect, places, variances.gemeente)


@dataclass(frozen=True)
class _Places:
    """All places' deviations by year, and how one year follows from the others."""

    grid: PlaceYearGrid
    observed: Bools
    deviation: Floats
    precision: Floats
    others: list[OtherYears]

    @classmethod
    def build(cls, cells: pd.DataFrame, wijk: RaoYuParameters, rounded_to: int) -> _Places:
        grid = PlaceYearGrid(cells["place_id"], cells["year"])
        expected = cells["expected"].clip(lower=MIN_CLIENTS).to_numpy()
        deviation = grid.table((cells["clients"] / expected - 1).to_numpy())
        observed = np.isfinite(deviation)
        limits = rao_yu.MIN_DEVIATION, rao_yu.MAX_DEVIATION
        clipped = np.where(observed, deviation.clip(*limits), 0.0)
        clients = grid.table(expected, fill=1.0)
        precision = rao_yu.precision(wijk, observed, clients, rounded_to)
        others = [
            rao_yu.from_other_years(wijk, observed, clients, rounded_to, year)
            for year in range(grid.shape[1])
        ]
        return cls(grid, observed, clipped, precision, others)


@dataclass(frozen=True)
class _Effects:
    """The effects of one gemeente, or of several that merged: of q gemeenten and years.

    Parameters
    ----------
    gm_code, year : arrays of shape (q,)
        What they are of.
    of_row : array of int, shape (rows,)
        Which effect every row has.
    """

    gm_code: npt.NDArray[np.object_]
    year: Ints
    of_row: Ints

    @classmethod
    def build(cls, gm_code: npt.NDArray[np.object_], year: npt.NDArray[np.object_]) -> _Effects:
        """Take the effects from rows that are sorted by gemeente and year."""
        new = (gm_code[1:] != gm_code[:-1]) | (year[1:] != year[:-1])
        first = np.append(True, new)
        return cls(gm_code[first], year[first].astype("intp"), np.cumsum(first) - 1)

    def prior(self, gemeente: RaoYuParameters) -> Floats:
        """Return the covariance (q, q) of the effects before any figure is known."""
        apart = np.abs(np.subtract.outer(self.year, self.year))
        covariance = gemeente.permanent_variance + gemeente.ar_variance * (
            gemeente.autocorrelation**apart
        )
        covariance = covariance + gemeente.year_variance * (apart == 0)
        same = np.equal.outer(self.gm_code, self.gm_code)
        out: Floats = covariance * np.where(same, 1.0, MERGED_CORRELATION)
        return out


def _of_group(
    rows: Ints, effects: _Effects, places: _Places, gemeente: RaoYuParameters
) -> Iterator[GemeenteYear]:
    """Yield the gemeenten and years of gemeenten that merged, or of one that did not."""
    members, inverse = np.unique(places.grid.place[rows], return_inverse=True)
    # which effect every place's figure of every year belongs to, as an indicator
    z = np.zeros((len(members), places.grid.shape[1], len(effects.year)))
    z[inverse, places.grid.year[rows], effects.of_row] = 1.0
    z *= places.observed[members][:, :, None]
    u, full = places.deviation[members], places.precision[members]
    of_places, score_of_places = _information(z, full, u)
    information = np.linalg.inv(effects.prior(gemeente)) + of_places.sum(axis=0)
    score = score_of_places.sum(axis=0)
    for number, (gm_code, year) in enumerate(zip(effects.gm_code, effects.year, strict=True)):
        here = np.flatnonzero(effects.of_row == number)
        cell, place = rows[here], inverse[here]
        at = int(places.grid.year[cell[0]])
        others = places.others[at]
        gain = others.gain[members[place]]
        left, score_left = _information(z[place], others.precision[members[place]], u[place])
        loading = -(gain[:, None, :] @ z[place])[:, 0, :]
        loading[:, number] += 1.0
        yield GemeenteYear(
            gm_code=str(gm_code),
            year=int(year),
            rows=cell,
            observed=places.observed[members[place], at],
            offset=(gain * u[place]).sum(axis=1),
            loading=loading,
            variance=others.variance[members[place]],
            information=information,
            score=score,
            own_information=of_places[place] - left,
            own_score=score_of_places[place] - score_left,
        )


def _information(z: Floats, precision: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Return what places' figures say of the effects: Zᵀ P Z and Zᵀ P u of every place."""
    weighted = z.transpose(0, 2, 1) @ precision
    return weighted @ z, (weighted @ u[:, :, None])[:, :, 0]
