"""Studies within folds: what chooses parameters never sees the rows that judge the choice.

Every outer fold has a study of its own, scored on inner folds of its training rows only; its best
parameters predict the outer fold once. One more study, over all rows, gives the parameters to use.
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
from risicomodel.learning.problem import bare
from risicomodel.learning.tuning import space

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from risicomodel.learning.crossfit import Task
    from risicomodel.learning.models import ModelSettings, Rows
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, Protocol, SplitSettings
    from risicomodel.learning.tuning.space import Dimension, TuningSettings


FINAL = "final"
TUNED = "_tuned"
# What turns rows into a trial's value. What made the rows is in them: a trial stays true when other
# code changes.
CODE = ("core/metrics.py", "learning/")
PACKAGES = ("python", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm")


@dataclass(frozen=True, eq=False)
class Search:
    """One study: a model, the rows it may learn from and be tried on, and what may vary.

    Parameters
    ----------
    study : str
        ``fold <number>`` or ``final``.
    problem : Problem
        Bare, with no figure of the rows that judge the choice.
    folds : tuple of Fold
        Inner folds.
    settings : ModelSettings
        The model as configured: the first trial.
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
        """Return the study's name in its storage: the same where the same is asked."""
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
class Found:
    """What a study gave.

    Parameters
    ----------
    key : tuple of str
        Domain, model and study.
    trials : list of dict
        Every trial: ``number``, ``state``, ``value``, ``inner``, ``params``, ``seconds``.
    params : dict
        The best trial's parameters.
    value : float
        Its score on the inner folds: too kind, as it was chosen for it.
    """

    key: tuple[str, str, str]
    trials: list[dict[str, Any]]
    params: dict[str, Any]
    value: float


