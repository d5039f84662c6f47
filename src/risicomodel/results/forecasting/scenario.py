"""What if: drivers changed by hand, and what forecasts would then be.

A scenario is a list of changes in words, each ``DRIVER [AREA] CHANGE [from YEAR]``::

    65_plus +10%                      a tenth more people of 65 and older than foreseen, everywhere
    0_14 GM0363 -200                  200 children fewer in a gemeente
    gezinswoningen WK036300 +400      400 homes for families
    wmo -5% from 2024                 policy: five in a hundred fewer clients

It says what a forecast would be if the people were others and everything else stayed as it is: as
many clients per person of an age, in a wijk that keeps its own level. It claims no cause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import AREA
from risicomodel.results.forecasting import cohorts
from risicomodel.results.forecasting import components as course_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from risicomodel.data.domains import Domain
    from risicomodel.results.forecasting.components import Course
    from risicomodel.results.forecasting.origins import Past


AGES = {"0_14": 0, "15_24": 1, "25_44": 2, "45_64": 3, "65_plus": 4}
HOMES = "gezinswoningen"
HOUSEHOLDS = ("eenpersoonshuishoudens", "huishoudens_zonder_kinderen", "huishoudens_met_kinderen")
FORM = re.compile(
    r"^(?P<driver>\w+)(?: (?P<area>[A-Z]{2}\w+))? (?P<sign>[+-])(?P<amount>\d+(?:\.\d+)?)"
    r"(?P<percent>%?)(?: from (?P<since>\d{4}))?$"
)
SHAPE = "DRIVER [WK… or GM…] +NUMBER or -NUMBER[%] [from YEAR]"
# Resampled use per age, for how sure a difference is.
DRAWS = 50
COLUMNS = [
    "domain", "level", "code", "name", "year", "horizon", "forecast", "scenario", "difference",
    "difference_lower", "difference_upper",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change: of a driver, in an area (none: everywhere), from a year on (none: the first)."""

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
        Names that may stand as drivers: policy.
    areas : DataFrame
        ``wijk_code`` and ``gm_code`` of what is forecast.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    drivers = [*AGES, HOMES, *domains]
    codes = {*areas[AREA], *areas["gm_code"]}
    found, wrong = [], []
    for text in texts:
        match = FORM.match(" ".join(text.replace("−", "-").split()))
        if match is None:
            wrong.append(f"'{text}' does not read as {SHAPE}")
            continue
        change = Change(
            text,
            match["driver"],
            match["area"] or "",
            float(f"{match['sign']}{match['amount']}") / (100 if match["percent"] else 1),
            bool(match["percent"]),
            int(match["since"] or 0),
        )
        found.append(change)
        wrong += _violations(change, drivers, codes)
    if wrong:
        raise ConfigError(
            f"the scenario cannot be followed; allowed drivers are {', '.join(drivers)} (KWB has "
            "no finer ages), and areas that are forecast. Correct forecast.scenario:",
            wrong,
        )
    return found


def _violations(change: Change, drivers: list[str], codes: set[str]) -> list[str]:
    wrong = []
    if change.driver not in drivers:
        near = suggest(change.driver, drivers)
        return [f"'{change.text}': unknown driver '{change.driver}'{near}"]
    if change.area and change.area not in codes:
        wrong.append(f"'{change.text}': {change.area} is not forecast{suggest(change.area, codes)}")
    policy = change.driver not in {*AGES, HOMES}
    if policy and not change.relative:
        wrong.append(f"'{change.text}': policy is a percentage, such as -5%")
    if change.driver == HOMES and (change.relative or not change.area):
        wrong.append(f"'{change.text}': homes are a number in an area, such as WK036300 +400")
    if change.relative and change.amount < -1:
        wrong.append(f"'{change.text}': no more than all can go")
    return wrong


def per_family(wijken: pd.DataFrame) -> Floats:
    """Return the persons of every age band in a household with children.

    By non-negative least squares of the people of wijken on their households of three kinds.
    """
    from scipy.optimize import nnls

    rows = wijken.dropna(subset=[*cohorts.BANDS, *HOUSEHOLDS])
    homes, bands = rows[[*HOUSEHOLDS]].to_numpy(), rows[[*cohorts.BANDS]].to_numpy()
    weight = 1 / np.sqrt(homes.sum(axis=1).clip(cohorts.SMALL))[:, None]
    fits = [nnls(homes * weight, bands[:, [b]][:, 0] * weight[:, 0])[0] for b in range(len(AGES))]
    out: Floats = np.array(fits)[:, HOUSEHOLDS.index("huishoudens_met_kinderen")]
    return out


def people_after(changes: Sequence[Change], past: Past, bands: Floats, family: Floats) -> Floats:
    """Return the people ahead, (areas, horizons, 5), with all changes made."""
    out = bands.copy()
    years = past.origin + 1 + np.arange(bands.shape[1])
    for change in changes:
        if change.driver not in {*AGES, HOMES}:
            continue
        here = _here(change, past.areas)
        when = years >= change.since
        part = out[np.ix_(here, when)]
        if change.driver == HOMES:
            part = part + change.amount * _shares(part.sum(axis=2))[:, :, None] * family
        else:
            band = part[:, :, AGES[change.driver]]
            added = band if change.relative else _shares(band)
            part[:, :, AGES[change.driver]] = band + change.amount * added
        out[np.ix_(here, when)] = part.clip(0.0)
    return out


