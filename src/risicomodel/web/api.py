"""A round as programs see it, under ``/v1``: what it is, a person's questions and answers, results.

By the NLGov API Design Rules. It opens nothing that screens do not: the session is that of a card
or of the moderator, and values leave after the reveal only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Header, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyCookie

from risicomodel.participation.phases import Phase  # noqa: TC001 (of a body)
from risicomodel.participation.review.answers import APP, TOLD
from risicomodel.participation.review.store import Person, Receipt, Saved
from risicomodel.publishing.report import records
from risicomodel.web.problems import PREFIX, problem
from risicomodel.web.room import Room
from risicomodel.web.security import TOKEN_HEADER
from risicomodel.web.sessions import COOKIE

if TYPE_CHECKING:
    from risicomodel.participation.review.questions import Question

SIGN_IN = {"www-authenticate": "Cookie"}
# with a cookie that a screen gave: a card's, or the moderator's
router = APIRouter(prefix=PREFIX)
Session = Depends(APIKeyCookie(name=COOKIE, auto_error=False))


@dataclass(frozen=True)
class RoundState:
    """What a round is, and where it is; no figure."""

    id: str
    gemeente: str
    name: str
    wijken: dict[str, str]
    domains: dict[str, int]
    form: str
    language: str
    phase: Phase


@dataclass(frozen=True)
class PersonQuestion:
    """A question of this phase to the person who is signed in, with the answer if there is one."""

    id: str
    kind: str
    title: str
    text: str
    options: dict[str, str]
    phase: Phase
    revision: int
    answered: bool
    value: Any = None


@dataclass(frozen=True)
class QuestionList:
    """The questions of this phase, and what a PUT must carry as X-CSRF-Token."""

    token: str
    questions: list[PersonQuestion]


@dataclass(frozen=True)
class SentValue:
    """An answer as it is sent: for the phase of its question, from revision 1."""

    phase: Phase
    revision: int
    value: Any


@dataclass(frozen=True)
class KeptAnswer:
    """What came of an answer: saved, there already (same), or kept out of the figures (late)."""

    saved: str
    revision: int
    value: Any


@dataclass(frozen=True)
class OutcomeTables:
    """What came out, rows by table; empty where fewer than five answered."""

    estimates: list[dict[str, Any]]
    causes: list[dict[str, Any]]
    coins: list[dict[str, Any]]
    agreements: list[dict[str, Any]]


def _signed_in(request: Request) -> Person:
    person = Room.of(request).person(request)
    if person is None:
        raise HTTPException(401, "Enter a code on the screen first.", SIGN_IN)
    return person


def _leading(request: Request) -> None:
    if not Room.of(request).leads(request):
        raise HTTPException(401, "Sign in as the moderator on the screen first.", SIGN_IN)


SignedIn = Annotated[Person, Depends(_signed_in)]
# what the guard has looked at by then; here so that the description has it
Token = Annotated[str, Header(alias=TOKEN_HEADER)]


@router.get("/round", operation_id="getRound")
def round_state(request: Request) -> RoundState:
    """Return what the round is, and its phase."""
    room = Room.of(request)
    made = room.evening.round
    return RoundState(
        made.round_id, made.gm_code, made.gm_name, made.wijken,
        {one.name: one.year for one in made.domains}, made.form_version, made.language,
        room.evening.store.phase(),
    )  # fmt: skip


@router.get("/questions", operation_id="getQuestions", dependencies=[Session])
def questions(request: Request, person: SignedIn) -> QuestionList:
    """Return the questions of this phase to who is signed in, with their own answers."""
    room = Room.of(request)
    receipts = room.evening.own(person)
    session = room.sessions.read(request)
    return QuestionList(
        room.sessions.token(session) if session else "",
        [
            _question(room, person, one, receipts.get(one.id_of(person.number)))
            for one in room.evening.questions(person, receipts)
        ],
    )


@router.put(
    "/answers/{questionId}",
    operation_id="putAnswer",
    dependencies=[Session],
    response_model=KeptAnswer,
)
def put_answer(
    request: Request,
    person: SignedIn,
    question_id: Annotated[str, Path(alias="questionId", max_length=200)],
    sent: SentValue,
    token: Token,
) -> KeptAnswer | JSONResponse:
    """Keep an answer; once this says so, it is on disk. The same again changes nothing."""
    del token
    room = Room.of(request)
    if sent.phase.place > room.evening.store.phase().place:  # before looking whether there is one
        raise HTTPException(409, "The moderator has not come to this question yet.")
    question = room.evening.asked_in(person, question_id.replace(".", "/"), str(sent.phase))
    if question is None:
        raise HTTPException(404, "There is no such question to this person in that phase.")
    channel = TOLD if room.is_helped(request) else APP
    result = room.evening.submit(person, question.answered(sent.value), sent.revision, channel)
    if isinstance(result, list):
        texts = [room.words.text(f"error.{key}") for key in result]
        return problem(400, " ".join(texts), errors=texts)
    if result.saved is Saved.CONFLICT:
        detail = "Another answer was kept under this revision. Send what counts as the next one."
        return problem(409, detail, revision=result.revision, value=result.value)
    return KeptAnswer(str(result.saved), result.revision, result.value)


@router.get("/outcome", operation_id="getOutcome", dependencies=[Session, Depends(_leading)])
def outcome(request: Request) -> OutcomeTables:
    """Return what came out, to the moderator, once values may be seen."""
    room = Room.of(request)
    if not room.evening.store.phase().shows_values:
        raise HTTPException(409, "Values are shown from the reveal on, and not before.")
    tables = room.evening.outcome()
    names = ("pictures", "causes", "coins", "agreements")
    return OutcomeTables(*(_rows(getattr(tables, name)) for name in names))


def _question(
    room: Room, person: Person, question: Question, receipt: Receipt | None
) -> PersonQuestion:
    item, role = question.item, room.evening.form.roles[person.role]
    ranged = item.kind == "need" and role.gives_range(question.domain)
    return PersonQuestion(
        question.path.replace("/", "."),
        "range" if ranged else item.kind,
        room.wording.title(question),
        room.wording.asked(question, ranged=ranged),
        dict(room.wording.options(question, ranged=ranged)),
        question.phase,
        0 if receipt is None else receipt.revision,
        receipt is not None,
        None if receipt is None else receipt.value,
    )


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows with nothing where a table has no figure."""
    return [
        {key: None if pd.isna(value) else value for key, value in row.items()}
        for row in records.records(table)
    ]
