"""Who types paper in, over a real server: no more is told than the sheet, and nothing is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from support import evenings
from support.evenings import Device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

NORTH, SOUTH = "WK034401", "WK034402"
SHEET = "/leiding/papier/blad"
SCRIPT = "<script>alert(1)</script>"


class Typist:
    """A round on a server, with who types paper in."""

    def __init__(self, evening: Evening, address: str) -> None:
        self.evening, self.address = evening, address
        self.device = Device(address)
        assert self.device.lead().status_code == 303

    def until(self, phase: Phase) -> None:
        while (now := self.evening.store.phase()) is not phase:
            assert now.next is not None
            assert self.device.step(str(now.next)).status_code == 303

    def type(
        self, number: str, sent: dict[str, str], wijk: str = NORTH, phase: str = "own_view"
    ) -> requests.Response:
        named = {"number": number, "phase": phase, "wijk": wijk}
        return self.device.post(SHEET, {**named, **sent}, page="/leiding")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Typist]:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    with evenings.served(evening) as address:
        yield Typist(evening, address)


def need(tap: str, wijk: str = NORTH) -> dict[str, str]:
    return {f"knows/{wijk}.value": "well", f"need/{wijk}/wmo.value": tap}


def test_one_sheet_after_another_is_typed(room: Typist) -> None:
    assert "nog geen papier" in room.device.get("/leiding/papier").text
    assert room.type("1001", need("more")).status_code == 422  # not yet
    room.until(Phase.OWN_VIEW)
    place = SHEET + "?number=1001&phase=own_view&wijk="
    for wijk, following in zip(evenings.WIJKEN, [*list(evenings.WIJKEN)[1:], None], strict=True):
        page = room.device.get(place + wijk).text
        assert page.count("<fieldset") == 4
        answer = room.type("1001", need("more", wijk), wijk)
        assert answer.status_code == 303
        target = answer.headers["location"]
        assert (
            (f"wijk={following}" in target) if following else (target == "/leiding/papier?saved=1")
        )
        assert "Opgeslagen. Volgende blad." in room.device.get(target).text
    assert room.evening.store.by_channel() == {"paper": (1, 6)}
    lead = room.device.get("/leiding").text
    assert re.search(r"Papier</th><td>1</td><td>6</td>", lead)
    assert "1001, " in room.device.get("/leiding/papier").text  # to be typed once more


def test_what_was_typed_wrong_comes_back_with_all_errors(room: Typist) -> None:
    room.until(Phase.OWN_VIEW)
    sent = {
        f"knows/{NORTH}.value": "well", f"need/{NORTH}/wmo.low": SCRIPT,
        f"need/{NORTH}/wmo.best": "11", f"need/{NORTH}/jeugd.high": "900",
    }  # fmt: skip
    answer = room.type("1003", sent)
    assert answer.status_code == 422
    assert len(re.findall(r"<li><a href=", answer.text)) == 7
    assert SCRIPT not in answer.text
    for value in ("&lt;script&gt;alert(1)", 'value="11"', 'value="900"'):
        assert value in answer.text
    assert re.search(r'value="well"\s+checked', answer.text)
    assert room.evening.store.by_channel() == {}


def test_the_screen_is_the_same_whatever_was_answered_before(room: Typist) -> None:
    """To the letter: the form of a sheet, and what is said when this person answered before."""
    room.until(Phase.OWN_VIEW)
    screens = []
    for number, tap in (("1001", "more"), ("1002", "less")):
        phone = Device(room.address)
        assert phone.enter(number).status_code == 303
        phone.answer(f"knows/{NORTH}", Phase.OWN_VIEW, value="well")
        assert phone.answer(f"need/{NORTH}/wmo", Phase.OWN_VIEW, value=tap).status_code == 303
        form = room.device.get(f"{SHEET}?number={number}&phase=own_view&wijk={NORTH}").text
        conflict = room.type(number, need("more"))
        assert conflict.status_code == 409
        assert "Welk antwoord geldt?" in conflict.text
        assert "<li>" not in conflict.text  # no question is named
        screens.append([text.replace(number, "N") for text in (form, conflict.text)])
    assert screens[0] == screens[1]
    assert room.evening.store.by_channel() == {"app": (2, 4)}  # nothing of a sheet
    replaced = room.type("1002", {**need("more"), "replaces": "1"})
    assert replaced.status_code == 303
    assert room.evening.store.by_channel() == {"app": (1, 2), "paper": (1, 2)}


def test_a_late_sheet_is_kept_and_says_that_it_does_not_count(room: Typist) -> None:
    room.until(Phase.OWN_VIEW)
    assert "Zijn alle bladen ingetypt?" in room.device.get("/leiding").text
    room.until(Phase.REVEAL)
    answer = room.type("1001", need("more"))
    assert answer.status_code == 200
    assert "Het telt niet mee" in answer.text
    assert room.evening.store.by_channel() == {}
    assert len(room.evening.store.of_person("1001")) == 2


@pytest.mark.parametrize(
    "named",
    [
        {"number": "9999"}, {"number": ""}, {"number": "1001' OR 1=1 --"}, {"wijk": "WK999999"},
        {"phase": "practice"}, {"phase": "causes"}, {"phase": "../.."}, {"number": "\x00"},
    ],
)  # fmt: skip
def test_a_sheet_that_is_none_is_refused(room: Typist, named: dict[str, str]) -> None:
    room.until(Phase.OWN_VIEW)
    whole = {"number": "1001", "phase": "own_view", "wijk": NORTH, **need("more"), **named}
    assert room.device.post(SHEET, whole, page="/leiding").status_code == 422
    asked = room.device.session.get(room.address + SHEET, params=whole, timeout=20)
    assert "Dit nummer is niet van deze ronde" in asked.text
    assert room.evening.store.by_channel() == {}


def test_a_sheet_is_typed_once_more_and_what_differs_is_shown_after_the_reveal(
    room: Typist,
) -> None:
    room.until(Phase.OWN_VIEW)
    room.type("1001", need("more"))
    again = room.type("1001", {**need("less"), "again": "1"})
    assert again.headers["location"] == "/leiding/papier?saved=1"
    assert "1001, Noord" not in room.device.get("/leiding/papier").text
    room.until(Phase.REVEAL)
    outcome, own = (room.device.get(f"/leiding/{path}").text for path in ("uitkomst", "papier"))
    for page in (outcome, own):
        assert "2 antwoorden. Daarvan verschilt 50%." in page
    assert "1001, Noord, Wmo: Meer / Minder" in own
    assert "1001" not in outcome  # what came out is of nobody


def test_who_is_helped_answers_by_a_channel_of_its_own(room: Typist) -> None:
    room.until(Phase.OWN_VIEW)
    tablet = Device(room.address)
    tablet.enter("1001")
    assert tablet.post("/samen", {"helped": "1"}, page="/vraag").status_code == 303
    assert "U vult dit samen in" in tablet.get("/vraag").text
    tablet.answer(f"knows/{NORTH}", Phase.OWN_VIEW, value="well")
    tablet.post("/samen", {"helped": ""}, page="/vraag")
    tablet.answer(f"need/{NORTH}/wmo", Phase.OWN_VIEW, value="more")
    assert room.evening.store.by_channel() == {"app": (1, 1), "verteld": (1, 1)}
    stranger = Device(room.address)
    assert stranger.post("/samen", {"helped": "1"}).headers["location"] == "/"
