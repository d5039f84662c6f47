"""Sums of forecasts: totals of gemeenten, people without a known wijk, and the country."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import COUNTRY_CODE
from risicomodel.learning.conformal import CONFIDENCE
from risicomodel.results.forecasting import components, forecast_intervals, total_trials
from risicomodel.results.forecasting.hidden_gemeenten import EXPECTED
from risicomodel.results.forecasting.unassigned_share import SPREAD

if TYPE_CHECKING:
    from risicomodel.results.forecasting.on_totals import OnTotals

GEMEENTE, NO_WIJK, WHOLE = "gemeente", "unassigned", "country"
NO_WIJK_NAME = "not assigned to a wijk"
ABOUT = ["horizon", "year", "origin_year"]
Z_90 = 1.6449


def sums(
    rows: pd.DataFrame, on_base: OnTotals, trials: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    """Return the forecasts of gemeenten, of people without a known wijk, and of the country.

    Parameters
    ----------
    rows : DataFrame
        Forecasts of wijken: ``forecast``, ``lower``, ``upper`` (clients), ``population``,
        ``shared_error``, ``own_error``, ``basis``, names and codes, ``horizon``, ``year``,
        ``origin_year``.
    on_base : OnTotals
        The model's totals.
    trials : DataFrame
        The model's back-test of totals.
    hidden : DataFrame
        The same of gemeenten treated as if nothing was published of them.

    Returns
    -------
    DataFrame
        ``level``, ``code``, ``name``, ``forecast``, ``lower``, ``upper``, ``population``,
        ``n_wijken``, ``base``. Wijken and ``unassigned`` add up to the gemeente, gemeenten to the
        country.
    """
    gemeenten = _gemeenten(rows, on_base, trials, hidden)
    unassigned = _unassigned(gemeenten, trials)
    gemeenten = _within_parts(gemeenten, pd.concat([rows, unassigned]), ["gm_code", *ABOUT])
    country = forecast_intervals.sum_forecasts(gemeenten, ABOUT)
    country = country.join(of_country(country)).assign(gm_code=COUNTRY_CODE, gm_name="Nederland")
    country = _within_parts(country, gemeenten, ABOUT)
    counts = gemeenten.groupby(ABOUT)["n_wijken"].sum().reset_index()
    table = pd.concat(
        [
            gemeenten.assign(level=GEMEENTE),
            unassigned.assign(level=NO_WIJK, gm_name=NO_WIJK_NAME, n_wijken=0),
            country.merge(counts, on=ABOUT).assign(level=WHOLE, base=total_trials.STAND_IN),
        ]
    )
    return table.rename(columns={"gm_code": "code", "gm_name": "name"})


def _gemeenten(
    rows: pd.DataFrame, on_base: OnTotals, trials: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    """Return totals of gemeenten with their intervals."""
    by = ["gm_code", "gm_name", "gm_group", *ABOUT]
    wijken = forecast_intervals.sum_forecasts(rows, by)
    counts = rows.groupby(by, observed=True).size().rename("n_wijken").reset_index()
    table = wijken.rename(columns={"forecast": "wijken"}).merge(counts, on=by)
    place = on_base.codes.get_indexer(pd.Index(table["gm_code"]))
    total = on_base.totals[place, table["horizon"].to_numpy() - 1]
    base = np.where(on_base.published[place], total_trials.PUBLISHED, total_trials.STAND_IN)
    table = table.assign(forecast=np.maximum(total, table["wijken"]), base=base)
    with_figures = rows.loc[rows["basis"] != EXPECTED, "gm_code"]
    blank = ~table["gm_code"].isin(with_figures) & ~on_base.published[place]
    table = table.join(forecast_intervals.with_hidden(table, blank, trials, hidden))
    return forecast_intervals.widen_with_horizon(table, ["gm_code"])


def _unassigned(gemeenten: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return people without a known wijk: what the total has more than its wijken."""
    forecast = gemeenten["forecast"] - gemeenten["wijken"]
    reach = gemeenten["horizon"].map(_spread(trials)).fillna(Z_90 * SPREAD)
    reach = reach * gemeenten["forecast"]
    return gemeenten.assign(
        forecast=forecast,
        lower=(forecast - reach).clip(lower=0.0),
        upper=np.minimum(forecast + reach, gemeenten["forecast"]),
    )


def with_band_of_gemeente(rows: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts of wijken; one that is all of its gemeente has the gemeente's band.

    Parameters
    ----------
    rows : DataFrame
        Forecasts of wijken: ``gm_code``, ``horizon``, ``forecast``, ``lower`` and ``upper``.
    sums : DataFrame
        From :func:`sums`.

    Returns
    -------
    DataFrame
        The same rows; relative to the forecast, wijk and gemeente have the same band.
    """
    alone = sums[sums["level"].eq(GEMEENTE) & sums["n_wijken"].eq(1) & sums["forecast"].gt(0)]
    shares = alone.set_index(["code", "horizon"])
    out = rows.copy()
    keys = pd.MultiIndex.from_frame(rows[["gm_code", "horizon"]])
    for limit in forecast_intervals.LIMITS:
        share = (shares[limit] / shares["forecast"]).reindex(keys).to_numpy()
        out[limit] = np.where(np.isnan(share), rows[limit], share * rows["forecast"])
    return out


def _spread(trials: pd.DataFrame) -> pd.Series:
    """Return by horizon how far the share without a known wijk was off in nine of ten gemeenten."""
    if total_trials.UNASSIGNED not in trials:
        return pd.Series(dtype="float64")
    off = trials[total_trials.UNASSIGNED] / trials["forecast"]
    off = (off - trials[total_trials.UNASSIGNED_SINCE] / trials["clients"]).abs()
    return off.groupby(trials["horizon"]).quantile(CONFIDENCE).cummax()


def _within_parts(sums: pd.DataFrame, parts: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return sums whose intervals do not reach beyond the sums of their parts' limits."""
    limits = parts.groupby(by)[forecast_intervals.LIMITS].sum().add_prefix("least_").reset_index()
    joined = sums.merge(limits, on=by, how="left")
    lower = joined["lower"].clip(lower=joined["least_lower"])
    upper = joined["upper"].clip(upper=joined["least_upper"])
    return joined.assign(lower=lower, upper=upper).drop(columns=["least_lower", "least_upper"])


def of_country(whole: pd.DataFrame) -> pd.DataFrame:
    """Return the country's intervals: there are too few origins for a quantile of its errors.

    Parameters
    ----------
    whole : DataFrame
        ``forecast`` (clients) and ``horizon``.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (clients), on the same index.
    """
    years = whole["horizon"] ** components.COUNTRY_SD_POWER
    spread: Floats = np.exp(Z_90 * components.COUNTRY_SD * years.to_numpy())
    limits = {"lower": whole["forecast"] / spread, "upper": whole["forecast"] * spread}
    return pd.DataFrame(limits, index=whole.index)
