"""Names that are more than a name: in pages and in spreadsheets they stay text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from support.reports import smallest_gemeente, texts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_name_with_markup_is_text(copied: Path, tmp_path: Path) -> None:
    """Markup in a name is shown as text and never run."""
    panel = pd.read_parquet(copied / "panel.parquet")
    evil = '<script>alert("x")</script>&"\''
    panel.loc[panel["gm_code"] == smallest_gemeente(), ["wijk_name", "gm_name"]] = evil
    panel.to_parquet(copied / "panel.parquet", index=False)
    index, *_ = site.write(copied, tmp_path / "out", ReportSettings(smallest_gemeente()))
    for page in index.parent.glob("*.html"):
        assert "<script>alert" not in page.read_text(encoding="utf-8")
        assert 'alert("x")' in texts(page)


def test_a_name_is_no_formula_in_a_spreadsheet(copied: Path, tmp_path: Path) -> None:
    """A name that looks like a formula is no formula in a spreadsheet."""
    panel = pd.read_parquet(copied / "panel.parquet")
    panel.loc[panel["gm_code"] == smallest_gemeente(), "wijk_name"] = "=1+1"
    panel.to_parquet(copied / "panel.parquet", index=False)
    site.write(copied, tmp_path / "out", ReportSettings(smallest_gemeente()))
    table = pd.read_csv(tmp_path / "out" / "data" / "wijken.csv")
    assert table["wijk_name"].eq("'=1+1").all()
