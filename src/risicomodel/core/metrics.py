"""Measures of error, and the classes of size that they are given by."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Callable

FLOOR = "noise_floor"
ALL = "all"

# Persons at risk per wijk, and inhabitants per gemeente: upper limits of the classes.
SIZE_CLASSES = (500, 2_000, 5_000, 10_000)
GM_SIZE_CLASSES = (20_000, 50_000, 100_000)


def wape(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return the weighted absolute percentage error of rates: :func:`wape_of_counts` of persons.

    Parameters
    ----------
    clients : array of shape (n,)
        Published persons.
    predicted : array of shape (n,)
        Predicted rate (0–1).
    population : array of shape (n,)
        Persons at risk.

    Returns
    -------
    float
        A share of all clients; 0 is best.

    Examples
    --------
    >>> wape(np.array([10.0, 30.0]), np.array([0.05, 0.2]), np.array([100.0, 200.0]))
    0.375
    """
    return wape_of_counts(clients, predicted * population)


def wape_of_counts(clients: Floats, predicted: Floats) -> float:
    """Return Σ|clients − predicted| / Σ clients: absolute errors as a share of all clients.

    Parameters
    ----------
    clients, predicted : array of shape (n,)
        Published and predicted persons.

    Returns
    -------
    float
        A share of all clients, who count as one at least; 0 is best.

    References
    ----------
    Kolassa and Schütz (2007), "Advantages of the MAD/mean ratio over the MAPE", Foresight 6.

    Examples
    --------
    >>> wape_of_counts(np.array([10.0, 30.0]), np.array([5.0, 40.0]))
    0.375
    """
    return float(np.abs(clients - predicted).sum() / _total(clients))


