"""A Thermometer in a real browser: a phone that fills it in, and the page that comes out."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from support import evenings, thermometers

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("playwright", reason="no playwright: pages are not opened in a browser")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium (Debian: apt-get install chromium): pages are not opened"
)
WIDTHS = (320, 1280)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}
ASKING = "form[data-queue]"
A4 = 740  # px


def look(page: Any, name: str) -> None:
    """Have the checker look at a screen, at both widths."""
    from axe_playwright_python.sync_playwright import Axe

    before = page.viewport_size
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{name} {width}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    page.set_viewport_size(before)


def fill_in(page: Any) -> int:
    """Answer until there is nothing more; look at each kind of screen once."""
    kinds = set()
    for sent in range(20):
        if page.locator("[data-phase]").count():
            return sent
        radios = page.locator("input[type=radio]")
        kind = f"{radios.count()} answers"
        if kind not in kinds:
            kinds.add(kind)
            look(page, kind)
            boxes = page.locator("main label, main button").all()
            assert all(box.bounding_box()["height"] >= 48 for box in boxes if radios.count())
        if radios.count():
            radios.nth(0).check(force=True)
        else:
            page.fill("#value", "7")
        with page.expect_navigation():
            page.click(f"{ASKING} button >> nth=0")
    return 20


def test_a_thermometer_from_a_card_to_what_came_out(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    evening = Evening(thermometers.store(evenings.sqlite(tmp_path)))
    thermometers.filled_in(evening)
    evening.store.withdraw("1001")
    with evenings.served(evening) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 320, "height": 800})
        page.goto(f"{address}/kaart/1001-{evenings.SECRET}")
        page.click("main button")
        page.wait_for_selector(ASKING)
        assert fill_in(page) == 15
        look(page, "wait")
        lead = browser.new_page(viewport={"width": 1280, "height": 800})
        lead.goto(f"{address}/leiding")
        lead.fill("#password", evenings.SAID)
        lead.click("main button")
        lead.wait_for_selector('form[action="/leiding/stap"]')
        look(lead, "lead")
        lead.click('form[action="/leiding/stap"] button')
        lead.wait_for_load_state()
        assert evening.store.phase() is Phase.DONE
        lead.goto(f"{address}/leiding/uitkomst")
        look(lead, "what came out")
        # a table beside each picture, and no picture that only colour tells of
        assert lead.locator("div.bars").count() == lead.locator("table").count() > 10
        assert lead.locator("div.bars:not([aria-hidden])").count() == 0
        lead.emulate_media(media="print")
        lead.set_viewport_size({"width": A4, "height": 1000})
        assert lead.evaluate("document.documentElement.scrollWidth") <= A4
        browser.close()
