"""How far a wijk keeps to its own level: against simulation, scikit-learn, scipy and by hand."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from risicomodel.results.estimates import rao_yu
from risicomodel.results.estimates.rao_yu import RaoYuParameters

TRUE = RaoYuParameters(
    permanent_variance=0.02,
    ar_variance=0.03,
    autocorrelation=0.7,
    persistent_noise=0.6,
    year_variance=0.002,
)
YEARS = 6
ROUNDED = 5
NOTHING = np.nan


def panel(
    seed: int,
    units: int,
    *,
    keeping: RaoYuParameters = TRUE,
    blank: float = 0.0,
    restless: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Deviations drawn from the model itself and clients expected; a part may be restless."""
    random = np.random.default_rng(seed)
    expected = np.repeat(np.exp(random.normal(5, 1, (units, 1))), YEARS, axis=1)
    root = np.linalg.cholesky(covariance(keeping, expected))
    draws = (root @ random.normal(size=(units, YEARS, 1)))[:, :, 0]
    draws[: int(restless * units)] *= 5
    return np.where(random.random(draws.shape) < blank, NOTHING, draws), expected


def covariance(keeping: RaoYuParameters, expected: np.ndarray) -> np.ndarray:
    """The definition, element by element."""
    units, years = expected.shape
    out = np.empty((units, years, years))
    for unit, s, t in np.ndindex(*out.shape):
        m = np.sqrt(expected[unit, s] * expected[unit, t])
        fades = keeping.autocorrelation ** abs(s - t)
        out[unit, s, t] = (
            keeping.permanent_variance
            + (keeping.ar_variance + keeping.persistent_noise / m) * fades
        )
        if s == t:
            rounding = ROUNDED**2 / 12 / m**2
            out[unit, s, t] += (1 - keeping.persistent_noise) / m + rounding + keeping.year_variance
    return out


# -- learning the variances -------------------------------------------------------------------


def test_the_variances_are_found_again() -> None:
    found = [rao_yu.fit(*panel(seed, 1_000), ROUNDED) for seed in range(3)]
    level = np.mean([k.permanent_variance + k.ar_variance for k in found])
    # the scale of a t with four degrees of freedom is smaller than that of a normal, by one factor
    assert 0.5 < level / (TRUE.permanent_variance + TRUE.ar_variance) < 1.1
    assert_allclose(np.mean([k.autocorrelation for k in found]), TRUE.autocorrelation, atol=0.15)
    assert 0.3 < np.mean([k.persistent_noise for k in found]) < 0.95


def test_a_few_restless_wijken_do_not_make_the_others_restless() -> None:
    calm = rao_yu.fit(*panel(7, 3_000), ROUNDED)
    loud = rao_yu.fit(*panel(7, 3_000, restless=0.03), ROUNDED)
    assert_allclose(
        loud.permanent_variance + loud.ar_variance,
        calm.permanent_variance + calm.ar_variance,
        rtol=0.25,
    )


def test_no_level_of_their_own_is_recognised() -> None:
    none = RaoYuParameters(
        permanent_variance=0.0,
        ar_variance=0.0,
        autocorrelation=0.5,
        persistent_noise=0.0,
        year_variance=0.02,
    )
    found = rao_yu.fit(*panel(1, 2_000, keeping=none), ROUNDED)
    assert found.permanent_variance + found.ar_variance < 0.003
    assert 0.008 < found.year_variance < 0.022


def test_the_likelihood_is_that_of_the_normal_as_freedom_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    u, expected = panel(2, 3)
    monkeypatch.setattr(rao_yu, "DEGREES_OF_FREEDOM", 1e9)
    figures = rao_yu._CovarianceTerms.build(np.isfinite(u), expected, ROUNDED)
    ours, _ = rao_yu._minus_log_likelihood(TRUE, u, figures)
    # recipe: scipy.stats.multivariate_normal, unit by unit
    theirs = [
        -multivariate_normal(cov=c).logpdf(x)
        for x, c in zip(u, covariance(TRUE, expected), strict=True)
    ]
    assert_allclose(ours, np.mean(theirs) - YEARS / 2 * np.log(2 * np.pi), rtol=1e-6)


