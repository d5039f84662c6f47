"""The manifest of a download: what is in the folder, where it came from, and its hashes."""

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

    from risicomodel.data.sources.statline.settings import Wanted


@dataclass(frozen=True)
class Entry:
    """A table in the manifest.

    Parameters
    ----------
    table, subject, year, title
        What it is.
    modified, retrieved : str
        When CBS last changed it, and when it was downloaded (UTC, ISO 8601).
    rows : int
        Rows in ``file``.
    file, sha256 : str
        The data, and the hash of its bytes.
    parts : mapping
        The hash of every file that goes with it (dimensions, properties), by name.
    condition : str
        The filter that was asked for.
    totals : sequence of str
        The titles of totals it was made with.
    url, licence, source : str
        Where it came from and how it may be used.
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
    """A folder and its manifest, as the one who fills it sees them."""

    folder: Path

    def entries(self) -> list[Entry]:
        """Return the manifest's entries."""
        path = self.folder / MANIFEST
        if not path.is_file():
            return []
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))["tables"]
            known = [{field.name: entry[field.name] for field in fields(Entry)} for entry in raw]
            return [Entry(**{**entry, "totals": tuple(entry["totals"])}) for entry in known]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path} is not a manifest of a download ({type(error).__name__}: {error}); remove "
                "it to download its tables again, or set data.dir to another folder."
            ) from error

    def entries_of(self, wanted: Sequence[Wanted]) -> list[Entry]:
        """Return the entries of these tables, in their order."""
        found = {(entry.subject, entry.year, entry.table): entry for entry in self.entries()}
        return [found[want.subject, want.year, want.table] for want in wanted]

    def lacking(self, wanted: Sequence[Wanted], *, offline: bool = False) -> list[Wanted]:
        """Return what is not here as the manifest tells; offline any totals will do."""
        found = {(entry.subject, entry.year, entry.table): entry for entry in self.entries()}
        whole = {table: self._is_whole(entry) for (_, _, table), entry in found.items()}
        out = []
        for want in wanted:
            entry = found.get((want.subject, want.year, want.table))
            enough = entry is not None and whole[want.table]
            if entry is not None and not offline:
                enough = enough and set(want.totals) <= set(entry.totals)
            if not enough:
                out.append(want)
        return out

    def _is_whole(self, entry: Entry) -> bool:
        files = {**entry.parts, entry.file: entry.sha256}
        return all(
            (self.folder / name).is_file() and storage.sha256_file(self.folder / name) == sha
            for name, sha in files.items()
        )

    def add(self, made: Entry, uses: Sequence[tuple[str, int]]) -> None:
        """Write a table into the manifest, for all that it is used for."""
        entries = self.entries()
        used = {(entry.subject, entry.year) for entry in entries if entry.table == made.table}
        used |= set(uses)
        entries = [entry for entry in entries if entry.table != made.table]
        entries += [replace(made, subject=subject, year=year) for subject, year in used]
        entries.sort(key=lambda entry: (entry.subject, entry.year, entry.table))
        storage.write_json(self.folder / MANIFEST, {"tables": [asdict(entry) for entry in entries]})
