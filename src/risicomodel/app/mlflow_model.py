"""How MLflow loads a registered model: from JSON and LightGBM's text, nothing unpickled.

The input table has the features by name and, where known, ``reference_rate`` (the country's or
gemeente's rate, 0–1). Without it predictions are ratios to that rate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.learning.models import RateModel, Rows, load
from risicomodel.learning.reference_rates import ReferenceRates

REFERENCE = "reference_rate"


class Served:
    """A loaded model with MLflow's ``predict(table)``."""

    def __init__(self, model: RateModel) -> None:
        self._model = model

    def predict(
        self,
        table: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> Floats:
        """Return a rate (0–1) per row, or a ratio where no reference is given."""
        missing = np.full(len(table), np.nan)
        reference = np.ones(len(table))
        if REFERENCE in table:
            reference = table[REFERENCE].to_numpy(dtype="float64")
        revealed = ReferenceRates(nation=reference, gemeente=missing, last=missing)
        x = table.drop(columns=REFERENCE, errors="ignore").astype("float64")
        return self._model.predict(Rows(x, reference, revealed, missing))


def _load_pyfunc(data_path: str) -> Served:
    """Load the folder that :meth:`RateModel.save` wrote; MLflow calls this by name."""
    return Served(load(Path(data_path)))
