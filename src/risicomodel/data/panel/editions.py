"""Which KWB edition a year's features come from: editions and their topics are published late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.data.panel import names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# An edition counts as having a topic when this share of its wijken has the topic's best column.
PUBLISHED_SHARE = 0.5

_KEY = ["wijk_code", "year"]


def carry_wijken(areas: pd.DataFrame, years: Sequence[int], *, last_edition: int) -> pd.DataFrame:
    """Add wijken that exist in a year without being in any of its tables.

    A wijk can be missing from a table because the table is cut off or its gemeente did not deliver.
    A wijk that is listed the year before and the year after existed in between. After the last KWB
    edition its wijken stay, unless their gemeente is listed with other wijken of which none has
    the code.

    Parameters
    ----------
    areas : DataFrame
        ``wijk_code``, ``year`` and texts, as listed in the tables.
    years : sequence of int
        All years of the panel.
    last_edition : int
        Year of the last KWB edition.

    Returns
    -------
    DataFrame
        ``areas``, with the added wijken below.
    """
    before, after = (areas.assign(year=areas["year"] + step)[_KEY] for step in (1, -1))
    between = before.merge(after, on=_KEY).merge(areas[_KEY], on=_KEY, how="left", indicator=True)
    missed = between.loc[between["_merge"] == "left_only", _KEY]
    last = areas[areas["year"] == last_edition]
    out = [areas, missed[missed["year"].isin(years)]]
    for year in (year for year in years if year > last_edition):
        seen = areas[areas["year"] == year]
        gemeente_seen = last["wijk_code"].str[2:6].isin(seen["wijk_code"].str[2:6])
        carried = last[~gemeente_seen]
        out.append(carried.assign(year=year, change=None))
    return pd.concat(out, ignore_index=True)


def latest_out(areas: pd.DataFrame, editions: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Give every wijk and year the newest figures of every topic for the same place.

    Parameters
    ----------
    areas : DataFrame
        ``wijk_code``, ``year``, ``place_id`` and names.
    editions : mapping
        KWB edition by year: ``wijk_code`` and canonical columns.

    Returns
    -------
    DataFrame
        ``areas`` with every KWB column, ``<topic>_year`` (a topic's edition, missing where there is
        none) and ``feature_year`` (that of the population). Rows without any edition for
        their place are left out: they have no features.
    """
    long = pd.concat([kwb.assign(year=year) for year, kwb in editions.items()], ignore_index=True)
    long = long.merge(areas[["wijk_code", "year", "place_id"]], on=["wijk_code", "year"])
    parts = [areas]
    for topic, columns in names.topics().items():
        present = [column for column in columns if column in long.columns]
        years = _published_years(long, present)
        if years:
            parts.append(_newest(areas, long, topic, present, years))
    wide = pd.concat(parts, axis=1).copy()  # one block: columns are added to it later
    wide["feature_year"] = wide["bevolking_year"]
    wide = wide[wide["feature_year"].notna()].reset_index(drop=True)
    year_columns = [c for c in wide.columns if c.endswith("_year")]
    wide[year_columns] = wide[year_columns].astype("Int64")
    return wide


def _published_years(long: pd.DataFrame, columns: Sequence[str]) -> list[int]:
    if not columns:
        return []
    share = long[list(columns)].notna().groupby(long["year"]).mean().max(axis=1)
    return [int(year) for year in share.index[share >= PUBLISHED_SHARE]]


def _newest(
    areas: pd.DataFrame, long: pd.DataFrame, topic: str, columns: list[str], years: list[int]
) -> pd.DataFrame:
    """Return a topic's columns per row of ``areas``, from its place's newest edition so far."""
    source = long.loc[long["year"].isin(years), ["place_id", "year", *columns]]
    source = source.assign(edition=source["year"].astype("float64")).sort_values("year")
    left = areas[["place_id", "year"]].reset_index().sort_values("year", kind="stable")
    merged = pd.merge_asof(left, source, on="year", by="place_id")
    merged = merged.set_index("index").reindex(areas.index)
    return merged[["edition", *columns]].rename(columns={"edition": names.edition_column(topic)})
