"""How many people of which age: this year's are next year's a year older.

Of every age band a part stays, a part grows into the next band, and a part comes with the band of
their parents (births): four yearly moves that are the country's, fitted on all wijken and years
known. What a wijk grew more or less than that (dwellings built, people moved) goes on, shrunk to
how steady it has been and damped by the year. A cohort model in the manner of Hamilton and Perry
(1962), for bands wider than a year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping

BANDS = (
    "k_0_tot_15_jaar",
    "k_15_tot_25_jaar",
    "k_25_tot_45_jaar",
    "k_45_tot_65_jaar",
    "k_65_jaar_of_ouder",
)
EVERYONE = "aantal_inwoners"
# Bands that next year's people of a band come from: those of parents for the youngest.
SOURCES = ((0, 2), (0, 1), (1, 2), (2, 3), (3, 4))
# A wijk's own growth: the share of it left a year later, and as how many years without growth, and
# how many people, its steadiness is doubted. Earned on the archive: total people three years ahead
# are off by 2.6–2.9%, where none of it has 3.0–3.1%.
FADING = 0.8
DOUBT_YEARS, DOUBT_PEOPLE = 1.5, 1_500.0
LARGEST_GROWTH = 0.1
# Persons: smaller wijken tell no more of the country's moves than one of this size.
SMALL = 50.0


def weights(population: Mapping[str, float]) -> Floats:
    """Return how each age band counts in a population at risk; everyone where it is not of bands.

    Parameters
    ----------
    population : mapping
        A domain's KWB columns and weights.
    """
    if set(population) <= set(BANDS):
        return np.array([population.get(band, 0.0) for band in BANDS])
    return np.ones(len(BANDS))


@dataclass(frozen=True)
class Moves:
    """The country's yearly moves between bands, (5, 5): next year's bands from this year's."""

    matrix: Floats

    @classmethod
    def fit(cls, people: Floats) -> Moves:
        """Fit by non-negative least squares on every wijk and pair of years that is known.

        Parameters
        ----------
        people : array of shape (areas, years, 5)
            Persons per band; NaN where not known.
        """
        from scipy.optimize import nnls

        bands = len(BANDS)
        before, after = people[:, :-1].reshape(-1, bands), people[:, 1:].reshape(-1, bands)
        known = np.isfinite(before).all(axis=1) & np.isfinite(after).all(axis=1)
        if not known.any():
            return cls(np.eye(bands))
        before, after = before[known], after[known]
        # the noise of a wijk's growth falls with its size
        weight = 1 / np.sqrt(before.sum(axis=1).clip(SMALL))
        matrix = np.zeros((bands, bands))
        for band, sources in enumerate(SOURCES):
            columns = list(sources)
            wanted = after[:, band] * weight
            matrix[band, columns], _ = nnls(before[:, columns] * weight[:, None], wanted)
        return cls(matrix)

    def next(self, people: Floats) -> Floats:
        """Return the people of a year later, (areas, 5)."""
        out: Floats = people @ self.matrix.T
        return out


def own_growth(people: Floats, moves: Moves) -> Floats:
    """Return what every area grows by beyond the country's moves, per year (logarithm).

    The mean of the years known, shrunk: little is believed of few years or few people.
    """
    expected, actual = moves.next(people[:, :-1]).sum(axis=2), people[:, 1:].sum(axis=2)
    beyond = np.log(actual.clip(1.0) / expected.clip(1.0)).clip(-LARGEST_GROWTH, LARGEST_GROWTH)
    years = np.isfinite(beyond).sum(axis=1)
    size = np.nanmax(people.sum(axis=2), axis=1, initial=1.0)
    out: Floats = np.nansum(beyond, axis=1) / (years + DOUBT_YEARS + DOUBT_PEOPLE / size)
    return out


def constrain(people: Floats, first: int, gm: pd.Series, official: pd.DataFrame) -> Floats:
    """Make the people of a gemeente's wijken add up to an official forecast.

    Parameters
    ----------
    people : array of shape (areas, years, 5)
        As projected.
    first : int
        The calendar year of the first column.
    gm : Series
        Every area's ``gm_code``.
    official : DataFrame
        On ``gm_code`` and ``year``: persons per age band, or all together. After the last year it
        has, its last correction stays.
    """
    out = people.copy()
    by_band = set(BANDS) <= set(official)
    columns = [*BANDS] if by_band else [EVERYONE]
    factor = np.ones((len(people), len(BANDS)))
    for position in range(people.shape[1]):
        own = pd.DataFrame(people[:, position], columns=[*BANDS]).groupby(gm.to_numpy()).sum()
        sums = own if by_band else own.sum(axis=1).to_frame(EVERYONE)
        told = official[official.index.get_level_values("year") == first + position]
        ratio = told.droplevel("year")[columns].reindex(sums.index) / sums.where(sums > 0)
        of_area = ratio.reindex(gm).to_numpy()
        factor = np.where(np.isfinite(of_area), of_area, factor)
        out[:, position] = people[:, position] * factor
    return out


def project(people: Floats, ahead: int) -> Floats:
    """Fill the years that are not known, and add years ahead.

    Parameters
    ----------
    people : array of shape (areas, years, 5)
        Persons per band; NaN where not known.
    ahead : int
        Years to add.

    Returns
    -------
    array of shape (areas, years + ahead, 5)
        Years before the first known one hold its people; NaN where no year is known.
    """
    moves = Moves.fit(people)
    growth = own_growth(people, moves)
    out = np.concatenate([people, np.full((len(people), ahead, len(BANDS)), np.nan)], axis=1)
    since = np.zeros(len(people))
    for year in range(1, out.shape[1]):
        missing = ~np.isfinite(out[:, year]).all(axis=1)
        grown = moves.next(out[:, year - 1]) * np.exp(growth * FADING**since)[:, None]
        out[missing, year] = grown[missing]
        since = np.where(missing, since + 1, 0.0)
    for year in range(out.shape[1] - 2, -1, -1):
        missing = ~np.isfinite(out[:, year]).all(axis=1)
        out[missing, year] = out[missing, year + 1]
    return out
