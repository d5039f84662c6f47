"""Models fitted on every usable row: those to keep, and to use on new places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core import compute as compute_module
from risicomodel.learning import crossfit, models, protocols

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.learning.problem import Problem


def fit_all(
    problem: Problem, name: str, chosen: Mapping[str, models.ModelSettings], seed: int
) -> tuple[models.RateModel, models.Rows]:
    """Fit a model on every usable row, knowing the nation's level: the one to keep."""
    everything = np.flatnonzero(problem.usable.to_numpy())
    fold = protocols.Fold(-1, everything, everything, everything)
    train, _ = crossfit.rows(problem, protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE], fold)
    models.load_libraries()
    fresh = models.for_domain(chosen, problem.domain)
    with compute_module.one_thread():
        return models.create(fresh[name], seed, fresh).fit(train), train