def test_its_slopes_are_those_of_small_steps() -> None:
    """Golden: central differences of the likelihood itself."""
    u, expected = panel(3, 50, blank=0.3)
    figures = rao_yu._CovarianceTerms.build(np.isfinite(u), expected, ROUNDED)

    def value(theta: np.ndarray) -> float:
        return rao_yu._minus_log_likelihood(rao_yu._to_parameters(theta), u, figures)[0]

    at = np.array([-3.5, -3.0, 1.0, 0.5, -5.0])
    _, slopes = rao_yu._minus_log_likelihood(rao_yu._to_parameters(at), u, figures)
    steps = 1e-5 * np.eye(5)
    golden = [(value(at + step) - value(at - step)) / 2e-5 for step in steps]
    assert_allclose(slopes, golden, rtol=1e-6, atol=1e-9)


def test_without_any_figure_nothing_is_learned() -> None:
    blank = np.full((4, 3), NOTHING)
    assert rao_yu.fit(blank, np.ones((4, 3)), ROUNDED) == rao_yu.DEFAULTS


def test_single_years_tell_no_level_but_how_large_deviations_are() -> None:
    """Or bands of a country with one year of figures would know of counting noise alone."""
    random = np.random.default_rng(3)
    u = np.full((1_500, 4), NOTHING)
    u[np.arange(1_500), np.arange(1_500) % 4] = random.normal(0, 0.3, 1_500)
    found = rao_yu.fit(u, np.full(u.shape, 1e4), ROUNDED)
    assert 0.03 < found.permanent_variance + found.ar_variance + found.year_variance < 0.1


def test_years_without_a_figure_change_no_fit() -> None:
    u, expected = panel(4, 300)
    wider = rao_yu.fit(
        np.hstack([u, np.full((300, 2), NOTHING)]),
        np.hstack([expected, np.ones((300, 2))]),
        ROUNDED,
    )
    plain = rao_yu.fit(u, expected, ROUNDED)
    assert_allclose(
        wider.permanent_variance + wider.ar_variance,
        plain.permanent_variance + plain.ar_variance,
        rtol=1e-2,
    )
    assert_allclose(wider.autocorrelation, plain.autocorrelation, rtol=1e-2)


# -- a year from the others -------------------------------------------------------------------


def test_predictions_equal_those_of_a_gaussian_process() -> None:
    """Golden: kriging in time by scikit-learn, place by place.

    Recipe: GaussianProcessRegressor(ConstantKernel(σ²) + ConstantKernel(τ²) * Matern(nu=0.5,
    length_scale=−1/log ρ), alpha=1/m + r²/12m² + φ, optimizer=None), fitted on the other years;
    its variance is of the level: noise and φ are added.
    """
    keeping = RaoYuParameters(
        permanent_variance=0.02,
        ar_variance=0.03,
        autocorrelation=0.7,
        persistent_noise=0.0,
        year_variance=0.006,
    )
    u, expected = panel(5, 40, keeping=keeping, blank=0.2)
    kernel = ConstantKernel(0.02) + ConstantKernel(0.03) * Matern(-1 / np.log(0.7), nu=0.5)
    alone = 1 / expected + ROUNDED**2 / 12 / expected**2 + keeping.year_variance
    mean, variance = rao_yu.leave_one_year_out(keeping, u, expected, ROUNDED)
    compared = 0
    for place, year in np.ndindex(*u.shape):
        known = np.isfinite(u[place])
        known[year] = False
        if not known.any():
            continue
        gp = GaussianProcessRegressor(kernel, alpha=alone[place, known], optimizer=None)
        gp.fit(np.flatnonzero(known)[:, None], u[place, known])
        golden, spread = gp.predict([[year]], return_std=True)
        assert mean[place, year] == pytest.approx(golden[0], abs=1e-8)
        assert variance[place, year] == pytest.approx(spread[0] ** 2 + alone[place, year], abs=1e-8)
        compared += 1
    assert compared > 200


@pytest.mark.parametrize("h", [1, 3])
def test_a_year_ahead_is_the_conditional_mean_of_the_normal(h: int) -> None:
    # recipe: the joint normal of six years and the year asked, conditioned the textbook way
    u, expected = panel(6, 4)
    u[0, 2] = NOTHING
    mean, spread = rao_yu.predict_ahead(TRUE, u, expected, ROUNDED, h)
    for unit in range(4):
        joint = covariance(TRUE, np.full((1, YEARS + h), expected[unit, 0]))[0]
        a, b = np.flatnonzero(np.isfinite(u[unit])), YEARS + h - 1
        gain = joint[b, a] @ np.linalg.inv(joint[np.ix_(a, a)])
        assert_allclose(mean[unit, h - 1], gain @ u[unit, a].clip(-1, 2), rtol=1e-8)
        assert_allclose(spread[unit, h - 1], joint[b, b] - gain @ joint[a, b], rtol=1e-8)


