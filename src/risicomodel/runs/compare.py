"""Several runs' scores beside each other, with what was different about them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from risicomodel import runs
from risicomodel.core import levels, metrics

METRICS = ("wr2", "wape")


def compare(names: list[str]) -> pd.DataFrame:
    """Return one row per domain, protocol, model and run, best first.

    Parameters
    ----------
    names : list of str
        Run folders or names; empty for every complete run.

    Returns
    -------
    DataFrame
        ``domain``, ``protocol``, ``model``, ``run``, ``label``, ``data``, ``features``, ``seed``,
        the metrics and ``n_rows``. Runs on other data or years do not compare: the columns say so;
        the data of buurten is named after them.
    """
    tables = []
    for folder in runs.find(names):
        path = folder / "scores.csv"
        if path.is_file():
            record = runs.read_record(folder)
            tables.append(_wide(pd.read_csv(path)).assign(run=folder.name, **_facts(record)))
    if not tables:
        from risicomodel.core.errors import ConfigError

        raise ConfigError(
            "none of these runs has scores; allowed are runs of 'train' and 'run'. Make one with "
            "'risicomodel train'."
        )
    table = pd.concat(tables, ignore_index=True)
    first = ["domain", "protocol", "model", "run", "label", "data", "features", "seed"]
    table = table[[*first, *METRICS, "n_rows"]]
    return table.sort_values(["domain", "protocol", "wape"], ignore_index=True)


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[(table["group"] == metrics.ALL) & table["metric"].isin(METRICS)]
    keys = ["domain", "protocol", "model"]
    wide = rows.pivot_table(index=keys, columns="metric", values="value")
    wide = wide.reindex(columns=list(METRICS)).join(rows.groupby(keys)["n_rows"].first())
    return wide.reset_index()


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    configuration = record["configuration"]
    level = levels.get(configuration.get("level", levels.WIJK.name))
    return {
        "label": record["name"],
        "data": f"{record['data']}{level.label}",
        "features": configuration["features"]["name"],
        "seed": record["seed"],
    }
