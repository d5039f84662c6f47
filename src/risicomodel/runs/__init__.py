"""Runs: a folder that is complete when its record is there, and what its tables promise.

Here live the run's folder and record, the contract of every table, and the comparison of runs.
What fills the tables lives above; what shows them to people lives in ``publishing``.
"""

from risicomodel.runs.contract import RECORD
from risicomodel.runs.folder import (
    About,
    Run,
    RunSettings,
    complete,
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
    "complete",
    "find",
    "finish",
    "finished",
    "free_folder",
    "git_commit",
    "keeps_contract",
    "open_run",
    "read_record",
]
