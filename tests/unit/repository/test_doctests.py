"""Every package of the house shows how it is used, and its examples run with the tests.

Examples in docstrings are tests by themselves: pytest collects them (``--doctest-modules`` over
``src``, in pyproject.toml).
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import house
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = ">>>"
MODULES = [
    name for name, path in house.files().items() if PROMPT in path.read_text(encoding="utf-8")
]
PACKAGES = {name.rpartition(".")[0] for name in house.files() if "." in name}


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_shows_how_it_is_used(package: str) -> None:
    assert any(name.startswith(f"{package}.") for name in MODULES)


def test_an_example_that_is_wrong_is_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong_example.py").write_text('"""Wrong.\n\n>>> 1 + 1\n3\n"""\n')
    settings = ROOT / "pyproject.toml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", settings, "--rootdir", tmp_path, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert "1 failed" in done.stdout
