"""Every table that runs write, declared once: what is written is held to it, and named by it.

What a round of people leaves is declared the same way, apart from it (:data:`ROUND_TABLES`).

``docs/reference/tables.md`` is made of what stands here (``python tools/reference.py``). A change
that readers must know of, of a name, type, unit or meaning, takes a new :data:`VERSION`.
"""

from risicomodel.runs.contract import published_rounds
from risicomodel.runs.contract.checks import check
from risicomodel.runs.contract.data_tables import (
    COUNTRY,
    FEATURES,
    GEMEENTEN,
    OUTLINES,
    PANEL,
    QUALITY,
    STACKING,
)
from risicomodel.runs.contract.declarations import Column, Table
from risicomodel.runs.contract.explanation_tables import (
    DEPENDENCE,
    EXPLANATION_FAMILIES,
    EXPLANATION_FEATURES,
    EXPLANATIONS,
    IMPORTANCE,
    INTERACTIONS,
    SIMILAR,
    STABILITY,
)
from risicomodel.runs.contract.forecast_tables import (
    CROSSWALK,
    FORECAST_BANDS,
    FORECAST_DRIVERS,
    FORECAST_SCORES,
    FORECAST_SUMS,
    FORECAST_TOTAL_SCORES,
    FORECASTS,
    SCENARIO,
    VERIFY,
    VERIFY_GEMEENTEN,
    VERIFY_WIJKEN,
    VERIFY_WORST,
)
from risicomodel.runs.contract.from_review_tables import ABLATIONS, DATA_WISHES, FIELD_TEST
from risicomodel.runs.contract.participation_tables import NOT_FOR_PRINT, ROUND_TABLES
from risicomodel.runs.contract.score_tables import (
    ADDING_UP,
    CALIBRATION,
    GEMEENTE_SCORES,
    LEADERBOARD,
    PREDICTIONS,
    SCORES,
    SENSITIVE_CHANGES,
    TRIALS,
    TUNED,
    UNASSIGNED,
)

VERSION = 2  # of all tables together: a run says which one it was made under

TABLES = {
    table.name: table
    for table in (
        PANEL, GEMEENTEN, COUNTRY, OUTLINES, QUALITY, STACKING, FEATURES,
        SCORES, LEADERBOARD, CALIBRATION, PREDICTIONS, ADDING_UP, UNASSIGNED,
        SENSITIVE_CHANGES, GEMEENTE_SCORES,
        EXPLANATIONS, EXPLANATION_FEATURES, EXPLANATION_FAMILIES, SIMILAR, IMPORTANCE, DEPENDENCE,
        INTERACTIONS, STABILITY,
        FORECASTS, FORECAST_SUMS, FORECAST_SCORES, FORECAST_BANDS, FORECAST_DRIVERS, CROSSWALK,
        FORECAST_TOTAL_SCORES,
        SCENARIO, VERIFY, VERIFY_GEMEENTEN, VERIFY_WORST, VERIFY_WIJKEN,
        TRIALS, TUNED,
        ABLATIONS, DATA_WISHES, FIELD_TEST,
    )
}  # fmt: skip
# what else a run may leave in its folder
RECORD = "run.json"
REVIEW = published_rounds.FOLDER
LEADERBOARD_CHART = "leaderboard.svg"
TUNED_MODELS = "tuned.yaml"
REPORT = "report"
OTHER_FILES = {
    RECORD: "how the run was made, and which contract its tables keep; written last",
    LEADERBOARD_CHART: "the leaderboard as a picture",
    TUNED_MODELS: "the parameters that tuning found, to use in other runs",
    REPORT: "the folder of the run's report",
    REVIEW: "what people said of the run, a folder per round; `review publish` puts it there",
}

__all__ = [
    "ABLATIONS", "ADDING_UP", "CALIBRATION", "COUNTRY", "CROSSWALK", "DATA_WISHES", "DEPENDENCE",
    "EXPLANATIONS", "EXPLANATION_FAMILIES", "EXPLANATION_FEATURES", "FEATURES", "FIELD_TEST",
    "FORECASTS", "FORECAST_BANDS", "FORECAST_DRIVERS", "FORECAST_SCORES", "FORECAST_SUMS",
    "FORECAST_TOTAL_SCORES", "GEMEENTEN", "GEMEENTE_SCORES", "IMPORTANCE", "INTERACTIONS",
    "LEADERBOARD", "LEADERBOARD_CHART", "NOT_FOR_PRINT", "OTHER_FILES", "OUTLINES", "PANEL",
    "PREDICTIONS", "QUALITY", "RECORD", "REPORT", "REVIEW", "ROUND_TABLES", "SCENARIO", "SCORES",
    "SENSITIVE_CHANGES", "SIMILAR", "STABILITY", "STACKING", "TABLES", "TRIALS", "TUNED",
    "TUNED_MODELS", "UNASSIGNED", "VERIFY", "VERIFY_GEMEENTEN", "VERIFY_WIJKEN", "VERIFY_WORST",
    "VERSION", "Column", "Table", "check", "published_rounds",
]  # fmt: skip
