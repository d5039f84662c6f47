"""Runs: the folder that a run leaves, and what its tables promise.

Here live a run's folder and record, the contract of every table, and the comparison of runs. What
fills the tables lives in the wings before this one; what shows them to people in ``publishing``.
"""

from risicomodel.runs.folder import (
    RECORD,
    About,
    Run,
    RunSettings,
    complete_runs,
    find,
    finish,
    free_folder,
    git_commit,
    open_run,
)
from risicomodel.runs.reading import FinishedRun, finished, keeps_contract, read_record

__all__ = [
    "RECORD",
    "About",
    "FinishedRun",
    "Run",
    "RunSettings",
    "complete_runs",
    "find",
    "finish",
    "finished",
    "free_folder",
    "git_commit",
    "keeps_contract",
    "open_run",
    "read_record",
]
