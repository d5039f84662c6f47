"""The stages in order. The only module that knows them all; ``dvc.yaml`` mirrors it."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel import (
    assessment,
    models,
    paths,
    progress,
    runs,
    splits,
    storage,
    tracking,
    tuning,
)
from risicomodel import features as features_module
from risicomodel.errors import DataError, SourceError
from risicomodel.evaluation import crossval, evaluate, figures, scores, sensitive
from risicomodel.panel import quality, store
from risicomodel.panel.build import KWB, Panel
from risicomodel.sources.archive import Archive

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.assessment import Assessment
    from risicomodel.evaluation.crossval import Problem, Task
    from risicomodel.runs import Run
    from risicomodel.settings import Settings
    from risicomodel.sources.table import OwnTable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a task leaves: the run's folder and the tables its end is told from."""

    folder: Path
    quality: pd.DataFrame
    leaderboard: pd.DataFrame | None = None
    tracked: str = ""
    tuned: pd.DataFrame | None = None


def data(settings: Settings) -> Outcome:
    """Read the sources, build the panel and report on its quality."""
    with runs.open_run("data", settings) as run:
        panel, report = _data(settings, run)
        runs.finish(run, settings, panel.provenance, {})
    return Outcome(run.final, report)


def train(settings: Settings) -> Outcome:
    """Fit models on every protocol; give scores and a prediction for every wijk."""
    return _learn("train", settings)


def run(settings: Settings) -> Outcome:
    """Go through every stage there is."""
    return _learn("run", settings)


def _learn(task: str, settings: Settings) -> Outcome:
    with runs.open_run(task, settings) as run:
        settings = _with_champion_protocol(settings, run)
        panel, report = _data(settings, run)
        _check_years(panel, settings)
        with run.stage("features"):
            problems = _problems(panel, settings)
            run.write("features.csv", features_module.table(settings.features, settings.domains))
        with run.stage("models"):
            predictions = _predictions(problems, settings)
        with run.stage("evaluation"):
            result = assessment.assess(problems, predictions, panel.gemeenten, settings, run)
            figures.leaderboard(result.scores, run.folder / "leaderboard.svg", _title(settings))
        _sensitive_changes(panel, problems, predictions, settings, run)
        with run.stage("tracking"):
            tracker, entries = _winners(problems, result, settings)
        runs.finish(run, settings, panel.provenance, {"champions": result.champions})
    # the run is complete: what goes wrong from here on costs no results
    tracker.log_run(run.final, runs.read_record(run.final), result.scores, entries)
    return Outcome(run.final, report, result.leaderboard, tracker.where if tracker.reached else "")


def tune(settings: Settings) -> Outcome:
    """Look for better parameters, and tell by nested folds how good looking for them is."""
    goal = settings.tuning
    settings = replace(
        settings,
        split=replace(settings.split, protocols=[goal.protocol]),
        champion=replace(settings.champion, protocol=goal.protocol, metric=goal.metric),
    )
    with runs.open_run("tune", settings) as run:
        panel, report = _data(settings, run)
        _check_years(panel, settings)
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


def _data(settings: Settings, run: Run) -> tuple[Panel, pd.DataFrame]:
    with run.stage("sources"):
        archive = open_archive(settings)
    with run.stage("panel"):
        panel = store.load_or_build(archive, settings.domains, _cache(settings), settings.areas)
        panel = _with_own_figures(panel, settings)
        report = quality.report(panel.wijken, settings.domains, panel.level)
    for note in panel.notes:
        run.note(note)
    run.write("panel.parquet", panel.wijken)
    run.write("gemeenten.parquet", panel.gemeenten)
    run.write("quality.csv", report)
    return panel, report


def _cache(settings: Settings) -> storage.Cache:
    return storage.Cache(paths.cache_dir() if settings.cache else None)


def open_archive(settings: Settings) -> Archive:
    """Return the archive a run reads; downloaded or made up first, where that is asked for.

    Raises
    ------
    SourceError
        If there is no folder, or it lacks what is needed.
    """
    source = settings.data.source
    if source == "demo":
        return _demo(settings)
    catalogue = settings.catalogue()
    if source == "cbs":
        return _download(settings, catalogue)
    if not settings.data.dir:
        raise SourceError(
            f"no archive folder is named; set data.dir=PATH to a folder of CBS tables, or the "
            f"environment variable {paths.ARCHIVE_VARIABLE}."
        )
    return Archive(Path(settings.data.dir).expanduser().resolve(), catalogue)


