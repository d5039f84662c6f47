"""The Rao-Yu model: predict a wijk's figure of one year from its figures of other years.

A relative deviation from what is expected, ``u = figure / expected − 1``, of ``m`` clients:

    Cov(u_s, u_t) = σ² + (τ² + θ/m) ρ^|s−t| + [s = t] ((1 − θ)/m + r²/(12 m²) + φ)

with σ² the variance of the permanent deviation, τ² that of a deviation that decays by ρ a year, and
counting noise 1/m, of which the part θ decays likewise: most clients are still clients a year
later, so the chance that brought them is not drawn anew. r is the multiple that CBS rounds to and φ
the variance of deviations that belong to one year only. The best linear unbiased prediction (BLUP)
of a year from other years follows: empirical-Bayes shrinkage, strongest where figures are few and
small. The five parameters are fitted by the likelihood of a multivariate t with four degrees of
freedom, so that a few redrawn wijken and closed institutions do not inflate the variances of all
others.

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

DEGREES_OF_FREEDOM = 4.0
# Units to fit on, at most; more would cost time and change little.
MAX_UNITS = 1_000
# A deviation outside these limits is an error or an institution; it is clipped.
MIN_DEVIATION, MAX_DEVIATION = -1.0, 2.0
START = (-4.0, -4.0, 2.0, 0.0, -6.0)
BOUNDS = ((-12.0, 1.0), (-12.0, 1.0), (-2.0, 5.0), (-4.0, 4.0), (-14.0, 1.0))
# Standard deviation of weak priors on the logits of ρ and θ: two years hardly identify them.
PRIOR_SD = 2.0


@dataclass(frozen=True)
class RaoYuParameters:
    """The parameters of the Rao-Yu model, for all units of one domain.

    Parameters
    ----------
    permanent_variance : float
        σ², variance of the relative deviation that lasts.
    ar_variance : float
        τ², variance of the relative deviation that decays.
    autocorrelation : float
        ρ, the part of it that is left a year later (0–1).
    persistent_noise : float
        θ, the part of counting noise that decays with it (0–1).
    year_variance : float
        φ, variance of deviations of one year only.
    """

    permanent_variance: float
    ar_variance: float
    autocorrelation: float
    persistent_noise: float
    year_variance: float


DEFAULTS = RaoYuParameters(0.02, 0.02, 0.88, 0.5, 0.0025)


def _to_parameters(theta: Floats) -> RaoYuParameters:
    permanent, transient, year_variance = np.exp(theta[[0, 1, 4]])
    rho, theta_share = 1 / (1 + np.exp(-theta[[2, 3]]))
    return RaoYuParameters(
        float(permanent), float(transient), float(rho), float(theta_share), float(year_variance)
    )


def fit(deviation: Floats, expected: Floats, rounded_to: int) -> RaoYuParameters:
    """Fit the parameters by maximum likelihood.

    Parameters
    ----------
    deviation : array of shape (units, years)
        Relative deviations; NaN where there is no figure.
    expected : array of shape (units, years)
        Expected clients, above 0.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    RaoYuParameters
        :data:`DEFAULTS` where there is no figure at all.

    Examples
    --------
    Two units that deviate by the same amount every year: nearly all of the variance is permanent.

    >>> u = np.tile([[0.3], [-0.3]], (50, 4))
    >>> fitted = fit(u, np.full(u.shape, 1e4), rounded_to=5)
    >>> fitted.permanent_variance > 10 * fitted.year_variance
    True
    """
    from scipy.optimize import minimize

    counts = np.isfinite(deviation).sum(axis=1)
    if not counts.any():
        return DEFAULTS
    # single years cannot separate permanent from yearly deviations, but they give their sum
    informative = np.flatnonzero(counts >= min(counts.max(), 2))
    units = informative[:: max(len(informative) // MAX_UNITS, 1)]
    u = deviation[units].clip(MIN_DEVIATION, MAX_DEVIATION)
    terms = _CovarianceTerms.build(np.isfinite(u), expected[units], rounded_to)

    def loss(theta: Floats) -> tuple[float, Floats]:
        prior_offset = np.array([0.0, 0.0, *(theta[2:4] - START[2:4]), 0.0]) / PRIOR_SD
        value, slope = _minus_log_likelihood(_to_parameters(theta), u, terms)
        penalty = float(prior_offset @ prior_offset) / 2 / len(units)
        return value + penalty, slope + prior_offset / PRIOR_SD / len(units)

    result = minimize(loss, np.array(START), method="L-BFGS-B", jac=True, bounds=BOUNDS)
    return _to_parameters(result.x)


@dataclass(frozen=True)
class _CovarianceTerms:
    """The parts of the units' covariance that do not depend on the parameters.

    Parameters
    ----------
    lags : array of shape (years, years)
        Years between two years.
    pairs : array of shape (units, years, years)
        1 where both years have a figure, else 0.
    poisson : array of shape (units, years, years)
        Counting noise 1/m of clients who stay, where both years have a figure.
    rounding : array of shape (units, years)
        Variance of rounding; 1 for a year without a figure, so that the matrix stays invertible.
    """

    lags: Floats
    pairs: Floats
    poisson: Floats
    rounding: Floats

    @classmethod
    def build(cls, observed: Bools, expected: Floats, rounded_to: int) -> _CovarianceTerms:
        years = np.arange(observed.shape[1], dtype="float64")
        both = (observed[:, :, None] & observed[:, None, :]).astype("float64")
        counting = both / np.sqrt(expected[:, :, None] * expected[:, None, :])
        alone = np.where(observed, rounded_to**2 / 12 / expected**2, 1.0)
        return cls(np.abs(np.subtract.outer(years, years)), both, counting, alone)

    def covariance(self, parameters: RaoYuParameters) -> Floats:
        """Return every unit's covariance of its figures, (units, years, years)."""
        correlation = parameters.autocorrelation**self.lags
        out: Floats = self.pairs * (
            parameters.permanent_variance + parameters.ar_variance * correlation
        )
        out += self.poisson * (parameters.persistent_noise * correlation)
        year = np.arange(len(correlation))
        fresh_noise = (1 - parameters.persistent_noise) * self.poisson[:, year, year]
        out[:, year, year] += (
            fresh_noise + parameters.year_variance * self.pairs[:, year, year] + self.rounding
        )
        return out

    def slopes(self, parameters: RaoYuParameters, weight: Floats) -> Floats:
        """Return the gradient of a weighted sum of covariances in the five transformed parameters.

        Parameters
        ----------
        weight : array of shape (units, years, years)
            Weight of every element, symmetric.
        """
        correlation = parameters.autocorrelation**self.lags
        pair_weights = np.einsum("nst,nst->st", weight, self.pairs)
        poisson_weights = np.einsum("nst,nst->st", weight, self.poisson)
        shared = (
            parameters.ar_variance * pair_weights + parameters.persistent_noise * poisson_weights
        )
        # ρ and θ are fitted as logits: d log ρ^k = k (1 − ρ), d θ = θ (1 − θ)
        rho_slope = 1 - parameters.autocorrelation
        theta_slope = parameters.persistent_noise * (1 - parameters.persistent_noise)
        return np.array(
            [
                parameters.permanent_variance * pair_weights.sum(),
                parameters.ar_variance * (pair_weights * correlation).sum(),
                rho_slope * (shared * self.lags * correlation).sum(),
                theta_slope * ((poisson_weights * correlation).sum() - np.trace(poisson_weights)),
                parameters.year_variance * np.trace(pair_weights),
            ]
        )


