"""Several folders of CBS tables, read as one archive: a table in two of them is united.

Rows are united by the code of their area. A cell may be blank in one folder and filled in another;
where two folders fill it differently, one of them is wrong or newer, and which one counts is for
the user to say: all such cells are refused, unless the first folder is to win.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.sources import formats, layout
from risicomodel.data.sources.archive import Archive, ParsedTable, PlacedTable, TableRef, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import geopandas as gpd

    from risicomodel.data.sources.provenance import Provenance

HOW_TO_CHOOSE = (
    "Correct or remove one of them, or let the folder that is named first count with "
    "data.first_wins=true."
)


@dataclass(frozen=True)
class UnitedTable:
    """A table that several folders hold part of.

    Parameters
    ----------
    parts : dict of str to ParsedTable
        The folders' tables by path of the folder, the first to count first.
    first_wins : bool
        Whether the first counts where two differ; otherwise that is an error.
    counts : dict of str to int
        How many areas each folder's file has, once they were read.
    """

    parts: dict[str, ParsedTable]
    first_wins: bool
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def ref(self) -> TableRef:
        """The table, as the first folder has it."""
        return next(iter(self.parts.values())).ref

    def rows(
        self, totals: Sequence[str] = (), period: str = layout.YEAR, *, by_name: bool = False
    ) -> pd.DataFrame:
        """Return the figures on one period, as :meth:`.archive.ParsedTable.rows` does.

        Raises
        ------
        DataError
            If a cell differs between two folders, unless the first wins.
        SourceError
            If two folders hold the table with other columns.
        """
        return self._united(lambda part: part.rows(totals, period, by_name=by_name), by_name)

    def within_year(
        self, periods: Sequence[str], totals: Sequence[str] = (), *, by_name: bool = False
    ) -> dict[str, pd.DataFrame]:
        """Return the figures on periods within the year, of the folders that have them."""
        parts = {
            folder: part
            for folder, part in self.parts.items()
            if layout.has_periods(part.raw, part.ref.year, periods)
        }
        of_periods = replace(self, parts=parts, counts={})
        return {
            period: of_periods.rows(totals, period, by_name=by_name) for period in periods if parts
        }

    def areas(self) -> pd.DataFrame:
        """Return which areas the table has: ``code``, ``name``, ``gm_name`` and ``change``."""
        united = self._united(lambda part: part.areas())
        return united.drop_duplicates("code", ignore_index=True)

    def _united(
        self, read: Callable[[ParsedTable], pd.DataFrame], by_name: bool = False
    ) -> pd.DataFrame:
        parts = {folder: read(part) for folder, part in self.parts.items()}
        self.counts.update({folder: len(part) for folder, part in parts.items()})
        return unite(
            parts,
            key="name" if by_name else "code",
            table=f"{self.ref.table} of {self.ref.year}",
            first_wins=self.first_wins,
        )


AnyTable: TypeAlias = ParsedTable | UnitedTable


def unite(
    parts: dict[str, pd.DataFrame], *, key: str, table: str, first_wins: bool
) -> pd.DataFrame:
    """Unite the rows that folders have of one table.

    Parameters
    ----------
    parts : dict of str to DataFrame
        Rows by folder, the first to count first; ``key`` is unique in each, where it is not empty.
    key : str
        The column that says which area a row is about.
    table : str
        The table, for messages.
    first_wins : bool
        Whether the first counts where two differ.

    Returns
    -------
    DataFrame
        A row per area: the first folder's in its order, then those that only later ones have. A
        cell is the first that is not blank. Rows with an empty key: one per ``name``.

    Raises
    ------
    DataError
        Listing every cell that differs, unless the first wins.
    SourceError
        If columns of two folders do not fit each other.
    """
    _refuse_other_columns(parts, table)
    keyed = {folder: part[part[key] != ""].set_index(key) for folder, part in parts.items()}
    differences = [
        line
        for (folder, one), (other_folder, other) in combinations(keyed.items(), 2)
        for line in _differences((folder, one), (other_folder, other))
    ]
    if differences and not first_wins:
        raise DataError(
            f"{table} is in several folders, and {len(differences)} cells differ between them; "
            f"expected one figure per area and column. {HOW_TO_CHOOSE}",
            differences,
        )
    first, *later = keyed.values()
    for part in later:
        first = _filled(first, part)
    unkeyed = pd.concat([part[part[key] == ""] for part in parts.values()])
    columns = list(max(parts.values(), key=lambda part: len(part.columns)).columns)
    first = first.rename_axis(key).reset_index()
    united = pd.concat([first, unkeyed.drop_duplicates("name")], ignore_index=True)
    return united[columns]


def _refuse_other_columns(parts: dict[str, pd.DataFrame], table: str) -> None:
    """Raise where two folders have columns that the other lacks: the same may have two names."""
    by_size = sorted(parts.items(), key=lambda item: len(item[1].columns))
    for (folder, fewer), (other_folder, more) in pairwise(by_size):
        extra = [column for column in fewer.columns if column not in more.columns]
        if extra:
            lacking = [column for column in more.columns if column not in fewer.columns]
            raise SourceError(
                f"{table} has other columns in {folder} ({_some(extra)}) than in {other_folder} "
                f"({_some(lacking)}); expected one layout, as one figure may have another name in "
                "each. Use files of one kind and release, or leave one of the two out."
            )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return f"{shown}, …" if len(names) > len(names[:3]) else shown


def _differences(one: tuple[str, pd.DataFrame], other: tuple[str, pd.DataFrame]) -> list[str]:
    """Return a line per cell that two folders fill differently."""
    (folder, left), (other_folder, right) = one, other
    common = left.index.intersection(right.index)
    out = []
    for column in left.columns.intersection(right.columns):
        a, b = _comparable(left.loc[common, column], right.loc[common, column])
        differs = a.notna() & b.notna() & (a != b)
        out += [
            f"{area}, column '{column}': {a[area]} in {folder}, {b[area]} in {other_folder}"
            for area in common[differs]
        ]
    return out


def _comparable(one: pd.Series, other: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return two columns as numbers, or as text if one has other text; blank cells are missing."""
    try:
        return formats.to_number(one, where=""), formats.to_number(other, where="")
    except DataError:
        a, b = one.astype("str").str.strip(), other.astype("str").str.strip()
        return a.mask(a.isin(formats.MISSING)), b.mask(b.isin(formats.MISSING))


