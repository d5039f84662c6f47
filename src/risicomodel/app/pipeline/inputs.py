"""What a run begins with: an archive, made or fetched where that is asked for, and its panel."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths, progress, storage
from risicomodel.core.errors import DataError, SourceError
from risicomodel.core.storage import Cache
from risicomodel.data.domains import status_column
from risicomodel.data.panel import build, quality, store
from risicomodel.data.panel.extract import KWB
from risicomodel.data.sources.archive import Archive
from risicomodel.data.sources.several import Archives
from risicomodel.runs import contract

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.app.settings import DataSettings, Settings
    from risicomodel.core.levels import Level
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel
    from risicomodel.data.sources.own_table import OwnTable
    from risicomodel.data.sources.several import AnyArchive
    from risicomodel.runs import Run


@dataclass(frozen=True)
class Sources:
    """Where a run's figures come from, and which of them it takes.

    Parameters
    ----------
    data : DataSettings
        The archive, or how to download or make up one; and a gemeente's own figures.
    tables : dict
        Names of CBS tables by subject and year.
    domains : dict of str to Domain
        Domains whose figures to take.
    level : Level
        Wijken or buurten.
    cache : Cache
        Where panels are kept.
    """

    data: DataSettings
    tables: dict[str, dict[int, list[str]]]
    domains: dict[str, Domain]
    level: Level
    cache: Cache

    @classmethod
    def of(cls, settings: Settings) -> Sources:
        """Take what is about sources from a run's settings."""
        return cls(
            settings.data,
            settings.catalogue(),
            settings.domains,
            settings.areas,
            cache(enabled=settings.cache),
        )


def cache(*, enabled: bool) -> Cache:
    """Return where a run keeps what it need not make again; nowhere if so asked."""
    return Cache(paths.cache_dir() if enabled else None)


def read(sources: Sources, run: Run) -> tuple[Panel, pd.DataFrame]:
    """Read the sources, build the panel, and write it with a report on its quality."""
    with run.stage("sources"):
        archive = open_archive(sources)
    with run.stage("panel"):
        panel = store.load_or_build(archive, sources.domains, sources.cache, sources.level)
        panel = _with_own_figures(panel, sources.data.own, sources.domains)
        report = quality.report(panel.wijken, sources.domains, panel.level)
    for note in panel.notes:
        run.note(note)
    run.write(contract.PANEL, panel.wijken)
    run.write(contract.GEMEENTEN, panel.gemeenten)
    run.write(contract.COUNTRY, panel.country)
    run.write(contract.OUTLINES, panel.outlines)
    if len(panel.multiple_use):
        run.write(contract.STACKING, panel.multiple_use)
    run.write(contract.QUALITY, report)
    return panel, report


def official_population(path: str | None, panel: Panel) -> pd.DataFrame | None:
    """Return the official population forecast in a file; none where no file is named."""
    from risicomodel.data.sources import population_forecast
    from risicomodel.results.forecasting import cohorts

    if not path:
        return None
    table, record = population_forecast.read(path, [cohorts.INHABITANTS, *cohorts.AGE_GROUPS])
    panel.provenance.append(record)
    return table


def open_archive(sources: Sources) -> AnyArchive:
    """Return the archive a run reads; downloaded or made up first, where that is asked for.

    Raises
    ------
    SourceError
        If there is no folder, or it lacks what is needed.
    """
    data = sources.data
    if data.source == "demo":
        return _demo(data)
    if data.source == "cbs":
        return _download(sources)
    folders = list(dict.fromkeys(Path(name).expanduser().resolve() for name in data.folders))
    if not folders:
        raise SourceError(
            "no archive folder is named; expected a folder of CBS tables. Set data.dir=PATH, or "
            f"the environment variable {paths.ARCHIVE_VARIABLE}."
        )
    if len(folders) == 1:
        return Archive(folders[0], sources.tables)
    return Archives(folders, sources.tables, first_wins=data.first_wins)


