"""Explanations of one problem, without a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.core.compute import ComputeSettings
from risicomodel.core.storage import Cache
from risicomodel.learning import crossfit, protocols
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import SplitSettings
from risicomodel.results import explanation
from risicomodel.results.evaluation import evaluate
from risicomodel.results.explanation import ExplainSettings, ExplanationRequest

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.learning.problem import Problem
    from risicomodel.results.explanation import Explanations

MODELS = {
    "glm": ModelSettings("glm"),
    "lightgbm": ModelSettings("lightgbm", {"rounds": 30, "min_child_samples": 20}),
}
OFF, ONE = Cache(None), ComputeSettings(jobs=1)


def request(chosen: Settings, folds: int = 5, **explain: object) -> ExplanationRequest:
    """How the small demo is explained: five folds and six refits, unless said otherwise."""
    options = ExplainSettings(**{"sample": 20, "years": [2018], **explain})  # type: ignore[arg-type]
    split = SplitSettings(folds=folds)
    return ExplanationRequest(options, chosen.features, chosen.domains, split, chosen.seed)


def explained(problem: Problem, champion: str, how: ExplanationRequest) -> Explanations:
    """Explain a model as a run does."""
    protocol = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]
    chosen = {champion: MODELS[champion]}
    fits = crossfit.tasks(problem, protocol, how.split, chosen, how.seed)
    rates = evaluate.out_of_fold_rates(
        crossfit.run(fits, OFF, ONE), protocols.UNSEEN_GEMEENTE, champion
    )
    plans = explanation.plan([problem], {problem.domain: champion}, chosen, how)
    work = explanation.planned_tasks(plans, how)
    tables = explanation.run(work, OFF, ONE)
    return explanation.explain(plans, work, tables, {problem.domain: rates}, how)
