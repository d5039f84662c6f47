"""What other years say of a year: how far a figure keeps to its own level.

A relative deviation from what is expected, ``u = figure / expected − 1``, of ``m`` clients:

    Cov(u_s, u_t) = σ² + (τ² + θ/m) ρ^|s−t| + [s = t] ((1 − θ)/m + r²/(12 m²) + φ)

with σ² what lasts, τ² a level that fades by ρ a year, and counting noise 1/m of which the part θ
fades likewise: most clients are clients a year later, so the chance that brought them is no fresh
draw. r is what CBS rounds to and φ what is of one year only. The best linear prediction of a year
from others follows: empirical-Bayes shrinkage, strongest where figures are few and small. The five
are fitted by the likelihood of a multivariate t with four degrees of freedom: a few redrawn wijken
and closed institutions must not make all others look restless.

References
----------
Rao, J.N.K. and Yu, M. (1994), Small-area estimation by combining time-series and cross-sectional
data, Canadian Journal of Statistics 22, 511–528. Rao and Molina (2015), Small Area Estimation,
section 8.3. Lange, K.L., Little, R.J.A. and Taylor, J.M.G. (1989), Robust statistical modeling
using the t distribution, Journal of the American Statistical Association 84, 881–896.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risicomodel.core.arrays import Bools, Floats, Ints

FREEDOM = 4.0
# Units to learn from; more say the same at more cost.
ENOUGH = 1_000
# Beyond these a deviation tells of an error or an institution, not of a level.
LEAST, MOST = -1.0, 2.0
START = (-4.0, -4.0, 2.0, 0.0, -6.0)
BOUNDS = ((-12.0, 1.0), (-12.0, 1.0), (-2.0, 5.0), (-4.0, 4.0), (-14.0, 1.0))
# Widths of weak priors on ρ and θ (logits): two years of figures hardly tell them.
WIDTH = 2.0


@dataclass(frozen=True)
class Keeping:
    """How units keep to their own level.

    Parameters
    ----------
    lasting : float
        σ², variance of the relative deviation that lasts.
    fading : float
        τ², variance of the level that fades.
    decay : float
        ρ, what is left of it a year later (0–1).
    same_clients : float
        θ, the part of counting noise that fades with it (0–1).
    own_year : float
        φ, variance of what is of one year only.
    """

    lasting: float
    fading: float
    decay: float
    same_clients: float
    own_year: float


NOTHING_KNOWN = Keeping(0.02, 0.02, 0.88, 0.5, 0.0025)


def _keeping(theta: Floats) -> Keeping:

    lasting, fading, own = np.exp(theta[[0, 1, 4]])
    decay, same = 1 / (1 + np.exp(-theta[[2, 3]]))
    return Keeping(float(lasting), float(fading), float(decay), float(same), float(own))


def fit(deviation: Floats, expected: Floats, rounded_to: int) -> Keeping:
    """Estimate by maximum likelihood.

    Parameters
    ----------
    deviation : array of shape (units, years)
        Relative deviations; NaN where there is no figure.
    expected : array of shape (units, years)
        Clients expected, above 0.
    rounded_to : int
        The multiple that CBS rounds to.
    """
    from scipy.optimize import minimize

    counts = np.isfinite(deviation).sum(axis=1)
    if not counts.any():
        return NOTHING_KNOWN
    # one year tells a level from what is of that year only by no means, but it tells their sum
    several = np.flatnonzero(counts >= min(counts.max(), 2))
    some = several[:: max(len(several) // ENOUGH, 1)]
    u = deviation[some].clip(LEAST, MOST)
    figures = _Figures.of(np.isfinite(u), expected[some], rounded_to)

    def loss(theta: Floats) -> tuple[float, Floats]:
        off = np.array([0.0, 0.0, *(theta[2:4] - START[2:4]), 0.0]) / WIDTH
        value, slope = _minus_log_likelihood(_keeping(theta), u, figures)
        return value + float(off @ off) / 2 / len(some), slope + off / WIDTH / len(some)

    found = minimize(loss, np.array(START), method="L-BFGS-B", jac=True, bounds=BOUNDS)
    return _keeping(found.x)


@dataclass(frozen=True)
class _Figures:
    """Which years of units have a figure, and what of their covariance no variance changes.

    Parameters
    ----------
    apart : array of shape (years, years)
        How many years lie between.
    both : array of shape (units, years, years)
        1 where both years have a figure, else 0.
    counting : array of shape (units, years, years)
        Counting noise of clients who stay, 1/m.
    alone : array of shape (units, years)
        Rounding noise; 1 for a year without a figure, so that it is of no account.
    """

    apart: Floats
    both: Floats
    counting: Floats
    alone: Floats

    @classmethod
    def of(cls, seen: Bools, expected: Floats, rounded_to: int) -> _Figures:

        years = np.arange(seen.shape[1], dtype="float64")
        both = (seen[:, :, None] & seen[:, None, :]).astype("float64")
        counting = both / np.sqrt(expected[:, :, None] * expected[:, None, :])
        alone = np.where(seen, rounded_to**2 / 12 / expected**2, 1.0)
        return cls(np.abs(np.subtract.outer(years, years)), both, counting, alone)

    def covariance(self, keeping: Keeping) -> Floats:
        """Return every unit's covariance of its figures."""
        fades = keeping.decay**self.apart
        out: Floats = self.both * (keeping.lasting + keeping.fading * fades)
        out += self.counting * (keeping.same_clients * fades)
        year = np.arange(len(fades))
        own = (1 - keeping.same_clients) * self.counting[:, year, year]
        out[:, year, year] += own + keeping.own_year * self.both[:, year, year] + self.alone
        return out

    def slopes(self, keeping: Keeping, weight: Floats) -> Floats:
        """Return how a weighted sum of covariances goes with every parameter as it is fitted.

        Parameters
        ----------
        weight : array of shape (units, years, years)
            Of every element, symmetric.
        """
        fades = keeping.decay**self.apart
        levels = np.einsum("nst,nst->st", weight, self.both)
        counts = np.einsum("nst,nst->st", weight, self.counting)
        shared = keeping.fading * levels + keeping.same_clients * counts
        decay, same = 1 - keeping.decay, keeping.same_clients * (1 - keeping.same_clients)
        return np.array(
            [
                keeping.lasting * levels.sum(),
                keeping.fading * (levels * fades).sum(),
                decay * (shared * self.apart * fades).sum(),
                same * ((counts * fades).sum() - np.trace(counts)),
                keeping.own_year * np.trace(levels),
            ]
        )


