"""Persons and households with any provision in the social domain, as CBS counts them per wijk.

Name: CBS, stapeling van voorzieningen sociaal domein. CBS counts everyone with one or more
provisions once, over more schemes than this project's domains. The figures are shown beside the
domains, and are neither a feature nor a target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.sources import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.data.sources.several import AnyTable

SUBJECT = "stapeling"
TOTAL = "Totaal"  # over numbers and kinds of provisions
COLUMNS = [AREA, "year", "clients", "households"]
# counts come before rates of the same name
STEMS = {"clients": "clientenmetvoorzieningen#1", "households": "huishoudensmetvoorzieningen#1"}


def counts(table: AnyTable) -> pd.DataFrame | None:
    """Return persons and households with any provision in the year of one table.

    Parameters
    ----------
    table : ParsedTable or UnitedTable
        A table of CBS.

    Returns
    -------
    DataFrame or None
        ``wijk_code``, ``year``, ``clients`` (persons) and ``households``, multiples of 5; NaN where
        the cell is blank. None for a table without both columns.
    """
    rows = table.rows((TOTAL,))
    rows = rows[WIJK.holds(rows["code"])]
    if not {*STEMS.values()} <= {*rows.columns}:
        return None
    where = table.ref.path.name
    numbers = {
        name: formats.to_number(rows[stem], where=f"{where}, column '{stem}'")
        for name, stem in STEMS.items()
    }
    return pd.DataFrame({AREA: rows["code"], "year": table.ref.year, **numbers})


def together(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the counts of all years, without wijken that have a blank cell.

    Parameters
    ----------
    parts : sequence of DataFrame
        What :func:`counts` gives of every year.
    """
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    complete = table.dropna(subset=["clients", "households"])
    return complete.sort_values([AREA, "year"], ignore_index=True)
