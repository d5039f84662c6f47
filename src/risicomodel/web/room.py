"""What all routes of a round share: who is asking, the texts, and how screens are made."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from risicomodel.participation.review.wording import Wording
from risicomodel.web import pages, problems
from risicomodel.web.sessions import Sessions

if TYPE_CHECKING:
    from starlette.exceptions import HTTPException
    from starlette.types import ASGIApp, Receive, Scope, Send

    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.store import Person
    from risicomodel.web.sessions import Session

SEE_OTHER = 303
PHONE_MARKS = ("Mobi", "Android", "iPhone")


class Room:
    """A round as routes need it.

    Parameters
    ----------
    evening : Evening
        The round.
    address : str
        What people in the room type.
    """

    def __init__(self, evening: Evening, address: str) -> None:
        self.evening = evening
        self.address = address
        self.sessions = Sessions(evening.key, evening.round.round_id)
        self.wording = Wording(evening)
        self.words = self.wording.words

    @classmethod
    def of(cls, request: Request) -> Room:
        """Return the room that a request is in."""
        room: Room = request.app.state.room
        return room

    def person(self, request: Request) -> Person | None:
        """Return who holds the device; None for who has not entered a code."""
        session = self.sessions.read(request)
        if session is None or not session.number:
            return None
        return self.evening.store.person(session.number)

    def leads(self, request: Request) -> bool:
        """Return whether the device is the moderator's."""
        session = self.sessions.read(request)
        return session is not None and session.leads

    def is_helped(self, request: Request) -> bool:
        """Return whether someone else fills in what the person on this device tells."""
        session = self.sessions.read(request)
        return session is not None and session.helped

    def page(
        self, request: Request, template: str, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """Return a screen with what every screen has; a device without a session gets one."""
        session = self.sessions.read(request)
        started = session or self.sessions.start()
        response = pages.page(
            template,
            status,
            t=self.words.text,
            round=self.evening.round,
            language=self.evening.round.language,
            token=self.sessions.token(started),
            signed_in=bool(started.number),
            who=self.sessions.mark(started),
            helped=started.helped,
            **values,
        )
        if session is None:
            self._write(request, response, started)
        return response

    def go(self, request: Request, path: str, session: Session | None = None) -> RedirectResponse:
        """Send a device to another screen, with a new session where there is one."""
        response = RedirectResponse(path, SEE_OTHER)
        if session is not None:
            self._write(request, response, session)
        return response

    def error(
        self, request: Request, status: int, key: str, error: HTTPException | None = None
    ) -> HTMLResponse | JSONResponse:
        """Return a screen that says what is wrong and what to do; to a program, a problem.

        Parameters
        ----------
        request : Request
            What cannot be answered.
        status : int
            Of HTTP.
        key : str
            Of the text.
        error : HTTPException, optional
            What a route said, to a program.
        """
        if problems.is_api(request.url.path):
            said = error is not None and error.detail != HTTPStatus(error.status_code).phrase
            detail = error.detail if error is not None and said else self._error_text(key)
            return problems.problem(status, str(detail), error.headers if error else None)
        return self.page(request, "error.html", status, error=self._error_text(key))

    def _error_text(self, key: str) -> str:
        return self.words.text(f"error.{key}")

    def refusal(self, status: int, key: str) -> ASGIApp:
        """Return the answer to a request that the guard refuses."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await self.error(Request(scope, receive), status, key)(scope, receive, send)

        return answer

    def note(self, request: Request, event: str, role: str) -> None:
        """Log what happened: by role, with the kind of device; never what was there."""
        agent = request.headers.get("user-agent", "")
        device = "phone" if any(mark in agent for mark in PHONE_MARKS) else "computer"
        self.evening.store.log(event, role, device)

    def _write(
        self, request: Request, response: HTMLResponse | RedirectResponse, session: Session
    ) -> None:
        self.sessions.write(response, session, secure=request.url.scheme == "https")
