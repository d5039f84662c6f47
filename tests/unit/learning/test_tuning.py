"""Tuning: nested and honest, the same again, never losing a trial, wherever trials are kept."""

from __future__ import annotations

import json
import shutil
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.app import settings
from risicomodel.core import paths, storage
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.learning import models, protocols
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import PROTOCOLS, SplitSettings
from risicomodel.learning.tuning import TuningSettings, nested, search, trial_storage
from risicomodel.learning.tuning.nested import FINAL, StudySpec
from support.country import posed
from support.running import DEMO, OFF, SPLIT, begin, cli, interrupt, refused, well
from support.servers import PASSWORD, Postgres, cluster, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.learning.tuning import StudyResult

DOMAIN = "wmo"
INNER = SplitSettings(folds=3, horizon=1)
MODELS = {
    "glm": ModelSettings("glm", {"alpha": 1.0, "knots": 0}),
    "lightgbm": ModelSettings("lightgbm", {"rounds": 20, "min_child_samples": 20}),
}
SPACE: dict[str, dict[str, Any]] = {
    "glm": {
        "alpha": {"low": 0.01, "high": 10.0, "log": True},
        "knots": {"choices": [0, 3]},
        "weight_exponent": {"low": 0.0, "high": 1.0, "step": 0.1},
    },
    "lightgbm": {
        "rounds": {"low": 5, "high": 25, "step": 5},
        "learning_rate": {"low": 0.001, "high": 0.2, "log": True},
    },
}


def tuning(where: Path | str | None = None, **more: Any) -> TuningSettings:
    given: dict[str, Any] = {"trials": 6, "folds": 2, "space": SPACE, **more}
    return TuningSettings(storage=str(where) if where else None, **given)


def planned(
    problem: Problem, goal: TuningSettings, model: str = "glm", seed: int = 3
) -> list[StudySpec]:
    return nested.study_specs(problem, INNER, goal, {model: MODELS[model]}, seed)


def one(problem: Problem, goal: TuningSettings, model: str = "glm", seed: int = 3) -> StudySpec:
    return planned(problem, goal, model, seed)[0]


def result(study: StudySpec) -> StudyResult:
    trial_storage.prepare(trial_storage.StorageAddress.of(study.tuning.storage))
    return search.run_study(study)