def _demo(settings: Settings) -> Archive:
    from risicomodel.sources import demo

    made = settings.data.demo
    key = storage.sha256_json({**asdict(made), "code": storage.sha256_code()})[:12]
    base = Path(settings.data.dir).expanduser() if settings.data.dir else paths.cache_dir() / "demo"
    folder = base.resolve() / f"demo-{key}"
    if not folder.is_dir():
        with storage.alone(folder):
            if not folder.is_dir():  # another process may have made it meanwhile
                demo.write_archive(folder, made)
    return Archive(folder, demo.catalogue(made), source="demo")


def _download(settings: Settings, catalogue: dict[str, dict[int, list[str]]]) -> Archive:
    from risicomodel.sources import cbs

    folder = settings.data.dir or paths.home() / "data" / "cbs"
    folder = Path(folder).expanduser().resolve()
    totals = {d.subject: tuple(d.totals) for d in settings.domains.values() if d.totals}
    subjects = {KWB, *(d.subject for d in settings.domains.values())} & set(catalogue)
    wanted = [
        cbs.Wanted(subject, year, table[0], totals.get(subject, ()))
        for subject in sorted(subjects)
        for year, table in sorted(catalogue[subject].items())
    ]
    with progress.messages("CBS StatLine") as say:
        cbs.download(
            folder,
            wanted,
            settings.data.cbs,
            offline=settings.data.offline,
            refresh=settings.data.refresh,
            progress=say,
        )
    return Archive(folder, catalogue, source="cbs")


def _with_own_figures(panel: Panel, settings: Settings) -> Panel:
    from risicomodel.panel import schema
    from risicomodel.sources import table

    own: OwnTable = settings.data.own
    if not own.path:
        return panel
    figures, record = table.read(own, list(settings.domains), panel.level)
    wijken = table.join(panel.wijken, figures, record.file, panel.level)
    schema.check(wijken, settings.domains, panel.level)
    return replace(panel, wijken=wijken, provenance=[*panel.provenance, record])


def _check_years(panel: Panel, settings: Settings) -> None:
    """Raise where a year to be scored has no features, or a domain no figures in any of them."""
    there = sorted(int(year) for year in panel.wijken["year"].unique())
    wrong = [
        f"{year}: no year of the panel ({there[0]}–{there[-1]}), so no {panel.level.name} has "
        "features"
        for year in settings.split.score_years
        if year not in there
    ]
    tables = settings.catalogue()
    for name, domain in settings.domains.items():
        observed = panel.wijken[panel.wijken[f"{name}_status"] == "observed"]
        lacking = set(settings.split.score_years) & set(there) - set(observed["year"])
        for year in sorted(lacking):
            wanted = tables.get(domain.subject, {}).get(year, ["no table is configured"])
            wrong.append(f"{year}: no figures of {name} (looked for {', '.join(wanted)})")
    if wrong:
        raise DataError(
            "split.score_years asks for years that cannot be scored; allowed are years with "
            "features and figures. Correct split.score_years, or the tables:",
            wrong,
        )


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
        fitted = crossval.run(tasks, _cache(settings), settings.compute, done)
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


def info(settings: Settings) -> dict[str, Any]:
    """Return what is in the archive: tables, missing tables, and the panel's quality."""
    looked_at = replace(settings, data=replace(settings.data, offline=True))  # fetch nothing
    archive = open_archive(looked_at)
    here = {name: d for name, d in settings.domains.items() if archive.years(d.subject)}
    facts: dict[str, Any] = {
        "folder": archive.folder,
        "demo": settings.data.source == "demo",
        "found": archive.found,
        "missing": archive.missing(),
        "without_figures": sorted(set(settings.domains) - set(here)),
    }
    if archive.years(KWB) and here:
        panel = store.load_or_build(archive, here, _cache(settings), settings.areas)
        report = quality.report(panel.wijken, here, panel.level)
        facts |= {"panel": panel, "quality": report}
    return facts
