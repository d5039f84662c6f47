"""A made report and its pages as a checker reads them: downloads, texts, and what is found."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from support import made_pages
from support.made_pages import Node, section

if TYPE_CHECKING:
    from pathlib import Path

TINY = 0.051  # numbers of one decimal that are rounded apart
PIXEL = 1.01  # coordinates are whole
LIKELY = 0.05


@dataclass
class Report:
    """A report's folder with its downloads, and what is found in its pages."""

    folder: Path
    language: str
    gemeente: str
    texts: dict[str, str]
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def table(self, name: str) -> pd.DataFrame | None:
        """A download, with codes as text; None where the report has none of it."""
        path = self.folder / "data" / f"{name}.csv"
        return pd.read_csv(path, dtype={"wijk_code": "str"}) if path.is_file() else None

    def pattern(self, key: str) -> re.Pattern[str]:
        """A text of the catalogue as a pattern, a group for each of its fields."""
        text = re.escape(self.texts[key])
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", text) + "$")

    def searched(self, key: str) -> re.Pattern[str]:
        """A text of the catalogue as a pattern to look for among others."""
        text = re.escape(self.texts[key])
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^;:]+?)", text))


class Sheet:
    """The page of one wijk."""

    def __init__(
        self,
        report: Report,
        path: Path,
        names: dict[str, str],
        downloads: dict[str, pd.DataFrame | None],
    ) -> None:
        self.report, self.names = report, names
        self.page = made_pages.read(path)
        self.code = path.stem
        self.figures = _of_wijk(downloads["figures"], self.code)
        self.explained = _of_wijk(downloads["explanations"], self.code)
        self.ahead = _of_wijk(downloads["forecasts"], self.code)
        self.domains = self._domains()

    def _domains(self) -> dict[str, str]:
        """Names of domains by their labels, in the order of the page."""
        detail = section(self.page, "detail")
        if detail is None:
            return {}
        captions = [one for one in detail.all("caption") if one.attributes.get("id")]
        headings = [one.text for one in section(self.page, "figures").all("h3")]  # type: ignore[union-attr]
        names = [one.attributes["id"].removeprefix("detail-") for one in captions]
        return {
            heading.split(" per ")[0]: name for heading, name in zip(headings, names, strict=True)
        }

    def say(self, what: str) -> None:
        """Note a contradiction."""
        self.report.wrong.append(f"{self.report.folder.name}/{self.code}: {what}")

    def filled(self, key: str) -> str:
        """A text of the catalogue with the gemeente's name in it."""
        return self.report.texts[key].replace("{gemeente}", self.report.gemeente)

    def row(self, domain: str, year: int | None = None) -> pd.Series | None:
        """The wijk's row of the download, in the year that the page is about if none is given."""
        year = self._year(domain) if year is None else year
        if self.figures is None or year is None:
            return None
        of_year = self.figures[(self.figures["domain"] == domain) & (self.figures["year"] == year)]
        return None if of_year.empty else of_year.iloc[0]

    def articles(self) -> dict[str, Node]:
        part = section(self.page, "figures")
        articles = part.all("article") if part else []
        return dict(zip(self.domains.values(), articles, strict=True))

    def _year(self, domain: str) -> int | None:
        article = self.articles().get(domain)
        years = re.findall(r"\b\d{4}$", article.first("h3").text) if article else []  # type: ignore[union-attr]
        return int(years[0]) if years else None


def _of_wijk(table: pd.DataFrame | None, code: str) -> pd.DataFrame | None:
    return None if table is None else table[table["wijk_code"] == code]
