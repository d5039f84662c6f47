"""The rules that a panel must satisfy; all violations are reported at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import DataError
from risicomodel.core.levels import WIJK
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.data.panel import location, names, published

if TYPE_CHECKING:
    from collections.abc import Iterable

    from risicomodel.core.levels import Level

# With fewer persons at risk a rate above 1 comes from where CBS counts people (an institution's
# address, where its gemeente registers clients); with more it is an error.
LARGE_POPULATION = 1_000
FIRST_YEAR, LAST_YEAR = 2000, 2100


def check(wijken: pd.DataFrame, domains: Iterable[str], level: Level = WIJK) -> None:
    """Raise where the panel breaks a rule.

    Parameters
    ----------
    wijken : DataFrame
        The panel.
    domains : iterable of str
        The domains it has figures of.
    level : Level
        Wijken or buurten.

    Raises
    ------
    DataError
        With one line per broken rule: how many rows, and an example.
    """
    from pandera.errors import SchemaErrors

    areas = level.published(wijken)  # messages use the names that tables have
    try:
        _schema(areas, list(domains), level).validate(areas, lazy=True)
    except SchemaErrors as error:
        raise DataError(
            f"the figures cannot be right; expected one row per {level.name} and year, CBS codes, "
            "counts of 0 or more, percentages of 0–100 and no more clients than people in large "
            f"{level.plural}. Correct the table, or leave it out of 'tables':",
            _violations(areas, error.failure_cases, level),
        ) from None


def _schema(areas: pd.DataFrame, domains: list[str], level: Level) -> Any:
    import pandera.pandas as pa

    key = {
        level.key: pa.Column("str", pa.Check.str_matches(level.pattern)),
        "gm_code": pa.Column("str", pa.Check.str_matches(r"^GM\d{4}$")),
        "year": pa.Column("int64", pa.Check.in_range(FIRST_YEAR, LAST_YEAR)),
    }
    # sums of inhabitants, which are checked themselves: one message is enough
    sums = {location.INHABITANTS, *map(location.nearby_column, location.REACHES)}
    numbers = {
        column.name: pa.Column("float64", _unit_check(column.unit), nullable=True, required=False)
        for column in names.columns().values()
        if column.name in {*areas} - sums and _unit_check(column.unit) is not None
    }
    domain_columns: dict[str, Any] = {}
    for domain in domains:
        count = pa.Column("float64", pa.Check.ge(0), nullable=True)
        status = pa.Column("str", pa.Check.isin(published.STATUSES))
        domain_columns |= {clients_column(domain): count, population_column(domain): count}
        domain_columns |= {status_column(domain): status}
    rules = [_not_above_one(domain) for domain in domains]
    return pa.DataFrameSchema(
        {**key, **numbers, **domain_columns}, checks=rules, unique=[level.key, "year"]
    )


def _unit_check(unit: str) -> Any:
    import pandera.pandas as pa

    if unit == "percent":
        return pa.Check.in_range(0, 100)
    if unit in {"count", "ha", "km", "per km2", "kWh", "m3", "per household"}:
        return pa.Check.ge(0)
    return None


def _not_above_one(domain: str) -> Any:
    import pandera.pandas as pa

    def rule(table: pd.DataFrame) -> pd.Series:
        large = table[population_column(domain)] >= LARGE_POPULATION
        return ~(large & (table[clients_column(domain)] > table[population_column(domain)]))

    return pa.Check(rule, name=f"{domain}: more clients than people", ignore_na=False)


def _violations(areas: pd.DataFrame, cases: pd.DataFrame, level: Level) -> list[str]:

    out = []
    # a rule about rows gives one message, not one for every column of the row
    about_rows = cases["schema_context"] == "DataFrameSchema"
    cases = cases.assign(
        column=cases["column"].astype("str").mask(about_rows | cases["column"].isna(), "")
    )
    for (column, rule), part in cases.groupby(["column", "check"], sort=True):
        rows = pd.to_numeric(part["index"], errors="coerce").dropna().astype(int).unique()
        where = ""
        if len(rows):
            first = areas.loc[rows[0]]
            where = f": {len(rows)} rows, for example {first[level.key]} in {first['year']}"
            if column in areas:
                where += f" ({first[column]})"
        out.append(f"{_in_words(str(column), str(rule), part, level)}{where}")
    return out


def _in_words(column: str, rule: str, cases: pd.DataFrame, level: Level) -> str:
    """Return a broken rule in words; two rules of pandera have names that few understand."""
    if rule == "multiple_fields_uniqueness":
        return f"the same {level.key} and year more than once"
    if rule == "column_in_dataframe":
        return f"missing columns: {', '.join(cases['failure_case'].astype('str'))}"
    return f"{column} breaks {rule}" if column else rule
