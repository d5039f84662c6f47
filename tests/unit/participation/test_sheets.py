"""Sheets that are typed in: all or nothing, no more told than the sheet, a tenth typed twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import sheets
from risicomodel.participation.review.answers import APP, PAPER, TOLD, WORKBOOK, Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.review.sheets import Sheet
from risicomodel.participation.review.store import Saved, SentAnswer
from support import evenings

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.participation.review.store import Person

NORTH, SOUTH = "WK034401", "WK034402"
OWN = Phase.OWN_VIEW


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    made = Evening(evenings.store(evenings.sqlite(tmp_path)))
    made.move(OWN)
    return made


def person(evening: Evening, number: str) -> Person:
    known = evening.store.person(number)
    assert known is not None
    return known


def fields(wijk: str, **needs: str) -> dict[str, str]:
    """Return the fields of a resident's sheet."""
    out = {f"knows/{wijk}.value": "well"}
    return out | {f"need/{wijk}/{domain}.value": tap for domain, tap in needs.items()}


def ranged(wijk: str, **numbers: str) -> dict[str, str]:
    return {f"need/{wijk}/wmo.{name}": text for name, text in numbers.items()}


def test_what_is_on_a_sheet_is_kept_and_what_is_left_open_is_not(evening: Evening) -> None:
    sheet = Sheet(person(evening, "1001"), NORTH, OWN)
    result = sheets.type_in(evening, sheet, fields(NORTH, wmo="more", jeugd=""))
    assert (result.wrong, result.conflicts, result.late, result.saved) == ([], [], False, 2)
    kept = evening.store.current()
    assert kept["channel"].tolist() == [PAPER, PAPER]
    assert kept["value"].tolist() == ["well", {"tap": "more"}]
    assert sheets.typed(evening) == [sheet]


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(evening: Evening) -> None:
    sheet = Sheet(person(evening, "1003"), NORTH, OWN)
    sent = {
        f"knows/{NORTH}.value": "no",
        **ranged(NORTH, low="20", best="10", high="x", sure=""),
        f"need/{NORTH}/jeugd.low": "3", f"need/{NORTH}/jeugd.unknown": "1",
    }  # fmt: skip
    wrong = sheets.type_in(evening, sheet, sent).wrong
    assert [(question.path, key) for question, key in wrong] == [
        (f"need/{NORTH}/wmo", "number_high"),
        (f"need/{NORTH}/wmo", "choose_sure"),
        (f"need/{NORTH}/wmo", "range_order"),
        (f"knows/{NORTH}", "knows_not"),
        (f"need/{NORTH}/jeugd", "knows_and_not"),
    ]
    assert evening.store.current().empty


@pytest.mark.parametrize("tap", ["more", "less"])
def test_typing_does_not_tell_what_a_phone_sent(evening: Evening, tap: str) -> None:
    """The same is said whether the sheet has the same answer or another."""
    one = person(evening, "1001")
    evening.submit(one, Answer("need", OWN, {"tap": "more"}, NORTH, "wmo"), 1)
    sheet = Sheet(one, NORTH, OWN)
    result = sheets.type_in(evening, sheet, fields(NORTH, wmo=tap))
    assert (result.is_refused, result.conflicts, result.saved) == (True, [], 0)
    assert set(evening.store.current()["channel"]) == {APP}  # nothing of the sheet was kept
    again = sheets.type_in(evening, sheet, fields(NORTH, wmo=tap), replaces=True)
    assert (again.conflicts, again.saved) == ([], 2)
    kept = evening.store.current()
    assert kept.loc[kept["item"] == "need", "value"].tolist() == [{"tap": tap}]
    assert set(kept["channel"]) == {PAPER}


def test_after_the_reveal_the_questions_that_were_answered_before_are_named(
    evening: Evening,
) -> None:
    one = person(evening, "1001")
    evening.submit(one, Answer("need", OWN, {"tap": "more"}, NORTH, "wmo"), 1)
    evening.move(Phase.REVEAL)
    result = sheets.type_in(evening, Sheet(one, NORTH, OWN), fields(NORTH, wmo="more"))
    assert [question.path for question in result.conflicts] == [f"need/{NORTH}/wmo"]
    assert (result.is_refused, len(evening.own(one))) == (True, 1)


