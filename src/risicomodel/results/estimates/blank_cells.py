"""Estimate what is really blank, and published cells as if they were, on two protocols.

``blank_cell``
    One cell is blank, and nothing that is known holds it. The rest of what is published is known:
    the wijk's other years, the gemeente's other wijken, its total where CBS publishes one.
``blank_gemeente``
    Every wijk of the gemeente is blank that year, and so is its total. Other years are known.

Where nothing of a gemeente is published in any year, a cell is what the model expects
(``unseen_gemeente``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.learning.protocols import UNSEEN_GEMEENTE
from risicomodel.results.estimates import gemeente_effects, suppressed, unassigned
from risicomodel.results.estimates.blank_intervals import with_intervals
from risicomodel.results.estimates.given_total import BlankCells, GivenSum, given_sum

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.learning.problem import Problem
    from risicomodel.results.estimates.gemeente_effects import GemeenteYear


@dataclass(frozen=True)
class Blanks:
    """Estimates of blank cells by one model, and of published cells as if blank.

    Parameters
    ----------
    units : DataFrame
        On the panel's index: ``basis``, ``rate``, ``lower``, ``upper`` (90%), ``fold``, ``model``.
        Published cells stand as on the protocol ``blank_cell``.
    scored : dict of str to DataFrame
        By protocol, predictions with intervals of usable cells.
    shares : DataFrame
        From :func:`risicomodel.results.estimates.unassigned.shares`, with ``blank_variance``: of
        the sum of what is blank (persons squared), and ``blank_scale``: how many standard
        deviations hold 90% of the errors of blank cells in other folds.
    """

    units: pd.DataFrame
    scored: dict[str, pd.DataFrame]
    shares: pd.DataFrame


def estimate_blanks(
    predictions: pd.DataFrame,
    problem: Problem,
    domain: Domain,
    totals: pd.DataFrame,
    model: str,
) -> Blanks:
    """Estimate every cell of the panel as if it were blank, with intervals.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of one domain for ``unseen_gemeente``.
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    totals : DataFrame
        Published totals: ``gm_code``, ``year``, ``<domain>_clients`` (persons).
    model : str
        The model to build on.

    Returns
    -------
    Blanks
    """
    cells = _cells(predictions, problem, domain, model)
    name = clients_column(problem.domain)
    published = cells.assign(clients=cells["published"])
    of_totals = totals[["gm_code", "year", name]].dropna().rename(columns={name: "total"})
    shares = unassigned.shares(published, of_totals, domain)
    estimated, of_sums = _estimated(cells, shares, domain)
    index = pd.MultiIndex.from_frame(shares[["gm_code", "year"]])
    shares = shares.assign(
        blank_variance=of_sums.reindex(index).to_numpy(),
        blank_scale=shares["fold"].map(_scales(cells, estimated)),
    )
    units, scored = with_intervals(cells, estimated, problem)
    return Blanks(units, scored, shares)


def _cells(predictions: pd.DataFrame, problem: Problem, domain: Domain, model: str) -> pd.DataFrame:
    """Return the panel's rows with what the model expects, in persons."""
    wijken, name = problem.wijken, problem.domain
    chosen = (predictions["protocol"] == UNSEEN_GEMEENTE) & (predictions["model"] == model)
    predicted = predictions[chosen].set_index("row").sort_index()
    rate = predicted["rate"].clip(1e-6, 1.0).to_numpy()
    population = wijken[population_column(name)].fillna(0.0).to_numpy()
    status = wijken[status_column(name)]
    published = wijken[clients_column(name)].where(status == "observed")
    return pd.DataFrame(
        {
            **{key: wijken[key] for key in ("gm_code", "gm_group", "place_id", "year")},
            "fold": predicted["fold"].to_numpy(),
            "model": model,
            "rate": rate,
            "population": population,
            "expected": rate * population,
            "clients": published.where(problem.usable),
            "published": published,
            "small": (status == "suppressed") & (domain.blank_below > 0),
        },
        index=wijken.index,
    )


def _estimated(
    cells: pd.DataFrame, shares: pd.DataFrame, domain: Domain
) -> tuple[pd.DataFrame, pd.Series]:
    """Return clients and variances of every cell in each position; real blanks as ``cell``.

    Beside it the variance of the sum of what is really blank, by gemeente and year.
    """
    variances = gemeente_effects.fit(cells, domain.rounded_to)
    of_total = _Totals(shares, domain.rounded_to)
    columns = ["cell", "cell_variance", "gemeente", "gemeente_variance"]
    out = np.zeros((len(cells), len(columns)))
    total_known = np.zeros(len(cells), dtype=bool)
    of_sums = {}
    reader = _Reader.build(cells, domain)
    for one in gemeente_effects.gemeente_years(cells, variances, domain.rounded_to):
        rest = of_total.rest(one)
        out[one.rows, 2:] = reader.without_year(one)
        blank, of_sums[one.gm_code, one.year] = reader.blank(one, rest)
        out[one.rows[~one.observed], :2] = blank
        out[one.rows[one.observed], :2] = reader.each_alone(one, rest)
        total_known[one.rows] = rest is not None
    table = pd.DataFrame(out, index=cells.index, columns=columns).assign(
        nothing=cells["expected"],
        nothing_variance=gemeente_effects.prior_variance(cells, variances, domain.rounded_to),
        total_known=total_known,
    )
    return table, pd.Series(of_sums)


