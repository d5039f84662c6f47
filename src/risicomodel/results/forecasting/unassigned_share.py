"""Clients without a known wijk at an origin: the share that estimates have, on today's gemeenten.

The share is that of :mod:`risicomodel.results.estimates.unassigned`, from figures until the origin:
what the published total has more than its wijken where all are published, else what other years of
the gemeente and other gemeenten tell. Estimates of the origin's year and forecasts from it so have
one share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.data.panel.crosswalk import carry
from risicomodel.results.estimates import unassigned
from risicomodel.results.forecasting.cohorts import INHABITANTS
from risicomodel.results.forecasting.gemeente_totals import links_between_gemeenten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.crosswalk import Crosswalk

# Standard deviation of the share where no gemeente tells of it, and its largest value.
SPREAD, MOST = 0.04, 0.9


@dataclass(frozen=True)
class UnassignedShare:
    """The share of every gemeente's clients whose wijk is not known.

    Parameters
    ----------
    share : Series
        On ``gm_code``: of the gemeente's clients, 0–0.9.
    spread : Series
        On ``gm_code``: its standard deviation.
    """

    share: pd.Series
    spread: pd.Series

    @classmethod
    def nobody(cls) -> UnassignedShare:
        """Return the shares where nothing is published of gemeenten: nobody is without a wijk."""
        return cls(pd.Series(dtype="float64"), pd.Series(dtype="float64"))

    def without(self, codes: pd.Index[str]) -> UnassignedShare:
        """Return the shares as if nothing was published of some gemeenten: the others' median."""
        blank = self.share.index.isin(codes)
        share = self.share.mask(blank, self.share[~blank].median())
        return UnassignedShare(share, self.spread.mask(blank, SPREAD))

    def of(self, codes: pd.Index[str]) -> tuple[Floats, Floats]:
        """Return share and standard deviation of gemeenten, arrays of shape (codes,)."""
        share = self.share.reindex(codes).fillna(0.0).clip(0.0, MOST)
        return share.to_numpy(), self.spread.reindex(codes).fillna(SPREAD).to_numpy()


def at_origins(
    wijken: pd.DataFrame,
    gemeenten: pd.DataFrame,
    areas: pd.DataFrame,
    origin: int,
    *,
    crosswalk: Crosswalk,
    domains: Mapping[str, Domain],
) -> dict[str, UnassignedShare]:
    """Return the shares at an origin, on the gemeenten of the areas to forecast for.

    Parameters
    ----------
    wijken, gemeenten : DataFrame
        The panel's; years after the origin are not used.
    areas : DataFrame
        What forecasts are for, with ``wijk_code`` and ``gm_code``.
    origin : int
        The last year with figures.
    crosswalk : Crosswalk
        Between areas of two years.
    domains : mapping of str to Domain
        By name.

    Returns
    -------
    dict of str to UnassignedShare
        By domain. A gemeente that others merged into has the share of these together.
    """
    until, totals = (table[table["year"] <= origin] for table in (wijken, gemeenten))
    rows = wijken[wijken["year"] == origin].assign(people=lambda table: table[INHABITANTS])
    links = links_between_gemeenten(rows, areas, crosswalk.links(rows, areas))
    return {
        name: carried(
            unassigned.of_year(unassigned.of_panel(until, totals, name, domain), origin), links
        )
        for name, domain in domains.items()
    }


def carried(of_year: pd.DataFrame, links: pd.DataFrame) -> UnassignedShare:
    """Return shares on other gemeenten: clients are carried, not shares.

    Parameters
    ----------
    of_year : DataFrame
        From :func:`risicomodel.results.estimates.unassigned.of_year`.
    links : DataFrame
        From :func:`risicomodel.results.forecasting.gemeente_totals.links_between_gemeenten`.

    Returns
    -------
    UnassignedShare
    """
    counts = of_year[["share", "spread"]].mul(of_year["size"], axis=0).assign(size=of_year["size"])
    from_known = links[links["from_code"].isin(of_year.index)]
    if from_known.empty:
        return UnassignedShare.nobody()
    summed = carry(counts, from_known, pd.Index(np.unique(from_known["to_code"])))
    shares = summed[["share", "spread"]].div(summed["size"], axis=0)
    return UnassignedShare(shares["share"], shares["spread"])
