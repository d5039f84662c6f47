"""Size and years of the made-up country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.core import levels
from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    Values = dict[str, Floats]


@dataclass
class DemoSettings:
    """Size, years and seed of the made-up country.

    Parameters
    ----------
    seed : int
        The same seed, sizes and years give the same bytes.
    gemeenten, wijken : int
        Number of each in the first year; half-way two gemeenten merge.
    first_year, last_year : int
        Years of the tables, both included.
    level : {"wijk", "buurt"}
        With ``buurt`` every table has buurten too; the wijken are the same.
    buurten_per_wijk : float
        Approximate mean number of buurten per wijk, when there are buurten.

    Examples
    --------
    >>> settings = DemoSettings(first_year=2016, last_year=2019)
    >>> list(settings.years)
    [2016, 2017, 2018, 2019]
    >>> settings.years[settings.turn]  # from this year some codes mean another area
    2018
    """

    seed: int = 2026
    gemeenten: int = 340
    wijken: int = 3000
    first_year: int = 2015
    last_year: int = 2020
    level: str = levels.WIJK.name
    buurten_per_wijk: float = 4.7

    @property
    def years(self) -> range:
        """The years of the tables."""
        return range(self.first_year, self.last_year + 1)

    @property
    def turn(self) -> int:
        """Position of the year from which some codes mean another area; never the first."""
        return max(1, len(self.years) // 2)
