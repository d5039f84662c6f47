"""Totals of gemeenten: where they start from, how they move, and what adds up to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from risicomodel.core import groups
from risicomodel.core.arrays import Floats
from risicomodel.results.forecasting import (
    backtest,
    components,
    gemeente_totals,
    reconciliation,
    total_trials,
    unassigned_share,
)
from risicomodel.results.forecasting.gemeente_totals import GemeenteTotals
from risicomodel.results.forecasting.reconciliation import Origin

CODES = pd.Index(["GM0001", "GM0002", "GM0003"])


def totals(clients: list[list[float]], halves: list[list[float]]) -> GemeenteTotals:
    """Return totals of two years with the halves of the last."""
    table = np.array(clients)
    of_years = np.full((*table.shape, 2), np.nan)
    of_years[:, -1] = halves
    return GemeenteTotals(CODES, [2019, 2020], table, of_years)


STEADY = [[100.0, 100.0], [200.0, 200.0], [300.0, 300.0]]
LEVEL = [[80.0, 80.0], [160.0, 160.0], [240.0, 240.0]]


class TestAhead:
    def test_without_growth_the_last_total_stays(self) -> None:
        ahead = gemeente_totals.ahead(totals(STEADY, LEVEL), np.ones((3, 3)))
        assert ahead is not None
        assert_allclose(ahead, np.array(STEADY)[:, [1]] * np.ones(3))

    def test_it_starts_from_the_total_whatever_the_wijken_sum_to(self) -> None:
        """What wijken tell is how they grow, not how many they are."""
        ahead = gemeente_totals.ahead(totals(STEADY, LEVEL), np.full((3, 2), 1.1))
        assert ahead is not None
        assert_allclose(ahead[:, 0], np.array([100.0, 200.0, 300.0]) * 1.1**0.5)
        assert_allclose(ahead[:, 1], np.array([100.0, 200.0, 300.0]) * 1.1**0.75)

    def test_growth_between_halves_weighs_less_further_ahead(self) -> None:
        halves = [[80.0, 88.0], [160.0, 176.0], [240.0, 264.0]]
        ahead = gemeente_totals.ahead(totals(STEADY, halves), np.ones((3, 3)))
        assert ahead is not None
        # the country's growth per year is twice that of half a year, damped by half every year
        per_year = 2 * np.log(1.1)
        growth = [0.5 * per_year * 0.5, 0.25 * per_year * 0.75, 0.125 * per_year * 0.875]
        assert_allclose(np.log(ahead[0] / 100.0), growth)

    def test_a_count_at_the_end_of_the_year_is_a_step_that_was_taken(self) -> None:
        counted = replace(
            totals(STEADY, LEVEL),
            at_year_end=np.array([110.0, np.nan, 300.0]),
            country=np.array([1000.0, 1000.0]),
        )
        ahead = gemeente_totals.ahead(counted, np.ones((3, 2)))
        assert ahead is not None
        assert_allclose(ahead[0], 100.0 * 1.1 ** np.array([0.5, 0.25]))
        assert_allclose(ahead[1:], np.array(STEADY)[1:, [1]] * np.ones(2))

    def test_a_change_of_reporting_is_not_followed_all_the_way(self) -> None:
        halves = [[80.0, 8_000.0], [16_000.0, 16_000.0], [24_000.0, 24_000.0]]
        ahead = gemeente_totals.ahead(totals(STEADY, halves), np.ones((3, 1)))
        assert ahead is not None
        assert ahead[0, 0] / 100.0 < np.exp(0.5 * gemeente_totals.MAX_LOG_GROWTH + 0.2)

    def test_a_gemeente_without_a_newest_total_has_no_forecast_of_it(self) -> None:
        lacking = [[100.0, np.nan], *STEADY[1:]]
        ahead = gemeente_totals.ahead(totals(lacking, LEVEL), np.ones((3, 1)))
        assert ahead is not None
        assert np.isnan(ahead[0, 0])
        assert np.isfinite(ahead[1:]).all()

    @pytest.mark.parametrize(
        "clients",
        [[[np.nan, 100.0], [np.nan, 200.0], [np.nan, 300.0]], [[np.nan] * 2] * 3],
        ids=["one year with totals", "none"],
    )
    def test_where_no_two_years_have_totals_they_are_not_forecast(
        self, clients: list[list[float]]
    ) -> None:
        assert gemeente_totals.ahead(totals(clients, LEVEL), np.ones((3, 1))) is None


class TestCarrying:
    links = pd.DataFrame(
        {
            "from_code": ["WK000100", "WK000101", "WK000200"],
            "to_code": ["WK000900", "WK000901", "WK000902"],
            "share": 1.0,
        }
    )
    old = pd.DataFrame(
        {
            "wijk_code": ["WK000100", "WK000101", "WK000200"],
            "gm_code": ["GM0001", "GM0001", "GM0002"],
            "people": [600.0, 400.0, 1_000.0],
        }
    )
    new = pd.DataFrame({"wijk_code": ["WK000900", "WK000901", "WK000902"], "gm_code": "GM0009"})

    def test_gemeenten_that_merged_are_added_up(self) -> None:
        between = gemeente_totals.links_between_gemeenten(self.old, self.new, self.links)
        figures = pd.DataFrame({"clients": [30.0, 50.0]}, index=["GM0001", "GM0002"])
        carried = gemeente_totals.carry_totals(figures, between, pd.Index(["GM0009"]))
        assert_allclose(carried, [[80.0]])

    def test_a_merged_gemeente_has_no_total_where_a_part_has_none(self) -> None:
        between = gemeente_totals.links_between_gemeenten(self.old, self.new, self.links)
        figures = pd.DataFrame({"clients": [30.0]}, index=["GM0001"])
        carried = gemeente_totals.carry_totals(figures, between, pd.Index(["GM0009"]))
        assert np.isnan(carried).all()

    def test_one_that_was_divided_is_divided_by_people(self) -> None:
        divided = self.new.assign(gm_code=["GM0008", "GM0009", "GM0009"])
        between = gemeente_totals.links_between_gemeenten(self.old, divided, self.links)
        figures = pd.DataFrame({"clients": [30.0, 50.0]}, index=["GM0001", "GM0002"])
        carried = gemeente_totals.carry_totals(figures, between, pd.Index(["GM0008", "GM0009"]))
        assert_allclose(carried[:, 0], [18.0, 62.0])


@st.composite
def origins(draw: st.DrawFn) -> tuple[Origin, Floats, Floats, Floats]:
    """Return gemeenten of a few wijken, with and without figures, and totals ahead."""
    n_gemeenten = draw(st.integers(1, 4))
    gm = np.array([g for g in range(n_gemeenten) for _ in range(draw(st.integers(1, 5)))])
    amounts = st.floats(5.0, 500.0)
    clients = np.array([draw(amounts) for _ in gm])
    figures = np.where([draw(st.booleans()) for _ in gm], clients, np.nan)
    sums = groups.sums(clients[:, None], gm)[:, 0]
    last = sums * np.array([draw(st.floats(1.0, 1.3)) for _ in range(n_gemeenten)])
    ahead = last[:, None] * draw(st.floats(0.8, 1.25)) * np.ones(2)
    share = np.full(n_gemeenten, draw(st.floats(0.0, 0.3)))
    origin = Origin(gm, figures, last, share, np.full(n_gemeenten, draw(st.floats(0.0, 0.1))))
    variance = np.full((len(gm), 2), draw(st.floats(1.0, 1_000.0)))
    return origin, clients[:, None] * np.ones(2), variance, ahead


def origin_of(
    gm: list[int],
    figures: list[float],
    last: list[float],
    *,
    share: float = 0.0,
    spread: float = 0.04,
) -> Origin:
    """Return an origin whose gemeenten have one share of people without a known wijk."""
    each = np.ones(len(last))
    return Origin(np.array(gm), np.array(figures), np.array(last), share * each, spread * each)


class TestReconciling:
    @given(origins())
    def test_wijken_fit_within_their_total(
        self, case: tuple[Origin, Floats, Floats, Floats]
    ) -> None:
        origin, clients, variance, ahead = case
        wijken = reconciliation.reconcile(clients, variance, origin, ahead)
        assert (wijken >= 0).all()
        assert (groups.sums(wijken, origin.gm) <= ahead * (1 + 1e-9)).all()

    def test_wijken_with_figures_grow_as_their_gemeente(self) -> None:
        origin = origin_of([0, 0], [60.0, 30.0], [100.0])
        own = np.array([[66.0], [33.0]])
        wijken = reconciliation.reconcile(own, np.ones((2, 1)), origin, np.array([[100.0]]))
        assert_allclose(wijken[:, 0], [60.0, 30.0])

    def test_what_is_left_goes_to_wijken_without_a_figure_as_far_as_they_are_uncertain(
        self,
    ) -> None:
        origin = origin_of([0, 0], [80.0, np.nan], [100.0], share=0.05)
        own = np.array([[80.0], [30.0]])
        unsure, sure = (
            reconciliation.reconcile(own, np.full((2, 1), v), origin, np.array([[100.0]]))[1, 0]
            for v in (1e6, 1e-6)
        )
        # of the total a twentieth has no known wijk: 15 are left
        assert_allclose(unsure, 15.0, rtol=0.01)
        assert sure > unsure

    def test_without_totals_nothing_moves(self) -> None:
        origin = origin_of([0, 0], [6.0, np.nan], [np.nan], share=0.1)
        own = np.array([[6.0], [3.0]])
        assert reconciliation.reconcile(own, np.ones((2, 1)), origin, None) is own
        assert_allclose(reconciliation.totals_of(own, origin, None), [[10.0]])

    def test_a_share_that_is_certain_leaves_the_rest_to_the_wijken(self) -> None:
        origin = origin_of([0, 0], [60.0, np.nan], [100.0], share=0.1, spread=0.0)
        own = np.array([[60.0], [20.0]])
        wijken = reconciliation.reconcile(own, np.ones((2, 1)), origin, np.array([[100.0]]))
        assert_allclose(wijken[:, 0], [60.0, 30.0])


class TestUnassignedShares:
    """Of gemeenten that merged: clients are added up, not shares."""

    def test_a_merged_gemeente_has_the_share_of_its_parts_together(self) -> None:
        of_year = pd.DataFrame(
            {"share": [0.10, 0.02], "spread": [0.0, 0.04], "size": [300.0, 100.0]},
            index=["GM0001", "GM0002"],
        )
        links = pd.DataFrame({"from_code": ["GM0001", "GM0002"], "to_code": "GM0009", "share": 1.0})
        shares = unassigned_share.carried(of_year, links)
        share, spread = shares.of(pd.Index(["GM0009", "GM0010"]))
        assert_allclose(share, [0.08, 0.0])
        assert_allclose(spread, [0.01, unassigned_share.SPREAD])


class TestStandIns:
    """Where few gemeenten have a published total, sums of wijken are scored beside them."""

    @staticmethod
    def wijken(gemeenten: int) -> pd.DataFrame:
        forecasts = dict.fromkeys([*components.MODELS, backtest.PERSISTENCE_BY_CODE], 90.0)
        rows = [
            {
                "domain": "bijstand", "origin_year": 2018, "year": 2019, "horizon": 1,
                "gm_code": f"GM{gm:04}", "gm_group": f"GM{gm:04}",
                "wijk_code": f"WK{gm:04}{part:02}", "basis": "figure", "clients": 100.0,
                "population": 1000.0, "shared_error": 0.1, "own_error": 0.1, **forecasts,
            }
            for gm in range(gemeenten)
            for part in range(2)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    @staticmethod
    def totals(gemeenten: int) -> pd.DataFrame:
        sums = total_trials.by_wijken(TestStandIns.wijken(gemeenten))
        return sums.assign(base=total_trials.PUBLISHED, clients=210.0)

    def test_few_totals_and_the_sums_of_the_others(self) -> None:
        both = total_trials.with_stand_ins(self.totals(2), self.wijken(10))
        of_one = both[both["model"] == components.DEFAULT_MODEL]
        assert of_one["base"].value_counts().to_dict() == {
            total_trials.STAND_IN: 8, total_trials.PUBLISHED: 2,
        }  # fmt: skip
        assert not of_one["gm_code"].duplicated().any()
        scores = total_trials.score(both).query("origin_year == 'all'")
        wape = scores[scores["model"] == components.DEFAULT_MODEL].set_index("base")["wape"]
        assert wape[total_trials.PUBLISHED] == pytest.approx(30 / 210)
        assert wape[total_trials.STAND_IN] == pytest.approx(20 / 200)

    def test_where_most_have_totals_these_alone_count(self) -> None:
        assert not total_trials.are_scarce(self.totals(8), self.wijken(10))
        assert total_trials.are_scarce(self.totals(2), self.wijken(10))

    def test_without_totals_all_are_sums(self) -> None:
        alone = total_trials.with_stand_ins(pd.DataFrame(), self.wijken(3))
        assert set(alone["base"]) == {total_trials.STAND_IN}
