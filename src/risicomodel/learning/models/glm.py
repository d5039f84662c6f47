"""A weighted Poisson GLM with splines: what a careful statistician would try first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows, ratio_and_weight
from risicomodel.learning.models.contributions import Contributions, split_exponential

log = logging.getLogger(__name__)

MAX_ITERATIONS = 100


@dataclass
class GlmParams:
    """Hyperparameters of the GLM.

    Parameters
    ----------
    knots : int
        Knots of the cubic spline of every feature, at quantiles; 0 keeps features linear.
    alpha : float
        Ridge penalty on standardised terms.
    weight_exponent : float
        Rows weigh (population × reference rate) to this power, as for the boosted trees.
    winsor : float
        Features are clipped at this quantile and at 1 minus it: a GLM must not extrapolate in a
        tiny wijk.
    sees : list of str
        Which parts of the features are used. Means of the gemeente and the surroundings are left
        out: with only a few hundred gemeenten to learn from, they cost a GLM more than they bring.
    """

    knots: int = 4
    alpha: float = 0.2
    weight_exponent: float = 0.7
    winsor: float = 0.005
    sees: list[str] = field(default_factory=lambda: ["eigen", "verschil"])


class Glm(RateModel):
    """Poisson regression (log link) of the ratio of the rate to the reference.

    Missing features are set to the training median. The fitted parameters are a few arrays, saved
    as JSON.

    Parameters
    ----------
    params : GlmParams
        Hyperparameters.
    seed : int
        Not used: nothing in the fit is random.
    """

    kind = "glm"

    def __init__(self, params: GlmParams, seed: int = 0) -> None:  # noqa: ARG002
        self.params = params
        self._parameters: dict[str, Any] | None = None

    def fit(self, rows: Rows) -> Self:
        """Fit by penalised maximum likelihood."""
        from sklearn.linear_model import PoissonRegressor

        rows = rows.restricted_to(self.params.sees)
        ratio, weight = ratio_and_weight(rows, self.params.weight_exponent)
        self._parameters = self._scales(rows.x)
        terms = self._terms(rows.x)
        centre, spread = terms.mean(axis=0), terms.std(axis=0)
        spread[spread == 0] = 1.0
        glm = PoissonRegressor(
            alpha=self.params.alpha, max_iter=MAX_ITERATIONS, solver="newton-cholesky"
        )
        terms -= centre  # in place: for several years of buurten this is by far the largest table
        terms /= spread
        glm.fit(terms, np.asarray(ratio), sample_weight=weight)
        if glm.n_iter_ >= MAX_ITERATIONS:
            log.warning(
                "the glm did not converge in %d iterations; raise its 'alpha'", MAX_ITERATIONS
            )
        coefficients = glm.coef_ / spread
        self._parameters |= {
            "centre": self._per_feature(centre[None, :] * coefficients)[0].tolist(),
            "coefficients": coefficients.tolist(),
            "intercept": float(glm.intercept_ - centre @ coefficients),
        }
        return self

    def _scales(self, x: pd.DataFrame) -> dict[str, Any]:
        """Return medians and knots of the features that vary."""
        used = x.columns[x.notna().any()]
        values = x[used]
        probabilities = np.linspace(0, 1, max(self.params.knots, 2))
        probabilities = np.clip(probabilities, self.params.winsor, 1 - self.params.winsor)
        knots = values.quantile(probabilities).to_numpy()
        constant = knots[-1] - knots[0] <= 0
        return {
            "features": list(used[~constant]),
            "median": values.median().to_numpy()[~constant].tolist(),
            "knots": knots[:, ~constant].tolist(),
        }

    def _terms(self, x: pd.DataFrame) -> Floats:
        """Return the columns of the linear predictor: those of one feature stand together."""
        from sklearn.preprocessing import SplineTransformer

        fitted = self._fitted()
        knots = np.asarray(fitted["knots"])
        values = x[fitted["features"]].to_numpy(dtype="float64", copy=True)
        values = np.where(np.isfinite(values), values, np.asarray(fitted["median"]))
        values = np.clip(values, knots[0], knots[-1])
        if self.params.knots == 0:
            return values
        # quantiles coincide where many wijken share a value (0% flats): pull such knots apart
        step = (knots[-1] - knots[0]) * 1e-6
        knots = np.maximum.accumulate(knots + step * np.arange(len(knots))[:, None], axis=0)
        splines = SplineTransformer(knots=knots, degree=3, include_bias=False)
        terms: Floats = splines.fit(knots).transform(values)
        return terms

    def _fitted(self) -> dict[str, Any]:
        if self._parameters is None:
            raise NotFittedError("a glm cannot predict before it is fitted; call 'fit' first.")
        return self._parameters

    def predict(self, rows: Rows) -> Floats:
        """Return the predicted ratio times the reference."""
        fitted = self._fitted()
        terms = self._terms(rows.x)
        eta = terms @ np.asarray(fitted["coefficients"]) + fitted["intercept"]
        out: Floats = np.exp(eta) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds: its share of the exponential, times the reference.

        Relative to the mean, over the training rows, of what the feature adds to the logarithm
        (:func:`~risicomodel.learning.models.contributions.split_exponential`).

        Returns
        -------
        Contributions
            Terms in rate (0–1); they sum to the predictions.
        """
        fitted = self._fitted()
        eta = self._per_feature(self._terms(rows.x) * np.asarray(fitted["coefficients"]))
        centre = np.asarray(fitted["centre"])
        scale = np.exp(fitted["intercept"]) * rows.reference
        return Contributions(
            list(fitted["features"]),
            base=np.exp(centre.sum()) * scale,
            terms=split_exponential(eta, centre) * scale[:, None],
            clipping=np.zeros(len(scale)),
        )

    def _per_feature(self, terms: Floats) -> Floats:
        """Return the sum of the terms of every feature, rows × features."""
        features = len(self._fitted()["features"])
        out: Floats = terms.reshape(len(terms), features, -1).sum(axis=2)
        return out

    def state(self) -> dict[str, Any]:
        """Return knots, medians and coefficients."""
        return {"learned": self._fitted(), "knots": self.params.knots}

    def restore(self, state: dict[str, Any], folder: object) -> None:  # noqa: ARG002
        """Restore knots, medians and coefficients."""
        self._parameters = state["learned"]
        self.params.knots = int(state["knots"])
