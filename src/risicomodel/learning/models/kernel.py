"""Kernel ridge regression: a wijk's rate after those of the wijken it resembles in everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.errors import ConfigError
from risicomodel.data.features import PARTS
from risicomodel.learning.models.base import NotFittedError, RateModel, Rows
from risicomodel.learning.models.boosted import ratio_and_weight
from risicomodel.learning.models.contributions import Contributions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS_AT_ONCE = 2_000  # years of buurten times the examples would not fit a laptop
# of a row's weight: examples that are all but equal (a wijk in two years) must not upset the solver
HAIR = 1e-7


@dataclass
class KernelParams:
    """How to fit.

    Parameters
    ----------
    width : float
        How far likeness reaches, in standard deviations per feature: wijken so far apart are alike
        for exp(−1/2).
    alpha : float
        Ridge penalty, per row.
    examples : int
        Wijken and years that others are compared with, drawn from the training rows by weight.
    weight_exponent, winsor : float
        As for the GLM.
    sees : list of str
        Which parts of the features it uses.
    """

    width: float = 2.0
    alpha: float = 1e-4
    examples: int = 400
    weight_exponent: float = 0.7
    winsor: float = 0.005
    sees: list[str] = field(default_factory=lambda: list(PARTS))


class Kernel(RateModel):
    """Gaussian kernel ridge regression of the rate's ratio to the reference.

    Examples stand for all training rows (Nyström's approximation, as the subset of regressors of
    Rasmussen and Williams 2006, section 8.3.1). Missing features are set to the training median.

    Parameters
    ----------
    params : KernelParams
        How to fit.
    seed : int
        Seed of the draw of examples.
    """

    kind = "kernel"

    def __init__(self, params: KernelParams, seed: int) -> None:
        self.params = params
        self.seed = seed
        self._learned: dict[str, Any] | None = None

    def fit(self, rows: Rows) -> Self:
        """Solve (Kᵀ W K + n α K₀) a = Kᵀ W (ratio − mean), K₀ the examples' own likeness."""
        from scipy.linalg import solve

        self._check()
        rows = rows.seeing(self.params.sees)
        ratio, weight = ratio_and_weight(rows, self.params.weight_exponent)
        self._learned = self._scales(rows.x)
        z = self._standardised(rows.x)
        self._learned["examples"] = z[self._drawn(weight)]
        mean = float(np.average(ratio, weights=weight))
        gram, product = self._normal_equations(z, weight, ratio - mean)
        penalty = self.params.alpha * self._likeness(self._learned["examples"])
        gram += len(z) * (penalty + HAIR * np.eye(len(gram)))
        self._learned |= {"mean": mean, "coefficients": solve(gram, product, assume_a="pos")}
        return self

    def _check(self) -> None:
        if self.params.width <= 0 or self.params.examples < 1:
            raise ConfigError(
                f"a kernel of width {self.params.width} with {self.params.examples} examples "
                "cannot be fitted; allowed is a width above 0 and 1 example or more. Correct "
                "models.kernel.params."
            )

    def _scales(self, x: pd.DataFrame) -> dict[str, Any]:

        used = x.columns[x.notna().any()]
        median = x[used].median().to_numpy()
        values = _filled(x[used], median)
        ends = [self.params.winsor, 1 - self.params.winsor]
        lower, upper = np.quantile(values, ends, axis=0)
        held = np.clip(values, lower, upper)
        spread = held.std(axis=0)
        table = {"median": median, "lower": lower, "upper": upper}
        table |= {"centre": held.mean(axis=0), "spread": spread}
        told = {name: array[spread > 0] for name, array in table.items()}
        return {"features": list(used[spread > 0]), "width": self.params.width, **told}

    def _standardised(self, x: pd.DataFrame) -> Floats:

        learned = self._known()
        values = _filled(x[learned["features"]], learned["median"])
        values = np.clip(values, learned["lower"], learned["upper"])
        out: Floats = (values - learned["centre"]) / learned["spread"]
        return out

    def _drawn(self, weight: Floats) -> Ints:

        there = int(np.count_nonzero(weight))
        count = min(self.params.examples, there)
        random = np.random.default_rng(self.seed)
        return np.sort(random.choice(len(weight), count, replace=False, p=weight / weight.sum()))

    def _normal_equations(self, z: Floats, weight: Floats, target: Floats) -> tuple[Floats, Floats]:

        count = len(self._known()["examples"])
        gram, product = np.zeros((count, count)), np.zeros(count)
        for some in _blocks(len(z)):
            likeness = self._likeness(z[some])
            weighted = likeness * weight[some, None]
            gram += weighted.T @ likeness
            product += weighted.T @ target[some]
        return gram, product

    def _likeness(self, z: Floats) -> Floats:
        """Return exp(−|z − example|² / 2s), rows × examples."""
        own, cross, examples = self._products(z)
        out: Floats = np.exp(np.minimum(cross - (own[:, None] + examples) / 2, 0.0))
        return out

    def _products(self, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Return |z|², z · example and |example|², all divided by s = width² × features."""
        learned = self._known()
        examples = learned["examples"]
        scale = learned["width"] ** 2 * max(len(learned["features"]), 1)
        own, others = ((table**2).sum(axis=1) / scale for table in (z, examples))
        return own, z @ examples.T / scale, others

    def _known(self) -> dict[str, Any]:
        if self._learned is None:
            raise NotFittedError("a kernel was asked to predict before 'fit'; fit it first.")
        return self._learned

    def _ratio(self, z: Floats) -> Floats:

        learned = self._known()
        parts = [self._likeness(z[some]) @ learned["coefficients"] for some in _blocks(len(z))]
        out: Floats = np.concatenate([*parts, np.zeros(0)]) + learned["mean"]
        return out

    def predict(self, rows: Rows) -> Floats:
        """Return the predicted ratio times the reference, at least 0."""
        out: Floats = np.clip(self._ratio(self._standardised(rows.x)), 0.0, None) * rows.reference
        return out

    def contributions(self, rows: Rows) -> Contributions:
        """Return what every feature adds on the way from the mean wijk to this one.

        The straight way, on which every feature goes from its mean to its value at once: feature j
        gets z_j ∫₀¹ ∂f/∂z_j (t z) dt (Aumann and Shapley 1974; "integrated gradients"), which adds
        up to f(z) − f(0). Of a Gaussian kernel the integral is known exactly.
        """
        learned = self._known()
        z = self._standardised(rows.x)
        parts = [self._on_the_way(z[some]) for some in _blocks(len(z))]
        terms = np.concatenate([*parts, np.zeros((0, z.shape[1]))])
        base = self._ratio(np.zeros((1, z.shape[1])))[0]
        ratio = base + terms.sum(axis=1)
        return Contributions(
            list(learned["features"]),
            base=base * rows.reference,
            terms=terms * rows.reference[:, None],
            cut=(np.clip(ratio, 0.0, None) - ratio) * rows.reference,
        )

    def _on_the_way(self, z: Floats) -> Floats:
        """Return every feature's integral, rows × features.

        With A = |z|²/s, b = z·e/s and C = |e|²/s an example e is like t z for
        k(t) = exp(−(A t² − 2 b t + C) / 2). Feature j gets z_j / s (e_j ∫k − z_j ∫t k), and
        A ∫t k = b ∫k − (k(1) − k(0)), as k′ = (b − A t) k: so they add up whatever ∫k is.
        """
        from scipy.special import erf

        learned = self._known()
        own, cross, others = self._products(z)
        own = np.maximum(own, np.finfo("float64").tiny)[:, None]
        half = np.sqrt(own / 2)
        start = cross / (2 * half)
        shape = np.exp(np.minimum(start**2 - others / 2, 0.0))
        integral = shape * np.sqrt(np.pi) / (2 * half) * (erf(half - start) + erf(start))
        change = self._likeness(z) - np.exp(-others / 2)
        coefficients, examples = learned["coefficients"], learned["examples"]
        later = ((cross * integral - change) / own) @ coefficients
        scale = learned["width"] ** 2 * max(len(learned["features"]), 1)
        out: Floats = z / scale * ((integral * coefficients) @ examples - z * later[:, None])
        return out

    def state(self) -> dict[str, Any]:
        """Return examples, scales and coefficients."""
        learned = {
            name: value.tolist() if hasattr(value, "tolist") else value
            for name, value in self._known().items()
        }
        return {"learned": learned, "seed": self.seed}

    def restore(self, state: dict[str, Any], folder: object) -> None:  # noqa: ARG002
        """Take up examples, scales and coefficients."""
        self.seed = int(state["seed"])
        self._learned = {
            name: np.array(value) if isinstance(value, list) and name != "features" else value
            for name, value in state["learned"].items()
        }


def _filled(x: pd.DataFrame, instead: Floats) -> Floats:

    # the same order in memory whatever the table's: sums must not differ in their last digit
    values = np.array(x, dtype="float64", order="C")
    return np.where(np.isfinite(values), values, instead)


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield slice(start, start + ROWS_AT_ONCE)
