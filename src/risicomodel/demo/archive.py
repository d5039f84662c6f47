"""The made-up country as a folder of CBS tables: which there are, and writing them all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.core import levels, storage
from risicomodel.core.arrays import Floats
from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.demo import buurten, files, places
from risicomodel.demo.files import GEOMETRY, MARK, TABLES
from risicomodel.demo.world import make_world

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.demo.settings import DemoSettings

    Values = dict[str, Floats]


def catalogue(settings: DemoSettings) -> dict[str, dict[int, list[str]]]:
    """Return which file holds which subject and year, in the shape of ``configs/tables``."""
    tables = {
        subject: {year: [name.format(year=year)] for year in settings.years}
        for subject, name in TABLES.items()
    }
    return {**tables, "geo": {settings.last_year: [GEOMETRY]}}


def write_archive(folder: Path, settings: DemoSettings) -> None:
    """Write the whole archive, or nothing.

    Parameters
    ----------
    folder : Path
        Where; an earlier demo there is replaced.
    settings : DemoSettings
        Size, years and seed.

    Raises
    ------
    ConfigError
        If there can be no such country.
    SourceError
        If the folder holds anything else than a demo.
    """
    _check(settings)
    ours = (folder / MARK).is_file() or (folder.is_dir() and not any(folder.iterdir()))
    if folder.exists() and not ours:
        raise SourceError(
            f"{folder} holds files that are not a demo; allowed is a new or empty folder, or an "
            "earlier demo, which is replaced. Name another folder."
        )
    with storage.staged_folder(folder) as staging:
        files.write(staging, make_world(settings))


def _check(settings: DemoSettings) -> None:
    levels.get(settings.level)
    wrong = []
    if not places.LEAST_GEMEENTEN <= settings.gemeenten <= places.MOST_GEMEENTEN:
        allowed = f"{places.LEAST_GEMEENTEN} to {places.MOST_GEMEENTEN}"
        wrong.append(f"gemeenten is {settings.gemeenten}; allowed is {allowed}")
    elif not 1 <= settings.wijken / settings.gemeenten <= places.MOST_WIJKEN:
        most = settings.gemeenten * places.MOST_WIJKEN
        wrong.append(f"wijken is {settings.wijken}; allowed is {settings.gemeenten} to {most}")
    if not settings.years:
        wrong.append(f"last_year {settings.last_year} is before {settings.first_year}")
    if not 1 <= settings.buurten_per_wijk <= buurten.MOST_BUURTEN / 2:
        allowed = f"1 to {buurten.MOST_BUURTEN // 2}"
        wrong.append(f"buurten_per_wijk is {settings.buurten_per_wijk}; allowed is {allowed}")
    if settings.seed < 0:
        wrong.append(f"seed is {settings.seed}; allowed is 0 and up")
    if wrong:
        raise ConfigError("no demo can be made of these settings; correct them:", wrong)
