"""What pages promise a reader: commands that work, links that lead somewhere, figures that hold."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from risicomodel.app import settings
from risicomodel.app.commands import COMMANDS
from risicomodel.app.review import command as review
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "GLOSSARY.md",
    ROOT / "data" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("experiments/**/*.md")),
]
README_LINES = 200


def commands(page: Path) -> list[str]:
    """Return the risicomodel commands of a page's code blocks, continued lines joined."""
    blocks = re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [shlex.join(w) for w in words if w and w[0].endswith("risicomodel") and len(w) > 1]


ALL = list(dict.fromkeys(command for page in PAGES for command in commands(page)))


def test_pages_have_commands() -> None:
    assert len(ALL) > 8


@pytest.mark.parametrize("command", ALL)
def test_every_command_of_the_pages_composes(command: str) -> None:
    task, *overrides = shlex.split(command)[1:]
    assert task in COMMANDS
    if task == "compare":
        return
    if task == "review":
        assert review.parse(overrides).verb in review.VERBS
        return
    if task == "verify":
        overrides.remove("RUN_FOLDER")
    overrides = COMMANDS[task].overrides(overrides)
    sweep = "-m" in overrides
    for override in [o for o in overrides if o != "-m"]:
        assert "=" in override
    first = re.compile(r",(?![^\[{]*[\]}])")  # a comma within brackets is of a list
    plain = [first.split(o)[0] if sweep else o for o in overrides if o != "-m"]
    settings.compose(plain)


def slug(heading: str) -> str:
    """Return the anchor that a heading gets on a page."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {slug(heading) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            target, _, anchor = link.partition("#")
            there = page.parent / target if target else page
            assert there.exists(), link
            assert not anchor or anchor in anchors(there), link


def test_every_page_of_docs_is_on_the_list_of_pages() -> None:
    listed = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in sorted(ROOT.glob("docs/**/*.md")):
        name = page.relative_to(ROOT / "docs").as_posix()
        assert page.name == "README.md" or name.startswith("decisions/") or f"]({name})" in listed


def test_every_decision_is_on_the_list_of_decisions() -> None:
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for page in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        assert f"]({page.name})" in listed


def test_a_newcomer_reads_the_readme_in_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < README_LINES


# what a column of a measured table says, as scores name it
COLUMNS = {
    "country's mean": "mean",
    "gemeente's mean": "gemeente_mean",
    "nearest year": "persistence",
    "last value": "persistence",
    "estimate": "best on blank_gemeente",
    "noise floor": "unseen_gemeente: noise_floor",
}
KEY = ["domain", "protocol", "model"]
TABLE = re.compile(r"<!-- table: (\S+) -->\n(.*?)<!-- end -->", flags=re.DOTALL)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def test_measured_tables_have_the_figures_of_their_study() -> None:
    tables = [match for page in PAGES for match in TABLE.findall(page.read_text(encoding="utf-8"))]
    assert tables
    for study, text in tables:
        scores = pd.read_csv(ROOT / study / "leaderboard.csv")
        blank = scores[scores["protocol"].eq("blank_gemeente")]
        learned = blank[~blank["model"].isin(["persistence", "noise_floor"])]
        best = scores.merge(learned.sort_values("wape").drop_duplicates("domain")[KEY[::2]])
        scores = pd.concat([scores, best.assign(model="best on blank_gemeente")])
        wape = scores.set_index(KEY)["wape"]
        head, _, *rows = text.strip().splitlines()
        protocol, of = "", []
        for name in cells(head)[1:]:
            left, _, right = COLUMNS.get(name, name).rpartition(": ")
            protocol = left or protocol
            of.append((protocol, COLUMNS.get(right, right)))
        for row in rows:
            domain, *figures = cells(row)
            assert figures == [f"{wape[domain, one, model]:.3f}" for one, model in of]


def stages() -> dict[str, dict[str, object]]:
    out: dict[str, dict[str, object]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return out


def test_dvc_stages_mirror_tasks_and_watch_what_is_there() -> None:
    outs: set[str] = set()
    for stage in stages().values():
        task, *overrides = shlex.split(str(stage["cmd"]))[1:]
        assert task in COMMANDS
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
