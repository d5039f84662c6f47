"""The house as it stands: the wings that pyproject.toml declares, their files and imports."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "risicomodel"


@dataclass(frozen=True)
class Wing:
    """A wing of the package.

    Parameters
    ----------
    name
        The folder (or module) directly below the package.
    rooms
        Its modules and packages, in the order in which they may import from each other.
    says
        The first docstring of its ``__init__``, or of its only file; empty where there is none yet.
    """

    name: str
    rooms: tuple[str, ...]
    says: str

    @property
    def built(self) -> bool:
        """Whether there is code in it: an order may name wings that are still to come."""
        return bool(self.says)


def declared(root: Path = ROOT) -> dict[str, list[str]]:
    """Return wings and their rooms as declared in ``[tool.risicomodel.house]``.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    dict
        Rooms by wing, both in order.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    house: dict[str, list[str]] = settings["tool"][PACKAGE]["house"]
    return house


def wings(root: Path = ROOT) -> list[Wing]:
    """Return the wings in order, each with its rooms and what its docstring says.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    list of Wing

    Raises
    ------
    ValueError
        If a wing has rooms and pyproject.toml does not say in which order.
    """
    package = root / "src" / PACKAGE
    out = []
    for name, rooms in declared(root).items():
        face = package / name / "__init__.py"
        face = face if face.is_file() else package / f"{name}.py"
        says = ""
        if face.is_file():
            says = ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))) or ""
        undeclared = sorted(_rooms(package / name) - set(rooms))
        if undeclared and not rooms:
            message = (
                f"no order is declared of the rooms of {name} ({', '.join(undeclared)}); expected "
                f"a list. Add {name} = [...] to [tool.{PACKAGE}.house] in pyproject.toml."
            )
            raise ValueError(message)
        out.append(Wing(name, tuple(rooms), says))
    return out


def _rooms(folder: Path) -> set[str]:
    """Return the modules and packages in a folder, ``__init__`` aside."""
    paths = [*folder.glob("*.py"), *(p.parent for p in folder.glob("*/__init__.py"))]
    return {p.stem for p in paths if p.stem != "__init__"}


def files(root: Path = ROOT) -> dict[str, Path]:
    """Return every file of the package by its dotted name within it.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    dict
        Paths by name, such as ``data.sources.archive``; a package goes by its own name. The
        package's own ``__init__`` and ``__main__`` are in no wing and left out.
    """
    package = root / "src" / PACKAGE
    out = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name not in {"", "__main__"}:
            out[name] = path
    return out


def imported(path: Path) -> list[str]:
    """Return every absolute name that a file imports, at its top or inside a function.

    Parameters
    ----------
    path
        A Python file.

    Returns
    -------
    list of str
        Dotted names: ``package.module`` or ``package.module.name``.
    """
    out = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            out += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                message = f"{path} has a relative import; expected 'from {PACKAGE}.… import …'"
                raise ValueError(message)
            out += [f"{node.module}.{alias.name}" for alias in node.names]
    return out


def uses(root: Path = ROOT) -> dict[tuple[str, str], int]:
    """Count the files of one wing that import from another.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    dict
        Number of importing files by ``(wing that is imported, wing that imports)``.
    """
    out: dict[tuple[str, str], int] = {}
    for name, path in files(root).items():
        user = name.partition(".")[0]
        own = {item.split(".")[1] for item in imported(path) if item.startswith(f"{PACKAGE}.")}
        for used in own & set(declared(root)) - {user}:
            out[used, user] = out.get((used, user), 0) + 1
    return out
