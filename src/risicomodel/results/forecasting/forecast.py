"""Forecast every domain: plan, back-test, intervals, sums, scenario; the steps in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.data.panel.crosswalk import Crosswalk
from risicomodel.learning import crossfit
from risicomodel.results.forecasting import (
    backtest,
    components,
    forecast_tables,
    hidden_gemeenten,
    on_totals,
    origins,
    scenario,
    structural_rate,
    total_trials,
    unassigned_share,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.models import ModelSettings
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.origins import Boundaries, History
    from risicomodel.results.forecasting.plans import ForecastPlan
    from risicomodel.results.forecasting.settings import ForecastSettings


@dataclass(frozen=True)
class Forecasts:
    """The forecasts of a run, as tables; :mod:`risicomodel.runs.contract` describes their columns.

    Parameters
    ----------
    wijken, sums : DataFrame
        Forecasts of wijken, and of gemeenten and the country.
    scores, interval_scores : DataFrame
        The back-test: errors of the forecasts, and coverage and width of their intervals.
    total_scores : DataFrame
        The back-test of totals of gemeenten, beside the last total unchanged.
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
    total_scores: pd.DataFrame
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
    structure_model = structural_rate.choose_model(chosen, settings.structure)
    predictions = crossfit.add_blends(
        predictions, structural_rate.models_to_fit(chosen, structure_model)
    )
    areas, boundaries = origins.forecast_areas(panel, max(plan.origin for plan in plans))
    ground = _Ground(panel, Crosswalk(panel.outlines), areas, boundaries, settings, official)
    tables, decompositions = [], {}
    for plan in sorted(plans, key=lambda plan: plan.problem.domain):
        # a domain at a time: the trials of all together would take room
        domain = plan.problem.domain
        ratios = structural_rate.rate_ratios(
            plan.problem,
            predictions[predictions["domain"] == domain],
            plan.origins,
            structure_model,
        )
        decompositions[domain] = _from_origin(plan, ratios[plan.origin], ground)
        tables.append(_of_domain(plan, decompositions[domain], ratios, ground))
    wijken, sums, scores, interval_scores, total_scores = (
        pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)
    )
    return Forecasts(
        wijken,
        sums,
        scores,
        interval_scores,
        total_scores,
        forecast_tables.driver_years(
            panel.wijken, decompositions, str(boundaries), structure_model
        ),
        _links(panel, areas, plans, ground.crosswalk),
        backtest.champions(scores),
        boundaries,
        decompositions,
        [
            *forecast_tables.forecast_notes(wijken, str(boundaries), panel.level),
            *forecast_tables.off_map_note(next(iter(decompositions.values()))[0], panel.level),
        ],
        _scenario(plans, decompositions, (wijken, sums), ground),
    )


@dataclass(frozen=True)
class _Ground:
    """What the forecasts of all domains share."""

    panel: Panel
    crosswalk: Crosswalk
    areas: pd.DataFrame
    boundaries: Boundaries
    settings: ForecastSettings
    official: pd.DataFrame | None


def _of_domain(
    plan: ForecastPlan,
    origin_state: tuple[History, Decomposition],
    ratios: Mapping[int, pd.Series],
    ground: _Ground,
) -> tuple[pd.DataFrame, ...]:
    """Return one domain's forecasts, sums, and scores: of wijken, intervals and totals."""
    domain, level = plan.problem.domain, ground.panel.level
    trials, of_totals, hidden, hidden_totals = (
        pd.concat(parts, ignore_index=True)
        for parts in zip(
            *(_trials(plan, origin, ratios[origin], ground) for origin in plan.earlier),
            strict=True,
        )
    )
    if total_trials.are_scarce(of_totals, trials):
        of_totals = total_trials.with_stand_ins(of_totals, trials)
        hidden_totals = total_trials.by_wijken(hidden)
    scores = backtest.score_trials(trials, plan.domain.rounded_to)
    champion = backtest.champions(scores)[domain]
    both = forecast_tables.Trials(trials, of_totals, hidden, hidden_totals)
    wijken, sums = forecast_tables.tabulate(origin_state, both, domain, champion)
    intervals = forecast_tables.score_intervals(both, level)
    return wijken, sums, scores, intervals, total_trials.score(of_totals)


