"""Explanations of every domain: whose models, which years, compared with whom; steps in order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Ints
from risicomodel.core.errors import DataError
from risicomodel.learning import models, protocols
from risicomodel.results.explanation import half_samples, summary, tables, tasks
from risicomodel.results.explanation import nearest_wijken as similar_module
from risicomodel.results.explanation.attributions import Part, gather
from risicomodel.results.explanation.tasks import ROW, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, SplitSettings
    from risicomodel.results.explanation.attributions import Explained
    from risicomodel.results.explanation.settings import ExplainSettings


COLUMNS, FEATURES = "explanations", "explanation_features"
FAMILIES, SIMILAR = "explanation_families", "similar"
IMPORTANCE, DEPENDENCE, INTERACTIONS = "importance", "dependence", "interactions"
OF_LEVEL = {tables.COLUMN: COLUMNS, tables.FEATURE: FEATURES, tables.FAMILY: FAMILIES}


@dataclass(frozen=True)
class Asked:
    """How a run wants things explained.

    Parameters
    ----------
    settings : ExplainSettings
        Which years, how many refits, compared with how many.
    features, domains : FeatureSet, mapping
        As the run declares them.
    split : SplitSettings
        The folds that predictions were made with.
    seed : int
        The run's.
    """

    settings: ExplainSettings
    features: FeatureSet
    domains: Mapping[str, Domain]
    split: SplitSettings
    seed: int


@dataclass(frozen=True)
class Plan:
    """What is asked of one domain.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    champion : str
        The model to explain.
    chosen : mapping
        The run's models with their parameters for the domain.
    years : tuple of int
        Years to explain.
    """

    problem: Problem
    champion: str
    chosen: Mapping[str, ModelSettings]
    years: tuple[int, ...]


@dataclass(frozen=True)
class Work:
    """A task, and per row it explains which refit of that row's fold it is."""

    task: Task
    refits: Mapping[int, Ints]


@dataclass(frozen=True)
class Explanations:
    """What :func:`explain` gives: tables by name, and what a reader must know."""

    tables: dict[str, pd.DataFrame]
    notes: list[str] = field(default_factory=list)


def plan(
    problems: list[Problem],
    champions: Mapping[str, str],
    chosen: Mapping[str, ModelSettings],
    asked: Asked,
) -> list[Plan]:
    """Return what to explain of every domain that has a champion.

    Raises
    ------
    DataError
        If a year is asked for that has no features.
    """
    return [
        Plan(
            problem,
            champions[problem.domain],
            models.for_domain(chosen, problem.domain),
            _years(problem, asked.settings.years),
        )
        for problem in problems
        if problem.domain in champions
    ]


def _years(problem: Problem, asked: Sequence[int]) -> tuple[int, ...]:
    year = problem.wijken["year"]
    there = sorted({int(y) for y in year})
    if wrong := sorted(set(asked) - set(there)):
        raise DataError(
            f"explain.years asks for {', '.join(map(str, wrong))}; allowed are years with "
            f"features: {', '.join(map(str, there))}. Correct explain.years, or leave it out for "
            "the newest."
        )
    return tuple(sorted(asked)) or tuple(sorted({int(year[problem.usable].max()), there[-1]}))


def work(plans: list[Plan], asked: Asked) -> list[Work]:
    """Return the fits and explanations to do: by every fold's own model, and by refits."""
    return [item for one in plans for item in _work(one, asked)]


def _work(one: Plan, asked: Asked) -> list[Work]:
    problem, learned = one.problem, one.champion in models.learned(one.chosen)
    protocol = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]
    folds = list(protocols.folds(protocol, problem.wijken, problem.usable, asked.split, asked.seed))
    wanted = problem.wijken["year"].isin(one.years).to_numpy()
    out = []
    # a baseline learns nothing, so refits would say the same
    for model in half_samples.plan(len(folds), asked.settings.refits if learned else 0):
        parts: dict[int, list[Ints]] = {}
        for number, refit in model.explains:
            test = folds[number].test
            parts.setdefault(refit, []).append(test[wanted[test]])
        by_refit = {refit: np.concatenate(rows) for refit, rows in parts.items()}
        rows = np.unique(np.concatenate(list(by_refit.values())))
        fold = _fold(folds, model, problem.usable.to_numpy())
        task = Task(problem, fold, rows, one.champion, one.chosen, asked.seed)
        out.append(Work(task, by_refit))
    return out + ([_pairs(one, out[0], asked)] if learned else [])


def _fold(folds: list[Fold], model: half_samples.Plan, usable: Bools) -> Fold:
    """Return the fold whose training rows are those of some folds; the fold itself where it is."""
    own = [fold for fold, refit in model.explains if refit == 0]
    if own:
        return folds[own[0]]
    rows = np.sort(np.concatenate([folds[k].test for k in sorted(model.trained_on)]))
    rows = rows[usable[rows]]
    return protocols.Fold(-1, rows, rows[:0], rows[:0])


