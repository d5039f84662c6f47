"""Charts and forecasts of a wijk's page beside its downloads: the same rates in the same years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.made_pages import Node, number, rows, section
from support.page_claims.reading import PIXEL, TINY

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from support.page_claims.reading import Sheet

    Points = list[tuple[float, float]]
    Scale = Callable[[float], float]


class Courses:
    """What a page says of a wijk through the years."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.report = sheet, sheet.report

    def check(self) -> None:
        """Compare charts and forecasts with the downloads."""
        self.forecasts()
        self.charts()

    def forecasts(self) -> None:
        """Forecasts in the table and in words are those of the download, of the same place."""
        rates = {}
        if self.sheet.ahead is not None:
            rows_ = self.sheet.ahead[self.sheet.ahead["on_page"]].dropna(subset=["rate"])
            keys = zip(rows_["domain"], rows_["year"], strict=True)
            rates = dict(zip(keys, rows_["rate"], strict=True))
        language, said = self.report.language, []
        part = section(self.sheet.page, "detail")
        for table in part.all("table") if part else []:
            domain = table.first("caption").attributes["id"].removeprefix("detail-")  # type: ignore[union-attr]
            said += [
                (domain, int(cells[1].text), number(cells[2].text, language))
                for cells in rows(table)[1:]
                if cells[0].text == self.report.texts["kind.forecast"]
            ]
        pattern = self.report.searched("wijk.figures.ahead")
        for domain, article in self.sheet.articles().items():
            matches = [pattern.match(one.text) for one in article.all("p")]
            said += [
                (domain, int(match["year"]), number(match["rate"], language))
                for match in matches
                if match
            ]
        self.report.counts["forecasts"] += len(said)
        for domain, year, rate in said:
            given = rates.get((domain, year))
            if rate is None or given is None or abs(rate - given) > TINY / 10:
                self.sheet.say(
                    f"{domain}: a forecast of {rate} for {year}, and {given} in forecasts.csv"
                )

    def charts(self) -> None:
        """Dots and lines of a chart are where the downloads' figures are, along its axes."""
        for domain, article in self.sheet.articles().items():
            chart = article.first("svg")
            if chart is None or self.sheet.figures is None:
                continue
            self.report.counts["charts"] += 1
            axes = self._axes(chart)
            past = self.sheet.figures[self.sheet.figures["domain"] == domain].set_index("year")
            dots = [(float(c.attributes["cx"]), float(c.attributes["cy"]))
                    for c in chart.all("circle")]  # fmt: skip
            self._drawn(domain, dots, past["observed"], axes)
            self._drawn(domain, _corners(chart, "e"), past["estimate"], axes)
            if self.sheet.ahead is not None:
                ahead = self.sheet.ahead[self.sheet.ahead["on_page"]].set_index("year")
                rates = ahead.loc[ahead["domain"] == domain, "rate"]
                self._drawn(domain, _corners(chart, "f"), rates, axes)

    def _axes(self, chart: Node) -> tuple[Scale, Scale]:
        """Where years and rates are in the chart, by the numbers along its axes."""
        texts = chart.all("text")
        rates = [t for t in texts if t.attributes.get("class") == "r" and t.attributes["x"] == "56"]
        heights = [
            (number(t.text, self.report.language), float(t.attributes["y"]) - 7) for t in rates
        ]
        years = [t for t in texts if t not in rates]
        x = _scale([(float(t.text), float(t.attributes["x"])) for t in years])
        return x, _scale(heights)

    def _drawn(
        self, domain: str, drawn: Points, given: pd.Series, axes: tuple[Scale, Scale]
    ) -> None:
        """Points are as many as the rates of a download, by year, and where these are."""
        rates, (x, y) = given.dropna().sort_index(), axes
        self.report.counts["points"] += len(drawn)
        if len(drawn) != len(rates):
            self.sheet.say(f"{domain}: {len(drawn)} points for {len(rates)} of {given.name}")
        for (cx, cy), (year, rate) in zip(sorted(drawn), rates.items(), strict=False):
            if abs(cx - x(year)) > PIXEL or abs(cy - y(rate)) > PIXEL + abs(y(TINY) - y(0)):
                self.sheet.say(f"{domain}: {year} at {cx, cy} for {given.name} {rate}")


def _corners(chart: Node, name: str) -> Points:
    """The points that the lines of a class go through."""
    texts = [line.attributes["points"] for line in chart.all("polyline", **{"class": name})]
    pairs = [pair.split(",") for text in texts for pair in text.split()]
    return sorted({(float(x), float(y)) for x, y in pairs})


def _scale(marks: list[tuple[float | None, float]]) -> Scale:
    """Return a function from a value to a coordinate, by the first and last mark of an axis."""
    (low, start), (high, end) = marks[0], marks[-1]
    assert low is not None
    assert high is not None
    return lambda value: start + (value - low) / (high - low) * (end - start)
