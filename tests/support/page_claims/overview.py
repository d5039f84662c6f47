"""The pages of a gemeente beside its downloads: rankings, maps, housing and care."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.publishing.disclosure import PROFILE
from support.made_pages import Node, number, rows, section
from support.page_claims.reading import LIKELY, TINY

if TYPE_CHECKING:
    from support.page_claims.reading import Report


def check(report: Report, index: Node, figures: pd.DataFrame | None) -> None:
    """Rankings and maps have the figures of the download."""
    ranking = section(index, "ranking")
    if figures is None or ranking is None:
        return
    for table in ranking.all("table"):
        domain = table.first("caption").attributes["id"].removeprefix("rank-")  # type: ignore[union-attr]
        year = int(re.findall(r", (\d{4})\.", table.first("caption").text)[0])  # type: ignore[union-attr]
        of_year = figures[(figures["domain"] == domain) & (figures["year"] == year)]
        of_year = of_year.set_index("wijk_code")
        for cells in rows(table)[1:]:
            code = cells[0].first("a").attributes["href"].removesuffix(".html")  # type: ignore[union-attr]
            if code in of_year.index:
                _check_ranked(report, cells, of_year.loc[code], f"{domain} {code}")
    _check_maps(report, index, figures)


def _check_ranked(report: Report, cells: list[Node], row: pd.Series, where: str) -> None:
    report.counts["ranked"] += 1
    columns = ["expected", "gap", "gap_country", "gap_gemeente", "gap_wijk"]
    read = {
        name: number(cell.text, report.language)
        for name, cell in zip(columns, cells[3:8], strict=True)
    }
    for name, value in read.items():
        if (value is None) != pd.isna(row[name]) or (
            value is not None and abs(value - row[name]) > TINY / 10
        ):
            report.wrong.append(f"index: {where}: {name} is {value} and {row[name]} in figures.csv")
    likely = report.texts["index.ranking.chance_likely"]
    if cells[8].text == likely and row["chance"] < LIKELY - TINY / 10:
        report.wrong.append(f"index: {where}: '{likely}' at a chance of {row['chance']}")
    if cells[8].text not in {likely, "–"} and row["chance"] > LIKELY + TINY / 10:
        report.wrong.append(f"index: {where}: '{cells[8].text}' at a chance of {row['chance']}")


def _check_maps(report: Report, index: Node, figures: pd.DataFrame) -> None:
    columns = {"gap": "gap", "within": "gap_wijk", "expected": "expected"}
    for svg in index.of_class("map"):
        name = svg.attributes.get("aria-labelledby", "").split("-t ")[0]
        _, domain, kind = [*name.split("-"), "", ""][:3]
        title = svg.first("title")
        years = re.findall(r"\b\d{4}\b", title.text) if title else []
        if kind not in columns or not years:
            continue
        of_year = figures[(figures["domain"] == domain) & (figures["year"] == int(years[-1]))]
        values = of_year.set_index("wijk_code")[columns[kind]]
        for use in svg.all("use"):
            code, said = use.attributes["href"].lstrip("#"), use.text
            if not said or code not in values.index:
                continue
            report.counts["marks"] += 1
            value = number(said.rsplit(": ", 1)[-1], report.language)
            if (value is None) != pd.isna(values[code]) or (
                value is not None and abs(value - values[code]) > TINY / 10
            ):
                report.wrong.append(f"map {name} {code}: {said} and {values[code]} in figures.csv")


def check_housing(report: Report, page: Node) -> None:
    """What is said of a wijk on the housing page holds for the numbers in its table."""
    talk, everyone = section(page, "talk"), section(page, "all")
    table = everyone.first("table") if everyone else None
    if talk is None or table is None:
        return
    head, *body = rows(table)
    mean = [number(cell.text, report.language) for cell in body[-1]]
    names = [cell.text for cell in head]
    numbers = {
        cells[0].text: [number(cell.text, report.language) for cell in cells] for cells in body[:-1]
    }
    at = {name: names.index(text) for name, text in _profile_texts(report).items() if text in names}
    need = next((place for place, name in enumerate(names) if "Wmo" in name), None)
    for one in talk.all("li"):
        report.counts["signs"] += 1
        wijk = one.first("a").text  # type: ignore[union-attr]
        here = numbers[wijk]
        holds = {"older": _above(here, mean, at.get("k_65_jaar_of_ouder")) > 0,
                 "need": _above(here, mean, need) > 0}  # fmt: skip
        for sign, true in holds.items():
            if report.texts[f"housing.sign.{sign}"] in one.text and not true:
                report.wrong.append(f"wonen: {one.text}: {here} beside {mean}")


def _profile_texts(report: Report) -> dict[str, str]:
    return {item.name: report.texts[f"profile.{item.name}"] for item in PROFILE}


def _above(here: list[float | None], mean: list[float | None], place: int | None) -> float:
    if place is None or here[place] is None or mean[place] is None:
        return 0.0
    return float(here[place] or 0.0) - float(mean[place] or 0.0)
