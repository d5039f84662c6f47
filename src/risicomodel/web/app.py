"""The application of one round: its routes behind the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from risicomodel.core.errors import ConfigError
from risicomodel.web import leading, pages, taking_part, typing_in
from risicomodel.web.room import Room
from risicomodel.web.security import Guard

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse
    from starlette.types import ASGIApp

    from risicomodel.participation.review.evening import Evening


def create(evening: Evening, address: str) -> ASGIApp:
    """Return the application of a round.

    Parameters
    ----------
    evening : Evening
        The round.
    address : str
        What people in the room type, for the projector.

    Returns
    -------
    ASGI application
    """
    room = Room(evening, address)
    # no description of an interface: these are screens
    app = FastAPI(title="risicomodel", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.room = room
    app.include_router(taking_part.router)
    app.include_router(leading.router)
    app.include_router(typing_in.router)
    app.mount("/middelen", StaticFiles(directory=pages.ASSETS), name="assets")

    async def lacking(request: Request, error: Exception) -> HTMLResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return room.error(request, status, "not_found")

    async def not_saved(request: Request, error: Exception) -> HTMLResponse:
        # a full disk, a database that is gone: whoever answers must see that it is not kept
        del error
        return room.error(request, 503, "not_saved")

    async def not_yet(request: Request, error: Exception) -> HTMLResponse:
        del error
        return room.error(request, 409, "other_phase")

    app.add_exception_handler(HTTPException, lacking)
    app.add_exception_handler(DBAPIError, not_saved)
    app.add_exception_handler(ConfigError, not_yet)
    return Guard(app, room.sessions, room.refusal)