def _here(change: Change, areas: pd.DataFrame) -> Ints:
    if not change.area:
        return np.arange(len(areas))
    inside = areas[AREA].eq(change.area) | areas["gm_code"].eq(change.area)
    return np.flatnonzero(inside.to_numpy())


def _shares(counts: Floats) -> Floats:
    """Return every area's part of the people of all, per year; equal parts of nobody."""
    known = np.nan_to_num(counts)
    total = known.sum(axis=0, keepdims=True)
    equal = np.full_like(known, 1 / max(len(known), 1))
    out: Floats = np.divide(known, total, out=equal, where=total > 0)
    return out


def _policy(changes: Sequence[Change], past: Past, domain: str, horizons: int) -> Floats:
    out = np.ones((len(past.areas), horizons))
    years = past.origin + 1 + np.arange(horizons)
    for change in (c for c in changes if c.driver == domain):
        out[np.ix_(_here(change, past.areas), years >= change.since)] *= 1 + change.amount
    return out


def differences(
    changes: Sequence[Change],
    followed: tuple[Past, Course],
    wijken: pd.DataFrame,
    named: tuple[str, Domain],
    family: Floats,
) -> pd.DataFrame:
    """Return what one domain's forecasts would be under a scenario.

    Parameters
    ----------
    changes : sequence of Change
        As :func:`parse` gives them.
    followed : Past and Course
        What the forecasts stand on.
    wijken : DataFrame
        The domain's forecasts by its champion: ``wijk_code``, ``horizon``, ``clients`` and bands.
    named : name and Domain
        The domain.
    family : array of shape (5,)
        Persons per age in a family home.

    Returns
    -------
    DataFrame
        Per wijk that changes, its gemeente and the country: ``forecast``, ``scenario``,
        ``difference`` (clients) with its 90% band: how sure use per age is (gemeenten resampled)
        and the forecast itself.
    """
    past, course = followed
    name, domain = named
    t, horizons = len(past.years), len(course.drift)
    bands = past.people_until(horizons)
    after = people_after(changes, past, bands[:, t:], family)
    policy = _policy(changes, past, name, horizons)
    draws = _uses(past, name, domain, bands[:, :t])
    factors = [_ratio(after @ use, bands[:, t:] @ use) * policy for use in draws]
    factor, spread = factors[0], np.quantile(factors[1:], [0.05, 0.95], axis=0)
    row = {code: i for i, code in enumerate(past.areas[AREA])}
    i = wijken[AREA].map(row).to_numpy()
    h = wijken["horizon"].to_numpy() - 1
    said = wijken["clients"]
    sides = [
        (edge[i, h] - 1) * limit
        for edge in spread
        for limit in (wijken["clients_lower"], wijken["clients_upper"])
    ]
    table = wijken.assign(
        forecast=said,
        scenario=said * factor[i, h],
        difference=said * (factor[i, h] - 1),
        difference_lower=np.minimum.reduce(sides),
        difference_upper=np.maximum.reduce(sides),
    )
    return _summed(table[table["forecast"].notna()]).assign(domain=name)[COLUMNS]


def _ratio(after: Floats, before: Floats) -> Floats:
    out: Floats = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    return out


def _uses(past: Past, name: str, domain: Domain, bands: Floats) -> list[Floats]:
    """Return use per age as fitted, and as it would be had other gemeenten reported."""
    at_risk = cohorts.weights(domain.population)
    clients = past.clients[name]
    gemeenten, which = np.unique(past.areas["gm_code"].to_numpy(), return_inverse=True)
    random = np.random.default_rng(0)
    out = [course_module.use_per_age(clients, bands, at_risk)]
    for _ in range(DRAWS):
        drawn = random.integers(len(gemeenten), size=len(gemeenten))
        times = np.bincount(drawn, minlength=len(gemeenten))[which]
        rows = np.repeat(np.arange(len(bands)), times)
        out.append(course_module.use_per_age(clients[rows], bands[rows], at_risk))
    return out


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the wijken that change, and the sums of gemeenten and country."""
    counts = ["forecast", "scenario", "difference", "difference_lower", "difference_upper"]
    when = ["year", "horizon"]
    changed = table[table["difference"].abs() > 0]
    own = changed.assign(level="wijk", code=changed[AREA], name=changed["wijk_name"])
    touched = table[table["gm_code"].isin(changed["gm_code"])]
    gemeente = touched.groupby(["gm_code", "gm_name", *when])[counts].sum().reset_index()
    gemeente = gemeente.rename(columns={"gm_code": "code", "gm_name": "name"})
    country = table.groupby(when)[counts].sum().reset_index()
    return pd.concat(
        [
            own,
            gemeente.assign(level="gemeente"),
            country.assign(level="country", code="NL00", name="Nederland"),
        ],
        ignore_index=True,
    )


def table(
    changes: Sequence[Change],
    courses: Mapping[str, tuple[Past, Course]],
    forecasts: pd.DataFrame,
    domains: Mapping[str, Domain],
    family: Floats,
) -> pd.DataFrame:
    """Return :func:`differences` of every domain."""
    champions = forecasts[forecasts["champion"]]
    parts = [
        differences(changes, one, champions[champions["domain"] == d], (d, domains[d]), family)
        for d, one in sorted(courses.items())
    ]
    return pd.concat(parts, ignore_index=True)
