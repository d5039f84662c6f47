"""Build the panel from the tables of an archive: one row per wijk and year."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial, reduce
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import SourceError
from risicomodel.core.levels import AREA, COUNTRY_CODE, WIJK
from risicomodel.data.domains import (
    clients_column,
    half_column,
    population_at_risk,
    population_column,
    status_column,
    year_end_column,
)
from risicomodel.data.panel import (
    gemeente_tables,
    location,
    multiple_use,
    outlines,
    place_ids,
    published,
)
from risicomodel.data.panel.editions import carry_wijken, latest_out
from risicomodel.data.panel.extract import KWB, Extracts
from risicomodel.data.sources import boundaries
from risicomodel.data.sources.layout import HALVES
from risicomodel.data.sources.own_table import OwnTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.sources.provenance import Provenance
    from risicomodel.data.sources.several import AnyArchive

KEY = [AREA, "year"]
GM_KEY = ["gm_code", "year"]
TOTALS: tuple[Callable[[str], str], ...] = (
    clients_column,
    *(partial(half_column, half=half) for half in HALVES),
    year_end_column,
)
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
        Key ``gm_code``, ``year``; the published ``<domain>_clients`` (persons) of the gemeente, and
        of the halves of the year, or at its end, where they are published.
    country : DataFrame
        Key ``year``; the same of the country.
    outlines : DataFrame
        What maps show, a row per map and area (:mod:`outlines`); for wijken only.
    multiple_use : DataFrame
        Key ``wijk_code``, ``year``; ``clients`` (persons) and ``households`` with any provision;
        for wijken only.
    provenance : list of Provenance
        Every file read.
    level : Level
        Wijken or buurten.
    notes : list of str
        What a reader of the results must know.
    """

    wijken: pd.DataFrame
    gemeenten: pd.DataFrame
    country: pd.DataFrame
    outlines: pd.DataFrame
    multiple_use: pd.DataFrame
    provenance: list[Provenance] = field(default_factory=list)
    level: Level = WIJK
    notes: list[str] = field(default_factory=list)


def held(archive: AnyArchive, subject: str, level: Level) -> bool:
    """Return whether any table of a subject has areas of a level; the newest is tried first.

    Parameters
    ----------
    archive : Archive or Archives
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
    tables = (archive.parse(years[year]).areas() for year in sorted(years, reverse=True))
    return any(level.holds(areas["code"]).any() for areas in tables)


def build(archive: AnyArchive, domains: Mapping[str, Domain], level: Level = WIJK) -> Panel:
    """Build the panel of a level's areas from an archive.

    Parameters
    ----------
    archive : Archive or Archives
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
    extracts = Extracts(archive, domains, level)
    _require(extracts, {domain.subject for domain in domains.values()})
    notes = _require_level(extracts, domains)
    editions = {
        year: edition
        for year in extracts.years(KWB)
        if (edition := extracts.of(KWB, year).edition) is not None
    }
    totals_of, country_of = {}, {}
    wijken = latest_out(_areas(extracts, editions), editions)
    for name, domain in domains.items():
        wijken, of_gemeenten, of_country = _add_domain(wijken, extracts, name, domain)
        named = extracts.named_totals(name)
        totals_of[name], about = gemeente_tables.fill(of_gemeenten, named, wijken, name)
        country_of[name] = gemeente_tables.country(of_country, named)
        notes += about
    wijken = wijken.sort_values(KEY, ignore_index=True)
    wijken = wijken.assign(**place_ids.groups(wijken))
    maps = extracts.maps()
    wijken = location.attach(wijken, {year: boundaries.centres(m) for year, m in maps.items()})
    drawn = {year: boundaries.outlines(m) for year, m in maps.items()} if level is WIJK else {}
    return Panel(
        wijken,
        _side_by_side(totals_of, GM_KEY),
        _side_by_side(country_of, ["year"]),
        outlines.attach(wijken, drawn),
        multiple_use.together(extracts.multiple_use()),
        sorted(extracts.provenance, key=lambda p: (p.subject, p.period)),
        level,
        notes,
    )


def _side_by_side(tables: Mapping[str, pd.DataFrame], key: list[str]) -> pd.DataFrame:
    """Return the totals of domains as one table, sorted by its key."""
    table = reduce(lambda a, b: a.merge(b, on=key, how="outer"), tables.values())
    ordered = [column(name) for column in TOTALS for name in tables]
    table = table[[*key, *(name for name in ordered if name in table)]]
    return table.sort_values(key, ignore_index=True)


def _require(extracts: Extracts, subjects: set[str]) -> None:
    joined_later = {OwnTable.SUBJECT}  # a gemeente's own table
    lacking = sorted(s for s in {KWB, *subjects} - joined_later if not extracts.years(s))
    if lacking:
        raise SourceError(
            f"the archive has no table for {', '.join(lacking)}; expected 'kwb', which has every "
            "wijk's features, and the subject of every domain. Add the tables, name them in "
            "'tables', or leave the domain out (for instance 'domain=bijstand')."
        )


