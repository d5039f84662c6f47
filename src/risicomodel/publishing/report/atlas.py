"""The maps of a gemeente: counted, expected, the gap (also within the gemeente), the forecast."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.presentation import maps
from risicomodel.publishing.report import forecasts
from risicomodel.publishing.report.statements import LIKELY

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.presentation.maps import Drawing
    from risicomodel.publishing.report.gemeente import Gemeente

    Reading = tuple[float | None, bool]  # a rate (None: blank) and whether it is hatched

GAPS = ("gap", "within")  # maps of differences
WIDE = 1.0  # a band as wide as this times its figure is uncertain


def view(gemeente: Gemeente, words: Words, domain: str, drawing: Drawing) -> dict[str, Any]:
    """Return a domain's maps, each with a mark for every wijk that is drawn, and their legends.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    domain : str
        Its name: ``wmo``.
    drawing : Drawing
        Outlines of the gemeente's wijken.
    """
    year, ahead = gemeente.year(domain), forecasts.of_wijken(gemeente, domain)
    rows = gemeente.figures(domain, year)
    readings: dict[str, tuple[int, Callable[[str], Reading]]] = {
        "observed": (year, lambda wijk: _observed(rows, wijk)),
        "expected": (year, lambda wijk: _banded(rows, wijk, "expected", "expected_")),
        "gap": (year, lambda wijk: _gap(rows, wijk, "gap")),
        "within": (year, lambda wijk: _gap(rows, wijk, "gap_wijk")),
    }
    if len(ahead):
        readings["forecast"] = (
            int(ahead["year"].max()),
            lambda wijk: _banded(ahead, wijk, "rate", ""),
        )
    wijken = gemeente.wijken[[AREA, "wijk_name"]].itertuples(index=False)
    names = {code: name for code, name in wijken if code in drawing.paths}
    steps = dict.fromkeys(GAPS, gemeente.country.gap_breaks[domain])
    breaks = gemeente.country.breaks[domain]
    return {
        "domain": domain,
        "maps": [
            {
                "kind": kind,
                "year": of_year,
                "marks": _marks(names, read, steps.get(kind, breaks), _writer(words, domain, kind)),
            }
            for kind, (of_year, read) in readings.items()
        ],
        "legend": _legend(words, breaks),
        "gap_legend": _legend(words, steps["gap"]),
    }


def _writer(words: Words, domain: str, kind: str) -> Callable[[float], tuple[float, str]]:
    """Return a function from a rate to its value in the domain's unit, and its text."""
    write = words.change if kind in GAPS else words.rate
    return lambda rate: (rate * words.per(domain), write(domain, rate))


def _marks(
    names: dict[str, str],
    read: Callable[[str], Reading],
    breaks: list[float],
    write: Callable[[float], tuple[float, str]],
) -> list[maps.Mark]:
    out = []
    for code, name in names.items():
        rate, hatched = read(code)
        value, text = (None, "–") if rate is None else write(rate)
        out.append(maps.Mark(code, maps.shade(value, breaks), hatched, f"{name}: {text}"))
    return out


def _observed(rows: pd.DataFrame, wijk: str) -> Reading:
    """Return what was counted or, hatched, the estimate where nothing was."""
    rate = _value(rows, wijk, "observed")
    return (rate, False) if rate is not None else (_value(rows, wijk, "estimate"), True)


def _banded(rows: pd.DataFrame, wijk: str, name: str, prefix: str) -> Reading:
    """Return a figure, hatched where its band is as wide as the figure itself."""
    rate = _value(rows, wijk, name)
    low, high = (_value(rows, wijk, f"{prefix}{end}") for end in ("lower", "upper"))
    if rate is None or low is None or high is None:
        return rate, False
    return rate, high - low > WIDE * rate


def _gap(rows: pd.DataFrame, wijk: str, name: str) -> Reading:
    """Return the gap or its part, hatched where the wijk's own may be chance or the model's."""
    chance = _value(rows, wijk, "chance")
    return _value(rows, wijk, name), chance is not None and chance >= LIKELY


def _value(rows: pd.DataFrame, wijk: str, name: str) -> float | None:
    value = rows[name].get(wijk)
    return None if value is None or value != value else float(value)  # noqa: PLR0124 (NaN)


def _legend(words: Words, breaks: list[float]) -> list[str]:
    if not breaks:
        return []
    texts = [words.number(value, 0 if float(value).is_integer() else 1) for value in breaks]
    inner = [words.text("index.maps.to", low=low, high=high) for low, high in pairwise(texts)]
    return [
        words.text("index.maps.below", high=texts[0]),
        *inner,
        words.text("index.maps.above", low=texts[-1]),
    ]
