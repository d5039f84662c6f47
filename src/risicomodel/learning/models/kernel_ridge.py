"""Kernel ridge regression: a wijk's rate follows from those of the wijken most similar to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.errors import ConfigError
from risicomodel.data.features import PARTS
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows, ratio_and_weight
from risicomodel.learning.models.contributions import Contributions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS_AT_ONCE = 2_000  # all rows × examples would not fit a laptop's memory for years of buurten
# Added to the diagonal, per row: nearly equal examples (one wijk in two years) would make the
# system singular.
JITTER = 1e-7


@dataclass
class KernelRidgeParams:
    """Hyperparameters of the kernel.

    Parameters
    ----------
    width : float
        Width of the kernel, in standard deviations per feature: wijken this far apart have a
        similarity of exp(−1/2).
    alpha : float
        Ridge penalty, per row.
    examples : int
        Number of wijk-years that all others are compared with (landmarks), drawn from the training
        rows in proportion to their weight.
    weight_exponent, winsor : float
        As for the GLM.
    sees : list of str
        Which parts of the features are used.
    """

    width: float = 2.0
    alpha: float = 1e-4
    examples: int = 400
    weight_exponent: float = 0.7
    winsor: float = 0.005
    sees: list[str] = field(default_factory=lambda: list(PARTS))


class KernelRidge(RateModel):
    """Gaussian kernel ridge regression of the ratio of the rate to the reference.

    A sample of examples represents all training rows (Nyström's approximation, in the form of the
    subset of regressors of Rasmussen and Williams 2006, section 8.3.1). Missing features are set to
    the training median.

    Parameters
    ----------
    params : KernelRidgeParams
        Hyperparameters.
    seed : int
        Seed for drawing the examples.
    """

    kind = "kernel"

    def __init__(self, params: KernelRidgeParams, seed: int) -> None:
        self.params = params
        self.seed = seed
        self._parameters: dict[str, Any] | None = None

    def fit(self, rows: Rows) -> Self:
        """Solve (Kᵀ W K + n α K₀) a = Kᵀ W (ratio − mean).

        K holds the similarities of training rows to examples, K₀ those among the examples, and W
        the weights on its diagonal.
        """
        from scipy.linalg import solve

        self._check()
        rows = rows.restricted_to(self.params.sees)
        ratio, weight = ratio_and_weight(rows, self.params.weight_exponent)
        self._parameters = self._scales(rows.x)
        z = self._standardised(rows.x)
        self._parameters["examples"] = z[self._draw_examples(weight)]
        mean = float(np.average(ratio, weights=weight))
        gram, product = self._normal_equations(z, weight, ratio - mean)
        penalty = self.params.alpha * self._similarity(self._parameters["examples"])
        gram += len(z) * (penalty + JITTER * np.eye(len(gram)))
        self._parameters |= {"mean": mean, "coefficients": solve(gram, product, assume_a="pos")}
        return self

    def _check(self) -> None:
        if self.params.width <= 0 or self.params.examples < 1:
            raise ConfigError(
                f"a kernel of width {self.params.width} with {self.params.examples} examples "
                "cannot be fitted; expected a width above 0 and 1 example or more. Correct "
                "models.kernel.params."
            )

    def _scales(self, x: pd.DataFrame) -> dict[str, Any]:
        """Return how features are filled, clipped and standardised, for those that vary."""
        used = x.columns[x.notna().any()]
        median = x[used].median().to_numpy()
        values = _filled(x[used], median)
        ends = [self.params.winsor, 1 - self.params.winsor]
        lower, upper = np.quantile(values, ends, axis=0)
        clipped = np.clip(values, lower, upper)
        spread = clipped.std(axis=0)
        scales = {"median": median, "lower": lower, "upper": upper}
        scales |= {"centre": clipped.mean(axis=0), "spread": spread}
        varying = {name: array[spread > 0] for name, array in scales.items()}
        return {"features": list(used[spread > 0]), "width": self.params.width, **varying}

    def _standardised(self, x: pd.DataFrame) -> Floats:
        """Return features with mean 0 and standard deviation 1 over the training rows."""
        fitted = self._fitted()
        values = _filled(x[fitted["features"]], fitted["median"])
        values = np.clip(values, fitted["lower"], fitted["upper"])
        out: Floats = (values - fitted["centre"]) / fitted["spread"]
        return out

    def _draw_examples(self, weight: Floats) -> Ints:
        """Return the positions of the rows that become examples."""
        count = min(self.params.examples, int(np.count_nonzero(weight)))
        random = np.random.default_rng(self.seed)
        return np.sort(random.choice(len(weight), count, replace=False, p=weight / weight.sum()))

    def _normal_equations(self, z: Floats, weight: Floats, target: Floats) -> tuple[Floats, Floats]:
        """Return Kᵀ W K and Kᵀ W target, summed over blocks of rows."""
        count = len(self._fitted()["examples"])
        gram, product = np.zeros((count, count)), np.zeros(count)
        for block in _blocks(len(z)):
            similarity = self._similarity(z[block])
            weighted = similarity * weight[block, None]
            gram += weighted.T @ similarity
            product += weighted.T @ target[block]
        return gram, product

    def _similarity(self, z: Floats) -> Floats:
        """Return exp(−|z − example|² / 2s), rows × examples."""
        of_rows, cross, of_examples = self._products(z)
        out: Floats = np.exp(np.minimum(cross - (of_rows[:, None] + of_examples) / 2, 0.0))
        return out

    def _products(self, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Return |z|², z · example and |example|², all divided by s = width² × features."""
        fitted = self._fitted()
        examples = fitted["examples"]
        scale = fitted["width"] ** 2 * max(len(fitted["features"]), 1)
        of_rows, of_examples = ((table**2).sum(axis=1) / scale for table in (z, examples))
        return of_rows, z @ examples.T / scale, of_examples

    def _fitted(self) -> dict[str, Any]:
        if self._parameters is None:
            raise NotFittedError("a kernel cannot predict before it is fitted; call 'fit' first.")
        return self._parameters

    def _ratio(self, z: Floats) -> Floats:
        """Return the predicted ratio of standardised rows, before clipping at 0."""
        fitted = self._fitted()
        parts = [self._similarity(z[block]) @ fitted["coefficients"] for block in _blocks(len(z))]
        out: Floats = np.concatenate([*parts, np.zeros(0)]) + fitted["mean"]
        return out

    def predict(self, rows: Rows) -> Floats:
        """Return the predicted ratio times the reference, at least 0."""
        out: Floats = np.clip(self._ratio(self._standardised(rows.x)), 0.0, None) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds on the path from the average wijk to this one.

        The path is straight: all features move from their means to their values at the same pace.
        Feature j gets z_j ∫₀¹ ∂f/∂z_j (t z) dt (Aumann and Shapley 1974; "integrated gradients"),
        and these sum to f(z) − f(0). For a Gaussian kernel the integral has a closed form.

        Returns
        -------
        Contributions
            Terms in rate (0–1); they sum to the predictions.
        """
        fitted = self._fitted()
        z = self._standardised(rows.x)
        parts = [self._path_integrals(z[block]) for block in _blocks(len(z))]
        terms = np.concatenate([*parts, np.zeros((0, z.shape[1]))])
        base = self._ratio(np.zeros((1, z.shape[1])))[0]
        ratio = base + terms.sum(axis=1)
        return Contributions(
            list(fitted["features"]),
            base=base * rows.reference,
            terms=terms * rows.reference[:, None],
            clipping=(np.clip(ratio, 0.0, None) - ratio) * rows.reference,
        )

    def _path_integrals(self, z: Floats) -> Floats:
        """Return the integral of every feature, rows × features.

        With A = |z|²/s, b = z·e/s and C = |e|²/s, the similarity of an example e to t z is
        k(t) = exp(−(A t² − 2 b t + C) / 2). Feature j gets z_j / s (e_j ∫k − z_j ∫t k), and
        A ∫t k = b ∫k − (k(1) − k(0)), because k′ = (b − A t) k: so the features sum to
        k(1) − k(0), whatever the value of ∫k.
        """
        from scipy.special import erf

        fitted = self._fitted()
        of_rows, cross, of_examples = self._products(z)
        of_rows = np.maximum(of_rows, np.finfo("float64").tiny)[:, None]
        half = np.sqrt(of_rows / 2)
        start = cross / (2 * half)
        shape = np.exp(np.minimum(start**2 - of_examples / 2, 0.0))
        integral = shape * np.sqrt(np.pi) / (2 * half) * (erf(half - start) + erf(start))
        change = self._similarity(z) - np.exp(-of_examples / 2)
        coefficients, examples = fitted["coefficients"], fitted["examples"]
        moment = ((cross * integral - change) / of_rows) @ coefficients  # ∫t k
        scale = fitted["width"] ** 2 * max(len(fitted["features"]), 1)
        out: Floats = z / scale * ((integral * coefficients) @ examples - z * moment[:, None])
        return out

    def state(self) -> dict[str, Any]:
        """Return examples, scales and coefficients."""
        values = {
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in self._fitted().items()
        }
        return {"learned": values, "seed": self.seed}

    def restore(self, state: dict[str, Any], folder: object) -> None:  # noqa: ARG002
        """Restore examples, scales and coefficients."""
        self.seed = int(state["seed"])
        self._parameters = {
            name: np.array(value) if isinstance(value, list) and name != "features" else value
            for name, value in state["learned"].items()
        }


def _filled(x: pd.DataFrame, fallback: Floats) -> Floats:
    """Return the features with missing values replaced, as an array in row order."""
    # one order in memory, whatever the table's: sums must not differ in their last digits
    values = np.array(x, dtype="float64", order="C")
    return np.where(np.isfinite(values), values, fallback)


def _blocks(count: int) -> Iterator[slice]:
    """Yield slices that together cover ``count`` rows."""
    for start in range(0, count, ROWS_AT_ONCE):
        yield slice(start, start + ROWS_AT_ONCE)
