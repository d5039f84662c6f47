"""The page for the talk with housing corporations: need of older residents beside dwellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.report import forecasts, records

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Place

NEED = "wmo"  # what stands for need of older residents: most clients are
OLDER = "k_65_jaar_of_ouder"
# dwellings without stairs, or built to be lived in for life: the nearest that CBS's columns come
SUITABLE = ("percentage_meergezinswoning", "bouwjaar_vanaf_2000")
NEAR = ("afstand_tot_grote_supermarkt", "afstand_tot_huisartsenpraktijk")
FAR = 1.0  # km, further than many can walk with difficulty
OTHER = ("in_bezit_woningcorporatie",)
MOST = 10  # wijken to begin the talk with
COLUMNS = (OLDER, *SUITABLE, *OTHER, *NEAR)


def view(place: Place) -> dict[str, Any]:
    """Return what the template of the housing page needs."""
    rows = _table(place)
    names = [name for name in COLUMNS if name in rows]
    mean = {name: _of(place, place.code).get(name) for name in names}
    later = forecasts.of_gemeente(place, NEED) if NEED in place.country.domains else None
    limit = None if later is None else float(later["rate"])
    told = records.records(rows.reset_index())
    for row in told:
        row["signs"] = _signs(row, mean, limit)
    told.sort(key=lambda row: (-len(row["signs"]), -(row.get("need") or 0.0), row["wijk_name"]))
    asked = [row for row in told if {"few", "far"} & set(row["signs"])]
    need = NEED if "need" in rows else None
    year = None if later is None else int(later["year"])
    talk = [row for row in asked if "need" in row["signs"]] or asked
    return {
        "talk": talk[:MOST],
        "rows": told,
        "columns": names,
        "mean": mean,
        "need": need,
        "year": year,
        "of": limit,
    }


def _table(place: Place) -> pd.DataFrame:
    """Return per wijk the forecast need and what is known of dwellings and amenities."""
    rows = place.wijken.set_index(AREA)[["wijk_name"]]
    values = {code: _of(place, code) for code in rows.index}
    for name in COLUMNS:
        column = [values[code].get(name) for code in rows.index]
        if any(value is not None for value in column):
            rows[name] = column
    if NEED in place.country.domains:
        later = forecasts.of_wijken(place, NEED)
        if len(later):
            rows["need"] = later["rate"].reindex(rows.index)
    return rows


def _of(place: Place, code: str) -> dict[str, float]:
    found = place.country.profiles.get(code)
    return {} if found is None else dict(zip(found["name"], found["value"], strict=True))


def _signs(row: dict[str, Any], mean: dict[str, Any], limit: float | None) -> list[str]:
    """Return what in a wijk asks for a talk: keys of texts, need first.

    Few suitable dwellings or far amenities count only where more need than the gemeente's is
    forecast, or more older residents live there.
    """

    def beside(name: str) -> float:
        known = row.get(name) is not None and mean.get(name) is not None
        return float(row[name]) - float(mean[name]) if known else 0.0

    signs = []
    if limit is not None and row.get("need") is not None and row["need"] > limit:
        signs.append("need")
    if beside(OLDER) > 0:
        signs.append("older")
    if signs and any(name in row for name in SUITABLE) and _all_below(row, mean):
        signs.append("few")
    if signs and any((row.get(name) or 0.0) > FAR for name in NEAR):
        signs.append("far")
    return signs


def _all_below(row: dict[str, Any], mean: dict[str, Any]) -> bool:
    known = [n for n in SUITABLE if row.get(n) is not None and mean.get(n) is not None]
    return bool(known) and all(row[name] < mean[name] for name in known)
