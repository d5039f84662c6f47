"""A run's folder: the tables other people build on, and the record of how they came about."""

from __future__ import annotations

import json
import re
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
from risicomodel.core.errors import ConfigError
from risicomodel.data.panel.published import STATUSES
from support.running import (
    DEMO,
    OF_RUN,
    OFF,
    SHORT,
    SPLIT,
    TABLES,
    WHOLE,
    WITH_ESTIMATES,
    cli,
    refused,
    well,
    whole_run,
    without_seconds,
)  # fmt: skip

DOMAINS = ("bijstand", "jeugd", "wmo")
MODELS = ("blend", "gemeente_mean", "glm", "kernel", "lightgbm", "mean", "persistence")
LEARNED = ("blend", "glm", "kernel", "lightgbm")
PROTOCOLS = ("next_years", "random", "unseen_gemeente", "unseen_wijk", "unseen_wijk_benchmarked")
EACH = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "models.lightgbm.params.rounds=20", "split.folds=3"]


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


class TestPanel:
    def test_key(self, panel: pd.DataFrame) -> None:
        assert is_sorted_key(panel, ["wijk_code", "year"])
        assert panel["wijk_code"].str.fullmatch(r"WK\d{6}").all()
        assert (panel["gm_code"] == "GM" + panel["wijk_code"].str[2:6]).all()
        assert panel["year"].dtype == "int64"
        assert sorted(panel["year"].unique()) == [2016, 2017, 2018]

    def test_columns(self, panel: pd.DataFrame) -> None:
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
    def test_a_figure_is_there_exactly_where_it_was_observed(
        self, panel: pd.DataFrame, domain: str
    ) -> None:
        observed = panel[f"{domain}_status"] == "observed"
        assert (panel[f"{domain}_clients"].notna() == observed).all()
        assert observed.any()

    def test_features_are_never_from_later(self, panel: pd.DataFrame) -> None:
        editions = [name for name in panel.columns if name.endswith("_year")]
        assert len(editions) > 5
        for name in editions:
            assert (panel[name].dropna() <= panel["year"][panel[name].notna()]).all()

    def test_gemeenten(self, run: Path) -> None:
        table = pd.read_parquet(run / "gemeenten.parquet")
        assert is_sorted_key(table, ["gm_code", "year"])
        assert {f"{domain}_clients" for domain in DOMAINS} <= set(table.columns)

    def test_quality(self, run: Path, panel: pd.DataFrame) -> None:
        table = pd.read_csv(run / "quality.csv")
        assert list(table.columns) == ["check", "subject", "year", "n", "of", "share", "note"]
        statuses = table[table["check"].str.startswith("status:")]
        told = statuses.groupby(["subject", "year"])["n"].sum()
        count = panel.groupby("year").size()
        for domain in DOMAINS:
            assert told[domain].to_dict() == count.to_dict()


class TestScores:
    def test_key_and_columns(self, scores: pd.DataFrame) -> None:
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

    def test_every_model_on_every_protocol_with_the_floor_beside_it(
        self, scores: pd.DataFrame
    ) -> None:
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
            unseen = scores[(scores["domain"] == domain) & (scores["protocol"] == "unseen_year")]
            assert set(unseen["model"]) == {*LEARNED, "persistence", "noise_floor"}

    def test_groups_make_up_the_whole(self, scores: pd.DataFrame) -> None:
        rows = scores[(scores["metric"] == "wape") & (scores["protocol"] == "unseen_gemeente")]
        rows = rows[(rows["model"] == "mean") & (rows["domain"] == "jeugd")].set_index("group")
        for kind in ("size:", "gm_size:", "year:"):
            parts = rows[rows.index.str.startswith(kind)]
            assert parts["n_rows"].sum() == rows.loc["all", "n_rows"]

    def test_leaderboard_says_the_same(self, run: Path, scores: pd.DataFrame) -> None:
        board = pd.read_csv(run / "leaderboard.csv")
        assert is_sorted_key(
            board.sort_values(["domain", "protocol", "model"], ignore_index=True),
            ["domain", "protocol", "model"],
        )
        long = scores[(scores["group"] == "all") & (scores["metric"] == "wape")]
        merged = board.merge(long, on=["domain", "protocol", "model"], validate="one_to_one")
        assert len(merged) == len(board) == len(long)
        assert (merged["wape"] == merged["value"]).all()

    def test_one_champion_per_domain_and_it_is_the_best(
        self, run: Path, record: dict[str, Any]
    ) -> None:
        board = pd.read_csv(run / "leaderboard.csv")
        for domain, rows in board[board["protocol"] == "unseen_gemeente"].groupby("domain"):
            champion = rows[rows["champion"]]
            assert len(champion) == 1
            models = rows[rows["model"] != "noise_floor"]
            assert champion["wape"].iloc[0] == models["wape"].min()
            assert record["champions"][domain] == champion["model"].iloc[0]

    def test_calibration(self, run: Path) -> None:
        table = pd.read_csv(run / "calibration.csv")
        key = ["domain", "protocol", "model", "bin"]
        assert list(table.columns) == [*key, "predicted", "observed", "n_rows"]
        assert is_sorted_key(table, key)
        assert table["bin"].between(1, 10).all()
        assert table[["predicted", "observed"]].stack().between(0, 1).all()


