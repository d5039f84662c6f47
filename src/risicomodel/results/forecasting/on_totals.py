"""Put the forecasts of every model on one base: the published totals of gemeenten.

Every model forecasts the wijken on their own (:mod:`.components`) and says how much they grow
together. The totals of gemeenten follow from that and from their last ones
(:mod:`.gemeente_totals`), and the wijken are fitted within them (:mod:`.reconciliation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats
from risicomodel.results.forecasting import components, gemeente_totals, reconciliation
from risicomodel.results.forecasting.unassigned_share import UnassignedShare

if TYPE_CHECKING:
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.origins import History


@dataclass(frozen=True)
class OnTotals:
    """One model's forecasts from one origin.

    Parameters
    ----------
    wijken : array of shape (areas, horizons)
        Clients (persons).
    totals : array of shape (gemeenten, horizons)
        Clients of the gemeente (persons), with those whose wijk is not known.
    published : array of bool, shape (gemeenten,)
        Whether the total starts from a published one, and not from the sum of the wijken.
    codes : Index of str
        ``gm_code`` of the gemeenten.
    """

    wijken: Floats
    totals: Floats
    published: Bools
    codes: pd.Index[str]


def forecast(history: History, domain: str, decomposition: Decomposition, model: str) -> OnTotals:
    """Return a model's forecasts of wijken and of the totals of their gemeenten.

    Parameters
    ----------
    history : History
        What was known at the origin.
    domain : str
        The domain.
    decomposition : Decomposition
        Of the domain's forecasts from that origin.
    model : str
        One of :data:`risicomodel.results.forecasting.components.MODELS`.

    Returns
    -------
    OnTotals
        Wijken and people without a known wijk together are the total of their gemeente.
    """
    clients = components.MODELS[model](decomposition)
    totals = history.totals.get(domain)
    codes = pd.Index(history.areas["gm_code"].unique()) if totals is None else totals.codes
    gm = codes.get_indexer(pd.Index(history.areas["gm_code"]))
    last = np.full(len(codes), np.nan) if totals is None else totals.clients[:, -1]
    of_nobody = history.unassigned.get(domain, UnassignedShare.nobody())
    origin = reconciliation.Origin(gm, decomposition.last_clients, last, *of_nobody.of(codes))
    ahead = None if totals is None else _ahead(totals, clients, origin, decomposition, model)
    size = clients * np.hypot(decomposition.shared_error, decomposition.own_error)
    wijken = reconciliation.reconcile(clients, size**2, origin, ahead)
    of_gemeenten = reconciliation.totals_of(wijken, origin, ahead)
    published = np.zeros(len(codes), dtype="bool") if ahead is None else np.isfinite(ahead[:, 0])
    return OnTotals(wijken, of_gemeenten, published, codes)


def of_models(history: History, domain: str, decomposition: Decomposition) -> dict[str, OnTotals]:
    """Return the forecasts of every model, by its name.

    Parameters
    ----------
    history : History
        What was known at the origin.
    domain : str
        The domain.
    decomposition : Decomposition
        Of the domain's forecasts from that origin.

    Returns
    -------
    dict of str to OnTotals
        From :func:`forecast`.
    """
    return {model: forecast(history, domain, decomposition, model) for model in components.MODELS}


def _ahead(
    totals: gemeente_totals.GemeenteTotals,
    clients: Floats,
    origin: reconciliation.Origin,
    decomposition: Decomposition,
    model: str,
) -> Floats | None:
    """Return the totals ahead by a model; by persistence, the last ones unchanged."""
    growth = reconciliation.growth_of_wijken(clients, origin, decomposition.drift)
    ahead = gemeente_totals.ahead(totals, growth)
    if ahead is None or model != components.PERSISTENCE:
        return ahead
    return np.repeat(totals.clients[:, [-1]], ahead.shape[1], axis=1)
