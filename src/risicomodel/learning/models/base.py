"""What every model gets and gives."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.arrays import Floats
from risicomodel.core.errors import RisicomodelError
from risicomodel.data.features import part_of
from risicomodel.learning.models import contributions

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.learning.models.contributions import Contributions
    from risicomodel.learning.reference_rates import Known


STATE = "model.json"


@dataclass(frozen=True)
class Rows:
    """Wijk-years to learn from or to predict.

    Parameters
    ----------
    x : DataFrame of float64, shape (n, p)
        Features; NaN where missing.
    reference : array of shape (n,)
        The rate (0–1) that the protocol makes known; learned models predict the ratio to it.
    known : Known
        All rates that the protocol makes known, for the baselines.
    population : array of shape (n,)
        Persons at risk.
    rate : array of shape (n,) or None
        The published rate (0–1); None for rows to predict.
    """

    x: pd.DataFrame
    reference: Floats
    known: Known
    population: Floats
    rate: Floats | None = None

    def seeing(self, parts: list[str]) -> Rows:
        """Return the same rows with only the features that tell of some parts.

        Parameters
        ----------
        parts : list of str
            As :func:`risicomodel.data.features.part_of` tells them.
        """
        kept = [column for column in self.x.columns if part_of(column) in parts]
        return replace(self, x=self.x[kept])


class NotFittedError(RisicomodelError):
    """A model was asked to predict or save before it was fitted."""


class RateModel(ABC):
    """A model of a wijk's rate.

    ``fit`` learns from rows with a rate and returns the model; ``predict`` gives rates (0 and up,
    shape (n,)) for rows of the same features. ``save`` and ``load`` use JSON and LightGBM's own
    text, never pickle.
    """

    kind: ClassVar[str]
    baseline: ClassVar[bool] = False

    @abstractmethod
    def fit(self, rows: Rows) -> Self:
        """Learn from rows with a rate."""

    @abstractmethod
    def predict(self, rows: Rows) -> Floats:
        """Return the predicted rate (0–1 scale, may exceed 1 in tiny wijken) of every row."""

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds to the predicted rates; they add up to them exactly.

        A baseline uses no feature: all of it is in the base. A model that learns says more.
        """
        return contributions.all_in_base(self.predict(rows))

    def interactions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """Return what pairs of features add beyond what each does (in rate); None without trees.

        Returns
        -------
        array of shape (n, p, p) or None
            Over the columns of ``rows.x``; half of a pair's interplay on either side of it.
        """
        return None

    def state(self) -> dict[str, Any]:
        """Return what the model learned, as JSON values."""
        return {}

    def restore(self, state: dict[str, Any], folder: Path) -> None:  # noqa: ARG002
        """Take up a saved state."""
        return

    def save_parts(self, folder: Path) -> None:  # noqa: ARG002
        """Write what does not fit JSON into ``folder``."""
        return

    def save(self, folder: Path) -> None:
        """Write the fitted model into an existing folder."""
        self.save_parts(folder)
        storage.write_json(folder / STATE, {"kind": self.kind, **self.state()})


def read_state(folder: Path) -> dict[str, Any]:
    """Return the JSON part of a saved model."""
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state
