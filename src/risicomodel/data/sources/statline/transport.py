"""Bounded requests to one server, repeated where that may help.

An answer must be neither endless nor endlessly slow, and links are only followed on the same host.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.data.sources.statline.paging import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from tenacity import RetryCallState

    from risicomodel.data.sources.statline.settings import CbsSettings

T = TypeVar("T")
log = logging.getLogger(__name__)

USER_AGENT = "risicomodel/0.1"
LONGEST_WAIT = 60.0  # seconds between two attempts
# bytes; the largest page of CBS has some 40 MB
LARGEST_ANSWER = 256 * 2**20
# how many times the time-out a whole answer may take, whose parts may come slowly
SLOWEST_ANSWER = 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TOO_MANY = re.compile(r"more than\D{0,3}[\d.,]+\s*records", re.IGNORECASE)
_SERVER_ERROR, _NOT_IMPLEMENTED = 500, 501
_CHUNK = 2**16


class PassingError(SourceError):
    """A failure that may have passed by the next attempt."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class NeverConnectedError(PassingError, UnreachableError):
    """No connection was made."""


class RefusedError(SourceError):
    """The server refused: another attempt is of no use."""

    status = 0


class TooManyError(SourceError):
    """The answer would be longer than the server returns at once."""


class Server:
    """A server of open data, and how patient to be with it.

    Parameters
    ----------
    settings : CbsSettings
        Its address, attempts, waits and time-out.

    Raises
    ------
    ConfigError
        If ``base_url`` is not an address.
    """

    def __init__(self, settings: CbsSettings) -> None:
        self.settings = settings
        self.base_url = settings.base_url.rstrip("/")
        host, _ = _host_and_port(self.base_url)
        if not self.base_url.startswith(("http://", "https://")) or not host:
            raise ConfigError(
                f"base_url is '{settings.base_url}'; expected an address such as "
                "https://opendata.cbs.nl. Correct it in the data configuration."
            )
        self._session = _new_session(host)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def attempt(self, where: str, request: Callable[[], T]) -> T:
        """Return what a request gives, repeated if that may help.

        Parameters
        ----------
        where : str
            Table and part, for the error message.
        request : callable
            Makes the request and returns what it gives.

        Returns
        -------
        object
            What ``request`` returns.

        Raises
        ------
        RefusedError, TooManyError, PassingError
            If the server refuses, would have to return too much, or keeps failing.
        """
        import tenacity

        first = self.settings.wait_seconds
        wait = tenacity.wait_exponential(first, max=LONGEST_WAIT) + tenacity.wait_random(0, first)
        again = tenacity.Retrying(
            wait=wait,
            stop=tenacity.stop_after_attempt(self.settings.attempts),
            retry=tenacity.retry_if_exception_type(PassingError),
            before_sleep=_log_attempt,
            reraise=True,
        )
        return again(self._once, where, request)  # type: ignore[no-any-return]

    def _once(self, where: str, request: Callable[[], T]) -> T:
        """Turn whatever goes wrong into a failure that passes, a refusal, or too long an answer."""
        import requests

        try:
            return request()
        except requests.HTTPError as error:
            raise self._refusal(where, error) from error
        except requests.Timeout as error:
            connected = not isinstance(error, requests.ConnectTimeout)
            what = f"no answer within {self.settings.timeout_seconds:g} s"
            raise self._passing(where, what, connected=connected) from error
        except requests.RequestException as error:
            raise self._passing(where, _reason(error), connected=_connected(error)) from error
        except ValueError as error:
            raise self._passing(where, f"the answer is not whole JSON ({error})") from error

    def _passing(self, where: str, what: str, *, connected: bool = True) -> PassingError:
        kind = PassingError if connected else NeverConnectedError
        return kind(
            f"{where}: {what}, in {self.settings.attempts} attempts at {self.base_url}; expected "
            "an answer. Finished pages are kept: run it again later.",
            what,
        )

    def _refusal(self, where: str, error: requests.HTTPError) -> SourceError:
        response = error.response
        said = f"the server answers {response.status_code} {response.reason}"
        if response.status_code >= _SERVER_ERROR and _TOO_MANY.search(str(error)):
            return TooManyError(
                f"{where}: {said}, too much for one answer; expected a page of rows. Check "
                "base_url."
            )
        if response.status_code >= _SERVER_ERROR and response.status_code != _NOT_IMPLEMENTED:
            return self._passing(where, said)
        refused = RefusedError(
            f"{where}: {said} to {response.url}; expected HTTP 200 with a page of rows. Check "
            "base_url and the table id."
        )
        refused.status = response.status_code
        return refused

    def body(self, url: str) -> bytes:
        """Return the body of one answer.

        Parameters
        ----------
        url : str
            The address.

        Returns
        -------
        bytes
            Decompressed.
        """
        import requests

        patience = self.settings.timeout_seconds
        with self._session.get(url, timeout=patience, stream=True) as response:
            body = _read(response, patience * SLOWEST_ANSWER)
            if not response.ok:
                raise requests.HTTPError(body.decode("utf-8", "replace"), response=response)
            return body

    def on_same_host(self, link: str, page: str, where: str) -> str:
        """Return the address of a link, with the base URL's scheme: CBS links to http from https.

        Parameters
        ----------
        link : str
            The link, absolute or relative.
        page : str
            The address that a relative link is relative to.
        where : str
            Table and part, for the error message.

        Returns
        -------
        str

        Raises
        ------
        RefusedError
            If it leads to another host.
        """
        base = urlsplit(self.base_url)
        # a link without a host is joined; joining fails for one that is not a URL
        absolute = "//" in link.partition("?")[0]
        url = link if absolute else urljoin(page, link)
        host, port = _host_and_port(url)
        if host != base.hostname or port not in (None, base.port):
            raise RefusedError(
                f"{where}: the link to the next page leads to {host or link}; expected "
                f"{base.netloc}. Nothing was requested there; check base_url."
            )
        return urlsplit(url)._replace(scheme=base.scheme, netloc=base.netloc).geturl()


