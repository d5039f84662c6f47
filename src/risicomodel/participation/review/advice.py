"""How far the model moved people: the weight on advice, where its causes were shown and not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.participation.phases import Phase
from risicomodel.participation.resampling import centred_interval, drawn_anew
from risicomodel.participation.review import consensus
from risicomodel.participation.review.results import LEAST, RANGES

if TYPE_CHECKING:
    from collections.abc import Collection

    from risicomodel.core.arrays import Floats
    from risicomodel.participation.review.rounds import ModelView

EARLY, LATE, DIFFERENCE = "early", "late", "difference"
NEAR = 0.02  # of the model's rate: who already stands there cannot move towards it
COLUMNS = ["causes", "weight", "lower", "upper", "n_wijken"]


def weights(judged: pd.DataFrame, view: ModelView) -> pd.DataFrame:
    """Return how far everyone moved towards the model: (after − before) / (model − before).

    Limited to 0 (not at all, or away) to 1 (all the way, or beyond), as is usual; without those who
    stood within 2% of the model. Of ranges, by their best: a tap has too few steps.

    Parameters
    ----------
    judged : DataFrame
        From :func:`risicomodel.participation.review.results.rates`.
    view : ModelView
        The model's figures.

    Returns
    -------
    DataFrame
        ``person``, ``wijk_code``, ``weight``: the mean over domains.

    References
    ----------
    Yaniv and Foster (1997), "Precision and accuracy of judgmental estimation", Journal of
    Behavioral Decision Making 10.
    """
    key = ["person", "wijk_code", "domain"]
    judged = consensus.of_kind(judged, RANGES)
    before, after = (
        judged[judged["phase"].eq(str(phase))].set_index(key)["rate"]
        for phase in (Phase.OWN_VIEW, Phase.AGAIN)
    )
    both = pd.DataFrame({"before": before, "after": after}).dropna().reset_index()
    names = both["wijk_code"] + "/" + both["domain"]
    model = names.map({name: band[0] for name, band in view.forecasts.items()}).astype("float64")
    apart = model - both["before"]
    moved = ((both["after"] - both["before"]) / apart).clip(0, 1).where(apart.abs() > NEAR * model)
    rows = both.assign(weight=moved).dropna(subset=["weight"])
    return rows.groupby(["person", "wijk_code"])["weight"].mean().reset_index()


def of_halves(
    judged: pd.DataFrame, view: ModelView, early: Collection[str], seed: int
) -> pd.DataFrame:
    """Return the weight on advice on wijken whose causes came early, and on the others.

    Which wijken are which was drawn. Others at the table moved people too, on both halves: what the
    causes did is the difference.

    Parameters
    ----------
    judged : DataFrame
        From :func:`risicomodel.participation.review.results.rates`.
    view : ModelView
        The model's figures.
    early : collection of str
        Wijken whose causes were shown at the reveal.
    seed : int
        Of the draws.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, a row per half and one of early less late, with 90% intervals over people
        and wijken; no rows where a half has under five people.
    """
    rows = weights(judged, view)
    is_early = rows["wijk_code"].isin(list(early))
    if min(rows.loc[half, "person"].nunique() for half in (is_early, ~is_early)) < LEAST:
        return pd.DataFrame(columns=COLUMNS)
    wijken = sorted(rows["wijk_code"].unique())
    said, _ = consensus.matrix(rows, rows["weight"], wijken)
    drawn = drawn_anew(*said.shape, seed=seed)
    times = [
        np.vstack([np.ones((1, n)), of_draws])
        for n, of_draws in zip(said.shape, drawn, strict=True)
    ]
    half = np.isin(wijken, list(early))
    means = {
        EARLY: _means(said, times[0], times[1] * half),
        LATE: _means(said, times[0], times[1] * ~half),
    }
    means[DIFFERENCE] = means[EARLY] - means[LATE]
    counts = {EARLY: int(half.sum()), LATE: int((~half).sum()), DIFFERENCE: len(wijken)}
    out = []
    for name, values in means.items():
        score = centred_interval(float(values[0]), values[1:])
        out.append([name, score.value, score.lower, score.upper, counts[name]])
    return pd.DataFrame(out, columns=COLUMNS)


def _means(said: Floats, of_people: Floats, of_wijken: Floats) -> Floats:
    """Return the mean of every draw; NaN where it holds none."""
    given = np.isfinite(said)
    total = ((of_people @ given) * of_wijken).sum(axis=1)
    summed = ((of_people @ np.where(given, said, 0.0)) * of_wijken).sum(axis=1)
    mean: Floats = summed / np.where(total > 0, total, np.nan)
    return mean
