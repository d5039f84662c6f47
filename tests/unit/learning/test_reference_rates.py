"""What a protocol lets models know, by hand: and never the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from risicomodel.learning import protocols, reference_rates
from risicomodel.learning.problem import usable_rows
from risicomodel.learning.protocols import PROTOCOLS, Fold, SplitSettings
from support import fakes

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.protocols import Revealed
    from risicomodel.learning.reference_rates import ReferenceRates

# three gemeenten, two years; clients and people
TOY = fakes.panel(
    [
        ("WK000100", 2018, 10, 100), ("WK000101", 2018, 30, 300),
        ("WK000200", 2018, 50, 200), ("WK000300", 2018, None, 400),
        ("WK000100", 2019, 12, 100), ("WK000101", 2019, 33, 300),
        ("WK000200", 2019, 60, 200), ("WK000300", 2019, 20, 400),
    ]
)  # fmt: skip
USABLE = TOY["wmo_status"] == "observed"
ROW = {key: row for row, key in enumerate(zip(TOY["wijk_code"], TOY["year"], strict=True))}


def fold(test: list[tuple[str, int]], train: list[tuple[str, int]] | None = None) -> Fold:
    asked = np.array([ROW[key] for key in test])
    if train is None:
        learned = np.setdiff1d(np.flatnonzero(USABLE), asked)
    else:
        learned = np.array([ROW[key] for key in train])
    return Fold(0, learned, asked, asked)


def known(
    of: Fold, knows: Revealed, wijken: pd.DataFrame = TOY, usable: pd.Series = USABLE
) -> tuple[ReferenceRates, ReferenceRates]:
    return reference_rates.reveal(reference_rates.Counts.of(wijken, "wmo", usable), of, knows)


ALL_OF_2 = [("WK000200", 2018), ("WK000200", 2019)]


def test_the_nations_rate_is_that_of_the_training_rows_of_the_year() -> None:
    _, test = known(fold(ALL_OF_2), "nation")
    # without gemeente 2, and the blank of gemeente 3 counts nobody
    np.testing.assert_allclose(test.nation, [(10 + 30) / 400, (12 + 33 + 20) / 800])


def test_unseen_gemeente_never_knows_a_rate_of_the_gemeente_or_place_it_tests() -> None:
    train, test = known(fold(ALL_OF_2), "nation")
    assert np.isnan(test.gemeente).all()
    assert np.isnan(test.last).all()
    assert np.isfinite(train.gemeente).all()


def test_what_a_tested_gemeente_publishes_changes_nothing_known_of_it() -> None:
    changed = TOY.assign(wmo_clients=TOY["wmo_clients"].mask(TOY["gm_code"] == "GM0002", 199.0))
    for plain, other in zip(
        known(fold(ALL_OF_2), "nation"), known(fold(ALL_OF_2), "nation", changed), strict=True
    ):
        np.testing.assert_array_equal(plain.nation, other.nation)
        np.testing.assert_array_equal(plain.gemeente, other.gemeente)
        np.testing.assert_array_equal(plain.last, other.last)


def test_unseen_wijk_knows_the_gemeentes_published_rate_of_the_year() -> None:
    hidden = [("WK000100", 2018), ("WK000100", 2019)]
    _, test = known(fold(hidden), "gemeente")
    np.testing.assert_allclose(test.gemeente, [40 / 400, 45 / 400])
    # its own figures, of any year, are hidden
    assert np.isnan(test.last).all()
    np.testing.assert_array_equal(test.reference("gemeente"), test.gemeente)


def test_a_gemeente_without_any_figure_of_the_year_falls_back_on_the_nation() -> None:
    _, test = known(fold([("WK000300", 2018)]), "gemeente")
    assert np.isnan(test.gemeente).all()
    np.testing.assert_array_equal(test.reference("gemeente"), test.nation)


def test_a_gemeente_that_reports_nobody_is_no_level_to_be_a_multiple_of() -> None:
    nobody = TOY.assign(wmo_clients=TOY["wmo_clients"].mask(TOY["gm_code"] == "GM0002", 0.0))
    _, test = known(fold(ALL_OF_2), "gemeente", nobody)
    np.testing.assert_array_equal(test.gemeente, [0.0, 0.0])
    np.testing.assert_array_equal(test.reference("gemeente"), test.nation)


def test_the_nation_is_the_level_where_only_the_nation_is_known() -> None:
    train, _ = known(fold(ALL_OF_2), "nation")
    np.testing.assert_array_equal(train.reference("nation"), train.nation)


def test_the_last_rate_is_strictly_before_so_no_row_is_handed_its_own_answer() -> None:
    train, _ = known(fold([("WK000300", 2019)]), "history")
    rows = TOY.iloc[fold([("WK000300", 2019)]).train].reset_index(drop=True)
    first = (rows["year"] == 2018).to_numpy()
    assert np.isnan(train.last[first]).all()
    np.testing.assert_allclose(train.last[~first], [10 / 100, 30 / 300, 50 / 200])


def ahead(origin: int, wijken: pd.DataFrame = TOY, usable: pd.Series = USABLE) -> Fold:
    settings = SplitSettings(origins=[origin])
    (found,) = protocols.folds(PROTOCOLS["next_years"], wijken, usable, settings, seed=1)
    return found


def test_a_forecast_knows_rates_up_to_its_origin_and_none_after() -> None:
    _, test = known(ahead(2018), "history")
    # rows of 2019: wijken 100, 101, 200 and 300
    np.testing.assert_allclose(test.nation, [90 / 600] * 4)
    np.testing.assert_allclose(test.gemeente[:3], [40 / 400, 40 / 400, 50 / 200])
    np.testing.assert_allclose(test.last[:3], [0.1, 0.1, 0.25])
    assert np.isnan(test.gemeente[3])
    assert np.isnan(test.last[3])
    np.testing.assert_allclose(test.reference("history")[3], 90 / 600)


def test_figures_after_the_origin_change_nothing_a_forecast_knows(small_panel: Panel) -> None:
    wijken = small_panel.wijken
    usable = usable_rows(wijken, "wmo", 100)
    origin = ahead(2017, wijken, usable)
    later = wijken["year"] > 2017
    changed = wijken.assign(wmo_clients=wijken["wmo_clients"].mask(later, 3.0))
    for plain, other in zip(
        known(origin, "history", wijken, usable), known(origin, "history", changed, usable),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(plain.nation, other.nation)
        np.testing.assert_array_equal(plain.gemeente, other.gemeente)
        np.testing.assert_array_equal(plain.last, other.last)
    # rates of the origin's year and before are known, so the test can fail
    before = wijken.assign(wmo_clients=wijken["wmo_clients"].mask(~later, 3.0))
    _, other = known(origin, "history", before, usable)
    assert not np.array_equal(known(origin, "history", wijken, usable)[1].nation, other.nation)


def test_the_last_rate_follows_the_place_and_not_the_code() -> None:
    rows = [("WK000100", 2018, 10, 100), ("WK000100", 2019, 40, 100), ("WK000200", 2019, 12, 100),
            ("WK000300", 2018, 5, 100)]  # fmt: skip
    places = {("WK000100", 2018): "old", ("WK000200", 2019): "old", ("WK000100", 2019): "new"}
    wijken = fakes.panel(rows, places=places)
    usable = wijken["wmo_status"] == "observed"
    _, test = known(ahead(2018, wijken, usable), "history", wijken, usable)
    asked = wijken.iloc[ahead(2018, wijken, usable).test]["wijk_code"].tolist()
    last = dict(zip(asked, test.last, strict=True))
    assert np.isnan(last["WK000100"])
    assert last["WK000200"] == pytest.approx(0.1)


def test_rows_that_are_not_usable_count_for_no_rate() -> None:
    tiny = replace(
        reference_rates.Counts.of(TOY, "wmo", USABLE & (TOY["wijk_code"] != "WK000101")),
    )
    _, test = reference_rates.reveal(tiny, fold([("WK000100", 2018)]), "gemeente")
    np.testing.assert_allclose(test.gemeente, [10 / 100])


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_the_nation_is_known_of_every_row_of_the_demo(small_panel: Panel, name: str) -> None:
    wijken = small_panel.wijken
    usable = usable_rows(wijken, "wmo", 100)
    protocol = PROTOCOLS[name]
    for of in protocols.folds(protocol, wijken, usable, SplitSettings(), seed=1):
        for side, rows in zip(known(of, protocol.reveals, wijken, usable), (of.train, of.test),
                              strict=True):  # fmt: skip
            assert side.nation.shape == side.gemeente.shape == side.last.shape == (len(rows),)
            assert ((side.nation > 0) & (side.nation < 1)).all()
            assert (side.reference(protocol.reveals) > 0).all()
