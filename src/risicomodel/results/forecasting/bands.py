"""How sure a forecast is: 90% bands from the errors of earlier origins.

Errors are scaled by the size that is foreseen of them (:mod:`course`: what the country, gemeenten
and wijken may do, counting and rounding), and their quantile is taken per horizon and size class,
by Mondrian conformal prediction; those of gemeenten the same way from the errors of gemeenten. In
the back-test an origin's bands come from the errors of all other origins, so that a shock is met as
the next one will be: unforeseen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning import conformal as intervals

# From this horizon on there are few origins: horizons then share their quantile, and differ by
# what is foreseen of their errors alone.
SHARED = 3
LEAST = 1e-9  # rate: an error is scaled by it
LIMITS = ["lower", "upper"]


def conformal(asked: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return lower and upper clients of forecasts.

    Parameters
    ----------
    asked : DataFrame
        ``forecast`` (clients), ``shared`` and ``own`` (relative), ``population``, ``horizon``; of
        one domain and model.
    trials : DataFrame
        The same with ``clients`` and ``gm_group``: forecasts whose figure is known.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper``, from 0 to the population, on the index of ``asked``.
    """
    limits = intervals.band(_as_rates(asked), _as_rates(trials))
    limits *= asked["population"].to_numpy()[:, None]
    # a published rate may be above 1: a forecast lies within its band all the same
    said = asked["forecast"].to_numpy()
    lower, upper = limits[:, 0].clip(max=said), limits[:, 1].clip(min=said)
    return pd.DataFrame({"lower": lower, "upper": upper}, index=asked.index)


def _as_rates(rows: pd.DataFrame) -> pd.DataFrame:
    people = rows["population"].clip(lower=1.0)
    rate = rows["forecast"] / people
    size = metrics.size_class(rows["population"], intervals.CLASSES, "size")
    horizon = rows["horizon"].clip(upper=SHARED).astype("str")
    sigma = (rate * np.hypot(rows["shared"], rows["own"])).clip(lower=LEAST)
    out = pd.DataFrame({"rate": rate, "sigma": sigma, "bin": horizon + " " + size})
    if "clients" in rows:
        out = out.assign(clients=rows["clients"], population=people, cluster=rows["gm_group"])
    return out


def left_out(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the bands that every origin would have had, from the errors of all other origins.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` on the index of ``trials``; NaN where there is no other origin.
    """
    out = pd.DataFrame(np.nan, index=trials.index, columns=LIMITS)
    for _, same in trials.groupby(["domain", "model"], observed=True):
        for origin, part in same.groupby("origin_year"):
            others = same[same["origin_year"] != origin]
            if len(others):
                out.loc[part.index] = conformal(part, others)
    return out


def of_gemeenten(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return forecasts summed, with the relative size of the sums' errors.

    What wijken share adds up; what is their own partly cancels.

    Parameters
    ----------
    rows : DataFrame
        Forecasts of wijken: ``forecast``, ``shared``, ``own``, ``population``, maybe ``clients``.
    by : list of str
        The columns that say of what a sum is.
    """
    said = rows["forecast"]
    parts = rows.assign(shared=rows["shared"] * said, own=(rows["own"] * said) ** 2)
    counts = [c for c in ("forecast", "population", "clients", "shared", "own") if c in rows]
    sums = parts.groupby(by, sort=True, observed=True)[counts].sum().reset_index()
    total = sums["forecast"].clip(lower=1e-9)
    return sums.assign(shared=sums["shared"] / total, own=np.sqrt(sums["own"]) / total)


def widened(table: pd.DataFrame, unit: list[str]) -> pd.DataFrame:
    """Return bands that never narrow, relative to their forecast, as the horizon grows.

    Parameters
    ----------
    table : DataFrame
        ``horizon``, ``forecast``, ``lower``, ``upper`` and the columns of ``unit``.
    unit : list of str
        What has one forecast per horizon.
    """
    ordered = table.sort_values([*unit, "horizon"])
    said = ordered["forecast"].clip(lower=1e-9)
    keys = [ordered[column] for column in unit]
    below = (1 - ordered["lower"] / said).groupby(keys).cummax()
    above = (ordered["upper"] / said - 1).groupby(keys).cummax()
    wide = ordered.assign(lower=said * (1 - below), upper=said * (1 + above))
    wide["lower"] = wide["lower"].clip(lower=0.0)
    wide["upper"] = wide["upper"].clip(upper=wide["population"])
    return wide.reindex(table.index)
