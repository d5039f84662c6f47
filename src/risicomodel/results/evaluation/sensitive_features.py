"""What sensitive features change: the same models on the same folds, with and without them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics
from risicomodel.data.features import is_sensitive

if TYPE_CHECKING:
    from risicomodel.data.features import FeatureSet

FIFTHS = 5
_KEYS = ["row", "model", "fold"]


def without_sensitive(features: FeatureSet) -> FeatureSet:
    """Return a set of features without the sensitive ones.

    Parameters
    ----------
    features : FeatureSet
        The features of a run.

    Returns
    -------
    FeatureSet
        The same set, less the sensitive features.
    """
    kept = {n: f for n, f in features.define.items() if not is_sensitive(f)}
    return replace(features, name=f"{features.name} without sensitive", define=kept)


def sensitive_names(features: FeatureSet) -> list[str]:
    """Return the names of the sensitive features of a set.

    Parameters
    ----------
    features : FeatureSet
        The features of a run.

    Returns
    -------
    list of str
        In the order of the set.
    """
    return [name for name, f in features.define.items() if is_sensitive(f)]


def compare_predictions(
    before: pd.DataFrame, after: pd.DataFrame, values: pd.DataFrame
) -> pd.DataFrame:
    """Compare predictions made without and with sensitive features.

    Parameters
    ----------
    before, after : DataFrame
        Scored rows of one domain and protocol, without and with sensitive features: ``row``,
        ``model``, ``fold``, ``rate``, ``clients``, ``population``, ``domain``, ``protocol``.
    values : DataFrame
        The sensitive features, a row per row of the panel.

    Returns
    -------
    DataFrame
        Per model, feature and fifth of the wijken by that feature (1 is the lowest; 0 is all):
        ``observed_rate``, ``rate_without``, ``rate_with`` (0–1, weighted by population),
        ``wape_without``, ``wape_with`` and ``n_rows``.
    """
    both = after.merge(before[[*_KEYS, "rate"]], on=_KEYS, suffixes=("", "_without"))
    out = []
    for feature in values.columns:
        value = values[feature].reindex(both["row"]).set_axis(both.index)
        fifth = pd.qcut(value.rank(method="first"), FIFTHS, labels=False) + 1
        for labels in (fifth * 0, fifth):
            grouped = both.assign(fifth=labels.astype("int64")).groupby(["model", "fifth"])
            for _, part in grouped:
                fact = {"feature": feature, "fifth": part["fifth"].iloc[0]}
                out.append({**fact, **_compare(part)})
    table = pd.DataFrame(out)
    return table.sort_values(["domain", "model", "feature", "fifth"], ignore_index=True)


def _compare(part: pd.DataFrame) -> dict[str, object]:
    people, clients = part["population"].to_numpy(), part["clients"].to_numpy()
    rates = {"without": part["rate_without"].to_numpy(), "with": part["rate"].to_numpy()}
    return {
        "domain": part["domain"].iloc[0],
        "protocol": part["protocol"].iloc[0],
        "model": part["model"].iloc[0],
        "observed_rate": clients.sum() / people.sum(),
        **{f"rate_{side}": (rate * people).sum() / people.sum() for side, rate in rates.items()},
        **{f"wape_{side}": metrics.wape(clients, rate, people) for side, rate in rates.items()},
        "n_rows": len(part),
    }
