"""From when and how far ahead each domain can be forecast, and the fits that this takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.results.forecasting import origins, scenario, structural_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import ModelSettings
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.protocols import SplitSettings
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
