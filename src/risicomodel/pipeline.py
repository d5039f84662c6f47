"""The stages in order. The only module that knows them all; ``dvc.yaml`` mirrors it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel import (
    assessment,
    explanation,
    forecasting,
    models,
    progress,
    reading,
    runs,
    splits,
    storage,
    tracking,
    tuning,
)
from risicomodel import features as features_module
from risicomodel.errors import DataError
from risicomodel.evaluation import crossval, evaluate, figures, scores, sensitive
from risicomodel.levels import WIJK
from risicomodel.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.assessment import Assessment
    from risicomodel.evaluation.crossval import Problem, Task
    from risicomodel.panel.build import Panel
    from risicomodel.runs import Run
    from risicomodel.settings import Settings

log = logging.getLogger(__name__)

EXPLAINED = ("run", "explain")


@dataclass(frozen=True)
class Outcome:
    """What a task leaves: the run's folder and the tables its end is told from."""

    folder: Path
    quality: pd.DataFrame
    leaderboard: pd.DataFrame | None = None
    tracked: str = ""
    tuned: pd.DataFrame | None = None
    forecasts: forecasting.Forecasts | None = None
    verified: forecasting.Verified | None = None


def data(settings: Settings) -> Outcome:
    """Read the sources, build the panel and report on its quality."""
    with runs.open_run("data", settings) as run:
        panel, report = reading.read(settings, run)
        runs.finish(run, settings, panel.provenance, {})
    return Outcome(run.final, report)


def train(settings: Settings) -> Outcome:
    """Fit models on every protocol; give scores and a prediction for every wijk."""
    return _learn("train", settings)


def run(settings: Settings) -> Outcome:
    """Go through every stage there is."""
    return _learn("run", settings)


def explain(settings: Settings) -> Outcome:
    """Fit models, and tell what every feature adds to what the best of them expects."""
    return _learn("explain", settings)


def _learn(task: str, settings: Settings) -> Outcome:
    with runs.open_run(task, settings) as run:
        settings = _with_champion_protocol(settings, run)
        panel, report = reading.read(settings, run)
        reading.check_years(panel, settings)
        with run.stage("features"):
            problems = _problems(panel, settings)
            run.write("features.csv", features_module.table(settings.features, settings.domains))
        with run.stage("models"):
            predictions = _predictions(problems, settings)
        with run.stage("evaluation"):
            result = assessment.assess(problems, predictions, panel.gemeenten, settings, run)
            figures.leaderboard(result.scores, run.folder / "leaderboard.svg", _title(settings))
        if task == "run" and settings.areas != WIJK:
            run.note(
                f"no explanations of {settings.areas.plural} in a whole run, for they are "
                f"millions of rows: 'risicomodel explain level={settings.level}' makes them."
            )
        elif task in EXPLAINED:
            _explain(problems, predictions, result.champions, settings, run)
        _sensitive_changes(panel, problems, predictions, settings, run)
        del predictions  # of buurten they take as much room as all that follows
        told: dict[str, Any] = {"champions": result.champions}
        if forecasts := _forecast_if(task, panel, problems, settings, run):
            told["forecasts"] = forecasts.record()
        with run.stage("tracking"):
            tracker, entries = _winners(problems, result, settings)
        runs.finish(run, settings, panel.provenance, told)
    # the run is complete: what goes wrong from here on costs no results
    tracker.log_run(run.final, runs.read_record(run.final), result.scores, entries)
    tracked = tracker.where if tracker.reached else ""
    return Outcome(run.final, report, result.leaderboard, tracked, forecasts=forecasts)


def _explain(
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    champions: dict[str, str],
    settings: Settings,
    run: Run,
) -> None:
    """Write what every feature adds to ``expected`` of every wijk."""
    if splits.UNSEEN_GEMEENTE not in settings.split.protocols:
        run.note("no explanations: they are of 'expected', which is not made.")
        return
    asked = explanation.Asked(
        settings.explain, settings.features, settings.domains, settings.split, settings.seed
    )
    with run.stage("explanations"):
        plans = explanation.plan(problems, champions, _chosen(settings), asked)
        work = explanation.work(plans, asked)
        with progress.steps("explaining", len(work)) as done:
            found = explanation.run(work, reading.cache(settings), settings.compute, done)
        expected = {
            name: evaluate.rates(table, splits.UNSEEN_GEMEENTE, champions[name])
            for name, table in predictions.items()
            if name in champions
        }
        told = explanation.explain(plans, work, found, expected, asked)
        for name, table in told.tables.items():
            run.write(name, table)
    for note in told.notes:
        run.note(note)


