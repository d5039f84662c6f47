"""The workbook of a round: a sheet per table, in the round's language, and no formula in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pandas as pd
import pytest

from risicomodel.app.review import tables
from risicomodel.core.errors import ContractError
from risicomodel.publishing.presentation.language import Words
from risicomodel.runs.contract import NOT_FOR_PRINT, ROUND_TABLES

if TYPE_CHECKING:
    from pathlib import Path

FORMULAS = ('=HYPERLINK("http://x.test")', "+1+1", "-2", "@SUM(A1)", "\t=1", "=\x07cmd")


def actions(texts: tuple[str, ...] = FORMULAS) -> pd.DataFrame:
    codes = [f"WK03440{place}" for place in range(len(texts))]
    table = pd.DataFrame({"wijk_code": codes, "text": texts, "owner": "wijkteam", "due": ""})
    return table.astype("str")


@pytest.mark.parametrize(("language", "sheet", "first"), [
    ("nl", "Afspraken", "Wijkcode"), ("en", "Actions", "Code of the wijk"),
])  # fmt: skip
def test_no_text_becomes_a_formula(tmp_path: Path, language: str, sheet: str, first: str) -> None:
    tables.write_published({"actions": actions()}, tmp_path, language)
    rows = openpyxl.load_workbook(tmp_path / tables.WORKBOOK)[sheet]
    assert rows.freeze_panes == "A2"
    assert rows["A1"].value == first
    cells = [row[1] for row in rows.iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(FORMULAS)
    assert [cell.value.strip() for cell in cells][:4] == list(FORMULAS[:4])
    assert all(cell.quotePrefix for cell in cells)  # also when a person goes over it
    lines = (tmp_path / "actions.csv").read_text(encoding="utf-8").splitlines()[1:5]
    assert all(line.split(",")[1].lstrip('"').startswith("'") for line in lines)


def test_every_table_and_column_has_a_heading_in_both_languages() -> None:
    for language in ("nl", "en"):
        words = Words(language, {}, tables.TEXTS)
        for name in set(ROUND_TABLES) - set(NOT_FOR_PRINT):
            assert 0 < len(words.text(f"sheet.{name}")) <= 31  # what a workbook takes
            headings = [words.text(f"column.{one.name}") for one in ROUND_TABLES[name].columns]
            assert len(set(headings)) == len(headings)


def test_a_table_that_is_not_as_declared_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"column 'name' is not declared"):
        tables.write_published({"actions": actions().assign(name="x")}, tmp_path, "nl")
    assert list(tmp_path.iterdir()) == []