def _minus_log_likelihood(
    keeping: Keeping, deviation: Floats, figures: _Figures
) -> tuple[float, Floats]:
    """Return it per unit, up to a constant, and its slopes along the parameters as fitted."""
    seen = np.isfinite(deviation)
    u = np.where(seen, deviation, 0.0)
    covariance = figures.covariance(keeping)
    root = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(covariance)
    pulled = np.einsum("nst,nt->ns", inverse, u)
    distance = (u * pulled).sum(axis=1)
    freedom = FREEDOM + seen.sum(axis=1)
    log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    value = 0.5 * (freedom * np.log1p(distance / FREEDOM) + log_det).mean()
    scaled = pulled * np.sqrt(freedom / (FREEDOM + distance))[:, None]
    weight: Floats = inverse - scaled[:, :, None] * scaled[:, None, :]
    return float(value), 0.5 / len(u) * figures.slopes(keeping, weight)


def others(
    keeping: Keeping, deviation: Floats, expected: Floats, rounded_to: int
) -> tuple[Floats, Floats]:
    """Return every year's deviation as the other years have it, and its variance.

    Parameters
    ----------
    keeping : Keeping
        As fitted.
    deviation, expected : array of shape (units, years)
        As in :func:`fit`.
    rounded_to : int
        The multiple that CBS rounds to.

    Returns
    -------
    mean, variance : arrays of shape (units, years)
        The variance has in it all a published figure would have: counting, rounding, own year.
    """
    years = np.arange(deviation.shape[1])
    found = []
    for year in years:
        without = deviation.copy()
        without[:, year] = np.nan
        wanted = np.abs(years - year), expected[:, year]
        found.append(_best(keeping, without, expected, rounded_to, wanted))
    return np.stack([mean for mean, _ in found], axis=1), np.stack([v for _, v in found], axis=1)


def ahead(
    keeping: Keeping, deviation: Floats, expected: Floats, rounded_to: int, horizons: int
) -> tuple[Floats, Floats]:
    """Return the deviation one to so many years after the last, and its variance.

    Parameters are those of :func:`others`; so are the arrays returned, of shape (units, horizons).
    """
    ago = np.arange(deviation.shape[1])[::-1]
    found = [
        _best(keeping, deviation, expected, rounded_to, (ago + h + 1, expected[:, -1]))
        for h in range(horizons)
    ]
    return np.stack([mean for mean, _ in found], axis=1), np.stack([v for _, v in found], axis=1)


def _best(
    keeping: Keeping,
    deviation: Floats,
    expected: Floats,
    rounded_to: int,
    wanted: tuple[Ints, Floats],
) -> tuple[Floats, Floats]:
    """Return the best linear prediction of a year, so far from each of ours, of so many clients."""
    apart, clients = wanted
    seen = np.isfinite(deviation)
    u = np.where(seen, deviation.clip(LEAST, MOST), 0.0)
    counting = 1 / np.sqrt(expected * clients[:, None])
    link = keeping.lasting + (keeping.fading + keeping.same_clients * counting) * (
        keeping.decay**apart
    )
    link = np.where(seen, link, 0.0)
    known = _Figures.of(seen, expected, rounded_to).covariance(keeping)
    gain = np.linalg.solve(known, link[:, :, None])[:, :, 0]
    noise = 1 / clients + rounded_to**2 / 12 / clients**2
    whole = keeping.lasting + keeping.fading + keeping.own_year + noise
    return (gain * u).sum(axis=1), (whole - (gain * link).sum(axis=1)).clip(0.0)
