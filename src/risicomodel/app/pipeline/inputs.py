"""What a run begins with: an archive, made or fetched where that is asked for, and its panel."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths, progress, storage
from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.domains import status_column
from risicomodel.data.panel import build, quality, store
from risicomodel.data.panel.extract import KWB
from risicomodel.data.sources.archive import Archive
from risicomodel.runs import contract

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.data.sources.own_table import OwnTable
    from risicomodel.runs import Run


def read(settings: Settings, run: Run) -> tuple[Panel, pd.DataFrame]:
    """Read the sources, build the panel, and write it with a report on its quality."""
    with run.stage("sources"):
        archive = open_archive(settings)
    with run.stage("panel"):
        panel = store.load_or_build(archive, settings.domains, cache(settings), settings.areas)
        panel = _with_own_figures(panel, settings)
        report = quality.report(panel.wijken, settings.domains, panel.level)
    for note in panel.notes:
        run.note(note)
    run.write(contract.PANEL, panel.wijken)
    run.write(contract.GEMEENTEN, panel.gemeenten)
    run.write(contract.OUTLINES, panel.outlines)
    if len(panel.multiple_use):
        run.write(contract.STACKING, panel.multiple_use)
    run.write(contract.QUALITY, report)
    return panel, report


def official_population(settings: Settings, panel: Panel) -> pd.DataFrame | None:
    """Return the official population forecast, where the settings name one."""
    from risicomodel.data.sources import population_forecast
    from risicomodel.results.forecasting import cohorts

    if not settings.forecast.population:
        return None
    counts = [cohorts.INHABITANTS, *cohorts.AGE_GROUPS]
    table, record = population_forecast.read(settings.forecast.population, counts)
    panel.provenance.append(record)
    return table


def cache(settings: Settings) -> storage.Cache:
    """Return where a run keeps what it need not make again; nowhere if so asked."""
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
    from risicomodel import demo

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
    from risicomodel.data.sources.statline import download
    from risicomodel.data.sources.statline.settings import TableRequest

    folder = settings.data.dir or paths.home() / "data" / "cbs"
    folder = Path(folder).expanduser().resolve()
    totals = {d.subject: tuple(d.totals) for d in settings.domains.values() if d.totals}
    subjects = {KWB, *(d.subject for d in settings.domains.values())} & set(catalogue)
    wanted = [
        TableRequest(subject, year, table[0], totals.get(subject, ()))
        for subject in sorted(subjects)
        for year, table in sorted(catalogue[subject].items())
    ]
    with progress.messages("CBS StatLine") as say:
        download.download(
            folder,
            wanted,
            settings.data.cbs,
            offline=settings.data.offline,
            refresh=settings.data.refresh,
            progress=say,
        )
    return Archive(folder, catalogue, source="cbs")


def _with_own_figures(panel: Panel, settings: Settings) -> Panel:
    from risicomodel.data.panel import schema
    from risicomodel.data.sources import own_table

    own: OwnTable = settings.data.own
    if not own.path:
        return panel
    figures, record = own_table.read(own, list(settings.domains), panel.level)
    wijken = own_table.join(panel.wijken, figures, record.file, panel.level)
    schema.check(wijken, settings.domains, panel.level)
    return replace(panel, wijken=wijken, provenance=[*panel.provenance, record])


def check_years(panel: Panel, settings: Settings) -> None:
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
        observed = panel.wijken[panel.wijken[status_column(name)] == "observed"]
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


def info(settings: Settings) -> dict[str, Any]:
    """Return what is in the archive: tables, missing tables, and the panel's quality."""
    looked_at = replace(settings, data=replace(settings.data, offline=True))  # fetch nothing
    archive = open_archive(looked_at)
    level = settings.areas
    there = {name: d for name, d in settings.domains.items() if archive.years(d.subject)}
    here = {name: d for name, d in there.items() if build.held(archive, d.subject, level)}
    facts: dict[str, Any] = {
        "folder": archive.folder,
        "demo": settings.data.source == "demo",
        "found": archive.refs,
        "missing": archive.missing(),
        "without_figures": sorted(set(settings.domains) - set(there)),
        "without_areas": sorted(set(there) - set(here)),
        "level": level,
    }
    if here and build.held(archive, KWB, level):
        panel = store.load_or_build(archive, here, cache(settings), level)
        report = quality.report(panel.wijken, here, panel.level)
        facts |= {"panel": panel, "quality": report}
    return facts
