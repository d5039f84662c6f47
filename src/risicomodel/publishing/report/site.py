"""A report is a folder: pages, their style and script, and downloads, whole or not there."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel import __version__
from risicomodel.core import progress, storage
from risicomodel.core.levels import AREA
from risicomodel.publishing import disclosure
from risicomodel.publishing.presentation import maps, rendering
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import (
    downloads,
    gemeenten,
    housing,
    importance_page,
    method,
    overview,
    pages,
    records,
    register,
    reviewed,
    statements,
    wijk_page,
)
from risicomodel.publishing.report.country import Country
from risicomodel.publishing.report.gemeente import ALL, find

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from risicomodel.publishing.disclosure import About, Shown
    from risicomodel.publishing.report.drivers import Labels
    from risicomodel.publishing.report.gemeente import Gemeente
    from risicomodel.publishing.report.settings import ReportSettings

log = logging.getLogger(__name__)

MARK = "report.json"  # a folder that has it is a report, and may be replaced by a newer one
INDEX = "index.html"


@dataclass(frozen=True)
class Context:
    """What the reports of all gemeenten of a run share, computed once.

    Parameters
    ----------
    country : Country
        Everything that may be shown of the run.
    words : Words
        Language of the pages.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en``, ``unit`` and ``family``.
    shared : dict
        Values that every page has.
    mark : dict
        What a report records of itself, but for its gemeente.
    same : dict of str to (str, str)
        Title and text of pages that are the same for all gemeenten, by file name.
    """

    country: Country
    words: Words
    labels: Labels
    shared: dict[str, Any]
    mark: dict[str, Any]
    same: Mapping[str, tuple[str, str]]

    @property
    def about(self) -> About:
        """The run and its models as a whole."""
        return self.country.shown.about


def write(run: Path, folder: Path, settings: ReportSettings) -> list[Path]:
    """Make the report of a gemeente, or of all of them, from what may be shown of a run.

    Parameters
    ----------
    run : Path
        A finished run.
    folder : Path
        Where the report goes; with ``gemeente=all`` a folder in it for each, and an index.
    settings : ReportSettings
        Which gemeente, in which language.

    Returns
    -------
    list of Path
        The first page of every report made; with ``gemeente=all`` the index before them.
    """
    context = prepare(run, settings.language)
    chosen = find(context.country, settings.gemeente)
    if settings.gemeente == ALL:
        with storage.alone(folder):  # a second one waits, and finds the reports made
            return _write_all(chosen, context, folder)
    with storage.staged_folder(folder) as staging:
        _write_one(chosen[0], context, staging)
    return [folder / INDEX]


def prepare(run: Path, language: str) -> Context:
    """Read a run through the disclosure gate, and make what is the same for all gemeenten.

    Parameters
    ----------
    run : Path
        A finished run.
    language : {"nl", "en"}
        Of the pages.
    """
    country = Country(disclosure.disclose(run))
    about = country.shown.about
    words, labels = Words(language, about.domains), _labels(about)
    shared = pages.shared(about, words)
    views = {
        "wat-telt-mee": ("importance", importance_page.view(country.shown, labels, words)),
        "uitleg": ("method", method.view(country.shown, words)),
        "gegevens": ("data", method.data(about, words)),
    }
    same = {
        f"{name}.html": (
            words.text(f"{key}.title"),
            rendering.part(f"{key}.html", **shared, **view),
        )
        for name, (key, view) in views.items()
    }
    mark = _mark(about, language) | {"reviews": _said(country.shown)}
    return Context(country, words, labels, shared, mark, same)


def _write_all(chosen: list[Gemeente], context: Context, folder: Path) -> list[Path]:
    """Write the reports that are not there yet, and the index when all of them are."""
    _begin(folder, context.mark)
    todo = [gemeente for gemeente in chosen if not _is_there(gemeente, context, folder)]
    if len(todo) < len(chosen):
        log.info("going on: %d of %d reports are there.", len(chosen) - len(todo), len(chosen))
    with progress.steps("reports", len(todo)) as done:
        for gemeente in todo:
            with storage.staged_folder(folder / gemeente.code) as staging:
                _write_one(gemeente, context, staging)
            done(1)
    rendering.write_assets(folder, context.words)
    view = gemeenten.view(chosen)
    said = reviewed.of_all(context.country.shown, context.words)
    rendering.write(folder / INDEX, "gemeenten.html", **context.shared, reviewed=said, **view)
    return [folder / name / INDEX for name in ("", *(gemeente.code for gemeente in chosen))]


def _begin(folder: Path, mark: dict[str, Any]) -> None:
    """Go on in a folder with such reports, else start over; there is no index until the end."""
    mark = {"gemeente": ALL, **mark}
    if _read_mark(folder) != mark:
        with storage.staged_folder(folder) as staging:
            storage.write_json(staging / MARK, mark)
    (folder / INDEX).unlink(missing_ok=True)
    for left in folder.glob(".GM*.partial"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)


def _is_there(gemeente: Gemeente, context: Context, folder: Path) -> bool:
    mark = {"gemeente": gemeente.code, **context.mark}
    return bool(_read_mark(folder / gemeente.code) == mark)


def _read_mark(folder: Path) -> Any:
    try:
        return json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_one(gemeente: Gemeente, context: Context, folder: Path) -> None:
    about, words = context.about, context.words
    wijken = gemeente.wijken[[AREA, "wijk_name"]].to_dict("records")
    shared = {**context.shared, "gemeente": gemeente, "wijken": wijken}
    shared["reviewed"] = reviewed.sentence(gemeente, words)
    drawing = maps.draw(gemeente.outlines)
    entry = register.record(gemeente.name, about, gemeente.own_figures, words)
    demo = statements.any_of(words, ["site.demo"], {"made_up": about.made_up})
    note = demo[0] if demo else shared["source"]
    downloaded = downloads.write(gemeente, words, folder, note)
    views = {
        "index": overview.view(gemeente, words, drawing) | {"downloads": downloaded},
        "wonen": housing.view(gemeente),
        "register": {"record": entry},
    }
    for name, view in views.items():
        rendering.write(folder / f"{name}.html", f"{name}.html", **shared, **view)
    for name, (title, text) in context.same.items():
        rendering.write(folder / name, "country.html", **shared, title=title, text=text)
    for wijk in records.records(gemeente.wijken):
        view = wijk_page.view(gemeente, words, wijk, context.labels)
        rendering.write(folder / f"{wijk[AREA]}.html", "wijk.html", **{**shared, **view})
    storage.write_json(folder / "algoritmeregister.json", entry)
    storage.write_json(folder / MARK, {"gemeente": gemeente.code, **context.mark})
    rendering.write_assets(folder, words)


def _mark(about: About, language: str) -> dict[str, Any]:
    """Return what a report's folder records of itself: of which run, made by what code."""
    return {
        "language": language,
        "made_up": about.made_up,
        "last_year": about.last_year,
        "version": __version__,
        "made_by": rendering.made_by(),
        "run_started": about.started,
        "run": about.record_hash,
    }


def _said(shown: Shown) -> str:
    """Return a hash of what people said of the run: a report without it is an older one."""
    frames = (shown.reviews, shown.review_estimates, shown.review_causes, shown.review_actions)
    return storage.sha256_json([storage.sha256_frame(frame) for frame in frames])


def _labels(about: About) -> Labels:
    """Return what features are called, in both languages, with their units and families."""
    columns = ["feature", "label_nl", "label_en", "unit", "family"]
    rows = records.records(about.tables.features[columns])
    return {row["feature"]: row for row in rows}
