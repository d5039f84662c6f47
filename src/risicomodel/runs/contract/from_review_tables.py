"""What a run takes up from an evening: ablations, wishes for data, and a test that is no truth."""

from __future__ import annotations

from risicomodel.runs.contract.declarations import (
    MAYBE_WHOLE,
    NUMBER,
    SHARE,
    TEXT,
    WHOLE,
    Column,
    Table,
    words,
)
from risicomodel.runs.contract.shared import (
    DOMAIN,
    FEATURE,
    MODEL,
    N_ROWS,
    N_WIJKEN,
    PROTOCOL,
    share,
)

MAKING = words("run train explain")
_ADDED = "What leaving it out adds to the {}"


def _metric(name: str, label: str) -> tuple[Column, ...]:
    return (
        Column(f"{name}_with", NUMBER, "", f"{label} with the feature."),
        Column(f"{name}_without", NUMBER, "", f"{label} without it."),
        Column(f"{name}_added", NUMBER, "", f"{_ADDED.format(label)}."),
        Column(f"{name}_lower", NUMBER, "", "Lower end of its 90% interval, gemeenten drawn anew."),
        Column(f"{name}_upper", NUMBER, "", "Upper end of it."),
    )


ABLATIONS = Table(
    "ablations.csv",
    "Features that people of the wijk do not recognise as causes, each left out of the domain's "
    "best model: what that costs in score, on the same folds. Nothing is left out by itself.",
    key=words("domain feature"),
    commands=MAKING,
    columns=(
        DOMAIN,
        FEATURE,
        Column("n_contested", WHOLE, "wijken", "Wijken where at most a third recognised it."),
        Column("n_judged", WHOLE, "wijken", "Wijken where five or more said whether they did."),
        MODEL,
        PROTOCOL,
        N_ROWS,
        *_metric("wape", "WAPE"),
        *_metric("wr2", "weighted R²"),
    ),
)

DATA_WISHES = Table(
    "data_wishes.csv",
    "What people say is missing, by subject, with the open table that may hold it. Their own words "
    "are not in it: they stay with who led the evening.",
    key=("subject",),
    commands=MAKING,
    columns=(
        Column("subject", TEXT, "", "What texts are about; other where no word says."),
        Column("n_texts", MAYBE_WHOLE, "texts", "How many texts, of all wijken; empty under five."),
        Column("table", TEXT, "", "Id of the open table; empty where none is known."),
        Column("publisher", TEXT, "", "Who publishes it."),
        Column("title", TEXT, "", "What it is called."),
    ),
)

FIELD_TEST = Table(
    "field_test.csv",
    "Forecasts beside what people of the wijk think of the same year. It is no truth: that comes "
    "when the figure is out.",
    key=words("domain phase"),
    commands=("run",),
    columns=(
        DOMAIN,
        Column("phase", TEXT, "", "own_view: before talking; again: after."),
        N_WIJKEN,
        share("in_field", "Part of these where the forecast lies within people's limits."),
        share("in_model", "Part where people's mean lies within the forecast's band."),
        Column("apart", NUMBER, SHARE, "Mean distance of the two, as a part of people's mean."),
    ),
)
