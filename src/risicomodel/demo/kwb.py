"""The made-up country's Kerncijfers wijken en buurten, as OData's ``TypedDataSet`` gives them.

Totals of gemeenten and country come from unrounded figures. Then all figures are rounded, and
columns that CBS fills in later, or not for so few people, are left blank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints, Objects, Texts
from risicomodel.demo.kwb_columns import KWB, NEVER, Group
from risicomodel.demo.places import FIRST_GEMEENTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from risicomodel.demo.world import World


NEW_EDITIONS = 2
CAPITALS = ("a", "bf", "gi", "hj", "kl", "mn", "ru")  # letters of branches of business
KEYS = {
    f"personen_per_soort_uitkering_{kind.lower()}": f"PersonenPerSoortUitkering{kind}"
    for kind in ("AO", "WW", "AOW")
}


@dataclass(frozen=True)
class KwbRows:
    """The country, gemeenten, wijken and perhaps buurten of one year, in CBS's order.

    Parameters
    ----------
    codes, names, gm_names, kinds : array of str of shape (rows,)
        Code and name of the area, name of its gemeente, and its kind: Land, Gemeente, Wijk, Buurt.
    change : array of str of shape (rows,)
        CBS's flag of changed borders.
    gm : array of int of shape (rows,)
        Position of the gemeente; the country has that of the first.
    """

    codes: Texts
    names: Texts
    gm_names: Texts
    kinds: Texts
    change: Texts
    gm: Ints
    _at: Ints
    _order: Ints

    def totals(self, figures: Floats) -> Floats:
        """Return a figure of every row: wijken and buurten, and sums for gemeenten and country.

        Parameters
        ----------
        figures : array of shape (wijken + buurten,)
            Counts, unrounded.

        Returns
        -------
        array of shape (rows,)
        """
        wijken = figures[: len(self._at)]
        sums = np.bincount(self._at, weights=wijken)
        return np.concatenate([[wijken.sum()], sums, figures])[self._order]

    def means(self, figures: Floats, weight: Floats) -> Floats:
        """Return a figure of every row: wijken and buurten, and means for gemeenten and country.

        Parameters
        ----------
        figures, weight : array of shape (wijken + buurten,)
            Averages, and the weight of each in the mean.

        Returns
        -------
        array of shape (rows,)
        """
        return self.totals(figures * weight) / np.maximum(self.totals(weight), 1e-9)


def rows_of(world: World, position: int) -> KwbRows:
    """Return the areas of one year.

    Parameters
    ----------
    world : World
        The country.
    position : int
        Position of the year among the years of the settings.

    Returns
    -------
    KwbRows
    """
    area = world.areas[position]
    gemeenten, at = np.unique(area.gm, return_inverse=True)
    gm_names = np.array([f"Demostad {number + 1:03d}" for number in gemeenten])
    gm_codes = [f"GM{FIRST_GEMEENTE + number:04d}" for number in gemeenten]
    area_codes, area_names, place = area.codes, area.names, np.arange(len(at))
    if world.buurten is not None:
        place = np.append(place, world.buurten.wijk)
        area_codes = np.append(area_codes, world.buurten.codes(area))
        area_names = np.append(area_names, world.buurten.names(area))
    codes = np.concatenate([["NL00"], gm_codes, area_codes])
    order = np.argsort([code[2:] for code in codes], kind="stable")
    sizes = [1, len(gemeenten), len(at), len(place) - len(at)]
    kinds = np.repeat(["Land", "Gemeente", "Wijk", "Buurt"], sizes)
    return KwbRows(
        codes=codes[order],
        names=np.concatenate([["Nederland"], gm_names, area_names])[order],
        gm_names=np.concatenate([["Nederland"], gm_names, gm_names[at[place]]])[order],
        kinds=kinds[order],
        change=np.concatenate([["."], np.full(len(gemeenten), "."), area.change[place]])[order],
        gm=np.concatenate([gemeenten[:1], gemeenten, area.gm[place]])[order],
        _at=at,
        _order=order,
    )


def padded(text: Texts, width: int) -> Texts:
    """Return text padded with spaces, as CBS gives codes and names.

    Parameters
    ----------
    text : array of str
        Codes or names.
    width : int
        Number of characters.

    Returns
    -------
    array of str
    """
    return np.char.ljust(text, width)


def numbered(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return columns whose keys end in their position, as OData's do.

    Parameters
    ----------
    columns : iterable of (str, values)
        Keys and values, in order.

    Returns
    -------
    dict

    Examples
    --------
    >>> list(numbered([("Codering", []), ("AantalInwoners", [])]))
    ['Codering_1', 'AantalInwoners_2']
    """
    return {f"{key}_{place}": values for place, (key, values) in enumerate(columns, start=1)}


