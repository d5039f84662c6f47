"""Pages of a table of CBS StatLine, checked and stored until the table is complete.

Every page is stored in a hidden file, so that an interrupted download resumes with the next one.
Pages belong to a request (address, filter, when the table was modified): if that changes, the
download starts over.
"""

from __future__ import annotations

import itertools
import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from risicomodel.core import storage
from risicomodel.core.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

Row = dict[str, Any]
Say = Callable[[str], None]


class Description(NamedTuple):
    """What CBS says about a table.

    Parameters
    ----------
    title : str
        Its title.
    modified : str
        When it was last modified, as CBS writes it.
    """

    title: str
    modified: str


class Page(NamedTuple):
    """A page of rows.

    Parameters
    ----------
    rows : list of dict
        Value by column, per row.
    link : str or None
        Address of the next page, if the server gives one.
    """

    rows: list[Row]
    link: str | None


class UnreachableError(SourceError):
    """No connection to the server."""


class Client(Protocol):
    """What the downloader needs of a protocol, such as :class:`~.odata3.OData3`."""

    base_url: str

    def describe(self, table: str) -> Description:
        """Return a table's title and when it was last modified."""

    def properties(self, table: str) -> list[Row]:
        """Return a row per column, with ``Key`` and ``Type`` at least."""

    def condition(self, keep: Mapping[str, Sequence[str]]) -> str:
        """Return the filter that keeps the given keys of the given dimensions."""

    def address(self, table: str, name: str, condition: str = "") -> str:
        """Return the address of a part of a table."""

    def count(self, table: str, name: str, condition: str = "") -> int | None:
        """Return how many rows a part has; None if the server does not say."""

    def page(
        self, table: str, name: str, condition: str, *, done: int = 0, link: str | None = None
    ) -> Page:
        """Return the page at ``link``; without a link the one after ``done`` rows."""

    def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True)
class Pages:
    """The pages of one version of a table.

    Parameters
    ----------
    client : Client
        Where they come from.
    folder : Path
        Where pages of this table are stored.
    table : str
        Its CBS table id.
    modified : str
        When CBS last changed it.
    say : callable
        Called with a line about what is going on.
    """

    client: Client
    folder: Path
    table: str
    modified: str
    say: Say

    def rows(self, name: str, key: str, condition: str = "") -> list[Row]:
        """Return all rows of a part of the table.

        A part is complete if it has as many rows as the server counts and no key occurs twice.
        From a server that does not count, rows are requested until there are no more.

        Parameters
        ----------
        name : str
            The part: ``TypedDataSet`` or a dimension.
        key : str
            The column that identifies a row.
        condition : str
            OData filter of the rows; empty for all.

        Returns
        -------
        list of dict
            Value by column, per row, in the server's order.

        Raises
        ------
        SourceError
            If rows are missing or occur twice; stored pages are thrown away.
        """
        counted = self.client.count(self.table, name, condition)
        folder = self._folder_of(name, condition)
        rows: dict[Any, Row] = {}
        link = None
        for number in itertools.count(1):
            path = folder / f"{number:05}.page"
            page = _stored(path)
            if page is None:
                page = self.client.page(self.table, name, condition, done=len(rows), link=link)
                self._check(page, name, key, rows)
                _store(path, page)
            rows |= {row[key]: row for row in page.rows}
            link = page.link
            if _is_last(page, len(rows), counted):
                break
            self._report(name, len(rows), counted)
        if counted is not None and counted != len(rows):
            raise self._spoilt(name, f"{len(rows):,} rows came, but the server counts {counted:,}")
        return list(rows.values())

    def discard(self) -> None:
        """Throw away the stored pages of this table."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _folder_of(self, name: str, condition: str) -> Path:
        request = {
            "url": self.client.address(self.table, name, condition),
            "modified": self.modified,
        }
        return self.folder / f"{name}-{storage.sha256_json(request)[:16]}"

    def _check(self, page: Page, name: str, key: str, before: Mapping[Any, Row]) -> None:
        keys = [row.get(key) for row in page.rows]
        if not all(isinstance(value, int | str) for value in keys):
            raise self._spoilt(name, f"a row has no '{key}'")
        twice = len(keys) - len(set(keys) - before.keys())
        if twice:
            raise self._spoilt(name, f"{twice:,} rows came a second time (by '{key}')")
        columns = next(iter(before.values()), page.rows[0] if page.rows else {}).keys()
        if key == "ID" and any(row.keys() != columns for row in page.rows):
            raise self._spoilt(name, "rows differ in their columns")

    def _report(self, name: str, rows: int, counted: int | None) -> None:
        total = "" if counted is None else f" of {counted:,}"
        self.say(f"{self.table}: {rows:,}{total} rows of {name}")

    def _spoilt(self, name: str, what: str) -> SourceError:
        self.discard()
        return SourceError(
            f"{self.table}/{name}: {what}; expected every row once, with all its columns. None of "
            "it was kept. Run it again; later, if CBS is changing the table."
        )


def _is_last(page: Page, rows: int, counted: int | None) -> bool:
    if counted is None:
        # only the empty page after it shows that a page was the last
        return not page.rows
    return not page.rows or rows > counted or (rows == counted and page.link is None)


def _store(path: Path, page: Page) -> None:
    with storage.atomic(path) as partial:
        partial.write_text(json.dumps(page._asdict(), ensure_ascii=False), encoding="utf-8")


def _stored(path: Path) -> Page | None:
    try:
        return Page(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        # a power cut may leave part of a file
        log.info("%s is not a whole page; requesting it again", path.name)
        return None
