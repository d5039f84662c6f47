"""The best figure for every wijk and year, from everything known of it."""

from risicomodel.results.estimates.benchmarking import doubts
from risicomodel.results.estimates.combine import Estimates, EstimateSettings, estimate
from risicomodel.results.estimates.unit_estimates import bases, nearest_year, needed, unseen_year

__all__ = [
    "EstimateSettings",
    "Estimates",
    "bases",
    "doubts",
    "estimate",
    "nearest_year",
    "needed",
    "unseen_year",
]
