"""Tables of a run and its record."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from risicomodel import __version__, runs
from risicomodel.app import settings
from risicomodel.core import paths, storage
from risicomodel.data.panel.published import STATUSES
from risicomodel.runs import contract
from support.running import DEMO, OF_RUN, OFF, WHOLE, cli, refused, whole_run

DOMAINS = ("bijstand", "jeugd", "wmo")
MODELS = ("blend", "gemeente_mean", "glm", "kernel", "lightgbm", "mean", "persistence")
LEARNED = ("blend", "glm", "kernel", "lightgbm")
SIDES = ("lower", "upper")
PROTOCOLS = ("next_years", "random", "unseen_gemeente", "unseen_wijk", "unseen_wijk_benchmarked")


@pytest.fixture(scope="module")
def run() -> Path:
    return whole_run()


@pytest.fixture(scope="module")
def record(run: Path) -> dict[str, Any]:
    return runs.read_record(run)


@pytest.fixture(scope="module")
def panel(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "panel.parquet")


@pytest.fixture(scope="module")
def predictions(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "predictions.parquet")


@pytest.fixture(scope="module")
def scores(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "scores.csv")


def is_sorted_key(table: pd.DataFrame, key: list[str]) -> bool:
    index = table[key]
    return not index.duplicated().any() and index.equals(index.sort_values(key, ignore_index=True))


def test_panel_has_a_row_per_wijk_and_year(panel: pd.DataFrame) -> None:
    """panel.parquet has one row per wijk and year, in order, with codes as CBS writes them."""
    assert is_sorted_key(panel, ["wijk_code", "year"])
    assert panel["wijk_code"].str.fullmatch(r"WK\d{6}").all()
    assert (panel["gm_code"] == "GM" + panel["wijk_code"].str[2:6]).all()
    assert panel["year"].dtype == "int64"
    assert sorted(panel["year"].unique()) == [2016, 2017, 2018]


def test_panel_has_every_domain_beside_features(panel: pd.DataFrame) -> None:
    """panel.parquet names every column in snake case and holds the clients, the population and the
    status of every domain.
    """
    assert {"wijk_name", "gm_name", "feature_year", "aantal_inwoners"} <= set(panel.columns)
    for domain in DOMAINS:
        assert panel[f"{domain}_clients"].dtype == "float64"
        assert panel[f"{domain}_population"].dtype == "float64"
        assert set(panel[f"{domain}_status"]) <= set(STATUSES)
    texts = ["wijk_code", "wijk_name", "gm_code", "gm_name", "jeugd_status"]
    assert all(panel[name].dtype == "str" for name in texts)
    assert panel[texts].notna().all(axis=None)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in panel.columns)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_figure_is_there_exactly_where_it_was_observed(panel: pd.DataFrame, domain: str) -> None:
    """A wijk has a figure in the panel exactly where its status says that one was observed: a
    blank is never a zero.
    """
    observed = panel[f"{domain}_status"] == "observed"
    assert (panel[f"{domain}_clients"].notna() == observed).all()
    assert observed.any()


def test_features_are_never_from_later(panel: pd.DataFrame) -> None:
    """No feature in the panel describes a later year than the row it stands in."""
    editions = [name for name in panel.columns if name.endswith("_year")]
    assert len(editions) > 5
    for name in editions:
        assert (panel[name].dropna() <= panel["year"][panel[name].notna()]).all()


def test_gemeenten_have_a_row_per_gemeente_and_year(run: Path) -> None:
    """gemeenten.parquet has one row per gemeente and year with the published totals of every
    domain.
    """
    table = pd.read_parquet(run / "gemeenten.parquet")
    assert is_sorted_key(table, ["gm_code", "year"])
    assert {f"{domain}_clients" for domain in DOMAINS} <= set(table.columns)


def test_quality_counts_every_wijk_by_status(run: Path, panel: pd.DataFrame) -> None:
    """quality.csv counts every wijk of every year by why its figure is there or is not."""
    table = pd.read_csv(run / "quality.csv")
    assert list(table.columns) == ["check", "subject", "year", "n", "of", "share", "note"]
    statuses = table[table["check"].str.startswith("status:")]
    told = statuses.groupby(["subject", "year"])["n"].sum()
    count = panel.groupby("year").size()
    for domain in DOMAINS:
        assert told[domain].to_dict() == count.to_dict()


def test_scores_have_a_row_per_metric_and_group(scores: pd.DataFrame) -> None:
    """scores.csv has one row per domain, protocol, model, metric and group, with the number of
    wijken, gemeenten and rows behind it.
    """
    key = ["domain", "protocol", "model", "metric", "group"]
    values = ["value", "n_wijken", "n_gemeenten", "n_rows", "seconds"]
    assert list(scores.columns) == key + values
    assert is_sorted_key(scores, key)
    # R² of one wijk does not exist
    unknown = scores[scores["value"].isna()]
    assert unknown["metric"].isin(["r2", "wr2"]).all()
    assert (unknown["n_wijken"] == 1).all()
    assert (scores[["n_wijken", "n_gemeenten", "n_rows"]] > 0).all(axis=None)
    assert (scores["n_wijken"] <= scores["n_rows"]).all()
    assert (scores["seconds"] >= 0).all()


def test_every_model_on_every_protocol_with_the_floor_beside_it(scores: pd.DataFrame) -> None:
    """Every protocol scores every model on the same rows, with the noise floor beside them."""
    for domain in DOMAINS:
        for protocol in PROTOCOLS:
            here = scores[(scores["domain"] == domain) & (scores["protocol"] == protocol)]
            assert set(here["model"]) == {*MODELS, "noise_floor"}
            assert {"wape", "wr2"} <= set(here["metric"])
            everywhere = here[(here["group"] == "all") & (here["model"] != "noise_floor")]
            assert everywhere["n_rows"].nunique() == 1, "not the same rows for every model"
            wape = here[(here["group"] == "all") & (here["metric"] == "wape")]
            wape = wape.set_index("model")["value"]
            assert wape["noise_floor"] <= wape.drop("noise_floor").min() + 0.02
        # estimates are made with models that learned, beside the nearest year's figure
        for protocol in ("unseen_year", "blank_cell", "blank_gemeente"):
            unseen = scores[(scores["domain"] == domain) & (scores["protocol"] == protocol)]
            assert set(unseen["model"]) == {*LEARNED, "persistence", "noise_floor"}


def test_groups_make_up_the_whole(scores: pd.DataFrame) -> None:
    """The size classes, and the years, together hold every scored row once."""
    rows = scores[(scores["metric"] == "wape") & (scores["protocol"] == "unseen_gemeente")]
    rows = rows[(rows["model"] == "mean") & (rows["domain"] == "jeugd")].set_index("group")
    for kind in ("size:", "gm_size:", "year:"):
        parts = rows[rows.index.str.startswith(kind)]
        assert parts["n_rows"].sum() == rows.loc["all", "n_rows"]


def test_leaderboard_says_the_same(run: Path, scores: pd.DataFrame) -> None:
    """leaderboard.csv gives the same scores as scores.csv."""
    board = pd.read_csv(run / "leaderboard.csv")
    assert is_sorted_key(
        board.sort_values(["domain", "protocol", "model"], ignore_index=True),
        ["domain", "protocol", "model"],
    )
    long = scores[(scores["group"] == "all") & (scores["metric"] == "wape")]
    merged = board.merge(long, on=["domain", "protocol", "model"], validate="one_to_one")
    assert len(merged) == len(board) == len(long)
    assert (merged["wape"] == merged["value"]).all()


def test_leaderboard_says_how_sure_it_is(run: Path) -> None:
    """leaderboard.csv gives every model's WAPE, wR² and bias the 90% interval that is left when
    gemeenten are drawn anew, and the same for how far it is behind the best, compared in pairs.
    """
    board = pd.read_csv(run / "leaderboard.csv")
    floor = board["model"] == "noise_floor"
    limits = [f"{name}_{side}" for name in ("wape", "wr2", "bias", "behind") for side in SIDES]
    assert board.loc[floor, limits].isna().all(axis=None)
    models = board[~floor]
    assert models[limits].notna().all(axis=None)
    for name in ("wape", "wr2", "bias"):
        assert (models[f"{name}_lower"] <= models[f"{name}_upper"]).all()
    inside = models["wape"].between(models["wape_lower"], models["wape_upper"])
    assert inside.mean() > 0.95
    for _, rows in models.groupby(["domain", "protocol"]):
        np.testing.assert_allclose(rows["behind"], rows["wape"] - rows["wape"].min(), atol=1e-9)
        best = rows[rows["behind"] == 0]
        assert (best[["behind_lower", "behind_upper"]] == 0).all(axis=None)
    near = models[models["behind"].between(1e-9, 0.02)]
    width = near["behind_upper"] - near["behind_lower"]
    assert (width < near["wape_upper"] - near["wape_lower"]).mean() > 0.9, "pairing narrows"


def test_scores_can_be_drawn_anew_from_a_run(run: Path, scores: pd.DataFrame) -> None:
    """gemeente_scores.parquet holds, per gemeente, the sums that every score of all wijken is made
    of.
    """
    sums = pd.read_parquet(run / "gemeente_scores.parquet")
    key = ["domain", "protocol", "model"]
    assert is_sorted_key(sums, [*key, "gm_code"])
    total = sums.groupby(key)[["n_rows", "clients", "absolute_error", "error"]].sum()
    wide = scores[(scores["group"] == "all") & (scores["model"] != "noise_floor")].pivot(
        index=key, columns="metric", values="value"
    )
    assert set(total.index) == set(wide.index)
    wide = wide.loc[total.index]
    np.testing.assert_allclose(total["absolute_error"] / total["clients"], wide["wape"])
    np.testing.assert_allclose(total["error"] / total["clients"], wide["bias"], atol=1e-12)


def test_wijken_that_a_total_gives_away_are_scored_apart(scores: pd.DataFrame) -> None:
    """A gemeente's only hidden wijk follows from its total: scores.csv has the others apart, as
    group hidden:several.
    """
    rows = scores[(scores["metric"] == "wape") & (scores["model"] == "glm")]
    both = rows[rows["protocol"].isin(["unseen_wijk", "unseen_wijk_benchmarked"])]
    parts = both.pivot(index=["domain", "protocol"], columns="group", values="n_rows")
    assert (parts[["hidden:one", "hidden:several"]].sum(axis=1) == parts["all"]).all()
    value = rows.set_index(["domain", "protocol", "group"])["value"]
    for domain in DOMAINS:
        here = value[domain, "unseen_wijk_benchmarked"]
        assert here["hidden:one"] == pytest.approx(0, abs=1e-9)
        assert here["hidden:several"] > here["all"]
    others = rows[~rows["protocol"].isin(["unseen_wijk", "unseen_wijk_benchmarked"])]
    assert not others["group"].str.startswith("hidden").any()


def test_one_champion_per_domain_and_it_is_the_best(run: Path, record: dict[str, Any]) -> None:
    """Each domain has one champion: the model with the best score on unseen gemeenten."""
    board = pd.read_csv(run / "leaderboard.csv")
    for domain, rows in board[board["protocol"] == "unseen_gemeente"].groupby("domain"):
        champion = rows[rows["champion"]]
        assert len(champion) == 1
        models = rows[rows["model"] != "noise_floor"]
        assert champion["wape"].iloc[0] == models["wape"].min()
        assert record["champions"][domain] == champion["model"].iloc[0]


def test_calibration_is_in_tenths(run: Path) -> None:
    """calibration.csv sets the mean predicted rate beside the mean observed rate in ten bins."""
    table = pd.read_csv(run / "calibration.csv")
    key = ["domain", "protocol", "model", "bin"]
    assert list(table.columns) == [*key, "predicted", "observed", "n_rows"]
    assert is_sorted_key(table, key)
    assert table["bin"].between(1, 10).all()
    assert table[["predicted", "observed"]].stack().between(0, 1).all()


def test_predictions_have_their_key_and_types(predictions: pd.DataFrame) -> None:
    """predictions.parquet has one row per domain, wijk, year, kind and model, with the promised
    columns and types.
    """
    key = ["domain", "wijk_code", "year", "kind", "model"]
    assert not predictions[key].duplicated().any()
    types = {
        "domain": "str", "wijk_code": "str", "year": "int64", "kind": "str", "model": "str",
        "rate": "float64", "lower": "float64", "upper": "float64", "clients": "float64",
        "population": "float64", "population_year": "int64", "observed_rate": "float64",
        "fold": "int64", "basis": "str", "moved": "float64", "champion": "bool",
    }  # fmt: skip
    assert predictions.dtypes.astype("str").to_dict() == types
    models = predictions.groupby("kind")["model"].agg(set).to_dict()
    assert models == {"expected": set(MODELS), "estimate": set(LEARNED)}


def test_rates_are_shares(predictions: pd.DataFrame) -> None:
    """Every predicted rate is a share between 0 and 1 and lies within its own band."""
    rates = predictions[["rate", "lower", "upper"]]
    assert rates.notna().all(axis=None)
    assert ((rates >= 0) & (rates <= 1)).all(axis=None)
    assert (predictions["lower"] <= predictions["rate"]).all()
    assert (predictions["rate"] <= predictions["upper"]).all()
    assert predictions.groupby("domain")["rate"].mean().between(0.01, 0.2).all()


def test_clients_are_the_rate_times_the_population(predictions: pd.DataFrame) -> None:
    """Predicted clients are the predicted rate times the population at risk."""
    rows = predictions[predictions["population"].notna()]
    rows = rows[(rows["kind"] == "expected") | (rows["rate"] < 1)]
    assert np.allclose(rows["clients"], rows["rate"] * rows["population"])


def test_every_wijk_with_features_has_a_row(predictions: pd.DataFrame, panel: pd.DataFrame) -> None:
    """Every wijk with features gets a prediction in every domain, whether its figure was published
    or not.
    """
    keys = panel[["wijk_code", "year"]]
    unknown = 0
    for (domain, *_), rows in predictions.groupby(["domain", "kind", "model"]):
        there = rows[["wijk_code", "year"]].reset_index(drop=True)
        assert_frame_equal(there, keys)
        assert rows["population_year"].to_numpy().tolist() == panel["feature_year"].tolist()
        figures = panel[f"{domain}_clients"] / panel[f"{domain}_population"]
        observed = rows["observed_rate"].to_numpy()
        assert np.allclose(observed, figures.to_numpy(), equal_nan=True)
        unknown += np.isnan(observed).sum()
    assert unknown > 0, "the demo has figures that are not known"


def test_a_band_covers_nine_in_ten(predictions: pd.DataFrame) -> None:
    """About nine in ten published rates lie within the band of what was expected, and all within
    the band of the estimate.
    """
    rows = predictions[predictions["observed_rate"].notna() & (predictions["population"] > 99)]
    inside = rows["observed_rate"].between(rows["lower"], rows["upper"])
    held = inside.groupby([rows["domain"], rows["kind"], rows["model"]]).mean().unstack("kind")
    assert held["expected"].between(0.8, 0.99).all()
    assert (held["estimate"].dropna() > 0.99).all(), "an estimate holds the published figure"


def test_one_champion_per_domain(predictions: pd.DataFrame, record: dict[str, Any]) -> None:
    """The champion in the predictions is the one that run.json names."""
    expected = predictions[predictions["champion"] & (predictions["kind"] == "expected")]
    chosen = expected.groupby("domain")["model"].unique()
    assert {d: list(models) for d, models in chosen.items()} == {
        domain: [model] for domain, model in record["champions"].items()
    }


def test_folds_hold_whole_gemeenten(predictions: pd.DataFrame, panel: pd.DataFrame) -> None:
    """What is expected of a wijk comes from a model that saw no wijk of its gemeente."""
    rows = predictions.merge(panel[["wijk_code", "year", "gm_group"]], on=["wijk_code", "year"])
    rows = rows[rows["kind"] == "expected"]  # of an estimate the gemeente is known
    folds = rows.groupby(["domain", "gm_group"])["fold"].nunique()
    assert (folds == 1).all()
    assert rows["fold"].nunique() == 5


def test_record_says_how_the_run_came_about(record: dict[str, Any]) -> None:
    """run.json says which task ran, on which data, with which seed, when, and how long each stage
    took.
    """
    assert record["task"] == "run"
    assert record["data"] == "demo"
    assert record["seed"] == 2026
    assert datetime.fromisoformat(record["started"]).tzinfo is not None
    assert set(record["champions"]) == set(DOMAINS)
    assert record["justification"] == ""
    stages = {"sources", "panel", "features", "models", "evaluation", "tracking"}
    assert set(record["timings_seconds"]) >= stages
    assert all(seconds >= 0 for seconds in record["timings_seconds"].values())


def test_record_holds_the_whole_configuration(record: dict[str, Any]) -> None:
    """run.json holds the whole configuration, including what was not overridden."""
    chosen = settings.compose(list(WHOLE))
    kept = record["configuration"]
    assert kept["data"]["demo"]["gemeenten"] == 25
    assert kept["split"]["score_years"] == chosen.split.score_years
    assert set(kept["features"]["define"]) == set(chosen.features.define)
    assert kept["models"]["lightgbm"]["params"]["rounds"] == 20


def test_record_names_versions(record: dict[str, Any]) -> None:
    """run.json names the version of Python and of every package that computes."""
    versions = record["versions"]
    assert versions["risicomodel"] == __version__
    assert versions["pandas"] == pd.__version__
    assert {"python", "numpy", "scikit-learn", "lightgbm", "pyarrow"} <= set(versions)


def test_record_names_the_commit(record: dict[str, Any]) -> None:
    """run.json names the git commit of the code, where there is one."""
    root = paths.checkout()
    if root is None or not (root / ".git").exists():
        assert record["git_commit"] is None
        return
    head = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?", record["git_commit"])
    assert len(head.stdout.strip()) == 40


def test_record_hashes_every_input(record: dict[str, Any]) -> None:
    """run.json lists every input file with its sha256, its period and its licence, and no path of
    the machine.
    """
    inputs = {one["file"]: one for one in record["inputs"]}
    made = paths.cache_dir().glob("demo/demo-*/DEMOJZ2016.csv")  # other tests' demos too
    wanted = inputs["DEMOJZ2016.csv"]["sha256"]
    folder = next(path.parent for path in made if storage.sha256_file(path) == wanted)
    assert len(inputs) == 10
    for name, one in inputs.items():
        assert one["sha256"] == storage.sha256_file(folder / name)
        assert one["rows"] > 0
        assert one["period"] in {"2016", "2017", "2018"}
        assert one["licence"] == "made up"
        assert not Path(name).is_absolute()


def test_record_hashes_every_table(run: Path, record: dict[str, Any]) -> None:
    """run.json lists the sha256 of every table of the run."""
    assert set(record["tables"]) == set(OF_RUN)
    for name, sha in record["tables"].items():
        assert storage.sha256_file(run / name) == sha


def test_record_is_json_and_the_folder_is_whole(run: Path) -> None:
    """run.json is plain JSON, and a finished run leaves no hidden files."""
    text = (run / "run.json").read_text(encoding="utf-8")
    assert json.loads(text)
    assert text.endswith("}\n")
    assert not [path.name for path in run.iterdir() if path.name.startswith(".")]


def test_every_table_keeps_its_contract(run: Path) -> None:
    """Every table of a run has the columns, types and key that docs/reference/tables.md declares,
    and a run leaves no other files than it declares.
    """
    inside = {path.name for path in run.iterdir()}
    # made of what the demo has not, or of what is not asked for
    others = {
        contract.STACKING, contract.SENSITIVE_CHANGES, contract.SCENARIO,
        contract.ABLATIONS, contract.DATA_WISHES, contract.FIELD_TEST,
    }  # fmt: skip
    expected = {table for table in contract.TABLES.values() if "run" in table.commands} - others
    assert inside - set(contract.OTHER_FILES) == {table.file for table in expected}
    made = runs.finished(run)
    for table in expected:
        rows = made.read(table)
        assert len(rows)
        contract.check(table, rows)
        if table is not contract.PANEL:  # whose editions stand between their columns
            declared = [n for column in table.columns for n in rows.columns if column.covers(n)]
            assert declared == list(rows.columns), table.file


@pytest.mark.parametrize("task", ["report", "verify", "compare"])
def test_a_run_of_another_contract_is_refused(run: Path, tmp_path: Path, task: str) -> None:
    """run.json says which contract its tables keep; report, verify and compare refuse a run of
    another, in one line.
    """
    record = runs.read_record(run)
    assert record["contract"] == contract.VERSION
    another = shutil.copytree(run, tmp_path / "another")
    storage.write_json(another / "run.json", record | {"contract": 99})
    more = {"report": ["gemeente=GM9001"], "verify": [*DEMO, *OFF]}.get(task, [])
    done = cli(task, another, *more)
    refused(done, "under another contract", "(99)", f"contract {contract.VERSION}", "again")
    assert len(done.err[done.err.index("error: ") :].splitlines()) == 1
