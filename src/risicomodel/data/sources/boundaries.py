"""Boundaries of areas, from a map of CBS and Kadaster.

Name: CBS wijk- en buurtkaart. Licence: CC BY 4.0 ("Bron: CBS/Kadaster"). Period: the year of the
map. Coordinates are on the Dutch grid (EPSG:28992); maps in another projection are reprojected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

# names of the column with the codes of areas in the maps that are published
CODE_COLUMNS = ("wijk_code", "wijkcode", "wk_code", "statcode", "code", "wkc")
NAME_COLUMNS = ("wijk_name", "wijknaam", "wk_naam", "statnaam", "name", "naam", "wkn")
PEOPLE_COLUMNS = ("aantal_inwoners", "a_inw", "aant_inw", "population")
GEMEENTE_NAME_COLUMNS = ("gm_name", "gemeentenaam", "gm_naam", "gmn")
# the map of gemeenten that may lie beside a map of wijken, by the names of the two files
OF_WIJKEN, OF_GEMEENTEN = "wijken", "gemeenten"
DUTCH_GRID = "EPSG:28992"
METRES_PER_KM = 1000.0


def read_map(path: Path) -> gpd.GeoDataFrame:
    """Read the shapes of a map.

    Parameters
    ----------
    path : Path
        A GeoPackage or GeoJSON file.

    Returns
    -------
    GeoDataFrame
        ``code``, ``name`` and ``gm_name`` (empty if the map has none), ``people`` (inhabitants; NaN
        if the map has none) and ``geometry`` (metres on the Dutch grid), a row per shape.

    Raises
    ------
    SourceError
        If the file is not a map, has no column with codes, or no area on the Dutch grid.
    """
    import geopandas as gpd

    try:
        shapes = gpd.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error
    if not isinstance(shapes, gpd.GeoDataFrame):
        raise _unreadable(path, "it holds no shapes")
    codes = _column(shapes, CODE_COLUMNS)
    if codes is None:
        raise SourceError(
            f"{path.name}: no column with the codes of areas; expected one of "
            f"{', '.join(CODE_COLUMNS)}. Rename the column, or leave the map out of the archive."
        )
    if shapes.crs is not None:
        shapes = shapes.to_crs(DUTCH_GRID)
    people = _column(shapes, PEOPLE_COLUMNS)
    drawn = gpd.GeoDataFrame(
        {
            "code": codes.astype("str").str.strip(),
            "name": _texts(shapes, NAME_COLUMNS),
            "gm_name": _texts(shapes, GEMEENTE_NAME_COLUMNS),
            "people": np.nan if people is None else pd.to_numeric(people, errors="coerce"),
        },
        geometry=shapes.geometry,
    )
    with np.errstate(invalid="ignore"):  # outside the area that the projection covers
        drawn = drawn[drawn.geometry.area > 0]
    if drawn.empty:
        raise _unreadable(
            path,
            "it has no area on the Dutch grid; a map in another projection must name it",
        )
    return drawn


def centres(drawn: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the centroid of every area.

    Parameters
    ----------
    drawn : GeoDataFrame
        ``code`` and ``geometry`` (metres on the Dutch grid), a row per shape.

    Returns
    -------
    DataFrame
        ``code``, ``x_km`` and ``y_km`` (kilometres on the Dutch grid), a row per code: the centroid
        of all shapes of an area together.
    """
    centre, size = drawn.geometry.centroid, drawn.geometry.area
    middle = pd.DataFrame({"x": centre.x, "y": centre.y})
    moment = middle.mul(size, axis=0).groupby(drawn["code"]).sum()
    out = moment.div(size.groupby(drawn["code"]).sum(), axis=0) / METRES_PER_KM
    return out.add_suffix("_km").round(3).reset_index()


def outlines(drawn: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the outline of every area, in a form that a table can hold.

    Parameters
    ----------
    drawn : GeoDataFrame
        ``code``, ``name``, ``gm_name``, ``people`` and ``geometry`` (metres on the Dutch grid), a
        row per shape.

    Returns
    -------
    DataFrame
        ``code``, ``name``, ``gm_name``, ``people`` and ``outline`` (well-known binary, metres on
        the Dutch grid), a row per code.
    """
    import shapely

    valid = drawn.assign(geometry=shapely.make_valid(drawn.geometry.to_numpy()))
    by_code = valid.groupby("code")
    whole = by_code["geometry"].agg(lambda pieces: shapely.union_all(pieces.to_numpy()))
    about = by_code[["name", "gm_name", "people"]].first()
    wkb = shapely.to_wkb(whole.to_numpy())
    return pd.DataFrame({**about, "outline": wkb}, index=about.index).reset_index()


def beside(path: Path) -> Path | None:
    """Return the map of gemeenten that lies beside a map of wijken; None where there is none.

    Parameters
    ----------
    path : Path
        ``wijken_2022.gpkg``; the other is then ``gemeenten_2022.gpkg``.
    """
    other = path.with_name(path.name.replace(OF_WIJKEN, OF_GEMEENTEN))
    return other if other != path and other.is_file() else None


def named(drawn: gpd.GeoDataFrame, gemeenten: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a map of wijken with the names of their gemeenten, where it has none itself.

    Parameters
    ----------
    drawn : GeoDataFrame
        ``code`` and ``gm_name``, a row per shape.
    gemeenten : DataFrame
        ``code`` and ``name`` of gemeenten, as :func:`read_map` gives them.
    """
    names = gemeenten.drop_duplicates("code").set_index("code")["name"]
    of_code = ("GM" + drawn["code"].str[2:6]).map(names).fillna("")
    return drawn.assign(gm_name=drawn["gm_name"].where(drawn["gm_name"] != "", of_code))


def _texts(shapes: gpd.GeoDataFrame, names: tuple[str, ...]) -> Any:
    """Return the first column with one of these names as text; empty where there is none."""
    column = _column(shapes, names)
    return "" if column is None else column.fillna("").astype("str").str.strip()


def _column(shapes: gpd.GeoDataFrame, names: tuple[str, ...]) -> pd.Series | None:
    """Return the first column with one of these names, in upper or lower case."""
    for column in shapes.columns:
        if str(column).lower() in names:
            series: pd.Series = shapes[column]
            return series
    return None


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path.name} cannot be read as a map ({why}); expected a GeoPackage or GeoJSON of "
        "CBS. Download it again, or leave it out of the archive."
    )
