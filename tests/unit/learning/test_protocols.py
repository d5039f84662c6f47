"""Protocols: every row asked about once, no group on both sides, and the order of rows nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core.errors import ConfigError, DataError
from risicomodel.learning import crossfit, protocols
from risicomodel.learning.problem import usable_rows
from risicomodel.learning.protocols import Fold, SplitSettings
from support import fakes
from support.splitting import CROSS, SETTINGS, countries, few, folds

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel


def by_key(table: pd.DataFrame, found: list[Fold]) -> dict[tuple[str, int], int]:
    keys = list(zip(table["wijk_code"], table["year"], strict=True))
    return {keys[row]: fold.fold for fold in found for row in fold.test}


@pytest.mark.parametrize("name", CROSS)
@given(country=countries(), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_fold(
    name: str, country: tuple[pd.DataFrame, pd.Series], random: object
) -> None:
    table, usable = country
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = table.iloc[order].reset_index(drop=True)
    mixed_usable = usable.iloc[order].reset_index(drop=True)
    plain = by_key(table, folds(name, table, settings=few(3), usable=usable))
    assert by_key(mixed, folds(name, mixed, settings=few(3), usable=mixed_usable)) == plain


@pytest.mark.parametrize("name", CROSS)
def test_the_seed_decides_the_folds_and_nothing_else(small_panel: Panel, name: str) -> None:
    def hashes(seed: int) -> list[str]:
        return [crossfit.hash_of(fold) for fold in folds(name, small_panel.wijken, seed=seed)]

    assert hashes(1) == hashes(1)
    assert hashes(1) != hashes(2)


@pytest.mark.parametrize("name", CROSS)
@given(country=countries(), seed=st.integers(0, 5))
def test_no_fold_is_without_figures_however_few_groups_there_are(
    name: str, country: tuple[pd.DataFrame, pd.Series], seed: int
) -> None:
    table, usable = country
    found = folds(name, table, settings=few(3), usable=usable, seed=seed)
    assert all(usable.iloc[fold.test].any() for fold in found)


@pytest.mark.parametrize("name", CROSS)
def test_a_gemeente_more_or_less_moves_no_other_to_another_fold(
    small_panel: Panel, name: str
) -> None:
    """New figures, or one link more between places, must not deal everything anew."""
    wijken = small_panel.wijken
    fewer = wijken[wijken["gm_group"] != wijken["gm_group"].iloc[0]].reset_index(drop=True)
    assert len(fewer) < len(wijken)
    key = ["wijk_code", "year"]
    of = [
        pd.concat([table.iloc[f.test][key].assign(fold=f.fold) for f in folds(name, table)])
        for table in (wijken, fewer)
    ]
    both = of[0].merge(of[1], on=key)
    assert len(both) == len(fewer)
    assert (both["fold_x"] == both["fold_y"]).all()


def test_folds_of_many_groups_are_about_as_large(small_panel: Panel) -> None:
    for name in CROSS:
        usable = usable_rows(small_panel.wijken, "wmo", 100).to_numpy()
        counts = [usable[fold.test].sum() for fold in folds(name, small_panel.wijken)]
        assert min(counts) > 0
        if name != "unseen_gemeente":  # gemeenten differ in size
            assert max(counts) < 1.5 * min(counts)


def test_fewer_gemeenten_than_folds_is_refused_with_what_to_set(small_panel: Panel) -> None:
    wijken = small_panel.wijken
    three = wijken[wijken["gm_group"].isin(sorted(wijken["gm_group"].unique())[4:7])]
    three = three.reset_index(drop=True)
    known = three["gm_group"][usable_rows(three, "bijstand", 100)].nunique()
    assert known == 3
    usable = usable_rows(three, "bijstand", 100)
    with pytest.raises(DataError, match=r"unseen_gemeente: 3 gemeenten with figures for 5 folds.*"
                       r"Set split\.folds=3 or lower"):  # fmt: skip
        folds("unseen_gemeente", three, usable=usable)
    assert len(folds("unseen_gemeente", three, usable=usable, settings=few(3))) == 3


def test_fewer_wijken_than_folds_is_refused(small_panel: Panel) -> None:
    two = small_panel.wijken[small_panel.wijken["wijk_code"].isin(["WK900100", "WK900101"])]
    two = two.reset_index(drop=True)
    with pytest.raises(DataError, match=r"unseen_wijk: \d wijken with figures for 5 folds"):
        folds("unseen_wijk", two)


# -- next_years -------------------------------------------------------------------------------


def test_next_years_takes_features_from_the_same_place_at_the_origin_or_from_nowhere() -> None:
    rows = [("WK000100", 2018, 10, 100), ("WK000200", 2018, 10, 100), ("WK000100", 2019, 10, 100),
            ("WK000300", 2019, 10, 100), ("WK000400", 2019, 10, 100)]  # fmt: skip
    # code 100 was given to a new place; place 200 goes on as 300; 400 is new
    places = {("WK000100", 2018): "a", ("WK000200", 2018): "b", ("WK000100", 2019): "c",
              ("WK000300", 2019): "b", ("WK000400", 2019): "d"}  # fmt: skip
    wijken = fakes.panel(rows, places=places)
    (fold,) = folds("next_years", wijken, settings=replace(SETTINGS, origins=[2018]))
    assert fold.test.tolist() == [2, 3, 4]
    assert fold.features_from.tolist() == [-1, 1, -1]


def test_next_years_on_the_demo_looks_features_up_in_the_origins_year(small_panel: Panel) -> None:
    wijken = small_panel.wijken
    (fold,) = folds("next_years", wijken, settings=replace(SETTINGS, origins=[2016]))
    known = fold.features_from >= 0
    asked, sources = wijken.iloc[fold.test], wijken.iloc[fold.features_from[known]]
    assert (sources["year"] == 2016).all()
    assert (sources["place_id"].to_numpy() == asked["place_id"].to_numpy()[known]).all()
    # some places got another code meanwhile: the place is followed and not the code
    assert (sources["wijk_code"].to_numpy() != asked["wijk_code"].to_numpy()[known]).any()


def test_origins_default_to_every_year_with_two_to_learn_from_and_one_ahead(
    small_panel: Panel,
) -> None:
    assert [fold.origin for fold in folds("next_years", small_panel.wijken)] == [2017]


@pytest.mark.parametrize("origins", [[2018], [2030], [2010]])
def test_origins_without_a_year_ahead_are_refused(small_panel: Panel, origins: list[int]) -> None:
    with pytest.raises(DataError, match="figures exist for 2016, 2017, 2018, requested origins"):
        folds("next_years", small_panel.wijken, settings=replace(SETTINGS, origins=origins))


def test_one_year_of_figures_allows_no_next_years(small_panel: Panel) -> None:
    one = small_panel.wijken[small_panel.wijken["year"] == 2018].reset_index(drop=True)
    with pytest.raises(DataError, match="no origin is followed by a year with figures"):
        folds("next_years", one)


# -- settings ---------------------------------------------------------------------------------


def test_everything_wrong_with_the_settings_is_told_at_once() -> None:
    wrong = SplitSettings(protocols=["unseen"], folds=1, horizon=0, min_population=0)
    with pytest.raises(ConfigError) as caught:
        protocols.check(wrong)
    told = " | ".join(caught.value.details)
    for word in ("protocol 'unseen' is unknown", "folds is 1", "horizon is 0", "min_population"):
        assert word in told
    assert len(caught.value.details) == 4
    with pytest.raises(ConfigError, match="split settings"):
        protocols.check(SplitSettings(protocols=[]))
    protocols.check(SplitSettings())
