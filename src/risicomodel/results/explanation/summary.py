"""What matters in the country as a whole: how much, along which values, and which pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.results.explanation.tables import FEATURE
from risicomodel.results.explanation.tasks import BETWEEN, ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.features import FeatureSet
    from risicomodel.results.explanation.attributions import Explained
    from risicomodel.results.explanation.tables import Level


SLIGHT = 0.005  # of everything that moves expectations; a feature with less is as good as not used
BINS = 20
EDGES = (0.005, 0.995)  # quantiles of a value between which its bins lie
RANGE = (0.1, 0.9)
PAIRS = [
    "domain", "rank", "feature_1", "feature_2", "family_1", "family_2", "mean_abs",
    "low_low", "high_low", "low_high", "high_high", "n_wijken",
]  # fmt: skip
LEAKS, EMPTY, UNUSED = "part of its own figure", "no value", "hardly any effect"


def importance(levels: list[Level], features: FeatureSet) -> pd.DataFrame:
    """Return how much every column, declared feature and family moves what is expected.

    Returns
    -------
    DataFrame
        ``domain``, ``level`` (column, feature, family), ``name``, ``family``, ``rank``,
        ``mean_abs`` (mean absolute contribution, weighted by people, in rate), ``share`` (of all
        of that level), ``stable_share`` (of people in whose wijk its sign is stable), ``used``,
        and where it is not used ``why``.
    """
    parts = []
    for level in levels:
        table = _sizes(level.explained).assign(level=level.name)
        table["family"] = table["name"].map(level.families)
        if level.name == FEATURE:
            table = _with_unused(table, level, features)
        table["used"] = table["share"] >= SLIGHT
        table["why"] = table.get("why", pd.Series("", table.index))
        table.loc[~table["used"] & (table["why"] == ""), "why"] = UNUSED
        parts.append(table)
    told = pd.concat(parts, ignore_index=True)
    first = ["domain", "level", "name", "family", "rank"]
    return told[[*first, "mean_abs", "share", "stable_share", "used", "why"]]


def _sizes(found: Explained) -> pd.DataFrame:
    people = found.rows["people"].to_numpy()
    weight = people / people.sum() if people.sum() > 0 else np.full(len(people), 1 / len(people))
    size = weight @ np.abs(found.terms)
    table = pd.DataFrame(
        {
            "domain": found.domain,
            "name": found.names,
            "mean_abs": size,
            "share": size / size.sum() if size.sum() > 0 else size,
            "stable_share": weight @ found.stable,
        }
    ).sort_values(["mean_abs", "name"], ascending=[False, True], ignore_index=True)
    return table.assign(rank=range(1, len(table) + 1))


def _with_unused(table: pd.DataFrame, level: Level, features: FeatureSet) -> pd.DataFrame:
    """Return the table with the features the domain may not use, and those without any value."""
    blank = set() if level.values is None else {*level.values.columns[level.values.isna().all()]}
    table["why"] = table["name"].isin(blank).map({True: EMPTY, False: ""})
    left = [name for name in features.define if name not in set(table["name"])]
    more = pd.DataFrame(
        {
            "domain": level.explained.domain,
            "level": level.name,
            "name": left,
            "family": [features.define[name].family for name in left],
            "rank": range(len(table) + 1, len(table) + 1 + len(left)),
            "mean_abs": 0.0,
            "share": 0.0,
            "stable_share": 0.0,
            "why": LEAKS,
        }
    )
    return pd.concat([table, more], ignore_index=True) if left else table


def dependence(level: Level) -> pd.DataFrame:
    """Return what a feature adds along its values, and how many wijken have them.

    Returns
    -------
    DataFrame
        ``domain``, ``level``, ``feature``, ``bin`` (of equal width; the ends are open), ``value``
        (mean of the bin), ``value_from``, ``value_to``, ``contribution`` (mean), ``low`` and
        ``high`` (10th and 90th percentile), ``share`` (of wijken with a value) and ``n_wijken``.
        For declared features the value is the wijk's own and the contribution that of its
        contexts too.
    """
    if level.values is None:
        return pd.DataFrame()
    found = level.explained
    parts = [
        _along(level.values[name].to_numpy(), found.terms[:, position]).assign(feature=name)
        for position, name in enumerate(found.names)
    ]
    table = pd.concat(parts, ignore_index=True).assign(domain=found.domain, level=level.name)
    first = ["domain", "level", "feature", "bin"]
    return table[[*first, *(c for c in table.columns if c not in first)]]


def _along(value: Floats, term: Floats) -> pd.DataFrame:
    there = np.isfinite(value)
    value, term = value[there], term[there]
    least, most = np.quantile(value, EDGES) if len(value) else (0.0, 0.0)
    inner = np.linspace(least, most, BINS + 1)[1:-1] if most > least else np.array([])
    number = np.searchsorted(inner, value, side="right")
    bins, count = np.unique(number, return_counts=True)
    values, terms = value[np.lexsort((value, number))], term[np.lexsort((term, number))]
    first = np.cumsum(count) - count
    return pd.DataFrame(
        {
            "bin": bins,
            "value": _means(values, first, count),
            "value_from": values[first],
            "value_to": values[first + count - 1],
            "contribution": _means(terms, first, count),
            "low": _quantiles(terms, first, count, RANGE[0]),
            "high": _quantiles(terms, first, count, RANGE[1]),
            "share": count / max(len(value), 1),
            "n_wijken": count,
        }
    )


def _means(ordered: Floats, first: Ints, count: Ints) -> Floats:
    # of an empty table reduceat makes an error
    out: Floats = np.add.reduceat(ordered, first) / count if len(first) else np.zeros(0)
    return out


def _quantiles(ordered: Floats, first: Ints, count: Ints, share: float) -> Floats:
    """Return a quantile of every group, interpolated as numpy's and pandas' are."""
    place = first + share * (count - 1)
    below = np.floor(place).astype("intp")
    above = np.ceil(place).astype("intp")
    out: Floats = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return out


def interactions(
    domain: str,
    pairs: pd.DataFrame | None,
    x: pd.DataFrame,
    families: Mapping[str, str],
    count: int,
) -> pd.DataFrame:
    """Return the pairs of features whose interplay moves expectations most.

    Parameters
    ----------
    domain : str
        The domain.
    pairs : DataFrame or None
        ``row`` and a column per pair, as :func:`.tasks.explain` gives it.
    x : DataFrame
        The features of the panel.
    families : mapping
        The family of every declared feature.
    count : int
        How many pairs.

    Returns
    -------
    DataFrame
        ``domain``, ``rank``, ``feature_1``, ``feature_2``, ``family_1``, ``family_2``,
        ``mean_abs`` (in rate), and what the pair adds beyond either, on average, where both are
        below their median (``low_low``), the first is above it (``high_low``), the second
        (``low_high``) and both (``high_high``); ``n_wijken`` is how many were looked at.
    """
    if pairs is None:
        return pd.DataFrame(columns=PAIRS)
    size = pairs.drop(columns=ROW).abs().mean()
    size = size[size > 0].sort_values(ascending=False, kind="stable").head(count)
    out = []
    for rank, (label, strength) in enumerate(size.items(), start=1):
        first, second = str(label).split(BETWEEN)
        fact = {"domain": domain, "rank": rank, "feature_1": first, "feature_2": second}
        of = {"family_1": families[first], "family_2": families[second], "mean_abs": strength}
        own = x.loc[pairs[ROW], [first, second]].reset_index(drop=True)
        out.append({**fact, **of, **_corners(pairs[label], own), "n_wijken": len(pairs)})
    return pd.DataFrame(out, columns=PAIRS)


def _corners(pair: pd.Series, own: pd.DataFrame) -> dict[str, float]:
    """Return the mean of a pair's interplay where each of its values is low or high."""
    above = own.gt(own.median()).to_numpy()
    names = {(False, False): "low_low", (True, False): "high_low"}
    names |= {(False, True): "low_high", (True, True): "high_high"}
    values = pair.to_numpy()
    out = {}
    for corner, name in names.items():
        here = (above == corner).all(axis=1)
        out[name] = float(values[here].mean()) if here.any() else float("nan")
    return out
