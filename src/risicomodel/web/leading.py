"""Routes of who leads the evening, and the projector, which shows what the room may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import passphrase, sheets
from risicomodel.participation.review.answers import CHANNELS
from risicomodel.participation.review.store import Admission
from risicomodel.web import outcome, projector, readings
from risicomodel.web.room import Room
from risicomodel.web.taking_part import Sent

router = APIRouter()
LEAD, SCREEN = "/leiding", "/scherm"
MODERATOR = "moderator"
CHOOSING = {Phase.REVEAL, Phase.TALK}  # when it can be chosen what to talk about
MOST = {"text": 300, "owner": 80, "due": 10}
MOST_NOT_DONE = 600  # characters
TOGETHER = 5  # wijken in one form: what they may hold is no longer than a body may be


def _leads(request: Request) -> Room | None:
    room = Room.of(request)
    return room if room.leads(request) else None


Leading = Annotated[Room | None, Depends(_leads)]


@router.get(LEAD)
def lead(request: Request, leading: Leading) -> Response:
    """Where the evening is, and the step that follows; or the screen to sign in."""
    room = Room.of(request)
    if leading is None:
        return room.page(request, "sign_in.html", error="")
    phase = room.evening.store.phase()
    return room.page(
        request, "lead.html", phase=phase, following=room.evening.following(),
        count=room.evening.store.count(phase), channels=_channels(room),
        agreeing=_agreeing(room) if phase is Phase.AGREEMENT else None,
        agreements=room.evening.store.agreements().set_index("wijk_code").to_dict("index"),
        not_done=room.evening.not_done,
        talked=room.evening.place.talked, choosing=phase in CHOOSING,
        proposal=projector.first_to_talk_about(room.evening, room.words),
    )  # fmt: skip


def _channels(room: Room) -> dict[str, Any]:
    """Return how answers came in: counts of people and answers, and no value."""
    counts = room.evening.store.by_channel()
    rows = [(key, *counts.get(key, (0, 0))) for key in CHANNELS]
    return {"rows": rows, "total": sum(answers for _, answers in counts.values())}


def _agreeing(room: Room) -> dict[str, list[list[str]]]:
    """Return the wijken that agreements are written down of, by form: those talked about first."""
    wijken, talked = room.evening.round.wijken, room.evening.place.talked
    parts = {
        "talked": [code for code in wijken if code in talked],
        "others": [code for code in wijken if code not in talked],
    }
    return {
        name: [codes[first : first + TOGETHER] for first in range(0, len(codes), TOGETHER)]
        for name, codes in parts.items()
    }


@router.post(f"{LEAD}/in")
def sign_in(request: Request, sent: Sent) -> Response:
    """Sign in as the moderator."""
    room = Room.of(request)
    entry = passphrase.check(room.evening, sent.get("password", ""))
    if entry is not Admission.LOCKED:
        room.note(request, f"sign_in_{entry}", MODERATOR)
    if entry is not Admission.OPEN:
        key = "lead.wrong" if entry is Admission.WRONG else "code.locked"
        return room.page(request, "sign_in.html", 403, error=room.words.text(key))
    return room.go(request, LEAD, room.sessions.start(leads=True))


@router.post(f"{LEAD}/stap")
def step(request: Request, leading: Leading, sent: Sent) -> Response:
    """Move to the next phase; the same step twice is one step."""
    room = Room.of(request)
    if leading is None:
        return room.error(request, 403, "not_found")
    if sent.get("to") not in set(Phase):
        return room.error(request, 422, "other_phase")
    try:
        room.evening.move(Phase(sent["to"]))
    except ConfigError:
        return room.error(request, 409, "other_phase")
    room.note(request, f"step_{sent['to']}", MODERATOR)
    return room.go(request, LEAD)


@router.post(f"{LEAD}/wijken")
def choose(request: Request, leading: Leading, sent: Sent) -> Response:
    """Choose the wijken to talk about."""
    room = Room.of(request)
    if leading is None:
        return room.error(request, 403, "not_found")
    if room.evening.store.phase() not in CHOOSING:
        return room.error(request, 409, "other_phase")
    room.evening.talk_about([name for name in sent if sent[name] == "talk"])
    return room.go(request, LEAD)


@router.post(f"{LEAD}/afspraak")
def agree(request: Request, leading: Leading, sent: Sent) -> Response:
    """Keep what was agreed, of several wijken at once: what was filled in beside is not lost."""
    room = Room.of(request)
    if leading is None:
        return room.error(request, 403, "not_found")
    if room.evening.store.phase() is not Phase.AGREEMENT:
        return room.error(request, 409, "other_phase")
    before = room.evening.store.agreements().set_index("wijk_code").to_dict("index")
    for wijk in room.evening.round.wijken:
        texts = {key: sent.get(f"{key}-{wijk}", "").strip()[:most] for key, most in MOST.items()}
        if texts["text"] and texts != before.get(wijk):
            room.evening.store.agree(wijk, **texts)
            room.note(request, "agreement", MODERATOR)
    return room.go(request, LEAD)


@router.post(f"{LEAD}/niet")
def decline(request: Request, leading: Leading, sent: Sent) -> Response:
    """Keep what will not be done, and why, for the letter to who took part."""
    room = Room.of(request)
    if leading is None:
        return room.error(request, 403, "not_found")
    if room.evening.store.phase() is not Phase.AGREEMENT:
        return room.error(request, 409, "other_phase")
    room.evening.decline(sent.get("text", "").strip()[:MOST_NOT_DONE])
    room.note(request, "not_done", MODERATOR)
    return room.go(request, LEAD)


@router.get(SCREEN)
def screen(request: Request, leading: Leading, wijk: str = "", domain: str = "") -> Response:
    """Show the projector: before the reveal only how far people are."""
    room = Room.of(request)
    if leading is None:
        return room.go(request, LEAD)
    evening = room.evening
    phase = evening.store.phase()
    if phase.shows_values and not evening.form.is_about_wijken:
        return room.go(request, f"{LEAD}/uitkomst")
    shown = None
    if phase.shows_values:
        code = wijk if wijk in evening.round.wijken else next(iter(evening.round.wijken))
        names = [one.name for one in evening.round.domains]
        shown = projector.view(
            evening, room.words, evening.reveal(code, domain if domain in names else names[0])
        )
    return room.page(
        request, "screen.html", phase=phase, count=evening.store.count(phase), shown=shown,
        address=room.address, waiting=str(phase),
    )  # fmt: skip


@router.get(f"{LEAD}/uitkomst")
def came_out(request: Request, leading: Leading) -> Response:
    """Show what came out, a part per wijk."""
    room = Room.of(request)
    if leading is None:
        return room.go(request, LEAD)
    if room.evening.form.has_statements:
        return room.page(request, "readings.html", **readings.values(room.evening, room.words))
    return room.page(
        request, "outcome.html", parts=outcome.parts(room.evening, room.words),
        whole=outcome.of_gemeente(room.evening, room.words),
        typing=sheets.check_typing(room.evening),
    )  # fmt: skip