def told(found: StudyResult) -> list[dict[str, Any]]:
    """Return trials without how long they took, and those that were lost with their worker."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in found.trials]
    return [row for row in rows if row["state"] != "fail"]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


KINDS = ["journal", "sqlite", "postgres"]


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for trials of every kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("server").database())
    file = tmp_path / "trials"
    return f"sqlite:///{file}.db" if request.param == "sqlite" else f"{file}.journal"


class TestNested:
    """What chooses parameters never sees the rows that judge the choice."""

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_studies_hold_their_outer_training_rows_only(
        self, problem: Problem, protocol: str
    ) -> None:
        studies = {s.study: s for s in planned(problem, tuning(protocol=protocol))}
        outer = list(
            protocols.folds(PROTOCOLS[protocol], problem.wijken, problem.usable, INNER, seed=3)
        )
        assert set(studies) == {FINAL, *(f"fold {fold.fold}" for fold in outer)}
        for fold in outer:
            study = studies[f"fold {fold.fold}"]
            assert study.folds
            clients = study.problem.wijken[f"{DOMAIN}_clients"]
            assert clients.iloc[fold.test].isna().all()
            for inner in study.folds:
                assert np.isin(inner.train, fold.train).all()
                assert np.isin(inner.test, fold.train).all()
                assert not set(inner.train) & set(inner.test)
                assert len(inner.test)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_inner_folds_keep_the_protocols_promise(self, problem: Problem, protocol: str) -> None:
        group = PROTOCOLS[protocol].group
        for study in planned(problem, tuning(protocol=protocol)):
            for inner in study.folds:
                years = problem.wijken["year"].to_numpy()
                if protocol == protocols.NEXT_YEARS:
                    assert years[inner.train].max() == inner.origin < years[inner.test].min()
                elif group:
                    groups = problem.wijken[group].to_numpy()
                    assert not set(groups[inner.train]) & set(groups[inner.test])

    @pytest.mark.parametrize("protocol", [protocols.UNSEEN_GEMEENTE, protocols.UNSEEN_WIJK])
    def test_other_figures_in_the_outer_test_rows_change_no_trial(
        self,
        problem: Problem,
        protocol: str,
        small_panel: Panel,
        small_settings: Settings,
        tmp_path: Path,
    ) -> None:
        goal = tuning(protocol=protocol, trials=3)
        fold = next(
            iter(protocols.folds(PROTOCOLS[protocol], problem.wijken, problem.usable, INNER, 3))
        )
        changed = small_panel.wijken.copy()
        column = f"{DOMAIN}_clients"
        place = changed.columns.get_loc(column)
        changed.iloc[fold.test, place] = (changed[column].iloc[fold.test] * 0.5).round()
        found = []
        for name, wijken in (("as it was", small_panel.wijken), ("changed", changed)):
            study = one(posed(wijken, small_settings), replace(goal, storage=str(tmp_path / name)))
            found.append((study.name, result(study)))
        assert found[0][0] == found[1][0], "the same study, by name"
        assert told(found[0][1]) == told(found[1][1])
        final = [
            planned(posed(wijken, small_settings), goal)[-1].name
            for wijken in (small_panel.wijken, changed)
        ]
        assert final[0] != final[1], "but another one over all rows"

    def test_only_years_that_are_scored_choose(self, problem: Problem) -> None:
        split = replace(INNER, score_years=[2018])
        for study in nested.study_specs(problem, split, tuning(), {"glm": MODELS["glm"]}, 3):
            for inner in study.folds:
                assert set(problem.wijken["year"].iloc[inner.test]) == {2018}
                assert len(set(problem.wijken["year"].iloc[inner.train])) == 3

    def test_the_tuned_model_predicts_every_outer_fold_with_that_folds_choice(
        self, problem: Problem, tmp_path: Path
    ) -> None:
        goal = tuning(tmp_path / "trials", trials=3)
        found = search.run_studies(planned(problem, goal), ComputeSettings(jobs=2), lambda _: None)
        by_study = {item.key[2]: item for item in found}
        work = nested.tasks(problem, INNER, goal, {"glm": MODELS["glm"]}, results=found, seed=3)
        tuned = [task for task in work if task.model == "glm_tuned"]
        assert [task.fold.fold for task in tuned] == [0, 1, 2]
        for task in tuned:
            params = by_study[f"fold {task.fold.fold}"].params
            assert {name: task.settings.params[name] for name in params} == params


class TestRepeatable:
    def test_the_same_seed_gives_the_same_trials_wherever_they_are_kept(
        self, problem: Problem, where: str, tmp_path: Path
    ) -> None:
        goal = tuning(trials=14)
        # 10 are drawn at random, the others follow from those before them
        plain = result(one(problem, replace(goal, storage=str(tmp_path / "plain"))))
        assert told(result(one(problem, replace(goal, storage=where)))) == told(plain)

    def test_another_seed_gives_others(self, problem: Problem, tmp_path: Path) -> None:
        found = [result(one(problem, tuning(tmp_path / "j"), seed=seed)) for seed in (3, 4)]
        assert told(found[0])[1:] != told(found[1])[1:]

    def test_the_first_trial_is_the_model_as_configured(
        self, problem: Problem, tmp_path: Path
    ) -> None:
        found = result(one(problem, tuning(tmp_path / "j")))
        assert found.trials[0]["number"] == 0
        assert found.trials[0]["params"] == {"alpha": 1.0, "knots": 0, "weight_exponent": 0.7}

    def test_more_trials_go_on_from_those_there_are(self, problem: Problem, tmp_path: Path) -> None:
        goal = tuning(tmp_path / "j", trials=4)
        first = result(one(problem, goal))
        more = result(one(problem, replace(goal, trials=12)))
        assert more.trials[:4] == first.trials, "to the microsecond: nothing is done again"
        assert told(more) == told(result(one(problem, tuning(tmp_path / "other", trials=12))))
        assert result(one(problem, goal)) == first, "and fewer asks for no more than those"

    @pytest.mark.parametrize(
        "change",
        [
            {"metric": "wr2"},
            {"folds": 3},
            {"pruning": False},
            {"protocol": "unseen_wijk"},
            {"space": {"glm": {"alpha": {"low": 0.1, "high": 2.0}}}},
        ],
    )
    def test_another_question_is_another_study(
        self, problem: Problem, change: dict[str, Any]
    ) -> None:
        assert one(problem, tuning(**change)).name != one(problem, tuning()).name

    def test_the_number_of_trials_and_their_place_are_not_part_of_the_question(
        self, problem: Problem
    ) -> None:
        assert one(problem, tuning("elsewhere", trials=9)).name == one(problem, tuning()).name


class TestPruning:
    def test_gives_up_what_is_worse_than_most(self, problem: Problem, tmp_path: Path) -> None:
        goal = tuning(tmp_path / "j", trials=12, folds=3)
        found = result(one(problem, goal, "lightgbm"))
        pruned = [row for row in found.trials if row["state"] == "pruned"]
        assert pruned
        assert all(len(row["inner"]) < 3 and row["value"] is None for row in pruned)
        assert all(row["number"] >= search.PRUNE_AFTER for row in pruned)
        complete = [row for row in found.trials if row["state"] == "complete"]
        assert all(len(row["inner"]) == 3 and row["inner"][-1] == row["value"] for row in complete)
        assert found.value == min(row["value"] for row in complete)
        assert len(found.trials) == 12

    def test_can_be_off(self, problem: Problem, tmp_path: Path) -> None:
        goal = tuning(tmp_path / "j", trials=12, folds=3, pruning=False)
        found = result(one(problem, goal, "lightgbm"))
        assert {row["state"] for row in found.trials} == {"complete"}

    def test_the_best_of_a_metric_that_is_to_be_high(
        self, problem: Problem, tmp_path: Path
    ) -> None:
        found = result(one(problem, tuning(tmp_path / "j", metric="wr2", trials=8)))
        values = [row["value"] for row in found.trials if row["state"] == "complete"]
        assert found.value == max(values) > min(values)


WORDS = (
    *DEMO, *SPLIT, *OFF, "domain=wmo", "model=[glm,lightgbm]", "models.lightgbm.params.rounds=60",
    "split.folds=3", "tuning.folds=2", "tuning.trials=12", "tuning.space.lightgbm.rounds.step=10",
    "models.glm.params.knots=0", "tuning.space.glm.knots=null",
)  # fmt: skip
STUDIES = 2 * 4  # models × (outer folds and final)


def table(run: Path) -> pd.DataFrame:
    """Return a run's finished trials, but for how long they took."""
    trials = pd.read_csv(run / "trials.csv")
    return trials[trials["state"] != "fail"].drop(columns="seconds").reset_index(drop=True)


