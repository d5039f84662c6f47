"""Columns that mean the same wherever they stand."""

from __future__ import annotations

from risicomodel.core.levels import AREA
from risicomodel.runs.contract.declarations import (
    CLIENTS_PER_PERSON,
    NUMBER,
    PERSONS,
    SHARE,
    TEXT,
    TRUTH,
    WHOLE,
    YEAR,
    Column,
)

DOMAIN = Column("domain", TEXT, "", "Kind of need: jeugd, wmo, bijstand, or one of your own.")
WIJK_CODE = Column(AREA, TEXT, "", "CBS's code of the wijk in that year.")
WIJK_NAME = Column("wijk_name", TEXT, "", "Its name.")
GM_CODE = Column("gm_code", TEXT, "", "CBS's code of the gemeente.")
GM_NAME = Column("gm_name", TEXT, "", "Name of the gemeente.")
CALENDAR_YEAR = Column("year", WHOLE, YEAR, "Year that the figures are of.")
PROTOCOL = Column(
    "protocol", TEXT, "", "What the model had not seen: unseen_gemeente, unseen_wijk, next_years, …"
)
MODEL = Column("model", TEXT, "", "Name of the model, as configured.")
CHAMPION = Column("champion", TRUTH, "", "Whether the model is the domain's best.")
FEATURE = Column("feature", TEXT, "", "Name of the feature, as configured.")
FAMILY = Column("family", TEXT, "", "The family that the feature belongs to.")
ORIGIN_YEAR = Column("origin_year", WHOLE, YEAR, "The last year whose figures the forecast knew.")
HORIZON = Column("horizon", WHOLE, "years", "How many years ahead of its origin.")
N_GEMEENTEN = Column("n_gemeenten", WHOLE, "gemeenten", "How many gemeenten they lie in.")
N_WIJKEN = Column("n_wijken", WHOLE, "wijken", "How many wijken.")
N_ROWS = Column("n_rows", WHOLE, "rows", "How many rows, of a wijk and year each.")
SECONDS = Column("seconds", NUMBER, "seconds", "Time that fitting and predicting took.")
POPULATION = Column("population", NUMBER, PERSONS, "Persons at risk.")


def share(name: str, sentence: str) -> Column:
    """Return a column of shares between 0 and 1."""
    return Column(name, NUMBER, SHARE, sentence)


def rate(name: str, sentence: str) -> Column:
    """Return a column of rates."""
    return Column(name, NUMBER, CLIENTS_PER_PERSON, sentence)


def persons(name: str, sentence: str) -> Column:
    """Return a column of persons; estimates are no whole numbers."""
    return Column(name, NUMBER, PERSONS, sentence)
