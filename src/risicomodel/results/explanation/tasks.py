"""Explanation tasks: contributions or interactions by one fitted model, cached, run in parallel."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from risicomodel.core import cached_work
from risicomodel.core.arrays import Ints
from risicomodel.core.cached_work import Result
from risicomodel.core.compute import one_thread
from risicomodel.data import features
from risicomodel.learning import crossfit, models, protocols
from risicomodel.learning.problem import slim

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
class ExplanationTask:
    """One model, fitted on a fold's training rows, and the rows it explains.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    fold : Fold
        Training rows.
    to_explain : array of int
        Rows to explain (positions in the panel), none of a gemeente in the training rows.
    model : str
        The model's name.
    chosen : mapping of str to ModelSettings
        The run's models with their parameters for this domain.
    seed : int
        Seed of the fit.
    what : {"contributions", "pairs"}
        What to compute.
    fitted : mapping of str to texts, optional
        Models fitted on the same rows before, by name; the others are fitted.
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
        """The fold with the rows to explain as its test rows."""
        return replace(self.fold, test=self.to_explain, features_from=self.to_explain)

    def key(self) -> dict[str, Any]:
        """Return everything the result depends on, as the key in the cache."""
        return {
            "problem": self.problem.fingerprint,
            "fold": crossfit.hash_of(self.explained_fold),
            "model": self.model,
            "chosen": {name: asdict(self.chosen[name]) for name in {self.model, *self.parts}},
            "seed": self.seed,
            "what": self.what,
        }


def explain_task(task: ExplanationTask) -> Result:
    """Compute one task.

    Parameters
    ----------
    task : ExplanationTask
        The task.

    Returns
    -------
    Result
        Its table has a row per row to explain: ``row`` (position in the panel), and for
        contributions ``base``, ``cut`` and a column per feature that has a term; for pairs a column
        per pair of declared features with their interaction, both orders summed. All in rate.
    """
    models.load_libraries()
    train, rows = crossfit.rows(task.problem, _protocol(), task.explained_fold)
    with one_thread():
        model = _model(task, train)
        table = _pairs(model, rows) if task.what == "pairs" else _contributions(model, rows)
    table.insert(0, ROW, task.to_explain)
    return Result(table)


def _protocol() -> protocols.Protocol:
    return protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]


def _model(task: ExplanationTask, train: models.Rows) -> RateModel:
    fitted = task.fitted or {}
    parts = {
        name: models.unpack(fitted[name])
        if name in fitted
        else models.create(task.chosen[name], task.seed).fit(train)
        for name in task.parts
    }
    blend = models.blends(task.chosen).get(task.model)
    return parts[task.model] if blend is None else models.blend_of(blend, parts)


def _contributions(model: RateModel, rows: models.Rows) -> pd.DataFrame:
    contributions = model.contributions(rows)
    terms = pd.DataFrame(contributions.terms, columns=contributions.features)
    totals = pd.DataFrame({BASE: contributions.base, CUT: contributions.clipping})
    return pd.concat([totals, terms], axis=1)


def _pairs(model: RateModel, rows: models.Rows) -> pd.DataFrame:
    """Return the interaction of every two declared features, contexts included."""
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
    tasks: list[ExplanationTask],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> list[pd.DataFrame]:
    """Run tasks in parallel, except those whose result is in the cache.

    Parameters
    ----------
    tasks : list of ExplanationTask
        The tasks.
    cache : Cache
        Holds results, and models fitted when they predicted.
    compute : ComputeSettings
        Where to run them.
    done : callable
        Called with the number of tasks that have finished since the last call.

    Returns
    -------
    list of DataFrame
        One per task, in their order.
    """

    def prepared(missing: list[ExplanationTask]) -> list[ExplanationTask]:
        return _ready(missing, cache)

    models.load_libraries()
    tables = cached_work.run(
        explain_task, tasks, KIND, cache=cache, compute=compute, done=done, prepared=prepared
    )
    crossfit.rows.cache_clear()
    return tables


def _ready(work: list[ExplanationTask], cache: Cache) -> list[ExplanationTask]:
    """Return tasks that can be sent to another process, with models that are fitted already."""
    held = {task.problem: slim(task.problem) for task in work}
    return [replace(t, problem=held[t.problem], fitted=_kept(t, cache)) for t in work]


def _kept(task: ExplanationTask, cache: Cache) -> dict[str, Texts]:
    """Return those of a task's models that were kept when they predicted."""
    kept: dict[str, Texts] = {}
    for name in task.parts:
        settings = task.chosen[name]
        fit = crossfit.FitTask(task.problem, _protocol(), task.fold, name, settings, task.seed)
        texts = cache.kept_texts(crossfit.KIND, fit.key())
        if texts is not None:
            kept[name] = texts
    return kept
