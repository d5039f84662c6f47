"""Tables of forecasts: the forecasts, their scores, and the figures published since."""

from __future__ import annotations

from dataclasses import replace

from risicomodel.core.levels import AREA
from risicomodel.runs.contract.declarations import (
    CLIENTS_PER_PERSON,
    NUMBER,
    SHARE,
    TEXT,
    WHOLE,
    YEAR,
    Column,
    Table,
    words,
)
from risicomodel.runs.contract.shared import (
    CALENDAR_YEAR,
    CHAMPION,
    DOMAIN,
    GM_CODE,
    GM_NAME,
    HORIZON,
    MODEL,
    N_GEMEENTEN,
    N_ROWS,
    N_WIJKEN,
    ORIGIN_YEAR,
    POPULATION,
    WIJK_CODE,
    WIJK_NAME,
    persons,
    share,
)

FORECASTING, VERIFYING = words("run forecast"), words("verify")

_AHEAD = replace(CALENDAR_YEAR, sentence="Year that is forecast.")
_METHOD = replace(MODEL, sentence="How it was forecast: blend, levels, drift or persistence.")
_ORIGIN_TEXT = Column(
    "origin_year", TEXT, YEAR, "The last year that the forecasts knew; `all` is every origin."
)
_BASIS = Column(
    "basis", TEXT, "", "What it stands on: figure, older, gemeente, expected, or silent (nothing)."
)
_CODE = Column("code", TEXT, "", "Code of the area; NL00 is the country.")
_NAME = Column("name", TEXT, "", "Name of the area.")
_FORECAST = persons("forecast", "Clients that were forecast.")
_LOWER = persons("lower", "Lower end of the 90% band, in clients.")
_UPPER = persons("upper", "Upper end of the 90% band, in clients.")
_CAME_OUT = persons("clients", "Clients that were published since.")
_OFF = persons("off", "Clients forecast too many, or below 0 too few.")
_AMOUNTS = (
    Column("rate", NUMBER, CLIENTS_PER_PERSON, "Clients per person at risk."),
    Column("lower", NUMBER, CLIENTS_PER_PERSON, "Lower end of the 90% band of the rate."),
    Column("upper", NUMBER, CLIENTS_PER_PERSON, "Upper end of the 90% band of the rate."),
    persons("clients", "Clients that are forecast."),
    persons("clients_lower", "Lower end of the 90% band, in clients."),
    persons("clients_upper", "Upper end of the 90% band, in clients."),
    persons("population", "Persons at risk in that year, as forecast."),
)

FORECASTS = Table(
    "forecasts.parquet",
    "Clients and rates of every wijk of the newest map, one to five years ahead.",
    key=("domain", AREA, "origin_year", "year", "model"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        WIJK_CODE,
        ORIGIN_YEAR,
        _AHEAD,
        _METHOD,
        HORIZON,
        *_AMOUNTS,
        Column("population_source", TEXT, "", "What the persons at risk come from."),
        _BASIS,
        CHAMPION,
        WIJK_NAME,
        GM_CODE,
        GM_NAME,
    ),
)

_BASE = Column(
    "base",
    TEXT,
    "",
    "What a total is of: published total (it starts from the gemeente's newest) or sum of wijken.",
)

FORECAST_SUMS = Table(
    "forecast_sums.csv",
    "The champion's totals of gemeenten and the country: wijken and clients without a known wijk.",
    key=words("domain level code origin_year year model"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        Column(
            "level",
            TEXT,
            "",
            "gemeente, country, or unassigned: clients whose wijk is not known, or has "
            "no forecast.",
        ),
        _CODE,
        _NAME,
        ORIGIN_YEAR,
        _AHEAD,
        _METHOD,
        HORIZON,
        *_AMOUNTS,
        N_WIJKEN,
        _BASE,
    ),
)

_ERRORS = (
    share("wape", "Absolute errors as a share of all clients."),
    Column("bias", NUMBER, "share", "Clients forecast too many, or below 0 too few, of all."),
    share("wape_gemeente", "WAPE of the sums per gemeente."),
    share("wape_wijk", "WAPE of wijken once their gemeente's true sum is given."),
    share("noise_floor", "WAPE that chance alone would leave."),
    share("wape_wijk_known", "wape_wijk of the wijken with a figure at the origin."),
    share("noise_floor_known", "noise_floor of the wijken with a figure at the origin."),
)
_COVERAGE = share("coverage", "Share of figures within their 90% band.")

FORECAST_SCORES = Table(
    "forecast_scores.csv",
    "How good forecasts from earlier origins were, by what came out since.",
    key=words("domain origin_year horizon model"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        _ORIGIN_TEXT,
        HORIZON,
        replace(_METHOD, sentence=f"{_METHOD.sentence[:-1]}; persistence_by_code links no wijken."),
        *_ERRORS,
        N_WIJKEN,
        Column("n_origins", WHOLE, "origins", "How many origins it is the mean of."),
    ),
)

