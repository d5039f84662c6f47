"""Contributions and interactions as pieces of work: cached, and done wherever compute says."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from risicomodel.core import cached_work
from risicomodel.core import compute as compute_module
from risicomodel.core.arrays import Ints
from risicomodel.core.cached_work import Result
from risicomodel.data import features
from risicomodel.learning import crossfit, models, protocols
from risicomodel.learning.problem import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.learning.models import ModelSettings, RateModel
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold

    Texts = Mapping[str, str]

KIND = "explanations"  # in the cache
ROW, BASE, CUT = "row", "base", "cut"
BETWEEN = " × "


@dataclass(frozen=True)
class Task:
    """One model, fitted on a fold's training rows, that is to explain some others.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    fold : Fold
        What to learn from.
    to_explain : array of int
        Rows to explain, none of them of a gemeente in the training rows.
    model : str
        The model's name.
    chosen : mapping
        The run's models with their parameters for this domain.
    seed : int
        Seed of the fit.
    what : {"contributions", "pairs"}
        What of them to explain.
    fitted : mapping
        Models fitted on the same rows before, as texts by name; those not here are fitted.
    """

    problem: Problem
    fold: Fold
    to_explain: Ints
    model: str
    chosen: Mapping[str, ModelSettings]
    seed: int
    what: Literal["contributions", "pairs"] = "contributions"
    fitted: Mapping[str, Texts] | None = None

    @property
    def parts(self) -> list[str]:
        """The models that are fitted: a blend's members, else the model itself."""
        blends = models.blends(self.chosen)
        return list(blends[self.model].members) if self.model in blends else [self.model]

    @property
    def explained_fold(self) -> Fold:
        """The fold as far as explaining it goes: its training rows, and those to explain."""
        return replace(self.fold, test=self.to_explain, features_from=self.to_explain)

    def key(self) -> dict[str, Any]:
        """Return everything the result follows from."""
        return {
            "problem": self.problem.fingerprint,
            "fold": crossfit.hash_of(self.explained_fold),
            "model": self.model,
            "chosen": {name: asdict(self.chosen[name]) for name in {self.model, *self.parts}},
            "seed": self.seed,
            "what": self.what,
        }


def explain(task: Task) -> Result:
    """Explain a task's rows.

    Returns
    -------
    Result
        Its table has a row per row to explain: ``row`` (position in the panel), and for
        contributions ``base``, ``cut`` and a column per feature that has a term; for pairs a column
        per pair of declared features, the whole of their interplay. All in rate.
    """
    models.load_libraries()
    train, rows = crossfit.rows(task.problem, _protocol(), task.explained_fold)
    with compute_module.one_thread():
        model = _model(task, train)
        table = _pairs(model, rows) if task.what == "pairs" else _contributions(model, rows)
    table.insert(0, ROW, task.to_explain)
    return Result(table)


def _protocol() -> protocols.Protocol:
    return protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]


def _model(task: Task, train: models.Rows) -> RateModel:
    fitted = task.fitted or {}
    parts = {
        name: models.unpack(fitted[name])
        if name in fitted
        else models.create(task.chosen[name], task.seed).fit(train)
        for name in task.parts
    }
    blend = models.blends(task.chosen).get(task.model)
    return parts[task.model] if blend is None else models.blended(blend, parts)


def _contributions(model: RateModel, rows: models.Rows) -> pd.DataFrame:
    contributions = model.contributions(rows)
    terms = pd.DataFrame(contributions.terms, columns=contributions.features)
    totals = pd.DataFrame({BASE: contributions.base, CUT: contributions.cut})
    return pd.concat([totals, terms], axis=1)


def _pairs(model: RateModel, rows: models.Rows) -> pd.DataFrame:
    """Return the interplay of every two declared features, contexts taken together."""
    interactions = model.interactions(rows)
    if interactions is None:
        return pd.DataFrame(index=range(len(rows.x)))
    declared = np.array([features.declared(column) for column in rows.x.columns])
    names = np.unique(declared)
    member = (declared[:, None] == names).astype("float64")
    pairs = 2 * np.einsum("nij,ia,jb->nab", interactions, member, member, optimize=True)
    first, second = np.triu_indices(len(names), k=1)
    labels = [f"{names[a]}{BETWEEN}{names[b]}" for a, b in zip(first, second, strict=True)]
    return pd.DataFrame(pairs[:, first, second], columns=labels)


def run(
    tasks: list[Task],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> list[pd.DataFrame]:
    """Do tasks, several at a time, and return their tables in the order of the tasks.

    What is in the cache is not done again, nor are models fitted that it holds.
    """

    def prepared(missing: list[Task]) -> list[Task]:
        return _ready(missing, cache)

    models.load_libraries()
    tables = cached_work.run(
        explain, tasks, KIND, cache=cache, compute=compute, done=done, prepared=prepared
    )
    crossfit.rows.cache_clear()
    return tables


def _ready(work: list[Task], cache: Cache) -> list[Task]:
    """Return tasks that can be sent elsewhere, with the models that are there already."""
    held = {task.problem: bare(task.problem) for task in work}
    return [replace(t, problem=held[t.problem], fitted=_kept(t, cache)) for t in work]


def _kept(task: Task, cache: Cache) -> dict[str, Texts]:
    """Return those of a task's models that were kept when they predicted."""
    kept: dict[str, Texts] = {}
    for name in task.parts:
        settings = task.chosen[name]
        fit = crossfit.Task(task.problem, _protocol(), task.fold, name, settings, task.seed)
        texts = cache.kept_texts(crossfit.KIND, fit.key())
        if texts is not None:
            kept[name] = texts
    return kept
