"""Explanations: what every feature adds to the expected rate of a wijk, and how stable that is."""

from risicomodel.results.explanation.explain import (
    ExplanationRequest,
    Explanations,
    ExplanationTables,
    attributed,
    explain,
    plan,
    planned_tasks,
    run,
)
from risicomodel.results.explanation.settings import ExplainSettings, violations

__all__ = [
    "ExplainSettings",
    "ExplanationRequest",
    "ExplanationTables",
    "Explanations",
    "attributed",
    "explain",
    "plan",
    "planned_tasks",
    "run",
    "violations",
]
