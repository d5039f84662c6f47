"""The rules of disclosure control on units that are nothing in particular."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import house
from risicomodel.core.errors import DataError
from risicomodel.publishing.disclosure import rules
from risicomodel.publishing.disclosure.rules import Limits
from support.gate import imports, ours, within

COUNTS = st.lists(st.integers(0, 60), min_size=2, max_size=6)


def cells(counts: list[float], groups: str) -> pd.DataFrame:
    """A unit per count, in groups named by a letter each."""
    count = np.array(counts, dtype="float64")
    population = np.full(len(counts), 900.0)
    return pd.DataFrame({
        "unit": range(len(counts)), "group": [*groups], "count": count,
        "population": population, "small": rules.too_small(count, population),
    })  # fmt: skip


class TestSuppress:
    def test_every_group_is_covered_by_itself(self) -> None:
        hidden, given_totals = rules.suppress(cells([4, 60, 80, 50, 70], "aaabb"), ["group"], {})
        assert hidden.tolist() == [True, True, False, False, False]
        assert given_totals.tolist() == [True, True]

    def test_a_total_that_is_given_counts_what_is_in_no_unit(self) -> None:
        table = cells([4, 60, 80], "aaa")
        assert rules.suppress(table, ["group"], {("a",): 144.0})[0].sum() == 2
        # one count is shown larger than it is: of the total less is left than there is
        table["largest"] = [4.0, 60.0, 140.0]
        hidden, given_totals = rules.suppress(table, ["group"], {("a",): 144.0})
        assert hidden.tolist() == [True, False, False]
        assert not given_totals.any()

    def test_a_unit_twice_in_a_group_is_refused(self) -> None:
        table = cells([4, 60, 80], "aaa").assign(unit=[0, 1, 1])
        with pytest.raises(DataError, match=r"'unit': 1.* occurs more than once"):
            rules.suppress(table, ["group"], {})

    def test_other_limits_hide_other_units(self) -> None:
        table = cells([12, 60, 80], "aaa")
        assert not rules.suppress(table, ["group"], {})[0].any()
        table["small"] = rules.too_small(table["count"], table["population"], Limits(count=20))
        assert rules.suppress(table, ["group"], {}, Limits(count=20))[0].sum() == 2
        assert rules.suppress(table, ["group"], {}, Limits(count=20, cover=0.0))[0].sum() == 2
        many = Limits(count=80, cover=0.0)  # one more may be hidden, and is not enough
        assert not rules.suppress(table, ["group"], {}, many)[1].any()


class TestParts:
    @given(COUNTS)
    def test_what_is_hidden_of_a_whole_is_two_parts_and_ten_persons_or_all(
        self, parts: list[int]
    ) -> None:
        counts = np.array([parts], dtype="float64")
        hidden = rules.suppress_parts(counts, np.array([500.0]))
        assert hidden[counts < 10].all()
        if hidden.any() and not hidden.all():
            assert hidden.sum() >= 2
            assert counts[hidden].sum() >= 10

    def test_of_a_small_whole_nothing_is_shown(self) -> None:
        assert rules.suppress_parts(np.array([[40.0, 50.0]]), np.array([90.0])).all()


class TestPool:
    @given(st.lists(st.integers(0, 30), min_size=1, max_size=12))
    def test_no_class_is_left_with_too_few_unless_all_are(self, sizes: list[int]) -> None:
        pooled = rules.pool(np.array(sizes), 10)
        assert (np.diff(pooled) >= 0).all(), "classes stay in order"
        totals = pd.Series(sizes).groupby(pooled).sum()
        assert totals.sum() == sum(sizes)
        # classes without units at the end go with nothing that is shown
        assert (totals[totals > 0] >= 10).all() or len(totals[totals > 0]) == 1


def test_the_rules_know_no_table_of_ours() -> None:
    tree = ast.parse(house.files()["publishing.disclosure.rules"].read_text(encoding="utf-8"))
    inside = [ours(name) for name in imports(tree) if ours(name)]
    assert inside
    assert all(within(name, "core.arrays", "core.errors") for name in inside)