def kept(where: str) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Return finished trials by study and number, with when they ended and who did them."""
    import optuna

    place = trial_storage.StorageAddress.of(where)
    if place.file is not None and not place.file.is_file():
        return {}
    done = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    try:
        with trial_storage.connection(place) as connection:
            return {
                (study.study_name, t.number): (t.values, t.datetime_complete, t.user_attrs)
                for study in connection.get_all_studies()
                for t in connection.get_all_trials(study._study_id, states=done)
            }
    except Exception:  # noqa: BLE001 (its tables are being made)
        return {}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tuning run that nothing disturbed, in a home of its own."""
    home = tmp_path_factory.mktemp("at_once")
    run = home / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.HOME_VARIABLE, str(home))
        well("tune", *WORDS, f"run.dir={run}")
    return run


@pytest.mark.slow
class TestRun:
    def test_tells_the_nested_score_beside_the_configured_one(self, at_once: Path) -> None:
        scores = pd.read_csv(at_once / "scores.csv")
        whole = scores[(scores["group"] == "all") & (scores["metric"] == "wape")]
        by_model = whole.set_index("model")["value"]
        assert set(by_model.index) == {
            "mean", "gemeente_mean", "persistence", "noise_floor",
            "glm", "glm_tuned", "lightgbm", "lightgbm_tuned",
        }  # fmt: skip
        assert set(scores["protocol"]) == {"unseen_gemeente"}
        told = pd.read_csv(at_once / "tuned.csv").set_index("model")
        for name in ("glm", "lightgbm"):
            assert told.loc[name, "configured"] == pytest.approx(by_model[name])
            assert told.loc[name, "nested"] == pytest.approx(by_model[f"{name}_tuned"])
        trials = table(at_once)
        final = trials[(trials["study"] == FINAL) & (trials["model"] == "glm")]
        assert told.loc["glm", "inner"] == pytest.approx(final["value"].min())
        assert (trials.groupby(["model", "study"]).size() == 12).all()
        assert len(trials) == 12 * STUDIES
        record = runs.read_record(at_once)
        assert {"trials.csv", "tuned.csv", "scores.csv"} <= set(record["tables"])
        assert record["task"] == "tune"

    def test_its_parameters_are_an_experiment(
        self, at_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = shutil.copytree(paths.config_dir(), tmp_path / "configs")
        shutil.copy(at_once / "tuned.yaml", folder / "experiment" / "tuned.yaml")
        monkeypatch.setenv(paths.CONFIG_VARIABLE, str(folder))
        chosen = settings.compose(["experiment=tuned"])
        trials = table(at_once)
        final = trials[(trials["study"] == FINAL) & (trials["model"] == "lightgbm")]
        best = json.loads(final.sort_values(["value", "number"])["params"].iloc[0])
        tuned = models.for_domain(chosen.models, "wmo")
        params = tuned["lightgbm_tuned"].params
        assert {name: params[name] for name in best} == best
        configured = settings.compose([]).models["lightgbm"]
        assert chosen.models["lightgbm"] == configured, "the model as configured stays"
        words = [*DEMO, *SPLIT, *OFF, "domain=wmo", "split.protocols=[unseen_gemeente]"]
        well("train", *words, "experiment=tuned", f"run.dir={tmp_path / 'run'}")
        scored = set(pd.read_csv(tmp_path / "run" / "scores.csv")["model"])
        assert {"glm_tuned", "lightgbm_tuned"} <= scored

    @pytest.mark.parametrize("backend", ["processes", "dask"])
    def test_other_ways_to_compute_give_the_same_trials(
        self, at_once: Path, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "home"))
        run = tmp_path / "run"
        with cluster(tmp_path / "cluster") as made:
            words = [f"compute={backend}", "compute.jobs=2"]
            if backend == "dask":
                address = made.scheduler()
                made.worker(address)
                made.worker(address)
                words = [f"compute={backend}", f"compute.address={address}"]
            well("tune", *WORDS, *words, f"run.dir={run}")
        pd.testing.assert_frame_equal(table(run), table(at_once))
        assert (run / "tuned.yaml").read_text() == (at_once / "tuned.yaml").read_text()

    def test_is_tracked(self, tmp_path: Path) -> None:
        from mlflow.tracking import MlflowClient

        uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
        words = [word for word in WORDS if word not in OFF and not word.startswith("model")]
        goal = ["model=glm", "tuning.trials=2", f"tracking.uri={uri}"]
        well("tune", *words, *goal, f"run.dir={tmp_path / 'run'}")
        client = MlflowClient(uri)
        (experiment,) = [e for e in client.search_experiments() if e.name == "risicomodel"]
        (run,) = client.search_runs([experiment.experiment_id])
        assert "wmo.unseen_gemeente.glm_tuned.wape" in run.data.metrics
        assert run.data.params["tuning.trials"] == "2"
        sent = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {"trials.csv", "tuned.yaml", "scores.csv"} <= sent


