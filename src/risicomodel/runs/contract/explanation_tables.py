"""What the features add to what is expected: of every wijk, and in the country as a whole."""

from __future__ import annotations

from dataclasses import replace

from risicomodel.core.levels import AREA
from risicomodel.runs.contract.declarations import (
    LABEL,
    NUMBER,
    TEXT,
    TRUTH,
    WHOLE,
    Column,
    Table,
    words,
)
from risicomodel.runs.contract.shared import (
    CALENDAR_YEAR,
    CHAMPION,
    DOMAIN,
    FAMILY,
    FEATURE,
    N_WIJKEN,
    WIJK_CODE,
    rate,
    share,
)

EXPLAINING = words("run explain")


def _label(column: Column) -> Column:
    """Return a column of millions of rows with few texts: kept as labels."""
    return replace(column, dtype=LABEL)


_WHERE = (_label(DOMAIN), _label(WIJK_CODE), CALENDAR_YEAR)
_WHAT = _label(FEATURE)
_VALUE = Column("value", NUMBER, "", "Value of the feature here; empty where CBS has none.")
_AMOUNTS = (
    rate("contribution", "What it adds to the expected rate, compared with the country."),
    rate("contribution_low", "Least of that over the model and its refits."),
    rate("contribution_high", "Most of that over the model and its refits."),
    rate("contribution_vs_gemeente", "What it adds compared with the people of the gemeente."),
    rate("contribution_vs_similar", "What it adds compared with the most similar wijken."),
    rate("base_rate", "What is expected of the country; with all contributions it is the rate."),
    CHAMPION,
    Column(
        "stable",
        TRUTH,
        "",
        "Whether it has a value, and is beyond stability.csv's margin, on one side, in all refits.",
    ),
)

EXPLANATIONS = Table(
    "explanations.parquet",
    "What every column of the model, a feature's contexts apart, adds to a wijk's expected rate.",
    key=("domain", AREA, "year", "feature"),
    commands=EXPLAINING,
    columns=(
        *_WHERE,
        _WHAT,
        _label(FAMILY),
        Column("part", LABEL, "", "Which part of the feature: eigen, verschil, gemeente, …"),
        _VALUE,
        *_AMOUNTS,
    ),
)

EXPLANATION_FEATURES = Table(
    "explanation_features.parquet",
    "What every feature, with its contexts, adds to a wijk's expected rate.",
    key=("domain", AREA, "year", "feature"),
    commands=EXPLAINING,
    columns=(*_WHERE, _WHAT, _label(FAMILY), _VALUE, *_AMOUNTS),
)

EXPLANATION_FAMILIES = Table(
    "explanation_families.parquet",
    "What every family of features adds to a wijk's expected rate.",
    key=("domain", AREA, "year", "family"),
    commands=EXPLAINING,
    columns=(*_WHERE, _label(FAMILY), *_AMOUNTS),
)

SIMILAR = Table(
    "similar.csv",
    "The wijken in other gemeenten that a wijk is most like, by its features.",
    key=("year", AREA, "rank"),
    commands=EXPLAINING,
    columns=(
        CALENDAR_YEAR,
        WIJK_CODE,
        Column("rank", WHOLE, "", "1 is the most similar."),
        Column("similar_code", TEXT, "", "Code of the similar wijk."),
        Column("distance", NUMBER, "", "0 is the same; 1 a standard deviation in every family."),
    ),
)

IMPORTANCE = Table(
    "importance.csv",
    "How much every column, feature and family moves what is expected; unused features too.",
    key=words("domain level name"),
    commands=EXPLAINING,
    columns=(
        DOMAIN,
        Column("level", TEXT, "", "column, feature or family."),
        Column("name", TEXT, "", "Name of the column, feature or family."),
        FAMILY,
        Column("rank", WHOLE, "", "1 matters most."),
        rate("mean_abs", "Mean absolute contribution, weighted by people."),
        share("share", "Its share in the mean absolute contributions of its level."),
        share("stable_share", "Share of people in whose wijk it is stable."),
        Column("used", TRUTH, "", "Whether it moves anything to speak of."),
        Column("why", TEXT, "", "Why it is not used; empty where it is."),
    ),
)

STABILITY = Table(
    "stability.csv",
    "How often contributions are stable, and how often those of null features would be.",
    key=words("domain level"),
    commands=EXPLAINING,
    columns=(
        DOMAIN,
        Column("level", TEXT, "", "column, feature or family."),
        Column("null_features", WHOLE, "", "Null features, or for families sums of them."),
        rate("margin", "What a stable contribution exceeds on one side in every refit."),
        share("same_sign", "Share of contributions with one sign in every refit."),
        share("stable", "Share of contributions beyond the margin in every refit."),
        share("null_same_sign", "Share of null features' contributions with one sign."),
        share("null_stable", "Share of null features' contributions beyond the margin."),
    ),
)

DEPENDENCE = Table(
    "dependence.csv",
    "What a column or feature adds along its values.",
    key=words("domain level feature bin"),
    commands=EXPLAINING,
    columns=(
        DOMAIN,
        Column("level", TEXT, "", "column or feature."),
        FEATURE,
        Column("bin", WHOLE, "", "Number of the bin of values, 0 the lowest."),
        Column("value", NUMBER, "", "Mean value in the bin, in the feature's unit."),
        Column("value_from", NUMBER, "", "Least value in the bin."),
        Column("value_to", NUMBER, "", "Largest value in the bin."),
        rate("contribution", "Mean contribution in the bin."),
        rate("low", "10th percentile of the contributions."),
        rate("high", "90th percentile of the contributions."),
        share("share", "Share of the wijken with a value that are in the bin."),
        N_WIJKEN,
    ),
)

INTERACTIONS = Table(
    "interactions.csv",
    "The pairs of features whose interplay moves expectations most.",
    key=words("domain rank"),
    commands=EXPLAINING,
    columns=(
        DOMAIN,
        Column("rank", WHOLE, "", "1 matters most."),
        Column("feature_1", TEXT, "", "First feature of the pair."),
        Column("feature_2", TEXT, "", "Second feature of the pair."),
        Column("family_1", TEXT, "", "Family of the first."),
        Column("family_2", TEXT, "", "Family of the second."),
        rate("mean_abs", "Mean absolute interplay."),
        rate("low_low", "Mean interplay where both are below their median."),
        rate("high_low", "Mean interplay where the first is above it."),
        rate("low_high", "Mean interplay where the second is above it."),
        rate("high_high", "Mean interplay where both are above it."),
        N_WIJKEN,
    ),
)