def _filled(first: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return rows with blank cells, and areas, that are lacking taken from another folder's."""
    areas = first.index.append(other.index.difference(first.index, sort=False))
    columns = [*first.columns, *other.columns.difference(first.columns, sort=False)]
    out = {}
    for column in columns:
        sides = [
            part[column].astype("str").reindex(areas)
            for part in (first, other)
            if column in part.columns
        ]
        text = sides[0]
        for more in sides[1:]:
            text = text.where(~(text.isna() | text.isin(formats.MISSING)), more)
        out[column] = text.fillna("")
    return pd.DataFrame(out, index=areas)


class Archives:
    """Several folders of CBS tables, used as one :class:`.archive.Archive`.

    Parameters
    ----------
    folders : sequence of Path
        At least two; the first counts first.
    tables : mapping of str to mapping of int to sequence of str
        Subject → year → names to look for, of which the first is the CBS table id.
    first_wins : bool
        Whether the first folder's figure counts where two differ; otherwise that is an error.

    Raises
    ------
    SourceError
        If a folder does not exist or holds no table of the catalogue.
    """

    source = "archive"

    def __init__(
        self, folders: Sequence[Path], tables: Tables, *, first_wins: bool = False
    ) -> None:
        self.first_wins = first_wins
        self._tables = tables
        self._archives: dict[str, Archive] = {}
        self._united: dict[tuple[str, int], UnitedTable] = {}
        for folder in dict.fromkeys(folders):
            self._archives[_free_name(folder.name, self._archives)] = Archive(folder, tables)

    @cached_property
    def refs(self) -> list[TableRef]:
        """Tables of the catalogue that are in any folder, sorted by subject and year."""
        refs: dict[tuple[str, int], TableRef] = {}
        for archive in self._archives.values():
            for ref in archive.refs:
                refs.setdefault((ref.subject, ref.year), ref)
        return [refs[key] for key in sorted(refs)]

    def years(self, subject: str) -> dict[int, TableRef]:
        """Return the tables of one subject by year, each as the first folder has it."""
        return {ref.year: ref for ref in self.refs if ref.subject == subject}

    def missing(self) -> list[tuple[str, int, str]]:
        """Return subject, year and id of the catalogue's tables that are in no folder."""
        in_all = [set(archive.missing()) for archive in self._archives.values()]
        first = next(iter(self._archives.values()))
        return [table for table in first.missing() if all(table in lacks for lacks in in_all)]

    def parse(self, ref: TableRef) -> AnyTable:
        """Parse a table's files: of one folder, or united.

        Parameters
        ----------
        ref : TableRef
            The table.

        Returns
        -------
        ParsedTable or UnitedTable

        Raises
        ------
        SourceError
            If a file is truncated, or is not what its folder's manifest says.
        """
        parts = {name: self._archives[name].parse(it) for name, it in self._holders(ref).items()}
        return self._table(ref, parts)

    def parse_years(self, subject: str) -> dict[int, AnyTable]:
        """Parse the tables of a subject; a file that has several years is parsed once."""
        parsed = {name: one.parse_years(subject) for name, one in self._archives.items()}
        return {
            year: self._table(
                ref, {n: tables[year] for n, tables in parsed.items() if year in tables}
            )
            for year, ref in self.years(subject).items()
        }

    def map(self, ref: TableRef) -> tuple[gpd.GeoDataFrame, list[Provenance]]:
        """Read a map, as :meth:`.archive.Archive.map` does.

        Raises
        ------
        SourceError
            If two folders have another map of the year, unless the first wins.
        """
        (name, first), *others = self._holders(ref).items()
        archive = self._archives[name]
        for other_name, it in others:
            other = self._archives[other_name]
            if not self.first_wins and other.sha256(it.path) != archive.sha256(first.path):
                raise SourceError(
                    f"the map of {ref.year} differs between {archive.folder} ({first.path.name}) "
                    f"and {other.folder} ({it.path.name}); expected one. {HOW_TO_CHOOSE}"
                )
        drawn, records = archive.map(first)
        return drawn, [_in_folder(name, record) for record in records]

    def records(self, ref: TableRef, rows: int) -> list[Provenance]:
        """Return where a table came from, a record per file.

        Parameters
        ----------
        ref : TableRef
            The table.
        rows : int
            How many of its rows are used. A table of several folders has more than each of its
            files: then it is the areas in a file.

        Returns
        -------
        list of Provenance
            ``file`` begins with the name of its folder.
        """
        united = self._united.get((ref.subject, ref.year))
        counts = united.counts if united else {}
        return [
            _in_folder(name, archive.record(it, min(rows, counts.get(str(archive.folder), rows))))
            for name, it in self._holders(ref).items()
            for archive in [self._archives[name]]
        ]

    def hashes(self) -> dict[str, str]:
        """Return the hash of every table of the catalogue, by folder and path in it."""
        return {
            f"{name}/{file}": value
            for name, archive in self._archives.items()
            for file, value in archive.hashes().items()
        }

    def folders(self) -> dict[str, Path]:
        """Return the folders by their names, which are made to differ."""
        return {name: archive.folder for name, archive in self._archives.items()}

    def placed(self) -> list[PlacedTable]:
        """Return where every table of the catalogue lies, sorted by subject and year."""
        placed = [
            PlacedTable(name, f"{name}/{table.file}", table.ref)
            for name, archive in self._archives.items()
            for table in archive.placed()
        ]
        return sorted(placed, key=lambda table: (table.ref.subject, table.ref.year))

    def identity(self) -> dict[str, object]:
        """Return what the figures depend on: every folder's, their order, and which one wins."""
        return {
            "folders": [[name, archive.identity()] for name, archive in self._archives.items()],
            "first_wins": self.first_wins,
        }

    def _holders(self, ref: TableRef) -> dict[str, TableRef]:
        """Return a table's own file in every folder that has it, by the folder's name."""
        return {
            name: archive.years(ref.subject)[ref.year]
            for name, archive in self._archives.items()
            if ref.year in archive.years(ref.subject)
        }

    def _table(self, ref: TableRef, parts: dict[str, ParsedTable]) -> AnyTable:
        if len(parts) == 1:
            return next(iter(parts.values()))
        by_folder = {str(self._archives[name].folder): part for name, part in parts.items()}
        united = UnitedTable(by_folder, self.first_wins)
        self._united[ref.subject, ref.year] = united
        return united


AnyArchive: TypeAlias = Archive | Archives


def _in_folder(name: str, record: Provenance) -> Provenance:
    return replace(record, file=f"{name}/{record.file}")


def _free_name(name: str, taken: dict[str, Archive]) -> str:
    number, out = 1, name
    while out in taken:
        number += 1
        out = f"{name}-{number}"
    return out
