"""What models expect and how good that is: scores, predictions, adding up, tuning."""

from __future__ import annotations

from dataclasses import replace

from risicomodel.core.levels import AREA
from risicomodel.runs.contract.declarations import (
    NUMBER,
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
    FEATURE,
    GM_CODE,
    MODEL,
    N_GEMEENTEN,
    N_ROWS,
    N_WIJKEN,
    POPULATION,
    PROTOCOL,
    SECONDS,
    WIJK_CODE,
    persons,
    rate,
)

FITTING = words("train run explain tune")


def _score(name: str, sentence: str) -> Column:
    return Column(name, NUMBER, "", sentence)


def _interval(name: str) -> tuple[Column, Column]:
    """Return the limits of a score; empty for the noise floor, and where gemeenten are few."""
    return (
        _score(f"{name}_lower", f"Lower end of the 90% interval of {name}, gemeenten drawn anew."),
        _score(f"{name}_upper", "Upper end of it."),
    )


SCORES = Table(
    "scores.csv",
    "Every metric of every model on every protocol, of all wijken and of groups of them.",
    key=words("domain protocol model metric group"),
    commands=FITTING,
    columns=(
        DOMAIN,
        PROTOCOL,
        replace(MODEL, sentence="Name of the model; noise_floor is what chance alone leaves."),
        Column(
            "metric",
            TEXT,
            "",
            "wape, wr2, r2 or bias; of 90% bands coverage, width, winkler, winkler_plain.",
        ),
        Column(
            "group",
            TEXT,
            "",
            "all, or one of size:…, gm_size:…, year:…, history:…, horizon:…; hidden:one of wijken "
            "that are the only one hidden of their gemeente, hidden:several of the others.",
        ),
        _score("value", "The score: WAPE and bias as shares, widths and winkler in rate."),
        N_WIJKEN,
        N_GEMEENTEN,
        N_ROWS,
        SECONDS,
    ),
)

LEADERBOARD = Table(
    "leaderboard.csv",
    "The scores of all wijken together, a row per model, best WAPE first.",
    key=words("domain protocol model"),
    commands=FITTING,
    columns=(
        DOMAIN,
        PROTOCOL,
        MODEL,
        _score("wr2", "Share of the variance of rates explained, weighted by persons at risk."),
        _score("wape", "Absolute errors as a share of all clients."),
        _score("r2", "Share of the variance of rates explained, every wijk counting the same."),
        _score("bias", "Clients predicted too many (or, below 0, too few), as a share of all."),
        N_ROWS,
        SECONDS,
        CHAMPION,
        *_interval("wape"),
        *_interval("wr2"),
        *_interval("bias"),
        _score(
            "behind",
            "WAPE less the lowest of the domain and protocol; within chance where its interval "
            "holds 0.",
        ),
        *_interval("behind"),
    ),
)

GEMEENTE_SCORES = Table(
    "gemeente_scores.parquet",
    "What scores are made of, per gemeente: from these 'risicomodel compare' draws gemeenten anew.",
    key=(*words("domain protocol model"), GM_CODE.name),
    commands=FITTING,
    columns=(
        DOMAIN,
        PROTOCOL,
        MODEL,
        replace(GM_CODE, sentence="CBS's code of the first of the gemeenten that mergers link."),
        N_ROWS,
        persons("clients", "Published clients."),
        POPULATION,
        persons("absolute_error", "Absolute differences of predicted and published, added up."),
        persons("error", "Predicted less published."),
        persons("rate_squares", "Published rates squared, times the persons at risk."),
        persons("error_squares", "Errors of the rate squared, times the persons at risk."),
    ),
)

CALIBRATION = Table(
    "calibration.csv",
    "Predicted beside observed rates, per tenth of the predictions.",
    key=words("domain protocol model bin"),
    commands=FITTING,
    columns=(
        DOMAIN,
        PROTOCOL,
        MODEL,
        Column("bin", WHOLE, "", "Which tenth of the predictions; 1 is the lowest."),
        rate("predicted", "Mean predicted rate, weighted by persons at risk."),
        rate("observed", "Mean observed rate, weighted by persons at risk."),
        N_ROWS,
    ),
)

