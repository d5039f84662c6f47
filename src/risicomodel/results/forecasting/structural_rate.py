"""The structural part: what a model expects going by who lives there, at every origin.

Fitted anew on what was out at the origin, in folds by gemeente, so that no gemeente's own figures
are in what is expected of it. As a multiple of the country's rate of the year: what the country
does is another matter (:mod:`course`).
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

    from risicomodel.learning.crossfit import Task
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings

PROTOCOL = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]


def choose(chosen: Mapping[str, ModelSettings], wanted: str = "") -> str:
    """Return which of the run's models to use: the one wanted, else one that learns, else any."""
    ranked = [*({wanted} & set(chosen)), *models.learned(chosen), *chosen]
    return ranked[0]


def needed(chosen: Mapping[str, ModelSettings], name: str) -> dict[str, ModelSettings]:
    """Return the models to fit for one: itself, or the members of a blend."""
    blend = models.blends(chosen).get(name)
    return {m: chosen[m] for m in ([*blend.members, name] if blend else [name])}


def tasks(
    problem: Problem,
    origin: int,
    settings: SplitSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[Task]:
    """Return the fits of one domain at one origin.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    origin : int
        Figures of later years are not used.
    settings : SplitSettings
        Number of folds.
    chosen : mapping
        The models to fit.
    seed : int
        Seed of folds and models.
    """
    wijken = problem.wijken
    until = wijken["year"] <= origin
    last = wijken["year"].where(until).groupby(wijken["gm_code"]).transform("max")
    wanted = np.flatnonzero((wijken["year"] == last).to_numpy())
    fitted = models.for_domain(chosen, problem.domain)
    fitted = {name: m for name, m in fitted.items() if name not in models.blends(fitted)}
    out = []
    for fold in protocols.folds(PROTOCOL, wijken, problem.usable & until, settings, seed):
        test = np.intersect1d(fold.test, wanted)
        asked = replace(fold, test=test, features_from=test, origin=origin)
        out += [crossfit.Task(problem, PROTOCOL, asked, n, m, seed) for n, m in fitted.items()]
    return out


def multiples(
    problem: Problem,
    predictions: pd.DataFrame,
    origins: Sequence[int],
    name: str,
) -> dict[int, pd.Series]:
    """Return, per origin, what is expected as a multiple of the country's rate of the row's year.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    predictions : DataFrame
        Of its tasks, with blends.
    origins : sequence of int
        The origins to give.
    name : str
        The model.

    Returns
    -------
    dict
        By origin, a Series on the panel's index: NaN but for the newest rows of every gemeente.
    """
    wijken, domain = problem.wijken, problem.domain
    counted = wijken[problem.usable].groupby("year")[
        [clients_column(domain), population_column(domain)]
    ]
    total = counted.sum()
    country = total[clients_column(domain)] / total[population_column(domain)]
    own = predictions[predictions["model"] == name]
    out = {}
    for origin in origins:
        rows = own[own["origin"] == origin].set_index("row")["rate"].sort_index()
        # a year without figures of its own is told as a multiple of the last one with them
        years = wijken["year"].reindex(rows.index)
        rate = years.map(country.reindex(range(years.min(), years.max() + 1)).ffill().bfill())
        out[origin] = (rows / rate).reindex(wijken.index)
    return out
