"""Code and pages keep to GLOSSARY.md: words are defined once, and what was replaced stays out."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

from risicomodel.core import paths
from risicomodel.data.panel.published import STATUSES
from risicomodel.learning import protocols
from support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "data" / "README.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("experiments/**/*.md")),
]
FILES = sorted(paths.PACKAGE.rglob("*.py"))


def rows(header: str) -> list[list[str]]:
    """The cells of every table with this header, in order."""
    tables = re.findall(rf"^\| {header}.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, flags=re.MULTILINE)
    lines = "".join(tables).splitlines()
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


WORDS = [word for word, _ in rows("word")]
NAMES = [(old, new) for old, new, _ in rows(r"not \| but \| holds")]
PHRASES = [phrase for old, _ in rows(r"not \| but \|$") for phrase in old.split(", ")]

# names that say how something came about and not what it is
PRIVATE = {"found", "known", "own", "told", "there", "asked", "wanted"}
# a setting that users write: data.own
WRITTEN_BY_USERS = {("app/settings", "own")}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module(path: Path) -> str:
    """A file as the glossary names it: ``data/sources/archive``."""
    inside = path.relative_to(paths.PACKAGE).with_suffix("")
    return (inside.parent if inside.name == "__init__" else inside).as_posix()


MODULES = {module(path) for path in FILES}


def variables(path: Path) -> Iterator[str]:
    """What a file calls its variables, parameters and imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


def texts(path: Path) -> Iterator[str]:
    """The docstrings and messages of a file, each on one line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


def test_a_word_is_defined_once() -> None:
    assert len(WORDS) > 60
    assert [word for word, times in Counter(map(str.lower, WORDS)).items() if times > 1] == []


@pytest.mark.parametrize(
    "word",
    [
        *sorted(path.stem for path in ROOT.glob("configs/domain/*.yaml") if path.stem != "all"),
        *protocols.PROTOCOLS,
        *STATUSES,
    ],
)
def test_every_domain_protocol_and_status_is_defined(word: str) -> None:
    assert word in WORDS


@pytest.mark.parametrize(("old", "new"), NAMES)
def test_a_module_has_the_standard_name_and_not_the_one_it_had(old: str, new: str) -> None:
    assert new in MODULES
    assert old not in MODULES
    wing, _, inside = old.partition("/")
    if inside:
        stem = inside.rpartition("/")[2]
        assert stem not in {m.rpartition("/")[2] for m in MODULES if m.startswith(f"{wing}/")}


def test_no_module_or_class_has_a_private_name() -> None:
    assert not PRIVATE & {name.rpartition("/")[2] for name in MODULES}
    classes = {
        node.name
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    assert not {name for name in classes if name.strip("_").lower() in PRIVATE}


def test_a_class_has_a_name_of_its_own() -> None:
    nodes = [node for path in FILES for node in ast.walk(tree(path))]
    times = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    assert {name for name, count in times.items() if count > 1} == set()


def test_a_module_is_not_imported_under_another_name_to_keep_it_from_a_variable() -> None:
    aliases = [name for path in FILES for name in variables(path) if name.endswith("_module")]
    assert aliases == []


def test_variables_are_named_after_what_they_hold() -> None:
    private = {
        (module(path), name) for path in FILES for name in variables(path) if name in PRIVATE
    }
    assert private == WRITTEN_BY_USERS


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_that_was_replaced_does_not_come_back(phrase: str) -> None:
    pattern = re.compile(rf"\b{re.escape(phrase)}\b(?! apart)", flags=re.IGNORECASE)
    in_files = [module(path) for path in FILES for text in texts(path) if pattern.search(text)]
    assert in_files == []
    on_pages = [
        page.relative_to(ROOT).as_posix()
        for page in PAGES
        if pattern.search(" ".join(page.read_text(encoding="utf-8").split()))
    ]
    assert on_pages == []
