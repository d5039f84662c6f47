"""People by age, a year older every year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from risicomodel.results.forecasting import cohorts

TRUE = np.array(
    [
        [0.92, 0.0, 0.03, 0.0, 0.0],
        [0.07, 0.9, 0.0, 0.0, 0.0],
        [0.0, 0.1, 0.95, 0.0, 0.0],
        [0.0, 0.0, 0.05, 0.95, 0.0],
        [0.0, 0.0, 0.0, 0.05, 0.96],
    ]
)


def country(areas: int = 60, years: int = 4, *, growth: float = 0.0) -> np.ndarray:
    """People who move by TRUE, everywhere a little different in age."""
    out = [np.random.default_rng(1).uniform(100, 900, (areas, 5))]
    for _ in range(years - 1):
        out.append(out[-1] @ TRUE.T * np.exp(growth))
    return np.stack(out, axis=1)


def test_the_countrys_moves_are_found_again() -> None:
    assert_allclose(cohorts.Transitions.fit(country()).matrix, TRUE, atol=1e-6)


def test_a_projection_goes_on_as_the_years_before() -> None:
    truth = country(years=6)
    assert_allclose(cohorts.project(truth[:, :4], 2), truth, rtol=1e-6)


def test_a_year_without_an_edition_is_projected_and_one_before_the_first_is_the_first() -> None:
    truth = country(years=5)
    gaps = truth.copy()
    gaps[:, [0, 3]] = np.nan
    filled = cohorts.project(gaps, 0)
    assert_allclose(filled[:, 3], truth[:, 3], rtol=1e-6)
    assert_allclose(filled[:, 0], truth[:, 1])


def test_what_a_wijk_grows_more_than_the_country_goes_on_but_less_and_less() -> None:
    truth = country(areas=300, years=6)
    truth[0] *= np.exp(0.05 * np.arange(6))[:, None]
    ahead = cohorts.project(truth, 3)
    plain = cohorts.project(country(areas=300, years=6), 3)
    beyond = np.log(ahead[0, 6:].sum(axis=1) / ahead[0, 5].sum()) - np.log(
        plain[0, 6:].sum(axis=1) / plain[0, 5].sum()
    )
    steps = np.diff(np.concatenate([[0.0], beyond]))
    assert (steps > 0.005).all()
    assert (np.diff(steps) < 0).all()
    assert steps[0] < 0.05


def test_one_year_alone_stays_as_it_is() -> None:
    alone = country(years=1)
    assert_allclose(cohorts.project(alone, 2), np.repeat(alone, 3, axis=1))


def test_nobody_known_stays_unknown() -> None:
    truth = country()
    truth[3] = np.nan
    assert np.isnan(cohorts.project(truth, 2)[3]).all()


@given(st.floats(0.0, 1e5), st.integers(1, 5))
def test_never_negative(size: float, ahead: int) -> None:
    some = country(areas=10) * size / 1000
    assert (cohorts.project(some, ahead) >= 0).all()


@pytest.mark.parametrize("columns", [[cohorts.INHABITANTS], [*cohorts.AGE_GROUPS]])
def test_an_official_forecast_is_added_up_to_and_its_last_year_stays(columns: list[str]) -> None:
    moved = cohorts.project(country(areas=6), 3)[:, 4:]
    gm = pd.Series(["GM0001"] * 4 + ["GM0002"] * 2)
    official = pd.DataFrame(
        {column: [1000.0, 2000.0] for column in columns},
        index=pd.MultiIndex.from_tuples(
            [("GM0001", 2020), ("GM0001", 2021)], names=["gm_code", "year"]
        ),
    )
    out = cohorts.constrain_to_official(moved, 2020, gm, official)
    each = 1 if columns == [cohorts.INHABITANTS] else len(cohorts.AGE_GROUPS)
    assert_allclose(out[:4, 0].sum(), 1000 * each)
    assert_allclose(out[:4, 1].sum(), 2000 * each)
    assert_allclose(out[:4, 2] / moved[:4, 2], out[:4, 1] / moved[:4, 1])
    assert_allclose(out[4:], moved[4:])


def test_weights_are_those_of_the_bands_or_of_everyone() -> None:
    assert cohorts.population_weights(
        {"k_0_tot_15_jaar": 1.0, "k_15_tot_25_jaar": 0.8}
    ).tolist() == [
        1,
        0.8,
        0,
        0,
        0,
    ]
    assert cohorts.population_weights({"aantal_inwoners": 1.0}).tolist() == [1] * 5
    assert cohorts.population_weights({"huishoudens_totaal": 1.0}).tolist() == [1] * 5