def _minus_log_likelihood(
    parameters: RaoYuParameters, deviation: Floats, terms: _CovarianceTerms
) -> tuple[float, Floats]:
    """Return the negative log-likelihood per unit, up to a constant, and its gradient."""
    observed = np.isfinite(deviation)
    u = np.where(observed, deviation, 0.0)
    covariance = terms.covariance(parameters)
    root = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(covariance)
    weighted = np.einsum("nst,nt->ns", inverse, u)
    distance = (u * weighted).sum(axis=1)
    freedom = DEGREES_OF_FREEDOM + observed.sum(axis=1)
    log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    value = 0.5 * (freedom * np.log1p(distance / DEGREES_OF_FREEDOM) + log_det).mean()
    scaled = weighted * np.sqrt(freedom / (DEGREES_OF_FREEDOM + distance))[:, None]
    weight: Floats = inverse - scaled[:, :, None] * scaled[:, None, :]
    return float(value), 0.5 / len(u) * terms.slopes(parameters, weight)


def leave_one_year_out(
    parameters: RaoYuParameters, deviation: Floats, expected: Floats, rounded_to: int
) -> tuple[Floats, Floats]:
    """Predict every year's deviation from the other years.

    Parameters
    ----------
    parameters : RaoYuParameters
        From :func:`fit`.
    deviation, expected : array of shape (units, years)
        As in :func:`fit`.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    mean, variance : arrays of shape (units, years)
        The variance is that of a published figure: it includes counting noise, rounding and
        deviations of one year.
    """
    years = np.arange(deviation.shape[1])
    predictions = []
    for year in years:
        without = deviation.copy()
        without[:, year] = np.nan
        target = np.abs(years - year), expected[:, year]
        predictions.append(_blup(parameters, without, expected, rounded_to, target))
    return _side_by_side(predictions)


