"""Conformal prediction intervals whose width follows size without jumps.

Quantiles per size class jump at the borders of classes, and a class of a few large wijken has the
quantile of whatever happened there. Here the quantile is taken among the errors nearest in size,
and the width, relative to the rate, is made to fall with size by isotonic regression.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.learning.conformal import (
    EPSILON,
    MIN_ERRORS_PER_CLASS,
    clustered_confidence,
)

# Errors nearest in size that a quantile is taken of: this many, and at least this share of all.
NEAREST, LEAST_SHARE = 300, 1 / 8
POSITIONS = 25  # sizes at which a quantile is taken; between them it is interpolated
MIN_RATE = 1e-9


def smooth_intervals(rows: pd.DataFrame, errors: pd.DataFrame) -> Floats:
    """Return 90% intervals by conformal prediction, one smooth curve over size per bin.

    Parameters
    ----------
    rows : DataFrame of n rows
        ``rate`` (0–1), ``sigma`` (expected size of the error, in rate), ``population`` (persons)
        and ``bin``.
    errors : DataFrame
        The same columns, ``clients`` (persons), and ``cluster`` (rows in one cluster have
        correlated errors).

    Returns
    -------
    array of shape (n, 2)
        Lower and upper rates within 0–1. Bins with fewer than fifty errors take the curve of all;
        without any errors the interval is 0 to 1.
    """
    if errors.empty:
        return np.tile([0.0, 1.0], (len(rows), 1))
    half = np.full(len(rows), np.nan)
    bins = rows["bin"].to_numpy(dtype="object")
    for name in pd.unique(bins):
        of_bin = errors[errors["bin"] == name]
        curve = _Curve.fit(of_bin if len(of_bin) >= MIN_ERRORS_PER_CLASS else errors)
        chosen = bins == name
        half[chosen] = curve.at(rows.loc[chosen, "population"]) * rows.loc[chosen, "sigma"]
    rate = rows["rate"].to_numpy()
    out: Floats = np.stack([rate - half, rate + half], axis=1).clip(0.0, 1.0)
    return out


class _Curve:
    """Width of the interval, in multiples of sigma, by size."""

    def __init__(self, size: Floats, width: Floats) -> None:
        self._size, self._width = size, width

    @classmethod
    def fit(cls, errors: pd.DataFrame) -> _Curve:
        from scipy.optimize import isotonic_regression

        ordered = errors.sort_values("population", kind="stable")
        size = _log_size(ordered["population"])
        rate, sigma = ordered["rate"].to_numpy(), ordered["sigma"].to_numpy()
        observed = (ordered["clients"] / ordered["population"].clip(lower=1.0)).to_numpy()
        scaled = np.abs(observed - rate) / sigma
        relative = sigma / rate.clip(MIN_RATE)
        n = len(ordered)
        near = min(n, max(NEAREST, math.ceil(n * LEAST_SHARE)))
        starts = np.unique(np.linspace(0, n - near, POSITIONS).round().astype("intp"))
        confidence = clustered_confidence(ordered["cluster"].nunique()) - EPSILON
        windows = [slice(start, start + near) for start in starts]
        middle = np.array([size[w].mean() for w in windows])
        quantile = np.array([np.quantile(scaled[w], confidence, method="higher") for w in windows])
        typical = np.array([np.median(relative[w]) for w in windows])
        falling = isotonic_regression(quantile * typical, increasing=False).x
        return cls(middle, falling / typical)

    def at(self, population: pd.Series) -> Floats:
        out: Floats = np.interp(_log_size(population), self._size, self._width)
        return out


def _log_size(population: pd.Series) -> Floats:
    out: Floats = np.log(population.to_numpy(dtype="float64").clip(1.0))
    return out
