"""Forecasts of every domain: back-test, bands, sums; the steps in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.data.panel.crosswalk import Crosswalk
from risicomodel.learning import crossfit
from risicomodel.results.forecasting import backtest, components, scenario, structural_rate, tables
from risicomodel.results.forecasting import origins as past_module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.crossfit import Task
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings
    from risicomodel.results.forecasting.components import Course
    from risicomodel.results.forecasting.origins import Boundaries, Past
    from risicomodel.results.forecasting.settings import ForecastSettings

FURTHEST = 5


@dataclass(frozen=True)
class Plan:
    """What one domain's forecasts stand on.

    Parameters
    ----------
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    origin : int
        Its last year with figures, not after the origin asked for.
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
    """What :func:`forecast` gives: tables as in ``docs``, and what a reader must know."""

    wijken: pd.DataFrame
    sums: pd.DataFrame
    scores: pd.DataFrame
    bands: pd.DataFrame
    drivers: pd.DataFrame
    crosswalk: pd.DataFrame
    champions: dict[str, str]
    boundaries: Boundaries
    courses: dict[str, tuple[Past, Course]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    scenario: pd.DataFrame | None = None

    def record(self) -> dict[str, Any]:
        """Return what ``run.json`` says of them."""
        return {"champions": self.champions, **asdict(self.boundaries)}


def plan(
    panel: Panel,
    problems: list[Problem],
    domains: Mapping[str, Domain],
    settings: ForecastSettings,
) -> tuple[list[Plan], list[str]]:
    """Return what can be forecast of every domain, and what cannot, in words.

    Raises
    ------
    ConfigError
        If a horizon is asked for that no domain's back-test supports, or a scenario that cannot be
        followed.
    DataError
        If there is nothing to forecast from.
    """
    found = [_plan(p, domains[p.domain], settings) for p in problems]
    plans = [one for one in found if one is not None]
    notes = [
        f"no forecast of {problem.domain}: it has too few years with figures to test one on."
        for problem, one in zip(problems, found, strict=True)
        if one is None
    ]
    if not plans:
        raise DataError(
            "no domain has the years with figures that a forecast must be tested on; allowed is "
            f"forecast.least_years={settings.least_years} years and one after them. Add tables of "
            "more years, or choose a later forecast.origin."
        )
    asked, furthest = settings.horizon, max(one.horizon for one in plans)
    if asked is not None and asked > furthest:
        raise ConfigError(
            f"forecast.horizon={asked}: no forecast that far ahead can be compared with a figure, "
            f"so nothing is known of its error; allowed is {furthest} at most with the years of "
            "this archive. Ask for fewer years, or add tables of more years."
        )
    wanted = asked or furthest
    notes += [
        f"{one.problem.domain}: {one.horizon} years ahead of {one.origin}; further ahead no "
        "forecast can be compared with a figure."
        for one in plans
        if one.horizon < wanted
    ]
    areas, _ = past_module.areas_today(panel, max(one.origin for one in plans))
    scenario.parse(settings.scenario, [one.problem.domain for one in plans], areas)
    return [replace(one, horizon=min(one.horizon, wanted)) for one in plans], notes


def _plan(problem: Problem, domain: Domain, settings: ForecastSettings) -> Plan | None:
    years = sorted({int(y) for y in problem.wijken.loc[problem.usable, "year"]})
    if settings.origin is not None:
        years = [year for year in years if year <= settings.origin]
    if len(years) <= settings.least_years:
        return None
    earlier = tuple(years[settings.least_years - 1 : -1])
    return Plan(problem, domain, years[-1], earlier, min(years[-1] - earlier[0], FURTHEST))


def tasks(
    plans: list[Plan],
    settings: ForecastSettings,
    split: SplitSettings,
    chosen: Mapping[str, ModelSettings],
    seed: int,
) -> list[Task]:
    """Return the fits that forecasts stand on."""
    folds = replace(split, folds=settings.folds)
    fitted = structural_rate.needed(chosen, structural_rate.choose(chosen, settings.structure))
    return [
        task
        for one in plans
        for origin in one.origins
        for task in structural_rate.tasks(one.problem, origin, folds, fitted, seed)
    ]


def forecast(
    panel: Panel,
    plans: list[Plan],
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
        All that is known.
    plans : list of Plan
        As :func:`plan` gives them.
    predictions : DataFrame
        Of :func:`tasks`.
    settings : ForecastSettings
        How.
    chosen : mapping
        The run's models.
    official : DataFrame or None
        An official population forecast (:mod:`sources.prognosis`).
    """
    walk = Crosswalk(panel.outlines)
    name = structural_rate.choose(chosen, settings.structure)
    predictions = crossfit.add_blends(predictions, structural_rate.needed(chosen, name))
    areas, boundaries = past_module.areas_today(panel, max(one.origin for one in plans))
    courses, parts = {}, []
    for one in sorted(
        plans, key=lambda one: one.problem.domain
    ):  # a domain at a time: the trials of all together would take room
        domain = one.problem.domain
        own = predictions[predictions["domain"] == domain]
        multiples = structural_rate.multiples(one.problem, own, one.origins, name)
        trials = pd.concat(
            [_trial(one, origin, multiples[origin], walk, settings) for origin in one.earlier],
            ignore_index=True,
        )
        past = _past(one, one.origin, areas, multiples[one.origin], walk)
        past = replace(past, official=official)  # not in the back-test: it was made since
        courses[domain] = past, _course(one, past, settings)
        parts.append(_of_domain(courses[domain], trials, domain, panel.level))
    wijken, sums, scores, held = (
        pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)
    )
    champions = backtest.champions(scores)
    changed = None
    if settings.scenario:
        declared = {one.problem.domain: one.domain for one in plans}
        changes = scenario.parse(settings.scenario, declared, areas)
        family = scenario.per_family(panel.wijken)
        changed = scenario.table(changes, courses, wijken, declared, family)
    return Forecasts(
        wijken,
        sums,
        scores,
        held,
        tables.drivers(panel.wijken, courses, str(boundaries), name),
        _links(panel, areas, plans, walk),
        champions,
        boundaries,
        courses,
        tables.notes(wijken, str(boundaries), panel.level),
        changed,
    )


def _of_domain(
    followed: tuple[Past, Course], trials: pd.DataFrame, domain: str, level: Level
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return one domain's forecasts, sums, scores and how its bands did."""
    scores = backtest.scores(trials)
    champion = backtest.champions(scores)[domain]
    wijken, sums = tables.forecasts(followed, trials, domain, champion)
    return wijken, sums, scores, tables.of_bands(trials, level)


def _trial(
    one: Plan, origin: int, multiple: pd.Series, walk: Crosswalk, settings: ForecastSettings
) -> pd.DataFrame:
    """Return one domain's forecasts from one earlier origin, beside the figures since."""
    wijken = one.problem.wijken
    past = _past(one, origin, past_module.areas_of_year(wijken, origin), multiple, walk)
    shown = replace(one.problem, wijken=wijken[wijken["year"] <= one.origin])
    return backtest.rows(shown, past, _course(one, past, settings), walk)


def _past(
    one: Plan, origin: int, areas: pd.DataFrame, multiple: pd.Series, walk: Crosswalk
) -> Past:
    known = one.problem.wijken
    return past_module.known(known, areas, origin, walk, {one.problem.domain: multiple})


def _course(one: Plan, past: Past, settings: ForecastSettings) -> Course:
    horizon = max(one.horizon, 1)
    return components.follow(past, one.problem.domain, one.domain, horizon, settings.least_people)


def _links(panel: Panel, areas: pd.DataFrame, plans: list[Plan], walk: Crosswalk) -> pd.DataFrame:
    """Return the links from every year's wijken to those forecast for."""
    last = max(one.origin for one in plans)
    years = sorted(int(y) for y in panel.wijken["year"].unique() if y <= last)
    out = []
    for year in years:
        old = past_module.areas_of_year(panel.wijken, year)
        out.append(walk.links(old, areas).assign(from_year=year))
    return pd.concat(out, ignore_index=True)
