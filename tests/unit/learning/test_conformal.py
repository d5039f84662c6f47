"""Bands that hold what they promise, on data where the promise can be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core import metrics
from risicomodel.learning import conformal

if TYPE_CHECKING:
    from collections.abc import Callable


def errors_of(sizes: np.ndarray, clusters: int, bins: object = "all") -> pd.DataFrame:
    """Predictions of .5 that are off by so much."""
    return pd.DataFrame(
        {
            "rate": 0.5,
            "sigma": 1.0,
            "bin": bins,
            "clients": (0.5 + sizes) * 1e6,
            "population": 1e6,
            "cluster": np.arange(len(sizes)) % clusters,
        }
    )


def half_width(asked: pd.DataFrame, errors: pd.DataFrame) -> np.ndarray:
    band = conformal.mondrian_intervals(asked, errors)
    np.testing.assert_allclose(band.mean(axis=1), asked["rate"])
    return (band[:, 1] - band[:, 0]) / 2


ONE = pd.DataFrame({"rate": [0.5], "sigma": [1.0], "bin": ["all"]})


# -- the quantile -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "rank"),
    # K = n clusters: rank ⌈0.9 (1 + 1/n) (n + 1)⌉ of n, at most the largest
    [(1, 1), (2, 2), (9, 9), (19, 19), (20, 20), (30, 29), (99, 91), (300, 272), (1000, 902)],
)
def test_the_half_width_is_the_error_of_the_right_rank(count: int, rank: int) -> None:
    """Golden: the (n + 1)(1 − α) rule of split-conformal prediction (Lei et al. 2018, eq. 8), at
    the level that leaves room for one more cluster."""
    sizes = np.random.default_rng(1).permutation(np.arange(1.0, count + 1)) / 4_000
    assert half_width(ONE, errors_of(sizes, count))[0] == pytest.approx(rank / 4_000)


def test_the_band_equals_numpys_upper_quantile_of_scaled_errors() -> None:
    """Recipe: half width = σ · numpy.quantile(|r − p| / σ, ⌈(n + 1) q⌉ / n,
    method='inverted_cdf'), q = 0.9 (1 + 1/40)."""
    rng = np.random.default_rng(2)
    size, sigma = rng.exponential(0.02, 537), rng.uniform(0.5, 2.0, 537)
    errors = errors_of(size, 40).assign(sigma=sigma)
    q = 0.9 * (1 + 1 / 40)
    golden = np.quantile(size / sigma, np.ceil(538 * q) / 537, method="inverted_cdf")
    asked = pd.concat([ONE] * 3).assign(sigma=[0.5, 1.0, 2.0])
    np.testing.assert_allclose(half_width(asked, errors), golden * np.array([0.5, 1.0, 2.0]))


@pytest.mark.parametrize(
    "known", [conformal.MIN_ERRORS_PER_CLASS - 1, conformal.MIN_ERRORS_PER_CLASS]
)
def test_a_bin_has_a_quantile_of_its_own_from_enough_errors_on(known: int) -> None:
    rng = np.random.default_rng(3)
    tame, wild = rng.uniform(0, 0.01, 2_000), rng.uniform(0.2, 0.3, known)
    bins = np.repeat(["tame", "wild"], [2_000, known])
    errors = errors_of(np.concatenate([tame, wild]), 100, bins)
    asked = pd.concat([ONE] * 3).assign(bin=["tame", "wild", "never seen"])
    found = half_width(asked, errors)
    everywhere = half_width(ONE, errors.assign(bin="all"))[0]
    assert everywhere < 0.02
    assert found[2] == pytest.approx(everywhere)
    if known < conformal.MIN_ERRORS_PER_CLASS:
        assert found[1] == pytest.approx(everywhere)
    else:
        rank = int(np.ceil((known + 1) * 0.9 * 1.01))
        assert found[1] == pytest.approx(np.sort(wild)[rank - 1])
    assert found[0] < everywhere


@given(st.lists(st.floats(0, 0.4), min_size=1, max_size=60), st.integers(1, 12))
def test_a_band_of_few_errors_is_one_of_them_or_anything(sizes: list[float], clusters: int) -> None:
    """And warns of nothing, however few there are."""
    errors = errors_of(np.array(sizes), clusters)
    found = half_width(ONE, errors)[0]
    assert np.isclose(found, sizes, atol=1e-9).any()
    assert (np.array(sizes) <= found + 1e-9).mean() >= min(
        0.9, len(set(errors["cluster"])) / (1 + len(set(errors["cluster"])))
    )


def test_without_any_error_anything_may_be() -> None:
    none = errors_of(np.array([]), 1)
    np.testing.assert_array_equal(conformal.mondrian_intervals(ONE, none), [[0.0, 1.0]])


def test_the_level_leaves_room_for_one_more_gemeente() -> None:
    assert conformal.clustered_confidence(300) == pytest.approx(0.9 * 301 / 300)
    # as much as so few can tell: of K + 1 alike, one more is within the largest of K
    assert conformal.clustered_confidence(1) == pytest.approx(1 / 2)
    assert conformal.clustered_confidence(2) == pytest.approx(2 / 3)
    assert conformal.clustered_confidence(0) == 0.0


@given(st.integers(0, 5_000))
def test_the_level_never_falls_below_what_is_asked_where_there_are_enough(clusters: int) -> None:
    level = conformal.clustered_confidence(clusters)
    assert 0 <= level <= clusters / (clusters + 1)
    if clusters >= 9:
        assert level >= 0.9 - 1e-9


# -- the size of an error ---------------------------------------------------------------------


def test_the_spread_of_an_error_by_hand() -> None:
    # sqrt(p/n + (r²/12)/n² + (c p)²)
    found = conformal.error_scale(np.array([0.1]), np.array([400.0]), 0.2, 10)
    assert found[0] == pytest.approx(np.sqrt(0.1 / 400 + 100 / 12 / 400**2 + 0.02**2))
    unrounded = conformal.error_scale(np.array([0.1]), np.array([400.0]), 0.2)
    assert unrounded[0] == pytest.approx(np.sqrt(0.1 / 400 + 0.02**2))


def test_the_spread_is_that_of_simulated_published_rates() -> None:
    """Poisson counts of 20, published in fives, of 250 people; the model off by a tenth."""
    rng = np.random.default_rng(4)
    own = rng.normal(1.0, 0.1, 400_000)
    shown = 5 * np.round(rng.poisson(20 * own) / 5) / 250
    found = conformal.error_scale(np.array([0.08]), np.array([250.0]), 0.1, 5)
    assert np.std(shown - 0.08) == pytest.approx(found[0], rel=0.02)


def test_nobody_and_nothing_have_a_spread_above_zero() -> None:
    assert (conformal.error_scale(np.zeros(2), np.array([0.0, 1e6]), 0.0) > 0).all()


# -- on a country that is simulated -----------------------------------------------------------


def simulated(seed: int, gemeenten: int = 300) -> pd.DataFrame:
    """Wijken of any size in gemeenten with an effect of their own: gemeenten are exchangeable."""
    rng = np.random.default_rng(seed)
    gm = np.repeat(np.arange(gemeenten), 10)
    population = np.exp(rng.uniform(np.log(50), np.log(20_000), len(gm))).round()
    rate = rng.uniform(0.02, 0.15, len(gm))
    own = np.exp(rng.normal(0, 0.15, gemeenten)[gm] + rng.normal(0, 0.1, len(gm)))
    clients = rng.poisson(np.clip(rate * own, 0, 1) * population).clip(0, population)
    return pd.DataFrame(
        {
            "model": "glm",
            "fold": gm % 5,
            "cluster": gm,
            "rate": rate,
            "population": population,
            "clients": (5 * np.round(clients / 5)).clip(0, population),
        }
    )


def inside(rows: pd.DataFrame, band: pd.DataFrame) -> pd.Series:
    return (rows["clients"] / rows["population"]).between(band["lower"], band["upper"])


def test_the_band_holds_nine_tenths_of_unseen_gemeenten_overall_and_in_every_size_class() -> None:
    held = []
    for seed in range(4):
        rows = simulated(seed)
        size = metrics.size_class(rows["population"], conformal.CLASSES, "size")
        band = conformal.prediction_intervals(rows, rows, 5)
        held.append(pd.DataFrame({"held": inside(rows, band), "size": size}))
    found = pd.concat(held)
    assert 0.88 <= found["held"].mean() <= 0.92
    by_size = found.groupby("size")["held"].mean()
    assert len(by_size) == 6
    assert by_size.between(0.85, 0.95).all(), by_size


def test_few_gemeenten_that_err_as_one_still_hold_nine_tenths_of_the_next() -> None:
    """Twelve gemeenten, hundreds of wijken: the quantile of wijken alone would hold fewer."""
    own, plain = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        shift = rng.normal(0, 0.05, 13)
        gm = np.repeat(np.arange(13), 40)
        rows = errors_of(shift[gm] + rng.normal(0, 0.005, len(gm)), 13).assign(cluster=gm)
        new, known = rows[gm == 12], rows[gm < 12]
        for found, calibration in (
            (own, known),
            (plain, known.assign(cluster=np.arange(len(known)))),
        ):
            band = conformal.mondrian_intervals(new, calibration)
            rate = new["clients"] / new["population"]
            found.append(((rate >= band[:, 0]) & (rate <= band[:, 1])).mean())
    assert np.mean(own) > np.mean(plain)
    assert 0.87 <= np.mean(own) <= 0.95


def test_what_is_known_of_an_errors_size_is_worth_a_tenth_of_the_interval_score() -> None:
    rows = simulated(5)
    rate = (rows["clients"] / rows["population"]).to_numpy()
    found = []
    for band in (
        conformal.prediction_intervals(rows, rows, 5),
        conformal.constant_width_intervals(rows, rows),
    ):
        held = inside(rows, band).mean()
        assert 0.88 <= held <= 0.92
        limits = band["lower"].to_numpy(), band["upper"].to_numpy()
        found.append(metrics.interval_score(rate, *limits, conformal.CONFIDENCE).mean())
    ours, plain = found
    assert ours <= 0.9 * plain


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
    return float(
        inside(rows, conformal.prediction_intervals(rows, rows, 5))[rows["population"] < 500].mean()
    )


def test_a_size_class_with_errors_of_its_own_kind_has_a_band_of_its_own() -> None:
    covered = np.mean([small_coverage(unruly(seed, small=10_000)) for seed in range(3)])
    assert covered == pytest.approx(0.90, abs=0.03)


def test_a_size_class_with_few_errors_takes_the_band_of_all_sizes() -> None:
    """Too few to tell: the band is then no better than that of the whole."""
    assert small_coverage(unruly(1, small=30)) < 0.8


def test_the_band_lies_within_0_and_1_and_holds_the_prediction() -> None:
    rows = simulated(6)
    rows.loc[:5, "rate"] = [0.0, 0.001, 0.5, 0.97, 0.999, 1.0]
    band = conformal.prediction_intervals(rows, simulated(7), 5)
    assert list(band) == ["lower", "upper"]
    assert band.index.equals(rows.index)
    assert ((band >= 0) & (band <= 1)).all(axis=None)
    assert (band["lower"] <= rows["rate"]).all()
    assert (band["upper"] >= rows["rate"]).all()
    assert (band["upper"] > band["lower"]).all()


def test_a_band_is_wider_where_there_are_fewer_people() -> None:
    rows = simulated(8).assign(rate=0.08)
    band = conformal.prediction_intervals(rows, simulated(8), 5)
    width = (band["upper"] - band["lower"]).groupby(rows["population"] < 500).mean()
    assert width[True] > 1.3 * width[False]


def test_the_plain_band_is_one_width_for_all_of_a_fold() -> None:
    rows = simulated(9).assign(rate=0.5)
    band = conformal.constant_width_intervals(rows, rows)
    widths = (band["upper"] - band["lower"]).round(12).groupby(rows["fold"]).nunique()
    assert (widths == 1).all()


@pytest.mark.parametrize(
    "make", [conformal.prediction_intervals, conformal.constant_width_intervals]
)
def test_the_errors_of_its_own_fold_never_set_a_wijks_band(
    make: Callable[..., pd.DataFrame],
) -> None:
    """Or the published figure would shape the band round its own prediction."""
    rows = simulated(10)
    before = make(rows, rows)
    changed = rows.assign(clients=rows["clients"].mask(rows["fold"] == 2, 0.9 * rows["population"]))
    other = make(rows, changed)
    own = rows["fold"] == 2
    pd.testing.assert_frame_equal(other[own], before[own])
    assert not other[~own].equals(before[~own])


def test_models_have_bands_of_their_own() -> None:
    good, bad = simulated(11), simulated(11).assign(model="mean", rate=0.08)
    both = pd.concat([good, bad], ignore_index=True)
    band = conformal.prediction_intervals(both, both)
    alone = conformal.prediction_intervals(good, good)
    pd.testing.assert_frame_equal(band.iloc[: len(good)], alone)
    width = (band["upper"] - band["lower"]).groupby(both["model"]).mean()
    assert width["mean"] > width["glm"]


def test_every_wijk_gets_a_band_also_where_its_figure_is_unknown() -> None:
    rows = simulated(12)
    known = rows[rows.index % 3 > 0]
    assert (
        conformal.prediction_intervals(rows.drop(columns="clients"), known).notna().all(axis=None)
    )


@pytest.mark.parametrize("few", [2, 3, 10])
def test_a_handful_of_figures_gives_bands_without_a_warning(few: int) -> None:
    rows = simulated(13, gemeenten=few)
    known = rows.groupby("fold").head(1)
    for band in (
        conformal.prediction_intervals(rows, known, 5),
        conformal.constant_width_intervals(rows, known),
    ):
        assert band.notna().all(axis=None)
