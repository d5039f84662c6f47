"""What features add to a rate: terms add up exactly, and trees equal LightGBM and shap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.learning import models
from risicomodel.learning.models import KINDS, Contributions, ModelSettings, Rows, tree_shap
from risicomodel.learning.models.boosted_trees import BoostedTrees, BoostedTreesParams
from risicomodel.learning.models.contributions import split_exponential, weighted_contributions
from risicomodel.learning.models.glm import Glm, GlmParams
from risicomodel.learning.models.kernel_ridge import KernelRidge, KernelRidgeParams
from support.simulated import AMONG, ASKED, BASELINES, LEARNED, ROWS, model_of, simulated

EXACT = 1e-12
COLUMNS = list(ASKED.x.columns)


@pytest.mark.parametrize("kind", KINDS)
def test_contributions_of_every_kind_add_up_to_what_it_predicts(kind: str) -> None:
    model = model_of(kind).fit(ROWS)
    found = model.contributions(ASKED)
    np.testing.assert_allclose(found.rate, model.predict(ASKED), atol=EXACT, rtol=0)
    assert set(found.features) <= set(COLUMNS)
    assert found.aligned_to(COLUMNS).sum() == pytest.approx(found.terms.sum())


@pytest.mark.parametrize("kind", BASELINES)
def test_a_baseline_has_everything_in_its_base(kind: str) -> None:
    found = model_of(kind).fit(ROWS).contributions(ASKED)
    assert found.features == []
    np.testing.assert_array_equal(found.base, model_of(kind).fit(ROWS).predict(ASKED))
    assert model_of(kind).fit(ROWS).interactions(ASKED) is None


@pytest.mark.parametrize("kind", LEARNED)
def test_a_model_that_learns_has_one_base_for_all_and_says_what_matters(kind: str) -> None:
    found = (
        model_of(kind).fit(ROWS).contributions(replace(ASKED, reference=ASKED.reference * 0 + 1))
    )
    assert np.ptp(found.base) == pytest.approx(0, abs=EXACT)
    size = dict(zip(COLUMNS, np.abs(found.aligned_to(COLUMNS)).mean(axis=0), strict=True))
    assert min(size["oud"], size["koop"]) > max(size["ruis"], size["dicht"])


def test_a_packed_model_explains_as_the_fitted_one_did() -> None:
    for kind in LEARNED:
        model = model_of(kind).fit(ROWS)
        again = models.unpack(models.pack(model))
        mine, other = (m.contributions(ASKED) for m in (model, again))
        np.testing.assert_array_equal(mine.terms, other.terms)
        np.testing.assert_array_equal(mine.base, other.base)


def test_what_is_cut_off_below_zero_is_told_apart() -> None:
    """Stumps fit 'both' as a sum, which is negative where there is neither."""
    x = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 200, "b": [0.0, 1.0, 0.0, 1.0] * 200})
    nation = np.full(len(x), 0.1)
    rate = 0.4 * (x["a"] * x["b"]).to_numpy()
    known = replace(ROWS.revealed, nation=nation, gemeente=nation, last=nation)
    rows = Rows(x, nation, known, np.full(len(x), 1000.0), rate)
    params = BoostedTreesParams(
        rounds=200, num_leaves=2, min_child_samples=5, feature_fraction=1.0, lambda_l2=0.0
    )
    model = BoostedTrees(params, seed=1).fit(rows)
    found = model.contributions(rows)
    neither = (x.sum(axis=1) == 0).to_numpy()
    assert (found.clipping[neither] > 0.01).all()
    assert (found.clipping[~neither] == 0).all()
    np.testing.assert_allclose(found.rate, model.predict(rows), atol=EXACT)


# -- the logarithmic mean -----------------------------------------------------------------------


@given(data=st.data(), shape=st.tuples(st.integers(1, 6), st.integers(1, 8)))
def test_terms_of_an_exponential_add_up_whatever_they_are(
    data: st.DataObject, shape: tuple[int, int]
) -> None:
    number = st.floats(-3, 3) | st.sampled_from([0.0, 1e-12, -1e-9])
    terms = data.draw(hnp.arrays("float64", shape, elements=number))
    centre = data.draw(hnp.arrays("float64", shape[1], elements=number))
    found = split_exponential(terms, centre)
    gap = np.exp(terms.sum(axis=1)) - np.exp(centre.sum())
    np.testing.assert_allclose(found.sum(axis=1), gap, rtol=1e-9, atol=1e-12 * np.exp(24))
    # a term adds in the direction it lies from its centre, and nothing where it lies on it
    assert (np.sign(found) == np.sign(terms - centre))[np.abs(terms - centre) > 1e-6].all()
    assert (found[:, (terms == centre).all(axis=0)] == 0).all()


def test_a_term_counts_the_same_per_unit_as_any_other() -> None:
    """By hand: η̄ = 0, terms 1 and 2: e³ − 1 = 19.0855, a third and two thirds of it."""
    found = split_exponential(np.array([[1.0, 2.0]]), np.zeros(2))
    np.testing.assert_allclose(found, [[6.361846, 12.723691]], rtol=1e-6)


# -- kernels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0.5, 2.0, 5.0])
def test_a_kernels_terms_are_the_integral_of_its_slope_along_the_way(width: float) -> None:
    """Recipe: z_j ∫ ∂f/∂z_j (t z) dt, central differences, Gauss-Legendre with 40 points."""
    model = KernelRidge(KernelRidgeParams(width=width, alpha=1e-3), 7).fit(ROWS)
    z = model._standardised(ASKED.x)
    step = 1e-5
    golden = np.zeros_like(z)
    for point, weight in zip(*np.polynomial.legendre.leggauss(40), strict=True):
        at = (point + 1) / 2 * z
        for j in range(z.shape[1]):
            aside = np.zeros(z.shape[1])
            aside[j] = step
            slope = (model._ratio(at + aside) - model._ratio(at - aside)) / (2 * step)
            golden[:, j] += weight / 2 * z[:, j] * slope
    found = model.contributions(replace(ASKED, reference=np.ones(len(z))))
    np.testing.assert_allclose(found.terms, golden, atol=1e-6)


@pytest.mark.parametrize("near", [0.0, 1e-160, 1e-9, 1e-4])
def test_a_wijk_that_is_as_the_mean_adds_nothing_and_no_nonsense(near: float) -> None:
    model = KernelRidge(KernelRidgeParams(), 7).fit(ROWS)
    z = model._standardised(ASKED.x) * near
    found = model._path_integrals(z)
    gap = model._ratio(z) - model._ratio(np.zeros((1, z.shape[1])))
    np.testing.assert_allclose(found.sum(axis=1), gap, atol=EXACT)
    assert (np.abs(found) <= 10 * near).all()


# -- trees --------------------------------------------------------------------------------------


def grown(rows: Rows = ROWS, **params: Any) -> lightgbm.Booster:
    params = {"rounds": 40, "learning_rate": 0.04, "min_child_samples": 5} | params
    settings = BoostedTreesParams(feature_fraction=0.8, **params)
    booster = BoostedTrees(settings, seed=3).fit(rows)._booster
    assert booster is not None
    return booster


def apart(booster: lightgbm.Booster, x: pd.DataFrame) -> tuple[float, np.ndarray]:
    return tree_shap.shapley(tree_shap.read(booster.dump_model()), x.to_numpy())


@pytest.mark.parametrize("leaves", [2, 5, 12, 31, 80])  # of 80 the answers do not fit a number
def test_trees_equal_lightgbms_own_contributions(leaves: int) -> None:
    booster = grown(simulated(n=3000, missing=0.2), num_leaves=leaves, max_bin=255)
    x = simulated(n=300, seed=8, missing=0.2).x
    base, terms = apart(booster, x)
    golden = np.asarray(booster.predict(x, pred_contrib=True))
    np.testing.assert_allclose(terms, golden[:, :-1], atol=1e-12)
    np.testing.assert_allclose(base, golden[:, -1], atol=1e-12)


@pytest.mark.parametrize("zero", [False, True])
def test_rows_answer_as_in_lightgbm_where_a_value_is_zero_or_missing(zero: bool) -> None:
    rng = np.random.default_rng(4)
    x = pd.DataFrame(rng.integers(-2, 3, (600, 3)).astype("float64"), columns=list("abc"))
    x = x.mask(rng.random(x.shape) < (0.0 if zero else 0.2))
    params = {"zero_as_missing": zero, "verbose": -1, "min_child_samples": 5, "num_threads": 1}
    target = x["a"].fillna(3) * x["b"].fillna(-1) + rng.normal(size=600)
    booster = lightgbm.train(params, lightgbm.Dataset(x, target), 20)
    asked = x.mask(rng.random(x.shape) < 0.3)  # also where training rows had no gap
    _, terms = apart(booster, asked)
    golden = np.asarray(booster.predict(asked, pred_contrib=True))
    np.testing.assert_allclose(terms, golden[:, :-1], atol=1e-12)


def test_trees_that_never_split_have_all_in_their_base() -> None:
    rows = simulated(n=30)
    found = BoostedTrees(BoostedTreesParams(rounds=5, min_child_samples=100), seed=1).fit(rows)
    parts = found.contributions(ASKED)
    assert (parts.terms == 0).all()
    np.testing.assert_allclose(parts.rate, found.predict(ASKED), atol=EXACT)


# Recipe: shap 0.51.0, TreeExplainer(booster).shap_values(x) and .shap_interaction_values(x) of
# grown(num_leaves=6) and the first two rows of ASKED.x.
GOLDEN = np.array(
    [
        [-0.0130873381, 0.018916708, 0.0009605112, 0.0011541056],
        [0.4184107085, -0.0425212364, -0.0003030348, 0.0010684335],
    ]
)
GOLDEN_PAIRS = np.array(
    [
        [
            [0.0, 0.0005284409, -0.0004590361, 0.000593824],
            [0.0005284409, 0.0, 0.0013281014, -0.0013904751],
            [-0.0004590361, 0.0013281014, 0.0, 0.0],
            [0.000593824, -0.0013904751, 0.0, 0.0],
        ],
        [
            [0.0, -0.006468752, 0.0002511107, 0.0004690018],
            [-0.006468752, 0.0, -0.0006455914, -0.0015374354],
            [0.0002511107, -0.0006455914, 0.0, 0.0],
            [0.0004690018, -0.0015374354, 0.0, 0.0],
        ],
    ]
)


def test_trees_equal_golden_figures_of_shap() -> None:
    booster = grown(num_leaves=6)
    x = ASKED.x.iloc[:2]
    np.testing.assert_allclose(apart(booster, x)[1], GOLDEN, atol=1e-9)
    pairs = tree_shap.interactions(tree_shap.read(booster.dump_model()), x.to_numpy())
    np.testing.assert_allclose(pairs, GOLDEN_PAIRS, atol=1e-9)


def test_trees_equal_shap_itself_where_it_is_installed() -> None:
    shap = pytest.importorskip("shap", reason="the shap package is not installed")
    booster, x = grown(num_leaves=12), ASKED.x
    explainer = shap.TreeExplainer(booster)
    np.testing.assert_allclose(apart(booster, x)[1], explainer.shap_values(x), atol=1e-9)
    golden = explainer.shap_interaction_values(x)
    golden[:, np.arange(x.shape[1]), np.arange(x.shape[1])] = 0
    found = tree_shap.interactions(tree_shap.read(booster.dump_model()), x.to_numpy())
    np.testing.assert_allclose(found, golden, atol=1e-9)


def test_pairs_find_an_interplay_and_none_where_there_is_none() -> None:
    rng = np.random.default_rng(5)
    x = pd.DataFrame(rng.normal(size=(3000, 3)), columns=["a", "b", "c"])
    nation = np.full(3000, 0.1)
    rate = nation * (
        1.5 + np.sign(x["a"].to_numpy() * x["b"].to_numpy()) + 0.2 * (x["c"] > 0).to_numpy()
    )
    known = replace(ROWS.revealed, nation=nation, gemeente=nation, last=nation)
    rows = Rows(x, nation, known, np.full(3000, 1e4), rate)
    model = BoostedTrees(BoostedTreesParams(rounds=200, feature_fraction=1.0, num_leaves=8), 1).fit(
        rows
    )
    pairs = model.interactions(rows)
    assert pairs is not None
    size = np.abs(pairs).mean(axis=0)
    assert size[0, 1] > 20 * max(size[0, 2], size[1, 2])
    assert np.sign(pairs[:, 0, 1] * x["a"].to_numpy() * x["b"].to_numpy()).mean() > 0.95


def test_blends_see_features_their_members_do_not_share() -> None:
    rows, asked = (replace(r, x=r.x.assign(oud_van_gemeente=r.x["oud"])) for r in (ROWS, ASKED))
    narrow = Glm(GlmParams(sees=["eigen"])).fit(rows)
    wide = BoostedTrees(BoostedTreesParams(rounds=20), seed=1).fit(rows)
    found = weighted_contributions(
        {"a": narrow.contributions(asked), "b": wide.contributions(asked)}, {"a": 0.25, "b": 0.75}
    )
    sum_of = 0.25 * narrow.predict(asked) + 0.75 * wide.predict(asked)
    np.testing.assert_allclose(found.rate, sum_of, atol=EXACT)
    assert "oud_van_gemeente" in found.features


def test_every_kind_that_learns_takes_its_rates_apart_itself() -> None:
    own = {kind for kind in KINDS if KINDS[kind].model.contributions is not base_method()}
    assert own == set(LEARNED)
    assert isinstance(model_of("glm").fit(ROWS).contributions(ASKED), Contributions)
    assert isinstance(AMONG["glm"], ModelSettings)


def base_method() -> object:
    return models.RateModel.contributions
