"""A run's folder: the tables other people build on, and the record of how they came about."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.core import paths
from risicomodel.core.errors import ConfigError
from risicomodel.results.evaluation import bootstrap
from risicomodel.runs import compare
from support.running import DEMO, OFF, SHORT, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path


def test_cache_off_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_refuses_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("mine")
        refused(cli("data", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}"), "Choose another folder")

    def test_refuses_a_place_that_cannot_be_written(self) -> None:
        done = cli("data", *DEMO, *OFF, "run.dir=/dev/null/run")
        refused(done, "/dev/null", "can be read and written", "Correct run.dir")

    def test_takes_an_empty_folder(self, tmp_path: Path) -> None:
        well("data", *DEMO, *OFF, f"run.dir={tmp_path}")
        assert (tmp_path / "run.json").is_file()


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
        title, head, *rows, same, note, chance = out.splitlines()
        assert head.split() == [
            "domain",
            "protocol",
            "model",
            "run",
            "label",
            "seed",
            "wr2",
            "wape",
            "behind",
            "n_rows",
        ]
        told = {tuple(row.split()[2:6]) for row in rows}
        assert ("mean", names["national"], "national", "2026") in told
        assert ("persistence", names["last"], "last", "7") in told
        assert names["figures"] not in out
        assert same == "the same in all: data demo, features demografie_wonen"
        assert "best first" in title
        assert note.startswith("behind: WAPE less the lowest")
        assert "~ within chance" in chance
        assert {row.split()[-2] for row in rows if "noise_floor" in row} == {"–"}
        assert any(row.split()[-2] == "0" for row in rows), "the best is not behind itself"

    def test_named_by_name_and_by_folder(self) -> None:
        folders = {runs.read_record(path)["name"]: path for path in runs.find([])}
        out = well("compare", folders["national"].name).out
        assert folders["national"].name in out
        assert folders["last"].name not in out
        out = well("compare", folders["last"], folders["national"].name).out
        assert folders["national"].name in out
        assert folders["last"].name in out
        assert f"differences from {folders['last'].name}, model by model" in out

    def test_a_run_beside_itself_and_beside_one_on_other_rows(self, tmp_path: Path) -> None:
        folders = {runs.read_record(path)["name"]: path for path in runs.find([])}
        same = shutil.copytree(folders["national"], tmp_path / "same")
        other = shutil.copytree(folders["national"], tmp_path / "other")
        sums = pd.read_parquet(other / "gemeente_scores.parquet")
        sums.assign(n_rows=sums["n_rows"] + 1).to_parquet(other / "gemeente_scores.parquet")
        apart = compare.compare([str(folders["national"]), str(same), str(other)]).changes
        assert set(apart["against"]) == {folders["national"].name}
        by_run = apart.set_index(["run", "model"])
        limits = ["wape", "wape_lower", "wape_upper", "wr2", "wr2_lower", "wr2_upper"]
        assert (by_run.loc["same", limits] == 0).all(axis=None)
        assert by_run.loc["other", limits].isna().all(axis=None)
        assert (by_run.loc["other", "n_gemeenten"] == 0).all()
        assert (by_run.loc["same", "n_gemeenten"] > bootstrap.MIN_GEMEENTEN).all()

    def test_runs_without_sums_per_gemeente_have_scores_and_no_differences(
        self, tmp_path: Path
    ) -> None:
        folder = shutil.copytree(runs.find([])[-1], tmp_path / "before")
        (folder / "gemeente_scores.parquet").unlink()
        compared = compare.compare([str(folder)])
        assert compared.scores["behind"].isna().all()
        assert compared.scores["wape"].notna().all()
        assert compared.changes.empty

    def test_runs_of_the_same_name_in_two_folders_stay_apart(self, tmp_path: Path) -> None:
        folders = {runs.read_record(path)["name"]: path for path in runs.find([])}
        copies = [shutil.copytree(folders[n], tmp_path / n / "run") for n in ("national", "last")]
        table = compare.compare([str(folder) for folder in copies]).scores
        assert set(table["run"]) == {str(folder) for folder in copies}

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
