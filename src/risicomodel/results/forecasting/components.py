"""Where figures are heading: people by age, the country's course, each level's own.

A forecast is a product that can be read from left to right:

    clients = need · country · gemeente · wijk

``need``
    The structural multiple times the persons at risk, moved along with the ages of the people
    (:mod:`people`): as many clients per person of an age as now.
``country``
    Its level in the last year with figures, and its recent growth beyond need, damped by half
    every year; half of it is that from the first to the second half of the last year, where CBS
    tells of halves (:mod:`halves`).
``gemeente``, ``wijk``
    How each deviates from what is above it, carried on as far as such deviations have lasted
    (:mod:`estimates.history`), and grew beyond it within the last year.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Floats, Ints
from risicomodel.results.estimates import rao_yu
from risicomodel.results.forecasting import cohorts, half_years
from risicomodel.results.forecasting import origins as past_module

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.data.domains import Domain
    from risicomodel.results.forecasting.origins import Past


# Share of a growth that is left a year later, and weight of the newest growth among those known:
# one constant for all domains, for no domain's seven years could tell its own.
DAMPING = 0.5
# A part of every use per age is that of all ages: small bands tell little of theirs.
EVEN = 0.05
# Spread of the country's growth beyond what is foreseen, a year (logarithm): .03 to .06 in every
# domain, 2015–2021. A course that is off stays off: it grows with the years, not their root. For
# the country itself that is a little too much: its errors, of all domains together, grew as the
# years to this power (.041, .067, .097, .101, .113 one to five years ahead).
RESTLESS, SLOWER = 0.045, 0.7
LEAST = 0.02
FEW = 1e-9


@dataclass(frozen=True)
class Course:
    """One domain from one origin; arrays of shape (areas, horizons) unless said.

    Parameters
    ----------
    need : array
        Clients by structure and ages, as multiples of the country's level.
    population : array
        Persons at risk.
    level : float
        The country's level at the origin.
    drift : array of shape (horizons,)
        Its growth since (factor).
    gemeente, gemeente_last : array
        Factors of the gemeente: as far as deviations last, and as they were last.
    wijk, wijk_last : array
        Factors of the wijk, likewise.
    last : array of shape (areas,)
        The figure at the origin; NaN where there is none.
    fallback : array of shape (areas,)
        Clients by the gemeente's rate at the origin, else the country's.
    shared, own : array
        Relative size of the error to be expected that the wijken of a gemeente share, and of the
        wijk's own.
    basis : array of str, shape (areas,)
        What it stands on, a key of :data:`BASES`.
    """

    need: Floats
    population: Floats
    level: float
    drift: Floats
    gemeente: Floats
    gemeente_last: Floats
    wijk: Floats
    wijk_last: Floats
    last: Floats
    fallback: Floats
    shared: Floats
    own: Floats
    basis: npt.NDArray[np.str_]


BASES = {
    "figure": "its own figure at the origin, and those before",
    "older": "its own figures of earlier years",
    "gemeente": "other wijken of its gemeente",
    "expected": "who lives there: nothing is published of its gemeente",
    "silent": "nothing to say: too few people, or nothing known of them",
}


def follow(past: Past, name: str, domain: Domain, horizons: int, least_people: int) -> Course:
    """Follow one domain from an origin.

    Parameters
    ----------
    past : Past
        What is known at the origin.
    name, domain : str, Domain
        The domain.
    horizons : int
        Years ahead.
    least_people : int
        Persons at risk below which nothing is said.
    """
    clients = past.clients[name]
    t = clients.shape[1]
    population, relative = _people(past, name, domain, horizons)
    structure = np.where(np.isfinite(past.structure[name]), past.structure[name], 1.0)
    expected = (population[:, t - 1] * structure)[:, None] * relative
    seen = expected[:, :t].clip(FEW)
    known = np.isfinite(clients) & np.isfinite(expected[:, :t])
    figures = np.where(known, clients, np.nan)
    levels, growth = _country(figures, seen)
    gm = _codes(past.areas["gm_code"])
    base = seen * levels
    of_gemeente, last_gemeente, own_base, gm_variance = _gemeente(
        figures, base, gm, domain.rounded_to, horizons
    )
    deviation = figures / own_base - 1
    keeping = rao_yu.fit(deviation, own_base, domain.rounded_to)
    mean, own_variance = rao_yu.predict_ahead(
        keeping, deviation, own_base, domain.rounded_to, horizons
    )
    newest = past_module.newest(deviation)[:, None]
    at_last = np.where(np.isfinite(newest), newest, mean)
    ahead = np.arange(1, horizons + 1)
    within = half_years.growth(past.halves.get(name), gm)
    grown, wijk_grown = (np.exp(g)[:, None] for g in (within.gemeente, within.wijk))
    return Course(
        need=expected[:, t:],
        population=population[:, t:],
        level=float(levels[-1]),
        drift=np.exp(within.with_years(growth) * np.cumsum(DAMPING**ahead)),
        gemeente=of_gemeente.clip(LEAST)[gm] * grown,
        gemeente_last=last_gemeente.clip(LEAST)[gm][:, None] * grown * np.ones(horizons),
        wijk=(1 + mean).clip(LEAST) * wijk_grown,
        wijk_last=(1 + at_last).clip(LEAST) * wijk_grown,
        last=figures[:, -1],
        fallback=_fallback(figures[:, -1], population[:, t - 1], gm),
        shared=np.sqrt((RESTLESS * ahead) ** 2 + gm_variance[gm]),
        own=np.sqrt(own_variance),
        basis=_basis(figures, gm, population[:, t:], past.structure[name], least_people),
    )


def _people(past: Past, name: str, domain: Domain, horizons: int) -> tuple[Floats, Floats]:
    """Return persons at risk, (n, t + horizons), and clients by age relative to the origin's."""
    bands = past.people_until(horizons)
    t = len(past.years)
    at_risk = cohorts.weights(domain.population)
    use = use_per_age(past.clients[name], bands[:, :t], at_risk)
    known = past_module.newest(past.population[name])
    persons, clients = bands @ at_risk, bands @ use
    # the edition that the last population is of, for years without an edition of their own
    edition = np.isfinite(past.people[:, :, 0])
    newest = np.where(edition.any(axis=1), t - 1 - edition[:, ::-1].argmax(axis=1), t - 1)
    rows = np.arange(len(bands))
    base = persons[rows, newest][:, None]
    growth = np.divide(persons, base, out=np.ones_like(persons), where=base > 0)
    now = clients[:, [t - 1]]
    relative = np.divide(clients, now, out=np.ones_like(clients), where=now > 0)
    return np.nan_to_num(known)[:, None] * growth, relative


