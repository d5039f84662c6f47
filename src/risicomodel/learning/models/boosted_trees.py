"""Gradient-boosted trees (LightGBM) on the ratio of a rate to its reference rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.core.errors import ConfigError
from risicomodel.learning.models import tree_shap
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows, ratio_and_weight
from risicomodel.learning.models.contributions import Contributions

if TYPE_CHECKING:
    from pathlib import Path

    import lightgbm


BOOSTER = "lightgbm.txt"


@dataclass
class BoostedTreesParams:
    """Hyperparameters, by LightGBM's names.

    The defaults were chosen on real CBS tables for speed at equal score (experiments/).

    Parameters
    ----------
    rounds : int
        Number of trees.
    learning_rate : float
        By how much every tree is shrunk.
    num_leaves, max_bin, min_child_samples : int
        Leaves per tree, bins per feature, and training rows per leaf at least.
    feature_fraction, bagging_fraction : float
        Shares (0–1) of features and of rows that every tree is grown on.
    lambda_l2 : float
        L2 penalty on leaf values.
    weight_exponent : float
        Rows weigh (population × reference rate) to this power: 1 is right if Poisson noise is the
        only noise, 0 if wijken differ so much that their size does not matter.
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


class BoostedTrees(RateModel):
    """LightGBM with squared error on the ratio of the rate to the reference.

    Every model is fitted in one thread, so results do not depend on how many models are fitted at
    the same time.

    Parameters
    ----------
    params : BoostedTreesParams
        Hyperparameters.
    seed : int
        Seed for sampling rows and features.
    """

    kind = "lightgbm"

    def __init__(self, params: BoostedTreesParams, seed: int) -> None:
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
                f"LightGBM refuses its parameters ({why}); expected values that its documentation "
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
        booster = self._fitted("predict")
        x = rows.x[booster.feature_name()]  # LightGBM matches columns by position
        ratio = booster.predict(x, num_threads=1)
        out: Floats = np.clip(np.asarray(ratio), 0.0, None) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return the Shapley values of the trees times the reference.

        Returns
        -------
        Contributions
            Terms in rate (0–1); they sum to the predictions.
        """
        features = self._fitted("explain").feature_name()
        mean, terms = tree_shap.shapley(self._read(), rows.x[features].to_numpy())
        ratio = mean + terms.sum(axis=1)
        return Contributions(
            features,
            base=mean * rows.reference,
            terms=terms * rows.reference[:, None],
            clipping=(np.clip(ratio, 0.0, None) - ratio) * rows.reference,
        )

    def interactions(self, rows: Rows) -> Floats | None:
        """Return the Shapley interaction values of the trees times the reference."""
        features = self._fitted("explain").feature_name()
        pairs = tree_shap.interactions(self._read(), rows.x[features].to_numpy())
        positions = [features.index(name) for name in rows.x.columns]
        out: Floats = pairs[:, positions][:, :, positions] * rows.reference[:, None, None]
        return out

    def _read(self) -> list[tree_shap.Tree]:
        return tree_shap.read(self._fitted("explain").dump_model())

    def _fitted(self, action: str) -> lightgbm.Booster:
        if self._booster is None:
            raise NotFittedError(
                f"a lightgbm model cannot {action} before it is fitted; call 'fit' first."
            )
        return self._booster

    def state(self) -> dict[str, Any]:
        """Return the seed; the trees are in a file of their own."""
        return {"seed": self.seed}

    def save_parts(self, folder: Path) -> None:
        """Write the trees in LightGBM's own text format."""
        self._fitted("save").save_model(str(folder / BOOSTER))

    def restore(self, state: dict[str, Any], folder: Path) -> None:
        """Read the trees back."""
        import lightgbm

        self.seed = int(state["seed"])
        self._booster = lightgbm.Booster(model_file=str(folder / BOOSTER))
