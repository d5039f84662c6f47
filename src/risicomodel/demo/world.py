"""A made-up Netherlands with a known truth, as an archive of tables in CBS's own formats.

Name: demo. Licence: none needed, nothing in it was measured. Period: the years of the settings.

Places (:mod:`~risicomodel.demo.places`) and their people
(:mod:`~risicomodel.demo.people`) are drawn from a seed. The true rate of every domain
follows from a handful of figures about them, an effect of the gemeente and one of the wijk; the
published figures are counts drawn from it, with CBS's rounding, blanks and late columns
(:mod:`~risicomodel.demo.files`). Marginals follow published figures of CBS; every name,
title and code says demo.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.random import Generator

from risicomodel.core import levels
from risicomodel.core.arrays import Bools, Floats
from risicomodel.demo import people
from risicomodel.demo.buurten import make_buurten
from risicomodel.demo.places import code_areas, make_places
from risicomodel.demo.truth import DOMAINS, Truth, draw_truth

if TYPE_CHECKING:
    from risicomodel.demo.buurten import Buurten
    from risicomodel.demo.places import Areas, Places
    from risicomodel.demo.settings import DemoSettings

    Values = dict[str, Floats]

NOT_DELIVERED = 0.05  # of the gemeenten, in a year
HALF_YEAR = 0.88  # of a year's clients are clients in a given half of it


@dataclass(frozen=True)
class World:
    """The country, before anything is rounded or left blank.

    Parameters
    ----------
    settings : DemoSettings
        Size, years and seed.
    places : Places
        Where the wijken are; a place is a wijk whatever its code.
    areas : list of Areas
        How places are coded, one for each year.
    values : dict of array of shape (years, places)
        Every KWB column by its canonical name, and the clients of every domain (persons).
    truth : dict of Truth
        The true rates, by domain.
    delivered : array of bool of shape (years, gemeenten)
        Whether a gemeente delivered its Wmo figures.
    buurten : Buurten, optional
        The buurten, when the level is buurt.
    """

    settings: DemoSettings
    places: Places
    areas: list[Areas]
    values: Values
    truth: dict[str, Truth]
    delivered: Bools
    buurten: Buurten | None = None

    def figures(self, name: str, position: int) -> Floats:
        """Return a column of one year, for every wijk and then for every buurt.

        Parameters
        ----------
        name : str
            A key of ``values``.
        position : int
            Position of the year among the years of the settings.

        Returns
        -------
        array of shape (wijken + buurten,)
        """
        wijken: Floats = self.values[name][position]
        if self.buurten is None:
            return wijken
        return np.concatenate([wijken, self.buurten.values[name][position]])


def make_world(settings: DemoSettings) -> World:
    """Return the country that :func:`write_archive` writes.

    Parameters
    ----------
    settings : DemoSettings
        Size, years and seed.

    Returns
    -------
    World
    """
    streams = np.random.default_rng(settings.seed).spawn(4 + len(DOMAINS))
    for_places, for_people, for_delivery, *for_domains, for_buurten = streams
    places = make_places(settings, for_places)
    values = people.make_people(settings, places, for_people)
    areas = code_areas(settings, places.gm, values["aantal_inwoners"][0])
    truth = {}
    for (name, domain), rng in zip(DOMAINS.items(), for_domains, strict=True):
        truth[name] = draw_truth(rng, domain, values, areas)
        values.update(_clients(rng, name, truth[name]))
    values["personen_per_soort_uitkering_bijstand"] = values["bijstand"]
    delivered = _delivered(for_delivery, settings, areas)
    buurten = None
    if settings.level == levels.BUURT.name:
        per_wijk = settings.buurten_per_wijk
        buurten = make_buurten(per_wijk, values, truth, for_buurten)
    return World(settings, places, areas, values, truth, delivered, buurten)


def _clients(rng: Generator, name: str, truth: Truth) -> Values:
    """Return the clients of the year and of its halves."""
    clients = rng.poisson(truth.rate * truth.at_risk)
    halves = {f"{name}_{half}": rng.binomial(clients, HALF_YEAR) for half in (1, 2)}
    return {key: n.astype(np.float64) for key, n in {name: clients, **halves}.items()}


def _delivered(rng: Generator, settings: DemoSettings, areas: list[Areas]) -> Bools:
    """Return, by year and gemeente, whether it delivered its Wmo figures."""
    delivered = np.ones((len(areas), settings.gemeenten + 1), dtype=np.bool_)
    few = max(1, round(NOT_DELIVERED * settings.gemeenten))
    for year, area in enumerate(areas):
        delivered[year, rng.choice(np.unique(area.gm), few, replace=False)] = False
    return delivered
