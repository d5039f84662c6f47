"""Scenarios: change drivers by hand and recompute the forecasts.

A scenario is a list of changes, each written as ``DRIVER [AREA] CHANGE [from YEAR]``::

    65_plus +10%                      a tenth more people of 65 and older than forecast, everywhere
    0_14 GM0363 -200                  200 children fewer in a gemeente
    gezinswoningen WK036300 +400      400 homes for families
    wmo -5% from 2024                 policy: five per cent fewer clients

It gives what a forecast would be if the population were different and everything else stayed the
same: as many clients per person of an age, and the same deviations of gemeente and wijk. It makes
no causal claim.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import AREA, COUNTRY_CODE
from risicomodel.results.forecasting import cohorts, components

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from risicomodel.data.domains import Domain
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.origins import History


AGES = {"0_14": 0, "15_24": 1, "25_44": 2, "45_64": 3, "65_plus": 4}
HOMES = "gezinswoningen"
HOUSEHOLDS = ("eenpersoonshuishoudens", "huishoudens_zonder_kinderen", "huishoudens_met_kinderen")
PATTERN = re.compile(
    r"^(?P<driver>\w+)(?: (?P<area>[A-Z]{2}\w+))? (?P<sign>[+-])(?P<amount>\d+(?:\.\d+)?)"
    r"(?P<percent>%?)(?: from (?P<since>\d{4}))?$"
)
SYNTAX = "DRIVER [WK… or GM…] +NUMBER or -NUMBER[%] [from YEAR]"
# Times that use per age is resampled, for the interval of a difference.
DRAWS = 50
COLUMNS = [
    "domain", "level", "code", "name", "year", "horizon", "forecast", "scenario", "difference",
    "difference_lower", "difference_upper",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change of a scenario.

    Parameters
    ----------
    text : str
        As written by the user.
    driver : str
        An age group, ``gezinswoningen``, or a domain (policy).
    area : str
        Code of a wijk or gemeente; empty for everywhere.
    amount : float
        Persons or homes; a share where ``relative`` (−0.05 for −5%).
    relative : bool
        Whether the amount is a share.
    since : int
        The first year that changes; 0 for the first year ahead.
    """

    text: str
    driver: str
    area: str
    amount: float
    relative: bool
    since: int


def parse(texts: Sequence[str], domains: Iterable[str], areas: pd.DataFrame) -> list[Change]:
    """Read a scenario.

    Parameters
    ----------
    texts : sequence of str
        The changes.
    domains : iterable of str
        Names that may stand as drivers, for policy.
    areas : DataFrame
        ``wijk_code`` and ``gm_code`` of what is forecast.

    Returns
    -------
    list of Change
        In the order of ``texts``.

    Raises
    ------
    ConfigError
        Listing every violation.

    Examples
    --------
    >>> areas = pd.DataFrame({"wijk_code": ["WK036300"], "gm_code": ["GM0363"]})
    >>> change, = parse(["wmo -5% from 2024"], ["wmo"], areas)
    >>> change.driver, change.amount, change.since
    ('wmo', -0.05, 2024)
    """
    drivers = [*AGES, HOMES, *domains]
    codes = {*areas[AREA], *areas["gm_code"]}
    changes, violations = [], []
    for text in texts:
        match = PATTERN.match(" ".join(text.replace("−", "-").split()))
        if match is None:
            violations.append(f"'{text}' does not match {SYNTAX}")
            continue
        change = Change(
            text,
            match["driver"],
            match["area"] or "",
            float(f"{match['sign']}{match['amount']}") / (100 if match["percent"] else 1),
            bool(match["percent"]),
            int(match["since"] or 0),
        )
        changes.append(change)
        violations += _violations(change, drivers, codes)
    if violations:
        raise ConfigError(
            f"the scenario has violations; expected drivers are {', '.join(drivers)} (KWB has no "
            "finer ages), in areas that are forecast. Correct forecast.scenario:",
            violations,
        )
    return changes


def _violations(change: Change, drivers: list[str], codes: set[str]) -> list[str]:
    violations = []
    if change.driver not in drivers:
        near = suggest(change.driver, drivers)
        return [f"'{change.text}': unknown driver '{change.driver}'{near}"]
    if change.area and change.area not in codes:
        violations.append(
            f"'{change.text}': {change.area} is not forecast{suggest(change.area, codes)}"
        )
    policy = change.driver not in {*AGES, HOMES}
    if policy and not change.relative:
        violations.append(f"'{change.text}': policy is a percentage, such as -5%")
    if change.driver == HOMES and (change.relative or not change.area):
        violations.append(f"'{change.text}': homes are a number in an area, such as WK036300 +400")
    if change.relative and change.amount < -1:
        violations.append(f"'{change.text}': no more than all can go")
    return violations


