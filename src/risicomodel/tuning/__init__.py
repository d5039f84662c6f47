"""Which parameters are best, and how good is choosing them so: nested, honest, resumable."""

from __future__ import annotations

from risicomodel.tuning.nested import Found, plan, tasks
from risicomodel.tuning.search import run_all
from risicomodel.tuning.space import TuningSettings, problems
from risicomodel.tuning.tables import summary, trials, tuned_file, tuned_models

__all__ = [
    "Found",
    "TuningSettings",
    "plan",
    "problems",
    "run_all",
    "summary",
    "tasks",
    "trials",
    "tuned_file",
    "tuned_models",
]