def _require_level(extracts: Extracts, domains: Mapping[str, Domain]) -> list[str]:
    """Raise where a domain, or KWB, has no areas of the level; note the years without any."""
    level = extracts.level
    subjects = {KWB: KWB, **{name: domain.subject for name, domain in domains.items()}}
    subjects = {name: what for name, what in subjects.items() if what != OwnTable.SUBJECT}
    with_areas = {subject: extracts.years_of_level(subject) for subject in subjects.values()}
    without = [name for name, subject in subjects.items() if not with_areas[subject]]
    if without:
        raise SourceError(
            f"no table of {', '.join(without)} has {level.plural}; expected at least one. Choose "
            f"domains with figures per {level.name} (KWB has bijstand: 'domain=bijstand'), add "
            f"tables that have them, or use 'level={WIJK.name}'."
        )
    lacking = {
        subject: set(extracts.years(subject)) - set(years) for subject, years in with_areas.items()
    }
    return [
        f"{subject}: no {level.plural} in the tables of {', '.join(map(str, sorted(years)))}; "
        "those tables are left out."
        for subject, years in lacking.items()
        if years
    ]


def _areas(extracts: Extracts, editions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Return code, year, names and place of every area of the level, per year.

    Every table of the archive counts, also those of domains that were not chosen: the set of
    wijken, and so their assignment to folds, must not depend on the choice.
    """
    sightings = [
        extracts.of(subject, year).areas.assign(year=year)
        for subject in extracts.subjects()
        for year in extracts.years(subject)
    ]
    seen = pd.concat(sightings, ignore_index=True)
    gemeente_names = _gemeente_names(seen)
    seen = seen[extracts.level.holds(seen["code"])].rename(columns={"code": AREA})
    years = sorted(int(year) for year in seen["year"].unique())
    text = seen[["name", "gm_name", "change"]]
    seen[["name", "gm_name", "change"]] = text.mask(text.isin(["", "."]) | text.isna())
    areas = seen.groupby(KEY, as_index=False, sort=True)[["name", "gm_name", "change"]].first()
    areas = carry_wijken(areas, years, last_edition=max(editions))
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
    wijken: pd.DataFrame, extracts: Extracts, name: str, domain: Domain
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the panel with a domain's figures, and those of gemeenten and of the country."""
    clients = pd.Series(float("nan"), index=wijken.index)
    status = pd.Series(published.NOT_MEASURED, index=wijken.index, dtype="str")
    totals = []
    for year in extracts.years(domain.subject):
        figures = extracts.of(domain.subject, year).figures[name]
        areas = wijken[wijken["year"] == year]
        if not figures.clients.notna().any():
            continue  # the edition has the column, but no figures yet
        if year in extracts.years_of_level(domain.subject):  # or it has totals of gemeenten only
            clients[areas.index] = areas[AREA].map(figures.clients).astype("float64")
            status[areas.index] = published.status(figures, areas)
        totals.append(_totals(extracts, name, domain, year))
    wijken = wijken.assign(
        **{
            clients_column(name): clients,
            population_column(name): population_at_risk(domain, wijken),
            status_column(name): status,
        }
    )
    wijken = wijken.assign(**_halves(wijken, extracts, name, domain))
    columns = ["code", "year", clients_column(name)]
    table = pd.concat(totals) if totals else pd.DataFrame(columns=columns)
    of_gemeenten = table[table["code"].str.startswith("GM")].rename(columns={"code": "gm_code"})
    return wijken, of_gemeenten, table[table["code"] == COUNTRY_CODE].drop(columns="code")


def _totals(extracts: Extracts, name: str, domain: Domain, year: int) -> pd.DataFrame:
    """Return what a year's table says of gemeenten and the country: of the year, of its halves."""
    extract = extracts.of(domain.subject, year)
    figures = {clients_column(name): extract.figures[name].clients}
    figures |= {half_column(name, half): f.clients for half, f in extract.halves[name].items()}
    table = pd.DataFrame(figures)
    whole = table[table.index.str.startswith(("GM", COUNTRY_CODE))]
    whole = whole.dropna(subset=[clients_column(name)])
    return whole.rename_axis("code").reset_index().assign(year=year)


def _halves(
    wijken: pd.DataFrame, extracts: Extracts, name: str, domain: Domain
) -> dict[str, pd.Series]:
    """Return clients in the first and in the second half of every year; none without such rows.

    Never add them up or compare them with a year's: a client in both halves is counted in both.
    """
    out: dict[str, pd.Series] = {}
    for year in extracts.years_of_level(domain.subject):
        codes = wijken.loc[wijken["year"] == year, AREA]
        for half, figures in extracts.of(domain.subject, year).halves[name].items():
            empty = pd.Series(float("nan"), index=wijken.index)
            column = out.setdefault(half_column(name, half), empty)
            column[codes.index] = codes.map(figures.clients).astype("float64")
    return out
