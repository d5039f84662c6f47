"""Maps as inline SVG: outlines once on a page, and per map a colour and a title for each wijk."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.publishing.presentation import svg

SIZE = 1000  # of a map's longer side, in the units of its paths
DETAIL = 0.003  # of the longer side: smaller detail is left out
# ColorBrewer's YlGnBu and PuOr: distinct to the colour-blind and in grey
SHADES = ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494")
GAPS = ("#5e3c99", "#b2abd2", "#e3e3e3", "#fdb863", "#e66101")


@dataclass(frozen=True)
class Drawing:
    """The outlines of a number of wijken on one sheet.

    Parameters
    ----------
    paths : dict of str to str
        SVG path by wijk code.
    width, height : int
        Size of the sheet, in the units of the paths; the longer side is :data:`SIZE`.
    """

    paths: dict[str, str]
    width: int
    height: int


@dataclass(frozen=True)
class Mark:
    """How a wijk looks on one map.

    Parameters
    ----------
    wijk : str
        Code.
    shade : int or None
        Class of colour, counted from 0; None leaves the wijk blank.
    hatched : bool
        Whether it is drawn as uncertain.
    title : str
        Text that a pointer or a screen reader gets.
    """

    wijk: str
    shade: int | None
    hatched: bool
    title: str


def draw(wijken: pd.DataFrame) -> Drawing:
    """Return the outlines of wijken, simplified with their borders still shared.

    Parameters
    ----------
    wijken : DataFrame
        A row per wijk: ``wijk_code``, and ``outline`` (WKB, in metres; may be missing).
    """
    import shapely

    rows = wijken.dropna(subset=["outline"])
    if rows.empty:
        return Drawing({}, SIZE, SIZE)
    valid = shapely.make_valid(shapely.from_wkb(rows["outline"].to_numpy(dtype="object")))
    shapes = np.array([_polygons(shape) for shape in valid], dtype="object")
    west, south, east, north = shapely.total_bounds(shapes)
    scale = SIZE / max(east - west, north - south, 1.0)
    tolerance = max(east - west, north - south) * DETAIL
    if shapely.coverage_is_valid(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance)
    else:
        shapes = shapely.simplify(shapes, tolerance / 2)
    moved = shapely.transform(shapes, lambda xy: _on_sheet(xy, west, north, scale))
    paths = {code: _path(shape) for code, shape in zip(rows[AREA], moved, strict=True)}
    width, height = round((east - west) * scale), round((north - south) * scale)
    return Drawing({code: path for code, path in paths.items() if path}, width, height)


def _polygons(shape: object) -> object:
    """Return the polygons of a shape: simplified maps have stray lines and points too."""
    import shapely

    parts = [p for one in shapely.get_parts(shape) for p in shapely.get_parts(one)]
    return shapely.multipolygons([p for p in parts if p.geom_type == "Polygon"])


def _on_sheet(xy: Floats, west: float, north: float, scale: float) -> Floats:
    """Return coordinates in the units of the sheet, which are counted downwards."""
    return np.column_stack([(xy[:, 0] - west) * scale, (north - xy[:, 1]) * scale])


def _path(shape: object) -> str:
    """Return a shape as an SVG path in whole numbers."""
    import shapely

    polygons = [s for s in shapely.get_parts(shape) if s.geom_type == "Polygon"]
    rings = shapely.get_rings(np.array(polygons, dtype="object"))
    corners = (np.rint(shapely.get_coordinates(ring)).astype(int) for ring in rings)
    return "".join(svg.closed_path(ring) for ring in corners)


def shade(value: float | None, breaks: list[float]) -> int | None:
    """Return the class of colour that a value falls in; None where there is no value.

    Parameters
    ----------
    value : float or None
        In the unit of the breaks; NaN counts as none.
    breaks : list of float
        Where colours change, ascending; a value on a break is of the class above it.

    Examples
    --------
    >>> shade(2.0, [1.0, 2.0, 3.0])
    2
    """
    if value is None or value != value or not breaks:  # noqa: PLR0124 (NaN)
        return None
    return bisect_right(breaks, value)
