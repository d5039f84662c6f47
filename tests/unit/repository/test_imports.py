"""The house that pyproject.toml declares: wings and rooms in order, and no circle of files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

import house

HOUSE = house.declared()
FILES = house.files()
PACKAGE = house.ROOT / "src" / house.PACKAGE
WINGS = list(HOUSE)

# heavy packages, and the only rooms that may touch them
ONLY = {
    "hydra": {"app.settings", "app.sweep"},
    "omegaconf": {"app.settings", "participation.forms"},
    "mlflow": {"app.tracking", "app.mlflow_model"},
    "optuna": {"learning.tuning"},
    "joblib": {"core.compute"},
    "distributed": {"core.compute"},
    "dask": {"core.compute"},
    "psycopg": {"learning.tuning"},
    "shap": set[str](),
    "lightgbm": {"learning.models"},
    "sklearn": {"learning.models"},
    "crepes": {"learning.conformal"},
    "requests": {"data.sources", "app.tracking"},
    "jinja2": {"publishing.presentation", "web.pages"},
    "rich": {"core.progress", "app.console"},
    "matplotlib": {"results.evaluation"},
}
HEAVY = (
    "pandas", "numpy", "lightgbm", "mlflow", "hydra", "omegaconf", "sklearn", "scipy", "pyarrow",
    "geopandas", "pandera", "joblib", "matplotlib", "rich", "jinja2",
)  # fmt: skip
# at the top of a module they would make every command wait for them
LAZY = {*ONLY, *HEAVY, "optuna", "crepes", "shap", "shapely", "pyogrio"} - {"numpy", "pandas"}
# part of a run that is a library of its own
CORE = WINGS[: WINGS.index("runs")]


def own(name: str) -> str | None:
    """The file an imported name leads to; None for another package."""
    package, _, inside = name.partition(".")
    while package == "risicomodel" and inside and inside not in FILES:
        inside = inside.rpartition(".")[0]
    return inside if package == "risicomodel" and inside else None


def imported_by(node: ast.AST) -> list[str]:
    """The modules that one statement imports, or imports from."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def leads_to(name: str) -> set[str]:
    """The files of ours that a file imports."""
    return {there for item in house.imported(FILES[name]) if (there := own(item))} - {name}


def place(name: str) -> tuple[int, int]:
    """Which wing a file is in, and which room of it; a wing's own file stands before its rooms."""
    wing, *rest = name.split(".")
    rooms = HOUSE[wing]
    return WINGS.index(wing), rooms.index(rest[0]) if rest else -1


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_a_room_in_the_house(name: str) -> None:
    wing, *rest = name.split(".")
    assert wing in HOUSE
    assert not rest or rest[0] in HOUSE[wing]


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_only_from_what_stands_before_it(name: str) -> None:
    wing, room = place(name)
    if name in HOUSE:  # its face shows what is in its rooms
        room = len(HOUSE[name])
    for there in leads_to(name):
        other_wing, other_room = place(there)
        assert other_wing <= wing, f"{name} imports {there}, of a wing that comes after"
        if other_wing == wing:
            assert other_room <= room, f"{name} imports {there}, of a room that comes after"


def test_no_file_leads_back_to_itself() -> None:
    graph = {name: leads_to(name) for name in FILES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_says_what_lives_there_and_what_may_not(wing: str) -> None:
    path = PACKAGE / wing / "__init__.py"
    if not path.is_file():
        assert not (PACKAGE / wing).exists()
        return
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    summary, *paragraphs = said.split("\n\n")
    assert summary.endswith(".")
    assert len(paragraphs) == 1, "a line and one paragraph, with no examples"
    assert len(said.split()) >= 20, said
    assert re.search(r"\b(not|no|nothing|never)\b", said, flags=re.IGNORECASE), said


def test_the_top_of_the_package_is_a_page_one_can_take_in() -> None:
    there = {p.name for p in PACKAGE.iterdir() if p.suffix == ".py" or p.is_dir()}
    assert len(there - {"__init__.py", "__main__.py", "__pycache__", "configs"}) <= 14


def test_no_package_lies_deeper_than_three_levels() -> None:
    assert max(len(path.relative_to(PACKAGE).parts) - 1 for path in FILES.values()) <= 3


@pytest.mark.parametrize("package", ONLY)
def test_a_heavy_package_is_imported_only_where_it_belongs(package: str) -> None:
    users = {
        ".".join(name.split(".")[:2])
        for name, path in FILES.items()
        if package in {item.split(".")[0] for item in house.imported(path)}
    }
    assert users <= ONLY[package]


@pytest.mark.parametrize("name", FILES)
def test_what_is_slow_to_import_waits_until_it_is_used(name: str) -> None:
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    for node in tree.body:
        assert not LAZY & {item.split(".")[0] for item in imported_by(node)}


@pytest.mark.parametrize("name", FILES)
def test_numpy_and_pandas_are_imported_at_the_top(name: str) -> None:
    """Every module that computes has them there, so that none needs them a second time."""
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if node not in tree.body]
    inside = {item.split(".")[0] for node in nodes for item in imported_by(node)}
    assert not inside & {"numpy", "pandas"}


def test_starting_the_command_line_imports_nothing_heavy() -> None:
    """`risicomodel --help` must answer in under half a second."""
    code = (
        f"import sys, risicomodel.cli\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_the_core_runs_without_hydra_and_mlflow() -> None:
    """Sources, panel, models and results are a library of their own."""
    names = [f"risicomodel.{name}" for name in FILES if name.split(".")[0] in CORE]
    code = (
        "import sys, importlib\n"
        "sys.modules.update(dict.fromkeys(['hydra', 'omegaconf', 'mlflow', 'optuna']))\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
