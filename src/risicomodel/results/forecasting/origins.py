"""What is known at an origin, on the areas that forecasts are for.

The areas are those of the origin's own year or, for a forecast that is not a test, those of the
newest map. Everything from before comes to them through the crosswalk: figures, people by age, and
the newest structural rate. What an area's figure would be made of is a figure only if nearly all of
its people lived where one was published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.data.panel import crosswalk, outlines
from risicomodel.data.panel.location import GRID
from risicomodel.data.sources.layout import HALVES
from risicomodel.results.forecasting import cohorts
from risicomodel.results.forecasting.cohorts import BANDS, EVERYONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.build import Panel
    from risicomodel.data.panel.crosswalk import Crosswalk


ABOUT = [AREA, "wijk_name", "gm_code", "gm_name", "gm_group", "place_id", "people", *GRID]
# A carried figure counts where at least this part of the people lived where one was published.
COVERED = 0.95


@dataclass(frozen=True)
class Boundaries:
    """Of what year the areas are: that of a ``map``, or of ``tables`` with figures."""

    kind: str
    year: int

    def __str__(self) -> str:
        return f"the {self.kind} of {self.year}"


@dataclass(frozen=True)
class Past:
    """One origin's knowledge.

    Parameters
    ----------
    origin : int
        The last year with figures.
    areas : DataFrame
        What forecasts are for: ``wijk_code``, names, ``gm_code``, ``gm_group``, ``place_id``,
        ``people``; n rows.
    years : list of int
        The panel's years until the origin, t of them.
    people : array of shape (n, t, 5)
        Persons per age band; NaN where not known.
    clients, population : dict of arrays of shape (n, t)
        By domain: figures and persons at risk; NaN where not known.
    structure : dict of arrays of shape (n,)
        By domain: what the model expects as a multiple of the country's rate; NaN where the area
        has no features.
    official : DataFrame or None
        An official population forecast, on ``gm_code`` and ``year``.
    halves : dict of arrays of shape (n, 2)
        By domain: clients in the first and the second half of the origin; 0 where not both known.
    """

    origin: int
    areas: pd.DataFrame
    years: list[int]
    people: Floats
    clients: dict[str, Floats]
    population: dict[str, Floats]
    structure: dict[str, Floats]
    official: pd.DataFrame | None = None
    halves: dict[str, Floats] = field(default_factory=dict)

    def people_until(self, horizons: int) -> Floats:
        """Return the people of every year known and so many ahead, (n, t + horizons, 5)."""
        moved = cohorts.project(self.people, horizons)
        if self.official is None:
            return moved
        t = len(self.years)
        gm = self.areas["gm_code"]
        ahead = cohorts.constrain(moved[:, t:], self.origin + 1, gm, self.official)
        out: Floats = moved.copy()
        out[:, t:] = ahead
        return out


def areas_of_year(wijken: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the areas that the panel has in a year."""
    rows = wijken[wijken["year"] == year].rename(columns={EVERYONE: "people"})
    return rows[ABOUT].reset_index(drop=True)


def areas_of_map(panel: Panel, year: int) -> pd.DataFrame:
    """Return the areas that a map of the panel draws."""
    drawn = panel.outlines[panel.outlines["year"] == year]
    newest_rows = panel.wijken.sort_values("year")
    group = newest_rows.drop_duplicates("place_id", keep="last").set_index("place_id")["gm_group"]
    names = newest_rows.drop_duplicates("gm_code", keep="last").set_index("gm_code")["gm_name"]
    of_place = drawn["place_id"].map(group).fillna(drawn["gm_code"])
    areas = drawn.assign(
        gm_group=of_place.groupby(drawn["gm_code"]).transform("min"),  # one, for all its wijken
        gm_name=drawn["gm_code"].map(names).fillna(drawn["gm_code"]),
        **outlines.centres(drawn),
    )
    return areas[ABOUT].reset_index(drop=True)