class TestPredictions:
    def test_key_and_types(self, predictions: pd.DataFrame) -> None:
        key = ["domain", "wijk_code", "year", "kind", "model"]
        assert not predictions[key].duplicated().any()
        types = {
            "domain": "str", "wijk_code": "str", "year": "int64", "kind": "str", "model": "str",
            "rate": "float64", "lower": "float64", "upper": "float64", "clients": "float64",
            "population": "float64", "observed_rate": "float64", "fold": "int64",
            "basis": "str", "moved": "float64", "champion": "bool",
        }  # fmt: skip
        assert predictions.dtypes.astype("str").to_dict() == types
        models = predictions.groupby("kind")["model"].agg(set).to_dict()
        assert models == {"expected": set(MODELS), "estimate": set(LEARNED)}

    def test_rates_are_shares(self, predictions: pd.DataFrame) -> None:
        rates = predictions[["rate", "lower", "upper"]]
        assert rates.notna().all(axis=None)
        assert ((rates >= 0) & (rates <= 1)).all(axis=None)
        assert (predictions["lower"] <= predictions["rate"]).all()
        assert (predictions["rate"] <= predictions["upper"]).all()
        assert predictions.groupby("domain")["rate"].mean().between(0.01, 0.2).all()

    def test_clients_are_the_rate_times_the_population(self, predictions: pd.DataFrame) -> None:
        rows = predictions[predictions["population"].notna()]
        rows = rows[(rows["kind"] == "expected") | (rows["rate"] < 1)]
        assert np.allclose(rows["clients"], rows["rate"] * rows["population"])

    def test_every_wijk_with_features_has_a_row(
        self, predictions: pd.DataFrame, panel: pd.DataFrame
    ) -> None:
        keys = panel[["wijk_code", "year"]]
        unknown = 0
        for (domain, *_), rows in predictions.groupby(["domain", "kind", "model"]):
            there = rows[["wijk_code", "year"]].reset_index(drop=True)
            assert_frame_equal(there, keys)
            figures = panel[f"{domain}_clients"] / panel[f"{domain}_population"]
            observed = rows["observed_rate"].to_numpy()
            assert np.allclose(observed, figures.to_numpy(), equal_nan=True)
            unknown += np.isnan(observed).sum()
        assert unknown > 0, "the demo has figures that are not known"

    def test_a_band_covers_nine_in_ten(self, predictions: pd.DataFrame) -> None:
        rows = predictions[predictions["observed_rate"].notna() & (predictions["population"] > 99)]
        inside = rows["observed_rate"].between(rows["lower"], rows["upper"])
        held = inside.groupby([rows["domain"], rows["kind"], rows["model"]]).mean().unstack("kind")
        assert held["expected"].between(0.8, 0.99).all()
        assert (held["estimate"].dropna() > 0.99).all(), "an estimate holds the published figure"

    def test_one_champion_per_domain(
        self, predictions: pd.DataFrame, record: dict[str, Any]
    ) -> None:
        expected = predictions[predictions["champion"] & (predictions["kind"] == "expected")]
        chosen = expected.groupby("domain")["model"].unique()
        assert {d: list(models) for d, models in chosen.items()} == {
            domain: [model] for domain, model in record["champions"].items()
        }

    def test_folds_hold_whole_gemeenten(
        self, predictions: pd.DataFrame, panel: pd.DataFrame
    ) -> None:
        rows = predictions.merge(panel[["wijk_code", "year", "gm_group"]], on=["wijk_code", "year"])
        rows = rows[rows["kind"] == "expected"]  # of an estimate the gemeente is known
        folds = rows.groupby(["domain", "gm_group"])["fold"].nunique()
        assert (folds == 1).all()
        assert rows["fold"].nunique() == 5


