"""Every figure on the pages as CSV files and as one workbook, to the same digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.levels import AREA
from risicomodel.publishing.report import drivers

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.gemeente import Place

WORKBOOK = "cijfers.xlsx"
FOLDER = "data"
DECIMALS = {"observed": 1, "estimate": 1, "expected": 1, "gap": 1, "rate": 1, "lower": 1,
            "upper": 1, "contribution": 1, "contribution_vs_gemeente": 1,
            "contribution_vs_similar": 1, "chance": 2, "value": 2}  # fmt: skip
ENDS = re.compile("_(low|high|lower|upper)$")  # of a band
NO_RATE = ("chance", "value")
KEPT = {
    "wijken": [AREA, "wijk_name", "gm_code", "gm_name", "people"],
    "figures": [
        "domain", AREA, "year", "status", "basis", "observed", "observed_clients", "estimate",
        "estimate_lower", "estimate_upper", "estimate_clients", "expected", "expected_lower",
        "expected_upper", "gap", "chance",
    ],
    "totals": ["domain", "gm_code", "year", "clients", "rate", "source"],
    "forecasts": [
        "domain", AREA, "origin_year", "year", "horizon", "rate", "lower", "upper",
    ],
    "forecast_totals": [
        "domain", "gm_code", "origin_year", "year", "horizon", "rate", "lower", "upper",
    ],
    "stacking": [AREA, "year", "clients", "households"],
    "explanations": [
        "domain", AREA, "year", "feature", "contribution", "contribution_low",
        "contribution_high", "contribution_vs_gemeente", "contribution_vs_similar",
    ],
    "similar": [AREA, "rank", "similar_code"],
}  # fmt: skip


def tables(place: Place, words: Words) -> dict[str, pd.DataFrame]:
    """Return what can be downloaded, by name: rates per so many people, as pages tell them."""
    out = {}
    for name, columns in KEPT.items():
        found = place.table(name)
        if found is not None and len(found):
            there = [column for column in columns if column in found]
            found = _drivers(place, words) if name == "explanations" else found
            out[name] = _told(found[there].reset_index(drop=True), words)
    codes = [place.code, "NL", *place.wijken[AREA]]
    rows = place.country.shown.profile
    profile = rows[rows["code"].isin(codes)]
    if len(profile):
        wide = profile.pivot_table(index=["level", "code"], columns="name", values="value")
        out["profile"] = wide.round(DECIMALS["value"]).reset_index()
    return out


def _drivers(place: Place, words: Words) -> pd.DataFrame:
    """Return what pages name: drivers of the year a domain is told of."""
    rows = [
        row
        for (domain, _), found in sorted(place.explained.items())
        for row in drivers.strongest(found, words.per(domain))
    ]
    return pd.DataFrame(rows, columns=KEPT["explanations"])


def _told(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return a table with rates per so many people, and no more digits than pages show."""
    out = table.copy()
    if "domain" in table:
        known = {name: words.per(name) for name in table["domain"].unique()}
        per = table["domain"].map(known).astype("int64")  # also where no row is left
        out.insert(1, "per", per)
    for name in table.columns:
        decimals = DECIMALS.get(ENDS.sub("", name))
        if decimals is not None and table[name].dtype.kind == "f":
            values = table[name] if name in NO_RATE else table[name] * per
            out[name] = values.round(decimals)
    for name in ("chance", "gap"):
        if name in out and "observed" in out:
            out[name] = out[name].where(out["observed"].notna())
    return out


def write(place: Place, words: Words, folder: Path, note: str) -> list[str]:
    """Write a CSV file per table and the workbook; return the names of the tables.

    Parameters
    ----------
    note : str
        The first line of the workbook: what the figures are, and that they are made up if so.
    """
    found = tables(place, words)
    for name, table in found.items():
        storage.write_table(folder / FOLDER / f"{name}.csv", _safe(table))
    _workbook(found, words, folder / WORKBOOK, note)
    return list(found)


def _safe(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts a spreadsheet does not take for formulas."""
    out = table.copy()
    for name in out.columns:
        if out[name].dtype.kind in "OTU":
            out[name] = out[name].map(lambda text: f"'{text}" if _is_formula(text) else text)
    return out


def _is_formula(text: Any) -> bool:
    return isinstance(text, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"}


def _workbook(found: dict[str, pd.DataFrame], words: Words, path: Path, note: str) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(words.text("xlsx.about"))
    for line in (note, words.text("site.hidden_why"), words.text("warning.text")):
        sheet.append([line])
    for name in found:
        sheet.append([name, words.text(f"xlsx.{name}")])
    for name, table in found.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append(list(table.columns))
        for row in _safe(table).astype("object").itertuples(index=False):
            sheet.append([None if cell is None or cell != cell else cell for cell in row])  # noqa: PLR0124
    with storage.atomic(path) as partial:
        book.save(partial)
