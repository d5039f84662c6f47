"""What every stage does and writes, for tasks to put in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.app import tracking
from risicomodel.app.pipeline import inputs
from risicomodel.core import compute, metrics, progress
from risicomodel.core.errors import DataError
from risicomodel.data import features as features_module
from risicomodel.learning import crossfit, models, protocols, tuning
from risicomodel.learning.final_fits import fit_all
from risicomodel.learning.problem import build_problems
from risicomodel.results import explanation, forecasting
from risicomodel.results.evaluation import evaluate, sensitive_features
from risicomodel.runs import contract

if TYPE_CHECKING:
    from risicomodel.app.pipeline.scoring import Assessment
    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.problem import Problem
    from risicomodel.runs import Run


def problems_of(panel: Panel, settings: Settings) -> list[Problem]:
    """Pose every domain's problem: its rows, and the features it may use."""
    names = {
        name: features_module.usable(settings.features, name, domain)
        for name, domain in settings.domains.items()
    }
    return build_problems(panel.wijken, names, settings.features, settings.split.min_population)


def predictions_of(problems: list[Problem], settings: Settings) -> dict[str, pd.DataFrame]:
    """Fit every model on every protocol; return what it predicts, by domain."""
    tasks = [
        task
        for problem in problems
        for protocol in settings.split.protocols
        for task in crossfit.tasks(
            problem, protocols.PROTOCOLS[protocol], settings.split, chosen(settings), settings.seed
        )
    ]
    return predicted(problems, tasks, settings)


def predicted(
    problems: list[Problem], tasks: list[FitTask], settings: Settings
) -> dict[str, pd.DataFrame]:
    """Do tasks, what is in the cache left out; return predictions by domain, blends among them."""
    with progress.steps("fitting models", len(tasks)) as done:
        fitted = crossfit.run(tasks, inputs.cache(settings), settings.compute, done)
    return {
        problem.domain: crossfit.add_blends(
            fitted[fitted["domain"] == problem.domain], chosen(settings)
        )
        for problem in problems
    }


def chosen(settings: Settings) -> dict[str, models.ModelSettings]:
    """Return the models of a run, baselines among them."""
    return models.with_baselines(settings.models)


def title(settings: Settings) -> str:
    """Return what stands over the leaderboard's picture: years, and whose figures."""
    source = "made-up figures (demo)" if settings.data.source == "demo" else "Bron: CBS"
    if settings.data.own.path:
        source += " and own figures"
    years = ", ".join(map(str, settings.split.score_years)) or "all years"
    return f"Absolute errors as a share of all clients (WAPE), {years}. {source}"


def explanations(
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    champions: dict[str, str],
    settings: Settings,
    run: Run,
) -> None:
    """Write what every feature adds to ``expected`` of every wijk."""
    if protocols.UNSEEN_GEMEENTE not in settings.split.protocols:
        run.note("no explanations: they are of 'expected', which is not made.")
        return
    asked = explanation.ExplanationRequest(
        settings.explain, settings.features, settings.domains, settings.split, settings.seed
    )
    with run.stage("explanations"):
        plans = explanation.plan(problems, champions, chosen(settings), asked)
        work = explanation.planned_tasks(plans, asked)
        with progress.steps("explaining", len(work)) as done:
            found = explanation.run(work, inputs.cache(settings), settings.compute, done)
        expected = {
            name: evaluate.out_of_fold_rates(table, protocols.UNSEEN_GEMEENTE, champions[name])
            for name, table in predictions.items()
            if name in champions
        }
        told = explanation.explain(plans, work, found, expected, asked)
        for name, table in told.tables.items():
            run.write(name, table)
    for note in told.notes:
        run.note(note)


