"""The interface of all models: the rows they take, and what they must be able to do."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from risicomodel.core import storage
from risicomodel.core.arrays import Floats
from risicomodel.core.errors import RisicomodelError
from risicomodel.data.features import part_of
from risicomodel.learning.models import contributions

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.learning.models.contributions import Contributions
    from risicomodel.learning.reference_rates import ReferenceRates


STATE = "model.json"


@dataclass(frozen=True)
class Rows:
    """Wijk-years to train on or to predict.

    Parameters
    ----------
    x : DataFrame of float64, shape (n, p)
        Features; NaN where missing.
    reference : array of shape (n,)
        The rate (0–1) to which models that learn predict a ratio.
    revealed : ReferenceRates
        All rates that the protocol reveals, for the baselines.
    population : array of shape (n,)
        Persons at risk.
    rate : array of shape (n,) or None
        The published rate (0–1); None for rows to predict.
    """

    x: pd.DataFrame
    reference: Floats
    revealed: ReferenceRates
    population: Floats
    rate: Floats | None = None

    def restricted_to(self, parts: list[str]) -> Rows:
        """Return the same rows with only the features of some parts.

        Parameters
        ----------
        parts : list of str
            Names that :func:`risicomodel.data.features.part_of` gives, such as ``eigen``.

        Returns
        -------
        Rows
            With fewer columns in ``x``.
        """
        kept = [column for column in self.x.columns if part_of(column) in parts]
        return replace(self, x=self.x[kept])


class NotFittedError(RisicomodelError):
    """A model was asked to predict or save before it was fitted."""


class RateModel(ABC):
    """A model of the rate of wijken.

    ``fit`` trains on rows with a rate and returns the model; ``predict`` takes rows with the same
    features. ``save`` writes JSON and LightGBM's own text format, never a pickle;
    :func:`risicomodel.learning.models.load` reads them back.
    """

    kind: ClassVar[str]
    baseline: ClassVar[bool] = False

    @abstractmethod
    def fit(self, rows: Rows) -> Self:
        """Train on rows with a rate.

        Parameters
        ----------
        rows : Rows
            With ``rate``.

        Returns
        -------
        RateModel
            The model itself.
        """

    @abstractmethod
    def predict(self, rows: Rows) -> Floats:
        """Return the predicted rate of every row.

        Parameters
        ----------
        rows : Rows
            With at least the features that the model was trained on.

        Returns
        -------
        array of shape (n,)
            Clients per person at risk: 0 or more; above 1 only in tiny wijken.
        """

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds to the predicted rates.

        A baseline uses no features, so all of its rate is in the base; models that learn override
        this.

        Parameters
        ----------
        rows : Rows
            Rows to explain.

        Returns
        -------
        Contributions
            Terms in rate (0–1) that sum to the predictions.
        """
        return contributions.all_in_base(self.predict(rows))

    def interactions(self, rows: Rows) -> Floats | None:  # noqa: ARG002
        """Return what pairs of features add together, beyond what each adds alone.

        Parameters
        ----------
        rows : Rows
            Rows to explain; p features.

        Returns
        -------
        array of shape (n, p, p) or None
            In rate (0–1), over the columns of ``rows.x``, with half of a pair's interaction on
            either side of the diagonal; None for models without trees.
        """
        return None

    def state(self) -> dict[str, Any]:
        """Return the fitted parameters as JSON values.

        Returns
        -------
        dict
            Keys depend on the kind of model.
        """
        return {}

    def restore(self, state: dict[str, Any], folder: Path) -> None:  # noqa: ARG002
        """Restore the fitted parameters of a saved model.

        Parameters
        ----------
        state : dict
            What :meth:`state` returned.
        folder : Path
            The saved model, for files beside the JSON.
        """
        return

    def save_parts(self, folder: Path) -> None:  # noqa: ARG002
        """Write the parts that do not fit in JSON.

        Parameters
        ----------
        folder : Path
            An existing folder.
        """
        return

    def save(self, folder: Path) -> None:
        """Write the fitted model.

        Parameters
        ----------
        folder : Path
            An existing folder.
        """
        self.save_parts(folder)
        storage.write_json(folder / STATE, {"kind": self.kind, **self.state()})


def ratio_and_weight(rows: Rows, exponent: float) -> tuple[Floats, Floats]:
    """Return the target and the weights of models that learn a ratio.

    Parameters
    ----------
    rows : Rows
        With ``rate``.
    exponent : float
        Rows weigh (population × reference rate) to this power.

    Returns
    -------
    ratio : array of shape (n,)
        rate / reference.
    weight : array of shape (n,)
        With mean 1.

    Raises
    ------
    NotFittedError
        If the rows have no rate.
    """
    if rows.rate is None:
        raise NotFittedError("rows have no rate to train on; expected one. Give rows with 'rate'.")
    weight = (rows.population * rows.reference) ** exponent
    out: tuple[Floats, Floats] = (rows.rate / rows.reference, weight / np.mean(weight))
    return out


def read_state(folder: Path) -> dict[str, Any]:
    """Return the JSON part of a saved model.

    Parameters
    ----------
    folder : Path
        Where :meth:`RateModel.save` wrote it.

    Returns
    -------
    dict
        ``kind`` and what :meth:`RateModel.state` returned.
    """
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state
