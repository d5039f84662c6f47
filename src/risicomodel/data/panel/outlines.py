"""Which place every area on a map is: so that what is drawn once serves all of a place's years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.panel.place_ids import SMALL_CHANGE

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ["year", AREA, "gm_code", "wijk_name", "place_id", "people", "outline"]
SIZES = ["oppervlakte_land", "oppervlakte_totaal"]  # ha
HECTARE = 10_000.0  # m²
# Where no size is published, a code is taken for the same place this many years from the map's.
NEAR = 2


def attach(wijken: pd.DataFrame, maps: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Return every area on every map, with the place of the panel that it is.

    Parameters
    ----------
    wijken : DataFrame
        The panel: ``wijk_code``, ``year``, ``wijk_name``, ``place_id``, ``gm_code``,
        ``oppervlakte_land`` and ``oppervlakte_totaal`` (ha).
    maps : mapping
        Year of a map → ``code``, ``name``, ``people``, ``outline`` (well-known binary); may be
        empty.

    Returns
    -------
    DataFrame
        ``year`` (of the map), ``wijk_code``, ``gm_code``, ``wijk_name``, ``place_id``, ``people``
        (as the map says; NaN where it does not) and ``outline``. An area is the place that carries
        its code in the panel's nearest year when its size is within 10% of that place's land or
        total; where neither is published, when that year is at most two off. Otherwise it is a
        place of its own.
    """
    found = [_placed(wijken, year, drawn) for year, drawn in sorted(maps.items())]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)


def _placed(wijken: pd.DataFrame, year: int, drawn: pd.DataFrame) -> pd.DataFrame:
    known = _nearest_rows(wijken, year)
    rows = drawn.rename(columns={"code": AREA}).merge(
        known[[AREA, "wijk_name", "place_id", "apart", *SIZES]], on=AREA, how="left"
    )
    # maps draw water or leave it out
    ratio = rows[SIZES].rdiv(_hectares(rows), axis=0)
    alike = ratio.ge(1 - SMALL_CHANGE) & ratio.le(1 / (1 - SMALL_CHANGE))
    same = alike.any(axis=1).where(ratio.notna().any(axis=1), rows["apart"] <= NEAR)
    own = rows[AREA] + f"@{year}"
    place = rows["place_id"].where(same & rows["place_id"].notna(), own)
    name = rows["name"].where(rows["name"] != "", rows["wijk_name"].fillna(rows[AREA]))
    return rows.assign(
        year=year, gm_code="GM" + rows[AREA].str[2:6], place_id=place, wijk_name=name
    )[COLUMNS]


def _nearest_rows(wijken: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return of every code its row in the year nearest to a map's; the earlier of two as near."""
    apart = (wijken["year"] - year).abs()
    return wijken.assign(apart=apart).sort_values([AREA, "apart", "year"]).drop_duplicates(AREA)


def centres(drawn: pd.DataFrame) -> dict[str, Floats]:
    """Return the middle of every outline, ``x_km`` and ``y_km`` on the Dutch grid."""
    import shapely

    middle = shapely.centroid(shapely.from_wkb(drawn["outline"].to_numpy(dtype="object")))
    return {"x_km": shapely.get_x(middle) / 1000, "y_km": shapely.get_y(middle) / 1000}


def _hectares(rows: pd.DataFrame) -> pd.Series:
    import shapely

    area = shapely.area(shapely.from_wkb(rows["outline"].to_numpy(dtype="object")))
    return pd.Series(area / HECTARE, index=rows.index)
