"""Cross-fitting: every model predicts rows that it was not trained on, on the same folds."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import cached_work
from risicomodel.core.cached_work import Result
from risicomodel.core.compute import one_thread
from risicomodel.learning import models, protocols, reference_rates
from risicomodel.learning.problem import slim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, Protocol, SplitSettings


KIND = "folds"  # of the cache: predictions, with the models that made them as texts


@dataclass(frozen=True)
class FitTask:
    """One model on one fold of one protocol: the unit of work, of caching and of scaling out.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    protocol : Protocol
        What is revealed to the model.
    fold : Fold
        Training and test rows.
    model : str
        The model's name.
    settings : ModelSettings
        The model with the hyperparameters it has for this domain.
    seed : int
        Seed of the model.
    """

    problem: Problem
    protocol: Protocol
    fold: Fold
    model: str
    settings: models.ModelSettings
    seed: int

    def key(self) -> dict[str, Any]:
        """Return everything that decides the result: the key of the cache.

        Returns
        -------
        dict
            JSON values.
        """
        return {
            "problem": self.problem.fingerprint,
            "protocol": asdict(self.protocol),
            "fold": hash_of(self.fold),
            "model": asdict(self.settings),
            "seed": self.seed,
        }


def hash_of(fold: Fold) -> str:
    """Return a hash of the rows of a fold.

    Parameters
    ----------
    fold : Fold
        Its number does not count.

    Returns
    -------
    str
        SHA-256, hexadecimal.
    """
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
) -> list[FitTask]:
    """Return a task for every model on every fold of a protocol.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    protocol : Protocol
        Of the folds.
    settings : SplitSettings
        Number of folds, origins and horizon.
    chosen : mapping of str to ModelSettings
        All models of the run by name.
    seed : int
        Seed of folds and models.

    Returns
    -------
    list of FitTask
        Fold by fold. Blends have none: their rates follow from those of their members
        (:func:`add_blends`).
    """
    chosen = models.for_domain(chosen, problem.domain)
    fitted = {name: model for name, model in chosen.items() if name not in models.blends(chosen)}
    folds = protocols.folds(protocol, problem.wijken, problem.usable, settings, seed)
    return [
        FitTask(problem, protocol, fold, name, model, seed)
        for fold in folds
        for name, model in fitted.items()
    ]


def add_blends(
    predictions: pd.DataFrame, chosen: Mapping[str, models.ModelSettings]
) -> pd.DataFrame:
    """Add the predictions of blends to those of their members.

    Parameters
    ----------
    predictions : DataFrame
        What :func:`run` returned, in the order of :func:`tasks`.
    chosen : mapping of str to ModelSettings
        All models of the run by name.

    Returns
    -------
    DataFrame
        With the rows of blends after all others.
    """
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


def fit_and_predict(task: FitTask) -> Result:
    """Fit one model on the training rows of one fold, and predict its test rows.

    Parameters
    ----------
    task : FitTask
        Which model on which fold.

    Returns
    -------
    Result
        Its table has ``row`` (position in the panel), ``rate`` (predicted, 0–1), ``last_known``
        (whether the place has an earlier figure), ``seconds`` (fit and predict). Its texts are the
        fitted model (:func:`risicomodel.learning.models.pack`), for ``unseen_gemeente`` only: these
        models give what is expected of wijken, and the texts allow to explain them without fitting
        again.
    """
    models.load_libraries()
    train, test = rows(task.problem, task.protocol, task.fold)
    with one_thread():
        started = time.perf_counter()
        model = models.create(task.settings, task.seed).fit(train)
        rate = model.predict(test)
        seconds = round(time.perf_counter() - started, 3)
    explained = task.protocol.name == protocols.UNSEEN_GEMEENTE and not model.baseline
    table = pd.DataFrame(
        {
            "row": task.fold.test,
            "rate": rate,
            "last_known": np.isfinite(test.revealed.last),
            "seconds": seconds,
        }
    )
    return Result(table, models.pack(model) if explained else None)


@lru_cache(maxsize=2)  # the models of a fold are fitted one after the other, and share its rows
def rows(problem: Problem, protocol: Protocol, fold: Fold) -> tuple[models.Rows, models.Rows]:
    """Return the training and test rows of a fold, with the rates that the protocol reveals.

    Parameters
    ----------
    problem : Problem
        The domain's learning problem.
    protocol : Protocol
        What is revealed.
    fold : Fold
        Row positions.

    Returns
    -------
    train : Rows
        With the published rate.
    test : Rows
        Without it.
    """
    counts = reference_rates.Counts.of(problem.wijken, problem.domain, problem.usable)
    of_train, of_test = reference_rates.reveal(counts, fold, protocol.reveals)
    x = problem.x if fold.origin is None else problem.x_vintage
    rate, population = problem.rates(fold.train)
    train = models.Rows(
        x.iloc[fold.train], of_train.reference(protocol.reveals), of_train, population, rate
    )
    _, population = problem.rates(fold.test)
    # −1 stands for a place that did not exist at the origin: all its features are missing
    x_test = x.reindex(fold.features_from)
    test = models.Rows(x_test, of_test.reference(protocol.reveals), of_test, population)
    return train, test


def run(
    tasks: list[FitTask],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """Do tasks, several at a time, except those whose results are in the cache.

    Parameters
    ----------
    tasks : list of FitTask
        At least one.
    cache : Cache
        Where results are kept.
    compute : ComputeSettings
        Where and how many at a time.
    done : callable
        Called with the number of tasks that have finished since the last call.

    Returns
    -------
    DataFrame
        The tables of :func:`fit_and_predict` in the order of the tasks, with ``domain``,
        ``protocol``, ``model``, ``fold``, ``origin`` (−1 if there is none).
    """
    models.load_libraries()
    tables = cached_work.run(
        fit_and_predict, tasks, KIND, cache=cache, compute=compute, done=done, prepared=_slimmed
    )
    rows.cache_clear()
    return _labelled(tasks, tables)


def _labelled(tasks: list[FitTask], tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all predictions in one table, labelled by task; as categories, to save memory."""
    sizes = [len(table) for table in tables]
    table = pd.concat(tables, ignore_index=True)
    labels_of = {
        "domain": ([task.problem.domain for task in tasks], ()),
        "protocol": ([task.protocol.name for task in tasks], protocols.PROTOCOLS),
        "model": ([task.model for task in tasks], ()),
    }
    for name, (values, others) in labels_of.items():
        labels = pd.Categorical(values, categories=sorted({*values, *others}))
        table[name] = labels.repeat(sizes)
    table["fold"] = np.repeat([task.fold.fold for task in tasks], sizes)
    origins = [-1 if task.fold.origin is None else task.fold.origin for task in tasks]
    table["origin"] = np.repeat(origins, sizes)
    return table


def _slimmed(tasks: list[FitTask]) -> list[FitTask]:
    """Return tasks with slim problems, to be sent to other processes or machines."""
    problems = {task.problem: slim(task.problem) for task in tasks}
    return [replace(task, problem=problems[task.problem]) for task in tasks]
