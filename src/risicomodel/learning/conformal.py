"""Honest bands from out-of-fold errors: conformal, by size class, gemeente by gemeente.

For a wijk of fold k only errors of the other folds count. Where folds hold whole gemeenten the
band is that of a gemeente the calibration has never seen; and as wijken of one gemeente err
together, the quantile leaves room for one more gemeente, not for one more wijk. Errors are scaled
by what is known of their size (Poisson noise, rounding, the model's own error), so that a large
wijk does not get the band of a small one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.arrays import Floats

LEVEL = 0.90
# Finer than the classes of the scores: wijken that are too small to be scored have bands too.
CLASSES = (100, *metrics.SIZE_CLASSES)
# Below this many errors a class has no quantile of its own and takes that of all sizes.
ENOUGH = 50
# A rank that is whole must not become the next one by the last digit of a level.
HAIR = 1e-12


def spread(rate: Floats, population: Floats, model_error: float, rounded_to: int = 0) -> Floats:
    """Return the expected size of an error: counting, rounding and a share of the rate itself.

    sqrt(p/n + (r²/12)/n² + (cp)²), with p the predicted rate, n the population at risk, r the
    multiple of persons that is published and c ``model_error``.
    """
    n = np.clip(population, 1.0, None)
    counting = np.clip(rate, 1e-6, None) / n
    out: Floats = np.sqrt(counting + rounded_to**2 / 12 / n**2 + (model_error * rate) ** 2)
    return out


def conformal(rows: pd.DataFrame, calibration: pd.DataFrame, rounded_to: int = 0) -> pd.DataFrame:
    """Return a 90% band per prediction.

    Parameters
    ----------
    rows : DataFrame
        ``model``, ``fold``, ``rate``, ``population``, ``cluster`` (what errs together).
    calibration : DataFrame
        The same with ``clients``: predictions whose figure is known.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (rates within 0–1), on the index of ``rows``.
    """
    out = pd.DataFrame({"lower": np.nan, "upper": np.nan}, index=rows.index)
    for (model, fold), part in rows.groupby(["model", "fold"]):
        errors = calibration[(calibration["model"] == model) & (calibration["fold"] != fold)]
        share = _model_error(errors)
        scaled, wanted = (
            table.assign(
                sigma=spread(
                    table["rate"].to_numpy(),
                    table["population"].to_numpy(dtype="float64"),
                    share,
                    rounded_to,
                ),
                bin=metrics.size_class(table["population"], CLASSES, "size"),
            )
            for table in (errors, part)
        )
        out.loc[part.index] = band(wanted, scaled)
    return out


def band(rows: pd.DataFrame, errors: pd.DataFrame) -> Floats:
    """Return lower and upper rates by Mondrian conformal prediction (crepes).

    Parameters
    ----------
    rows : DataFrame
        ``rate``, ``sigma`` (expected size of the error, in rate), ``bin``.
    errors : DataFrame
        The same with ``clients``, ``population`` and ``cluster``.

    Returns
    -------
    array of shape (n, 2)
        Within 0–1. Bins with fewer than :data:`ENOUGH` errors take the quantile of all; where
        there are none at all, anything from 0 to 1 may be.
    """
    from crepes import ConformalRegressor

    residual = (errors["clients"] / errors["population"] - errors["rate"]).abs().to_numpy()
    sigma, bins = errors["sigma"].to_numpy(), errors["bin"].to_numpy(dtype="object")
    asked = [rows["rate"].to_numpy(), rows["sigma"].to_numpy()]
    level = cautious(errors["cluster"].nunique()) - HAIR
    if errors.empty:
        return np.tile([0.0, 1.0], (len(rows), 1))
    everywhere = ConformalRegressor().fit(residual, sigma)
    out: Floats = everywhere.predict_int(*asked, confidence=level, y_min=0.0, y_max=1.0)
    names, counts = np.unique(bins, return_counts=True)
    wanted = rows["bin"].to_numpy(dtype="object")
    for name in names[counts >= ENOUGH]:
        here, there = bins == name, wanted == name
        if there.any():
            own = ConformalRegressor().fit(residual[here], sigma[here])
            out[there] = own.predict_int(
                *(a[there] for a in asked), confidence=level, y_min=0.0, y_max=1.0
            )
    return out


def cautious(clusters: int) -> float:
    """Return the level to ask for, so that one more cluster of errors is allowed for.

    0.9 (1 + 1/K), at most the K / (K + 1) that K clusters can tell. Lee, Barber and Willett (2023),
    "Distribution-free inference with hierarchical data", leave room for a cluster in the same way.
    """
    return min(LEVEL * (1 + 1 / max(clusters, 1)), clusters / (clusters + 1))


def plain(rows: pd.DataFrame, calibration: pd.DataFrame) -> pd.DataFrame:
    """Return what anyone would do without knowing the field: one width for every wijk.

    Split-conformal on absolute errors of the other folds (Lei et al. 2018). Parameters as in
    :func:`conformal`.
    """
    out = pd.DataFrame({"lower": np.nan, "upper": np.nan}, index=rows.index)
    for (model, fold), part in rows.groupby(["model", "fold"]):
        errors = calibration[(calibration["model"] == model) & (calibration["fold"] != fold)]
        same = errors.assign(sigma=1.0, bin="all", cluster=np.arange(len(errors)))
        out.loc[part.index] = band(part.assign(sigma=1.0, bin="all"), same)
    return out


def _model_error(errors: pd.DataFrame) -> float:
    """Return the relative error beyond Poisson noise, by moments, weighted by population."""
    population, predicted = errors["population"].to_numpy(), errors["rate"].to_numpy()
    rate = (errors["clients"] / errors["population"]).to_numpy()
    beyond = population * ((rate - predicted) ** 2 - predicted / population)
    return float(np.sqrt(max(beyond.sum() / (population * predicted**2).sum(), 0.0)))
