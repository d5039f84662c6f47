"""Fitting in a run: which models, on which folds, and where the work is done and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.app.pipeline import inputs
from risicomodel.core import progress
from risicomodel.data.features import usable
from risicomodel.learning import crossfit, models, protocols, tuning
from risicomodel.learning.problem import build_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.app.settings import Settings
    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings
    from risicomodel.learning.tuning import TuningSettings
    from risicomodel.runs import Run


@dataclass(frozen=True)
class Fitting:
    """How a run fits its models.

    Parameters
    ----------
    models : dict of str to ModelSettings
        Those that were chosen.
    split : SplitSettings
        Protocols, and how they fold.
    seed : int
        Seed of folds and fits.
    compute : ComputeSettings
        Where the work is done.
    cache : Cache
        Where its results are kept.
    """

    models: dict[str, ModelSettings]
    split: SplitSettings
    seed: int
    compute: ComputeSettings
    cache: Cache

    @classmethod
    def of(cls, settings: Settings) -> Fitting:
        """Take what is about fitting from a run's settings."""
        cache = inputs.cache(enabled=settings.cache)
        return cls(settings.models, settings.split, settings.seed, settings.compute, cache)

    @property
    def with_baselines(self) -> dict[str, ModelSettings]:
        """The models of a run, baselines among them."""
        return models.with_baselines(self.models)


def problems_of(
    panel: Panel, domains: Mapping[str, Domain], features: FeatureSet, min_population: int
) -> list[Problem]:
    """Return the learning problem of every domain.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    domains : mapping of str to Domain
        As declared by the run.
    features : FeatureSet
        The run's features.
    min_population : int
        Least persons at risk of a row that is learned from.

    Returns
    -------
    list of Problem
        Rows, and the features that the domain may use.
    """
    names = {name: usable(features, name, domain) for name, domain in domains.items()}
    return build_problems(panel.wijken, names, features, min_population)


def predictions_of(problems: list[Problem], fitting: Fitting) -> dict[str, pd.DataFrame]:
    """Fit every model on every fold of every protocol.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    fitting : Fitting
        Models, protocols, cache, compute.

    Returns
    -------
    dict of str to DataFrame
        Out-of-fold predictions by domain, blends among them.
    """
    split, chosen = fitting.split, fitting.with_baselines
    tasks = [
        task
        for problem in problems
        for name in split.protocols
        for task in crossfit.tasks(problem, protocols.PROTOCOLS[name], split, chosen, fitting.seed)
    ]
    return predicted(problems, tasks, fitting)


def predicted(
    problems: list[Problem], tasks: list[FitTask], fitting: Fitting
) -> dict[str, pd.DataFrame]:
    """Run fits, except those whose result is in the cache.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    tasks : list of FitTask
        The fits.
    fitting : Fitting
        Models, cache, compute.

    Returns
    -------
    dict of str to DataFrame
        Predictions by domain, blends among them.
    """
    with progress.steps("fitting models", len(tasks)) as done:
        predictions = crossfit.run(tasks, fitting.cache, fitting.compute, done)
    return {
        problem.domain: crossfit.add_blends(
            predictions[predictions["domain"] == problem.domain], fitting.with_baselines
        )
        for problem in problems
    }


def studies(
    problems: list[Problem], settings: TuningSettings, fitting: Fitting, run: Run
) -> list[tuning.StudyResult]:
    """Tune hyperparameters on the training rows of every fold."""
    specs = [
        spec
        for problem in problems
        for spec in tuning.study_specs(
            problem,
            fitting.split,
            settings,
            models.for_domain(fitting.models, problem.domain),
            fitting.seed,
        )
    ]
    left = sorted(set(fitting.models) - {spec.model for spec in specs})
    if untuned := [name for name in left if name in models.learners(fitting.models)]:
        run.note(f"not tuned, as they have no search space: {', '.join(untuned)}.")
    with progress.steps("tuning: trials", len(specs) * settings.trials) as done:
        return tuning.run_studies(specs, fitting.compute, done)


def tuned_predictions_of(
    problems: list[Problem],
    settings: TuningSettings,
    results: list[tuning.StudyResult],
    fitting: Fitting,
) -> dict[str, pd.DataFrame]:
    """Fit every model as configured and as tuned; return what it predicts, by domain."""
    split, chosen, seed = fitting.split, fitting.with_baselines, fitting.seed
    tasks = [
        task
        for problem in problems
        for task in tuning.tasks(problem, split, settings, chosen, results=results, seed=seed)
    ]
    return predicted(problems, tasks, fitting)
