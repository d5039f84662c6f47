"""The commands of the pipeline: which stages each goes through, and its outcome."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel import runs
from risicomodel.app import tracking
from risicomodel.app.pipeline import fitting, inputs, reviewing, scoring, stages
from risicomodel.app.pipeline.fitting import Fitting
from risicomodel.app.pipeline.inputs import Sources
from risicomodel.app.pipeline.scoring import ScoringRules
from risicomodel.core import compute, storage
from risicomodel.core.errors import ConfigError, DataError
from risicomodel.core.levels import WIJK
from risicomodel.data import features
from risicomodel.learning import tuning
from risicomodel.results import forecasting
from risicomodel.results.evaluation import leaderboard_chart
from risicomodel.results.explanation import ExplanationRequest
from risicomodel.runs import RunSettings, contract

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.publishing.report import ReportSettings
    from risicomodel.runs import Run

log = logging.getLogger(__name__)

EXPLAINING = ("run", "explain")


@dataclass(frozen=True)
class Outcome:
    """The outcome of a command, from which the console prints.

    Parameters
    ----------
    folder : Path
        The run's folder.
    quality : DataFrame
        ``quality.csv``.
    leaderboard : DataFrame or None
        ``leaderboard.csv``.
    tracked : str
        Where the run is tracked; empty if it is not.
    tuned : DataFrame or None
        ``tuned.csv``.
    forecasts : Forecasts or None
        The forecasts.
    verified : Verification or None
        How earlier forecasts turned out.
    pages : sequence of Path
        First page of every report.

    Examples
    --------
    >>> outcome = Outcome(Path("runs/data/first"), quality=pd.DataFrame())
    >>> replace(outcome, tracked="sqlite:///mlflow.db").leaderboard is None
    True
    """

    folder: Path
    quality: pd.DataFrame
    leaderboard: pd.DataFrame | None = None
    tracked: str = ""
    tuned: pd.DataFrame | None = None
    forecasts: forecasting.Forecasts | None = None
    verified: forecasting.Verification | None = None
    pages: Sequence[Path] = ()


def data(settings: Settings) -> Outcome:
    """Read the sources, build the panel and report on its quality.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        Folder and quality.
    """
    with runs.open_run("data", settings.run, settings.areas) as run:
        panel, report = inputs.read(Sources.of(settings), run)
        runs.finish(run, settings.about(), panel.provenance, {})
    return Outcome(run.final, report)


def train(settings: Settings) -> Outcome:
    """Fit models on every protocol; write scores and a prediction for every wijk.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        With the leaderboard.
    """
    return _learn("train", settings)


def run(settings: Settings) -> Outcome:
    """Go through all stages, and make a report.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        With leaderboard, forecasts and pages.
    """
    outcome = _learn("run", settings)
    if not settings.report.in_run or settings.areas != WIJK:
        return outcome
    # the run is complete by now: an error in a report loses no results
    return replace(outcome, pages=_report_within(outcome.folder, settings.report))


def _check_gemeente(panel: Panel, name: str | None) -> None:
    """Raise where a gemeente is named that no report can be about, before models are fitted.

    A report can be about those of the newest year, and of the newest map where that is newer.
    """
    from risicomodel.publishing.report import ALL, LARGEST, code_of

    if name in {None, ALL, LARGEST}:
        return
    newest = panel.wijken.sort_values("year").drop_duplicates("gm_code", keep="last")
    names = dict(zip(newest["gm_code"], newest["gm_name"], strict=True))
    last = panel.wijken["year"].max()
    present = set(newest.loc[newest["year"] == last, "gm_code"])
    if len(panel.outlines) and panel.outlines["year"].max() >= last:
        newest_map = panel.outlines[panel.outlines["year"] == panel.outlines["year"].max()]
        present |= set(newest_map["gm_code"])
        of_map = newest_map[newest_map["gm_name"] != ""]
        names = dict(zip(of_map["gm_code"], of_map["gm_name"], strict=True)) | names
    code_of(name, {code: names.get(code, code) for code in sorted(present)})


def explain(settings: Settings) -> Outcome:
    """Fit models, and write what every feature adds to the champion's expected rates.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        With the leaderboard.
    """
    return _learn("explain", settings)


def _learn(command: str, settings: Settings) -> Outcome:
    with runs.open_run(command, settings.run, settings.areas) as run:
        settings = _with_champion_protocol(settings, run)
        sources, recipe = Sources.of(settings), Fitting.of(settings)
        rules = ScoringRules.of(settings)
        # a folder that is mistyped is said before the work, not after it
        review = reviewing.taking_up(settings, rules, recipe, run)
        panel, report = inputs.read(sources, run)
        inputs.check_years(panel, settings.split.score_years, sources)
        if command == "run" and settings.areas == WIJK:
            _check_gemeente(panel, settings.report.gemeente)
        with run.stage("features"):
            problems = _problems(panel, settings)
            run.write(contract.FEATURES, features.table(settings.features, settings.domains))
        with run.stage("models"):
            predictions = fitting.predictions_of(problems, recipe)
        with run.stage("evaluation"), compute.one_thread():
            result = scoring.assess(problems, predictions, panel.gemeenten, rules, run)
            title = stages.title(settings.data, settings.split.score_years)
            leaderboard_chart.draw_leaderboard(
                result.leaderboard, run.folder / contract.LEADERBOARD_CHART, title
            )
        if command == "run" and settings.areas != WIJK:
            run.note(
                f"no explanations of {settings.areas.plural} in a whole run, as they are "
                f"millions of rows: 'risicomodel explain level={settings.level}' makes them."
            )
        elif command in EXPLAINING:
            request = ExplanationRequest(
                settings.explain, settings.features, settings.domains, settings.split, settings.seed
            )
            stages.explanations(problems, predictions, result.champions, request, recipe, run=run)
        stages.sensitive_changes(panel, predictions, settings.features, rules, recipe, run=run)
        if review:
            review.ablate(panel, problems, predictions, result.champions)
        del predictions  # of buurten they take as much memory as all that follows
        facts: dict[str, Any] = {"champions": result.champions}
        facts |= {"round": review.tables.hashes} if review else {}
        forecasts = None
        if command == "run":
            forecasts = _forecasts_if_possible(panel, problems, settings, run)
            facts |= {"forecasts": forecasts.record()} if forecasts else {}
            if forecasts and review:
                review.compare(forecasts.wijken)
        with run.stage("tracking"):
            data = f"{settings.data.name}{settings.areas.label}"
            tracker = tracking.open_tracker(settings.tracking, data, settings.champion)
            entries = []
            if isinstance(tracker, tracking.MlflowTracker):
                entries = stages.registry_entries(
                    problems, result, settings.features, rules, recipe
                )
        runs.finish(run, settings.about(), panel.provenance, facts)
    # the run is complete by now: a server that is down loses no results
    tracker.log_run(run.final, runs.read_record(run.final), result.scores, entries)
    tracked = tracker.where if tracker.reached else ""
    return Outcome(run.final, report, result.leaderboard, tracked, forecasts=forecasts)


def forecast(settings: Settings) -> Outcome:
    """Forecast every wijk as far ahead as earlier forecasts can be compared with figures.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        With the forecasts.
    """
    with runs.open_run("forecast", settings.run, settings.areas) as run:
        panel, report = inputs.read(Sources.of(settings), run)
        with run.stage("features"):
            problems = _problems(panel, settings)
        forecasts = _forecasts(panel, problems, settings, run)
        runs.finish(run, settings.about(), panel.provenance, {"forecasts": forecasts.record()})
    return Outcome(run.final, report, forecasts=forecasts)


def _problems(panel: Panel, settings: Settings) -> list[Problem]:
    least = settings.split.min_population
    return fitting.problems_of(panel, settings.domains, settings.features, least)


def _forecasts(
    panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts:
    recipe = Fitting.of(settings)
    return stages.forecasts(panel, problems, settings.domains, settings.forecast, recipe, run=run)


def _forecasts_if_possible(
    panel: Panel, problems: list[Problem], settings: Settings, run: Run
) -> forecasting.Forecasts | None:
    """Return the forecasts of a whole run; none, with a note, if there are too few years."""
    try:
        return _forecasts(panel, problems, settings, run)
    except DataError as error:
        run.note(f"no forecasts: {error}")
        return None


def verify(settings: Settings, folder: str) -> Outcome:
    """Compare the forecasts of an earlier run with figures published since.

    Parameters
    ----------
    settings : Settings
        The run's settings.
    folder : str
        The earlier run.

    Returns
    -------
    Outcome
        With the verification.

    Raises
    ------
    ConfigError
        If the earlier run has areas of another level.
    """
    earlier = runs.finished(Path(folder).expanduser())
    if earlier.level != settings.areas:
        raise ConfigError(
            f"the run in {earlier.folder} is of {earlier.level.plural}, and level is "
            f"{settings.level}; expected the level of the run. Add level={earlier.level.name}."
        )
    forecasts, sums = earlier.read(contract.FORECASTS), earlier.read(contract.FORECAST_SUMS)
    domains = {name: settings.domains[name] for name in forecasts["domain"].unique()}
    with runs.open_run("verify", settings.run, settings.areas) as run:
        panel, report = inputs.read(replace(Sources.of(settings), domains=domains), run)
        with run.stage("comparison"):
            rounded_to = {name: domain.rounded_to for name, domain in domains.items()}
            boundaries = earlier.record["forecasts"]
            verification = forecasting.verify(forecasts, sums, boundaries, panel, rounded_to)
        for note in verification.notes:
            run.note(note)
        run.write(contract.VERIFY, verification.scores)
        run.write(contract.VERIFY_GEMEENTEN, verification.gemeenten)
        run.write(contract.VERIFY_WORST, verification.worst)
        run.write(contract.VERIFY_WIJKEN, verification.wijken)
        runs.finish(run, settings.about(), panel.provenance, {"verified": str(folder)})
    return Outcome(run.final, report, verified=verification)


def report(settings: Settings) -> list[Path]:
    """Make the report of a gemeente, or of all, from a finished run; without one, run first.

    Parameters
    ----------
    settings : Settings
        Which run, which gemeenten.

    Returns
    -------
    list of Path
        The first page of every report.
    """
    from risicomodel.publishing.report import MARK, write

    options = settings.report
    if not options.run and not options.gemeente:  # a run may have to be made first
        raise ConfigError(
            "no gemeente is named; expected a code, a name, or all. Give one: 'gemeente=Utrecht'."
        )
    source = Path(options.run).expanduser().resolve() if options.run else _newest_run(settings)
    folder = runs.free_folder("report", settings.run, MARK)
    return write(source, folder, options)


def _report_within(folder: Path, options: ReportSettings) -> list[Path]:
    """Make a report in the run's own folder, of the largest gemeente unless one is named."""
    from risicomodel.publishing.report import LARGEST, write

    log.info("report …")
    options = replace(options, gemeente=options.gemeente or LARGEST)
    try:
        return write(folder, folder / contract.REPORT, options)
    except ConfigError as error:
        log.warning("no report: %s", error)
        return []


