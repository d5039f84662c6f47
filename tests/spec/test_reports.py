"""Reports: what every page says, and what it leaves out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from support.reports import english_report, smallest_gemeente, texts
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path

# what a browser fetches by itself: sources, stylesheets, and what a style refers to
FETCHED = re.compile(
    r"""(?:\bsrc(?:set)?=|<link[^>]+href=|<use[^>]+href=|url\(|@import\s)["']?([^"'\s>)]+)"""
)


def test_made_up_figures_are_marked_on_every_page(tmp_path: Path) -> None:
    """Every page of a report on made-up figures says that they are made up, and that it is about
    wijken and not about people.
    """
    site.write(whole_run(), tmp_path / "out", ReportSettings(smallest_gemeente()))
    for page in (tmp_path / "out").glob("*.html"):
        assert "Verzonnen cijfers" in texts(page)
        if page.name not in {"register.html", "gegevens.html"}:
            assert "dit gaat over wijken, niet over mensen" in texts(page)


def test_no_path_of_this_machine(tmp_path: Path) -> None:
    """No file of a report holds a path of the machine it was made on."""
    site.write(whole_run(), tmp_path / "out", ReportSettings(smallest_gemeente()))
    for path in (tmp_path / "out").rglob("*.*"):
        assert str(whole_run()).encode() not in path.read_bytes()


def test_the_model_card_and_the_datasheet_are_in_the_folder() -> None:
    """Every report comes with its model card and its datasheet."""
    card, data = (texts(english_report() / f"{name}.html") for name in ("uitleg", "gegevens"))
    for part in ("Model card", "What is it?", "For whom?", "What not to use this for",
                 "What did it learn from?", "Limits", "Fairness", "Repeating it"):  # fmt: skip
        assert part in card
    for part in ("Datasheet", "A wijk in a year", "CBS rounds to 5", "Source and licence",
                 "Not delivered", "All tables"):  # fmt: skip
        assert part in data


def test_a_report_fetches_nothing() -> None:
    """A report is whole: no page of it fetches a script, style, font or image from elsewhere.

    Links that a reader may follow, such as to CBS, are no part of it. The tests in a browser open
    pages without a network as well.
    """
    pages = [*english_report().rglob("*.html"), *english_report().rglob("*.css")]
    assert len(pages) > 5
    for page in pages:
        fetched = FETCHED.findall(page.read_text(encoding="utf-8"))
        assert not [address for address in fetched if "//" in address], page
