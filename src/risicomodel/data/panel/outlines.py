"""Which place each area on a map is, so that one outline serves all years of a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.panel.place_ids import SMALL_CHANGE

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ["year", AREA, "gm_code", "gm_name", "wijk_name", "place_id", "people", "outline"]
SIZES = ["oppervlakte_land", "oppervlakte_totaal"]  # ha
HECTARE = 10_000.0  # m²
# Where no size is published, a code counts as the same place up to this many years from the map.
NEAR = 2


def attach(wijken: pd.DataFrame, maps: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Return every area of every map, with its place in the panel.

    Parameters
    ----------
    wijken : DataFrame
        The panel: ``wijk_code``, ``year``, ``wijk_name``, ``place_id``, ``gm_code``,
        ``oppervlakte_land`` and ``oppervlakte_totaal`` (ha).
    maps : mapping
        Year of a map → ``code``, ``name``, ``gm_name``, ``people``, ``outline`` (well-known
        binary); may be empty.

    Returns
    -------
    DataFrame
        ``year`` (of the map), ``wijk_code``, ``gm_code``, ``gm_name`` (from the map; empty where it
        has none), ``wijk_name``, ``place_id``, ``people`` (from the map; NaN where it has none) and
        ``outline``. An area is the place that has its
        code in the panel's nearest year when its size is within 10% of that place's land or total
        area; where neither is published, when that year is at most two years away. Otherwise it is
        a new place.
    """
    placed = [_placed(wijken, year, drawn) for year, drawn in sorted(maps.items())]
    return pd.concat(placed, ignore_index=True) if placed else pd.DataFrame(columns=COLUMNS)


def _placed(wijken: pd.DataFrame, year: int, drawn: pd.DataFrame) -> pd.DataFrame:
    nearest = _nearest_rows(wijken, year)
    rows = drawn.rename(columns={"code": AREA}).merge(
        nearest[[AREA, "wijk_name", "place_id", "apart", *SIZES]], on=AREA, how="left"
    )
    # some maps include water and some do not
    ratio = rows[SIZES].rdiv(_hectares(rows), axis=0)
    alike = ratio.ge(1 - SMALL_CHANGE) & ratio.le(1 / (1 - SMALL_CHANGE))
    same = alike.any(axis=1).where(ratio.notna().any(axis=1), rows["apart"] <= NEAR)
    new_place = rows[AREA] + f"@{year}"
    place = rows["place_id"].where(same & rows["place_id"].notna(), new_place)
    name = rows["name"].where(rows["name"] != "", rows["wijk_name"].fillna(rows[AREA]))
    return rows.assign(
        year=year, gm_code="GM" + rows[AREA].str[2:6], place_id=place, wijk_name=name
    )[COLUMNS]


def _nearest_rows(wijken: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return every code's row in the year nearest to a map's; the earlier of two equally near."""
    apart = (wijken["year"] - year).abs()
    return wijken.assign(apart=apart).sort_values([AREA, "apart", "year"]).drop_duplicates(AREA)


def centres(drawn: pd.DataFrame) -> dict[str, Floats]:
    """Return the middle of every outline.

    Parameters
    ----------
    drawn : DataFrame
        With ``outline`` (well-known binary; metres, EPSG:28992).

    Returns
    -------
    dict of array of shape (rows,)
        ``x_km`` and ``y_km`` on the Dutch grid.
    """
    import shapely

    middle = shapely.centroid(shapely.from_wkb(drawn["outline"].to_numpy(dtype="object")))
    return {"x_km": shapely.get_x(middle) / 1000, "y_km": shapely.get_y(middle) / 1000}


def _hectares(rows: pd.DataFrame) -> pd.Series:
    import shapely

    area = shapely.area(shapely.from_wkb(rows["outline"].to_numpy(dtype="object")))
    return pd.Series(area / HECTARE, index=rows.index)
