"""90% prediction intervals of forecasts, calibrated on the errors of earlier origins.

Errors are scaled by their expected size
(:class:`risicomodel.results.forecasting.components.Decomposition`: what country, gemeenten and
wijken may do, counting and rounding). Their quantile is taken per horizon and by what a forecast
stands on, apart for wijken that were redrawn since the origin, among errors of wijken of about its
size (:mod:`risicomodel.learning.smooth_bands`);
intervals of gemeenten come from the errors of their totals in the same way. In the back-test the
intervals of an origin come from the errors of all other origins, so that a shock is met as the next
one will be: unforeseen. The 90% is over years, as most of a year's errors are shared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.learning import smooth_bands

# From this horizon on there are few origins: horizons are pooled for their quantile, and differ
# only in the expected size of their errors.
POOLED_HORIZON = 3
MIN_SIGMA = 1e-9  # rate; errors are divided by sigma
LIMITS = ["lower", "upper"]


def conformal_intervals(forecasts: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the 90% prediction intervals of forecasts.

    Parameters
    ----------
    forecasts : DataFrame
        ``forecast`` (clients), ``shared_error`` and ``own_error`` (relative), ``population``,
        ``horizon``; of one domain and model.
    trials : DataFrame
        The same with ``clients`` and ``gm_group``: forecasts whose figure is known.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (clients, from 0 to the population), on the index of ``forecasts``.
    """
    limits = smooth_bands.smooth_intervals(_as_rates(forecasts), _as_rates(trials))
    limits *= forecasts["population"].to_numpy()[:, None]
    # a rate may be above 1; keep the forecast within its interval
    forecast = forecasts["forecast"].to_numpy()
    lower, upper = limits[:, 0].clip(max=forecast), limits[:, 1].clip(min=forecast)
    return pd.DataFrame({"lower": lower, "upper": upper}, index=forecasts.index)


def with_hidden(
    forecasts: pd.DataFrame, blank: pd.Series, trials: pd.DataFrame, hidden: pd.DataFrame
) -> pd.DataFrame:
    """Return 90% prediction intervals; where nothing is published, from hidden gemeenten.

    Parameters
    ----------
    forecasts, trials : DataFrame
        As for :func:`conformal_intervals`.
    blank : Series of bool
        Which forecasts are of gemeenten of which nothing is published.
    hidden : DataFrame
        Trials of gemeenten treated so (:mod:`.hidden_gemeenten`).

    Returns
    -------
    DataFrame
        As :func:`conformal_intervals`.
    """
    out = conformal_intervals(forecasts, trials)
    if blank.any() and len(hidden):
        out.loc[blank] = conformal_intervals(forecasts[blank], hidden)
    return out


def _as_rates(rows: pd.DataFrame) -> pd.DataFrame:
    people = rows["population"].clip(lower=1.0)
    rate = rows["forecast"] / people
    sigma = (rate * np.hypot(rows["shared_error"], rows["own_error"])).clip(lower=MIN_SIGMA)
    out = pd.DataFrame({"rate": rate, "sigma": sigma, "population": people, "bin": _bin(rows)})
    if "clients" in rows:
        out = out.assign(clients=rows["clients"], cluster=rows["gm_group"])
    return out


def _bin(rows: pd.DataFrame) -> pd.Series:
    """Return horizon, and whether a wijk has a figure of its own or a gemeente a total.

    Redrawn wijken are apart: what is carried to them is a guess, whatever it stands on.
    """
    horizon = rows["horizon"].clip(upper=POOLED_HORIZON).astype("str")
    if "base" in rows:
        return horizon + " " + rows["base"].astype("str")
    if "basis" not in rows:
        return horizon
    with_figure = rows["basis"].astype("str").eq("figure")
    stands_on = with_figure.map({True: " figure", False: " without"})
    return horizon + stands_on.mask(rows["redrawn"], " redrawn")


def leave_one_origin_out(
    trials: pd.DataFrame, blank: pd.Series | None = None, hidden: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the intervals that every origin would have had, from the errors of all other origins.

    Parameters
    ----------
    trials : DataFrame
        Trials with ``model`` and ``forecast``, of any number of domains and models.
    blank, hidden : Series of bool, DataFrame
        As for :func:`with_hidden`; by default none.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (clients), on the index of ``trials``; NaN where there is no other
        origin.
    """
    out = pd.DataFrame(np.nan, index=trials.index, columns=LIMITS)
    blank = pd.Series(data=False, index=trials.index) if blank is None else blank
    hidden = trials.iloc[:0] if hidden is None else hidden
    for _, model_trials in trials.groupby(["domain", "model"], observed=True):
        for origin, part in model_trials.groupby("origin_year"):
            other_origins = model_trials[model_trials["origin_year"] != origin]
            if len(other_origins):
                others = hidden[hidden["origin_year"] != origin] if len(hidden) else hidden
                limits = with_hidden(part, blank[part.index], other_origins, others)
                out.loc[part.index] = limits
    return out


def sum_forecasts(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return sums of forecasts, with the expected relative size of the sums' errors.

    Errors that wijken share add up; errors of their own partly cancel.

    Parameters
    ----------
    rows : DataFrame
        Forecasts of wijken: ``forecast``, ``shared_error``, ``own_error``, ``population`` and,
        where there is one, ``clients``.
    by : list of str
        Columns to group by.

    Returns
    -------
    DataFrame
        A row per group: the columns of ``by`` and the columns above.

    Examples
    --------
    >>> wijken = pd.DataFrame({"gm_code": "GM0001", "forecast": [100.0] * 4, "shared_error": 0.1,
    ...                        "own_error": 0.2, "population": 1000.0})
    >>> sum_forecasts(wijken, ["gm_code"])[["forecast", "shared_error", "own_error"]].round(3)
       forecast  shared_error  own_error
    0     400.0           0.1        0.1
    """
    forecast = rows["forecast"]
    parts = rows.assign(
        shared_error=rows["shared_error"] * forecast, own_error=(rows["own_error"] * forecast) ** 2
    )
    summed = [
        c for c in ("forecast", "population", "clients", "shared_error", "own_error") if c in rows
    ]
    sums = parts.groupby(by, sort=True, observed=True)[summed].sum().reset_index()
    total = sums["forecast"].clip(lower=1e-9)
    return sums.assign(
        shared_error=sums["shared_error"] / total, own_error=np.sqrt(sums["own_error"]) / total
    )


def widen_with_horizon(table: pd.DataFrame, unit: list[str]) -> pd.DataFrame:
    """Return intervals that never narrow, relative to their forecast, as the horizon grows.

    Parameters
    ----------
    table : DataFrame
        ``horizon``, ``forecast``, ``lower``, ``upper``, ``population`` (persons) and the columns of
        ``unit``.
    unit : list of str
        Columns that identify what has one forecast per horizon.

    Returns
    -------
    DataFrame
        The same rows with ``lower`` and ``upper`` adjusted.
    """
    ordered = table.sort_values([*unit, "horizon"])
    forecast = ordered["forecast"].clip(lower=1e-9)
    keys = [ordered[column] for column in unit]
    below = (1 - ordered["lower"] / forecast).groupby(keys).cummax()
    above = (ordered["upper"] / forecast - 1).groupby(keys).cummax()
    wide = ordered.assign(lower=forecast * (1 - below), upper=forecast * (1 + above))
    wide["lower"] = wide["lower"].clip(lower=0.0)
    wide["upper"] = wide["upper"].clip(upper=wide["population"])
    return wide.reindex(table.index)
