"""How likely it is that a figure changed by counting noise and rounding alone."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np

from risicomodel.core.arrays import Floats


def of_change(before: Floats, after: Floats, rounded_to: int) -> Floats:
    """Return the chance that two counts of one rate differ this much by noise and rounding.

    Parameters
    ----------
    before, after : array of float, shape (n_wijken,)
        Counts (persons).
    rounded_to : int
        The multiple that CBS publishes (persons).

    Returns
    -------
    array of float, shape (n_wijken,)
        Of 0–1.

    Examples
    --------
    >>> of_change(np.array([100.0, 100.0]), np.array([105.0, 160.0]), 5).round(2)
    array([0.73, 0.  ])
    """
    return _two_sided(after - before, np.sqrt(after + before + rounded_to**2 / 6))


def _two_sided(difference: Floats, spread: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(difference) / spread
    return np.array([erfc(value / sqrt(2)) for value in z], dtype="float64")
