"""The nearest wijken in other gemeenten: similar in who lives there and how, not in outcomes.

Distances use a wijk's own features (no contexts, no location, nothing sensitive, nothing that is
part of a domain's figure), standardised within the year and clipped at four standard deviations.
Every family of features weighs the same, however many features it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.data.features import OWN, is_sensitive, part_of, usable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet


MAX_SD = 4.0  # standard deviations
MIN_KNOWN = 0.5  # least share of features with a value
BLOCK = 1_000
DIGITS = 9  # further digits of a matrix product depend on the number of threads
COLUMNS = ["year", "wijk_code", "rank", "similar_code", "distance"]


def compared_features(features: FeatureSet, domains: Mapping[str, Domain]) -> dict[str, str]:
    """Return the features that wijken are compared by.

    Parameters
    ----------
    features : FeatureSet
        The run's features.
    domains : mapping of str to Domain
        Their declarations; a feature counts only if every domain may use it.

    Returns
    -------
    dict of str to str
        Family by feature.
    """
    usable_sets = [set(usable(features, n, d)) for n, d in domains.items()]
    return {
        name: feature.family
        for name, feature in features.define.items()
        if part_of(name) == OWN
        and not is_sensitive(feature)
        and all(name in names for names in usable_sets)
    }


def find_nearest(
    wijken: pd.DataFrame,
    values: pd.DataFrame,
    families: Mapping[str, str],
    *,
    count: int,
    least_people: int,
) -> pd.DataFrame:
    """Return the nearest wijken in other gemeenten.

    Parameters
    ----------
    wijken : DataFrame
        ``wijk_code``, ``gm_code``, ``year``, ``aantal_inwoners`` of the years to explain.
    values : DataFrame
        Their features, on the same index.
    families : mapping of str to str
        The features to compare by, and their families.
    count : int
        How many.
    least_people : int
        Inhabitants below which a wijk is not offered for comparison.

    Returns
    -------
    DataFrame
        ``year``, ``wijk_code``, ``rank`` (1 is nearest), ``similar_code`` and ``distance`` (0 is
        the same; 1 is a standard deviation in every family). Wijken of which more than half of
        the features are missing have no rows.
    """
    parts = [
        _of_year(rows, values.loc[rows.index, list(families)], families, count, least_people)
        for _, rows in wijken.groupby("year")
    ]
    table = pd.concat(parts)
    return table.sort_values(["year", "wijk_code", "rank"], ignore_index=True)[COLUMNS]


def _of_year(
    wijken: pd.DataFrame,
    values: pd.DataFrame,
    families: Mapping[str, str],
    count: int,
    least_people: int,
) -> pd.DataFrame:
    enough_known = (values.notna().mean(axis=1) >= MIN_KNOWN).to_numpy()
    wijken, values = wijken[enough_known], values[enough_known]
    points = _standardised(values, families)
    gemeente = pd.factorize(wijken["gm_code"])[0]
    offered = np.flatnonzero((wijken["aantal_inwoners"] >= least_people).to_numpy())
    nearest, distance = _nearest(points, gemeente, offered, count)
    code = wijken["wijk_code"].to_numpy()
    rank = np.tile(np.arange(1, nearest.shape[1] + 1), len(nearest))
    table = pd.DataFrame(
        {
            "year": wijken["year"].repeat(nearest.shape[1]).to_numpy(),
            "wijk_code": np.repeat(code, nearest.shape[1]),
            "rank": rank,
            "similar_code": code[nearest.ravel()],
            "distance": distance.ravel(),
        }
    )
    elsewhere: pd.DataFrame = table[np.isfinite(table["distance"])]
    return elsewhere


def _standardised(values: pd.DataFrame, families: Mapping[str, str]) -> Floats:
    """Return standard scores, 0 where missing, scaled so that every family weighs the same."""
    spread = values.std().where(lambda s: s > 0)
    scores = ((values - values.mean()) / spread).clip(-MAX_SD, MAX_SD).fillna(0.0)
    family = pd.Series(families)[list(values.columns)]
    size = family.map(family.value_counts()) * family.nunique()
    return (scores / size.astype("float64") ** 0.5).to_numpy()


def _nearest(
    points: Floats,
    gemeente: Ints,
    offered: Ints,
    count: int,
) -> tuple[Ints, Floats]:
    """Return the nearest offered points of other gemeenten and their distance, infinite if none."""
    count = min(count, len(offered))
    if count == 0:
        return np.zeros((len(points), 0), dtype="int64"), np.zeros((len(points), 0))
    offered_points = points[offered]
    squares = (offered_points**2).sum(axis=1)
    nearest = np.zeros((len(points), count), dtype="int64")
    distance = np.zeros((len(points), count))
    for first in range(0, len(points), BLOCK):
        rows = slice(first, first + BLOCK)
        own_points = points[rows]
        squared_distance = (
            (own_points**2).sum(axis=1)[:, None] + squares - 2 * own_points @ offered_points.T
        )
        squared_distance = np.round(squared_distance.clip(0.0), DIGITS)
        squared_distance[gemeente[rows][:, None] == gemeente[offered]] = np.inf
        candidates = np.sort(
            np.argpartition(squared_distance, count - 1, axis=1)[:, :count], axis=1
        )
        distances = np.take_along_axis(squared_distance, candidates, axis=1)
        order = np.argsort(distances, axis=1, kind="stable")
        nearest[rows] = offered[np.take_along_axis(candidates, order, axis=1)]
        distance[rows] = np.sqrt(np.take_along_axis(distances, order, axis=1))
    return nearest, distance
