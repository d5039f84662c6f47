"""The structural rate: what a model expects from who lives in a wijk, at every origin.

Fitted anew on what was out at the origin, in folds by gemeente, so that no gemeente's own figures
are part of what is expected of it. It is given as a multiple of the country's rate of the year; how
that rate develops is left to :mod:`risicomodel.results.forecasting.components`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.data.domains import clients_column, population_column
from risicomodel.learning import crossfit, models, protocols

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings

PROTOCOL = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]


def choose_model(chosen: Mapping[str, ModelSettings], preferred: str = "") -> str:
    """Return which of the run's models to use.

    Parameters
    ----------
    chosen : mapping of str to ModelSettings
        The run's models.
    preferred : str
        The model to use if the run has it.

    Returns
    -------
    str
        The preferred model, else the first that is not a baseline, else the first.
    """
    ranked = [*({preferred} & set(chosen)), *models.learners(chosen), *chosen]
    return ranked[0]


def models_to_fit(chosen: Mapping[str, ModelSettings], name: str) -> dict[str, ModelSettings]:
    """Return the models to fit for one: itself, or a blend with its members.

    Parameters
    ----------
    chosen : mapping of str to ModelSettings
        The run's models.
    name : str
        The model that is used.

    Returns
    -------
    dict of str to ModelSettings
        By name.
    """
    blend = models.blends(chosen).get(name)
    return {m: chosen[m] for m in ([*blend.members, name] if blend else [name])}


def tasks(
    problem: Problem,
    origin: int,
    settings: SplitSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[FitTask]:
    """Return the fits of one domain at one origin.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    origin : int
        Figures of later years are not used.
    settings : SplitSettings
        Number of folds.
    chosen : mapping of str to ModelSettings
        The models to fit.
    seed : int
        Seed of folds and models.

    Returns
    -------
    list of Task
        One per fold and model; a blend follows from its members.
    """
    wijken = problem.wijken
    until = wijken["year"] <= origin
    last = wijken["year"].where(until).groupby(wijken["gm_code"]).transform("max")
    newest_rows = np.flatnonzero((wijken["year"] == last).to_numpy())
    fitted = models.for_domain(chosen, problem.domain)
    fitted = {name: m for name, m in fitted.items() if name not in models.blends(fitted)}
    out = []
    for fold in protocols.folds(PROTOCOL, wijken, problem.usable & until, settings, seed):
        test = np.intersect1d(fold.test, newest_rows)
        origin_fold = replace(fold, test=test, features_from=test, origin=origin)
        out += [
            crossfit.FitTask(problem, PROTOCOL, origin_fold, n, m, seed) for n, m in fitted.items()
        ]
    return out


def rate_ratios(
    problem: Problem,
    predictions: pd.DataFrame,
    origins: Sequence[int],
    name: str,
) -> dict[int, pd.Series]:
    """Return the expected rates at every origin, as multiples of the country's rate.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    predictions : DataFrame
        Predictions of its tasks, blends among them.
    origins : sequence of int
        Which origins.
    name : str
        The model.

    Returns
    -------
    dict of int to Series
        By origin, on the panel's index: expected rate / the country's rate of the row's year, NaN
        but for the newest rows of every gemeente.
    """
    wijken, domain = problem.wijken, problem.domain
    counted = wijken[problem.usable].groupby("year")[
        [clients_column(domain), population_column(domain)]
    ]
    total = counted.sum()
    country = total[clients_column(domain)] / total[population_column(domain)]
    model_predictions = predictions[predictions["model"] == name]
    out = {}
    for origin in origins:
        rows = (
            model_predictions[model_predictions["origin"] == origin]
            .set_index("row")["rate"]
            .sort_index()
        )
        # a year without figures takes the country's rate of the last year that has them
        years = wijken["year"].reindex(rows.index)
        rate = years.map(country.reindex(range(years.min(), years.max() + 1)).ffill().bfill())
        out[origin] = (rows / rate).reindex(wijken.index)
    return out
