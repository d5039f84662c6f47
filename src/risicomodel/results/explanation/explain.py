"""Explain every domain: plan, list the tasks, run them, and combine their tables."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from risicomodel.core.arrays import Bools, Ints
from risicomodel.core.errors import DataError
from risicomodel.learning import models, protocols
from risicomodel.results.explanation import (
    contribution_tables,
    half_samples,
    nearest_wijken,
    null_features,
    summary,
    tasks,
)
from risicomodel.results.explanation.attributions import ALL_PASS, RefitTable, combine_folds
from risicomodel.results.explanation.tasks import ROW, ExplanationTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.core.storage import Cache
    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import Fold, SplitSettings
    from risicomodel.results.explanation.attributions import Attributions
    from risicomodel.results.explanation.settings import ExplainSettings


@dataclass(frozen=True)
class ExplanationRequest:
    """How a run is to be explained.

    Parameters
    ----------
    settings : ExplainSettings
        Which years, how many refits, how many wijken to compare with.
    features, domains : FeatureSet, mapping of str to Domain
        As declared by the run.
    split : SplitSettings
        The folds that predictions were made with.
    seed : int
        The run's seed.
    """

    settings: ExplainSettings
    features: FeatureSet
    domains: Mapping[str, Domain]
    split: SplitSettings
    seed: int


@dataclass(frozen=True)
class ExplanationPlan:
    """What to explain of one domain.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    refitted : Problem
        The same with null features beside its own: what refits learn from.
    champion : str
        The model to explain.
    chosen : mapping of str to ModelSettings
        The run's models with their parameters for the domain.
    years : tuple of int
        Years to explain.
    """

    problem: Problem
    refitted: Problem
    champion: str
    chosen: Mapping[str, ModelSettings]
    years: tuple[int, ...]


@dataclass(frozen=True)
class PlannedTask:
    """A task, and which rows it explains for which refit.

    Parameters
    ----------
    task : ExplanationTask
        One fit, and the rows it explains.
    refits : mapping of int to array of int
        Rows (positions in the panel) by number of the refit; 0 is the fold's own model.
    """

    task: ExplanationTask
    refits: Mapping[int, Ints]


@dataclass(frozen=True)
class ExplanationTables:
    """The tables of explanations, of one domain or of all; ``runs/contract`` declares them.

    Parameters
    ----------
    columns, features, families : DataFrame
        What every column of the model, every declared feature and every family adds, per wijk.
    importance : DataFrame
        How much each of them moves expectations.
    stability : DataFrame
        How often they, and null features, are stable.
    dependence : DataFrame
        What columns and features add along their values.
    interactions : DataFrame
        The pairs of features whose interplay moves most.
    """

    columns: pd.DataFrame
    features: pd.DataFrame
    families: pd.DataFrame
    importance: pd.DataFrame
    stability: pd.DataFrame
    dependence: pd.DataFrame
    interactions: pd.DataFrame

    @classmethod
    def joined(cls, parts: Sequence[ExplanationTables]) -> ExplanationTables:
        """Return the tables of all domains, each below that of the domain before it.

        Parameters
        ----------
        parts : sequence of ExplanationTables
            One per domain.
        """
        names = [item.name for item in fields(cls)]
        return cls(**{name: _joined([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True)
class Explanations:
    """The explanations of a run.

    Parameters
    ----------
    tables : ExplanationTables
        What features add, of all domains.
    similar : DataFrame
        The most similar wijken of every wijk.
    notes : list of str
        What a reader must know.
    """

    tables: ExplanationTables
    similar: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def plan(
    problems: list[Problem],
    champions: Mapping[str, str],
    chosen: Mapping[str, ModelSettings],
    request: ExplanationRequest,
) -> list[ExplanationPlan]:
    """Return what to explain of every domain that has a champion.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    champions : mapping of str to str
        Best model by domain.
    chosen : mapping of str to ModelSettings
        The run's models.
    request : ExplanationRequest
        How to explain.

    Returns
    -------
    list of ExplanationPlan
        In the order of the problems.

    Raises
    ------
    DataError
        If a requested year has no features.
    """
    return [
        ExplanationPlan(
            problem,
            _with_nulls(problem, request),
            champions[problem.domain],
            models.for_domain(chosen, problem.domain),
            _years(problem, request.settings.years),
        )
        for problem in problems
        if problem.domain in champions
    ]


def _with_nulls(problem: Problem, request: ExplanationRequest) -> Problem:
    settings = request.settings
    count = settings.null_features if settings.null_pass < ALL_PASS and settings.refits else 0
    return null_features.with_null_features(problem, count, request.seed)


def _years(problem: Problem, years: Sequence[int]) -> tuple[int, ...]:
    row_year = problem.wijken["year"]
    panel_years = sorted({int(y) for y in row_year})
    if unknown := sorted(set(years) - set(panel_years)):
        raise DataError(
            f"explain.years has {', '.join(map(str, unknown))}; expected years with features: "
            f"{', '.join(map(str, panel_years))}. Correct explain.years, or leave it out for the "
            "newest."
        )
    return tuple(sorted(years)) or tuple(
        sorted({int(row_year[problem.usable].max()), panel_years[-1]})
    )


def planned_tasks(plans: list[ExplanationPlan], request: ExplanationRequest) -> list[PlannedTask]:
    """Return the tasks: explanations by every fold's own model and by refits, and interactions.

    Parameters
    ----------
    plans : list of ExplanationPlan
        From :func:`plan`.
    request : ExplanationRequest
        How to explain.

    Returns
    -------
    list of PlannedTask
        In the order of the plans.
    """
    return [item for plan in plans for item in _tasks_of_plan(plan, request)]


def _tasks_of_plan(plan: ExplanationPlan, request: ExplanationRequest) -> list[PlannedTask]:
    problem, uses_features = plan.problem, plan.champion in models.learners(plan.chosen)
    protocol = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]
    folds = list(
        protocols.folds(protocol, problem.wijken, problem.usable, request.split, request.seed)
    )
    to_explain = problem.wijken["year"].isin(plan.years).to_numpy()
    out = []
    # a baseline uses no features, so refits would give the same
    for fit in half_samples.half_sample_fits(
        len(folds), request.settings.refits if uses_features else 0
    ):
        rows_of_refit: dict[int, list[Ints]] = {}
        for number, refit in fit.explains:
            test = folds[number].test
            rows_of_refit.setdefault(refit, []).append(test[to_explain[test]])
        by_refit = {refit: np.concatenate(rows) for refit, rows in rows_of_refit.items()}
        rows = np.unique(np.concatenate(list(by_refit.values())))
        fold = _fold(folds, fit, problem.usable.to_numpy())
        # null features stand beside the others in refits only: what is explained has not seen them
        learned = problem if 0 in by_refit else plan.refitted
        task = ExplanationTask(learned, fold, rows, plan.champion, plan.chosen, request.seed)
        out.append(PlannedTask(task, by_refit))
    return out + ([_interaction_task(plan, out[0], request)] if uses_features else [])


def _fold(folds: list[Fold], fit: half_samples.HalfSampleFit, usable: Bools) -> Fold:
    """Return the fold whose training rows a fit learns from; the fold itself for its own model."""
    own_folds = [fold for fold, refit in fit.explains if refit == 0]
    if own_folds:
        return folds[own_folds[0]]
    rows = np.sort(np.concatenate([folds[k].test for k in sorted(fit.trained_on)]))
    rows = rows[usable[rows]]
    return protocols.Fold(-1, rows, rows[:0], rows[:0])


def _interaction_task(
    plan: ExplanationPlan, first_task: PlannedTask, request: ExplanationRequest
) -> PlannedTask:
    """Return the task that computes interactions for a sample of wijken of the first fold."""
    fold, newest = first_task.task.fold, max(plan.years)
    rows = fold.test[(plan.problem.wijken["year"] == newest).to_numpy()[fold.test]]
    random = np.random.default_rng(request.seed)
    count = min(request.settings.sample, len(rows))
    rows = np.sort(random.choice(rows, count, replace=False))
    task = replace(first_task.task, to_explain=rows, what="pairs")
    return PlannedTask(task, {})


def run(
    planned: list[PlannedTask],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> list[pd.DataFrame]:
    """Run the tasks.

    Parameters
    ----------
    planned : list of PlannedTask
        From :func:`planned_tasks`.
    cache : Cache
        Keeps results and fitted models.
    compute : ComputeSettings
        Where to run them.
    done : callable
        Called with the number of tasks that have finished since the last call.

    Returns
    -------
    list of DataFrame
        One per task, in their order.
    """
    return tasks.run([item.task for item in planned], cache, compute, done)


def explain(
    plans: list[ExplanationPlan],
    planned: list[PlannedTask],
    results: list[pd.DataFrame],
    expected: Mapping[str, pd.Series],
    request: ExplanationRequest,
) -> Explanations:
    """Combine the results of the tasks into the tables of explanations.

    Parameters
    ----------
    plans : list of ExplanationPlan
        From :func:`plan`.
    planned : list of PlannedTask
        From :func:`planned_tasks`.
    results : list of DataFrame
        From :func:`run`.
    expected : mapping of str to Series
        By domain the champion's out-of-fold rates (0–1), by row of the panel.
    request : ExplanationRequest
        How to explain.

    Returns
    -------
    Explanations
        Tables and notes.
    """
    nearest = _nearest(plans, request)
    parts = []
    for plan in sorted(plans, key=lambda plan: plan.problem.domain):
        plan_results = _results_of(plan, planned, results)
        attributions = attributed(plan, plan_results, expected[plan.problem.domain], request)
        interactions = _interactions(plan, plan_results, request)
        parts.append(_tables(plan, attributions, nearest, interactions, request))
    notes = [note for plan in plans for note in _notes(plan, planned)]
    return Explanations(ExplanationTables.joined(parts), _joined([nearest]), notes)


def attributed(
    plan: ExplanationPlan,
    plan_results: list[tuple[PlannedTask, pd.DataFrame]],
    expected: pd.Series,
    request: ExplanationRequest,
) -> Attributions:
    """Return the contributions of one domain, by its own models and by refits.

    Parameters
    ----------
    plan : ExplanationPlan
        Of the domain.
    plan_results : list of (PlannedTask, DataFrame)
        The tasks of the domain with their results.
    expected : Series
        The champion's out-of-fold rates (0–1), by row of the panel.
    request : ExplanationRequest
        How to explain.

    Returns
    -------
    Attributions
        With those of null features.
    """
    nulls = plan.refitted.x.iloc[:, len(plan.problem.x.columns) :]
    return combine_folds(
        plan.problem,
        plan.champion,
        _refit_tables(plan_results),
        expected,
        nulls=nulls,
        null_pass=request.settings.null_pass,
    )


def _results_of(
    plan: ExplanationPlan, planned: list[PlannedTask], results: list[pd.DataFrame]
) -> list[tuple[PlannedTask, pd.DataFrame]]:
    pairs = zip(planned, results, strict=True)
    return [(item, table) for item, table in pairs if _is_of(plan, item)]


def _is_of(plan: ExplanationPlan, item: PlannedTask) -> bool:
    return item.task.problem in (plan.problem, plan.refitted)


def _refit_tables(plan_results: list[tuple[PlannedTask, pd.DataFrame]]) -> list[RefitTable]:
    return [
        RefitTable(refit, table[table[ROW].isin(rows)])
        for item, table in plan_results
        for refit, rows in item.refits.items()
    ]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return tables below each other, with the union of their categories."""
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    for name in parts[0].select_dtypes("category"):
        labels = [part[name] for part in parts if len(part)]
        table[name] = union_categoricals(labels, sort_categories=True)
    return table


