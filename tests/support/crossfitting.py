"""Out-of-fold work on the small country with models that fit in a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.core.storage import Cache
from risicomodel.learning import crossfit
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import PROTOCOLS, SplitSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.problem import Problem

NO_CACHE = Cache(None)
QUICK = {
    "mean": ModelSettings("mean"),
    "gemeente_mean": ModelSettings("gemeente_mean"),
    "persistence": ModelSettings("persistence"),
    "glm": ModelSettings("glm", {"alpha": 1.0, "knots": 0}),
    "lightgbm": ModelSettings("lightgbm", {"rounds": 25, "min_child_samples": 20}),
}
SPLIT = SplitSettings(folds=3)
FAST = {name: QUICK[name] for name in ("mean", "persistence")}


def tasks(
    problem: Problem, protocols: Sequence[str], chosen: dict[str, ModelSettings] = QUICK
) -> list[FitTask]:
    return [
        task
        for name in protocols
        for task in crossfit.tasks(problem, PROTOCOLS[name], SPLIT, chosen, seed=3)
    ]
