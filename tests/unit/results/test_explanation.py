"""Explanations: they add up, are of the models that predicted, and find what truly drives."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.core import paths
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.errors import DataError
from risicomodel.core.storage import Cache
from risicomodel.data import features
from risicomodel.demo import DemoSettings, truth, world
from risicomodel.learning import crossfit, models, protocols
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import SplitSettings
from risicomodel.results import explanation
from risicomodel.results.evaluation import evaluate
from risicomodel.results.explanation import (
    ExplainSettings,
    ExplanationRequest,
    contribution_tables,
    half_samples,
    nearest_wijken,
    tasks,
)
from risicomodel.results.explanation.null_features import NullTerms
from support.country import posed
from support.running import DEMO, SPLIT, TREES, refused, well, whole_run
from support.running import EXPLAINED as TABLES
from support.running import cli as run_cli

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.results.explanation import Explanations

EXACT = 1e-9
NAMES = [one.name for one in fields(explanation.ExplanationTables)]
OFF, ONE = Cache(None), ComputeSettings(jobs=1)
CHOSEN = {
    **{name: ModelSettings(name) for name in ("mean", "gemeente_mean", "persistence")},
    "glm": ModelSettings("glm", domains={"wmo": {"alpha": 0.5, "sees": ["eigen", "gemeente"]}}),
    "lightgbm": ModelSettings("lightgbm", {"rounds": 30, "min_child_samples": 20}),
    "blend": ModelSettings(
        "blend", {"members": {"lightgbm": 0.6, "glm": 0.4}}, {"wmo": {"members": {"glm": 1.0}}}
    ),
    "mixed": ModelSettings("blend", {"members": {"lightgbm": 1, "glm": 2, "mean": 1}}),
}


def asked(chosen: Settings, folds: int = 3, **explain: object) -> ExplanationRequest:
    options = ExplainSettings(**{"refits": 1, "sample": 20, **explain})  # type: ignore[arg-type]
    split = SplitSettings(folds=folds)
    return ExplanationRequest(options, chosen.features, chosen.domains, split, chosen.seed)


def predicted(problem: Problem, how: ExplanationRequest, cache: Cache = OFF) -> pd.DataFrame:
    protocol = protocols.PROTOCOLS[protocols.UNSEEN_GEMEENTE]
    work = crossfit.tasks(problem, protocol, how.split, CHOSEN, how.seed)
    return crossfit.add_blends(crossfit.run(work, cache, ComputeSettings(jobs=2)), CHOSEN)


def explained(
    problem: Problem,
    champion: str,
    how: ExplanationRequest,
    rates: pd.DataFrame,
    cache: Cache = OFF,
) -> Explanations:
    expected = evaluate.out_of_fold_rates(rates, protocols.UNSEEN_GEMEENTE, champion)
    plans = explanation.plan([problem], {problem.domain: champion}, CHOSEN, how)
    work = explanation.planned_tasks(plans, how)
    found = explanation.run(work, cache, ComputeSettings(jobs=2))
    return explanation.explain(plans, work, found, {problem.domain: expected}, how)


def sums(table: pd.DataFrame) -> pd.Series:
    """What base and contributions add up to, by wijk and year."""
    by = table.astype({"wijk_code": "str"}).groupby(["wijk_code", "year"])
    return by["base_rate"].first() + by["contribution"].sum()


def rates_of(problem: Problem, rates: pd.DataFrame, champion: str) -> pd.Series:
    series = evaluate.out_of_fold_rates(rates, protocols.UNSEEN_GEMEENTE, champion)
    return series.set_axis(
        pd.MultiIndex.from_frame(problem.wijken.loc[series.index, ["wijk_code", "year"]])
    )


@pytest.fixture(scope="module")
def how(small_settings: Settings) -> ExplanationRequest:
    return asked(small_settings)


@pytest.fixture(scope="module")
def rates(problem: Problem, how: ExplanationRequest) -> pd.DataFrame:
    return predicted(problem, how)


@pytest.fixture(scope="module")
def told(problem: Problem, how: ExplanationRequest, rates: pd.DataFrame) -> Explanations:
    return explained(problem, "mixed", how, rates)


# -- they add up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("champion", CHOSEN)
def test_contributions_of_every_model_add_up_to_expected(
    champion: str, problem: Problem, how: ExplanationRequest, rates: pd.DataFrame
) -> None:
    """Wmo has parameters of its own for the GLM and the blend."""
    found = explained(problem, champion, how, rates)
    expected = rates_of(problem, rates, champion)
    for name in NAMES[:3]:
        total = sums(getattr(found.tables, name))
        assert len(total) == (problem.wijken["year"] == 2018).sum()
        assert np.abs(total - expected[total.index]).max() < EXACT
    if champion not in models.learners(CHOSEN):
        assert (found.tables.columns["contribution"] == 0).all()
        assert any(champion in note and "base_rate" in note for note in found.notes)


def test_what_is_cut_off_is_a_row_of_its_own(problem: Problem, how: ExplanationRequest) -> None:
    """By hand: 0.9 + 0.3 is 0.2 more than a rate can be."""
    x = problem.x.columns
    rows = pd.DataFrame(
        {"row": [0, 1], "wijk_code": ["WK1", "WK2"], "gm_code": ["GM1", "GM2"], "year": [2018] * 2,
         "people": [1.0, 1.0]}
    )  # fmt: skip
    terms = np.zeros((2, len(x)))
    terms[:, 0] = [0.3, -0.3]
    from risicomodel.results.explanation.attributions import Attributions

    found = Attributions(
        "wmo", "glm", rows, list(x), np.full(2, 0.9), terms, np.array([-0.2, 0.0]), terms[None],
        NullTerms.none(refits=1, rows=2),
    )  # fmt: skip
    levels = contribution_tables.aggregations(
        found, how.features, problem.x.iloc[:2].reset_index(drop=True)
    )
    for level in levels:
        table = contribution_tables.contribution_rows(level, np.zeros((2, 0), dtype="int64"))
        cut = table[table["family"] == contribution_tables.CUT]
        assert cut["contribution"].tolist() == [-0.2]
        assert cut["wijk_code"].tolist() == ["WK1"]
        assert not cut["stable"].any()
        assert sums(table).tolist() == pytest.approx([1.0, 0.6])


def test_over_the_countrys_people_contributions_add_up_to_nothing(
    problem: Problem, told: Explanations
) -> None:
    table = told.tables.features.astype({"wijk_code": "str"})
    people = problem.wijken.set_index(["wijk_code", "year"])["wmo_population"].rename("people")
    table = table.join(people, on=["wijk_code", "year"])
    total = (table["contribution"] * table["people"]).groupby(table["feature"], observed=True).sum()
    assert np.abs(total / people.sum()).max() < 1e-12


def test_compared_with_a_gemeente_its_own_people_add_up_to_nothing(
    problem: Problem, told: Explanations
) -> None:
    table = told.tables.families.astype({"wijk_code": "str"})
    facts = problem.wijken.set_index(["wijk_code", "year"])[["wmo_population", "gm_code"]]
    table = table.join(facts, on=["wijk_code", "year"])
    amount = table["contribution_vs_gemeente"] * table["wmo_population"]
    total = amount.groupby([table["gm_code"], table["family"]], observed=True).sum()
    assert np.abs(total).max() < 1e-9


# -- they are of the models that predicted --------------------------------------------------------


def test_models_kept_since_they_predicted_are_explained_without_a_fit(
    problem: Problem,
    how: ExplanationRequest,
    rates: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, none = Cache(tmp_path), replace(how, settings=replace(how.settings, refits=0))
    kept = predicted(problem, how, cache)
    fresh = explained(problem, "mixed", none, rates)

    def no_fit(*_: object) -> None:
        pytest.fail("a model was fitted again")

    monkeypatch.setattr("risicomodel.learning.models.glm.Glm.fit", no_fit)
    monkeypatch.setattr("risicomodel.learning.models.boosted_trees.BoostedTrees.fit", no_fit)
    again = explained(problem, "mixed", none, kept, cache)
    for name in NAMES:
        pd.testing.assert_frame_equal(getattr(again.tables, name), getattr(fresh.tables, name))
    once_more = explained(problem, "mixed", none, kept, cache)
    pd.testing.assert_frame_equal(once_more.tables.columns, fresh.tables.columns)


def test_rates_of_other_models_are_refused(
    problem: Problem, how: ExplanationRequest, rates: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match=r"do not sum to the prediction.*cache=false"):
        explained(problem, "glm", how, rates.assign(rate=rates["rate"] + 1e-6))


@pytest.mark.parametrize(("folds", "count"), [(3, 2), (4, 6), (5, 6), (10, 6), (5, 3), (5, 0)])
def test_refits_learn_from_half_of_the_other_folds_and_never_from_the_wijks_own(
    folds: int, count: int
) -> None:
    found = half_samples.half_sample_fits(folds, count)
    served: dict[tuple[int, int], frozenset[int]] = {}
    for model in found:
        for fold, refit in model.explains:
            assert fold not in model.trained_on
            served[fold, refit] = model.trained_on
    numbers = {refit for _, refit in served}
    assert len(served) == folds * len(numbers)
    assert all(len(served[k, 0]) == folds - 1 for k in range(folds))
    others = [served[k, r] for k in range(folds) for r in numbers - {0}]
    assert {len(o) for o in others} <= {folds // 2}
    assert len(numbers) - 1 == min(count, 3 if folds == 4 else count)


def test_five_folds_give_six_refits_of_ten_models_in_pairs_that_share_nothing() -> None:
    found = half_samples.half_sample_fits(5, 6)
    assert len(found) == 5 + 10
    of_zero = [m.trained_on for m in found for fold, refit in m.explains if fold == 0 and refit]
    assert all(frozenset({1, 2, 3, 4}) - half in of_zero for half in of_zero)


def test_with_two_folds_nothing_is_called_stable(
    problem: Problem, small_settings: Settings
) -> None:
    how = asked(small_settings, folds=2, refits=6)
    found = explained(problem, "glm", how, predicted(problem, how))
    assert not found.tables.columns["stable"].any()
    assert "split.folds=3" in found.notes[0]


def test_a_term_lies_between_its_refits_and_is_stable_only_on_one_side_of_zero(
    told: Explanations,
) -> None:
    for name in NAMES[:3]:
        table = getattr(told.tables, name)
        assert (table["contribution_low"] <= table["contribution"]).all()
        assert (table["contribution"] <= table["contribution_high"]).all()
        sure = table[table["stable"]]
        assert ((sure["contribution_low"] > 0) | (sure["contribution_high"] < 0)).all()
        assert 0.05 < table["stable"].mean() < 0.95
        if "value" in table:
            assert not table.loc[table["value"].isna(), "stable"].any()


# -- their tables ---------------------------------------------------------------------------------


def test_a_family_is_the_sum_of_its_features_and_they_of_their_columns(told: Explanations) -> None:
    columns, whole, families = (getattr(told.tables, name) for name in NAMES[:3])
    key = ["wijk_code", "year"]
    own = columns["feature"].astype("str").map(features.declared).rename("feature")
    by_feature = columns.groupby([*(columns[k] for k in key), own], observed=True)
    feature = whole.set_index([*key, "feature"])["contribution"]
    np.testing.assert_allclose(
        by_feature["contribution"].sum().reindex(feature.index), feature, atol=1e-12
    )
    by_family = whole.groupby([*key, "family"], observed=True)["contribution"].sum()
    family = families.set_index([*key, "family"])["contribution"]
    np.testing.assert_allclose(by_family.reindex(family.index), family, atol=1e-12)


def test_tables_are_sorted_by_key_and_have_a_row_for_every_wijk(
    problem: Problem, told: Explanations
) -> None:
    for name, last in zip(NAMES[:3], ("feature", "feature", "family"), strict=True):
        table = getattr(told.tables, name)
        key = table[["domain", "wijk_code", "year", last]].astype({"year": "int64"}).astype("str")
        assert not key.duplicated().any()
        assert key.sort_values(list(key.columns), kind="stable").index.equals(key.index)
        wanted = problem.wijken.loc[problem.wijken["year"] == 2018, "wijk_code"]
        assert set(table["wijk_code"]) == set(wanted)
        assert table["champion"].all()


def test_importance_names_what_is_used_and_what_is_not(
    told: Explanations, how: ExplanationRequest
) -> None:
    table = told.tables.importance
    whole = table[table["level"] == "feature"]
    assert set(whole["name"]) == set(how.features.define)
    assert whole["share"].sum() == pytest.approx(1)
    assert whole["rank"].tolist() == sorted(whole["rank"])
    assert (whole["why"] == "").equals(whole["used"])
    family = table[table["level"] == "family"]
    assert set(family["name"]) == {f.family for f in how.features.define.values()}


def test_a_feature_that_is_part_of_the_figure_is_told_as_not_used(
    small_panel: Panel, small_settings: Settings
) -> None:
    feature = replace(small_settings.features.define["inwoners"], leaks_into=["wmo"])
    define = {**small_settings.features.define, "inwoners": feature}
    own = replace(small_settings, features=replace(small_settings.features, define=define))
    problem, how = posed(small_panel.wijken, own), asked(own)
    found = explained(problem, "glm", how, predicted(problem, how)).tables.importance
    row = found[(found["level"] == "feature") & (found["name"] == "inwoners")].iloc[0]
    assert (row["used"], row["why"]) == (False, "part of its own figure")


def test_dependence_tells_how_many_wijken_have_a_value(told: Explanations) -> None:
    table = told.tables.dependence
    share = table.groupby(["level", "feature"])["share"].sum()
    np.testing.assert_allclose(share, 1.0)
    assert (table["low"] <= table["high"]).all()
    assert (table["value_from"] <= table["value"] + 1e-9).all()
    assert table["bin"].max() < 20


def test_pairs_are_of_two_declared_features_strongest_first(
    told: Explanations, how: ExplanationRequest
) -> None:
    table = told.tables.interactions
    assert len(table) == how.settings.pairs
    assert set(table["feature_1"]) | set(table["feature_2"]) <= set(how.features.define)
    assert (table["feature_1"] != table["feature_2"]).all()
    assert table["mean_abs"].is_monotonic_decreasing
    assert (table["n_wijken"] == how.settings.sample).all()


# -- similar wijken -------------------------------------------------------------------------------


def test_similar_wijken_are_the_nearest_elsewhere(problem: Problem, told: Explanations) -> None:
    table = told.similar
    assert table.groupby("wijk_code")["rank"].max().eq(10).all()
    gemeente = problem.wijken.set_index("wijk_code")["gm_code"].groupby(level=0).last()
    assert (gemeente[table["wijk_code"]].to_numpy() != gemeente[table["similar_code"]]).all()
    assert table.groupby("wijk_code")["distance"].apply(lambda d: d.is_monotonic_increasing).all()


def test_distance_by_hand_and_ties_by_code() -> None:
    """Two families: one of two features, one of one. Standard deviations are 1 by construction."""
    code = ["WK1", "WK2", "WK3", "WK4"]
    wijken = pd.DataFrame(
        {"wijk_code": code, "gm_code": ["GM1", "GM1", "GM2", "GM3"], "year": 2018,
         "aantal_inwoners": [500.0, 500.0, 500.0, 500.0]}
    )  # fmt: skip
    unit = np.sqrt(3 / 4)  # values ±unit have standard deviation 1
    values = pd.DataFrame(
        {"a": [unit, unit, -unit, -unit], "b": [unit, -unit, unit, -unit],
         "c": [unit, unit, -unit, -unit]}
    )  # fmt: skip
    families = {"a": "one", "b": "one", "c": "two"}
    table = nearest_wijken.find_nearest(wijken, values, families, count=2, least_people=100)
    first = table[table["wijk_code"] == "WK1"].set_index("similar_code")["distance"]
    # squares: a and b count half of family one, families half of all
    assert first["WK3"] == pytest.approx(np.sqrt(((2 * unit) ** 2 / 2 + (2 * unit) ** 2) / 2))
    assert first["WK4"] == pytest.approx(np.sqrt(((2 * unit) ** 2 + (2 * unit) ** 2) / 2))
    third = table[table["wijk_code"] == "WK3"]
    assert third["similar_code"].tolist() == ["WK4", "WK1"]


def test_tiny_wijken_are_not_offered_and_those_without_features_get_none() -> None:
    wijken = pd.DataFrame(
        {"wijk_code": ["WK1", "WK2", "WK3", "WK4"], "gm_code": ["GM1", "GM2", "GM3", "GM4"],
         "year": 2018, "aantal_inwoners": [500.0, 20.0, 500.0, 500.0]}
    )  # fmt: skip
    values = pd.DataFrame({"a": [1.0, 1.0, 2.0, np.nan]})
    table = nearest_wijken.find_nearest(wijken, values, {"a": "one"}, count=10, least_people=100)
    assert table[["wijk_code", "similar_code"]].to_numpy().tolist() == [
        ["WK1", "WK3"], ["WK2", "WK1"], ["WK2", "WK3"], ["WK3", "WK1"],
    ]  # fmt: skip


# -- bad input ------------------------------------------------------------------------------------


def test_a_wijk_without_any_feature_is_explained_by_that_and_nothing_in_it_is_stable(
    problem: Problem, how: ExplanationRequest
) -> None:
    place = int(np.flatnonzero(problem.wijken["year"] == 2018)[3])
    empty = replace(
        problem,
        x=problem.x.mask(problem.x.index.to_series() == place),
        fingerprint="without",
    )
    rates = predicted(empty, how)
    found = explained(empty, "mixed", how, rates)
    code = problem.wijken["wijk_code"].iloc[place]
    table = found.tables.columns
    own = table[table["wijk_code"] == code]
    assert own["value"].isna().all()
    assert not own["stable"].any()
    expected = rates_of(empty, rates, "mixed")[code, 2018]
    assert own["base_rate"].iloc[0] + own["contribution"].sum() == pytest.approx(
        expected, abs=EXACT
    )
    assert own["contribution_vs_similar"].isna().all()
    assert code not in set(found.similar["wijk_code"])


def test_a_year_without_features_is_refused() -> None:
    done = run_cli("explain", *DEMO, *SPLIT, "tracking=off", "domain=jeugd", "model=mean",
                   "split.protocols=[unseen_gemeente]", "explain.years=[2031]")  # fmt: skip
    refused(done, "explain.years", "2031", "2016, 2017, 2018")


@pytest.mark.parametrize(
    ("override", "word"),
    [("explain.refits=-1", "explain.refits"), ("explain.similar=0", "explain.similar"),
     ("explain.years=[2018,2018]", "twice"), ("explain.refit=3", "explain.refits")],
)  # fmt: skip
def test_settings_that_cannot_be_followed_are_refused(override: str, word: str) -> None:
    refused(run_cli("explain", *DEMO, override), word)


def test_with_baselines_only_all_is_in_the_base_and_the_run_says_so(tmp_path: Path) -> None:
    well("explain", *DEMO, *SPLIT, "tracking=off", "domain=jeugd", "model=mean",
         "split.protocols=[unseen_gemeente]", f"run.dir={tmp_path / 'run'}")  # fmt: skip
    table = pd.read_parquet(tmp_path / "run" / "explanations.parquet")
    assert (table["contribution"] == 0).all()
    assert not table["stable"].any()
    assert len(pd.read_csv(tmp_path / "run" / "interactions.csv")) == 0
    assert "base_rate" in (tmp_path / "run" / "run.json").read_text(encoding="utf-8")


def test_without_the_protocol_of_expected_there_is_a_note(tmp_path: Path) -> None:
    well("explain", *DEMO, *SPLIT, "tracking=off", "domain=jeugd", "model=mean",
         "split.protocols=[unseen_wijk]", f"run.dir={tmp_path / 'run'}")  # fmt: skip
    assert not (tmp_path / "run" / "explanations.parquet").exists()
    assert "no explanations" in (tmp_path / "run" / "run.json").read_text(encoding="utf-8")


# -- whole runs -----------------------------------------------------------------------------------


def check_run(folder: Path) -> None:
    """Every row of every domain adds up to ``expected`` of the champion."""
    made = pd.read_parquet(folder / "predictions.parquet")
    made = made[(made["kind"] == "expected") & made["champion"]]
    for name in TABLES[:3]:
        table = pd.read_parquet(folder / name)
        for domain, rows in table.groupby("domain", observed=True):
            total = sums(rows)
            own = made[made["domain"] == domain].set_index(["wijk_code", "year"])["rate"]
            assert np.abs(total - own[total.index]).max() < EXACT, (name, domain)


def test_a_whole_run_writes_every_table_and_they_add_up() -> None:
    folder = whole_run()
    assert all((folder / name).is_file() for name in TABLES)
    check_run(folder)


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    short = (*DEMO, *SPLIT, *TREES, "tracking=off", "domain=wmo", "explain.refits=2",
             "split.protocols=[unseen_gemeente]")  # fmt: skip
    for name, more in (("a", ()), ("b", ("cache=false", "compute.jobs=1"))):
        well("explain", *short, *more, f"run.dir={tmp_path / name}")
    for name in TABLES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.archive
@pytest.mark.slow
def test_contributions_of_real_wijken_add_up(archive_dir: Path, tmp_path: Path) -> None:
    well("explain", "data=archive", f"data.dir={archive_dir}", "tracking=off", "explain.refits=1",
         "split.protocols=[unseen_gemeente]", f"run.dir={tmp_path / 'run'}")  # fmt: skip
    check_run(tmp_path / "run")


def true_sizes(domain: str, year: int) -> dict[str, float]:
    """How far every driver truly moves the rate from the country's mean, averaged over people."""
    country = world.make_world(DemoSettings())
    at = list(country.settings.years).index(year)
    own = country.truth[domain]
    weight = own.at_risk[at] / own.at_risk[at].sum()
    parts = truth.driven(truth.DOMAINS[domain], country.values)
    return {
        name: float(weight @ (np.abs(part[at] - weight @ part[at]) * own.rate[at]))
        for name, part in parts.items()
    }


