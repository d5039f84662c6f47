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
    """Return Σ|clients − predicted| / Σ clients: absolute errors as a share of all clients.

    Parameters
    ----------
    clients : array
        Published persons.
    predicted : array
        Predicted rate (0–1).
    population : array
        Persons at risk.
    """
    return float(np.abs(clients - predicted * population).sum() / clients.sum())


def wr2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return 1 − Σ n(r − p)² / Σ n(r − r̄)², weighted by population n, r̄ the weighted mean rate."""
    return _r2(clients / population, predicted, population)


def r2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return R² of the rates with every wijk counting the same."""
    return _r2(clients / population, predicted, np.ones_like(population))


def _r2(rate: Floats, predicted: Floats, weight: Floats) -> float:

    mean = np.average(rate, weights=weight)
    spread = (weight * (rate - mean) ** 2).sum()
    return float(1 - (weight * (rate - predicted) ** 2).sum() / spread) if spread else float("nan")


def bias(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return Σ(predicted − clients) / Σ clients: above 0 is too many."""
    return float((predicted * population - clients).sum() / clients.sum())


def noise_floor(clients: Floats, predicted: Floats, population: Floats) -> float:  # noqa: ARG001
    """Return the WAPE left if every rate were known and counts were Poisson.

    The mean absolute deviation of a Poisson count of mean n is about sqrt(2n/π), so the floor is
    Σ sqrt(2n/π) / Σ n. The published count stands for its mean.
    """
    return float(np.sqrt(2 * clients / np.pi).sum() / clients.sum())


METRICS: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "wr2": wr2,
    "wape": wape,
    "r2": r2,
    "bias": bias,
}


# the metrics models may compete on; bias is best at 0, which a large and a small error can share
HIGHER_IS_BETTER = {"wr2": True, "r2": True, "wape": False}


def size_class(values: pd.Series, limits: tuple[int, ...], prefix: str) -> pd.Series:
    """Return a readable class per value: ``size:<500``, ``size:500-2000``, …, ``size:>=10000``."""
    middle = [f"{low}-{high}" for low, high in pairwise(limits)]
    labels = [f"{prefix}:{label}" for label in (f"<{limits[0]}", *middle, f">={limits[-1]}")]
    cut = pd.cut(values, [-np.inf, *limits, np.inf], right=False, labels=labels)
    return cut.astype("str")