def _tables(
    plan: ExplanationPlan,
    attributions: Attributions,
    nearest: pd.DataFrame,
    interactions: pd.DataFrame,
    request: ExplanationRequest,
) -> ExplanationTables:
    """Return one domain's part of the tables."""
    x = plan.problem.x.loc[attributions.rows[ROW]].reset_index(drop=True)
    aggregations = contribution_tables.aggregations(attributions, request.features, x)
    positions = _positions(attributions.rows, nearest)
    columns, features, families = (
        contribution_tables.contribution_rows(aggregation, positions)
        for aggregation in aggregations
    )
    return ExplanationTables(
        columns,
        features,
        families,
        importance=summary.importance(aggregations, request.features),
        stability=summary.stability(aggregations),
        dependence=pd.concat([summary.dependence(one) for one in aggregations[:2]]),
        interactions=interactions,
    )


def _interactions(
    plan: ExplanationPlan,
    plan_results: list[tuple[PlannedTask, pd.DataFrame]],
    request: ExplanationRequest,
) -> pd.DataFrame:
    families = {name: feature.family for name, feature in request.features.define.items()}
    pair_tables = [table for item, table in plan_results if item.task.what == "pairs"]
    pairs = pair_tables[0] if pair_tables else None
    return summary.interactions(
        plan.problem.domain, pairs, plan.problem.x, families, request.settings.pairs
    )