def forecast(settings: Settings) -> Outcome:
    """Forecast every wijk as far ahead as earlier forecasts can be compared with figures."""
    with runs.open_run("forecast", settings) as run:
        panel, report = reading.read(settings, run)
        with run.stage("features"):
            problems = _problems(panel, settings)
        found = _forecast(panel, problems, settings, run)
        runs.finish(run, settings, panel.provenance, {"forecasts": found.record()})
    return Outcome(run.final, report, forecasts=found)


def verify(settings: Settings, folder: str) -> Outcome:
    """Compare the forecasts of an earlier run with figures that came out since."""
    earlier, boundaries = forecasting.read(folder)
    domains = {name: settings.domains[name] for name in earlier["domain"].unique()}
    with runs.open_run("verify", settings) as run:
        panel, report = reading.read(replace(settings, domains=domains), run)
        with run.stage("comparison"):
            found = forecasting.verify(earlier, boundaries, panel)
        for note in found.notes:
            run.note(note)
        run.write("verify.csv", found.scores)
        run.write("verify_gemeenten.csv", found.gemeenten)
        run.write("verify_worst.csv", found.worst)
        run.write("verify_wijken.parquet", found.wijken)
        runs.finish(run, settings, panel.provenance, {"verified": str(folder)})
    return Outcome(run.final, report, verified=found)


