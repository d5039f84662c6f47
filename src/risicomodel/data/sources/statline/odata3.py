"""How CBS StatLine's OData v3 is spoken: a page at a time, asked again where that helps.

What CBS does, and what follows from it here:

- ``ODataFeed`` gives pages of 10,000 with ``odata.nextLink``; ``ODataApi`` gives one answer and
  refuses with status 500 ("query returns more than 10000 records") where it would be longer, and
  knows no ``$skip``. So this asks the Feed, and where a server refuses a query as too long, it asks
  for windows (``$skip``, ``$top``) instead.
- Keys are padded with spaces and compared as they are: filters take them from the dimension tables.
- Links are followed on the host that was asked only, and an answer may be neither endless nor
  endlessly slow.
"""

from __future__ import annotations

import json
import logging
import re
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.data.sources.statline.paging import Description, Page, Row, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import requests
    from tenacity import RetryCallState

    from risicomodel.data.sources.statline.settings import CbsSettings

T = TypeVar("T")
log = logging.getLogger(__name__)

USER_AGENT = "risicomodel/0.1"
LONGEST_WAIT = 60.0
# the largest page of CBS is some 40 MB
LARGEST_ANSWER = 256 * 2**20
# how many times the time-out a whole answer may take: its parts may come slowly, but not for ever
SLOWEST_ANSWER = 20
# descriptions and columns fit in one page; a server that links on and on is not believed
MOST_LINKS = 100
_TABLE_LIST = "https://opendata.cbs.nl/statline"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TOO_MANY = re.compile(r"more than\D{0,3}[\d.,]+\s*records", re.IGNORECASE)
_NOT_FOUND, _SERVER_ERROR, _NOT_IMPLEMENTED = 404, 500, 501
_CHUNK = 2**16


class _PassingError(SourceError):
    """Something that may be better next time: worth asking again."""

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class _NeverConnectedError(_PassingError, UnreachableError):
    """No connection was made at all."""


class _RefusedError(SourceError):
    """The server understood and says no: asking again is no use."""

    status = 0


class _TooManyError(SourceError):
    """The answer would be longer than the server gives at once."""