class TestRecord:
    def test_says_how_it_came_about(self, record: dict[str, Any]) -> None:
        assert record["task"] == "run"
        assert record["data"] == "demo"
        assert record["seed"] == 2026
        assert datetime.fromisoformat(record["started"]).tzinfo is not None
        assert set(record["champions"]) == set(DOMAINS)
        assert record["justification"] == ""
        stages = {"sources", "panel", "features", "models", "evaluation", "tracking"}
        assert set(record["timings_seconds"]) >= stages
        assert all(seconds >= 0 for seconds in record["timings_seconds"].values())

    def test_configuration_is_the_whole_of_it(self, record: dict[str, Any]) -> None:
        chosen = settings.compose(list(WHOLE))
        kept = record["configuration"]
        assert kept["data"]["demo"]["gemeenten"] == 25
        assert kept["split"]["score_years"] == chosen.split.score_years
        assert set(kept["features"]["define"]) == set(chosen.features.define)
        assert kept["models"]["lightgbm"]["params"]["rounds"] == 20

    def test_versions(self, record: dict[str, Any]) -> None:
        versions = record["versions"]
        assert versions["risicomodel"] == __version__
        assert versions["pandas"] == pd.__version__
        assert {"python", "numpy", "scikit-learn", "lightgbm", "pyarrow"} <= set(versions)

    def test_commit(self, record: dict[str, Any]) -> None:
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

    def test_hash_of_every_input(self, record: dict[str, Any]) -> None:
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

    def test_hash_of_every_table(self, run: Path, record: dict[str, Any]) -> None:
        assert set(record["tables"]) == set(OF_RUN)
        for name, sha in record["tables"].items():
            assert storage.sha256_file(run / name) == sha

    def test_is_readable_json_and_complete(self, run: Path) -> None:
        text = (run / "run.json").read_text(encoding="utf-8")
        assert json.loads(text)
        assert text.endswith("}\n")
        assert not [path.name for path in run.iterdir() if path.name.startswith(".")]


