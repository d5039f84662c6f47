"""The stages of a run: what each computes and writes, for commands to put in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.app import tracking
from risicomodel.app.pipeline import inputs
from risicomodel.app.pipeline.fitting import Fitting, predictions_of, problems_of
from risicomodel.core import metrics, progress
from risicomodel.core.compute import one_thread
from risicomodel.data.features import compute
from risicomodel.learning import crossfit, protocols
from risicomodel.learning.final_fits import fit_all
from risicomodel.results import explanation, forecasting
from risicomodel.results.evaluation import evaluate, sensitive_features
from risicomodel.runs import contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.app.pipeline.scoring import Assessment, ScoringRules
    from risicomodel.app.settings import DataSettings
    from risicomodel.data.domains import Domain
    from risicomodel.data.features import FeatureSet
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.runs import Run


def title(data: DataSettings, years: Sequence[int]) -> str:
    """Return the title of the leaderboard chart: years, and whose figures.

    Parameters
    ----------
    data : DataSettings
        Where figures come from.
    years : sequence of int
        Years that are scored.

    Returns
    -------
    str
        One line.
    """
    source = "made-up figures (demo)" if data.source == "demo" else "Bron: CBS"
    if data.own.path:
        source += " and own figures"
    scored = ", ".join(map(str, years)) or "all years"
    return f"Absolute errors as a share of all clients (WAPE), {scored}. {source}"


def explanations(
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    champions: dict[str, str],
    request: explanation.ExplanationRequest,
    fitting: Fitting,
    *,
    run: Run,
) -> None:
    """Write what every feature adds to the expected rate of every wijk.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    predictions : dict of str to DataFrame
        Out-of-fold predictions by domain.
    champions : dict of str to str
        Best model by domain.
    request : ExplanationRequest
        What to explain.
    fitting : Fitting
        Models, cache, compute.
    run : Run
        Takes the tables and notes.
    """
    if protocols.UNSEEN_GEMEENTE not in request.split.protocols:
        run.note(
            "no explanations: they explain 'expected', which needs "
            f"{protocols.UNSEEN_GEMEENTE} in split.protocols."
        )
        return
    with run.stage("explanations"):
        plans = explanation.plan(problems, champions, fitting.with_baselines, request)
        tasks = explanation.planned_tasks(plans, request)
        with progress.steps("explaining", len(tasks)) as done:
            results = explanation.run(tasks, fitting.cache, fitting.compute, done)
        expected = {
            name: evaluate.out_of_fold_rates(table, protocols.UNSEEN_GEMEENTE, champions[name])
            for name, table in predictions.items()
            if name in champions
        }
        explained = explanation.explain(plans, tasks, results, expected, request)
        tables = explained.tables
        run.write(contract.EXPLANATIONS, tables.columns)
        run.write(contract.EXPLANATION_FEATURES, tables.features)
        run.write(contract.EXPLANATION_FAMILIES, tables.families)
        run.write(contract.IMPORTANCE, tables.importance)
        run.write(contract.STABILITY, tables.stability)
        run.write(contract.DEPENDENCE, tables.dependence)
        run.write(contract.INTERACTIONS, tables.interactions)
        run.write(contract.SIMILAR, explained.similar)
    for note in explained.notes:
        run.note(note)


def forecasts(
    panel: Panel,
    problems: list[Problem],
    domains: Mapping[str, Domain],
    settings: forecasting.ForecastSettings,
    fitting: Fitting,
    *,
    run: Run,
) -> forecasting.Forecasts:
    """Forecast every wijk, and write the forecasts with their back-test.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    problems : list of Problem
        One per domain.
    domains : mapping of str to Domain
        As declared by the run.
    settings : ForecastSettings
        How far, and from what.
    fitting : Fitting
        Models, cache, compute.
    run : Run
        Takes the tables and notes.

    Returns
    -------
    Forecasts
        What was written.
    """
    with run.stage("forecasts"):
        plans, notes = forecasting.plan(panel, problems, domains, settings)
        chosen = fitting.with_baselines
        tasks = forecasting.tasks(plans, settings, fitting.split, chosen, fitting.seed)
        with progress.steps("fitting the structure of forecasts", len(tasks)) as done:
            fitted = crossfit.run(tasks, fitting.cache, fitting.compute, done)
        official = inputs.official_population(settings.population, panel)
        with one_thread():
            result = forecasting.forecast(panel, plans, fitted, settings, chosen, official=official)
    for note in (*notes, *result.notes):
        run.note(note)
    run.write(contract.FORECASTS, result.wijken)
    run.write(contract.FORECAST_SUMS, result.sums)
    run.write(contract.FORECAST_SCORES, result.scores)
    run.write(contract.FORECAST_BANDS, result.interval_scores)
    run.write(contract.FORECAST_TOTAL_SCORES, result.total_scores)
    run.write(contract.FORECAST_DRIVERS, result.drivers)
    run.write(contract.CROSSWALK, result.crosswalk)
    if result.scenario is not None:
        run.write(contract.SCENARIO, result.scenario)
    return result


def sensitive_changes(
    panel: Panel,
    predictions: dict[str, pd.DataFrame],
    features: FeatureSet,
    rules: ScoringRules,
    fitting: Fitting,
    *,
    run: Run,
) -> None:
    """Write what sensitive features change, if any are used: the same folds without them.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    predictions : dict of str to DataFrame
        Out-of-fold predictions by domain.
    features : FeatureSet
        The run's features.
    rules : ScoringRules
        Domains, years, and the protocol that models compete on.
    fitting : Fitting
        Models, cache, compute.
    run : Run
        Takes the table and a note.
    """
    names = sensitive_features.sensitive_names(features)
    if not names:
        return
    protocol, split = rules.champion.protocol, rules.split
    bare = sensitive_features.without_sensitive(features)
    on_protocol = replace(fitting, split=replace(split, protocols=[protocol]))
    with run.stage("what sensitive features change"):
        values = compute(features, panel.wijken)[names]
        problems = problems_of(panel, rules.domains, bare, split.min_population)
        before = predictions_of(problems, on_protocol)
        tables = []
        for problem in problems:
            bare_rows, rows = (
                evaluate.scored_rows(
                    table[table["protocol"] == protocol], problem, split.score_years
                )
                for table in (before[problem.domain], predictions[problem.domain])
            )
            tables.append(sensitive_features.compare_predictions(bare_rows, rows, values))
        run.write(contract.SENSITIVE_CHANGES, pd.concat(tables, ignore_index=True))
    run.note(
        f"sensitive features were used ({', '.join(names)}): {features.justification} "
        f"What they changed is in {contract.SENSITIVE_CHANGES.file}."
    )


def registry_entries(
    problems: list[Problem],
    result: Assessment,
    features: FeatureSet,
    rules: ScoringRules,
    fitting: Fitting,
) -> list[tracking.Entry]:
    """Fit each domain's champion on all rows, for the registry of models.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    result : Assessment
        Scores and champions.
    features : FeatureSet
        The run's features.
    rules : ScoringRules
        The protocol and metric that models compete on.
    fitting : Fitting
        Models and seed.

    Returns
    -------
    list of Entry
        One per domain with a champion.
    """
    scores = result.scores[
        (result.scores["protocol"] == rules.champion.protocol)
        & (result.scores["metric"] == rules.champion.metric)
        & (result.scores["group"] == metrics.ALL)
    ].set_index(["domain", "model"])["value"]
    entries = []
    for problem in (one for one in problems if one.domain in result.champions):
        name = result.champions[problem.domain]
        model, _ = fit_all(problem, name, fitting.with_baselines, fitting.seed)
        entries.append(
            tracking.Entry(
                problem.domain,
                name,
                model,
                value=float(scores[problem.domain, name]),
                scored_rows=result.scored_rows[problem.domain],
                features=features.name,
                sensitive=tuple(sensitive_features.sensitive_names(features)),
            )
        )
    return entries
