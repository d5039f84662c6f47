"""Krippendorff's alpha: golden values, real experts, and what holds of every table of answers."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.participation.agreement import DISTANCES, Agreement, NoAgreement, agreement, change

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.core.arrays import Floats

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability": four observers, twelve units
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, np.nan, np.nan, np.nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, np.nan, 3],
        [np.nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, np.nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, np.nan],
    ]
)
SCALES = list(DISTANCES)


def alpha(values: Floats, scale: str = "interval") -> float:
    result = agreement(values, scale, seed=1, draws=0)
    assert isinstance(result, Agreement), result
    return result.alpha.value


def by_definition(values: Floats) -> float:
    """Recipe: every pair of answers in a loop, on the interval scale, from the definition."""
    units = [column[np.isfinite(column)] for column in values.T]
    units = [unit for unit in units if len(unit) > 1]
    every = np.concatenate(units)
    observed = sum(
        (one - two) ** 2 / (len(unit) - 1) for unit in units for one, two in permutations(unit, 2)
    ) / len(every)
    expected = sum((one - two) ** 2 for one, two in permutations(every, 2))
    return 1 - observed / (expected / len(every) / (len(every) - 1))


@pytest.mark.parametrize(
    ("scale", "golden"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_the_standard_example(scale: str, golden: float) -> None:
    result = agreement(EXAMPLE, scale, seed=1)
    assert isinstance(result, Agreement)
    assert result.alpha.value == pytest.approx(golden, abs=5e-4)
    assert result.alpha.lower < golden < result.alpha.upper <= 1
    # the twelfth unit has one answer, which is compared with none
    assert (result.n_raters, result.n_units, result.n_values) == (4, 11, 40)


@pytest.fixture(scope="module")
def ratings(extra_dir: Path) -> pd.DataFrame:
    """Ratings of repliCATS: 25 experts on 25 claims, before and after talking (aggreCAT, MIT)."""
    table = pd.read_csv(extra_dir / "review" / "replicats_data_ratings.csv")
    return table.query("question == 'direct_replication' and element == 'three_point_best'")


@pytest.mark.parametrize(("when", "golden"), [("round_1", 0.351), ("round_2", 0.520)])
def test_experts_agree_more_after_talking(ratings: pd.DataFrame, when: str, golden: float) -> None:
    rows = ratings[ratings["round"] == when]
    values = rows.pivot(index="user_name", columns="paper_id", values="value").to_numpy()
    result = agreement(values, "interval", seed=1)
    assert isinstance(result, Agreement)
    assert result.alpha.value == pytest.approx(golden, abs=5e-4)
    assert (result.n_raters, result.n_units, result.n_values) == (25, 25, 625)
    assert 0.1 < result.alpha.upper - result.alpha.lower < 0.4


def test_that_experts_agree_more_is_more_than_chance(ratings: pd.DataFrame) -> None:
    rounds = [
        rows.pivot(index="user_name", columns="paper_id", values="value").to_numpy()
        for _, rows in ratings.groupby("round")
    ]
    more = change(*rounds, "interval", seed=1)
    assert not isinstance(more, NoAgreement)
    assert more.value == pytest.approx(0.520 - 0.351, abs=1e-3)
    assert 0 < more.lower < more.upper < 0.4


def test_a_change_is_of_answers_that_were_given_both_times() -> None:
    after = np.where(np.isnan(EXAMPLE), 3.0, EXAMPLE)
    assert change(EXAMPLE, after, "interval", seed=1) == (0.0, 0.0, 0.0)
    result = change(EXAMPLE[:, :5], np.full((4, 5), np.nan), "interval", seed=1)
    assert isinstance(result, NoAgreement)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (EXAMPLE[:2], "few_raters"),
        (EXAMPLE[:, :4], "few_units"),
        (np.vstack([EXAMPLE[:2], np.full((5, 12), np.nan)]), "few_raters"),
        (np.hstack([EXAMPLE[:, :4], np.where(np.eye(4) == 1, 2.0, np.nan)]), "few_units"),
        (np.full((3, 5), 2.0), "one_value"),
        (np.full((4, 12), np.nan), "few_raters"),
        (np.empty((0, 0)), "few_raters"),
    ],
    ids=[
        "two raters", "four units", "raters without answers", "units of one rater", "all the same",
        "no answers", "nothing",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", SCALES)
def test_too_little_gives_a_reason_and_no_number(values: Floats, reason: str, scale: str) -> None:
    result = agreement(values, scale, seed=1)
    assert isinstance(result, NoAgreement)
    assert result.reason == reason


def test_three_raters_and_five_units_are_enough() -> None:
    assert isinstance(agreement(EXAMPLE[1:, :5], "nominal", seed=1), Agreement)


def test_what_cannot_be_computed_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'ordinal'"):
        agreement(EXAMPLE, "ordnal", seed=1)
    with pytest.raises(DataError) as refused:
        agreement(np.where(EXAMPLE == 5, np.inf, -EXAMPLE), "ratio", seed=1)
    assert len(refused.value.details) == 2


def test_an_interval_is_repeated_by_its_seed_and_by_no_other() -> None:
    one, again, other = (agreement(EXAMPLE, "interval", seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_rater_drawn_twice_does_not_agree_with_itself() -> None:
    """Answers of pure chance: pairs of a rater with itself would put all limits above 0."""
    values = np.random.default_rng(4).integers(0, 50, (4, 60)).astype("float64")
    result = agreement(values, "interval", seed=1)
    assert isinstance(result, Agreement)
    assert result.alpha.holds_zero
    assert result.alpha.upper < 0.2


def test_limits_hold_the_true_alpha_about_nine_times_in_ten() -> None:
    """Height of wijken, of reviewers and chance, of known size, 8 reviewers and 12 wijken."""
    random = np.random.default_rng(5)
    times = 0
    for seed in range(100):
        wijken, reviewers = random.normal(0, 1.5, 12), random.normal(0, 0.5, (8, 1))
        values = wijken + reviewers + random.normal(0, 1, (8, 12))
        result = agreement(values, "interval", seed=seed, draws=200)
        assert isinstance(result, Agreement)
        times += result.alpha.lower <= 2.25 / (2.25 + 0.25 + 1) <= result.alpha.upper
    assert 80 <= times <= 99


def tables(low: int = 0, high: int = 4) -> st.SearchStrategy[Floats]:
    """Tables of answers that differ, some missing."""
    shape = st.tuples(st.integers(3, 6), st.integers(5, 9))
    answer = st.one_of(st.integers(low, high).map(float), st.just(float("nan")))
    return arrays("float64", shape, elements=answer)


@given(tables(), st.sampled_from(SCALES), st.randoms(use_true_random=False))
def test_the_order_of_raters_and_units_does_not_matter(values, scale, random) -> None:
    result = agreement(values, scale, seed=1, draws=0)
    raters, units = (random.sample(range(n), n) for n in values.shape)
    other = agreement(values[raters][:, units], scale, seed=1, draws=0)
    if isinstance(result, NoAgreement):
        assert other == result
    else:
        assert other.alpha.value == pytest.approx(result.alpha.value, abs=1e-9)


@given(tables(), st.sampled_from(SCALES))
def test_alpha_is_one_if_and_only_if_all_agree_of_every_unit(values, scale) -> None:
    result = agreement(values, scale, seed=1, draws=0)
    assume(isinstance(result, Agreement))
    same = all(len(np.unique(column[np.isfinite(column)])) <= 1 for column in values.T)
    assert (result.alpha.value == pytest.approx(1.0, abs=1e-12)) == same
    assert result.alpha.value <= 1 + 1e-12


@given(tables())
def test_alpha_is_that_of_the_definition(values) -> None:
    assume(isinstance(agreement(values, "interval", seed=1, draws=0), Agreement))
    assert alpha(values) == pytest.approx(by_definition(values), abs=1e-9)


@given(tables(), st.floats(0.5, 20), st.floats(-50, 50))
def test_the_unit_of_answers_does_not_matter_on_an_interval_scale(values, factor, shift) -> None:
    assume(isinstance(agreement(values, "interval", seed=1, draws=0), Agreement))
    assert alpha(values * factor + shift) == pytest.approx(alpha(values), abs=1e-6)
    assert alpha(np.exp(values), "ordinal") == pytest.approx(alpha(values, "ordinal"), abs=1e-9)


@given(tables())
def test_two_values_have_the_same_alpha_on_scales_that_tell_only_them_apart(values) -> None:
    values = np.minimum(values, 1)
    assume(isinstance(agreement(values, "nominal", seed=1, draws=0), Agreement))
    for scale in SCALES[1:]:
        assert alpha(values, scale) == pytest.approx(alpha(values, "nominal"), abs=1e-9)


@given(tables(), st.sampled_from(SCALES))
def test_limits_hold_the_value(values, scale) -> None:
    result = agreement(values, scale, seed=3, draws=40)
    assume(isinstance(result, Agreement))
    interval = result.alpha
    assert np.isnan(interval.lower) or interval.lower <= interval.value <= interval.upper + 1e-12
    assert not interval.upper > 1