def use_per_age(clients: Floats, bands: Floats, at_risk: Floats) -> Floats:
    """Return clients per person of every age band, by non-negative least squares."""
    from scipy.optimize import nnls

    known = np.isfinite(clients) & np.isfinite(bands).all(axis=2)
    counted = bands[known] * (at_risk > 0)
    if not known.any():
        return at_risk
    weight = 1 / np.sqrt(counted.sum(axis=1).clip(cohorts.SMALL))
    use, _ = nnls(counted * weight[:, None], clients[known] * weight)
    out: Floats = use + EVEN * use.mean() * (at_risk > 0)
    return out


def _country(figures: Floats, expected: Floats) -> tuple[Floats, float]:
    """Return the country's level per year and its recent growth, both beyond what is expected.

    Growth is measured on areas with a figure in both years: which report changes from year to year.
    """
    growth = [
        _ratio(figures, expected, year, [year - 1, year])
        - _ratio(figures, expected, year - 1, [year - 1, year])
        for year in range(1, figures.shape[1])
    ]
    last = figures.shape[1] - 1
    levels = _ratio(figures, expected, last, [last]) - np.append(np.cumsum(growth[::-1])[::-1], 0.0)
    weight = DAMPING ** np.arange(1, len(growth) + 1)
    recent = float(weight @ np.array(growth[::-1]) / weight.sum()) if growth else 0.0
    return np.exp(levels), recent


