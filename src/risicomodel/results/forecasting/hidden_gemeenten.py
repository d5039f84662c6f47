"""Gemeenten treated as if nothing was published of them, to see how far forecasts are off then.

Few gemeenten go without figures and have some later, and these are not like the others. So at every
earlier origin a third of the gemeenten is forecast once more as if it had none, in turns; their
errors make the bands of gemeenten that really have none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from risicomodel.results.forecasting.origins import History

# One in so many gemeenten is hidden at an origin: the country must stay known.
ONE_IN = 3
EXPECTED = "expected"


def groups(history: History) -> pd.Index[str]:
    """Return which gemeenten are hidden at an origin; gemeenten that mergers link, together.

    Parameters
    ----------
    history : History
        What was known at the origin.

    Returns
    -------
    Index of str
        ``gm_group``; others at the next origin.
    """
    every = np.sort(history.areas["gm_group"].unique())
    turn = (np.arange(len(every)) + history.origin) % ONE_IN == 0
    out: pd.Index[str] = pd.Index(every[turn])
    return out


def hide(history: History, domain: str, hidden: pd.Index[str]) -> History:
    """Return what was known at an origin without any figure of some gemeenten.

    Their structural rate holds none: it is fitted on other gemeenten.

    Parameters
    ----------
    history : History
        What was known at the origin.
    domain : str
        The domain.
    hidden : Index of str
        From :func:`groups`.

    Returns
    -------
    History
    """
    rows = history.areas["gm_group"].isin(hidden).to_numpy()
    clients = np.where(rows[:, None], np.nan, history.clients[domain])
    halves = dict(history.half_year_clients)
    if domain in halves:
        halves[domain] = np.where(rows[:, None], 0.0, halves[domain])
    totals, shares = dict(history.totals), dict(history.unassigned)
    if domain in totals:
        of_gemeenten = totals[domain]
        blank = of_gemeenten.codes.isin(history.areas["gm_code"][rows])
        at_end = of_gemeenten.at_year_end
        totals[domain] = replace(
            of_gemeenten,
            clients=np.where(blank[:, None], np.nan, of_gemeenten.clients),
            halves=np.where(blank[:, None, None], np.nan, of_gemeenten.halves),
            at_year_end=None if at_end is None else np.where(blank, np.nan, at_end),
        )
    if domain in shares:
        shares[domain] = shares[domain].without(pd.Index(history.areas["gm_code"][rows].unique()))
    return replace(
        history,
        clients=history.clients | {domain: clients},
        half_year_clients=halves,
        totals=totals,
        unassigned=shares,
    )


def only(trials: pd.DataFrame, hidden: pd.Index[str]) -> pd.DataFrame:
    """Return the trials of hidden gemeenten that have a forecast.

    Parameters
    ----------
    trials : DataFrame
        Of wijken or of totals, with ``gm_group``; from what :func:`hide` left.
    hidden : Index of str
        From :func:`groups`.

    Returns
    -------
    DataFrame
    """
    if trials.empty:
        return trials
    rows = trials[trials["gm_group"].isin(hidden)]
    if "basis" not in rows:
        return rows
    return rows[rows["basis"].eq(EXPECTED)].assign(redrawn=False)
