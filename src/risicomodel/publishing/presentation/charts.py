"""A domain in a wijk through the years, as the points and lines of a small inline SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 16, 36
STEPS = (1, 2, 2.5, 5, 10)
LINES = 4  # about so many lines across

Point = tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """What is drawn: everything in the units of the picture.

    Parameters
    ----------
    years, rates : list of (float, str)
        Where on its axis, and what is written there.
    observed : list of (float, float)
        A dot for every published figure that is shown.
    estimate, expected, forecast : list of str
        Points of lines, one for every stretch without a gap.
    band : str
        The outline of the forecast's band; empty where there is none.
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
        By year: ``observed``, ``estimate``, ``expected`` (rates, NaN where not shown).
    ahead : DataFrame
        By year: ``rate``, ``lower``, ``upper``.
    per : int
        Per how many people rates are told.
    write : callable
        Writes a number on the axis.
    """
    lines = [past["observed"], past["estimate"], past["expected"], ahead["rate"], ahead["upper"]]
    known = [value for line in lines for value in line.dropna()]
    years = sorted({*past.index[past["estimate"].notna() | past["expected"].notna()], *ahead.index})
    if not known or len(years) < 2:  # noqa: PLR2004 (a line has two ends)
        return None
    ticks = _ticks(max(known) * per)
    x = _axis(years[0], years[-1], LEFT, WIDTH - RIGHT)
    y = _axis(0.0, ticks[-1], HEIGHT - BOTTOM, TOP)

    def line(values: pd.Series) -> list[Point | None]:
        return [None if v != v else (x(year), y(v * per)) for year, v in values.items()]  # type: ignore[arg-type]  # noqa: PLR0124

    upper, lower = line(ahead["upper"]), line(ahead["lower"].clip(lower=0.0))
    edge = [point for point in [*upper, *reversed(lower)] if point]
    return Chart(
        years=[(x(year), str(year)) for year in years],
        rates=[(y(tick), write(tick)) for tick in ticks],
        observed=[point for point in line(past["observed"]) if point],
        estimate=_stretches(line(past["estimate"])),
        expected=_stretches(line(past["expected"])),
        forecast=_stretches(line(ahead["rate"])),
        band=_points(edge),
    )


def _axis(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: round(start + (value - low) / ((high - low) or 1) * (end - start))


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 to just over the highest figure."""
    rough = most / LINES or 1.0
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 0.1
    step = next(power * s for s in STEPS if power * s >= rough)
    out = [0.0]
    while out[-1] < most:
        out.append(out[-1] + step)
    return out


def _stretches(points: Sequence[Point | None]) -> list[str]:
    """Return polylines, broken where a figure is not shown."""
    out: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            out.append([])
        else:
            out[-1].append(point)
    return [_points(stretch) for stretch in out if len(stretch) > 1]


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
