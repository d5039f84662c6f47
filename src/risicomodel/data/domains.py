"""Domains: what is predicted, declared in configuration (figure, population at risk, leaks)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


# Subjects that end so hold figures of gemeenten, by name: they have no wijken.
OF_GEMEENTEN = "_gemeenten"
# What a figure may count, and the later moment of the year that may be counted too.
PERIODS, NEWEST = ("year", "march"), ("", "december")


@dataclass
class GemeenteTable:
    """Where totals of gemeenten are published beside the tables per wijk.

    Parameters
    ----------
    subject : str
        The group of tables, a key of ``tables`` that ends with ``_gemeenten``.
    column : list of str
        Names that the column with clients (persons) has had.
    totals : list of str
        Titles that mean what the domain counts, in the tables' breakdown.
    coded : bool
        Whether the tables have codes of areas, and not names only.
    period : str
        What the tables call that which the figures per wijk count: the ``year``, or the end of a
        month (``march``).
    newest : str
        A later month of the same year whose end the tables count too; empty if they do not.
    """

    subject: str
    column: list[str]
    totals: list[str] = field(default_factory=list)
    coded: bool = False
    period: str = "year"
    newest: str = ""


@dataclass
class Domain:
    """A kind of need, as declared in ``configs/domain/<name>.yaml``.

    Parameters
    ----------
    label_nl, label_en : str
        Its name in Dutch and in English.
    subject : str
        The group of tables that the figure comes from, a key of ``tables``.
    column : list of str
        Names that the column with clients (persons) has had; the first one present is used.
    totals : list of str
        Titles that mean "total" in the table's breakdown.
    population : dict of str to float
        Weight by KWB column: their weighted sum is the population at risk (persons).
    per : int
        Reports give rates per so many of the population at risk, such as 100 or 1,000.
    per_nl, per_en : str
        What reports call the population at risk in Dutch and in English: "jongeren", "inwoners".
    rounded_to : int
        CBS rounds counts to multiples of this (persons).
    blank_below : int
        CBS leaves counts below this blank (persons); 0 if it leaves none.
    leaks : list of str
        KWB columns that contain the figure or part of it, so never a feature for this domain.
    gemeente_tables : list of GemeenteTable
        Tables of totals of gemeenten, for years and gemeenten that the subject's tables lack; the
        first that has a total counts.
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
    gemeente_tables: list[GemeenteTable] = field(default_factory=list)


def clients_column(domain: str) -> str:
    """Return the name of the column with a domain's published clients (persons).

    Parameters
    ----------
    domain : str
        The domain's name.

    Returns
    -------
    str

    Examples
    --------
    >>> clients_column("wmo"), population_column("wmo"), status_column("wmo")
    ('wmo_clients', 'wmo_population', 'wmo_status')
    """
    return f"{domain}_clients"


def population_column(domain: str) -> str:
    """Return the name of the column with a domain's population at risk (persons).

    Parameters
    ----------
    domain : str
        The domain's name.

    Returns
    -------
    str
    """
    return f"{domain}_population"


def status_column(domain: str) -> str:
    """Return the name of the column that says whether a domain's figure is observed, or why not.

    Parameters
    ----------
    domain : str
        The domain's name.

    Returns
    -------
    str
    """
    return f"{domain}_status"


def own_column(domain: str) -> str:
    """Return the name of the column that says whether a domain's figure is the gemeente's own.

    Parameters
    ----------
    domain : str
        The domain's name.

    Returns
    -------
    str
    """
    return f"{domain}_own"


def half_column(domain: str, half: str) -> str:
    """Return the name of the column with a domain's clients in a half of the year (persons)."""
    return f"{domain}_{half}"


def year_end_column(domain: str) -> str:
    """Return the name of the column with clients at the end of the year (persons).

    Of a domain whose figure is a count at an earlier moment of the year.
    """
    return f"{domain}_year_end"


def population_at_risk(domain: Domain, kwb: pd.DataFrame) -> pd.Series:
    """Return a domain's population at risk.

    Parameters
    ----------
    domain : Domain
        The domain.
    kwb : DataFrame
        KWB columns (persons), a row per area.

    Returns
    -------
    Series of float64
        Persons, per row of ``kwb``; NaN where a column is missing.
    """
    parts = [kwb[column] * weight for column, weight in domain.population.items()]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def check(domains: Mapping[str, Domain], columns: set[str], subjects: set[str]) -> None:
    """Check that domains name tables and KWB columns that exist.

    Parameters
    ----------
    domains : mapping of str to Domain
        The chosen domains, by name.
    columns : set of str
        The KWB columns that there are.
    subjects : set of str
        The groups of tables that there are.

    Raises
    ------
    ConfigError
        Listing every violation of every domain.
    """
    if not domains:
        raise ConfigError(
            "no domain chosen; expected one or more of configs/domain (jeugd, wmo, bijstand, …). "
            "Choose them, for instance with 'domain=[jeugd,wmo]'."
        )
    violations = []
    for name, domain in domains.items():
        if domain.subject not in subjects:
            violations.append(f"{name}: subject '{domain.subject}' is not in tables")
        violations += _table_violations(name, domain, subjects)
        unknown = (set(domain.population) | set(domain.leaks)) - columns
        violations += [f"{name}: '{column}' is not a KWB column" for column in sorted(unknown)]
        if any(weight <= 0 for weight in domain.population.values()):
            violations.append(f"{name}: a weight of the population is not above 0")
    if violations:
        raise ConfigError(
            "a domain does not fit the tables; subjects come from configs/tables and columns from "
            "data/panel/columns.csv. Correct its file in configs/domain:",
            violations,
        )


def _table_violations(name: str, domain: Domain, subjects: set[str]) -> list[str]:
    out = []
    for table in domain.gemeente_tables:
        if table.subject not in subjects:
            out.append(f"{name}: subject '{table.subject}' of gemeente_tables is not in tables")
        elif not table.subject.endswith(OF_GEMEENTEN):
            out.append(
                f"{name}: '{table.subject}' of gemeente_tables does not end '{OF_GEMEENTEN}'"
            )
        for key, value, allowed in (
            ("period", table.period, PERIODS),
            ("newest", table.newest, NEWEST),
        ):
            if value not in allowed:
                out.append(
                    f"{name}: {key} '{value}' of gemeente_tables is not one of "
                    f"{', '.join(map(repr, allowed))}"
                )
    return out
