"""What was known at every origin that forecasts are tested from, for benchmarks to look at."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.learning.problem import Problem
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.origins import History

HORIZONS = 3


@dataclass(frozen=True)
class Origin:
    """One domain at one origin.

    Parameters
    ----------
    problem, domain : Problem, Domain
        Of what.
    year : int
        The last year with figures.
    walk : Crosswalk
        From its wijken to those of later years.
    least_people : int
        As forecasts are asked for.
    gemeenten : DataFrame
        The panel's published totals.
    country : DataFrame
        Those of the country.
    ratio : Series
        The structural rate at the origin, as a multiple of the country's.
    """

    problem: Problem
    domain: Domain
    year: int
    walk: Crosswalk
    least_people: int
    gemeenten: pd.DataFrame
    country: pd.DataFrame
    ratio: pd.Series

    def on(self, areas: pd.DataFrame) -> History:
        """Return what was known at the origin, for areas of any year."""
        from risicomodel.results.forecasting import unassigned_share
        from risicomodel.results.forecasting.origins import history_at

        wijken, origin, name = self.problem.wijken, self.year, self.problem.domain
        known = history_at(
            wijken,
            areas,
            origin,
            self.walk,
            {name: self.ratio},
            gemeenten=self.gemeenten,
            country=self.country,
        )
        shares = unassigned_share.at_origins(
            wijken,
            self.gemeenten,
            areas,
            origin,
            crosswalk=self.walk,
            domains={name: self.domain},
        )
        return replace(known, unassigned=shares)

    @functools.cached_property
    def past(self) -> History:
        """What was known, for the wijken of the origin's own year."""
        from risicomodel.results.forecasting.origins import areas_of_year

        return self.on(areas_of_year(self.problem.wijken, self.year))

    def follow(self, past: History) -> Decomposition:
        """Return the course from what was known, or from a part of that."""
        from risicomodel.results.forecasting import components

        return components.decompose(
            past, self.problem.domain, self.domain, HORIZONS, self.least_people
        )


def origins(overrides: Sequence[str]) -> Iterator[Origin]:
    """Yield every domain's origins; overrides are as for risicomodel."""
    from risicomodel.app import settings
    from risicomodel.app.pipeline import inputs
    from risicomodel.app.pipeline.fitting import problems_of
    from risicomodel.data.panel import store
    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.learning import crossfit
    from risicomodel.results.forecasting import plan, structural_rate, tasks

    chosen = settings.compose(["tracking=off", *overrides])
    sources = inputs.Sources.of(chosen)
    panel = store.load_or_build(inputs.open_archive(sources), chosen.domains, sources.cache)
    least = chosen.split.min_population
    problems = problems_of(panel, chosen.domains, chosen.features, least)
    plans, _ = plan(panel, problems, chosen.domains, chosen.forecast)
    work = tasks(plans, chosen.forecast, chosen.split, chosen.models, chosen.seed)
    fitted = crossfit.run(work, sources.cache, chosen.compute)
    name = structural_rate.choose_model(chosen.models, chosen.forecast.structure)
    fitted = crossfit.add_blends(fitted, structural_rate.models_to_fit(chosen.models, name))
    walk = Crosswalk(panel.outlines)
    for one in plans:
        domain = one.problem.domain
        own = fitted[fitted["domain"] == domain]
        multiples = structural_rate.rate_ratios(one.problem, own, one.earlier, name)
        for origin in one.earlier:
            yield Origin(
                one.problem,
                one.domain,
                origin,
                walk,
                chosen.forecast.least_people,
                panel.gemeenten,
                panel.country,
                multiples[origin],
            )
