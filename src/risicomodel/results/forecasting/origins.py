"""What is known at an origin, for the areas that forecasts are made for.

The areas are those of the origin's own year or, for a forecast that is not a test, those of the
newest map. Earlier figures, people by age and the newest structural rate are carried to them
through the crosswalk. A carried figure counts only if nearly all of the area's people lived where
one was published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, half_column, population_column, status_column
from risicomodel.data.panel import outlines
from risicomodel.data.panel.crosswalk import GEMEENTE, carry, redrawn
from risicomodel.data.panel.location import GRID
from risicomodel.data.sources.layout import HALVES
from risicomodel.results.forecasting import cohorts, gemeente_totals
from risicomodel.results.forecasting.cohorts import AGE_GROUPS, INHABITANTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from risicomodel.data.panel.build import Panel
    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.results.forecasting.gemeente_totals import GemeenteTotals
    from risicomodel.results.forecasting.unassigned_share import UnassignedShare


AREA_COLUMNS = [AREA, "wijk_name", "gm_code", "gm_name", "gm_group", "place_id", "people", *GRID]
# Least share of an area's people that lived where a figure was published, for it to have a figure.
MIN_COVERAGE = 0.95
# Share of people above which a figure is said to have come through the gemeente.
MOSTLY = 0.5


@dataclass(frozen=True)
class Boundaries:
    """The year whose boundaries the areas have.

    Parameters
    ----------
    kind : {"map", "tables"}
        Whether the areas are those of a map, or of tables with figures.
    year : int
        Its year.
    """

    kind: str
    year: int

    def __str__(self) -> str:
        return f"the {self.kind} of {self.year}"


@dataclass(frozen=True)
class MapPeople:
    """Inhabitants of every area as the map that draws it gives them.

    Parameters
    ----------
    year : int
        Of the map, after the origin.
    people : array of shape (n,)
        Persons; NaN where the map has none.
    """

    year: int
    people: Floats

    def off(self, projected: Floats, years: Sequence[int]) -> Floats:
        """Return people of the map per person projected for its year.

        Parameters
        ----------
        projected : array of shape (n, t + horizons, 5)
            Persons per age group.
        years : sequence of int
            The t years until the origin.

        Returns
        -------
        array of shape (n,)
            1 where either is not known.
        """
        position = min(self.year - years[0], projected.shape[1] - 1)
        expected = projected[:, position].sum(axis=1)
        out: Floats = np.ones_like(expected)
        np.divide(self.people, expected, out=out, where=(self.people > 0) & (expected > 0))
        return out

    def rake(self, projected: Floats, years: Sequence[int]) -> Floats:
        """Return projected people with those of the years ahead scaled to the map's.

        Redrawn areas have people that the crosswalk only guesses; the map counts them.

        Parameters
        ----------
        projected : array of shape (n, t + horizons, 5)
            Persons per age group.
        years : sequence of int
            The t years until the origin.

        Returns
        -------
        array of shape (n, t + horizons, 5)
            Persons per age group.
        """
        out = projected.copy()
        out[:, len(years) :] *= self.off(projected, years)[:, None, None]
        return out


@dataclass(frozen=True)
class History:
    """What is known at one origin.

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
        Persons per age group; NaN where not known.
    clients, population : dict of arrays of shape (n, t)
        By domain: figures and persons at risk; NaN where not known.
    structural_ratio : dict of arrays of shape (n,)
        By domain: the expected rate as a multiple of the country's; NaN where the area has no
        features.
    official : DataFrame or None
        An official population forecast, on ``gm_code`` and ``year``.
    half_year_clients : dict of arrays of shape (n, 2)
        By domain: clients in the first and the second half of the origin; 0 where not both known.
    totals : dict of GemeenteTotals
        By domain: what is published of the areas' gemeenten.
    of_gemeente : array of bool, shape (n, t), or None
        Where a figure came through the gemeente, as nothing tells which of its areas it was: it
        tells of the gemeente, not of the area.
    map_people : MapPeople or None
        Inhabitants that the map of the areas gives, newer than any figure.
    redrawn : array of bool, shape (n,), or None
        Which areas were redrawn since the origin: they are not a place of its year.
    unassigned : dict of UnassignedShare
        By domain: which share of a gemeente's clients has no known wijk.
    """

    origin: int
    areas: pd.DataFrame
    years: list[int]
    people: Floats
    clients: dict[str, Floats]
    population: dict[str, Floats]
    structural_ratio: dict[str, Floats]
    official: pd.DataFrame | None = None
    half_year_clients: dict[str, Floats] = field(default_factory=dict)
    totals: dict[str, GemeenteTotals] = field(default_factory=dict)
    of_gemeente: Bools | None = None
    map_people: MapPeople | None = None
    redrawn: Bools | None = None
    unassigned: dict[str, UnassignedShare] = field(default_factory=dict)

    def off_map(self) -> Floats:
        """Return people of the map per person that the crosswalk and the cohorts give.

        Returns
        -------
        array of shape (n,)
            1 where there is no map, or nothing known of an area.
        """
        if self.map_people is None:
            return np.ones(len(self.areas))
        ahead = self.map_people.year - self.origin
        return self.map_people.off(cohorts.project(self.people, ahead), self.years)

    def project_people(self, horizons: int) -> Floats:
        """Return the people of every year known and of the years ahead.

        Parameters
        ----------
        horizons : int
            Years ahead.

        Returns
        -------
        array of shape (n, t + horizons, 5)
            Persons per age group. Years ahead are scaled to the people of the map, and then to the
            official forecast, where there are these.
        """
        projected = cohorts.project(self.people, horizons)
        if self.map_people is not None:
            projected = self.map_people.rake(projected, self.years)
        if self.official is None:
            return projected
        t = len(self.years)
        gm = self.areas["gm_code"]
        ahead = cohorts.constrain_to_official(projected[:, t:], self.origin + 1, gm, self.official)
        out: Floats = projected.copy()
        out[:, t:] = ahead
        return out


def areas_of_year(wijken: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the areas that the panel has in a year.

    Parameters
    ----------
    wijken : DataFrame
        The panel.
    year : int
        A year of it.

    Returns
    -------
    DataFrame
        The columns of :data:`AREA_COLUMNS`, a row per area.
    """
    rows = wijken[wijken["year"] == year].rename(columns={INHABITANTS: "people"})
    return rows[AREA_COLUMNS].reset_index(drop=True)


