"""Conformal prediction intervals from out-of-fold errors, by size class of wijken.

The interval of a wijk in fold k follows from the errors of the other folds only. If folds hold
whole gemeenten, the interval is valid for a gemeente that the calibration has never seen. As errors
within a gemeente are correlated, the quantile leaves room for one more gemeente, not for one more
wijk. Errors are divided by their expected size (Poisson noise, rounding, the model's own error), so
that a large wijk does not get the wide interval of a small one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.arrays import Floats

CONFIDENCE = 0.90
# Finer than the classes of the scores: wijken that are too small to be scored have intervals too.
CLASSES = (100, *metrics.SIZE_CLASSES)
# A class with fewer errors has no quantile of its own and takes that of all sizes.
MIN_ERRORS_PER_CLASS = 50
# Subtracted from the confidence: rounding in its last digit must not turn a whole rank into the
# next one.
EPSILON = 1e-12


def error_scale(
    rate: Floats, population: Floats, model_error: float, rounded_to: int = 0
) -> Floats:
    """Return the expected size of an error: counting, rounding and a share of the rate itself.

    sqrt(p/n + (r²/12)/n² + (cp)²), with p the predicted rate, n the population at risk, r the
    multiple of persons that is published and c ``model_error``.

    Parameters
    ----------
    rate : array of shape (n,)
        Predicted rates (0–1).
    population : array of shape (n,)
        Persons at risk.
    model_error : float
        The model's own relative error.
    rounded_to : int
        The multiple that CBS rounds counts to (persons); 0 if it does not round.

    Returns
    -------
    array of shape (n,)
        In rate; always above 0.

    Examples
    --------
    100 clients among 1,000 people, a model that is 10% off, and counts rounded to 5:

    >>> error_scale(np.array([0.1]), np.array([1000.0]), 0.1, rounded_to=5).round(4).tolist()
    [0.0142]
    """
    n = np.clip(population, 1.0, None)
    counting = np.clip(rate, 1e-6, None) / n
    out: Floats = np.sqrt(counting + rounded_to**2 / 12 / n**2 + (model_error * rate) ** 2)
    return out


def prediction_intervals(
    rows: pd.DataFrame, calibration: pd.DataFrame, rounded_to: int = 0
) -> pd.DataFrame:
    """Return a 90% prediction interval for every prediction.

    Parameters
    ----------
    rows : DataFrame
        ``model``, ``fold``, ``rate`` (0–1), ``population`` (persons at risk), ``cluster`` (rows in
        one cluster have correlated errors).
    calibration : DataFrame
        The same columns and ``clients`` (persons): predictions with a published figure.
    rounded_to : int
        The multiple that CBS rounds counts to (persons).

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (rates within 0–1), on the index of ``rows``.
    """
    out = pd.DataFrame({"lower": np.nan, "upper": np.nan}, index=rows.index)
    for (model, fold), part in rows.groupby(["model", "fold"]):
        errors = calibration[(calibration["model"] == model) & (calibration["fold"] != fold)]
        share = _model_error(errors)
        scaled_errors, scaled_rows = (
            table.assign(
                sigma=error_scale(
                    table["rate"].to_numpy(),
                    table["population"].to_numpy(dtype="float64"),
                    share,
                    rounded_to,
                ),
                bin=metrics.size_class(table["population"], CLASSES, "size"),
            )
            for table in (errors, part)
        )
        out.loc[part.index] = mondrian_intervals(scaled_rows, scaled_errors)
    return out


def mondrian_intervals(rows: pd.DataFrame, errors: pd.DataFrame) -> Floats:
    """Return 90% intervals by Mondrian conformal prediction (crepes): one quantile per bin.

    Parameters
    ----------
    rows : DataFrame of n rows
        ``rate`` (0–1), ``sigma`` (expected size of the error, in rate), ``bin``.
    errors : DataFrame
        The same columns, ``clients`` and ``population`` (persons), and ``cluster``.

    Returns
    -------
    array of shape (n, 2)
        Lower and upper rates within 0–1. Bins with fewer than :data:`MIN_ERRORS_PER_CLASS` errors
        take the quantile of all errors; without any errors the interval is 0 to 1.
    """
    from crepes import ConformalRegressor

    residual = (errors["clients"] / errors["population"] - errors["rate"]).abs().to_numpy()
    sigma, error_bins = errors["sigma"].to_numpy(), errors["bin"].to_numpy(dtype="object")
    predictions = [rows["rate"].to_numpy(), rows["sigma"].to_numpy()]
    confidence = clustered_confidence(errors["cluster"].nunique()) - EPSILON
    if errors.empty:
        return np.tile([0.0, 1.0], (len(rows), 1))
    overall = ConformalRegressor().fit(residual, sigma)
    out: Floats = overall.predict_int(*predictions, confidence=confidence, y_min=0.0, y_max=1.0)
    names, counts = np.unique(error_bins, return_counts=True)
    row_bins = rows["bin"].to_numpy(dtype="object")
    for name in names[counts >= MIN_ERRORS_PER_CLASS]:
        calibrating, predicted = error_bins == name, row_bins == name
        if predicted.any():
            of_bin = ConformalRegressor().fit(residual[calibrating], sigma[calibrating])
            out[predicted] = of_bin.predict_int(
                *(a[predicted] for a in predictions), confidence=confidence, y_min=0.0, y_max=1.0
            )
    return out


def clustered_confidence(clusters: int) -> float:
    """Return the nominal confidence at which the interval of a new cluster still holds 90%.

    0.9 (1 + 1/K), but at most K / (K + 1), the highest that K clusters can support. Lee, Barber and
    Willett (2023), "Distribution-free inference with hierarchical data", leave room for a new
    cluster in the same way.

    Parameters
    ----------
    clusters : int
        K, the number of clusters with errors.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> round(clustered_confidence(300), 4), round(clustered_confidence(4), 4)
    (0.903, 0.8)
    """
    return min(CONFIDENCE * (1 + 1 / max(clusters, 1)), clusters / (clusters + 1))


def constant_width_intervals(rows: pd.DataFrame, calibration: pd.DataFrame) -> pd.DataFrame:
    """Return the baseline for intervals: one width for every wijk, with no knowledge of the field.

    Split conformal prediction on absolute errors of the other folds (Lei et al. 2018).

    Parameters
    ----------
    rows, calibration : DataFrame
        As for :func:`prediction_intervals`.

    Returns
    -------
    DataFrame
        ``lower`` and ``upper`` (rates within 0–1), on the index of ``rows``.
    """
    out = pd.DataFrame({"lower": np.nan, "upper": np.nan}, index=rows.index)
    for (model, fold), part in rows.groupby(["model", "fold"]):
        errors = calibration[(calibration["model"] == model) & (calibration["fold"] != fold)]
        unclustered = errors.assign(sigma=1.0, bin="all", cluster=np.arange(len(errors)))
        unscaled = part.assign(sigma=1.0, bin="all")
        out.loc[part.index] = mondrian_intervals(unscaled, unclustered)
    return out


def _model_error(errors: pd.DataFrame) -> float:
    """Return the relative error beyond Poisson noise: method of moments, weighted by population."""
    population, predicted = errors["population"].to_numpy(), errors["rate"].to_numpy()
    rate = (errors["clients"] / errors["population"]).to_numpy()
    excess = population * ((rate - predicted) ** 2 - predicted / population)
    return float(np.sqrt(max(excess.sum() / (population * predicted**2).sum(), 0.0)))