FORECAST_TOTAL_SCORES = Table(
    "forecast_total_scores.csv",
    "How good forecast totals of gemeenten were, beside the last total carried on unchanged.",
    key=words("domain origin_year horizon model base"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        _ORIGIN_TEXT,
        HORIZON,
        _METHOD,
        share("wape", "Absolute errors as a share of all clients."),
        Column("bias", NUMBER, "share", "Clients forecast too many, or below 0 too few, of all."),
        share("wape_last", "wape of the last total unchanged, for the same gemeenten."),
        Column("bias_last", NUMBER, "share", "bias of the last total unchanged."),
        N_GEMEENTEN,
        Column("n_origins", WHOLE, "origins", "How many origins it is the mean of."),
        _BASE,
    ),
)

FORECAST_BANDS = Table(
    "forecast_bands.csv",
    "How often the bands of earlier forecasts held what came out, and how wide they were.",
    key=words("level domain model origin_year horizon group"),
    commands=FORECASTING,
    columns=(
        Column("level", TEXT, "", "wijk (or buurt), gemeente or country."),
        DOMAIN,
        _METHOD,
        _ORIGIN_TEXT,
        HORIZON,
        Column(
            "group",
            TEXT,
            "",
            "all, a size class of wijken, what their forecasts stand on (expected: gemeenten "
            "treated as if they had no figures), or whether they were redrawn since.",
        ),
        _COVERAGE,
        Column("width", NUMBER, "per client", "Width of all bands per client forecast."),
        Column("winkler", NUMBER, "per client", "Interval score per client forecast."),
        N_ROWS,
    ),
)

FORECAST_DRIVERS = Table(
    "forecast_drivers.csv",
    "What the forecasts stand on, and which year each of it describes.",
    key=words("domain driver"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        Column("driver", TEXT, "", "figures, halves, year_end, boundaries, or a topic of CBS."),
        Column("describes", TEXT, "", "The years, or the map, that it is of."),
        Column("what", TEXT, "", "What is taken from it."),
    ),
)

CROSSWALK = Table(
    "crosswalk.parquet",
    "Which share of the people of earlier wijken lives in which wijk that is forecast.",
    key=words("from_year from_code to_code"),
    commands=FORECASTING,
    columns=(
        Column("from_code", TEXT, "", "Code of the earlier area."),
        Column("to_code", TEXT, "", "Code of the area that is forecast."),
        share("share", "Share of the earlier area's people; adds up to 1 per earlier area."),
        Column("basis", TEXT, "", "How that is known: place, overlay (of maps) or gemeente."),
        Column("from_year", WHOLE, YEAR, "Year of the earlier area."),
    ),
)

SCENARIO = Table(
    "scenario.csv",
    "What forecasts would be if the people were others and all else stayed: no cause is claimed.",
    key=words("domain level code year"),
    commands=FORECASTING,
    columns=(
        DOMAIN,
        Column("level", TEXT, "", "wijk (or buurt), gemeente or country."),
        _CODE,
        _NAME,
        _AHEAD,
        HORIZON,
        persons("forecast", "Clients that are forecast."),
        persons("scenario", "Clients in the scenario."),
        persons("difference", "Scenario less forecast."),
        persons("difference_lower", "Lower end of the 90% band of the difference."),
        persons("difference_upper", "Upper end of the 90% band of the difference."),
    ),
)

VERIFY = Table(
    "verify.csv",
    "How good earlier forecasts turned out, per year ahead and model.",
    key=words("domain origin_year horizon model"),
    commands=VERIFYING,
    columns=(DOMAIN, _ORIGIN_TEXT, HORIZON, _METHOD, *_ERRORS, N_WIJKEN, _COVERAGE, CHAMPION),
)

VERIFY_GEMEENTEN = Table(
    "verify_gemeenten.csv",
    "Totals of gemeenten that the champion forecast and that were published since.",
    key=words("domain year gm_code"),
    commands=VERIFYING,
    columns=(
        DOMAIN,
        _AHEAD,
        GM_CODE,
        GM_NAME,
        _FORECAST,
        _CAME_OUT,
        _OFF,
        Column("off_share", NUMBER, SHARE, "`off` as a share of the clients; below 0 too few."),
    ),
)

VERIFY_WORST = Table(
    "verify_worst.csv",
    "The ten wijken per domain and year that the champion was furthest off in.",
    key=("domain", "year", AREA),
    commands=VERIFYING,
    columns=(
        DOMAIN,
        _AHEAD,
        WIJK_CODE,
        WIJK_NAME,
        GM_NAME,
        _FORECAST,
        _LOWER,
        _UPPER,
        _CAME_OUT,
        _OFF,
        _BASIS,
    ),
)

VERIFY_WIJKEN = Table(
    "verify_wijken.parquet",
    "Every earlier forecast beside the figure that was published since.",
    key=("domain", AREA, "origin_year", "year", "model"),
    commands=VERIFYING,
    columns=(
        WIJK_CODE,
        WIJK_NAME,
        GM_CODE,
        GM_NAME,
        _FORECAST,
        _LOWER,
        _UPPER,
        _CAME_OUT,
        POPULATION,
        _BASIS,
        _METHOD,
        CHAMPION,
        ORIGIN_YEAR,
        HORIZON,
        DOMAIN,
        _AHEAD,
    ),
)
