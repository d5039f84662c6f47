"""Every figure on the pages as CSV files and as one workbook, to the same digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import spreadsheets, storage
from risicomodel.core.levels import AREA
from risicomodel.publishing.report import drivers

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.gemeente import Gemeente

WORKBOOK = "cijfers.xlsx"
FOLDER = "data"
DECIMALS = {"observed": 1, "estimate": 1, "expected": 1, "gap": 1, "rate": 1, "lower": 1,
            "upper": 1, "gap_country": 1, "gap_gemeente": 1, "gap_wijk": 1, "off_country": 2,
            "off_gemeente": 2, "contribution": 1, "contribution_vs_gemeente": 1,
            "contribution_vs_similar": 1, "chance": 2, "value": 2,
            "own_clients": 0}  # fmt: skip
ENDS = re.compile("_(low|high|lower|upper)$")  # of a band
NO_RATE = ("chance", "value", "off_country", "off_gemeente", "own_clients")
GAPS = (
    "gap",
    "gap_country",
    "gap_gemeente",
    "gap_wijk",
    "off_country",
    "off_gemeente",
    "chance",
)
RATES = set(DECIMALS) - set(NO_RATE)  # given per so many people
PERSONS = ("areas", "unassigned", "unassigned_lower", "unassigned_upper", "total")
SIDES = ("way", "way_gemeente", "way_similar")  # −1, 0 or 1: lower, the same, higher
KEPT = {
    "wijken": [AREA, "wijk_name", "gm_code", "gm_name", "people"],
    "figures": [
        "domain", AREA, "year", "population_year", "status", "own", "basis", "observed",
        "observed_clients", "estimate", "estimate_lower", "estimate_upper", "estimate_clients",
        "expected", "expected_lower", "expected_upper", *GAPS,
    ],
    "totals": [
        "domain", "gm_code", "year", "population_year", "clients", "rate", "source",
        "not_delivered", "own_clients",
    ],
    "sums": [
        "domain", "gm_code", "year", "kind", "areas", "unassigned", "unassigned_lower",
        "unassigned_upper", "unassigned_status", "total",
    ],
    "forecasts": [
        "domain", AREA, "wijk_name", "on_page", "origin_year", "year", "horizon", "rate", "lower",
        "upper",
    ],
    "forecast_totals": [
        "domain", "gm_code", "origin_year", "year", "horizon", "rate", "lower", "upper",
        "clients",
    ],
    "stacking": [AREA, "year", "clients", "households"],
    "explanations": [
        "domain", AREA, "year", "feature", "contribution", "contribution_low",
        "contribution_high", "contribution_vs_gemeente", "contribution_vs_similar", *SIDES,
    ],
    "similar": [AREA, "rank", "similar_code"],
}  # fmt: skip


def tables(gemeente: Gemeente, words: Words) -> dict[str, pd.DataFrame]:
    """Return what can be downloaded, by name: rates in the unit and the digits of the pages.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    """
    out = {}
    for name, columns in KEPT.items():
        table = gemeente.table(name)
        if table is not None and len(table):
            present = [column for column in columns if column in table]
            table = _drivers(gemeente, words) if name == "explanations" else table
            out[name] = _as_on_pages(table[present].reset_index(drop=True), words)
    codes = [gemeente.code, "NL", *gemeente.wijken[AREA]]
    rows = gemeente.country.shown.profile
    profile = rows[rows["code"].isin(codes)]
    if len(profile):
        wide = profile.pivot_table(index=["level", "code"], columns="name", values="value")
        out["profile"] = wide.round(DECIMALS["value"]).reset_index()
    return out


def _drivers(gemeente: Gemeente, words: Words) -> pd.DataFrame:
    """Return the drivers that pages name, of the year that a domain's page is about."""
    rows = [
        row
        for (domain, _), features in sorted(gemeente.explained.items())
        for row in drivers.strongest(features, words.per(domain))
    ]
    return pd.DataFrame(rows, columns=KEPT["explanations"])


def _as_on_pages(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return a table with rates per so many people, and no more digits than pages show."""
    out = table.copy()
    if "domain" in table and RATES & {ENDS.sub("", str(name)) for name in table}:
        units = {name: words.per(name) for name in table["domain"].unique()}
        per = table["domain"].map(units).astype("int64")  # also where no row is left
        out.insert(1, "per", per)
    for name in table.columns:
        decimals = DECIMALS.get(ENDS.sub("", name))
        if decimals is not None and table[name].dtype.kind == "f":
            values = table[name] if name in NO_RATE else table[name] * per
            out[name] = values.round(decimals)
    for name in GAPS:
        if name in out and "observed" in out:
            out[name] = out[name].where(out["observed"].notna())
    for name in ("population_year", *SIDES, *PERSONS):
        if name in out:
            out[name] = out[name].astype("float64").astype("Int64")
    return out


def write(gemeente: Gemeente, words: Words, folder: Path, note: str) -> list[str]:
    """Write a CSV file per table and the workbook; return the names of the tables.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    folder : Path
        Of the report.
    note : str
        The first line of the workbook: what the figures are, and that they are made up if so.
    """
    by_name = tables(gemeente, words)
    for name, table in by_name.items():
        storage.write_table(folder / FOLDER / f"{name}.csv", spreadsheets.harmless(table))
    _workbook(by_name, words, folder / WORKBOOK, note)
    return list(by_name)


def _workbook(by_name: dict[str, pd.DataFrame], words: Words, path: Path, note: str) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(words.text("xlsx.about"))
    for line in (note, words.text("site.hidden_why"), words.text("warning.text")):
        sheet.append([line])
    for name in by_name:
        sheet.append([name, words.text(f"xlsx.{name}")])
    for name, table in by_name.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append(list(table.columns))
        for row in spreadsheets.harmless(table).astype("object").itertuples(index=False):
            sheet.append([None if pd.isna(cell) else cell for cell in row])
    with storage.atomic(path) as partial:
        book.save(partial)