def _from_origin(
    plan: ForecastPlan, ratio: pd.Series, ground: _Ground
) -> tuple[History, Decomposition]:
    """Return what is known at the origin to forecast from, and the components of forecasts."""
    history = _history(plan, plan.origin, ground.areas, ratio, ground)
    # not in the back-test: the official forecast and the map came out later
    people = origins.map_people(ground.areas, ground.boundaries)
    history = replace(history, official=ground.official, map_people=people)
    return history, _decomposition(plan, history, ground.settings)


def _trials(
    plan: ForecastPlan, origin: int, ratio: pd.Series, ground: _Ground
) -> tuple[pd.DataFrame, ...]:
    """Return one domain's forecasts from one earlier origin, with the figures published since.

    Of wijken and of totals; and again, of gemeenten as if nothing was published of them.
    """
    wijken, domain = plan.problem.wijken, plan.problem.domain
    history = _history(plan, origin, origins.areas_of_year(wijken, origin), ratio, ground)
    hidden = hidden_gemeenten.groups(history)
    blank = hidden_gemeenten.hide(history, domain, hidden)
    of_hidden = (hidden_gemeenten.only(t, hidden) for t in _compared(plan, blank, ground))
    return (*_compared(plan, history, ground), *of_hidden)


def _compared(
    plan: ForecastPlan, history: History, ground: _Ground
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return forecasts of wijken and of totals from what was known, with the figures since."""
    wijken, domain = plan.problem.wijken, plan.problem.domain
    until_origin = replace(plan.problem, wijken=wijken[wijken["year"] <= plan.origin])
    decomposition = _decomposition(plan, history, ground.settings)
    forecasts = on_totals.of_models(history, domain, decomposition)
    totals = ground.panel.gemeenten
    totals = totals[totals["year"] <= plan.origin]
    of_origin = until_origin, history, decomposition, ground.crosswalk, forecasts
    return (
        backtest.trials_of_origin(*of_origin),
        total_trials.trials_of_totals(*of_origin, gemeenten=totals),
    )


def _history(
    plan: ForecastPlan, origin: int, areas: pd.DataFrame, ratio: pd.Series, ground: _Ground
) -> History:
    wijken, name, gemeenten = plan.problem.wijken, plan.problem.domain, ground.panel.gemeenten
    history = origins.history_at(
        wijken,
        areas,
        origin,
        ground.crosswalk,
        {name: ratio},
        gemeenten=gemeenten,
        country=ground.panel.country,
    )
    shares = unassigned_share.at_origins(
        wijken,
        gemeenten,
        areas,
        origin,
        crosswalk=ground.crosswalk,
        domains={name: plan.domain},
    )
    return replace(history, unassigned=shares)


def _decomposition(
    plan: ForecastPlan, history: History, settings: ForecastSettings
) -> Decomposition:
    horizon = max(plan.horizon, 1)
    return components.decompose(
        history, plan.problem.domain, plan.domain, horizon, settings.least_people
    )


def _scenario(
    plans: list[ForecastPlan],
    decompositions: dict[str, tuple[History, Decomposition]],
    forecasts: tuple[pd.DataFrame, pd.DataFrame],
    ground: _Ground,
) -> pd.DataFrame | None:
    """Return what the forecasts would be under the scenario of the settings, if there is one."""
    if not ground.settings.scenario:
        return None
    declared = {plan.problem.domain: plan.domain for plan in plans}
    changes = scenario.parse(ground.settings.scenario, declared, ground.areas)
    family = scenario.people_per_family(ground.panel.wijken)
    return scenario.scenario_table(changes, decompositions, forecasts, declared, family)


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
