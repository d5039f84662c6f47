"""Sums and weighted means of groups equal those of an independent library."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.core import groups

RNG = np.random.default_rng(8)
GROUP = RNG.integers(0, 12, 300)
VALUES = RNG.normal(size=(300, 3))
WEIGHT = RNG.integers(0, 900, 300).astype("float64")


def by_numpy(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Recipe: numpy.average with weights, a group at a time."""
    out = np.empty_like(values)
    for group in np.unique(GROUP):
        rows = group == GROUP
        out[rows] = np.average(values[rows], axis=0, weights=weight[rows])
    return out


def test_sums_are_those_of_pandas() -> None:
    golden = pd.DataFrame(VALUES).groupby(GROUP).sum().to_numpy()
    np.testing.assert_allclose(groups.sums(VALUES, GROUP), golden, rtol=1e-12, atol=1e-12)
    assert groups.sums(VALUES[:0], GROUP[:0]).shape == (0, 3)


def test_a_mean_within_is_the_weighted_mean_of_the_group() -> None:
    names = np.array([f"GM{group:04d}" for group in GROUP])
    found = groups.mean_within(VALUES, WEIGHT, names)
    np.testing.assert_allclose(found, by_numpy(VALUES, WEIGHT), rtol=1e-9, atol=1e-12)


def test_a_group_without_weight_has_its_plain_mean() -> None:
    weight = np.where(GROUP == 3, 0.0, WEIGHT)
    found = groups.mean_within(VALUES, weight, GROUP)
    plain = by_numpy(VALUES, np.where(GROUP == 3, 1.0, weight))
    np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-12)


def test_a_mean_of_known_leaves_out_rows_without_a_value() -> None:
    hidden = RNG.random(VALUES.shape) < 0.3
    table = pd.DataFrame(np.where(hidden, np.nan, VALUES), columns=list("abc"))
    found = groups.mean_within_of_known(table, pd.Series(WEIGHT), [pd.Series(GROUP)])
    for position, name in enumerate(table):
        golden = by_numpy(VALUES[:, [position]], np.where(hidden[:, position], 0.0, WEIGHT))
        np.testing.assert_allclose(found[name], golden[:, 0], rtol=1e-9, atol=1e-12)


def test_a_mean_of_known_is_unknown_where_no_row_with_a_value_has_weight() -> None:
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0]})
    found = groups.mean_within_of_known(table, pd.Series([0.0, 4.0, 2.0]), [pd.Series([1, 1, 2])])
    np.testing.assert_array_equal(found["a"], [np.nan, np.nan, 3.0])
