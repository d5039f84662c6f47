"""Downloads tables of CBS StatLine into an archive, completely or not at all.

Name: CBS StatLine, https://opendata.cbs.nl. Licence: CC BY 4.0 ("Bron: CBS"). Period, URL and hash
per table: in the folder's ``manifest.json``. ``sources.archive`` reads the result.

Of a table it takes the rows with totals of every breakdown on whole years and halves of years
(youth care has more than a million rows, of which a few thousand are needed), every dimension with
its titles, and the description of its columns. Keys stay keys.

Pages are stored in the hidden folder ``.partial`` until the table is complete, so that an
interrupted download resumes. :class:`risicomodel.data.sources.statline.paging.Client` hides the
protocol.
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
from risicomodel.data.sources.statline.manifest import Manifest, ManifestEntry
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

    from risicomodel.data.sources.statline.settings import CbsSettings, TableRequest


log = logging.getLogger(__name__)

DATA = "TypedDataSet"
PROPERTIES = "DataProperties"
_PARTIAL = ".partial"
_LOCK = ".lock"
# how many times to start on a table that changes on the server meanwhile
_STARTS = 3
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_TOTAL_KEY = re.compile(r"T\d{6}")
# whole years, and halves of years for the trend within them; no quarters or months
_PERIOD = re.compile(r"\d{4}(JJ00|HJ0[12])")


def download(
    folder: Path,
    requested: Sequence[TableRequest],
    settings: CbsSettings,
    *,
    offline: bool = False,
    refresh: bool = False,
    progress: Say | None = None,
) -> list[ManifestEntry]:
    """Download the tables that an archive lacks.

    Parameters
    ----------
    folder : Path
        The archive; made if it does not exist.
    requested : sequence of TableRequest
        The tables that it must have.
    settings : CbsSettings
        The server.
    offline : bool
        Connect to no server.
    refresh : bool
        Download tables again that the archive has.
    progress : callable, optional
        Called with a line about what is going on.

    Returns
    -------
    list of ManifestEntry
        The manifest's entries of the requested tables.

    Raises
    ------
    SourceError
        After trying all tables, if some could not be downloaded. The others are in the folder.
    """
    say = progress or log.info
    manifest = Manifest(folder)
    lacking = requested if refresh and not offline else manifest.lacking(requested, offline=offline)
    if offline and lacking:
        raise _missing(manifest, requested, lacking)
    if lacking:
        try:
            with _alone(folder, say):
                _download(manifest, requested, settings, refresh=refresh, say=say)
        except OSError as error:
            raise SourceError(
                f"cannot write in {folder} ({error.strerror or error}); expected a folder with "
                "write permission, on a disk with room. Set data.dir to one."
            ) from error
    return manifest.entries_of(requested)


def _client(settings: CbsSettings) -> Client:
    """Return a client of the server's protocol; OData v4 would be chosen here."""
    from risicomodel.data.sources.statline.odata3 import OData3

    return OData3(settings)


