"""A whole evening on plain pages: a browser without script fills in what each screen asks."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
import requests

from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from support import evenings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_SCREENS = 60
RESIDENT, TEAM = "1001", "1003"  # of evenings.ROLES
FILLED = {"low": "60", "best": "80", "high": "90", "value": "20"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[Evening, str]]:
    """A round and where it is served."""
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    with evenings.served(evening) as address:
        yield evening, address


def phone(address: str, number: str) -> evenings.Device:
    device = evenings.Device(address)
    assert device.enter(number).status_code == 303
    return device


def filled_in(page: str) -> dict[str, str]:
    """Return the fields of a screen with something in each: of radio buttons the second."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    radios: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="radio" id="[^"]*" name="(\w+)" value="(\w+)"', page):
        radios.setdefault(name, []).append(value)
    fields = hidden | {name: values[1] for name, values in radios.items()}
    numbers = re.findall(r'class="number" id="\w+" name="(\w+)"', page)
    coins = [name for name in numbers if name.startswith("coins_")]
    fields |= dict.fromkeys(coins, "0") | ({coins[0]: "10"} if coins else {})
    fields |= {name: FILLED[name] for name in numbers if name in FILLED}
    if "<textarea" in page:
        fields["value"] = "De bus rijdt hier niet meer."
    return fields


def answer_all(device: evenings.Device) -> int:
    """Answer what is asked until a screen asks nothing; return how many screens that took."""
    for count in range(MOST_SCREENS):
        page = device.get("/vraag")
        assert page.status_code == 200
        path = re.search(r'action="(/vraag/[^"]+)"', page.text)
        if path is None:
            return count
        sent = device.session.post(
            device.address + html.unescape(path[1]), data=filled_in(page.text),
            headers={"Origin": device.address}, timeout=20,
        )  # fmt: skip
        assert sent.status_code == 200, (path[1], sent.text)  # the next screen, or what is implied
    raise AssertionError("there is no end to the questions")


def test_who_has_no_script_comes_to_the_end(room: tuple[Evening, str]) -> None:
    evening, address = room
    devices = [phone(address, RESIDENT), phone(address, TEAM)]
    counts = {}
    for phase in Phase:
        if phase is not Phase.PRACTICE:
            evening.move(phase)
        counts[phase] = [answer_all(device) for device in devices]
    # three wijken: how well each is known, three domains each; a practice question before
    assert counts[Phase.PRACTICE] == [1, 1]
    assert counts[Phase.OWN_VIEW] == [12, 12]
    assert counts[Phase.AGAIN] == [9, 9]
    assert counts[Phase.CAUSES] == [15, 15]
    assert sum(map(sum, counts.values())) == len(evening.store.current())


def test_what_is_implied_is_said_back(room: tuple[Evening, str]) -> None:
    evening, address = room
    evening.move(Phase.OWN_VIEW)
    device = phone(address, TEAM)
    device.answer("knows/WK034401", Phase.OWN_VIEW, value="well")
    sent = device.answer(
        "need/WK034401/wmo", Phase.OWN_VIEW, low="60", best="80", high="90", sure="50"
    )
    assert sent.headers["location"] == "/klopt/need/WK034401/wmo"
    page = device.get(sent.headers["location"])
    assert re.search(r"tussen (\d+) en (\d+)", page.text)
    assert device.get("/klopt/need/WK034409/wmo").url.endswith("/vraag")  # no such question


def test_a_person_sees_and_removes_the_answers(room: tuple[Evening, str]) -> None:
    evening, address = room
    evening.move(Phase.OWN_VIEW)
    device = phone(address, RESIDENT)
    answer_all(device)
    assert len(re.findall(r'href="/vraag/need/', device.get("/mijn").text)) == 9
    again = device.get("/vraag/need/WK034401/wmo")
    assert 'value="same" checked' in again.text  # what was filled in is there
    assert device.get("/vraag/need/WK034409/wmo").status_code == 404
    assert device.post("/weg", {}).status_code == 200
    assert evening.store.current().empty
    assert device.post("/uit", {}).status_code == 303
    assert 'name="code"' in device.get("/vraag").text


def test_nothing_that_was_filled_in_is_lost(room: tuple[Evening, str]) -> None:
    evening, address = room
    evening.move(Phase.OWN_VIEW)
    device = phone(address, TEAM)
    device.answer("knows/WK034401", Phase.OWN_VIEW, value="well")
    wrong = device.answer("need/WK034401/wmo", Phase.OWN_VIEW, low="90", best="80", high="veel")
    assert wrong.status_code == 422
    assert 'value="90"' in wrong.text
    assert 'value="veel"' in wrong.text
    unsure = device.answer("need/WK034401/wmo", Phase.OWN_VIEW, low="90", unknown="1")
    assert unsure.status_code == 303


def test_phases_are_told_and_nothing_else(room: tuple[Evening, str]) -> None:
    evening, address = room
    device = phone(address, RESIDENT)
    assert requests.get(f"{address}/stroom", timeout=20).status_code == 403
    with device.session.get(f"{address}/stroom", stream=True, timeout=20) as stream:
        lines = stream.iter_lines()
        first = next(line for line in lines if line.startswith(b"data"))
        evening.move(Phase.OWN_VIEW)
        second = next(line for line in lines if line.startswith(b"data"))
    assert (len(first), b"practice" in first) == (len(second), True)
    assert b"own_view" in second
    assert device.get("/stand").text.strip() == Phase.OWN_VIEW


def test_codes_that_are_none_are_said_so(room: tuple[Evening, str]) -> None:
    _, address = room
    device = evenings.Device(address)
    for typed, status in (("", 422), ("geen code", 422), ("1001-BCD-999", 403)):
        assert device.post("/code", {"code": typed}).status_code == status
    for path in ("/vraag", "/mijn", "/vraag/need/WK034401/wmo", "/klopt/need/WK034401/wmo"):
        assert 'name="code"' in device.get(path).text
    assert device.post("/weg", {}).headers["location"] == "/"
    assert device.post("/vraag/practice", {"phase": "practice"}).headers["location"] == "/"
