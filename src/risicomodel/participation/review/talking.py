"""Which wijken a round proposes to talk about: where most hangs on it, and one where all agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.participation import elicitation, scores
from risicomodel.participation.proposal import all_agree, distance_of_rates, proposed, stakes
from risicomodel.participation.review import consensus, results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.arrays import Bools, Floats
    from risicomodel.participation.review.rounds import ModelView, Round

UNKNOWN_AT_RISK = 1_000.0  # persons: where a round does not know, every wijk weighs the same


def proposal(
    judged: pd.DataFrame,
    view: ModelView,
    made: Round,
    euro_per_client: Mapping[str, float],
    most: int,
) -> list[tuple[str, str]]:
    """Return wijken to talk about, each with the domain that most of it is about.

    Parameters
    ----------
    judged : DataFrame
        From :func:`risicomodel.participation.review.results.rates`, a row per person, wijk and
        domain.
    view : ModelView
        The model's figures.
    made : Round
        The round.
    euro_per_client : mapping of str to float
        By domain; one that is not there counts as the mean of those that are.
    most : int
        For how many wijken there is time.

    Returns
    -------
    list of (str, str)
        From the highest stake down; the one where all agree last.
    """
    wijken, domains = list(made.wijken), [one.name for one in made.domains]
    pictures = results.pictures(judged, view).set_index(["wijk_code", "domain"])["rate"]
    names = [[f"{wijk}/{domain}" for domain in domains] for wijk in wijken]
    nothing = (np.nan, np.nan, np.nan)
    model = np.array([[view.forecasts.get(name, nothing) for name in row] for row in names])
    at_risk = np.array([[view.at_risk.get(name, UNKNOWN_AT_RISK) for name in row] for row in names])
    field = np.array(
        [[float(pictures.get((wijk, one), np.nan)) for one in domains] for wijk in wijken]
    )
    reference = np.array([view.of_gemeente.get(one, np.nan) for one in domains])
    usual = float(np.mean(list(euro_per_client.values()))) if euro_per_client else 1.0
    stake = stakes(
        (model[..., 2] - model[..., 1]) * at_risk,
        np.array([euro_per_client.get(one, usual) for one in domains]),
        distance_of_rates(field, model[..., 0], np.broadcast_to(reference, field.shape)),
    )
    agreed = _agreed(judged, model, field, reference, (wijken, domains))
    chosen = proposed(stake, agreed, most=most, seed=consensus.seed_of(made.round_id))
    return [(wijken[one.position], domains[one.domain]) for one in chosen]


def _agreed(
    judged: pd.DataFrame,
    model: Floats,
    field: Floats,
    reference: Floats,
    names: tuple[list[str], list[str]],
) -> Bools:
    """Return where all say the same as each other and as the model; never of too few."""
    wijken, domains = names
    people = sorted(judged["person"].unique())
    taps = np.full((len(people), len(wijken), len(domains)), np.nan)
    likely = np.full((len(wijken), len(domains)), np.nan)
    for place, domain in enumerate(domains):
        rows = judged[judged["domain"].eq(domain)]
        said, who = consensus.matrix(rows, rows["rate"], wijken)
        at = np.searchsorted(people, who.to_numpy())
        taps[at, :, place] = elicitation.taps(said, np.full(said.shape, reference[place]))
        likely[:, place] = _most_likely(model[:, place], reference[place])
    enough: Bools = np.isfinite(field) | np.isnan(taps).all(axis=0)
    return all_agree(taps, likely) & enough.all(axis=1)


def _most_likely(model: Floats, reference: float) -> Floats:
    """Return the tap that the model holds for most probable; NaN where it says nothing."""
    rate, lower, upper = model.T
    likely = scores.tap_probabilities(rate, lower, upper, np.full(len(model), reference))
    given: Bools = np.asarray(np.isfinite(likely).all(axis=1))
    best = np.where(given[:, None], likely, 0.0).argmax(axis=1)
    return np.where(given, best, np.nan)