@contextlib.contextmanager
def _alone(folder: Path, say: Say) -> Iterator[None]:
    """Be the only process that writes in this archive."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process is filling {folder}; waiting until it is done")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _download(
    manifest: Manifest,
    requested: Sequence[TableRequest],
    settings: CbsSettings,
    *,
    refresh: bool,
    say: Say,
) -> None:
    # another process may have downloaded some while this one waited
    lacking = requested if refresh else manifest.lacking(requested)
    tables = list(dict.fromkeys(request.table for request in lacking))
    errors: list[SourceError] = []
    with contextlib.closing(_client(settings)) as client:
        for number, table in enumerate(tables, 1):
            uses = [request for request in requested if request.table == table]
            say(f"{table} ({_uses(uses)}): table {number} of {len(tables)}")
            try:
                made = _Download(client, manifest.folder, table, _totals(uses), say).run()
                manifest.add(made, [(request.subject, request.year) for request in uses])
            except UnreachableError as error:
                raise _unreachable(
                    manifest, requested, client.base_url, [*errors, error]
                ) from error
            except SourceError as error:
                say(f"{table}: not downloaded; continuing with the others")
                errors.append(error)
    with contextlib.suppress(OSError):
        (manifest.folder / _PARTIAL).rmdir()
    if errors:
        raise _failed(manifest, requested, settings.base_url, errors) from errors[-1]


def _uses(uses: Sequence[TableRequest]) -> str:
    return ", ".join(f"{request.subject} {request.year}" for request in uses)


def _totals(uses: Sequence[TableRequest]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(total for request in uses for total in request.totals))


def _missing(
    manifest: Manifest, requested: Sequence[TableRequest], lacking: Sequence[TableRequest]
) -> SourceError:
    listed = {entry.table for entry in manifest.entries()}
    why = {True: f"its files or its use differ from {MANIFEST}", False: "not downloaded yet"}
    return SourceError(
        f"{len(lacking)} of {len(requested)} tables are not in {manifest.folder}: "
        f"{', '.join(dict.fromkeys(request.table for request in lacking))}; offline, expected "
        "tables that were downloaded before. Run it once with a connection and without offline, or "
        "remove them from 'tables'.",
        [
            f"{request.table} ({_uses([request])}): {why[request.table in listed]}"
            for request in lacking
        ],
    )


def _unreachable(
    manifest: Manifest, requested: Sequence[TableRequest], url: str, errors: Sequence[SourceError]
) -> SourceError:
    lacking = manifest.lacking(requested)
    return SourceError(
        f"cannot reach {url}; {len(requested) - len(lacking)} of {len(requested)} tables are in "
        f"{manifest.folder}. Check the connection, the proxy (HTTPS_PROXY) and base_url, and "
        "run it again: what was downloaded is kept.",
        [*(e.message for e in errors), *(f"missing: {w.table} ({_uses([w])})" for w in lacking)],
    )


def _failed(
    manifest: Manifest, requested: Sequence[TableRequest], url: str, errors: Sequence[SourceError]
) -> SourceError:
    present = len(requested) - len(manifest.lacking(requested))
    return SourceError(
        f"{len(errors)} of {len(requested)} tables could not be downloaded from {url}; expected "
        f"all of them, and {present} are in {manifest.folder}. Correct what is listed and run it "
        "again: what was downloaded is kept.",
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

    def run(self) -> ManifestEntry:
        """Download the table and write its files; return its entry for the manifest."""
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
            f"{self.table} changed on the server during each of {_STARTS} downloads; expected a "
            "table that does not change meanwhile. Run it again later."
        )

    def _check_name(self, name: str, what: str) -> None:
        if not _NAME.fullmatch(name):
            raise SourceError(
                f"{self.table}: '{name}' is not a {what}; expected letters, digits, '_' and '-', "
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
            keep[name] = self._keys_to_keep(name, kind, parts[name])
        condition = self.client.condition({name: keys for name, keys in keep.items() if keys})
        parts[DATA] = pages.rows(DATA, "ID", condition)
        if not parts[DATA]:
            raise SourceError(
                f"{self.table}: no rows{f' where {condition}' if condition else ''}; expected a "
                "table with figures for its totals. Check the id and the domain's 'totals'."
            )
        return parts, condition

    def _keys_to_keep(self, name: str, kind: str, rows: Sequence[Row]) -> list[str]:
        """Return the keys of a dimension to keep; none stands for all."""
        keys = [str(row["Key"]) for row in rows]
        if kind.startswith("Geo") or all(layout.CODE.fullmatch(key.strip()) for key in keys):
            return []
        if kind.startswith("Time"):
            periods = [key for key in keys if _PERIOD.fullmatch(key.strip())]
            return periods if len(periods) < len(keys) else []
        titles = {total.strip().lower() for total in self.totals}
        total = [k for k, row in zip(keys, rows, strict=True) if _title(row).lower() in titles]
        total = total or [key for key in keys if _TOTAL_KEY.fullmatch(key.strip())]
        if not total:
            raise SourceError(
                f"{self.table}: no total in dimension '{name}', which holds "
                f"{', '.join(repr(_title(row)) for row in rows[:4])}; expected "
                f"{', '.join(map(repr, self.totals))}. Name the total in the domain's 'totals'."
            )
        return total

    def _write(
        self, parts: Mapping[str, list[Row]], condition: str, info: Description, pages: Pages
    ) -> ManifestEntry:
        """Write every part under its final name, the figures last."""
        hashes = {}
        for name, rows in parts.items():
            path = self.folder / f"{self.table}_{name}.parquet"
            storage.write_table(path, _frame(rows))
            hashes[path.name] = storage.sha256_file(path)
        file = f"{self.table}_{DATA}.parquet"
        entry = ManifestEntry(
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
    """Return rows as a table in which every column holds numbers or text."""
    table = pd.DataFrame(rows)
    for name in table.columns[table.dtypes == "object"]:
        # a column without any value counts as a column of figures
        empty = bool(table[name].isna().all())
        table[name] = table[name].astype("float64" if empty else "str")
    return table