def _nearest(plans: list[ExplanationPlan], request: ExplanationRequest) -> pd.DataFrame:
    first = plans[0].problem
    years = {year for plan in plans for year in plan.years}
    wijken = first.wijken[first.wijken["year"].isin(years)]
    compared = nearest_wijken.compared_features(request.features, request.domains)
    values = first.x.loc[wijken.index, list(compared)]
    least = request.split.min_population
    return nearest_wijken.find_nearest(
        wijken, values, compared, count=request.settings.similar, least_people=least
    )


def _positions(rows: pd.DataFrame, nearest: pd.DataFrame) -> Ints:
    """Return, for every row, the positions of the rows of its nearest wijken; −1 for none."""
    keys = pd.MultiIndex.from_frame(rows[["year", "wijk_code"]])
    neighbours = nearest[nearest["year"].isin(rows["year"].unique())]
    rows_from = keys.get_indexer(pd.MultiIndex.from_frame(neighbours[["year", "wijk_code"]]))
    rows_to = keys.get_indexer(
        pd.MultiIndex.from_arrays(
            [neighbours["year"], neighbours["similar_code"]], names=keys.names
        )
    )
    out = np.full((len(rows), int(nearest["rank"].max()) if len(nearest) else 0), -1)
    out[rows_from, neighbours["rank"].to_numpy() - 1] = rows_to
    return out


def _notes(plan: ExplanationPlan, planned: list[PlannedTask]) -> list[str]:
    """Return what a reader must know of one domain's explanations."""
    domain = plan.problem.domain
    if plan.champion not in models.learners(plan.chosen):
        note = (
            f"{domain}: '{plan.champion}', the best model here, uses no features; all it expects "
            "is in base_rate."
        )
        return [note]
    plan_tasks = [item for item in planned if _is_of(plan, item)]
    if not any(refit for item in plan_tasks for refit in item.refits):
        note = (
            f"{domain}: no refits to tell stable contributions by; no contribution is called "
            "stable. Ask for explain.refits, and for split.folds=3 or more."
        )
        return [note]
    return []
