"""Build the panel from the tables of an archive: one row per wijk and year."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import SourceError
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.domains import (
    clients_column,
    population_at_risk,
    population_column,
    status_column,
)
from risicomodel.data.panel import editions as lag
from risicomodel.data.panel import location, names, outlines, place_ids
from risicomodel.data.panel import published as figures
from risicomodel.data.sources import boundaries, layout
from risicomodel.data.sources.own_table import OwnTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.sources.archive import Archive, TableRef
    from risicomodel.data.sources.provenance import Provenance

log = logging.getLogger(__name__)

KWB = "kwb"
GEO = "geo"
KEY = [AREA, "year"]
GM_KEY = ["gm_code", "year"]
SIZE = ["aantal_inwoners", "oppervlakte_land", "oppervlakte_totaal"]


@dataclass(frozen=True)
class Panel:
    """Areas over the years with their features and published figures; the input of every stage.

    Parameters
    ----------
    wijken : DataFrame
        Key ``wijk_code``, ``year``. Names, KWB columns, ``<topic>_year`` (the edition that a
        topic's columns are from), ``place_id`` (the years of a code that are one place), and per
        domain clients (persons), population at risk (persons) and status.
    gemeenten : DataFrame
        Key ``gm_code``, ``year``; the published ``<domain>_clients`` (persons) of the gemeente.
    outlines : DataFrame
        What maps show, a row per map and area (:mod:`outlines`); for wijken only.
    provenance : list of Provenance
        Every file read.
    level : Level
        Wijken or buurten.
    notes : list of str
        What a reader of the results must know.
    """

    wijken: pd.DataFrame
    gemeenten: pd.DataFrame
    outlines: pd.DataFrame
    provenance: list[Provenance] = field(default_factory=list)
    level: Level = WIJK
    notes: list[str] = field(default_factory=list)


class _Tables:
    """Area rows of an archive, each file read once."""

    def __init__(self, archive: Archive, totals: Mapping[str, Sequence[str]], level: Level) -> None:
        self.level = level
        self._archive = archive
        self._totals = totals
        self._rows: dict[tuple[str, int], pd.DataFrame] = {}
        self.provenance: list[Provenance] = []

    def subjects(self) -> list[str]:
        """Return the subjects there are tables of, KWB first: its names count first."""
        found = {ref.subject for ref in self._archive.found if not ref.is_map}
        return sorted(found, key=lambda subject: (subject != KWB, subject))

    def years(self, subject: str) -> list[int]:
        return sorted(self._archive.years(subject))

    def maps(self) -> dict[int, gpd.GeoDataFrame]:
        """Return what every map of the archive draws, by year."""
        out = {}
        for year, ref in sorted(self._archive.years(GEO).items()):
            if ref.is_map:
                out[year], record = self._archive.map(ref)
                self.provenance.append(record)
        return out

    def held(self, subject: str) -> list[int]:
        """Return the years in which a subject's table, read whole, has areas of the level."""
        years = self.years(subject)
        return [y for y in years if self.level.holds(self.rows(subject, y)["code"]).any()]

    def file(self, subject: str, year: int) -> str:
        return self._archive.years(subject)[year].path.name

    def rows(self, subject: str, year: int) -> pd.DataFrame:
        key = (subject, year)
        if key not in self._rows:
            ref: TableRef = self._archive.years(subject)[year]
            rows, record = self._archive.read(ref, self._totals.get(subject, ()))
            self._rows[key] = rows
            self.provenance.append(record)
        return self._rows[key]

    def halves(self, subject: str, year: int) -> dict[str, pd.DataFrame]:
        ref: TableRef = self._archive.years(subject)[year]
        return self._archive.halves(ref, self._totals.get(subject, ()))

    def areas(self, subject: str, year: int) -> pd.DataFrame:
        """Return a table's areas; of its figures only what was asked for is read."""
        if (subject, year) in self._rows:
            return self._rows[subject, year][layout.REGION_COLUMNS]
        rows, record = self._archive.areas(self._archive.years(subject)[year])
        self.provenance.append(record)
        return rows


def held(archive: Archive, subject: str, level: Level) -> bool:
    """Return whether any table of a subject has areas of a level; the newest is tried first.

    Parameters
    ----------
    archive : Archive
        The tables.
    subject : str
        A key of ``configs/tables``.
    level : Level
        Wijken or buurten.

    Returns
    -------
    bool
    """
    years = archive.years(subject)
    areas = (archive.areas(years[year])[0] for year in sorted(years, reverse=True))
    return any(level.holds(rows["code"]).any() for rows in areas)


def build(archive: Archive, domains: Mapping[str, Domain], level: Level = WIJK) -> Panel:
    """Build the panel of a level's areas from an archive.

    Parameters
    ----------
    archive : Archive
        Tables of CBS; at least one KWB edition.
    domains : mapping
        The domains whose figures to add, by name.
    level : Level
        Wijken or buurten.

    Returns
    -------
    Panel

    Raises
    ------
    SourceError
        If there is no KWB table, or a domain has no table at all, or none of the level.
    """
    subjects = {domain.subject for domain in domains.values()}
    totals = {domain.subject: domain.totals for domain in domains.values() if domain.totals}
    tables = _Tables(archive, totals, level)
    _require(tables, subjects)
    notes = _require_level(tables, domains)  # reads these whole: of the rest only areas are needed
    editions = {year: _edition(tables, year) for year in tables.held(KWB)}
    totals_of = {}
    wijken = lag.latest_out(_areas(tables, editions), editions)
    for name, domain in domains.items():
        wijken, totals_of[name] = _add_domain(wijken, tables, name, domain)
    gemeenten = reduce(lambda a, b: a.merge(b, on=GM_KEY, how="outer"), totals_of.values())
    wijken = wijken.sort_values(KEY, ignore_index=True)
    wijken = wijken.assign(**place_ids.groups(wijken))
    maps = tables.maps()
    wijken = location.attach(wijken, {year: boundaries.centres(m) for year, m in maps.items()})
    drawn = {year: boundaries.outlines(m) for year, m in maps.items()} if level is WIJK else {}
    return Panel(
        wijken,
        gemeenten.sort_values(GM_KEY, ignore_index=True),
        outlines.attach(wijken, drawn),
        sorted(tables.provenance, key=lambda p: (p.subject, p.period)),
        level,
        notes,
    )


def _require(tables: _Tables, subjects: set[str]) -> None:
    own = {OwnTable.SUBJECT}  # a gemeente's own table is joined to the panel later
    lacking = sorted(s for s in {KWB, *subjects} - own if not tables.years(s))
    if lacking:
        raise SourceError(
            f"the archive has no table for {', '.join(lacking)}; expected 'kwb', which has every "
            "wijk's features, and the subject of every domain. Add the tables, name them in "
            "'tables', or leave the domain out (for instance 'domain=bijstand')."
        )


def _require_level(tables: _Tables, domains: Mapping[str, Domain]) -> list[str]:
    """Raise where a domain, or KWB, has no areas of the level; note the years without any."""
    level = tables.level
    of = {KWB: KWB, **{name: domain.subject for name, domain in domains.items()}}
    of = {name: subject for name, subject in of.items() if subject != OwnTable.SUBJECT}
    held = {subject: tables.held(subject) for subject in of.values()}
    without = [name for name, subject in of.items() if not held[subject]]
    if without:
        raise SourceError(
            f"no table of {', '.join(without)} has {level.plural}; expected at least one. Choose "
            f"domains with figures per {level.name} (KWB has bijstand: 'domain=bijstand'), add "
            f"tables that have them, or use 'level={WIJK.name}'."
        )
    lacking = {subject: set(tables.years(subject)) - set(years) for subject, years in held.items()}
    return [
        f"{subject}: no {level.plural} in the tables of {', '.join(map(str, sorted(years)))}; "
        "those tables are left out."
        for subject, years in lacking.items()
        if years
    ]


def _edition(tables: _Tables, year: int) -> pd.DataFrame:
    """Return one KWB edition: canonical columns by wijk code."""
    rows = tables.rows(KWB, year)
    where = tables.file(KWB, year)
    own = tables.level.holds(rows["code"])
    kwb = names.canonical(rows[own], where=where)
    needed = ["aantal_inwoners"]
    if missing := [column for column in needed if column not in kwb]:
        raise SourceError(
            f"{where}: no column for {', '.join(missing)}; expected one under a name listed in "
            "data/panel/columns.csv. Check that this is the KWB table, or add the new name there."
        )
    if unknown := names.unknown(rows):
        log.debug("%s: columns not used: %s", where, ", ".join(unknown))
    kwb.insert(0, AREA, rows.loc[own, "code"])
    return kwb.reset_index(drop=True)


def _areas(tables: _Tables, editions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Return code, year, names and place of every area of the level, per year.

    Every table of the archive counts, also those of domains that were not chosen: the set of
    wijken, and so their assignment to folds, must not depend on the choice.
    """
    sightings = [
        tables.areas(subject, year).assign(year=year)
        for subject in tables.subjects()
        for year in tables.years(subject)
    ]
    seen = pd.concat(sightings, ignore_index=True)
    gemeente_names = _gemeente_names(seen)
    seen = seen[tables.level.holds(seen["code"])].rename(columns={"code": AREA})
    years = sorted(int(year) for year in seen["year"].unique())
    text = seen[["name", "gm_name", "change"]]
    seen[["name", "gm_name", "change"]] = text.mask(text.isin(["", "."]) | text.isna())
    areas = seen.groupby(KEY, as_index=False, sort=True)[["name", "gm_name", "change"]].first()
    areas = lag.carry_wijken(areas, years, last_edition=max(editions))
    areas["gm_code"] = "GM" + areas["wijk_code"].str[2:6]
    areas["gm_name"] = _filled(areas, "gm_name", ["gm_code"], gemeente_names)
    size = pd.concat(
        [kwb.reindex(columns=["wijk_code", *SIZE]).assign(year=y) for y, kwb in editions.items()]
    )
    areas = areas.merge(size, on=KEY, how="left").rename(columns={"name": "wijk_name"})
    areas["change"] = areas["change"].fillna("").astype("str")
    areas["wijk_name"] = areas["wijk_name"].fillna("")
    areas["place_id"] = place_ids.place_ids(areas)
    areas["wijk_name"] = _filled(areas.replace({"wijk_name": ""}, None), "wijk_name", ["place_id"])
    areas["wijk_name"] = areas["wijk_name"].fillna(areas["wijk_code"])
    return areas.drop(columns=SIZE)


def _gemeente_names(seen: pd.DataFrame) -> pd.Series:
    rows = seen[seen["code"].str.startswith("GM") & (seen["name"].fillna("") != "")]
    rows = rows.sort_values("year")
    return rows.groupby("code")["name"].last().str.replace(r" \(gemeente\)$", "", regex=True)


def _filled(
    areas: pd.DataFrame, column: str, by: list[str], otherwise: pd.Series | None = None
) -> pd.Series:
    """Fill a name from the group's other years: the one before, else the one after."""
    ordered = areas.sort_values([*by, "year"])
    group = ordered.groupby(by)[column]
    filled = group.ffill().fillna(group.bfill()).reindex(areas.index)
    if otherwise is None:
        return filled
    codes = areas[by[0]]
    return filled.fillna(codes.map(otherwise)).fillna(codes)


def _add_domain(
    wijken: pd.DataFrame, tables: _Tables, name: str, domain: Domain
) -> tuple[pd.DataFrame, pd.DataFrame]:

    clients = pd.Series(float("nan"), index=wijken.index)
    status = pd.Series(figures.NOT_MEASURED, index=wijken.index, dtype="str")
    totals = []
    for year in tables.years(domain.subject):
        rows = tables.rows(domain.subject, year)
        where = tables.file(domain.subject, year)
        published = figures.read(rows, domain, name=name, where=where)
        areas = wijken[wijken["year"] == year]
        if not (published.clients.notna()).any():
            continue  # the edition has the column, but no figures yet
        if year in tables.held(domain.subject):  # or it has totals of gemeenten only
            clients[areas.index] = areas[AREA].map(published.clients).astype("float64")
            status[areas.index] = figures.status(published, areas)
        gm = published.clients[published.clients.index.str.startswith("GM")].dropna()
        totals.append(
            pd.DataFrame({"gm_code": gm.index, "year": year, clients_column(name): gm.values})
        )
    wijken = wijken.assign(
        **{
            clients_column(name): clients,
            population_column(name): population_at_risk(domain, wijken),
            status_column(name): status,
        }
    )
    wijken = wijken.assign(**_halves(wijken, tables, name, domain))
    columns = ["gm_code", "year", clients_column(name)]
    return wijken, pd.concat(totals) if totals else pd.DataFrame(columns=columns)


def _halves(
    wijken: pd.DataFrame, tables: _Tables, name: str, domain: Domain
) -> dict[str, pd.Series]:
    """Return clients in the first and in the second half of every year; none without such rows.

    Never add them up or compare them with a year's: a client in both halves is counted in both.
    """
    out: dict[str, pd.Series] = {}
    for year in tables.held(domain.subject):
        codes = wijken.loc[wijken["year"] == year, AREA]
        for half, rows in tables.halves(domain.subject, year).items():
            where = tables.file(domain.subject, year)
            clients = figures.read(rows, domain, name=name, where=where).clients
            column = out.setdefault(f"{name}_{half}", pd.Series(float("nan"), index=wijken.index))
            column[codes.index] = codes.map(clients).astype("float64")
    return out
