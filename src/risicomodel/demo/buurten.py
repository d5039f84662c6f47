"""The buurten of the made-up country: every wijk divided, so that its counts add up exactly.

Counts are split over a wijk's buurten, parts of a whole in such a way that they add up both ways,
and averages keep the wijk's mean. The true rates of a wijk's buurten give the wijk's expected
clients, and its clients are distributed over them by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from risicomodel.core.arrays import Floats, Ints, Texts
from risicomodel.demo import people
from risicomodel.demo.kwb_columns import KWB
from risicomodel.demo.truth import DOMAINS, Truth, driven, population

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.demo.people import Quantity, Whole
    from risicomodel.demo.places import Areas
    from risicomodel.demo.truth import DemoDomain

    Values = dict[str, Floats]
    Draw = Callable[[Ints, Floats, Floats], Ints]

ENDINGS = (
    "Kern", "Park", "Haven", "Station", "Markt", "Hof", "Tuinen", "Bos", "Weide", "Plantage",
    "Singel", "Kade", "Molen", "Akker", "Gaarde", "Poort", "Terp", "Duin", "Vaart", "Hoek",
)  # fmt: skip
MOST_BUURTEN = len(ENDINGS)  # of a wijk: no two have the same name
FACTOR_SD = 0.5  # of a buurt's factors within its wijk; between wijken it is about 1
SIZE_SD, LAND_SD = 0.6, 0.8  # of the logarithms of people and land
NEARLY_EMPTY = 0.08  # of the buurten
BUURT_SD = 0.10  # of a buurt's own effect, on the log rate
LEAST = 0.05  # of a buurt's part, as a share of what it would be with the wijk's shares
TINY = 1e-9


@dataclass(frozen=True)
class Buurten:
    """The buurten, before anything is rounded or left blank.

    Parameters
    ----------
    wijk, number : array of int of shape (buurten,)
        The place of every buurt's wijk, and its number within that wijk.
    values : dict of array of shape (years, buurten)
        Every KWB column by its canonical name, and the clients of every domain (persons).
    truth : dict of Truth
        The true rates, by domain.
    """

    wijk: Ints
    number: Ints
    values: Values
    truth: dict[str, Truth]

    def codes(self, areas: Areas) -> Texts:
        """Return every buurt's code in one year.

        Parameters
        ----------
        areas : Areas
            How wijken are coded in that year.

        Returns
        -------
        array of str of shape (buurten,)
        """
        pairs = zip(areas.codes[self.wijk].tolist(), self.number.tolist(), strict=True)
        return np.array([f"BU{code[2:]}{number:02d}" for code, number in pairs])

    def names(self, areas: Areas) -> Texts:
        """Return every buurt's name in one year: its number, then what stays with the place.

        Parameters
        ----------
        areas : Areas
            How wijken are coded in that year.

        Returns
        -------
        array of str of shape (buurten,)
        """
        pairs = zip(areas.stem[self.wijk].tolist(), self.number.tolist(), strict=True)
        return np.array([f"Buurt {n:02d} {stem} {ENDINGS[n]}" for stem, n in pairs])


@dataclass(frozen=True)
class Subdivision:
    """How wijken are divided into buurten.

    Parameters
    ----------
    wijk : array of int of shape (buurten,)
        The place of every buurt's wijk, in order.
    number : array of int of shape (buurten,)
        Its number within that wijk: 0, 1, 2 …

    Examples
    --------
    >>> two_and_one = Subdivision(wijk=np.array([0, 0, 1]), number=np.array([0, 1, 0]))
    >>> two_and_one.sums(np.array([[3.0, 4.0, 5.0]])).tolist()
    [[7.0, 5.0]]
    >>> two_and_one.split(np.array([[10.0, 6.0]]), np.array([[1.0, 4.0, 1.0]])).tolist()
    [[2.0, 8.0, 6.0]]
    """

    wijk: Ints
    number: Ints

    @cached_property
    def _starts(self) -> Ints:
        return np.flatnonzero(self.number == 0)

    def sums(self, figures: Floats) -> Floats:
        """Return each wijk's sum over its buurten (axis 1)."""
        sums: Floats = np.add.reduceat(figures, self._starts, axis=1)
        return sums

    def least(self, figures: Floats) -> Floats:
        """Return each wijk's minimum over its buurten (axis 1)."""
        least: Floats = np.minimum.reduceat(figures, self._starts, axis=1)
        return least

    def split(self, figures: Floats, weight: Floats) -> Floats:
        """Return the wijken's figures split over their buurten in proportion to a weight."""
        per_weight = figures / np.maximum(self.sums(weight), TINY)
        parts: Floats = weight * per_weight[:, self.wijk]
        return parts

    def around(self, figures: Floats, ratio: Floats, weight: Floats) -> Floats:
        """Return averages in proportion to a ratio; their weighted mean is the wijk's average."""
        mean = self.sums(ratio * weight) / np.maximum(self.sums(weight), TINY)
        return ratio * (figures / np.maximum(mean, TINY))[:, self.wijk]

    def distribute(self, totals: Floats, weight: Floats, draw: Draw) -> Floats:
        """Distribute whole numbers over each wijk's buurten, one buurt after the other.

        Parameters
        ----------
        totals : array of shape (years, wijken)
            Whole numbers.
        weight : array of shape (years, buurten)
            In proportion to which they are distributed.
        draw : callable
            From the number that remains, a buurt's weight and the weight of the buurten after it:
            how many go to that buurt.

        Returns
        -------
        array of shape (years, buurten)
            Whole numbers that add up to the totals.
        """
        remaining, rest = totals.astype(np.int64), self.sums(weight)
        last = np.append(self.number[1:] == 0, True)
        out = np.zeros(weight.shape)
        for number in range(int(self.number.max()) + 1):
            buurten = np.flatnonzero(self.number == number)
            wijk, weights = self.wijk[buurten], weight[:, buurten]
            rest[:, wijk] = np.where(last[buurten], 0.0, np.maximum(rest[:, wijk] - weights, 0.0))
            drawn = draw(remaining[:, wijk], weights, rest[:, wijk])
            remaining[:, wijk] -= drawn
            out[:, buurten] = drawn
        return out


