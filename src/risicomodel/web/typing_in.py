"""Routes of who types paper in: the moderator, or who helps with the same sign-in.

One form a sheet, by keyboard. What was kept before is never shown: a sheet says what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import sheets
from risicomodel.participation.review.sheets import Sheet
from risicomodel.web.leading import LEAD, MODERATOR, Leading
from risicomodel.web.room import Room
from risicomodel.web.taking_part import Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.participation.review.questions import Question

router = APIRouter()
PAPER = f"{LEAD}/papier"
SHEET = f"{PAPER}/blad"
YES = "1"


@dataclass(frozen=True)
class TypingScreen:
    """What the screen of a sheet shows beside its questions.

    Parameters
    ----------
    again : bool
        Whether it is typed a second time.
    filled : mapping of str to str
        What was typed, when it comes back.
    wrong : list of (Question, str)
        What is wrong with that, as keys of texts.
    saved : bool
        Whether the sheet before it was kept.
    """

    again: bool = False
    filled: Mapping[str, str] = field(default_factory=dict)
    wrong: list[tuple[Question, str]] = field(default_factory=list)
    saved: bool = False


@router.get(PAPER)
def choose(
    request: Request, leading: Leading, number: str = "", error: str = "", saved: str = ""
) -> Response:
    """Choose a sheet: the number on it, the step and the wijk."""
    room = Room.of(request)
    if leading is None:
        return room.go(request, LEAD)
    evening = room.evening
    now = evening.store.phase()
    open_now = [phase for phase in sheets.PHASES if phase.place <= now.place]
    made = evening.round.wijken
    return room.page(
        request, "paper_choose.html", 422 if error else 200, number=number[:4],
        phases=open_now, chosen=now if now in open_now else next(iter(open_now[-1:]), None),
        error=room.words.text("paper.unknown") if error else "", saved=bool(saved),
        sheets=len(sheets.typed(evening)),
        again=[(one, made[one.wijk_code]) for one in sheets.to_type_again(evening)],
        typing=sheets.check_typing(evening) if now.shows_values else None,
        differences=_differences(room) if now.shows_values else [],
    )  # fmt: skip


def _differences(room: Room) -> list[tuple[Sheet, str, str, str, str]]:
    """Return what was typed differently the second time, for who has the sheets."""
    wording = room.wording
    return [
        (
            one.sheet,
            room.evening.round.wijken[one.sheet.wijk_code],
            wording.about(one.question),
            wording.in_full(one.question, one.first),
            wording.in_full(one.question, one.second),
        )
        for one in sheets.check_typing(room.evening).differences
    ]


@router.get(SHEET)
def blank(request: Request, leading: Leading) -> Response:
    """Show the form of a sheet: empty, whatever was kept before."""
    room = Room.of(request)
    if leading is None:
        return room.go(request, LEAD)
    query = dict(request.query_params)
    sheet = _sheet(room, query)
    if sheet is None:
        wrong = {"number": query.get("number", "")[:4], "error": YES}
        return room.go(request, f"{PAPER}?{urlencode(wrong)}")
    again = query.get("again") == YES
    return _form(request, room, sheet, TypingScreen(again, saved=query.get("saved") == YES))


@router.post(SHEET)
def type_sheet(request: Request, leading: Leading, sent: Sent) -> Response:
    """Keep a sheet; once this says so, it is on disk."""
    room = Room.of(request)
    if leading is None:
        return room.error(request, 403, "not_found")
    sheet = _sheet(room, sent)
    if sheet is None:
        return room.error(request, 422, "other_phase")
    again = sent.get("again") == YES
    if again:
        result = sheets.type_again(room.evening, sheet, sent)
    else:
        replaces = sent.get("replaces") == YES
        result = sheets.type_in(room.evening, sheet, sent, replaces=replaces)
    if result.wrong:
        return _form(request, room, sheet, TypingScreen(again, sent, result.wrong))
    if not result.is_refused:
        room.note(request, "paper_again" if again else "paper_typed", MODERATOR)
    following = f"{PAPER}?saved={YES}" if again else _following(room, sheet)
    if not result.is_refused and not result.late:
        return room.go(request, following)
    typed = {name: text for name, text in sent.items() if name not in {"csrf", "replaces"}}
    # what was answered before is not told: whoever types sees the sheet and nothing else
    return room.page(
        request, "paper_result.html", 409 if result.is_refused else 200, sheet=sheet,
        refused=result.is_refused, late=result.late, fields=typed, following=following,
        conflicts=[room.wording.about(question) for question in result.conflicts],
    )  # fmt: skip


def _sheet(room: Room, named: Mapping[str, str]) -> Sheet | None:
    """Return the sheet that is named; None where the round has no such sheet by now."""
    evening = room.evening
    person = evening.store.person(named.get("number", "").strip()[:8])
    phase = named.get("phase", "")
    if person is None or phase not in set(sheets.PHASES):
        return None
    if Phase(phase).place > evening.store.phase().place:
        return None
    wijken = sheets.wijken_of(evening, Phase(phase))
    wijk = named.get("wijk", "") or next(iter(wijken), "")
    return Sheet(person, wijk, Phase(phase)) if wijk in wijken else None


def _following(room: Room, sheet: Sheet) -> str:
    """Return where this person's next sheet is typed; after the last, where one chooses."""
    wijken = sheets.wijken_of(room.evening, sheet.phase)
    place = wijken.index(sheet.wijk_code) + 1
    if place == len(wijken):
        return f"{PAPER}?saved={YES}"
    following = {
        "number": sheet.person.number, "phase": str(sheet.phase), "wijk": wijken[place],
        "saved": YES,
    }  # fmt: skip
    return f"{SHEET}?{urlencode(following)}"


def _form(request: Request, room: Room, sheet: Sheet, shown: TypingScreen) -> HTMLResponse:
    evening, wording = room.evening, room.wording
    role = evening.form.roles[sheet.person.role]
    questions = sheets.asked_on(evening, sheet)
    errors = [
        (question.path, f"{wording.about(question)}: {room.words.text(f'error.{key}')}")
        for question, key in shown.wrong
    ]
    return room.page(
        request, "paper_sheet.html", 422 if errors else 200, sheet=sheet, again=shown.again,
        saved=shown.saved, filled=shown.filled, errors=errors,
        role=wording.role(role), wijk=evening.round.wijken[sheet.wijk_code],
        page_number=sheets.page_of(evening, sheet), wrong={path for path, _ in errors},
        parts=[wording.part(question, role) for question in questions],
    )  # fmt: skip