@pytest.mark.slow
class TestBrokenOff:
    """Killed, really, in the middle of its trials: the same command goes on to the same end."""

    def test_no_trial_is_lost_and_the_end_is_the_same(
        self, at_once: Path, where: str, tmp_path: Path
    ) -> None:
        words = [*WORDS, f"tuning.storage={where}"]
        for enough in (15, 40):
            running = begin("tune", *words, f"run.dir={tmp_path / 'run'}", home=tmp_path)
            while len(kept(where)) < enough:
                assert running.poll() is None, running.stderr and running.stderr.read()
                time.sleep(0.05)
            running.kill()
            running.communicate()
            assert not (tmp_path / "run").exists()
        before = kept(where)
        assert len(before) < 12 * STUDIES
        running = begin("tune", *words, f"run.dir={tmp_path / 'run'}", home=tmp_path)
        _, err = running.communicate()
        assert running.returncode == 0, err
        after = kept(where)
        assert {key: after[key] for key in before} == before, "what was finished stays"
        assert len(after) == 12 * STUDIES, "and nothing is done twice"
        pd.testing.assert_frame_equal(table(tmp_path / "run"), table(at_once))
        if where.startswith("postgres"):
            written = [path.read_text() for path in (tmp_path / "run").glob("*.[jy]*")]
            assert not any(PASSWORD in text for text in [*written, err])
        assert (tmp_path / "run" / "tuned.yaml").read_text() == (at_once / "tuned.yaml").read_text()

    def test_interrupted(self, tmp_path: Path) -> None:
        where = str(tmp_path / "trials")
        running = begin(
            "tune", *WORDS, f"tuning.storage={where}", f"run.dir={tmp_path / 'run'}", home=tmp_path
        )
        while len(kept(where)) < 5:
            assert running.poll() is None
            time.sleep(0.05)
        err = interrupt(running)
        assert "trials are kept; run the same command again to continue" in err
        assert not (tmp_path / "run").exists()
        assert not list(tmp_path.rglob("*.partial"))
        assert len(kept(where)) < 12 * STUDIES


