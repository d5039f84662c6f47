"""The rule of the gate, on imports: frames that people see come from ``publishing.disclosure``.

A module *shows* if

- it is in ``publishing`` outside ``disclosure``, or anywhere in ``participation``, ``web`` or
  ``app.review``; or
- it imports what pages, charts, downloads and answers are made with (:data:`MAKES_PAGES`), or a
  module of a showing room rather than its public face; or
- it names a file that people open (:data:`OPENED_BY_PEOPLE`), or writes one with pandas or
  matplotlib (:data:`WRITES_PAGES`).

The last two bind a page or a download wherever it is written, in ``planning`` too, while what
computes there may read a run.

A module that shows

1. imports of this package only ``core``, the made-up country of ``demo``, the declarations of
   ``data.domains``, modules that show themselves, and names in the ``__all__`` of
   ``publishing.disclosure``: no reader of ``runs``, no table of ``data.panel`` or ``results``, no
   module within ``disclosure``. The one chart of scores that a run draws in its own folder is
   named, with what it may import besides (:data:`DRAWS_SCORES`), and so are the modules that write
   what people answered, held to the declarations of tables (:data:`KEEPS_CONTRACT`), one of which
   says to MLflow where it is: these read no run;
2. reads no table itself: it calls nothing named ``read_…`` or :data:`READERS`, and imports no
   package that reads files of tables (:data:`READS_TABLES`); the few that read texts of our own are
   named (:data:`READS_TEXT`);
3. gets at no module by another way: no ``importlib``, ``eval``, or whole package under one name.

And no module at all, showing or not, imports from within ``disclosure`` but ``disclosure`` itself.
The rule catches what is written by mistake, not what is written to deceive it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PACKAGE = "risicomodel"
GATE = "publishing.disclosure"
SHOWING = ("publishing.presentation", "publishing.report", "participation", "web", "app.review")
ALLOWED = ("__version__", "core", "demo", "data.domains", *SHOWING)  # demo: nobody lives there
MAKES_PAGES = {
    # pages and documents
    "jinja2", "markupsafe", "mako", "markdown", "openpyxl", "xlsxwriter", "odf", "docx", "pptx",
    "reportlab", "fpdf", "weasyprint",
    # charts, maps and codes to scan
    "matplotlib", "seaborn", "plotly", "altair", "bokeh", "folium", "PIL", "segno", "qrcode",
    # servers
    "http", "socketserver", "wsgiref", "starlette", "fastapi", "flask", "django", "bottle",
    "aiohttp", "tornado", "sanic", "uvicorn", "hypercorn", "gunicorn", "waitress", "websockets",
    "streamlit", "dash", "gradio",
    # letters
    "smtplib", "email",
}  # fmt: skip
WRITES_PAGES = {
    "to_html", "to_excel", "to_latex", "to_markdown", "ExcelWriter", "savefig", "imsave",
}  # fmt: skip
OPENED_BY_PEOPLE = (
    ".html", ".htm", ".xlsx", ".xls", ".ods", ".pdf", ".docx", ".pptx", ".svg", ".png", ".jpg",
    ".jpeg",
)  # fmt: skip
NAMES_FILES = {
    "data.sources.formats": "which workbooks are read",
    "runs.contract": "what is in a run's folder beside its tables",
}
DRAWS_SCORES = {
    "results.evaluation.leaderboard_chart": ("learning.protocols", "results.evaluation.evaluate"),
}
KEEPS_CONTRACT = {
    "app.review.tables": ("runs.contract",),
    "app.review.publishing": ("runs.contract", "app.review_tracking"),
}
READS_TABLES = {
    "pyarrow", "polars", "duckdb", "geopandas", "pyogrio", "fiona", "h5py", "tables", "netCDF4",
    "pickle", "shelve", "joblib", "csv", "sqlite3", "sqlalchemy", "psycopg", "zipfile", "tarfile",
    "gzip", "mmap",
}  # fmt: skip
READERS = {
    "open", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "connect", "load_workbook",
    "ExcelFile", "HDFStore", "ParquetFile", "ParquetDataset", "Cache",
}  # fmt: skip
READS_BY_DOT = {"kept", "kept_texts"}  # as a variable they are good names
READS_TEXT = {
    "publishing.presentation.language": "its catalogues",
    "publishing.presentation.rendering": "its style and script",
    "publishing.report.site": "what a report says of itself",
    "participation.forms": "a form that is asked, of ours or of a gemeente",
    "app.review.folders": "what a round's folder says of itself",
}
# modules that keep what people answer, in a database of its own: no figure comes out of it but
# what people gave, and no run goes into it but through the gate
KEEPS_ANSWERS = {
    "participation.review.schema": "its tables",
    "participation.review.store": "what goes in and out",
    "participation.review.grouped_writes": "what comes in at once, on disk at once",
    "participation.review.migrations": "its versions",
    "participation.review.versions.v0001_tables_of_a_round": "a version",
    "web.app": "says on the screen that an answer could not be kept",
}
# what people fill in at home comes back as a file: past its border it is answers, no figure
TAKES_ANSWERS = {
    "participation.review.workbook_border": "bounds what is read of a workbook, and by what",
}
BACK_DOORS = {"importlib", "runpy", "pkgutil", "subprocess", "eval", "exec", "__import__"}


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
    return _writes_pages(module, tree)


def _writes_pages(module: str, tree: ast.AST) -> bool:
    """Tell whether a module names a file that people open, or writes one."""
    described = {id(statement.value) for statement in ast.walk(tree) if _is_text(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name | ast.alias) and _called(node) in WRITES_PAGES:
            return True
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.lower().endswith(OPENED_BY_PEOPLE)
            and id(node) not in described
            and module not in NAMES_FILES
        ):
            return True
    return False


def _is_text(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Tell whether a statement is a text and nothing more: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _called(node: ast.Attribute | ast.Name | ast.alias) -> str:
    """Return the name that a node uses."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else node.name


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
        out |= set(_imports_too_much(module, tree)) | set(_reads(module, tree))
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


def _imports_too_much(module: str, tree: ast.AST) -> Iterator[str]:
    besides = {**DRAWS_SCORES, **KEEPS_CONTRACT}
    allowed = (*ALLOWED, GATE, *besides.get(module, ()))
    for name in imports(tree):
        inside = ours(name)
        if (
            name == PACKAGE
            or (inside and not within(inside, *allowed))
            or name.split(".")[0] in (READS_TABLES | BACK_DOORS) - _databases(module)
        ):
            yield name


def _databases(module: str) -> set[str]:
    if module in TAKES_ANSWERS:
        return {"zipfile"}
    return {"sqlalchemy"} if module in KEEPS_ANSWERS else set()


def _reads(module: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name | ast.alias):
            continue
        name = _called(node)
        if name == "read_text" and module in READS_TEXT:
            continue
        if name in {"open", "load_workbook"} and module in TAKES_ANSWERS:
            continue
        by_dot = isinstance(node, ast.Attribute) and name in READS_BY_DOT
        if by_dot or name.startswith("read_") or name in READERS | BACK_DOORS:
            yield name
