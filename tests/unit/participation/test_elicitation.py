"""Ranges and taps: brought to one confidence, checked, and said back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.core.errors import DataError
from risicomodel.participation import elicitation
from risicomodel.participation.elicitation import Range


def answer(low: float, high: float, best: float, sure: float) -> Range:
    return Range(*map(np.array, (low, high, best, sure)))


def answers(*rows: tuple[float, float, float, float]) -> Range:
    return Range(*np.array(rows, dtype="float64").T)


VALID = st.tuples(
    st.lists(st.floats(0, 100), min_size=3, max_size=3).map(sorted),
    st.sampled_from(elicitation.SURE),
).map(lambda drawn: answer(drawn[0][0], drawn[0][2], drawn[0][1], drawn[1]))


def test_the_example_of_idea() -> None:
    """Hemming et al. (2018): best ± distance × 80 / sure."""
    low, high = elicitation.rescaled(answer(20, 50, 30, 60), most=100)
    assert (float(low), float(high)) == pytest.approx((16.6667, 56.6667), abs=1e-4)


def test_rescaled_limits_stay_within_what_can_be() -> None:
    low, high = elicitation.rescaled(answers((1, 98, 90, 50), (0, 0, 0, 90)), most=100)
    assert low.tolist() == [0, 0]
    assert high.tolist() == [100, 0]


def test_no_answer_stays_no_answer() -> None:
    low, high = elicitation.rescaled(answer(*(np.nan,) * 4), most=100)
    assert np.isnan(low)
    assert np.isnan(high)


@given(VALID)
def test_a_range_holds_its_best_and_is_wider_at_more_confidence(valid: Range) -> None:
    narrow, wide = (elicitation.rescaled(valid, 100, sure) for sure in (50, 90))
    for low, high in (narrow, wide):
        assert 0 <= low <= valid.best + 1e-9
        assert valid.best - 1e-9 <= high <= 100
    assert wide[0] <= narrow[0] + 1e-9
    assert narrow[1] <= wide[1] + 1e-9


@given(VALID)
def test_at_the_confidence_of_the_person_nothing_changes(valid: Range) -> None:
    low, high = elicitation.rescaled(valid, 100, float(valid.sure))
    assert (float(low), float(high)) == pytest.approx((float(valid.low), float(valid.high)))


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        ((8, 14, 10, 80), []),
        ((0, 100, 0, 50), []),
        ((5, 5, 5, 90), []),
        ((-1, 14, 10, 80), ["number_low"]),
        ((8, 101, 10, 80), ["number_high"]),
        ((8, 14, 10, 85), ["choose_sure"]),
        ((8, 14, 10, 100), ["choose_sure"]),
        ((8, 14, 7, 80), ["range_order"]),
        ((8, 14, 15, 80), ["range_order"]),
        ((14, 8, 10, 80), ["range_order"]),
        ((np.nan, 14, 10, 80), ["number_low"]),
        ((8, 14, np.nan, np.nan), ["number_best", "choose_sure"]),
        ((14, 8, np.nan, 80), ["number_best", "range_order"]),
        ((np.inf, -5, 200, 0), ["number_low", "number_high", "number_best", "choose_sure",
                                "range_order"]),
    ],
)  # fmt: skip
def test_every_violation_is_given_at_once(
    row: tuple[float, float, float, float], keys: list[str]
) -> None:
    wrong = elicitation.violations(answers(row), most=100)
    assert [violation.key for violation in wrong] == keys


def test_an_error_names_every_answer_that_is_wrong() -> None:
    rows = answers((8, 14, 10, 80), (9, 14, 8, 80), (8, 14, 10, 55))
    with pytest.raises(DataError) as refused:
        elicitation.check(rows, most=100)
    assert str(refused.value).splitlines() == [
        "2 numbers of ranges are wrong; correct:",
        "  - answer 2: low, best and high are 9, 8 and 14; expected low ≤ best ≤ high",
        "  - answer 3: sure is 55; expected one of 50, 60, 70, 80, 90",
    ]
    elicitation.check(answers((8, 14, 10, 80)), most=100)


def test_what_is_said_back() -> None:
    said = elicitation.implied(answer(8, 14, 11, 90), most=100)
    assert said == elicitation.Implied(8, 14, confidence=90, as_answered=True)
    # surer than the person was: wider, in whole people, and new to who gave it
    said = elicitation.implied(answer(8, 14, 11, 70), most=100)
    assert said == elicitation.Implied(7, 15, confidence=90, as_answered=False)


@given(VALID)
def test_what_is_said_back_is_never_surer_than_the_answer(valid: Range) -> None:
    said = elicitation.implied(valid, most=100)
    low, high = elicitation.rescaled(valid, 100, said.confidence)
    assert 0 <= said.low <= low + 1e-5
    assert high - 1e-5 <= said.high <= 100


@pytest.mark.parametrize(
    ("rate", "tap"),
    [(0.0899, 0), (0.09, 1), (0.10, 1), (0.11, 1), (0.1101, 2), (0.0, 0), (np.nan, np.nan)],
)
def test_within_a_tenth_of_the_gemeente_is_the_same(rate: float, tap: float) -> None:
    found = elicitation.taps(np.array([rate]), np.array([0.10]))
    np.testing.assert_array_equal(found, [tap])


@given(st.floats(1e-4, 1.0), st.sampled_from([0.9, 1.1]))
def test_a_rate_on_a_limit_is_the_same_whatever_its_last_digit(reference, part) -> None:
    limit = np.array([reference * part])
    for rate in (limit, np.nextafter(limit, 0), np.nextafter(limit, 2)):
        assert elicitation.taps(rate, np.array([reference])).tolist() == [1.0]


def test_without_a_rate_of_the_gemeente_there_is_no_tap() -> None:
    assert np.isnan(elicitation.taps(np.array([0.1]), np.array([np.nan])))[0]
