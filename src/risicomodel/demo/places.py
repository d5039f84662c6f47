"""Where the wijken of the made-up country are, and how they are coded in every year.

Places are cells around points, denser near towns, grouped into gemeenten. Half-way through the
years some codes move to another place and two gemeenten merge, as happens in CBS's tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from risicomodel.core.arrays import Floats, Ints, Objects, Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.demo.settings import DemoSettings


FIRST_GEMEENTE = 9001  # CBS's own codes end below 2000
LEAST_GEMEENTEN, MOST_GEMEENTEN = 2, 900
MOST_WIJKEN = 60  # of a gemeente: a wijk's number has two digits
REDRAWN_PAIRS = 4
REDRAWN_LEAST = 4  # wijken of a gemeente where some are redrawn
MERGED_LEAST, MERGED_MOST = 4, 20  # wijken of the two gemeenten that merge

# a rough coast line and border, RD coordinates in km
OUTLINE = (
    (15, 378), (45, 362), (75, 372), (110, 385), (140, 375), (155, 357), (172, 355), (178, 330),
    (177, 308), (198, 308), (204, 330), (209, 355), (200, 385), (213, 412), (207, 430), (240, 440),
    (250, 465), (268, 480), (258, 502), (240, 505), (243, 525), (265, 558), (276, 585), (262, 605),
    (215, 606), (165, 590), (152, 565), (160, 545), (175, 525), (168, 505), (140, 498), (133, 520),
    (132, 545), (118, 556), (108, 545), (100, 500), (85, 468), (62, 442), (48, 425), (28, 405),
)  # fmt: skip
ENDINGS = (
    "veld", "broek", "horst", "dijk", "berg", "hoven", "rode", "drecht",
    "wolde", "kerk", "zijl", "donk", "laar", "stede", "meer", "waard",
)  # fmt: skip
SIDES = ("", "-Noord", "-Zuid", "-Oost", "-West")


@dataclass(frozen=True)
class Areas:
    """How the places are coded in one year.

    Parameters
    ----------
    gm, number : array of int of shape (places,)
        Position of the place's gemeente, and the number of its wijk within that gemeente.
    change : array of str of shape (places,)
        CBS's flag: "1" unchanged, "2" recoded, "3" redrawn.
    stem : array of str of shape (places,)
        The part of the name that stays with the place.
    """

    gm: Ints
    number: Ints
    change: Texts
    stem: Texts

    @property
    def codes(self) -> Texts:
        """Wijk code of every place."""
        pairs = zip(self.gm.tolist(), self.number.tolist(), strict=True)
        return np.array([f"WK{FIRST_GEMEENTE + gm:04d}{number:02d}" for gm, number in pairs])

    @property
    def names(self) -> Texts:
        """Name of every wijk: its number follows the code, the rest stays with the place."""
        pairs = zip(self.number.tolist(), self.stem.tolist(), strict=True)
        return np.array([f"Wijk {number:02d} {stem}" for number, stem in pairs])


@dataclass(frozen=True)
class Places:
    """The places of the map; a place keeps its position whatever its code.

    Parameters
    ----------
    cells : array of Polygon of shape (places,)
        Outlines in metres (EPSG:28992).
    urban : array of shape (places,)
        How urban a place is, in standard deviations from the mean.
    gm : array of int of shape (places,)
        Position of its gemeente.
    land, water : array of shape (places,)
        Hectares.
    """

    cells: Objects
    urban: Floats
    gm: Ints
    land: Floats
    water: Floats


def make_places(settings: DemoSettings, rng: Generator) -> Places:
    """Return the country's places, grouped into gemeenten.

    Parameters
    ----------
    settings : DemoSettings
        Numbers of gemeenten and wijken.
    rng : Generator
        A stream of random numbers for places only.

    Returns
    -------
    Places
    """
    import shapely

    points, cells, urban = _cells(rng, settings.wijken)
    gm = _gemeenten(points, _wijken_per_gemeente(rng, settings))
    hectares = np.ceil(shapely.area(cells) / 1e4)
    water = np.floor(hectares * rng.beta(0.5, 12, len(gm)))
    return Places(cells, urban, gm, hectares - water, water)


def code_areas(settings: DemoSettings, gm: Ints, inhabitants: Floats) -> list[Areas]:
    """Return the coding of every year: half-way some wijken are redrawn and two gemeenten merge.

    Parameters
    ----------
    settings : DemoSettings
        The years, and the number of gemeenten.
    gm : array of int of shape (places,)
        Position of every place's gemeente in the first year.
    inhabitants : array of shape (places,)
        Persons in the first year; they choose which wijken are redrawn.

    Returns
    -------
    list of Areas
        One for each year.
    """
    pool = np.array([f"Demo{end}{side}" for side in SIDES for end in ENDINGS])
    number = _count_within(gm)
    first = Areas(gm, number, np.full(len(gm), "1"), pool[(number + 7 * gm) % len(pool)])
    turned = _merged(_redrawn(first, inhabitants), settings.gemeenten)
    later = replace(turned, change=first.change)
    years = len(settings.years)
    return [*[first] * settings.turn, turned, *[later] * years][:years]


def _cells(rng: Generator, wijken: int) -> tuple[Floats, Objects, Floats]:
    """Return points, the cells around them (EPSG:28992) and how urban each place is."""
    import shapely

    outline = shapely.Polygon(np.array(OUTLINE) * 1000.0)
    points, towns = _points(rng, outline, wijken)
    for _ in range(2):  # towards the middle of their cells, so that no wijk is a sliver
        cells = _voronoi(points, outline)
        points = shapely.get_coordinates(shapely.centroid(cells))
    cells = shapely.transform(_voronoi(points, outline), np.rint)
    urban = np.log(towns(points)) + rng.normal(0, 0.35, wijken)
    return points, cells, _standard(urban)


def _points(rng: Generator, outline: Any, wijken: int) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return points inside the country, half of them near towns, and the density of towns."""
    count = max(3, wijken // 50)
    centres = _inside(outline, _anywhere(rng, outline, count), count)
    spread = rng.uniform(2500, 8000, count)
    size = rng.lognormal(0, 0.7, count)
    chosen = rng.choice(count, 4 * wijken + 40, p=size / size.sum())
    near = centres[chosen] + rng.normal(size=(len(chosen), 2)) * spread[chosen, None]
    in_town = _inside(outline, near, wijken // 2)
    outside = _inside(outline, _anywhere(rng, outline, wijken), wijken - len(in_town))

    def towns(points: Floats) -> Floats:
        distance = np.hypot(*(points[:, None, :] - centres).transpose(2, 0, 1)) / spread
        hills: Floats = np.exp(-(distance**2) / 2) @ (size / spread**2) * spread.mean() ** 2
        return hills + 0.12

    return np.concatenate([in_town, outside]), towns


def _anywhere(rng: Generator, outline: Any, count: int) -> Floats:
    """Return points in the outline's box: enough for ``count`` of them to fall inside it."""
    low_x, low_y, high_x, high_y = outline.bounds
    return rng.uniform((low_x, low_y), (high_x, high_y), (6 * count + 60, 2))


def _inside(outline: Any, points: Floats, count: int) -> Floats:
    """Return the first ``count`` points that lie inside the outline."""
    import shapely

    inside: Floats = points[shapely.contains_xy(outline, points)]
    return inside[:count]


def _voronoi(points: Floats, outline: Any) -> Objects:
    """Return the cell of every point, in the points' order, cut off at the coast and border."""
    import shapely

    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=outline)
    )
    point, cell = shapely.STRtree(cells).query(shapely.points(points), predicate="within")
    clipped: Objects = shapely.intersection(cells[cell[np.argsort(point)]], outline)
    return clipped


