"""How an outcome changes along the values of a feature: coordinates of an inline SVG, and facts.

The facts (which way the curve goes, between which values, how far) are what a text says of it, so
that a reader who does not see the picture misses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.publishing.presentation import svg

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.svg import Scale

WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, FLOOR, BOTTOM = 50, 14, 8, 128, 164  # the density stands below the floor
MOST = (0.1, 0.9)  # shares of all wijken between which a curve is described
CLEAR = 0.6  # share of all its movement from which a curve is said to go one way
UP, DOWN, BOTH = "up", "down", "both"


@dataclass(frozen=True)
class Curve:
    """A curve's coordinates, in the picture's units, and the facts that a text says of it.

    Parameters
    ----------
    line : str
        ``points`` of the mean contribution.
    band : str
        ``points`` of the outline that holds eight of ten wijken.
    density : str
        Path of the share of wijken per bin.
    zero : float
        Height at which the feature adds nothing.
    ticks : list of (float, float)
        Height, and the contribution there (a rate of 0–1).
    ends : list of (float, float)
        Position of the first, middle and last value, and the value, in the feature's unit.
    way : {"up", "down", "both"}
        What happens to the contribution as the value grows.
    span : (float, float)
        Values that eight of ten wijken lie between, in the feature's unit.
    change : float
        Contribution at the high end of ``span`` less that at its low end (a rate of 0–1).
    peak : float
        Value within ``span`` with the highest contribution, in the feature's unit.
    width, height : int
        Size of the picture.
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
    """Return the curve of a feature; None where all its values are in one bin.

    Parameters
    ----------
    bins : DataFrame
        A row per bin, in order of value: ``value`` (mean, in the feature's unit),
        ``contribution``, ``low``, ``high`` (mean, tenth and ninetieth percentile; rates of 0–1),
        ``share`` (of all wijken, 0–1).
    low, high : float
        Ends of the vertical axis (rates of 0–1): the same for all features of a domain.
    """
    if len(bins) < 2:  # noqa: PLR2004 (a line has two ends)
        return None
    values = [float(value) for value in bins["value"]]
    x = svg.linear_scale(values[0], values[-1], LEFT, WIDTH - RIGHT)
    y = svg.linear_scale(low, high, FLOOR, TOP)

    def line(name: str) -> list[svg.Point]:
        return [(x(a), y(float(b))) for a, b in zip(values, bins[name], strict=True)]

    way, span, change, peak = _described(bins)
    return Curve(
        line=svg.points(line("contribution")),
        band=svg.points([*line("high"), *reversed(line("low"))]),
        density=_density(values, [float(share) for share in bins["share"]], x),
        zero=y(0.0),
        ticks=[(y(rate), rate) for rate in (low, 0.0, high)],
        ends=[(x(value), value) for value in (values[0], values[len(values) // 2], values[-1])],
        way=way,
        span=span,
        change=change,
        peak=peak,
    )


def _density(values: list[float], shares: list[float], x: Scale) -> str:
    """Return a step per bin, half-way to the next, as high as its share of wijken."""
    edges = [x((a + b) / 2) for a, b in pairwise(values)]
    most = max(shares)
    steps = [
        f"V{round(BOTTOM - share / most * (BOTTOM - FLOOR - 6))}H{edge:g}"
        for share, edge in zip(shares, [*edges, x(values[-1])], strict=True)
    ]
    return f"M{LEFT} {BOTTOM}{''.join(steps)}V{BOTTOM}z"


def _described(bins: pd.DataFrame) -> tuple[str, tuple[float, float], float, float]:
    """Return which way a curve goes over most wijken, between which values, and how far."""
    up_to = bins["share"].cumsum() / bins["share"].sum()
    most = bins[(up_to > MOST[0]) & (up_to - bins["share"] < MOST[1])]
    values, added = most["value"], most["contribution"]
    change = float(added.iloc[-1] - added.iloc[0])
    moved = float(added.max() - added.min())
    way = BOTH if abs(change) < CLEAR * moved else UP if change > 0 else DOWN
    span = (float(values.iloc[0]), float(values.iloc[-1]))
    return way, span, change, float(values.iloc[int(added.to_numpy().argmax())])
