"""Boundaries of wijken: where each one lies, from a map file of CBS and Kadaster.

Name: CBS wijk- en buurtkaart. Licence: CC BY 4.0 ("Bron: CBS/Kadaster"). Period: the year of the
map. Coordinates are of the Dutch grid (EPSG:28992); a map in another projection is turned to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

# what the code of an area is called in the maps there are
CODE_COLUMNS = ("wijk_code", "wijkcode", "wk_code", "statcode", "code", "wkc")
DUTCH_GRID = "EPSG:28992"
METRES_PER_KM = 1000.0


def read_centres(path: Path) -> pd.DataFrame:
    """Return the centre of every area on a map.

    Returns
    -------
    DataFrame
        ``code``, ``x_km`` and ``y_km`` (centroid on the Dutch grid, kilometres), one row per code:
        an area drawn in several pieces has the centre of them all.

    Raises
    ------
    SourceError
        If the file is no map, has no column with codes, or no area with a place on the Dutch grid.
    """
    import geopandas as gpd
    import numpy as np
    import pandas as pd

    try:
        shapes = gpd.read_file(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(path, str(error).splitlines()[0]) from error
    if not isinstance(shapes, gpd.GeoDataFrame):
        raise _unreadable(path, "it holds no shapes")
    column = next((c for c in shapes.columns if str(c).lower() in CODE_COLUMNS), None)
    if column is None:
        raise SourceError(
            f"{path.name}: no column with the codes of areas; allowed are "
            f"{', '.join(CODE_COLUMNS)}. Rename the column, or leave the map out of the archive."
        )
    if shapes.crs is not None:
        shapes = shapes.to_crs(DUTCH_GRID)
    with np.errstate(invalid="ignore"):  # outside what the projection was made for
        centre, size = shapes.geometry.centroid, shapes.geometry.area
    table = pd.DataFrame(
        {
            "code": shapes[column].astype("str").str.strip(),
            "size": size,
            "x": centre.x,
            "y": centre.y,
        }
    )
    table = table[table["size"] > 0]
    if table.empty:
        raise _unreadable(
            path,
            "it has no area on the Dutch grid; one in other degrees or metres must say which",
        )
    moment = table[["x", "y"]].mul(table["size"], axis=0).groupby(table["code"]).sum()
    centres = moment.div(table.groupby("code")["size"].sum(), axis=0) / METRES_PER_KM
    return centres.add_suffix("_km").round(3).reset_index()


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"{path.name} cannot be read as a map ({why}); allowed is a GeoPackage or GeoJSON of CBS. "
        "Download it again, or leave it out of the archive."
    )
