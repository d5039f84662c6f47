"""The rule of the gate, on imports: frames that people see come from ``publishing.disclosure``.

A module *shows* if

- it is in ``publishing`` outside ``disclosure``, or anywhere in ``participation`` or ``web``; or
- it imports what pages, downloads and answers are made with (:data:`MAKES_PAGES`), or a module of
  a showing room rather than its public face. That binds a page or a download wherever it is
  written, in ``planning`` too, while what computes there may read a run.

A module that shows

1. imports of this package only ``core``, the declarations of ``data.domains``, modules that show
   themselves, and names in the ``__all__`` of ``publishing.disclosure``: no reader of ``runs``, no
   table of ``data.panel`` or ``results``, no module within ``disclosure``;
2. reads no table itself: it calls nothing named ``read_…`` or :data:`READERS`, and imports no
   package that reads files of tables (:data:`READS_TABLES`); the few that read texts of our own are
   named (:data:`READS_TEXT`);
3. gets at no module by another way: no ``importlib``, ``eval``, or whole package under one name.

And no module at all, showing or not, imports from within ``disclosure`` but ``disclosure`` itself.
The rule catches what is written by mistake, not what is written to deceive it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PACKAGE = "risicomodel"
GATE = "publishing.disclosure"
SHOWING = ("publishing.presentation", "publishing.report", "participation", "web")
ALLOWED = ("__version__", "core", "data.domains", *SHOWING)
MAKES_PAGES = {
    "jinja2", "markupsafe", "openpyxl", "xlsxwriter", "docx", "reportlab", "weasyprint",
    "starlette", "fastapi", "flask",
}  # fmt: skip
READS_TABLES = {
    "pyarrow", "polars", "duckdb", "geopandas", "pyogrio", "fiona", "h5py", "pickle", "joblib",
}  # fmt: skip
READERS = {"open", "load", "loadtxt", "genfromtxt", "fromfile", "memmap"}
READS_TEXT = {
    "publishing.presentation.language": "its catalogues",
    "publishing.presentation.rendering": "its style and script",
    "publishing.report.site": "what a report says of itself",
}
BACK_DOORS = {"importlib", "runpy", "pkgutil", "eval", "exec", "__import__"}


def within(name: str, *places: str) -> bool:
    """Tell whether a dotted name is one of these places, or in it."""
    return any(name == place or name.startswith(f"{place}.") for place in places)


def imports(tree: ast.AST) -> Iterator[str]:
    """Give every name that is imported, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(name: str) -> str:
    """Return the part of an imported name within this package; empty for other packages."""
    return name.removeprefix(f"{PACKAGE}.") if name.startswith(f"{PACKAGE}.") else ""


def shows(module: str, tree: ast.AST, files: Collection[str]) -> bool:
    """Tell whether a module shows."""
    if within(module, *SHOWING) or module == "publishing":
        return True
    if within(module, GATE):
        return False
    for name in imports(tree):
        inside = ours(name)
        if name.split(".")[0] in MAKES_PAGES or within(inside, "publishing.presentation"):
            return True
        room = next((place for place in SHOWING if within(inside, place)), None)
        if room and inside != room and _file(inside, files) != room:
            return True
    return False


def _file(name: str, files: Collection[str]) -> str:
    """Return the file that a dotted name leads to."""
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name


def violations(module: str, source: str, face: Collection[str], files: Collection[str]) -> set[str]:
    """Return what a module does that the rule forbids, by the name it does it with.

    Parameters
    ----------
    module : str
        Dotted, within the package.
    source : str
        Its text.
    face : collection of str
        The public names of ``publishing.disclosure``.
    files : collection of str
        Every file of the package, dotted.
    """
    tree = ast.parse(source)
    if within(module, GATE):
        return set()
    out = set(_past_the_face(tree, face))
    if shows(module, tree, files):
        out |= set(_imports_too_much(tree)) | set(_reads(module, tree))
    return out


def _past_the_face(tree: ast.AST, face: Collection[str]) -> Iterator[str]:
    """Give what is taken from within the gate, by import or as an attribute of it."""
    aliases = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if within(ours(alias.name), GATE))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inside = ours(f"{node.module}.{alias.name}")
                if inside == GATE:
                    aliases.add(alias.asname or alias.name)
                elif within(inside, GATE) and inside.removeprefix(f"{GATE}.") not in face:
                    yield inside
    attributes = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in aliases
    ]
    yield from (f"{GATE}.{node.attr}" for node in attributes if node.attr not in face)
    taken = {id(node.value) for node in attributes}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in aliases and id(node) not in taken:
            yield node.id  # handed on whole


def _imports_too_much(tree: ast.AST) -> Iterator[str]:
    for name in imports(tree):
        inside = ours(name)
        if (
            name == PACKAGE
            or (inside and not within(inside, *ALLOWED, GATE))
            or name.split(".")[0] in READS_TABLES | BACK_DOORS
        ):
            yield name


def _reads(module: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = (
            [node.attr]
            if isinstance(node, ast.Attribute)
            else [node.id]
            if isinstance(node, ast.Name)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            if name == "read_text" and module in READS_TEXT:
                continue
            if name.startswith("read_") or name in READERS | BACK_DOORS:
                yield name
