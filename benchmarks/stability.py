"""How often a contribution of a feature that means nothing is called stable, before and after.

Refits get null features (copies of real features from another gemeente), and only contributions
beyond a margin that few of those exceed are stable. Here the nulls of one draw are held to the
margin of another. Columns of the CSV that it prints, a row per domain, level and draw:

- ``null_before``, ``null_after``: share of null contributions with one sign in all refits, and
  beyond the margin of another draw (mean over the other draws; ``worst`` has the highest);
- ``labels_kept``: of contributions stable before, the share that still is; ``shown_kept`` of the
  drivers that a page has room for;
- ``drivers_before``, ``drivers_kept``: of the demo's true drivers, the share that was stable, and
  of those the share that still is; ``unrelated_before``, ``unrelated_after``: the share of the
  demo's features that no factor of its people shifts. Empty for other data.

With ``cpu`` as first word: seconds of CPU of the refits without and with null features.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from risicomodel.app.settings import Settings
    from risicomodel.core.arrays import Bools
    from risicomodel.learning.problem import Problem
    from risicomodel.results.explanation import ExplanationRequest
    from risicomodel.results.explanation.attributions import Attributions
    from risicomodel.results.explanation.contribution_tables import Aggregation

DRAWS = 3
UNRELATED = ("leegstand", "elektriciteit", "stroom_huurwoning")  # as tests of the demo have them


@dataclass(frozen=True)
class Study:
    """A run's settings, problems, champions and expected rates."""

    settings: Settings
    problems: list[Problem]
    champions: dict[str, str]
    expected: dict[str, pd.Series]

    def request(self, null_pass: float | None = None) -> ExplanationRequest:
        """Return how the run asks for explanations, but for one setting."""
        from risicomodel.results.explanation import ExplanationRequest

        chosen = self.settings
        share = chosen.explain.null_pass if null_pass is None else null_pass
        explained = replace(chosen.explain, null_pass=share)
        return ExplanationRequest(
            explained, chosen.features, chosen.domains, chosen.split, chosen.seed
        )


def main(words: Sequence[str]) -> None:
    """Print the table, or seconds."""
    import pandas as pd

    overrides = [word for word in words if "=" in word]
    study = prepare(overrides)
    made = seconds(study) if "cpu" in words else rows(study)
    pd.DataFrame(made).round(4).to_csv(sys.stdout, index=False, lineterminator="\n")


def prepare(overrides: Sequence[str]) -> Study:
    """Fit the models of ``unseen_gemeente`` and let them compete, as a run does."""
    from risicomodel.app import settings
    from risicomodel.app.pipeline import fitting, inputs
    from risicomodel.core import metrics
    from risicomodel.data.panel import store
    from risicomodel.learning import models, protocols
    from risicomodel.results.evaluation import evaluate

    chosen = settings.compose(["tracking=off", "split.protocols=[unseen_gemeente]", *overrides])
    sources, recipe = inputs.Sources.of(chosen), fitting.Fitting.of(chosen)
    panel = store.load_or_build(inputs.open_archive(sources), chosen.domains, sources.cache)
    least = chosen.split.min_population
    problems = fitting.problems_of(panel, chosen.domains, chosen.features, least)
    predictions = fitting.predictions_of(problems, recipe)
    champions, expected = {}, {}
    for problem in problems:
        of_model = {
            name: evaluate.out_of_fold_rates(
                predictions[problem.domain], protocols.UNSEEN_GEMEENTE, name
            )
            for name in models.learners(models.for_domain(recipe.with_baselines, problem.domain))
        }
        scored = problem.usable & problem.wijken["year"].isin(chosen.split.score_years)
        at = np.flatnonzero(scored)
        rate, people = problem.rates(at)
        wape = {
            name: metrics.wape_of_counts(rate * people, rates.reindex(at).to_numpy() * people)
            for name, rates in of_model.items()
        }
        champions[problem.domain] = min(wape, key=wape.__getitem__)
        expected[problem.domain] = of_model[champions[problem.domain]]
    return Study(chosen, problems, champions, expected)


def attributions(
    study: Study, request: ExplanationRequest, draw: int = 0
) -> dict[str, Attributions]:
    """Return the contributions of every domain, with one draw of null features."""
    from risicomodel.app.pipeline.fitting import Fitting
    from risicomodel.results.explanation import attributed, null_features, plan, planned_tasks, run

    recipe = Fitting.of(study.settings)
    out = {}
    for one in plan(study.problems, study.champions, recipe.with_baselines, request):
        if draw:
            nulls = request.settings.null_features, request.seed + draw
            refitted = null_features.with_null_features(one.problem, *nulls)
            one = replace(one, refitted=refitted)  # noqa: PLW2901
        work = [item for item in planned_tasks([one], request) if item.refits]
        tables = run(work, recipe.cache, recipe.compute)
        results = list(zip(work, tables, strict=True))
        domain = one.problem.domain
        out[domain] = attributed(one, results, study.expected[domain], request)
    return out


