"""Rows of tables as templates take them: dictionaries, None where there is no figure."""

from __future__ import annotations

from typing import Any

import pandas as pd


def value(cell: Any) -> Any:
    """Return a cell, None where it is empty.

    Parameters
    ----------
    cell : object
        NaN and None are empty.
    """
    return None if cell is None or cell != cell else cell  # noqa: PLR0124 (NaN)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries by column.

    Parameters
    ----------
    table : DataFrame
        The index is left out.

    Examples
    --------
    >>> records(pd.DataFrame({"wijk": ["a", "b"], "rate": [0.5, None]}))
    [{'wijk': 'a', 'rate': 0.5}, {'wijk': 'b', 'rate': None}]
    """
    return [
        {str(name): value(cell) for name, cell in row.items()} for row in table.to_dict("records")
    ]
