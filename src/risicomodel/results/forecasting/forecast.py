"""Forecast every domain: plan, back-test, intervals, sums, scenario; the steps in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.data.panel.crosswalk import Crosswalk
from risicomodel.learning import crossfit
from risicomodel.results.forecasting import (
    backtest,
    components,
    forecast_tables,
    origins,
    scenario,
    structural_rate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.origins import Boundaries, History
    from risicomodel.results.forecasting.settings import ForecastSettings

MAX_HORIZON = 5


@dataclass(frozen=True)
class ForecastPlan:
    """From when and how far ahead one domain can be forecast.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    origin : int
        Its last year with figures, not after the origin of the settings.
    earlier : tuple of int
        Origins of the back-test.
    horizon : int
        Years ahead.
    """

    problem: Problem
    domain: Domain
    origin: int
    earlier: tuple[int, ...]
    horizon: int

    @property
    def origins(self) -> tuple[int, ...]:
        """All origins, the one to forecast from last."""
        return (*self.earlier, self.origin)


@dataclass(frozen=True)
class Forecasts:
    """The forecasts of a run, as tables; ``runs/contract.py`` describes their columns.

    Parameters
    ----------
    wijken, sums : DataFrame
        Forecasts of wijken, and of gemeenten and the country.
    scores, interval_scores : DataFrame
        The back-test: errors of the forecasts, and coverage and width of their intervals.
    drivers : DataFrame
        Which year each input describes.
    crosswalk : DataFrame
        From every year's wijken to those that are forecast.
    champions : dict of str to str
        Best model by domain.
    boundaries : Boundaries
        The year of the wijken that are forecast.
    decompositions : dict
        By domain what was known at the origin, and the components of the forecasts.
    notes : list of str
        What a reader must know.
    scenario : DataFrame or None
        What the forecasts would be under the scenario.
    """

    wijken: pd.DataFrame
    sums: pd.DataFrame
    scores: pd.DataFrame
    interval_scores: pd.DataFrame
    drivers: pd.DataFrame
    crosswalk: pd.DataFrame
    champions: dict[str, str]
    boundaries: Boundaries
    decompositions: dict[str, tuple[History, Decomposition]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    scenario: pd.DataFrame | None = None

    def record(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the forecasts."""
        return {"champions": self.champions, **asdict(self.boundaries)}


def plan(
    panel: Panel,
    problems: list[Problem],
    domains: Mapping[str, Domain],
    settings: ForecastSettings,
) -> tuple[list[ForecastPlan], list[str]]:
    """Return what can be forecast of every domain, and notes on what cannot.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    problems : list of Problem
        One per domain.
    domains : mapping of str to Domain
        Their declarations.
    settings : ForecastSettings
        Origin, horizon, scenario.

    Returns
    -------
    plans : list of ForecastPlan
        One per domain that can be forecast.
    notes : list of str
        Domains without a forecast, or with a shorter horizon, and why.

    Raises
    ------
    ConfigError
        If no domain's back-test supports the horizon, or the scenario has violations.
    DataError
        If no domain has enough years of figures.
    """
    candidates = [_plan(p, domains[p.domain], settings) for p in problems]
    plans = [one for one in candidates if one is not None]
    notes = [
        f"no forecast of {problem.domain}: too few years with figures to test a forecast on."
        for problem, one in zip(problems, candidates, strict=True)
        if one is None
    ]
    if not plans:
        raise DataError(
            "no domain has enough years with figures to test a forecast on; expected "
            f"forecast.least_years={settings.least_years} years and one after them. Add tables of "
            "more years, or choose a later forecast.origin."
        )
    requested, furthest = settings.horizon, max(one.horizon for one in plans)
    if requested is not None and requested > furthest:
        raise ConfigError(
            f"forecast.horizon={requested}: no forecast that far ahead can be compared with a "
            f"figure, so its error is unknown; expected at most {furthest} with the years of this "
            "archive. Ask for fewer years, or add tables of more years."
        )
    horizon = requested or furthest
    notes += [
        f"{one.problem.domain}: forecast {one.horizon} years ahead of {one.origin}; beyond that "
        "no earlier forecast can be compared with a figure."
        for one in plans
        if one.horizon < horizon
    ]
    areas, _ = origins.forecast_areas(panel, max(one.origin for one in plans))
    scenario.parse(settings.scenario, [one.problem.domain for one in plans], areas)
    return [replace(one, horizon=min(one.horizon, horizon)) for one in plans], notes


def _plan(problem: Problem, domain: Domain, settings: ForecastSettings) -> ForecastPlan | None:
    years = sorted({int(y) for y in problem.wijken.loc[problem.usable, "year"]})
    if settings.origin is not None:
        years = [year for year in years if year <= settings.origin]
    if len(years) <= settings.least_years:
        return None
    earlier = tuple(years[settings.least_years - 1 : -1])
    return ForecastPlan(
        problem, domain, years[-1], earlier, min(years[-1] - earlier[0], MAX_HORIZON)
    )


