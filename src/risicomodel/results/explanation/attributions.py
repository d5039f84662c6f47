"""One domain's contributions, put together from every fold, refits beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Bools, Floats
from risicomodel.core.errors import DataError
from risicomodel.data.domains import population_column
from risicomodel.results.explanation.tasks import BASE, CUT, ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.learning.problem import Problem


EXACT = 1e-9
SIGN = 1e-12  # in rate: what is nearer to 0 has no sign


@dataclass(frozen=True)
class Part:
    """One table of contributions and which refit (0: the fold's own model) its rows are of."""

    refit: int
    table: pd.DataFrame


@dataclass(frozen=True)
class Explained:
    """What n wijk-years are expected to have, as a base and p terms: ``base + terms + cut``.

    Parameters
    ----------
    domain, champion : str
        Whose, and by which model.
    rows : DataFrame
        ``row`` (position in the panel), ``wijk_code``, ``gm_code``, ``year``, ``people`` (at risk).
    names : list of str
        What the terms are of.
    base : array of shape (n,)
        What is expected of the country's people as a whole that year, by the model of the fold.
    terms : array of shape (n, p)
        What each adds to that (in rate); over the country's people they add up to nothing.
    cut : array of shape (n,)
        What is added or taken off because a rate lies between 0 and 1; nearly always 0.
    refits : array of shape (r, n, p)
        The terms by refits on half of the other gemeenten.
    """

    domain: str
    champion: str
    rows: pd.DataFrame
    names: list[str]
    base: Floats
    terms: Floats
    cut: Floats
    refits: Floats

    @property
    def rate(self) -> Floats:
        """What is expected."""
        out: Floats = self.base + self.terms.sum(axis=1) + self.cut
        return out

    @property
    def low(self) -> Floats:
        """The least of every term, over refits and the fold's own model."""
        out: Floats = self.refits.min(axis=0, initial=float("inf"))
        return out.clip(max=self.terms)

    @property
    def high(self) -> Floats:
        """The most of every term, over refits and the fold's own model."""
        out: Floats = self.refits.max(axis=0, initial=float("-inf"))
        return out.clip(min=self.terms)

    @property
    def stable(self) -> Bools:
        """Which terms have the same sign in every refit; none without refits."""
        if len(self.refits) == 0:
            return np.zeros(self.terms.shape, dtype="bool")
        out: Bools = (self.low > SIGN) | (self.high < -SIGN)
        return out

    def together(self, of: Sequence[str]) -> Explained:
        """Return the same with terms summed: ``of`` tells what each is part of."""
        names = sorted(set(of))
        member = np.array([[name == own for name in names] for own in of], dtype="float64")
        return replace(self, names=names, terms=self.terms @ member, refits=self.refits @ member)


def gather(
    problem: Problem,
    champion: str,
    parts: list[Part],
    expected: pd.Series,
) -> Explained:
    """Put one domain's contributions together.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    champion : str
        The model that was explained.
    parts : list of Part
        Contributions of every fold by its own model and by every refit.
    expected : Series
        The champion's out-of-fold rates (at most 1), by row of the panel.

    Raises
    ------
    DataError
        If what was explained is not what was expected.
    """
    names = list(problem.x.columns)
    wide = [_whole([p.table for p in parts if p.refit == n], names) for n in _numbers(parts)]
    facts = problem.wijken.loc[wide[0].index, ["wijk_code", "gm_code", "year"]]
    people = problem.wijken.loc[wide[0].index, population_column(problem.domain)].fillna(0.0)
    rows = facts.assign(people=people).reset_index(names=ROW)
    terms = np.stack([table[names].to_numpy() for table in wide])
    centre = np.stack([_centre(own, rows) for own in terms])
    base = wide[0][BASE].to_numpy() + centre[0].sum(axis=1)
    rate = expected.loc[wide[0].index].to_numpy()
    uncut = wide[0][BASE].to_numpy() + terms[0].sum(axis=1)
    cut = wide[0][CUT].to_numpy() + np.minimum(0.0, 1.0 - uncut - wide[0][CUT].to_numpy())
    terms -= centre
    found = Explained(problem.domain, champion, rows, names, base, terms[0], cut, terms[1:])
    if (worst := float(np.abs(found.rate - rate).max(initial=0.0))) > EXACT:
        raise DataError(
            f"{problem.domain}: contributions add up to something else than was expected (off by "
            f"{worst:.1g}); allowed is {EXACT:.0e}. The models explained are not those that "
            "predicted: run again with cache=false."
        )
    return found


def _numbers(parts: list[Part]) -> list[int]:
    return sorted({part.refit for part in parts})


def _whole(tables: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Return all folds' rows in the panel's order, a column per feature; 0 where none is used."""
    table = pd.concat(tables, ignore_index=True).set_index(ROW).sort_index()
    return table.reindex(columns=[BASE, CUT, *names]).fillna(0.0)


def _centre(terms: Floats, rows: pd.DataFrame) -> Floats:
    """Return, for every row, the mean of every term over the country's people that year."""
    return groups.mean_within(terms, rows["people"].to_numpy(), rows["year"].to_numpy())
