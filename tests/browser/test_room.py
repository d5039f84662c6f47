"""An evening in a real browser: phones, a moderator, a server that is killed, a line that drops."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from risicomodel.app.review.folders import DATABASE, MARK
from risicomodel.core import database, storage
from risicomodel.participation.review.store import Store
from support import evenings
from support.running import command, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("playwright", reason="no playwright: pages are not opened in a browser")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium (Debian: apt-get install chromium): pages are not opened"
)
WIDTHS = (320, 1280)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}
ROLES = ("inwoner", "inwoner", "wijkteam", "wijkteam", "aanbieder", "aanbieder")
ASKING = "form[data-queue]"
# when the server is away or the line is down, the browser itself says so
OF_THE_LINE = ("ERR_CONNECTION", "ERR_INTERNET_DISCONNECTED", "ERR_INCOMPLETE", "ERR_EMPTY")


class Server:
    """The command that opens a round, as a process of its own that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        words = command("review", "serve", self.folder, f"port={self.port}")
        self.running = subprocess.Popen(
            words, env=environment(self.folder), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        for _ in range(300):
            assert self.running.poll() is None
            try:
                requests.get(self.address, timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("the server does not answer")

    def kill(self) -> None:
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    evenings.store(f"sqlite:///{tmp_path / DATABASE}", ROLES).engine.dispose()
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "keep_until": "", "database": ""}
    storage.write_json(tmp_path / MARK, mark)
    made = Server(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


class Phone:
    """Someone with a phone who answers whatever is asked."""

    def __init__(self, browser: Any, server: Server, width: int = 320) -> None:
        self.server, self.wrong, self.looked_at = server, list[str](), set[str]()
        self.context = browser.new_context(viewport={"width": width, "height": 800})
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _heard(self, said: Any) -> None:
        if said.type == "error" and not any(mark in said.text for mark in OF_THE_LINE):
            self.wrong.append(said.text)

    def go(self, path: str) -> None:
        self.page.goto(self.server.address + path)

    def enter(self, number: str) -> None:
        self.go(f"/kaart/{number}-{evenings.SECRET}")
        self.look("code")
        self.page.click("main button")
        self.page.wait_for_selector(f"{ASKING}, [data-phase]")

    def lead(self) -> None:
        self.go("/leiding")
        self.look("sign in")
        self.page.fill("#password", evenings.SAID)
        self.page.click("main button")

    def step(self, to: str) -> None:
        self.go("/leiding")
        assert self.page.input_value('form[action="/leiding/stap"] [name=to]') == to
        self.page.click('form[action="/leiding/stap"] button')
        self.page.wait_for_load_state()

    def look(self, name: str) -> None:
        """Have the checker look at a kind of screen once, at both widths."""
        if name in self.looked_at:
            return
        from axe_playwright_python.sync_playwright import Axe

        self.looked_at.add(name)
        before = self.page.viewport_size
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(self.page, options=RULES)
            assert found.violations_count == 0, f"{name} {width}: {found.generate_report()}"
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} px wide at {width}"
        self.page.set_viewport_size(before)

    def kind(self) -> str:
        self.page.wait_for_load_state()  # of a screen that is half there, no kind can be told
        if self.page.locator("#low").count():
            return "range"
        if self.page.locator("input[name^=coins_]").count():
            return "coins"
        if self.page.locator("textarea").count():
            return "text"
        return "choice" if self.page.locator("input[type=radio]").count() else "number"

    def fill(self, place: int) -> None:
        kind, page = self.kind(), self.page
        if kind == "range":
            for name, value in (("low", 8), ("high", 14 + place), ("best", 10)):
                page.fill(f"#{name}", str(value))
            page.check("#sure-70", force=True)
        elif kind == "coins":
            page.locator("input[name^=coins_]").nth(0).fill("6")
            page.locator("input[name^=coins_]").nth(1).fill("4")
        elif kind == "text":
            page.fill("textarea", "Er is geen bus meer.")
        elif kind == "number":
            page.fill("#value", "18")
        else:
            page.locator("input[type=radio]").nth(place % 2).check(force=True)

    def answer_all(self, place: int, *, most: int = 99, looks: bool = False) -> int:
        """Answer until there is nothing more to answer; return how many were sent."""
        for sent in range(most):
            while "/klopt/" in self.page.url:
                if looks:
                    self.look("implied")
                self.page.click("a.button >> nth=0")
            if self.page.locator("[data-phase]").count():
                return sent
            if looks:
                self.look(self.kind())
            self.fill(place)
            with self.page.expect_navigation():
                self.page.click(f"{ASKING} button >> nth=0")
        return most


def kept(server: Server) -> Any:
    opened = Store(database.engine(f"sqlite:///{server.folder / DATABASE}"))
    try:
        return opened.current()
    finally:
        opened.engine.dispose()


def test_an_evening_from_the_first_code_to_what_came_out(  # noqa: PLR0915 (one evening)
    browser: Any, server: Server
) -> None:
    lead = Phone(browser, server, 1280)
    lead.lead()
    phones = [Phone(browser, server) for _ in ROLES]
    for place, phone in enumerate(phones):
        phone.enter(f"{1001 + place}")
    acknowledged = sum(
        phone.answer_all(place, looks=place == 0) for place, phone in enumerate(phones)
    )
    phones[0].look("wait")
    assert "Het echte getal is 18" in phones[0].page.content()

    lead.step("own_view")
    for phone in phones:
        phone.page.wait_for_selector(ASKING)  # the phase is told; nobody reloads
    halfway = [phone.answer_all(place, most=3) for place, phone in enumerate(phones)]
    acknowledged += sum(halfway)
    server.kill()
    assert len(kept(server)) == acknowledged
    server.start()
    for place, phone in enumerate(phones):
        phone.go("/vraag")
        acknowledged += phone.answer_all(place, looks=place in {0, 2})
    assert len(kept(server)) == acknowledged == len(ROLES) * (1 + 3 * 4)
    lead.go("/scherm")
    lead.look("screen before")

    lead.step("reveal")
    lead.look("lead")
    lead.go("/scherm")
    lead.look("screen after")
    assert lead.page.locator("circle.dot").count() == len(ROLES)
    lead.step("talk")
    lead.step("again")
    dropping = phones[0]
    dropping.page.wait_for_selector(ASKING)
    dropping.context.set_offline(True)
    dropping.fill(1)
    dropping.page.click(f"{ASKING} button >> nth=0")
    dropping.page.wait_for_selector("#status:not(:empty)")
    assert len(kept(server)) == acknowledged
    with dropping.page.expect_navigation():
        dropping.context.set_offline(False)
    acknowledged += 1
    assert len(kept(server)) == acknowledged

    lead.step("causes")
    late = phones[1]  # with a question of *again* still open
    late.fill(1)
    with late.page.expect_navigation():
        late.page.click(f"{ASKING} button >> nth=0")
    late.page.wait_for_selector("text=Het telt niet meer mee")
    late.look("late")
    for place in (0, 2):
        phones[place].go("/vraag")
        acknowledged += phones[place].answer_all(place, looks=True)
    table = kept(server)
    assert len(table) == acknowledged
    assert not table.duplicated(["person", "phase", "item", "wijk_code", "domain", "detail"]).any()
    phones[0].go("/mijn")
    phones[0].look("mine")

    lead.step("agreement")
    lead.page.fill("textarea >> nth=0", "Elke dinsdag een spreekuur")
    lead.page.fill("input[name^=owner-] >> nth=0", "Wijkteam")
    lead.page.click("form[action='/leiding/afspraak'] button")
    lead.page.wait_for_load_state()
    lead.look("agreeing")
    lead.go("/leiding/uitkomst")
    lead.look("outcome")
    assert "Elke dinsdag een spreekuur" in lead.page.content()
    lead.step("done")
    assert [one for phone in (lead, *phones) for one in phone.wrong] == []
