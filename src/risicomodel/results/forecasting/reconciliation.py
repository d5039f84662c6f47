"""Make the wijken of a gemeente, and people whose wijk is not known, add up to its forecast total.

Wijken with a figure at the origin keep their share of the total. What is left for the other wijken,
and for people whose wijk CBS does not know, is divided as far as each is uncertain: a conditional
expectation, not a share of everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risicomodel.core import groups
from risicomodel.core.arrays import Bools, Floats, Ints

# Wijken without a figure are moved by at most these factors.
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
EPSILON = 1e-9


@dataclass(frozen=True)
class Origin:
    """What reconciliation knows of the wijken at the origin.

    Parameters
    ----------
    gm : array of int, shape (areas,)
        Every area's gemeente, numbered from 0 as the totals are.
    figures : array of shape (areas,)
        Clients at the origin; NaN where there is no figure.
    last : array of shape (gemeenten,)
        Totals at the origin; NaN where there is none.
    share, spread : array of shape (gemeenten,)
        Share of a gemeente's clients whose wijk is not known, as estimates of the origin have it,
        and its standard deviation (:mod:`.unassigned_share`).
    """

    gm: Ints
    figures: Floats
    last: Floats
    share: Floats
    spread: Floats

    @property
    def with_figure(self) -> Bools:
        """Which areas have a figure."""
        return np.isfinite(self.figures)


def growth_of_wijken(clients: Floats, origin: Origin, country: Floats) -> Floats:
    """Return what wijken with a figure are forecast to have together, per client at the origin.

    Parameters
    ----------
    clients : array of shape (areas, horizons)
        Forecasts of wijken on their own.
    origin : Origin
        Figures and people.
    country : array of shape (horizons,)
        The country's growth (factor), for gemeenten without such wijken.

    Returns
    -------
    array of shape (gemeenten, horizons)
        Factors.
    """
    at_origin = _figures(origin)
    sums = groups.sums(np.where(origin.with_figure[:, None], clients, 0.0), origin.gm)
    out: Floats = np.tile(country, (len(at_origin), 1))
    np.divide(sums, at_origin[:, None], out=out, where=(at_origin > 0)[:, None])
    return out


def totals_of(clients: Floats, origin: Origin, ahead: Floats | None) -> Floats:
    """Return the totals that wijken and people without a known wijk are to add up to.

    Parameters
    ----------
    clients : array of shape (areas, horizons)
        Forecasts of wijken on their own.
    origin : Origin
        Figures, people and totals.
    ahead : array of shape (gemeenten, horizons), or None
        Forecast totals; NaN where there is none.

    Returns
    -------
    array of shape (gemeenten, horizons)
        Where no total is forecast, the sum of the wijken and the share without a known wijk.
    """
    sums = groups.sums(np.nan_to_num(clients), origin.gm)
    by_wijken = sums / (1 - origin.share)[:, None]
    if ahead is None:
        return by_wijken
    return np.where(np.isfinite(ahead), ahead, by_wijken)


def reconcile(clients: Floats, variance: Floats, origin: Origin, ahead: Floats | None) -> Floats:
    """Return forecasts of wijken that fit within the forecast totals of their gemeenten.

    Parameters
    ----------
    clients : array of shape (areas, horizons)
        Forecasts of wijken on their own.
    variance : array of shape (areas, horizons)
        Expected squares of their errors (persons²).
    origin : Origin
        Figures, people and totals.
    ahead : array of shape (gemeenten, horizons), or None
        Forecast totals; NaN where there is none: those gemeenten are left as they are.

    Returns
    -------
    array of shape (areas, horizons)
        Clients (persons).
    """
    if ahead is None:
        return clients
    growth = ahead / np.where(origin.last > 0, origin.last, np.nan)[:, None]
    out = _keep_shares(clients, origin, growth)
    share, spread = origin.share[:, None], origin.spread[:, None]
    fixed = groups.sums(np.where(origin.with_figure[:, None], out, 0.0), origin.gm)
    free = np.where(origin.with_figure[:, None], 0.0, np.nan_to_num(out))
    free_sums = groups.sums(free, origin.gm)
    free_variance = groups.sums(np.where(free > 0, np.nan_to_num(variance), 0.0), origin.gm)
    left = ahead * (1 - share) - fixed
    certain = free_variance / (free_variance + (spread * ahead) ** 2).clip(EPSILON)
    target = free_sums + certain * (left - free_sums)
    factor = np.divide(target, free_sums, out=np.ones_like(target), where=free_sums > EPSILON)
    factor = np.where(np.isfinite(factor), factor.clip(LEAST_FACTOR, MOST_FACTOR), 1.0)
    out = np.where(origin.with_figure[:, None], out, out * factor[origin.gm])
    return _within(out, origin.gm, ahead)


def _keep_shares(clients: Floats, origin: Origin, growth: Floats) -> Floats:
    """Scale wijken with a figure to what they were together, grown as their gemeente's total."""
    at_origin = _figures(origin)
    sums = groups.sums(np.where(origin.with_figure[:, None], clients, 0.0), origin.gm)
    factor = np.divide(at_origin[:, None] * growth, sums, out=np.ones_like(sums), where=sums > 0)
    factor = np.where(np.isfinite(factor), factor, 1.0)
    out: Floats = np.where(origin.with_figure[:, None], clients * factor[origin.gm], clients)
    return out


def _within(clients: Floats, gm: Ints, ahead: Floats) -> Floats:
    """Scale down wijken that are more than their gemeente's total together."""
    sums = groups.sums(np.nan_to_num(clients), gm)
    over = np.isfinite(ahead) & (sums > ahead)
    factor = np.where(over, ahead / sums.clip(EPSILON), 1.0)
    out: Floats = clients * factor[gm]
    return out


def _figures(origin: Origin) -> Floats:
    """Return the sums of figures at the origin, by gemeente."""
    out: Floats = groups.sums(np.nan_to_num(origin.figures)[:, None], origin.gm)[:, 0]
    return out
