"""How far a wijk keeps to its own level: against simulation, sklearn and refitting."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from risicomodel.estimates import history
from risicomodel.estimates.history import Level

TRUE = Level(variance=0.03, decay=0.9, own=0.006)
NOTHING = np.nan


def panel(
    seed: int, places: int, years: int = 6, level: Level = TRUE, blank: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Deviations drawn from the model itself, some of them blank, and their known noise."""
    rng = np.random.default_rng(seed)
    apart = np.abs(np.subtract.outer(np.arange(years), np.arange(years)))
    levels = rng.multivariate_normal(
        np.zeros(years), level.variance * level.decay**apart, size=places
    )
    noise = np.exp(rng.uniform(np.log(0.001), np.log(0.05), (places, 1))) * np.ones(years)
    own = rng.normal(0.0, np.sqrt(level.own + noise))
    deviation = np.where(rng.random((places, years)) < blank, NOTHING, levels + own)
    return deviation, noise


# -- learning the three variances -------------------------------------------------------------


def test_the_three_variances_are_recovered_from_panels_drawn_with_them() -> None:
    found = [history.fit(*panel(seed, places=1_000)) for seed in range(5)]
    assert np.mean([level.variance for level in found]) == pytest.approx(0.03, rel=0.10)
    assert np.mean([level.decay for level in found]) == pytest.approx(0.90, abs=0.02)
    assert np.mean([level.own for level in found]) == pytest.approx(0.006, rel=0.15)


def test_no_level_of_their_own_is_recognised() -> None:
    none = Level(variance=0.0, decay=0.9, own=0.02)
    found = history.fit(*panel(1, places=1_500, level=none))
    assert found.variance * found.decay < 0.002
    assert found.variance + found.own == pytest.approx(0.02, rel=0.15)


def test_more_places_than_are_needed_say_the_same() -> None:
    """A part of them is looked at, spread evenly."""
    found = history.fit(*panel(2, places=4 * history.ENOUGH))
    assert found.variance == pytest.approx(0.03, rel=0.2)
    assert found.decay == pytest.approx(0.9, abs=0.04)
    assert found.own == pytest.approx(0.006, rel=0.3)


def test_without_repeated_years_a_level_is_not_told_from_a_year_but_their_sum_is() -> None:
    """Or bands of a country with one year of figures would know of counting noise alone."""
    deviation, noise = panel(3, places=1_500, years=1, blank=0.0)
    found = history.fit(deviation, noise)
    assert found.variance + found.own == pytest.approx(0.036, rel=0.15)
    # a single year in a panel of several is as little
    several = np.full((1_500, 4), NOTHING)
    several[np.arange(1_500), np.arange(1_500) % 4] = deviation[:, 0]
    found = history.fit(several, np.repeat(noise, 4, axis=1))
    assert found.variance + found.own == pytest.approx(0.036, rel=0.15)


@pytest.mark.parametrize("figures", [0, 1, 2, 4])
def test_a_single_place_is_no_error(figures: int) -> None:
    deviation = np.full((1, 4), NOTHING)
    deviation[0, :figures] = 0.1
    noise = np.full((1, 4), 0.01)
    level = history.fit(deviation, noise)
    mean, variance = history.predict(level, deviation, noise, without_own_year=True)
    assert np.isfinite(mean).all()
    assert (variance >= 0).all()
    assert np.abs(mean).max() <= 0.1


def test_years_without_a_figure_change_no_fit() -> None:
    deviation, noise = panel(4, places=300)
    plain = history.fit(deviation, noise)
    empty = np.full((300, 2), NOTHING)
    wider = history.fit(np.hstack([deviation, empty]), np.hstack([noise, empty]))
    assert wider.variance == pytest.approx(plain.variance, rel=1e-3)
    assert wider.decay == pytest.approx(plain.decay, rel=1e-3)


# -- predicting -------------------------------------------------------------------------------


@pytest.mark.parametrize("without", [True, False])
def test_predictions_equal_those_of_a_gaussian_process(*, without: bool) -> None:
    """Golden: kriging in time by scikit-learn, place by place.

    Recipe: GaussianProcessRegressor(ConstantKernel(τ²) * Matern(nu=0.5, length_scale=−1/log ρ),
    alpha=noise + φ, optimizer=None), fitted on the years with a figure (less the year itself);
    its variance is of the level, and φ is of the year.
    """
    deviation, noise = panel(5, places=40)
    noise = noise * np.random.default_rng(5).uniform(0.5, 2.0, noise.shape)
    kernel = ConstantKernel(TRUE.variance) * Matern(length_scale=-1 / np.log(TRUE.decay), nu=0.5)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=without)
    compared = 0
    for place, year in np.ndindex(*deviation.shape):
        known = np.isfinite(deviation[place])
        known[year] &= not without
        if not known.any():
            continue
        gp = GaussianProcessRegressor(kernel, alpha=noise[place, known] + TRUE.own, optimizer=None)
        gp.fit(np.flatnonzero(known)[:, None], deviation[place, known])
        golden, spread = gp.predict([[year]], return_std=True)
        assert mean[place, year] == pytest.approx(golden[0], abs=1e-8)
        assert variance[place, year] == pytest.approx(spread[0] ** 2 + TRUE.own, abs=1e-8)
        compared += 1
    assert compared > 200


def test_leaving_a_year_out_is_what_deleting_its_figure_gives() -> None:
    deviation, noise = panel(6, places=50)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=True)
    for year in range(deviation.shape[1]):
        deleted = deviation.copy()
        deleted[:, year] = NOTHING
        again, spread = history.predict(TRUE, deleted, noise, without_own_year=False)
        np.testing.assert_array_equal(mean[:, year], again[:, year])
        np.testing.assert_array_equal(variance[:, year], spread[:, year])


