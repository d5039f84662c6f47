"""One middleware that every request passes: it fails closed.

An unsafe method needs an ``Origin`` that is this server's, a token that belongs to the session, and
the same origin where the browser says where a request comes from. Bodies are bounded before anyone
reads them. Every answer says what a page may do: no script, style or frame from elsewhere, nothing
kept in a cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

from risicomodel.web.problems import VERSION, VERSION_HEADER, is_api

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from risicomodel.web.sessions import Sessions

SAFE = {"GET", "HEAD"}
MAX_FIELDS = 50  # of a form
MAX_BODY = 20_000  # bytes: the longest text that is kept, ten times over
TOKEN = "csrf"  # noqa: S105 (the name of a field)
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 (the name of a header)
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    # not 'no-referrer': with that, browsers send no Origin with a form
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
Refusal = tuple[int, str]


class Entrance(NamedTuple):
    """How something is sent.

    Parameters
    ----------
    methods : frozenset of str
        Of HTTP.
    media_type : str
        Of bodies.
    """

    methods: frozenset[str]
    media_type: str


SCREENS = Entrance(frozenset({*SAFE, "POST"}), "application/x-www-form-urlencoded")
PROGRAMS = Entrance(frozenset({*SAFE, "PUT"}), "application/json")


def entrance(path: str) -> Entrance:
    """Return how something is sent to a path: a form to a screen, JSON to the interface."""
    return PROGRAMS if is_api(path) else SCREENS


class Guard:
    """The middleware.

    Parameters
    ----------
    app : ASGI application
        What is behind it.
    sessions : Sessions
        Whose tokens it knows.
    refuse : callable
        Makes the answer to a request that is refused, of its status and a key of a text.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        refuse: Callable[[int, str], ASGIApp],
    ) -> None:
        self.app = app
        self.sessions = sessions
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        of_version = {VERSION_HEADER: VERSION} if is_api(scope["path"]) else {}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**HEADERS, **of_version}.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal, receive = await self._refusal(scope, receive)
        answering = self.app if refusal is None else self.refuse(*refusal)
        await answering(scope, receive, with_headers)

    async def _refusal(self, scope: Scope, receive: Receive) -> tuple[Refusal | None, Receive]:
        """Return why a request is refused, if it is, and what its body is read from."""
        if scope["method"] in SAFE:
            return None, receive
        headers = Headers(scope=scope)
        refusal = _refusal_of_headers(scope, headers)
        body = None if refusal else await _body(headers, receive)
        if refusal is None and body is None:
            refusal = (413, "too_large")
        elif refusal is None and not self._has_token(scope, body or b""):
            refusal = (403, "forged")
        return refusal, _again(body or b"", receive)

    def _has_token(self, scope: Scope, body: bytes) -> bool:
        tokens = _tokens(scope, body)
        session = self.sessions.read(HTTPConnection(scope))
        return len(tokens) == 1 and self.sessions.is_token(session, tokens[0])


def _tokens(scope: Scope, body: bytes) -> list[str]:
    """Return the tokens of a request: in a field of a form, or in a header with JSON."""
    if is_api(scope["path"]):
        return Headers(scope=scope).getlist(TOKEN_HEADER)
    try:
        return parse_qs(body.decode(), strict_parsing=True, max_num_fields=MAX_FIELDS).get(
            TOKEN, []
        )
    except ValueError:
        return []


def _refusal_of_headers(scope: Scope, headers: Headers) -> Refusal | None:
    """Return why an unsafe request is refused before its body is read."""
    expected = entrance(scope["path"])
    if scope["method"] not in expected.methods:
        return 405, "not_found"
    if not from_here(scope["scheme"], headers):
        return 403, "forged"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if kind == expected.media_type else (415, "forged")


def from_here(scheme: str, headers: Headers) -> bool:
    """Return whether a request comes from a page of this server.

    Parameters
    ----------
    scheme : str
        ``http`` or ``https``.
    headers : Headers
        Of the request.

    Returns
    -------
    bool
        Without an ``Origin`` it does not. ``Sec-Fetch-Site`` counts where there is one: browsers
        send none to plain HTTP in a room.

    Examples
    --------
    >>> from starlette.datastructures import Headers
    >>> from_here("http", Headers({"host": "zaal:8000", "origin": "http://zaal:8000"}))
    True
    >>> from_here("http", Headers({"host": "zaal:8000", "origin": "null"}))
    False
    """
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return headers.get("origin", "") == f"{scheme}://{headers.get('host', '')}"


async def _body(headers: Headers, receive: Receive) -> bytes | None:
    """Return the whole body; None as soon as it is too large."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY:
        return None
    body = b""
    message: Message
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a body that was read, to be read once more."""
    sent = False

    async def receive_again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