PREDICTIONS = Table(
    "predictions.parquet",
    "What is expected of every wijk and year with features, and the best estimate there is.",
    key=(*words("domain"), AREA, *words("year kind model")),
    commands=FITTING,
    columns=(
        DOMAIN,
        WIJK_CODE,
        CALENDAR_YEAR,
        Column(
            "kind",
            TEXT,
            "",
            "expected (its own and its gemeente's figures unseen) or estimate (all that is known).",
        ),
        MODEL,
        rate("rate", "Clients per person at risk."),
        rate("lower", "Lower end of the 90% band of the rate."),
        rate("upper", "Upper end of the 90% band of the rate."),
        persons("clients", "Clients: the rate times the persons at risk."),
        POPULATION,
        Column(
            "population_year",
            WHOLE,
            YEAR,
            "Year of those persons: the figure's own where CBS's edition of it is there, else the "
            "newest before it.",
        ),
        rate("observed_rate", "CBS's own figure as a rate; empty where there is none."),
        Column("fold", WHOLE, "", "Which fold the wijk was left out in."),
        Column(
            "basis", TEXT, "", "What the figure stands on: published, history, model or expected."
        ),
        persons("moved", "What adding up added, or below 0 took away; empty for expected."),
        CHAMPION,
    ),
)

ADDING_UP = Table(
    "adding_up.csv",
    "Published totals of gemeenten beside the sum of their wijken, and what was done about it.",
    key=words("domain model gm_code year"),
    commands=FITTING,
    columns=(
        GM_CODE,
        CALENDAR_YEAR,
        persons("total", "Published clients of the gemeente."),
        persons("before", "Sum of its wijken before adding up."),
        persons("published", "Of which in wijken with a published figure."),
        Column("n_published", WHOLE, "wijken", "How many wijken have a published figure."),
        Column("n_filled", WHOLE, "wijken", "How many have none and were filled in."),
        Column("factor", NUMBER, "", "What the wijken were multiplied by; 1 where they were left."),
        persons("moved", "What that added, or below 0 took away."),
        Column(
            "outcome",
            TEXT,
            "",
            "added_up, or why not: not_asked, too_far, nobody_expected, "
            "total_below_published_wijken.",
        ),
        DOMAIN,
        MODEL,
    ),
)

UNASSIGNED = Table(
    "unassigned.csv",
    "People whose wijk CBS does not know: with them a gemeente's wijken are its published total.",
    key=words("domain model gm_code year"),
    commands=FITTING,
    columns=(
        GM_CODE,
        CALENDAR_YEAR,
        persons("areas", "Sum of its wijken, published and estimated."),
        persons("total", "Published clients of the gemeente; empty where CBS publishes none."),
        persons(
            "clients",
            "Clients without a known wijk: total less wijken, exactly. Below 0 where the wijken "
            "exceed the total, by rounding or because the two contradict each other.",
        ),
        persons("lower", "Lower end of the 90% band of clients."),
        persons("upper", "Upper end of the 90% band of clients."),
        Column("share", NUMBER, "", "Clients as a share of the total."),
        Column(
            "basis",
            TEXT,
            "",
            "published (total and every wijk are), total (some wijken are estimated), share (no "
            "total: the gemeente's share in other years, shrunk to the country's), or lacking (new "
            "wijken of the gemeente are not in the panel: their clients are counted here).",
        ),
        DOMAIN,
        MODEL,
        CHAMPION,
    ),
)

SENSITIVE_CHANGES = Table(
    "sensitive_changes.csv",
    "What sensitive features change: the same models on the same folds with and without them.",
    key=words("domain model feature fifth"),
    commands=words("train run explain"),
    columns=(
        FEATURE,
        Column("fifth", WHOLE, "", "Fifth of the wijken by that feature, 1 the lowest; 0 is all."),
        DOMAIN,
        PROTOCOL,
        MODEL,
        rate("observed_rate", "Mean observed rate, weighted by persons at risk."),
        rate("rate_without", "Mean rate predicted without sensitive features."),
        rate("rate_with", "Mean rate predicted with them."),
        _score("wape_without", "WAPE without sensitive features."),
        _score("wape_with", "WAPE with them."),
        N_ROWS,
    ),
)

TRIALS = Table(
    "trials.csv",
    "Every trial of every study that looked for better parameters; one that was lost stands twice.",
    key=(),
    commands=words("tune"),
    columns=(
        DOMAIN,
        MODEL,
        Column("study", TEXT, "", "final (all rows), or the outer fold whose rows it never saw."),
        Column("number", WHOLE, "", "Number of the trial; 0 is the model as configured."),
        Column("state", TEXT, "", "complete, pruned or fail."),
        _score("value", "Score on all inner folds together."),
        _score("inner_{number}", "Score after as many inner folds; empty once pruned."),
        Column("params", TEXT, "", "The parameters, as JSON."),
        SECONDS,
    ),
)

TUNED = Table(
    "tuned.csv",
    "What tuning brought, per domain and model.",
    key=words("domain model"),
    commands=words("tune"),
    columns=(
        DOMAIN,
        MODEL,
        _score("configured", "Score of the model as configured, on the outer folds."),
        _score("nested", "Score of the tuned model, on the outer folds: the one to report."),
        _score("inner", "Score of the best trial itself, which is too kind."),
    ),
)
