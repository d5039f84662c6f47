"""Nested cross-validation: the rows that judge a choice of parameters never take part in it.

Every outer fold has a study of its own, scored on inner folds of its training rows only; the best
parameters then predict the outer fold once. One more study, on all rows, gives the parameters to
use.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from risicomodel.core import compute, metrics, storage
from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.errors import ConfigError, DataError
from risicomodel.core.versions import versions
from risicomodel.data.domains import clients_column
from risicomodel.learning import crossfit, models, protocols
from risicomodel.learning.problem import slim
from risicomodel.learning.tuning import space

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import ModelSettings, Rows
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, Protocol, SplitSettings
    from risicomodel.learning.tuning.space import Dimension, TuningSettings


FINAL = "final"
TUNED = "_tuned"
# The code that turns rows into a trial's value. Other code may change without making trials stale:
# what it changes is visible in the rows.
CODE = ("core/metrics.py", "learning/")
PACKAGES = ("python", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm")


@dataclass(frozen=True, eq=False)
class StudySpec:
    """What a study of one model tunes: on which rows, in which space, and how it is scored.

    Parameters
    ----------
    study : str
        ``fold <number>`` or ``final``.
    problem : Problem
        Slim, and without any figure of the rows that judge the choice.
    protocol : Protocol
        Of the outer and the inner folds.
    folds : tuple of Fold
        The inner folds.
    model : str
        The model's name.
    settings : ModelSettings
        The model as configured: the first trial.
    space : mapping of str to Dimension
        The search space, by hyperparameter.
    tuning : TuningSettings
        Number of trials, metric, pruning and storage.
    seed : int
        Seed of the models and of the sampler.
    """

    study: str
    problem: Problem
    protocol: Protocol
    folds: tuple[Fold, ...]
    model: str
    settings: ModelSettings
    space: Mapping[str, Dimension]
    tuning: TuningSettings
    seed: int

    @property
    def name(self) -> str:
        """The study's name in its storage: it follows from everything that decides its trials."""
        follows_from = {
            "problem": self.problem.fingerprint,
            "protocol": asdict(self.protocol),
            "folds": [crossfit.hash_of(fold) for fold in self.folds],
            "model": [self.settings.kind, space.defaults(self.settings)],
            "space": {name: asdict(one) for name, one in self.space.items()},
            "metric": self.tuning.metric,
            "pruning": self.tuning.pruning,
            "seed": self.seed,
            "code": storage.sha256_code(CODE),
            "versions": {name: versions().get(name) for name in PACKAGES},
        }
        digest = storage.sha256_json(follows_from)[:16]
        return f"{self.problem.domain}/{self.model}/{self.study}/{digest}"


@dataclass(frozen=True)
class StudyResult:
    """The outcome of a study.

    Parameters
    ----------
    key : tuple of str
        Domain, model and study.
    trials : list of dict
        Every trial: ``number``, ``state``, ``value``, ``inner``, ``params``, ``seconds``.
    params : dict
        The parameters of the best trial.
    value : float
        The score of the best trial on the inner folds: optimistic, as it was chosen by this score.
    """

    key: tuple[str, str, str]
    trials: list[dict[str, Any]]
    params: dict[str, Any]
    value: float


