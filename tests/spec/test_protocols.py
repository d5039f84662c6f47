"""Protocols: what a model may have seen before it is scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.learning import crossfit
from risicomodel.learning.protocols import PROTOCOLS
from support.running import whole_run
from support.splitting import CROSS, SETTINGS, countries, few, folds

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel


def test_what_each_protocol_knows_is_as_the_design_says() -> None:
    """Each protocol hides what its name says: the gemeente, the wijk, the years to come, or
    nothing but the row.

    DESIGN section 5: changing one of these changes what every score means.
    """
    assert {name: (p.group, p.reveals) for name, p in PROTOCOLS.items()} == {
        "unseen_gemeente": ("gm_group", "nation"),
        "unseen_wijk": ("wijk_group", "gemeente"),
        "next_years": ("", "history"),
        "random": ("", "nation"),
    }


@pytest.mark.parametrize("name", CROSS)
@given(country=countries(), seed=st.integers(0, 5))
def test_every_row_is_tested_exactly_once_and_never_on_what_it_taught(
    name: str, country: tuple[pd.DataFrame, pd.Series], seed: int
) -> None:
    """Every row is predicted exactly once, by a model that did not learn from it."""
    table, usable = country
    found = folds(name, table, settings=few(3), usable=usable, seed=seed)
    assert [fold.fold for fold in found] == [0, 1, 2]
    tested = np.concatenate([fold.test for fold in found])
    assert sorted(tested) == list(range(len(table)))
    for fold in found:
        assert not set(fold.train) & set(fold.test)
        assert usable.to_numpy()[fold.train].all()
        # all that is not asked about and has a figure is learned from
        assert len(fold.train) + usable.to_numpy()[fold.test].sum() == usable.sum()
        np.testing.assert_array_equal(fold.features_from, fold.test)
        assert fold.origin is None


@pytest.mark.parametrize(
    ("name", "group"),
    [("unseen_gemeente", "gm_group"), ("unseen_gemeente", "gm_code"),
     ("unseen_gemeente", "place_id"), ("unseen_wijk", "wijk_group"),
     ("unseen_wijk", "wijk_code"), ("unseen_wijk", "place_id")],
)  # fmt: skip
@given(country=countries())
def test_no_group_is_in_training_and_test_at_once(
    name: str, group: str, country: tuple[pd.DataFrame, pd.Series]
) -> None:
    """No gemeente is on both sides of an unseen_gemeente fold, and no wijk on both sides of an
    unseen_wijk fold, whatever its code was in other years.
    """
    table, usable = country
    for fold in folds(name, table, settings=few(3), usable=usable):
        train, test = table[group].iloc[fold.train], table[group].iloc[fold.test]
        assert not set(train) & set(test)


def test_next_years_trains_on_nothing_after_the_origin_and_asks_only_about_later(
    small_panel: Panel,
) -> None:
    """next_years learns from figures up to a year and predicts only later ones."""
    wijken = small_panel.wijken
    year = wijken["year"].to_numpy()
    settings = replace(SETTINGS, origins=[2016, 2017], horizon=1)
    found = folds("next_years", wijken, settings=settings)
    assert [fold.origin for fold in found] == [2016, 2017]
    for fold in found:
        assert fold.origin is not None
        assert year[fold.train].max() == fold.origin
        assert set(year[fold.test]) == {fold.origin + 1}
        assert set(fold.test) == set(np.flatnonzero(year == fold.origin + 1))
    (far,) = folds("next_years", wijken, settings=replace(settings, origins=[2016], horizon=5))
    assert set(year[far.test]) == {2017, 2018}


@pytest.mark.parametrize("name", [*CROSS, "next_years"])
def test_names_of_wijken_change_no_fold(small_panel: Panel, name: str) -> None:
    """The names of wijken and gemeenten do not decide which fold they are in."""
    wijken = small_panel.wijken
    renamed = wijken.assign(wijk_name="Anders", gm_name="Elders")
    for plain, other in zip(folds(name, wijken), folds(name, renamed), strict=True):
        assert crossfit.hash_of(plain) == crossfit.hash_of(other)


def test_rows_without_a_figure_or_with_few_people_teach_nothing(small_panel: Panel) -> None:
    """Rows without a published figure, or with too few people, are predicted and never learned
    from.
    """
    wijken = small_panel.wijken
    settings = replace(SETTINGS, min_population=800)
    observed = wijken["wmo_status"] == "observed"
    assert not observed.all()
    for name in PROTOCOLS:
        for fold in folds(name, wijken, settings=settings):
            rows = wijken.iloc[fold.train]
            assert (rows["wmo_status"] == "observed").all()
            assert (rows["wmo_population"] >= 800).all()
            # but they are predicted
    tested = {row for fold in folds("unseen_wijk", wijken) for row in fold.test}
    assert set(np.flatnonzero(~observed)) <= tested


def test_a_random_split_flatters() -> None:
    """A random split gives better scores than unseen gemeenten, which is why it is no measure of
    quality.
    """
    board = pd.read_csv(whole_run() / "leaderboard.csv")
    wape = board.pivot_table(index=["domain", "model"], columns="protocol", values="wape")
    learned = wape.loc[(slice(None), ["glm", "lightgbm", "kernel"]), :]
    assert (learned["random"] < learned["unseen_gemeente"]).all()


def test_learned_models_beat_the_mean_and_the_past_beats_all_but_the_future() -> None:
    """A learned model beats the national mean on unseen gemeenten, where the gemeente's own mean
    is not known.
    """
    board = pd.read_csv(whole_run() / "leaderboard.csv")
    wape = board.pivot_table(index=["protocol", "domain"], columns="model", values="wape")
    new, ahead = wape.loc["unseen_gemeente"], wape.loc["next_years"]
    # who lives there says little about jeugd, and 25 gemeenten are few
    assert (new["glm"] < new["mean"])[["bijstand", "wmo"]].all()
    assert (new["mean"] == new["gemeente_mean"]).all(), "a gemeente never seen has no mean"
    assert (ahead["persistence"] < ahead["mean"]).all()