def _new_session(host: str) -> requests.Session:
    import requests

    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    # proxies and certificates as the environment says, but never for this machine itself
    session.trust_env = host not in _LOOPBACK
    # no passwords from ~/.netrc: StatLine is open
    session.auth = lambda request: request
    return session


def _read(response: requests.Response, seconds: float) -> bytes:
    """Return the whole body, if it is not too large and comes within so many seconds."""
    import requests
    from urllib3.exceptions import HTTPError

    body, end = bytearray(), time.monotonic() + seconds
    try:
        # what has come, however little: 'read' would wait for a full chunk
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise RefusedError(
                    f"{response.url} answers more than {LARGEST_ANSWER:,} bytes; expected a page "
                    "of rows. Check base_url."
                )
            if time.monotonic() > end:
                raise requests.ConnectionError(f"{len(body):,} bytes in {seconds:g} s")
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    return bytes(body)


def _host_and_port(url: str) -> tuple[str | None, int | None]:
    """Return the host and port of a URL; None for both if it is not a URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    return host, port


def _connected(error: requests.RequestException) -> bool:
    from requests import exceptions
    from urllib3.exceptions import MaxRetryError

    if isinstance(error, exceptions.SSLError | exceptions.ProxyError):
        return False
    return not (error.args and isinstance(error.args[0], MaxRetryError))


def _reason(error: BaseException) -> str:
    """Return the innermost cause, in a short line."""
    while isinstance(getattr(error, "reason", None), BaseException) or (
        error.args and isinstance(error.args[0], BaseException)
    ):
        inner = getattr(error, "reason", None)
        error = inner if isinstance(inner, BaseException) else error.args[0]
    text = " ".join(str(error).split())
    return f"the connection failed ({text[:120]})"


def _log_attempt(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    what = error.what if isinstance(error, PassingError) else error
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("%s: %s; trying again in %.1f s", state.args[0], what, wait)
