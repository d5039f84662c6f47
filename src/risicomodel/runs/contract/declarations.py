"""What is declared of a table: its file, its key, and of every column type, unit and meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from risicomodel.core.levels import AREA, WIJK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from risicomodel.core.levels import Level

TEXT, LABEL, WHOLE, MAYBE_WHOLE = "str", "category", "int64", "Int64"
NUMBER, TRUTH, BYTES = "float64", "bool", "object"

PLACEHOLDER = re.compile(r"\{\w+\}")

PLACE_ENDING = "code"  # of every column by which a place is found: wijk_code, gm_code, code, …
OBSERVED = "observed"  # begins the name of every column of published rates
GROUP = "group"  # scores per group: the noise floor of a group of one wijk tells its clients

YEAR, PERSONS, SHARE, CLIENTS_PER_PERSON = "year", "persons", "share 0–1", "clients per person 0–1"


@dataclass(frozen=True)
class Column:
    """One column, or a pattern of columns, of a table.

    Parameters
    ----------
    name : str
        As it is written of wijken. A word in braces stands for as many columns as there are:
        ``{domain}_clients``.
    dtype : str
        Of pandas. In CSV, where there are no types, what it is read as.
    unit : str
        Of what it holds; empty where that has none.
    sentence : str
        What it means, in plain English.
    optional : bool
        Whether a table may do without.

    Examples
    --------
    >>> column = Column("{domain}_clients", NUMBER, PERSONS, "Published clients.")
    >>> column.covers("wmo_clients"), column.covers("wmo_population")
    (True, False)
    """

    name: str
    dtype: str
    unit: str
    sentence: str
    optional: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any number of columns."""
        return PLACEHOLDER.search(self.name) is not None

    def covers(self, name: str) -> bool:
        """Tell whether a column is the one declared here.

        Parameters
        ----------
        name : str
            The column's name in a table.
        """
        if not self.is_pattern:
            return name == self.name
        return re.fullmatch(PLACEHOLDER.sub("[a-z0-9_]+", self.name), name) is not None


@dataclass(frozen=True)
class Table:
    """A table that runs write, as it is promised to whoever reads it.

    Parameters
    ----------
    file : str
        Its name in a run's folder; ``.parquet`` or ``.csv``.
    sentence : str
        What it holds, in plain English.
    key : tuple of str
        The columns that no two rows share, in the order of the rows' names.
    columns : tuple of Column
        In the order in which they are written.
    commands : tuple of str
        The commands that write it: ``run``, ``train``, …

    Examples
    --------
    >>> from risicomodel.core.levels import BUURT
    >>> code = Column("wijk_code", TEXT, "", "Code of the wijk.")
    >>> table = Table("homes.csv", "Homes per wijk.", ("wijk_code",), (code,), ("data",))
    >>> table.name, table.at(BUURT).key, [column.name for column in table.at(BUURT).columns]
    ('homes', ('buurt_code',), ['buurt_code', 'wijk_code'])
    """

    file: str
    sentence: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    commands: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.file.partition(".")[0]

    @property
    def names_places(self) -> bool:
        """Whether its rows are of areas or gemeenten by their code, and not of all together."""
        return any(column.name.endswith(PLACE_ENDING) for column in self.columns)

    @property
    def holds_figures(self) -> bool:
        """Whether a figure of one wijk may be in it: under its code, or of a group of very few."""
        of_few = any(
            column.name.startswith(OBSERVED) or column.name == GROUP for column in self.columns
        )
        return self.names_places or of_few

    def at(self, level: Level) -> Table:
        """Return the table as it is written of a level's areas, under the level's own names.

        Parameters
        ----------
        level : Level
            Wijken or buurten.
        """
        if level == WIJK:
            return self
        columns: list[Column] = []
        for column in self.columns:
            columns.append(replace(column, name=level.column(column.name)))
            if column.name == AREA:
                columns += [
                    Column(around.key, TEXT, "", f"Code of the {around.name} that it lies in.")
                    for around in level.within
                ]
        key = tuple(level.column(name) for name in self.key)
        return replace(self, key=key, columns=tuple(columns))

    def columns_of(self, names: Iterable[str]) -> dict[str, Column]:
        """Return the declared column of every name; names without one are left out.

        Parameters
        ----------
        names : iterable of str
            The columns of a table.
        """
        exact = {column.name: column for column in self.columns if not column.is_pattern}
        patterns = [column for column in self.columns if column.is_pattern]
        out = {}
        for name in names:
            covering = [exact[name]] if name in exact else [c for c in patterns if c.covers(name)]
            if covering:
                out[name] = covering[0]
        return out

    def lacking(self, names: Iterable[str]) -> list[Column]:
        """Return the columns that a table should have, and has not.

        Parameters
        ----------
        names : iterable of str
            The columns it has.
        """
        present = set(self.columns_of(names).values())
        return [c for c in self.columns if not c.optional and c not in present]


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text: keys and commands are declared so.

    Parameters
    ----------
    text : str
        Words with spaces between them.
    """
    return tuple(text.split())
