"""Tracking in real MLflow stores: SQLite files, and a server of its own on loopback."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.app import settings, tracking
from risicomodel.app.pipeline import inputs
from risicomodel.app.pipeline.fitting import problems_of
from risicomodel.app.settings import ChampionSettings, TrackingSettings
from risicomodel.core import paths, storage
from risicomodel.data.panel import store
from risicomodel.learning import models
from risicomodel.learning.final_fits import fit_all
from support.running import DEMO, SHORT, SPLIT, TABLES, TRACKED, as_cbs, environment, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

    from risicomodel.data.sources.archive import Archive
    from risicomodel.learning.models import RateModel, Rows

# champions are a blend of three, trees and the GLM: for wmo the others are kept from it
WORDS = (
    *DEMO, *SPLIT, "model=blend", "run.name=first", "models.lightgbm.params.rounds=20",
    "+models.glm.domains.wmo.alpha=1000", "+models.kernel.domains.wmo.alpha=1000",
    "+models.lightgbm.domains.wmo.learning_rate=0.1", "split.protocols=[unseen_gemeente]", "seed=3",
)  # fmt: skip
CHAMPIONS = {"jeugd": "blend", "wmo": "lightgbm", "bijstand": "glm"}
PICKLES = {".pkl", ".pickle", ".joblib", ".cloudpickle"}

pytestmark = pytest.mark.usefixtures("environment_as_it_was")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """MLflow's own server on loopback and its folder; started first, as that takes seconds."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    running = subprocess.Popen(
        [
            sys.executable, "-W", "ignore", "-m", "mlflow", "server",
            "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
            "--artifacts-destination", (folder / "artifacts").as_uri(),
            "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        ],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", folder
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(timeout=30)


def wait_for(uri: str, seconds: float = 90) -> None:
    import requests

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(requests.RequestException):
            if requests.get(f"{uri}/health", timeout=1).ok:
                return
        time.sleep(0.1)
    raise AssertionError(f"no server at {uri} after {seconds} s")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store without any run: migrating takes seconds."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture(scope="module")
def home(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one tracked run of three domains."""
    home = tmp_path_factory.mktemp("tracked")
    shutil.copyfile(template, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.HOME_VARIABLE, str(home))
        done = well("train", *WORDS, f"run.dir={home / 'run'}")
        assert "tracking stopped" not in done.err, done.err[-900:]
        assert f"tracked:  mlflow ui --backend-store-uri sqlite:///{home / 'mlflow.db'}" in done.out
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> MlflowClient:
    from mlflow.tracking import MlflowClient

    return MlflowClient(f"sqlite:///{home / 'mlflow.db'}")


def logged(client: MlflowClient, experiment: str = "risicomodel") -> list[Run]:
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], order_by=["start_time"]))


@pytest.fixture(scope="module")
def run(client: MlflowClient) -> Run:
    (only,) = logged(client)
    return only


@pytest.fixture(scope="module")
def record(home: Path) -> dict[str, Any]:
    return runs.read_record(home / "run")


class TestRun:
    def test_is_finished_and_named(self, run: Run) -> None:
        assert run.info.status == "FINISHED"
        assert run.info.run_name == "first"

    def test_parameters(self, run: Run) -> None:
        wanted = {
            "data.source": "demo",
            "data.demo.wijken": "220",
            "features.name": "demografie_wonen",
            "split.folds": "5",
            "models.lightgbm.params.rounds": "20",
            "champion.metric": "wape",
            "seed": "3",
        }
        assert wanted.items() <= run.data.params.items()
        assert not [name for name in run.data.params if name.startswith(("tables", "features.def"))]

    def test_metrics_per_protocol(self, run: Run, home: Path) -> None:
        scores = pd.read_csv(home / "run" / "scores.csv")
        rows = scores[(scores["group"] == "all") & scores["value"].notna()]
        names = rows["domain"] + "." + rows["protocol"] + "." + rows["model"] + "." + rows["metric"]
        assert set(run.data.metrics) == set(names)
        assert "jeugd.unseen_gemeente.lightgbm.wape" in run.data.metrics
        assert "wmo.unseen_gemeente.noise_floor.wape" in run.data.metrics
        values = [run.data.metrics[name] for name in names]
        assert np.allclose(values, rows["value"], rtol=1e-9)

    def test_hashes_of_inputs(self, run: Run, record: dict[str, Any]) -> None:
        assert run.data.tags["task"] == "train"
        assert run.data.tags["data"] == "demo"
        assert run.data.tags["git_commit"] == str(record["git_commit"])
        told = {k: v for k, v in run.data.tags.items() if k.startswith("input.")}
        assert len(told) == len(record["inputs"]) == 10
        assert set(told.values()) == {one["sha256"] for one in record["inputs"]}
        assert "input.DEMOJZ2016.2016" in told

    def test_its_folder_and_its_run_find_each_other(self, run: Run, home: Path) -> None:
        written = storage.sha256_file(home / "run" / "run.json")
        assert run.data.tags[tracking.RECORD_TAG] == written

    def test_tables(self, client: MlflowClient, run: Run, home: Path) -> None:
        names = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert names >= {*TABLES, "run.json"}
        local = client.download_artifacts(run.info.run_id, "predictions.parquet")
        assert Path(local).read_bytes() == (home / "run" / "predictions.parquet").read_bytes()

    def test_is_all_under_the_home(self, home: Path, run: Run) -> None:
        assert run.info.artifact_uri.startswith((home / "mlruns").as_uri())
        assert {path.name for path in home.iterdir()} - {".cache", ".mlflow.db.lock"} == {
            "mlflow.db", "mlruns", "run",
        }  # fmt: skip

    def test_no_pickles(self, home: Path) -> None:
        files = [path for path in (home / "mlruns").rglob("*") if path.is_file()]
        assert len(files) > 10
        assert not [path for path in files if path.suffix in PICKLES]
        assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]

    def test_no_telemetry(self) -> None:
        from mlflow.telemetry.utils import is_telemetry_disabled

        assert is_telemetry_disabled()


class TestModel:
    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, home: Path, record: dict[str, Any]) -> dict[str, tuple[RateModel, Rows]]:
        """The champions as the run fitted them, fitted again."""
        chosen = settings.compose([*WORDS, "tracking=off"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(paths.HOME_VARIABLE, str(home))
            out = {}
            sources = inputs.Sources.of(chosen)
            archive = inputs.open_archive(sources)
            panel = store.load_or_build(archive, chosen.domains, sources.cache)
            for problem in problems_of(panel, chosen.domains, chosen.features, 100):
                name = record["champions"][problem.domain]
                out[problem.domain] = fit_all(problem, name, chosen.models, chosen.seed)
        return out

    def test_every_kind_that_learns_is_champion(self, record: dict[str, Any]) -> None:
        assert record["champions"] == CHAMPIONS

    @pytest.mark.parametrize("domain", CHAMPIONS)
    def test_registered_as_champion(
        self, client: MlflowClient, record: dict[str, Any], home: Path, domain: str
    ) -> None:
        version = client.get_model_version_by_alias(f"risicomodel-demo-{domain}", "champion")
        assert int(version.version) == 1
        board = pd.read_csv(home / "run" / "leaderboard.csv")
        best = board[(board["domain"] == domain) & (board["protocol"] == "unseen_gemeente")]
        assert version.tags["model"] == record["champions"][domain]
        assert version.tags["protocol"] == "unseen_gemeente"
        assert version.tags["metric"] == "wape"
        assert np.isclose(float(version.tags["value"]), best.loc[best["champion"], "wape"].iloc[0])

    def test_a_blend_is_kept_with_its_members(self, client: MlflowClient) -> None:
        import mlflow

        mlflow.set_tracking_uri(client.tracking_uri)
        folder = Path(
            mlflow.artifacts.download_artifacts("models:/risicomodel-demo-jeugd@champion")
        )
        kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
        parts = {name.rpartition("/")[0].rpartition("/")[2] for name in kept}
        assert {"glm", "lightgbm"} < parts
        assert len(list(folder.rglob("lightgbm.txt"))) == 1

    @pytest.mark.parametrize("domain", CHAMPIONS)
    def test_loads_and_predicts_the_same(
        self, client: MlflowClient, fitted: dict[str, tuple[RateModel, Rows]], domain: str
    ) -> None:
        import mlflow

        mlflow.set_tracking_uri(client.tracking_uri)
        loaded = mlflow.pyfunc.load_model(f"models:/risicomodel-demo-{domain}@champion")
        model, sample = fitted[domain]
        table = sample.x.assign(reference_rate=sample.reference)
        assert np.array_equal(loaded.predict(table), model.predict(sample))
        # columns go by name
        shuffled = table[sorted(table.columns, reverse=True)]
        assert np.array_equal(loaded.predict(shuffled), model.predict(sample))
        # without a reference it is the ratio to one
        ratio = loaded.predict(sample.x)
        assert np.allclose(ratio * sample.reference, model.predict(sample))


class TestChampion:
    """It moves only when it is beaten, on the declared protocol and metric."""

    @pytest.fixture
    def uri(self, template: Path, tmp_path: Path) -> str:
        shutil.copyfile(template, tmp_path / "mlflow.db")
        return f"sqlite:///{tmp_path / 'mlflow.db'}"

    def log(
        self,
        uri: str,
        home: Path,
        value: float,
        figures: str = "same",
        sensitive: tuple[str, ...] = (),
        **declared: object,
    ) -> tuple[int, str]:
        """Log a run whose winner scored ``value``; return the champion's version and value."""
        from mlflow.tracking import MlflowClient

        folder = home / "run"
        record = runs.read_record(folder)
        scores = pd.read_csv(folder / "scores.csv")
        model = models.create(models.ModelSettings("mean"), seed=0)
        entry = tracking.Entry("jeugd", "mean", model, value, figures, "a set", sensitive)
        chosen = ChampionSettings(**declared)  # type: ignore[arg-type]
        tracker = tracking.MlflowTracker(uri, TrackingSettings(), "demo", chosen)
        tracker.log_run(folder, record, scores, [entry])
        assert tracker.reached
        client = MlflowClient(uri)
        version = client.get_model_version_by_alias("risicomodel-demo-jeugd", "champion")
        return int(version.version), version.tags["value"]

    def test_moves_when_beaten(self, uri: str, home: Path) -> None:
        assert self.log(uri, home, 0.20) == (1, "0.2")
        assert self.log(uri, home, 0.25) == (1, "0.2"), "worse"
        assert self.log(uri, home, 0.20) == (1, "0.2"), "as good"
        assert self.log(uri, home, 0.15) == (4, "0.15"), "better"
        assert self.log(uri, home, 0.14, sensitive=("herkomst",)) == (4, "0.15"), "sensitive"

    def test_higher_may_be_better(self, uri: str, home: Path) -> None:
        assert self.log(uri, home, 0.30, metric="wr2") == (1, "0.3")
        assert self.log(uri, home, 0.20, metric="wr2") == (1, "0.3")
        assert self.log(uri, home, 0.40, metric="wr2") == (3, "0.4")

    def test_another_yardstick_does_not_compare(self, uri: str, home: Path) -> None:
        assert self.log(uri, home, 0.20) == (1, "0.2")
        assert self.log(uri, home, 0.10, protocol="unseen_wijk") == (1, "0.2"), "stays"
        assert self.log(uri, home, 0.10, "easier figures") == (1, "0.2"), "stays"
        assert self.log(uri, home, 0.30, "newer figures", replace=True) == (4, "0.3")

    def test_through_the_command_line(self, uri: str) -> None:
        from mlflow.tracking import MlflowClient

        where = f"tracking.uri={uri}"
        words = (*DEMO, *SPLIT, "domain=jeugd", "split.protocols=[unseen_gemeente]", where)
        well("train", *words, "model=lightgbm", "models.lightgbm.params.rounds=20")
        well("train", *words, "model=mean")
        client = MlflowClient(uri)
        versions = client.search_model_versions("name='risicomodel-demo-jeugd'")
        assert len(versions) == 2
        champion = client.get_model_version_by_alias("risicomodel-demo-jeugd", "champion")
        assert champion.tags["model"] == "lightgbm"
        worse = next(version for version in versions if int(version.version) == 2)
        assert float(champion.tags["value"]) < float(worse.tags["value"])
        assert champion.tags["scored_rows"] == worse.tags["scored_rows"]


class TestManners:
    def test_a_gemeentes_own_file_may_be_called_anything(
        self, template: Path, small_demo: Archive, tmp_path: Path
    ) -> None:
        from mlflow.tracking import MlflowClient

        archive = as_cbs(small_demo, tmp_path / "archive")
        kwb = pd.read_parquet(archive / "84286NED_TypedDataSet.parquet")
        codes = kwb["WijkenEnBuurten"].str.strip()
        codes = codes[codes.str.startswith("WK")].head(20)
        own = tmp_path / "cliënten (concept) #2.csv"
        parts = [pd.DataFrame({"W": codes, "J": year, "N": 15}) for year in (2017, 2018)]
        pd.concat(parts).to_csv(own, index=False)
        shutil.copyfile(template, tmp_path / "mlflow.db")
        uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
        skip = ("data.demo",)
        words = [word for word in TRACKED if not word.startswith(skip)]
        done = well(
            "train", *words, "data=table", f"data.dir={archive}", f"data.own.path='{own}'",
            "+data.own.columns={wijk_code: W, year: J, jeugd: N}", f"tracking.uri={uri}",
            f"run.dir={tmp_path / 'run'}",
        )  # fmt: skip
        assert "tracked:" in done.out, done.err
        (run,) = logged(MlflowClient(uri))
        assert "input.cliënten _concept_ _2.2017_2018" in run.data.tags
        assert run.data.tags["data"] == "own"

    def test_the_next_run_does_not_inherit_the_store(self, template: Path, tmp_path: Path) -> None:
        """MLflow tells the environment, which the configuration reads: as in a sweep's worker."""
        shutil.copyfile(template, tmp_path / "mlflow.db")
        uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
        well("train", *TRACKED, f"tracking.uri={uri}", f"run.dir={tmp_path / 'run'}")
        assert settings.compose([]).tracking.uri is None
        assert "MLFLOW_TRACKING_URI" not in os.environ


@pytest.mark.slow
class TestManyAtOnce:
    def test_on_a_fresh_store(self, tmp_path: Path) -> None:
        """Four processes at once on a store that is not there yet: all of them are logged."""
        from mlflow.tracking import MlflowClient

        uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "import pandas as pd\n"
            "from risicomodel import runs\n"
            "from risicomodel.app import tracking\n"
            "from risicomodel.learning import models\n"
            "from risicomodel.app.settings import ChampionSettings, TrackingSettings\n"
            "folder, uri, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])\n"
            "model = models.create(models.ModelSettings('mean'), seed=0)\n"
            "entry = tracking.Entry('jeugd', 'mean', model, 0.2 + number / 100, 'x', 'y')\n"
            "record = {**runs.read_record(folder), 'name': f'run {number}'}\n"
            "scores = pd.read_csv(folder / 'scores.csv')\n"
            "tracker = tracking.MlflowTracker(uri, TrackingSettings(), 'demo', "
            "ChampionSettings())\n"
            "with tracking.quiet():\n"
            "    import mlflow\n"
            "sys.stdout.write('ready\\n')\n"
            "sys.stdout.flush()\n"
            "sys.stdin.readline()\n"
            "tracker.log_run(folder, record, scores, [entry])\n"
            "sys.exit(0 if tracker.reached else 1)\n"
        )
        well("train", *SHORT, f"run.dir={tmp_path / 'run'}")
        started = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", script, tmp_path / "run", uri, str(number)],
                env=environment(tmp_path),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(4)
        ]
        for one in started:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for one in started:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        for one in started:
            _, err = one.communicate(timeout=120)
            assert one.returncode == 0, err

        client = MlflowClient(uri)
        found = logged(client)
        assert {run.info.run_name for run in found} == {f"run {number}" for number in range(4)}
        assert {run.info.status for run in found} == {"FINISHED"}
        assert all(run.data.metrics and run.data.params for run in found)
        versions = client.search_model_versions("name='risicomodel-demo-jeugd'")
        assert len(versions) == 4
        champion = client.get_model_version_by_alias("risicomodel-demo-jeugd", "champion")
        assert champion.tags["value"] == "0.2"


