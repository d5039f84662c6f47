"""Maps as inline SVG: outlines once on a page, and per map a colour and a title for each wijk."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Place

SIZE = 1000  # of a map's longer side, in the units of its paths
DETAIL = 0.003  # of the longer side: what is smaller is left out
# ColorBrewer's YlGnBu and PuOr, told apart by the colour-blind and in grey
LEVELS = ("#ffffcc", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494")
GAPS = ("#5e3c99", "#b2abd2", "#e3e3e3", "#fdb863", "#e66101")


@dataclass(frozen=True)
class Drawing:
    """The outlines of a gemeente's wijken.

    Parameters
    ----------
    paths : dict of str to str
        SVG path by wijk code.
    width, height : int
        Of the whole.
    """

    paths: dict[str, str]
    width: int
    height: int


@dataclass(frozen=True)
class Mark:
    """How a wijk looks on one map: its class of colour (None: blank), and what its title says."""

    wijk: str
    level: int | None
    hatched: bool
    title: str


def draw(place: Place, outlines: pd.DataFrame | None) -> Drawing:
    """Return the outlines of a gemeente's wijken, simplified with borders still shared."""
    import shapely

    rows = _rows(place, outlines)
    if rows.empty:
        return Drawing({}, SIZE, SIZE)
    drawn = shapely.make_valid(shapely.from_wkb(rows["outline"].to_numpy(dtype="object")))
    shapes = np.array([_area(shape) for shape in drawn], dtype="object")
    west, south, east, north = shapely.total_bounds(shapes)
    scale = SIZE / max(east - west, north - south, 1.0)
    tolerance = max(east - west, north - south) * DETAIL
    if shapely.coverage_is_valid(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance)
    else:
        shapes = shapely.simplify(shapes, tolerance / 2)
    moved = shapely.transform(shapes, lambda xy: _on_paper(xy, west, north, scale))
    paths = {code: _path(shape) for code, shape in zip(rows[AREA], moved, strict=True)}
    width, height = round((east - west) * scale), round((north - south) * scale)
    return Drawing({code: path for code, path in paths.items() if path}, width, height)


def _rows(place: Place, outlines: pd.DataFrame | None) -> pd.DataFrame:
    """Return the newest outline of every place that is a wijk of the gemeente."""
    if outlines is None or outlines.empty:
        return pd.DataFrame(columns=[AREA, "outline"])
    wijken = place.wijken[[AREA, "place_id"]]
    newest = outlines.sort_values("year").drop_duplicates("place_id", keep="last")
    return wijken.merge(newest[["place_id", "outline"]], on="place_id").dropna(subset=["outline"])


def _area(shape: object) -> object:
    """Return the areas of a shape: simplified maps have stray lines and points too."""
    import shapely

    parts = [p for one in shapely.get_parts(shape) for p in shapely.get_parts(one)]
    return shapely.multipolygons([p for p in parts if p.geom_type == "Polygon"])


def _on_paper(xy: Floats, west: float, north: float, scale: float) -> Floats:

    return np.column_stack([(xy[:, 0] - west) * scale, (north - xy[:, 1]) * scale])


def _path(shape: object) -> str:
    """Return a shape as an SVG path in whole numbers, each point from the one before."""
    import shapely

    out = []
    polygons = [s for s in shapely.get_parts(shape) if s.geom_type == "Polygon"]
    for ring in shapely.get_rings(np.array(polygons, dtype="object")):
        points = np.rint(shapely.get_coordinates(ring)).astype(int)
        steps = np.diff(points, axis=0)
        steps = steps[(steps != 0).any(axis=1)][:-1]
        if len(steps) > 1:
            moves = "".join(f"l{x} {y}" for x, y in steps).replace(" -", "-")
            out.append(f"M{points[0][0]} {points[0][1]}{moves}z")
    return "".join(out)


def level(value: float | None, breaks: list[float]) -> int | None:
    """Return the class of a value between breaks; None where there is no value."""
    if value is None or value != value or not breaks:  # noqa: PLR0124 (NaN)
        return None
    return bisect_right(breaks, value)
