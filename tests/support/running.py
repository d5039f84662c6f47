"""The real command line on small figures, for tests; runs that many tests read are made once."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.cli import main
from risicomodel.core import paths, storage
from support.country import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from risicomodel.data.sources.archive import Archive

DEMO = (
    f"data.demo.gemeenten={SMALL.gemeenten}",
    f"data.demo.wijken={SMALL.wijken}",
    f"data.demo.first_year={SMALL.first_year}",
    f"data.demo.last_year={SMALL.last_year}",
)
SPLIT = ("split.score_years=[2016,2017,2018]", "split.origins=[]", "split.horizon=1")
TREES = ("models.lightgbm.params.rounds=20",)
OFF = ("tracking=off",)
# the whole small run: three domains, every model and protocol
WHOLE = (*DEMO, *SPLIT, *TREES, *OFF)
# the shortest that still fits and predicts
SHORT = (*DEMO, *SPLIT, *OFF, "domain=jeugd", "model=mean", "split.protocols=[unseen_gemeente]")
# a model that learns, in one domain and protocol
LEARN = (*SPLIT, *OFF, "domain=jeugd", "model=glm", "split.protocols=[unseen_gemeente]")
TRACKED = tuple(word for word in SHORT if word not in OFF)

TABLES = (
    "panel.parquet", "gemeenten.parquet", "country.parquet", "outlines.parquet", "quality.csv",
    "features.csv", "scores.csv", "leaderboard.csv", "gemeente_scores.parquet", "calibration.csv",
    "predictions.parquet",
)  # fmt: skip
# where unseen_gemeente and unseen_wijk are both run
WITH_ESTIMATES = (*TABLES, "adding_up.csv", "unassigned.csv")
EXPLAINED = (
    "explanations.parquet", "explanation_features.parquet", "explanation_families.parquet",
    "similar.csv", "importance.csv", "dependence.csv", "interactions.csv",
    "stability.csv",
)  # fmt: skip
FORECAST = (
    "forecasts.parquet", "forecast_sums.csv", "forecast_scores.csv", "forecast_bands.csv",
    "forecast_drivers.csv", "forecast_total_scores.csv", "crosswalk.parquet",
)  # fmt: skip
OF_RUN = (*WITH_ESTIMATES, *EXPLAINED, *FORECAST)  # what task 'run' writes

# the demo's files under the ids that CBS gave the tables of those years
CBS_NAMES = {
    "DEMOKWB2016_TypedDataSet": "83487NED_TypedDataSet",
    "DEMOKWB2017_TypedDataSet": "83765NED_TypedDataSet",
    "DEMOKWB2018_TypedDataSet": "84286NED_TypedDataSet",
    "DEMOKWB2016_WijkenEnBuurten": "83487NED_WijkenEnBuurten",
    "DEMOKWB2017_WijkenEnBuurten": "83765NED_WijkenEnBuurten",
    "DEMOKWB2018_WijkenEnBuurten": "84286NED_WijkenEnBuurten",
    "DEMOJZ2016": "83563NED",
    "DEMOJZ2017": "83782NED",
    "DEMOJZ2018": "84316NED",
    "DEMOWMO2016": "83620NED",
    "DEMOWMO2017": "84751NED",
    "DEMOWMO2018": "84752NED",
}


@dataclass(frozen=True)
class Done:
    """How a command ended: exit status, and what it wrote."""

    status: int
    out: str
    err: str


def cli(*words: str | Path) -> Done:
    """Run the command line in this process; its log is put back as it was."""
    out, err = io.StringIO(), io.StringIO()
    with _own_log(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(word) for word in words])
    return Done(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _own_log() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    root.handlers = []  # or 'force' would close pytest's
    try:
        yield
    finally:
        root.handlers = before
        root.setLevel(level)


def well(*words: str | Path) -> Done:
    """Run the command line in this process; it must end well."""
    done = cli(*words)
    assert done.status == 0, done.err
    return done


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process of its own."""
    source = str(paths.PACKAGE.parent)
    path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, paths.HOME_VARIABLE: str(home), **more}


def heed_interrupts() -> None:
    """Have a child process listen to Ctrl-C, also where these tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command(*words: str | Path) -> list[str]:
    """Return the command line as a process is started with it."""
    return [sys.executable, "-m", "risicomodel.cli", *map(str, words)]


def begin(*words: str | Path, home: Path) -> subprocess.Popen[str]:
    """Start the command line with all it starts in a group of its own, as a terminal does."""
    return subprocess.Popen(
        command(*words),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509
    )


def interrupt(running: subprocess.Popen[str]) -> str:
    """Send the whole group Ctrl-C, as a terminal does; return what it said of that."""
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "interrupted:" in err
    assert "Traceback" not in err
    assert out == ""
    return err


def process(*words: str | Path, home: Path, cwd: Path | None = None, **env: str) -> Done:
    """Run the command line as a process of its own."""
    done = subprocess.run(
        command(*words),
        env=environment(home, **env),
        cwd=cwd or home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def shared(name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that tests read and none changes, made once for all workers.

    Parameters
    ----------
    name : str
        Of the folder, beside the cache that workers share.
    make : callable
        Makes the folder; called by the first worker that asks, while others wait.
    """
    folder = paths.cache_dir().resolve().parent / "shared" / name
    made = folder.with_name(f"{name}.made")
    with storage.alone(made):  # what makes the folder may lock that itself
        if not made.exists():
            make(folder)
            made.touch()
    return folder


@functools.cache
def whole_run() -> Path:
    """Return the folder of a whole small run, for reading only."""
    return shared("whole", lambda folder: well("run", *WHOLE, f"run.dir={folder}"))


def as_cbs(small_demo: Archive, folder: Path) -> Path:
    """Copy the small demo's tables into a folder, under CBS's ids and without a manifest."""
    folder.mkdir(parents=True)
    for path in small_demo.folder.iterdir():
        if name := CBS_NAMES.get(path.stem):
            shutil.copyfile(path, folder / f"{name}{path.suffix}")
    return folder


def refused(done: Done, *words: str) -> None:
    """Check that a command ended with one error a user can act on, naming ``words``."""
    assert done.status == 2, (done.status, done.err)
    assert "Traceback" not in done.err
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.err
    message = done.err[done.err.index("error: ") :]
    missing = [word for word in words if word not in message]
    assert not missing, (missing, message)
    assert message.rstrip()[-1] not in ":;,", message


def without_seconds(run: Path) -> dict[str, str]:
    """Return a run's tables by name, as hashes; but for how long fits took, as no two runs do."""
    out = {}
    for name in [name for name in OF_RUN if name in TABLES or (run / name).is_file()]:
        out[name] = storage.sha256_file(run / name)
        if name in {"scores.csv", "leaderboard.csv"}:
            out[name] = pd.read_csv(run / name, dtype="str").drop(columns="seconds").to_csv()
    return out
