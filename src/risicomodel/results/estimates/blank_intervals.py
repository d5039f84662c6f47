"""Intervals of blank cells, each calibrated on errors that were made in the same position.

A blank cell is in one of three positions, by what is published of its gemeente: other wijken in the
same year, other years only, or nothing at all. Published cells are estimated as if they were in
each, and the errors of other folds, which hold other gemeenten, give the intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning import conformal
from risicomodel.learning.protocols import BLANK_CELL, BLANK_GEMEENTE, UNSEEN_GEMEENTE
from risicomodel.results.estimates.out_of_fold import (
    EXPECTED,
    HISTORY,
    MODEL,
    as_predictions,
    intervals,
)

if TYPE_CHECKING:
    from risicomodel.learning.problem import Problem

# Protocol of a position, and the columns that hold its clients and their variance.
POSITIONS = {BLANK_CELL: "cell", BLANK_GEMEENTE: "gemeente", UNSEEN_GEMEENTE: "nothing"}


def with_intervals(
    cells: pd.DataFrame, estimated: pd.DataFrame, problem: Problem
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return estimates of all cells with their intervals, and what is to be scored.

    Parameters
    ----------
    cells : DataFrame
        The panel's rows: ``gm_code``, ``gm_group``, ``place_id``, ``year``, ``fold``, ``model``,
        ``rate`` (expected, 0–1), ``population``, ``clients`` and ``published`` (persons).
    estimated : DataFrame
        On the same index, clients and variances (persons, persons squared) in every position:
        ``cell``, ``cell_variance``, ``gemeente`` …; and ``total_known``.
    problem : Problem
        The domain's problem.

    Returns
    -------
    units : DataFrame
        ``rate``, ``sigma``, ``lower``, ``upper``, ``basis``, ``fold`` and ``model`` of every row.
    scored : dict of str to DataFrame
        Predictions of usable cells for ``blank_cell`` and ``blank_gemeente``.
    """
    size = metrics.size_class(cells["population"], conformal.CLASSES, "size").astype("str")
    bins = dict.fromkeys(POSITIONS, size)
    bins[BLANK_CELL] = size + np.where(estimated["total_known"], " with total", "")
    tables = {
        protocol: _as_rates(cells, estimated, kind).assign(bin=bins[protocol])
        for protocol, kind in POSITIONS.items()
    }
    errors = {protocol: table[problem.usable] for protocol, table in tables.items()}
    units, position = tables[BLANK_CELL], _positions(cells)
    limits = [
        intervals(rows.assign(bin=bins[protocol][rows.index]), errors[protocol])
        for protocol, rows in units.groupby(position)
    ]
    units = units.join(pd.concat(limits)).assign(basis=_basis(cells, position))
    scored = {
        protocol: as_predictions(
            errors[protocol].join(intervals(errors[protocol], errors[protocol])), problem, protocol
        )
        for protocol in (BLANK_CELL, BLANK_GEMEENTE)
    }
    return units, scored


def _positions(cells: pd.DataFrame) -> pd.Series:
    """Return by protocol what is published of every cell's gemeente."""
    usable = cells["clients"].notna()
    in_year = usable.groupby([cells["gm_code"], cells["year"]]).transform("any")
    ever = usable.groupby(cells["gm_group"]).transform("any")
    other = np.where(ever, BLANK_GEMEENTE, UNSEEN_GEMEENTE)
    return pd.Series(np.where(in_year, BLANK_CELL, other), index=cells.index)


def _basis(cells: pd.DataFrame, position: pd.Series) -> pd.Series:
    usable = cells["clients"].notna()
    other_years = usable.groupby(cells["place_id"]).transform("sum") - usable
    least = np.where(position == BLANK_CELL, MODEL, EXPECTED)
    return pd.Series(np.where(other_years > 0, HISTORY, least), index=cells.index)


def _as_rates(cells: pd.DataFrame, estimated: pd.DataFrame, kind: str) -> pd.DataFrame:
    people = cells["population"].clip(lower=1.0)
    rate = (estimated[kind] / people).where(cells["population"] > 0, cells["rate"])
    return pd.DataFrame(
        {
            "rate": rate.clip(0.0, 1.0),
            "sigma": (np.sqrt(estimated[f"{kind}_variance"]) / people).clip(lower=1e-9),
            "fold": cells["fold"],
            "model": cells["model"],
            "population": cells["population"],
            "clients": cells["published"],
            "cluster": cells["gm_group"],
        }
    )
