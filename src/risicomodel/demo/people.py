"""Who lives in the made-up country and how: every KWB column, from declarative tables.

Five latent factors per place (urbanity, affluence, age, students, new building), each with a
gemeente's part, a wijk's part and a slow drift, shift the national shares and values below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.random import Generator

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from risicomodel.demo.places import Places
    from risicomodel.demo.settings import DemoSettings

    Values = dict[str, Floats]

INHABITANTS = 5700.0  # per wijk, whatever the number of wijken: 17 million in 3,000
FEWEST = 10.0  # inhabitants
NEARLY_EMPTY = 0.12  # of the places: ports, polders, business parks
GEMEENTE_SHARE = 0.3  # of the variance of a factor
ORIGIN = ("westers_totaal", "niet_westers_totaal")
URBANITY = (500, 1000, 1500, 2500)  # addresses per km2 where CBS's five classes meet


class Part(NamedTuple):
    """One part of a whole.

    Parameters
    ----------
    column : str
        Canonical name of its KWB column.
    share : float
        National share of the whole (0–1).
    urban, affluent, old, student, new : float
        Change of the log odds per standard deviation of a factor.
    """

    column: str
    share: float
    urban: float = 0.0
    affluent: float = 0.0
    old: float = 0.0
    student: float = 0.0
    new: float = 0.0


class Whole(NamedTuple):
    """A column that is divided into parts.

    Parameters
    ----------
    column : str
        Canonical name of the KWB column, or ``percent`` for 100.
    noise : float
        Standard deviation of a wijk's own deviation, on the log odds.
    parts : tuple of Part
        What it is divided into.
    """

    column: str
    noise: float
    parts: tuple[Part, ...]


class Quantity(NamedTuple):
    """A column that is no part of a whole.

    Parameters
    ----------
    column : str
        Canonical name of the KWB column.
    typical : float
        Typical value, in the column's unit, or per unit of ``per``.
    noise : float
        Standard deviation of a wijk's own deviation, on the logarithm.
    per : str
        Column that the value is proportional to; empty where there is none.
    growth : float
        Yearly growth of the logarithm.
    most : float
        Maximum, in the column's unit.
    urban, affluent, old, student, new : float
        Change of the logarithm per standard deviation of a factor.
    """

    column: str
    typical: float
    noise: float
    per: str = ""
    growth: float = 0.0
    most: float = np.inf
    urban: float = 0.0
    affluent: float = 0.0
    old: float = 0.0
    student: float = 0.0
    new: float = 0.0


PERSONS_PER_HOUSEHOLD = (1.0, 2.03, 3.68)  # in the order of the parts of HOUSEHOLDS
HOUSEHOLDS = Whole("huishoudens_totaal", 0.12, (
    Part("eenpersoonshuishoudens", 0.34, urban=0.28, affluent=-0.17, old=0.06, student=0.38),
    Part("huishoudens_zonder_kinderen", 0.30, old=0.14, new=-0.08),
    Part("huishoudens_met_kinderen", 0.36, urban=-0.06, affluent=0.05, old=-0.16, new=0.14),
))  # fmt: skip
PEOPLE = (
    Whole("aantal_inwoners", 0.11, (
        Part("k_0_tot_15_jaar", 0.157, urban=-0.03, old=-0.12, student=-0.25, new=0.12),
        Part("k_15_tot_25_jaar", 0.114, old=-0.06, student=0.60),
        Part("k_25_tot_45_jaar", 0.228, urban=0.16, old=-0.10, student=0.25, new=0.08),
        Part("k_45_tot_65_jaar", 0.287, urban=-0.03, old=0.02, student=-0.15),
        Part("k_65_jaar_of_ouder", 0.201, old=0.25, student=-0.25, new=-0.08),
    )),
    Whole("aantal_inwoners", 0.02, (
        Part("mannen", 0.4965), Part("vrouwen", 0.5035, urban=0.01, old=0.02),
    )),
    Whole("aantal_inwoners", 0.15, (
        Part("ongehuwd", 0.455, urban=0.12, old=-0.07, student=0.30),
        Part("gehuwd", 0.415, urban=-0.08, affluent=0.08, student=-0.20),
        Part("gescheiden", 0.073, urban=0.10, affluent=-0.18, old=0.06),
        Part("verweduwd", 0.048, affluent=-0.05, old=0.26, new=-0.08),
    )),
    Whole("aantal_inwoners", 0.40, (
        Part("nederland", 0.835),
        Part("westers_totaal", 0.085, urban=0.30),
        Part("niet_westers_totaal", 0.078, urban=0.60, affluent=-0.40, student=0.10, new=0.10),
    )),
    Whole("niet_westers_totaal", 0.50, (
        Part("marokko", 0.15, urban=0.10), Part("nederlandse_antillen_en_aruba", 0.07),
        Part("suriname", 0.13, urban=0.15), Part("turkije", 0.17),
        Part("overig_niet_westers", 0.48),
    )),
)  # fmt: skip
QUANTITIES = (
    Quantity("woningvoorraad", 0.985, 0.03, per="huishoudens_totaal"),
    Quantity("gemiddelde_woningwaarde", 212.0, 0.20, growth=0.05, affluent=0.26, new=0.04),
    Quantity("geboorte_totaal", 0.0092, 0.10, per="aantal_inwoners", urban=0.06, old=-0.15,
             new=0.15),
    Quantity("sterfte_totaal", 0.0083, 0.20, per="aantal_inwoners", affluent=-0.05, old=0.40),
    Quantity("gemiddeld_elektriciteitsverbruik_totaal", 2990.0, 0.15, growth=-0.015),
    Quantity("elektriciteit_appartement", 2050.0, 0.12, growth=-0.015),
    Quantity("elektriciteit_tussenwoning", 2840.0, 0.10, growth=-0.015),
    Quantity("elektriciteit_hoekwoning", 2970.0, 0.10, growth=-0.015),
    Quantity("elektriciteit_twee_onder_een_kap_woning", 3390.0, 0.12, growth=-0.015),
    Quantity("elektriciteit_vrijstaande_woning", 4060.0, 0.12, growth=-0.015),
    Quantity("elektriciteit_huurwoning", 2390.0, 0.14, growth=-0.015),
    Quantity("elektriciteit_eigen_woning", 3410.0, 0.12, growth=-0.015),
    Quantity("gemiddeld_aardgasverbruik_totaal", 1450.0, 0.14, urban=-0.12, affluent=0.10,
             new=-0.10),
    Quantity("gas_appartement", 880.0, 0.15),
    Quantity("gas_tussenwoning", 1270.0, 0.12),
    Quantity("gas_hoekwoning", 1460.0, 0.12),
    Quantity("gas_twee_onder_een_kap_woning", 1690.0, 0.12),
    Quantity("gas_vrijstaande_woning", 2260.0, 0.13),
    Quantity("gas_huurwoning", 1230.0, 0.18),
    Quantity("gas_eigen_woning", 1640.0, 0.16),
    Quantity("percentage_woningen_met_stadsverwarming", 1.5, 1.20, most=100, urban=0.80, new=0.50),
    Quantity("aantal_inkomensontvangers", 0.79, 0.02, per="aantal_inwoners", old=0.02, new=-0.02),
    Quantity("gemiddeld_inkomen_per_inkomensontvanger", 31.5, 0.05, growth=0.02, affluent=0.16),
    Quantity("gemiddeld_inkomen_per_inwoner", 25.3, 0.05, growth=0.02, affluent=0.15, old=0.03),
    Quantity("k_40_personen_met_laagste_inkomen", 39.5, 0.06, most=100, affluent=-0.10,
             student=0.20),
    Quantity("k_20_personen_met_hoogste_inkomen", 19.5, 0.08, most=100, affluent=0.26,
             student=-0.10),
    Quantity("k_40_huishoudens_met_laagste_inkomen", 35.0, 0.08, most=100, urban=0.12,
             affluent=-0.24, student=0.15),
    Quantity("k_20_huishoudens_met_hoogste_inkomen", 21.0, 0.10, most=100, urban=-0.08,
             affluent=0.30),
    Quantity("huishoudens_met_een_laag_inkomen", 5.9, 0.15, most=100, urban=0.22, affluent=-0.34,
             student=0.25),
    Quantity("huish_onder_of_rond_sociaal_minimum", 5.3, 0.15, most=100, urban=0.20,
             affluent=-0.36, student=0.15),
    Quantity("personen_per_soort_uitkering_ao", 0.148, 0.18, per="k_45_tot_65_jaar",
             affluent=-0.20),
    Quantity("personen_per_soort_uitkering_ww", 0.066, 0.15, per="k_25_tot_45_jaar", growth=-0.08),
    Quantity("personen_per_soort_uitkering_aow", 0.92, 0.02, per="k_65_jaar_of_ouder"),
    Quantity("bedrijfsvestigingen_totaal", 0.088, 0.25, per="aantal_inwoners", growth=0.03,
             affluent=0.15),
    Quantity("personenautos_totaal", 1.10, 0.08, per="huishoudens_totaal", urban=-0.18,
             affluent=0.10, student=-0.10),
    Quantity("motorfietsen", 0.038, 0.25, per="aantal_inwoners"),
    Quantity("afstand_tot_huisartsenpraktijk", 1.15, 0.45, urban=-0.45),
    Quantity("afstand_tot_grote_supermarkt", 1.10, 0.45, urban=-0.45),
    Quantity("afstand_tot_kinderdagverblijf", 0.80, 0.40, urban=-0.40, new=-0.05),
    Quantity("afstand_tot_school", 0.80, 0.35, urban=-0.35),
    Quantity("scholen_binnen_3_km", 4.8, 0.35, urban=0.75),
    Quantity("omgevingsadressendichtheid", 700.0, 0.25, urban=0.95),
)  # fmt: skip
THINGS = (
    Whole("percent", 0.38, (
        Part("koopwoningen", 0.635, urban=-0.20, affluent=0.16),
        Part("in_bezit_woningcorporatie", 0.24, urban=0.18, affluent=-0.38, new=-0.08),
        Part("in_bezit_overige_verhuurders", 0.125, urban=0.12, student=0.45),
        Part("eigendom_onbekend", 0.01),
    )),
    Whole("percent", 0.35, (
        Part("percentage_eengezinswoning", 0.77, urban=-0.55, student=-0.2),
        Part("percentage_meergezinswoning", 0.23, urban=0.45, affluent=-0.1, student=0.2),
    )),
    Whole("percent", 0.50, (
        Part("percentage_bewoond", 0.96), Part("percentage_onbewoond", 0.04),
    )),
    Whole("percent", 0.35, (
        Part("bouwjaar_voor_2000", 0.87), Part("bouwjaar_vanaf_2000", 0.13, new=0.75),
    )),
    Whole("personenautos_totaal", 0.05, (
        Part("personenautos_brandstof_benzine", 0.805),
        Part("personenautos_overige_brandstof", 0.195),
    )),
    Whole("bedrijfsvestigingen_totaal", 0.25, (
        Part("a_landbouw_bosbouw_en_visserij", 0.045, urban=-0.9),
        Part("bf_nijverheid_en_energie", 0.15), Part("gi_handel_en_horeca", 0.21),
        Part("hj_vervoer_informatie_en_communicatie", 0.088, urban=0.1),
        Part("kl_financiele_diensten_onroerend_goed", 0.10, affluent=0.1),
        Part("mn_zakelijke_dienstverlening", 0.27, affluent=0.15),
        Part("ru_cultuur_recreatie_overige_diensten", 0.137),
    )),
)  # fmt: skip


def unrelated() -> list[dict[str, str]]:
    """Return the columns that no factor shifts: over ``per`` they carry no information.

    Returns
    -------
    list of dict
        ``column`` and the column ``per`` which it is taken, both canonical KWB names.
    """
    quantities = [{"column": x.column, "per": x.per} for x in QUANTITIES if not any(x[6:])]
    parts = [
        {"column": part.column, "per": whole.column}
        for whole in (*PEOPLE, *THINGS)
        for part in whole.parts
        if not any(any(other[2:]) for other in whole.parts)
    ]
    return quantities + parts


def origin() -> list[str]:
    """Return the herkomst columns: they differ between wijken and drive no rate."""
    return [p.column for w in PEOPLE for p in w.parts if w.column in ORIGIN or p.column in ORIGIN]


def make_people(settings: DemoSettings, places: Places, rng: Generator) -> Values:
    """Return every KWB column, unrounded; parts add up to their whole exactly.

    Parameters
    ----------
    settings : DemoSettings
        Years and number of gemeenten.
    places : Places
        Where people live: urbanity, land and gemeente of every place.
    rng : Generator
        A stream of random numbers for people only.

    Returns
    -------
    dict of array of shape (years, places)
        By canonical name, in the column's unit.
    """
    for_factors, for_size, for_columns = rng.spawn(3)
    factors = _factors(for_factors, settings, places)
    inhabitants = _inhabitants(for_size, settings, places, factors)
    values = {
        "aantal_inwoners": inhabitants,
        "oppervlakte_land": np.broadcast_to(places.land, inhabitants.shape),
        "oppervlakte_water": np.broadcast_to(places.water, inhabitants.shape),
    }
    _fill(for_columns, values, factors)
    return values


def _factors(rng: Generator, settings: DemoSettings, places: Places) -> Floats:
    """Return urbanity, affluence, age, students and new building by year and place."""
    gm, urban = places.gm, places.urban
    years, shape = len(settings.years), (len(gm), 5)
    shared = np.sqrt(GEMEENTE_SHARE) * rng.normal(size=(settings.gemeenten, 5))[gm]
    drawn: Floats = shared + np.sqrt(1 - GEMEENTE_SHARE) * rng.normal(size=shape)
    drawn[:, 0] = urban
    drawn[:, 1] -= 0.35 * urban
    drawn[:, 2] -= 0.30 * urban
    drawn[:, 3] = np.maximum(0, drawn[:, 3] + 1.1 * urban - 2.0)  # in a few towns only
    drawn[:, 4] -= 0.25 * drawn[:, 2]
    drift = rng.normal((0, 0, 0.03, 0, 0), 0.03, shape)
    years_on = np.arange(years)[:, None, None] - (years - 1) / 2
    factors: Floats = drawn + drift * years_on + rng.normal(0, 0.02, (years, *shape))
    return factors


def _inhabitants(rng: Generator, settings: DemoSettings, places: Places, factors: Floats) -> Floats:
    """Return persons by year and place: more in towns, a few places nearly empty."""
    gm = places.gm
    size = 0.45 * np.log(places.land) + 0.75 * factors[0, :, 0]
    size += rng.normal(0, 0.25, settings.gemeenten)[gm] + rng.normal(0, 0.75, len(gm))
    size -= rng.exponential(1.8, len(gm)) * (rng.random(len(gm)) < NEARLY_EMPTY)
    start = np.exp(size) * INHABITANTS * len(gm) / np.exp(size).sum()
    growth = rng.normal(0.004, 0.008, len(gm)) + 0.004 * factors[0, :, 4]
    years_on = np.arange(len(settings.years))[:, None]
    persons: Floats = np.maximum(np.rint(start * np.exp(growth * years_on)), FEWEST)
    return persons


def _fill(rng: Generator, values: Values, factors: Floats) -> None:
    """Fill in every column of the tables above."""
    for whole in PEOPLE:
        _divide(rng, values, factors, whole)
    shares = _shares(rng, factors, HOUSEHOLDS)
    values[HOUSEHOLDS.column] = np.rint(
        values["aantal_inwoners"] / (shares @ PERSONS_PER_HOUSEHOLD)
    )
    _store(values, HOUSEHOLDS, shares)
    for quantity in QUANTITIES:
        values[quantity.column] = _quantity(rng, values, factors, quantity)
    values["percent"] = np.full_like(values["aantal_inwoners"], 100.0)
    for whole in THINGS:
        _divide(rng, values, factors, whole)
    add_ratios(values)


def _divide(rng: Generator, values: Values, factors: Floats, whole: Whole) -> None:
    _store(values, whole, _shares(rng, factors, whole))


def _shares(rng: Generator, factors: Floats, whole: Whole) -> Floats:
    """Return the parts' shares, year × place × part: 1 in total."""
    loadings = np.array([part[2:] for part in whole.parts], dtype=np.float64)
    base = np.log([part.share for part in whole.parts])
    odds = np.exp(base + factors @ loadings.T + place_noise(rng, factors, whole.noise, len(base)))
    shares: Floats = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def place_noise(rng: Generator, factors: Floats, noise: float, columns: int) -> Floats:
    """Return random deviations of places: most of it lasts, a tenth is new every year.

    Parameters
    ----------
    rng : Generator
        Source of random numbers.
    factors : array of shape (years, places, 5)
        The factors; only their shape is used.
    noise : float
        Standard deviation of what lasts.
    columns : int
        How many deviations to draw per place.

    Returns
    -------
    array of shape (years, places, columns)
    """
    years, places, _ = factors.shape
    lasting = rng.normal(0, noise, (places, columns))
    return lasting + rng.normal(0, 0.1 * noise, (years, places, columns))


