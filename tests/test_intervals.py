"""Bands that hold what they promise, on data where the promise can be checked."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.evaluation import intervals


@pytest.mark.parametrize(
    ("count", "rank"), [(9, 9), (10, 10), (19, 18), (99, 90), (100, 91), (1000, 901)]
)
def test_the_quantile_is_the_ceil_of_nine_tenths_of_n_plus_one(count: int, rank: int) -> None:
    """Golden: the (n + 1)(1 − α) rule of split-conformal prediction (Lei et al. 2018, eq. 8)."""
    values = np.random.default_rng(1).permutation(np.arange(1.0, count + 1))
    assert intervals.quantile(values) == rank


def test_the_quantile_equals_numpys_upper_method() -> None:
    """Recipe: numpy.quantile(scores, ceil((n + 1)·0.9) / n, method='inverted_cdf')."""
    scores = np.random.default_rng(2).exponential(size=537)
    level = np.ceil(538 * 0.9) / 537
    golden = np.quantile(scores, level, method="inverted_cdf")
    assert intervals.quantile(scores) == golden


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_at_least_nine_tenths_of_the_errors_are_within_the_quantile(errors: list[float]) -> None:
    found = intervals.quantile(np.array(errors))
    assert found in errors
    assert (np.array(errors) <= found).mean() >= 0.9


def test_the_spread_of_an_error_by_hand() -> None:
    # sqrt(p / n + (c p)²)
    found = intervals.spread(np.array([0.1]), np.array([400.0]), 0.2)
    assert found[0] == pytest.approx(np.sqrt(0.1 / 400 + (0.2 * 0.1) ** 2))


def simulated(seed: int, gemeenten: int = 300) -> pd.DataFrame:
    """Wijken of any size in gemeenten with an effect of their own: errors are exchangeable."""
    rng = np.random.default_rng(seed)
    gm = np.repeat(np.arange(gemeenten), 10)
    population = np.exp(rng.uniform(np.log(100), np.log(20_000), len(gm))).round()
    rate = rng.uniform(0.02, 0.15, len(gm))
    own = np.exp(rng.normal(0, 0.15, gemeenten)[gm] + rng.normal(0, 0.1, len(gm)))
    clients = rng.poisson(np.clip(rate * own, 0, 1) * population).astype("float64")
    return pd.DataFrame(
        {
            "model": "glm",
            "fold": gm % 5,
            "rate": rate,
            "population": population,
            "clients": clients,
        }
    )


def test_the_band_covers_nine_tenths_overall_and_in_every_size_class() -> None:
    coverage, by_size = [], []
    for seed in range(3):
        rows = simulated(seed)
        band = intervals.conformal(rows, rows)
        published = rows["clients"] / rows["population"]
        inside = published.between(band["lower"], band["upper"])
        coverage.append(inside.mean())
        small = rows["population"] < 500
        by_size.append([inside[small].mean(), inside[rows["population"] >= 10_000].mean()])
    assert np.mean(coverage) == pytest.approx(0.90, abs=0.012)
    np.testing.assert_allclose(np.mean(by_size, axis=0), 0.90, atol=0.03)


def unruly(seed: int, small: int) -> pd.DataFrame:
    """As above, but wijken of under 500 err three times as much as their size explains."""
    rows = simulated(seed)
    rng = np.random.default_rng(seed + 100)
    own = np.exp(rng.normal(0, 0.8, len(rows)))
    wild = (rows["rate"] * own * rows["population"]).round().clip(upper=rows["population"])
    rows["clients"] = rows["clients"].mask(rows["population"] < 500, wild)
    keep = (rows["population"] >= 500) | ((rows["population"] < 500).cumsum() <= small)
    return rows[keep].reset_index(drop=True)


def small_coverage(rows: pd.DataFrame) -> float:
    band = intervals.conformal(rows, rows)
    inside = (rows["clients"] / rows["population"]).between(band["lower"], band["upper"])
    return float(inside[rows["population"] < 500].mean())


def test_a_size_class_with_errors_of_its_own_kind_has_a_band_of_its_own() -> None:
    covered = np.mean([small_coverage(unruly(seed, small=10_000)) for seed in range(3)])
    assert covered == pytest.approx(0.90, abs=0.03)


def test_a_size_class_with_few_errors_takes_the_band_of_all_sizes() -> None:
    """Too few to tell: the band is then no better than that of the whole."""
    rows = unruly(1, small=60)
    tame = rows.assign(clients=(rows["rate"] * rows["population"]).round())
    own = rows.assign(clients=rows["clients"].where(rows["population"] < 500, tame["clients"]))
    assert small_coverage(own) < 0.8


def test_the_band_lies_within_0_and_1_and_holds_the_prediction() -> None:
    rows = simulated(4)
    rows.loc[:5, "rate"] = [0.0, 0.001, 0.5, 0.97, 0.999, 1.0]
    band = intervals.conformal(rows, simulated(5))
    assert list(band) == ["lower", "upper"]
    assert band.index.equals(rows.index)
    assert ((band >= 0) & (band <= 1)).all(axis=None)
    assert (band["lower"] <= rows["rate"]).all()
    assert (band["upper"] >= rows["rate"]).all()
    assert (band["upper"] > band["lower"]).all()


def test_a_band_is_wider_where_there_are_fewer_people() -> None:
    rows = simulated(6).assign(rate=0.08)
    band = intervals.conformal(rows, simulated(6))
    width = (band["upper"] - band["lower"]).groupby(rows["population"] < 500).mean()
    assert width[True] > 1.3 * width[False]


def test_the_errors_of_its_own_fold_never_set_a_wijks_band() -> None:
    """Or the published figure would shape the band round its own prediction."""
    rows = simulated(7)
    plain = intervals.conformal(rows, rows)
    changed = rows.assign(clients=rows["clients"].mask(rows["fold"] == 2, 0.9 * rows["population"]))
    other = intervals.conformal(rows, changed)
    own = rows["fold"] == 2
    pd.testing.assert_frame_equal(other[own], plain[own])
    assert not other[~own].equals(plain[~own])


def test_models_have_bands_of_their_own() -> None:
    good, bad = simulated(8), simulated(8).assign(model="mean", rate=0.08)
    both = pd.concat([good, bad], ignore_index=True)
    band = intervals.conformal(both, both)
    alone = intervals.conformal(good, good)
    pd.testing.assert_frame_equal(band.iloc[: len(good)], alone)
    width = (band["upper"] - band["lower"]).groupby(both["model"]).mean()
    assert width["mean"] > width["glm"]


def test_every_wijk_gets_a_band_also_where_its_figure_is_unknown() -> None:
    rows = simulated(9)
    known = rows[rows.index % 3 > 0]
    assert intervals.conformal(rows.drop(columns="clients"), known).notna().all(axis=None)
