"""The published figures of a domain per wijk and gemeente, and the status of every cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.panel import names
from risicomodel.data.sources import formats, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.data.domains import Domain, GemeenteTable

OBSERVED = "observed"
SUPPRESSED = "suppressed"  # the wijk is listed and its gemeente has figures; this one is blank
NOT_DELIVERED = "not_delivered"  # the gemeente is listed without any figure
NOT_MEASURED = "not_measured"  # no table for this year
ABSENT = "absent"  # a table for this year, without this wijk
STATUSES = (OBSERVED, SUPPRESSED, NOT_DELIVERED, NOT_MEASURED, ABSENT)


@dataclass(frozen=True)
class Figures:
    """One domain's figures of one year.

    Parameters
    ----------
    clients : Series
        Persons by area code (of every level), NaN where blank.
    blank_names : frozenset of str
        Titles of areas that CBS lists without code or figure: gemeenten that did not deliver.
    """

    clients: pd.Series
    blank_names: frozenset[str]


def read(rows: pd.DataFrame, domain: Domain | GemeenteTable, *, name: str, where: str) -> Figures:
    """Return a domain's figures from the area rows of a table.

    Parameters
    ----------
    rows : DataFrame
        As :func:`risicomodel.data.sources.layout.area_rows` gives them.
    domain : Domain or GemeenteTable
        With the names that its column of clients has had.
    name : str
        The domain's name.
    where : str
        The file, for messages.

    Returns
    -------
    Figures

    Raises
    ------
    SourceError
        If none of the domain's column names is in the table.
    DataError
        If a count is negative.
    """
    column = _column(rows, domain, name, where)
    clients = formats.to_number(rows[column], where=f"{where}, column '{column}'")
    coded = rows["code"] != ""
    values = clients[coded].set_axis(rows.loc[coded, "code"])
    negative = values[values < 0]
    if len(negative):
        examples = [f"{code}: {value:g}" for code, value in negative.head(3).items()]
        raise DataError(
            f"{where}: {len(negative)} counts of {name} are negative, for example "
            f"{', '.join(examples)}; expected 0 or more, or an empty cell. Correct the file."
        )
    return Figures(values, frozenset(_gemeente_names(rows.loc[~coded, "name"])))


def _column(rows: pd.DataFrame, domain: Domain | GemeenteTable, name: str, where: str) -> str:
    for alias in (alias for column in domain.column for alias in _aliases(column)):
        if alias in rows.columns:
            return alias
    topics = [c for c in rows.columns if c not in layout.REGION_COLUMNS]
    raise SourceError(
        f"{where}: no column with {name} clients; found "
        f"{', '.join(repr(c) for c in topics[:5])}, expected "
        f"{', '.join(repr(c) for c in domain.column)}. Add the column's name to 'column' in "
        f"configs/domain/{name}.yaml, or get the right table."
    )


def _aliases(column: str) -> Sequence[str]:
    declared = names.columns().get(column)
    return declared.aliases if declared else [layout.stem(column)]


def _gemeente_names(titles: pd.Series) -> list[str]:
    return [plain_gemeente(title) for title in titles]


def plain_gemeente(title: str) -> str:
    """Return the name that StatLine and KWB agree on.

    Parameters
    ----------
    title : str
        A gemeente's title in either.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_gemeente("Utrecht (gemeente)")
    'utrecht'
    """
    return title.split(" (", maxsplit=1)[0].strip().lower()


def status(figures: Figures | None, areas: pd.DataFrame) -> pd.Series:
    """Return the status of a domain's cell for every wijk of one year.

    Parameters
    ----------
    figures : Figures or None
        None where there is no table for the year.
    areas : DataFrame
        ``wijk_code``, ``gm_code``, ``gm_name`` of the year's wijken.

    Returns
    -------
    Series of str
        One of :data:`STATUSES`, on the index of ``areas``.
    """
    if figures is None:
        return pd.Series(NOT_MEASURED, index=areas.index, dtype="str")
    clients = figures.clients
    gm_of = "GM" + clients.index.str[2:6]
    any_figure = clients.notna().groupby(gm_of).any()
    listed = areas["wijk_code"].isin(clients.index)
    gm_listed = areas["gm_code"].isin(clients.index)
    delivered = areas["gm_code"].map(any_figure).fillna(value=False).astype(bool)
    blank = areas["gm_name"].map(plain_gemeente).isin(figures.blank_names)
    out = pd.Series(ABSENT, index=areas.index, dtype="str")
    out[~delivered & (listed | gm_listed | blank)] = NOT_DELIVERED
    out[listed & delivered] = SUPPRESSED
    out[areas["wijk_code"].map(clients).notna()] = OBSERVED
    return out
