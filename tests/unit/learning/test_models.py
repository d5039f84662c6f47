"""Models behind one interface: the same promises for every kind, golden figures for four."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
import pytest

from risicomodel.app import settings
from risicomodel.core.errors import ConfigError
from risicomodel.learning import models
from risicomodel.learning.models import KINDS, BlendParams, ModelSettings, Rows, average
from risicomodel.learning.models.base import NotFittedError
from risicomodel.learning.models.boosted_trees import BoostedTrees, BoostedTreesParams
from risicomodel.learning.models.glm import Glm, GlmParams
from risicomodel.learning.models.kernel_ridge import KernelRidge, KernelRidgeParams
from risicomodel.learning.reference_rates import ReferenceRates
from support.simulated import (
    AMONG,
    ASKED,
    BASELINES,
    LEARNED,
    ROWS,
    WEIGHTS,
    model_of,
    simulated,
)

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "lightgbm": ["lightgbm.txt", "model.json"],
    "blend": ["glm/model.json", "lightgbm/lightgbm.txt", "lightgbm/model.json", "model.json"],
}


def test_the_kinds_tested_here_are_all_there_are() -> None:
    assert set(KINDS) == {*LEARNED, *BASELINES}
    assert {kind for kind, entry in KINDS.items() if entry.model.baseline} == set(BASELINES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_gives_a_rate_of_0_and_up_for_every_row(kind: str) -> None:
    model = model_of(kind)
    assert model.fit(ROWS) is model
    found = model.predict(ASKED)
    assert found.shape == (len(ASKED.x),)
    assert found.dtype == "float64"
    assert np.isfinite(found).all()
    assert (found >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_fitting_twice_gives_the_same_predictions_bit_by_bit(kind: str) -> None:
    first, second = (model_of(kind).fit(ROWS).predict(ASKED) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_predicts_the_same_and_holds_no_pickle(tmp_path: Path, kind: str) -> None:
    model = model_of(kind).fit(ROWS)
    model.save(tmp_path)
    loaded = models.load(tmp_path)
    assert loaded.kind == kind
    np.testing.assert_array_equal(loaded.predict(ASKED), model.predict(ASKED))
    files = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert files == FILES.get(kind, ["model.json"])
    assert json.loads((tmp_path / "model.json").read_text())["kind"] == kind
    for name in files:
        (tmp_path / name).read_text(encoding="utf-8")  # text: a pickle is not


@pytest.mark.parametrize("kind", LEARNED)
def test_predicting_or_saving_before_fitting_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NotFittedError, match=r"before it is fitted; call 'fit' first"):
        model_of(kind).predict(ASKED)
    with pytest.raises(NotFittedError, match="call 'fit' first"):
        model_of(kind).save(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", LEARNED)
def test_rows_without_a_rate_cannot_be_learned_from(kind: str) -> None:
    with pytest.raises(NotFittedError, match="Give rows with 'rate'"):
        model_of(kind).fit(ASKED)


@pytest.mark.parametrize("kind", LEARNED)
def test_missing_features_are_tolerated_in_learning_and_in_predicting(kind: str) -> None:
    nowhere = ROWS.x.assign(nergens=np.nan)
    model = model_of(kind).fit(replace(ROWS, x=nowhere))
    blank = replace(ASKED, x=ASKED.x.assign(nergens=np.nan) * np.nan)
    found = model.predict(blank)
    assert np.isfinite(found).all()
    # nothing known: one ratio for all
    assert np.ptp(found / blank.reference) < 1e-9


@pytest.mark.parametrize("kind", LEARNED)
def test_features_are_found_by_name_and_not_by_position(kind: str) -> None:
    model = model_of(kind).fit(ROWS)
    turned = replace(ASKED, x=ASKED.x[ASKED.x.columns[::-1]])
    np.testing.assert_array_equal(model.predict(turned), model.predict(ASKED))


@pytest.mark.parametrize("kind", LEARNED)
def test_a_prediction_is_a_ratio_to_what_is_known(kind: str) -> None:
    model = model_of(kind).fit(ROWS)
    doubled = replace(ASKED, reference=2 * ASKED.reference)
    np.testing.assert_allclose(model.predict(doubled), 2 * model.predict(ASKED))


@pytest.mark.parametrize("kind", LEARNED)
def test_a_model_learns_what_is_there_to_learn(kind: str) -> None:
    """On new wijken its error is far nearer to the truth than the national mean's."""
    best = {k: ModelSettings(k) for k in KINDS}
    best["glm"].params["alpha"] = 1e-3
    best["kernel"].params["width"] = 0.7
    model = models.create(AMONG["blend"] if kind == "blend" else best[kind], 7, best)
    new = simulated(seed=3, missing=0.0)
    model.fit(simulated(n=3000, missing=0.0))
    assert new.rate is not None
    error = np.average((model.predict(new) - new.rate) ** 2, weights=new.population)
    mean = np.average((new.revealed.nation - new.rate) ** 2, weights=new.population)
    assert error < 0.35 * mean