def areas_of_map(panel: Panel, year: int) -> pd.DataFrame:
    """Return the areas that a map of the panel draws.

    Parameters
    ----------
    panel : Panel
        With outlines.
    year : int
        The year of the map.

    Returns
    -------
    DataFrame
        The columns of :data:`AREA_COLUMNS`, a row per area.
    """
    drawn = panel.outlines[panel.outlines["year"] == year]
    newest_rows = panel.wijken.sort_values("year")
    group = newest_rows.drop_duplicates("place_id", keep="last").set_index("place_id")["gm_group"]
    names = newest_rows.drop_duplicates("gm_code", keep="last").set_index("gm_code")["gm_name"]
    of_map = drawn["gm_name"].where(drawn["gm_name"] != "")  # of gemeenten that are new
    of_place = drawn["place_id"].map(group).fillna(drawn["gm_code"])
    areas = drawn.assign(
        gm_group=of_place.groupby(drawn["gm_code"]).transform("min"),  # one, for all its wijken
        gm_name=drawn["gm_code"].map(names).fillna(of_map).fillna(drawn["gm_code"]),
        **outlines.centres(drawn),
    )
    return areas[AREA_COLUMNS].reset_index(drop=True)


def forecast_areas(panel: Panel, origin: int) -> tuple[pd.DataFrame, Boundaries]:
    """Return the areas to forecast for: those of the newest map if newer than the origin's.

    Parameters
    ----------
    panel : Panel
        With outlines.
    origin : int
        The last year with figures.

    Returns
    -------
    areas : DataFrame
        The columns of :data:`AREA_COLUMNS`, a row per area.
    boundaries : Boundaries
        Where they are from.
    """
    year = max((int(y) for y in panel.outlines["year"].unique()), default=origin)
    if year > origin:
        return areas_of_map(panel, year), Boundaries("map", year)
    return areas_of_year(panel.wijken, origin), Boundaries("tables", origin)


def map_people(areas: pd.DataFrame, boundaries: Boundaries) -> MapPeople | None:
    """Return the inhabitants that a map gives of its areas; None for areas of tables.

    Parameters
    ----------
    areas : DataFrame
        From :func:`forecast_areas`, with their ``people``.
    boundaries : Boundaries
        Where they are from.

    Returns
    -------
    MapPeople or None
    """
    if boundaries.kind != "map":
        return None
    return MapPeople(boundaries.year, areas["people"].to_numpy(dtype="float64"))