class OData3:
    """A client of CBS's OData v3 service, or of one that speaks like it.

    Parameters
    ----------
    settings : CbsSettings
        Where it is and how patient to be.

    Raises
    ------
    ConfigError
        If the base URL is not an address.
    """

    def __init__(self, settings: CbsSettings) -> None:
        self.settings = settings
        self.base_url = settings.base_url.rstrip("/")
        host, _ = _place(self.base_url)
        if not self.base_url.startswith(("http://", "https://")) or not host:
            raise ConfigError(
                f"base_url is '{settings.base_url}'; allowed is an address such as "
                "https://opendata.cbs.nl. Correct it in the data configuration."
            )
        self._window = settings.page_size
        # parts that the server does not count
        self._uncounted: set[str] = set()
        self._session = self._new_session(host)

    @staticmethod
    def _new_session(host: str) -> requests.Session:
        import requests

        session = requests.Session()
        session.headers["User-Agent"] = USER_AGENT
        # proxies and certificates as the environment says, but never for this machine itself
        session.trust_env = host not in _LOOPBACK
        # no passwords from ~/.netrc: StatLine is open
        session.auth = lambda request: request
        return session

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def address(self, table: str, name: str, condition: str = "", **options: int) -> str:
        """Return the URL of a part of a table, filtered; options are ``skip`` and ``top``."""
        query = {} if name.endswith("$count") else {"$format": "json"}
        query |= {"$filter": condition} if condition else {}
        query |= {f"${option}": str(value) for option, value in options.items()}
        tail = f"?{urlencode(query, quote_via=quote, safe='$')}" if query else ""
        return f"{self.base_url}/ODataFeed/odata/{table}/{name}{tail}"

    @staticmethod
    def condition(keep: Mapping[str, Sequence[str]]) -> str:
        """Return a filter that keeps these keys of these dimensions."""
        groups = []
        for name, keys in sorted(keep.items()):
            texts = [key.replace("'", "''") for key in keys]
            groups.append("(" + " or ".join(f"{name} eq '{text}'" for text in texts) + ")")
        return " and ".join(groups)

    def describe(self, table: str) -> Description:
        """Return a table's title and when it was last modified.

        Raises
        ------
        SourceError
            If the server knows no such table.
        """
        try:
            rows = self._small(table, "TableInfos")
        except _RefusedError as error:
            if error.status == _NOT_FOUND:
                raise SourceError(
                    f"unknown table '{table}': {self.base_url} answers 404; allowed is a CBS table "
                    f"id such as 84615NED, as {_TABLE_LIST} lists them. Correct the id in 'tables'."
                ) from error
            raise
        info = rows[0] if rows else {}
        return Description(str(info.get("Title", table)).strip(), str(info.get("Modified", "")))

    def properties(self, table: str) -> list[Row]:
        """Return what a table's columns are: ``Key``, ``Type``, ``Title``, ``Unit`` and more."""
        return self._small(table, "DataProperties")

    def count(self, table: str, name: str, condition: str = "") -> int | None:
        """Return how many rows the server has, or None where it does not tell."""
        if name in self._uncounted:
            return None
        url = self.address(table, f"{name}/$count", condition)
        text = ""
        try:
            text = self._ask(f"{table}/{name}", lambda: self._body(url)).decode("utf-8-sig").strip()
        except _NeverConnectedError:
            raise
        except (_RefusedError, _PassingError) as error:
            log.info("%s: no count", error)
        if not text.isdigit():
            self._uncounted.add(name)
            return None
        return int(text)

    def page(
        self, table: str, name: str, condition: str, *, done: int = 0, link: str | None = None
    ) -> Page:
        """Return the page that comes after ``done`` rows.

        Parameters
        ----------
        table, name, condition : str
            What is asked.
        done : int
            Rows had before; without a link the next window of rows is asked for.
        link : str, optional
            The link that the page before gave.

        Raises
        ------
        SourceError
            If the server refuses, or goes on failing.
        """
        where = f"{table}/{name}"
        if link is not None or not done:
            url = self.address(table, name, condition) if link is None else self._own(link, where)
            try:
                return self._ask(where, partial(self._page, url, where))
            except _TooManyError:
                log.info("%s: too much to ask for at once; asking for windows of rows", where)
        return self._smaller(table, name, condition, done)

    def _smaller(self, table: str, name: str, condition: str, done: int) -> Page:
        """Return a window of rows, halving it until the server gives it."""
        where, window = f"{table}/{name}", self._window
        while window:
            url = self.address(table, name, condition, skip=done, top=window)
            try:
                page = self._ask(where, partial(self._page, url, where))
            except _TooManyError:
                window //= 2
            else:
                self._window = window
                return page
        raise _RefusedError(
            f"{where}: {self.base_url} finds even one row too much to give at once; allowed is a "
            "server that gives pages, or windows with $skip and $top. Check base_url."
        )

    def _page(self, url: str, where: str) -> Page:
        answer = json.loads(self._body(url).decode("utf-8-sig"))
        answer = answer if isinstance(answer, dict) else {}
        link = answer.get("odata.nextLink")
        rows = self._rows(answer.get("value"), where)
        return Page(rows, link if isinstance(link, str) else None)

    def _rows(self, rows: Any, where: str) -> list[Row]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise _RefusedError(
                f"{where}: {self.base_url} answers JSON without a list of rows under 'value', "
                "which OData v3 promises. Check base_url, and run it again."
            )
        return rows

    def _body(self, url: str) -> bytes:
        import requests

        patience = self.settings.timeout_seconds
        with self._session.get(url, timeout=patience, stream=True) as response:
            body = _read(response, patience * SLOWEST_ANSWER)
            if not response.ok:
                raise requests.HTTPError(body.decode("utf-8", "replace"), response=response)
            return body

    def _own(self, link: str, where: str) -> str:
        """Return a link with the base URL's scheme; CBS's may say http where https was asked."""
        base = urlsplit(self.base_url)
        # a link without a host stays here; joining would trip over one that is no URL
        absolute = "//" in link.partition("?")[0]
        found = link if absolute else urljoin(self.address("", ""), link)
        host, port = _place(found)
        if host != base.hostname or port not in (None, base.port):
            raise _RefusedError(
                f"{where}: the next page is said to be at {host or link}; allowed is the "
                f"host it was asked of, {base.netloc}. Nothing was asked there; check base_url."
            )
        return urlsplit(found)._replace(scheme=base.scheme, netloc=base.netloc).geturl()

    def _small(self, table: str, name: str) -> list[Row]:
        """Return all rows of a part that CBS gives in one answer, or in a few."""
        where, url = f"{table}/{name}", self.address(table, name)
        rows: list[Row] = []
        for _ in range(MOST_LINKS):
            page = self._ask(where, partial(self._page, url, where))
            rows += page.rows
            if page.link is None:
                return rows
            url = self._own(page.link, where)
        raise _RefusedError(
            f"{where}: {self.base_url} links to a next page {MOST_LINKS} times; expected a "
            "description in a few pages. Check base_url."
        )

    def _ask(self, where: str, ask: Callable[[], T]) -> T:
        """Return what ``ask`` gives, asking again where that may help."""
        import tenacity

        first = self.settings.wait_seconds
        wait = tenacity.wait_exponential(first, max=LONGEST_WAIT) + tenacity.wait_random(0, first)
        again = tenacity.Retrying(
            wait=wait,
            stop=tenacity.stop_after_attempt(self.settings.attempts),
            retry=tenacity.retry_if_exception_type(_PassingError),
            before_sleep=_say_again,
            reraise=True,
        )
        return again(self._once, where, ask)  # type: ignore[no-any-return]

    def _once(self, where: str, ask: Callable[[], T]) -> T:
        """Turn whatever goes wrong into: no use, worth another try, or too much at once."""
        import requests

        try:
            return ask()
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

    def _passing(self, where: str, what: str, *, connected: bool = True) -> _PassingError:
        kind = _PassingError if connected else _NeverConnectedError
        return kind(
            f"{where}: {what}, asked {self.settings.attempts} times of {self.base_url}. Finished "
            "pages are kept: run it again later.",
            what,
        )

    def _refusal(self, where: str, error: requests.HTTPError) -> SourceError:
        response = error.response
        said = f"the server answers {response.status_code} {response.reason}"
        if response.status_code >= _SERVER_ERROR and _TOO_MANY.search(str(error)):
            return _TooManyError(f"{where}: {said}, too much at once. Check base_url.")
        if response.status_code >= _SERVER_ERROR and response.status_code != _NOT_IMPLEMENTED:
            return self._passing(where, said)
        refused = _RefusedError(
            f"{where}: {said} to {response.url}; allowed is 200 with a page. Check base_url and "
            "the table id."
        )
        refused.status = response.status_code
        return refused


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
                raise _RefusedError(
                    f"{response.url} answers more than {LARGEST_ANSWER:,} bytes; expected a page "
                    "of rows. Check base_url."
                )
            if time.monotonic() > end:
                raise requests.ConnectionError(f"{len(body):,} bytes in {seconds:g} s")
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    return bytes(body)


def _place(url: str) -> tuple[str | None, int | None]:
    """Return a URL's host and port; no host where it is none."""
    try:
        parts = urlsplit(url)
        place = parts.hostname, parts.port
    except ValueError:
        return None, None
    return place


def _connected(error: requests.RequestException) -> bool:
    from requests import exceptions
    from urllib3.exceptions import MaxRetryError

    if isinstance(error, exceptions.SSLError | exceptions.ProxyError):
        return False
    return not (error.args and isinstance(error.args[0], MaxRetryError))


def _reason(error: BaseException) -> str:
    """Return the innermost reason, in one short line."""
    while isinstance(getattr(error, "reason", None), BaseException) or (
        error.args and isinstance(error.args[0], BaseException)
    ):
        inner = getattr(error, "reason", None)
        error = inner if isinstance(inner, BaseException) else error.args[0]
    text = " ".join(str(error).split())
    return f"the connection failed ({text[:120]})"


def _say_again(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    what = error.what if isinstance(error, _PassingError) else error
    wait = state.next_action.sleep if state.next_action else 0.0
    log.warning("%s: %s; asking again in %.1f s", state.args[0], what, wait)
