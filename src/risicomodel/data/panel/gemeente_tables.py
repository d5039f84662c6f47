"""Totals of gemeenten and of the country from other tables than those with the figures per wijk.

CBS publishes youth care and Wmo per gemeente too, in tables with names and without codes, together
with larger regions; and benefits per quarter. Here they say nothing of a wijk: only totals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import COUNTRY_CODE
from risicomodel.data.domains import clients_column, half_column, year_end_column
from risicomodel.data.panel import published
from risicomodel.data.sources import layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.data.domains import GemeenteTable
    from risicomodel.data.sources.several import AnyTable

GM_KEY = ["gm_code", "year"]
# "Utrecht (PV)", "Utrecht (CR)": regions have two capitals, gemeenten a word or points ("(NH.)")
_COUNTRY_NAME = "Nederland"
_REGION = re.compile(r"Nederland|.* \([A-Z]{2}\)")
_SUFFIX = re.compile(r" \((?!gemeente\)).*\)$")
SHOWN = 5


@dataclass(frozen=True)
class NamedTotals:
    """What one table says of a domain in the gemeenten of one year.

    Parameters
    ----------
    table : str
        Its CBS table id.
    year : int
        The year.
    figures : DataFrame
        Clients of the year, of its halves and at its end (persons), as far as the table has them,
        by the gemeente's name or code as the table has it; no rows of other regions, nor of
        gemeenten without a figure of the year.
    country : DataFrame
        The same of the country; no row where the table has none.
    coded : bool
        Whether gemeenten have codes.
    """

    table: str
    year: int
    figures: pd.DataFrame
    country: pd.DataFrame = field(default_factory=pd.DataFrame)
    coded: bool = False


def read(table: AnyTable, declared: GemeenteTable, name: str) -> NamedTotals:
    """Return a domain's totals of gemeenten from a table of one year.

    Parameters
    ----------
    table : ParsedTable or UnitedTable
        Its areas have names, or codes.
    declared : GemeenteTable
        Its column, total and periods.
    name : str
        The domain's name.

    Returns
    -------
    NamedTotals
    """
    by_name = not declared.coded
    columns = {half_column(name, half): half for half in layout.HALVES}
    if declared.newest:
        columns = {year_end_column(name): declared.newest}
    rows = {clients_column(name): table.rows(declared.totals, declared.period, by_name=by_name)}
    within = table.within_year(list(columns.values()), declared.totals, by_name=by_name)
    rows |= {column: within[period] for column, period in columns.items() if within}
    where = table.ref.path.name

    def clients(part: pd.DataFrame) -> pd.Series:
        of_areas = part.assign(code=part["name"]) if by_name else part
        return published.read(of_areas, declared, name=name, where=where).clients

    figures = pd.DataFrame({column: clients(part) for column, part in rows.items()})
    figures = figures.dropna(subset=[clients_column(name)])
    of_country = figures.index.isin([COUNTRY_CODE, _COUNTRY_NAME])
    if declared.coded:
        of_gemeente = figures.index.str.startswith("GM")
    else:
        of_gemeente = ~figures.index.str.fullmatch(_REGION.pattern)
    return NamedTotals(
        table.ref.table,
        table.ref.year,
        figures[of_gemeente],
        figures[of_country].reset_index(drop=True),
        declared.coded,
    )


def codes(titles: Sequence[str], areas: pd.DataFrame) -> dict[str, str]:
    """Return the codes of gemeenten by the names that a table gives them.

    Parameters
    ----------
    titles : sequence of str
        Names, such as ``Utrecht (gemeente)`` or ``Bergen (NH.)``.
    areas : DataFrame
        ``gm_code`` and ``gm_name`` of the same year.

    Returns
    -------
    dict of str to str
        ``gm_code`` by title, without the titles that fit no gemeente, or more than one, or one that
        another title fits too.

    Examples
    --------
    >>> areas = pd.DataFrame(
    ...     {"gm_code": ["GM0344", "GM0164", "GM0373"],
    ...      "gm_name": ["Utrecht", "Hengelo", "Bergen (NH.)"]})
    >>> codes(["Utrecht (gemeente)", "Hengelo (O.)", "Bergen (L.)"], areas)
    {'Utrecht (gemeente)': 'GM0344', 'Hengelo (O.)': 'GM0164'}
    """
    gemeenten = areas[["gm_code", "gm_name"]].drop_duplicates()
    whole = _by(gemeenten, gemeenten["gm_name"].map(_whole))
    plain = _by(gemeenten, gemeenten["gm_name"].map(published.plain_gemeente))
    has_suffix = {
        code: bool(_SUFFIX.search(name))
        for code, name in zip(gemeenten["gm_code"], gemeenten["gm_name"], strict=True)
    }
    out = {}
    for title in titles:
        code = whole.get(_whole(title)) or plain.get(published.plain_gemeente(title))
        same = _whole(title) in whole
        # two suffixes that differ are two places of one name
        if code and (same or not (has_suffix[code] and _SUFFIX.search(title))):
            out[title] = code
    given = list(out.values())
    return {title: code for title, code in out.items() if given.count(code) == 1}


def country(totals: pd.DataFrame, named: Sequence[NamedTotals]) -> pd.DataFrame:
    """Return what is published of the country, a row per year.

    Parameters
    ----------
    totals : DataFrame
        ``year`` and the country's figures in the tables per wijk, which count first.
    named : sequence of NamedTotals
        Of other tables; the first that has a figure counts.

    Returns
    -------
    DataFrame
        Key ``year``; clients of the year, of its halves and at its end (persons).
    """
    parts = [totals, *(one.country.assign(year=one.year) for one in named)]
    rows = pd.concat([part for part in parts if len(part)] or [totals], ignore_index=True)
    return rows.groupby("year", as_index=False).first()


def _codes_near(titles: Sequence[str], year: int, wijken: pd.DataFrame) -> dict[str, str]:
    """Return codes by the names of the year and, for others, of the years nearest to it.

    A year may have a gemeente's total and none of its wijken.
    """
    out: dict[str, str] = {}
    for near in sorted(wijken["year"].unique(), key=lambda other: (abs(other - year), other)):
        lacking = [title for title in titles if title not in out]
        areas = wijken[(wijken["year"] == near) & ~wijken["gm_code"].isin(out.values())]
        out |= codes(lacking, areas)
    return out


def _same(codes_of_table: Sequence[str], wijken: pd.DataFrame) -> dict[str, str]:
    """Return the codes of a table that the panel has too, each by itself."""
    return {code: code for code in wijken["gm_code"].unique() if code in set(codes_of_table)}


def _whole(name: str) -> str:
    return name.removesuffix(" (gemeente)").strip().lower()


def _by(gemeenten: pd.DataFrame, names: pd.Series) -> dict[str, str]:
    """Return codes by name, without names that several gemeenten have."""
    single = ~names.duplicated(keep=False)
    return dict(zip(names[single], gemeenten.loc[single, "gm_code"], strict=True))


def fill(
    totals: pd.DataFrame, named: Sequence[NamedTotals], wijken: pd.DataFrame, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Add totals of gemeenten and years that the tables per wijk do not have.

    Where both have a total and differ, that of the table per wijk stays: figures of wijken are on
    its base.

    Parameters
    ----------
    totals : DataFrame
        ``gm_code``, ``year``, clients of the year and of its halves, of the tables per wijk.
    named : sequence of NamedTotals
        Of other tables; the first that has a total counts.
    wijken : DataFrame
        ``gm_code``, ``gm_name`` and ``year`` of the panel.
    name : str
        The domain's name.

    Returns
    -------
    DataFrame
        As ``totals``, with more rows.
    list of str
        Per table: what was added, what differs, and which names fit no gemeente.
    """
    tables: dict[str, list[pd.DataFrame]] = {}
    for one in named:
        titles = list(one.figures.index)
        by_title = _same(titles, wijken) if one.coded else _codes_near(titles, one.year, wijken)
        table = one.figures.rename_axis("title").reset_index().assign(year=one.year)
        table["gm_code"] = table["title"].map(by_title)
        tables.setdefault(one.table, []).append(table)
    filled, notes = totals, []
    for table_id, parts in tables.items():
        rows = pd.concat(parts, ignore_index=True)
        matched = rows.dropna(subset=["gm_code"])
        new = matched[~_keys(matched).isin(_keys(filled))].drop(columns="title")
        filled = _with_year_end(filled, matched, name)
        notes += _notes(name, table_id, rows, len(new), _differing(totals, matched, name))
        if len(new):
            filled = pd.concat([filled, new], ignore_index=True)
    return filled, notes