def people_per_family(wijken: pd.DataFrame) -> Floats:
    """Return the persons of every age group in a household with children.

    By non-negative least squares of the people of wijken on their households of three kinds.

    Parameters
    ----------
    wijken : DataFrame
        The panel, with persons per age group and households per kind.

    Returns
    -------
    array of shape (5,)
        Persons per household.
    """
    from scipy.optimize import nnls

    rows = wijken.dropna(subset=[*cohorts.AGE_GROUPS, *HOUSEHOLDS])
    homes, bands = rows[[*HOUSEHOLDS]].to_numpy(), rows[[*cohorts.AGE_GROUPS]].to_numpy()
    weight = 1 / np.sqrt(homes.sum(axis=1).clip(cohorts.MIN_SIZE))[:, None]
    fits = [nnls(homes * weight, bands[:, [b]][:, 0] * weight[:, 0])[0] for b in range(len(AGES))]
    out: Floats = np.array(fits)[:, HOUSEHOLDS.index("huishoudens_met_kinderen")]
    return out


def changed_people(
    changes: Sequence[Change], history: History, people: Floats, family: Floats
) -> Floats:
    """Apply all changes to the projected population.

    Parameters
    ----------
    changes : sequence of Change
        From :func:`parse`.
    history : History
        What was known at the origin.
    people : array of shape (areas, horizons, 5)
        Projected persons per age group.
    family : array of shape (5,)
        Persons per age group in a home for a family.

    Returns
    -------
    array of shape (areas, horizons, 5)
        Persons per age group, 0 or more.
    """
    out = people.copy()
    years = history.origin + 1 + np.arange(people.shape[1])
    for change in changes:
        if change.driver not in {*AGES, HOMES}:
            continue
        rows = _rows_in(change, history.areas)
        columns = years >= change.since
        part = out[np.ix_(rows, columns)]
        if change.driver == HOMES:
            part = part + change.amount * _shares(part.sum(axis=2))[:, :, None] * family
        else:
            group = part[:, :, AGES[change.driver]]
            added = group if change.relative else _shares(group)
            part[:, :, AGES[change.driver]] = group + change.amount * added
        out[np.ix_(rows, columns)] = part.clip(0.0)
    return out


def _rows_in(change: Change, areas: pd.DataFrame) -> Ints:
    if not change.area:
        return np.arange(len(areas))
    inside = areas[AREA].eq(change.area) | areas["gm_code"].eq(change.area)
    return np.flatnonzero(inside.to_numpy())


def _shares(counts: Floats) -> Floats:
    """Return every area's share of all people per year; equal shares where there are none."""
    persons = np.nan_to_num(counts)
    total = persons.sum(axis=0, keepdims=True)
    equal = np.full_like(persons, 1 / max(len(persons), 1))
    out: Floats = np.divide(persons, total, out=equal, where=total > 0)
    return out


def _policy(changes: Sequence[Change], history: History, domain: str, horizons: int) -> Floats:
    out = np.ones((len(history.areas), horizons))
    years = history.origin + 1 + np.arange(horizons)
    for change in (c for c in changes if c.driver == domain):
        out[np.ix_(_rows_in(change, history.areas), years >= change.since)] *= 1 + change.amount
    return out


