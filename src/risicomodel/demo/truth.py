"""The true rate of every domain: what drives it, how strongly, and what is left to chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.random import Generator

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.demo.places import Areas

    Values = dict[str, Floats]


YEARS_ALIKE = 0.9  # correlation of a gemeente's effect with the year before
YEARLY_SD = 0.03  # of a wijk's own effect, on the log rate


class TrueFeature(NamedTuple):
    """A figure that drives a rate: one column over another.

    Parameters
    ----------
    column, per : str
        Canonical KWB names; with ``per`` empty the column is taken relative to the country.
    usual, step : float
        The value with no effect, and the difference that counts as one step, in the figure's unit.
    """

    column: str
    per: str
    usual: float
    step: float


class TrueDriver(NamedTuple):
    """The effect of a feature on the log rate.

    Parameters
    ----------
    feature : str
        A key of :data:`FEATURES`.
    effect : float
        Change of the log rate per step.
    shape : str
        How the effect continues over steps: a key of :data:`SHAPES`.
    """

    feature: str
    effect: float
    shape: str = "linear"


@dataclass(frozen=True)
class DemoDomain:
    """A domain as it truly works.

    Parameters
    ----------
    national_rate : float
        Clients per person of ``national_rate_of`` (0–1), in the whole country and the middle year.
    growth : tuple of float
        Bounds of the yearly growth of that rate.
    at_risk : mapping
        The population that rates are about: weights of KWB columns (persons).
    gemeente_sd, wijk_sd : float
        Standard deviation of a gemeente's and a wijk's own effect, on the log rate.
    drivers : tuple of TrueDriver
        All effects of features.
    national_rate_of : mapping
        The population of the national rate, where that is another.
    """

    national_rate: float
    growth: tuple[float, float]
    at_risk: Mapping[str, float]
    gemeente_sd: float
    wijk_sd: float
    drivers: tuple[TrueDriver, ...]
    national_rate_of: Mapping[str, float] = field(default_factory=dict)


# names as in configs/features; a value relative to the country's has no 'per'
FEATURES = {
    "aandeel_0_14": TrueFeature("k_0_tot_15_jaar", "aantal_inwoners", 0.155, 0.035),
    "aandeel_65_plus": TrueFeature("k_65_jaar_of_ouder", "aantal_inwoners", 0.19, 0.06),
    "aandeel_gescheiden": TrueFeature("gescheiden", "aantal_inwoners", 0.075, 0.02),
    "aandeel_verweduwd": TrueFeature("verweduwd", "aantal_inwoners", 0.05, 0.02),
    "eenpersoonshuishoudens": TrueFeature(
        "eenpersoonshuishoudens", "huishoudens_totaal", 0.37, 0.11
    ),
    "huishoudens_met_kinderen": TrueFeature(
        "huishoudens_met_kinderen", "huishoudens_totaal", 0.34, 0.08
    ),
    "corporatiewoningen": TrueFeature("in_bezit_woningcorporatie", "percent", 0.28, 0.14),
    "meergezinswoningen": TrueFeature("percentage_meergezinswoning", "percent", 0.32, 0.22),
    "woningwaarde": TrueFeature("gemiddelde_woningwaarde", "", 0.0, 0.28),
}


FARTHEST = 3.0  # steps: tiny wijken have shares of 0 and 1
SHAPES = {
    "linear": lambda z: z,
    "levelling off": lambda z: 1.5 * np.tanh(z / 1.5),
    "above usual": lambda z: 1.6 * np.maximum(z, 0.0),
}


DOMAINS = {
    "jeugd": DemoDomain(
        national_rate=0.10, growth=(0.02, 0.04), gemeente_sd=0.15, wijk_sd=0.08,
        at_risk={"k_0_tot_15_jaar": 1.0, "k_15_tot_25_jaar": 0.8},
        drivers=(
            TrueDriver("aandeel_gescheiden", 0.075),
            TrueDriver("corporatiewoningen", 0.055, "above usual"),
            TrueDriver("woningwaarde", -0.045, "levelling off"), TrueDriver("aandeel_0_14", 0.025),
        ),
    ),
    "wmo": DemoDomain(
        national_rate=0.070, growth=(0.05, 0.10), gemeente_sd=0.12, wijk_sd=0.08,
        at_risk={"aantal_inwoners": 1.0},
        drivers=(
            TrueDriver("aandeel_65_plus", 0.15), TrueDriver("corporatiewoningen", 0.10),
            TrueDriver("eenpersoonshuishoudens", 0.06, "levelling off"),
            TrueDriver("aandeel_verweduwd", 0.05), TrueDriver("woningwaarde", -0.05),
        ),
    ),
    "bijstand": DemoDomain(
        national_rate=0.036, growth=(-0.02, -0.02), gemeente_sd=0.08, wijk_sd=0.08,
        at_risk={"k_15_tot_25_jaar": 1.0, "k_25_tot_45_jaar": 1.0, "k_45_tot_65_jaar": 1.0},
        # 18 to AOW age: about 7 of 10 of those 15-24, and those of 65 up to AOW age
        national_rate_of={"k_15_tot_25_jaar": 0.7, "k_25_tot_45_jaar": 1.0,
                          "k_45_tot_65_jaar": 1.0, "k_65_jaar_of_ouder": 0.07},
        drivers=(
            TrueDriver("corporatiewoningen", 0.22, "levelling off"),
            TrueDriver("aandeel_gescheiden", 0.11), TrueDriver("woningwaarde", -0.12),
            TrueDriver("meergezinswoningen", 0.07),
            TrueDriver("eenpersoonshuishoudens", 0.06, "above usual"),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """A domain's true rates.

    Parameters
    ----------
    at_risk : array of shape (years, places)
        Persons at risk.
    rate : array of shape (years, places)
        Clients per person at risk.
    parts : dict of array of shape (years, places)
        Terms that add up to the logarithm of the rate: ``level``, one per driver, and the effects
        of gemeente, wijk and year.
    """

    at_risk: Floats
    rate: Floats
    parts: Values


def population(values: Values, weights: Mapping[str, float]) -> Floats:
    """Return the persons at risk: a weighted sum of columns.

    Parameters
    ----------
    values : dict of array of shape (years, places)
        KWB columns by canonical name (persons).
    weights : mapping
        Weight by column.

    Returns
    -------
    array of shape (years, places)

    Examples
    --------
    >>> persons = {"k_0_tot_15_jaar": np.array([[100.0]]), "k_15_tot_25_jaar": np.array([[50.0]])}
    >>> population(persons, DOMAINS["jeugd"].at_risk).tolist()
    [[140.0]]
    """
    parts = [weight * values[column] for column, weight in weights.items()]
    total: Floats = np.sum(parts, axis=0)
    return total


def feature(values: Values, name: str) -> Floats:
    """Return a feature, from unrounded figures.

    Parameters
    ----------
    values : dict of array of shape (years, places)
        KWB columns by canonical name.
    name : str
        A key of :data:`FEATURES`.

    Returns
    -------
    array of shape (years, places)
        A share; for values in euros the logarithm of the ratio to the year's mean dwelling.
    """
    column, per, _, _ = FEATURES[name]
    if per:
        share: Floats = values[column] / np.maximum(values[per], 1.0)
        return share
    stock = values["woningvoorraad"]
    mean = (values[column] * stock).sum(axis=1, keepdims=True) / stock.sum(axis=1, keepdims=True)
    relative: Floats = np.log(values[column] / mean)
    return relative


def driven(domain: DemoDomain, values: Values) -> Values:
    """Return what every driver adds to the log rate.

    Parameters
    ----------
    domain : DemoDomain
        The domain with its drivers.
    values : dict of array of shape (years, places)
        KWB columns by canonical name.

    Returns
    -------
    dict of array of shape (years, places)
        By the driver's feature.
    """
    parts = {}
    for driver in domain.drivers:
        _, _, usual, step = FEATURES[driver.feature]
        steps = np.clip((feature(values, driver.feature) - usual) / step, -FARTHEST, FARTHEST)
        parts[driver.feature] = driver.effect * SHAPES[driver.shape](steps)
    return parts


def draw_truth(rng: Generator, domain: DemoDomain, values: Values, areas: list[Areas]) -> Truth:
    """Draw the true rate: national rate, drivers, and effects of gemeente, wijk and year.

    Parameters
    ----------
    rng : Generator
        A stream of random numbers for this domain only.
    domain : DemoDomain
        What drives the rate.
    values : dict of array of shape (years, places)
        KWB columns by canonical name.
    areas : list of Areas
        How places are coded, one for each year: a gemeente's effect follows its wijken.

    Returns
    -------
    Truth
    """
    at_risk = population(values, domain.at_risk)
    parts = driven(domain, values)
    wijk_effect = rng.normal(0, domain.wijk_sd, at_risk.shape[1])
    parts["gemeente_effect"] = _gemeente_effect(rng, domain, areas)
    parts["wijk_effect"] = np.broadcast_to(wijk_effect, at_risk.shape)
    parts["year_effect"] = rng.normal(0, YEARLY_SD, at_risk.shape)
    relative = np.exp(np.sum(list(parts.values()), axis=0))
    years_on = np.arange(len(areas)) - (len(areas) - 1) / 2
    national_rate = domain.national_rate * (1 + rng.uniform(*domain.growth)) ** years_on
    persons = population(values, domain.national_rate_of or domain.at_risk).sum(axis=1)
    base = national_rate * persons / (at_risk * relative).sum(axis=1)
    rate = base[:, None] * relative
    return Truth(at_risk, rate, {"level": np.log(rate / relative), **parts})


def _gemeente_effect(rng: Generator, domain: DemoDomain, areas: list[Areas]) -> Floats:
    """Return each place's gemeente effect by year: a gemeente moves as a whole, slowly."""
    gemeenten = 1 + max(int(area.gm.max()) for area in areas)
    effect = rng.normal(0, domain.gemeente_sd, gemeenten)
    fresh = domain.gemeente_sd * np.sqrt(1 - YEARS_ALIKE**2)
    out = []
    for area in areas:
        out.append(effect[area.gm])
        effect = YEARS_ALIKE * effect + rng.normal(0, fresh, gemeenten)
    return np.array(out)
