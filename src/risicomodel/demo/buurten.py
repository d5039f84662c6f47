"""The buurten of the made-up country: every wijk cut up, so that its counts add up exactly.

Counts are split over a wijk's buurten, parts of a whole so that they add up both ways, and averages
keep the wijk's mean. The true rates of a wijk's buurten give the wijk's expected clients, and its
clients are dealt over them by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core.arrays import Floats, Ints
from risicomodel.demo import people as demo_people
from risicomodel.demo import truth as demo
from risicomodel.demo.kwb_columns import KWB

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from risicomodel.demo.people import Level, Whole
    from risicomodel.demo.places import Areas
    from risicomodel.demo.truth import DemoDomain, Truth

    Texts = NDArray[np.str_]
    Values = dict[str, Floats]
    Draw = Callable[[Ints, Floats, Floats], Ints]

ENDINGS = (
    "Kern", "Park", "Haven", "Station", "Markt", "Hof", "Tuinen", "Bos", "Weide", "Plantage",
    "Singel", "Kade", "Molen", "Akker", "Gaarde", "Poort", "Terp", "Duin", "Vaart", "Hoek",
)  # fmt: skip
MOST_BUURTEN = len(ENDINGS)  # of a wijk: every name is another
FACTOR_SD = 0.5  # of a buurt's factors within its wijk; between wijken it is about 1
SIZE_SD, LAND_SD = 0.6, 0.8  # of the logarithms of people and land
NEARLY_EMPTY = 0.08  # of the buurten
BUURT_SD = 0.10  # of a buurt's own effect, on the log rate
LEAST = 0.05  # of what a buurt would have of a part, if it were as its wijk
TINY = 1e-9


@dataclass(frozen=True)
class Buurten:
    """Every buurt's wijk (its place) and number therein; figures by year and buurt, unrounded."""

    wijk: Ints
    number: Ints
    values: Values
    truth: dict[str, Truth]

    def codes(self, areas: Areas) -> Texts:
        """Return every buurt's code in one year."""
        pairs = zip(areas.codes[self.wijk].tolist(), self.number.tolist(), strict=True)
        return np.array([f"BU{code[2:]}{number:02d}" for code, number in pairs])

    def names(self, areas: Areas) -> Texts:
        """Return every buurt's name in one year: the rest goes with the place."""
        pairs = zip(areas.stem[self.wijk].tolist(), self.number.tolist(), strict=True)
        return np.array([f"Buurt {n:02d} {stem} {ENDINGS[n]}" for stem, n in pairs])


@dataclass(frozen=True)
class Cut:
    """How wijken are cut up: every buurt's wijk, in order, and its number therein."""

    wijk: Ints
    number: Ints

    @cached_property
    def _starts(self) -> Ints:
        return np.flatnonzero(self.number == 0)

    def sums(self, figures: Floats) -> Floats:
        """Return the sums over each wijk's buurten (axis 1)."""
        sums: Floats = np.add.reduceat(figures, self._starts, axis=1)
        return sums

    def least(self, figures: Floats) -> Floats:
        """Return the lowest of each wijk's buurten (axis 1)."""
        least: Floats = np.minimum.reduceat(figures, self._starts, axis=1)
        return least

    def split(self, figures: Floats, weight: Floats) -> Floats:
        """Return the wijken's figures split over their buurten in proportion to a weight."""
        per_weight = figures / np.maximum(self.sums(weight), TINY)
        parts: Floats = weight * per_weight[:, self.wijk]
        return parts

    def around(self, figures: Floats, ratio: Floats, weight: Floats) -> Floats:
        """Return averages in proportion to a ratio, whose weighted mean is the wijk's."""
        mean = self.sums(ratio * weight) / np.maximum(self.sums(weight), TINY)
        return ratio * (figures / np.maximum(mean, TINY))[:, self.wijk]

    def deal(self, totals: Floats, weight: Floats, draw: Draw) -> Floats:
        """Deal whole numbers over each wijk's buurten, one buurt after the other.

        ``draw`` gives how many of those left go to a buurt, from its weight and that of the rest.
        """
        left, rest = totals.astype(np.int64), self.sums(weight)
        last = np.append(self.number[1:] == 0, True)
        out = np.zeros(weight.shape)
        for number in range(int(self.number.max()) + 1):
            here = np.flatnonzero(self.number == number)
            wijk, own = self.wijk[here], weight[:, here]
            rest[:, wijk] = np.where(last[here], 0.0, np.maximum(rest[:, wijk] - own, 0.0))
            dealt = draw(left[:, wijk], own, rest[:, wijk])
            left[:, wijk] -= dealt
            out[:, here] = dealt
        return out


