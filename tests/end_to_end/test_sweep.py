"""Sweeps: jobs side by side, each a run of its own; a mistake in one is said and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel import runs
from support.running import (
    DEMO,
    OFF,
    SHORT,
    SPLIT,
    TABLES,
    begin,
    cli,
    interrupt,
    process,
    refused,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_two_jobs_give_two_complete_runs(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    words = [*SHORT, "split.folds=3,4", "run.name=sweep"]
    done = process("train", "-m", *words, home=tmp_path / "home", cwd=here)
    assert done.status == 0, done.err
    found = sorted((tmp_path / "home" / "runs" / "train").iterdir())
    assert len(found) == 2
    records = [runs.read_record(folder) for folder in found]
    assert {record["configuration"]["split"]["folds"] for record in records} == {3, 4}
    assert {record["name"] for record in records} == {"sweep"}
    for folder, record in zip(found, records, strict=True):
        assert set(record["tables"]) == set(TABLES)
        assert f"results:  {folder}\n" in done.out
        folds = pd.read_parquet(folder / "predictions.parquet")["fold"].nunique()
        assert folds == record["configuration"]["split"]["folds"]
    # what a job is about, and that its progress is its own
    assert "[0] " in done.err
    assert "[1] " in done.err
    assert "split.folds=3" in done.err
    assert "Joblib" not in done.out + done.err
    # Hydra leaves nothing of its own, and nothing was made twice
    assert not list(here.iterdir())
    assert {path.name for path in (tmp_path / "home").iterdir()} == {".cache", "runs"}
    assert {path.name for path in (tmp_path / "home" / "runs").iterdir()} == {"train"}
    cache = tmp_path / "home" / ".cache"
    assert len([path for path in (cache / "panel").iterdir() if path.is_dir()]) == 1
    assert not list(tmp_path.rglob("*.partial"))


def test_a_failing_job_is_told_and_the_others_finish(tmp_path: Path) -> None:
    done = process("train", "-m", *SHORT, "split.folds=3,x", home=tmp_path)
    refused(done, "split.folds: Value 'x'", "Integer")
    assert len(list((tmp_path / "runs" / "train").glob("*/run.json"))) == 1
    assert len(list((tmp_path / "runs" / "train").iterdir())) == 1


class TestMistakes:
    """Found before any job starts."""

    @pytest.mark.parametrize(
        ("typo", "words"),
        [
            ("sed=1,2", ["'sed'", "did you mean 'seed'?"]),
            ("features=demografie_wonen,plus_inkommen", ["did you mean 'plus_inkomen'?"]),
            ("model=glm,lightgbmm", ["did you mean 'lightgbm'?"]),
            ("seed=[1", ["Correct the override"]),
        ],
    )
    def test_in_an_override(self, typo: str, words: list[str]) -> None:
        refused(cli("train", "-m", *DEMO, *OFF, typo), *words)

    def test_one_folder_for_all(self, tmp_path: Path) -> None:
        done = cli("train", "-m", *SHORT, "seed=1,2", f"run.dir={tmp_path}")
        refused(done, "run.dir names one folder", "Leave run.dir out")


def test_interrupted(tmp_path: Path) -> None:
    """Jobs are killed then, and cannot clear up: the sweep does it for them."""
    words = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "seed=1,2"]
    running = begin("train", "-m", *words, home=tmp_path)
    assert running.stderr
    assert any("models …" in line for line in running.stderr)
    assert list(tmp_path.rglob("*.partial"))
    interrupt(running)
    assert not list(tmp_path.rglob("*.partial"))
    assert not list((tmp_path / "runs" / "train").iterdir())
