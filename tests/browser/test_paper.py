"""Forms on paper, printed by a real browser: every sheet is one page of A4."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel.participation.review import paper, sheets
from risicomodel.participation.review.evening import Evening
from support import evenings

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("playwright", reason="no playwright: forms are not printed by a browser")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium (Debian: apt-get install chromium): nothing is printed"
)
LONG = "Stationskwartier, Binnenstad-Noordwest en omgeving van de Oude Haven"
A4 = (595, 842)  # points


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_sheet_is_one_page(tmp_path: Path, language: str) -> None:
    from playwright.sync_api import sync_playwright

    wijken = {code: f"{LONG} {place}" for place, code in enumerate(evenings.WIJKEN)}
    changes: dict[str, Any] = {"wijken": wijken, "language": language}
    evening = Evening(evenings.store(evenings.sqlite(tmp_path), **changes))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for phase in sheets.PHASES:
            written, _ = paper.write(tmp_path, evening, evening.store.people(), phase)
            page = browser.new_page()
            page.goto(written[0].as_uri())
            assert page.locator(".sheet").count() == len(evenings.ROLES) * 4
            content = page.pdf(prefer_css_page_size=True)
            assert len(re.findall(rb"/Type\s*/Page\b(?!s)", content)) == len(evenings.ROLES) * 4
            boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", content)
            assert {tuple(round(float(side)) for side in box) for box in boxes} == {A4}
            page.emulate_media(media="print")
            size = page.evaluate("getComputedStyle(document.querySelector('.ticks li')).fontSize")
            assert round(float(size.removesuffix("px")) * 0.75, 2) >= 16  # points
        browser.close()
