"""Examples in docstrings run, and every room that has to show how it is used has one."""

from __future__ import annotations

import doctest
import importlib
from typing import TYPE_CHECKING

import pytest

import house

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = ">>>"
WITH_EXAMPLES = ("publishing.presentation", "publishing.disclosure", "publishing.report")
MODULES = {
    name: path for name, path in house.files().items() if PROMPT in path.read_text(encoding="utf-8")
}


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    module = importlib.import_module(f"{house.PACKAGE}.{name}")
    result = doctest.testmod(module)
    assert result.attempted
    assert result.failed == 0


@pytest.mark.parametrize("package", WITH_EXAMPLES)
def test_a_package_shows_how_it_is_used(package: str) -> None:
    assert any(name.startswith(f"{package}.") for name in MODULES)


def test_an_example_that_is_wrong_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong_example.py").write_text('"""Wrong.\n\n>>> 1 + 1\n3\n"""\n')
    monkeypatch.syspath_prepend(tmp_path)
    assert doctest.testmod(importlib.import_module("wrong_example")).failed == 1
    assert "Expected:\n    3" in capsys.readouterr().out
