"""The chart of one domain in one wijk through the years, as coordinates of an inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.publishing.presentation import svg

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.publishing.presentation.svg import Point

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 16, 36


@dataclass(frozen=True)
class Chart:
    """Coordinates of everything in the chart, in the picture's units.

    Parameters
    ----------
    years, rates : list of (float, str)
        Position along the axis, and the label there.
    observed : list of (float, float)
        A dot for every published figure that is shown.
    estimate, expected, forecast : list of str
        ``points`` of polylines, one for every stretch without a gap.
    band : str
        ``points`` of the outline of the forecast's 90% band; empty where there is none.
    width, height : int
        Size of the picture.
    """

    years: list[tuple[float, str]]
    rates: list[tuple[float, str]]
    observed: list[Point]
    estimate: list[str]
    expected: list[str]
    forecast: list[str]
    band: str
    width: int = WIDTH
    height: int = HEIGHT


def trend(
    past: pd.DataFrame, ahead: pd.DataFrame, per: int, write: Callable[[float], str]
) -> Chart | None:
    """Return the chart of a wijk and domain; None where there is nothing to draw.

    Parameters
    ----------
    past : DataFrame
        Indexed by year: ``observed``, ``estimate``, ``expected`` (rates of 0–1, NaN where not
        shown).
    ahead : DataFrame
        Indexed by year: ``rate``, ``lower``, ``upper`` (rates of 0–1).
    per : int
        Number of people that the axis gives rates per.
    write : callable
        Formats a number on the axis.
    """
    lines = [past["observed"], past["estimate"], past["expected"], ahead["rate"], ahead["upper"]]
    shown = [value for line in lines for value in line.dropna()]
    years = sorted({*past.index[past["estimate"].notna() | past["expected"].notna()], *ahead.index})
    if not shown or len(years) < 2:  # noqa: PLR2004 (a line has two ends)
        return None
    ticks = svg.ticks(max(shown) * per)
    x = svg.linear_scale(years[0], years[-1], LEFT, WIDTH - RIGHT)
    y = svg.linear_scale(0.0, ticks[-1], HEIGHT - BOTTOM, TOP)

    def line(values: pd.Series) -> list[Point | None]:
        return [None if v != v else (x(year), y(v * per)) for year, v in values.items()]  # type: ignore[arg-type]  # noqa: PLR0124

    upper, lower = line(ahead["upper"]), line(ahead["lower"].clip(lower=0.0))
    edge = [point for point in [*upper, *reversed(lower)] if point]
    return Chart(
        years=[(x(year), str(year)) for year in years],
        rates=[(y(tick), write(tick)) for tick in ticks],
        observed=[point for point in line(past["observed"]) if point],
        estimate=svg.polylines(line(past["estimate"])),
        expected=svg.polylines(line(past["expected"])),
        forecast=svg.polylines(line(ahead["rate"])),
        band=svg.points(edge),
    )
