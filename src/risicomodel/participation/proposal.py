"""Which wijken to talk about: where most money hangs on what the field and the model see apart.

What is proposed says what the field thinks: it is for the phases from *toon* on, never before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.core.errors import ConfigError, DataError
from risicomodel.participation.resampling import MIN_REVIEWERS

Why = Literal["stake", "control"]


@dataclass(frozen=True)
class ProposedWijk:
    """A wijk to talk about, and why.

    Parameters
    ----------
    position : int
        Of the wijk, from 0.
    why : {"stake", "control"}
        Because much hangs on it, or because all agree: without one such, nobody sees what talking
        does where there is nothing to settle.
    stake : float
        What hangs on it, over all domains (euro).
    domain : int
        Position of the domain that most of it is of, from 0.
    """

    position: int
    why: Why
    stake: float
    domain: int


def stakes(band_in_clients: Floats, euro_per_client: Floats, distance: Floats) -> Floats:
    """Return what hangs on every wijk and domain: width of the band × euro per client × distance.

    Parameters
    ----------
    band_in_clients : array of shape (wijken, domains)
        Upper less lower limit of the model's band (persons).
    euro_per_client : array of shape (domains,)
        What one client costs in a year (euro).
    distance : array of shape (wijken, domains)
        Between the field and the model, 0 and up, without unit
        (:func:`distance_of_taps`, :func:`distance_of_rates`).

    Returns
    -------
    array of shape (wijken, domains)
        In euro; 0 where the field or the model says nothing.

    Raises
    ------
    DataError
        A width, an amount or a distance is below 0, or an amount is missing.

    Examples
    --------
    >>> stakes(np.array([[10.0, 4.0], [30.0, np.nan]]), np.array([8000.0, 3000.0]),
    ...        np.array([[0.5, 1.0], [0.1, 1.0]])).tolist()
    [[40000.0, 12000.0], [24000.0, 0.0]]
    """
    columns = {
        "band_in_clients": band_in_clients, "euro_per_client": euro_per_client,
        "distance": distance,
    }  # fmt: skip
    wrong = [
        f"{name} has {int((column < 0).sum())} below 0; expected 0 and up"
        for name, column in columns.items()
        if (column < 0).any()
    ]
    if not np.isfinite(euro_per_client).all():
        wrong.append("euro_per_client has gaps; expected an amount for every domain")
    if wrong:
        raise DataError("stakes of wijken cannot be computed; correct:", wrong)
    product: Floats = np.nan_to_num(band_in_clients * euro_per_client * distance, nan=0.0)
    return product


def distance_of_taps(shares: Floats, probabilities: Floats) -> Floats:
    """Return how many categories the field's taps and the model lie apart.

    Σ |F − G| over the categories, with F and G what is said of a category or one before it.

    Parameters
    ----------
    shares : array of shape (..., 3)
        Which part of the reviewers said less, the same and more.
    probabilities : array of shape (..., 3)
        The model's (:func:`risicomodel.participation.scores.tap_probabilities`).

    Returns
    -------
    array of shape (...)
        From 0 (the same) to 2 (certain of opposite ends).

    Examples
    --------
    >>> distance_of_taps(np.array([[0.0, 0.0, 1.0]]), np.array([[0.5, 0.5, 0.0]])).tolist()
    [1.5]
    """
    apart: Floats = np.abs(np.cumsum(shares - probabilities, axis=-1))
    return np.asarray(apart.sum(axis=-1), dtype="float64")


def distance_of_rates(field: Floats, model: Floats, reference: Floats) -> Floats:
    """Return how far the field's best and the model's rate lie apart, as a part of the gemeente's.

    Parameters
    ----------
    field, model, reference : array of one shape
        Mean best of the reviewers, the model's rate, and the gemeente's (0–1).

    Returns
    -------
    array of that shape
        0 and up; NaN where a rate is missing or the gemeente has none.

    Examples
    --------
    >>> distance_of_rates(np.array([0.12]), np.array([0.09]), np.array([0.10])).round(2).tolist()
    [0.3]
    """
    apart: Floats = np.abs(field - model) / np.where(reference > 0, reference, np.nan)
    return apart


def all_agree(taps: Floats, model: Floats) -> Bools:
    """Return the wijken of which all reviewers say the same as each other and as the model.

    Parameters
    ----------
    taps : array of shape (reviewers, wijken, domains)
        0 for less, 1 for the same, 2 for more; NaN for no answer and for "I do not know".
    model : array of shape (wijken, domains)
        What the model holds for most probable, likewise.

    Returns
    -------
    array of bool, shape (wijken,)
        True where it holds of every domain that was judged, with three answers or more in each.

    Examples
    --------
    >>> taps = np.array([[[2.0], [2.0]], [[2.0], [1.0]], [[2.0], [2.0]]])
    >>> all_agree(taps, np.array([[2.0], [2.0]])).tolist()
    [True, False]
    """
    answered = np.isfinite(taps)
    counts = answered.sum(axis=0)
    same = ((taps == model) | ~answered).all(axis=0)
    of_all_domains = ((counts == 0) | (same & (counts >= MIN_REVIEWERS))).all(axis=1)
    agreed: Bools = of_all_domains & (counts > 0).any(axis=1)
    return agreed


def proposed(stake: Floats, agreed: Bools, *, most: int, seed: int) -> tuple[ProposedWijk, ...]:
    """Return the wijken to talk about: those on which most hangs, and one where all agree.

    Parameters
    ----------
    stake : array of shape (wijken, domains)
        From :func:`stakes` (euro).
    agreed : array of bool, shape (wijken,)
        Where all agree (:func:`all_agree`).
    most : int
        For how many wijken there is time, the one where all agree included; 2 at least.
    seed : int
        Decides between wijken with the same stake.

    Returns
    -------
    tuple of ProposedWijk
        From the highest stake down, the control last: of the wijken where all agree the one with
        the lowest stake. Wijken without stake are not proposed, and there is no control where all
        agree nowhere: there may be fewer than `most`.

    Raises
    ------
    ConfigError
        There is time for fewer than 2.

    Examples
    --------
    >>> stake = np.array([[0.0], [9000.0], [40000.0], [100.0]])
    >>> [(wijk.position, wijk.why) for wijk in
    ...  proposed(stake, np.array([True, False, False, False]), most=3, seed=1)]
    [(2, 'stake'), (1, 'stake'), (0, 'control')]
    """
    if most < 2:  # noqa: PLR2004 (one with a stake, one control)
        raise ConfigError(f"most is {most}; expected 2 or more wijken to talk about; raise it")
    total = stake.sum(axis=1)
    order = _by_stake(total, np.random.default_rng(seed))
    # the control is kept out of the others: where all agree there is hardly a stake
    control = [int(wijk) for wijk in order if agreed[wijk]][-1:]
    at_stake = [int(wijk) for wijk in order if total[wijk] > 0 and int(wijk) not in control]
    chosen: list[tuple[int, Why]]
    chosen = [(wijk, "stake") for wijk in at_stake[: most - len(control)]]
    chosen += [(wijk, "control") for wijk in control]
    return tuple(
        ProposedWijk(wijk, why, float(total[wijk]), int(stake[wijk].argmax()))
        for wijk, why in chosen
    )


def _by_stake(total: Floats, random: np.random.Generator) -> Ints:
    """Return positions from the highest stake down; the draw decides between equals."""
    return np.lexsort((random.permutation(len(total)), -total))
