"""Rows of tables as templates take them: dictionaries, None where there is no figure."""

from __future__ import annotations

from typing import Any

import pandas as pd


def value(found: Any) -> Any:
    """Return a cell, None where it is empty."""
    return None if found is None or found != found else found  # noqa: PLR0124 (NaN)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows."""
    return [
        {str(name): value(cell) for name, cell in row.items()} for row in table.to_dict("records")
    ]
