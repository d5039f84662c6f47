"""The programming interface's place, its version, and how it says what is wrong (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "/v1"
VERSION = "1.0.0"
VERSION_HEADER = "API-Version"
MEDIA_TYPE = "application/problem+json"


def is_api(path: str) -> bool:
    """Return whether a path is of the programming interface, and not of a screen.

    Examples
    --------
    >>> is_api("/v1/round"), is_api("/v10"), is_api("/vraag")
    (True, False, False)
    """
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return an answer that says what is wrong.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        What is wrong, and what to do.
    headers : mapping of str to str, optional
        Of HTTP.
    **more : object
        What else a program needs to know.
    """
    content = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)