def forecasts_if_there_can_be(
    task: str, panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts | None:
    """Return a whole run's forecasts; none, with a note, where the years do not allow for them."""
    if task != "run":
        return None
    try:
        return forecasts(panel, problems, settings, run)
    except DataError as error:
        run.note(f"no forecasts: {error}")
        return None


def forecasts(
    panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts:
    """Forecast every wijk, and write that with the test of earlier forecasts."""
    with run.stage("forecasts"):
        plans, notes = forecasting.plan(panel, problems, settings.domains, settings.forecast)
        known = chosen(settings)
        work = forecasting.tasks(plans, settings.forecast, settings.split, known, settings.seed)
        with progress.steps("fitting the structure of forecasts", len(work)) as done:
            fitted = crossfit.run(work, inputs.cache(settings), settings.compute, done)
        official = inputs.official_population(settings, panel)
        with compute.one_thread():
            found = forecasting.forecast(
                panel, plans, fitted, settings.forecast, known, official=official
            )
    for note in (*notes, *found.notes):
        run.note(note)
    run.write(contract.FORECASTS, found.wijken)
    run.write(contract.FORECAST_SUMS, found.sums)
    run.write(contract.FORECAST_SCORES, found.scores)
    run.write(contract.FORECAST_BANDS, found.interval_scores)
    run.write(contract.FORECAST_DRIVERS, found.drivers)
    run.write(contract.CROSSWALK, found.crosswalk)
    if found.scenario is not None:
        run.write(contract.SCENARIO, found.scenario)
    return found


def sensitive_changes(
    panel: Panel,
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    settings: Settings,
    run: Run,
) -> None:
    """Write what sensitive features changed, where they are used: the same folds without them."""
    used = sensitive_features.sensitive_names(settings.features)
    if not used:
        return

    bare = replace(
        settings,
        features=sensitive_features.without_sensitive(settings.features),
        split=replace(settings.split, protocols=[settings.champion.protocol]),
    )
    with run.stage("what sensitive features change"):
        values = features_module.compute(settings.features, panel.wijken)[used]
        before = predictions_of(problems_of(panel, bare), bare)
        tables = []
        for problem in problems:
            bare_rows, rows = (
                evaluate.scored_rows(
                    table[table["protocol"] == settings.champion.protocol],
                    problem,
                    settings.split.score_years,
                )
                for table in (before[problem.domain], predictions[problem.domain])
            )
            tables.append(sensitive_features.compare_predictions(bare_rows, rows, values))
        run.write(contract.SENSITIVE_CHANGES, pd.concat(tables, ignore_index=True))
    run.note(
        f"sensitive features were used ({', '.join(used)}): {settings.features.justification} "
        f"What they changed is in {contract.SENSITIVE_CHANGES.file}."
    )


def studies(problems: list[Problem], settings: Settings, run: Run) -> list[tuning.StudyResult]:
    """Tune hyperparameters on the training rows of every fold."""
    specs = [
        spec
        for problem in problems
        for spec in tuning.study_specs(
            problem,
            settings.split,
            settings.tuning,
            models.for_domain(settings.models, problem.domain),
            settings.seed,
        )
    ]
    left = sorted(set(settings.models) - {spec.model for spec in specs})
    if untuned := [name for name in left if name in models.learners(settings.models)]:
        run.note(f"not tuned, as they have no search space: {', '.join(untuned)}.")
    with progress.steps("tuning: trials", len(specs) * settings.tuning.trials) as done:
        return tuning.run_studies(specs, settings.compute, done)


def winners(
    problems: list[Problem], result: Assessment, settings: Settings
) -> tuple[tracking.Tracker, list[tracking.Entry]]:
    """Fit each domain's champion on all rows, for the registry; nothing where tracking is off."""
    data = f"{settings.data.name}{settings.areas.label}"
    tracker = tracking.open_tracker(settings.tracking, data, settings.champion)
    if not isinstance(tracker, tracking.MlflowTracker):
        return tracker, []
    return tracker, [
        _entry(problem, result, settings)
        for problem in problems
        if problem.domain in result.champions
    ]


def _entry(problem: Problem, result: Assessment, settings: Settings) -> tracking.Entry:
    table, name = result.scores, result.champions[problem.domain]
    chosen = table[
        (table["domain"] == problem.domain)
        & (table["protocol"] == settings.champion.protocol)
        & (table["model"] == name)
        & (table["metric"] == settings.champion.metric)
        & (table["group"] == metrics.ALL)
    ]
    chosen_models = models.with_baselines(settings.models)
    model, _ = fit_all(problem, name, chosen_models, settings.seed)
    return tracking.Entry(
        problem.domain,
        name,
        model,
        value=float(chosen["value"].iloc[0]),
        scored_rows=result.scored_rows[problem.domain],
        features=settings.features.name,
        sensitive=tuple(sensitive_features.sensitive_names(settings.features)),
    )
