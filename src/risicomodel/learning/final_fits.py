"""Final fits: models trained on all usable rows, to be kept and used on other places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core import compute
from risicomodel.learning import crossfit, models, protocols

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.learning.problem import Problem


def fit_all(
    problem: Problem, name: str, chosen: Mapping[str, models.ModelSettings], seed: int
) -> tuple[models.RateModel, models.Rows]:
    """Fit a model on all usable rows, with the country's rate as reference.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    name : str
        Which of the models.
    chosen : mapping of str to ModelSettings
        All models of the run by name: a blend needs its members.
    seed : int
        Seed of the model.

    Returns
    -------
    model : RateModel
        Fitted.
    rows : Rows
        The rows it was trained on.
    """
    usable = np.flatnonzero(problem.usable.to_numpy())
    fold = protocols.Fold(-1, usable, usable, usable)
    train, _ = crossfit.rows(problem, protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE], fold)
    models.load_libraries()
    of_domain = models.for_domain(chosen, problem.domain)
    with compute.one_thread():
        return models.create(of_domain[name], seed, of_domain).fit(train), train
