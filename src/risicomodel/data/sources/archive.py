"""A local folder of CBS tables, as CBS publishes them.

Name: CBS Kerncijfers wijken en buurten and StatLine tables on jeugdzorg, Wmo and stapeling.
Licence: CC BY 4.0 ("Bron: CBS"). Period and URL: per table, in its provenance record.

The configuration (``configs/tables``) says which table holds which subject and year. Files are
found by name, in sub-folders too: ``84615NED.csv`` and ``84799NED_TypedDataSet.parquet`` by their
table id, ``kwb_wijk_2019.parquet`` by its whole name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.errors import SourceError, suggest
from risicomodel.data.sources import boundaries, formats, layout
from risicomodel.data.sources.provenance import CBS_LICENCE, CBS_TABLE_PAGE, Provenance

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

MANIFEST = "manifest.json"
# parts of a CBS download that describe a table
_ABOUT = ("_metadata", "_dataproperties", "_tableinfos", "_categorygroups", "_info")

# maps, which say where areas lie
BOUNDARIES = (".gpkg", ".geojson")

Tables = Mapping[str, Mapping[int, Sequence[str]]]


@dataclass(frozen=True)
class TableRef:
    """One table of an archive.

    Parameters
    ----------
    subject : str
        What it is about, such as ``kwb`` or ``jeugd``.
    year : int
        The year it describes.
    table : str
        Its CBS table id, or its name.
    path : Path
        Its file.
    """

    subject: str
    year: int
    table: str
    path: Path

    @property
    def is_map(self) -> bool:
        """Whether the file is a map, without figures."""
        return self.path.suffix.lower() in BOUNDARIES


@dataclass(frozen=True)
class ParsedTable:
    """A table whose file was parsed once, for all that is needed of it.

    Parameters
    ----------
    ref : TableRef
        The table.
    raw : DataFrame
        What :func:`risicomodel.data.sources.formats.read_file` returns for its file.
    titles : callable
        Returns the titles of a dimension by key, as far as the archive has them.
    """

    ref: TableRef
    raw: pd.DataFrame
    titles: Callable[[str], dict[str, str]]

    def rows(
        self, totals: Sequence[str] = (), period: str = layout.YEAR, *, by_name: bool = False
    ) -> pd.DataFrame:
        """Return the figures on one period.

        Parameters
        ----------
        totals : sequence of str
            Titles that mean "total" in a breakdown.
        period : str
            The table's year, or a period within it.
        by_name : bool
            The table names its areas and has no codes.

        Returns
        -------
        DataFrame
            A row per area, as :func:`risicomodel.data.sources.layout.area_rows` gives them.
        """
        return layout.area_rows(
            self.raw,
            self.ref.year,
            where=self.ref.path.name,
            totals=totals,
            titles=self.titles,
            period=period,
            by_name=by_name,
        )

    def within_year(
        self, periods: Sequence[str], totals: Sequence[str] = (), *, by_name: bool = False
    ) -> dict[str, pd.DataFrame]:
        """Return the figures on periods within the year.

        Parameters
        ----------
        periods : sequence of str
            Such as :data:`risicomodel.data.sources.layout.HALVES`.
        totals : sequence of str
            Titles that mean "total" in a breakdown.
        by_name : bool
            The table names its areas and has no codes.

        Returns
        -------
        dict of str to DataFrame
            By period, a row per area; empty if the table lacks one of the periods.
        """
        if not layout.has_periods(self.raw, self.ref.year, periods):
            return {}
        return {period: self.rows(totals, period, by_name=by_name) for period in periods}

    def areas(self) -> pd.DataFrame:
        """Return which areas the table has: ``code``, ``name``, ``gm_name`` and ``change``."""
        where = self.ref.path.name
        return layout.areas(self.raw, self.ref.year, where=where, titles=self.titles)


@dataclass(frozen=True)
class PlacedTable:
    """Where a table of the catalogue lies.

    Parameters
    ----------
    folder : str
        The name of its folder.
    file : str
        Its path in the archive.
    ref : TableRef
        The table.
    """

    folder: str
    file: str
    ref: TableRef


@dataclass
class Archive:
    """A folder of CBS tables, and the catalogue of what to look for in it.

    Parameters
    ----------
    folder : Path
        The folder.
    tables : mapping of str to mapping of int to sequence of str
        Subject → year → names to look for, of which the first is the CBS table id.
    source : str
        What made it, for provenance: ``archive``, ``cbs`` or ``demo``.

    Raises
    ------
    SourceError
        If the folder does not exist or holds no table of the catalogue.
    """

    folder: Path
    tables: Tables
    source: str = "archive"
    _read: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            near = suggest(self.folder.name, _siblings(self.folder))
            raise SourceError(
                f"no archive folder at {self.folder}{near}; expected a folder of CBS tables. Set "
                "data.dir to one, or fill one with 'risicomodel data data=cbs'."
            )
        if not self.refs:
            raise SourceError(
                f"{self.folder} holds no table of the catalogue; expected names such as "
                f"{self._examples()} with {', '.join(formats.READERS)}. Put the CBS files in it, "
                "or fill it with 'risicomodel data data=cbs'."
            )

    def _examples(self) -> str:
        names = [names[0] for years in self.tables.values() for names in years.values()]
        return ", ".join(names[:3])

    @cached_property
    def files(self) -> list[Path]:
        """All readable files of the archive, sorted by path."""
        return sorted(
            path
            for path in self.folder.rglob("*")
            if path.suffix.lower() in {*formats.READERS, *BOUNDARIES}
            and not path.name.startswith((".", "~"))
            and path.name != MANIFEST
        )

    @cached_property
    def refs(self) -> list[TableRef]:
        """Tables of the catalogue that are in the archive, sorted by subject and year."""
        refs = [
            TableRef(subject, year, names[0], path)
            for subject, years in self.tables.items()
            for year, names in sorted(years.items())
            if (path := self._find(names)) is not None
        ]
        return sorted(refs, key=lambda ref: (ref.subject, ref.year))

    def _find(self, names: Sequence[str]) -> Path | None:
        for name in names:
            for path in self.files:
                if _is_table(path, name):
                    return path
        return None

    def years(self, subject: str) -> dict[int, TableRef]:
        """Return the tables of one subject.

        Parameters
        ----------
        subject : str
            A subject of the catalogue.

        Returns
        -------
        dict of int to TableRef
            The tables that are in the archive, by year.
        """
        return {ref.year: ref for ref in self.refs if ref.subject == subject}

    def missing(self) -> list[tuple[str, int, str]]:
        """Return subject, year and id of the catalogue's tables that are not in the archive."""
        present = {(ref.subject, ref.year) for ref in self.refs}
        return [
            (subject, year, names[0])
            for subject, years in self.tables.items()
            for year, names in sorted(years.items())
            if (subject, year) not in present
        ]

    def parse(self, ref: TableRef) -> ParsedTable:
        """Parse the file of a table.

        Parameters
        ----------
        ref : TableRef
            The table.

        Returns
        -------
        ParsedTable

        Raises
        ------
        SourceError
            If the file is truncated, or is not what the manifest says.
        """
        self.sha256(ref.path)
        titles = cache(partial(self._titles, ref.table))
        return ParsedTable(ref, formats.read_file(ref.path), titles)

    def parse_years(self, subject: str) -> dict[int, ParsedTable]:
        """Parse the tables of a subject; a file that has several years is parsed once.

        Parameters
        ----------
        subject : str
            A subject of the catalogue.

        Returns
        -------
        dict of int to ParsedTable
            By year.
        """
        parsed: dict[Path, ParsedTable] = {}
        for ref in self.years(subject).values():
            if ref.path not in parsed:
                parsed[ref.path] = self.parse(ref)
        return {
            year: replace(parsed[ref.path], ref=ref) for year, ref in self.years(subject).items()
        }

    def map(self, ref: TableRef) -> tuple[gpd.GeoDataFrame, list[Provenance]]:
        """Read a map.

        Parameters
        ----------
        ref : TableRef
            The map.

        Returns
        -------
        GeoDataFrame
            A row per shape, as :func:`risicomodel.data.sources.boundaries.read_map` gives them,
            gemeenten named by the map of gemeenten beside it where the map itself does not.
        list of Provenance
            Where they came from.
        """
        self.sha256(ref.path)
        drawn = boundaries.read_map(ref.path)
        records = [self.record(ref, int(drawn["code"].nunique()))]
        path = boundaries.beside(ref.path)
        if path is not None and (drawn["gm_name"] == "").any():
            other = replace(ref, table=path.stem, path=path)
            self.sha256(path)
            gemeenten = boundaries.read_map(path)
            drawn = boundaries.named(drawn, gemeenten)
            records.append(self.record(other, int(gemeenten["code"].nunique())))
        return drawn, records

    def record(self, ref: TableRef, rows: int) -> Provenance:
        """Return where a table came from.

        Parameters
        ----------
        ref : TableRef
            The table.
        rows : int
            How many of its rows are used.

        Returns
        -------
        Provenance
        """
        no_page = self.source == "demo" or ref.is_map
        return Provenance(
            self.source,
            ref.subject,
            ref.table,
            str(ref.year),
            self.name(ref.path),
            self.sha256(ref.path),
            rows,
            url="" if no_page else CBS_TABLE_PAGE.format(table=ref.table),
            licence="made up" if self.source == "demo" else CBS_LICENCE,
        )

    def records(self, ref: TableRef, rows: int) -> list[Provenance]:
        """Return where a table came from, a record per file: here one."""
        return [self.record(ref, rows)]

    def name(self, path: Path) -> str:
        """Return a file's path in the archive.

        Parameters
        ----------
        path : Path
            A file of the archive.

        Returns
        -------
        str
            With forward slashes.
        """
        return path.relative_to(self.folder).as_posix()

    def _titles(self, table: str, dimension: str) -> dict[str, str]:
        for path in self.files:
            if layout.stem(path.stem.split(".")[-1]) == f"{table}{dimension}".lower():
                return layout.titles_from(formats.read_file(path))
        return {}

    @cached_property
    def _manifest(self) -> dict[str, str]:
        path = self.folder / MANIFEST
        if not path.is_file():
            return {}
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["tables"]
            return {entry["file"]: entry["sha256"] for entry in entries}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path} is not a manifest ({error}); expected what 'risicomodel data data=cbs' "
                "wrote. Remove it to read the folder as it is, or download the archive again."
            ) from error

    def sha256(self, path: Path) -> str:
        """Return a file's hash, checked against the manifest if there is one.

        Parameters
        ----------
        path : Path
            A file of the archive.

        Returns
        -------
        str
            SHA-256 of its bytes, 64 hexadecimal digits.

        Raises
        ------
        SourceError
            If the manifest has another hash.
        """
        if path not in self._read:
            self._read[path] = storage.sha256_file(path)
        recorded = self._manifest.get(self.name(path))
        if recorded is not None and recorded != self._read[path]:
            raise SourceError(
                f"{self.name(path)} is not the file its manifest describes: sha256 "
                f"{self._read[path][:12]}…; expected {recorded[:12]}…. If you meant to change it, "
                f"remove {MANIFEST}; otherwise download it again."
            )
        return self._read[path]

    def hashes(self) -> dict[str, str]:
        """Return the hash of every table of the catalogue, by path in the archive."""
        return {self.name(ref.path): self.sha256(ref.path) for ref in self.refs}

    def folders(self) -> dict[str, Path]:
        """Return the folder by its name."""
        return {self.folder.name: self.folder}

    def placed(self) -> list[PlacedTable]:
        """Return where every table of the catalogue lies, in the order of :attr:`refs`."""
        return [PlacedTable(self.folder.name, self.name(ref.path), ref) for ref in self.refs]

    def identity(self) -> dict[str, object]:
        """Return what the figures of an archive depend on: contents, and what they are used as."""
        return {
            "tables": self.hashes(),
            "catalogue": {f"{ref.subject}/{ref.year}": self.name(ref.path) for ref in self.refs},
            "source": self.source,
        }


def _siblings(folder: Path) -> list[str]:
    return [p.name for p in folder.parent.iterdir() if p.is_dir()] if folder.parent.is_dir() else []


def _is_table(path: Path, name: str) -> bool:
    table = name.lower()
    # 'cbs.v3.84799NED_…' carries a prefix; the id is the last dotted part
    last = path.stem.lower().split(".")[-1]
    if any(last.endswith(part) for part in _ABOUT):
        return False
    return last in {table, f"{table}_typeddataset", f"{table}_untypeddataset"}