def _demo(data: DataSettings) -> Archive:
    from risicomodel import demo

    key = storage.sha256_json({**asdict(data.demo), "code": storage.sha256_code()})[:12]
    base = Path(data.folders[0]).expanduser() if data.folders else paths.cache_dir() / "demo"
    folder = base.resolve() / f"demo-{key}"
    if not folder.is_dir():
        with storage.alone(folder):
            if not folder.is_dir():  # another process may have made it meanwhile
                demo.write_archive(folder, data.demo)
    return Archive(folder, demo.catalogue(data.demo), source="demo")


def _download(sources: Sources) -> Archive:
    from risicomodel.data.sources.statline import download
    from risicomodel.data.sources.statline.settings import TableRequest

    data, tables, domains = sources.data, sources.tables, sources.domains.values()
    here = data.folders[0] if data.folders else paths.home() / "data" / "cbs"
    folder = Path(here).expanduser().resolve()
    totals = {domain.subject: tuple(domain.totals) for domain in domains if domain.totals}
    subjects = {KWB, *(domain.subject for domain in domains)} & set(tables)
    requests = [
        TableRequest(subject, year, names[0], totals.get(subject, ()))
        for subject in sorted(subjects)
        for year, names in sorted(tables[subject].items())
    ]
    with progress.messages("CBS StatLine") as say:
        download.download(
            folder, requests, data.cbs, offline=data.offline, refresh=data.refresh, progress=say
        )
    return Archive(folder, tables, source="cbs")


def _with_own_figures(panel: Panel, table: OwnTable, domains: Mapping[str, Domain]) -> Panel:
    from risicomodel.data.panel import schema
    from risicomodel.data.sources import own_table

    if not table.path:
        return panel
    figures, record = own_table.read(table, list(domains), panel.level)
    wijken = own_table.join(panel.wijken, figures, record.file, panel.level)
    schema.check(wijken, domains, panel.level)
    return replace(panel, wijken=wijken, provenance=[*panel.provenance, record])


def check_years(panel: Panel, years: Sequence[int], sources: Sources) -> None:
    """Raise where a year to be scored has no features, or a domain no figures in any of them."""
    of_panel = sorted(int(year) for year in panel.wijken["year"].unique())
    wrong = [
        f"{year}: no year of the panel ({of_panel[0]}–{of_panel[-1]}), so no {panel.level.name} "
        "has features"
        for year in years
        if year not in of_panel
    ]
    for name, domain in sources.domains.items():
        observed = panel.wijken[panel.wijken[status_column(name)] == "observed"]
        for year in sorted(set(years) & set(of_panel) - set(observed["year"])):
            tables = sources.tables.get(domain.subject, {}).get(year, ["no table is configured"])
            wrong.append(f"{year}: no figures of {name} (looked for {', '.join(tables)})")
    if wrong:
        raise DataError(
            "split.score_years asks for years that cannot be scored; expected years with "
            "features and figures. Correct split.score_years, or the tables:",
            wrong,
        )


def info(sources: Sources) -> dict[str, Any]:
    """Return what is in the archive: tables, missing tables, and the panel's quality."""
    # fetch nothing
    archive = open_archive(replace(sources, data=replace(sources.data, offline=True)))
    domains, level = sources.domains, sources.level
    with_figures = {n: domain for n, domain in domains.items() if archive.years(domain.subject)}
    with_areas = {
        n: domain
        for n, domain in with_figures.items()
        if build.held(archive, domain.subject, level)
    }
    facts: dict[str, Any] = {
        "folders": archive.folders(),
        "demo": sources.data.source == "demo",
        "found": archive.placed(),
        "missing": archive.missing(),
        "without_figures": sorted(set(domains) - set(with_figures)),
        "without_areas": sorted(set(with_figures) - set(with_areas)),
        "level": level,
    }
    if with_areas and build.held(archive, KWB, level):
        panel = store.load_or_build(archive, with_areas, sources.cache, level)
        facts |= {"panel": panel, "quality": quality.report(panel.wijken, with_areas, panel.level)}
    return facts
