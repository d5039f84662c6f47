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


def groupings(rows: pd.DataFrame, *, ahead: bool) -> Mapping[str, pd.Series]:
    """Return the ways to group scored rows: all, sizes, year and, ahead, history and horizon."""
    out = {
        ALL: pd.Series(ALL, index=rows.index),
        "size": size_class(rows["population"], SIZE_CLASSES, "size"),
        "gm_size": size_class(rows["gm_inhabitants"], GM_SIZE_CLASSES, "gm_size"),
        "year": "year:" + rows["year"].astype("str"),
    }
    if ahead:
        # persistence has nothing of its own to say where no earlier figure is known
        known = rows["last_known"].map({True: "history:known", False: "history:none"})
        out["history"] = known
        out["horizon"] = "horizon:" + (rows["year"] - rows["origin"]).astype("str")
    return out


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """Score predictions of one domain, protocol and model.

    Parameters
    ----------
    rows : DataFrame
        ``clients``, ``population`` (persons), ``rate`` (predicted), ``wijk_code``, ``gm_code``,
        ``gm_inhabitants``, ``year``, ``origin``, ``last_known``.

    Returns
    -------
    DataFrame
        ``metric``, ``group``, ``value``, ``n_wijken``, ``n_gemeenten``, ``n_rows``.
    """
    ahead = bool((rows["origin"] >= 0).any())
    out = []
    for labels in groupings(rows, ahead=ahead).values():
        for label, part in rows.groupby(labels, sort=True):
            out += _score_group(str(label), part)
    return pd.DataFrame(out)


def _score_group(label: str, part: pd.DataFrame) -> list[dict[str, object]]:
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
    values[FLOOR] = noise_floor(clients)
    return [
        {"metric": name, "group": label, "value": value, **counts} for name, value in values.items()
    ]
