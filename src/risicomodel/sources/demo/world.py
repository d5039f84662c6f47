"""A made-up Netherlands with a known truth, as an archive of tables in CBS's own formats.

Name: demo. Licence: none needed, nothing in it was measured. Period: the years of the settings.

Places (:mod:`~risicomodel.sources.demo.places`) and their people
(:mod:`~risicomodel.sources.demo.people`) are drawn from a seed. The true rate of every domain
follows from a handful of figures about them, an effect of the gemeente and one of the wijk; the
published figures are counts drawn from it, with CBS's rounding, blanks and late columns
(:mod:`~risicomodel.sources.demo.files`). Marginals follow published figures of CBS; every name,
title and code says demo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from risicomodel import levels, storage
from risicomodel.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from risicomodel.sources.demo.buurten import Buurten
    from risicomodel.sources.demo.places import Areas, Places

    Floats = NDArray[np.float64]
    Values = dict[str, Floats]

MARK = "truth_drivers.json"  # only an archive of ours has it
TABLES = {"kwb": "DEMOKWB{year}", "jeugd": "DEMOJZ{year}", "wmo": "DEMOWMO{year}"}
GEOMETRY = "wijken_demo"
NOT_DELIVERED = 0.05  # of the gemeenten, in a year
HALF_YEAR = 0.88  # of a year's clients are clients in a given half of it
YEARS_ALIKE = 0.9  # correlation of a gemeente's effect with the year before
YEARLY_SD = 0.03  # of a wijk's own effect, on the log rate


@dataclass
class DemoSettings:
    """Size, years and seed of the made-up country.

    Parameters
    ----------
    seed : int
        The same seed, sizes and years give the same bytes.
    gemeenten, wijken : int
        How many there are in the first year; two gemeenten merge half-way.
    first_year, last_year : int
        Years of the tables, both included.
    level : {"wijk", "buurt"}
        With ``buurt`` every table has buurten too; the wijken are the same.
    buurten_per_wijk : float
        How many there are then, on average about.
    """

    seed: int = 2026
    gemeenten: int = 340
    wijken: int = 3000
    first_year: int = 2015
    last_year: int = 2020
    level: str = levels.WIJK.name
    buurten_per_wijk: float = 4.7

    @property
    def years(self) -> range:
        """The years of the tables."""
        return range(self.first_year, self.last_year + 1)

    @property
    def turn(self) -> int:
        """Position of the year from which some codes mean another area; never the first year."""
        return max(1, len(self.years) // 2)


class Feature(NamedTuple):
    """A driver's figure, one column per another, and what of it counts as usual and as one step."""

    column: str
    per: str
    usual: float
    step: float


class Driver(NamedTuple):
    """What a step of a feature does to the log rate, and how that goes on (a key of SHAPES)."""

    feature: str
    effect: float
    shape: str = "linear"


@dataclass(frozen=True)
class DemoDomain:
    """A domain as it truly works.

    Parameters
    ----------
    level : float
        Clients per person of ``level_of`` in the middle year, in the whole country.
    growth : tuple of float
        Between which values the yearly growth of the level lies.
    at_risk : mapping
        The population that ``rate`` is about: weights of KWB columns (persons).
    gemeente_sd, wijk_sd : float
        Standard deviation of what is a gemeente's and a wijk's own, on the log rate.
    drivers : tuple of Driver
        All that the features do.
    level_of : mapping
        The population of the published level, where that is another.
    """

    level: float
    growth: tuple[float, float]
    at_risk: Mapping[str, float]
    gemeente_sd: float
    wijk_sd: float
    drivers: tuple[Driver, ...]
    level_of: Mapping[str, float] = field(default_factory=dict)