def tasks(
    plans: list[ForecastPlan],
    settings: ForecastSettings,
    split: SplitSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[FitTask]:
    """Return the fits of the structural rate, at every origin of every domain.

    Parameters
    ----------
    plans : list of ForecastPlan
        From :func:`plan`.
    settings : ForecastSettings
        Which model, in how many folds.
    split : SplitSettings
        How folds are made.
    chosen : mapping of str to ModelSettings
        The run's models.
    seed : int
        Seed of folds and models.

    Returns
    -------
    list of FitTask
        To be run by :func:`risicomodel.learning.crossfit.run`.
    """
    folds = replace(split, folds=settings.folds)
    fitted = structural_rate.models_to_fit(
        chosen, structural_rate.choose_model(chosen, settings.structure)
    )
    return [
        task
        for plan in plans
        for origin in plan.origins
        for task in structural_rate.tasks(plan.problem, origin, folds, fitted, seed)
    ]


def forecast(
    panel: Panel,
    plans: list[ForecastPlan],
    predictions: pd.DataFrame,
    settings: ForecastSettings,
    chosen: Mapping[str, ModelSettings],
    *,
    official: pd.DataFrame | None = None,
) -> Forecasts:
    """Forecast every domain.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    plans : list of ForecastPlan
        From :func:`plan`.
    predictions : DataFrame
        What the fits of :func:`tasks` predict.
    settings : ForecastSettings
        Model, scenario, least people.
    chosen : mapping of str to ModelSettings
        The run's models.
    official : DataFrame or None
        An official population forecast, from
        :mod:`risicomodel.data.sources.population_forecast`.

    Returns
    -------
    Forecasts
        All tables and notes.
    """
    crosswalk = Crosswalk(panel.outlines)
    structure_model = structural_rate.choose_model(chosen, settings.structure)
    predictions = crossfit.add_blends(
        predictions, structural_rate.models_to_fit(chosen, structure_model)
    )
    areas, boundaries = origins.forecast_areas(panel, max(plan.origin for plan in plans))
    decompositions, parts = {}, []
    for plan in sorted(
        plans, key=lambda plan: plan.problem.domain
    ):  # a domain at a time: the trials of all together would take room
        domain = plan.problem.domain
        domain_predictions = predictions[predictions["domain"] == domain]
        ratios = structural_rate.rate_ratios(
            plan.problem, domain_predictions, plan.origins, structure_model
        )
        trials = pd.concat(
            [_trial(plan, origin, ratios[origin], crosswalk, settings) for origin in plan.earlier],
            ignore_index=True,
        )
        history = _history(plan, plan.origin, areas, ratios[plan.origin], crosswalk)
        history = replace(history, official=official)  # not in the back-test: it came out later
        decompositions[domain] = history, _decomposition(plan, history, settings)
        parts.append(_of_domain(decompositions[domain], trials, domain, panel.level))
    wijken, sums, scores, interval_scores = (
        pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)
    )
    champions = backtest.champions(scores)
    scenario_rows = None
    if settings.scenario:
        declared = {plan.problem.domain: plan.domain for plan in plans}
        changes = scenario.parse(settings.scenario, declared, areas)
        family = scenario.people_per_family(panel.wijken)
        scenario_rows = scenario.scenario_table(changes, decompositions, wijken, declared, family)
    return Forecasts(
        wijken,
        sums,
        scores,
        interval_scores,
        forecast_tables.driver_years(
            panel.wijken, decompositions, str(boundaries), structure_model
        ),
        _links(panel, areas, plans, crosswalk),
        champions,
        boundaries,
        decompositions,
        forecast_tables.forecast_notes(wijken, str(boundaries), panel.level),
        scenario_rows,
    )


def _of_domain(
    origin_state: tuple[History, Decomposition], trials: pd.DataFrame, domain: str, level: Level
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return one domain's forecasts, sums, scores and scores of intervals."""
    scores = backtest.score_trials(trials)
    champion = backtest.champions(scores)[domain]
    wijken, sums = forecast_tables.tabulate(origin_state, trials, domain, champion)
    return wijken, sums, scores, forecast_tables.score_intervals(trials, level)


def _trial(
    plan: ForecastPlan,
    origin: int,
    ratio: pd.Series,
    crosswalk: Crosswalk,
    settings: ForecastSettings,
) -> pd.DataFrame:
    """Return one domain's forecasts from one earlier origin, with the figures published since."""
    wijken = plan.problem.wijken
    history = _history(plan, origin, origins.areas_of_year(wijken, origin), ratio, crosswalk)
    until_origin = replace(plan.problem, wijken=wijken[wijken["year"] <= plan.origin])
    return backtest.trials_of_origin(
        until_origin, history, _decomposition(plan, history, settings), crosswalk
    )


def _history(
    plan: ForecastPlan, origin: int, areas: pd.DataFrame, ratio: pd.Series, crosswalk: Crosswalk
) -> History:
    wijken = plan.problem.wijken
    return origins.history_at(wijken, areas, origin, crosswalk, {plan.problem.domain: ratio})


def _decomposition(
    plan: ForecastPlan, history: History, settings: ForecastSettings
) -> Decomposition:
    horizon = max(plan.horizon, 1)
    return components.decompose(
        history, plan.problem.domain, plan.domain, horizon, settings.least_people
    )


def _links(
    panel: Panel, areas: pd.DataFrame, plans: list[ForecastPlan], crosswalk: Crosswalk
) -> pd.DataFrame:
    """Return the links from every year's wijken to those forecast for."""
    last = max(one.origin for one in plans)
    years = sorted(int(y) for y in panel.wijken["year"].unique() if y <= last)
    out = []
    for year in years:
        earlier_areas = origins.areas_of_year(panel.wijken, year)
        out.append(crosswalk.links(earlier_areas, areas).assign(from_year=year))
    return pd.concat(out, ignore_index=True)