def history_at(
    wijken: pd.DataFrame,
    areas: pd.DataFrame,
    origin: int,
    crosswalk: Crosswalk,
    structure: Mapping[str, pd.Series],
    *,
    gemeenten: pd.DataFrame,
    country: pd.DataFrame,
) -> History:
    """Carry all that was known at an origin to the areas to forecast for.

    Parameters
    ----------
    wijken : DataFrame
        The panel; years after the origin are not used.
    areas : DataFrame
        From :func:`forecast_areas` or :func:`areas_of_year`.
    origin : int
        The last year with figures.
    crosswalk : Crosswalk
        Between areas of two years.
    structure : mapping of str to Series
        By domain, on the panel's index: rates as multiples of the country's, NaN but for the newest
        rows (:mod:`risicomodel.results.forecasting.structural_rate`).
    gemeenten : DataFrame
        The panel's totals of gemeenten; years after the origin are not used.
    country : DataFrame
        Those of the country, likewise.

    Returns
    -------
    History
        Of the domains in ``structure``.
    """
    years = sorted(int(y) for y in wijken["year"].unique() if y <= origin)
    rows = {y: wijken[wijken["year"] == y] for y in years}
    links = {y: crosswalk.links(t.assign(people=t[INHABITANTS]), areas) for y, t in rows.items()}
    carried = [_of_year(rows[y], areas, links[y], structure) for y in years]
    of_gemeente = [_through_gemeente(rows[y], areas, links[y]) for y in years]
    newest_first = carried[::-1]
    return History(
        origin,
        areas,
        years,
        np.stack([part[list(AGE_GROUPS)].to_numpy() for part in carried], axis=1),
        {d: np.stack([part[clients_column(d)] for part in carried], axis=1) for d in structure},
        {d: np.stack([part[population_column(d)] for part in carried], axis=1) for d in structure},
        {
            d: _first_finite(np.stack([p[f"{d}_structure"] for p in newest_first], 1))
            for d in structure
        },
        half_year_clients={d: carried[-1][_halves_of(d)].fillna(0.0).to_numpy() for d in structure},
        of_gemeente=np.stack(of_gemeente, axis=1),
        redrawn=redrawn(links[origin], pd.Index(areas[AREA])),
        totals={
            d: gemeente_totals.published_until(gemeenten, rows, areas, d, links, country=country)
            for d in structure
        },
    )


def _through_gemeente(rows: pd.DataFrame, areas: pd.DataFrame, links: pd.DataFrame) -> Bools:
    """Return which areas have most of a year's people by a division of their gemeente."""
    people = rows.set_index(AREA)[INHABITANTS].fillna(0.0).clip(lower=1.0)
    flow = links["share"] * links["from_code"].map(people)
    by_division = flow.where(links["basis"] == GEMEENTE, 0.0)
    sums = pd.DataFrame({"all": flow, "divided": by_division}).groupby(links["to_code"]).sum()
    share = (sums["divided"] / sums["all"]).reindex(areas[AREA]).fillna(0.0)
    return share.to_numpy() > MOSTLY


def _halves_of(domain: str) -> list[str]:
    return [half_column(domain, half) for half in HALVES]


def _of_year(
    rows: pd.DataFrame,
    areas: pd.DataFrame,
    links: pd.DataFrame,
    structure: Mapping[str, pd.Series],
) -> pd.DataFrame:
    """Return one year's counts on the areas: people, and per domain clients and population."""
    codes = rows[AREA].to_numpy()
    has_edition = rows["bevolking_year"] == rows["year"]
    counts: dict[str, pd.Series] = {band: rows[band].where(has_edition) for band in AGE_GROUPS}
    for domain, ratio in structure.items():
        at_risk = rows[population_column(domain)]
        published = (rows[status_column(domain)] == "observed") & (at_risk > 0)
        counts |= {
            clients_column(domain): rows[clients_column(domain)].where(published, 0.0),
            f"{domain}_told": at_risk.where(published, 0.0),
            population_column(domain): at_risk.fillna(0.0),
            f"{domain}_structure": at_risk * ratio.reindex(rows.index),
        }
        halves = rows.reindex(columns=_halves_of(domain))
        both = published & halves.notna().all(axis=1)
        counts |= {half: halves[half].where(both, 0.0) for half in _halves_of(domain)}
    table = pd.DataFrame(counts).set_axis(codes)
    out = carry(table, links, pd.Index(areas[AREA]))
    for domain in structure:
        at_risk_or_nan = out[population_column(domain)].where(out[population_column(domain)] > 0)
        covered = out[f"{domain}_told"] >= MIN_COVERAGE * at_risk_or_nan
        out[clients_column(domain)] = out[clients_column(domain)].where(covered)
        out[population_column(domain)] = at_risk_or_nan
        out[f"{domain}_structure"] = out[f"{domain}_structure"] / at_risk_or_nan
    return out.replace([np.inf, -np.inf], np.nan)


def _first_finite(values: Floats) -> Floats:
    """Return the first value of every row that is not NaN."""
    out: Floats = pd.DataFrame(values).bfill(axis=1).iloc[:, 0].to_numpy()
    return out


def last_finite(values: Floats) -> Floats:
    """Return the last value of every row that is not NaN.

    Parameters
    ----------
    values : array of shape (rows, years)
        In any unit.

    Returns
    -------
    array of shape (rows,)
        NaN where a row has none.
    """
    return _first_finite(values[:, ::-1])
