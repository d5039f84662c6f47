"""The best figure for every wijk and year: published, or estimated from everything known of it."""

from risicomodel.results.estimates.assemble import Estimates, EstimateSettings, estimate
from risicomodel.results.estimates.benchmarking import benchmarking_notes
from risicomodel.results.estimates.blank_cells import Blanks, estimate_blanks
from risicomodel.results.estimates.unit_estimates import (
    estimate_units,
    nearest_year_predictions,
    protocols_suffice,
    unseen_year_predictions,
)

__all__ = [
    "Blanks",
    "EstimateSettings",
    "Estimates",
    "benchmarking_notes",
    "estimate",
    "estimate_blanks",
    "estimate_units",
    "nearest_year_predictions",
    "protocols_suffice",
    "unseen_year_predictions",
]
