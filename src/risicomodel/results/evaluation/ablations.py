"""What a feature is worth: the same model on the same folds, with and without it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.results.evaluation import bootstrap

if TYPE_CHECKING:
    from risicomodel.data.features import FeatureSet

METRICS = ("wape", "wr2")


def without(features: FeatureSet, names: list[str]) -> FeatureSet:
    """Return a set of features without some.

    Parameters
    ----------
    features : FeatureSet
        The features of a run.
    names : list of str
        Which to leave out.

    Returns
    -------
    FeatureSet
        The same set, less these.
    """
    kept = {name: one for name, one in features.define.items() if name not in names}
    return replace(features, name=f"{features.name} without {', '.join(names)}", define=kept)


def cost(with_it: pd.DataFrame, without_it: pd.DataFrame) -> dict[str, Any]:
    """Return what leaving a feature out costs a model, with the interval over gemeenten.

    Parameters
    ----------
    with_it, without_it : DataFrame
        Scored rows of one domain, protocol and model, from
        :func:`risicomodel.results.evaluation.evaluate.scored_rows`.

    Returns
    -------
    dict
        For each of :data:`METRICS` its value with and without the feature (``wape_with``,
        ``wape_without``, …) and what leaving it out adds (``wape_added``, and the 90% interval
        ``wape_lower`` to ``wape_upper``, from the same draws of gemeenten); ``n_rows``.
    """
    sums = [bootstrap.sums(rows) for rows in (with_it, without_it)]
    out: dict[str, Any] = {"n_rows": len(with_it)}
    for metric in METRICS:
        before, after = (bootstrap.score(one, metric).value for one in sums)
        added = bootstrap.difference(sums[1], sums[0], metric)
        out |= {
            f"{metric}_with": before, f"{metric}_without": after, f"{metric}_added": after - before,
            f"{metric}_lower": added.lower, f"{metric}_upper": added.upper,
        }  # fmt: skip
    return out
