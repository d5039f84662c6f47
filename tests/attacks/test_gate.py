"""Nothing reaches people except through the gate: the rule holds, and would catch who passes by."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import typing
from pathlib import Path

import pandas as pd
import pytest

import house
from risicomodel.data.domains import Domain
from risicomodel.publishing import disclosure
from risicomodel.publishing.disclosure.shown import About, Shown
from support.gate import (
    DRAWS_SCORES,
    GATE,
    KEEPS_ANSWERS,
    NAMES_FILES,
    OPENED_BY_PEOPLE,
    READS_TEXT,
    shows,
    violations,
    within,
)
from support.running import whole_run

FILES = house.files()
FACE = set(disclosure.__all__)

# what somebody in a hurry writes, and the name it is caught by
PASSING_BY = {
    "reads a run's table with pandas": (
        "publishing.report.wijk_page",
        "import pandas as pd\nrows = pd.read_parquet(folder / 'panel.parquet')",
        "read_parquet",
    ),
    "imports only the reader": (
        "publishing.report.overview",
        "from pandas import read_csv",
        "read_csv",
    ),
    "reads inside a function": (
        "publishing.presentation.maps",
        "def draw(path):\n    import pyogrio\n    return pyogrio",
        "pyogrio",
    ),
    "opens a run by its contract": (
        "publishing.report.site",
        "from risicomodel import runs\nrun = runs.finished(folder)",
        "risicomodel.runs",
    ),
    "takes a table's name from the contract": (
        "publishing.report.downloads",
        "from risicomodel.runs.contract import PANEL",
        "risicomodel.runs.contract.PANEL",
    ),
    "takes raw tables from within the gate": (
        "publishing.report.site",
        "from risicomodel.publishing.disclosure import tables",
        f"{GATE}.tables",
    ),
    "reaches into the gate by a dot": (
        "publishing.report.site",
        "from risicomodel.publishing import disclosure as d\nfound = d.tables.read(run)",
        f"{GATE}.tables",
    ),
    "hands the gate on whole": (
        "publishing.report.site",
        "from risicomodel.publishing import disclosure\ntables = getattr(disclosure, name)",
        "disclosure",
    ),
    "imports a module by its text": (
        "publishing.report.site",
        "import importlib\nimportlib.import_module('risicomodel.runs')",
        "importlib",
    ),
    "opens a file": (
        "publishing.report.atlas",
        "with open(folder / 'outlines.parquet', 'rb') as file:\n    pass",
        "open",
    ),
    "computes on the panel": (
        "publishing.report.housing",
        "from risicomodel.data.panel import store",
        "risicomodel.data.panel.store",
    ),
    "a route of the web reads a run": (
        "web.routes.wijk",
        "from risicomodel import runs",
        "risicomodel.runs",
    ),
    "a form of participation reads a table": (
        "participation.review",
        "import pandas\nrows = pandas.read_parquet(path)",
        "read_parquet",
    ),
    "a plan writes a page of what it read": (
        "planning.allocation",
        "from risicomodel import runs\nfrom risicomodel.publishing.presentation import rendering",
        "risicomodel.runs",
    ),
    "a plan writes a workbook of what it read": (
        "planning.costs",
        "from openpyxl import Workbook\nfrom risicomodel.runs import contract",
        "risicomodel.runs.contract",
    ),
    "the application fills in a page": (
        "app.pipeline.commands",
        "from risicomodel import runs\nfrom risicomodel.publishing.report import overview",
        "risicomodel.runs",
    ),
    "a chart of the panel, where results are computed": (
        "results.evaluation.calibration_chart",
        "import matplotlib as mpl\nfrom risicomodel.data.panel import store",
        "risicomodel.data.panel.store",
    ),
    "the chart of scores draws more than scores": (
        "results.evaluation.leaderboard_chart",
        "import matplotlib\nfrom risicomodel.data.panel import store",
        "risicomodel.data.panel.store",
    ),
    "a server of Python's own": (
        "app.serve",
        "from http.server import HTTPServer\nfrom risicomodel import runs",
        "risicomodel.runs",
    ),
    "a server of someone else's": (
        "app.serve",
        "def serve():\n    import uvicorn\n    from risicomodel import runs",
        "risicomodel.runs",
    ),
    "an application of aiohttp": (
        "app.serve",
        "from aiohttp import web\nfrom risicomodel.runs import reading",
        "risicomodel.runs.reading",
    ),
    "a code to scan with figures in it": (
        "app.invite",
        "import segno\nfrom risicomodel import runs",
        "risicomodel.runs",
    ),
    "a plan writes a workbook with pandas": (
        "planning.costs",
        "from risicomodel import runs\nframe.to_excel(path)",
        "risicomodel.runs",
    ),
    "a plan writes a page with pandas": (
        "planning.costs",
        "from risicomodel import runs\ntext = frame.to_html()",
        "risicomodel.runs",
    ),
    "a plan writes a page as text": (
        "planning.allocation",
        (
            "from risicomodel import runs\nfrom risicomodel.core import storage\n"
            "storage.write_text(folder / 'plan.html', text)"
        ),
        "risicomodel.runs",
    ),
    "a plan writes a page under a name that it puts together": (
        "planning.allocation",
        "from risicomodel import runs\npath = folder / f'{gemeente}.html'",
        "risicomodel.runs",
    ),
    "a page asks a database": (
        "publishing.report.overview",
        "import sqlite3\nrows = sqlite3.connect(path)",
        "sqlite3",
    ),
    "a page connects to a database": (
        "publishing.report.overview",
        "rows = engine.connect().execute(query)",
        "connect",
    ),
    "a screen asks the database past who keeps answers": (
        "web.taking_part",
        "from sqlalchemy import select",
        "sqlalchemy.select",
    ),
    "who writes what people answered reads a run": (
        "app.review.tables",
        "from risicomodel.runs import contract, reading",
        "risicomodel.runs.reading",
    ),
    "another command of a round takes the declarations": (
        "app.review.ending",
        "from risicomodel.runs import contract",
        "risicomodel.runs.contract",
    ),
    "who keeps answers asks another database": (
        "participation.review.store",
        "import sqlite3",
        "sqlite3",
    ),
    "a page opens a workbook": (
        "publishing.report.downloads",
        "import pandas as pd\nrows = pd.ExcelFile(path).parse()",
        "ExcelFile",
    ),
    "a page opens a workbook cell by cell": (
        "publishing.report.downloads",
        "from openpyxl import load_workbook",
        "load_workbook",
    ),
    "a page takes a table from the cache": (
        "publishing.report.site",
        "from risicomodel.core import storage\nrows = storage.Cache(folder).kept(kind, key)",
        "kept",
    ),
    "a page has another program read for it": (
        "publishing.report.site",
        "import subprocess\ntext = subprocess.check_output(command)",
        "subprocess",
    ),
    "the application takes raw tables": (
        "app.pipeline.stages",
        "from risicomodel.publishing.disclosure.tables import read",
        f"{GATE}.tables.read",
    ),
}
IN_ORDER = {
    "a page of what is shown": (
        "publishing.report.overview",
        (
            "from risicomodel.publishing.disclosure import Shown\n"
            "from risicomodel.publishing.report import gaps\n"
            "from risicomodel.core import storage"
        ),
    ),
    "a route that asks the gate": (
        "web.routes.wijk",
        (
            "import starlette\nfrom risicomodel.publishing import disclosure\n"
            "shown = disclosure.disclose(run)"
        ),
    ),
    "a plan that computes": (
        "planning.costs",
        "from risicomodel import runs\nfrom risicomodel.runs import contract",
    ),
    "a server of pages that are made": (
        "app.serve",
        "from http.server import HTTPServer\nfrom risicomodel.publishing import report",
    ),
    "a text that speaks of a page": (
        "planning.costs",
        '"""What is in index.html"""\nfrom risicomodel import runs',
    ),
    "a command that has a report made": (
        "app.pipeline.commands",
        (
            "from risicomodel import runs\nfrom risicomodel.publishing import report\n"
            "from risicomodel.publishing.report import LARGEST"
        ),
    ),
}


@pytest.mark.parametrize("module", FILES)
def test_no_module_passes_by_the_gate(module: str) -> None:
    source = FILES[module].read_text(encoding="utf-8")
    assert violations(module, source, FACE, FILES) == set()


@pytest.mark.parametrize("case", PASSING_BY)
def test_who_passes_by_the_gate_is_caught(case: str) -> None:
    module, source, name = PASSING_BY[case]
    assert name in violations(module, source, FACE, FILES)


@pytest.mark.parametrize("case", IN_ORDER)
def test_who_goes_through_the_gate_is_not(case: str) -> None:
    module, source = IN_ORDER[case]
    assert violations(module, source, FACE, FILES) == set()


def test_the_rule_is_held_where_pages_are_made() -> None:
    """Every module of the rooms that show is bound, and the few that read text still do."""
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
    bound = {name for name, tree in trees.items() if shows(name, tree, FILES)}
    rooms = {name for name in FILES if within(name, "publishing") and not within(name, GATE)}
    assert rooms <= bound
    assert len(bound) > 20


def test_every_exception_is_one_that_is_needed() -> None:
    for name in READS_TEXT:
        assert "read_text" in FILES[name].read_text(encoding="utf-8")
    for name in KEEPS_ANSWERS:
        assert "sqlalchemy" in FILES[name].read_text(encoding="utf-8")
    for name in NAMES_FILES:
        source = FILES[name].read_text(encoding="utf-8")
        assert any(f'{ending}"' in source for ending in OPENED_BY_PEOPLE)
    for name, allowed in DRAWS_SCORES.items():
        source = FILES[name].read_text(encoding="utf-8")
        assert shows(name, ast.parse(source), FILES)
        assert all(f"risicomodel.{module} import" in source for module in allowed)


def test_the_face_of_the_gate_takes_a_folder_and_gives_what_is_shown() -> None:
    functions = {name for name in FACE if inspect.isfunction(getattr(disclosure, name))}
    assert functions == {"disclose"}
    names = {"Path": Path, "pd": pd, "Domain": Domain}
    hints = typing.get_type_hints(disclosure.disclose, localns=names)
    assert hints == {"run": Path, "return": Shown}
    frames = {pd.DataFrame, pd.DataFrame | None}
    types = typing.get_type_hints(Shown, localns=names)
    assert {type_ for name, type_ in types.items() if name != "about"} <= frames
    assert types["about"] is About


def test_what_is_said_of_the_run_names_no_place() -> None:
    about = disclosure.disclose(whole_run()).about
    place = re.compile(r"\b(?:WK|BU|GM)\d{4}")
    tables = {one.name: getattr(about.tables, one.name) for one in dataclasses.fields(about.tables)}
    for name, table in tables.items():
        assert len(table)
        for column in table.select_dtypes(exclude="number"):
            named = table[column].astype("str").str.contains(place)
            assert not named.any(), f"{name}.{column}: {table.loc[named, column].iloc[0]}"
    others = [getattr(about, one.name) for one in dataclasses.fields(about) if one.name != "tables"]
    assert not place.search(str(others))
