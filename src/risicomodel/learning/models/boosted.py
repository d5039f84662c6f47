"""Gradient-boosted trees (LightGBM) on the ratio to a known level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.core.errors import ConfigError
from risicomodel.learning.models import tree_shap
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows
from risicomodel.learning.models.contributions import Contributions

if TYPE_CHECKING:
    from pathlib import Path

    import lightgbm


BOOSTER = "lightgbm.txt"


@dataclass
class BoostedParams:
    """How to grow the trees; LightGBM's names.

    The defaults were chosen on real CBS tables for speed at equal score (experiments/).

    Parameters
    ----------
    weight_exponent : float
        Rows weigh (population × reference rate) to this power: 1 is right when Poisson noise is
        all there is, 0 when wijken differ so much that their size does not matter.
    """

    rounds: int = 400
    learning_rate: float = 0.05
    num_leaves: int = 12
    max_bin: int = 31
    min_child_samples: int = 100
    feature_fraction: float = 0.2
    bagging_fraction: float = 0.7
    lambda_l2: float = 30.0
    weight_exponent: float = 0.7


class Boosted(RateModel):
    """LightGBM: squared error of the rate's ratio to the reference.

    Parameters
    ----------
    params : BoostedParams
        How to grow.
    seed : int
        Seed of row and feature sampling. One thread per model: results do not depend on how many
        models are fitted at once.
    """

    kind = "lightgbm"

    def __init__(self, params: BoostedParams, seed: int) -> None:
        self.params = params
        self.seed = seed
        self._booster: lightgbm.Booster | None = None

    def fit(self, rows: Rows) -> Self:
        """Grow the trees."""
        import lightgbm

        target, weight = ratio_and_weight(rows, self.params.weight_exponent)
        params = self._lightgbm_params()
        data = lightgbm.Dataset(rows.x, target, weight=weight, params=params)
        try:
            self._booster = lightgbm.train(params, data, self.params.rounds)
        except (lightgbm.basic.LightGBMError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise ConfigError(
                f"LightGBM refuses its parameters ({why}); allowed is what its documentation "
                "lists. Correct models.lightgbm.params."
            ) from error
        return self

    def _lightgbm_params(self) -> dict[str, Any]:
        p = self.params
        return {
            "objective": "regression",
            "learning_rate": p.learning_rate,
            "num_leaves": p.num_leaves,
            "max_bin": p.max_bin,
            "min_child_samples": p.min_child_samples,
            "feature_fraction": p.feature_fraction,
            "bagging_fraction": p.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": p.lambda_l2,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }

    def predict(self, rows: Rows) -> Floats:
        """Return the predicted ratio times the reference, at least 0."""
        booster = self._grown("predict")
        x = rows.x[booster.feature_name()]  # LightGBM itself goes by position
        ratio = booster.predict(x, num_threads=1)
        out: Floats = np.clip(np.asarray(ratio), 0.0, None) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return the trees' Shapley values times the reference."""
        features = self._grown("explain").feature_name()
        mean, terms = tree_shap.shapley(self._read(), rows.x[features].to_numpy())
        ratio = mean + terms.sum(axis=1)
        return Contributions(
            features,
            base=mean * rows.reference,
            terms=terms * rows.reference[:, None],
            cut=(np.clip(ratio, 0.0, None) - ratio) * rows.reference,
        )

    def interactions(self, rows: Rows) -> Floats | None:
        """Return the trees' Shapley interaction values times the reference."""
        features = self._grown("explain").feature_name()
        found = tree_shap.interactions(self._read(), rows.x[features].to_numpy())
        places = [features.index(name) for name in rows.x.columns]
        out: Floats = found[:, places][:, :, places] * rows.reference[:, None, None]
        return out

    def _read(self) -> list[tree_shap.Tree]:
        return tree_shap.read(self._grown("explain").dump_model())

    def _grown(self, what: str) -> lightgbm.Booster:
        if self._booster is None:
            raise NotFittedError(
                f"a lightgbm model was asked to {what} before 'fit'; fit it first."
            )
        return self._booster

    def state(self) -> dict[str, Any]:
        """Return the seed; the trees are a file of their own."""
        return {"seed": self.seed}

    def save_parts(self, folder: Path) -> None:
        """Write the trees as LightGBM's own text."""
        self._grown("save").save_model(str(folder / BOOSTER))

    def restore(self, state: dict[str, Any], folder: Path) -> None:
        """Read the trees back."""
        import lightgbm

        self.seed = int(state["seed"])
        self._booster = lightgbm.Booster(model_file=str(folder / BOOSTER))


def ratio_and_weight(rows: Rows, exponent: float) -> tuple[Floats, Floats]:
    """Return the rates' ratio to their reference, and weights with mean 1."""
    if rows.rate is None:
        raise NotFittedError("rows without a rate cannot be learned from; give rows with 'rate'.")
    weight = (rows.population * rows.reference) ** exponent
    out: tuple[Floats, Floats] = (rows.rate / rows.reference, weight / np.mean(weight))
    return out