def areas_today(panel: Panel, origin: int) -> tuple[pd.DataFrame, Boundaries]:
    """Return the areas to forecast for: the newest map's if newer than the origin, else its own."""
    year = max((int(y) for y in panel.outlines["year"].unique()), default=origin)
    if year > origin:
        return areas_of_map(panel, year), Boundaries("map", year)
    return areas_of_year(panel.wijken, origin), Boundaries("tables", origin)


def known(
    wijken: pd.DataFrame,
    areas: pd.DataFrame,
    origin: int,
    walk: Crosswalk,
    structure: Mapping[str, pd.Series],
) -> Past:
    """Bring all that was known at an origin to the areas to forecast for.

    Parameters
    ----------
    wijken : DataFrame
        The panel; years after the origin are not looked at.
    areas : DataFrame
        As :func:`areas_today` or :func:`areas_of_year` gives them.
    origin : int
        The last year with figures.
    walk : Crosswalk
        Between areas of two years.
    structure : mapping
        By domain, on the panel's index: multiples of the country's rate, NaN but for the newest
        rows (:mod:`structure`).
    """
    years = sorted(int(y) for y in wijken["year"].unique() if y <= origin)
    carried = [_of_year(wijken[wijken["year"] == y], areas, walk, structure) for y in years]
    newest_first = carried[::-1]
    return Past(
        origin,
        areas,
        years,
        np.stack([part[list(BANDS)].to_numpy() for part in carried], axis=1),
        {d: np.stack([part[clients_column(d)] for part in carried], axis=1) for d in structure},
        {d: np.stack([part[population_column(d)] for part in carried], axis=1) for d in structure},
        {d: _first(np.stack([p[f"{d}_structure"] for p in newest_first], 1)) for d in structure},
        halves={d: carried[-1][_halves_of(d)].fillna(0.0).to_numpy() for d in structure},
    )


def _halves_of(domain: str) -> list[str]:
    return [f"{domain}_{half}" for half in HALVES]


def _of_year(
    rows: pd.DataFrame, areas: pd.DataFrame, walk: Crosswalk, structure: Mapping[str, pd.Series]
) -> pd.DataFrame:
    """Return one year's counts on the areas: people, and per domain clients and population."""
    links = walk.links(rows.assign(people=rows[EVERYONE]), areas)
    codes = rows[AREA].to_numpy()
    own_edition = rows["bevolking_year"] == rows["year"]
    counts: dict[str, pd.Series] = {band: rows[band].where(own_edition) for band in BANDS}
    for domain, multiple in structure.items():
        at_risk = rows[population_column(domain)]
        published = (rows[status_column(domain)] == "observed") & (at_risk > 0)
        counts |= {
            clients_column(domain): rows[clients_column(domain)].where(published, 0.0),
            f"{domain}_told": at_risk.where(published, 0.0),
            population_column(domain): at_risk.fillna(0.0),
            f"{domain}_structure": at_risk * multiple.reindex(rows.index),
        }
        halves = rows.reindex(columns=_halves_of(domain))
        both = published & halves.notna().all(axis=1)
        counts |= {half: halves[half].where(both, 0.0) for half in _halves_of(domain)}
    table = pd.DataFrame(counts).set_axis(codes)
    out = crosswalk.carry(table, links, pd.Index(areas[AREA]))
    for domain in structure:
        somebody = out[population_column(domain)].where(out[population_column(domain)] > 0)
        whole = out[f"{domain}_told"] >= COVERED * somebody
        out[clients_column(domain)] = out[clients_column(domain)].where(whole)
        out[population_column(domain)] = somebody
        out[f"{domain}_structure"] = out[f"{domain}_structure"] / somebody
    return out.replace([np.inf, -np.inf], np.nan)


def _first(values: Floats) -> Floats:
    """Return the first value of every row that is known."""
    out: Floats = pd.DataFrame(values).bfill(axis=1).iloc[:, 0].to_numpy()
    return out


def newest(values: Floats) -> Floats:
    """Return the last value of every row that is known."""
    return _first(values[:, ::-1])