def test_what_a_phone_sends_meanwhile_takes_the_whole_sheet_back(evening: Evening) -> None:
    """In the store: the first answer was written when the second turns out to be in conflict."""
    one = person(evening, "1001")
    evening.submit(one, Answer("need", OWN, {"tap": "more"}, NORTH, "wmo"), 1)
    together = [
        SentAnswer(one, Answer("knows", OWN, "well", NORTH), 1, PAPER),
        SentAnswer(one, Answer("need", OWN, {"tap": "less"}, NORTH, "wmo"), 1, PAPER),
    ]
    before = evening.store.last_sequence()
    saved = [receipt.saved for receipt in evening.store.submit_together(together)]
    assert saved == [Saved.SAVED, Saved.CONFLICT]
    assert set(evening.store.current()["channel"]) == {APP}
    assert evening.store.last_sequence() == before


def test_after_the_reveal_a_sheet_is_kept_and_does_not_count(evening: Evening) -> None:
    evening.move(Phase.REVEAL)
    sheet = Sheet(person(evening, "1001"), NORTH, OWN)
    result = sheets.type_in(evening, sheet, fields(NORTH, wmo="more"))
    assert (result.late, result.saved) == (True, 2)
    assert evening.store.current().empty
    assert len(evening.own(sheet.person)) == 2


def test_the_total_is_that_of_all_channels(evening: Evening) -> None:
    for number, channel in (("1001", APP), ("1002", TOLD), ("1007", WORKBOOK)):
        answer = Answer("knows", OWN, "well", NORTH)
        evening.submit(person(evening, number), answer, 1, channel)
    sheets.type_in(evening, Sheet(person(evening, "1003"), NORTH, OWN), fields(NORTH))
    changed = Answer("knows", OWN, "little", NORTH)
    evening.submit(person(evening, "1001"), changed, 2, TOLD)  # counts where it came last
    counts = evening.store.by_channel()
    assert counts == {TOLD: (2, 2), WORKBOOK: (1, 1), PAPER: (1, 1)}
    assert sum(answers for _, answers in counts.values()) == len(evening.store.current())


def test_a_tenth_of_the_sheets_is_typed_twice_and_compared(evening: Evening) -> None:
    """At least one; which is drawn, and does not depend on who looks."""
    assert sheets.to_type_again(evening) == []
    for one in evening.store.people():
        for wijk in evenings.WIJKEN:
            sheets.type_in(evening, Sheet(one, wijk, OWN), fields(wijk))
    assert len(sheets.typed(evening)) == 21
    drawn = sheets.to_type_again(evening)
    assert len(drawn) == 3
    assert sheets.to_type_again(Evening(evening.store)) == drawn
    before = evening.store.current()
    first, second, third = drawn
    sheets.type_again(evening, first, fields(first.wijk_code))
    sheets.type_again(evening, second, {f"knows/{second.wijk_code}.value": "little"})
    wrong = sheets.type_again(evening, third, {f"knows/{third.wijk_code}.value": "q"}).wrong
    assert [key for _, key in wrong] == ["choose_one"]
    assert sheets.to_type_again(evening) == [third]
    assert evening.store.current().equals(before)
    with pytest.raises(ConfigError, match="before the reveal"):
        sheets.check_typing(evening)
    evening.move(Phase.REVEAL)
    check = sheets.check_typing(evening)
    assert (check.sheets, check.answers, check.share) == (2, 2, 0.5)
    (difference,) = check.differences
    assert (difference.sheet, difference.first, difference.second) == (second, "well", "little")


def test_who_takes_answers_back_takes_the_second_typing_too(evening: Evening) -> None:
    sheet = Sheet(person(evening, "1001"), NORTH, OWN)
    sheets.type_in(evening, sheet, fields(NORTH))
    other = Sheet(person(evening, "1002"), NORTH, OWN)
    for one in (sheet, other):
        sheets.type_again(evening, one, fields(NORTH))
    evening.store.withdraw("1001")
    left = [key for key in evening.store.facts() if key.startswith("twice/")]
    assert left == [f"twice/{other.name}"]