def rows(study: Study) -> Iterator[dict[str, object]]:
    """Yield a row per domain, level and draw."""
    from risicomodel.results.explanation import contribution_tables

    before = attributions(study, study.request(null_pass=1.0))
    drawn = [attributions(study, study.request(), draw) for draw in range(DRAWS)]
    x = {problem.domain: problem.x for problem in study.problems}
    for domain, without in before.items():
        values = x[domain].loc[without.rows["row"]].reset_index(drop=True)
        levels = [
            contribution_tables.aggregations(one, study.settings.features, values)
            for one in (without, *(draw[domain] for draw in drawn))
        ]
        for old, *new in zip(*levels, strict=True):
            for draw, one in enumerate(new):
                others = [other for place, other in enumerate(new) if place != draw]
                yield {
                    "domain": domain,
                    "champion": study.champions[domain],
                    "level": old.name,
                    "draw": draw,
                    **of_nulls(one.attributions, [other.attributions for other in others]),
                    **of_features(study, domain, old, one),
                }


def of_nulls(drawn: Attributions, others: list[Attributions]) -> dict[str, object]:
    """Return how often null features pass: by sign, and by the margin of each other draw."""
    from risicomodel.results.explanation.attributions import SIGN_TOLERANCE
    from risicomodel.results.explanation.null_margin import exceeding_shares, smallest_sizes

    sizes = smallest_sizes(drawn.nulls.refits)
    margins = [SIGN_TOLERANCE, drawn.margin, *(other.margin for other in others)]
    shares = exceeding_shares(sizes, np.array(margins)).mean(axis=1)
    return {
        "null_features": sizes.shape[1],
        "margin": drawn.margin,
        "null_before": shares[0],
        "null_in_sample": shares[1],
        "null_after": shares[2:].mean(),
        "worst": shares[2:].max(),
    }


def of_features(study: Study, domain: str, old: Aggregation, new: Aggregation) -> dict[str, object]:
    """Return what stays stable of real features."""
    from risicomodel.results.explanation import contribution_tables

    was, still = (contribution_tables.stable(one) for one in (old, new))
    names = old.attributions.names
    shown = drivers(old, was, study, domain), drivers(new, still, study, domain)
    kept = {
        "labels_before": was.mean(),
        "labels_kept": (was & still).sum() / was.sum(),
        "shown_before": shown[0].sum(),
        "shown_after": shown[1].sum(),
        "shown_kept": (shown[0] & still).sum() / shown[0].sum(),
    }
    if study.settings.data.name != "demo" or old.name != "feature":
        return kept
    from risicomodel.demo import truth

    true = [names.index(driver.feature) for driver in truth.DOMAINS[domain].drivers]
    none = [names.index(name) for name in UNRELATED]
    return {
        **kept,
        "drivers_before": was[:, true].mean(),
        "drivers_kept": (was & still)[:, true].sum() / was[:, true].sum(),
        "unrelated_before": was[:, none].mean(),
        "unrelated_after": still[:, none].mean(),
    }


def drivers(aggregation: Aggregation, stable: Bools, study: Study, domain: str) -> Bools:
    """Return which contributions a page shows beside the country: strong, six at most."""
    from risicomodel.publishing.report.drivers import LEAST, MOST_DRIVERS

    per = study.settings.domains[domain].per
    size = np.abs(aggregation.attributions.terms) * stable
    rank = (-size).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    out: Bools = (size * per >= LEAST) & (rank < MOST_DRIVERS)
    return out


def seconds(study: Study) -> Iterator[dict[str, object]]:
    """Yield the CPU seconds of the refits of every domain, without and with null features."""
    from risicomodel.app.pipeline.fitting import Fitting
    from risicomodel.results.explanation import plan, planned_tasks
    from risicomodel.results.explanation.tasks import explain_task

    recipe = Fitting.of(study.settings)
    for share in (1.0, study.settings.explain.null_pass):
        request = study.request(null_pass=share)
        for one in plan(study.problems, study.champions, recipe.with_baselines, request):
            work = [item for item in planned_tasks([one], request) if item.refits]
            refits = [item.task for item in work if 0 not in item.refits]
            started = time.process_time()
            for task in refits:
                explain_task(task)
            spent = time.process_time() - started
            yield {"domain": one.problem.domain, "null_pass": share, "seconds": spent}


if __name__ == "__main__":
    main(sys.argv[1:])
