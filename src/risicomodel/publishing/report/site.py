"""A report is a folder: pages, their style and script, and downloads, whole or not there."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from risicomodel import __version__, runs
from risicomodel.core import progress, storage
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import rules
from risicomodel.publishing.presentation import maps, rendering
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import (
    downloads,
    gaps,
    gemeente,
    gemeenten,
    housing,
    importance_page,
    method,
    overview,
    pages,
    records,
    register,
    tables,
    wijk_page,
)
from risicomodel.publishing.report.country import Country

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from risicomodel.publishing.report.drivers import Labels
    from risicomodel.publishing.report.gemeente import Place
    from risicomodel.publishing.report.settings import ReportSettings
    from risicomodel.publishing.report.tables import Tables

log = logging.getLogger(__name__)

MARK = "report.json"  # what is in it is a report, and may be replaced by a newer one
INDEX = "index.html"


@dataclass(frozen=True)
class Making:
    """What reports of a run are made of, worked out once for all gemeenten.

    Parameters
    ----------
    found : Tables
        Of the run.
    country : Country
        What may be shown of it.
    words : Words
        In which language.
    labels : dict
        What features are called.
    shared : dict
        What every page knows.
    mark : dict
        What a report says of itself, but for its gemeente.
    same : dict
        Title and text of pages that are the same for all of them, by file name.
    """

    found: Tables
    country: Country
    words: Words
    labels: Labels
    shared: dict[str, Any]
    mark: dict[str, Any]
    same: Mapping[str, tuple[str, str]]


def write(run: Path, folder: Path, settings: ReportSettings) -> list[Path]:
    """Make the report of a gemeente, or of all of them, from a run's tables.

    Parameters
    ----------
    run : Path
        A finished run.
    folder : Path
        Where the report goes; with ``gemeente=all`` a folder in it for each, and an index.
    settings : ReportSettings
        Of which gemeente, in which language.

    Returns
    -------
    list of Path
        The first page of every report made; with ``gemeente=all`` the index before them.
    """
    making = prepare(run, settings.language)
    places = gemeente.find(making.country, settings.gemeente)
    if settings.gemeente == gemeente.ALL:
        with storage.alone(folder):  # a second one waits, and finds the reports made
            return _write_all(places, making, folder)
    with storage.staged_folder(folder) as staging:
        _write_place(places[0], making, staging)
    return [folder / INDEX]


def prepare(run: Path, language: str) -> Making:
    """Read a run, and work out what is the same for all gemeenten."""
    found = tables.read(run)
    words, country, labels = Words(language, found.domains), of_country(found), _labels(found)
    shared = pages.shared(found, words)
    views = {
        "wat-telt-mee": ("counts", importance_page.view(found, country, labels, words)),
        "uitleg": ("method", method.view(found.about)),
        "gegevens": ("data", method.data(found.about, found.domains)),
    }
    same = {
        f"{name}.html": (
            words.text(f"{key}.title"),
            rendering.part(f"{key}.html", **shared, **view),
        )
        for name, (key, view) in views.items()
    }
    return Making(found, country, words, labels, shared, _mark(run, found, language), same)


def of_country(found: Tables) -> Country:
    """Return everything that may be shown of a run, with the gaps worked out from that."""
    shown = rules.disclose(found)
    rounded = {name: domain.rounded_to for name, domain in found.domains.items()}
    return Country(replace(shown, figures=gaps.add(shown.figures, rounded)), found.domains)


def _write_all(places: list[Place], making: Making, folder: Path) -> list[Path]:
    """Write the reports that are not there yet, and the index when all of them are."""
    _begin(folder, making.mark)
    todo = [one for one in places if not _is_there(one, making, folder)]
    if len(todo) < len(places):
        log.info("going on: %d of %d reports are there.", len(places) - len(todo), len(places))
    with progress.steps("reports", len(todo)) as done:
        for one in todo:
            with storage.staged_folder(folder / one.code) as staging:
                _write_place(one, making, staging)
            done(1)
    rendering.write_assets(folder, making.words)
    view = gemeenten.view(places)
    rendering.write(folder / INDEX, "gemeenten.html", **making.shared, **view)
    return [folder / name / INDEX for name in ("", *(one.code for one in places))]


def _begin(folder: Path, mark: dict[str, Any]) -> None:
    """Go on in a folder with such reports, else start over; there is no index until the end."""
    own = {"gemeente": gemeente.ALL, **mark}
    if _read_mark(folder) != own:
        with storage.staged_folder(folder) as staging:
            storage.write_json(staging / MARK, own)
    (folder / INDEX).unlink(missing_ok=True)
    for left in folder.glob(".GM*.partial"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)


def _is_there(one: Place, making: Making, folder: Path) -> bool:
    return bool(_read_mark(folder / one.code) == {"gemeente": one.code, **making.mark})


def _read_mark(folder: Path) -> Any:
    try:
        return json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_place(one: Place, making: Making, folder: Path) -> None:
    found, words = making.found, making.words
    wijken = one.wijken[[AREA, "wijk_name"]].to_dict("records")
    shared = {**making.shared, "place": one, "wijken": wijken}
    drawing = maps.draw(one, found.outlines)
    entry = register.record(one.name, shared["years"], found.about.justification, words)
    note = words.text("site.demo") if found.made_up else shared["source"]
    downloaded = downloads.write(one, words, folder, note)
    views = {
        "index": overview.view(one, words, drawing) | {"downloads": downloaded},
        "wonen": housing.view(one),
        "register": {"record": entry},
    }
    for name, view in views.items():
        rendering.write(folder / f"{name}.html", f"{name}.html", **shared, **view)
    for name, (title, text) in making.same.items():
        rendering.write(folder / name, "country.html", **shared, title=title, text=text)
    for wijk in records.records(one.wijken):
        view = wijk_page.view(one, words, wijk, making.labels)
        rendering.write(folder / f"{wijk[AREA]}.html", "wijk.html", **shared, **view)
    storage.write_json(folder / "algoritmeregister.json", entry)
    storage.write_json(folder / MARK, {"gemeente": one.code, **making.mark})
    rendering.write_assets(folder, words)


def _mark(run: Path, found: Tables, language: str) -> dict[str, Any]:
    """Return what a report's folder says of itself: of which run, made by what."""
    return {
        "language": language,
        "made_up": found.made_up,
        "last_year": found.last_year,
        "version": __version__,
        "made_by": rendering.made_by(),
        "run_started": found.record["started"],
        "run": storage.sha256_file(run / runs.RECORD),
    }


def _labels(found: Tables) -> Labels:
    """Return what features are called, in both languages, and their units."""
    table = found.about.tables["features"]
    told = table[["feature", "label_nl", "label_en", "unit", "family"]]
    return {row["feature"]: row for row in records.records(told)}
