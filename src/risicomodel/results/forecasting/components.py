"""Decompose forecasts into population by age, growth of the country, and local deviations.

A forecast is a product that can be read from left to right:

    clients = need · country · gemeente · wijk

``need``
    The structural rate, as a multiple of the country's, times the persons at risk, moved along with
    the ages of the people (:mod:`risicomodel.results.forecasting.cohorts`): as many clients per
    person of an age as now.
``country``
    The country's rate in the last year with figures, and its recent growth beyond need, damped by
    half every year. Half of that growth is taken from within the last year, where CBS publishes
    its halves or its end (:mod:`risicomodel.results.forecasting.within_year`).
``gemeente``, ``wijk``
    How each deviates from what is above it, carried forward as far as such deviations have lasted
    (:mod:`risicomodel.results.estimates.rao_yu`), with its growth within the last year.
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
from risicomodel.results.forecasting import cohorts, origins, within_year
from risicomodel.results.forecasting.within_year import DAMPING

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.data.domains import Domain
    from risicomodel.results.forecasting.origins import History
    from risicomodel.results.forecasting.within_year import GrowthWithinYear


# Share of the mean over all ages that is added to the use of every age group: small groups say
# little about their own.
EVEN_SHARE = 0.05
# Standard deviation per year of the country's growth beyond the forecast (logarithm): .03 to .06 in
# every domain, 2015–2021. A forecast that is off stays off, so it grows with the years, not with
# their root. For the country itself that is a little too much: its errors, of all domains together,
# grew as the years to this power (.041, .067, .097, .101, .113 one to five years ahead).
COUNTRY_SD, COUNTRY_SD_POWER = 0.045, 0.7
MIN_FACTOR = 0.02
EPSILON = 1e-9


@dataclass(frozen=True)
class Decomposition:
    """The components of one domain's forecasts from one origin.

    Arrays have the shape (areas, horizons) unless stated otherwise.

    Parameters
    ----------
    need : array
        Clients by structure and ages, as if the country's factor were 1.
    population : array
        Persons at risk.
    country_level : float
        The country's factor at the origin.
    drift : array of shape (horizons,)
        Its growth since (factor).
    gemeente, gemeente_last : array
        Factor of the gemeente: as predicted, and as in the last year.
    wijk, wijk_last : array
        Factor of the wijk, likewise.
    last_clients : array of shape (areas,)
        The figure at the origin; NaN where there is none.
    fallback_clients : array of shape (areas,)
        Clients by the rate of the gemeente at the origin, else of the country.
    shared_error, own_error : array
        Expected relative size of the error that the wijken of a gemeente share, and of the wijk's
        own error.
    basis : array of str, shape (areas,)
        What the forecast is based on: ``figure`` (the wijk's own figure at the origin and those
        before), ``older`` (its figures of earlier years only), ``gemeente`` (other wijken of its
        gemeente), ``expected`` (who lives there; nothing is published of its gemeente) or
        ``silent`` (no forecast: too few people, or nothing known of them).
    """

    need: Floats
    population: Floats
    country_level: float
    drift: Floats
    gemeente: Floats
    gemeente_last: Floats
    wijk: Floats
    wijk_last: Floats
    last_clients: Floats
    fallback_clients: Floats
    shared_error: Floats
    own_error: Floats
    basis: npt.NDArray[np.str_]


def decompose(
    history: History, name: str, domain: Domain, horizons: int, least_people: int
) -> Decomposition:
    """Decompose the forecasts of one domain from one origin.

    Parameters
    ----------
    history : History
        What is known at the origin.
    name, domain : str, Domain
        The domain.
    horizons : int
        Years ahead.
    least_people : int
        Persons at risk below which there is no forecast.

    Returns
    -------
    Decomposition
        The components; :data:`MODELS` multiply them.
    """
    clients = history.clients[name]
    t = clients.shape[1]
    population, relative = _people(history, name, domain, horizons)
    ratio = np.where(
        np.isfinite(history.structural_ratio[name]), history.structural_ratio[name], 1.0
    )
    expected = (population[:, t - 1] * ratio)[:, None] * relative
    expected_so_far = expected[:, :t].clip(EPSILON)
    observed = np.isfinite(clients) & np.isfinite(expected[:, :t])
    figures = np.where(observed, clients, np.nan)
    country_levels, growth = _country(figures, expected_so_far)
    gm = _codes(history.areas["gm_code"])
    base = expected_so_far * country_levels
    of_gemeente, last_gemeente, own_base, gm_variance = _gemeente(
        figures, base, gm, domain.rounded_to, horizons
    )
    deviation = figures / own_base - 1
    parameters = rao_yu.fit(deviation, own_base, domain.rounded_to)
    mean, own_variance = rao_yu.predict_ahead(
        parameters, deviation, own_base, domain.rounded_to, horizons
    )
    last_deviation = origins.last_finite(deviation)[:, None]
    deviation_at_last = np.where(np.isfinite(last_deviation), last_deviation, mean)
    ahead = np.arange(1, horizons + 1)
    newest = _within_year(history, name, gm)
    gemeente_growth, wijk_growth = (np.exp(g)[:, None] for g in (newest.gemeente, newest.wijk))
    return Decomposition(
        need=expected[:, t:],
        population=population[:, t:],
        country_level=float(country_levels[-1]),
        drift=np.exp(newest.course(growth, horizons)),
        gemeente=of_gemeente.clip(MIN_FACTOR)[gm] * gemeente_growth,
        gemeente_last=last_gemeente.clip(MIN_FACTOR)[gm][:, None]
        * gemeente_growth
        * np.ones(horizons),
        wijk=(1 + mean).clip(MIN_FACTOR) * wijk_growth,
        wijk_last=(1 + deviation_at_last).clip(MIN_FACTOR) * wijk_growth,
        last_clients=figures[:, -1],
        fallback_clients=_fallback(figures[:, -1], population[:, t - 1], gm),
        shared_error=np.sqrt((COUNTRY_SD * ahead) ** 2 + gm_variance[gm]),
        own_error=np.sqrt(own_variance),
        basis=_basis(
            history, figures, gm, (population[:, t:], history.structural_ratio[name]), least_people
        ),
    )


def _within_year(history: History, name: str, gm: Ints) -> GrowthWithinYear:
    totals = history.totals.get(name)
    if totals is not None and totals.at_year_end is not None:
        counts = np.stack([totals.clients[:, -1], totals.at_year_end], axis=1)
        return within_year.growth_to_year_end(counts, totals.country, gm)
    return within_year.growth_between_halves(history.half_year_clients.get(name), gm)


def _people(history: History, name: str, domain: Domain, horizons: int) -> tuple[Floats, Floats]:
    """Return persons at risk, (n, t + horizons), and clients by age relative to the origin's."""
    people = history.project_people(horizons)
    t = len(history.years)
    at_risk = cohorts.population_weights(domain.population)
    use = use_per_age_group(history.clients[name], people[:, :t], at_risk)
    last_population = origins.last_finite(history.population[name])
    people_at_risk, clients = people @ at_risk, people @ use
    # the newest year with population figures of its own: later populations were carried forward
    edition = np.isfinite(history.people[:, :, 0])
    newest = np.where(edition.any(axis=1), t - 1 - edition[:, ::-1].argmax(axis=1), t - 1)
    rows = np.arange(len(people))
    base = people_at_risk[rows, newest][:, None]
    growth = np.divide(people_at_risk, base, out=np.ones_like(people_at_risk), where=base > 0)
    now = clients[:, [t - 1]]
    relative = np.divide(clients, now, out=np.ones_like(clients), where=now > 0)
    return np.nan_to_num(last_population)[:, None] * growth, relative


