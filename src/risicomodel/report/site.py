"""A report is a folder: pages, their style and script, and downloads, whole or not there."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel import __version__, storage
from risicomodel.levels import AREA
from risicomodel.report import (
    disclosure,
    downloads,
    gaps,
    housing,
    maps,
    method,
    overview,
    place,
    plain,
    profile,
    register,
    sheet,
    tables,
)
from risicomodel.report.country import Country
from risicomodel.report.words import Words

if TYPE_CHECKING:
    import jinja2

    from risicomodel.report.place import Place
    from risicomodel.report.tables import Tables
    from risicomodel.settings import ReportSettings

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
ASSETS = ("report.css", "report.js")
MARK = "report.json"  # what is in it is a report, and may be replaced by a newer one


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
    shared, labels = _shared(one, found, words), _labels(found)
    drawing = maps.draw(one, found.outlines)
    entry = register.record(one.name, shared["years"], found.about.justification, words)
    note = words.text("site.demo") if found.made_up else shared["source"]
    downloaded = downloads.write(one, words, folder, note)
    pages = {
        "index": overview.view(one, words, drawing) | {"downloads": downloaded},
        "wonen": housing.view(one),
        "uitleg": method.view(found.about),
        "register": {"record": entry},
    }
    for name, view in pages.items():
        _write_page(folder / f"{name}.html", f"{name}.html", shared, view)
    for wijk in plain.records(one.wijken):
        view = sheet.view(one, words, wijk, labels)
        _write_page(folder / f"{wijk[AREA]}.html", "wijk.html", shared, view)
    storage.write_json(folder / "algoritmeregister.json", entry)
    storage.write_json(folder / MARK, _mark(one, found, words))
    for name in ASSETS:
        storage.write_text(folder / name, (HERE / "assets" / name).read_text(encoding="utf-8"))


def _mark(one: Place, found: Tables, words: Words) -> dict[str, Any]:
    """Return what a report's folder says of itself."""
    return {
        "gemeente": one.code,
        "language": words.language,
        "made_up": found.made_up,
        "last_year": found.last_year,
        "version": __version__,
        "run_started": found.record["started"],
    }


def _labels(found: Tables) -> dict[str, dict[str, str]]:
    """Return what features are called, in both languages, and their units."""
    table = found.about.tables["features"]
    told = table[["feature", "label_nl", "label_en", "unit", "family"]].set_index("feature")
    return {row["feature"]: row for row in plain.records(told.reset_index())}


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
        "units": {item.name: "share" for item in profile.SHARES}
        | {item.name: item.unit for item in profile.FACTS},
        "years": f"{int(found.panel['year'].min())}–{found.last_year}",
        "source": words.text("site.source", version=__version__),
        "today": datetime.now(UTC).date().isoformat(),
        "AREA": AREA,
        "colours": {"levels": maps.LEVELS, "gaps": maps.GAPS},
    }


def _write_page(path: Path, template: str, shared: dict[str, Any], view: dict[str, Any]) -> None:
    text = _environment().get_template(template).render(here=path.name, **shared, **view)
    # HTML needs no such end tags, and a large gemeente has a hundred pages of tables
    text = re.sub(r"\s*</(?:td|th|tr|li)>\s*", "\n", text)
    lines = [line.strip() for line in text.splitlines()]
    storage.write_text(path, "\n".join(line for line in lines if line) + "\n")


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
