"""The maps of a gemeente: what was counted, what is expected, the gap and the forecast."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.presentation import maps
from risicomodel.publishing.report import forecasts
from risicomodel.publishing.report.gaps import LIKELY

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.presentation.maps import Drawing
    from risicomodel.publishing.report.gemeente import Place

    Reading = tuple[float | None, bool]  # a rate (None: blank) and whether it is hatched

WIDE = 1.0  # a band as wide as this times its figure is uncertain


def view(place: Place, words: Words, domain: str, drawing: Drawing) -> dict[str, Any]:
    """Return a domain's maps, each with a mark for every wijk that is drawn, and their legends."""
    year, later = place.year(domain), forecasts.of_wijken(place, domain)
    rows = place.figures(domain, year)
    readings: dict[str, tuple[int, Callable[[str], Reading]]] = {
        "observed": (year, lambda wijk: _observed(rows, wijk)),
        "expected": (year, lambda wijk: _banded(rows, wijk, "expected", "expected_")),
        "gap": (year, lambda wijk: _gap(rows, wijk)),
    }
    if len(later):
        readings["forecast"] = (
            int(later["year"].max()),
            lambda wijk: _banded(later, wijk, "rate", ""),
        )
    wijken = place.wijken[[AREA, "wijk_name"]].itertuples(index=False)
    named = {code: name for code, name in wijken if code in drawing.paths}
    steps = {"gap": place.country.gap_breaks[domain]}
    breaks = place.country.breaks[domain]
    return {
        "domain": domain,
        "maps": [
            {
                "kind": kind,
                "year": told,
                "marks": _marks(named, read, steps.get(kind, breaks), _writer(words, domain, kind)),
            }
            for kind, (told, read) in readings.items()
        ],
        "legend": _legend(words, breaks),
        "gap_legend": _legend(words, steps["gap"]),
    }


def _writer(words: Words, domain: str, kind: str) -> Callable[[float], tuple[float, str]]:
    """Return what gives a rate as it is coloured, and as it is told."""
    write = words.change if kind == "gap" else words.rate
    return lambda rate: (rate * words.per(domain), write(domain, rate))


def _marks(
    named: dict[str, str],
    read: Callable[[str], Reading],
    breaks: list[float],
    write: Callable[[float], tuple[float, str]],
) -> list[maps.Mark]:
    out = []
    for code, name in named.items():
        rate, hatched = read(code)
        value, told = (None, "–") if rate is None else write(rate)
        out.append(maps.Mark(code, maps.level(value, breaks), hatched, f"{name}: {told}"))
    return out


def _observed(rows: pd.DataFrame, wijk: str) -> Reading:
    """Return what was counted or, hatched, the estimate where nothing was."""
    found = _value(rows, wijk, "observed")
    return (found, False) if found is not None else (_value(rows, wijk, "estimate"), True)


def _banded(rows: pd.DataFrame, wijk: str, name: str, prefix: str) -> Reading:
    """Return a figure, hatched where its band is as wide as the figure itself."""
    rate = _value(rows, wijk, name)
    low, high = (_value(rows, wijk, f"{prefix}{end}") for end in ("lower", "upper"))
    if rate is None or low is None or high is None:
        return rate, False
    return rate, high - low > WIDE * rate


def _gap(rows: pd.DataFrame, wijk: str) -> Reading:
    chance = _value(rows, wijk, "chance")
    return _value(rows, wijk, "gap"), chance is not None and chance >= LIKELY


def _value(rows: pd.DataFrame, wijk: str, name: str) -> float | None:
    found = rows[name].get(wijk)
    return None if found is None or found != found else float(found)  # noqa: PLR0124 (NaN)


def _legend(words: Words, breaks: list[float]) -> list[str]:
    if not breaks:
        return []
    told = [words.number(value, 0 if float(value).is_integer() else 1) for value in breaks]
    inner = [words.text("index.maps.to", low=low, high=high) for low, high in pairwise(told)]
    return [
        words.text("index.maps.below", high=told[0]),
        *inner,
        words.text("index.maps.above", low=told[-1]),
    ]