def _wijken_per_gemeente(rng: Generator, settings: DemoSettings) -> Ints:
    """Return the number of wijken of each gemeente: few have many, as in CBS's list."""
    wish = rng.lognormal(0, 0.85, settings.gemeenten)
    extra = (settings.wijken - settings.gemeenten) * wish / wish.sum()
    count: Ints = np.minimum(1 + extra.astype(np.int64), MOST_WIJKEN)
    while short := settings.wijken - count.sum():
        count[np.flatnonzero(count < MOST_WIJKEN)[:short]] += 1
    return count


def _gemeenten(points: Floats, sizes: Ints) -> Ints:
    """Return every place's gemeente: neighbours, found by halving the country repeatedly."""
    gm = np.empty(len(points), dtype=np.int64)
    todo = [(np.arange(len(points)), 0, len(sizes))]
    while todo:
        members, low, high = todo.pop()
        if high - low == 1:
            gm[members] = low
            continue
        axis = int(np.argmax(np.ptp(points[members], axis=0)))
        ordered = members[np.argsort(points[members, axis], kind="stable")]
        middle = (low + high) // 2
        cut = int(sizes[low:middle].sum())
        todo += [(ordered[:cut], low, middle), (ordered[cut:], middle, high)]
    return gm


def _count_within(gm: Ints) -> Ints:
    """Return 0, 1, 2… within each gemeente."""
    order = np.argsort(gm, kind="stable")
    starts = np.flatnonzero(np.diff(gm[order], prepend=-1))
    lengths = np.diff(np.append(starts, len(gm)))
    number = np.empty(len(gm), dtype=np.int64)
    number[order] = np.arange(len(gm)) - np.repeat(starts, lengths)
    return number


def _redrawn(areas: Areas, inhabitants: Floats) -> Areas:
    """Let pairs of a large and a small wijk of one gemeente change codes: flag 3, another name."""
    number, change = areas.number.copy(), areas.change.copy()
    sizes = np.bincount(areas.gm)
    # from the last gemeente down: the merger takes the first that fit
    for gm in np.flatnonzero(sizes >= REDRAWN_LEAST)[::-1][:REDRAWN_PAIRS]:
        members = np.flatnonzero(areas.gm == gm)
        pair = members[np.argsort(inhabitants[members], kind="stable")][[len(members) // 4, -1]]
        number[pair] = number[pair[::-1]]
        change[pair] = "3"
    return replace(areas, number=number, change=change)


def _merged(areas: Areas, new: int) -> Areas:
    """Merge two neighbouring gemeenten into a new one, with new codes and flag 2."""
    sizes = np.bincount(areas.gm)
    both = sizes[:-1] + sizes[1:]
    redrawn = np.isin(np.arange(len(sizes)), areas.gm[areas.change == "3"])
    fits = (both >= MERGED_LEAST) & (both <= MERGED_MOST) & ~redrawn[:-1] & ~redrawn[1:]
    fit = np.flatnonzero(fits)
    if not len(fit):
        return areas  # too small a country for one
    members = np.flatnonzero(np.isin(areas.gm, [fit[0], fit[0] + 1]))
    gm, number, change = areas.gm.copy(), areas.number.copy(), areas.change.copy()
    gm[members], number[members], change[members] = new, np.arange(len(members)), "2"
    return replace(areas, gm=gm, number=number, change=change)


def _standard(x: Floats) -> Floats:
    standard: Floats = (x - x.mean()) / x.std()
    return standard