def _store(values: Values, whole: Whole, shares: Floats) -> None:
    """Store parts that add up to the whole exactly; persons and things are whole numbers."""
    ends = np.cumsum(shares, axis=-1) * values[whole.column][..., None]
    if whole.column != "percent":
        ends = np.rint(ends)
    sizes = np.diff(ends, axis=-1, prepend=0.0)
    for position, part in enumerate(whole.parts):
        values[part.column] = sizes[..., position]


def _quantity(rng: Generator, values: Values, factors: Floats, quantity: Quantity) -> Floats:
    growth = quantity.growth * np.arange(len(factors))[:, None]
    shift = factors @ np.array(quantity[6:], dtype=np.float64)
    lasting = place_noise(rng, factors, quantity.noise, 1)[..., 0]
    value: Floats = quantity.typical * np.exp(shift + lasting + growth)
    if quantity.per:
        return np.rint(value * values[quantity.per])
    return np.minimum(value, quantity.most)


def add_ratios(values: Values) -> None:
    """Add the columns that are one figure over another.

    Parameters
    ----------
    values : dict of array of shape (years, places)
        Columns by canonical name; the ratios are added to it.
    """
    people, households = values["aantal_inwoners"], np.maximum(values["huishoudens_totaal"], 1)
    km2 = values["oppervlakte_land"] / 100
    values["huurwoningen_totaal"] = (
        values["in_bezit_woningcorporatie"] + values["in_bezit_overige_verhuurders"]
    )
    values["oppervlakte_totaal"] = values["oppervlakte_land"] + values["oppervlakte_water"]
    values["gemiddelde_huishoudensgrootte"] = people / households
    values["bevolkingsdichtheid"] = people / km2
    values["geboorte_relatief"] = 1000 * values["geboorte_totaal"] / people
    values["sterfte_relatief"] = 1000 * values["sterfte_totaal"] / people
    values["personenautos_per_huishouden"] = values["personenautos_totaal"] / households
    values["personenautos_naar_oppervlakte"] = values["personenautos_totaal"] / km2
    addresses = values["omgevingsadressendichtheid"]
    above = np.searchsorted(URBANITY, addresses, side="right")
    values["mate_van_stedelijkheid"] = (5 - above).astype(np.float64)
