"""Contributions and interactions as pieces of work: cached, and done wherever compute says."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from risicomodel.core import compute as compute_module
from risicomodel.core.arrays import Ints
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

ROW, BASE, CUT = "row", "base", "cut"
BETWEEN = " × "


@dataclass(frozen=True)
class Task:
    """One model, fitted on a fold's training rows, asked to explain some others.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    fold : Fold
        What to learn from.
    asked : array of int
        Rows to explain, none of them of a gemeente in the training rows.
    model : str
        The model's name.
    chosen : mapping
        The run's models with their parameters for this domain.
    seed : int
        Seed of the fit.
    what : {"contributions", "pairs"}
        What is asked.
    fitted : mapping
        Models fitted on the same rows before, as texts by name; those not here are fitted.
    """

    problem: Problem
    fold: Fold
    asked: Ints
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
    def told(self) -> Fold:
        """The fold as far as explaining it goes: its training rows, and what is asked."""
        return replace(self.fold, test=self.asked, features_from=self.asked)

    def key(self) -> dict[str, Any]:
        """Return everything the result follows from."""
        return {
            "problem": self.problem.fingerprint,
            "fold": crossfit.hash_of(self.told),
            "model": self.model,
            "chosen": {name: asdict(self.chosen[name]) for name in {self.model, *self.parts}},
            "seed": self.seed,
            "what": self.what,
        }


def explain(task: Task) -> pd.DataFrame:
    """Return what a task asks, a row per wijk and year asked about.

    Returns
    -------
    DataFrame
        ``row`` (position in the panel), and for contributions ``base``, ``cut`` and a column per
        feature that has a term; for pairs a column per pair of declared features, the whole of
        their interplay. All in rate.
    """
    models.load_libraries()
    train, asked = crossfit.rows(task.problem, _protocol(), task.told)
    with compute_module.one_thread():
        model = _model(task, train)
        if task.what == "pairs":
            return _pairs(model, asked, task.asked)
        return _contributions(model, asked, task.asked)


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


def _contributions(model: RateModel, asked: models.Rows, row: Ints) -> pd.DataFrame:

    found = model.contributions(asked)
    table = pd.DataFrame(found.terms, columns=found.features)
    told = pd.DataFrame({ROW: row, BASE: found.base, CUT: found.cut})
    return pd.concat([told, table], axis=1)


def _pairs(model: RateModel, asked: models.Rows, row: Ints) -> pd.DataFrame:
    """Return the interplay of every two declared features, contexts taken together."""
    told = pd.DataFrame({ROW: row})
    found = model.interactions(asked)
    if found is None:
        return told
    declared = [features.declared(column) for column in asked.x.columns]
    names = sorted(set(declared))
    member = np.array([[name == own for name in names] for own in declared], dtype="float64")
    pairs = 2 * np.einsum("nij,ia,jb->nab", found, member, member, optimize=True)
    first, second = np.triu_indices(len(names), k=1)
    labels = [f"{names[a]}{BETWEEN}{names[b]}" for a, b in zip(first, second, strict=True)]
    return pd.concat([told, pd.DataFrame(pairs[:, first, second], columns=labels)], axis=1)


def run(
    work: list[Task],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> list[pd.DataFrame]:
    """Do tasks, several at a time, and return their tables in the order of the tasks.

    What is in the cache is not done again, nor are models fitted that it holds.
    """
    keys = [task.key() for task in work]
    tables = [cache.kept("explanations", key) for key in keys]
    missing = [place for place, table in enumerate(tables) if table is None]
    done(len(work) - len(missing))

    def arrived(position: int, table: pd.DataFrame) -> None:
        place = missing[position]
        cache.keep("explanations", keys[place], table)
        tables[place] = table
        done(1)

    items = _ready([work[place] for place in missing], cache)
    models.load_libraries()
    with compute_module.one_thread():
        compute_module.each(explain, items, compute, arrived)
    crossfit.rows.cache_clear()
    return [table for table in tables if table is not None]


def _ready(work: list[Task], cache: Cache) -> list[Task]:
    """Return tasks that can be sent elsewhere, with the models that are there already."""
    held = {task.problem: bare(task.problem) for task in work}
    return [replace(t, problem=held[t.problem], fitted=_kept(t, cache)) for t in work]


def _kept(task: Task, cache: Cache) -> dict[str, Texts]:
    found: dict[str, Texts] = {}
    for name in task.parts:
        settings = task.chosen[name]
        fit = crossfit.Task(task.problem, _protocol(), task.fold, name, settings, task.seed)
        texts = cache.kept_texts(crossfit.FITTED, fit.key())
        if texts is not None:
            found[name] = texts
    return found