def kwb_table(world: World, rows: KwbRows, position: int) -> pd.DataFrame:
    """Return the KWB table of one year; keys shift as columns come and go over the years.

    Parameters
    ----------
    world : World
        The country.
    rows : KwbRows
        The areas of that year.
    position : int
        Position of the year among the years of the settings.

    Returns
    -------
    DataFrame
        As OData's ``TypedDataSet``: a row per area, keys that end in their position.
    """
    columns: list[tuple[str, Any]] = [
        ("Gemeentenaam", padded(rows.gm_names, 40)),
        ("SoortRegio", padded(rows.kinds, 10)),
        ("Codering", padded(rows.codes, 10)),
        ("IndelingswijzigingWijkenEnBuurten", rows.change),
    ]
    for group in KWB:
        columns += _topics(world, rows, position, group)
    head = {
        "ID": np.arange(len(rows.codes), dtype=np.int32),
        "WijkenEnBuurten": padded(rows.codes, 10),
    }
    return pd.DataFrame({**head, **numbered(columns)})


def _topics(
    world: World, rows: KwbRows, position: int, group: Group
) -> Iterator[tuple[str, Objects]]:
    """Yield a group's keys and figures, blank where they are not published yet."""
    years_left = len(world.areas) - 1 - position
    if group.lag == NEVER and years_left >= NEW_EDITIONS:
        return
    for name in group.columns.split():
        figures = np.full(len(rows.codes), np.nan)
        if years_left >= group.lag:
            figures = _published(world, rows, position, group, world.figures(name, position))
        whole = group.step >= 1 and not np.isnan(figures).any()
        yield _key(name, world, position), figures.astype(np.int32) if whole else figures


def _published(world: World, rows: KwbRows, position: int, group: Group, figures: Floats) -> Floats:
    if not group.weight:
        return rounded(rows.totals(figures), group.step)
    weight = world.figures(group.weight, position)
    means = rounded(rows.means(figures, weight), group.step)
    return np.where(rows.totals(weight) >= group.least, means, np.nan)


def rounded(figures: Floats, step: float) -> Floats:
    """Return figures rounded to multiples of a step.

    Parameters
    ----------
    figures : array
        Unrounded.
    step : float
        A whole number, or 1 over a whole number.

    Returns
    -------
    array of the same shape

    Examples
    --------
    >>> rounded(np.array([12.0, 13.0]), 5).tolist()
    [10.0, 15.0]
    >>> rounded(np.array([0.31]), 0.1).tolist()
    [0.3]
    """
    # a tenth is not a float: 3 * 0.1 is 0.30000000000000004, 3 / 10 is 0.3
    steps: Floats = np.rint(figures / step)
    return steps * step if step >= 1 else steps / round(1 / step)


def _key(name: str, world: World, position: int) -> str:
    """Return CBS's key of a column, without its position: CamelCase, changing over the years."""
    if name == "gemiddelde_woningwaarde" and position >= world.settings.turn:
        return "GemiddeldeWOZWaardeVanWoningen"
    if name in KEYS:
        return KEYS[name]
    plain = name.removeprefix("elektriciteit_").removeprefix("gas_")
    first, _, rest = plain.replace("personenautos", "personenauto_s").partition("_")
    camel = "".join(word.capitalize() for word in rest.split("_"))
    head = first.upper() if first in CAPITALS else first.capitalize()
    return (f"{first}_" if first == "k" else head) + camel


def dimension(rows: KwbRows) -> pd.DataFrame:
    """Return the table's region dimension: the names that its keys stand for.

    Parameters
    ----------
    rows : KwbRows
        The areas of one year.

    Returns
    -------
    DataFrame
        ``Key`` and ``Title``.
    """
    return pd.DataFrame({"Key": padded(rows.codes, 10), "Title": rows.names})
