"""Scores as tidy tables: one row per domain, protocol, model, metric and group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.metrics import (
    ALL,
    FLOOR,
    GM_SIZE_CLASSES,
    METRICS,
    SIZE_CLASSES,
    noise_floor,
    size_class,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = [
    "domain", "protocol", "model", "metric", "group",
    "value", "n_wijken", "n_gemeenten", "n_rows", "seconds",
]  # fmt: skip


def groupings(rows: pd.DataFrame, *, forecast: bool) -> Mapping[str, pd.Series]:
    """Return the ways to group scored rows.

    Parameters
    ----------
    rows : DataFrame
        ``population``, ``gm_inhabitants``, ``year``; for forecasts also ``last_known``, ``origin``;
        where the total of gemeenten is known ``hidden``, with labels.
    forecast : bool
        Whether rows are predictions of a later year: these are grouped by horizon and by whether
        the wijk has an earlier figure as well.

    Returns
    -------
    mapping of str to Series
        Group labels by way of grouping: all, size of the wijk, size of the gemeente, year.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "population": [400, 3000], "gm_inhabitants": [15000, 60000], "year": [2020, 2020],
    ... })
    >>> groupings(rows, forecast=False)["size"].tolist()
    ['size:<500', 'size:2000-5000']
    """
    out = {
        ALL: pd.Series(ALL, index=rows.index),
        "size": size_class(rows["population"], SIZE_CLASSES, "size"),
        "gm_size": size_class(rows["gm_inhabitants"], GM_SIZE_CLASSES, "gm_size"),
        "year": "year:" + rows["year"].astype("str"),
    }
    if "hidden" in rows:
        out["hidden"] = rows["hidden"]
    if forecast:
        # where a wijk has no earlier figure, persistence falls back on a mean
        history = rows["last_known"].map({True: "history:known", False: "history:none"})
        out["history"] = history
        out["horizon"] = "horizon:" + (rows["year"] - rows["origin"]).astype("str")
    return out


def score(rows: pd.DataFrame, rounded_to: int = 0) -> pd.DataFrame:
    """Score the predictions of one domain, protocol and model.

    Parameters
    ----------
    rows : DataFrame
        ``clients``, ``population`` (persons), ``rate`` (predicted, 0–1), ``wijk_code``,
        ``gm_code``, ``gm_inhabitants``, ``year``, ``origin`` (−1 for none), ``last_known``.
    rounded_to : int
        The multiple that CBS rounds the domain's counts to (persons), for the noise floor.

    Returns
    -------
    DataFrame
        ``metric``, ``group``, ``value``, ``n_wijken``, ``n_gemeenten``, ``n_rows``. Groups without
        clients are left out.
    """
    forecast = bool((rows["origin"] >= 0).any())
    out = []
    for labels in groupings(rows, forecast=forecast).values():
        for label, part in rows.groupby(labels, sort=True):
            out += _score_group(str(label), part, rounded_to)
    return pd.DataFrame(out)


def _score_group(label: str, part: pd.DataFrame, rounded_to: int) -> list[dict[str, object]]:
    clients, rate, population = (
        part[name].to_numpy(dtype="float64") for name in ("clients", "rate", "population")
    )
    if clients.sum() <= 0:
        return []
    counts = {
        "n_wijken": part["wijk_code"].nunique(),
        "n_gemeenten": part["gm_code"].nunique(),
        "n_rows": len(part),
    }
    values = {name: metric(clients, rate, population) for name, metric in METRICS.items()}
    values[FLOOR] = noise_floor(clients, rounded_to)
    return [
        {"metric": name, "group": label, "value": value, **counts} for name, value in values.items()
    ]
