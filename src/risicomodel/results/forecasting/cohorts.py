"""Project the population by age: this year's people are next year's, a year older.

Of every age group a part stays, a part moves into the next group, and the youngest group gains
births, in proportion to the group of their parents. These yearly transitions are the country's,
fitted on all wijken and years known. What a wijk grew more or less than that (new dwellings,
migration) is carried forward, shrunk by how steady it has been and damped every year. A cohort
model in the manner of Hamilton and Perry (1962), for age groups wider than a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping

AGE_GROUPS = (
    "k_0_tot_15_jaar",
    "k_15_tot_25_jaar",
    "k_25_tot_45_jaar",
    "k_45_tot_65_jaar",
    "k_65_jaar_of_ouder",
)
INHABITANTS = "aantal_inwoners"
# Groups that next year's people of a group come from; for the youngest, also that of the parents.
SOURCE_GROUPS = ((0, 2), (0, 1), (1, 2), (2, 3), (3, 4))
# A wijk's own growth: the share of it that is left a year later, and the years and people by which
# it is shrunk towards 0. Tuned on the archive: total population three years ahead is off by
# 2.6–2.9%, against 3.0–3.1% without own growth.
GROWTH_DECAY = 0.8
SHRINKAGE_YEARS, SHRINKAGE_PEOPLE = 1.5, 1_500.0
MAX_LOG_GROWTH = 0.1
# Persons: smaller wijken weigh as one of this size when the country's transitions are fitted.
MIN_SIZE = 50.0


def population_weights(population: Mapping[str, float]) -> Floats:
    """Return the weight of each age group in a population at risk.

    Parameters
    ----------
    population : mapping of str to float
        A domain's KWB columns and their weights.

    Returns
    -------
    array of shape (5,)
        All 1 where the population is not made up of age groups.

    Examples
    --------
    >>> population_weights({"k_0_tot_15_jaar": 1.0, "k_15_tot_25_jaar": 0.8}).tolist()
    [1.0, 0.8, 0.0, 0.0, 0.0]
    """
    if set(population) <= set(AGE_GROUPS):
        return np.array([population.get(group, 0.0) for group in AGE_GROUPS])
    return np.ones(len(AGE_GROUPS))


@dataclass(frozen=True)
class Transitions:
    """The country's yearly transitions between age groups.

    Parameters
    ----------
    matrix : array of shape (5, 5)
        Next year's people of a group (row) per person of a group this year (column).
    """

    matrix: Floats

    @classmethod
    def fit(cls, people: Floats) -> Transitions:
        """Fit by non-negative least squares on every wijk and pair of years that is known.

        Parameters
        ----------
        people : array of shape (areas, years, 5)
            Persons per age group; NaN where not known.

        Returns
        -------
        Transitions
            Nobody ages if there are no two years in a row.
        """
        from scipy.optimize import nnls

        n_groups = len(AGE_GROUPS)
        before, after = people[:, :-1].reshape(-1, n_groups), people[:, 1:].reshape(-1, n_groups)
        complete = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
        if not complete.any():
            return cls(np.eye(n_groups))
        before, after = before[complete], after[complete]
        # the noise of a wijk's growth falls with its size
        weight = 1 / np.sqrt(before.sum(axis=1).clip(MIN_SIZE))
        matrix = np.zeros((n_groups, n_groups))
        for group, sources in enumerate(SOURCE_GROUPS):
            columns = list(sources)
            target = after[:, group] * weight
            matrix[group, columns], _ = nnls(before[:, columns] * weight[:, None], target)
        return cls(matrix)

    def advance(self, people: Floats) -> Floats:
        """Return the people of a year later.

        Parameters
        ----------
        people : array of shape (areas, 5)
            Persons per age group.

        Returns
        -------
        array of shape (areas, 5)
            Persons per age group.
        """
        out: Floats = people @ self.matrix.T
        return out


def residual_growth(people: Floats, transitions: Transitions) -> Floats:
    """Return every area's yearly growth beyond the country's transitions.

    The mean of the years known, shrunk towards 0: few years or few people say little.

    Parameters
    ----------
    people : array of shape (areas, years, 5)
        Persons per age group; NaN where not known.
    transitions : Transitions
        The country's.

    Returns
    -------
    array of shape (areas,)
        Logarithm of the growth factor per year.
    """
    expected, actual = transitions.advance(people[:, :-1]).sum(axis=2), people[:, 1:].sum(axis=2)
    beyond = np.log(actual.clip(1.0) / expected.clip(1.0)).clip(-MAX_LOG_GROWTH, MAX_LOG_GROWTH)
    years = np.isfinite(beyond).sum(axis=1)
    size = np.nanmax(people.sum(axis=2), axis=1, initial=1.0)
    out: Floats = np.nansum(beyond, axis=1) / (years + SHRINKAGE_YEARS + SHRINKAGE_PEOPLE / size)
    return out


def constrain_to_official(
    people: Floats, first: int, gm: pd.Series, official: pd.DataFrame
) -> Floats:
    """Scale the wijken of a gemeente to an official population forecast.

    Parameters
    ----------
    people : array of shape (areas, years, 5)
        Projected persons per age group.
    first : int
        The calendar year of the first column.
    gm : Series
        Every area's ``gm_code``.
    official : DataFrame
        On ``gm_code`` and ``year``: persons per age group, or all together. After its last year the
        last factor stays.

    Returns
    -------
    array of shape (areas, years, 5)
        Persons per age group.
    """
    out = people.copy()
    by_age = set(AGE_GROUPS) <= set(official)
    columns = [*AGE_GROUPS] if by_age else [INHABITANTS]
    factor = np.ones((len(people), len(AGE_GROUPS)))
    for position in range(people.shape[1]):
        projected = (
            pd.DataFrame(people[:, position], columns=[*AGE_GROUPS]).groupby(gm.to_numpy()).sum()
        )
        sums = projected if by_age else projected.sum(axis=1).to_frame(INHABITANTS)
        year_totals = official[official.index.get_level_values("year") == first + position]
        ratio = year_totals.droplevel("year")[columns].reindex(sums.index) / sums.where(sums > 0)
        of_area = ratio.reindex(gm).to_numpy()
        factor = np.where(np.isfinite(of_area), of_area, factor)
        out[:, position] = people[:, position] * factor
    return out


def project(people: Floats, ahead: int) -> Floats:
    """Fill the years that are not known, and add years ahead.

    Parameters
    ----------
    people : array of shape (areas, years, 5)
        Persons per age group; NaN where not known.
    ahead : int
        Years to add.

    Returns
    -------
    array of shape (areas, years + ahead, 5)
        Years before the first known one hold its people; NaN where no year is known.
    """
    transitions = Transitions.fit(people)
    growth = residual_growth(people, transitions)
    out = np.concatenate([people, np.full((len(people), ahead, len(AGE_GROUPS)), np.nan)], axis=1)
    since = np.zeros(len(people))
    for year in range(1, out.shape[1]):
        missing = ~np.isfinite(out[:, year]).all(axis=1)
        grown = (
            transitions.advance(out[:, year - 1]) * np.exp(growth * GROWTH_DECAY**since)[:, None]
        )
        out[missing, year] = grown[missing]
        since = np.where(missing, since + 1, 0.0)
    for year in range(out.shape[1] - 2, -1, -1):
        missing = ~np.isfinite(out[:, year]).all(axis=1)
        out[missing, year] = out[missing, year + 1]
    return out
