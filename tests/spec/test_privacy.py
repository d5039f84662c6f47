"""Privacy: what stays on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from risicomodel.app import tracking
from risicomodel.app.settings import ChampionSettings, TrackingSettings
from risicomodel.core import paths
from risicomodel.runs import contract
from support.running import DEMO, OFF, SHORT, TRACKED, environment, process, well

if TYPE_CHECKING:
    from pathlib import Path

ASK = """
import json, sys
from risicomodel.cli import main
status = main(sys.argv[1:])
sys.stderr.write(json.dumps([status, [n for n in sys.modules if n.split(".")[0] == "mlflow"]]))
"""


@pytest.mark.usefixtures("environment_as_it_was")
def test_a_password_is_neither_written_nor_shown(tmp_path: Path) -> None:
    """A password in the address of a tracking server is neither shown nor written to any file of a
    run.
    """
    uri = "http://anna:geheim@127.0.0.1:9"
    done = well("train", *TRACKED, f"tracking.uri={uri}", f"run.dir={tmp_path / 'run'}")
    assert "geheim" not in done.out + done.err
    assert "http://127.0.0.1:9 does not answer" in done.err
    text = (tmp_path / "run" / "run.json").read_text()
    assert "geheim" not in text
    assert "http://127.0.0.1:9" in text


OWN = {"inputs": [{"source": "table"}]}


def tracker(uri: str) -> tracking.MlflowTracker:
    return tracking.MlflowTracker(uri, TrackingSettings(), "own", ChampionSettings())


def sent(uri: str, folder: Path, record: dict[str, Any] = OWN) -> set[str]:
    return {path.name for path in tracker(uri)._to_send(folder, record)}


def test_own_figures_per_wijk_are_not_sent_to_a_server(tmp_path: Path) -> None:
    """Of a run with a gemeente's own figures, a tracking server gets no table with wijken or
    gemeenten or with rates observed in a few wijken, whatever kind of file it is.
    """
    files = {"run.json", "notes.txt", "panel.csv", *(t.file for t in contract.TABLES.values())}
    for name in files:
        (tmp_path / name).write_text("-")
    out = sent("http://somewhere", tmp_path)
    assert {"run.json", "leaderboard.csv", "forecast_scores.csv"} <= out
    assert "scores.csv" not in out  # it has groups of a wijk or two
    places = {"scenario.csv", "similar.csv", "verify_worst.csv", "adding_up.csv", "panel.parquet"}
    means_of_few = {"calibration.csv", "sensitive_changes.csv"}
    unknown = {"notes.txt", "panel.csv"}
    assert not out & (
        places | means_of_few | unknown | {"forecast_sums.csv", "verify_gemeenten.csv"}
    )
    assert sent("postgresql://somewhere/runs", tmp_path) == out
    assert sent("sqlite:////here.db", tmp_path) == files
    assert sent("http://somewhere", tmp_path, {"inputs": [{"source": "demo"}]}) == files


def test_tracking_off_does_not_even_import_mlflow(tmp_path: Path) -> None:
    """With tracking=off nothing is tracked, and MLflow is not even imported."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, "train", *SHORT, f"run.dir={tmp_path / 'run'}"],
        env=environment(paths.home()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stderr.splitlines()[-1]) == [0, []]
    assert "tracked:" not in done.stdout
    assert not (paths.home() / "mlflow.db").exists()


def test_telemetry_is_off_before_mlflow_is_imported(tmp_path: Path) -> None:
    """MLflow's telemetry is switched off before MLflow is imported."""
    script = (
        "import os, sys\n"
        "from risicomodel.app import tracking\n"
        "assert 'mlflow' not in sys.modules\n"
        "with tracking.quiet():\n"
        "    import mlflow\n"
        "    from mlflow.telemetry.utils import is_telemetry_disabled\n"
        "assert is_telemetry_disabled()\n"
        "assert os.environ['MLFLOW_DISABLE_TELEMETRY'] == 'true'\n"
    )
    env = environment(tmp_path)
    del env["MLFLOW_DISABLE_TELEMETRY"]
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], env=env, check=True)


def test_writes_nothing_where_it_is_called(tmp_path: Path) -> None:
    """A run writes only under its home: nothing in the folder where it is called."""
    here = tmp_path / "here"
    here.mkdir()
    done = process("data", *DEMO, *OFF, home=tmp_path / "home", cwd=here)
    assert done.status == 0, done.err
    assert not list(here.iterdir())
    assert len(list((tmp_path / "home" / "runs" / "data").glob("*/run.json"))) == 1
