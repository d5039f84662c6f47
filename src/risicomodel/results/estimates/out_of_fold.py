"""What estimates of cells have in common: what they stand on, their intervals, how they are scored.

``history``
    The wijk's own other years, and what is published of its gemeente.
``model``
    No other year of the wijk is published, but other wijken of its gemeente are in that year.
``expected``
    The model's rate for a gemeente of which nothing is published that year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.learning import conformal

if TYPE_CHECKING:
    from risicomodel.learning.problem import Problem

HISTORY, MODEL, EXPECTED = "history", "model", "expected"
LIMITS = ["lower", "upper", "plain_lower", "plain_upper"]


def intervals(table: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Return 90% intervals from the errors of other folds.

    Parameters
    ----------
    table : DataFrame
        ``rate`` (0–1), ``sigma`` (expected size of the error, in rate), ``bin``, ``fold``,
        ``model``.
    errors : DataFrame
        The same columns, ``clients`` and ``population`` (persons), and ``cluster``.

    Returns
    -------
    DataFrame
        On the index of ``table``: ``lower`` and ``upper``, and ``plain_lower`` and ``plain_upper``
        (an interval of one width), rates within 0–1.
    """
    band = pd.DataFrame(np.nan, index=table.index, columns=LIMITS[:2])
    for fold, rows in table.groupby("fold"):
        band.loc[rows.index] = conformal.mondrian_intervals(rows, errors[errors["fold"] != fold])
    plain = conformal.constant_width_intervals(table, errors).add_prefix("plain_")
    return band.join(plain)


def as_predictions(rows: pd.DataFrame, problem: Problem, protocol: str) -> pd.DataFrame:
    """Return estimates of published cells as predictions, to be scored.

    Parameters
    ----------
    rows : DataFrame
        On the panel's index: ``rate``, ``fold``, ``model`` and the :data:`LIMITS`.
    problem : Problem
        The domain's problem.
    protocol : str
        Which protocol they are of.

    Returns
    -------
    DataFrame
        With the columns of :func:`risicomodel.learning.crossfit.run`.
    """
    return rows[["rate", "fold", "model", *LIMITS]].assign(
        row=rows.index,
        last_known=True,
        seconds=0.0,
        domain=problem.domain,
        protocol=protocol,
        origin=-1,
    )
