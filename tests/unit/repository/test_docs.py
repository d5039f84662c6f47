"""What README, the studies and dvc.yaml tell a reader to type is understood by the command line."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from risicomodel.app import settings
from risicomodel.cli import TASKS, WORDS
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("experiments/*/README.md"))]


def commands(page: Path) -> list[str]:
    """Return the risicomodel commands of a page's code blocks, continued lines joined."""
    blocks = re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [shlex.join(w) for w in words if w and w[0].endswith("risicomodel") and len(w) > 1]


ALL = [command for page in PAGES for command in commands(page)]


def test_pages_have_commands() -> None:
    assert len(ALL) > 8


@pytest.mark.parametrize("command", ALL)
def test_every_command_of_the_pages_composes(command: str) -> None:
    task, *overrides = shlex.split(command)[1:]
    assert task in TASKS
    if task == "compare":
        return
    if task == "verify":
        overrides.remove("RUN_FOLDER")
    overrides = WORDS.get(task, list)(overrides)
    sweep = "-m" in overrides
    for override in [o for o in overrides if o != "-m"]:
        assert "=" in override
    first = re.compile(r",(?![^\[{]*[\]}])")  # a comma within brackets is of a list
    plain = [first.split(o)[0] if sweep else o for o in overrides if o != "-m"]
    settings.compose(plain)


def test_links_of_the_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def stages() -> dict[str, dict[str, object]]:
    out: dict[str, dict[str, object]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return out


def test_dvc_stages_mirror_tasks_and_watch_what_is_there() -> None:
    outs: set[str] = set()
    for stage in stages().values():
        task, *overrides = shlex.split(str(stage["cmd"]))[1:]
        assert task in TASKS
        settings.compose(overrides)
        for dep in stage["deps"]:  # type: ignore[attr-defined]
            made = any(str(dep).startswith(f"{out}/") for out in outs)
            assert made or (ROOT / str(dep)).exists(), dep
        outs |= set(stage["outs"])  # type: ignore[call-overload]


LOCAL = """# @package _global_
data: {demo: {gemeenten: 25, wijken: 220, first_year: 2016, last_year: 2018}}
split: {score_years: [2016, 2017, 2018], origins: [], horizon: 1}
models: {lightgbm: {params: {rounds: 5}}}
explain: {refits: 1}
tracking: {enabled: false}
"""


@pytest.mark.slow
def test_dvc_repro_runs_every_stage_without_a_remote(tmp_path: Path) -> None:
    """In a checkout of its own, with this machine's choices in configs/local."""
    for name in ("src", "configs", "data"):
        ignored = shutil.ignore_patterns("__pycache__", "interim", "processed", "cbs", "local")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "configs" / "local").mkdir()
    (tmp_path / "configs" / "local" / "default.yaml").write_text(LOCAL)
    program = tmp_path / "bin" / "risicomodel"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m risicomodel.cli "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path / "src"),
        "RISICOMODEL_HOME": str(tmp_path),
        "DVC_NO_ANALYTICS": "1",
    }
    environment.pop("RISICOMODEL_CONFIG_DIR", None)
    dvc = [sys.executable, "-W", "ignore", "-m", "dvc"]
    for arguments in (["init", "--no-scm", "-q"], ["repro"]):
        done = subprocess.run(
            [*dvc, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "data" / "interim" / "panel" / "run.json").is_file()
    assert (tmp_path / "data" / "processed" / "models" / "predictions.parquet").is_file()
    processed = tmp_path / "data" / "processed"
    assert (processed / "forecasts" / "forecasts.parquet").is_file()
    assert (processed / "explanations" / "explanations.parquet").is_file()
    assert (processed / "run" / "report" / "index.html").is_file()
