"""Sessions: signed cookies that say which card a device holds, and tokens bound to them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

COOKIE = "duiding"
SECONDS = 12 * 3600  # a day in the room, and what is left of the evening


@dataclass(frozen=True)
class Session:
    """What a cookie says.

    Parameters
    ----------
    session_id : str
        Drawn anew whenever someone signs in.
    number : str
        Of the card; empty for who has not entered one.
    leads : bool
        Whether it is the moderator's.
    helped : bool
        Whether someone else fills in what this person tells.
    """

    session_id: str
    number: str = ""
    leads: bool = False
    helped: bool = False


class Sessions:
    """Makes and reads cookies of one round.

    Parameters
    ----------
    key : str
        The round's secret.
    round_id : str
        A cookie of another round is none.
    """

    def __init__(self, key: str, round_id: str) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self._key = key.encode()
        self._signed = URLSafeTimedSerializer(key, salt=f"session/{round_id}")

    def start(self, number: str = "", *, leads: bool = False, helped: bool = False) -> Session:
        """Return a new session."""
        return Session(secrets.token_urlsafe(18), number, leads, helped)

    def read(self, request: HTTPConnection) -> Session | None:
        """Return the session of a request; None without one that was signed here in time."""
        from itsdangerous import BadData

        try:
            return Session(**self._signed.loads(request.cookies.get(COOKIE, ""), max_age=SECONDS))
        except (BadData, TypeError):
            return None

    def write(self, response: Response, session: Session, *, secure: bool) -> None:
        """Put a session on a response.

        Parameters
        ----------
        response : Response
            To the device.
        session : Session
            Its session.
        secure : bool
            Whether the connection is encrypted: on plain HTTP in a room, browsers keep no cookie
            that demands it.
        """
        response.set_cookie(
            COOKIE, self._signed.dumps(asdict(session)), max_age=SECONDS, path="/",
            httponly=True, samesite="strict", secure=secure,
        )  # fmt: skip

    def token(self, session: Session) -> str:
        """Return the token that every form of a session carries."""
        return hmac.new(self._key, session.session_id.encode(), hashlib.sha256).hexdigest()

    def mark(self, session: Session) -> str:
        """Return a mark of the card, by which a device knows whose answers wait on it.

        Empty without a card. It opens nothing.
        """
        if not session.number:
            return ""
        return hmac.new(self._key, b"mark/" + session.number.encode(), hashlib.sha256).hexdigest()[
            :16
        ]

    def is_token(self, session: Session | None, token: str) -> bool:
        """Return whether a token is that of a session."""
        return session is not None and hmac.compare_digest(self.token(session), token)
