"""What charts, curves and maps are drawn with: scales, ticks, and the coordinates of SVG shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from risicomodel.core.arrays import Ints

Point = tuple[float, float]
Scale = Callable[[float], float]

TICK_STEPS = (1, 2, 2.5, 5, 10)  # times a power of ten
TICKS = 4  # about so many lines across a chart


def linear_scale(low: float, high: float, start: float, end: float) -> Scale:
    """Return a function from a value to a whole coordinate of the picture.

    Parameters
    ----------
    low, high : float
        Least and greatest value, in the data's unit. Where they are equal every value gets
        ``start``.
    start, end : float
        Coordinates of ``low`` and ``high``, in the picture's units.

    Examples
    --------
    >>> x = linear_scale(2016, 2020, start=0, end=100)
    >>> x(2017)
    25
    """
    return lambda value: round(start + (value - low) / ((high - low) or 1) * (end - start))


def ticks(greatest: float) -> list[float]:
    """Return about :data:`TICKS` round numbers from 0 to just over the greatest value.

    Parameters
    ----------
    greatest : float
        Greatest value on the axis, in the unit of the axis.

    Examples
    --------
    >>> ticks(7.3)
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    rough = greatest / TICKS or 1.0
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 0.1
    step = next(power * s for s in TICK_STEPS if power * s >= rough)
    out = [0.0]
    while out[-1] < greatest:
        out.append(out[-1] + step)
    return out


def points(coordinates: Iterable[Point]) -> str:
    """Return coordinates as the ``points`` attribute of a polyline or polygon.

    Parameters
    ----------
    coordinates : iterable of (float, float)
        x and y, in the picture's units.

    Examples
    --------
    >>> points([(0, 1), (2.5, 3)])
    '0,1 2.5,3'
    """
    return " ".join(f"{x:g},{y:g}" for x, y in coordinates)


def polylines(coordinates: Iterable[Point | None]) -> list[str]:
    """Return the ``points`` of polylines, one for every stretch; one point alone is a dot.

    Parameters
    ----------
    coordinates : iterable of (float, float) or None
        x and y, in the picture's units; None where the line is broken.

    Examples
    --------
    >>> polylines([(0, 1), (1, 1), None, (3, 2)])
    ['0,1 1,1', '3,2 3,2']
    """
    stretches: list[list[Point]] = [[]]
    for point in coordinates:
        if point is None:
            stretches.append([])
        else:
            stretches[-1].append(point)
    lines = [stretch if len(stretch) > 1 else 2 * stretch for stretch in stretches]
    return [points(line) for line in lines if line]


def closed_path(ring: Ints) -> str:
    """Return a ring as an SVG path, each point relative to the one before.

    Parameters
    ----------
    ring : array of int, shape (n_points, 2)
        x and y in the picture's units; the last point is the first one.

    Returns
    -------
    str
        Empty where too few different points are left for an area.

    Examples
    --------
    >>> closed_path(np.array([[0, 0], [10, 0], [10, 10], [0, 0]]))
    'M0 0l10 0l0 10z'
    """
    steps = np.diff(ring, axis=0)
    steps = steps[(steps != 0).any(axis=1)][:-1]
    if len(steps) <= 1:
        return ""
    moves = "".join(f"l{x} {y}" for x, y in steps).replace(" -", "-")
    return f"M{ring[0][0]} {ring[0][1]}{moves}z"
