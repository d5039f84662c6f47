"""What is held back cannot be read, nor worked out: the tests here try to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.publishing.disclosure import applied, rules, tables
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import downloads, gemeente
from risicomodel.publishing.report.country import Country
from support.disclosure import KEY, LEAST, PEOPLE, attack, true_cells, whole_tables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def of_run() -> tables.Tables:
    return whole_tables()


class TestCover:
    def test_two_are_hidden_where_one_is_small(self) -> None:
        small = np.array([True, False, False, False])
        clients, people = np.array([4.0, 60, 30, 90]), np.array([200.0, 900, 300, 2000])
        hidden, given = rules.cover(small, clients, people, 190.0)
        assert hidden.tolist() == [True, False, True, False], "the smallest by people goes too"
        assert given

    def test_one_alone_is_no_cover_however_large_it_is_estimated(self) -> None:
        """A cell that CBS left blank is small, also where its estimate is not."""
        small = np.array([True, False, False])
        clients, people = np.array([12.0, 60, 30]), np.array([200.0, 900, 300])
        hidden, given = rules.cover(small, clients, people, 102.0)
        assert hidden.tolist() == [True, False, True], "or the total tells the only one"
        assert given

    def test_nothing_is_hidden_where_nothing_is_small(self) -> None:
        hidden, given = rules.cover(
            np.array([False, False]), np.array([50.0, 60]), np.array([900.0, 900]), 110.0
        )
        assert not hidden.any()
        assert given

    def test_the_total_is_not_given_where_too_many_would_have_to_go(self) -> None:
        small = np.array([True, False, False])
        clients, people = np.array([1.0, 11.0, 12.0]), np.array([100.0, 101, 102])
        hidden, given = rules.cover(small, clients, people, 24.0)
        assert hidden.sum() == 2 or not given
        alone, given = rules.cover(np.array([True]), np.array([4.0]), np.array([150.0]), 4.0)
        assert alone.all()
        assert not given, "the total of one wijk is that wijk"

    @given(
        st.lists(st.tuples(st.integers(0, 60), st.integers(50, 900)), min_size=1, max_size=12),
        st.integers(0, 30),
    )
    def test_what_is_left_is_never_small(self, parts: list[tuple[int, int]], beside: int) -> None:
        clients = np.array([float(c) for c, _ in parts])
        people = np.array([float(p) for _, p in parts])
        small = (clients < LEAST) | (people < PEOPLE)
        total = clients.sum() + beside
        hidden, given = rules.cover(small, clients, people, total)
        assert (hidden | ~small).all(), "small ones stay hidden"
        if given and hidden.any():
            assert hidden.sum() >= 2
            assert total - clients[~hidden].sum() >= LEAST
            assert people[hidden].sum() >= PEOPLE


class TestFolder:
    def test_there_is_something_to_hide(self, of_run: tables.Tables) -> None:
        cells = true_cells(of_run)
        assert cells["small"].sum() > 50
        assert (cells["status"] == "suppressed").sum() > 5

    def test_the_attack_would_find_a_leak(
        self, tmp_path: Path, of_run: tables.Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without covering, totals give small figures away: an attack that finds none is none."""
        monkeypatch.setattr(rules, "cover", lambda hidden, *_, **__: (hidden, True))
        country, words = Country(applied.of_tables(of_run)), Words("nl", of_run.domains)
        for one in gemeente.find(country, "all"):
            downloads.write(one, words, tmp_path / one.code, "")
        cells = true_cells(of_run)
        assert [leak for folder in tmp_path.iterdir() for leak in attack(folder, cells)]


class TestExplained:
    """What is left when the wijken that are shown are taken away from a mean: nothing."""

    @staticmethod
    def left(table: pd.DataFrame, cells: pd.DataFrame) -> pd.Series:
        """Return what a gemeente's contributions beside its own mean add up to, per feature.

        They add up to 0 over the people whom the mean is of: what is left is of others.
        """
        rows = table.merge(cells[[*KEY, "gm_code", "population"]], on=KEY)
        rows["left"] = rows["contribution_vs_gemeente"] * rows["population"]
        by = rows.groupby(["domain", "year", "gm_code", "feature"])
        return (by["left"].sum() / by["population"].sum()).abs()

    def test_beside_a_gemeente_tells_nothing_of_those_hidden(self, of_run: tables.Tables) -> None:
        shown = applied.of_tables(of_run)
        assert shown.explanations is not None
        assert of_run.explanations is not None
        cells = true_cells(of_run)
        assert self.left(shown.explanations, cells).max() < 1e-12
        # the run's own, without the wijken that are hidden, would tell
        own = of_run.explanations.astype({"domain": "str", "wijk_code": "str", "feature": "str"})
        own = own.merge(shown.explanations[[*KEY, "feature"]], on=[*KEY, "feature"])
        assert (self.left(own, cells) > 1e-6).any()

    def test_beside_similar_wijken_is_beside_those_shown(self, of_run: tables.Tables) -> None:
        shown = applied.of_tables(of_run)
        assert shown.explanations is not None
        assert shown.similar is not None
        rows = shown.explanations[shown.explanations["year"] == shown.similar["year"].iloc[0]]
        own = rows.set_index(["domain", "wijk_code", "feature"])
        other = own["contribution"].rename_axis(["domain", "similar_code", "feature"])
        pairs = shown.similar[["wijk_code", "similar_code"]].merge(
            other.reset_index(), on="similar_code"
        )
        mean = pairs.groupby(["domain", "wijk_code", "feature"])["contribution"].mean()
        beside = own["contribution"] - own["contribution_vs_similar"]
        pd.testing.assert_series_equal(
            beside.dropna(), mean.reindex(beside.dropna().index), check_names=False
        )
