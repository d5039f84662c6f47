"""Null features: features that mean nothing here, to measure how often nothing seems something.

A null feature is a real one, with all its contexts, as it is in another gemeente: every gemeente
gets the figures of another one of like size, wijk by wijk and year by year. So it has the values of
a real feature, lasts over the years, and is shared by the wijken of a gemeente as those are: a
feature shuffled over wijken would have less of a chance to go with whatever else a gemeente has.
What it adds to the expected rate of a wijk is nothing but coincidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import storage
from risicomodel.core.arrays import Floats, Ints
from risicomodel.data import features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.learning.problem import Problem

ALIKE = 20  # gemeenten of like size that exchange their figures
MARK = "__null"  # between the name of the real feature and a number


@dataclass(frozen=True)
class NullTerms:
    """The contributions of null features, by refits.

    Parameters
    ----------
    names : list of str
        Names of the q terms.
    refits : array of shape (r, n, q)
        Contributions (in rate); NaN where the feature has no value.
    """

    names: list[str]
    refits: Floats

    @classmethod
    def none(cls, refits: int, rows: int) -> NullTerms:
        """Return no terms, by some refits for some rows."""
        return cls([], np.zeros((refits, rows, 0)))

    @property
    def in_use(self) -> NullTerms:
        """The terms that a refit used; a feature that the model does not see is no null feature."""
        used = (np.nan_to_num(self.refits) != 0).any(axis=(0, 1))
        return NullTerms(
            [name for name, kept in zip(self.names, used, strict=True) if kept],
            self.refits[:, :, used],
        )

    def summed_by(self, group_of: Sequence[str]) -> NullTerms:
        """Return the terms summed by group.

        Parameters
        ----------
        group_of : sequence of str, q of them
            The group of every term.
        """
        names = list(dict.fromkeys(group_of))
        member = [[position for position, one in enumerate(group_of) if one == n] for n in names]
        summed = [self.refits[:, :, positions].sum(axis=2) for positions in member]
        return NullTerms(names, np.stack(summed, axis=2) if names else self.refits)

    def in_groups_of(self, size: int) -> NullTerms:
        """Return as many sums of several terms: of each with those that follow it, in a circle.

        Parameters
        ----------
        size : int
            Terms per sum; all terms where there are fewer.
        """
        count = len(self.names)
        values = np.nan_to_num(self.refits)
        summed = [
            values[:, :, (np.arange(min(size, count)) + first) % count].sum(axis=2)
            for first in range(count)
        ]
        return NullTerms(self.names, np.stack(summed, axis=2) if count else self.refits)


def with_null_features(problem: Problem, count: int, seed: int) -> Problem:
    """Return a problem with null features beside its own.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    count : int
        How many null features; each has a column for its own value and one per context.
    seed : int
        Seed of which features are copied, and from where.

    Returns
    -------
    Problem
        Its ``x`` has the columns of the problem, then those of null features.
    """
    if count == 0:
        return problem
    random = np.random.default_rng([seed, count])
    columns_of: dict[str, list[str]] = {}
    for column in problem.x.columns:
        columns_of.setdefault(features.declared(column), []).append(column)
    chosen = random.choice(list(columns_of), count, replace=count > len(columns_of))
    copies = [problem.x]
    for number, name in enumerate(chosen):
        donors = donor_rows(problem.wijken, random)
        copy = problem.x[columns_of[name]].reset_index(drop=True).reindex(donors)
        copies.append(
            copy.set_axis(problem.x.index).rename(columns=_null_names(columns_of[name], number))
        )
    return replace(
        problem,
        x=pd.concat(copies, axis=1),
        fingerprint=storage.sha256_json([problem.fingerprint, "null features", count, seed]),
    )


def _null_names(columns: Sequence[str], number: int) -> Mapping[str, str]:
    """Return names of the same part: what a model sees of a feature depends on its part."""
    names = [features.declared(column) for column in columns]
    return {
        column: f"{name}{MARK}{number}{column.removeprefix(name)}"
        for column, name in zip(columns, names, strict=True)
    }


def donor_rows(wijken: pd.DataFrame, random: np.random.Generator) -> Ints:
    """Return, for every row, the row of a wijk in another gemeente of like size in that year.

    Parameters
    ----------
    wijken : DataFrame
        The panel: ``gm_group``, ``place_id``, ``year``.
    random : Generator
        Draws which gemeente gets the figures of which.

    Returns
    -------
    array of int, shape (n,)
        Positions in the panel; −1 where the other gemeente is not there that year.
    """
    donor_of = _donor_gemeenten(wijken, random)
    areas = pd.DataFrame(
        {
            "gemeente": wijken["gm_group"].to_numpy(),
            "year": wijken["year"].to_numpy(),
            "place": wijken["place_id"].to_numpy(),
        }
    ).sort_values(["gemeente", "year", "place"], kind="stable")
    within = areas.groupby(["gemeente", "year"])
    areas["number"] = within.cumcount()
    position = pd.Series(
        areas.index, pd.MultiIndex.from_frame(areas[["gemeente", "year", "number"]])
    )
    donor, year = areas["gemeente"].map(donor_of), areas["year"]
    size = within.size().reindex(pd.MultiIndex.from_arrays([donor, year]), fill_value=0).to_numpy()
    number = areas["number"].to_numpy() % np.maximum(size, 1)
    copied = position.reindex(pd.MultiIndex.from_arrays([donor, year, number]), fill_value=-1)
    out: Ints = copied.set_axis(areas.index).sort_index().to_numpy()
    return out


def _donor_gemeenten(wijken: pd.DataFrame, random: np.random.Generator) -> dict[object, object]:
    """Return for every gemeente one of about as many wijken: none is its own."""
    size = wijken.groupby("gm_group", observed=True)["place_id"].nunique().sort_index()
    ordered = size.index.to_numpy()[np.lexsort((random.random(len(size)), size))]
    donors: dict[object, object] = {}
    for block in np.array_split(ordered, max(1, len(ordered) // ALIKE)):
        shuffled = random.permutation(block)
        donors.update(zip(shuffled, np.roll(shuffled, 1), strict=True))
    return donors