def _forecast_if(
    task: str, panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts | None:
    """Return a whole run's forecasts; none, with a note, where the years do not allow for them."""
    if task != "run":
        return None
    try:
        return _forecast(panel, problems, settings, run)
    except DataError as error:
        run.note(f"no forecasts: {error}")
        return None


def _forecast(
    panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts:
    with run.stage("forecasts"):
        plans, notes = forecasting.plan(panel, problems, settings.domains, settings.forecast)
        chosen = _chosen(settings)
        work = forecasting.tasks(plans, settings.forecast, settings.split, chosen, settings.seed)
        with progress.steps("fitting the structure of forecasts", len(work)) as done:
            fitted = crossval.run(work, reading.cache(settings), settings.compute, done)
        official = reading.official_population(settings, panel)
        found = forecasting.forecast(
            panel, plans, fitted, settings.forecast, chosen, official=official
        )
    for note in (*notes, *found.notes):
        run.note(note)
    run.write("forecasts.parquet", found.wijken)
    run.write("forecast_sums.csv", found.sums)
    run.write("forecast_scores.csv", found.scores)
    run.write("forecast_bands.csv", found.bands)
    run.write("forecast_drivers.csv", found.drivers)
    run.write("crosswalk.parquet", found.crosswalk)
    if found.scenario is not None:
        run.write("scenario.csv", found.scenario)
    return found


def report(settings: Settings) -> list[Path]:
    """Make the pages of a gemeente, or of all, from a finished run; make the run if there is none.

    Returns
    -------
    list of Path
        The first page of every report.
    """
    from risicomodel import report as report_module

    asked = settings.report
    made_of = Path(asked.run).expanduser().resolve() if asked.run else _newest_run(settings)
    folder = runs.free_folder("report", settings, report_module.MARK)
    return report_module.write(made_of, folder, asked)


def _newest_run(settings: Settings) -> Path:
    """Return the newest complete run of the data that is asked for; made if there is none."""
    chosen = settings.data.name
    for folder in reversed(runs.known("run")):
        data = runs.read_record(folder)["data"]
        # the demo is what there is when no data is named: any run is newer than making that up
        if data == chosen or settings.data.source == "demo":
            return folder
    log.info("no complete run of %s yet: making one first.", chosen)
    return run(replace(settings, run=RunSettings())).folder


def tune(settings: Settings) -> Outcome:
    """Look for better parameters, and tell by nested folds how good looking for them is."""
    goal = settings.tuning
    settings = replace(
        settings,
        split=replace(settings.split, protocols=[goal.protocol]),
        champion=replace(settings.champion, protocol=goal.protocol, metric=goal.metric),
    )
    with runs.open_run("tune", settings) as run:
        panel, report = reading.read(settings, run)
        reading.check_years(panel, settings)
        with run.stage("features"):
            problems = _problems(panel, settings)
        with run.stage("studies"):
            found = _studies(problems, settings, run)
        with run.stage("models"):
            work = [
                task
                for problem in problems
                for task in tuning.tasks(
                    problem,
                    settings.split,
                    goal,
                    _chosen(settings),
                    found=found,
                    seed=settings.seed,
                )
            ]
            predictions = _predicted(problems, work, settings)
        with run.stage("evaluation"):
            result = assessment.assess(problems, predictions, panel.gemeenten, settings, run)
            table = tuning.summary(found, result.scores, goal)
            run.write("trials.csv", tuning.trials(found))
            run.write("tuned.csv", table)
            tuned = tuning.tuned_models(settings.models, found)
            storage.write_text(run.folder / "tuned.yaml", tuning.tuned_file(tuned))
        tracker = tracking.open_tracker(settings.tracking, settings.data.name, settings.champion)
        runs.finish(run, settings, panel.provenance, {"tuned": table.to_dict("records")})
    tracker.log_run(run.final, runs.read_record(run.final), result.scores, [])
    tracked = tracker.where if tracker.reached else ""
    return Outcome(run.final, report, result.leaderboard, tracked, table)


def _studies(problems: list[Problem], settings: Settings, run: Run) -> list[tuning.Found]:
    searches = [
        search
        for problem in problems
        for search in tuning.plan(
            problem,
            settings.split,
            settings.tuning,
            models.for_domain(settings.models, problem.domain),
            settings.seed,
        )
    ]
    left = sorted(set(settings.models) - {search.model for search in searches})
    if untuned := [name for name in left if name in models.learned(settings.models)]:
        run.note(f"not tuned, for want of a search space: {', '.join(untuned)}.")
    with progress.steps("tuning: trials", len(searches) * settings.tuning.trials) as done:
        return tuning.run_all(searches, settings.compute, done)


def _chosen(settings: Settings) -> dict[str, models.ModelSettings]:
    return models.with_baselines(settings.models)


def _with_champion_protocol(settings: Settings, run: Run) -> Settings:
    """Return settings whose champion is chosen on a protocol that is run."""
    declared, chosen = settings.champion.protocol, settings.split.protocols
    if declared in chosen:
        return settings
    run.note(f"champions are chosen on {chosen[0]}: {declared} is not in split.protocols.")
    return replace(settings, champion=replace(settings.champion, protocol=chosen[0]))


def _title(settings: Settings) -> str:
    source = "made-up figures (demo)" if settings.data.source == "demo" else "Bron: CBS"
    if settings.data.own.path:
        source += " and own figures"
    years = ", ".join(map(str, settings.split.score_years)) or "all years"
    return f"Absolute errors as a share of all clients (WAPE), {years}. {source}"


def _problems(panel: Panel, settings: Settings) -> list[Problem]:
    names = {
        name: features_module.usable(settings.features, name, domain)
        for name, domain in settings.domains.items()
    }
    return crossval.pose_all(panel.wijken, names, settings.features, settings.split.min_population)


def _predictions(problems: list[Problem], settings: Settings) -> dict[str, pd.DataFrame]:
    tasks = [
        task
        for problem in problems
        for protocol in settings.split.protocols
        for task in crossval.tasks(
            problem, splits.PROTOCOLS[protocol], settings.split, _chosen(settings), settings.seed
        )
    ]
    return _predicted(problems, tasks, settings)


def _predicted(
    problems: list[Problem], tasks: list[Task], settings: Settings
) -> dict[str, pd.DataFrame]:
    with progress.steps("fitting models", len(tasks)) as done:
        fitted = crossval.run(tasks, reading.cache(settings), settings.compute, done)
    return {
        problem.domain: crossval.add_blends(
            fitted[fitted["domain"] == problem.domain], _chosen(settings)
        )
        for problem in problems
    }


def _sensitive_changes(
    panel: Panel,
    problems: list[Problem],
    predictions: dict[str, pd.DataFrame],
    settings: Settings,
    run: Run,
) -> None:
    """Write what sensitive features changed, where they are used: the same folds without them."""
    used = sensitive.names(settings.features)
    if not used:
        return
    import pandas as pd

    bare = replace(
        settings,
        features=sensitive.without(settings.features),
        split=replace(settings.split, protocols=[settings.champion.protocol]),
    )
    with run.stage("what sensitive features change"):
        values = features_module.compute(settings.features, panel.wijken)[used]
        before = _predictions(_problems(panel, bare), bare)
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
            tables.append(sensitive.changes(bare_rows, rows, values))
        run.write("sensitive_changes.csv", pd.concat(tables, ignore_index=True))
    run.note(
        f"sensitive features were used ({', '.join(used)}): {settings.features.justification} "
        "What they changed is in sensitive_changes.csv."
    )


def _winners(
    problems: list[Problem], result: Assessment, settings: Settings
) -> tuple[tracking.Tracker, list[tracking.Entry]]:
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
        & (table["group"] == scores.ALL)
    ]
    chosen_models = models.with_baselines(settings.models)
    model, _ = crossval.fit_all(problem, name, chosen_models, settings.seed)
    return tracking.Entry(
        problem.domain,
        name,
        model,
        value=float(chosen["value"].iloc[0]),
        scored_rows=result.scored_rows[problem.domain],
        features=settings.features.name,
        sensitive=tuple(sensitive.names(settings.features)),
    )
