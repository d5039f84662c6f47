"""Which parameters are best, and how good is choosing them so: nested, honest, resumable."""

from __future__ import annotations

from risicomodel.learning.tuning.nested import Found, plan, tasks
from risicomodel.learning.tuning.search import run_all
from risicomodel.learning.tuning.space import TuningSettings, violations
from risicomodel.learning.tuning.tables import summary, trials, tuned_file, tuned_models

__all__ = [
    "Found",
    "TuningSettings",
    "plan",
    "run_all",
    "summary",
    "tasks",
    "trials",
    "tuned_file",
    "tuned_models",
    "violations",
]
