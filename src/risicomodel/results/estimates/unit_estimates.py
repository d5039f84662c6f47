"""Estimate cells by the wijk's other years alone, within a rate of the gemeente that is known.

This is the protocol ``unseen_year``: a cell is hidden, and the known rate of its gemeente holds it
all the same. The estimates that a run gives are those of
:mod:`risicomodel.results.estimates.blank_cells`, where nothing known holds the cell; scores on
``unseen_year`` are kept to compare with runs before those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.learning import conformal
from risicomodel.learning.protocols import UNSEEN_GEMEENTE, UNSEEN_WIJK, UNSEEN_YEAR
from risicomodel.results.estimates import rao_yu
from risicomodel.results.estimates.gemeente_effects import MIN_CLIENTS
from risicomodel.results.estimates.out_of_fold import (
    EXPECTED,
    HISTORY,
    LIMITS,
    MODEL,
    as_predictions,
    intervals,
)
from risicomodel.results.estimates.place_years import PlaceYearGrid

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.learning.problem import Problem


NEAREST = "persistence"  # here: the nearest year with a figure, earlier or later


def protocols_suffice(protocols: list[str]) -> bool:
    """Tell whether a run includes the protocols that estimates are built on.

    Parameters
    ----------
    protocols : list of str
        The protocols of the run.

    Returns
    -------
    bool
        True if ``unseen_gemeente`` and ``unseen_wijk`` are among them.
    """
    return {UNSEEN_GEMEENTE, UNSEEN_WIJK} <= set(protocols)


def estimate_units(
    predictions: pd.DataFrame, problem: Problem, domain: Domain, model: str
) -> pd.DataFrame:
    """Return what model and history say of every row of the panel, with an interval.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of one domain for ``unseen_gemeente`` and ``unseen_wijk``.
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration, for the multiple that CBS rounds to.
    model : str
        The model to build on.

    Returns
    -------
    DataFrame
        On the panel's index, as if every cell were blank: ``basis`` (``history``, ``model`` or
        ``expected``), ``rate``, ``lower`` and ``upper`` (90%), ``plain_lower`` and
        ``plain_upper`` (an interval of one width), ``sigma`` (expected size of the error, in rate),
        ``population``, ``clients`` (published), ``fold``, ``cluster`` and ``bin``.
    """
    wijken = problem.wijken
    of_gemeente = problem.usable.groupby([wijken["gm_code"], wijken["year"]])
    gemeente_observed = of_gemeente.transform("any")
    out = []
    for protocol, rows in ((UNSEEN_WIJK, gemeente_observed), (UNSEEN_GEMEENTE, ~gemeente_observed)):
        chosen = (predictions["protocol"] == protocol) & (predictions["model"] == model)
        own_rows = predictions[chosen].set_index("row").sort_index()
        corrected = _with_history(own_rows, problem, domain, gemeente_known=protocol == UNSEEN_WIJK)
        out.append(corrected[rows])
    table = pd.concat(out).sort_index()
    size = metrics.size_class(table["population"], conformal.CLASSES, "size")
    table = table.assign(bin=table["basis"] + " " + size, model=model)
    errors = table[problem.usable]
    return table.join(intervals(table, errors))


def _with_history(
    predicted: pd.DataFrame, problem: Problem, domain: Domain, *, gemeente_known: bool
) -> pd.DataFrame:
    """Return the model's rates corrected by the other years of the same place."""
    wijken = problem.wijken
    rate, population = problem.rates(np.arange(len(wijken)))
    model = np.clip(predicted["rate"].to_numpy(), 1e-6, None)
    clients = np.clip(np.nan_to_num(model * population), MIN_CLIENTS, None)
    observed = problem.usable.to_numpy()
    deviation = np.where(observed, rate / model - 1, np.nan)
    grid = PlaceYearGrid(wijken["place_id"], wijken["year"])
    u, expected = grid.table(deviation), grid.table(clients, fill=1.0)
    keeping = rao_yu.fit(u, expected, domain.rounded_to)
    mean, variance = rao_yu.leave_one_year_out(keeping, u, expected, domain.rounded_to)
    other_years = grid.rows(grid.count(u)) - observed
    corrected = np.clip(model * (1 + grid.rows(mean)), 0.0, 1.0)
    sigma = model * np.sqrt(grid.rows(variance))
    basis = np.where(other_years > 0, HISTORY, MODEL if gemeente_known else EXPECTED)
    return pd.DataFrame(
        {
            "rate": corrected,
            "sigma": sigma,
            "basis": basis,
            "fold": predicted["fold"].to_numpy(),
            "population": population,
            "clients": rate * population,
            "cluster": wijken["gm_group"],
        },
        index=wijken.index,
    )


def unseen_year_predictions(units: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Return the estimates of published cells as if they were blank, to be scored.

    The wijk's other years and its gemeente's published wijken are known.

    Parameters
    ----------
    units : DataFrame
        From :func:`estimate_units`.
    problem : Problem
        The domain's problem.

    Returns
    -------
    DataFrame
        Predictions for the protocol ``unseen_year``, with their intervals.
    """
    rows = units[problem.usable & (units["basis"] == HISTORY)]
    return as_predictions(rows, problem, UNSEEN_YEAR)


def nearest_year_predictions(predictions: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Return the baseline for the same cells: the rate of the nearest year, the earlier of two.

    Parameters
    ----------
    predictions : DataFrame
        One model's predictions of blank cells, on any protocol.
    problem : Problem
        The domain's problem.

    Returns
    -------
    DataFrame
        The same rows by the model ``persistence``, without intervals. A wijk without another year
        has the country's rate.
    """
    wijken = problem.wijken
    grid = PlaceYearGrid(wijken["place_id"], wijken["year"])
    rate, population = problem.rates(np.arange(len(wijken)))
    table = grid.table(np.where(problem.usable, rate, np.nan))
    nearest = np.full_like(table, np.nan)
    for apart in range(1, table.shape[1]):
        before, after = np.full_like(table, np.nan), np.full_like(table, np.nan)
        before[:, apart:], after[:, :-apart] = table[:, :-apart], table[:, apart:]
        for side in (before, after):
            nearest = np.where(np.isnan(nearest), side, nearest)
    usable = problem.usable.to_numpy()
    of_country = np.average(rate[usable], weights=population[usable])
    filled = np.nan_to_num(grid.rows(nearest), nan=of_country)
    rows = predictions.drop(columns=LIMITS)
    return rows.assign(rate=filled[rows["row"]], model=NEAREST)
