"""Bands whose width follows size: they hold what they promise, and do not jump."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from risicomodel.learning.smooth_bands import smooth_intervals


def errors(n: int, seed: int) -> pd.DataFrame:
    """Return forecasts whose errors are of counting, and a tenth of the rate."""
    random = np.random.default_rng(seed)
    population = np.exp(random.uniform(np.log(100), np.log(30_000), n)).round()
    rate = np.full(n, 0.08)
    clients = random.poisson(population * rate * np.exp(random.normal(0, 0.1, n)))
    return pd.DataFrame(
        {
            "rate": rate,
            # deliberately a wrong size of error: the curve over size mends it
            "sigma": rate * 0.1,
            "population": population,
            "clients": clients,
            "bin": "1",
            "cluster": np.arange(n) % 200,
        }
    )


def test_nine_in_ten_are_held_at_every_size() -> None:
    rows = errors(6_000, 1)
    lower, upper = smooth_intervals(rows, errors(6_000, 2)).T
    rate = rows["clients"] / rows["population"]
    held = rate.between(lower, upper).groupby(pd.cut(rows["population"], [0, 500, 2e3, 5e3, 3e4]))
    assert held.mean().between(0.87, 0.93).all()


def test_the_width_falls_with_size_without_jumps() -> None:
    sizes = np.exp(np.linspace(np.log(100), np.log(30_000), 400))
    rows = pd.DataFrame({"rate": 0.08, "sigma": 0.008, "population": sizes, "bin": "1"})
    lower, upper = smooth_intervals(rows, errors(6_000, 3)).T
    width = upper - lower
    assert (np.diff(width) <= 1e-12).all()
    assert (width[1:] / width[:-1] > 0.9).all()  # neighbours in size differ by less than a tenth


def test_a_bin_with_few_errors_takes_the_curve_of_all() -> None:
    known = errors(400, 4)
    few = known.assign(bin=np.where(np.arange(400) < 20, "2", "1"))
    rows = errors(50, 5)
    assert_allclose(
        smooth_intervals(rows.assign(bin="2"), few), smooth_intervals(rows, known.assign(bin="1"))
    )


def test_without_errors_nothing_is_promised() -> None:
    rows = errors(3, 6)
    assert smooth_intervals(rows, rows.iloc[:0]).tolist() == [[0.0, 1.0]] * 3
