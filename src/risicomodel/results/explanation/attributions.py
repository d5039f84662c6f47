"""Attributions: one domain's contributions, combined over folds, with those of refits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Bools, Floats
from risicomodel.core.errors import DataError
from risicomodel.data.domains import population_column
from risicomodel.results.explanation.null_features import NullTerms
from risicomodel.results.explanation.null_margin import null_margin, smallest_sizes
from risicomodel.results.explanation.tasks import BASE, CUT, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.learning.problem import Problem


TOLERANCE = 1e-9
SIGN_TOLERANCE = 1e-12  # in rate; a contribution nearer to 0 has no sign
ALL_PASS = 1.0  # a share of null features that asks for no margin


@dataclass(frozen=True)
class RefitTable:
    """Contributions by one refit.

    Parameters
    ----------
    refit : int
        Its number; 0 is the fold's own model.
    table : DataFrame
        ``row``, ``base``, ``cut`` and a column per feature (in rate), a row per wijk and year.
    """

    refit: int
    table: pd.DataFrame


@dataclass(frozen=True)
class Attributions:
    """The expected rates of n wijk-years as a base and p terms: ``base + Σ terms + cut``.

    Parameters
    ----------
    domain, champion : str
        Of which domain, and by which model.
    rows : DataFrame
        ``row`` (position in the panel), ``wijk_code``, ``gm_code``, ``year``, ``people`` (at risk).
    names : list of str
        Names of the terms.
    base : array of shape (n,)
        Expected rate of the country's population that year, by the model of the fold.
    terms : array of shape (n, p)
        Contribution of each term (in rate); the mean over the country's population is 0.
    cut : array of shape (n,)
        What clipping the rate to 0–1 adds or takes off; nearly always 0.
    refits : array of shape (r, n, p)
        The terms by refits on half of the other gemeenten.
    nulls : NullTerms
        The terms of null features by the same refits, in use only.
    null_pass : float
        Share (0–1) of null features' terms that may be stable.
    """

    domain: str
    champion: str
    rows: pd.DataFrame
    names: list[str]
    base: Floats
    terms: Floats
    cut: Floats
    refits: Floats
    nulls: NullTerms
    null_pass: float = ALL_PASS

    @property
    def rate(self) -> Floats:
        """The expected rate, (n,)."""
        out: Floats = self.base + self.terms.sum(axis=1) + self.cut
        return out

    @property
    def low(self) -> Floats:
        """The smallest value of every term over refits and the fold's own model, (n, p)."""
        out: Floats = self.refits.min(axis=0, initial=float("inf"))
        return out.clip(max=self.terms)

    @property
    def high(self) -> Floats:
        """The largest value of every term over refits and the fold's own model, (n, p)."""
        out: Floats = self.refits.max(axis=0, initial=float("-inf"))
        return out.clip(min=self.terms)

    @property
    def stable(self) -> Bools:
        """Which terms are beyond the margin on one side in every refit, (n, p); none without."""
        return self._beyond(self.margin)

    @property
    def same_sign(self) -> Bools:
        """Which terms have the same sign in every refit, (n, p); none without refits."""
        return self._beyond(SIGN_TOLERANCE)

    @cached_property
    def margin(self) -> float:
        """What a term must exceed in every refit (in rate) for few null features to be stable."""
        if self.null_pass >= ALL_PASS:
            return SIGN_TOLERANCE
        sizes = smallest_sizes(self.nulls.refits) if self.nulls.names else np.zeros((0, 0))
        return max(null_margin(sizes, self.null_pass), SIGN_TOLERANCE)

    def _beyond(self, margin: float) -> Bools:
        if len(self.refits) == 0:
            return np.zeros(self.terms.shape, dtype="bool")
        out: Bools = (self.low > margin) | (self.high < -margin)
        return out

    def summed_by(self, group_of: Sequence[str], nulls: NullTerms) -> Attributions:
        """Return the attributions with terms summed by group.

        Parameters
        ----------
        group_of : sequence of str, p of them
            The group of every term.
        nulls : NullTerms
            Null terms summed likewise.

        Returns
        -------
        Attributions
            Terms, also those of refits, summed per group, groups sorted by name.
        """
        names = sorted(set(group_of))
        member = np.array(
            [[name == group for name in names] for group in group_of], dtype="float64"
        )
        return replace(
            self,
            names=names,
            terms=self.terms @ member,
            refits=self.refits @ member,
            nulls=nulls,
        )


