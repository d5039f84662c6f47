"""Honest bands from out-of-fold errors: split-conformal, by size class, gemeente by gemeente.

For a wijk of fold k only errors of the other folds count, and folds hold whole gemeenten: the band
is that of a gemeente the calibration has never seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.evaluation import scores

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

LEVEL = 0.90
# Finer than the classes of the scores: wijken that are too small to be scored have bands too.
CLASSES = (100, *scores.SIZE_CLASSES)
# Below this many errors a class has no quantile of its own and takes that of all sizes.
ENOUGH = 50


def spread(rate: Floats, population: Floats, model_error: float) -> Floats:
    """Return the expected size of an error: Poisson noise and a share of the rate itself.

    sqrt(p/n + (cp)²), with p the predicted rate, n the population at risk and c ``model_error``.
    """
    import numpy as np

    n = np.clip(population, 1.0, None)
    out: Floats = np.sqrt(np.clip(rate, 1e-6, None) / n + (model_error * rate) ** 2)
    return out


def conformal(rows: pd.DataFrame, calibration: pd.DataFrame) -> pd.DataFrame:
    """Return a 90% band per prediction.

    Parameters
    ----------
    rows : DataFrame
        ``model``, ``fold``, ``rate``, ``population``.
    calibration : DataFrame
        The same with ``clients``: predictions whose figure is known.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (rates within 0–1), on the index of ``rows``.
    """
    import numpy as np
    import pandas as pd

    out = pd.DataFrame({"lower": np.nan, "upper": np.nan}, index=rows.index)
    for (model, fold), part in rows.groupby(["model", "fold"]):
        errors = calibration[(calibration["model"] == model) & (calibration["fold"] != fold)]
        out.loc[part.index] = _band(part, errors)
    return out


def _band(part: pd.DataFrame, errors: pd.DataFrame) -> Floats:
    import numpy as np

    rate, population = part["rate"].to_numpy(), part["population"].to_numpy(dtype="float64")
    known_rate = (errors["clients"] / errors["population"]).to_numpy()
    predicted = errors["rate"].to_numpy()
    share = _model_error(known_rate, predicted, errors["population"].to_numpy())
    scaled = np.abs(known_rate - predicted) / spread(
        predicted, errors["population"].to_numpy(), share
    )
    classes = scores.size_class(errors["population"], CLASSES, "size").to_numpy()
    wanted = scores.size_class(part["population"], CLASSES, "size").to_numpy()
    factor = np.full(len(part), quantile(scaled))
    for label in np.unique(wanted):
        if (classes == label).sum() >= ENOUGH:
            factor[wanted == label] = quantile(scaled[classes == label])
    half = factor * spread(rate, population, share)
    out: Floats = np.column_stack([np.clip(rate - half, 0, 1), np.clip(rate + half, 0, 1)])
    return out


def _model_error(rate: Floats, predicted: Floats, population: Floats) -> float:
    """Return the relative error beyond Poisson noise, by moments, weighted by population."""
    import numpy as np

    beyond = population * ((rate - predicted) ** 2 - predicted / population)
    return float(np.sqrt(max(beyond.sum() / (population * predicted**2).sum(), 0.0)))


def quantile(scaled: Floats) -> float:
    """Return the conformal quantile: the ceil((n + 1)·0.9)-th smallest of n scaled errors."""
    import numpy as np

    n = len(scaled)
    rank = min(int(np.ceil((n + 1) * LEVEL)), n) - 1
    return float(np.partition(scaled, rank)[rank])