def _newest_run(settings: Settings) -> Path:
    """Return the newest complete run of the chosen data; make one if there is none."""
    chosen = settings.data.name
    for folder in reversed(runs.complete("run")):
        record = runs.read_record(folder)
        # without a choice of data the source is the demo: any run will do
        of_the_data = record["data"] == chosen or settings.data.source == "demo"
        if of_the_data and runs.keeps_contract(record):
            return folder
    log.info("no complete run of %s yet: making one first.", chosen)
    return _learn("run", replace(settings, run=RunSettings())).folder


def tune(settings: Settings) -> Outcome:
    """Search for better parameters, and score the search itself by nested folds.

    Parameters
    ----------
    settings : Settings
        The run's settings.

    Returns
    -------
    Outcome
        With the leaderboard and the table of tuned parameters.
    """
    goal = settings.tuning
    settings = replace(
        settings,
        split=replace(settings.split, protocols=[goal.protocol]),
        champion=replace(settings.champion, protocol=goal.protocol, metric=goal.metric),
    )
    with runs.open_run("tune", settings.run, settings.areas) as run:
        sources, recipe = Sources.of(settings), Fitting.of(settings)
        panel, report = inputs.read(sources, run)
        inputs.check_years(panel, settings.split.score_years, sources)
        with run.stage("features"):
            problems = _problems(panel, settings)
        with run.stage("studies"):
            results = fitting.studies(problems, goal, recipe, run)
        with run.stage("models"):
            predictions = fitting.tuned_predictions_of(problems, goal, results, recipe)
        with run.stage("evaluation"), compute.one_thread():
            rules = ScoringRules.of(settings)
            result = scoring.assess(problems, predictions, panel.gemeenten, rules, run)
            table = tuning.summary(results, result.scores, goal)
            run.write(contract.TRIALS, tuning.trials(results))
            run.write(contract.TUNED, table)
            tuned = tuning.tuned_models(settings.models, results)
            storage.write_text(run.folder / contract.TUNED_MODELS, tuning.tuned_file(tuned))
        tracker = tracking.open_tracker(settings.tracking, settings.data.name, settings.champion)
        runs.finish(run, settings.about(), panel.provenance, {"tuned": table.to_dict("records")})
    tracker.log_run(run.final, runs.read_record(run.final), result.scores, [])
    tracked = tracker.where if tracker.reached else ""
    return Outcome(run.final, report, result.leaderboard, tracked, table)


def _with_champion_protocol(settings: Settings, run: Run) -> Settings:
    """Return settings whose champion is chosen on a protocol that is run."""
    declared, chosen = settings.champion.protocol, settings.split.protocols
    if declared in chosen:
        return settings
    run.note(f"champions are chosen on {chosen[0]}: {declared} is not in split.protocols.")
    return replace(settings, champion=replace(settings.champion, protocol=chosen[0]))
