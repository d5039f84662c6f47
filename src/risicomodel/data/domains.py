"""What is predicted: a domain is declared (figure, population at risk, leaks), not programmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class Domain:
    """A kind of need, as declared in ``configs/domain/<name>.yaml``.

    Parameters
    ----------
    label_nl, label_en : str
        What people call it.
    subject : str
        The group of tables the figure comes from (a key of ``tables``).
    column : list of str
        Names of the column with clients (persons), over the years; the first one present counts.
    totals : list of str
        Titles that mean "total" in the table's breakdown.
    population : dict of str to float
        The population at risk (persons) as a weighted sum of KWB columns.
    per : int
        Reports say "per 100" or "per 1,000" of the population.
    per_nl, per_en : str
        Of whom: "jongeren", "inwoners".
    rounded_to : int
        CBS publishes multiples of this (persons).
    blank_below : int
        CBS leaves cells below this blank (0: it does not).
    leaks : list of str
        KWB columns that are, or are part of, the figure itself: never a feature for this domain.
    """

    label_nl: str
    label_en: str
    subject: str
    column: list[str]
    population: dict[str, float]
    per: int
    per_nl: str
    per_en: str
    totals: list[str] = field(default_factory=list)
    rounded_to: int = 5
    blank_below: int = 0
    leaks: list[str] = field(default_factory=list)


def clients_column(domain: str) -> str:
    """Return the name of the column with a domain's published clients (persons).

    Examples
    --------
    >>> clients_column("wmo"), population_column("wmo"), status_column("wmo")
    ('wmo_clients', 'wmo_population', 'wmo_status')
    """
    return f"{domain}_clients"


def population_column(domain: str) -> str:
    """Return the name of the column with the persons at risk of a domain."""
    return f"{domain}_population"


def status_column(domain: str) -> str:
    """Return the name of the column that says what is known of a domain's figure."""
    return f"{domain}_status"


def half_column(domain: str, half: str) -> str:
    """Return the name of the column with a domain's clients in a half of the year (persons)."""
    return f"{domain}_{half}"


def population_at_risk(domain: Domain, kwb: pd.DataFrame) -> pd.Series:
    """Return the persons at risk per row of a table with KWB columns; NaN where one is missing."""
    parts = [kwb[column] * weight for column, weight in domain.population.items()]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def check(domains: Mapping[str, Domain], columns: set[str], subjects: set[str]) -> None:
    """Raise where a domain names tables or KWB columns that are not declared.

    Raises
    ------
    ConfigError
        Listing every violation of every domain.
    """
    if not domains:
        raise ConfigError(
            "no domain chosen; allowed are the files of configs/domain (jeugd, wmo, bijstand, …). "
            "Choose one or more, for instance 'domain=[jeugd,wmo]'."
        )
    wrong = []
    for name, domain in domains.items():
        if domain.subject not in subjects:
            wrong.append(f"{name}: subject '{domain.subject}' is not in tables")
        unknown = (set(domain.population) | set(domain.leaks)) - columns
        wrong += [f"{name}: '{column}' is not a KWB column" for column in sorted(unknown)]
        if any(weight <= 0 for weight in domain.population.values()):
            wrong.append(f"{name}: population weights must be above 0")
    if wrong:
        raise ConfigError(
            "a domain does not fit the tables; subjects come from configs/tables and columns from "
            "panel/columns.csv. Correct its file in configs/domain:",
            wrong,
        )
