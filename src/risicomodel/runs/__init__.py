"""Runs: a folder that is complete when its record is there, and what its tables promise.

Here live the run's folder and record, the contract of every table, and the comparison of runs.
Nothing here computes what is in a table (``results`` does) or shows it to people (``publishing``
does).
"""

from risicomodel.runs.contract import RECORD
from risicomodel.runs.folder import (
    AboutRun,
    Run,
    RunSettings,
    complete,
    find,
    finish,
    free_folder,
    open_run,
)
from risicomodel.runs.reading import FinishedRun, finished, keeps_contract, read_record

__all__ = [
    "RECORD",
    "AboutRun",
    "FinishedRun",
    "Run",
    "RunSettings",
    "complete",
    "find",
    "finish",
    "finished",
    "free_folder",
    "keeps_contract",
    "open_run",
    "read_record",
]
