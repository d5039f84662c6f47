"""The stages of a run: what each computes and writes, for tasks to put in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.app import tracking
from risicomodel.app.pipeline import inputs
from risicomodel.core import compute, metrics, progress
from risicomodel.core.errors import DataError
from risicomodel.data import features
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
    """Return the learning problem of every domain.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    settings : Settings
        Domains, features, least population.

    Returns
    -------
    list of Problem
        Rows, and the features that the domain may use.
    """
    names = {
        name: features.usable(settings.features, name, domain)
        for name, domain in settings.domains.items()
    }
    return build_problems(panel.wijken, names, settings.features, settings.split.min_population)


def predictions_of(problems: list[Problem], settings: Settings) -> dict[str, pd.DataFrame]:
    """Fit every model on every fold of every protocol.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    settings : Settings
        Models, protocols, cache, compute.

    Returns
    -------
    dict of str to DataFrame
        Out-of-fold predictions by domain, blends among them.
    """
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
    """Run fits, except those whose result is in the cache.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    tasks : list of Task
        The fits.
    settings : Settings
        Models, cache, compute.

    Returns
    -------
    dict of str to DataFrame
        Predictions by domain, blends among them.
    """
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
    """Return the title of the leaderboard chart: years, and whose figures.

    Parameters
    ----------
    settings : Settings
        Data and score years.

    Returns
    -------
    str
        One line.
    """
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
    """Write what every feature adds to the expected rate of every wijk.

    Parameters
    ----------
    problems : list of Problem
        One per domain.
    predictions : dict of str to DataFrame
        Out-of-fold predictions by domain.
    champions : dict of str to str
        Best model by domain.
    settings : Settings
        The run's settings.
    run : Run
        Takes the tables and notes.
    """
    if protocols.UNSEEN_GEMEENTE not in settings.split.protocols:
        run.note(
            "no explanations: they explain 'expected', which needs "
            f"{protocols.UNSEEN_GEMEENTE} in split.protocols."
        )
        return
    request = explanation.ExplanationRequest(
        settings.explain, settings.features, settings.domains, settings.split, settings.seed
    )
    with run.stage("explanations"):
        plans = explanation.plan(problems, champions, chosen(settings), request)
        work = explanation.planned_tasks(plans, request)
        with progress.steps("explaining", len(work)) as done:
            results = explanation.run(work, inputs.cache(settings), settings.compute, done)
        expected = {
            name: evaluate.out_of_fold_rates(table, protocols.UNSEEN_GEMEENTE, champions[name])
            for name, table in predictions.items()
            if name in champions
        }
        explained = explanation.explain(plans, work, results, expected, request)
        for name, table in explained.tables.items():
            run.write(name, table)
    for note in explained.notes:
        run.note(note)


def forecasts_if_there_can_be(
    task: str, panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts | None:
    """Return the forecasts of a whole run; none, with a note, if there are too few years.

    Parameters
    ----------
    task : str
        The command: only ``run`` forecasts here.
    panel : Panel
        All wijken and years.
    problems : list of Problem
        One per domain.
    settings : Settings
        The run's settings.
    run : Run
        Takes the tables and notes.

    Returns
    -------
    Forecasts or None
        What was written.
    """
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
    """Forecast every wijk, and write the forecasts with their back-test.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    problems : list of Problem
        One per domain.
    settings : Settings
        The run's settings.
    run : Run
        Takes the tables and notes.

    Returns
    -------
    Forecasts
        What was written.
    """
    with run.stage("forecasts"):
        plans, notes = forecasting.plan(panel, problems, settings.domains, settings.forecast)
        models_of_run = chosen(settings)
        work = forecasting.tasks(
            plans, settings.forecast, settings.split, models_of_run, settings.seed
        )
        with progress.steps("fitting the structure of forecasts", len(work)) as done:
            fitted = crossfit.run(work, inputs.cache(settings), settings.compute, done)
        official = inputs.official_population(settings, panel)
        with compute.one_thread():
            result = forecasting.forecast(
                panel, plans, fitted, settings.forecast, models_of_run, official=official
            )
    for note in (*notes, *result.notes):
        run.note(note)
    run.write(contract.FORECASTS, result.wijken)
    run.write(contract.FORECAST_SUMS, result.sums)
    run.write(contract.FORECAST_SCORES, result.scores)
    run.write(contract.FORECAST_BANDS, result.interval_scores)
    run.write(contract.FORECAST_DRIVERS, result.drivers)
    run.write(contract.CROSSWALK, result.crosswalk)
    if result.scenario is not None:
        run.write(contract.SCENARIO, result.scenario)
    return result


def sensitive_changes(
    panel: Panel,
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    settings: Settings,
    run: Run,
) -> None:
    """Write what sensitive features change, if any are used: the same folds without them.

    Parameters
    ----------
    panel : Panel
        All wijken and years.
    problems : list of Problem
        One per domain.
    predictions : dict of str to DataFrame
        Out-of-fold predictions by domain.
    settings : Settings
        The run's settings.
    run : Run
        Takes the table and a note.
    """
    names = sensitive_features.sensitive_names(settings.features)
    if not names:
        return

    without = replace(
        settings,
        features=sensitive_features.without_sensitive(settings.features),
        split=replace(settings.split, protocols=[settings.champion.protocol]),
    )
    with run.stage("what sensitive features change"):
        values = features.compute(settings.features, panel.wijken)[names]
        before = predictions_of(problems_of(panel, without), without)
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
        f"sensitive features were used ({', '.join(names)}): {settings.features.justification} "
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
