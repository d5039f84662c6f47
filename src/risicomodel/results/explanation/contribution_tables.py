"""Contributions as tables: a row per wijk, year and column, feature or family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.data.features import declared, part_of

if TYPE_CHECKING:
    from risicomodel.data.features import FeatureSet
    from risicomodel.results.explanation.attributions import Attributions


CUT = "afkapping"  # what clipping a rate to 0–1 adds or takes off
COLUMN, FEATURE, FAMILY = "column", "feature", "family"


@dataclass(frozen=True)
class Aggregation:
    """Contributions per column, per declared feature with its contexts, or per family.

    Parameters
    ----------
    name : str
        ``column``, ``feature`` or ``family``.
    attributions : Attributions
        The terms, summed so, without what was clipped.
    families : dict of str to str
        The family of each term.
    values : DataFrame or None
        The value of each term, a row per row explained; None for families.
    """

    name: str
    attributions: Attributions
    families: dict[str, str]
    values: pd.DataFrame | None


def aggregations(
    attributions: Attributions, features: FeatureSet, x: pd.DataFrame
) -> list[Aggregation]:
    """Return the contributions per column, per declared feature and per family.

    Parameters
    ----------
    attributions : Attributions
        Terms per column.
    features : FeatureSet
        The run's features.
    x : DataFrame
        The values of all columns, a row per row explained.

    Returns
    -------
    list of Aggregation
        ``column``, ``feature``, ``family``, in this order.
    """
    declared_names = [declared(name) for name in attributions.names]
    families = [features.define[name].family for name in declared_names]
    nulls = attributions.nulls.summed_by([declared(name) for name in attributions.nulls.names])
    by_feature = attributions.summed_by(declared_names, nulls)
    per_family = round(len(by_feature.names) / len(set(families)))
    by_family = attributions.summed_by(families, nulls.in_groups_of(per_family))
    return [
        Aggregation(COLUMN, attributions, dict(zip(attributions.names, families, strict=True)), x),
        Aggregation(
            FEATURE,
            by_feature,
            dict(zip(declared_names, families, strict=True)),
            x[by_feature.names],
        ),
        Aggregation(FAMILY, by_family, {name: name for name in families}, None),
    ]


def contribution_rows(aggregation: Aggregation, similar: Ints) -> pd.DataFrame:
    """Return a row per wijk, year and term.

    Parameters
    ----------
    aggregation : Aggregation
        Contributions of columns, declared features or families.
    similar : array of int, shape (n, k)
        For every row, the positions of the rows of its nearest wijken; −1 for none.

    Returns
    -------
    DataFrame
        ``domain``, ``wijk_code``, ``year``, ``feature`` (not for families), ``family``, ``part``
        (for columns), ``value`` (not for families), ``contribution``, ``contribution_low``,
        ``contribution_high``, ``contribution_vs_gemeente``, ``contribution_vs_similar``,
        ``base_rate`` (all in rate), ``champion``, ``stable``; sorted by key. Where a rate was
        clipped at 0 or 1, a row ``afkapping`` has what that added or took off.
    """
    aggregation, was_clipped = _with_cut(aggregation), aggregation.attributions.cut != 0
    attributions = aggregation.attributions
    # sorted by the table's key
    row_order = np.lexsort((attributions.rows["year"], attributions.rows["wijk_code"]))
    order = np.argsort(np.array(attributions.names), kind="stable")
    terms = np.tile(order, len(row_order))
    ordered = attributions.rows.iloc[row_order]
    table = pd.DataFrame(
        {
            "domain": pd.Categorical([attributions.domain]).repeat(len(terms)),
            "wijk_code": pd.Categorical(ordered["wijk_code"]).repeat(len(order)),
            "year": ordered["year"].to_numpy().repeat(len(order)),
            **_labels(aggregation, terms),
            **{
                name: wide[row_order][:, order].ravel()
                for name, wide in _contribution_columns(aggregation, similar).items()
            },
            "base_rate": attributions.base[row_order].repeat(len(order)),
            "champion": True,
            "stable": stable(aggregation)[row_order][:, order].ravel(),
        }
    )
    shown = np.array([name != CUT for name in attributions.names])[terms] | was_clipped[
        row_order
    ].repeat(len(order))
    out: pd.DataFrame = table[shown].reset_index(drop=True)
    return out


def _with_cut(aggregation: Aggregation) -> Aggregation:
    """Return the aggregation with clipping as a term of its own, where there is any."""
    attributions = aggregation.attributions
    if not (attributions.cut != 0).any():
        return aggregation
    refits = np.broadcast_to(
        attributions.cut[:, None], (len(attributions.refits), len(attributions.cut), 1)
    )
    with_cut = replace(
        attributions,
        names=[*attributions.names, CUT],
        terms=np.column_stack([attributions.terms, attributions.cut]),
        refits=np.concatenate([attributions.refits, refits], axis=2),
        cut=np.zeros_like(attributions.cut),
    )
    values = None if aggregation.values is None else aggregation.values.assign(**{CUT: np.nan})
    return replace(
        aggregation,
        attributions=with_cut,
        families={**aggregation.families, CUT: CUT},
        values=values,
    )


def _contribution_columns(aggregation: Aggregation, similar: Ints) -> dict[str, Floats]:
    """Return the columns with figures, each of shape (rows, terms)."""
    attributions, areas = aggregation.attributions, aggregation.attributions.rows
    gemeente = (areas["gm_code"] + areas["year"].astype("str")).to_numpy()
    mean = groups.mean_within(attributions.terms, areas["people"].to_numpy(), gemeente)
    value = {} if aggregation.values is None else {"value": aggregation.values.to_numpy()}
    return {
        **value,
        "contribution": attributions.terms,
        "contribution_low": attributions.low,
        "contribution_high": attributions.high,
        "contribution_vs_gemeente": attributions.terms - mean,
        "contribution_vs_similar": attributions.terms
        - _mean_over_similar(attributions.terms, similar),
    }


def _mean_over_similar(terms: Floats, similar: Ints) -> Floats:
    """Return the mean of every term over the nearest wijken; NaN where there are none."""
    total = np.zeros(terms.shape)
    for column in similar.T:
        total += np.where((column >= 0)[:, None], terms[column], 0.0)
    count = (similar >= 0).sum(axis=1, keepdims=True)
    out = np.full(terms.shape, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def stable(aggregation: Aggregation) -> Bools:
    """Return which terms may be called drivers: beyond the margin in all refits, and a value.

    Parameters
    ----------
    aggregation : Aggregation
        Contributions of columns, declared features or families.

    Returns
    -------
    array of bool, shape (n, p)
    """
    out: Bools = aggregation.attributions.stable & np.array(
        [name != CUT for name in aggregation.attributions.names]
    )
    if aggregation.values is not None:
        out = out & aggregation.values.notna().to_numpy()
    return out


def _labels(aggregation: Aggregation, terms: Ints) -> dict[str, Any]:
    names = aggregation.attributions.names
    labels: dict[str, Any] = {
        "family": pd.Categorical([aggregation.families[name] for name in names])[terms]
    }
    if aggregation.name != FAMILY:
        labels = {"feature": pd.Categorical(names)[terms], **labels}
    if aggregation.name == COLUMN:
        parts = [part_of(name) for name in names]
        labels["part"] = pd.Categorical(parts)[terms]
    return labels
