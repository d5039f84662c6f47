"""The reference of a run's tables says what their contract declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import reference
from risicomodel.runs import contract

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["--check"]) == 0, capsys.readouterr().out


def test_a_page_that_is_out_of_date_is_told_of_and_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--root", str(tmp_path)]) == 0
    page = tmp_path / reference.PAGE
    page.write_text(page.read_text(encoding="utf-8").replace("Every", "Each"), encoding="utf-8")
    before = page.read_bytes()
    assert reference.main(["--check", "--root", str(tmp_path)]) == 1
    assert "run 'python tools/reference.py'" in capsys.readouterr().out
    assert page.read_bytes() == before


def test_every_table_and_column_is_on_it() -> None:
    sections = reference.tables().split("\n## ")
    for table in (*contract.TABLES.values(), *contract.ROUND_TABLES.values()):
        (section,) = [part for part in sections if part.startswith(f"{table.file}\n")]
        for column in table.columns:
            assert f"| `{column.name}`" in section
            assert column.sentence in section