@pytest.mark.slow
def test_two_workers_share_the_trials(where: str, tmp_path: Path) -> None:
    words = [*WORDS, f"tuning.storage={where}", "compute.jobs=1"]
    before = kept(where)
    running = [
        begin("tune", *words, "seed=5", f"run.dir={tmp_path / name}", home=tmp_path)
        for name in ("a", "b")
    ]
    for process in running:
        _, err = process.communicate()
        assert process.returncode == 0, err
    done = {key: value for key, value in kept(where).items() if key not in before}
    assert len(done) == 12 * STUDIES, "each trial once"
    places = {(study, value[2]["slot"]) for (study, _), value in done.items()}
    assert len(places) == 12 * STUDIES
    first = [study for (study, _), value in done.items() if value[2]["slot"] == 0]
    assert len(first) == len(set(first)) == STUDIES
    assert len({value[2]["owner"] for value in done.values()}) > STUDIES, "both worked"
    pd.testing.assert_frame_equal(table(tmp_path / "a"), table(tmp_path / "b"))


class TestDead:
    """Trials whose worker is gone are done again; those of the living are left alone."""

    def begun(self, study: StudySpec, owner: str) -> int:
        """Leave a trial running, as a worker would that was killed in it."""
        place = trial_storage.StorageAddress.of(study.tuning.storage)
        trial_storage.prepare(place)
        with trial_storage.connection(place) as connection:
            return int(search._study(study, connection, owner).ask().number)

    def test_of_this_machine(self, problem: Problem, tmp_path: Path) -> None:
        study = one(problem, tuning(tmp_path / "j", trials=3))
        self.begun(study, f"{socket.gethostname()}/0123")
        found = search.run_study(study)
        assert [row["state"] for row in found.trials].count("fail") == 1
        assert [row["number"] for row in told(found)] == [0, 1, 2]

    @pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # asked for outside of 'optimize'
    def test_of_another_machine_by_its_silence(
        self, problem: Problem, server: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trial_storage, "HEARTBEAT_SECONDS", 1)
        monkeypatch.setattr(trial_storage, "GRACE_SECONDS", 2)
        study = one(problem, tuning(server.database(), trials=3))
        self.begun(study, "elsewhere/0123")
        found = search.run_study(study)
        assert [row["state"] for row in found.trials].count("fail") == 1
        assert [row["number"] for row in told(found)] == [0, 1, 2]

    def test_the_living_are_left_alone(self, problem: Problem, tmp_path: Path) -> None:
        study = one(problem, tuning(tmp_path / "j", trials=3))
        place = trial_storage.StorageAddress.of(study.tuning.storage)
        with trial_storage.registered_worker(place) as owner:
            self.begun(study, owner)
            with trial_storage.connection(place) as connection:
                made = search._study(study, connection, "me/1")
                trial_storage.fail_abandoned(made, connection, place)
                assert [t.state.name for t in made.get_trials()] == ["RUNNING"]

    def test_who_looks_for_a_place_that_is_had_is_not_told_of(
        self, problem: Problem, tmp_path: Path
    ) -> None:
        """A worker writes a place down, then sees that another has it; a third may look between."""
        study = one(problem, tuning(tmp_path / "j", trials=3))
        place = trial_storage.StorageAddress.of(study.tuning.storage)
        trial_storage.prepare(place)
        before = search.run_study(study)
        with trial_storage.connection(place) as connection:
            made = search._study(study, connection, "me/1")
            late = made.ask()
            late.set_user_attr(search.SLOT, 2)
            assert search._result(made, study) == before

    def test_a_line_cut_short_is_mended(self, problem: Problem, tmp_path: Path) -> None:
        goal = tuning(tmp_path / "j", trials=4)
        first = result(one(problem, replace(goal, trials=2)))
        with (tmp_path / "j").open("ab") as stream:
            stream.write(b'{"op_code": 4, "worker_id": "cut sho')
        assert result(one(problem, goal)).trials[:2] == first.trials