def predict_ahead(
    parameters: RaoYuParameters, deviation: Floats, expected: Floats, rounded_to: int, horizons: int
) -> tuple[Floats, Floats]:
    """Predict the deviation in the years after the last one.

    Parameters
    ----------
    parameters : RaoYuParameters
        From :func:`fit`.
    deviation, expected : array of shape (units, years)
        As in :func:`fit`.
    rounded_to : int
        The multiple that CBS rounds to (persons).
    horizons : int
        Years ahead.

    Returns
    -------
    mean, variance : arrays of shape (units, horizons)
        The variance is that of a published figure, as in :func:`leave_one_year_out`.
    """
    ago = np.arange(deviation.shape[1])[::-1]
    predictions = [
        _blup(parameters, deviation, expected, rounded_to, (ago + h + 1, expected[:, -1]))
        for h in range(horizons)
    ]
    return _side_by_side(predictions)


def _side_by_side(predictions: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return means and variances of several years, (units, years)."""
    means, variances = zip(*predictions, strict=True)
    return np.stack(means, axis=1), np.stack(variances, axis=1)


def _blup(
    parameters: RaoYuParameters,
    deviation: Floats,
    expected: Floats,
    rounded_to: int,
    target: tuple[Ints, Floats],
) -> tuple[Floats, Floats]:
    """Return the best linear prediction of one year, and its variance.

    ``target`` holds the years between it and every year of ``deviation``, (years,), and the clients
    expected in it, (units,).
    """
    observed = np.isfinite(deviation)
    u = np.where(observed, deviation.clip(MIN_DEVIATION, MAX_DEVIATION), 0.0)
    gain, variance, _ = _regress(parameters, observed, expected, rounded_to, target)
    return (gain * u).sum(axis=1), variance


def _regress(
    parameters: RaoYuParameters,
    observed: Bools,
    expected: Floats,
    rounded_to: int,
    target: tuple[Ints, Floats],
) -> tuple[Floats, Floats, Floats]:
    """Return the weights of observed years in the prediction of one year, and its variance.

    Beside these the covariance of the observed years, (units, years, years).
    """
    years_apart, clients = target
    covariance = _CovarianceTerms.build(observed, expected, rounded_to).covariance(parameters)
    counting = 1 / np.sqrt(expected * clients[:, None])
    cross_covariance = parameters.permanent_variance + (
        parameters.ar_variance + parameters.persistent_noise * counting
    ) * (parameters.autocorrelation**years_apart)
    cross_covariance = np.where(observed, cross_covariance, 0.0)
    gain = np.linalg.solve(covariance, cross_covariance[:, :, None])[:, :, 0].astype("float64")
    noise = 1 / clients + rounded_to**2 / 12 / clients**2
    variance = (
        parameters.permanent_variance + parameters.ar_variance + parameters.year_variance + noise
    )
    left: Floats = (variance - (gain * cross_covariance).sum(axis=1)).clip(0.0)
    return gain, left, covariance


@dataclass(frozen=True)
class OtherYears:
    """How every unit's figure of one year follows from its figures of the other years.

    Parameters
    ----------
    gain : array of shape (units, years)
        Weights of the other years' deviations in the prediction; 0 where there is no figure.
    variance : array of shape (units,)
        Of the predicted figure, its own counting noise and rounding included.
    precision : array of shape (units, years, years)
        Inverse covariance of the other years' deviations; 0 where there is no figure.
    """

    gain: Floats
    variance: Floats
    precision: Floats


def precision(
    parameters: RaoYuParameters, observed: Bools, expected: Floats, rounded_to: int
) -> Floats:
    """Return the inverse covariance of every unit's published deviations.

    Parameters
    ----------
    parameters : RaoYuParameters
        From :func:`fit`.
    observed : array of bool, shape (units, years)
        Where there is a figure.
    expected : array of shape (units, years)
        Expected clients, above 0.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    array of shape (units, years, years)
        0 where there is no figure.
    """
    covariance = _CovarianceTerms.build(observed, expected, rounded_to).covariance(parameters)
    return _inverse(covariance, observed)


def _inverse(covariance: Floats, observed: Bools) -> Floats:
    inverse = np.linalg.inv(covariance).astype("float64")
    return inverse * (observed[:, :, None] & observed[:, None, :])


def from_other_years(
    parameters: RaoYuParameters, observed: Bools, expected: Floats, rounded_to: int, year: int
) -> OtherYears:
    """Return how one year follows from the others, which no figure of that year has touched.

    Parameters
    ----------
    parameters, observed, expected, rounded_to
        As in :func:`precision`.
    year : int
        Position of the year that is left out.

    Returns
    -------
    OtherYears
    """
    others = observed.copy()
    others[:, year] = False
    target = np.abs(np.arange(observed.shape[1]) - year), expected[:, year]
    gain, variance, covariance = _regress(parameters, others, expected, rounded_to, target)
    return OtherYears(gain, variance, _inverse(covariance, others))
