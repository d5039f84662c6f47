"""Forecasts of wijken and gemeenten: what may be shown of them.

A forecast is hidden where the figure it starts from is: that could be read from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import figures, rules

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure.tables import Tables

RATES = ["rate", "lower", "upper"]


def forecasts(
    tables: Tables, cells: pd.DataFrame, hidden: pd.Series, totals: pd.DataFrame
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return forecasts of wijken and of gemeenten; None where the run has none.

    Parameters
    ----------
    tables : Tables
        Of a run.
    cells : DataFrame
        Its figures, by domain, wijk and year.
    hidden : Series of bool
        Which of them are hidden.
    totals : DataFrame
        Totals of gemeenten as they are shown; where wijken are missing there is no sum either.
    """
    rows, sums = tables.forecasts, tables.forecast_sums
    if rows is None or sums is None:
        return None, None
    origin = cells[figures.KEY].assign(hidden=hidden).rename(columns={"year": "origin_year"})
    rows = rows.merge(origin, on=["domain", AREA, "origin_year"], how="left")
    small = rules.too_small(rows["clients"], rows["population"]) | rows["hidden"].eq(True)
    rows = rows.assign(small=small, largest=rows["clients"])
    rows = rows[rows["clients"].notna()].reset_index(drop=True)
    sums = sums[sums["level"] == "gemeente"].rename(columns={"code": "gm_code"})
    given_totals = sums.set_index(figures.BY_GEMEENTE)["clients"].to_dict()
    to_hide, given = figures.covered(rows, given_totals)
    rows = rows.assign(hidden=to_hide)
    rows.loc[to_hide, RATES] = np.nan
    columns = [*figures.KEY, "gm_code", "wijk_name", "origin_year", "horizon", "hidden", *RATES]
    return rows[columns], _of_gemeenten(sums, given, totals)


def _of_gemeenten(sums: pd.DataFrame, given: pd.Series, totals: pd.DataFrame) -> pd.DataFrame:
    """Return sums of forecasts that may be given, of gemeenten with all their wijken."""
    keys = sums.set_index(figures.BY_GEMEENTE).index
    shown = given.reindex(keys).eq(True).to_numpy()
    shown = shown & (sums["clients"] >= rules.LIMITS.count).to_numpy()
    newest = totals[totals["year"] == totals["year"].max()]
    lacking = newest.loc[newest["source"] == figures.PARTIAL, "gm_code"]
    shown = shown & ~sums["gm_code"].isin(lacking).to_numpy()
    out = sums[[*figures.BY_GEMEENTE, "origin_year", "horizon", *RATES]].copy()
    out.loc[~shown, RATES] = np.nan
    return out.reset_index(drop=True)