class TestMistakes:
    @pytest.mark.parametrize(
        ("word", "told"),
        [
            ("+tuning.space.glmm={alpha: {low: 1, high: 2}}", ["glmm", "did you mean 'glm'?"]),
            ("+tuning.space.mean={x: {low: 1, high: 2}}", ["mean.x: no such parameter", "none"]),
            ("+tuning.space.glm.alfa={low: 1, high: 2}", ["glm.alfa", "did you mean 'alpha'?"]),
            ("tuning.space.glm.alpha={low: 2, high: 1}", ["low is 2 and", "low below high"]),
            ("tuning.space.glm.weight_exponent.low=-1", ["glm.weight_exponent", "of 0 or more"]),
            ("tuning.space.glm.alpha.low=0", ["glm.alpha", "with log, expected above 0"]),
            ("tuning.space.glm.alpha.low=x", ["low is 'x'", "a number"]),
            ("+tuning.space.glm.alpha.step=1", ["log and step", "one or the other"]),
            ("+tuning.space.glm.winsor={lo: 0, high: 1}", ["'lo'", "did you mean 'low'?"]),
            ("+tuning.space.glm.winsor=3", ["is 3", "{low, high}"]),
            ("+tuning.space.glm.winsor={high: 1}", ["low missing"]),
            ("tuning.space.glm.knots.choices=[]", ["choices is empty"]),
            ("tuning.space.glm.knots.choices=[1,two]", ["glm.knots", "'two'", "a whole number"]),
            ("tuning.space.lightgbm.rounds.high=800.5", ["high is 800.5", "a whole number"]),
            ("tuning.space.lightgbm.rounds.step=7", ["step is 7", "from 50 to 1200"]),
            ("tuning.trials=0", ["tuning.trials is 0", "1 or more"]),
            ("tuning.folds=1", ["tuning.folds is 1", "2 or more"]),
            ("tuning.protocol=unseen", ["'unseen'", "did you mean 'unseen_wijk'?"]),
            ("tuning.metric=bias", ["'bias'", "wape"]),
            ("models.glm.params.alpha=50", ["models.glm.params.alpha is 50", "0.01 to 10.0"]),
        ],
    )  # fmt: skip
    def test_in_the_configuration(self, word: str, told: list[str], tmp_path: Path) -> None:
        done = cli("tune", *DEMO, *SPLIT, *OFF, "domain=wmo", word, f"run.dir={tmp_path / 'run'}")
        refused(done, *told)
        assert not list(tmp_path.iterdir())

    def test_all_are_told_at_once(self) -> None:
        words = ["tuning.trials=0", "+tuning.space.glm.alfa={low: 1, high: 2}", "tuning.folds=1"]
        done = cli("tune", *DEMO, *OFF, *words)
        refused(done, "tuning.trials is 0", "glm.alfa", "tuning.folds is 1")

    def test_a_model_without_a_space(self, tmp_path: Path) -> None:
        words = [*DEMO, *SPLIT, *OFF, "domain=wmo", f"run.dir={tmp_path / 'run'}"]
        refused(cli("tune", *words, "model=mean"), "none of the chosen models (mean)", "model=")

    def test_null_leaves_a_parameter_as_it_is(self, problem: Problem) -> None:
        space = {"glm": {**SPACE["glm"], "knots": None}}
        assert set(one(problem, tuning(space=space)).space) == {"alpha", "weight_exponent"}

    def test_too_few_rows_for_folds_within_folds(self, problem: Problem) -> None:
        with pytest.raises(Exception, match=r"folds; expected at least one per fold"):
            planned(problem, tuning(folds=40))

    def test_a_parameter_the_model_refuses_is_told(self, problem: Problem, tmp_path: Path) -> None:
        space = {"lightgbm": {"num_leaves": {"choices": [12, 1]}}}
        goal = tuning(tmp_path / "j", space=space, trials=12)
        with pytest.raises(ConfigError, match="LightGBM refuses"):
            result(one(problem, goal, "lightgbm"))


