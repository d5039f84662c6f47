"""Routes of who takes part: a code, one question a screen, one's own answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from risicomodel.participation.form_rules import KNOW
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import codes, fields
from risicomodel.participation.review.answers import APP, TOLD
from risicomodel.participation.review.store import Admission, Receipt, Saved
from risicomodel.web.room import Room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from risicomodel.participation.review.questions import Question
    from risicomodel.participation.review.store import Person

router = APIRouter()
SECONDS_BETWEEN_LOOKS = 1.0
QUESTION, WAIT = "/vraag", "/wacht"
STATUS = {Saved.CONFLICT: 409, Saved.EARLY: 409}


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of each name."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(_fields)]


@router.get("/")
def start(request: Request) -> Response:
    """Show the screen for a code; who has entered one goes on."""
    room = Room.of(request)
    if room.person(request):
        return room.go(request, QUESTION)
    return room.page(request, "code.html", code="", error="")


@router.get("/kaart/{text}")
def card(request: Request, text: str) -> Response:
    """Show what a scanned card opens: the code filled in, to be sent by hand."""
    room, code = Room.of(request), codes.parse(text)
    return room.page(request, "code.html", code=code.text if code else "", error="")


@router.post("/code")
def enter(request: Request, sent: Sent) -> Response:
    """Let in who has a code."""
    room = Room.of(request)
    text = sent.get("code", "")
    code = codes.parse(text)
    if code is None:
        key = "wrong" if text.strip() else "empty"
        return room.page(
            request, "code.html", 422, code=text[:40], error=room.words.text(f"code.{key}")
        )
    entry, person = room.evening.store.enter(code)
    if entry is not Admission.LOCKED:  # whoever tries on and on fills no log
        room.note(request, f"code_{entry}", person.role if person else "")
    if person is None:
        error = room.words.text(f"code.{entry}")
        return room.page(request, "code.html", 403, code=text[:40], error=error)
    return room.go(request, QUESTION, room.sessions.start(person.number))


@router.post("/uit")
def leave(request: Request) -> Response:
    """Forget the card on this device."""
    room = Room.of(request)
    return room.go(request, "/", room.sessions.start())


@router.post("/samen")
def together(request: Request, sent: Sent) -> Response:
    """Say whether someone else fills in what this person tells."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    helped = sent.get("helped") == "1"
    room.note(request, "together" if helped else "alone", person.role)
    return room.go(request, QUESTION, room.sessions.start(person.number, helped=helped))


@router.get(QUESTION)
def next_question(request: Request) -> Response:
    """Show the next question of this phase, or the screen to wait on."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    question = room.evening.next_question(person)
    if question is None:
        return _wait(request, room, person)
    return _ask(request, room, Asking(person, question))


@router.get(QUESTION + "/{path:path}")
def one_question(request: Request, path: str) -> Response:
    """Show one question, to change its answer."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    question = room.evening.find(person, path)
    if question is None:
        return room.error(request, 404, "other_phase")
    return _ask(request, room, Asking(person, question))


@router.post(QUESTION + "/{path:path}")
def answer(request: Request, path: str, sent: Sent) -> Response:
    """Keep an answer; once this says so, it is on disk."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    phase = sent.get("phase", "")
    if phase in set(Phase) and Phase(phase).place > room.evening.store.phase().place:
        # before looking whether there is such a question: which there are is not told yet
        return room.page(request, "late.html", 409, text=room.words.text("late.early"))
    question = room.evening.asked_in(person, path, phase)
    if question is None:
        return room.error(request, 404, "other_phase")
    role = room.evening.form.roles[person.role]
    value = fields.value_of(question, sent, room.evening.form, role)
    revision = sent.get("revision", "")
    number = int(revision) if revision.isdecimal() and len(revision) < 6 else 0  # noqa: PLR2004
    channel = TOLD if room.is_helped(request) else APP
    result = room.evening.submit(person, question.answered(value), number, channel)
    if isinstance(result, list):
        return _ask(request, room, Asking(person, question, sent, result))
    return _after(request, room, question, value, result)


def _after(
    request: Request, room: Room, question: Question, value: Any, receipt: Receipt
) -> Response:
    """Return what follows on an answer that was understood."""
    if receipt.saved is Saved.LATE:
        key = "closed" if room.evening.store.phase() is Phase.DONE else "text"
        return room.page(request, "late.html", 200, text=room.words.text(f"late.{key}"))
    if receipt.saved is Saved.CONFLICT:
        choices = [(receipt.value, "first"), (value, "second")]
        return room.page(
            request, "conflict.html", 409, question=question, revision=receipt.revision + 1,
            choices=[
                (room.words.text(f"conflict.{key}"), room.wording.said(question, one),
                 fields.fields_of(question, one))
                for one, key in choices
            ],
        )  # fmt: skip
    if "sure" in (value if isinstance(value, dict) else {}):
        return room.go(request, f"/klopt/{question.path}")
    return room.go(request, QUESTION)


@router.get("/klopt/{path:path}")
def say_back(request: Request, path: str) -> Response:
    """Say back what a range implies, to be confirmed or changed."""
    room = Room.of(request)
    person = room.person(request)
    question = room.evening.find(person, path) if person else None
    if person is None or question is None:
        return room.go(request, QUESTION)
    value, _ = room.evening.starting_value(person, question)
    low, high = room.evening.implied(question, value)
    text = room.words.text(
        "need.implied", low=room.wording.count(low), high=room.wording.count(high)
    )
    return room.page(request, "implied.html", question=question, text=text)


@router.get("/mijn")
def mine(request: Request) -> Response:
    """Show a person's own answers."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    phase = room.evening.store.phase()
    rows = [
        (room.wording.title(one), room.wording.said(one, value), one.path, one.phase is phase)
        for one, value in room.evening.answered(person)
    ]
    return room.page(
        request, "mine.html", rows=[row for row in rows if row[3]],
        earlier=[row for row in rows if not row[3]], any=bool(rows),
    )  # fmt: skip