class _Totals:
    """What is left of published totals for blank cells, and how far that may be off."""

    def __init__(self, shares: pd.DataFrame, rounded_to: int) -> None:
        people = shares["total"] * shares["share"]
        rounding = rounded_to**2 / 12 * (shares["n_published"] + 1)
        rest = shares["total"] - shares["published"]
        # a total that is smaller than its wijken says nothing of what is blank, nor does one that
        # holds wijken which are not among the year's
        sound = (rest >= -3 * np.sqrt(rounding)) & shares["share"].notna() & ~shares["lacking"]
        slack = shares["total"] ** 2 * shares["share_variance"] + rounding
        index = pd.MultiIndex.from_frame(shares[["gm_code", "year"]])
        table = pd.DataFrame({"rest": rest - people, "slack": slack}).set_index(index)
        self._rest = {
            key: (float(row[0]), float(row[1]))
            for key, row in zip(index[sound], table[sound.to_numpy()].to_numpy(), strict=True)
        }

    def rest(self, one: GemeenteYear) -> tuple[float, float] | None:
        """Return persons left for blank cells and their variance; None without a total."""
        return self._rest.get((one.gm_code, one.year))


@dataclass(frozen=True)
class _Reader:
    """Reads persons off a gemeente's year."""

    expected: Floats
    published: Floats
    small: Bools
    below: int

    @classmethod
    def build(cls, cells: pd.DataFrame, domain: Domain) -> _Reader:
        below = suppressed.smallest_published(domain) if domain.blank_below else 0
        return cls(
            cells["expected"].to_numpy(),
            cells["published"].to_numpy(),
            cells["small"].to_numpy(),
            below,
        )

    def without_year(self, one: GemeenteYear) -> Floats:
        """Return clients and variance, (k, 2), knowing nothing of this year."""
        cells = self._cells(one, np.arange(len(one.rows))[None], one.without_year())
        return np.stack([cells.mean[0], cells.total_variance()[0]], axis=1)

    def blank(self, one: GemeenteYear, rest: tuple[float, float] | None) -> tuple[Floats, float]:
        """Return clients and variance of cells without a usable figure, and the sum's variance.

        The first is an array (h, 2), the second that of all cells that are not published.
        """
        empty = np.flatnonzero(~one.observed)
        effect = one.given_all()
        cells = self._cells(one, empty[None], effect)
        alone = np.stack([cells.mean[0], cells.total_variance()[0]], axis=1)
        truly = np.isnan(self.published[one.rows[empty]])
        small = self.small[one.rows[empty[truly]]]
        cells = self._cells(one, empty[truly][None], effect).given_small(small, self.below)
        given = _given(cells, rest)
        # a small cell's own limits are tighter than what is left of the total
        moved = np.flatnonzero(truly)[~small]
        alone[moved] = np.stack([given.mean[0], given.variance[0]], axis=1)[~small]
        return alone, float(given.sum_variance[0])

    def each_alone(self, one: GemeenteYear, rest: tuple[float, float] | None) -> Floats:
        """Return clients and variance of every published cell as if it were blank too, (n, 2)."""
        shown = np.flatnonzero(one.observed)
        if not len(shown):
            return np.zeros((0, 2))
        empty = np.flatnonzero(~one.observed & np.isnan(self.published[one.rows]))
        blank = np.column_stack([shown, np.tile(empty, (len(shown), 1))])
        small = np.concatenate([[False], self.small[one.rows[empty]]])
        cells = self._cells(one, blank, one.without_each()).given_small(small, self.below)
        given = _given(cells, rest, self.published[one.rows[shown]])
        return np.stack([given.mean[:, 0], given.variance[:, 0]], axis=1)

    def _cells(self, one: GemeenteYear, blank: Ints, effect: tuple[Floats, Floats]) -> BlankCells:
        parts = one.offset[blank], one.loading[blank], one.variance[blank]
        return BlankCells.build(self.expected[one.rows][blank], parts, *effect)


def _given(
    cells: BlankCells, rest: tuple[float, float] | None, added: Floats | float = 0.0
) -> GivenSum:
    """Return what cells are given what is left of the total, with what each case adds to that."""
    if rest is None:
        variance = cells.total_variance()
        return GivenSum(cells.mean, variance, variance.sum(axis=1))
    return given_sum(cells, np.broadcast_to(rest[0] + added, len(cells.mean)), rest[1])


def _scales(cells: pd.DataFrame, estimated: pd.DataFrame) -> pd.Series:
    """Return by fold how many standard deviations hold 90% of other folds' blank cells."""
    spread = np.sqrt(estimated["cell_variance"].where(estimated["cell_variance"] > 0))
    errors = (cells["clients"] - estimated["cell"]) / spread
    with_total = errors.where(estimated["total_known"])
    return unassigned.scale_of_others(with_total, cells["fold"])
