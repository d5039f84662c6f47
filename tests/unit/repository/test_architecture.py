"""What pages say of the house is what the code has, and the tool that keeps it so can fail."""

from __future__ import annotations

import ast
import re
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

import architecture
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "src" / "risicomodel"
PAGE = ROOT / "docs" / "architecture.md"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the command reads and writes, with two wings of the house."""
    for name in ("pyproject.toml", architecture.PICTURE, *architecture.PAGES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for wing in ("demo", "runs"):
        shutil.copytree(PACKAGE / wing, tmp_path / "src" / "risicomodel" / wing)
    return tmp_path


def test_picture_and_lists_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert architecture.main(["--check"]) == 0, capsys.readouterr().out


def test_an_import_that_is_new_makes_the_picture_out_of_date(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkout / "src" / "risicomodel" / "runs" / "folder.py"
    path.write_text(path.read_text() + "\n\nfrom risicomodel import demo\n")
    before = (checkout / architecture.PICTURE).read_text()
    assert architecture.main(["--check", "--root", str(checkout)]) == 1
    assert (checkout / architecture.PICTURE).read_text() == before
    assert f"{architecture.PICTURE} is out of date" in capsys.readouterr().out
    assert architecture.main(["--root", str(checkout)]) == 0
    drawn = (checkout / architecture.PICTURE).read_text()
    assert re.search(r"runs imports from [^.]*\bdemo \(1\)", drawn)
    assert architecture.main(["--check", "--root", str(checkout)]) == 0


def test_another_order_of_wings_reaches_every_page(checkout: Path) -> None:
    path = checkout / "pyproject.toml"
    path.write_text(path.read_text().replace("planning = []", "planned = []"))
    assert architecture.main(["--root", str(checkout)]) == 0
    for name in (architecture.PICTURE, *architecture.PAGES):
        assert "planned" in (checkout / name).read_text()


def test_an_example_in_the_docstring_of_a_wing_is_no_prose(checkout: Path) -> None:
    path = checkout / "src" / "risicomodel" / "demo" / "__init__.py"
    text = path.read_text().replace('published.\n"""', 'published.\n\n>>> 1 + 1\n2\n"""')
    assert ">>>" in text
    path.write_text(text)
    assert architecture.main(["--root", str(checkout)]) == 0
    assert ">>>" not in (checkout / "docs" / "architecture.md").read_text()


def test_a_wing_with_rooms_in_no_declared_order_is_refused(checkout: Path) -> None:
    path = checkout / "pyproject.toml"
    path.write_text(re.sub(r"(?m)^demo = \[\n[^]]*\]", "demo = []", path.read_text()))
    with pytest.raises(ValueError, match="no order is declared of the rooms of demo"):
        architecture.main(["--check", "--root", str(checkout)])


def test_a_page_that_asks_for_an_unknown_block_is_refused() -> None:
    with pytest.raises(ValueError, match="'cellars'; expected one of order, rooms, paragraphs"):
        architecture.filled("<!-- house: cellars -->\n<!-- end -->\n", [])


def test_the_picture_is_read_by_any_viewer_and_its_text_does_not_overlap() -> None:
    root = ET.parse(ROOT / architecture.PICTURE).getroot()  # noqa: S314 (our own file)
    svg = "{http://www.w3.org/2000/svg}"
    assert not list(root.iter(f"{svg}script"))
    size = {side: float(root.attrib[side]) for side in ("width", "height")}
    spots = set()
    for text in root.iter(f"{svg}text"):
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        assert 0 <= x <= size["width"]
        assert 0 <= y <= size["height"]
        spots.add((x, y))
    assert len(spots) == len(list(root.iter(f"{svg}text")))


def named_files(text: str) -> list[Path]:
    """Every file or folder that a text names between backticks: of the checkout, or the package."""
    names = re.findall(r"`([\w./]+/[\w./-]*\w|[\w-]+\.(?:md|toml|py))`", text)
    return [ROOT / name if (ROOT / name).exists() else PACKAGE / name for name in names]


def test_every_file_that_the_page_names_is_there() -> None:
    files = named_files(PAGE.read_text(encoding="utf-8"))
    assert len(files) > 40
    assert [path for path in files if not path.exists()] == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.stem)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    files = named_files(page.read_text(encoding="utf-8"))
    modules = [path for path in files if path.suffix == ".py" and path.parent != PACKAGE]
    assert [path for path in modules if not path.exists()] == []


def test_every_function_that_the_page_names_is_in_a_file_it_names_beside_it() -> None:
    rows = [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("|")]
    seen = 0
    for row in rows:
        names = re.findall(r"`(\w+)\(\)`|`([A-Z]\w+)`", row)
        text = "\n".join(path.read_text() for path in named_files(row) if path.suffix == ".py")
        defined = {
            name
            for node in ast.walk(ast.parse(text.replace("from __future__ import annotations", "")))
            for name in defines(node)
        }
        for name in ["".join(pair) for pair in names]:
            if defined:
                assert name in defined, row
                seen += 1
    assert seen > 15


def defines(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []
