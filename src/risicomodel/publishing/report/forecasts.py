"""Which forecasts a report shows: those of a few years ahead, on maps and in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import AREA

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Place

AHEAD = 3  # years ahead of the figures that cards and maps show, or as far as forecasts reach


def of_gemeente(place: Place, domain: str) -> pd.Series | None:
    """Return the gemeente's forecast that cards show; None where there is none."""
    found = place.table("forecast_totals")
    if found is None:
        return None
    rows = found[(found["domain"] == domain) & found["rate"].notna()]
    rows = rows[rows["horizon"] <= AHEAD].sort_values("horizon")
    return None if rows.empty else rows.iloc[-1]


def rates_of_gemeente(place: Place, domain: str) -> dict[int, float | None]:
    """Return the gemeente's forecast by year."""
    found = place.table("forecast_totals")
    if found is None:
        return {}
    rows = found[found["domain"] == domain].dropna(subset=["rate"])
    return {int(year): float(rate) for year, rate in zip(rows["year"], rows["rate"], strict=True)}


def of_wijken(place: Place, domain: str, horizon: int | None = None) -> pd.DataFrame:
    """Return a domain's forecasts of wijken, of one horizon (by default that of the maps)."""
    found = place.table("forecasts")
    empty = place.country.shown.figures.iloc[:0].assign(rate=[], lower=[], upper=[], horizon=[])
    if found is None:
        return empty.set_index(AREA)
    rows = found[found["domain"] == domain]
    if horizon is None:
        near = rows.loc[rows["horizon"] <= AHEAD, "horizon"]
        horizon = int(near.max()) if len(near) else 0
    return rows[rows["horizon"] == horizon].set_index(AREA)
