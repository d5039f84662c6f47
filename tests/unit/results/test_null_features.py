"""Null features look like real ones, and few of them pass the margin that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from risicomodel.data import features
from risicomodel.results.explanation.null_features import (
    NullTerms,
    donor_rows,
    with_null_features,
)
from risicomodel.results.explanation.null_margin import (
    exceeding_shares,
    null_margin,
    smallest_sizes,
)

if TYPE_CHECKING:
    from risicomodel.core.arrays import Floats
    from risicomodel.learning.problem import Problem

SIZES = arrays.arrays(
    "float64",
    st.tuples(st.integers(1, 40), st.integers(1, 12)),
    elements=st.floats(0, 1) | st.just(0.0) | st.just(float("nan")),
)


@given(sizes=SIZES, share=st.floats(0.01, 0.99))
def test_of_the_null_features_at_hand_no_larger_share_passes(sizes: Floats, share: float) -> None:
    margin = null_margin(sizes, share)
    with_value = np.isfinite(sizes).any(axis=0)
    if with_value.any():
        shares = exceeding_shares(sizes[:, with_value], np.array([margin]))
        assert shares.mean() <= share + 1e-12
    else:
        assert margin == 0.0


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from([0.05, 0.1, 0.2]))
def test_of_others_like_them_no_larger_share_passes_on_average(seed: int, share: float) -> None:
    """Features differ in size (lognormal) and wijken within them; the mean is of 300 draws."""
    random = np.random.default_rng(seed)
    passed = []
    for _ in range(300):
        scale = random.lognormal(sigma=0.8, size=11)
        sizes = np.abs(random.normal(size=(200, 11))) * scale * (random.random((200, 11)) < 0.3)
        passed.append((sizes[:, 10] > null_margin(sizes[:, :10], share)).mean())
    assert np.mean(passed) <= share + 2 * np.std(passed) / np.sqrt(len(passed))


@given(sizes=SIZES)
def test_a_smaller_share_asks_for_no_smaller_margin(sizes: Floats) -> None:
    margins = [null_margin(sizes, share) for share in (0.5, 0.2, 0.1, 0.05)]
    assert margins == sorted(margins)


def test_one_null_feature_alone_says_too_little() -> None:
    sizes = np.array([[0.1], [0.3], [np.nan]])
    assert null_margin(sizes, 0.5) == pytest.approx(0.3)


def test_a_size_is_the_smallest_on_one_side_of_zero() -> None:
    terms = np.array([[[3.0, -2.0, 1.0, np.nan]], [[1.0, -4.0, -1.0, np.nan]]])
    sizes = smallest_sizes(terms)
    assert sizes[0, :3].tolist() == [1.0, 2.0, 0.0]
    assert np.isnan(sizes[0, 3])


# -- what is copied -------------------------------------------------------------------------------


def test_a_gemeente_gets_the_figures_of_one_other_that_year(problem: Problem) -> None:
    wijken = problem.wijken
    donors = donor_rows(wijken, np.random.default_rng(5))
    has = donors >= 0
    assert has.mean() > 0.99
    giver = wijken.iloc[donors[has]].reset_index(drop=True)
    taker = wijken[has].reset_index(drop=True)
    assert (giver["year"] == taker["year"]).all()
    assert (giver["gm_group"] != taker["gm_group"]).all()
    assert giver["gm_group"].groupby(taker["gm_group"]).nunique().eq(1).all()


def test_what_a_wijk_gets_lasts_over_the_years(problem: Problem) -> None:
    wijken = problem.wijken
    donors = donor_rows(wijken, np.random.default_rng(5))
    giver = pd.Series(wijken["place_id"].to_numpy()[donors])
    same = giver.groupby(wijken["place_id"].to_numpy()).nunique().eq(1)
    assert same.mean() > 0.8


def test_a_null_feature_has_the_parts_of_a_real_one_and_own_columns_stay(problem: Problem) -> None:
    found = with_null_features(problem, 6, seed=3)
    own = len(problem.x.columns)
    assert found.x.iloc[:, :own].equals(problem.x)
    assert found.fingerprint != problem.fingerprint
    null_columns = list(found.x.columns[own:])
    assert len({features.declared(name) for name in null_columns}) == 6
    for name in null_columns:
        source = name.split("__null")[0]
        real = [c for c in problem.x if features.declared(c) == source]
        parts = {features.part_of(c) for c in null_columns if c.startswith(f"{source}__null")}
        assert parts == {features.part_of(c) for c in real}
    again = with_null_features(problem, 6, seed=3)
    pd.testing.assert_frame_equal(again.x, found.x)
    assert not with_null_features(problem, 6, seed=4).x.equals(found.x)


def test_sums_in_a_circle_and_by_group() -> None:
    terms = NullTerms(["a", "b", "c"], np.array([[[1.0, 2.0, 4.0]]]))
    assert terms.in_groups_of(2).refits[0, 0].tolist() == [3.0, 6.0, 5.0]
    assert terms.in_groups_of(9).refits[0, 0].tolist() == [7.0, 7.0, 7.0]
    assert terms.summed_by(["x", "y", "x"]).refits[0, 0].tolist() == [5.0, 2.0]


def test_a_feature_that_no_refit_uses_is_no_null_feature() -> None:
    used = NullTerms(["a", "b"], np.array([[[0.0, 2.0]]])).in_use
    assert used.names == ["b"]
    assert used.refits.shape == (1, 1, 1)
