"""The wijken elsewhere that a wijk is most like: in who lives there and how, not in outcomes.

Features are a wijk's own (no contexts, no location, nothing sensitive, nothing that is part of a
domain's figure), standardised within the year and held within four standard deviations. Every
family of features counts the same, however many features it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.data import features as features_module
from risicomodel.data.features import OWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet


FARTHEST = 4.0  # standard deviations
KNOWN = 0.5  # share of features that must be there
BLOCK = 1_000
DIGITS = 9  # beyond these, linear algebra may differ by how it shares out its work
COLUMNS = ["year", "wijk_code", "rank", "similar_code", "distance"]


def compared(features: FeatureSet, domains: Mapping[str, Domain]) -> dict[str, str]:
    """Return the features that wijken are compared by, and the family of each."""
    usable = [set(features_module.usable(features, n, d)) for n, d in domains.items()]
    return {
        name: feature.family
        for name, feature in features.define.items()
        if features_module.part_of(name) == OWN
        and not features_module.is_sensitive(feature)
        and all(name in names for names in usable)
    }


def similar(
    wijken: pd.DataFrame,
    values: pd.DataFrame,
    families: Mapping[str, str],
    *,
    count: int,
    least_people: int,
) -> pd.DataFrame:
    """Return the most similar wijken in other gemeenten.

    Parameters
    ----------
    wijken : DataFrame
        ``wijk_code``, ``gm_code``, ``year``, ``aantal_inwoners`` of the years asked about.
    values : DataFrame
        Their features, on the same index.
    families : mapping
        The features to compare by and their families.
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
    known = (values.notna().mean(axis=1) >= KNOWN).to_numpy()
    wijken, values = wijken[known], values[known]
    points = _standardised(values, families)
    gemeente = pd.factorize(wijken["gm_code"])[0]
    offered = np.flatnonzero((wijken["aantal_inwoners"] >= least_people).to_numpy())
    near, distance = _nearest(points, gemeente, offered, count)
    code = wijken["wijk_code"].to_numpy()
    rank = np.tile(np.arange(1, near.shape[1] + 1), len(near))
    table = pd.DataFrame(
        {
            "year": wijken["year"].repeat(near.shape[1]).to_numpy(),
            "wijk_code": np.repeat(code, near.shape[1]),
            "rank": rank,
            "similar_code": code[near.ravel()],
            "distance": distance.ravel(),
        }
    )
    elsewhere: pd.DataFrame = table[np.isfinite(table["distance"])]
    return elsewhere


def _standardised(values: pd.DataFrame, families: Mapping[str, str]) -> Floats:
    """Return standard scores, 0 where missing, such that every family counts the same."""
    spread = values.std().where(lambda s: s > 0)
    scores = ((values - values.mean()) / spread).clip(-FARTHEST, FARTHEST).fillna(0.0)
    family = pd.Series(families)[list(values.columns)]
    size = family.map(family.value_counts()) * family.nunique()
    return (scores / size.astype("float64") ** 0.5).to_numpy()


def _nearest(
    points: Floats,
    gemeente: Ints,
    offered: Ints,
    count: int,
) -> tuple[Ints, Floats]:
    """Return the nearest offered points of other gemeenten, and how far; infinite where none."""
    count = min(count, len(offered))
    if count == 0:
        return np.zeros((len(points), 0), dtype="int64"), np.zeros((len(points), 0))
    theirs = points[offered]
    squares = (theirs**2).sum(axis=1)
    near = np.zeros((len(points), count), dtype="int64")
    distance = np.zeros((len(points), count))
    for first in range(0, len(points), BLOCK):
        rows = slice(first, first + BLOCK)
        mine = points[rows]
        apart = (mine**2).sum(axis=1)[:, None] + squares - 2 * mine @ theirs.T
        apart = np.round(apart.clip(0.0), DIGITS)
        apart[gemeente[rows][:, None] == gemeente[offered]] = np.inf
        few = np.sort(np.argpartition(apart, count - 1, axis=1)[:, :count], axis=1)
        found = np.take_along_axis(apart, few, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        near[rows] = offered[np.take_along_axis(few, order, axis=1)]
        distance[rows] = np.sqrt(np.take_along_axis(found, order, axis=1))
    return near, distance
