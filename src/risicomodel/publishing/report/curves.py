"""What a feature does along its values, as the lines of a small inline SVG, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable


WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, FLOOR, BOTTOM = 50, 14, 8, 128, 164  # below the floor is how many wijken
MOST = (0.1, 0.9)  # shares of all wijken between which a curve is told in words
CLEAR = 0.6  # of all it moves, for it to be said to go one way
UP, DOWN, BOTH = "up", "down", "both"


@dataclass(frozen=True)
class Curve:
    """What is drawn, in the units of the picture, and what is said of it.

    Parameters
    ----------
    line : str
        Points of the mean contribution.
    band : str
        Outline of where eight of ten wijken are.
    density : str
        Path of the share of wijken per bin.
    zero : float
        Where a feature adds nothing.
    ticks : list of (float, float)
        Height in the picture, and the rate there.
    ends : list of (float, float)
        Where in the picture the first, middle and last value are, and the value.
    way : str
        ``up``, ``down`` or ``both``: what happens where the value is higher.
    span : tuple of float
        Values that eight of ten wijken lie between.
    change : float
        How much more is added at the high end of these than at the low end (rate).
    peak : float
        The value where most is added.
    """

    line: str
    band: str
    density: str
    zero: float
    ticks: list[tuple[float, float]]
    ends: list[tuple[float, float]]
    way: str
    span: tuple[float, float]
    change: float
    peak: float
    width: int = WIDTH
    height: int = HEIGHT


def draw(bins: pd.DataFrame, low: float, high: float) -> Curve | None:
    """Return the curve of a feature; None where its values hardly differ.

    Parameters
    ----------
    bins : DataFrame
        ``value``, ``contribution``, ``low``, ``high``, ``share``, in order of value.
    low, high : float
        The least and most on the axis: the same for all features of a domain.
    """
    if len(bins) < 2:  # noqa: PLR2004 (a line has two ends)
        return None
    first, last = float(bins["value"].iloc[0]), float(bins["value"].iloc[-1])
    x = _axis(first, last, LEFT, WIDTH - RIGHT)
    y = _axis(low, high, FLOOR, TOP)
    values = [float(value) for value in bins["value"]]
    edge = [*zip(values, bins["high"], strict=True)]
    edge += reversed([*zip(values, bins["low"], strict=True)])
    middle = values[len(values) // 2]
    way, span, change, peak = _in_words(bins)
    return Curve(
        line=_points(zip(values, bins["contribution"], strict=True), x, y),
        band=_points(edge, x, y),
        density=_density(values, [float(share) for share in bins["share"]], x),
        zero=y(0.0),
        ticks=[(y(rate), rate) for rate in (low, 0.0, high)],
        ends=[(x(value), value) for value in (first, middle, last)],
        way=way,
        span=span,
        change=change,
        peak=peak,
    )


def _axis(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: round(start + (value - low) / ((high - low) or 1) * (end - start))


def _points(pairs: object, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    return " ".join(f"{x(float(a)):g},{y(float(b)):g}" for a, b in pairs)  # type: ignore[attr-defined]


def _density(values: list[float], shares: list[float], x: Callable[[float], float]) -> str:
    """Return a step per bin, half-way to the next, as high as its share of wijken."""
    edges = [x((a + b) / 2) for a, b in pairwise(values)]
    most = max(shares)
    steps = [
        f"V{round(BOTTOM - share / most * (BOTTOM - FLOOR - 6))}H{edge:g}"
        for share, edge in zip(shares, [*edges, x(values[-1])], strict=True)
    ]
    return f"M{LEFT} {BOTTOM}{''.join(steps)}V{BOTTOM}z"


def _in_words(bins: pd.DataFrame) -> tuple[str, tuple[float, float], float, float]:
    """Return which way a curve goes over most wijken, between which values, and how far."""
    upto = bins["share"].cumsum() / bins["share"].sum()
    most = bins[(upto > MOST[0]) & (upto - bins["share"] < MOST[1])]
    values, added = most["value"], most["contribution"]
    change = float(added.iloc[-1] - added.iloc[0])
    moved = float(added.max() - added.min())
    way = BOTH if abs(change) < CLEAR * moved else UP if change > 0 else DOWN
    span = (float(values.iloc[0]), float(values.iloc[-1]))
    return way, span, change, float(values.iloc[int(added.to_numpy().argmax())])
