"""A weighted GLM with splines: what a careful statistician would reach for first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows
from risicomodel.learning.models.boosted import ratio_and_weight
from risicomodel.learning.models.contributions import Contributions, split_exponential

log = logging.getLogger(__name__)

MOST_STEPS = 100


@dataclass
class GlmParams:
    """How to fit.

    Parameters
    ----------
    knots : int
        Knots of every feature's cubic spline, at quantiles; 0 keeps features linear.
    alpha : float
        Ridge penalty on standardised terms.
    weight_exponent : float
        As for the boosted model.
    winsor : float
        Features are held within these quantiles: a GLM must not run away in a tiny wijk.
    sees : list of str
        Which parts of the features it uses. Means of gemeente and surroundings, with a few hundred
        gemeenten to learn from, cost a GLM more than they bring.
    """

    knots: int = 4
    alpha: float = 0.2
    weight_exponent: float = 0.7
    winsor: float = 0.005
    sees: list[str] = field(default_factory=lambda: ["eigen", "verschil"])


class Glm(RateModel):
    """Poisson regression (log link) of the rate's ratio to the reference.

    Missing features are set to the training median. What was learned is a handful of arrays,
    kept as JSON.
    """

    kind = "glm"

    def __init__(self, params: GlmParams, seed: int = 0) -> None:  # noqa: ARG002
        self.params = params
        self._learned: dict[str, Any] | None = None

    def fit(self, rows: Rows) -> Self:
        """Fit by penalised maximum likelihood."""
        from sklearn.linear_model import PoissonRegressor

        rows = rows.seeing(self.params.sees)
        ratio, weight = ratio_and_weight(rows, self.params.weight_exponent)
        self._learned = self._scales(rows.x)
        terms = self._terms(rows.x)
        centre, spread = terms.mean(axis=0), terms.std(axis=0)
        spread[spread == 0] = 1.0
        glm = PoissonRegressor(
            alpha=self.params.alpha, max_iter=MOST_STEPS, solver="newton-cholesky"
        )
        terms -= centre  # in place: with years of buurten this is by far the largest table
        terms /= spread
        glm.fit(terms, np.asarray(ratio), sample_weight=weight)
        if glm.n_iter_ >= MOST_STEPS:
            log.warning("the glm did not converge in %d steps; raise its 'alpha'", MOST_STEPS)
        coefficients = glm.coef_ / spread
        self._learned |= {
            "centre": self._per_feature(centre[None, :] * coefficients)[0].tolist(),
            "coefficients": coefficients.tolist(),
            "intercept": float(glm.intercept_ - centre @ coefficients),
        }
        return self

    def _scales(self, x: pd.DataFrame) -> dict[str, Any]:

        used = x.columns[x.notna().any()]
        values = x[used]
        probabilities = np.linspace(0, 1, max(self.params.knots, 2))
        probabilities = np.clip(probabilities, self.params.winsor, 1 - self.params.winsor)
        knots = values.quantile(probabilities).to_numpy()
        flat = knots[-1] - knots[0] <= 0
        return {
            "features": list(used[~flat]),
            "median": values.median().to_numpy()[~flat].tolist(),
            "knots": knots[:, ~flat].tolist(),
        }

    def _terms(self, x: pd.DataFrame) -> Floats:
        from sklearn.preprocessing import SplineTransformer

        learned = self._known()
        knots = np.asarray(learned["knots"])
        values = x[learned["features"]].to_numpy(dtype="float64", copy=True)
        values = np.where(np.isfinite(values), values, np.asarray(learned["median"]))
        values = np.clip(values, knots[0], knots[-1])
        if self.params.knots == 0:
            return values
        # knots at equal quantiles coincide where many wijken share a value (0% flats)
        step = (knots[-1] - knots[0]) * 1e-6
        knots = np.maximum.accumulate(knots + step * np.arange(len(knots))[:, None], axis=0)
        splines = SplineTransformer(knots=knots, degree=3, include_bias=False)
        terms: Floats = splines.fit(knots).transform(values)
        return terms

    def _known(self) -> dict[str, Any]:
        if self._learned is None:
            raise NotFittedError("a glm was asked to predict before 'fit'; fit it first.")
        return self._learned

    def predict(self, rows: Rows) -> Floats:
        """Return the predicted ratio times the reference."""
        learned = self._known()
        terms = self._terms(rows.x)
        eta = terms @ np.asarray(learned["coefficients"]) + learned["intercept"]
        out: Floats = np.exp(eta) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds: its share of the exponential, times the reference.

        Against the training rows' mean of what the feature adds to the logarithm.
        """
        learned = self._known()
        eta = self._per_feature(self._terms(rows.x) * np.asarray(learned["coefficients"]))
        centre = np.asarray(learned["centre"])
        scale = np.exp(learned["intercept"]) * rows.reference
        return Contributions(
            list(learned["features"]),
            base=np.exp(centre.sum()) * scale,
            terms=split_exponential(eta, centre) * scale[:, None],
            cut=np.zeros(len(scale)),
        )

    def _per_feature(self, terms: Floats) -> Floats:
        """Return the sum of every feature's own terms, which stand together."""
        features = len(self._known()["features"])
        out: Floats = terms.reshape(len(terms), features, -1).sum(axis=2)
        return out

    def state(self) -> dict[str, Any]:
        """Return knots, medians and coefficients."""
        return {"learned": self._known(), "knots": self.params.knots}

    def restore(self, state: dict[str, Any], folder: object) -> None:  # noqa: ARG002
        """Take up knots, medians and coefficients."""
        self._learned = state["learned"]
        self.params.knots = int(state["knots"])