def make_buurten(
    per_wijk: float, values: Values, truth: dict[str, Truth], rng: Generator
) -> Buurten:
    """Divide every wijk into buurten.

    Parameters
    ----------
    per_wijk : float
        Approximate mean number of buurten per wijk.
    values : dict of array of shape (years, places)
        Columns and clients of the wijken.
    truth : dict of Truth
        True rates of the wijken, by domain.
    rng : Generator
        A stream of random numbers for buurten only, so that the wijken stay the same.

    Returns
    -------
    Buurten
    """
    for_size, for_factors, for_columns, *for_domains = rng.spawn(3 + len(truth))
    division = _subdivide(for_size, per_wijk, values["aantal_inwoners"][0])
    years, buurten = len(values["aantal_inwoners"]), len(division.wijk)
    factors = for_factors.normal(0, FACTOR_SD, (buurten, 5)) + for_factors.normal(
        0, 0.02, (years, buurten, 5)
    )
    fine = _people(for_columns, values, division, factors)
    fine_truth = {}
    for (name, wijken), stream in zip(truth.items(), for_domains, strict=True):
        fine_truth[name] = _truth(stream, DOMAINS[name], wijken, fine, division)
        fine.update(_clients(stream, name, values, fine_truth[name], division))
    fine["personen_per_soort_uitkering_bijstand"] = fine["bijstand"]
    return Buurten(division.wijk, division.number, fine, fine_truth)


def _subdivide(rng: Generator, per_wijk: float, inhabitants: Floats) -> Subdivision:
    """Return the division: wijken with more people have more buurten."""
    wish = np.sqrt(inhabitants) * rng.lognormal(0, 0.3, len(inhabitants))
    count = np.clip(np.rint(per_wijk * wish / wish.mean()), 1, MOST_BUURTEN).astype(np.int64)
    starts = np.repeat(np.cumsum(count) - count, count)
    return Subdivision(np.repeat(np.arange(len(count)), count), np.arange(count.sum()) - starts)


def _people(rng: Generator, values: Values, division: Subdivision, factors: Floats) -> Values:
    """Return every column of the buurten, by the tables that made those of the wijken."""
    weights = {name: group.weight for group in KWB for name in group.columns.split()}
    fine = _sizes(rng, values, division)
    for whole in people.PEOPLE:
        _divide(fine, values, whole, division, _apart(rng, whole, factors))
    households = fine["aantal_inwoners"] * rng.lognormal(0, 0.1, len(division.wijk))
    fine["huishoudens_totaal"] = division.split(values["huishoudens_totaal"], households)
    apart = _apart(rng, people.HOUSEHOLDS, factors)
    _divide(fine, values, people.HOUSEHOLDS, division, apart)
    for quantity in people.QUANTITIES:
        ratio = _ratio(rng, quantity, factors)
        if quantity.per:
            value = division.split(values[quantity.column], ratio * fine[quantity.per])
        else:
            value = division.around(values[quantity.column], ratio, fine[weights[quantity.column]])
        fine[quantity.column] = np.minimum(value, quantity.most)
    fine["percent"] = np.full_like(fine["aantal_inwoners"], 100.0)
    for whole in people.THINGS:
        _divide(fine, values, whole, division, _apart(rng, whole, factors))
    people.add_ratios(fine)
    return fine