def test_trees_that_would_go_below_zero_say_zero() -> None:
    """Stumps fit 'both' as a sum, which is negative where there is neither."""
    x = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0] * 200, "b": [0.0, 1.0, 0.0, 1.0] * 200})
    rate = 0.4 * (x["a"] * x["b"]).to_numpy()
    nation = np.full(len(x), 0.1)
    rows = Rows(x, nation, ReferenceRates(nation, nation, nation), np.full(len(x), 1000.0), rate)
    params = BoostedTreesParams(
        rounds=200, num_leaves=2, min_child_samples=5, feature_fraction=1.0, lambda_l2=0.0
    )
    found = BoostedTrees(params, seed=1).fit(rows).predict(rows)
    assert found.min() == 0.0
    assert found.max() > 0.2


def test_the_seed_of_the_trees_matters_and_is_the_only_chance() -> None:
    seven, eight = (model_of("lightgbm", seed).fit(ROWS).predict(ASKED) for seed in (7, 8))
    assert not np.array_equal(seven, eight)


# -- baselines --------------------------------------------------------------------------------

UNKNOWN = np.nan
KNOWN = ReferenceRates(
    nation=np.array([0.05, 0.05, 0.06]),
    gemeente=np.array([0.07, UNKNOWN, 0.08]),
    last=np.array([UNKNOWN, UNKNOWN, 0.09]),
)


@pytest.mark.parametrize(
    ("kind", "rates"),
    [
        ("mean", [0.05, 0.05, 0.06]),
        ("gemeente_mean", [0.07, 0.05, 0.08]),
        ("persistence", [0.07, 0.05, 0.09]),
    ],
)
def test_baselines_say_the_best_known_and_fall_back_in_order(kind: str, rates: list[float]) -> None:
    rows = Rows(pd.DataFrame(index=range(3)), KNOWN.nation, KNOWN, np.full(3, 500.0))
    assert model_of(kind).fit(rows).predict(rows).tolist() == rates


# -- golden figures ---------------------------------------------------------------------------


def test_the_glm_equals_statsmodels() -> None:
    """Recipe: statsmodels GLM, Poisson with log link, var_weights (population × reference)^0.7.

    Without splines, penalty and winsorising ours is the same maximum likelihood.
    """
    import statsmodels.api as sm

    rows = simulated(missing=0.0)
    params = GlmParams(knots=0, alpha=1e-10, weight_exponent=0.7, winsor=0.0)
    learned = Glm(params).fit(rows).state()["learned"]
    assert rows.rate is not None
    weight = (rows.population * rows.reference) ** 0.7
    golden = sm.GLM(
        rows.rate / rows.reference,
        sm.add_constant(rows.x),
        family=sm.families.Poisson(),
        var_weights=weight / weight.mean(),
    ).fit(tol=1e-12)
    assert learned["features"] == list(rows.x)
    assert learned["intercept"] == pytest.approx(golden.params["const"], abs=1e-4)
    np.testing.assert_allclose(learned["coefficients"], golden.params[list(rows.x)], atol=1e-4)


def test_the_glms_penalty_is_a_ridge_on_standardised_terms() -> None:
    """First-order conditions of mean weighted Poisson likelihood − α/2·‖β‖², by hand."""
    rows = simulated(missing=0.0)
    alpha = 0.2
    learned = Glm(GlmParams(knots=0, alpha=alpha, winsor=0.0)).fit(rows).state()["learned"]
    assert rows.rate is not None
    x = rows.x.to_numpy()
    ratio = rows.rate / rows.reference
    weight = (rows.population * rows.reference) ** 0.7
    beta = np.array(learned["coefficients"])
    residual = weight * (ratio - np.exp(learned["intercept"] + x @ beta)) / weight.sum()
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    assert residual.sum() == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(z.T @ residual, alpha * beta * x.std(axis=0), atol=1e-5)


