"""Forecast the published totals of gemeenten, from the last one.

Two views of growth are averaged (as logarithms). One is new: CBS publishes the clients of each half
of the year too, or those at its end, and growth within the year is newer than any yearly total, and
comes out with it. The other knows more: what the wijken of the gemeente are forecast to have
together (ages of people, how gemeenten went back to their usual level, growth of earlier years).
News ages: its weight is a half for the next year, a quarter for the year after, an eighth …

    total(o + h) = total(o) · exp(w · growth within the year + (1 − w) · growth of the wijken)
    w = ½ to the power h

With equal weights at first, as these beat weights that are fitted on a handful of years.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, half_column, year_end_column
from risicomodel.data.panel.crosswalk import carry
from risicomodel.data.sources.layout import HALVES
from risicomodel.results.forecasting.cohorts import INHABITANTS
from risicomodel.results.forecasting.within_year import (
    DAMPING,
    HALVES_PER_YEAR,
    MARCH_TO_DECEMBER,
    MAX_LOG_GROWTH,
    damped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Least share of a gemeente's people that lived where a total was published, for it to have one.
MIN_COVERAGE = 0.95
EPSILON = 1e-9


@dataclass(frozen=True)
class GemeenteTotals:
    """What is published of gemeenten until an origin, on the boundaries that forecasts have.

    Parameters
    ----------
    codes : Index of str
        ``gm_code``; g of them.
    years : list of int
        Until the origin; t of them.
    clients : array of shape (g, t)
        Published totals (persons); NaN where there is none.
    halves : array of shape (g, t, 2)
        Clients in the first and the second half of the year (persons), not to be added up.
    at_year_end : array of shape (g,), or None
        Clients at the end of the origin (persons), NaN where not published; None where the figure
        is not a count at a moment.
    country : array of shape (2,), or None
        The country's figure of the origin and its count at the end of that year (persons).
    """

    codes: pd.Index[str]
    years: list[int]
    clients: Floats
    halves: Floats
    at_year_end: Floats | None = None
    country: Floats | None = None


def published_until(
    gemeenten: pd.DataFrame,
    wijken: Mapping[int, pd.DataFrame],
    areas: pd.DataFrame,
    domain: str,
    links: Mapping[int, pd.DataFrame],
    *,
    country: pd.DataFrame,
) -> GemeenteTotals:
    """Return the totals published until an origin, on the gemeenten of the areas to forecast for.

    Gemeenten that merged since are added up; one that was divided is divided by people.

    Parameters
    ----------
    gemeenten : DataFrame
        The panel's: ``gm_code``, ``year``, ``<domain>_clients`` and, where published, its halves.
    wijken : mapping of int to DataFrame
        The panel's rows by year.
    areas : DataFrame
        What forecasts are for, with ``wijk_code`` and ``gm_code``.
    domain : str
        The domain.
    links : mapping of int to DataFrame
        By year until the origin, the crosswalk from its wijken to the areas.
    country : DataFrame
        The panel's: ``year`` and what is published of the country, with columns as of gemeenten.

    Returns
    -------
    GemeenteTotals
        All NaN where a domain has no totals.
    """
    codes = pd.Index(areas["gm_code"].unique())
    halves = [half_column(domain, half) for half in HALVES]
    names = [clients_column(domain), *halves, year_end_column(domain)]
    years = sorted(links)
    carried = []
    for year in years:
        figures = gemeenten[gemeenten["year"] == year].set_index("gm_code").reindex(columns=names)
        between = links_between_gemeenten(
            wijken[year].assign(people=wijken[year][INHABITANTS]), areas, links[year]
        )
        carried.append(carry_totals(figures, between, codes))
    values = np.stack(carried, axis=1)
    of_country = _of_country(country, domain, years[-1])
    at_end = values[:, -1, 3]
    is_count = of_country is not None or np.isfinite(at_end).any()
    return GemeenteTotals(
        codes,
        years,
        values[:, :, 0],
        values[:, :, 1:3],
        at_end if is_count else None,
        of_country,
    )


def _of_country(country: pd.DataFrame, domain: str, year: int) -> Floats | None:
    """Return the country's figure of a year and the count at its end; None without these."""
    names = [clients_column(domain), year_end_column(domain)]
    rows = country[country["year"] == year].reindex(columns=names).dropna()
    return rows.iloc[0].to_numpy(dtype="float64") if len(rows) else None


