"""The table: every model on the same rows, scored as the project scores.

Runs in the project's environment. A difference that chance could make is no difference: beside
every WAPE stands how far it is from our best model's, with the range that remains when whole
gemeenten are drawn anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import peers_files
from peers_files import KEY, Fold, Manifest, Predictions

from risicomodel.core import metrics
from risicomodel.learning.protocols import UNSEEN_WIJK
from risicomodel.results.evaluation import bootstrap, evaluate

if TYPE_CHECKING:
    from pathlib import Path

FACTS = ["wijk_code", "year", "gm_code", "gm_group", "clients", "population"]
DECIMALS = 4


def table(folder: Path, out: Path | None) -> pd.DataFrame:
    """Score all complete predictions in ``folder``, print the table and write it to ``out``.

    Returns
    -------
    DataFrame
        ``domain``, ``protocol`` (``unseen_wijk_benchmarked`` too), ``model``, ``wr2``, ``wape``,
        ``gap`` (WAPE less that of our best model there) with ``gap_low`` and ``gap_high`` (90%),
        ``seconds`` and ``cpu_seconds`` (fit and predict, all folds), ``times_ours`` and
        ``cpu_times_ours`` (those of our best as 1), ``limit`` (seconds allowed a fold; 0 for none)
        and ``n_rows``.
    """
    manifest = Manifest.read(folder)
    rows = pd.concat(_complete(folder, manifest), ignore_index=True)
    benchmarked = evaluate.benchmark(rows[rows["protocol"] == UNSEEN_WIJK])
    rows = pd.concat([rows, benchmarked], ignore_index=True)
    parts = [
        _compare(part, manifest.own) for _, part in rows.groupby(["domain", "protocol"], sort=True)
    ]
    result = pd.concat(parts, ignore_index=True)
    print(result.to_markdown(index=False))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        result.to_csv(out, index=False)
    return result


def _complete(folder: Path, manifest: Manifest) -> list[pd.DataFrame]:
    """Return, per model, domain and protocol with every fold predicted, rows with their figures."""
    truth = {fold: _truth(folder, fold) for fold in manifest.folds}
    out = []
    for path in sorted(folder.glob("pred_*.parquet")):
        model = path.stem.removeprefix("pred_")
        if model.startswith("risicomodel-") and model not in manifest.own:
            continue  # of an earlier export
        made = Predictions(folder, model).table()
        if made is None:
            continue
        kept = ~peers_files.starved(made)
        if not kept.all():
            print(
                f"{model}: folds that had too little of the machine within their time limit are "
                "left out. Run 'fit' again when it is quiet."
            )
        made = made[kept]
        for (domain, protocol), part in made.groupby(["domain", "protocol"]):
            folds = [f for f in truth if (f.domain, f.protocol) == (domain, protocol)]
            there = part.drop_duplicates("fold").set_index("fold")["data"]
            same = [f for f in folds if there.get(f.fold) == f.data]
            if len(same) < len(folds):
                print(
                    f"{model}: {domain}/{protocol} is left out; {len(same)} of {len(folds)} folds "
                    "are of the rows exported now. Run 'fit' for it again."
                )
                continue
            out.append(_with_figures(part, pd.concat([truth[f] for f in folds]), model))
    return out


def _truth(folder: Path, fold: Fold) -> pd.DataFrame:
    rows = peers_files.read(fold.path(folder, "test"))[FACTS]
    return rows.assign(domain=fold.domain, protocol=fold.protocol, fold=fold.fold)


def _with_figures(part: pd.DataFrame, truth: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return predictions with figures; end the program unless the rows are those to be scored."""
    rows = truth.merge(part, on=KEY, how="outer", validate="one_to_one", indicator=True)
    wrong = rows[(rows["_merge"] != "both") | rows["rate"].isna()]
    if len(wrong):
        where = "/".join(map(str, wrong[["domain", "protocol", "fold"]].iloc[0]))
        raise SystemExit(
            f"{model} does not have the rows that are scored: {len(wrong)} differ, the first in "
            f"{where}. Remove pred_{model}.parquet and fit it again."
        )
    return rows.drop(columns="_merge").sort_values(KEY, ignore_index=True)


def _compare(part: pd.DataFrame, own: list[str]) -> pd.DataFrame:
    """Return one row per model of one domain and protocol, best first."""
    models = {str(name): rows for name, rows in part.groupby("model", sort=True)}
    result = pd.DataFrame([_scores(name, rows) for name, rows in models.items()])
    ours = result[result["model"].isin(own)].nsmallest(1, "wape").iloc[0]
    gaps = [_gap(rows, models[ours["model"]]) for rows in models.values()]
    result[["gap", "gap_low", "gap_high"]] = np.round(gaps, DECIMALS)
    result["times_ours"] = (result["seconds"] / ours["seconds"]).round(1)
    result["cpu_times_ours"] = (result["cpu_seconds"] / ours["cpu_seconds"]).round(1)
    for name in ("domain", "protocol"):
        result.insert(0 if name == "domain" else 1, name, part[name].iloc[0])
    end = ["seconds", "cpu_seconds", "times_ours", "cpu_times_ours", "limit", "n_rows"]
    ordered = result[[c for c in result.columns if c not in end] + end]
    return ordered.sort_values("wape", ignore_index=True)


def _scores(model: str, rows: pd.DataFrame) -> dict[str, object]:
    figures = [rows[name].to_numpy(dtype="float64") for name in ("clients", "rate", "population")]
    per_fold = rows.groupby("fold")[["seconds", "cpu_seconds"]].first().sum()
    return {
        "model": model,
        "wr2": round(metrics.wr2(*figures), DECIMALS),
        "wape": round(metrics.wape(*figures), DECIMALS),
        "seconds": round(float(per_fold["seconds"]), 1),
        "cpu_seconds": round(float(per_fold["cpu_seconds"]), 1),
        "limit": float(rows["limit"].max()),
        "n_rows": len(rows),
    }


def _gap(rows: pd.DataFrame, ours: pd.DataFrame) -> bootstrap.Interval:
    """Return WAPE less our best model's, and its 90% range over gemeenten drawn with replacement.

    Both models have the same rows, so their errors are compared pair by pair.
    """
    return bootstrap.difference(bootstrap.sums(rows), bootstrap.sums(ours), "wape")
