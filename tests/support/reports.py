"""Reports of the whole small run, made once, and what their pages say."""

from __future__ import annotations

import functools
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from risicomodel.publishing import disclosure
from risicomodel.publishing.report import site
from risicomodel.publishing.report.country import Country
from risicomodel.publishing.report.settings import ReportSettings
from support.running import shared, whole_run

if TYPE_CHECKING:
    from pathlib import Path


def texts(page: Path) -> str:
    """Everything a page shows, without markup."""
    said: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            said.append(data)

    Reader().feed(page.read_text(encoding="utf-8"))
    return " ".join(" ".join(said).split())


@functools.cache
def whole_country() -> Country:
    """What may be shown of the whole small run."""
    return Country(disclosure.disclose(whole_run()))


@functools.cache
def smallest_gemeente() -> str:
    """The gemeente with the fewest wijken, but more than one."""
    count = whole_country().shown.wijken.groupby("gm_code").size()
    return str(count[count > 1].idxmin())


@functools.cache
def every_report() -> Path:
    """The folder with reports of all gemeenten of the whole small run, for reading only."""
    every = ReportSettings("all")
    return shared("every", lambda folder: site.write(whole_run(), folder, every))


@functools.cache
def english_report() -> Path:
    """A report in English of the smallest gemeente, for reading only."""
    english = ReportSettings(smallest_gemeente(), "en")
    return shared("english", lambda folder: site.write(whole_run(), folder, english))
