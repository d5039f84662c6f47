"""One base: a gemeente's card, its table of sums and its downloads have one figure of a year.

Wijken together and people in no wijk are the total wherever all three are written, and the wijken
of the download add up to what the page says they are together.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from support.made_pages import Node, number, section
from support.page_claims.reading import TINY

if TYPE_CHECKING:
    from support.page_claims.reading import Report

NUMBERS = ("areas", "unassigned", "total")
FORECAST = "forecast"
KEY = ["domain", "year"]


def check(report: Report, index: Node, figures: pd.DataFrame | None) -> None:
    """Compare cards, sums and downloads of a gemeente."""
    by_kind = _totals(report)
    for card in index.of_class("card"):
        _check_card(report, card, by_kind)
    sums = report.table("sums")
    if sums is None:
        return
    _check_table(report, index, sums)
    for row in sums.dropna(subset=["total"]).itertuples():
        report.counts["sums"] += 1
        where = f"sums.csv: {row.domain} {row.kind} {row.year}"
        parts = row.areas + row.unassigned
        if not pd.isna(parts) and parts != row.total:
            report.wrong.append(f"{where}: {row.areas} and {row.unassigned} are not {row.total}")
        given = by_kind.get((row.kind == FORECAST, row.domain, row.year))
        if given is None or given["clients"] != row.total:
            report.wrong.append(f"{where}: {row.total}, elsewhere {given}")
    if figures is not None:
        _check_wijken(report, sums, figures)


def _totals(report: Report) -> dict[tuple[bool, str, int], pd.Series]:
    """Totals that downloads give, by whether they are forecast, domain and year."""
    out = {}
    for name in ("totals", "forecast_totals"):
        table = report.table(name)
        given = [] if table is None else table.dropna(subset=["rate"]).iterrows()
        for _, row in given:
            out[name == "forecast_totals", str(row["domain"]), int(row["year"])] = row
    return out


def _check_card(
    report: Report, card: Node, by_kind: dict[tuple[bool, str, int], pd.Series]
) -> None:
    """The figures of a card are those of the downloads: rate, clients and forecast."""
    domain, big = card.attributes["data-domain"], card.of_class("big")
    if big:
        report.counts["cards"] += 1
        line = card.all("p")[1].text
        year = int(re.findall(r", (\d{4}): ", line)[0])
        given = by_kind.get((False, domain, year))
        rate = number(big[0].text, report.language)
        clients = number(line.split(f", {year}: ")[1], report.language)
        _compare(report, f"the card of {domain} {year}", given, rate=rate, clients=clients)
    said = report.searched("index.card_forecast").search(card.text)
    if said:
        report.counts["cards with a forecast"] += 1
        given = by_kind.get((True, domain, int(said["year"])))
        rate = number(card.text[said.start("rate") :], report.language)
        _compare(report, f"the card's forecast of {domain} {said['year']}", given, rate=rate)


def _compare(report: Report, where: str, given: pd.Series | None, **read: float | None) -> None:
    for name, value in read.items():
        if given is None or value is None or abs(given[name] - value) > TINY / 10:
            stands = None if given is None else given[name]
            report.wrong.append(f"index: {where} has {name} {value}, the download {stands}")


def _check_table(report: Report, index: Node, sums: pd.DataFrame) -> None:
    """The table of sums has the numbers of the download, and none where that has none."""
    part = section(index, "sums")
    table = part.first("table") if part else None
    for line in (
        table.all(
            "tr",
        )
        if table
        else []
    ):
        if "data-domain" not in line.attributes:
            continue
        report.counts["rows of sums"] += 1
        domain, kind = line.attributes["data-domain"], line.attributes["data-kind"]
        cells = [one for one in line.inside if isinstance(one, Node)]
        year = int(cells[1].text)
        rows_ = sums[(sums["domain"] == domain) & (sums["kind"] == kind) & (sums["year"] == year)]
        for name, cell in zip(NUMBERS, cells[3:], strict=True):
            few = cell.text == report.texts["index.sums.under"]
            read = None if few else number(cell.text, report.language)
            given = rows_[name].iloc[0] if len(rows_) else None
            if (read is None) != pd.isna(given) or (read is not None and read != given):
                report.wrong.append(f"index: {domain} {kind} {year}: {name} {read} beside {given}")


def _check_wijken(report: Report, sums: pd.DataFrame, figures: pd.DataFrame) -> None:
    """Where no wijk is hidden they add up to what they are together, but for their rounding."""
    past = sums[(sums["kind"] != FORECAST) & sums["areas"].notna()]
    for row in past.itertuples():
        wijken = figures[(figures["domain"] == row.domain) & (figures["year"] == row.year)]
        if wijken.empty or (wijken["status"] == "hidden").any():
            continue
        report.counts["sums of wijken"] += 1
        clients = wijken["estimate_clients"]
        base = 10 if (clients.dropna() % 10 == 0).all() else 5
        if abs(clients.sum() - row.areas) > base / 2 * (len(wijken) + 2):
            where = f"{row.domain} {row.year}"
            report.wrong.append(f"sums.csv: {where}: {clients.sum()} in wijken, {row.areas} in all")
