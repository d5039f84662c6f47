"""Make the wijken of a gemeente add up to its published total (ratio benchmarking).

Published totals are larger than the sum of the published wijken, by a tenth for jeugd and a
twentieth for Wmo: CBS counts people in a gemeente whose wijk it does not know. If asked, they are
divided over the wijken in proportion to their clients. Where total and wijken cannot both be right,
the estimates are left as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.levels import WIJK

if TYPE_CHECKING:
    from risicomodel.core.levels import Level

ADDED_UP = "added_up"
NOT_REQUESTED = "not_asked"
TOTAL_TOO_SMALL = "total_below_published_wijken"
FACTOR_TOO_LARGE = "too_far"
NO_CLIENTS_EXPECTED = "nobody_expected"
# Standard deviations of rounding error within which a shortfall is put down to rounding.
TOLERANCE_SD = 3.0
KEY = ["gm_code", "year"]


def compare_totals(
    wijken: pd.DataFrame, totals: pd.DataFrame, rounded_to: int, most_moved: float
) -> pd.DataFrame:
    """Compare published totals with the sums of their wijken and decide what to do.

    Parameters
    ----------
    wijken : DataFrame
        ``gm_code``, ``year``, ``clients`` (before benchmarking), ``published`` (bool).
    totals : DataFrame
        ``gm_code``, ``year``, ``total`` (published persons, none missing).
    rounded_to : int
        The multiple that CBS rounds to (persons).
    most_moved : float
        The largest factor, up or down, by which wijken with published figures may be scaled.

    Returns
    -------
    DataFrame
        A row per gemeente and year with a total: ``total``, ``before`` (sum of its wijken),
        ``published`` (the published part of it), ``n_published``, ``n_filled`` (wijken), ``factor``
        (1 where nothing is scaled), ``moved`` (persons added), ``outcome``.

    Examples
    --------
    >>> key = {"gm_code": "GM0001", "year": 2020}
    >>> wijken = pd.DataFrame([
    ...     {**key, "clients": 100.0, "published": True},
    ...     {**key, "clients": 100.0, "published": False},
    ... ])
    >>> totals = pd.DataFrame([{**key, "total": 220.0}])
    >>> table = compare_totals(wijken, totals, rounded_to=5, most_moved=2.0)
    >>> print(table[["factor", "moved", "outcome"]].to_string(index=False))
     factor  moved  outcome
        1.1   20.0 added_up
    """
    shown = wijken["clients"].where(wijken["published"], 0.0)
    rows = wijken.assign(shown=shown, filled=~wijken["published"])
    sums = rows.groupby(KEY).agg(
        before=("clients", "sum"),
        published=("shown", "sum"),
        n_published=("published", "sum"),
        n_filled=("filled", "sum"),
    )
    table = totals.merge(sums.reset_index(), on=KEY)
    ratio = table["total"] / table["before"].where(table["before"] > 0)
    # n rounded cells and a rounded total: each off by a uniform error of variance r²/12
    slack = TOLERANCE_SD * np.sqrt(rounded_to**2 / 12 * (table["n_published"] + 1))
    anchored = table["n_published"] > 0
    outcome = pd.Series(ADDED_UP, index=table.index)
    outcome[anchored & ((ratio > most_moved) | (ratio < 1 / most_moved))] = FACTOR_TOO_LARGE
    outcome[table["published"] - table["total"] > slack] = TOTAL_TOO_SMALL
    outcome[ratio.isna() & (table["total"] > 0)] = NO_CLIENTS_EXPECTED
    factor = ratio.fillna(1.0).where(outcome == ADDED_UP, 1.0)  # 0 of 0 adds up
    return table.assign(factor=factor, moved=(factor - 1) * table["before"], outcome=outcome)


def without_adjustment(table: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison for a run that does not ask for benchmarking: nothing is scaled.

    Parameters
    ----------
    table : DataFrame
        From :func:`compare_totals`.

    Returns
    -------
    DataFrame
        The same with ``factor`` 1, ``moved`` 0 and the outcome ``not_asked`` for all but
        contradictions.
    """
    would_be_scaled = [ADDED_UP, FACTOR_TOO_LARGE, NO_CLIENTS_EXPECTED]
    outcome = table["outcome"].mask(table["outcome"].isin(would_be_scaled), NOT_REQUESTED)
    return table.assign(factor=1.0, moved=0.0, outcome=outcome)


def adjustment_factors(wijken: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Return the factor by which every wijk is scaled.

    Parameters
    ----------
    wijken : DataFrame
        ``gm_code``, ``year``.
    table : DataFrame
        From :func:`compare_totals`.

    Returns
    -------
    Series
        On the index of ``wijken``; 1 where the gemeente has no total.
    """
    factor = wijken[KEY].merge(table[[*KEY, "factor"]], on=KEY, how="left")["factor"]
    out: pd.Series = factor.fillna(1.0).set_axis(wijken.index)
    return out


def benchmarking_notes(table: pd.DataFrame, level: Level = WIJK) -> list[str]:
    """Return what a reader must know of totals that estimates do not add up to.

    Parameters
    ----------
    table : DataFrame
        From :func:`compare_totals`, with ``domain``; several models may stand below each other.
    level : Level
        The areas, wijken or buurten.

    Returns
    -------
    list of str
        One line per domain and outcome.
    """
    areas = level.plural
    reasons = {
        TOTAL_TOO_SMALL: f"the published total is smaller than its published {areas}",
        FACTOR_TOO_LARGE: f"its {areas} would be scaled by more than estimate.most_moved",
        NO_CLIENTS_EXPECTED: f"no clients are expected in any of its {areas}",
    }
    rows = table.drop_duplicates(["domain", *KEY, "outcome"])
    out = []
    for (domain, outcome), part in rows.groupby(["domain", "outcome"]):
        if outcome in reasons:
            first = part.iloc[0]
            count = "1 gemeente-year does" if len(part) == 1 else f"{len(part)} gemeente-years do"
            out.append(
                f"{domain}: {count} not add up, for example "
                f"{first['gm_code']} in {first['year']}: {reasons[str(outcome)]}; their estimates "
                "are left unscaled (see adding_up.csv)."
            )
    return out
