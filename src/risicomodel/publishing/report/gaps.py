"""The gap between observed and expected, and the chance that it is noise."""

from __future__ import annotations

from math import erfc, sqrt

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats

LIKELY = 0.05  # from this chance on a difference is called possible noise


def add(figures: pd.DataFrame, rounded_to: dict[str, int]) -> pd.DataFrame:
    """Return figures with ``gap`` (a rate of 0–1), ``chance`` (0–1) and ``outside``.

    ``chance`` is how often a count with the expected rate would lie this far off, either way, by
    counting noise (Poisson) and CBS's rounding alone; a count exactly as far off counts for half.
    ``outside`` says whether the figure lies outside the 90% band of the expected rate, which holds
    the model's own errors too. Where nothing was observed there is no gap.

    Parameters
    ----------
    figures : DataFrame
        Per domain, wijk and year: ``observed``, ``expected``, ``expected_lower``,
        ``expected_upper`` (rates of 0–1), ``observed_clients`` (persons).
    rounded_to : dict of str to int
        Per domain the multiple that CBS publishes (persons).
    """
    gap = figures["observed"] - figures["expected"]
    people = figures["observed_clients"] / figures["observed"]
    base = figures["domain"].map(rounded_to).astype("float64")
    variance = people * figures["expected"] + base**2 / 12
    outside = (figures["observed"] > figures["expected_upper"]) | (
        figures["observed"] < figures["expected_lower"]
    )
    chance = _two_sided((gap * people).to_numpy(), np.sqrt(variance.to_numpy()))
    return figures.assign(gap=gap, chance=chance, outside=outside & gap.notna())


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