def links_between_gemeenten(
    old: pd.DataFrame, new: pd.DataFrame, links: pd.DataFrame
) -> pd.DataFrame:
    """Return the share of every old gemeente's people that lives in each new gemeente.

    Parameters
    ----------
    old, new : DataFrame
        Wijken of two years: ``wijk_code``, ``gm_code``; the old ones with their ``people``.
    links : DataFrame
        The crosswalk between them.

    Returns
    -------
    DataFrame
        ``from_code``, ``to_code`` (gemeenten) and ``share`` (0–1).
    """
    old, new = old.drop_duplicates(AREA).set_index(AREA), new.drop_duplicates(AREA).set_index(AREA)
    people = old["people"].fillna(0.0).clip(lower=1.0)
    flows = pd.DataFrame(
        {
            "from_code": links["from_code"].map(old["gm_code"]),
            "to_code": links["to_code"].map(new["gm_code"]),
            "share": links["share"] * links["from_code"].map(people),
        }
    )
    summed = flows.groupby(["from_code", "to_code"], as_index=False)["share"].sum()
    of_gemeente = summed.groupby("from_code")["share"].transform("sum")
    summed["share"] /= of_gemeente
    return pd.DataFrame(summed)


def carry_totals(figures: pd.DataFrame, links: pd.DataFrame, codes: pd.Index[str]) -> Floats:
    """Return figures of old gemeenten as figures of new ones.

    Parameters
    ----------
    figures : DataFrame
        Counts (persons) on old ``gm_code``.
    links : DataFrame
        From :func:`links_between_gemeenten`.
    codes : Index of str
        The new gemeenten.

    Returns
    -------
    array of shape (len(codes), columns)
        NaN where more than a twentieth of a gemeente's people lived where nothing was published.
    """
    published = figures.reindex(links["from_code"]).notna().mul(links["share"].to_numpy(), axis=0)
    covered = published.groupby(links["to_code"].to_numpy()).sum()
    linked = links.groupby("to_code")["share"].sum()
    counts = carry(figures.reindex(links["from_code"].unique()).fillna(0.0), links, codes)
    whole = covered.div(linked, axis=0).reindex(codes).fillna(0.0) >= MIN_COVERAGE
    out: Floats = counts.where(whole & (counts > 0)).to_numpy()
    return out


def ahead(totals: GemeenteTotals, wijk_growth: Floats) -> Floats | None:
    """Forecast the totals of gemeenten.

    Parameters
    ----------
    totals : GemeenteTotals
        Published until the origin.
    wijk_growth : array of shape (g, horizons)
        What the gemeente's wijken are forecast to have together, per client at the origin.

    Returns
    -------
    array of shape (g, horizons), or None
        Clients (persons); NaN where the origin has no total. None where no two years have totals:
        a forecast of them could not be tested.
    """
    n_totals = np.isfinite(totals.clients).sum(axis=0)
    if (n_totals > 0).sum() <= 1 or n_totals[-1] == 0:
        return None
    horizons = wijk_growth.shape[1]
    newest = DAMPING ** np.arange(1, horizons + 1)
    within_year = growth_within_year(totals, horizons)
    growth = newest * within_year + (1 - newest) * np.log(wijk_growth.clip(EPSILON))
    out: Floats = totals.clients[:, [-1]] * np.exp(growth)
    return out


def growth_within_year(totals: GemeenteTotals, horizons: int) -> Floats:
    """Return growth since the origin as it was within its year.

    That of the country goes on, damped; a gemeente's beyond it is a step, and stays.

    Parameters
    ----------
    totals : GemeenteTotals
        With the halves of the origin, or the counts at its end.
    horizons : int
        Years ahead.

    Returns
    -------
    array of shape (g, horizons)
        Logarithms; 0 where nothing within the year is known.
    """
    if totals.at_year_end is None:
        first, last = totals.halves[:, -1].T
        since, years = 0.0, 1 / HALVES_PER_YEAR
    else:
        first, last = totals.clients[:, -1], totals.at_year_end
        since = years = MARCH_TO_DECEMBER
    both = (first > 0) & (last > 0)
    whole = totals.country
    if whole is None:
        whole = np.array([first[both].sum(), last[both].sum()])
    if not (whole > 0).all():
        return np.zeros((len(first), horizons))
    growth = np.log(whole[1] / whole[0])
    ratio = np.divide(last, first, out=np.ones_like(first), where=both)
    beyond = np.where(both, np.log(ratio) - growth, 0.0).clip(-MAX_LOG_GROWTH, MAX_LOG_GROWTH)
    per_year = growth / years
    out: Floats = per_year * (since + damped(since, horizons)) + beyond[:, None]
    return out
