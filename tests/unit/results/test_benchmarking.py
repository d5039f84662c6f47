"""Wijken add up to their gemeente's published total, or are left alone and named."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core.levels import BUURT
from risicomodel.results.estimates import benchmarking

COLUMNS = ["gm_code", "year", "clients", "published"]


def wijken(*rows: tuple[float, bool], gm: str = "GM0001", year: int = 2018) -> pd.DataFrame:
    return pd.DataFrame([(gm, year, *row) for row in rows], columns=COLUMNS)


def totals(total: float, gm: str = "GM0001", year: int = 2018) -> pd.DataFrame:
    return pd.DataFrame({"gm_code": [gm], "year": [year], "total": [total]})


def outcome(rows: pd.DataFrame, total: float, rounded_to: int = 5, most: float = 2.0) -> pd.Series:
    table = benchmarking.compare_totals(rows, totals(total), rounded_to, most)
    assert len(table) == 1
    return table.iloc[0]


def test_published_and_filled_wijken_share_the_total_in_proportion() -> None:
    rows = wijken((100.0, True), (60.0, True), (40.0, False))
    found = outcome(rows, 220)
    assert found[["before", "published", "n_published", "n_filled"]].to_list() == [200, 160, 2, 1]
    assert found["outcome"] == benchmarking.ADDED_UP
    assert found["factor"] == pytest.approx(1.1)
    assert found["moved"] == pytest.approx(20.0)
    table = benchmarking.compare_totals(rows, totals(220), 5, 2.0)
    moved = rows["clients"] * benchmarking.adjustment_factors(rows, table)
    np.testing.assert_allclose(moved, [110.0, 66.0, 44.0])


def test_without_a_total_nothing_is_moved() -> None:
    rows = pd.concat([wijken((50.0, True)), wijken((50.0, True), gm="GM0002"),
                      wijken((50.0, True), year=2019)], ignore_index=True)  # fmt: skip
    table = benchmarking.compare_totals(rows, totals(60), 5, 2.0)
    assert benchmarking.adjustment_factors(rows, table).to_list() == [pytest.approx(1.2), 1.0, 1.0]
    none = benchmarking.compare_totals(rows, totals(60).iloc[:0], 5, 2.0)
    assert none.empty
    assert benchmarking.adjustment_factors(rows, none).to_list() == [1.0, 1.0, 1.0]


def test_factors_stand_on_the_rows_they_belong_to() -> None:
    rows = pd.concat([wijken((50.0, True)), wijken((50.0, True), gm="GM0002")])
    rows.index = [40, 7]
    table = benchmarking.compare_totals(rows, totals(60, gm="GM0002"), 5, 2.0)
    assert benchmarking.adjustment_factors(rows, table).to_dict() == {
        40: 1.0,
        7: pytest.approx(1.2),
    }


@pytest.mark.parametrize("published", [1, 3, 11])
@pytest.mark.parametrize("rounded_to", [5, 10])
def test_rounding_explains_a_small_shortfall_and_no_more(published: int, rounded_to: int) -> None:
    """Three standard deviations of n + 1 uniform errors of variance r²/12."""
    slack = 3 * np.sqrt(rounded_to**2 / 12 * (published + 1))
    rows = wijken(*[(200.0, True)] * published)
    shown = 200.0 * published
    just, over = (outcome(rows, shown - by, rounded_to) for by in (slack - 0.01, slack + 0.01))
    assert just["outcome"] == benchmarking.ADDED_UP
    assert just["factor"] == pytest.approx((shown - slack) / shown, abs=1e-3)
    assert over["outcome"] == benchmarking.TOTAL_TOO_SMALL
    assert over[["factor", "moved"]].to_list() == [1.0, 0.0]


def test_what_rounding_can_do_is_simulated() -> None:
    """Counts that do add up, all published in fives: hardly ever taken for a contradiction."""
    rng = np.random.default_rng(1)
    true = rng.uniform(20, 500, (2_000, 8))
    shown = 5 * np.round(true / 5)
    total = 5 * np.round(true.sum(axis=1) / 5)
    found = [
        outcome(wijken(*[(c, True) for c in row]), t)["outcome"]
        for row, t in zip(shown[:300], total[:300], strict=True)
    ]
    assert found.count(benchmarking.TOTAL_TOO_SMALL) <= 2
    assert set(found) <= {benchmarking.ADDED_UP, benchmarking.TOTAL_TOO_SMALL}


def test_a_total_below_its_published_wijken_contradicts_them_also_if_far_below() -> None:
    for total in (300, 100, 0):
        found = outcome(wijken((200.0, True), (200.0, True), (30.0, False)), total)
        assert found["outcome"] == benchmarking.TOTAL_TOO_SMALL
        assert found[["factor", "moved"]].to_list() == [1.0, 0.0]


def test_published_wijken_are_scaled_no_further_than_allowed() -> None:
    rows = wijken((100.0, True), (20.0, False))
    assert outcome(rows, 240)["outcome"] == benchmarking.ADDED_UP
    assert outcome(rows, 245)["outcome"] == benchmarking.FACTOR_TOO_LARGE
    assert outcome(rows, 245)[["factor", "moved"]].to_list() == [1.0, 0.0]
    assert outcome(rows, 245, most=3.0)["factor"] == pytest.approx(245 / 120)
    # nor downwards: wijken that were filled in made far too much of it
    rows = wijken((100.0, True), (220.0, False))
    assert outcome(rows, 160)["outcome"] == benchmarking.ADDED_UP
    assert outcome(rows, 155)["outcome"] == benchmarking.FACTOR_TOO_LARGE


@pytest.mark.parametrize("total", [0.0, 10.0, 400.0, 5_000.0])
def test_where_no_wijk_is_published_all_are_scaled_whatever_the_factor(total: float) -> None:
    rows = wijken((30.0, False), (70.0, False))
    found = outcome(rows, total)
    assert found["outcome"] == benchmarking.ADDED_UP
    assert found["factor"] == pytest.approx(total / 100)


def test_nobody_cannot_share_a_total_but_is_one_of_its_own() -> None:
    rows = wijken((0.0, True), (0.0, False))
    some = outcome(rows, 25)
    assert some["outcome"] == benchmarking.NO_CLIENTS_EXPECTED
    assert some[["factor", "moved"]].to_list() == [1.0, 0.0]
    none = outcome(rows, 0)
    assert none["outcome"] == benchmarking.ADDED_UP
    assert none[["factor", "moved"]].to_list() == [1.0, 0.0]


def test_untouched_keeps_what_was_found_and_moves_nothing() -> None:
    rows = pd.concat([wijken((100.0, True)), wijken((100.0, True), gm="GM0002")])
    both = pd.concat([totals(120), totals(20, gm="GM0002")])
    table = benchmarking.without_adjustment(benchmarking.compare_totals(rows, both, 5, 2.0))
    assert table["outcome"].to_list() == [benchmarking.NOT_REQUESTED, benchmarking.TOTAL_TOO_SMALL]
    assert table["factor"].to_list() == [1.0, 1.0]
    assert table["moved"].to_list() == [0.0, 0.0]
    assert table["before"].to_list() == [100.0, 100.0]


# -- notes ------------------------------------------------------------------------------------


def test_what_does_not_add_up_is_told_once_per_domain_and_outcome() -> None:
    row = {"gm_code": "GM0001", "year": 2018, "domain": "wmo", "model": "glm"}
    table = pd.DataFrame([
        {**row, "outcome": benchmarking.ADDED_UP},
        {**row, "outcome": benchmarking.TOTAL_TOO_SMALL, "gm_code": "GM0002"},
        {**row, "outcome": benchmarking.TOTAL_TOO_SMALL, "gm_code": "GM0002", "model": "lightgbm"},
        {**row, "outcome": benchmarking.TOTAL_TOO_SMALL, "gm_code": "GM0003"},
        {**row, "outcome": benchmarking.FACTOR_TOO_LARGE, "year": 2019},
        {**row, "outcome": benchmarking.NO_CLIENTS_EXPECTED, "domain": "jeugd"},
    ])  # fmt: skip
    notes = benchmarking.benchmarking_notes(table)
    assert len(notes) == 3
    (below,) = [note for note in notes if "smaller than its published wijken" in note]
    assert below.startswith("wmo: 2 gemeente-years do not add up, for example GM0002 in 2018")
    (far,) = [note for note in notes if "estimate.most_moved" in note]
    assert far.startswith("wmo: 1 gemeente-year does not add up, for example GM0001 in 2019")
    assert all("adding_up.csv" in note for note in notes)


@pytest.mark.parametrize("outcome", [benchmarking.TOTAL_TOO_SMALL, benchmarking.FACTOR_TOO_LARGE])
def test_doubts_about_buurten_are_told_of_buurten(outcome: str) -> None:
    row = {"gm_code": "GM0001", "year": 2018, "domain": "wmo", "model": "glm", "outcome": outcome}
    (note,) = benchmarking.benchmarking_notes(pd.DataFrame([row]), BUURT)
    assert "buurten" in note
    assert "wijken" not in note


def test_what_adds_up_or_was_left_alone_on_request_is_not_told() -> None:
    row = {"gm_code": "GM0001", "year": 2018, "domain": "wmo", "model": "glm"}
    quiet = [{**row, "outcome": o} for o in (benchmarking.ADDED_UP, benchmarking.NOT_REQUESTED)]
    assert benchmarking.benchmarking_notes(pd.DataFrame(quiet)) == []


# -- whatever the figures ---------------------------------------------------------------------


@st.composite
def country(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    places = [("GM0001", 2018), ("GM0001", 2019), ("GM0002", 2018)]
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(places),
                st.one_of(st.just(0.0), st.floats(1e-3, 5_000)),
                st.booleans(),
            ),
            min_size=1,
            max_size=25,
        )
    )
    table = pd.DataFrame([(*place, n, shown) for place, n, shown in rows], columns=COLUMNS)
    known = draw(st.lists(st.sampled_from(places), unique=True))
    published = [(*place, 5.0 * draw(st.integers(0, 2_000))) for place in known]
    return table, pd.DataFrame(published, columns=["gm_code", "year", "total"]).astype(
        {"gm_code": "str", "year": "int64", "total": "float64"}
    )


@given(country())
def test_sums_survive_and_nothing_becomes_negative(
    made: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    rows, known = made
    table = benchmarking.compare_totals(rows, known, 5, 2.0)
    factor = benchmarking.adjustment_factors(rows, table)
    assert (factor >= 0).all()
    after = rows.assign(clients=rows["clients"] * factor)
    sums = after.groupby(benchmarking.KEY)["clients"].sum()
    before = rows.groupby(benchmarking.KEY)["clients"].sum()
    for row in table.to_dict("records"):
        place = row["gm_code"], row["year"]
        wanted = row["total"] if row["outcome"] == benchmarking.ADDED_UP else before[place]
        assert sums[place] == pytest.approx(wanted, rel=1e-9, abs=1e-6)
        assert row["moved"] == pytest.approx(sums[place] - before[place], rel=1e-6, abs=1e-6)
        within = 0.5 - 1e-9 <= row["factor"] <= 2 + 1e-9
        assert within or row["n_published"] == 0
        assert (
            row["n_published"] + row["n_filled"]
            == ((rows["gm_code"] == place[0]) & (rows["year"] == place[1])).sum()
        )


@given(country(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(
    made: tuple[pd.DataFrame, pd.DataFrame], random: object
) -> None:
    rows, known = made
    order = list(range(len(rows)))
    random.shuffle(order)
    mixed = rows.iloc[order]
    plain = benchmarking.adjustment_factors(rows, benchmarking.compare_totals(rows, known, 5, 2.0))
    other = benchmarking.adjustment_factors(
        mixed, benchmarking.compare_totals(mixed, known[::-1], 5, 2.0)
    )
    np.testing.assert_allclose(other.sort_index(), plain, rtol=1e-9)
