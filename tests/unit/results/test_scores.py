"""Scores equal those of an independent library or a calculation by hand."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core import metrics
from risicomodel.results.evaluation import scores

RNG = np.random.default_rng(5)
POPULATION = RNG.integers(100, 9000, 400).astype("float64")
RATE = RNG.uniform(0.01, 0.2, 400)
CLIENTS = np.round(RATE * POPULATION / 5) * 5
PREDICTED = np.clip(RATE + RNG.normal(0, 0.03, 400), 0, None)


def test_r2_weighted_and_not_equals_scikit_learn() -> None:
    """Recipe: sklearn.metrics.r2_score of rates, sample_weight=population for wr2."""
    from sklearn.metrics import r2_score

    published = CLIENTS / POPULATION
    golden = r2_score(published, PREDICTED, sample_weight=POPULATION)
    assert metrics.wr2(CLIENTS, PREDICTED, POPULATION) == pytest.approx(golden, rel=1e-12)
    golden = r2_score(published, PREDICTED)
    assert metrics.r2(CLIENTS, PREDICTED, POPULATION) == pytest.approx(golden, rel=1e-12)


def test_wape_equals_weighted_mean_absolute_error_over_the_mean() -> None:
    """Recipe: sklearn mean_absolute_error of counts over the mean count."""
    from sklearn.metrics import mean_absolute_error

    golden = mean_absolute_error(CLIENTS, PREDICTED * POPULATION) / CLIENTS.mean()
    assert metrics.wape(CLIENTS, PREDICTED, POPULATION) == pytest.approx(golden, rel=1e-12)


def test_wape_and_bias_by_hand() -> None:
    clients, population = np.array([10.0, 30.0]), np.array([100.0, 200.0])
    predicted = np.array([0.05, 0.2])  # 5 and 40 persons
    assert metrics.wape(clients, predicted, population) == pytest.approx((5 + 10) / 40)
    assert metrics.bias(clients, predicted, population) == pytest.approx((-5 + 10) / 40)


def test_errors_of_counts_and_of_rates_are_the_same_and_of_nobody_nothing() -> None:
    counts = PREDICTED * POPULATION
    assert metrics.wape_of_counts(CLIENTS, counts) == metrics.wape(CLIENTS, PREDICTED, POPULATION)
    assert metrics.bias_of_counts(CLIENTS, counts) == metrics.bias(CLIENTS, PREDICTED, POPULATION)
    nobody = np.zeros(0)
    assert metrics.wape_of_counts(nobody, nobody) == 0
    assert metrics.noise_floor(nobody) == 0
    assert metrics.noise_floor(np.zeros(3)) == 0


def test_the_interval_score_by_hand() -> None:
    """Gneiting and Raftery (2007), eq. 43: width, and 20 times what a rate lies outside."""
    rate = np.array([0.05, 0.10, 0.01, 0.14, 0.12])
    found = metrics.interval_score(rate, np.full(5, 0.04), np.full(5, 0.12), 0.9)
    np.testing.assert_allclose(found, [0.08, 0.08, 0.08 + 20 * 0.03, 0.08 + 20 * 0.02, 0.08])


@pytest.mark.parametrize(("level", "z"), [(0.9, 1.6449), (0.5, 0.6745)])
def test_the_interval_score_is_best_for_the_true_quantiles(level: float, z: float) -> None:
    """It is proper: neither a bolder nor a shyer band than the true quantiles scores better."""
    rate = np.random.default_rng(14).normal(0.5, 0.05, 200_000)
    true = z * 0.05
    found = {
        half: metrics.interval_score(
            rate, np.full(1, 0.5 - half), np.full(1, 0.5 + half), level
        ).mean()
        for half in (0.7 * true, true, 1.4 * true)
    }
    assert min(found, key=found.get) == true


def test_a_perfect_and_a_constant_prediction_have_the_scores_they_must() -> None:
    exact = CLIENTS / POPULATION
    mean = np.full_like(exact, CLIENTS.sum() / POPULATION.sum())
    assert metrics.wape(CLIENTS, exact, POPULATION) == pytest.approx(0, abs=1e-12)
    assert metrics.wr2(CLIENTS, exact, POPULATION) == pytest.approx(1)
    assert metrics.wr2(CLIENTS, mean, POPULATION) == pytest.approx(0, abs=1e-12)
    assert metrics.bias(CLIENTS, mean, POPULATION) == pytest.approx(0, abs=1e-12)


def test_r2_of_equal_rates_is_undefined_and_not_an_error() -> None:
    same = np.full(3, 0.1)
    assert np.isnan(metrics.wr2(same * 100, same, np.full(3, 100.0)))


def test_the_noise_floor_by_its_formula() -> None:
    """Σ sqrt(2n/π) / Σ n."""
    by_hand = (np.sqrt(2 * 50 / np.pi) + np.sqrt(2 * 200 / np.pi)) / 250
    clients = np.array([50.0, 200.0])
    assert metrics.noise_floor(clients) == pytest.approx(by_hand)


@pytest.mark.parametrize(("low", "rounded_to"), [(20, 0), (100, 0), (20, 10), (100, 10), (15, 5)])
def test_the_noise_floor_is_what_is_left_when_every_rate_is_known(
    low: int, rounded_to: int
) -> None:
    """Recipe: draw Poisson counts around true rates, round them as CBS does and score the truth."""
    rng = np.random.default_rng(11)
    population = rng.integers(500, 9000, 20_000).astype("float64")
    rate = rng.uniform(low, 3 * low, 20_000) / population
    counts = rng.poisson(rate * population).astype("float64")
    if rounded_to:
        counts = np.round(counts / rounded_to) * rounded_to
    left = metrics.wape(counts, rate, population)
    assert metrics.noise_floor(counts, rounded_to) == pytest.approx(left, rel=0.02)


@given(
    st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1), st.integers(100, 10_000)), min_size=2),
    st.floats(0.5, 20),
)
def test_scores_do_not_depend_on_order_or_on_the_unit_of_persons(
    rows: list[tuple[int, float, int]], factor: float
) -> None:
    clients, predicted, population = (np.array(c, dtype="float64") for c in zip(*rows, strict=True))
    for name, metric in metrics.METRICS.items():
        plain = metric(clients, predicted, population)
        turned = metric(clients[::-1], predicted[::-1], population[::-1])
        scaled = metric(clients * factor, predicted, population * factor)
        np.testing.assert_allclose([turned, scaled], plain, rtol=1e-6, err_msg=name)
    assert metrics.wape(clients, predicted, population) >= 0
    assert metrics.wr2(clients, predicted, population) <= 1 or np.isnan(
        metrics.wr2(clients, predicted, population)
    )


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (100, "size:<500"), (499, "size:<500"), (500, "size:500-2000"), (1999, "size:500-2000"),
        (2000, "size:2000-5000"), (9999, "size:5000-10000"), (10_000, "size:>=10000"),
        (10**6, "size:>=10000"),
    ],
)  # fmt: skip
def test_a_size_class_holds_its_lower_limit_and_not_its_upper(value: float, label: str) -> None:
    found = metrics.size_class(pd.Series([float(value)]), metrics.SIZE_CLASSES, "size")
    assert found.tolist() == [label]


def rows(ahead: bool = False) -> pd.DataFrame:
    count = len(CLIENTS)
    wijk = np.arange(count) % 130
    return pd.DataFrame(
        {
            "wijk_code": [f"WK{n:06d}" for n in wijk],
            "gm_code": [f"GM{n % 20:04d}" for n in wijk],
            "gm_inhabitants": np.array([10_000, 30_000, 80_000, 200_000])[wijk % 4],
            "year": 2017 + np.arange(count) % 3,
            "clients": CLIENTS,
            "population": POPULATION,
            "rate": PREDICTED,
            "origin": 2016 if ahead else -1,
            "last_known": wijk % 5 > 0,
        }
    )


@pytest.mark.parametrize("ahead", [False, True])
def test_every_group_is_scored_on_its_own_rows_and_counted(ahead: bool) -> None:
    table = rows(ahead)
    scored = scores.score(table).set_index(["metric", "group"])
    groups = {
        "all": pd.Series(data=True, index=table.index),
        "size:<500": table["population"] < 500,
        "size:2000-5000": table["population"].between(2000, 4999),
        "gm_size:20000-50000": table["gm_inhabitants"] == 30_000,
        "gm_size:>=100000": table["gm_inhabitants"] == 200_000,
        "year:2018": table["year"] == 2018,
    }
    if ahead:
        groups |= {
            "horizon:2": table["year"] == 2018,
            "history:known": table["last_known"],
            "history:none": ~table["last_known"],
        }
    for group, here in groups.items():
        part = table[here]
        figures = [part[c].to_numpy() for c in ("clients", "rate", "population")]
        expected = {name: metric(*figures) for name, metric in metrics.METRICS.items()}
        expected["noise_floor"] = metrics.noise_floor(figures[0])
        for name, value in expected.items():
            row = scored.loc[(name, group)]
            assert row["value"] == pytest.approx(value), (name, group)
            assert row["n_rows"] == len(part)
            assert row["n_wijken"] == part["wijk_code"].nunique()
            assert row["n_gemeenten"] == part["gm_code"].nunique()
    found = set(scored.index.get_level_values("group"))
    assert any(group.startswith("horizon") for group in found) == ahead


def test_size_classes_and_years_each_hold_every_row_once() -> None:
    scored = scores.score(rows())
    counts = scored[scored["metric"] == "wape"].set_index("group")["n_rows"]
    for kind in ("size:", "gm_size:", "year:"):
        assert counts[counts.index.str.startswith(kind)].sum() == len(CLIENTS)


def test_a_group_without_clients_has_no_score_and_is_no_error() -> None:
    table = rows()
    table.loc[table["year"] == 2018, "clients"] = 0.0
    assert "year:2018" not in set(scores.score(table)["group"])


def test_the_order_of_rows_changes_no_score() -> None:
    keys = ["metric", "group"]
    plain = scores.score(rows()).sort_values(keys, ignore_index=True)
    mixed = scores.score(rows().sample(frac=1, random_state=3)).sort_values(keys, ignore_index=True)
    pd.testing.assert_frame_equal(plain, mixed, rtol=1e-12)
