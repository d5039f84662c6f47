"""What anyone would say without a model. Every score stands beside these."""

from __future__ import annotations

from typing import Self

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.learning.models.base import RateModel, Rows


class _Baseline(RateModel):
    baseline = True

    def fit(self, rows: Rows) -> Self:  # noqa: ARG002
        """Learn nothing: all a baseline uses is what the protocol makes known."""
        return self


class NationalMean(_Baseline):
    """The country's rate of the year."""

    kind = "mean"

    def predict(self, rows: Rows) -> Floats:
        """Return the country's rate."""
        return rows.known.nation


class GemeenteMean(_Baseline):
    """The gemeente's rate where known, else the country's."""

    kind = "gemeente_mean"

    def predict(self, rows: Rows) -> Floats:
        """Return the gemeente's rate, falling back on the country's."""
        return _first_known(rows.known.gemeente, rows.known.nation)


class Persistence(_Baseline):
    """The place's own last rate where known, else the gemeente's, else the country's."""

    kind = "persistence"

    def predict(self, rows: Rows) -> Floats:
        """Return last year's rate, falling back on gemeente and country."""
        return _first_known(rows.known.last, rows.known.gemeente, rows.known.nation)


def _first_known(*rates: Floats) -> Floats:

    out = rates[0]
    for other in rates[1:]:
        out = np.where(np.isfinite(out), out, other)
    return out
