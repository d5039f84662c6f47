"""The application of one round: its routes behind the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from risicomodel.core.errors import ConfigError
from risicomodel.web import api, description, leading, pages, taking_part, typing_in
from risicomodel.web.room import Room
from risicomodel.web.security import Guard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from risicomodel.participation.review.evening import Evening


def create(evening: Evening, address: str, contact: str = "") -> ASGIApp:
    """Return the application of a round.

    Parameters
    ----------
    evening : Evening
        The round.
    address : str
        What people in the room type, for the projector.
    contact : str
        E-mail address of who hosts it, for who uses the programming interface.

    Returns
    -------
    ASGI application
    """
    room = Room(evening, address)
    # screens have no description; that of the programming interface is made apart
    app = FastAPI(title="risicomodel", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.room = room
    app.include_router(taking_part.router)
    app.include_router(leading.router)
    app.include_router(typing_in.router)
    app.include_router(api.router)
    described = description.document(evening.round.gm_name, address, contact)

    @app.get(description.PATH)
    def openapi() -> JSONResponse:
        return JSONResponse(described, headers={"access-control-allow-origin": "*"})

    app.mount("/middelen", StaticFiles(directory=pages.ASSETS), name="assets")

    async def lacking(request: Request, error: Exception) -> Response:
        said = error if isinstance(error, HTTPException) else None
        return room.error(request, said.status_code if said else 500, "not_found", said)

    async def invalid(request: Request, error: Exception) -> Response:
        del error
        return room.error(request, 400, "unknown_question")

    async def not_saved(request: Request, error: Exception) -> Response:
        # a full disk, a database that is gone: whoever answers must see that it is not kept
        del error
        return room.error(request, 503, "not_saved")

    async def not_yet(request: Request, error: Exception) -> Response:
        del error
        return room.error(request, 409, "other_phase")

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, lacking)
    app.add_exception_handler(DBAPIError, not_saved)
    app.add_exception_handler(ConfigError, not_yet)
    return Guard(app, room.sessions, room.refusal)
