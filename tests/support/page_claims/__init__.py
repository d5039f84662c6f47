"""A checker of made reports: what pages say beside the numbers on them and in their downloads.

It reads files of a report and nothing else (the names of profile items and of sides come from the
declarations), and gives a line for every contradiction between label, bullet, sentence, profile,
table, chart and download. Numbers are compared as they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.publishing.presentation.language import catalogue
from support import made_pages
from support.page_claims import overview, sums
from support.page_claims.courses import Courses
from support.page_claims.drivers import Bullets, Labels
from support.page_claims.figures import Figures
from support.page_claims.reading import Report, Sheet

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def check(folder: Path, labels: pd.DataFrame) -> Report:
    """Read a report and return what it says wrongly, with counts of what was read.

    Parameters
    ----------
    folder : Path
        Of the report of one gemeente.
    labels : DataFrame
        The run's ``features.csv``.
    """
    index = made_pages.read(folder / "index.html")
    language = index.all("html")[0].attributes["lang"]
    gemeente = index.of_class("brand")[0].text
    report = Report(folder, language, gemeente, catalogue(language))
    downloads = {name: report.table(name) for name in ("figures", "explanations", "forecasts")}
    names = dict(zip(labels[f"label_{language}"], labels["feature"], strict=True))
    overview.check(report, index, downloads["figures"])
    sums.check(report, index, downloads["figures"])
    overview.check_housing(report, made_pages.read(folder / "wonen.html"))
    for path in sorted(folder.glob("WK*.html")):
        _check_sheet(Sheet(report, path, names, downloads))
    return report


def _check_sheet(sheet: Sheet) -> None:
    """Compare all that a page says."""
    sheet.report.counts["sheets"] += 1
    labels = Labels(sheet)
    labels.check()
    Bullets(sheet, labels.labels()).check()
    Figures(sheet).check()
    Courses(sheet).check()
