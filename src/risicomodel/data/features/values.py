"""Values of the declared features for every wijk and year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.data.features.declarations import CONTEXTS, contexts, sources
from risicomodel.data.panel import location, names

if TYPE_CHECKING:
    from risicomodel.data.features.declarations import FeatureSet

# persons: with fewer within reach there are no surroundings
SLIGHT = 1.0
DIGITS = 9


def compute(features: FeatureSet, wijken: pd.DataFrame) -> pd.DataFrame:
    """Compute every feature for every row.

    Parameters
    ----------
    features : FeatureSet
        A checked set.
    wijken : DataFrame
        The panel's wijken (KWB columns, ``gm_code``, ``year``, ``aantal_inwoners``).

    Returns
    -------
    DataFrame of float64
        The columns of :func:`risicomodel.data.features.columns`; NaN where a source is missing or
        the formula has no finite value.
    """
    people = wijken["aantal_inwoners"].fillna(0)
    table = _formula_values(features, wijken)
    centred = [name for name, feature in features.define.items() if feature.centre]
    if centred:
        table[centred] -= groups.mean_within_of_known(table[centred], people, [wijken["year"]])
    parts = {
        context: [n for n, f in features.define.items() if context in contexts(f, features)]
        for context in CONTEXTS
    }
    means = groups.mean_within_of_known(table, people, [wijken["gm_code"], wijken["year"]])
    around = _mean_around(table[parts["omgeving"]], people, wijken, features.surroundings_km)
    made = {
        "verschil": (table - means)[parts["verschil"]],
        "gemeente": means[parts["gemeente"]],
        "omgeving": around,
    }
    added = [made[c].add_suffix(suffix) for c, suffix in CONTEXTS.items()]
    return pd.concat([table, *added], axis=1)


def _formula_values(features: FeatureSet, wijken: pd.DataFrame) -> pd.DataFrame:

    values = {}
    with np.errstate(all="ignore"):
        for name, feature in features.define.items():
            used = sorted(sources(feature))
            absent = set(used) - set(wijken.columns)
            # 'eval' prepares every column of the frame, so the frame has only those needed
            value = np.nan if absent else wijken[used].eval(feature.formula, engine="python")
            series = pd.Series(value, index=wijken.index, dtype="float64")
            values[name] = series.where(np.isfinite(series))
    return pd.DataFrame(values, index=wijken.index)


def _mean_around(
    table: pd.DataFrame, weight: pd.Series, wijken: pd.DataFrame, reach: float
) -> pd.DataFrame:
    """Return every row's mean over the other wijken of its year, nearer ones weighing more."""
    if table.shape[1] == 0 or not set(location.GRID) <= set(wijken.columns):
        return table * float("nan")
    weights = table.notna().mul(weight, axis=0)
    values = table.fillna(0.0).mul(weight, axis=0)
    # both sums at once, minus the wijk itself: it is not among its own surroundings
    both = values.add_suffix(" of people").join(weights.add_suffix(" people"))
    total = location.gather(wijken, both, reach) - both
    people = total[weights.columns + " people"].set_axis(table.columns, axis=1)
    summed = total[values.columns + " of people"].set_axis(table.columns, axis=1)
    # digits beyond these depend on how linear algebra divides its work
    return (summed / people.where(people > SLIGHT)).round(DIGITS)


def vintage(wijken: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with only what was published when the year's figures were published.

    The figures of year T are published in T + 1. A topic whose edition E is published in E + lag is
    then known up to edition T + 1 − lag: topics with a lag of two years are taken from the same
    place one year earlier.

    Parameters
    ----------
    wijken : DataFrame
        The panel: ``place_id``, ``year``, KWB columns and the edition of every topic.

    Returns
    -------
    DataFrame
        The same rows and columns; NaN where the place has no row a year earlier.
    """
    late = {topic: lag - 1 for topic, lag in names.RELEASE_LAG.items() if lag > 1}
    out = wijken.copy()
    for topic, years in late.items():
        columns = [
            c for c in [*names.topics().get(topic, []), names.edition_column(topic)] if c in wijken
        ]
        if not columns:
            continue
        earlier = wijken[["place_id", "year", *columns]].assign(year=wijken["year"] + years)
        moved = wijken[["place_id", "year"]].merge(earlier, on=["place_id", "year"], how="left")
        out[columns] = moved[columns].set_index(wijken.index)
    return out
