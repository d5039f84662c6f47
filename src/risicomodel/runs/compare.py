"""Comparison of runs: their scores side by side, how the runs differ, and what may be chance."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel import runs
from risicomodel.core import metrics
from risicomodel.core.compute import one_thread
from risicomodel.core.errors import ConfigError
from risicomodel.results.evaluation import bootstrap
from risicomodel.runs import FinishedRun, contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    # what scores are made of per gemeente, by domain, protocol, model and run
    _Models = Mapping[tuple[str, ...], pd.DataFrame]

log = logging.getLogger(__name__)

METRICS = ("wr2", "wape")
BEHIND = ("behind", "behind_lower", "behind_upper")
ROW = [*bootstrap.KEY, "run"]


@dataclass(frozen=True)
class ComparedRuns:
    """Runs beside each other.

    Parameters
    ----------
    scores : DataFrame
        A row per domain, protocol, model and run, best first within the first two: ``domain``,
        ``protocol``, ``model``, ``run``, ``label``, ``data``, ``features``, ``seed``, the metrics,
        ``behind`` (WAPE less the lowest there on the same data) with ``behind_lower`` and
        ``behind_upper`` (90%, gemeenten drawn anew, in pairs) and ``n_rows``. Scores compare only
        where ``data`` is the same, which names buurten too.
    changes : DataFrame
        Of the runs that were named, every model in one beside the same model in the first of them:
        ``domain``, ``protocol``, ``model``, ``run``, ``against``, and by how much each metric
        differs with its 90% interval: ``wape``, ``wape_lower``, ``wape_upper``, ``wr2`` and so on;
        ``n_gemeenten`` (those that both scored on the same rows).
    """

    scores: pd.DataFrame
    changes: pd.DataFrame


def compare(names: list[str]) -> ComparedRuns:
    """Return the scores of several runs, and how far apart they are.

    Parameters
    ----------
    names : list of str
        Folders of runs, or their names under ``runs/``; empty for all complete runs.

    Raises
    ------
    ConfigError
        If a run does not exist, or none has scores.
    """
    compared = [run for run in _runs(names) if run.has(contract.SCORES)]
    if not compared:
        raise ConfigError(
            "none of these runs has scores; expected runs of 'train' or 'run'. Make one with "
            "'risicomodel train'."
        )
    labelled = _labelled(compared)
    tables = [
        _wide(run.read(contract.SCORES)).assign(run=label, **_facts(run))
        for label, run in labelled.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    models = {
        (*map(str, key), label): part
        for label, run in labelled.items()
        if run.has(contract.GEMEENTE_SCORES)
        for key, part in run.read(contract.GEMEENTE_SCORES).groupby(bootstrap.KEY)
    }
    with one_thread():
        table = table.join(_behind(table, models))
        changes = _changes(list(labelled) if names else [], models)
    first = ["domain", "protocol", "model", "run", "label", "data", "features", "seed"]
    table = table[[*first, *METRICS, *BEHIND, "n_rows"]]
    ranked = table.sort_values(["domain", "protocol", "wape"], ignore_index=True)
    return ComparedRuns(ranked, changes)


def _labelled(compared: list[FinishedRun]) -> dict[str, FinishedRun]:
    """Return runs by the names of their folders, or by their paths where names are the same."""
    names = [run.folder.name for run in compared]
    return {
        name if names.count(name) == 1 else str(run.folder): run
        for name, run in zip(names, compared, strict=True)
    }


def _behind(table: pd.DataFrame, models: _Models) -> pd.DataFrame:
    """Return how far every model of every run is behind the best on the same data."""
    out = pd.DataFrame(index=table.index, columns=list(BEHIND), dtype="float64")
    keys = [tuple(map(str, key)) for key in table[ROW].to_numpy()]
    scored = table.assign(position=range(len(table)))[[key in models for key in keys]]
    for _, part in scored.groupby(["domain", "protocol", "data"]):
        positions = part["position"].to_numpy()
        best = models[keys[positions[part["wape"].to_numpy().argmin()]]]
        for at in positions:
            out.iloc[at] = bootstrap.difference(models[keys[at]], best, "wape")
    return out


def _changes(names: list[str], models: _Models) -> pd.DataFrame:
    """Return how the models of runs score beside the same models in the first run."""
    rows = []
    for (*key, run), model in sorted(models.items()):
        before = models.get((*key, names[0])) if run in names[1:] else None
        if before is None:
            continue
        row: dict[str, Any] = dict(zip([*ROW, "against"], (*key, run, names[0]), strict=True))
        for metric in METRICS:
            limits = metric, f"{metric}_lower", f"{metric}_upper"
            row |= dict(zip(limits, bootstrap.difference(model, before, metric), strict=True))
        rows.append(row | {"n_gemeenten": len(bootstrap.same_gemeenten(model, before))})
    return pd.DataFrame(rows)


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