@router.post("/weg")
def withdraw(request: Request) -> Response:
    """Delete all answers of a person, who asks for it."""
    room = Room.of(request)
    person = room.person(request)
    if person is None:
        return room.go(request, "/")
    room.evening.store.withdraw(person.number)
    room.note(request, "withdrawn", person.role)
    return room.page(request, "late.html", text=room.words.text("mine.withdrawn"))


@router.get("/stroom")
async def stream(request: Request) -> Response:
    """Tell a device that the phase moved, and nothing else."""
    room = Room.of(request)
    if await run_in_threadpool(room.person, request) is None and not room.leads(request):
        return HTMLResponse("", 403)

    async def phases() -> AsyncIterator[str]:
        said = ""
        while not await request.is_disconnected():
            phase = str(await run_in_threadpool(room.evening.store.phase))
            # a line of one length, whatever happened: its size says nothing
            line = f"data: {json.dumps(phase.ljust(12))}\n\n" if phase != said else ": \n\n"
            said = phase
            yield line
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    return StreamingResponse(phases(), media_type="text/event-stream")


@router.get("/stand")
def state(request: Request) -> Response:
    """Tell the phase, to devices that cannot keep a stream open."""
    room = Room.of(request)
    return Response(str(room.evening.store.phase()).ljust(12), media_type="text/plain")


@dataclass(frozen=True)
class Asking:
    """A question to a person, with what was sent and is wrong, where it was asked before.

    Parameters
    ----------
    person : Person
        Who is asked.
    question : Question
        What.
    sent : mapping of str to str, or None
        Fields that were filled in.
    wrong : list of str
        Keys of texts.
    """

    person: Person
    question: Question
    sent: Mapping[str, str] | None = None
    wrong: list[str] = field(default_factory=list)


def _ask(request: Request, room: Room, asking: Asking) -> HTMLResponse:
    """Return the screen of a question: nothing that was filled in is lost."""
    form, question = room.evening.form, asking.question
    sent, wrong = asking.sent, asking.wrong
    value, revision = room.evening.starting_value(asking.person, question)
    role = form.roles[asking.person.role]
    ranged = question.item.kind == "need" and role.gives_range(question.domain)
    filled = fields.fields_of(question, value) if sent is None else dict(sent)
    return room.page(
        request, "question.html", 422 if wrong else 200,
        question=question, kind="range" if ranged else question.item.kind, filled=filled,
        title=room.wording.title(question), ask=room.wording.asked(question, ranged=ranged),
        options=room.wording.options(question, ranged=ranged),
        revision=revision + 1, phase=str(question.phase),
        errors=[room.words.text(f"error.{key}") for key in wrong],
        again=question.phase is question.item.again and value is not None,
        hint=room.wording.hint(question),
        unsure=ranged or (question.item.kind == KNOW and not question.item.scale), coins=form.coins,
    )  # fmt: skip


def _wait(request: Request, room: Room, person: Person) -> HTMLResponse:
    phase = room.evening.store.phase()
    practised = room.evening.practice_answer(person) if phase is Phase.PRACTICE else None
    practice = ""
    if practised is not None:
        said, true = (room.wording.count(value) for value in practised)
        practice = room.words.text("wait.practice_answer", own=said, known=true)
    return room.page(
        request, "wait.html", text=room.words.text(f"wait.{phase}"), told=practice,
        phase=str(phase),
        saved=phase in {Phase.PRACTICE, Phase.OWN_VIEW, Phase.AGAIN, Phase.CAUSES},
    )  # fmt: skip
