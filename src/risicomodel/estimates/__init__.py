"""The best figure for every wijk and year, from everything known of it."""

from risicomodel.estimates.adding_up import doubts
from risicomodel.estimates.bases import bases, nearest_year, needed, unseen_year
from risicomodel.estimates.combine import Estimates, EstimateSettings, estimate

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
