"""Pages of a table of CBS StatLine, checked and kept until the table is whole.

A finished page is a hidden file of its own, so a download that was broken off goes on with the next
one. Pages are kept by what they are an answer to (URL, filter, when the table was modified): a
question that changes begins with none.
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
    """A table's title and when it was last modified."""

    title: str
    modified: str


class Page(NamedTuple):
    """Rows, and the link to the next ones where the server gives it."""

    rows: list[Row]
    link: str | None


class UnreachableError(SourceError):
    """No connection to the server."""


class Client(Protocol):
    """What a protocol must be able to; :class:`~.odata3.OData3` is one."""

    base_url: str

    def describe(self, table: str) -> Description:
        """Return a table's title and when it was last modified."""

    def properties(self, table: str) -> list[Row]:
        """Return the columns: ``Key`` and ``Type`` at least."""

    def condition(self, keep: Mapping[str, Sequence[str]]) -> str:
        """Return a filter that keeps these keys of these dimensions."""

    def address(self, table: str, name: str, condition: str = "") -> str:
        """Return the URL of a part of a table."""

    def count(self, table: str, name: str, condition: str = "") -> int | None:
        """Return how many rows there are, or None where the server does not tell."""

    def page(
        self, table: str, name: str, condition: str, *, done: int = 0, link: str | None = None
    ) -> Page:
        """Return the page after ``done`` rows: at ``link``, or else by asking for those rows."""

    def close(self) -> None:
        """Close the connections."""


@dataclass(frozen=True)
class Pages:
    """The pages of one table in one state of it.

    Parameters
    ----------
    client : Client
        Gives them.
    folder : Path
        Where finished pages of this table wait.
    table, modified : str
        Its id, and when CBS last changed it.
    say : callable
        Is told, in a line, what goes on.
    """

    client: Client
    folder: Path
    table: str
    modified: str
    say: Say

    def rows(self, name: str, key: str, condition: str = "") -> list[Row]:
        """Return all rows of a part of the table, in the server's order.

        They are all there when they are as many as the server counts and no key occurs twice.
        A server that does not count is asked for rows until it has no more.

        Parameters
        ----------
        name : str
            The part: ``TypedDataSet`` or a dimension.
        key : str
            The column that tells rows apart.
        condition : str
            The filter.

        Raises
        ------
        SourceError
            If rows are missing or double; what was kept of them is thrown away.
        """
        counted = self.client.count(self.table, name, condition)
        kept = self._folder_of(name, condition)
        rows: dict[Any, Row] = {}
        link = None
        for number in itertools.count(1):
            path = kept / f"{number:05}.page"
            page = _stored(path)
            if page is None:
                page = self.client.page(self.table, name, condition, done=len(rows), link=link)
                self._check(page, name, key, rows)
                _store(path, page)
            rows |= {row[key]: row for row in page.rows}
            link = page.link
            if _is_last(page, len(rows), counted):
                break
            self._tell(name, len(rows), counted)
        if counted is not None and counted != len(rows):
            raise self._spoilt(name, f"{len(rows):,} rows came where the server counts {counted:,}")
        return list(rows.values())

    def discard(self) -> None:
        """Throw away what was kept of this table."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _folder_of(self, name: str, condition: str) -> Path:
        answer_to = {
            "url": self.client.address(self.table, name, condition),
            "modified": self.modified,
        }
        return self.folder / f"{name}-{storage.sha256_json(answer_to)[:16]}"

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

    def _tell(self, name: str, rows: int, counted: int | None) -> None:
        of = "" if counted is None else f" of {counted:,}"
        self.say(f"{self.table}: {rows:,}{of} rows of {name}")

    def _spoilt(self, name: str, what: str) -> SourceError:
        self.discard()
        return SourceError(
            f"{self.table}/{name}: {what}; allowed is every row once, with all its columns. "
            "Nothing of it was kept; run it again, later if CBS is just changing the table."
        )


def _is_last(page: Page, rows: int, counted: int | None) -> bool:
    if counted is None:
        # nothing tells that a server's last page is the last but the empty one after it
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
        # a power cut may leave less than was written
        log.info("%s is not a whole page; asking for it again", path.name)
        return None