def differences(
    changes: Sequence[Change],
    origin_state: tuple[History, Decomposition],
    wijken: pd.DataFrame,
    named: tuple[str, Domain],
    family: Floats,
) -> pd.DataFrame:
    """Return what one domain's forecasts would be under a scenario.

    Parameters
    ----------
    changes : sequence of Change
        From :func:`parse`.
    origin_state : (History, Decomposition)
        What was known at the origin, and the components of the forecasts.
    wijken : DataFrame
        The domain's forecasts by its champion: ``wijk_code``, ``horizon``, ``clients`` and limits.
    named : (str, Domain)
        The domain.
    family : array of shape (5,)
        Persons per age group in a home for a family.

    Returns
    -------
    DataFrame
        Per wijk that changes, its gemeente and the country: ``forecast``, ``scenario``,
        ``difference`` (clients) with its 90% interval, which covers the uncertainty of use per age
        (gemeenten resampled) and of the forecast itself.
    """
    history, decomposition = origin_state
    name, domain = named
    t, horizons = len(history.years), len(decomposition.drift)
    people = history.project_people(horizons)
    changed = changed_people(changes, history, people[:, t:], family)
    policy = _policy(changes, history, name, horizons)
    uses = _resampled_use(history, name, domain, people[:, :t])
    factors = [_ratio(changed @ use, people[:, t:] @ use) * policy for use in uses]
    factor, spread = factors[0], np.quantile(factors[1:], [0.05, 0.95], axis=0)
    position = {code: i for i, code in enumerate(history.areas[AREA])}
    i = wijken[AREA].map(position).to_numpy()
    h = wijken["horizon"].to_numpy() - 1
    forecast = wijken["clients"]
    sides = [
        (edge[i, h] - 1) * limit
        for edge in spread
        for limit in (wijken["clients_lower"], wijken["clients_upper"])
    ]
    compared = wijken.assign(
        forecast=forecast,
        scenario=forecast * factor[i, h],
        difference=forecast * (factor[i, h] - 1),
        difference_lower=np.minimum.reduce(sides),
        difference_upper=np.maximum.reduce(sides),
    )
    return _summed(compared[compared["forecast"].notna()]).assign(domain=name)[COLUMNS]


def _ratio(after: Floats, before: Floats) -> Floats:
    out: Floats = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    return out


def _resampled_use(history: History, name: str, domain: Domain, people: Floats) -> list[Floats]:
    """Return use per age as fitted, and as fitted on gemeenten drawn with replacement."""
    at_risk = cohorts.population_weights(domain.population)
    clients = history.clients[name]
    gemeenten, which = np.unique(history.areas["gm_code"].to_numpy(), return_inverse=True)
    random = np.random.default_rng(0)
    out = [components.use_per_age_group(clients, people, at_risk)]
    for _ in range(DRAWS):
        drawn = random.integers(len(gemeenten), size=len(gemeenten))
        times = np.bincount(drawn, minlength=len(gemeenten))[which]
        rows = np.repeat(np.arange(len(people)), times)
        out.append(components.use_per_age_group(clients[rows], people[rows], at_risk))
    return out


def _summed(compared: pd.DataFrame) -> pd.DataFrame:
    """Return the wijken that change, and the sums of their gemeenten and of the country."""
    counts = ["forecast", "scenario", "difference", "difference_lower", "difference_upper"]
    time = ["year", "horizon"]
    changed = compared[compared["difference"].abs() > 0]
    wijken = changed.assign(level="wijk", code=changed[AREA], name=changed["wijk_name"])
    touched = compared[compared["gm_code"].isin(changed["gm_code"])]
    gemeente = touched.groupby(["gm_code", "gm_name", *time])[counts].sum().reset_index()
    gemeente = gemeente.rename(columns={"gm_code": "code", "gm_name": "name"})
    country = compared.groupby(time)[counts].sum().reset_index()
    return pd.concat(
        [
            wijken,
            gemeente.assign(level="gemeente"),
            country.assign(level="country", code=COUNTRY_CODE, name="Nederland"),
        ],
        ignore_index=True,
    )


def scenario_table(
    changes: Sequence[Change],
    decompositions: Mapping[str, tuple[History, Decomposition]],
    forecasts: tuple[pd.DataFrame, pd.DataFrame],
    domains: Mapping[str, Domain],
    family: Floats,
) -> pd.DataFrame:
    """Return the :func:`differences` of every domain, of gemeenten from their forecast total.

    Parameters
    ----------
    changes : sequence of Change
        From :func:`parse`.
    decompositions : mapping
        By domain what was known at the origin, and the components of the forecasts.
    forecasts : (DataFrame, DataFrame)
        ``forecasts.parquet`` and ``forecast_sums.csv``.
    domains : mapping of str to Domain
        Declarations.
    family : array of shape (5,)
        Persons per age group in a home for a family.

    Returns
    -------
    DataFrame
        ``scenario.csv``.
    """
    wijken, sums = forecasts
    champions = wijken[wijken["champion"]]
    parts = [
        differences(changes, pair, champions[champions["domain"] == d], (d, domains[d]), family)
        for d, pair in sorted(decompositions.items())
    ]
    table = pd.concat(parts, ignore_index=True)
    # clients whose wijk is not known are part of a gemeente's total, and the same in the scenario
    key = ["domain", "level", "code", "year"]
    total = table[key].merge(sums[[*key, "clients"]], on=key, how="left")["clients"]
    forecast = total.set_axis(table.index).fillna(table["forecast"])
    return table.assign(forecast=forecast, scenario=forecast + table["difference"])
