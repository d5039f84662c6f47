"""Levels: whether the areas of a run are wijken or buurten.

The code calls every area by the names of wijken, whatever the level: ``wijk_code`` holds the code
of a buurt too, so nothing branches. Written tables use the level's own names, which
:meth:`Level.published` alone gives them.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from risicomodel.core.errors import ConfigError, suggest

AREA = "wijk_code"  # code of an area, whatever the level
COUNTRY_CODE = "NL00"
NAMES = ("wijk_code", "wijk_name", "wijk_group")
COUNT = "n_wijken"


@dataclass(frozen=True)
class Level:
    """A level of CBS areas.

    Parameters
    ----------
    name, plural : str
        The word for one area and for several; written columns start with the singular.
    prefix : str
        The two letters that a code starts with.
    digits : int
        How many digits follow: four of the gemeente, then the level's own.
    within : tuple of Level
        Larger areas that an area lies in, besides the gemeente; their codes are written too.
    label : str
        Suffix of the data's name where models of several levels are kept together.

    Examples
    --------
    >>> BUURT.column("wijk_code"), BUURT.column("n_wijken"), BUURT.column("rate")
    ('buurt_code', 'n_buurten', 'rate')
    """

    name: str
    plural: str
    prefix: str
    digits: int
    within: tuple[Level, ...] = ()
    label: str = ""

    @property
    def key(self) -> str:
        """Column with the level's code in written tables."""
        return f"{self.name}_code"

    @property
    def pattern(self) -> str:
        """Regular expression that a whole code matches."""
        return rf"^{self.prefix}\d{{{self.digits}}}$"

    def holds(self, codes: pd.Series) -> pd.Series:
        """Return which codes are of this level.

        Parameters
        ----------
        codes : Series of str
            CBS codes of areas of any level.

        Returns
        -------
        Series of bool
        """
        return codes.str.startswith(self.prefix)

    def of(self, codes: pd.Series) -> pd.Series:
        """Return the code of the area of this level that each area lies in.

        Parameters
        ----------
        codes : Series of str
            CBS codes of areas of a smaller level.

        Returns
        -------
        Series of str
        """
        return self.prefix + codes.str[2 : 2 + self.digits]

    def column(self, name: str) -> str:
        """Return the level's own name of a column.

        Parameters
        ----------
        name : str
            A column as the code names it.

        Returns
        -------
        str
            ``buurt_code`` for ``wijk_code`` at the level of buurten; most names stay as they are.
        """
        if name == COUNT:
            return f"n_{self.plural}"
        return name.replace(WIJK.name, self.name, 1) if name in NAMES else name

    def published(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table as it is written.

        Parameters
        ----------
        table : DataFrame
            A row per area, with the columns as the code names them.

        Returns
        -------
        DataFrame
            The same rows under the level's own names, each followed by the codes of the larger
            areas it lies in.
        """
        out = table.rename(columns=self.column)
        if AREA in table:
            for position, larger in enumerate(self.within, start=1 + list(table).index(AREA)):
                out.insert(position, larger.key, larger.of(table[AREA]))
        return out

    def inside(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a published table under the names that areas have inside the code."""
        around = [other.key for other in self.within] if self.key in table else []
        back = {self.column(name): name for name in (*NAMES, COUNT)}
        return table.drop(columns=around).rename(columns=back)


WIJK = Level("wijk", "wijken", "WK", 6)
BUURT = Level("buurt", "buurten", "BU", 8, within=(WIJK,), label="-buurt")
LEVELS = {level.name: level for level in (WIJK, BUURT)}


def get(name: str) -> Level:
    """Return a level by its name.

    Parameters
    ----------
    name : str
        ``wijk`` or ``buurt``.

    Returns
    -------
    Level

    Raises
    ------
    ConfigError
        If there is no level of that name.
    """
    if name not in LEVELS:
        raise ConfigError(
            f"level is '{name}'{suggest(name, LEVELS)}; expected {' or '.join(LEVELS)}. Choose "
            "one with 'level=wijk' or 'level=buurt'."
        )
    return LEVELS[name]


def of_code(code: str) -> Level:
    """Return the level that an area's code belongs to.

    Parameters
    ----------
    code : str
        A CBS code.

    Returns
    -------
    Level

    Examples
    --------
    >>> of_code("WK036301").plural, of_code("BU03630001").plural
    ('wijken', 'buurten')
    """
    return next(level for level in LEVELS.values() if code.startswith(level.prefix))
