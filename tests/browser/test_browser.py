"""Reports in a real browser, from file:// and without a network, as from a USB stick."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from support.running import whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

pytest.importorskip("playwright", reason="no playwright: pages are not opened in a browser")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium (Debian: apt-get install chromium): pages are not opened"
)
WIDTHS = (390, 1280)
# without "preload": the checker itself would fetch style sheets again
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report per language, of the gemeente with the most wijken."""
    folder = tmp_path_factory.mktemp("reports")
    run = whole_run()
    largest = _largest(run)
    for language in ("nl", "en"):
        site.write(run, folder / language, ReportSettings(largest, language))
    return {language: folder / language for language in ("nl", "en")}


def _largest(run: Path) -> str:
    import pandas as pd

    panel = pd.read_parquet(run / "panel.parquet", columns=["gm_code", "year"])
    last = panel[panel["year"] == panel["year"].max()]
    return str(last.groupby("gm_code").size().idxmax())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class Opened:
    """A page in a context without network; keeps what goes wrong."""

    def __init__(self, browser: Any, width: int = 1280) -> None:
        self.wrong: list[str] = []
        self.context = browser.new_context(
            offline=True, accept_downloads=True, viewport={"width": width, "height": 900}
        )
        self.page = self.context.new_page()
        self.page.on("console", lambda said: self.wrong.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self._watch)
        self.page.on("requestfailed", lambda request: self.wrong.append(f"failed: {request.url}"))

    def _watch(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"left the page: {request.url}")

    def go(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        return self.page

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def pages(folder: Path) -> list[Path]:
    """One page of every kind."""
    wijken = sorted(folder.glob("WK*.html"))
    names = ("index", "wonen", "wat-telt-mee", "uitleg", "gegevens", "register")
    return [*(folder / f"{name}.html" for name in names), wijken[0], wijken[-1]]


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_open_fit_and_can_be_used_by_everyone(
    browser: Any, reports: dict[str, Path], language: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    with Opened(browser, width) as opened:
        for path in pages(reports[language]):
            page = opened.go(path)
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path.name} is {wide} px too wide at {width}"
            assert page.locator("html").get_attribute("lang") == language
            found = axe.run(page, options=RULES).response["violations"]
            assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
        assert opened.wrong == []


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of all gemeenten."""
    return site.write(whole_run(), tmp_path_factory.mktemp("every"), ReportSettings("all"))[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_index_of_all_gemeenten_opens_and_fits(browser: Any, every: Path, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with Opened(browser, width) as opened:
        page = opened.go(every)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        found = Axe().run(page, options=RULES).response["violations"]
        assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
        assert opened.wrong == []


def test_a_gemeente_is_found_without_a_mouse(browser: Any, every: Path) -> None:
    with Opened(browser) as opened:
        page = opened.go(every)
        rows = page.locator("tbody tr:visible")
        whole = rows.count()
        last = rows.last.locator("th").inner_text()
        for _ in range(2):  # past the link to the content
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "filter"
        page.keyboard.type(last.upper())
        assert rows.count() == 1
        assert page.locator("#count").inner_text() == f"1 van {whole} gemeenten"
        with page.expect_download() as waiting:
            page.locator("button.get").click()
        saved = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
        assert len(saved) == 3, "a head, what is shown, and the country"
        page.locator("tbody a:visible").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/GM*/index.html")
        assert last in page.locator("h1").inner_text()
        assert opened.wrong == []


def test_every_link_leads_somewhere(browser: Any, reports: dict[str, Path]) -> None:
    with Opened(browser) as opened:
        for path in pages(reports["nl"]):
            page = opened.go(path)
            script = "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
            for target in page.evaluate(script):
                name, _, part = target.partition("#")
                assert (path.parent / name).exists(), target
                if part:
                    there = (path.parent / (name or path.name)).read_text(encoding="utf-8")
                    assert re.search(rf'id="?{part}\b', there), target


def test_a_table_is_sorted_by_mouse_and_keyboard_and_says_so(
    browser: Any, reports: dict[str, Path]
) -> None:
    with Opened(browser) as opened:
        page = opened.go(reports["nl"] / "index.html")
        table = page.locator("table.sortable").first
        table.locator("th button").nth(1).click()
        people = _numbers(table.locator("tbody tr td:nth-child(2)").all_inner_texts())
        assert people == sorted(people, reverse=True)
        assert len(people) > 3
        assert "van hoog naar laag" in page.locator("#said").inner_text()
        table.locator("th button").nth(1).focus()
        page.keyboard.press("Enter")
        people = _numbers(table.locator("tbody tr td:nth-child(2)").all_inner_texts())
        assert people == sorted(people)
        assert table.locator("th").nth(1).get_attribute("aria-sort") == "ascending"
        assert opened.wrong == []


def _numbers(cells: list[str]) -> list[float]:
    return [float(c.replace(".", "")) for c in cells if re.fullmatch(r"[\d.]+", c)]


def test_a_table_is_saved_as_shown(browser: Any, reports: dict[str, Path]) -> None:
    with Opened(browser) as opened:
        page = opened.go(reports["nl"] / "index.html")
        with page.expect_download() as waiting:
            page.locator("button.get").first.click()
        saved = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
        table = page.locator("table.sortable").first
        assert waiting.value.suggested_filename.endswith(".csv")
        assert len(saved) == 1 + table.locator("tbody tr").count()
        first = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
        assert saved[1].split(";") == first


def test_a_wide_table_is_scrolled_with_the_keyboard(browser: Any, reports: dict[str, Path]) -> None:
    with Opened(browser, 390) as opened:
        page = opened.go(reports["nl"] / "index.html")
        boxes = page.locator(".scroll")
        assert boxes.count() > 3
        for box in boxes.all():
            named = str(box.get_attribute("aria-labelledby"))
            assert page.locator(f"#{named}").count() == 1
            box.focus()
            assert page.evaluate("document.activeElement.className") == "scroll"


def test_the_whole_is_reached_without_a_mouse(browser: Any, reports: dict[str, Path]) -> None:
    with Opened(browser) as opened:
        page = opened.go(reports["nl"] / "index.html")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_a_map_shows_the_difference_within_the_gemeente_by_keyboard(
    browser: Any, reports: dict[str, Path]
) -> None:
    with Opened(browser) as opened:
        page = opened.go(reports["nl"] / "index.html")
        whole, within = (page.locator(f".maps figure.{kind}").first for kind in ("gap", "within"))
        assert whole.is_visible()
        assert not within.is_visible()
        box = page.get_by_label("Toon het verschil binnen de gemeente").first
        box.focus()
        page.keyboard.press("Space")
        assert within.is_visible()
        assert not whole.is_visible()
        page.keyboard.press("Space")
        assert whole.is_visible()


def test_a_click_on_a_map_leads_to_the_wijk(browser: Any, reports: dict[str, Path]) -> None:
    with Opened(browser) as opened:
        page = opened.go(reports["nl"] / "index.html")
        mark = page.locator("svg.map use[href]").first
        code = str(mark.get_attribute("href")).removeprefix("#")
        mark.dispatch_event("click")
        page.wait_for_url(f"**/{code}.html")


def test_pages_print(browser: Any, reports: dict[str, Path], tmp_path: Path) -> None:
    with Opened(browser) as opened:
        page = opened.go(min(reports["nl"].glob("WK*.html")))
        page.pdf(path=tmp_path / "sheet.pdf", format="A4")
        page.emulate_media(media="print")
        # A4 less margins of 12 mm, in px: what is talked over is one page, details follow
        page.set_viewport_size({"width": 703, "height": 1031})
        assert page.evaluate("document.querySelector('.break').getBoundingClientRect().top") <= 1031
        assert not page.locator("button.get").first.is_visible()
        assert (tmp_path / "sheet.pdf").stat().st_size > 10_000