def study_specs(
    problem: Problem,
    split: SplitSettings,
    tuning: TuningSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[StudySpec]:
    """Return the studies of one domain: for every model, one per outer fold and one on all rows.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    split : SplitSettings
        Of the outer folds.
    tuning : TuningSettings
        Protocol, number of inner folds, and the search spaces.
    chosen : mapping of str to ModelSettings
        Models by name; those without a search space are left out.
    seed : int
        Seed of folds, models and samplers.

    Returns
    -------
    list of StudySpec

    Raises
    ------
    ConfigError
        If no chosen model has a search space, or one is configured outside its own.
    DataError
        If there are too few rows for folds within folds.
    """
    protocol = protocols.PROTOCOLS[tuning.protocol]
    spaces = {
        name: dimensions
        for name, model in chosen.items()
        if (dimensions := space.dimensions(tuning.space, model.kind))
    }
    _check_chosen(spaces, chosen)
    outer = protocols.folds(protocol, problem.wijken, problem.usable, split, seed)
    parts: dict[str, Ints | None] = {f"fold {f.fold}": f.train for f in outer}
    out = []
    for study, train in {**parts, FINAL: None}.items():
        rows = _restricted(problem, train)
        folds = tuple(_inner_folds(rows, protocol, split, tuning, seed))
        out += [
            StudySpec(study, rows, protocol, folds, name, chosen[name], spaces[name], tuning, seed)
            for name in spaces
        ]
    return out


def _check_chosen(
    spaces: Mapping[str, Mapping[str, Dimension]], chosen: Mapping[str, ModelSettings]
) -> None:
    if not spaces:
        raise ConfigError(
            f"none of the chosen models ({', '.join(chosen)}) has a search space; expected at "
            "least one whose kind is in tuning.space. Choose one with 'model=', or declare a space."
        )
    violations = []
    for name, dimensions in spaces.items():
        configured = space.defaults(chosen[name])
        violations += [
            f"models.{name}.params.{param} is {configured[param]}; tuning.space has "
            f"{dimension.text()}"
            for param, dimension in dimensions.items()
            if configured[param] not in dimension
        ]
    if violations:
        raise ConfigError(
            "parameters as configured lie outside the search space; expected them in it, as they "
            "are the first trial. Correct one or the other:",
            violations,
        )


def _restricted(problem: Problem, train: Ints | None) -> Problem:
    """Return a problem with the figures of only some rows; None keeps all usable rows."""
    usable = problem.usable.copy()
    if train is not None:
        usable &= np.isin(np.arange(len(usable)), train)
    slimmed = slim(problem)
    clients = clients_column(problem.domain)
    wijken = slimmed.wijken.assign(**{clients: slimmed.wijken[clients].where(usable)})
    tables = (wijken.assign(usable=usable), problem.x, problem.x_vintage)
    hashes = storage.sha256_json([storage.sha256_frame(table) for table in tables])
    return replace(slimmed, wijken=wijken, usable=usable, fingerprint=hashes)


def _inner_folds(
    problem: Problem, protocol: Protocol, split: SplitSettings, tuning: TuningSettings, seed: int
) -> Iterator[Fold]:
    """Yield new folds of the remaining rows, with only rows that would be scored as test rows."""
    years = sorted({int(year) for year in problem.wijken.loc[problem.usable, "year"]})
    inner = replace(split, folds=tuning.folds, origins=years[1:-1] or years[:-1])
    deal = int(storage.sha256_json(["inner folds", seed])[:8], 16)
    counts = problem.usable.to_numpy(copy=True)
    if split.score_years and protocol.reveals != "history":
        counts &= problem.wijken["year"].isin(split.score_years).to_numpy()
    for fold in protocols.folds(protocol, problem.wijken, problem.usable, inner, deal):
        kept = counts[fold.test]
        if not kept.any():
            raise DataError(
                f"{protocol.name}: inner fold {fold.fold} has no rows to score; expected at least "
                "one per fold. Lower tuning.folds, or add years to split.score_years."
            )
        test, source = fold.test[kept], fold.features_from[kept]
        yield protocols.Fold(fold.fold, fold.train, test, source, fold.origin)


class Objective:
    """The score that a study optimises: of parameters on its inner folds, prepared once.

    Parameters
    ----------
    spec : StudySpec
        The study.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._spec = spec
        self._metric = metrics.METRICS[spec.tuning.metric]
        self._folds = [self._prepare(fold) for fold in spec.folds]

    def _prepare(self, fold: Fold) -> tuple[Rows, Rows, Floats]:
        train, test = crossfit.rows(self._spec.problem, self._spec.protocol, fold)
        rate, population = self._spec.problem.rates(fold.test)
        return train, test, rate * population

    def cumulative_scores(self, params: Mapping[str, Any]) -> Iterator[float]:
        """Fit the inner folds one by one, and score all those so far together.

        Parameters
        ----------
        params : mapping of str to value
            Hyperparameters that replace the configured ones.

        Yields
        ------
        float
            The metric over the test rows of the first fold, of the first two folds, and so on.

        Raises
        ------
        DataError
            If the metric is not defined on these rows.
        """
        settings = self._spec.settings
        settings = replace(settings, params={**settings.params, **params})
        models.load_libraries()
        scored: list[tuple[Floats, Floats, Floats]] = []
        for train, test, clients in self._folds:
            with compute.one_thread():
                rate = models.create(settings, self._spec.seed).fit(train).predict(test)
            scored.append((clients, rate, test.population))
            value = self._metric(*(np.concatenate(part) for part in zip(*scored, strict=True)))
            if not np.isfinite(value):
                raise DataError(
                    f"{self._spec.name}: {self._spec.tuning.metric} cannot be computed on the "
                    "inner folds; expected folds with clients. Lower tuning.folds, or add data."
                )
            yield float(value)


def tasks(
    problem: Problem,
    split: SplitSettings,
    tuning: TuningSettings,
    chosen: Mapping[str, ModelSettings],
    *,
    results: Sequence[StudyResult],
    seed: int,
) -> list[FitTask]:
    """Return the fits on the outer folds: every model as configured and as tuned.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    split : SplitSettings
        Of the outer folds.
    tuning : TuningSettings
        The protocol.
    chosen : mapping of str to ModelSettings
        Models by name.
    results : sequence of StudyResult
        Of all studies, those of other domains included.
    seed : int
        Seed of folds and models.

    Returns
    -------
    list of FitTask
        A tuned model has ``_tuned`` after its name, and the parameters of its fold's own study.
    """
    by_key = {result.key: result for result in results}
    protocol = protocols.PROTOCOLS[tuning.protocol]
    out: list[FitTask] = []
    for task in crossfit.tasks(problem, protocol, split, chosen, seed):
        out.append(task)
        best = by_key.get((problem.domain, task.model, f"fold {task.fold.fold}"))
        if best is not None:
            settings = with_params(task.settings, best.params)
            out.append(replace(task, model=task.model + TUNED, settings=settings))
    return out


def with_params(settings: ModelSettings, params: Mapping[str, Any]) -> ModelSettings:
    """Return a model with other hyperparameters, and its defaults written out.

    Parameters
    ----------
    settings : ModelSettings
        The model as configured.
    params : mapping of str to value
        Hyperparameters to replace.

    Returns
    -------
    ModelSettings
    """
    return replace(settings, params={**space.defaults(settings), **params})