def plan(
    problem: Problem,
    split: SplitSettings,
    tuning: TuningSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[Search]:
    """Return the studies of one domain: per model every outer fold, and all rows.

    Raises
    ------
    ConfigError
        If no chosen model has a search space, or one is configured outside its own.
    DataError
        If there are too few rows for folds within folds.
    """
    protocol = protocols.PROTOCOLS[tuning.protocol]
    spaces = {
        name: found
        for name, model in chosen.items()
        if (found := space.dimensions(tuning.space, model.kind))
    }
    _check_chosen(spaces, chosen)
    outer = protocols.folds(protocol, problem.wijken, problem.usable, split, seed)
    parts: dict[str, Ints | None] = {f"fold {f.fold}": f.train for f in outer}
    out = []
    for study, train in {**parts, FINAL: None}.items():
        inside = _inside(problem, train)
        folds = tuple(_inner_folds(inside, protocol, split, tuning, seed))
        out += [
            Search(study, inside, protocol, folds, name, chosen[name], spaces[name], tuning, seed)
            for name in spaces
        ]
    return out


def _check_chosen(
    spaces: Mapping[str, Mapping[str, Dimension]], chosen: Mapping[str, ModelSettings]
) -> None:
    if not spaces:
        raise ConfigError(
            f"none of the chosen models ({', '.join(chosen)}) has a search space; allowed is a "
            "model that tuning.space names. Choose one with 'model=', or declare its space."
        )
    wrong = []
    for name, dimensions in spaces.items():
        configured = space.defaults(chosen[name])
        wrong += [
            f"models.{name}.params.{param} is {configured[param]}; tuning.space allows {one.text()}"
            for param, one in dimensions.items()
            if not one.holds(configured[param])
        ]
    if wrong:
        raise ConfigError(
            "the first trial is the model as configured, so its parameters must lie in the search "
            "space; correct either:",
            wrong,
        )


def _inside(problem: Problem, train: Ints | None) -> Problem:
    """Return a problem that holds the figures of some rows only; None for all that are usable."""
    usable = problem.usable.copy()
    if train is not None:
        usable &= np.isin(np.arange(len(usable)), train)
    held = bare(problem)
    clients = clients_column(problem.domain)
    wijken = held.wijken.assign(**{clients: held.wijken[clients].where(usable)})
    tables = (wijken.assign(usable=usable), problem.x, problem.x_vintage)
    hashes = storage.sha256_json([storage.sha256_frame(table) for table in tables])
    return replace(held, wijken=wijken, usable=usable, fingerprint=hashes)


def _inner_folds(
    problem: Problem, protocol: Protocol, split: SplitSettings, tuning: TuningSettings, seed: int
) -> Iterator[Fold]:
    """Yield the protocol's folds of the rows inside, dealt anew; tested on what would be scored."""
    years = sorted({int(year) for year in problem.wijken.loc[problem.usable, "year"]})
    inner = replace(split, folds=tuning.folds, origins=years[1:-1] or years[:-1])
    deal = int(storage.sha256_json(["inner folds", seed])[:8], 16)
    counts = problem.usable.to_numpy(copy=True)
    if split.score_years and protocol.knows != "history":
        counts &= problem.wijken["year"].isin(split.score_years).to_numpy()
    for fold in protocols.folds(protocol, problem.wijken, problem.usable, inner, deal):
        kept = counts[fold.test]
        if not kept.any():
            raise DataError(
                f"{protocol.name}: inner fold {fold.fold} has no row that is scored; allowed is at "
                "least one per fold. Lower tuning.folds, or add years to split.score_years."
            )
        test, source = fold.test[kept], fold.features_from[kept]
        yield protocols.Fold(fold.fold, fold.train, test, source, fold.origin)


class Trials:
    """Scores of parameters on a study's inner folds, whose rows are prepared once."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._metric = metrics.METRICS[search.tuning.metric]
        self._folds = [self._prepare(fold) for fold in search.folds]

    def _prepare(self, fold: Fold) -> tuple[Rows, Rows, Floats]:
        train, test = crossfit.rows(self._search.problem, self._search.protocol, fold)
        rate, population = self._search.problem.rates(fold.test)
        return train, test, rate * population

    def after_each_fold(self, params: Mapping[str, Any]) -> Iterator[float]:
        """Yield the score over the inner folds until then, taken together."""
        settings = self._search.settings
        settings = replace(settings, params={**settings.params, **params})
        models.load_libraries()
        seen: list[tuple[Floats, Floats, Floats]] = []
        for train, test, clients in self._folds:
            with compute.one_thread():
                rate = models.create(settings, self._search.seed).fit(train).predict(test)
            seen.append((clients, rate, test.population))
            value = self._metric(*(np.concatenate(part) for part in zip(*seen, strict=True)))
            if not np.isfinite(value):
                raise DataError(
                    f"{self._search.name}: {self._search.tuning.metric} cannot be told on its "
                    "inner folds; allowed are folds with clients. Lower tuning.folds, or add data."
                )
            yield float(value)


def tasks(
    problem: Problem,
    split: SplitSettings,
    tuning: TuningSettings,
    chosen: Mapping[str, ModelSettings],
    *,
    found: Sequence[Found],
    seed: int,
) -> list[Task]:
    """Return what is to be fitted on the outer folds: every model, and beside it the tuned one.

    Parameters
    ----------
    found : sequence of Found
        What the studies gave.
    """
    by_key = {one.key: one for one in found}
    protocol = protocols.PROTOCOLS[tuning.protocol]
    out: list[Task] = []
    for task in crossfit.tasks(problem, protocol, split, chosen, seed):
        out.append(task)
        best = by_key.get((problem.domain, task.model, f"fold {task.fold.fold}"))
        if best is not None:
            settings = with_params(task.settings, best.params)
            out.append(replace(task, model=task.model + TUNED, settings=settings))
    return out


def with_params(settings: ModelSettings, params: Mapping[str, Any]) -> ModelSettings:
    """Return a model with other parameters, all of them written out."""
    return replace(settings, params={**space.defaults(settings), **params})
