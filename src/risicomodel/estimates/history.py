"""What a wijk's other years say of a year: how far it keeps to its own level.

A wijk's deviation from what the model says of it, ``u = figure / model − 1``, is a level of its own
that fades over the years, plus what is of one year only:

    u_t = a_t + e_t,   Cov(a_s, a_t) = τ² ρ^|s−t|,   Var(e_t) = φ + noise_t

with the counting and rounding noise of the figure known. The prediction of a year is the best
linear one from the other years: empirical-Bayes shrinkage, strongest where figures are few and
small.

References
----------
Rao, J.N.K. and Yu, M. (1994), Small-area estimation by combining time-series and cross-sectional
data, Canadian Journal of Statistics 22, 511–528. Rao and Molina (2015), Small Area Estimation,
section 8.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# Places to learn three variances from; more say the same at more cost.
ENOUGH = 1_500
# Beyond these a deviation tells of an error or an institution, not of a level.
LARGEST = 2.0


@dataclass(frozen=True)
class Level:
    """How wijken keep to their own level.

    Parameters
    ----------
    variance : float
        τ², of the relative deviation from the model.
    decay : float
        ρ, what is left of it a year later (0–1).
    own : float
        φ, the variance of what is of one year only, beyond known noise.
    """

    variance: float
    decay: float
    own: float


def noise(model: Floats, population: Floats, rounded_to: int) -> Floats:
    """Return the variance of a figure's relative deviation by counting and rounding alone.

    1/m + (r²/12)/m², with m the modelled number of clients and r the multiple that CBS rounds to.
    """
    import numpy as np

    clients = np.clip(model * population, 0.1, None)
    out: Floats = 1 / clients + rounded_to**2 / 12 / clients**2
    return out


def fit(deviation: Floats, noise: Floats) -> Level:
    """Estimate the three variances by maximum likelihood.

    Parameters
    ----------
    deviation : array of shape (places, years)
        Relative deviations; NaN where there is no figure.
    noise : array of shape (places, years)
        Their known variance.
    """
    import numpy as np
    from scipy.optimize import minimize

    counts = np.isfinite(deviation).sum(axis=1)
    if not counts.any():
        return Level(0.0, 1.0, 0.0)
    # one year tells a level from what is of that year only by no means, but it tells their sum
    several = np.flatnonzero(counts >= min(counts.max(), 2))
    some = several[:: max(len(several) // ENOUGH, 1)]
    u, seen = _seen(deviation[some])

    def loss(theta: Floats) -> float:
        return _minus_log_likelihood(_level(theta), u, seen, noise[some])

    start = np.log([0.02, 0.05, 0.005])
    bounds = [(np.log(1e-6), np.log(4.0)), (np.log(1e-4), np.log(5.0)), (np.log(1e-6), np.log(4.0))]
    return _level(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)


def _level(theta: Floats) -> Level:
    import numpy as np

    variance, fading, own = np.exp(theta)
    return Level(float(variance), float(np.exp(-fading)), float(own))


def _seen(deviation: Floats) -> tuple[Floats, Flags]:
    import numpy as np

    seen = np.isfinite(deviation)
    return np.where(seen, np.clip(deviation, -1.0, LARGEST), 0.0), seen


def _covariance(level: Level, years: int) -> Floats:
    import numpy as np

    apart = np.abs(np.subtract.outer(np.arange(years), np.arange(years)))
    out: Floats = level.variance * level.decay**apart
    return out


def _of_seen(level: Level, seen: Flags, noise: Floats) -> Floats:
    """Return every place's covariance of its figures; a year without one is of no account."""
    import numpy as np

    years = seen.shape[1]
    both = seen[:, :, None] & seen[:, None, :]
    alone = np.where(seen, noise + level.own, 1.0)[:, :, None] * np.eye(years)
    out: Floats = np.where(both, _covariance(level, years), 0.0) + alone
    return out


def _minus_log_likelihood(level: Level, u: Floats, seen: Flags, noise: Floats) -> float:
    import numpy as np

    total = _of_seen(level, seen, noise)
    root = np.linalg.cholesky(total)
    white = np.linalg.solve(root, u[:, :, None])
    log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum()
    return float(0.5 * ((white**2).sum() + log_det) / len(u))


def predict(
    level: Level, deviation: Floats, noise: Floats, *, without_own_year: bool
) -> tuple[Floats, Floats]:
    """Return every year's predicted deviation and its variance.

    Parameters
    ----------
    level : Level
        As fitted.
    deviation, noise : array of shape (places, years)
        As in :func:`fit`.
    without_own_year : bool
        Predict every year from the other years only: what an empty cell would get.

    Returns
    -------
    mean, variance : arrays of shape (places, years)
        Of the deviation itself, so the variance has φ in it, but not the known noise.
    """
    import numpy as np

    u, known = _seen(deviation)
    years = u.shape[1]
    prior = _covariance(level, years)
    mean, variance = np.empty_like(u), np.empty_like(u)
    for year in range(years):
        seen = known.copy()
        if without_own_year:
            seen[:, year] = False
        with_year = np.where(seen, prior[year], 0.0)
        gain = np.linalg.solve(_of_seen(level, seen, noise), with_year[:, :, None])[:, :, 0]
        mean[:, year] = (gain * u).sum(axis=1)
        variance[:, year] = level.variance - gain @ prior[year] + level.own
    return mean, np.clip(variance, 0.0, None)
