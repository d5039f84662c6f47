"""Forecasts of wijken and gemeenten: what may be shown of them.

A forecast is hidden where the figure it starts from is: that could be read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import figures, rules, unassigned

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure.tables import Tables

RATES = ["rate", "lower", "upper"]


@dataclass(frozen=True)
class Ahead:
    """Forecasts that may be shown; rates are empty where they may not.

    Parameters
    ----------
    wijken, gemeenten : DataFrame
        Per domain, wijk (gemeente) and future year.
    sums : DataFrame
        Wijken together, people in no wijk and the total of their gemeente.
    """

    wijken: pd.DataFrame
    gemeenten: pd.DataFrame
    sums: pd.DataFrame


def forecasts(
    tables: Tables,
    cells: pd.DataFrame,
    hidden: pd.Series,
    totals: pd.DataFrame,
    years: pd.DataFrame,
) -> Ahead | None:
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
    years : DataFrame
        What may be shown of people in no wijk in the years of the panel.
    """
    rows, sums = tables.forecasts, tables.forecast_sums
    if rows is None or sums is None:
        return None
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
    of_gemeenten = _of_gemeenten(tables, sums, given, totals)
    with_parts = unassigned.of_forecasts(tables, rows, of_gemeenten, years)
    return Ahead(rows[columns], of_gemeenten, with_parts)


def _of_gemeenten(
    tables: Tables, sums: pd.DataFrame, given: pd.Series, totals: pd.DataFrame
) -> pd.DataFrame:
    """Return sums of forecasts that may be given, of gemeenten with all their wijken."""
    keys = sums.set_index(figures.BY_GEMEENTE).index
    shown = given.reindex(keys).eq(True).to_numpy()
    shown = shown & (sums["clients"] >= rules.LIMITS.count).to_numpy()
    newest = totals[totals["year"] == totals["year"].max()]
    lacking = newest.loc[newest["source"] == figures.PARTIAL, "gm_code"]
    shown = shown & ~sums["gm_code"].isin(lacking).to_numpy()
    bases = pd.Series({name: float(d.rounded_to) for name, d in tables.domains.items()})
    base = sums["domain"].map(bases)
    out = sums[[*figures.BY_GEMEENTE, "origin_year", "horizon", *RATES]].copy()
    out["clients"] = (sums["clients"] / base).round() * base
    out.loc[~shown, [*RATES, "clients"]] = np.nan
    return out.reset_index(drop=True)