def bias(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return the bias of rates: :func:`bias_of_counts` of persons.

    Parameters are those of :func:`wape`.

    Examples
    --------
    >>> bias(np.array([10.0, 30.0]), np.array([0.05, 0.2]), np.array([100.0, 200.0]))
    0.125
    """
    return bias_of_counts(clients, predicted * population)


def bias_of_counts(clients: Floats, predicted: Floats) -> float:
    """Return Σ(predicted − clients) / Σ clients.

    Parameters
    ----------
    clients, predicted : array of shape (n,)
        Published and predicted persons.

    Returns
    -------
    float
        A share of all clients, who count as one at least; above 0 is too many predicted.

    Examples
    --------
    >>> bias_of_counts(np.array([10.0, 30.0]), np.array([5.0, 40.0]))
    0.125
    """
    return float((predicted - clients).sum() / _total(clients))


def noise_floor(clients: Floats, rounded_to: int = 0) -> float:
    """Return the WAPE that is left if every rate is known, counts are Poisson and then rounded.

    Σ sqrt(2 (n + r²/12) / π) / Σ n: the mean absolute deviation of a Poisson count of mean n is
    about sqrt(2n/π), rounding to multiples of r adds an error of variance r²/12, and the published
    count stands for its mean.

    Parameters
    ----------
    clients : array of shape (n,)
        Published persons.
    rounded_to : int
        The multiple that counts are rounded to (persons); 0 if they are not.

    Returns
    -------
    float
        A share of all clients, who count as one at least.

    References
    ----------
    Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, section 4.3.

    Examples
    --------
    >>> round(noise_floor(np.array([50.0, 200.0])), 4)
    0.0677
    """
    variance = clients + rounded_to**2 / 12
    return float(np.sqrt(2 * variance / np.pi).sum() / _total(clients))


def _total(clients: Floats) -> float:
    return max(float(clients.sum()), 1.0)


def wr2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return R² of the rates, weighted by population.

    1 − Σ n(r − p)² / Σ n(r − r̄)², with n the population, r the published and p the predicted rate,
    and r̄ the mean of r weighted by n.

    Parameters
    ----------
    clients, predicted, population : array of shape (n,)
        As in :func:`wape`.

    Returns
    -------
    float
        Without unit; 1 is best, the mean rate for all has 0. NaN where all rates are equal.

    References
    ----------
    Willett and Singer (1988), "Another cautionary note about R²", The American Statistician 42.

    Examples
    --------
    >>> clients, population = np.array([10.0, 30.0]), np.array([100.0, 200.0])
    >>> round(wr2(clients, np.array([0.11, 0.14]), population), 2)
    0.82
    """
    return _r2(clients / population, predicted, population)


def r2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return R² of the rates with every wijk counting the same.

    1 − Σ (r − p)² / Σ (r − r̄)². Parameters and result are those of :func:`wr2`.

    Examples
    --------
    >>> clients, population = np.array([10.0, 30.0]), np.array([100.0, 200.0])
    >>> round(r2(clients, np.array([0.11, 0.14]), population), 2)
    0.84
    """
    return _r2(clients / population, predicted, np.ones_like(population))


def _r2(rate: Floats, predicted: Floats, weight: Floats) -> float:
    mean = np.average(rate, weights=weight)
    spread = (weight * (rate - mean) ** 2).sum()
    return float(1 - (weight * (rate - predicted) ** 2).sum() / spread) if spread else float("nan")


def interval_score(value: Floats, lower: Floats, upper: Floats, coverage: float) -> Floats:
    """Return the interval score (Winkler score) of every band: width plus penalty.

    (u − l) + 2/α · max(l − y, 0, y − u), with l and u the limits, y the value and α = 1 − coverage.
    Narrow bands score well, and so do bands that hold the value.

    Parameters
    ----------
    value : array of shape (n,)
        What came true, in any unit.
    lower, upper : array of shape (n,)
        Limits of the bands, in the same unit.
    coverage : float
        The share of bands that should hold (0–1).

    Returns
    -------
    array of shape (n,)
        In the unit of the value; lower is better.

    References
    ----------
    Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation",
    Journal of the American Statistical Association 102, equation 43.

    Examples
    --------
    >>> limits = np.array([0.04, 0.04]), np.array([0.12, 0.12])
    >>> interval_score(np.array([0.05, 0.14]), *limits, coverage=0.9).round(2)
    array([0.08, 0.48])
    """
    miss = np.clip(lower - value, 0, None) + np.clip(value - upper, 0, None)
    out: Floats = (upper - lower) + 2 / (1 - coverage) * miss
    return out


def ranked_probability_score(probabilities: Floats, outcome: Floats) -> Floats:
    """Return the ranked probability score of every forecast of ordered categories.

    Σ (F_k − O_k)² over the categories, with F_k the probability of category k or one before it, and
    O_k 1 from the category that came true, 0 before it. What is a category further off costs more.

    Parameters
    ----------
    probabilities : array of shape (..., categories)
        Of every category in order; each row sums to 1.
    outcome : array of shape (...)
        Position of the category that came true, from 0; NaN where it is not known.

    Returns
    -------
    array of shape (...)
        From 0 (certain and right) to categories − 1 (certain and furthest off); NaN where a
        probability or the outcome is.

    References
    ----------
    Epstein (1969), "A scoring system for probability forecasts of ranked categories", Journal of
    Applied Meteorology 8.

    Examples
    --------
    >>> ranked_probability_score(np.array([[0.2, 0.5, 0.3], [1.0, 0.0, 0.0]]), np.array([1.0, 2.0]))
    array([0.13, 2.  ])
    """
    categories = np.arange(probabilities.shape[-1])
    come_true = np.where(np.isnan(outcome)[..., None], np.nan, outcome[..., None] <= categories)
    squares: Floats = (np.cumsum(probabilities, axis=-1) - come_true) ** 2
    return np.asarray(squares.sum(axis=-1), dtype="float64")


METRICS: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "wr2": wr2,
    "wape": wape,
    "r2": r2,
    "bias": bias,
}


# the metrics models may compete on; bias is best at 0, which a large and a small error can share
HIGHER_IS_BETTER = {"wr2": True, "r2": True, "wape": False}


def size_class(values: pd.Series, limits: tuple[int, ...], prefix: str) -> pd.Series:
    """Return a readable class per value; a class holds its lower limit and not its upper.

    Parameters
    ----------
    values : Series of shape (n,)
        Persons.
    limits : tuple of int
        Where classes meet, rising.
    prefix : str
        What they are classes of.

    Examples
    --------
    >>> size_class(pd.Series([499.0, 500.0, 2e4]), (500, 10_000), "size").tolist()
    ['size:<500', 'size:500-10000', 'size:>=10000']
    """
    middle = [f"{low}-{high}" for low, high in pairwise(limits)]
    labels = [f"{prefix}:{label}" for label in (f"<{limits[0]}", *middle, f">={limits[-1]}")]
    cut = pd.cut(values, [-np.inf, *limits, np.inf], right=False, labels=labels)
    return cut.astype("str")
