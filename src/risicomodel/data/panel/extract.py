"""What the panel takes from each CBS table: every file is parsed once, and let go of."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import SourceError
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.domains import OF_GEMEENTEN
from risicomodel.data.panel import gemeente_tables, multiple_use, names, published
from risicomodel.data.sources import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.gemeente_tables import NamedTotals
    from risicomodel.data.panel.published import Figures
    from risicomodel.data.sources.archive import TableRef
    from risicomodel.data.sources.provenance import Provenance
    from risicomodel.data.sources.several import AnyArchive, AnyTable

log = logging.getLogger(__name__)

KWB = "kwb"
GEO = "geo"


@dataclass(frozen=True)
class Extract:
    """What the panel takes from one table.

    Parameters
    ----------
    areas : DataFrame
        ``code``, ``name``, ``gm_name`` and ``change`` of all areas in the table, of any level.
    edition : DataFrame or None
        Of a KWB table with areas of the level: their ``wijk_code`` and canonical columns.
    figures : dict
        By domain, the year's figures.
    halves : dict
        By domain, the figures of either half of the year; empty where the table has none.
    multiple_use : DataFrame or None
        Who has any provision (:mod:`.multiple_use`).
    """

    areas: pd.DataFrame
    edition: pd.DataFrame | None
    figures: dict[str, Figures]
    halves: dict[str, dict[str, Figures]]
    multiple_use: pd.DataFrame | None


class Extracts:
    """The extracts of an archive's tables, each made when it is first asked for.

    Parameters
    ----------
    archive : Archive or Archives
        The tables.
    domains : mapping
        Domains whose figures to take, by name.
    level : Level
        Wijken or buurten.
    """

    def __init__(self, archive: AnyArchive, domains: Mapping[str, Domain], level: Level) -> None:
        self.level = level
        self.provenance: list[Provenance] = []
        self._archive = archive
        self._domains = domains
        self._totals = {d.subject: d.totals for d in domains.values() if d.totals}
        self._extracts: dict[tuple[str, int], Extract] = {}

    def of(self, subject: str, year: int) -> Extract:
        """Return the extract of a subject's table of a year."""
        if (subject, year) not in self._extracts:
            self._extracts[subject, year] = self._extract(self._archive.years(subject)[year])
        return self._extracts[subject, year]

    def subjects(self) -> list[str]:
        """Return the subjects there are tables of areas of, KWB first: its names count first."""
        subjects = {
            ref.subject
            for ref in self._archive.refs
            if not ref.is_map and not ref.subject.endswith(OF_GEMEENTEN)
        }
        return sorted(subjects, key=lambda subject: (subject != KWB, subject))

    def years(self, subject: str) -> list[int]:
        """Return the years there are tables of a subject for."""
        return sorted(self._archive.years(subject))

    def years_of_level(self, subject: str) -> list[int]:
        """Return the years in which a subject's table has areas of the level."""
        return [year for year in self.years(subject) if self._of_level(self.of(subject, year))]

    def maps(self) -> dict[int, gpd.GeoDataFrame]:
        """Return what every map of the archive draws, by year."""
        out = {}
        for year, ref in sorted(self._archive.years(GEO).items()):
            if ref.is_map:
                out[year], records = self._archive.map(ref)
                self.provenance += records
        return out

    def multiple_use(self) -> list[pd.DataFrame]:
        """Return who has any provision, a table per year that tells of it."""
        subject = multiple_use.SUBJECT
        tables = [self.of(subject, year).multiple_use for year in self.years(subject)]
        return [table for table in tables if table is not None]

    def named_totals(self, name: str) -> list[NamedTotals]:
        """Return what tables that name gemeenten have of a domain; the first counts first."""
        out = []
        for declared in self._domains[name].gemeente_tables:
            for table in self._archive.parse_years(declared.subject).values():
                totals = gemeente_tables.read(table, declared, name)
                if len(totals.figures):
                    self.provenance += self._archive.records(table.ref, len(totals.figures))
                out.append(totals)
        return out

    def _of_level(self, extract: Extract) -> bool:
        return bool(self.level.holds(extract.areas["code"]).any())

    def _extract(self, ref: TableRef) -> Extract:
        table = self._archive.parse(ref)
        domains = {
            n: domain for n, domain in self._domains.items() if domain.subject == ref.subject
        }
        if domains or ref.subject == KWB:
            extract = self._with_figures(table, domains)
        else:
            extract = Extract(table.areas(), None, {}, {}, self._multiple_use(table))
        self.provenance += self._archive.records(ref, len(extract.areas))
        return extract

    def _with_figures(self, table: AnyTable, domains: Mapping[str, Domain]) -> Extract:
        ref, where = table.ref, table.ref.path.name
        totals = self._totals.get(ref.subject, ())
        rows = table.rows(totals)
        of_level = self.level.holds(rows["code"])
        is_edition = ref.subject == KWB and of_level.any()
        counts_in_parts = bool(domains) and of_level.any()
        halves = table.within_year(layout.HALVES, totals) if counts_in_parts else {}

        def figures(rows: pd.DataFrame, name: str) -> Figures:
            return published.read(rows, domains[name], name=name, where=where)

        return Extract(
            rows[layout.REGION_COLUMNS],
            _edition(rows, of_level, where) if is_edition else None,
            {name: figures(rows, name) for name in domains},
            {
                name: {half: figures(part, name) for half, part in halves.items()}
                for name in domains
            },
            self._multiple_use(table),
        )

    def _multiple_use(self, table: AnyTable) -> pd.DataFrame | None:
        """Return who has any provision; CBS tells of wijken."""
        if self.level != WIJK or table.ref.subject != multiple_use.SUBJECT:
            return None
        return multiple_use.counts(table)


def _edition(rows: pd.DataFrame, of_level: pd.Series, where: str) -> pd.DataFrame:
    """Return one KWB edition: canonical columns by wijk code."""
    kwb = names.canonical(rows[of_level], where=where)
    if "aantal_inwoners" not in kwb:
        raise SourceError(
            f"{where}: no column for aantal_inwoners; expected one under a name listed in "
            "data/panel/columns.csv. Check that this is the KWB table, or add the new name there."
        )
    if unknown := names.unknown(rows):
        log.debug("%s: columns not used: %s", where, ", ".join(unknown))
    kwb.insert(0, AREA, rows.loc[of_level, "code"])
    return kwb.reset_index(drop=True)
