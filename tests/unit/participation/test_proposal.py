"""Which wijken are proposed to talk about."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.participation import proposal

NOBODY = np.zeros(6, dtype=bool)
STAKE = np.array([[0.0, 0], [900, 50], [100, 3000], [800, 0], [0, 10], [0, 0]])


def positions(wijken: tuple[proposal.ProposedWijk, ...], why: str = "") -> list[int]:
    return [wijk.position for wijk in wijken if why in {"", wijk.why}]


def test_a_stake_is_width_times_euro_times_distance() -> None:
    found = proposal.stakes(
        np.array([[10.0, 4], [30, np.nan]]),
        np.array([8_000.0, 3_000]),
        np.array([[0.5, 1], [np.nan, 1]]),
    )
    assert found.tolist() == [[40_000, 12_000], [0, 0]]


def test_what_cannot_be_is_refused_all_at_once() -> None:
    with pytest.raises(DataError) as refused:
        proposal.stakes(np.array([[-1.0, 2]]), np.array([np.nan, 5]), np.array([[1.0, -1]]))
    assert len(refused.value.details) == 3


def test_the_highest_stakes_over_all_domains_come_first_and_say_of_which_domain() -> None:
    found = proposal.proposed(STAKE, NOBODY, most=3, seed=1)
    assert positions(found) == [2, 1, 3]
    assert [(wijk.stake, wijk.domain) for wijk in found] == [(3100, 1), (950, 0), (800, 0)]


def test_one_where_all_agree_is_talked_about_too() -> None:
    agreed = np.array([False, True, False, False, True, False])
    found = proposal.proposed(STAKE, agreed, most=3, seed=1)
    assert positions(found, "stake") == [2, 1]
    assert positions(found, "control") == [4]


def test_wijken_on_which_nothing_hangs_are_not_proposed() -> None:
    found = proposal.proposed(STAKE, NOBODY, most=6, seed=1)
    assert positions(found) == [2, 1, 3, 4]


def test_a_seed_decides_between_equals_and_nothing_else_does() -> None:
    equal = np.ones((6, 1))
    orders = {tuple(positions(proposal.proposed(equal, NOBODY, most=2, seed=s))) for s in range(40)}
    assert len(orders) > 10
    assert {first for first, _ in orders} == set(range(6))
    again = [proposal.proposed(equal, NOBODY, most=2, seed=7) for _ in range(2)]
    assert again[0] == again[1]
    controls = {
        positions(proposal.proposed(STAKE * 0, ~NOBODY, most=2, seed=s))[0] for s in range(40)
    }
    assert controls == set(range(6))
    for seed in range(10):
        assert positions(proposal.proposed(STAKE, NOBODY, most=3, seed=seed)) == [2, 1, 3]


def test_time_for_one_wijk_is_no_evening() -> None:
    with pytest.raises(ConfigError, match="most is 1; expected 2 or more"):
        proposal.proposed(STAKE, NOBODY, most=1, seed=1)


@given(
    arrays("float64", (8, 3), elements=st.floats(0, 1e6)),
    arrays("bool", 8),
    st.integers(2, 10),
    st.integers(0, 99),
)
def test_no_wijk_is_proposed_twice_and_none_left_out_has_more(stake, agreed, most, seed) -> None:
    found = proposal.proposed(stake, agreed, most=most, seed=seed)
    assert len(set(positions(found))) == len(found) <= most
    controls = positions(found, "control")
    assert len(controls) == int(agreed.any())
    assert agreed[controls].all()
    chosen, total = positions(found, "stake"), stake.sum(axis=1)
    left_out = set(range(8)) - set(positions(found))
    if chosen and len(found) == most:
        assert total[list(left_out)].max(initial=0) <= total[chosen].min()


def test_distance_of_taps_is_in_categories() -> None:
    ends = np.eye(3)
    found = [[float(proposal.distance_of_taps(a, b)) for b in ends] for a in ends]
    assert found == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]


def test_distance_of_rates_is_a_part_of_the_gemeentes() -> None:
    field, model = np.array([0.12, np.nan, 0.1]), np.array([0.09, 0.1, 0.1])
    found = proposal.distance_of_rates(field, model, np.array([0.1, 0.1, 0.0]))
    np.testing.assert_allclose(found, [0.3, np.nan, np.nan])


@pytest.mark.parametrize(
    ("said", "agreed"),
    [
        ([2, 2, 2], True),
        ([2, 2, 2, np.nan], True),
        ([2, 2, np.nan, np.nan], False),
        ([2, 2, 2, 1], False),
        ([1, 1, 1], False),
        ([np.nan] * 4, False),
    ],
    ids=["all", "one does not know", "two", "one differs", "not the model", "nobody"],
)
def test_all_agree_with_each_other_and_with_the_model(said: list[float], agreed: bool) -> None:
    taps = np.array(said, dtype="float64")[:, None, None]
    assert proposal.all_agree(taps, np.array([[2.0]])).tolist() == [agreed]
    # a domain that nobody judged says nothing
    empty = np.full_like(taps, np.nan)
    two = np.concatenate([taps, empty], axis=2)
    assert proposal.all_agree(two, np.array([[2.0, 0.0]])).tolist() == [agreed]