@given(st.integers(0, 5), st.floats(-1.0, 100.0), st.floats(1e-6, 1e3))
def test_a_years_own_figure_and_noise_never_touch_its_prediction(
    year: int, figure: float, noisy: float
) -> None:
    deviation, noise = panel(7, places=4)
    changed, other = deviation.copy(), noise.copy()
    changed[:, year], other[:, year] = figure, noisy
    for one, two in zip(
        history.predict(TRUE, deviation, noise, without_own_year=True),
        history.predict(TRUE, changed, other, without_own_year=True),
        strict=True,
    ):
        np.testing.assert_array_equal(one[:, year], two[:, year])


def test_where_nothing_is_known_the_model_stands_with_all_its_doubt() -> None:
    deviation = np.array([[NOTHING, NOTHING, NOTHING], [NOTHING, 0.4, NOTHING]])
    noise = np.full((2, 3), 0.01)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=True)
    nothing = [(0, 0), (0, 1), (0, 2), (1, 1)]
    for cell in nothing:
        assert mean[cell] == 0.0
        assert variance[cell] == pytest.approx(TRUE.variance + TRUE.own)
    # a year further off says the same the other way round in time, and leaves less doubt
    assert mean[1, 0] == pytest.approx(mean[1, 2])
    assert variance[1, 0] < TRUE.variance + TRUE.own


def test_one_other_year_by_hand() -> None:
    # τ² ρ / (τ² + φ + noise), and τ² − (τ² ρ)² / (τ² + φ + noise) + φ
    mean, variance = history.predict(
        Level(0.04, 0.5, 0.01), np.array([[0.3, NOTHING]]), np.full((1, 2), 0.05),
        without_own_year=True,
    )  # fmt: skip
    assert mean[0, 1] == pytest.approx(0.02 / 0.10 * 0.3)
    assert variance[0, 1] == pytest.approx(0.04 - 0.02**2 / 0.10 + 0.01)


def test_wild_deviations_count_as_the_largest_there_may_be() -> None:
    noise = np.full((3, 3), 0.01)
    rows = [[NOTHING, 900.0, 0.0], [NOTHING, history.LARGEST, 0.0], [NOTHING, 0.1, 0.0]]
    mean, _ = history.predict(TRUE, np.array(rows), noise, without_own_year=True)
    assert mean[0, 0] == mean[1, 0] > mean[2, 0]


@given(st.floats(0.01, 3.0))
def test_a_prediction_scales_with_its_figures_and_its_doubt_with_their_square(by: float) -> None:
    deviation, noise = panel(8, places=6)
    deviation = np.clip(deviation, -0.3, 0.6)  # so that none is clipped after scaling
    scaled = Level(TRUE.variance * by**2, TRUE.decay, TRUE.own * by**2)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=True)
    again, doubt = history.predict(scaled, deviation * by, noise * by**2, without_own_year=True)
    np.testing.assert_allclose(again, mean * by, atol=1e-12)
    np.testing.assert_allclose(doubt, variance * by**2, rtol=1e-9)


def test_places_do_not_touch_each_other_and_their_order_does_not_count() -> None:
    deviation, noise = panel(9, places=30)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=True)
    back, spread = history.predict(TRUE, deviation[::-1], noise[::-1], without_own_year=True)
    np.testing.assert_allclose(back[::-1], mean, atol=1e-14)
    np.testing.assert_allclose(spread[::-1], variance, atol=1e-14)


# -- noise and what it does -------------------------------------------------------------------


def test_noise_is_counting_and_rounding_by_hand() -> None:
    # 40 expected clients, rounded to 10: 1/40 + (100/12)/1600
    found = history.noise(np.array([0.1]), np.array([400.0]), 10)
    assert found[0] == pytest.approx(1 / 40 + 100 / 12 / 1600)


def test_noise_is_that_of_simulated_published_counts() -> None:
    """Poisson counts of 60 clients, published in fives."""
    rng = np.random.default_rng(10)
    shown = 5 * np.round(rng.poisson(60, 200_000) / 5)
    found = history.noise(np.array([0.06]), np.array([1000.0]), 5)
    assert np.var(shown / 60) == pytest.approx(found[0], rel=0.02)


def test_nobody_at_risk_is_no_error() -> None:
    assert np.isfinite(history.noise(np.array([0.0, 0.1]), np.array([100.0, 0.0]), 5)).all()


def test_a_small_wijk_is_drawn_to_the_model_more_than_a_large_one() -> None:
    deviation = np.array([[0.3, 0.3, NOTHING]] * 3)
    population = np.array([[200.0], [2_000.0], [20_000.0]]) * np.ones(3)
    noise = history.noise(np.full((3, 3), 0.08), population, 5)
    mean, variance = history.predict(TRUE, deviation, noise, without_own_year=True)
    small, middle, large = mean[:, 2]
    assert 0 < small < middle < large < 0.3
    assert variance[0, 2] > variance[1, 2] > variance[2, 2]


def test_history_beats_the_model_and_the_last_figure_on_what_it_was_made_for() -> None:
    """The linear prediction of least error: no worse than either end it lies between."""
    deviation, noise = panel(11, places=4_000, blank=0.0)
    mean, variance = history.predict(
        history.fit(deviation, noise), deviation, noise, without_own_year=True
    )
    error = deviation[:, -1] - mean[:, -1]
    assert (error**2).mean() < 0.8 * (deviation[:, -1] ** 2).mean()
    assert (error**2).mean() < 0.8 * ((deviation[:, -1] - deviation[:, -2]) ** 2).mean()
    # and it knows how large its errors are
    told = variance[:, -1] + noise[:, -1]
    assert (error**2 / told).mean() == pytest.approx(1.0, abs=0.1)