class TestUnreachable:
    """A storage that does not answer, or cannot be written: one line, in seconds, no password."""

    def refused(self, where: str, tmp_path: Path, *told: str) -> None:
        run = tmp_path / "results" / "run"
        words = [*DEMO, *SPLIT, *OFF, "domain=wmo", "model=glm", f"tuning.storage='{where}'"]
        done = cli("tune", *words, f"run.dir={run}")
        refused(done, "tuning.storage=", *told)
        assert PASSWORD not in done.err + done.out
        assert not run.exists()

    def test_nobody(self, tmp_path: Path) -> None:
        pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
        where = f"postgresql://me:{PASSWORD}@127.0.0.1:9/x"
        self.refused(where, tmp_path, "127.0.0.1:9/x", "does not accept trials", "Start it")

    def test_silent(self, tmp_path: Path) -> None:
        pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"127.0.0.1:{silent.getsockname()[1]}/x"
            self.refused(f"postgresql+psycopg://me:{PASSWORD}@{address}", tmp_path, address)

    def test_no_such_database(self, server: Postgres, tmp_path: Path) -> None:
        self.refused(server.uri.replace("/postgres", "/nosuch"), tmp_path, "nosuch")

    @pytest.mark.parametrize("prefix", ["", "sqlite:///"])
    def test_no_folder_can_be_made(self, prefix: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        self.refused(f"{prefix}{tmp_path / 'file' / 'trials'}", tmp_path, "file", "does not accept")

    def test_something_else(self, tmp_path: Path) -> None:
        for name in ("text", "text.db"):
            (tmp_path / name).write_text("not trials, but long enough to be taken for them\n" * 9)
        self.refused(str(tmp_path / "text"), tmp_path, "text", "does not accept trials")
        self.refused(f"sqlite:///{tmp_path / 'text.db'}", tmp_path, "text.db")

    @pytest.mark.parametrize("where", ["mysql://me:geheim@host/x", "sqlite://", "s3://bucket/x"])
    def test_no_place_for_trials(self, where: str, tmp_path: Path) -> None:
        self.refused(where, tmp_path, "cannot keep trials", "sqlite:///PATH")

    def test_a_server_that_goes_away_keeps_what_was_finished(
        self, problem: Problem, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with postgres() as own:
            study = one(problem, tuning(own.uri, trials=8))
            before = told(result(replace(study, tuning=replace(study.tuning, trials=3))))
            after_each = nested.Objective.cumulative_scores

            def stop(*arguments: Any) -> Iterator[float]:
                own.stop()
                yield from after_each(*arguments)

            with monkeypatch.context() as patch:
                patch.setattr(nested.Objective, "cumulative_scores", stop)
                with pytest.raises(
                    SourceError, match=r"does not accept trials.*continue"
                ) as caught:
                    search.run_study(study)
            assert PASSWORD not in str(caught.value)
            own.start()
            found = search.run_study(study)
            assert told(found)[:3] == before
            assert len(told(found)) == 8


def test_passwords_are_not_kept(tmp_path: Path) -> None:
    for shown in (
        storage.without_password(f"postgresql+psycopg://me:{PASSWORD}@host:5432/trials"),
        storage.without_password(f"postgresql://me:a{PASSWORD}@b{PASSWORD}@host/trials"),
        storage.without_password(f"postgresql://host/trials?user=me&password={PASSWORD}&x=1"),
    ):
        assert PASSWORD not in shown
        assert "host" in shown
        assert "trials" in shown
