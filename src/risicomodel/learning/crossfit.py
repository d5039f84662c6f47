"""Out-of-fold predictions: every model on the same folds, never on a row that taught it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import cached_work
from risicomodel.core import compute as compute_module
from risicomodel.core.cached_work import Result
from risicomodel.learning import models, protocols, reference_rates
from risicomodel.learning.problem import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, Protocol, SplitSettings


KIND = "folds"  # in the cache: predictions and, as texts, the models that made them


@dataclass(frozen=True)
class Task:
    """One model on one fold of one protocol: the unit of work, of caching and of scaling out."""

    problem: Problem
    protocol: Protocol
    fold: Fold
    model: str
    settings: models.ModelSettings
    seed: int

    def key(self) -> dict[str, Any]:
        """Return everything the result follows from."""
        return {
            "problem": self.problem.fingerprint,
            "protocol": asdict(self.protocol),
            "fold": hash_of(self.fold),
            "model": asdict(self.settings),
            "seed": self.seed,
        }


def hash_of(fold: Fold) -> str:
    """Return a hash of a fold's rows."""
    import hashlib

    digest = hashlib.sha256()
    for index in (fold.train, fold.test, fold.features_from):
        digest.update(index.astype("int64").tobytes())
    return digest.hexdigest()


def tasks(
    problem: Problem,
    protocol: Protocol,
    settings: SplitSettings,
    chosen: Mapping[str, models.ModelSettings],
    seed: int,
) -> list[Task]:
    """Return every model on every fold of a protocol; blends follow from their members."""
    chosen = models.for_domain(chosen, problem.domain)
    fitted = {name: model for name, model in chosen.items() if name not in models.blends(chosen)}
    folds = protocols.folds(protocol, problem.wijken, problem.usable, settings, seed)
    return [
        Task(problem, protocol, fold, name, model, seed)
        for fold in folds
        for name, model in fitted.items()
    ]


def add_blends(
    predictions: pd.DataFrame, chosen: Mapping[str, models.ModelSettings]
) -> pd.DataFrame:
    """Add the blends to their members' predictions, which are in the order of :func:`tasks`."""
    out = [predictions]
    for domain, rows in predictions.groupby("domain", sort=False):
        blends = models.blends(models.for_domain(chosen, str(domain)))
        out += [_blend(rows, name, params) for name, params in blends.items()]
    return pd.concat(out, ignore_index=True)


def _blend(predictions: pd.DataFrame, name: str, params: models.BlendParams) -> pd.DataFrame:
    members = {m: predictions[predictions["model"] == m] for m in params.members}
    rate = models.average({m: rows["rate"].to_numpy() for m, rows in members.items()}, params)
    seconds = sum(rows["seconds"].to_numpy() for rows in members.values())
    first = next(iter(members.values()))
    return first.assign(model=name, rate=rate, seconds=seconds)


def fit_and_predict(task: Task) -> Result:
    """Fit one model on one fold's training rows and predict its test rows.

    Returns
    -------
    Result
        Its table has ``row`` (position in the panel), ``rate`` (predicted, 0–1), ``last_known``
        (the place has an earlier figure), ``seconds`` (fit and predict). Its texts are the fitted
        model, of ``unseen_gemeente`` only: those models make ``expected``, and are explained
        without a second fit (:func:`risicomodel.learning.models.pack`).
    """
    models.load_libraries()
    train, test = rows(task.problem, task.protocol, task.fold)
    with compute_module.one_thread():
        started = time.perf_counter()
        model = models.create(task.settings, task.seed).fit(train)
        rate = model.predict(test)
        seconds = round(time.perf_counter() - started, 3)
    explained = task.protocol.name == protocols.UNSEEN_GEMEENTE and not model.baseline
    table = pd.DataFrame(
        {
            "row": task.fold.test,
            "rate": rate,
            "last_known": np.isfinite(test.known.last),
            "seconds": seconds,
        }
    )
    return Result(table, models.pack(model) if explained else None)


@lru_cache(maxsize=2)  # the models of a fold come one after the other, and share its rows
def rows(problem: Problem, protocol: Protocol, fold: Fold) -> tuple[models.Rows, models.Rows]:
    """Return a fold's training and test rows, with what the protocol makes known of each."""
    counts = reference_rates.Counts.of(problem.wijken, problem.domain, problem.usable)
    of_train, of_test = reference_rates.known(counts, fold, protocol.knows)
    x = problem.x if fold.origin is None else problem.x_vintage
    rate, population = problem.rates(fold.train)
    train = models.Rows(
        x.iloc[fold.train], of_train.reference(protocol.knows), of_train, population, rate
    )
    _, population = problem.rates(fold.test)
    # −1 stands for a place that was not there yet: nothing is known of it
    x_test = x.reindex(fold.features_from)
    test = models.Rows(x_test, of_test.reference(protocol.knows), of_test, population)
    return train, test


def run(
    tasks: list[Task],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """Run tasks, several at a time, and return their predictions in the order of the tasks.

    Returns
    -------
    DataFrame
        The tables of :func:`fit_and_predict`, with ``domain``, ``protocol``, ``model``, ``fold``,
        ``origin`` (−1 where there is none).
    """
    models.load_libraries()
    tables = cached_work.run(
        fit_and_predict, tasks, KIND, cache=cache, compute=compute, done=done, prepared=_bare
    )
    rows.cache_clear()
    return _labelled(tasks, tables)


def _labelled(work: list[Task], results: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all predictions with what they are of; as categories, for text takes room."""
    sizes = [len(result) for result in results]
    table = pd.concat(results, ignore_index=True)
    texts = {
        "domain": ([task.problem.domain for task in work], ()),
        "protocol": ([task.protocol.name for task in work], protocols.PROTOCOLS),
        "model": ([task.model for task in work], ()),
    }
    for name, (values, known) in texts.items():
        labels = pd.Categorical(values, categories=sorted({*values, *known}))
        table[name] = labels.repeat(sizes)
    table["fold"] = np.repeat([task.fold.fold for task in work], sizes)
    origins = [-1 if task.fold.origin is None else task.fold.origin for task in work]
    table["origin"] = np.repeat(origins, sizes)
    return table


def _bare(work: list[Task]) -> list[Task]:
    """Return tasks whose problems hold what a fit needs and no more: they may be sent elsewhere."""
    problems = {task.problem: bare(task.problem) for task in work}
    return [replace(task, problem=problems[task.problem]) for task in work]
