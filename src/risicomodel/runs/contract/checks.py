"""Check a table against its declaration, and report everything that is wrong at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import infer_dtype

from risicomodel.core.errors import ContractError, suggest
from risicomodel.runs.contract.declarations import BYTES, LABEL, TEXT

if TYPE_CHECKING:
    from risicomodel.runs.contract.declarations import Column, Table


def check(table: Table, rows: pd.DataFrame) -> None:
    """Raise where a table is not as declared; types of a table without rows are not looked at.

    Parameters
    ----------
    table : Table
        What is declared, at the level that the rows are of.
    rows : DataFrame
        The table as it is to be written.

    Raises
    ------
    ContractError
        Listing every violation: columns that are missing or not declared, other types, a key
        that is empty or not of one row only.
    """
    columns = table.columns_of(rows.columns)
    wrong = [*_without_column(table, rows, columns), *_of_values(table, rows, columns)]
    if wrong:
        raise ContractError(
            f"{table.file} does not keep its contract; expected what docs/reference/tables.md says "
            "of it. Correct what makes the table, or its declaration in runs/contract:",
            wrong,
        )


def _without_column(table: Table, rows: pd.DataFrame, columns: dict[str, Column]) -> list[str]:
    """Return a line per column that is missing, not declared, or there twice."""
    wrong = [
        f"no column '{column.name}'; expected {_kind(column)}"
        for column in table.lacking(rows.columns)
    ]
    wrong += [
        f"column '{name}' is not declared{suggest(str(name), [c.name for c in table.columns])}"
        for name in rows.columns
        if name not in columns
    ]
    twice = rows.columns[rows.columns.duplicated()]
    return [*wrong, *(f"column '{name}' is there more than once" for name in twice)]


def _of_values(table: Table, rows: pd.DataFrame, columns: dict[str, Column]) -> list[str]:
    """Return a line per column of another type, and per way in which keys are no keys."""
    from pandera.errors import SchemaErrors

    if rows.empty or rows.columns.duplicated().any():
        return []
    try:
        # in place: it changes nothing, and the largest tables have no room for a copy
        _schema(table, rows, columns).validate(rows, lazy=True, inplace=True)
    except SchemaErrors as error:
        return _violations(table, rows, columns, error.failure_cases)
    return []


def _schema(table: Table, rows: pd.DataFrame, columns: dict[str, Column]) -> Any:
    import pandera.pandas as pa

    key = [name for name in table.key if name in columns]
    return pa.DataFrameSchema(
        {
            name: pa.Column(_dtype(table, column, rows[name]), nullable=name not in key)
            for name, column in columns.items()
        },
        unique=key if key and len(key) == len(table.key) else None,
    )


def _dtype(table: Table, column: Column, values: pd.Series) -> str:
    """Return the type to expect, which for text is any that is read back as text."""
    if column.dtype != TEXT:
        return column.dtype
    labels = values.dtype == LABEL and table.file.endswith(".csv")
    objects = values.dtype == BYTES and infer_dtype(values) == "string"
    return str(values.dtype) if labels or objects else TEXT


def _violations(
    table: Table, rows: pd.DataFrame, columns: dict[str, Column], cases: pd.DataFrame
) -> list[str]:
    """Return pandera's findings in words."""
    out = []
    for name, column in columns.items():
        rules = cases.loc[cases["column"] == name]
        if rules["check"].str.startswith("dtype").any():
            out.append(f"column '{name}' is {rows[name].dtype}; expected {_kind(column)}")
        if empty := int(rules["check"].eq("not_nullable").sum()):
            out.append(f"'{name}' is of the key, and empty in {empty} rows")
    if cases["check"].eq("multiple_fields_uniqueness").any():
        key = list(table.key)
        again = rows.loc[rows.duplicated(key), key]
        first = ", ".join(map(str, again.iloc[0]))
        out.append(
            f"{len(again)} rows have the key ({', '.join(key)}) of an earlier one, for example "
            f"{first}"
        )
    return out


def _kind(column: Column) -> str:
    return f"{column.dtype}, {column.unit}" if column.unit else column.dtype
