"""Whether a change left every table of a run as it was, byte for byte, and what it costs in time.

    python benchmarks/same_bytes.py HEAD~1                       # that commit beside this checkout
    python benchmarks/same_bytes.py HEAD~1 data=archive data.dir=PATH
    python benchmarks/same_bytes.py --folders RUN_FOLDER RUN_FOLDER

Both runs start from an empty cache, on the same machine, one after the other: seconds are said as
a ratio. Columns of measured seconds are left out of the comparison, and so is the record of the
run, which tells of versions and times. Ends with status 1 where a table differs.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
TABLES = (".csv", ".parquet")
MEASURED = "seconds"  # a column that is another one every time


def table_hash(path: Path) -> str:
    """Return a hash of a table's bytes; of its values where it has measured seconds."""
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    if MEASURED not in table:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    # digits as they are written: two tables with the same text are the same table
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
    text = table.drop(columns=MEASURED).to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def compare(before: Path, after: Path) -> pd.DataFrame:
    """Return a row per table of either run: ``table``, ``same``, and what is the matter."""
    names = {
        path.relative_to(run).as_posix(): None
        for run in (before, after)
        for path in sorted(run.rglob("*"))
        if path.suffix in TABLES
    }
    rows = []
    for name in sorted(names):
        there = [(run / name).is_file() for run in (before, after)]
        same = all(there) and table_hash(before / name) == table_hash(after / name)
        lacking = "" if all(there) else f"only {'before' if there[0] else 'after'}"
        rows.append({"table": name, "same": same, "note": lacking or ("" if same else "differs")})
    return pd.DataFrame(rows)


def run(source: Path, folder: Path, overrides: list[str]) -> tuple[float, float]:
    """Make a run with the code in ``source`` from an empty cache; return its seconds.

    First those of the clock, then those of the processors, which others' work hardly changes.
    """
    home = folder.with_suffix(".home")
    home.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(source / "src"),
        "RISICOMODEL_HOME": str(home),
        "RISICOMODEL_CONFIG_DIR": str(source / "configs"),
    }
    command = [sys.executable, "-m", "risicomodel", "run", "tracking=off", *overrides]
    begin, used = time.perf_counter(), _processor_seconds()
    subprocess.run([*command, f"run.dir={folder}"], env=environment, cwd=home, check=True)
    return time.perf_counter() - begin, _processor_seconds() - used


def _processor_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def beside(commit: str, overrides: list[str]) -> pd.DataFrame:
    """Run a commit's code and this checkout's on the same figures; compare, and print the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(folder / "source"), commit], check=True)
        try:
            seconds = [
                run(source, folder / label, overrides)
                for label, source in (("before", folder / "source"), ("after", ROOT))
            ]
        finally:
            subprocess.run([*git, "remove", "--force", str(folder / "source")], check=True)
        for what, (before, after) in zip(
            ("clock", "processors"), zip(*seconds, strict=True), strict=True
        ):
            ratio = after / before
            print(f"seconds ({what}): {before:.1f} before, {after:.1f} after, ratio {ratio:.2f}")
        return compare(folder / "before", folder / "after")


def main() -> int:
    """Print what is the same; return 1 where a table is not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folders", nargs=2, type=Path, metavar="RUN_FOLDER")
    parser.add_argument("commit", nargs="?", default="HEAD", help="code to compare with")
    parser.add_argument("overrides", nargs="*", help="of both runs")
    options = parser.parse_args()
    table = (
        compare(*options.folders) if options.folders else beside(options.commit, options.overrides)
    )
    print(table.to_markdown(index=False))
    print(f"\n{int(table['same'].sum())} of {len(table)} tables the same.")
    return 0 if table["same"].all() else 1


if __name__ == "__main__":
    raise SystemExit(main())
