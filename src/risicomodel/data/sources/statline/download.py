"""Downloads tables of CBS StatLine into an archive folder, whole or not at all.

Name: CBS StatLine, https://opendata.cbs.nl. Licence: CC BY 4.0 ("Bron: CBS"). Period, URL and hash
per table: in the folder's ``manifest.json``. ``sources.archive`` reads it.

What is kept of a table: the rows whose breakdowns are at their total and whose period is a whole
year (youth care has more than a million rows, of which a few thousand are wanted), every dimension
with its titles, and what the columns are. Keys stay keys.

Finished pages wait in the hidden folder ``.partial`` until the table is whole, so a download that
was broken off goes on where it was. How a server is spoken to is behind
:class:`risicomodel.data.sources.statline.paging.Client`.
"""

from __future__ import annotations

import contextlib
import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.errors import SourceError
from risicomodel.data.sources import layout
from risicomodel.data.sources.archive import MANIFEST
from risicomodel.data.sources.statline.manifest import Entry, Manifest
from risicomodel.data.sources.statline.paging import (
    Client,
    Description,
    Pages,
    Row,
    Say,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from risicomodel.data.sources.statline.settings import CbsSettings, Wanted


log = logging.getLogger(__name__)

DATA = "TypedDataSet"
PROPERTIES = "DataProperties"
_PARTIAL = ".partial"
_LOCK = ".lock"
# how often a table that changes on the server meanwhile is begun anew
_STARTS = 3
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_TOTAL_KEY = re.compile(r"T\d{6}")
# of quarters and months nothing is made; halves of a year tell where it was heading
_PERIOD = re.compile(r"\d{4}(JJ00|HJ0[12])")


def download(
    folder: Path,
    wanted: Sequence[Wanted],
    settings: CbsSettings,
    *,
    offline: bool = False,
    refresh: bool = False,
    progress: Say | None = None,
) -> list[Entry]:
    """Make sure that an archive folder has these tables, downloading what it has not.

    A table that is there, with the hash its manifest tells, is not asked for again.

    Parameters
    ----------
    folder : Path
        The archive; made where it is not there.
    wanted : sequence of Wanted
        The tables.
    settings : CbsSettings
        The server.
    offline : bool
        Ask nothing of any server.
    refresh : bool
        Download tables again that are there.
    progress : callable, optional
        Is told, in a line, what goes on.

    Returns
    -------
    list of Entry
        The manifest's entries of these tables.

    Raises
    ------
    SourceError
        After trying all tables: what could not be had and what to do. What could is in the folder.
    """
    say = progress or log.info
    manifest = Manifest(folder)
    lacking = wanted if refresh and not offline else manifest.lacking(wanted, offline=offline)
    if offline and lacking:
        raise _missing(manifest, wanted, lacking)
    if lacking:
        try:
            with _alone(folder, say):
                _download(manifest, wanted, settings, refresh=refresh, say=say)
        except OSError as error:
            raise SourceError(
                f"cannot write in {folder} ({error.strerror or error}); allowed is a folder that "
                "can be written, on a disk with room. Set data.dir to one."
            ) from error
    return manifest.entries_of(wanted)


def _client(settings: CbsSettings) -> Client:
    """Return the client of the protocol to speak; OData v4 would be chosen here."""
    from risicomodel.data.sources.statline.odata3 import OData3

    return OData3(settings)


@contextlib.contextmanager
def _alone(folder: Path, say: Say) -> Iterator[None]:
    """Be the only process that writes this archive."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process is filling {folder}; waiting until it is ready")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(
    manifest: Manifest, wanted: Sequence[Wanted], settings: CbsSettings, *, refresh: bool, say: Say
) -> None:
    # another process may have fetched some while this one waited
    lacking = wanted if refresh else manifest.lacking(wanted)
    tables = list(dict.fromkeys(want.table for want in lacking))
    errors: list[SourceError] = []
    with contextlib.closing(_client(settings)) as client:
        for number, table in enumerate(tables, 1):
            wants = [want for want in wanted if want.table == table]
            say(f"{table} ({_for(wants)}): table {number} of {len(tables)}")
            try:
                made = _Download(client, manifest.folder, table, _totals(wants), say).run()
                manifest.add(made, [(want.subject, want.year) for want in wants])
            except UnreachableError as error:
                raise _unreachable(manifest, wanted, client.base_url, [*errors, error]) from error
            except SourceError as error:
                say(f"{table}: not downloaded; going on with the others")
                errors.append(error)
    with contextlib.suppress(OSError):
        (manifest.folder / _PARTIAL).rmdir()
    if errors:
        raise _failed(manifest, wanted, settings.base_url, errors) from errors[-1]


def _for(wants: Sequence[Wanted]) -> str:
    return ", ".join(f"{want.subject} {want.year}" for want in wants)


def _totals(wants: Sequence[Wanted]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(total for want in wants for total in want.totals))


def _missing(
    manifest: Manifest, wanted: Sequence[Wanted], lacking: Sequence[Wanted]
) -> SourceError:
    known = {entry.table for entry in manifest.entries()}
    why = {True: f"its files or its use are not what {MANIFEST} tells", False: "not here yet"}
    return SourceError(
        f"{len(lacking)} of {len(wanted)} tables are not in {manifest.folder}: "
        f"{', '.join(dict.fromkeys(want.table for want in lacking))}; offline only what was "
        "downloaded before can be used. Run it once with a connection and without offline, or take "
        "them out of 'tables'.",
        [f"{want.table} ({_for([want])}): {why[want.table in known]}" for want in lacking],
    )


def _unreachable(
    manifest: Manifest, wanted: Sequence[Wanted], url: str, errors: Sequence[SourceError]
) -> SourceError:
    lacking = manifest.lacking(wanted)
    return SourceError(
        f"cannot reach {url}; {len(wanted) - len(lacking)} of {len(wanted)} tables are in "
        f"{manifest.folder}. Check the connection, the proxy (HTTPS_PROXY) and base_url, and run "
        "it again: what was downloaded is kept.",
        [*(e.message for e in errors), *(f"missing: {w.table} ({_for([w])})" for w in lacking)],
    )


def _failed(
    manifest: Manifest, wanted: Sequence[Wanted], url: str, errors: Sequence[SourceError]
) -> SourceError:
    here = len(wanted) - len(manifest.lacking(wanted))
    return SourceError(
        f"{len(errors)} of {len(wanted)} tables could not be downloaded from {url}; {here} are in "
        f"{manifest.folder}. Mend what is listed and run it again: what was downloaded is kept.",
        [error.message for error in errors],
    )


@dataclass(frozen=True)
class _Download:
    """One table on its way into the archive."""

    client: Client
    folder: Path
    table: str
    totals: tuple[str, ...]
    say: Say

    def run(self) -> Entry:
        """Download the table and write its files; return what the manifest is to say of it."""
        self._check_name(self.table, "table id")
        for _ in range(_STARTS):
            info = self.client.describe(self.table)
            pages = Pages(
                self.client,
                self.folder / _PARTIAL / self.table,
                self.table,
                info.modified,
                self.say,
            )
            parts, condition = self._parts(pages)
            if self.client.describe(self.table).modified == info.modified:
                return self._write(parts, condition, info, pages)
            self.say(f"{self.table}: CBS changed it meanwhile; starting over")
            pages.discard()
        raise SourceError(
            f"{self.table} was changed on the server during each of {_STARTS} downloads; allowed "
            "is a table that stays as it is meanwhile. Run it again later."
        )

    def _check_name(self, name: str, what: str) -> None:
        if not _NAME.fullmatch(name):
            raise SourceError(
                f"{self.table}: '{name}' is no {what}; allowed are letters, digits, '_' and '-', "
                "as in 84615NED. Correct it in 'tables', or check base_url."
            )

    def _parts(self, pages: Pages) -> tuple[dict[str, list[Row]], str]:
        """Return the rows of every part, dimensions first, and the filter of the data."""
        properties = self.client.properties(self.table)
        parts = {PROPERTIES: properties}
        keep: dict[str, list[str]] = {}
        for one in properties:
            kind, name = str(one.get("Type")), str(one.get("Key"))
            if kind.startswith("Topic"):
                continue
            self._check_name(name, "dimension")
            parts[name] = pages.rows(name, "Key")
            keep[name] = self._wanted_keys(name, kind, parts[name])
        condition = self.client.condition({name: keys for name, keys in keep.items() if keys})
        parts[DATA] = pages.rows(DATA, "ID", condition)
        if not parts[DATA]:
            raise SourceError(
                f"{self.table}: no rows where {condition or 'nothing was filtered'}; allowed is a "
                "table with figures for its totals. Check the id and the domain's 'totals'."
            )
        return parts, condition

    def _wanted_keys(self, name: str, kind: str, rows: Sequence[Row]) -> list[str]:
        """Return the keys of a dimension to keep; none where all are."""
        keys = [str(row["Key"]) for row in rows]
        if kind.startswith("Geo") or all(layout.CODE.fullmatch(key.strip()) for key in keys):
            return []
        if kind.startswith("Time"):
            wanted = [key for key in keys if _PERIOD.fullmatch(key.strip())]
            return wanted if len(wanted) < len(keys) else []
        titles = {total.strip().lower() for total in self.totals}
        total = [k for k, row in zip(keys, rows, strict=True) if _title(row).lower() in titles]
        total = total or [key for key in keys if _TOTAL_KEY.fullmatch(key.strip())]
        if not total:
            raise SourceError(
                f"{self.table}: no total in dimension '{name}', which holds "
                f"{', '.join(repr(_title(row)) for row in rows[:4])}; looked for "
                f"{', '.join(map(repr, self.totals))}. Name the total in the domain's 'totals'."
            )
        return total

    def _write(
        self, parts: Mapping[str, list[Row]], condition: str, info: Description, pages: Pages
    ) -> Entry:
        """Give every part its final name, the data last."""
        hashes = {}
        for name, rows in parts.items():
            path = self.folder / f"{self.table}_{name}.parquet"
            storage.write_table(path, _frame(rows))
            hashes[path.name] = storage.sha256_file(path)
        file = f"{self.table}_{DATA}.parquet"
        entry = Entry(
            self.table,
            "",
            0,
            info.title,
            info.modified,
            datetime.now(UTC).isoformat(timespec="seconds"),
            len(parts[DATA]),
            file,
            hashes.pop(file),
            hashes,
            condition,
            self.totals,
            self.client.address(self.table, DATA, condition),
        )
        pages.discard()
        self.say(f"{self.table}: {entry.rows:,} rows: {info.title}")
        return entry


def _title(row: Row) -> str:
    return str(row.get("Title") or "").strip()


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as a table of numbers and text, whatever each value was."""
    table = pd.DataFrame(rows)
    for name in table.columns[table.dtypes == "object"]:
        # a column without any figure is a column of figures all the same
        empty = bool(table[name].isna().all())
        table[name] = table[name].astype("float64" if empty else "str")
    return table
