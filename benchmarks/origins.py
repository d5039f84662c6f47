"""What was known at every origin that forecasts are tested from, for benchmarks to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from risicomodel.domains import Domain
    from risicomodel.evaluation.crossval import Problem
    from risicomodel.forecasting.course import Course
    from risicomodel.forecasting.past import Past
    from risicomodel.panel.crosswalk import Crosswalk

HORIZONS = 3


@dataclass(frozen=True)
class Origin:
    """One domain at one origin.

    Parameters
    ----------
    problem, domain : Problem, Domain
        Of what.
    past : Past
        What was known.
    walk : Crosswalk
        From its wijken to those of later years.
    least_people : int
        As forecasts are asked for.
    """

    problem: Problem
    domain: Domain
    past: Past
    walk: Crosswalk
    least_people: int

    def follow(self, past: Past) -> Course:
        """Return the course from what was known, or from a part of that."""
        from risicomodel.forecasting import course

        return course.follow(past, self.problem.domain, self.domain, HORIZONS, self.least_people)


def origins(overrides: Sequence[str]) -> Iterator[Origin]:
    """Yield every domain's origins; overrides are as for risicomodel."""
    from risicomodel import features, reading, settings
    from risicomodel.evaluation import crossval
    from risicomodel.forecasting import past, plan, structure, tasks
    from risicomodel.panel import store
    from risicomodel.panel.crosswalk import Crosswalk

    chosen = settings.compose(["tracking=off", *overrides])
    archive, cache = reading.open_archive(chosen), reading.cache(chosen)
    panel = store.load_or_build(archive, chosen.domains, cache)
    may_use = {d: features.usable(chosen.features, d, it) for d, it in chosen.domains.items()}
    least = chosen.split.min_population
    problems = crossval.pose_all(panel.wijken, may_use, chosen.features, least)
    plans, _ = plan(panel, problems, chosen.domains, chosen.forecast)
    work = tasks(plans, chosen.forecast, chosen.split, chosen.models, chosen.seed)
    fitted = crossval.run(work, cache, chosen.compute)
    name = structure.choose(chosen.models, chosen.forecast.structure)
    fitted = crossval.add_blends(fitted, structure.needed(chosen.models, name))
    walk = Crosswalk(panel.outlines)
    for one in plans:
        domain = one.problem.domain
        own = fitted[fitted["domain"] == domain]
        multiples = structure.multiples(one.problem, own, one.earlier, name)
        for origin in one.earlier:
            areas = past.areas_of_year(panel.wijken, origin)
            known = past.known(panel.wijken, areas, origin, walk, {domain: multiples[origin]})
            yield Origin(one.problem, one.domain, known, walk, chosen.forecast.least_people)