def make_buurten(
    per_wijk: float, values: Values, truth: dict[str, Truth], rng: Generator
) -> Buurten:
    """Cut up every wijk.

    Parameters
    ----------
    per_wijk : float
        Buurten per wijk, on average about.
    values, truth : dict
        The wijken's, by year and place.
    rng : Generator
        A stream of its own: the wijken do not change.
    """
    for_size, for_factors, for_columns, *for_domains = rng.spawn(3 + len(truth))
    cut = _cut(for_size, per_wijk, values["aantal_inwoners"][0])
    years, buurten = len(values["aantal_inwoners"]), len(cut.wijk)
    factors = for_factors.normal(0, FACTOR_SD, (buurten, 5)) + for_factors.normal(
        0, 0.02, (years, buurten, 5)
    )
    fine = _people(for_columns, values, cut, factors)
    fine_truth = {}
    for (name, wijken), stream in zip(truth.items(), for_domains, strict=True):
        fine_truth[name] = _truth(stream, demo.DOMAINS[name], wijken, fine, cut)
        fine.update(_clients(stream, name, values, fine_truth[name], cut))
    fine["personen_per_soort_uitkering_bijstand"] = fine["bijstand"]
    return Buurten(cut.wijk, cut.number, fine, fine_truth)


def _cut(rng: Generator, per_wijk: float, inhabitants: Floats) -> Cut:
    """Return the buurten: more of them in wijken with more people."""
    wish = np.sqrt(inhabitants) * rng.lognormal(0, 0.3, len(inhabitants))
    count = np.clip(np.rint(per_wijk * wish / wish.mean()), 1, MOST_BUURTEN).astype(np.int64)
    starts = np.repeat(np.cumsum(count) - count, count)
    return Cut(np.repeat(np.arange(len(count)), count), np.arange(count.sum()) - starts)


def _people(rng: Generator, values: Values, cut: Cut, factors: Floats) -> Values:
    """Return every column of the buurten, by the tables that made the wijken's."""
    weights = {name: group.weight for group in KWB for name in group.columns.split()}
    fine = _sizes(rng, values, cut)
    for whole in demo_people.PEOPLE:
        _cut_up(fine, values, whole, cut, _apart(rng, whole, factors))
    households = fine["aantal_inwoners"] * rng.lognormal(0, 0.1, len(cut.wijk))
    fine["huishoudens_totaal"] = cut.split(values["huishoudens_totaal"], households)
    apart = _apart(rng, demo_people.HOUSEHOLDS, factors)
    _cut_up(fine, values, demo_people.HOUSEHOLDS, cut, apart)
    for level in demo_people.LEVELS:
        ratio = _ratio(rng, level, factors)
        if level.per:
            found = cut.split(values[level.column], ratio * fine[level.per])
        else:
            found = cut.around(values[level.column], ratio, fine[weights[level.column]])
        fine[level.column] = np.minimum(found, level.most)
    fine["percent"] = np.full_like(fine["aantal_inwoners"], 100.0)
    for whole in demo_people.THINGS:
        _cut_up(fine, values, whole, cut, _apart(rng, whole, factors))
    demo_people.add_ratios(fine)
    return fine


def _sizes(rng: Generator, values: Values, cut: Cut) -> Values:
    """Return people, land and water; a few buurten are nearly empty."""
    buurten = len(cut.wijk)
    size = rng.normal(0, SIZE_SD, buurten)
    size -= rng.exponential(1.8, buurten) * (rng.random(buurten) < NEARLY_EMPTY)
    size = size + rng.normal(0, 0.01, (len(values["aantal_inwoners"]), buurten))
    land = np.broadcast_to(rng.lognormal(0, LAND_SD, buurten), size.shape)
    return {
        "aantal_inwoners": cut.split(values["aantal_inwoners"], np.exp(size)),
        "oppervlakte_land": cut.split(values["oppervlakte_land"], land),
        "oppervlakte_water": cut.split(values["oppervlakte_water"], land),
    }