@pytest.mark.slow
class TestServer:
    def test_takes_a_run_and_gives_its_champion(
        self, server: tuple[str, Path], tmp_path: Path
    ) -> None:
        import mlflow
        from mlflow.tracking import MlflowClient

        uri, folder = server
        wait_for(uri)
        done = well("train", *TRACKED, f"tracking.uri={uri}", f"run.dir={tmp_path / 'run'}")
        assert f"tracked:  {uri}\n" in done.out, done.err
        client = MlflowClient(uri)
        (run,) = logged(client)
        assert run.info.status == "FINISHED"
        assert {file.path for file in client.list_artifacts(run.info.run_id)} >= set(TABLES)
        mlflow.set_tracking_uri(uri)
        loaded = mlflow.pyfunc.load_model("models:/risicomodel-demo-jeugd@champion")
        assert list(loaded.predict(pd.DataFrame({"reference_rate": [0.1, 0.2]}))) == [0.1, 0.2]
        files = [path for path in (folder / "artifacts").rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {*TABLES, "MLmodel"}
        assert not [path for path in files if path.suffix in PICKLES]

    def test_of_own_figures_it_gets_scores_and_no_model(
        self, server: tuple[str, Path], home: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        from mlflow.tracking import MlflowClient

        uri, _ = server
        wait_for(uri)
        folder = home / "run"
        record = runs.read_record(folder)
        record["inputs"] = [*record["inputs"], {**record["inputs"][0], "source": "table"}]
        model = models.create(models.ModelSettings("mean"), seed=0)
        entry = tracking.Entry("wmo", "mean", model, 0.2, "figures", "a set")
        place = TrackingSettings(experiment="own figures")
        tracker = tracking.MlflowTracker(uri, place, "own", ChampionSettings())
        tracker.log_run(folder, record, pd.read_csv(folder / "scores.csv"), [entry])
        assert tracker.reached, caplog.text
        assert "own figures stay here" in caplog.text
        client = MlflowClient(uri)
        (run,) = logged(client, "own figures")
        assert run.data.metrics
        sent = {file.path for file in client.list_artifacts(run.info.run_id)}
        assert {"leaderboard.csv", "run.json"} <= sent
        # the noise floor of a group of one wijk tells its clients
        kept = {"panel.parquet", "predictions.parquet", "adding_up.csv", "scores.csv"}
        assert not kept & sent
        assert client.search_registered_models("name='risicomodel-own-wmo'") == []
