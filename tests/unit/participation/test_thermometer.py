"""What comes of a Thermometer: counts, intervals and differences, and no layer under five."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from risicomodel.core.errors import ConfigError
from risicomodel.core.intervals import wilson
from risicomodel.participation import forms, permutation, thermometer
from risicomodel.participation.form_rules import AGREE, POINTS
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.thermometer import ALL, COUNTS, KNOWLEDGE, LEAST, OTHERS, SHARE
from support import evenings, thermometers

if TYPE_CHECKING:
    from pathlib import Path

FORM = forms.named("thermometer")
STATEMENTS = [item.key for item in FORM.items if item.kind == AGREE]
MONEY = ("money_known", "money_well_spent")
ANSWERS = [*map(str, range(1, POINTS + 1)), "unknown"]


def said(rows: list[tuple[str, str, str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["person", "role", "item", "value"])


def read(rows: list[tuple[str, str, str, Any]]) -> pd.DataFrame:
    table = thermometer.read(said(rows), FORM, thermometers.TRUTHS)
    return table.set_index(["part", "name", "layer"]).sort_index()


@given(st.integers(1, 200), st.floats(0, 1))
def test_intervals_are_those_of_statsmodels(n: int, share: float) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion", reason="no statsmodels")
    expected = proportion.proportion_confint(share * n, n, alpha=0.10, method="wilson")
    found = wilson(share, n)
    np.testing.assert_allclose((found.lower, found.upper), expected, atol=1e-9)


SCORES = st.lists(st.sampled_from([1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5]), min_size=2, max_size=4)


@settings(max_examples=30, deadline=None)
@given(st.lists(SCORES, min_size=2, max_size=3))
def test_an_exact_p_is_that_of_scipy(groups: list[list[float]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    arrays = [np.array(group) for group in groups]
    ours = permutation.between_groups(arrays, seed=1)
    if not ours.is_exact:
        return

    def statistic(*samples: Any) -> float:
        return float(sum(len(sample) * (sample.mean() - 3) ** 2 for sample in samples))

    # about any middle the statistic orders the ways to deal alike: people stay the same
    theirs = stats.permutation_test(
        arrays, statistic, vectorized=False, n_resamples=np.inf, alternative="greater"
    )
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-9)


def test_a_p_of_draws_is_near_that_of_scipy_and_never_0() -> None:
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(3)
    groups = [random.normal(mean, 1, 20).round(1) for mean in (3.0, 3.4, 3.7)]
    ours = permutation.between_groups(groups, seed=1)

    def statistic(*samples: Any, axis: int) -> Any:
        return sum(sample.shape[axis] * sample.mean(axis=axis) ** 2 for sample in samples)

    theirs = stats.permutation_test(
        groups, statistic, vectorized=True, n_resamples=9_999, alternative="greater",
        rng=np.random.default_rng(5),
    )  # fmt: skip
    assert not ours.is_exact
    assert abs(ours.p - theirs.pvalue) < 5 * math.sqrt(2 * ours.p / 9_999)
    apart = [np.full(20, 1.0), np.full(20, 3.0), np.full(20, 5.0)]
    assert permutation.between_groups(apart, seed=1).p == 1 / 10_000
    alone = permutation.between_groups([groups[0]], seed=1)
    assert math.isnan(alone.p)


def test_what_is_looked_at_together_is_weighed_as_statsmodels_does() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="no statsmodels")
    p_values = np.array([0.04, 0.001, 0.3, 0.02, 0.02])
    expected = multitest.multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(permutation.holm(p_values), expected)


def test_a_real_consultation_gives_the_figures_that_others_compute(extra_dir: Path) -> None:
    """De Jonge Akademie 2022 (CC BY 4.0): do positions differ on whether awards are fair?"""
    stats = pytest.importorskip("scipy.stats")
    table = pd.read_csv(extra_dir / "review" / "dja_answers.csv")
    rows = table.dropna(subset=["pos5", "award_fair"])
    people = [
        (f"p{place}", str(role), "money_known", str(int(point)))
        for place, (role, point) in enumerate(zip(rows["pos5"], rows["award_fair"], strict=True))
    ]
    found = read(people)
    for role, part in rows.groupby("pos5")["award_fair"]:
        row = found.loc[("statement", "money_known", role)]
        assert [row[name] for name in COUNTS] == [int(part.eq(at).sum()) for at in range(1, 6)]
        assert row[SHARE[0]] == pytest.approx(part.ge(4).mean())
    groups = [part.to_numpy() for _, part in rows.groupby("pos5")["award_fair"]]
    p = found.loc[("theme", "money", ALL), "p"]
    assert p == pytest.approx(stats.f_oneway(*groups).pvalue, abs=0.02)


def test_a_theme_is_counted_tested_and_never_scored() -> None:
    rows = []
    for layer, points in (("raad", "44455"), ("uitvoering", "1122u")):
        for place, point in enumerate(points):
            answer = "unknown" if point == "u" else point
            rows += [(f"{layer}{place}", layer, key, answer) for key in MONEY]
    rows.append(("uitvoering9", "uitvoering", MONEY[0], "3"))
    rows.append(("uitvoering9", "uitvoering", MONEY[1], "1"))
    found = read(rows)
    theme = found.loc[("theme", "money")]
    assert list(theme.index) == ["all", "raad", "uitvoering"]
    raad, front = theme.loc["raad"], theme.loc["uitvoering"]
    assert raad[COUNTS].tolist() == [0, 0, 0, 6, 4]
    assert front[["n", "unknown", *COUNTS]].tolist() == [5, 2, 5, 4, 1, 0, 0]
    # ten answers of five people are as sure as five
    assert raad[SHARE].tolist() == pytest.approx(list(wilson(1.0, 5)))
    assert front["middle"] == pytest.approx(1.6)
    assert theme.loc["all", "p"] == pytest.approx(2 / math.comb(10, 5))
    assert theme.loc["all", "p_holm"] == theme.loc["all", "p"]  # the only theme with answers
    assert (found["truth"] == "").all()


def test_what_people_know_is_held_against_what_is_true() -> None:
    said_of_wmo = [60, 73, 91, 92, "unknown", 20]  # a quarter off is right
    rows = [(f"p{place}", "raad", "know_wmo", one) for place, one in enumerate(said_of_wmo)]
    rows += [(f"p{place}", "raad", "know_doctor", "yes") for place in range(6)]
    rows += [(f"p{place}", "raad", "know_weeks", 6 if place else 7) for place in range(6)]
    rows += [
        (f"p{place}", "raad", key, 1)
        for key in ("know_jeugd", "know_bijstand")
        for place in range(6)
    ]
    found = read(rows)
    wmo = found.loc[("known", "know_wmo", ALL)]
    assert wmo[["n", "unknown", "middle", "truth"]].tolist() == [6, 1, 73, "73"]
    assert wmo[SHARE[0]] == pytest.approx(3 / 6)
    assert found.loc[("known", "know_doctor", ALL), SHARE[0]] == 1
    assert math.isnan(found.loc[("known", "know_doctor", ALL), "middle"])
    assert found.loc[("known", "know_weeks", ALL), SHARE[0]] == pytest.approx(5 / 6)
    together = found.loc[("knowledge", KNOWLEDGE, ALL)]
    assert together[SHARE[0]] == pytest.approx((3 + 6 + 5) / 30)
    assert together[SHARE].tolist() == pytest.approx(list(wilson(14 / 30, 6)))


def test_under_five_answers_there_is_nothing() -> None:
    rows = [(f"p{place}", "raad", MONEY[0], "4") for place in range(4)]
    assert read(rows).empty
    assert read([]).empty


SIZES = st.dictionaries(st.sampled_from(list(FORM.roles)), st.integers(0, 12))


@given(SIZES, st.sets(st.sampled_from(list(FORM.roles))))
@example({"raad": 12, "college": 2}, set())
@example({"raad": 4, "college": 4, "beleid": 9}, set())
def test_who_is_hidden_is_never_alone(sizes: dict[str, int], hidden: set[str]) -> None:
    shown = thermometer.layers_shown(sizes, hidden)
    rest = {layer: n for layer, n in sizes.items() if layer not in shown}
    assert all(sizes[layer] >= LEAST for layer in shown)
    assert not hidden & set(shown)
    if rest and shown:
        assert len(rest) >= 2
        assert sum(rest.values()) >= LEAST


ROOMS = st.fixed_dictionaries(
    {
        "sizes": st.lists(st.integers(1, 9), min_size=2, max_size=5),
        "seed": st.integers(0, 2**32),
        "unknown": st.sampled_from([0.0, 0.2, 0.6]),
        "missing": st.sampled_from([0.0, 0.2]),
    }
)


def room(sizes: list[int], seed: int, unknown: float, missing: float) -> list[Any]:
    """Return answers of layers to four statements of two themes."""
    random = np.random.default_rng(seed)
    rows = []
    for layer, n in zip(FORM.roles, sizes, strict=False):
        for place in range(n):
            for key in (*MONEY, "goals_known", "goals_named"):
                if random.random() < missing:
                    continue
                point = str(random.integers(1, 6))
                answer = "unknown" if random.random() < unknown else point
                rows.append((f"{layer}{place}", layer, key, answer))
    return rows


@settings(max_examples=40, deadline=None)
@given(ROOMS, st.randoms(use_true_random=False))
def test_the_order_of_answers_makes_no_difference(made: dict[str, Any], random: Any) -> None:
    rows = room(**made)
    shuffled = list(rows)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(read(rows), read(shuffled))


class Attacker:
    """Whoever knows the rules and reads the table: what can be solved of a layer's answers.

    A variable per layer, statement and answer (not given among them), and one per layer's people;
    an equation per published number, of the layers that its row is of.
    """

    def __init__(self, layers: list[str], items: list[str], table: pd.DataFrame) -> None:
        self.layers, self.items = layers, items
        self.answers = [*ANSWERS, "none"]
        cells = [(a, b, c) for a in layers for b in items for c in self.answers]
        self.place = {cell: at for at, cell in enumerate(cells)}
        self.people = {layer: len(cells) + at for at, layer in enumerate(layers)}
        self.n = len(cells) + len(layers)
        self.rows: list[np.ndarray] = []
        self.equal: list[float] = []
        for layer in layers:
            for item in items:
                self._knows({(layer, item, one): 1 for one in self.answers}, 0, {layer: -1})
        for (part, name, layer), row in table.iterrows():
            if part in {"theme", "statement"}:
                self._reads(part, name, layer, row, table)

    def _knows(self, cells: dict[Any, float], value: float, people: dict[str, float]) -> None:
        row = np.zeros(self.n)
        for cell, weight in cells.items():
            row[self.place[cell]] = weight
        for layer, weight in people.items():
            row[self.people[layer]] = weight
        self.rows.append(row)
        self.equal.append(value)

    def _reads(self, part: str, name: str, layer: str, row: pd.Series, table: pd.DataFrame) -> None:
        items = [name] if part == "statement" else _of_theme(name)
        shown = set(table.loc[(part, name)].index) - {ALL, OTHERS}
        of_row = {ALL: set(self.layers), OTHERS: set(self.layers) - shown}.get(layer, {layer})
        for answer in ANSWERS:
            column = "unknown" if answer == "unknown" else f"points_{answer}"
            cells = {(one, item, answer): 1.0 for one in of_row for item in items}
            self._knows(cells, row[column], {})

    def solved(self, layer: str, item: str, answer: str) -> bool:
        """Return whether only one number of answers can be."""
        return self._width(self.place[layer, item, answer]) < 1e-6

    def counted(self, layer: str) -> bool:
        """Return whether only one number of people can be."""
        return self._width(self.people[layer]) < 1e-6

    def _width(self, variable: int) -> float:
        from scipy.optimize import linprog

        aim = np.zeros(self.n)
        aim[variable] = 1
        given = {"A_eq": np.array(self.rows), "b_eq": np.array(self.equal), "bounds": (0, 60)}
        low, high = (linprog(sign * aim, **given).fun for sign in (1, -1))
        return float(-high - low)


def _of_theme(theme: str) -> list[str]:
    return [item.key for item in FORM.items if item.theme == theme]


@settings(max_examples=8, deadline=None)
@given(ROOMS)
@example({"sizes": [2, 6, 7], "seed": 1, "unknown": 0.0, "missing": 0.0})
@example({"sizes": [4, 4, 8], "seed": 2, "unknown": 0.6, "missing": 0.0})
def test_no_layer_under_five_can_be_solved(made: dict[str, Any]) -> None:
    rows = room(**made)
    layers = sorted({row[1] for row in rows})
    items = [*MONEY, "goals_known", "goals_named"]
    table = read(rows)
    attacker = Attacker(layers, items, table)
    answered = said(rows)
    for layer in layers:
        if answered.loc[answered["role"] == layer, "person"].nunique() < LEAST:
            assert not attacker.counted(layer)
        for item in items:
            of_item = answered[answered["item"].eq(item)]
            mine = of_item[of_item["role"].eq(layer)]
            if mine["value"].ne("unknown").sum() >= LEAST:
                continue
            for answer in ANSWERS[:POINTS]:
                hidden = _hidden_total(table, item, answer)
                # what nobody of the others said, nobody of a hidden layer said: theirs together
                if hidden != 0:
                    assert not attacker.solved(layer, item, answer), (layer, item, answer)


def _hidden_total(table: pd.DataFrame, item: str, answer: str) -> float | None:
    """Return how many of the others, or of all where none is apart, gave an answer."""
    for layer in (OTHERS, ALL):
        if ("statement", item, layer) in table.index:
            return float(table.loc[("statement", item, layer), f"points_{answer}"])
    return None


def test_nothing_is_read_before_closing(tmp_path: Path) -> None:
    evening = Evening(thermometers.store(evenings.sqlite(tmp_path)))
    thermometers.filled_in(evening)
    with pytest.raises(ConfigError, match="before the reveal"):
        evening.reading()
    with pytest.raises(ConfigError, match="expected 'done'"):
        evening.move(Phase.REVEAL)
    evening.move(Phase.DONE)
    found = evening.reading().set_index(["part", "name", "layer"])
    assert "college" not in found.index.get_level_values("layer")
    assert found.loc[("theme", "money", ALL), "p_holm"] < 0.05
    assert len(evening.form.items) == 15
