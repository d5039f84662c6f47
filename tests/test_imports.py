"""The house of DESIGN section 3: a module imports only from its left in the flow."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from risicomodel import paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Left to right. A domain is a declaration that the panel takes figures by, so it stands before it;
# a run's folder and record (runs) stand before tracking, which tells of them.
FLOW = (
    {"errors"},
    {"paths", "versions", "levels"},
    {"storage", "progress"},
    {"compute"},
    {"sources"},
    {"domains"},
    {"panel"},
    {"features"},
    {"splits"},
    {"knowledge"},
    {"models"},
    {"evaluation"},
    {"estimates"},
    {"forecasting"},
    {"explanation"},
    {"tuning"},
    {"serving"},
    {"settings"},
    {"runs"},
    {"tracking", "comparison"},
    {"report"},
    {"reading"},
    {"assessment"},
    {"pipeline"},
    {"terminal"},
    {"cli"},
    {"__main__"},
)
PLACE = {name: position for position, names in enumerate(FLOW) for name in names}

# heavy packages, and the only modules that may touch them
ONLY = {
    "hydra": {"settings", "cli"},
    "omegaconf": {"settings", "cli"},
    "mlflow": {"tracking", "serving"},
    "optuna": {"tuning"},
    "joblib": {"compute"},
    "distributed": {"compute"},
    "dask": {"compute"},
    "psycopg": {"tuning"},
    "shap": set(),
    "lightgbm": {"models"},
    "sklearn": {"models"},
    "crepes": {"evaluation"},
    "cbsodata": {"sources"},
    "jinja2": {"report"},
    "rich": {"progress", "terminal", "cli"},
    "matplotlib": {"evaluation"},
}
HEAVY = (
    "pandas", "numpy", "lightgbm", "mlflow", "hydra", "omegaconf", "sklearn", "scipy", "pyarrow",
    "geopandas", "pandera", "joblib", "matplotlib", "rich", "jinja2",
)  # fmt: skip

FILES = sorted(
    path
    for path in paths.PACKAGE.rglob("*.py")
    if path.relative_to(paths.PACKAGE).parts[0] != "configs"
)


def module(path: Path) -> str:
    """The part of the house a file is in: ``sources/cbs.py`` → ``sources``."""
    return path.relative_to(paths.PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Every absolute name a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(name: str) -> str | None:
    """The part of the house an imported name leads to; None for another package."""
    package, _, rest = name.partition(".")
    if package != "risicomodel" or rest.startswith("__"):
        return None
    return rest.split(".")[0]


def test_every_module_has_a_place_in_the_flow() -> None:
    assert {module(path) for path in FILES} - {"__init__"} == set(PLACE)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(paths.PACKAGE).as_posix())
def test_a_module_imports_only_from_its_left(path: Path) -> None:
    if module(path) == "__init__":
        assert not [name for name in imported(path) if own(name)]
        return
    here = module(path)
    for name in imported(path):
        there = own(name)
        if there is not None and there != here:
            assert PLACE[there] < PLACE[here], f"{here} imports {name}"


@pytest.mark.parametrize("package", ONLY)
def test_a_heavy_package_is_imported_only_where_it_belongs(package: str) -> None:
    users = {module(path) for path in FILES if package in {n.split(".")[0] for n in imported(path)}}
    assert users <= ONLY[package]


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
    """Sources, panel, models and evaluation are a library of their own."""
    parts = [name for name in PLACE if PLACE[name] < PLACE["settings"]]
    code = (
        "import sys, importlib, pkgutil, risicomodel\n"
        "sys.modules.update(dict.fromkeys(['hydra', 'omegaconf', 'mlflow', 'optuna']))\n"
        f"for part in {parts!r}:\n"
        "    found = importlib.import_module('risicomodel.' + part)\n"
        "    inside = pkgutil.walk_packages(getattr(found, '__path__', []), found.__name__ + '.')\n"
        "    for item in inside:\n"
        "        importlib.import_module(item.name)\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
