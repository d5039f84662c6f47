"""Explanations: what every feature adds to what is expected of a wijk, and how sure that is."""

from risicomodel.results.explanation.explain import Asked, Explanations, explain, plan, run, work
from risicomodel.results.explanation.settings import ExplainSettings, violations

__all__ = [
    "Asked",
    "ExplainSettings",
    "Explanations",
    "explain",
    "plan",
    "run",
    "violations",
    "work",
]