def _with_year_end(totals: pd.DataFrame, matched: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add counts at the end of the year to totals that are there, which never have one."""
    column = year_end_column(name)
    if column not in matched:
        return totals
    at_end = matched.set_index(GM_KEY)[column].reindex(_keys(totals)).set_axis(totals.index)
    if column in totals:
        at_end = totals[column].fillna(at_end)
    return totals.assign(**{column: at_end})


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[GM_KEY])


def _differing(totals: pd.DataFrame, matched: pd.DataFrame, name: str) -> pd.Series:
    """Return by how many clients totals differ that both have (persons, 0 where they agree)."""
    column = clients_column(name)
    both = totals[[*GM_KEY, column]].merge(matched[[*GM_KEY, column]], on=GM_KEY)
    return (both[f"{column}_y"] - both[f"{column}_x"]).abs()


def _notes(
    name: str, table: str, rows: pd.DataFrame, added: int, differing: pd.Series
) -> list[str]:
    """Return what a reader must know of what one table added; nothing of one without gemeenten."""
    out = []
    if len(rows):
        text = (
            f"{name}: {table} has totals of gemeenten that the tables per wijk lack: {added}, one "
            "per gemeente and year."
        )
        if n := int((differing > 0).sum()):
            text += (
                f" Of {len(differing)} totals that the tables per wijk have too, {n} differ there, "
                f"by at most {differing.max():,.0f} clients: those of the tables per wijk are used."
            )
        out.append(text)
    lost = rows.loc[rows["gm_code"].isna()] if len(rows) else rows
    if len(lost):
        places = [
            f"{title} ({year})" for title, year in zip(lost["title"], lost["year"], strict=True)
        ]
        more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        out.append(
            f"{name}: {table} has totals of gemeenten that the panel does not know by "
            f"this name: {', '.join(places[:SHOWN])}{more}; they are left out."
        )
    return out
