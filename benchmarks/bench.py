"""How long, how much memory: the main jobs as a user starts them, each in a process of its own.

Speed is said as ratios within one run of this script; seconds are of the machine it ran on. With
RISICOMODEL_ARCHIVE=PATH the same on real CBS tables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

ARCHIVE = os.environ.get("RISICOMODEL_ARCHIVE")
# about 14,000 buurten in ten years
BUURTEN = (
    "level=buurt", "data.demo.wijken=3000", "data.demo.first_year=2011", "data.demo.last_year=2020",
)  # fmt: skip
STAGES = ("forecasts", "explanations")
COLUMNS = [
    "job", "seconds", "peak MB", "panel s", "fits s", *(f"{stage} s" for stage in STAGES),
    "run / fits",
]  # fmt: skip


def measure(job: str, home: Path, *arguments: str) -> dict[str, Any]:
    """Run the command line in a new process; return its wall time, peak memory and timings."""
    folder = home / "bench" / job.replace(" ", "-").replace(",", "")
    command = [sys.executable, "-m", "risicomodel.cli", *arguments, f"run.dir={folder}"]
    environment = {**os.environ, "RISICOMODEL_HOME": str(home)}
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    timings = stage_seconds(folder)
    # kept fits cost nothing now: their seconds say nothing of this run
    fits = fit_seconds(folder) if job.endswith("cold") else None
    return {
        "job": job,
        "seconds": round(seconds, 1),
        "peak MB": round(usage.ru_maxrss / 1024),
        "panel s": round(timings["sources"] + timings["panel"], 2) if timings else None,
        **{f"{stage} s": timings.get(stage) for stage in STAGES},
        "fits s": fits,
        "run / fits": round(seconds / fits, 2) if fits else None,
    }


def stage_seconds(folder: Path) -> dict[str, float]:
    """Return the seconds of a run's stages; a report has none."""
    record = folder / "run.json"
    if not record.is_file():
        return {}
    timings: dict[str, float] = json.loads(record.read_text(encoding="utf-8"))["timings_seconds"]
    return timings


def fit_seconds(folder: Path) -> float | None:
    """Return the seconds of all fits and predictions, shared over the cores that ran them."""
    path = folder / "scores.csv"
    if not path.is_file():
        return None
    table = pd.read_csv(path)
    models = json.loads((folder / "run.json").read_text())["configuration"]["models"]
    blends = [name for name, model in models.items() if model["kind"] == "blend"]  # not fitted
    own = table[~table["protocol"].str.endswith("_benchmarked") & ~table["model"].isin(blends)]
    each = own.groupby(["domain", "protocol", "model"])["seconds"].first()
    return round(float(each.sum()) / (os.cpu_count() or 1), 1)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        rows = [
            measure("demo run, cold", home, "run"),
            measure("demo run, from cache", home, "run"),
            measure("demo panel of buurten, cold", home, "data", *BUURTEN),
            measure("demo run of buurten, cold", home, "run", *BUURTEN),
        ]
        if ARCHIVE:
            real = ("data=archive", f"data.dir={ARCHIVE}")
            made = str(home / "bench" / "archive-run-cold")
            rows += [
                measure("archive panel, cold", home, "data", *real),
                measure("archive panel, from cache", home, "data", *real),
                measure("archive run, cold", home, "run", *real),
                measure("archive run, from cache", home, "run", *real),
                measure("archive report, Amsterdam", home, "report", made, "gemeente=Amsterdam"),
                measure("archive reports, all gemeenten", home, "report", made, "gemeente=all"),
            ]
    print(pd.DataFrame(rows)[COLUMNS].to_markdown(index=False))
    if not ARCHIVE:
        print("\nreal CBS tables were not measured: set RISICOMODEL_ARCHIVE to a local archive.")


if __name__ == "__main__":
    main()
