"""Summaries for the country: importance of features, dependence on their values, interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.results.explanation.attributions import SIGN_TOLERANCE
from risicomodel.results.explanation.contribution_tables import FEATURE
from risicomodel.results.explanation.null_margin import exceeding_shares, smallest_sizes
from risicomodel.results.explanation.tasks import BETWEEN, ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.features import FeatureSet
    from risicomodel.results.explanation.attributions import Attributions
    from risicomodel.results.explanation.contribution_tables import Aggregation


MIN_SHARE = 0.005  # of the sum of importances; a feature with less counts as unused
BINS = 20
EDGES = (0.005, 0.995)  # quantiles of a value between which its bins lie
PERCENTILES = (0.1, 0.9)
PAIRS = [
    "domain", "rank", "feature_1", "feature_2", "family_1", "family_2", "mean_abs",
    "low_low", "high_low", "low_high", "high_high", "n_wijken",
]  # fmt: skip
PART_OF_TARGET, EMPTY, UNUSED = "part of its own figure", "no value", "hardly any effect"


def importance(aggregations: list[Aggregation], features: FeatureSet) -> pd.DataFrame:
    """Return the importance of every column, declared feature and family.

    Parameters
    ----------
    aggregations : list of Aggregation
        From :func:`risicomodel.results.explanation.contribution_tables.aggregations`.
    features : FeatureSet
        The run's features.

    Returns
    -------
    DataFrame
        ``domain``, ``level`` (column, feature, family), ``name``, ``family``, ``rank``,
        ``mean_abs`` (mean absolute contribution, weighted by people, in rate), ``share`` (of the
        sum for that level), ``stable_share`` (of people in whose wijk its sign is stable),
        ``used``, and where it is not used ``why``.
    """
    parts = []
    for aggregation in aggregations:
        table = _mean_sizes(aggregation.attributions).assign(level=aggregation.name)
        table["family"] = table["name"].map(aggregation.families)
        if aggregation.name == FEATURE:
            table = _with_unused(table, aggregation, features)
        table["used"] = table["share"] >= MIN_SHARE
        table["why"] = table.get("why", pd.Series("", table.index))
        table.loc[~table["used"] & (table["why"] == ""), "why"] = UNUSED
        parts.append(table)
    table = pd.concat(parts, ignore_index=True)
    first = ["domain", "level", "name", "family", "rank"]
    return table[[*first, "mean_abs", "share", "stable_share", "used", "why"]]


def stability(aggregations: list[Aggregation]) -> pd.DataFrame:
    """Return how often contributions are stable, and how often those of null features would be.

    Parameters
    ----------
    aggregations : list of Aggregation
        From :func:`risicomodel.results.explanation.contribution_tables.aggregations`.

    Returns
    -------
    DataFrame
        ``domain``, ``level`` (column, feature, family), ``null_features`` (how many; for families
        sums of several), ``margin`` (in rate), and of all contributions the shares with
        ``same_sign`` and ``stable``; ``null_same_sign`` and ``null_stable`` are those shares of
        null features, empty where there are none.
    """
    return pd.DataFrame([_stability_row(aggregation) for aggregation in aggregations])


def _stability_row(aggregation: Aggregation) -> dict[str, object]:
    attributions = aggregation.attributions
    sizes = (
        smallest_sizes(attributions.nulls.refits) if len(attributions.refits) else np.zeros((0, 0))
    )
    shares = np.full((2, 1), np.nan)
    if sizes.size:
        shares = exceeding_shares(sizes, np.array([SIGN_TOLERANCE, attributions.margin]))
    same_sign, stable = (float(share) for share in shares.mean(axis=1))
    return {
        "domain": attributions.domain,
        "level": aggregation.name,
        "null_features": len(attributions.nulls.names),
        "margin": attributions.margin,
        "same_sign": float(attributions.same_sign.mean()),
        "stable": float(attributions.stable.mean()),
        "null_same_sign": same_sign,
        "null_stable": stable,
    }


def _mean_sizes(attributions: Attributions) -> pd.DataFrame:
    people = attributions.rows["people"].to_numpy()
    weight = people / people.sum() if people.sum() > 0 else np.full(len(people), 1 / len(people))
    size = weight @ np.abs(attributions.terms)
    table = pd.DataFrame(
        {
            "domain": attributions.domain,
            "name": attributions.names,
            "mean_abs": size,
            "share": size / size.sum() if size.sum() > 0 else size,
            "stable_share": weight @ attributions.stable,
        }
    ).sort_values(["mean_abs", "name"], ascending=[False, True], ignore_index=True)
    return table.assign(rank=range(1, len(table) + 1))


def _with_unused(
    table: pd.DataFrame, aggregation: Aggregation, features: FeatureSet
) -> pd.DataFrame:
    """Return the table with features that the domain may not use, and those without any value."""
    blank = (
        set()
        if aggregation.values is None
        else {*aggregation.values.columns[aggregation.values.isna().all()]}
    )
    table["why"] = table["name"].isin(blank).map({True: EMPTY, False: ""})
    unused = [name for name in features.define if name not in set(table["name"])]
    unused_rows = pd.DataFrame(
        {
            "domain": aggregation.attributions.domain,
            "level": aggregation.name,
            "name": unused,
            "family": [features.define[name].family for name in unused],
            "rank": range(len(table) + 1, len(table) + 1 + len(unused)),
            "mean_abs": 0.0,
            "share": 0.0,
            "stable_share": 0.0,
            "why": PART_OF_TARGET,
        }
    )
    return pd.concat([table, unused_rows], ignore_index=True) if unused else table


def dependence(aggregation: Aggregation) -> pd.DataFrame:
    """Return the contribution of features along their values.

    Parameters
    ----------
    aggregation : Aggregation
        Contributions of columns or of declared features.

    Returns
    -------
    DataFrame
        ``domain``, ``level``, ``feature``, ``bin`` (of equal width; the outer ones are open),
        ``value`` (mean of the bin), ``value_from``, ``value_to``, ``contribution`` (mean), ``low``
        and ``high`` (10th and 90th percentile), ``share`` (of wijken with a value) and
        ``n_wijken``. For declared features the value is the wijk's own, and the contribution
        includes that of its contexts.
    """
    if aggregation.values is None:
        return pd.DataFrame()
    attributions = aggregation.attributions
    parts = [
        _dependence_bins(
            aggregation.values[name].to_numpy(), attributions.terms[:, position]
        ).assign(feature=name)
        for position, name in enumerate(attributions.names)
    ]
    table = pd.concat(parts, ignore_index=True).assign(
        domain=attributions.domain, level=aggregation.name
    )
    first = ["domain", "level", "feature", "bin"]
    return table[[*first, *(c for c in table.columns if c not in first)]]


def _dependence_bins(value: Floats, term: Floats) -> pd.DataFrame:
    has_value = np.isfinite(value)
    value, term = value[has_value], term[has_value]
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
            "low": _quantiles(terms, first, count, PERCENTILES[0]),
            "high": _quantiles(terms, first, count, PERCENTILES[1]),
            "share": count / max(len(value), 1),
            "n_wijken": count,
        }
    )


def _means(ordered: Floats, first: Ints, count: Ints) -> Floats:
    # reduceat fails on an empty array
    out: Floats = np.add.reduceat(ordered, first) / count if len(first) else np.zeros(0)
    return out


def _quantiles(ordered: Floats, first: Ints, count: Ints, share: float) -> Floats:
    """Return a quantile of every group, with the linear interpolation of numpy and pandas."""
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
    """Return the pairs of features with the strongest interactions.

    Parameters
    ----------
    domain : str
        The domain.
    pairs : DataFrame or None
        ``row`` and a column per pair (in rate), from
        :func:`risicomodel.results.explanation.tasks.explain_task`.
    x : DataFrame
        The features of the panel.
    families : mapping of str to str
        The family of every declared feature.
    count : int
        How many pairs.

    Returns
    -------
    DataFrame
        ``domain``, ``rank``, ``feature_1``, ``feature_2``, ``family_1``, ``family_2``,
        ``mean_abs`` (in rate), and the mean interaction where both values are below their median
        (``low_low``), the first is above it (``high_low``), the second is (``low_high``) and both
        are (``high_high``); ``n_wijken`` is the size of the sample.
    """
    if pairs is None:
        return pd.DataFrame(columns=PAIRS)
    size = pairs.drop(columns=ROW).abs().mean()
    size = size[size > 0].sort_values(ascending=False, kind="stable").head(count)
    out = []
    for rank, (label, strength) in enumerate(size.items(), start=1):
        first, second = str(label).split(BETWEEN)
        key = {"domain": domain, "rank": rank, "feature_1": first, "feature_2": second}
        labels = {"family_1": families[first], "family_2": families[second], "mean_abs": strength}
        values = x.loc[pairs[ROW], [first, second]].reset_index(drop=True)
        out.append({**key, **labels, **_corner_means(pairs[label], values), "n_wijken": len(pairs)})
    return pd.DataFrame(out, columns=PAIRS)


def _corner_means(pair: pd.Series, values: pd.DataFrame) -> dict[str, float]:
    """Return a pair's mean interaction where each of its values is below or above its median."""
    above = values.gt(values.median()).to_numpy()
    names = {(False, False): "low_low", (True, False): "high_low"}
    names |= {(False, True): "low_high", (True, True): "high_high"}
    interplay = pair.to_numpy()
    out = {}
    for corner, name in names.items():
        inside = (above == corner).all(axis=1)
        out[name] = float(interplay[inside].mean()) if inside.any() else float("nan")
    return out