def use_per_age_group(clients: Floats, people: Floats, at_risk: Floats) -> Floats:
    """Return clients per person of every age group, by non-negative least squares.

    Parameters
    ----------
    clients : array of shape (areas, years)
        Figures; NaN where not known.
    people : array of shape (areas, years, 5)
        Persons per age group.
    at_risk : array of shape (5,)
        Weight of every age group in the population at risk; 0 leaves it out.

    Returns
    -------
    array of shape (5,)
        Clients per person.
    """
    from scipy.optimize import nnls

    observed = np.isfinite(clients) & np.isfinite(people).all(axis=2)
    people_at_risk = people[observed] * (at_risk > 0)
    if not observed.any():
        return at_risk
    weight = 1 / np.sqrt(people_at_risk.sum(axis=1).clip(cohorts.MIN_SIZE))
    use, _ = nnls(people_at_risk * weight[:, None], clients[observed] * weight)
    out: Floats = use + EVEN_SHARE * use.mean() * (at_risk > 0)
    return out


def _country(figures: Floats, expected: Floats) -> tuple[Floats, float]:
    """Return the country's factor per year and its recent growth (logarithm), both beyond need.

    Growth is measured on areas with a figure in both years, as other gemeenten report each year.
    """
    growth = [
        _ratio(figures, expected, year, [year - 1, year])
        - _ratio(figures, expected, year - 1, [year - 1, year])
        for year in range(1, figures.shape[1])
    ]
    last = figures.shape[1] - 1
    log_levels = _ratio(figures, expected, last, [last]) - np.append(
        np.cumsum(growth[::-1])[::-1], 0.0
    )
    weight = DAMPING ** np.arange(1, len(growth) + 1)
    recent = float(weight @ np.array(growth[::-1]) / weight.sum()) if growth else 0.0
    return np.exp(log_levels), recent


