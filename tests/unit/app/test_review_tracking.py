"""What people said reaches the model versions in a real MLflow store; else nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel.app import review_tracking, tracking
from risicomodel.app.review_tracking import PublishedReview, log_review
from risicomodel.core import storage
from support.running import environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlflow.tracking import MlflowClient

pytestmark = pytest.mark.usefixtures("environment_as_it_was")
JEUGD, WMO = "risicomodel-demo-jeugd", "risicomodel-demo-wmo"


def run_folder(folder: Path, uri: str | None, source: str = "demo", **settings: Any) -> Path:
    """A run's folder as far as tracking reads it."""
    run = folder / "run"
    run.mkdir()
    tracked = {"enabled": True, "uri": uri, "experiment": "test", "timeout_seconds": 1, **settings}
    record = {"configuration": {"tracking": tracked}, "inputs": [{"source": source}]}
    (run / "run.json").write_text(json.dumps(record))
    return run


def publish(run: Path, round_id: str, gemeente: str, **statuses: str) -> PublishedReview:
    folder = run / "review" / round_id
    folder.mkdir(parents=True)
    (folder / "actions.csv").write_text("wijk_code,text,owner,due\n")
    mark = {"round_id": round_id, "gemeente": gemeente, "statuses": statuses}
    (folder / "round.json").write_text(json.dumps(mark))
    return PublishedReview(folder, round_id)


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}"


def tracked(uri: str, run: Path, tmp_path: Path) -> tuple[MlflowClient, str]:
    """Track a run with two model versions, without the fits."""
    with tracking.quiet():
        client = tracking.client_of(uri)
        experiment = client.get_experiment_by_name("test")
        number = (
            experiment.experiment_id
            if experiment
            else client.create_experiment("test", (tmp_path / "artifacts").as_uri())
        )
        tags = {tracking.RECORD_TAG: storage.sha256_file(run / "run.json")}
        run_id = client.create_run(number, tags=tags).info.run_id
        for name in (JEUGD, WMO):
            client.create_registered_model(name)
            client.create_model_version(name, (tmp_path / "model").as_uri(), run_id)
    return client, run_id


def test_versions_carry_what_all_rounds_say_of_their_domain(uri: str, tmp_path: Path) -> None:
    run = run_folder(tmp_path, uri)
    client, run_id = tracked(uri, run, tmp_path)
    first = publish(run, "aaaa1111", "Utrecht", jeugd="contested", wmo="unreviewed")
    assert "tagged 1 run and 2 model versions" in log_review(run, first)
    second = publish(run, "bbbb2222", "Zeist", jeugd="reviewed", wmo="reviewed")
    assert "tagged 1 run and 2 model versions" in log_review(run, second)
    tags = {name: client.get_model_version(name, "1").tags for name in (JEUGD, WMO)}
    assert tags[JEUGD][review_tracking.STATUS] == "contested"
    assert tags[WMO][review_tracking.STATUS] == "reviewed"
    assert tags[WMO][review_tracking.ROUND] == "aaaa1111, bbbb2222"
    assert tags[WMO][review_tracking.GEMEENTE] == "Utrecht, Zeist"
    assert client.get_run(run_id).data.tags[review_tracking.STATUS] == "contested"
    files = {one.path for one in client.list_artifacts(run_id, "review/bbbb2222")}
    assert files == {"review/bbbb2222/actions.csv", "review/bbbb2222/round.json"}


def test_a_domain_that_the_first_round_did_not_judge_is_tagged_too(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = run_folder(tmp_path, uri)
    client, run_id = tracked(uri, run, tmp_path)
    publish(run, "aaaa1111", "Utrecht", jeugd="reviewed")
    log_review(run, publish(run, "bbbb2222", "Zeist", wmo="contested"))
    tags = {name: client.get_model_version(name, "1").tags for name in (JEUGD, WMO)}
    assert tags[JEUGD][review_tracking.STATUS] == "reviewed"
    assert tags[WMO][review_tracking.STATUS] == "contested"
    assert client.get_run(run_id).data.tags[review_tracking.STATUS] == "contested"


def test_a_run_that_the_store_does_not_have_is_said(uri: str, tmp_path: Path) -> None:
    run = run_folder(tmp_path, uri, seed="another")
    review = publish(run, "aaaa1111", "Utrecht", jeugd="reviewed")
    assert "no run with this run.json; nothing tagged" in log_review(run, review)


def test_a_server_that_is_down_loses_nothing(tmp_path: Path) -> None:
    run = run_folder(tmp_path, "http://someone:secret@127.0.0.1:1")
    review = publish(run, "aaaa1111", "Utrecht", jeugd="reviewed")
    said = log_review(run, review)
    assert "does not answer" in said
    assert "publish again" in said
    assert "secret" not in said
    assert review.folder.is_dir()


def test_a_store_that_is_none_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 500)
    run = run_folder(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}")
    said = log_review(run, publish(run, "aaaa1111", "Utrecht", jeugd="reviewed"))
    assert "refused it" in said
    assert "\n" not in said


def test_tracking_that_is_off_imports_nothing(tmp_path: Path) -> None:
    run = run_folder(tmp_path, None, enabled=False)
    publish(run, "aaaa1111", "Utrecht", jeugd="reviewed")
    program = (
        "import sys; from pathlib import Path\n"
        "from risicomodel.app.review_tracking import PublishedReview, log_review\n"
        f"run = Path({str(run)!r})\n"
        "print(log_review(run, PublishedReview(run / 'review' / 'aaaa1111', 'aaaa1111')))\n"
        "print('mlflow' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["not tracked, so nothing to tag", "False"]


@pytest.mark.parametrize(("uri", "stays"), [("http://elsewhere", True), ("sqlite:///x", False)])
def test_tables_on_own_figures_stay_on_this_machine(uri: str, *, stays: bool) -> None:
    record = {"inputs": [{"source": "table"}]}
    assert tracking.keeps_figures_here(record, uri) is stays