class TestSameAgain:
    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def once(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        cls.folder = tmp_path_factory.mktemp("again")
        well("train", *EACH, f"run.dir={cls.folder / 'first'}")
        return cls.folder

    folder: Path

    def test_from_cache_every_byte_is_the_same(self) -> None:
        well("train", *EACH, f"run.dir={self.folder / 'second'}")
        first, second = (runs.read_record(self.folder / name) for name in ("first", "second"))
        assert set(first["tables"]) == set(WITH_ESTIMATES)
        assert second["tables"] == first["tables"]
        assert second["configuration"]["seed"] == first["configuration"]["seed"]

    @pytest.mark.parametrize("jobs", [1, 4])
    def test_made_anew_with_any_number_of_jobs(self, jobs: int) -> None:
        words = ["cache=false", f"compute.jobs={jobs}"]
        well("train", *EACH, *words, f"run.dir={self.folder / str(jobs)}")
        assert without_seconds(self.folder / str(jobs)) == without_seconds(self.folder / "first")

    def test_another_seed_gives_another_result(self) -> None:
        well("train", *EACH, "seed=1", f"run.dir={self.folder / 'seed'}")
        first, other = (
            runs.read_record(self.folder / name)["tables"] for name in ("first", "seed")
        )
        assert other["panel.parquet"] == first["panel.parquet"]
        assert other["predictions.parquet"] != first["predictions.parquet"]

    def test_a_run_that_breaks_off_spoils_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What was fitted until then is kept, and to the last bit what it would have been."""
        monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
        words = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "split.protocols=[unseen_gemeente]"]
        wrong = "models.lightgbm.params.num_leaves=1"
        refused(cli("train", *words, "model=[glm,lightgbm]", wrong), "LightGBM refuses")
        assert list(tmp_path.glob(".cache/folds/*.parquet"))
        assert not list(tmp_path.rglob("*.partial"))
        runs_of = {"kept": "cache=true", "anew": "cache=false"}
        for name, cache in runs_of.items():
            well("train", *words, "model=glm", cache, f"run.dir={tmp_path / name}")
        kept, anew = (storage.sha256_file(tmp_path / n / "predictions.parquet") for n in runs_of)
        assert kept == anew

    def test_cache_off_keeps_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
        well("train", *SHORT, "cache=false", f"run.dir={tmp_path / 'run'}")
        assert {path.name for path in (tmp_path / ".cache").iterdir()} == {"demo"}


class TestFolder:
    def test_new_under_runs_by_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
        well("data", *DEMO, *OFF, "run.name=one")
        well("data", *DEMO, *OFF, "run.name=two")
        found = runs.find([])
        assert [runs.read_record(path)["name"] for path in found] == ["one", "two"]
        assert {path.parent for path in found} == {tmp_path / "runs" / "data"}
        assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", path.name) for path in found)

    def test_replaces_an_earlier_run(self, tmp_path: Path) -> None:
        where = f"run.dir={tmp_path / 'run'}"
        well("train", *SHORT, where)
        (tmp_path / "run" / "predictions.parquet").write_bytes(b"old")
        well("data", *DEMO, *OFF, where)
        names = {path.name for path in (tmp_path / "run").iterdir()}
        assert names == {*TABLES[:4], "run.json"}
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    def test_a_failing_run_leaves_the_earlier_one(self, tmp_path: Path) -> None:
        where = f"run.dir={tmp_path / 'run'}"
        well("data", *DEMO, *OFF, where)
        before = (tmp_path / "run" / "run.json").read_bytes()
        refused(cli("train", *SHORT, "split.folds=60", where), "gemeenten")
        assert (tmp_path / "run" / "run.json").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    def test_refuses_a_folder_with_other_things(self, tmp_path: Path) -> None:
        (tmp_path / "letter.txt").write_text("mine")
        done = cli("data", *DEMO, *OFF, f"run.dir={tmp_path}")
        refused(done, str(tmp_path), "run.json is not in it", "Choose another folder")
        assert (tmp_path / "letter.txt").read_text() == "mine"
        assert len(list(tmp_path.iterdir())) == 1

    def test_refuses_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("mine")
        refused(cli("data", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}"), "Choose another folder")

    def test_refuses_a_place_that_cannot_be_written(self) -> None:
        done = cli("data", *DEMO, *OFF, "run.dir=/dev/null/run")
        refused(done, "/dev/null", "can be read and written", "Correct run.dir")

    def test_takes_an_empty_folder(self, tmp_path: Path) -> None:
        well("data", *DEMO, *OFF, f"run.dir={tmp_path}")
        assert (tmp_path / "run.json").is_file()

    def test_record_comes_last(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []
        write = storage.atomic

        def atomic(path: Path) -> Any:
            written.append(path.name)
            return write(path)

        monkeypatch.setattr(storage, "atomic", atomic)
        final = tmp_path / "run"
        well("train", *SHORT, f"run.dir={final}")
        assert written[-1] == "run.json"
        assert set(TABLES) <= set(written[:-1])

    def test_nothing_is_there_until_all_is(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        finish = runs.finish

        def late(run: runs.Run, *rest: Any) -> None:
            seen.append(run.final.exists())
            finish(run, *rest)

        monkeypatch.setattr(runs, "finish", late)
        well("data", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}")
        assert seen == [False]
        assert (tmp_path / "run" / "run.json").is_file()


class TestCompare:
    @pytest.fixture(scope="class")
    @classmethod
    def home(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Two runs with scores and one without."""
        home = tmp_path_factory.mktemp("compare")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(paths.HOME_VARIABLE, str(home))
            well("data", *DEMO, *OFF, "run.name=figures")
            well("train", *SHORT, "run.name=national")
            well("train", *SHORT, "model=persistence", "run.name=last", "seed=7")
        return home

    @pytest.fixture(autouse=True)
    def at_home(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(paths.HOME_VARIABLE, str(home))

    def test_all(self) -> None:
        out = well("compare").out
        names = {runs.read_record(path)["name"]: path.name for path in runs.find([])}
        title, head, *rows, same = out.splitlines()
        assert head.split() == [
            "domain",
            "protocol",
            "model",
            "run",
            "label",
            "seed",
            "wr2",
            "wape",
            "n_rows",
        ]
        told = {tuple(row.split()[2:6]) for row in rows}
        assert ("mean", names["national"], "national", "2026") in told
        assert ("persistence", names["last"], "last", "7") in told
        assert names["figures"] not in out
        assert same == "the same in all: data demo, features demografie_wonen"
        assert "best first" in title

    def test_named_by_name_and_by_folder(self) -> None:
        folders = {runs.read_record(path)["name"]: path for path in runs.find([])}
        out = well("compare", folders["national"].name).out
        assert folders["national"].name in out
        assert folders["last"].name not in out
        out = well("compare", folders["last"], folders["national"].name).out
        assert folders["national"].name in out
        assert folders["last"].name in out

    def test_unknown(self) -> None:
        name = runs.find([])[0].name
        done = cli("compare", f"{name[:-1]}x")
        refused(done, f"no complete run '{name[:-1]}x'", f"did you mean '{name}'?", "run.json")

    def test_without_scores(self) -> None:
        folder = next(path for path in runs.find([]) if runs.read_record(path)["name"] == "figures")
        refused(cli("compare", folder.name), "none of these runs has scores", "risicomodel train")

    def test_an_unfinished_folder_is_no_run(self, home: Path) -> None:
        unfinished = home / "runs" / "train" / "20260101-000000-abcdef"
        unfinished.mkdir()
        assert unfinished not in runs.find([])
        with pytest.raises(ConfigError, match="no complete run"):
            runs.find([unfinished.name])

    def test_none_at_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
        refused(cli("compare"), "no complete run", "risicomodel run")