def _ratio(figures: Floats, expected: Floats, year: int, among: list[int]) -> float:
    """Return the log ratio of figures to what is expected, of areas known in all these years."""
    known = np.isfinite(figures[:, among]).all(axis=1)
    clients, need = figures[known, year].sum(), expected[known, year].sum()
    return float(np.log(clients / need)) if clients > 0 and need > 0 else 0.0


def _gemeente(
    figures: Floats, base: Floats, gm: Ints, rounded_to: int, horizons: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return factors of gemeenten ahead and at last, the base of wijken, and the variance."""
    known = np.isfinite(figures)
    sums = [groups.sums(np.where(known, values, 0.0), gm) for values in (figures, base)]
    clients, expected = sums[0], sums[1].clip(1.0)
    deviation = np.where(sums[1] > FEW, clients / expected - 1, np.nan)
    size = np.where(sums[1] > FEW, expected, past_module.newest(_blank(sums[1]))[:, None])
    size = np.where(np.isfinite(size), size, 100.0).clip(1.0)
    keeping = rao_yu.fit(deviation, size, rounded_to)
    mean, spread = rao_yu.predict_ahead(keeping, deviation, size, rounded_to, horizons)
    at_last = past_module.newest(deviation)
    at_last = np.where(np.isfinite(at_last), at_last, 0.0)
    of_year = np.where(np.isfinite(deviation), deviation, 0.0)
    own_base: Floats = (base * (1 + of_year)[gm]).clip(FEW)
    return 1 + mean, 1 + at_last, own_base, spread


def _blank(sums: Floats) -> Floats:
    out: Floats = np.where(sums > FEW, sums, np.nan)
    return out


def _codes(values: pd.Series) -> Ints:
    return pd.factorize(values)[0].astype("intp")


def _fallback(last: Floats, population: Floats, gm: Ints) -> Floats:
    """Return clients by the rate of the gemeente at the origin, else of the country."""
    known = np.isfinite(last) & np.isfinite(population)
    both = np.where(known[:, None], np.stack([last, population], axis=1), 0.0)
    clients, people_there = groups.sums(both, gm).T
    country = clients.sum() / max(people_there.sum(), 1.0)
    rate = np.divide(clients, people_there, out=np.full_like(clients, country), where=clients > 0)
    out: Floats = rate[gm] * population
    return out


def _basis(
    figures: Floats, gm: Ints, ahead: Floats, structure: Floats, least: int
) -> npt.NDArray[np.str_]:
    known = np.isfinite(figures)
    of_gemeente = groups.sums(known.astype("float64"), gm).sum(axis=1)[gm] > 0
    silent = ~(ahead.min(axis=1) >= least) | ~(of_gemeente | np.isfinite(structure))
    return np.select(
        [silent, known[:, -1], known.any(axis=1), of_gemeente],
        ["silent", "figure", "older", "gemeente"],
        "expected",
    )


def _persistence(course: Course) -> Floats:
    figure = np.where(np.isfinite(course.last), course.last, course.fallback)
    out: Floats = figure[:, None] * np.ones(len(course.drift))
    return out


def _drift(course: Course) -> Floats:
    out: Floats = _persistence(course) * course.drift
    return out


def _levels(course: Course) -> Floats:
    out: Floats = course.need * course.level * course.drift * course.gemeente * course.wijk
    return out


def _blend(course: Course) -> Floats:
    """Let last levels count for a half, a quarter, an eighth as years go by."""
    stays = DAMPING ** np.arange(1, len(course.drift) + 1)
    gemeente = stays * course.gemeente_last + (1 - stays) * course.gemeente
    wijk = stays * course.wijk_last + (1 - stays) * course.wijk
    out: Floats = course.need * course.level * course.drift * gemeente * wijk
    return out


MAIN = "blend"
MODELS: dict[str, Callable[[Course], Floats]] = {
    "persistence": _persistence,
    "drift": _drift,
    "levels": _levels,
    MAIN: _blend,
}
