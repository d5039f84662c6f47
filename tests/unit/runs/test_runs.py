"""A run's folder: the tables other people build on, and the record of how they came about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel import runs
from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError
from support.running import (
    DEMO,
    OFF,
    SHORT,
    SPLIT,
    TABLES,
    WITH_ESTIMATES,
    cli,
    refused,
    well,
    without_seconds,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

EACH = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "models.lightgbm.params.rounds=20", "split.folds=3"]


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
