"""The manifest of a download: which tables a folder holds, where they came from, their hashes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from risicomodel.core import storage
from risicomodel.core.errors import SourceError
from risicomodel.data.sources.archive import MANIFEST
from risicomodel.data.sources.provenance import CBS_LICENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from risicomodel.data.sources.statline.settings import TableRequest


@dataclass(frozen=True)
class ManifestEntry:
    """A table in the manifest, for one use of it.

    Parameters
    ----------
    table : str
        Its CBS table id.
    subject : str
        What it is about, such as ``kwb`` or ``jeugd``.
    year : int
        The year it describes.
    title : str
        CBS's title.
    modified : str
        When CBS last changed it, as CBS writes it.
    retrieved : str
        When it was downloaded (UTC, ISO 8601).
    rows : int
        Rows in ``file``.
    file : str
        Name of the file with its figures.
    sha256 : str
        Hash of that file, 64 hexadecimal digits.
    parts : mapping of str to str
        Hash of every other file of the table (dimensions, properties), by name.
    condition : str
        OData filter of the rows; empty for all.
    totals : tuple of str
        Titles that meant "total" in its breakdowns.
    url : str
        Address that the figures came from.
    licence : str
        On what terms they may be used.
    source : str
        Who published them.
    """

    table: str
    subject: str
    year: int
    title: str
    modified: str
    retrieved: str
    rows: int
    file: str
    sha256: str
    parts: Mapping[str, str]
    condition: str
    totals: tuple[str, ...]
    url: str
    licence: str = CBS_LICENCE
    source: str = "CBS"


@dataclass(frozen=True)
class Manifest:
    """The manifest of a folder that is being filled.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    folder: Path

    def entries(self) -> list[ManifestEntry]:
        """Return the entries; none if there is no manifest yet.

        Raises
        ------
        SourceError
            If the file is not a manifest.
        """
        path = self.folder / MANIFEST
        if not path.is_file():
            return []
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))["tables"]
            entries = [
                {field.name: entry[field.name] for field in fields(ManifestEntry)} for entry in raw
            ]
            return [
                ManifestEntry(**{**entry, "totals": tuple(entry["totals"])}) for entry in entries
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path} is not the manifest of a download ({type(error).__name__}: {error}); "
                "expected what 'risicomodel data data=cbs' wrote. Remove it to download its tables "
                "again, or set data.dir to another folder."
            ) from error

    def entries_of(self, requested: Sequence[TableRequest]) -> list[ManifestEntry]:
        """Return the entries of tables that were downloaded.

        Parameters
        ----------
        requested : sequence of TableRequest
            Tables in the manifest.

        Returns
        -------
        list of ManifestEntry
            In the order of ``requested``.
        """
        by_use = self._by_use()
        return [by_use[request.subject, request.year, request.table] for request in requested]

    def _by_use(self) -> dict[tuple[str, int, str], ManifestEntry]:
        return {(entry.subject, entry.year, entry.table): entry for entry in self.entries()}

    def lacking(
        self, requested: Sequence[TableRequest], *, offline: bool = False
    ) -> list[TableRequest]:
        """Return the requests that the folder cannot serve as its manifest describes it.

        Parameters
        ----------
        requested : sequence of TableRequest
            Tables that are needed.
        offline : bool
            Accept a table that was made with other totals.

        Returns
        -------
        list of TableRequest
            Those that must be downloaded.
        """
        by_use = self._by_use()
        whole = {table: self._is_whole(entry) for (_, _, table), entry in by_use.items()}
        out = []
        for request in requested:
            entry = by_use.get((request.subject, request.year, request.table))
            enough = entry is not None and whole[request.table]
            if entry is not None and not offline:
                enough = enough and set(request.totals) <= set(entry.totals)
            if not enough:
                out.append(request)
        return out

    def _is_whole(self, entry: ManifestEntry) -> bool:
        files = {**entry.parts, entry.file: entry.sha256}
        return all(
            (self.folder / name).is_file() and storage.sha256_file(self.folder / name) == sha
            for name, sha in files.items()
        )

    def add(self, made: ManifestEntry, uses: Sequence[tuple[str, int]]) -> None:
        """Write a table into the manifest, replacing what it says of that table.

        Parameters
        ----------
        made : ManifestEntry
            The table as it was downloaded.
        uses : sequence of (str, int)
            Subjects and years that it is for.
        """
        entries = self.entries()
        used = {(entry.subject, entry.year) for entry in entries if entry.table == made.table}
        used |= set(uses)
        entries = [entry for entry in entries if entry.table != made.table]
        entries += [replace(made, subject=subject, year=year) for subject, year in used]
        entries.sort(key=lambda entry: (entry.subject, entry.year, entry.table))
        storage.write_json(self.folder / MANIFEST, {"tables": [asdict(entry) for entry in entries]})