def _ratio(rng: Generator, level: Level, factors: Floats) -> Floats:
    """Return how a buurt's level compares with its wijk's, but for a factor."""
    shift = factors @ np.array(level[6:], dtype=np.float64)
    own = demo_people.own(rng, factors, level.noise / 2, 1)[..., 0]
    ratio: Floats = np.exp(shift + own)
    return ratio


def _apart(rng: Generator, whole: Whole, factors: Floats) -> Floats:
    """Return how far a buurt's parts are from its wijk's, as a share of them."""
    loadings = np.array([part[2:] for part in whole.parts], dtype=np.float64)
    own = demo_people.own(rng, factors, whole.noise / 2, len(loadings))
    return np.expm1(np.clip(factors @ loadings.T + own, -1.5, 1.5))


def _cut_up(fine: Values, values: Values, whole: Whole, cut: Cut, e: Floats) -> None:
    """Add a whole's parts: over parts they add up to the buurt's, over buurten to the wijk's.

    A part is what it would be with the wijk's shares, times 1 + e. Centred both ways, weighted, e
    adds up to nothing over the parts of a buurt and over the buurten of a wijk.
    """
    size = fine["woningvoorraad" if whole.column == "percent" else whole.column][..., None]
    parts = np.stack([values[part.column] for part in whole.parts], axis=-1)
    share = (parts / np.maximum(parts.sum(axis=-1, keepdims=True), TINY))[:, cut.wijk]
    in_wijk = (cut.sums(size * e) / np.maximum(cut.sums(size), TINY))[:, cut.wijk]
    e = e - in_wijk
    e -= (share * e).sum(axis=-1, keepdims=True)
    lowest = cut.least(e.min(axis=-1))[:, cut.wijk]
    e *= np.minimum(1.0, (1 - LEAST) / np.maximum(-lowest, TINY))[..., None]
    cells = fine[whole.column][..., None] * share * (1 + e)
    for position, part in enumerate(whole.parts):
        fine[part.column] = cells[..., position]


def _truth(rng: Generator, domain: DemoDomain, wijken: Truth, fine: Values, cut: Cut) -> Truth:
    """Return the true rates; the wijk's effect takes up that its buurten give its own rate."""
    at_risk = demo.population(fine, domain.at_risk)
    parts = demo.driven(domain, fine)
    own = rng.normal(0, BUURT_SD, at_risk.shape[1])
    parts["buurt_effect"] = np.broadcast_to(own, at_risk.shape)
    for name in ("level", "gemeente_effect", "wijk_effect", "year_effect"):
        parts[name] = wijken.parts[name][:, cut.wijk]
    expected = at_risk * np.exp(np.sum(list(parts.values()), axis=0))
    share_of = np.log(wijken.rate * wijken.at_risk / np.maximum(cut.sums(expected), TINY))
    parts["wijk_effect"] = parts["wijk_effect"] + share_of[:, cut.wijk]
    return demo.Truth(at_risk, np.exp(np.sum(list(parts.values()), axis=0)), parts)


def _clients(rng: Generator, name: str, values: Values, truth: Truth, cut: Cut) -> Values:
    """Return the wijk's clients dealt over its buurten: Poisson counts of a known sum."""

    def by_rate(left: Ints, own: Floats, rest: Floats) -> Ints:
        return rng.binomial(left, own / np.maximum(own + rest, TINY))

    def of_clients(left: Ints, own: Floats, rest: Floats) -> Ints:
        return rng.hypergeometric(own.astype(np.int64), rest.astype(np.int64), left)

    clients = cut.deal(values[name], truth.rate * truth.at_risk, by_rate)
    halves = (f"{name}_1", f"{name}_2")
    return {name: clients, **{key: cut.deal(values[key], clients, of_clients) for key in halves}}