@given(st.integers(0, YEARS - 1), st.floats(-1.0, 100.0))
def test_a_years_own_figure_never_touches_its_prediction(year: int, figure: float) -> None:
    u, expected = panel(8, 4)
    changed = u.copy()
    changed[:, year] = figure
    for one, two in zip(
        rao_yu.leave_one_year_out(TRUE, u, expected, ROUNDED),
        rao_yu.leave_one_year_out(TRUE, changed, expected, ROUNDED),
        strict=True,
    ):
        assert_array_equal(one[:, year], two[:, year])


def test_where_nothing_is_known_the_model_stands_with_all_its_doubt() -> None:
    u, expected = np.full((2, 4), NOTHING), np.full((2, 4), 100.0)
    whole = 0.02 + 0.03 + 0.002 + 1 / 100 + 25 / 12 / 100**2
    for mean, variance in (
        rao_yu.leave_one_year_out(TRUE, u, expected, ROUNDED),
        rao_yu.predict_ahead(TRUE, u, expected, ROUNDED, 2),
    ):
        assert_array_equal(mean, 0.0)
        assert_allclose(variance, whole)


def test_one_year_of_history_says_something_and_less_of_later_years() -> None:
    u, expected = np.full((1, 4), NOTHING), np.full((1, 4), 200.0)
    u[0, 3] = 0.4
    mean, variance = rao_yu.predict_ahead(TRUE, u, expected, ROUNDED, 4)
    assert (np.diff(mean[0]) < 0).all()
    assert (np.diff(variance[0]) > 0).all()
    assert 0 < mean[0, 0] < 0.4


def test_wild_deviations_count_as_the_largest_there_may_be() -> None:
    rows = [[NOTHING, 900.0, 0.0], [NOTHING, rao_yu.MAX_DEVIATION, 0.0], [NOTHING, 0.1, 0.0]]
    mean, _ = rao_yu.leave_one_year_out(TRUE, np.array(rows), np.full((3, 3), 100.0), ROUNDED)
    assert mean[0, 0] == mean[1, 0] > mean[2, 0]


def test_places_do_not_touch_each_other_and_their_order_does_not_count() -> None:
    u, expected = panel(9, 30)
    mean, variance = rao_yu.leave_one_year_out(TRUE, u, expected, ROUNDED)
    back, spread = rao_yu.leave_one_year_out(TRUE, u[::-1], expected[::-1], ROUNDED)
    assert_allclose(back[::-1], mean, atol=1e-14)
    assert_allclose(spread[::-1], variance, atol=1e-14)


def test_a_small_wijk_is_drawn_to_the_model_more_than_a_large_one() -> None:
    u = np.array([[0.3, 0.3, NOTHING]] * 3)
    expected = np.array([[16.0], [160.0], [1_600.0]]) * np.ones(3)
    restless = RaoYuParameters(
        permanent_variance=0.02,
        ar_variance=0.03,
        autocorrelation=0.7,
        persistent_noise=0.0,
        year_variance=0.002,
    )
    mean, variance = rao_yu.leave_one_year_out(restless, u, expected, ROUNDED)
    small, middle, large = mean[:, 2]
    assert 0 < small < middle < large < 0.3
    assert variance[0, 2] > variance[1, 2] > variance[2, 2]


def test_history_beats_the_model_and_the_last_figure_on_what_it_was_made_for() -> None:
    """The linear prediction of least error: no worse than either end it lies between."""
    u, expected = panel(11, 4_000)
    keeping = rao_yu.fit(u, expected, ROUNDED)
    mean, _ = rao_yu.leave_one_year_out(keeping, u, expected, ROUNDED)
    error = u[:, -1].clip(-1, 2) - mean[:, -1]
    assert (error**2).mean() < 0.8 * (u[:, -1] ** 2).mean()
    assert (error**2).mean() < 0.85 * ((u[:, -1] - u[:, -2]) ** 2).mean()
    # and it knows how large its errors are, where the model is the truth
    mean, told = rao_yu.leave_one_year_out(TRUE, u, expected, ROUNDED)
    assert ((u[:, -1] - mean[:, -1]) ** 2 / told[:, -1]).mean() == pytest.approx(1.0, abs=0.1)