# names as in configs/features; a value relative to the country's has no 'per'
FEATURES = {
    "aandeel_0_14": Feature("k_0_tot_15_jaar", "aantal_inwoners", 0.155, 0.035),
    "aandeel_65_plus": Feature("k_65_jaar_of_ouder", "aantal_inwoners", 0.19, 0.06),
    "aandeel_gescheiden": Feature("gescheiden", "aantal_inwoners", 0.075, 0.02),
    "aandeel_verweduwd": Feature("verweduwd", "aantal_inwoners", 0.05, 0.02),
    "eenpersoonshuishoudens": Feature("eenpersoonshuishoudens", "huishoudens_totaal", 0.37, 0.11),
    "huishoudens_met_kinderen": Feature(
        "huishoudens_met_kinderen", "huishoudens_totaal", 0.34, 0.08
    ),
    "corporatiewoningen": Feature("in_bezit_woningcorporatie", "percent", 0.28, 0.14),
    "meergezinswoningen": Feature("percentage_meergezinswoning", "percent", 0.32, 0.22),
    "woningwaarde": Feature("gemiddelde_woningwaarde", "", 0.0, 0.28),
}
FARTHEST = 3.0  # steps: tiny wijken have shares of 0 and 1
SHAPES = {
    "linear": lambda z: z,
    "levelling off": lambda z: 1.5 * np.tanh(z / 1.5),
    "above usual": lambda z: 1.6 * np.maximum(z, 0.0),
}
DOMAINS = {
    "jeugd": DemoDomain(
        level=0.10, growth=(0.02, 0.04), gemeente_sd=0.15, wijk_sd=0.08,
        at_risk={"k_0_tot_15_jaar": 1.0, "k_15_tot_25_jaar": 0.8},
        drivers=(
            Driver("aandeel_gescheiden", 0.075), Driver("corporatiewoningen", 0.055, "above usual"),
            Driver("woningwaarde", -0.045, "levelling off"), Driver("aandeel_0_14", 0.025),
        ),
    ),
    "wmo": DemoDomain(
        level=0.070, growth=(0.05, 0.10), gemeente_sd=0.12, wijk_sd=0.08,
        at_risk={"aantal_inwoners": 1.0},
        drivers=(
            Driver("aandeel_65_plus", 0.15), Driver("corporatiewoningen", 0.10),
            Driver("eenpersoonshuishoudens", 0.06, "levelling off"),
            Driver("aandeel_verweduwd", 0.05), Driver("woningwaarde", -0.05),
        ),
    ),
    "bijstand": DemoDomain(
        level=0.036, growth=(-0.02, -0.02), gemeente_sd=0.08, wijk_sd=0.08,
        at_risk={"k_15_tot_25_jaar": 1.0, "k_25_tot_45_jaar": 1.0, "k_45_tot_65_jaar": 1.0},
        # 18 to AOW age: about 7 of 10 of those 15-24, and those of 65 up to AOW age
        level_of={"k_15_tot_25_jaar": 0.7, "k_25_tot_45_jaar": 1.0, "k_45_tot_65_jaar": 1.0,
                  "k_65_jaar_of_ouder": 0.07},
        drivers=(
            Driver("corporatiewoningen", 0.22, "levelling off"), Driver("aandeel_gescheiden", 0.11),
            Driver("woningwaarde", -0.12), Driver("meergezinswoningen", 0.07),
            Driver("eenpersoonshuishoudens", 0.06, "above usual"),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """A domain's true rate by year and place, and its logarithm's parts, which add up to it."""

    at_risk: Floats
    rate: Floats
    parts: Values


@dataclass(frozen=True)
class World:
    """The country: ``areas`` by year; all else by year and place (wijk), ``values`` unrounded."""

    settings: DemoSettings
    places: Places
    areas: list[Areas]
    values: Values
    truth: dict[str, Truth]
    delivered: NDArray[np.bool_]
    buurten: Buurten | None = None

    def figures(self, name: str, position: int) -> Floats:
        """Return a column in a year (by position) of every wijk, then of every buurt."""
        wijken: Floats = self.values[name][position]
        if self.buurten is None:
            return wijken
        return np.concatenate([wijken, self.buurten.values[name][position]])


def catalogue(settings: DemoSettings) -> dict[str, dict[int, list[str]]]:
    """Return which file holds which subject and year, in the shape of ``configs/tables``."""
    tables = {
        subject: {year: [name.format(year=year)] for year in settings.years}
        for subject, name in TABLES.items()
    }
    return {**tables, "geo": {settings.last_year: [GEOMETRY]}}


def write_archive(folder: Path, settings: DemoSettings) -> None:
    """Write the whole archive, or nothing.

    Parameters
    ----------
    folder : Path
        Where; an earlier demo there is replaced.
    settings : DemoSettings
        Size, years and seed.

    Raises
    ------
    ConfigError
        If there can be no such country.
    SourceError
        If the folder holds anything else than a demo.
    """
    from risicomodel.sources.demo import files

    _check(settings)
    ours = (folder / MARK).is_file() or (folder.is_dir() and not any(folder.iterdir()))
    if folder.exists() and not ours:
        raise SourceError(
            f"{folder} holds files that are not a demo; allowed is a new or empty folder, or an "
            "earlier demo, which is replaced. Name another folder."
        )
    with storage.staged_folder(folder) as staging:
        files.write(staging, make_world(settings))


def _check(settings: DemoSettings) -> None:
    from risicomodel.sources.demo import buurten, places

    levels.get(settings.level)
    wrong = []
    if not places.LEAST_GEMEENTEN <= settings.gemeenten <= places.MOST_GEMEENTEN:
        allowed = f"{places.LEAST_GEMEENTEN} to {places.MOST_GEMEENTEN}"
        wrong.append(f"gemeenten is {settings.gemeenten}; allowed is {allowed}")
    elif not 1 <= settings.wijken / settings.gemeenten <= places.MOST_WIJKEN:
        most = settings.gemeenten * places.MOST_WIJKEN
        wrong.append(f"wijken is {settings.wijken}; allowed is {settings.gemeenten} to {most}")
    if not settings.years:
        wrong.append(f"last_year {settings.last_year} is before {settings.first_year}")
    if not 1 <= settings.buurten_per_wijk <= buurten.MOST_BUURTEN / 2:
        allowed = f"1 to {buurten.MOST_BUURTEN // 2}"
        wrong.append(f"buurten_per_wijk is {settings.buurten_per_wijk}; allowed is {allowed}")
    if settings.seed < 0:
        wrong.append(f"seed is {settings.seed}; allowed is 0 and up")
    if wrong:
        raise ConfigError("no demo can be made of these settings; correct them:", wrong)


def make_world(settings: DemoSettings) -> World:
    """Return the country that :func:`write_archive` writes."""
    from risicomodel.sources.demo import buurten as demo_buurten
    from risicomodel.sources.demo import people as demo_people
    from risicomodel.sources.demo import places as demo_places

    streams = np.random.default_rng(settings.seed).spawn(4 + len(DOMAINS))
    for_places, for_people, for_delivery, *for_domains, for_buurten = streams
    places = demo_places.make_places(settings, for_places)
    values = demo_people.make_people(settings, places, for_people)
    areas = demo_places.code_areas(settings, places.gm, values["aantal_inwoners"][0])
    truth = {}
    for (name, domain), rng in zip(DOMAINS.items(), for_domains, strict=True):
        truth[name] = _truth(rng, domain, values, areas)
        values.update(_clients(rng, name, truth[name]))
    values["personen_per_soort_uitkering_bijstand"] = values["bijstand"]
    delivered = _delivered(for_delivery, settings, areas)
    buurten = None
    if settings.level == levels.BUURT.name:
        per_wijk = settings.buurten_per_wijk
        buurten = demo_buurten.make_buurten(per_wijk, values, truth, for_buurten)
    return World(settings, places, areas, values, truth, delivered, buurten)


def population(values: Values, weights: Mapping[str, float]) -> Floats:
    """Return the persons at risk: a weighted sum of columns."""
    parts = [weight * values[column] for column, weight in weights.items()]
    total: Floats = np.sum(parts, axis=0)
    return total


def feature(values: Values, name: str) -> Floats:
    """Return a feature of FEATURES by year and place, from unrounded figures.

    Values in euros are the logarithm against the mean dwelling of that year.
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
    """Return what every driver adds to the log rate."""
    parts = {}
    for driver in domain.drivers:
        _, _, usual, step = FEATURES[driver.feature]
        steps = np.clip((feature(values, driver.feature) - usual) / step, -FARTHEST, FARTHEST)
        parts[driver.feature] = driver.effect * SHAPES[driver.shape](steps)
    return parts


def _truth(rng: Generator, domain: DemoDomain, values: Values, areas: list[Areas]) -> Truth:
    """Return the true rate: level, drivers, the gemeente's and the wijk's own, on the log scale."""
    at_risk = population(values, domain.at_risk)
    parts = driven(domain, values)
    own = rng.normal(0, domain.wijk_sd, at_risk.shape[1])
    parts["gemeente_effect"] = _gemeente_effect(rng, domain, areas)
    parts["wijk_effect"] = np.broadcast_to(own, at_risk.shape)
    parts["year_effect"] = rng.normal(0, YEARLY_SD, at_risk.shape)
    relative = np.exp(np.sum(list(parts.values()), axis=0))
    years_on = np.arange(len(areas)) - (len(areas) - 1) / 2
    level = domain.level * (1 + rng.uniform(*domain.growth)) ** years_on
    persons = population(values, domain.level_of or domain.at_risk).sum(axis=1)
    base = level * persons / (at_risk * relative).sum(axis=1)
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


def _clients(rng: Generator, name: str, truth: Truth) -> Values:
    """Return the clients of the year and of its halves."""
    clients = rng.poisson(truth.rate * truth.at_risk)
    halves = {f"{name}_{half}": rng.binomial(clients, HALF_YEAR) for half in (1, 2)}
    return {key: n.astype(np.float64) for key, n in {name: clients, **halves}.items()}


def _delivered(rng: Generator, settings: DemoSettings, areas: list[Areas]) -> NDArray[np.bool_]:
    """Return, by year and gemeente, whether it delivered its Wmo figures."""
    delivered = np.ones((len(areas), settings.gemeenten + 1), dtype=np.bool_)
    few = max(1, round(NOT_DELIVERED * settings.gemeenten))
    for year, area in enumerate(areas):
        delivered[year, rng.choice(np.unique(area.gm), few, replace=False)] = False
    return delivered