def _pairs(one: Plan, first: Work, asked: Asked) -> Work:
    """Return what asks a sample of wijken, by the first fold's model, for interactions."""
    fold, newest = first.task.fold, max(one.years)
    rows = fold.test[(one.problem.wijken["year"] == newest).to_numpy()[fold.test]]
    chance = np.random.default_rng(asked.seed)
    count = min(asked.settings.sample, len(rows))
    rows = np.sort(chance.choice(rows, count, replace=False))
    task = replace(first.task, to_explain=rows, what="pairs")
    return Work(task, {})


def run(
    items: list[Work],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> list[pd.DataFrame]:
    """Do the work, and return its tables in its order."""
    return tasks.run([item.task for item in items], cache, compute, done)


def explain(
    plans: list[Plan],
    items: list[Work],
    found: list[pd.DataFrame],
    expected: Mapping[str, pd.Series],
    asked: Asked,
) -> Explanations:
    """Put explanations together.

    Parameters
    ----------
    plans : list of Plan
        As :func:`plan` gives them.
    items : list of Work
        As :func:`work` gives them.
    found : list of DataFrame
        As :func:`run` gives them.
    expected : mapping
        By domain the champion's out-of-fold rates, by row of the panel.
    asked : Asked
        As the run has it.
    """
    near = _similar(plans, asked)
    parts: dict[str, list[pd.DataFrame]] = {SIMILAR: [near]}
    for one in sorted(plans, key=lambda plan: plan.problem.domain):
        own = [
            (item, table)
            for item, table in zip(items, found, strict=True)
            if item.task.problem is one.problem
        ]
        explained = gather(one.problem, one.champion, _parts(own), expected[one.problem.domain])
        for name, table in _tables(one, explained, near, asked).items():
            parts.setdefault(name, []).append(table)
        parts.setdefault(INTERACTIONS, []).append(_interactions(one, own, asked))
    notes = [note for one in plans for note in _notes(one, items)]
    return Explanations({name: _joined(tables) for name, tables in parts.items()}, notes)


def _parts(own: list[tuple[Work, pd.DataFrame]]) -> list[Part]:
    return [
        Part(refit, table[table[ROW].isin(rows)])
        for item, table in own
        for refit, rows in item.refits.items()
    ]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return tables under each other, labels of every one among the categories."""
    from pandas.api.types import union_categoricals

    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    for name in parts[0].select_dtypes("category"):
        of = [part[name] for part in parts if len(part)]
        table[name] = union_categoricals(of, sort_categories=True)
    return table


def _tables(
    one: Plan, explained: Explained, near: pd.DataFrame, asked: Asked
) -> dict[str, pd.DataFrame]:
    """Return one domain's part of the tables, by name."""
    x = one.problem.x.loc[explained.rows[ROW]].reset_index(drop=True)
    levels = tables.levels(explained, asked.features, x)
    places = _places(explained.rows, near)
    return {
        **{OF_LEVEL[level.name]: tables.rows(level, places) for level in levels},
        IMPORTANCE: summary.importance(levels, asked.features),
        DEPENDENCE: pd.concat([summary.dependence(level) for level in levels[:2]]),
    }


def _interactions(one: Plan, own: list[tuple[Work, pd.DataFrame]], asked: Asked) -> pd.DataFrame:
    families = {name: feature.family for name, feature in asked.features.define.items()}
    found = [table for item, table in own if item.task.what == "pairs"]
    pairs = found[0] if found else None
    return summary.interactions(
        one.problem.domain, pairs, one.problem.x, families, asked.settings.pairs
    )


def _similar(plans: list[Plan], asked: Asked) -> pd.DataFrame:
    first = plans[0].problem
    years = {year for one in plans for year in one.years}
    wijken = first.wijken[first.wijken["year"].isin(years)]
    families = similar_module.compared(asked.features, asked.domains)
    values = first.x.loc[wijken.index, list(families)]
    least = asked.split.min_population
    return similar_module.similar(
        wijken, values, families, count=asked.settings.similar, least_people=least
    )


def _places(rows: pd.DataFrame, near: pd.DataFrame) -> Ints:
    """Return, for every row, which rows are of the wijken it is most like; −1 for none."""
    keys = pd.MultiIndex.from_frame(rows[["year", "wijk_code"]])
    here = near[near["year"].isin(rows["year"].unique())]
    mine = keys.get_indexer(pd.MultiIndex.from_frame(here[["year", "wijk_code"]]))
    theirs = keys.get_indexer(
        pd.MultiIndex.from_arrays([here["year"], here["similar_code"]], names=keys.names)
    )
    out = np.full((len(rows), int(near["rank"].max()) if len(near) else 0), -1)
    out[mine, here["rank"].to_numpy() - 1] = theirs
    return out


def _notes(one: Plan, items: list[Work]) -> list[str]:
    """Return what a reader must know of one domain's explanations."""
    domain = one.problem.domain
    if one.champion not in models.learned(one.chosen):
        note = (
            f"{domain}: '{one.champion}', the best model here, uses no features; all it expects "
            "is in base_rate."
        )
        return [note]
    own = [item for item in items if item.task.problem is one.problem]
    if not any(refit for item in own for refit in item.refits):
        note = (
            f"{domain}: no refits to tell stable contributions by; no contribution is called "
            "stable. Ask for explain.refits, and for split.folds=3 or more."
        )
        return [note]
    return []
