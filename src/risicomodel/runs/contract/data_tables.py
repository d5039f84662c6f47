"""What a run starts from: its panel, the totals of gemeenten, maps, quality and features."""

from __future__ import annotations

from risicomodel.core.levels import AREA
from risicomodel.data.domains import (
    clients_column,
    half_column,
    own_column,
    population_column,
    status_column,
    year_end_column,
)
from risicomodel.data.panel import location, names
from risicomodel.data.sources.layout import HALVES
from risicomodel.runs.contract.declarations import (
    BYTES,
    MAYBE_WHOLE,
    NUMBER,
    PERSONS,
    TEXT,
    TRUTH,
    WHOLE,
    YEAR,
    Column,
    Table,
    words,
)
from risicomodel.runs.contract.shared import (
    CALENDAR_YEAR,
    FAMILY,
    FEATURE,
    GM_CODE,
    GM_NAME,
    WIJK_CODE,
    WIJK_NAME,
    persons,
    share,
)

EVERY_COMMAND = words("data train run explain tune forecast verify")
PLACE_ID = Column(
    "place_id", TEXT, "", "Code and year in which the area was first seen: codes come back."
)
HALVES_OF_YEAR = tuple(
    Column(
        half_column("{domain}", half),
        NUMBER,
        PERSONS,
        "Clients in that half of the year; never to be added up: some are in both.",
        optional=True,
    )
    for half in HALVES
)
AT_YEAR_END = Column(
    year_end_column("{domain}"),
    NUMBER,
    PERSONS,
    "Clients at the end of the year, where the figure counts those of an earlier moment.",
    optional=True,
)


def _from_cbs() -> tuple[Column, ...]:
    """Return the columns of CBS's Kerncijfers wijken en buurten that a panel may have."""
    added = {*location.GRID, location.INHABITANTS, *map(location.nearby_column, location.REACHES)}
    return tuple(
        Column(column.name, NUMBER, column.unit, f"CBS: {column.label}.", optional=True)
        for column in names.columns().values()
        if column.topic != "postcode" and column.name not in added
    )


PANEL = Table(
    "panel.parquet",
    "Every wijk and year with its published figures and the features that were out by then.",
    key=(AREA, "year"),
    commands=EVERY_COMMAND,
    columns=(
        WIJK_CODE,
        CALENDAR_YEAR,
        WIJK_NAME,
        GM_NAME,
        Column(
            "change",
            TEXT,
            "",
            "CBS's flag of the code: 1 unchanged, 2 another area, 3 redrawn, or empty.",
        ),
        GM_CODE,
        PLACE_ID,
        *_from_cbs(),
        Column(
            "{topic}_year",
            MAYBE_WHOLE,
            YEAR,
            "Edition that the topic's columns come from; empty where no edition has any.",
        ),
        Column("feature_year", MAYBE_WHOLE, YEAR, "Newest edition that the features come from."),
        persons(
            clients_column("{domain}"), "Clients that CBS publishes; empty where it publishes none."
        ),
        persons(population_column("{domain}"), "Persons at risk."),
        Column(
            status_column("{domain}"),
            TEXT,
            "",
            "What is known: observed, suppressed, not_delivered, not_measured or absent.",
        ),
        Column(
            own_column("{domain}"),
            TRUTH,
            "",
            "Whether the clients are the gemeente's own figure, in place of CBS's.",
            optional=True,
        ),
        *HALVES_OF_YEAR,
        Column("gm_group", TEXT, "", "First of the gemeenten that mergers link: folds keep them."),
        Column("wijk_group", TEXT, "", "First of the codes that one area has had."),
        Column("x_km", NUMBER, "km", "Middle of the wijk on the Dutch grid; empty without a map."),
        Column("y_km", NUMBER, "km", "Middle of the wijk on the Dutch grid; empty without a map."),
        persons(location.INHABITANTS, "Inhabitants of the gemeente."),
        *(
            persons(
                location.nearby_column(reach),
                f"Inhabitants around, each counted for exp(−distance / {reach} km).",
            )
            for reach in location.REACHES
        ),
    ),
)

GEMEENTEN = Table(
    "gemeenten.parquet",
    "Published totals of gemeenten, which are more than their wijken together.",
    key=("gm_code", "year"),
    commands=EVERY_COMMAND,
    columns=(
        GM_CODE,
        CALENDAR_YEAR,
        persons(clients_column("{domain}"), "Clients that CBS publishes of the gemeente."),
        *HALVES_OF_YEAR,
        AT_YEAR_END,
    ),
)

COUNTRY = Table(
    "country.parquet",
    "Published totals of the country.",
    key=("year",),
    commands=EVERY_COMMAND,
    columns=(
        CALENDAR_YEAR,
        persons(clients_column("{domain}"), "Clients that CBS publishes of the country."),
        *HALVES_OF_YEAR,
        AT_YEAR_END,
    ),
)

OUTLINES = Table(
    "outlines.parquet",
    "Wijken as the maps in the archive draw them; no rows without a map.",
    key=("year", AREA),
    commands=EVERY_COMMAND,
    columns=(
        Column("year", WHOLE, YEAR, "Year of the map."),
        WIJK_CODE,
        GM_CODE,
        Column("gm_name", TEXT, "", "Name of the gemeente, where the maps have it."),
        WIJK_NAME,
        PLACE_ID,
        persons("people", "Inhabitants, where the map says so."),
        Column("outline", BYTES, "m", "Outline on the Dutch grid (EPSG:28992), well-known binary."),
    ),
)

QUALITY = Table(
    "quality.csv",
    "What is there and what is not: figures by status, late features, redrawn areas.",
    key=("check", "subject", "year"),
    commands=EVERY_COMMAND,
    columns=(
        Column(
            "check",
            TEXT,
            "",
            "What is counted: status:…, feature_missing, feature_older or place_changed.",
        ),
        Column("subject", TEXT, "", "The domain or the topic that it is about."),
        CALENDAR_YEAR,
        Column("n", WHOLE, "wijken", "How many wijken it holds for."),
        Column("of", WHOLE, "wijken", "Of how many."),
        share("share", "`n` as a share of `of`."),
        Column("note", TEXT, "", "More in words; may be empty."),
    ),
)

STACKING = Table(
    "stacking.parquet",
    "Who has one or more provisions in the social domain, as CBS counts everyone once.",
    key=(AREA, "year"),
    commands=EVERY_COMMAND,
    columns=(
        WIJK_CODE,
        CALENDAR_YEAR,
        persons("clients", "Persons with a provision, in fives."),
        Column("households", NUMBER, "households", "Households with a provision, in fives."),
    ),
)

FEATURES = Table(
    "features.csv",
    "The features of the run: what they are made of, and which domains may use them.",
    key=("feature",),
    commands=words("train run explain"),
    columns=(
        FEATURE,
        FAMILY,
        Column("formula", TEXT, "", "How it follows from columns of the panel."),
        Column("unit", TEXT, "", "What it is counted in."),
        Column("label_nl", TEXT, "", "What Dutch pages call it."),
        Column("label_en", TEXT, "", "What English pages call it."),
        Column("context", TEXT, "", "What is added of the surroundings: verschil, gemeente, …"),
        Column("sensitive", TRUTH, "", "Whether it may be used with a written reason only."),
        Column("used_for_{domain}", TRUTH, "", "False where it is part of the figure itself."),
    ),
)