def _sizes(rng: Generator, values: Values, division: Subdivision) -> Values:
    """Return people, land and water; a few buurten are nearly empty."""
    buurten = len(division.wijk)
    size = rng.normal(0, SIZE_SD, buurten)
    size -= rng.exponential(1.8, buurten) * (rng.random(buurten) < NEARLY_EMPTY)
    size = size + rng.normal(0, 0.01, (len(values["aantal_inwoners"]), buurten))
    land = np.broadcast_to(rng.lognormal(0, LAND_SD, buurten), size.shape)
    return {
        "aantal_inwoners": division.split(values["aantal_inwoners"], np.exp(size)),
        "oppervlakte_land": division.split(values["oppervlakte_land"], land),
        "oppervlakte_water": division.split(values["oppervlakte_water"], land),
    }


def _ratio(rng: Generator, quantity: Quantity, factors: Floats) -> Floats:
    """Return the ratio of a buurt's quantity to its wijk's, up to a factor per wijk."""
    shift = factors @ np.array(quantity[6:], dtype=np.float64)
    noise = people.place_noise(rng, factors, quantity.noise / 2, 1)[..., 0]
    ratio: Floats = np.exp(shift + noise)
    return ratio


def _apart(rng: Generator, whole: Whole, factors: Floats) -> Floats:
    """Return the deviation of a buurt's parts from its wijk's, relative to the parts."""
    loadings = np.array([part[2:] for part in whole.parts], dtype=np.float64)
    noise = people.place_noise(rng, factors, whole.noise / 2, len(loadings))
    return np.expm1(np.clip(factors @ loadings.T + noise, -1.5, 1.5))


def _divide(fine: Values, values: Values, whole: Whole, division: Subdivision, e: Floats) -> None:
    """Add a whole's parts: parts add up to the buurt's whole, buurten to the wijk's part.

    A part is what it would be with the wijk's shares, times 1 + e. After centring with weights both
    ways, e sums to zero over the parts of a buurt and over the buurten of a wijk.
    """
    size = fine["woningvoorraad" if whole.column == "percent" else whole.column][..., None]
    parts = np.stack([values[part.column] for part in whole.parts], axis=-1)
    share = (parts / np.maximum(parts.sum(axis=-1, keepdims=True), TINY))[:, division.wijk]
    in_wijk = (division.sums(size * e) / np.maximum(division.sums(size), TINY))[:, division.wijk]
    e = e - in_wijk
    e -= (share * e).sum(axis=-1, keepdims=True)
    lowest = division.least(e.min(axis=-1))[:, division.wijk]
    e *= np.minimum(1.0, (1 - LEAST) / np.maximum(-lowest, TINY))[..., None]
    cells = fine[whole.column][..., None] * share * (1 + e)
    for position, part in enumerate(whole.parts):
        fine[part.column] = cells[..., position]


def _truth(
    rng: Generator, domain: DemoDomain, wijken: Truth, fine: Values, division: Subdivision
) -> Truth:
    """Return the true rates; the wijk's effect is shifted so that its buurten give its rate."""
    at_risk = population(fine, domain.at_risk)
    parts = driven(domain, fine)
    effect = rng.normal(0, BUURT_SD, at_risk.shape[1])
    parts["buurt_effect"] = np.broadcast_to(effect, at_risk.shape)
    for name in ("level", "gemeente_effect", "wijk_effect", "year_effect"):
        parts[name] = wijken.parts[name][:, division.wijk]
    expected = at_risk * np.exp(np.sum(list(parts.values()), axis=0))
    shift = np.log(wijken.rate * wijken.at_risk / np.maximum(division.sums(expected), TINY))
    parts["wijk_effect"] = parts["wijk_effect"] + shift[:, division.wijk]
    return Truth(at_risk, np.exp(np.sum(list(parts.values()), axis=0)), parts)


def _clients(
    rng: Generator, name: str, values: Values, truth: Truth, division: Subdivision
) -> Values:
    """Return the wijk's clients distributed over its buurten: Poisson counts given their sum."""

    def by_rate(remaining: Ints, weight: Floats, rest: Floats) -> Ints:
        return rng.binomial(remaining, weight / np.maximum(weight + rest, TINY))

    def of_clients(remaining: Ints, weight: Floats, rest: Floats) -> Ints:
        return rng.hypergeometric(weight.astype(np.int64), rest.astype(np.int64), remaining)

    clients = division.distribute(values[name], truth.rate * truth.at_risk, by_rate)
    halves = (f"{name}_1", f"{name}_2")
    return {
        name: clients,
        **{key: division.distribute(values[key], clients, of_clients) for key in halves},
    }