def combine_folds(
    problem: Problem,
    champion: str,
    parts: list[RefitTable],
    expected: pd.Series,
    *,
    nulls: pd.DataFrame,
    null_pass: float = ALL_PASS,
) -> Attributions:
    """Combine one domain's contributions over folds.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    champion : str
        The model that was explained.
    parts : list of RefitTable
        Contributions of every fold by its own model and by every refit.
    expected : Series
        The champion's out-of-fold rates (0–1), by row of the panel.
    nulls : DataFrame
        The values of null features that refits had beside the problem's own, by row of the panel.
    null_pass : float
        Share (0–1) of null features' terms that may be stable.

    Returns
    -------
    Attributions
        Terms centred per year on the country's population.

    Raises
    ------
    DataError
        If the contributions do not sum to the prediction.
    """
    names = list(problem.x.columns)
    every = [*names, *nulls.columns]
    tables = [
        _all_folds([p.table for p in parts if p.refit == n], every) for n in _refit_numbers(parts)
    ]
    about = problem.wijken.loc[tables[0].index, ["wijk_code", "gm_code", "year"]]
    population = problem.wijken.loc[tables[0].index, population_column(problem.domain)].fillna(0.0)
    rows = about.assign(people=population).reset_index(names=ROW)
    terms = np.stack([table[names].to_numpy() for table in tables])
    yearly_mean = np.stack([_yearly_mean(refit_terms, rows) for refit_terms in terms])
    base = tables[0][BASE].to_numpy() + yearly_mean[0].sum(axis=1)
    rate = expected.loc[tables[0].index].to_numpy()
    unclipped = tables[0][BASE].to_numpy() + terms[0].sum(axis=1)
    cut = tables[0][CUT].to_numpy() + np.minimum(0.0, 1.0 - unclipped - tables[0][CUT].to_numpy())
    terms -= yearly_mean
    attributions = Attributions(
        problem.domain,
        champion,
        rows,
        names,
        base,
        terms[0],
        cut,
        terms[1:],
        _null_terms(tables[1:], nulls.loc[tables[0].index], rows),
        null_pass,
    )
    if (worst := float(np.abs(attributions.rate - rate).max(initial=0.0))) > TOLERANCE:
        raise DataError(
            f"{problem.domain}: contributions do not sum to the prediction (off by {worst:.1g}); "
            f"expected at most {TOLERANCE:.0e}. The models explained are not those that predicted: "
            "run again with cache=false."
        )
    return attributions


def _null_terms(refits: list[pd.DataFrame], values: pd.DataFrame, rows: pd.DataFrame) -> NullTerms:
    """Return the terms of null features that refits use, centred as those of real ones are."""
    names, without_value = list(values.columns), values.isna().to_numpy()
    if not refits or not names:
        return NullTerms.none(len(refits), len(rows))
    terms = np.stack([table[names].to_numpy() for table in refits])
    used = NullTerms(names, terms).in_use
    kept = np.array([name in used.names for name in names])
    centred = used.refits - np.stack([_yearly_mean(table, rows) for table in used.refits])
    centred[:, without_value[:, kept]] = np.nan
    return NullTerms(used.names, centred)


def _refit_numbers(parts: list[RefitTable]) -> list[int]:
    return sorted({part.refit for part in parts})


def _all_folds(tables: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Return all folds' rows in the panel's order, a column per feature; 0 for unused features."""
    table = pd.concat(tables, ignore_index=True).set_index(ROW).sort_index()
    return table.reindex(columns=[BASE, CUT, *names]).fillna(0.0)


def _yearly_mean(terms: Floats, rows: pd.DataFrame) -> Floats:
    """Return, for every row, the mean of every term over the country's population that year."""
    return groups.mean_within(terms, rows["people"].to_numpy(), rows["year"].to_numpy())
