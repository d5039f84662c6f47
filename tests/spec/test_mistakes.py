"""Mistakes: one error that says what was found, what is expected and what to do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.data.sources.archive import MANIFEST
from support.archives import JEUGD, KWB, attempt, edit, read, with_clients
from support.running import DEMO, SPLIT, process, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from risicomodel.data.sources.archive import Archive

    Edit = Callable[[pd.DataFrame], pd.DataFrame]


TYPOS = {
    "sed=1": ["'sed'", "did you mean 'seed'?", "configs/"],
    "split.fold=3": ["'split.fold'", "did you mean 'split.folds'?"],
    "fold=3": ["'fold'", "did you mean 'split.folds'?"],
    "modle=glm": ["'modle'", "did you mean 'model'?"],
    "models.lightgbm.params.round=9": ["did you mean 'models.lightgbm.params.rounds'?"],
    "data=archve": ["'archve'", "did you mean 'archive'?", "archive, cbs, demo, table"],
    "model=lightgbmm": ["did you mean 'lightgbm'?", "persistence"],
    "domain=[jeugd,wm]": ["'wm'", "did you mean 'wmo'?", "expected one of all, ao"],
    "experiment=flatery": ["did you mean 'flattery'?"],
    "seed=x": ["seed: Value 'x'", "Integer", "Correct the override"],
    "seed=-1": ["seed is -1", "expected 0 or more"],
    "split.folds=three": ["split.folds", "'three'"],
    "split.folds=1": ["folds is 1", "expected 2 or more"],
    "split.protocols=[unseen]": ["'unseen' is unknown", "unseen_gemeente, unseen_wijk"],
    "split.protocols=[]": ["no protocol", "unseen_gemeente"],
    "cache=maybe": ["cache: Value 'maybe'"],
    "models.lightgbm.params.rounds=abc": ["rounds is 'abc'", "a whole number"],
    "models.glm.params.alpha=-1": ["alpha is -1", "a number of 0 or more"],
    "models.lightgbm.params.num_leaves=1": ["LightGBM refuses", "num_leaves", "models.lightgbm"],
    "+models.x.kind=forest": ["'forest' is not one of mean"],
    "champion.metric=mae": ["champion.metric is 'mae'", "wr2, r2, wape"],
    "champion.metric=bias": ["champion.metric is 'bias'"],
    "domain=[]": ["no domain chosen", "domain=[jeugd,wmo]"],
    "~model": ["no model", "model="],
    "seed": ["'seed'", "key=value"],
    "seed=[1": ["seed=[1", "Correct the override"],
    "data.demo.wijken=2": ["wijken is 2", "expected "],
    "compute.jobs=0": ["compute.jobs is 0", "1 or more"],
    "features.define.inwoners.formula=foo+": ["'foo+' is not a formula", "arithmetic"],
    "features.define.inwoners.formula=inwonrs": ["'inwonrs' is not a KWB column"],
    "domains.jeugd.subject=jeugdzorg": ["'jeugdzorg' is not in tables"],
}


def test_a_mistake_ends_with_status_2_and_no_traceback(tmp_path: Path) -> None:
    """A mistake ends with exit status 2 and one error on the error stream, without a traceback,
    and leaves nothing behind.
    """
    done = process("train", "sed=1", home=tmp_path)
    refused(done, "did you mean 'seed'?")
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("typo", TYPOS)
def test_a_mistyped_setting_is_named_with_what_is_allowed(typo: str, tmp_path: Path) -> None:
    """A mistyped setting or value is named, with the nearest that exists or what is allowed."""
    data = ["data=archive"] if typo.startswith("domains.") else DEMO
    done = attempt("train", *data, *SPLIT, "domain=jeugd", typo, at=tmp_path)
    refused(done, *TYPOS[typo])


def test_every_violation_is_reported_at_once_and_once(archive: Path) -> None:
    """Everything wrong with the tables is reported at once, and each thing once."""
    edit(archive / JEUGD, with_clients("99999"))
    edit(archive / KWB, lambda t: t.assign(AantalInwoners_5=-t["AantalInwoners_5"]))
    done = read(archive)
    refused(done, "aantal_inwoners", "wmo_population", "jeugd: more clients than people")
    details = [line for line in done.err.splitlines() if line.startswith("  - ")]
    assert len(details) == len(set(details)) == 3


def test_a_file_that_changed_since_its_manifest_is_refused(
    small_demo: Archive, tmp_path: Path
) -> None:
    """A file that changed since its manifest was written is refused, with what to do about it."""
    folder = shutil.copytree(small_demo.folder, tmp_path / "archive")
    named = [
        f"tables.{subject}.{year}=[{table}{year}]"
        for subject, table in (("kwb", "DEMOKWB"), ("jeugd", "DEMOJZ"), ("wmo", "DEMOWMO"))
        for year in (2016, 2017, 2018)
    ]
    assert read(folder, *named).status == 0
    edit(folder / "DEMOJZ2018.csv", with_clients("15", 1))
    done = read(folder, *named)
    refused(done, "DEMOJZ2018.csv", "manifest", "sha256", f"remove {MANIFEST}", "again")
    (folder / MANIFEST).write_text('{"tables": [')
    refused(read(folder, *named), "is not a manifest", "Remove it")
    (folder / MANIFEST).unlink()
    assert read(folder, *named).status == 0


@pytest.mark.parametrize("task", ["info", "data", "train", "run"])
def test_every_task_refuses_an_archive_that_is_not_there(task: str, tmp_path: Path) -> None:
    """Every task refuses an archive that is not there in the same words."""
    refused(read(tmp_path / "none", task=task), "no archive folder")
