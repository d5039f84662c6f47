"""Baselines: predictions anyone could make without a model. Every score is shown beside theirs."""

from __future__ import annotations

from typing import Self

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.learning.models.base import RateModel, Rows


class _Baseline(RateModel):
    baseline = True

    def fit(self, rows: Rows) -> Self:  # noqa: ARG002
        """Return the model unchanged: a baseline only uses what the protocol reveals."""
        return self


class NationalMean(_Baseline):
    """The country's rate of the year."""

    kind = "mean"

    def predict(self, rows: Rows) -> Floats:
        """Return the country's rate of the row's year.

        Returns
        -------
        array of shape (n,)
            Rates (0–1).
        """
        return rows.revealed.nation


class GemeenteMean(_Baseline):
    """The gemeente's rate where it is revealed, else the country's."""

    kind = "gemeente_mean"

    def predict(self, rows: Rows) -> Floats:
        """Return the gemeente's rate, with the country's as fallback.

        Returns
        -------
        array of shape (n,)
            Rates (0–1).
        """
        return _first_available(rows.revealed.gemeente, rows.revealed.nation)


class Persistence(_Baseline):
    """The place's own last rate where there is one, else the gemeente's, else the country's."""

    kind = "persistence"

    def predict(self, rows: Rows) -> Floats:
        """Return the place's last rate, with gemeente and country as fallbacks.

        Returns
        -------
        array of shape (n,)
            Rates (0–1).
        """
        return _first_available(rows.revealed.last, rows.revealed.gemeente, rows.revealed.nation)


def _first_available(*rates: Floats) -> Floats:
    """Return, per row, the first rate that is not missing."""
    out = rates[0]
    for other in rates[1:]:
        out = np.where(np.isfinite(out), out, other)
    return out
