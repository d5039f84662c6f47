"""The mutants that 'make mutants' tries are of this code and name tests there are."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

import mutants
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mutants import Mutant

MUTANTS = mutants.declared()
IDS = [f"{one.guard}: {one.change}" for one in MUTANTS]

RULE = """
def allowed(age: int) -> bool:
    return age >= 18
"""
TEST = """
from rule import allowed

def test_adults_only() -> None:
    assert allowed(18)
    assert not allowed(17)

def test_nothing() -> None:
    allowed(3)
"""


@cache
def functions(path: Path) -> set[str]:
    """The tests of a file, as pytest names them after the file's name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    inside = {
        f"{node.name}::{test.name}"
        for node in classes
        for test in node.body
        if isinstance(test, ast.FunctionDef)
    }
    return inside | {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=IDS)
def test_a_mutant_changes_one_place_and_is_still_python(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.applied(text)
    assert changed != text
    compile(changed, mutant.file, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=IDS)
def test_a_mutant_names_tests_that_are_there(mutant: Mutant) -> None:
    assert mutant.caught_by
    for test in mutant.caught_by:
        file, _, name = test.partition("::")
        assert name in functions(ROOT / file)


def test_ten_guards_or_more_are_broken_and_each_in_a_way_of_its_own() -> None:
    assert len({one.guard for one in MUTANTS}) >= 10
    assert len(set(IDS)) == len(MUTANTS)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout with one guard."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "rule.py").write_text(RULE)
    (tmp_path / "test_rule.py").write_text(TEST)
    return tmp_path


def broken(copy: Path, test: str, after: str = "age >= 16") -> mutants.Outcome:
    """What becomes of the rule when it is changed, and this test is to catch it."""
    caught_by = (f"test_rule.py::{test}",)
    mutant = mutants.Mutant("Age", "16", "src/rule.py", "age >= 18", after, caught_by)
    outcome = mutants.tried(mutant, copy)
    assert (copy / "src" / "rule.py").read_text() == RULE
    return outcome


def test_a_mutant_is_caught_by_a_test_that_fails_and_only_then(copy: Path) -> None:
    assert broken(copy, "test_adults_only").verdict == mutants.CAUGHT
    survived = broken(copy, "test_nothing")
    assert survived.verdict == mutants.SURVIVED
    assert survived.missed == ("test_rule.py::test_nothing",)


def test_tests_that_cannot_be_run_catch_nothing(copy: Path) -> None:
    assert broken(copy, "test_of_nothing").verdict == mutants.BROKEN
    assert broken(copy, "test_adults_only", after="age >=").verdict == mutants.BROKEN


def test_a_text_that_stands_twice_is_refused() -> None:
    (mutant, *_) = MUTANTS
    with pytest.raises(ValueError, match="stands there 2 times; expected once"):
        mutant.applied(mutant.before * 2)
