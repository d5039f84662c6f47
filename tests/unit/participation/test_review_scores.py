"""Who was nearest: scores of ranges, taps and the model, and their differences, pair by pair."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from risicomodel.core.errors import DataError
from risicomodel.core.metrics import interval_score, ranked_probability_score
from risicomodel.participation import elicitation, scores

# golden, with scoringrules 0.10.0 (Apache-2.0): of every row scoringrules.rps_score, which numbers
# outcomes from 1; and scoringrules.interval_score with an alpha of 0.2 for 20, 70 and 120 below
PROBABILITIES = np.array(
    [
        [0.31, 0.45, 0.24], [0.20, 0.05, 0.75], [0.00, 0.83, 0.17],
        [0.26, 0.47, 0.27], [0.23, 0.28, 0.49], [0.05, 0.77, 0.18],
    ]
)  # fmt: skip
OUTCOMES = np.array([0.0, 1, 2, 0, 1, 2])
GOLDEN = [0.5337, 0.6025, 0.6889, 0.6205, 0.2930, 0.6749]


def simulated(seed: int, *, bias: float = 0.0, n_reviewers: int = 12, n_wijken: int = 10):
    """Published figures, and what reviewers say of them who err for one reason and another."""
    random = np.random.default_rng(seed)
    published = random.normal(50, 12, n_wijken)
    of_all, of_one = random.normal(0, 3, n_wijken), random.normal(0, 3, (n_reviewers, 1))
    said = published + bias + of_all + of_one + random.normal(0, 6, (n_reviewers, n_wijken))
    return published, said


def band_scores(middle, published, half_width=6.0):
    return interval_score(published, middle - half_width, middle + half_width, 0.8)


def test_the_interval_score_of_the_issue() -> None:
    limits = np.full(3, 20.0), np.full(3, 40.0)
    found = interval_score(np.array([30.0, 45.0, 10.0]), *limits, coverage=0.8)
    np.testing.assert_allclose(found, [20, 70, 120])


def test_the_ranked_probability_score_is_that_of_scoringrules() -> None:
    found = ranked_probability_score(PROBABILITIES, OUTCOMES)
    np.testing.assert_allclose(found, GOLDEN, rtol=1e-9)
    shaped = ranked_probability_score(PROBABILITIES.reshape(2, 3, 3), OUTCOMES.reshape(2, 3))
    np.testing.assert_allclose(shaped.ravel(), GOLDEN, rtol=1e-9)


def test_further_off_costs_more_and_no_outcome_has_no_score() -> None:
    certain = scores.certain(np.array([0.0, 1.0, 2.0, np.nan]))
    assert ranked_probability_score(certain, np.zeros(4))[:3].tolist() == [0, 1, 2]
    assert np.isnan(ranked_probability_score(certain, np.zeros(4))[3])
    assert np.isnan(ranked_probability_score(certain[:1], np.array([np.nan])))[0]


@given(st.integers(0, 2), arrays("float64", 3, elements=st.floats(0.01, 1)))
def test_the_ranked_probability_score_is_proper(outcome, weights) -> None:
    """Nobody expects a better score from saying something else than they think."""
    belief = weights / weights.sum()
    said = scores.certain(np.array([float(outcome)]))
    expected = [
        float(belief @ ranked_probability_score(np.repeat(row, 3, axis=0), np.arange(3.0)))
        for row in (belief[None], said)
    ]
    assert expected[0] <= expected[1] + 1e-12


def test_the_field_is_the_mean_of_its_reviewers_and_then_scored() -> None:
    low = np.array([[10.0, 10.0], [30.0, np.nan], [np.nan, np.nan]])
    source = scores.of_ranges(low, low + 20, published=np.array([45.0, 25.0]))
    np.testing.assert_allclose(source(np.ones((1, 3))), [[70, 20]])
    # the second reviewer twice: limits 23.33 and 43.33 in the first wijk
    np.testing.assert_allclose(source(np.array([[1.0, 2, 0]])), [[20 + 10 * (45 - 130 / 3), 20]])
    assert np.isnan(source(np.array([[0.0, 0, 3]]))).all()


def test_taps_are_pooled_into_probabilities() -> None:
    taps = np.array([[0.0, np.nan], [0, np.nan], [1, np.nan], [2, np.nan], [np.nan, np.nan]])
    found = scores.of_taps(taps, outcome=np.array([1.0, 1.0]))(np.ones((1, 5)))
    assert found[0, 0] == pytest.approx(0.5**2 + (0.75 - 1) ** 2)
    assert np.isnan(found[0, 1])


def test_who_is_nearest_is_found_and_the_difference_is_paired() -> None:
    published, said = simulated(1)
    after = (said + published) / 2
    sources = {
        "before": scores.of_ranges(said - 6, said + 6, published),
        "after": scores.of_ranges(after - 6, after + 6, published),
        "model": scores.fixed(band_scores(published + 2, published, half_width=4)),
        "last_year": scores.fixed(band_scores(published + 15, published)),
    }
    result = scores.compare(sources, 12, seed=1)
    assert (result.n_wijken, result.n_reviewers) == (10, 12)
    assert result.nearest == "model"
    assert "last_year" not in result.within_chance
    assert result.scores["last_year"].value == pytest.approx(12 + 10 * 9)
    # two fixed sources differ by the same in every wijk: drawing anew changes nothing
    assert result.differences["model", "last_year"] == pytest.approx((-94.0,) * 3)
    for (one, two), difference in result.differences.items():
        apart = result.scores[one].value - result.scores[two].value
        assert difference.value == pytest.approx(apart)
        assert difference.lower <= difference.value <= difference.upper
    assert scores.compare(sources, 12, seed=1) == result
    assert scores.compare(sources, 12, seed=2) != result


def test_a_hard_wijk_is_hard_for_all_and_does_not_blur_the_difference() -> None:
    published, _ = simulated(2)
    hard = np.where(np.arange(10) < 3, 400.0, 0.0)
    worse = band_scores(published, published) + hard
    sources = {"one": scores.fixed(worse), "other": scores.fixed(worse + 1)}
    result = scores.compare(sources, 12, seed=1)
    assert result.scores["one"].upper - result.scores["one"].lower > 100
    assert result.differences["one", "other"] == pytest.approx((-1.0,) * 3)
    assert result.within_chance == ()


def test_all_sources_are_scored_on_the_same_wijken() -> None:
    published, said = simulated(3)
    said[:, 0] = np.nan
    model = band_scores(published, published)
    model[[0, 1]] = 1e6, np.nan
    sources = {
        "field": scores.of_ranges(said - 6, said + 6, published),
        "model": scores.fixed(model),
    }
    result = scores.compare(sources, 12, seed=1)
    assert result.n_wijken == 8
    assert result.scores["model"].value == pytest.approx(12)
    empty = scores.fixed(np.full(10, np.nan))
    with pytest.raises(DataError, match="0 wijken have a score of all of field, model"):
        scores.compare(sources | {"model": empty}, 12, seed=1)


@pytest.mark.parametrize(("n_reviewers", "n_wijken"), [(2, 10), (12, 4)])
def test_of_too_few_there_is_a_score_without_limits_and_nobody_is_surely_nearer(
    n_reviewers: int, n_wijken: int
) -> None:
    published, said = simulated(4, n_reviewers=n_reviewers, n_wijken=n_wijken)
    sources = {
        "field": scores.of_ranges(said - 6, said + 6, published),
        "model": scores.fixed(band_scores(published + 50, published)),
    }
    result = scores.compare(sources, n_reviewers, seed=1)
    assert np.isfinite(result.scores["field"].value)
    assert np.isnan(result.scores["field"].lower)
    assert (result.nearest, result.within_chance) == ("field", ("model",))


def test_a_difference_of_nothing_is_seldom_taken_for_one() -> None:
    """Two groups of one town, on the same wijken: their difference holds 0 nine times in ten."""
    times = 0
    for seed in range(100):
        published, said = simulated(seed, n_reviewers=24)
        first, second = np.full((2, 24, 10), np.nan)
        first[:12], second[12:] = said[:12], said[12:]
        sources = {
            "one": scores.of_ranges(first - 6, first + 6, published),
            "other": scores.of_ranges(second - 6, second + 6, published),
        }
        result = scores.compare(sources, 24, seed=seed, draws=200)
        times += bool(result.within_chance)
    assert times >= 85


def test_a_wijk_whose_reviewers_are_not_drawn_is_out_of_that_draw_alone() -> None:
    """Everyone judged one wijk only: no draw has them all, and still there are limits."""
    published, said = simulated(7, n_reviewers=40, n_wijken=40)
    said = np.where(np.eye(40) == 1, said, np.nan)
    sources = {
        "field": scores.of_ranges(said - 6, said + 6, published),
        "model": scores.fixed(band_scores(published, published)),
    }
    result = scores.compare(sources, 40, seed=1)
    assert result.n_wijken == 40
    assert result.scores["field"].lower < result.scores["field"].upper
    assert result.scores["model"] == pytest.approx((12.0,) * 3)


def test_limits_hold_the_true_difference_nine_times_in_ten() -> None:
    """Draws of reviewers pool fewer people than there are: off their mean, 78 of 100 would."""

    def sources(seed: int):
        random = np.random.default_rng(seed)
        published = random.normal(50, 12, 10)
        said = published + random.normal(0, 5, 10) + random.normal(0, 3, (12, 1))
        said = said + random.normal(0, 10, (12, 10))
        model = published + random.normal(0, 6, 10)
        return {
            "field": scores.of_ranges(said - 8, said + 8, published),
            "model": scores.fixed(band_scores(model, published, half_width=7.7)),
        }

    once = np.ones((1, 12))
    rounds = (sources(seed) for seed in range(1_000, 4_000))
    true = np.mean([(one["field"](once) - one["model"](once)).mean() for one in rounds])
    times = 0
    for seed in range(200):
        result = scores.compare(sources(seed), 12, seed=seed, draws=200)
        difference = result.differences["field", "model"]
        times += difference.lower <= true <= difference.upper
    assert 172 <= times <= 198


def test_a_field_that_is_biased_is_found_to_be_further_off() -> None:
    published, said = simulated(6, bias=15.0)
    sources = {
        "field": scores.of_ranges(said - 6, said + 6, published),
        "model": scores.fixed(band_scores(published + np.tile([4.0, -4.0], 5), published)),
    }
    result = scores.compare(sources, 12, seed=1)
    assert (result.nearest, result.within_chance) == ("model", ())


def test_answers_of_both_rounds_are_of_the_same_people() -> None:
    before, after = np.array([[1.0, 2], [3, np.nan]]), np.array([[5.0, np.nan], [6, 7]])
    for found, answers in zip(scores.answered_both(before, after), (before, after), strict=True):
        np.testing.assert_array_equal(found, [[answers[0, 0], np.nan], [answers[1, 0], np.nan]])


def test_a_band_at_another_confidence_is_that_of_two_half_normals() -> None:
    """Recipe: scipy.stats.norm.ppf(0.9, rate, (limit - rate) / scipy.stats.norm.ppf(0.95))."""
    model = np.array([0.10]), np.array([0.08]), np.array([0.14])
    lower, upper = scores.band_at(*model)
    assert (lower[0], upper[0]) == pytest.approx((0.0844174, 0.1311651), abs=1e-6)
    for limit, same in zip(scores.band_at(*model, confidence=0.9), model[1:], strict=True):
        np.testing.assert_allclose(limit, same)


def test_probabilities_are_those_of_two_half_normals() -> None:
    """Recipe: scipy.stats.norm.cdf(0.09, 0.10, 0.02 / z), 1 − cdf(0.11, 0.10, 0.04 / z)."""
    model = np.array([0.10]), np.array([0.08]), np.array([0.14])
    less, same, more = scores.tap_probabilities(*model, reference=np.array([0.10]))[0]
    assert (less, more) == pytest.approx((0.2054170, 0.3404581), abs=1e-6)
    assert less + same + more == pytest.approx(1)


def test_probabilities_at_the_ends_of_the_band() -> None:
    """The upper limit of "the same" on a limit of the band: 5% or 95% lies below it."""
    model = np.full(2, 0.10), np.full(2, 0.08), np.full(2, 0.14)
    found = scores.tap_probabilities(*model, reference=np.array([0.14, 0.08]) / 1.1)
    np.testing.assert_allclose(found[:, 2], [0.05, 0.95])


def test_a_band_without_width_is_certain_and_no_band_says_nothing() -> None:
    rate = np.array([0.10, 0.10, 0.10, np.nan])
    reference = np.array([0.12, 0.10, 0.08, 0.10])
    found = scores.tap_probabilities(rate, rate, rate, reference)
    assert found[:3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert np.isnan(found[3]).all()
    half = scores.tap_probabilities(rate[:1], rate[:1], rate[:1] + 0.1, np.array([0.10]))
    assert half[0, 0] == 0


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
    st.lists(st.floats(0.001, 1), min_size=2, max_size=6).map(sorted),
)
def test_probabilities_are_probabilities_and_follow_the_gemeente(band, references) -> None:
    lower, rate, upper = (np.full(len(references), number) for number in band)
    found = scores.tap_probabilities(rate, lower, upper, np.array(references))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found >= -1e-12).all()
    for one, two in pairwise(found):
        assert two[0] >= one[0] - 1e-12
        assert two[2] <= one[2] + 1e-12


def test_a_rate_outside_its_band_is_refused() -> None:
    wrong = np.array([0.1, 0.3]), np.array([0.05, 0.05]), np.array([0.2, 0.2])
    for refused in (
        lambda: scores.band_at(*wrong),
        lambda: scores.tap_probabilities(*wrong, np.array([0.1, 0.1])),
    ):
        with pytest.raises(DataError, match="1 of 2 rates lie outside their band"):
            refused()


def test_a_model_that_knows_its_errors_scores_better_than_last_years_tap() -> None:
    """Rates drawn as the band says: probabilities beat certainty, and a model surer than it is."""
    random = np.random.default_rng(9)
    reference = np.full(4_000, 0.10)
    rate = random.uniform(0.06, 0.14, 4_000)
    true = rate + random.normal(0, 0.012, 4_000)
    outcome = elicitation.taps(true, reference)
    width = 1.6449 * 0.012
    honest, too_sure = (
        scores.tap_probabilities(rate, rate - half, rate + half, reference)
        for half in (width, width / 5)
    )
    certain = scores.certain(elicitation.taps(rate, reference))
    means = [ranked_probability_score(p, outcome).mean() for p in (honest, too_sure, certain)]
    assert means[0] < means[1] < means[2]
