"""Tuning of hyperparameters: which are best, and how well models do that are tuned this way.

``space`` declares what may vary, ``nested`` keeps the rows that judge a choice out of it,
``search`` runs the studies with Optuna, ``trial_storage`` keeps their trials, and ``tables``
reports them. No model or metric is defined here.

>>> from risicomodel.learning.tuning import space
>>> print(space.Dimension(low=0.01, high=10.0, log=True).text())
0.01 to 10.0
"""

from __future__ import annotations

from risicomodel.learning.tuning.nested import StudyResult, study_specs, tasks
from risicomodel.learning.tuning.search import run_studies
from risicomodel.learning.tuning.space import TuningSettings, violations
from risicomodel.learning.tuning.tables import summary, trials, tuned_file, tuned_models

__all__ = [
    "StudyResult",
    "TuningSettings",
    "run_studies",
    "study_specs",
    "summary",
    "tasks",
    "trials",
    "tuned_file",
    "tuned_models",
    "violations",
]
