"""Levels: the areas a run is about, wijken or buurten.

Inside the code the areas go by one set of names, those of wijken, whatever the level: ``wijk_code``
holds the level's code and nothing branches. What is written, and what a person reads, goes by the
level's own names: :meth:`Level.published` is the one place where they are given.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from risicomodel.core.errors import ConfigError, suggest

AREA = "wijk_code"  # of the level's areas, inside the code
NAMES = ("wijk_code", "wijk_name", "wijk_group")
COUNT = "n_wijken"


@dataclass(frozen=True)
class Level:
    """A level of CBS areas.

    Parameters
    ----------
    name, plural : str
        What one is called, and several; the singular starts the columns of what is written.
    prefix, digits : str, int
        A code is the prefix with so many digits: those of the gemeente, then the level's own.
    within : tuple of Level
        Larger areas that one lies in, beside the gemeente: their codes are written too.
    label : str
        Added to the name of the data where models of several levels are kept together.
    """

    name: str
    plural: str
    prefix: str
    digits: int
    within: tuple[Level, ...] = ()
    label: str = ""

    @property
    def key(self) -> str:
        """Column with the level's code in what is written."""
        return f"{self.name}_code"

    @property
    def pattern(self) -> str:
        """Regular expression of a code."""
        return rf"^{self.prefix}\d{{{self.digits}}}$"

    def holds(self, codes: pd.Series) -> pd.Series:
        """Tell which codes are of this level."""
        return codes.str.startswith(self.prefix)

    def of(self, codes: pd.Series) -> pd.Series:
        """Return the codes of this level's areas that smaller ones lie in."""
        return self.prefix + codes.str[2 : 2 + self.digits]

    def column(self, name: str) -> str:
        """Return the level's own name of a column: ``wijk_code`` is ``buurt_code`` of buurten."""
        if name == COUNT:
            return f"n_{self.plural}"
        return name.replace(WIJK.name, self.name, 1) if name in NAMES else name

    def published(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table under the level's own names, with the codes of the areas around."""
        out = table.rename(columns=self.column)
        if AREA in table:
            for place, around in enumerate(self.within, start=1 + list(table).index(AREA)):
                out.insert(place, around.key, around.of(table[AREA]))
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

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name not in LEVELS:
        raise ConfigError(
            f"level is '{name}'{suggest(name, LEVELS)}; allowed are {', '.join(LEVELS)}. Choose "
            "one with 'level=wijk' or 'level=buurt'."
        )
    return LEVELS[name]


def of_code(code: str) -> Level:
    """Return the level that a code is of."""
    return next(level for level in LEVELS.values() if code.startswith(level.prefix))
