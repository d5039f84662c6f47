"""How figures keep to their own level: variances found again, predictions as in the books."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal

from risicomodel.forecasting import variance
from risicomodel.forecasting.variance import Keeping

TRUE = Keeping(lasting=0.02, fading=0.03, decay=0.7, same_clients=0.6, own_year=0.002)
YEARS = 6


def deviations(units: int = 3_000, *, outliers: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draws from the model itself; some units may be ten times as restless."""
    random = np.random.default_rng(7)
    expected = np.repeat(np.exp(random.normal(5, 1, (units, 1))), YEARS, axis=1)
    seen = np.ones(expected.shape, dtype=bool)
    root = np.linalg.cholesky(variance._covariance(TRUE, seen, expected, 5))
    draws = (root @ random.normal(size=(units, YEARS, 1)))[:, :, 0]
    draws[: int(outliers * units)] *= 5
    return draws, expected


def test_the_variances_are_found_again() -> None:
    found = variance.fit(*deviations(), 5)
    # of a t with four degrees of freedom the scale is smaller than of a normal, by one factor
    factor = (found.lasting + found.fading) / (TRUE.lasting + TRUE.fading)
    assert 0.5 < factor < 1.1
    assert_allclose(found.decay, TRUE.decay, atol=0.15)
    assert 0.3 < found.same_clients < 0.95


def test_a_few_restless_units_do_not_make_the_others_restless() -> None:
    calm, loud = variance.fit(*deviations(), 5), variance.fit(*deviations(outliers=0.03), 5)
    assert_allclose(loud.lasting + loud.fading, calm.lasting + calm.fading, rtol=0.25)


@pytest.mark.parametrize("h", [1, 3])
def test_a_prediction_is_the_conditional_mean_of_the_normal(h: int) -> None:
    # recipe: the joint normal of six years and the year asked, conditioned the textbook way
    u, expected = deviations(units=4)
    u[0, 2] = np.nan
    mean, spread = variance.ahead(TRUE, u, expected, 5, h)
    for unit in range(4):
        known = np.isfinite(u[unit])
        m = np.full((1, YEARS + h), expected[unit, 0])
        joint = variance._covariance(TRUE, np.ones_like(m, dtype=bool), m, 5)[0]
        a, b = np.flatnonzero(known), YEARS + h - 1
        gain = joint[b, a] @ np.linalg.inv(joint[np.ix_(a, a)])
        assert_allclose(mean[unit, h - 1], gain @ u[unit, known].clip(-1, 2), rtol=1e-8)
        assert_allclose(spread[unit, h - 1], joint[b, b] - gain @ joint[a, b], rtol=1e-8)


def test_the_likelihood_is_that_of_the_normal_as_freedom_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    u, expected = deviations(units=3)
    monkeypatch.setattr(variance, "FREEDOM", 1e9)
    ours = variance._minus_log_likelihood(TRUE, u, expected, 5)
    covariance = variance._covariance(TRUE, np.ones_like(u, dtype=bool), expected, 5)
    theirs = [-multivariate_normal(cov=c).logpdf(x) for x, c in zip(u, covariance, strict=True)]
    assert_allclose(ours, np.mean(theirs) - YEARS / 2 * np.log(2 * np.pi), rtol=1e-6)


def test_without_figures_nothing_is_predicted_and_the_doubt_is_whole() -> None:
    expected = np.full((2, 4), 100.0)
    mean, spread = variance.ahead(TRUE, np.full((2, 4), np.nan), expected, 5, 2)
    assert_allclose(mean, 0.0)
    whole = 0.02 + 0.03 + 0.002 + 1 / 100 + 25 / 12 / 100**2
    assert_allclose(spread, whole)


def test_doubt_grows_with_the_years_ahead() -> None:
    _, spread = variance.ahead(TRUE, *deviations(units=50), 5, 5)
    assert (np.diff(spread, axis=1) >= -1e-12).all()


def test_one_year_each_says_nothing_of_how_levels_last() -> None:
    u = np.full((30, 3), np.nan)
    u[:, 1] = 0.1
    assert variance.fit(u, np.full((30, 3), 50.0), 5) == variance.NOTHING_KNOWN
