"""Make the wijken of a gemeente add up to its published total, and say how far they moved.

Published totals are larger than the sum of published wijken, by a tenth for jeugd and a twentieth
for Wmo: CBS counts people in a gemeente whose wijk it does not know. They are shared out in
proportion (ratio benchmarking). Where total and wijken cannot both be right, nothing is moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.levels import WIJK

if TYPE_CHECKING:
    from risicomodel.core.levels import Level

ADDED_UP = "added_up"
NOT_ASKED = "not_asked"
CONTRADICTS = "total_below_published_wijken"
TOO_FAR = "too_far"
NOBODY = "nobody_expected"
# Rounding may explain this many standard deviations of a shortfall.
TOLERANCE = 3.0
KEY = ["gm_code", "year"]


def compare(
    wijken: pd.DataFrame, totals: pd.DataFrame, rounded_to: int, most_moved: float
) -> pd.DataFrame:
    """Compare published totals with the sums of their wijken and decide what to do.

    Parameters
    ----------
    wijken : DataFrame
        ``gm_code``, ``year``, ``clients`` (before adding up), ``published`` (bool).
    totals : DataFrame
        ``gm_code``, ``year``, ``total`` (published persons, not missing).
    rounded_to : int
        The multiple that CBS rounds to (persons).
    most_moved : float
        The largest factor, up or down, that wijken with published figures are scaled by.

    Returns
    -------
    DataFrame
        A row per gemeente and year with a total: ``total``, ``before`` (sum of its wijken),
        ``published`` (of which published), ``n_published``, ``n_filled``, ``factor`` (1 where
        nothing is moved), ``moved`` (persons), ``outcome``.
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
    slack = TOLERANCE * np.sqrt(rounded_to**2 / 12 * (table["n_published"] + 1))
    anchored = table["n_published"] > 0
    outcome = pd.Series(ADDED_UP, index=table.index)
    outcome[anchored & ((ratio > most_moved) | (ratio < 1 / most_moved))] = TOO_FAR
    outcome[table["published"] - table["total"] > slack] = CONTRADICTS
    outcome[ratio.isna() & (table["total"] > 0)] = NOBODY
    factor = ratio.fillna(1.0).where(outcome == ADDED_UP, 1.0)  # nobody of nobody adds up
    return table.assign(factor=factor, moved=(factor - 1) * table["before"], outcome=outcome)


def untouched(table: pd.DataFrame) -> pd.DataFrame:
    """Return a comparison after which nothing is moved, as none was asked for."""
    outcome = table["outcome"].replace(ADDED_UP, NOT_ASKED)
    return table.assign(factor=1.0, moved=0.0, outcome=outcome)


def factors(wijken: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Return every wijk's factor: 1 where its gemeente has no total to add up to."""
    found = wijken[KEY].merge(table[[*KEY, "factor"]], on=KEY, how="left")["factor"]
    out: pd.Series = found.fillna(1.0).set_axis(wijken.index)
    return out


def doubts(table: pd.DataFrame, level: Level = WIJK) -> list[str]:
    """Return what a reader must know of totals that were not added up to, a line per outcome."""
    areas = level.plural
    told = {
        CONTRADICTS: f"the published total is smaller than its published {areas}",
        TOO_FAR: f"the {areas} would have to be scaled further than estimate.most_moved allows",
        NOBODY: "no clients are expected to share a total over",
    }
    rows = table.drop_duplicates(["domain", *KEY, "outcome"])
    out = []
    for (domain, outcome), part in rows.groupby(["domain", "outcome"]):
        if outcome in told:
            first = part.iloc[0]
            count = "1 gemeente-year does" if len(part) == 1 else f"{len(part)} gemeente-years do"
            out.append(
                f"{domain}: {count} not add up, for example "
                f"{first['gm_code']} in {first['year']}: {told[str(outcome)]}; their estimates "
                "were left as they were (adding_up.csv)."
            )
    return out
