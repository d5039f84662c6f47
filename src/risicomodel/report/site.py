"""A report is a folder: pages, their style and script, and downloads, whole or not there."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel import __version__, storage
from risicomodel.levels import AREA
from risicomodel.report import disclosure, gaps, maps, overview, place, tables
from risicomodel.report.country import Country
from risicomodel.report.words import Words

if TYPE_CHECKING:
    import jinja2

    from risicomodel.report.place import Place
    from risicomodel.report.settings import ReportSettings
    from risicomodel.report.tables import Tables

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
ASSETS = ("report.css", "report.js")


def write(run: Path, folder: Path, settings: ReportSettings) -> list[Path]:
    """Make the report of a gemeente, or of all of them, from a run's tables.

    Parameters
    ----------
    run : Path
        A finished run.
    folder : Path
        Where the report goes; with ``gemeente=all`` a folder in it for each.
    settings : ReportSettings
        Of which gemeente, in which language.

    Returns
    -------
    list of Path
        The first page of every report made.
    """
    found = tables.read(run)
    country = of_country(found)
    places = place.find(country, settings.gemeente)
    words = Words(settings.language, found.domains)
    pages = []
    for one in places:
        target = folder / one.code if len(places) > 1 else folder
        with storage.staged_folder(target) as staging:
            _write_place(one, found, words, staging)
        pages.append(target / "index.html")
    return pages


def of_country(found: Tables) -> Country:
    """Return everything that may be shown of a run, with the gaps worked out from that."""
    shown = disclosure.disclose(found)
    rounded = {name: domain.rounded_to for name, domain in found.domains.items()}
    return Country(replace(shown, figures=gaps.add(shown.figures, rounded)), found.domains)


def _write_place(one: Place, found: Tables, words: Words, folder: Path) -> None:
    drawing = maps.draw(one, found.outlines)
    shared = _shared(one, found, words)
    storage.write_text(
        folder / "index.html", _page("index.html", shared, overview.view(one, words, drawing))
    )
    for name in ASSETS:
        storage.write_text(folder / name, (HERE / "assets" / name).read_text(encoding="utf-8"))


def _shared(one: Place, found: Tables, words: Words) -> dict[str, Any]:
    """Return what every page knows."""
    return {
        "place": one,
        "wijken": one.wijken[[AREA, "wijk_name"]].to_dict("records"),
        "words": words,
        "t": words.text,
        "made_up": found.made_up,
        "last_year": found.last_year,
        "version": __version__,
        "today": datetime.now(UTC).date().isoformat(),
        "AREA": AREA,
        "colours": {"levels": maps.LEVELS, "gaps": maps.GAPS},
    }


def _page(template: str, shared: dict[str, Any], view: dict[str, Any]) -> str:
    here = shared.get("file", template)
    return _environment().get_template(template).render(**{"here": here, **shared, **view})


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
