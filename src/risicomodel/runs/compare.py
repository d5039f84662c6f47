"""Comparison of runs: their scores side by side, with how the runs differ."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from risicomodel import runs
from risicomodel.core import metrics
from risicomodel.core.errors import ConfigError
from risicomodel.runs import FinishedRun, contract

log = logging.getLogger(__name__)

METRICS = ("wr2", "wape")


def compare(names: list[str]) -> pd.DataFrame:
    """Return the scores of several runs, best first.

    Parameters
    ----------
    names : list of str
        Folders of runs, or their names under ``runs/``; empty for all complete runs.

    Returns
    -------
    DataFrame
        ``domain``, ``protocol``, ``model``, ``run``, ``label``, ``data``, ``features``, ``seed``,
        the metrics and ``n_rows``: a row per domain, protocol, model and run. Scores compare only
        where ``data`` is the same, which names buurten too.

    Raises
    ------
    ConfigError
        If a run does not exist, or none has scores.
    """
    tables = []
    for run in _runs(names):
        if run.has(contract.SCORES):
            scores = _wide(run.read(contract.SCORES))
            tables.append(scores.assign(run=run.folder.name, **_facts(run)))
    if not tables:
        raise ConfigError(
            "none of these runs has scores; expected runs of 'train' or 'run'. Make one with "
            "'risicomodel train'."
        )
    table = pd.concat(tables, ignore_index=True)
    first = ["domain", "protocol", "model", "run", "label", "data", "features", "seed"]
    table = table[[*first, *METRICS, "n_rows"]]
    return table.sort_values(["domain", "protocol", "wape"], ignore_index=True)


def _runs(names: list[str]) -> list[FinishedRun]:
    """Return the runs that are named, or all that today's contract can read."""
    folders = runs.find(names)
    if names:
        return [runs.finished(folder) for folder in folders]
    readable = [folder for folder in folders if runs.keeps_contract(runs.read_record(folder))]
    if left_out := len(folders) - len(readable):
        log.warning(
            "left out: %s runs made under another contract of tables; repeat them to compare them.",
            left_out,
        )
    return [runs.finished(folder) for folder in readable]


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[(table["group"] == metrics.ALL) & table["metric"].isin(METRICS)]
    keys = ["domain", "protocol", "model"]
    wide = rows.pivot_table(index=keys, columns="metric", values="value")
    wide = wide.reindex(columns=list(METRICS)).join(rows.groupby(keys)["n_rows"].first())
    return wide.reset_index()


def _facts(run: FinishedRun) -> dict[str, Any]:
    record = run.record
    return {
        "label": record["name"],
        "data": f"{record['data']}{run.level.label}",
        "features": record["configuration"]["features"]["name"],
        "seed": record["seed"],
    }
