"""Which forecasts a report shows: those of a few years ahead, on maps and in short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.report import records

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Gemeente

AHEAD = 3  # years ahead of the figures that cards and maps show, or as far as forecasts reach


def of_gemeente(gemeente: Gemeente, domain: str) -> pd.Series | None:
    """Return the gemeente's forecast that cards show; None where there is none.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    domain : str
        Its name: ``wmo``.

    Returns
    -------
    Series or None
        ``year``, ``rate``, ``lower``, ``upper`` (rates of 0–1).
    """
    table = gemeente.table("forecast_totals")
    if table is None:
        return None
    rows = table[(table["domain"] == domain) & table["rate"].notna()]
    rows = rows[rows["horizon"] <= AHEAD].sort_values("horizon")
    return None if rows.empty else rows.iloc[-1]


def rates_of_gemeente(gemeente: Gemeente, domain: str) -> dict[int, float | None]:
    """Return the gemeente's forecast rates (0–1) by year.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    domain : str
        Its name: ``wmo``.
    """
    table = gemeente.table("forecast_totals")
    if table is None:
        return {}
    rows = table[table["domain"] == domain].dropna(subset=["rate"])
    return {int(year): float(rate) for year, rate in zip(rows["year"], rows["rate"], strict=True)}


def of_wijken(gemeente: Gemeente, domain: str, horizon: int | None = None) -> pd.DataFrame:
    """Return a domain's forecasts of wijken, indexed by wijk code.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    domain : str
        Its name: ``wmo``.
    horizon : int, optional
        Years ahead; by default that of the maps.
    """
    table = gemeente.table("forecasts")
    empty = gemeente.country.shown.figures.iloc[:0].assign(rate=[], lower=[], upper=[], horizon=[])
    if table is None:
        return empty.set_index(AREA)
    rows = table[(table["domain"] == domain) & table["on_page"]]
    if horizon is None:
        near = rows.loc[rows["horizon"] <= AHEAD, "horizon"]
        horizon = int(near.max()) if len(near) else 0
    return rows[rows["horizon"] == horizon].set_index(AREA)


def of_newest_map(gemeente: Gemeente) -> list[dict[str, Any]]:
    """Return the wijken with a forecast and without a page, with their rates as maps show them.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.

    Returns
    -------
    list of dict
        ``wijk_name`` and ``rates``: by domain ``(year, rate)``.
    """
    table = gemeente.table("forecasts")
    if table is None:
        return []
    rows = table[~table["on_page"] & (table["horizon"] <= AHEAD)].dropna(subset=["rate"])
    rows = rows.sort_values("horizon").drop_duplicates(["domain", AREA], keep="last")
    out: dict[str, dict[str, Any]] = {}
    for row in records.records(rows.sort_values([AREA, "domain"])):
        one = out.setdefault(row[AREA], {"wijk_name": row["wijk_name"], "rates": {}})
        one["rates"][row["domain"]] = (int(row["year"]), row["rate"])
    return list(out.values())
