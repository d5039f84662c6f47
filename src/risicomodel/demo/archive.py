"""The made-up country as a folder of CBS tables: the list of tables, and all of them or none."""

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
    """Return which file holds which subject and year, in the form of ``configs/tables``.

    Parameters
    ----------
    settings : DemoSettings
        The years.

    Returns
    -------
    dict
        By subject and year, the beginning of the file's name, in a list.

    Examples
    --------
    >>> from risicomodel.demo import DemoSettings
    >>> catalogue(DemoSettings(first_year=2019, last_year=2020))["wmo"]
    {2019: ['DEMOWMO2019'], 2020: ['DEMOWMO2020']}
    """
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
        A new or empty folder, or an earlier demo, which is replaced.
    settings : DemoSettings
        Size, years and seed.

    Raises
    ------
    ConfigError
        If no country can have these settings; every violation is listed.
    SourceError
        If the folder holds anything other than a demo.
    """
    _check(settings)
    is_demo = (folder / MARK).is_file() or (folder.is_dir() and not any(folder.iterdir()))
    if folder.exists() and not is_demo:
        raise SourceError(
            f"{folder} holds files that are not a demo; expected a new or empty folder, or an "
            "earlier demo, which is replaced. Name another folder."
        )
    with storage.staged_folder(folder) as staging:
        files.write(staging, make_world(settings))


def _check(settings: DemoSettings) -> None:
    levels.get(settings.level)
    wrong = []
    if not places.LEAST_GEMEENTEN <= settings.gemeenten <= places.MOST_GEMEENTEN:
        expected = f"{places.LEAST_GEMEENTEN} to {places.MOST_GEMEENTEN}"
        wrong.append(f"gemeenten is {settings.gemeenten}; expected {expected}")
    elif not 1 <= settings.wijken / settings.gemeenten <= places.MOST_WIJKEN:
        most = settings.gemeenten * places.MOST_WIJKEN
        wrong.append(f"wijken is {settings.wijken}; expected {settings.gemeenten} to {most}")
    if not settings.years:
        wrong.append(
            f"last_year is {settings.last_year}; expected first_year ({settings.first_year}) or "
            "later"
        )
    if not 1 <= settings.buurten_per_wijk <= buurten.MOST_BUURTEN / 2:
        expected = f"1 to {buurten.MOST_BUURTEN // 2}"
        wrong.append(f"buurten_per_wijk is {settings.buurten_per_wijk}; expected {expected}")
    if settings.seed < 0:
        wrong.append(f"seed is {settings.seed}; expected 0 or higher")
    if wrong:
        raise ConfigError(
            "no demo can be made with these settings; expected what each line says. Correct "
            "data.demo:",
            wrong,
        )