def _ratio(figures: Floats, expected: Floats, year: int, among: list[int]) -> float:
    """Return the log ratio of figures to what is expected, of areas known in all these years."""
    observed = np.isfinite(figures[:, among]).all(axis=1)
    clients, need = figures[observed, year].sum(), expected[observed, year].sum()
    return float(np.log(clients / need)) if clients > 0 and need > 0 else 0.0


def _gemeente(
    figures: Floats, base: Floats, gm: Ints, rounded_to: int, horizons: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return gemeente factors ahead and in the last year, expected clients of wijken, variance."""
    observed = np.isfinite(figures)
    sums = [groups.sums(np.where(observed, values, 0.0), gm) for values in (figures, base)]
    clients, expected = sums[0], sums[1].clip(1.0)
    deviation = np.where(sums[1] > EPSILON, clients / expected - 1, np.nan)
    size = np.where(sums[1] > EPSILON, expected, origins.last_finite(_blank(sums[1]))[:, None])
    size = np.where(np.isfinite(size), size, 100.0).clip(1.0)
    parameters = rao_yu.fit(deviation, size, rounded_to)
    mean, spread = rao_yu.predict_ahead(parameters, deviation, size, rounded_to, horizons)
    at_last = origins.last_finite(deviation)
    at_last = np.where(np.isfinite(at_last), at_last, 0.0)
    of_year = np.where(np.isfinite(deviation), deviation, 0.0)
    own_base: Floats = (base * (1 + of_year)[gm]).clip(EPSILON)
    return 1 + mean, 1 + at_last, own_base, spread


def _blank(sums: Floats) -> Floats:
    out: Floats = np.where(sums > EPSILON, sums, np.nan)
    return out


def _codes(values: pd.Series) -> Ints:
    return pd.factorize(values)[0].astype("intp")


def _fallback(last: Floats, population: Floats, gm: Ints) -> Floats:
    """Return clients by the rate of the gemeente at the origin, else of the country."""
    observed = np.isfinite(last) & np.isfinite(population)
    pairs = np.where(observed[:, None], np.stack([last, population], axis=1), 0.0)
    clients, persons = groups.sums(pairs, gm).T
    country = clients.sum() / max(persons.sum(), 1.0)
    rate = np.divide(clients, persons, out=np.full_like(clients, country), where=clients > 0)
    out: Floats = rate[gm] * population
    return out


def _basis(
    history: History, figures: Floats, gm: Ints, people_and_ratio: tuple[Floats, Floats], least: int
) -> npt.NDArray[np.str_]:
    """Return what every forecast stands on; a figure that came through the gemeente is its."""
    population, ratio = people_and_ratio
    observed = np.isfinite(figures)
    of_gemeente = groups.sums(observed.astype("float64"), gm).sum(axis=1)[gm] > 0
    if history.of_gemeente is not None:
        observed &= ~history.of_gemeente
    silent = ~(population.min(axis=1) >= least) | ~(of_gemeente | np.isfinite(ratio))
    return np.select(
        [silent, observed[:, -1], observed.any(axis=1), of_gemeente],
        ["silent", "figure", "older", "gemeente"],
        "expected",
    )


def _persistence(decomposition: Decomposition) -> Floats:
    figure = np.where(
        np.isfinite(decomposition.last_clients),
        decomposition.last_clients,
        decomposition.fallback_clients,
    )
    out: Floats = figure[:, None] * np.ones(len(decomposition.drift))
    return out


def _drift(decomposition: Decomposition) -> Floats:
    out: Floats = _persistence(decomposition) * decomposition.drift
    return out


def _levels(decomposition: Decomposition) -> Floats:
    out: Floats = (
        decomposition.need
        * decomposition.country_level
        * decomposition.drift
        * decomposition.gemeente
        * decomposition.wijk
    )
    return out


def _blend(decomposition: Decomposition) -> Floats:
    """Weigh the factors of the last year by a half, a quarter, an eighth as the horizon grows."""
    weight = DAMPING ** np.arange(1, len(decomposition.drift) + 1)
    gemeente = weight * decomposition.gemeente_last + (1 - weight) * decomposition.gemeente
    wijk = weight * decomposition.wijk_last + (1 - weight) * decomposition.wijk
    out: Floats = (
        decomposition.need * decomposition.country_level * decomposition.drift * gemeente * wijk
    )
    return out


DEFAULT_MODEL, PERSISTENCE = "blend", "persistence"
MODELS: dict[str, Callable[[Decomposition], Floats]] = {
    PERSISTENCE: _persistence,
    "drift": _drift,
    "levels": _levels,
    DEFAULT_MODEL: _blend,
}
