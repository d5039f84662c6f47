"""The best figure for every wijk and year, from everything known of it."""

from risicomodel.estimates.adding_up import doubts
from risicomodel.estimates.bases import UNSEEN_YEAR, bases, needed, unseen_year
from risicomodel.estimates.combine import Estimates, EstimateSettings, estimate

__all__ = [
    "UNSEEN_YEAR",
    "EstimateSettings",
    "Estimates",
    "bases",
    "doubts",
    "estimate",
    "needed",
    "unseen_year",
]