@pytest.fixture(scope="session")
def of_the_demo(session_home: Path) -> pd.DataFrame:
    """How much every feature matters in the whole built-in country, as the shipped models say."""
    folder = paths.home() / "shared" / "truth"
    well("explain", "tracking=off", "split.protocols=[unseen_gemeente]", "explain.refits=0",
         "explain.years=[2020]", f"run.dir={folder}")  # fmt: skip
    return pd.read_csv(folder / "importance.csv")


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["jeugd", "wmo", "bijstand"])
def test_the_ranking_of_true_drivers_is_recovered_and_null_features_come_after_them(
    domain: str, of_the_demo: pd.DataFrame
) -> None:
    """Measured: Spearman 1.0 (jeugd), 0.9 (wmo and bijstand: two drivers change places).

    Null features are those whose columns no factor of the made-up people shifts. Features beside
    them that share credit with drivers (owner-occupied with rented) are neither.
    """
    true = pd.Series(true_sizes(domain, 2020))
    found = of_the_demo[of_the_demo["domain"] == domain]
    size = found[found["level"] == "feature"].set_index("name")["mean_abs"]
    spearman = true.rank().corr(size[true.index].rank())
    assert spearman > 0.9 - 1e-9
    nothing = ["leegstand", "elektriciteit", "stroom_huurwoning"]
    assert size[nothing].max() < 0.75 * size[true.index].min()
    rank = size.rank(ascending=False)
    assert rank[nothing].min() > len(size) / 2
    family = found[found["level"] == "family"].set_index("name")["mean_abs"]
    assert family[["energie", "ligging", "omgeving"]].max() < family[["woningen"]].min()


def test_the_null_features_named_above_are_unrelated_to_anything() -> None:
    from risicomodel.demo.people import unrelated

    columns = {null["column"] for null in unrelated()}
    assert {"percentage_onbewoond", "gemiddeld_elektriciteitsverbruik_totaal",
            "elektriciteit_huurwoning"} <= columns  # fmt: skip


def test_a_task_is_cached_by_all_that_its_result_follows_from(
    problem: Problem, how: ExplanationRequest
) -> None:
    plans = explanation.plan([problem], {"wmo": "mixed"}, CHOSEN, how)
    task = explanation.planned_tasks(plans, how)[0].task
    other = {**CHOSEN, "glm": ModelSettings("glm", {"alpha": 9.0})}
    changed = [
        replace(task, seed=1), replace(task, what="pairs"), replace(task, chosen=other),
        replace(task, to_explain=task.to_explain[1:]),
        replace(task, problem=replace(problem, fingerprint="x")),
    ]  # fmt: skip
    keys = [str(t.key()) for t in (task, *changed)]
    assert len(set(keys)) == len(keys)
    assert str(replace(task, fitted={}).key()) == keys[0]
    assert len(tasks.explain_task(task).table) == len(task.to_explain)
