"""Sums and weighted means of rows that belong together, such as the wijken of a gemeente."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints, Labels

if TYPE_CHECKING:
    from collections.abc import Sequence


def sums(values: Floats, group: Ints) -> Floats:
    """Return the sum of every group, added up in the order of the rows.

    Parameters
    ----------
    values : array of shape (rows, columns)
        What to add up, in any unit.
    group : array of int, shape (rows,)
        Every row's group, numbered from 0.

    Returns
    -------
    array of shape (groups, columns)

    Examples
    --------
    >>> sums(np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]), np.array([1, 0, 1]))
    array([[ 2., 20.],
           [ 5., 50.]])
    """
    out = np.zeros((int(group.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(out, group, values)
    return out


def mean_within(values: Floats, weight: Floats, group: Labels) -> Floats:
    """Return every row's weighted group mean; unweighted where a group has no weight.

    Σ wv / Σ w over the rows of the group.

    Parameters
    ----------
    values : array of shape (rows, columns)
        Finite figures, in any unit.
    weight : array of shape (rows,)
        How much a row counts, for instance inhabitants; 0 and up.
    group : array of shape (rows,)
        A label per row.

    Returns
    -------
    array of shape (rows, columns)
        In the unit of the values.

    Examples
    --------
    >>> mean_within(np.array([[1.0], [4.0], [5.0]]), np.array([2.0, 1.0, 0.0]), np.array([7, 7, 8]))
    array([[2.],
           [2.],
           [5.]])
    """
    number = pd.factorize(group)[0]
    total = sums(weight[:, None], number)[number]
    weights = np.where(total > 0, weight[:, None], 1.0)
    mean: Floats = (sums(values * weights, number) / sums(weights, number))[number]
    return mean


def mean_within_of_known(
    table: pd.DataFrame, weight: pd.Series, groups: Sequence[pd.Series]
) -> pd.DataFrame:
    """Return every row's weighted group mean over the rows that have a value.

    Σ wv / Σ w over the rows of the group where v is not NaN.

    Parameters
    ----------
    table : DataFrame of shape (rows, columns)
        Figures, in any unit; NaN where there is none.
    weight : Series of shape (rows,)
        How much a row counts, for instance inhabitants; 0 and up.
    groups : sequence of Series of shape (rows,)
        Rows with the same labels are a group.

    Returns
    -------
    DataFrame of shape (rows, columns)
        In the unit of the table; NaN where no row with a value has weight.

    Examples
    --------
    >>> table = pd.DataFrame({"share": [1.0, 4.0, np.nan]})
    >>> gemeente = pd.Series(["GM0001", "GM0001", "GM0002"])
    >>> mean_within_of_known(table, pd.Series([2, 1, 5]), [gemeente])["share"].tolist()
    [2.0, 2.0, nan]
    """
    labels = list(groups)
    total = table.mul(weight, axis=0).groupby(labels).transform("sum")
    counted = table.notna().mul(weight, axis=0).groupby(labels).transform("sum")
    return total / counted.where(counted > 0)
