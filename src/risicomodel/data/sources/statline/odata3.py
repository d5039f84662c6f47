"""A client of CBS StatLine's OData v3, which requests tables page by page.

What CBS does, and what follows from it:

- ``ODataFeed`` returns pages of 10,000 rows with ``odata.nextLink``. ``ODataApi`` returns one
  answer, refuses longer ones with status 500 ("query returns more than 10000 records") and does not
  know ``$skip``. So requests go to the Feed, and if a server refuses an answer as too long, for
  windows of rows (``$skip``, ``$top``).
- Keys are padded with spaces and compared exactly: filters take them from the dimension tables.
"""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from risicomodel.core.errors import SourceError
from risicomodel.data.sources.statline.paging import Description, Page, Row
from risicomodel.data.sources.statline.transport import (
    NeverConnectedError,
    PassingError,
    RefusedError,
    Server,
    TooManyError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.data.sources.statline.settings import CbsSettings

log = logging.getLogger(__name__)

# descriptions fit in a page; no server is followed through endless links
MOST_LINKS = 100
_TABLE_LIST = "https://opendata.cbs.nl/statline"
_NOT_FOUND = 404


class OData3:
    """A client of CBS's OData v3 service, or of one like it.

    Parameters
    ----------
    settings : CbsSettings
        The server, and how patient to be with it.

    Raises
    ------
    ConfigError
        If ``base_url`` is not an address.
    """

    def __init__(self, settings: CbsSettings) -> None:
        self._server = Server(settings)
        self.base_url = self._server.base_url
        self._window = settings.page_size
        # parts whose rows the server does not count
        self._uncounted: set[str] = set()

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def address(self, table: str, name: str, condition: str = "", **options: int) -> str:
        """Return the address of a part of a table.

        Parameters
        ----------
        table : str
            CBS table id.
        name : str
            The part: ``TypedDataSet``, a dimension, or one of these with ``/$count``.
        condition : str
            OData filter of the rows; empty for all.
        **options : int
            ``skip`` and ``top``: how many rows to leave out first, and how many to return.

        Returns
        -------
        str
            The address, percent-encoded.
        """
        query = {} if name.endswith("$count") else {"$format": "json"}
        query |= {"$filter": condition} if condition else {}
        query |= {f"${option}": str(value) for option, value in options.items()}
        tail = f"?{urlencode(query, quote_via=quote, safe='$')}" if query else ""
        return f"{self.base_url}/ODataFeed/odata/{table}/{name}{tail}"

    @staticmethod
    def condition(keep: Mapping[str, Sequence[str]]) -> str:
        """Return the filter that keeps the given keys of the given dimensions.

        Parameters
        ----------
        keep : mapping of str to sequence of str
            Keys to keep, by dimension.

        Returns
        -------
        str
            An OData expression.

        Examples
        --------
        >>> OData3.condition({"Perioden": ["2019JJ00"], "Vorm": ["T001644", "A'1"]})
        "(Perioden eq '2019JJ00') and (Vorm eq 'T001644' or Vorm eq 'A''1')"
        """
        groups = []
        for name, keys in sorted(keep.items()):
            texts = [key.replace("'", "''") for key in keys]
            groups.append("(" + " or ".join(f"{name} eq '{text}'" for text in texts) + ")")
        return " and ".join(groups)

    def describe(self, table: str) -> Description:
        """Return what the server says about a table.

        Parameters
        ----------
        table : str
            CBS table id.

        Returns
        -------
        Description
            Its title, and when it was last modified.

        Raises
        ------
        SourceError
            If the server does not know the table.
        """
        try:
            rows = self._small(table, "TableInfos")
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                raise SourceError(
                    f"unknown table '{table}': {self.base_url} answers 404; expected a CBS table "
                    f"id such as 84615NED, from {_TABLE_LIST}. Correct the id in 'tables'."
                ) from error
            raise
        info = rows[0] if rows else {}
        return Description(str(info.get("Title", table)).strip(), str(info.get("Modified", "")))

    def properties(self, table: str) -> list[Row]:
        """Return what the server says about a table's columns.

        Parameters
        ----------
        table : str
            CBS table id.

        Returns
        -------
        list of dict
            ``Key``, ``Type``, ``Title``, ``Unit`` and more, per column.
        """
        return self._small(table, "DataProperties")

    def count(self, table: str, name: str, condition: str = "") -> int | None:
        """Return how many rows a part of a table has.

        Parameters
        ----------
        table : str
            CBS table id.
        name : str
            The part: ``TypedDataSet`` or a dimension.
        condition : str
            OData filter of the rows; empty for all.

        Returns
        -------
        int or None
            None if the server does not say.
        """
        if name in self._uncounted:
            return None
        url = self.address(table, f"{name}/$count", condition)
        body = b""
        try:
            body = self._server.attempt(f"{table}/{name}", lambda: self._server.body(url))
        except NeverConnectedError:
            raise
        except (RefusedError, PassingError) as error:
            log.info("%s: no count", error)
        text = body.decode("utf-8-sig").strip()
        if not text.isdigit():
            self._uncounted.add(name)
            return None
        return int(text)

    def page(
        self, table: str, name: str, condition: str, *, done: int = 0, link: str | None = None
    ) -> Page:
        """Return the next page of a part of a table.

        Parameters
        ----------
        table : str
            CBS table id.
        name : str
            The part: ``TypedDataSet`` or a dimension.
        condition : str
            OData filter of the rows; empty for all.
        done : int
            Rows that came before; without a link, the window after them is requested.
        link : str, optional
            The link on the page before.

        Returns
        -------
        Page

        Raises
        ------
        SourceError
            If the server refuses, or keeps failing.
        """
        where = f"{table}/{name}"
        if link is not None or not done:
            url = (
                self.address(table, name, condition)
                if link is None
                else self._server.on_same_host(link, self.address("", ""), where)
            )
            try:
                return self._server.attempt(where, partial(self._page, url, where))
            except TooManyError:
                log.info("%s: too much for one answer; requesting windows of rows", where)
        return self._smaller(table, name, condition, done)

    def _smaller(self, table: str, name: str, condition: str, done: int) -> Page:
        """Return a window of rows, halved until the server returns it."""
        where, window = f"{table}/{name}", self._window
        while window:
            url = self.address(table, name, condition, skip=done, top=window)
            try:
                page = self._server.attempt(where, partial(self._page, url, where))
            except TooManyError:
                window //= 2
            else:
                self._window = window
                return page
        raise RefusedError(
            f"{where}: {self.base_url} refuses even one row as too much; expected a server that "
            "returns pages, or windows with $skip and $top. Check base_url."
        )

    def _page(self, url: str, where: str) -> Page:
        answer = json.loads(self._server.body(url).decode("utf-8-sig"))
        answer = answer if isinstance(answer, dict) else {}
        link = answer.get("odata.nextLink")
        rows = self._rows(answer.get("value"), where)
        return Page(rows, link if isinstance(link, str) else None)

    def _rows(self, rows: Any, where: str) -> list[Row]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise RefusedError(
                f"{where}: {self.base_url} answers JSON without a list of rows under 'value'; "
                "expected OData v3. Check base_url, and run it again."
            )
        return rows

    def _small(self, table: str, name: str) -> list[Row]:
        """Return all rows of a part that fits in one page, or in a few."""
        where, url = f"{table}/{name}", self.address(table, name)
        rows: list[Row] = []
        for _ in range(MOST_LINKS):
            page = self._server.attempt(where, partial(self._page, url, where))
            rows += page.rows
            if page.link is None:
                return rows
            url = self._server.on_same_host(page.link, url, where)
        raise RefusedError(
            f"{where}: {self.base_url} links to a next page {MOST_LINKS} times; expected a "
            "description in a few pages. Check base_url."
        )
