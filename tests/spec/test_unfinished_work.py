"""Unfinished work: nothing that looks finished, and nothing lost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.app import tracking
from risicomodel.core import storage
from support.running import (
    DEMO,
    OFF,
    SHORT,
    SPLIT,
    TABLES,
    TRACKED,
    begin,
    cli,
    interrupt,
    process,
    refused,
    well,
    without_seconds,
)

if TYPE_CHECKING:
    from pathlib import Path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[pd.DataFrame], pd.DataFrame]


def test_record_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """run.json is written last: a folder without it is no finished run."""
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


def test_nothing_is_there_until_all_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's folder appears only when every table is in it."""
    seen = []
    finish = runs.finish

    def late(run: runs.Run, *rest: Any) -> None:
        seen.append(run.final.exists())
        finish(run, *rest)

    monkeypatch.setattr(runs, "finish", late)
    well("data", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}")
    assert seen == [False]
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_failing_run_leaves_the_earlier_one(tmp_path: Path) -> None:
    """A run that fails leaves an earlier run in its folder as it was."""
    where = f"run.dir={tmp_path / 'run'}"
    well("data", *DEMO, *OFF, where)
    before = (tmp_path / "run" / "run.json").read_bytes()
    refused(cli("train", *SHORT, "split.folds=60", where), "gemeenten")
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_replaces_an_earlier_run(tmp_path: Path) -> None:
    """A run that succeeds replaces the earlier one as a whole: no table of it is left."""
    where = f"run.dir={tmp_path / 'run'}"
    well("train", *SHORT, where)
    (tmp_path / "run" / "predictions.parquet").write_bytes(b"old")
    well("data", *DEMO, *OFF, where)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {*TABLES[:5], "run.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_refuses_a_folder_with_other_things(tmp_path: Path) -> None:
    """A run never writes into a folder that holds anything but a run."""
    (tmp_path / "letter.txt").write_text("mine")
    done = cli("data", *DEMO, *OFF, f"run.dir={tmp_path}")
    refused(done, str(tmp_path), "run.json is not in it", "Choose another folder")
    assert (tmp_path / "letter.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


WORDS = ("train", *DEMO, *SPLIT, *OFF, "domain=jeugd", "split.protocols=[unseen_gemeente]")


def interrupted(home: Path, stage: str, fits: int) -> None:
    """Send Ctrl-C to a process in the middle of its work, and check that it left nothing."""
    running = begin(*WORDS, f"run.dir={home / 'results' / 'run'}", home=home)
    assert running.stderr
    assert any(line.startswith(stage) for line in running.stderr)
    while len(list(home.glob(".cache/folds/*.parquet"))) < fits:
        assert running.poll() is None
        time.sleep(0.01)
    interrupt(running)
    assert not (home / "results").exists() or not list((home / "results").iterdir())
    assert not list(home.rglob("*.partial"))


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["sources", "panel"])
def test_an_interrupted_run_leaves_nothing(stage: str, tmp_path: Path) -> None:
    """A run that is interrupted with Ctrl-C leaves no results and no half-written file."""
    interrupted(tmp_path, stage, 0)


@pytest.mark.slow
def test_the_same_command_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    """The same command goes on where an interrupted run stopped, and ends with the same tables."""
    interrupted(tmp_path, "models", 5)
    fits = {path: path.stat().st_mtime_ns for path in tmp_path.glob(".cache/folds/*.parquet")}
    assert 5 <= len(fits) < 25

    run = tmp_path / "results" / "run"
    done = process(*WORDS, f"run.dir={run}", home=tmp_path)
    assert done.status == 0, done.err
    assert {path: path.stat().st_mtime_ns for path in fits} == fits
    well(*WORDS, f"run.dir={tmp_path / 'at_once'}")
    assert without_seconds(run) == without_seconds(tmp_path / "at_once")


@pytest.mark.usefixtures("environment_as_it_was")
def test_an_interrupted_store_costs_no_results(tmp_path: Path) -> None:
    """A tracking store that fails costs no results: the run is complete before it is tracked."""
    seen = []

    class Spy(tracking.MlflowTracker):
        def _log_run(self, folder: Path, *_: Any) -> None:
            seen.append((folder / "run.json").is_file())
            raise RuntimeError("the disk is full\nsecond line")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tracking, "MlflowTracker", Spy)
        done = well("train", *TRACKED, f"run.dir={tmp_path / 'run'}")
    assert seen == [True]
    assert "refused the run (the disk is full)" in done.err
    assert f"All results are in {tmp_path / 'run'}" in done.err