def test_splines_bend_where_a_line_cannot() -> None:
    rows = simulated(n=3000, missing=0.0)
    new = simulated(seed=3, missing=0.0)
    assert new.rate is not None
    errors = {}
    for knots in (0, 5):
        model = Glm(GlmParams(knots=knots, alpha=1e-3)).fit(rows)
        errors[knots] = np.average((model.predict(new) - new.rate) ** 2, weights=new.population)
    assert errors[5] < 0.8 * errors[0]


@pytest.mark.parametrize("knots", [0, 4])
def test_a_glm_does_not_run_away_beyond_what_it_has_seen(knots: int) -> None:
    model = Glm(GlmParams(knots=knots)).fit(ROWS)
    edge = replace(ASKED, x=ASKED.x.fillna(0.0) * 0 + 4.0)
    far = replace(ASKED, x=ASKED.x.fillna(0.0) * 0 + 1e6)
    np.testing.assert_array_equal(model.predict(far), model.predict(edge))


def test_trees_equal_a_direct_lightgbm_train() -> None:
    """Recipe: lightgbm.train on rate / reference, weights with mean 1, prediction × reference."""
    import lightgbm

    assert ROWS.rate is not None
    weight = (ROWS.population * ROWS.reference) ** 0.5
    params = {
        "objective": "regression", "learning_rate": 0.1, "num_leaves": 8, "max_bin": 31,
        "min_child_samples": 25, "feature_fraction": 0.5, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 3.0, "seed": 11, "deterministic": True,
        "force_row_wise": True, "num_threads": 1, "verbose": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(
        ROWS.x, ROWS.rate / ROWS.reference, weight=weight / weight.mean(), params=params
    )
    golden = lightgbm.train(params, data, 30).predict(ASKED.x, num_threads=1)
    ours = BoostedTrees(
        BoostedTreesParams(
            rounds=30, learning_rate=0.1, num_leaves=8, max_bin=31, min_child_samples=25,
            feature_fraction=0.5, bagging_fraction=0.8, lambda_l2=3.0, weight_exponent=0.5,
        ),
        seed=11,
    ).fit(ROWS)  # fmt: skip
    expected = np.clip(np.asarray(golden), 0, None) * ASKED.reference
    np.testing.assert_array_equal(ours.predict(ASKED), expected)


def test_a_kernel_that_compares_with_every_row_equals_scikit_learns() -> None:
    """Recipe: KernelRidge on standardised features, gamma 1 / (2 width² p), alpha n · α."""
    from sklearn import kernel_ridge

    rows, asked = simulated(n=300, missing=0.0), simulated(seed=2, n=50, missing=0.0)
    params = KernelRidgeParams(width=1.5, alpha=1e-2, examples=300, winsor=0.0)
    assert rows.rate is not None
    centre, spread = rows.x.mean(), rows.x.std(ddof=0)
    ratio = rows.rate / rows.reference
    weight = (rows.population * rows.reference) ** 0.7
    mean = np.average(ratio, weights=weight)
    golden = kernel_ridge.KernelRidge(
        alpha=300 * 1e-2, kernel="rbf", gamma=1 / (2 * 1.5**2 * 4)
    ).fit((rows.x - centre) / spread, ratio - mean, sample_weight=weight / weight.mean())
    held = asked.x.clip(rows.x.min(), rows.x.max(), axis=1)
    expected = (golden.predict((held - centre) / spread) + mean) * asked.reference
    np.testing.assert_allclose(KernelRidge(params, 7).fit(rows).predict(asked), expected, rtol=1e-4)


def test_some_examples_do_nearly_as_well_as_all() -> None:
    rows, new = simulated(n=2000, missing=0.0), simulated(seed=3, missing=0.0)
    assert new.rate is not None
    errors = {}
    for examples in (4, 200, 2000):
        params = KernelRidgeParams(width=0.7, examples=examples)
        found = KernelRidge(params, 7).fit(rows).predict(new)
        errors[examples] = np.average((found - new.rate) ** 2, weights=new.population)
    assert errors[200] < 1.2 * errors[2000]
    assert errors[4] > 1.5 * errors[2000]


def test_a_kernel_does_not_run_away_beyond_what_it_has_seen() -> None:
    model = KernelRidge(KernelRidgeParams(), 7).fit(ROWS)
    edge = replace(ASKED, x=ASKED.x.fillna(0.0) * 0 + 4.0)
    far = replace(ASKED, x=ASKED.x.fillna(0.0) * 0 + 1e6)
    np.testing.assert_array_equal(model.predict(far), model.predict(edge))


@pytest.mark.parametrize("wrong", [{"width": 0.0}, {"examples": 0}])
def test_a_kernel_that_cannot_be_fitted_says_what_is_allowed(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected a width above 0 and 1 example or more"):
        models.create(ModelSettings("kernel", dict(wrong)), 7).fit(ROWS)


def test_wijken_in_small_portions_are_the_same_wijken(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = KernelRidge(KernelRidgeParams(), 7).fit(ROWS)
    rates, parts = whole.predict(ASKED), whole.contributions(ASKED)
    monkeypatch.setattr("risicomodel.learning.models.kernel_ridge.ROWS_AT_ONCE", 7)
    again = KernelRidge(KernelRidgeParams(), 7).fit(ROWS)
    np.testing.assert_allclose(again.predict(ASKED), rates, rtol=1e-6)
    np.testing.assert_allclose(again.contributions(ASKED).terms, parts.terms, atol=1e-7)


# -- what a model sees ------------------------------------------------------------------------

COLUMNS = {
    "oud": "eigen", "oud_tov_gemeente": "verschil", "oud_van_gemeente": "gemeente",
    "oud_van_omgeving": "omgeving", "ligging_oost": "ligging",
    "ligging_oost_van_gemeente": "gemeente",
}  # fmt: skip


def wide(rows: Rows) -> Rows:
    """The first feature with its contexts and two of location; the other features as they were."""
    rng = np.random.default_rng(9)
    extra = pd.DataFrame(rng.normal(size=(len(rows.x), len(COLUMNS) - 1)), index=rows.x.index)
    return replace(rows, x=rows.x.join(extra.set_axis(list(COLUMNS)[1:], axis=1)))


@pytest.mark.parametrize(
    "parts",
    [["eigen"], ["verschil"], ["gemeente"], ["omgeving"], ["ligging"], ["ligging", "eigen"], []],
)
def test_rows_show_only_the_parts_asked_for_and_are_otherwise_the_same(parts: list[str]) -> None:
    rows = wide(ROWS)
    seen = rows.restricted_to(parts)
    of = {**dict.fromkeys(ROWS.x, "eigen"), **COLUMNS}
    assert list(seen.x) == [column for column in rows.x if of[column] in parts]
    pd.testing.assert_frame_equal(seen.x, rows.x[list(seen.x)])
    for name in ("reference", "revealed", "population", "rate"):
        assert getattr(seen, name) is getattr(rows, name)
    assert rows.x.shape[1] == 9  # the rows themselves keep all


def test_a_kernel_looks_at_the_parts_it_sees_only() -> None:
    rows, asked = wide(ROWS), wide(ASKED)
    kernel = KernelRidge(KernelRidgeParams(sees=["eigen", "gemeente"]), 7).fit(rows)
    plain = kernel.predict(asked)
    hidden = asked.x.assign(oud_tov_gemeente=99.0, ligging_oost=99.0, oud_van_omgeving=99.0)
    np.testing.assert_array_equal(kernel.predict(replace(asked, x=hidden)), plain)
    shown = asked.x.assign(oud_van_gemeente=99.0)
    assert not np.array_equal(kernel.predict(replace(asked, x=shown)), plain)


def test_a_glm_learns_from_and_looks_at_the_parts_it_sees_only() -> None:
    rows, asked = wide(ROWS), wide(ASKED)
    glm = Glm(GlmParams(sees=["eigen", "gemeente"])).fit(rows)
    assert set(glm.state()["learned"]["features"]) == {
        *ROWS.x, "oud_van_gemeente", "ligging_oost_van_gemeente",
    }  # fmt: skip
    plain = glm.predict(asked)
    hidden = asked.x.assign(oud_tov_gemeente=99.0, ligging_oost=99.0, oud_van_omgeving=99.0)
    np.testing.assert_array_equal(glm.predict(replace(asked, x=hidden)), plain)
    shown = asked.x.assign(oud_van_gemeente=99.0)
    assert not np.array_equal(glm.predict(replace(asked, x=shown)), plain)


# -- blends -----------------------------------------------------------------------------------


class TestBlend:
    def test_is_the_weighted_mean_of_its_members(self) -> None:
        """Recipe: members fitted apart, 3/4 of one and 1/4 of the other."""
        trees, splines, blend = (
            model_of(kind).fit(ROWS).predict(ASKED) for kind in ("lightgbm", "glm", "blend")
        )
        assert np.abs(trees - splines).max() > 1e-4
        np.testing.assert_array_equal(blend, trees * 0.75 + splines * 0.25)

    @pytest.mark.parametrize("times", [0.25, 2.0, 1024.0])
    def test_only_the_proportions_of_weights_count(self, times: float) -> None:
        rates = {"lightgbm": np.array([0.1, 0.2]), "glm": np.array([0.3, 0.1])}
        more = BlendParams({name: weight * times for name, weight in WEIGHTS.items()})
        assert more.shares() == {"lightgbm": 0.75, "glm": 0.25}
        np.testing.assert_allclose(average(rates, more), [0.15, 0.175], rtol=1e-15)

    def test_lies_between_its_members(self) -> None:
        rates = {"a": ASKED.reference, "b": ASKED.reference * 2}
        found = average(rates, BlendParams({"a": 0.3, "b": 0.4}))
        assert (found > rates["a"]).all()
        assert (found < rates["b"]).all()

    def test_of_one_member_is_that_member(self) -> None:
        alone = models.create(ModelSettings("blend", {"members": {"glm": 0.7}}), 7, AMONG)
        expected = model_of("glm").fit(ROWS).predict(ASKED)
        np.testing.assert_array_equal(alone.fit(ROWS).predict(ASKED), expected)

    def test_may_average_models_of_one_kind_that_differ(self, tmp_path: Path) -> None:
        among = {
            "stiff": ModelSettings("glm", {"alpha": 10.0, "knots": 0}),
            "loose": ModelSettings("glm", {"alpha": 0.01, "sees": ["eigen"]}),
        }
        chosen = ModelSettings("blend", {"members": {"stiff": 1, "loose": 1}})
        blend = models.create(chosen, 7, among).fit(ROWS)
        stiff, loose = (models.create(one, 7).fit(ROWS).predict(ASKED) for one in among.values())
        np.testing.assert_allclose(blend.predict(ASKED), (stiff + loose) / 2, rtol=1e-12)
        blend.save(tmp_path)
        np.testing.assert_array_equal(models.load(tmp_path).predict(ASKED), blend.predict(ASKED))

    def test_of_baselines_says_what_they_say(self) -> None:
        chosen = ModelSettings("blend", {"members": {"mean": 1.0, "gemeente_mean": 1.0}})
        rows = Rows(pd.DataFrame(index=range(3)), KNOWN.nation, KNOWN, np.full(3, 500.0))
        found = models.create(chosen, 7, AMONG).fit(rows).predict(rows)
        np.testing.assert_allclose(found, [0.06, 0.05, 0.07])


# -- settings ---------------------------------------------------------------------------------


def told_about(chosen: dict[str, ModelSettings]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        models.check(chosen)
    return list(caught.value.details)


LEARNING = {"glm": ModelSettings("glm"), "trees": ModelSettings("lightgbm")}


def blend_of(members: object, **domains: dict[str, object]) -> dict[str, ModelSettings]:
    return {**LEARNING, "blend": ModelSettings("blend", {"members": members}, domains)}


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, "blend: it has no members; expected one or more of glm, trees"),
        ({"glm": 1, "tree": 1}, "blend: member 'tree' is not one of glm, trees (did you mean 'tr"),
        ({"glm": 1, "blend": 1}, "blend: member 'blend' is not one of glm, trees"),
        ({"glm": 0}, "blend: members is {'glm': 0}; expected a weight above 0 for every member"),
        ({"glm": 1, "trees": -1}, "blend: members is {'glm': 1, 'trees': -1}; expected a weight"),
        ({"glm": "much"}, "blend: members is {'glm': 'much'}; expected a weight above 0"),
        ({"glm": True}, "blend: members is {'glm': True}; expected a weight above 0"),
        ({"glm": float("nan")}, "blend: members is {'glm': nan}; expected a weight above 0"),
        ({"glm": float("inf")}, "blend: members is {'glm': inf}; expected a weight above 0"),
        (["glm"], "blend: members is ['glm']; expected a weight above 0 for every member"),
    ],
)
def test_a_blend_that_cannot_be_made_is_refused(members: object, told: str) -> None:
    (found,) = told_about(blend_of(members))
    assert found.startswith(told)


def test_a_blend_without_a_word_on_members_is_refused() -> None:
    (found,) = told_about({**LEARNING, "blend": ModelSettings("blend")})
    assert found == "blend: it has no members; expected one or more of glm, trees"


@pytest.mark.parametrize("sees", [[], ["buren"], "eigen", ["eigen", "buren"]])
def test_a_glm_sees_parts_that_there_are(sees: object) -> None:
    (found,) = told_about({"glm": ModelSettings("glm", {"sees": sees})})
    assert found == (
        f"glm: sees is {sees!r}; expected one or more of eigen, verschil, gemeente, omgeving, "
        "ligging"
    )


class TestPerDomain:
    CHOSEN: ClassVar = {
        "glm": ModelSettings(
            "glm", {"alpha": 0.2, "knots": 4}, {"bijstand": {"alpha": 0.5, "sees": ["gemeente"]}}
        ),
        "mean": ModelSettings("mean"),
    }

    def test_a_domain_has_its_own_parameters_and_else_those_of_all(self) -> None:
        found = models.for_domain(self.CHOSEN, "bijstand")
        assert found["glm"] == ModelSettings(
            "glm", {"alpha": 0.5, "knots": 4, "sees": ["gemeente"]}
        )
        assert models.for_domain(self.CHOSEN, "jeugd")["glm"].params == {"alpha": 0.2, "knots": 4}
        assert found["mean"] == ModelSettings("mean")
        # what was declared is as it was
        assert self.CHOSEN["glm"].params == {"alpha": 0.2, "knots": 4}

    def test_the_weights_of_a_domain_stand_in_place_of_all(self) -> None:
        chosen = blend_of({"glm": 1, "trees": 2}, jeugd={"members": {"trees": 1}})
        models.check(chosen)
        found = models.for_domain(chosen, "jeugd")
        assert models.blends(found)["blend"].shares() == {"trees": 1.0}
        assert models.blends(chosen)["blend"].shares() == {"glm": 1 / 3, "trees": 2 / 3}

    def test_what_is_wrong_for_a_domain_is_told_with_its_name_and_once(self) -> None:
        wrong = {
            "glm": ModelSettings("glm", {"knot": 3}, {"wmo": {"alpha": -1}, "jeugd": {"knts": 2}}),
            "blend": ModelSettings(
                "blend", {"members": {"glm": 1}}, {"wmo": {"members": {"trees": 1}}}
            ),
        }
        known = "alpha, knots, sees, weight_exponent, winsor"
        assert told_about(wrong) == [
            f"glm: parameter 'knot' is not one of {known} (did you mean 'knots'?)",
            f"jeugd: glm: parameter 'knts' is not one of {known} (did you mean 'knots'?)",
            "wmo: glm: alpha is -1; expected a number of 0 or more",
            "wmo: blend: member 'trees' is not one of glm",
        ]

    def test_bijstand_sees_other_parts_than_jeugd_as_shipped(self) -> None:
        chosen = settings.compose(["model=glm"]).models
        used = {}
        for domain in ("jeugd", "bijstand"):
            model = models.create(models.for_domain(chosen, domain)["glm"], 1)
            used[domain] = set(model.fit(wide(ROWS)).state()["learned"]["features"])
        assert used["jeugd"] == {*ROWS.x, "oud_tov_gemeente"}
        assert used["bijstand"] == {*ROWS.x, *COLUMNS} - {"oud_van_omgeving"}


def test_everything_wrong_with_models_is_told_at_once() -> None:
    wrong = {
        "a": ModelSettings("lightgbmm"),
        "b": ModelSettings("lightgbm", {"round": 10}),
        "c": ModelSettings("mean", {"rounds": 10}),
        "d": ModelSettings("glm"),
    }
    with pytest.raises(ConfigError) as caught:
        models.check(wrong)
    told = caught.value.details
    assert len(told) == 3
    assert told[0].startswith("a: kind 'lightgbmm' is not one of")
    assert "did you mean 'lightgbm'?" in told[0]
    assert "b: parameter 'round'" in told[1]
    assert "did you mean 'rounds'?" in told[1]
    assert "c: parameter 'rounds' is not one of none" in told[2]


def test_no_model_at_all_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        models.check({})
    assert caught.value.details == ("no model is chosen; expected one or more, as in 'model=glm'",)
