"""What comes out of a round: judgements, agreement, what is missing, what would help.

These are no tables of a run: ``risicomodel review export`` and ``verify`` write them, and they say
what people said. Those of :data:`NOT_FOR_PRINT` could give someone away.
"""

from __future__ import annotations

from dataclasses import replace

from risicomodel.runs.contract.declarations import (
    MAYBE_WHOLE,
    NUMBER,
    TEXT,
    TRUTH,
    WHOLE,
    Column,
    Table,
)
from risicomodel.runs.contract.declarations import words as names
from risicomodel.runs.contract.shared import CALENDAR_YEAR, DOMAIN, FEATURE, WIJK_CODE, rate, share

EXPORTING = ("review export",)
JUDGED_YEAR = replace(CALENDAR_YEAR, sentence="Year that is judged: the first that was not out.")
WIJK = replace(WIJK_CODE, sentence="CBS's code of the wijk, as the round has it.")
PHASE = Column("phase", TEXT, "", "own_view: before talking and any figure; again: after talking.")
ENOUGH = "empty under five"

ANSWERS = Table(
    "answers.csv",
    "Every answer as it counts, a row per part of it. For the one who leads the evening, not for "
    "print: who knows what someone thinks may know who it is. So there is no time in it, no free "
    "text, no answer that was late, and no role that fewer than five have.",
    key=names("person phase item wijk_code domain feature part"),
    commands=EXPORTING,
    columns=(
        Column("person", TEXT, "", "What tables call who answered; it does not tell the card."),
        Column("role", TEXT, "", "The person's role where five or more have it, else others."),
        replace(PHASE, sentence="When it was answered: practice, own_view, again, causes."),
        Column("item", TEXT, "", "Key of the question in the round's form."),
        replace(WIJK, sentence="The wijk it is about; empty of a question that is asked once."),
        replace(DOMAIN, sentence="The domain it is about; empty of a question without one."),
        replace(FEATURE, sentence="The cause it is about; empty of other questions."),
        Column(
            "part",
            TEXT,
            "",
            "Which part of the answer: tap; low, high, best and sure of a range; a kind of help "
            "that coins lie on; empty where the answer has one part.",
        ),
        Column("value", TEXT, "", "What was answered: a key of the form's scale, or a number."),
        Column("channel", TEXT, "", "How it came in: app, paper, xlsx or verteld (told)."),
    ),
)

FIELD_ESTIMATES = Table(
    "field_estimates.csv",
    "What the people of the wijk think, a row per wijk, domain and phase: the mean of all answers, "
    "each with the same weight. A range is brought to 80% first; a tap stands at 80, 100 or 120% "
    "of the gemeente's rate, with limits 10% of that rate away. Without a figure under five "
    "answers.",
    key=names("wijk_code domain phase"),
    commands=EXPORTING,
    columns=(
        WIJK,
        DOMAIN,
        JUDGED_YEAR,
        PHASE,
        Column("n", MAYBE_WHOLE, "persons", f"How many answered; {ENOUGH}."),
        rate("rate", f"Mean of what they think; {ENOUGH}."),
        rate("lower", "Mean of their lower limits, as they would be at 80%."),
        rate("upper", "Mean of their upper limits, likewise."),
        Column("basis", TEXT, "", f"What it is made of: taps, ranges or both; {ENOUGH}."),
        Column(
            "verdict",
            TEXT,
            "",
            "agree: half of the answers lie within 25% of the middle one; disagree; too_few.",
        ),
        Column(
            "beside_model",
            TEXT,
            "",
            f"Where the rate lies beside the model's band: within, above or below; {ENOUGH}.",
        ),
    ),
)

AGREEMENT = Table(
    "agreement.csv",
    "How far people say the same of the same wijk: Krippendorff's alpha, of taps on the ordinal "
    "scale and of ranges (their best) on the interval scale. 1 is always, 0 is by chance. It does "
    "not say that they are right: beside it stands how far they are from the newest figure. "
    "Never of fewer than five people or five wijken.",
    key=names("domain phase basis"),
    commands=EXPORTING,
    columns=(
        DOMAIN,
        PHASE,
        Column("basis", TEXT, "", "Which answers: taps or ranges."),
        JUDGED_YEAR,
        Column("alpha", NUMBER, "", "Krippendorff's alpha."),
        Column("lower", NUMBER, "", "Lower end of its 90% interval, wijken and people drawn anew."),
        Column("upper", NUMBER, "", "Upper end of it."),
        Column(
            "reason",
            TEXT,
            "",
            "Why there is no alpha: few_raters, few_units (wijken), one_value (all the same).",
        ),
        Column("n_wijken", MAYBE_WHOLE, "wijken", "Wijken that two or more judged, with an alpha."),
        Column(
            "off_newest",
            NUMBER,
            "part of the figure",
            "How far the mean of these answers is from the newest figure: the mean over wijken "
            "with five such answers.",
        ),
        Column("n_newest", MAYBE_WHOLE, "wijken", "How many wijken that is of."),
    ),
)

CONTESTED_DRIVERS = Table(
    "contested_drivers.csv",
    "Which causes that the model names people recognise. Who does not know is left out.",
    key=names("wijk_code domain feature"),
    commands=EXPORTING,
    columns=(
        WIJK,
        DOMAIN,
        FEATURE,
        Column("n", MAYBE_WHOLE, "persons", f"How many said yes, a little or no; {ENOUGH}."),
        share("recognised", f"Which part of them said yes; {ENOUGH}."),
        Column("contested", TRUTH, "", "Whether at most a third said yes, of five or more."),
    ),
)

MISSING_FACTORS = Table(
    "missing_factors.csv",
    "What people say is missing in the picture, in their words. For one person to read before "
    "anyone else does: it may name someone.",
    key=names("wijk_code place"),
    commands=EXPORTING,
    columns=(
        WIJK,
        Column("place", WHOLE, "", "From 1 per wijk, in the order of the alphabet."),
        Column("text", TEXT, "", "What was written; who wrote it is not kept here."),
    ),
)

COINS = Table(
    "coins.csv",
    "What would help, by the coins that people laid. Only of wijken where five or more did.",
    key=names("wijk_code kind"),
    commands=EXPORTING,
    columns=(
        WIJK,
        Column("kind", TEXT, "", "Kind of help: a key of the form's scale."),
        share("share", "Which part of the wijk's coins lie on it."),
        Column("n", WHOLE, "persons", "How many laid coins on the wijk."),
    ),
)

ACTIONS = Table(
    "actions.csv",
    "What was agreed, one agreement per wijk, as the moderator wrote it down with all present.",
    key=("wijk_code",),
    commands=EXPORTING,
    columns=(
        WIJK,
        Column("text", TEXT, "", "What will be done."),
        Column("owner", TEXT, "", "Who does it: a role or an organisation, no name."),
        Column("due", TEXT, "", "When it is done, as it was written."),
    ),
)

VERIFYING = ("review verify",)


def _score(name: str, sentence: str) -> Column:
    return Column(name, NUMBER, "rate, or none", sentence)


VERIFY_FIELD = Table(
    "verify_field.csv",
    "Who was nearest when the year came out: the field before and after talking, the model, the "
    "last figure. Ranges by the interval score at 80%, in rate; taps by the ranked probability "
    "score. Lower is nearer. Everyone has the same weight; of under five people or three wijken "
    "there is no score.",
    key=names("domain basis wijken role source"),
    commands=VERIFYING,
    columns=(
        DOMAIN,
        JUDGED_YEAR,
        Column("basis", TEXT, "", "Which answers: ranges, or taps (10% about the gemeente)."),
        Column(
            "wijken",
            TEXT,
            "",
            "all that were judged; talked: those that were talked about, of who answered twice.",
        ),
        Column("role", TEXT, "", "everyone, or a role that five or more have, or others."),
        Column(
            "source",
            TEXT,
            "",
            "field_before, field_after, model (its band, or its probabilities by it), last_year "
            "(the last figure, with the width of the model's band).",
        ),
        _score("score", "Mean score over the wijken that all sources judged."),
        _score("lower", "Lower end of its 90% interval, wijken and reviewers drawn anew."),
        _score("upper", "Upper end of it; both empty of under five wijken."),
        _score("behind", "The score less that of the nearest, on the same draws."),
        _score("behind_lower", "Lower end of its 90% interval."),
        _score("behind_upper", "Upper end of it."),
        Column("nearest", TRUTH, "", "Whether it has the lowest score."),
        Column(
            "within_chance", TRUTH, "", "Whether its difference from the nearest may be chance."
        ),
        Column("n_wijken", WHOLE, "wijken", "How many wijken that is of."),
    ),
)

VERIFY_ADVICE = Table(
    "verify_advice.csv",
    "How far people moved towards the model between their two judgements, on wijken whose causes "
    "were shown at the reveal and on the others: a draw made the halves. (after - before) / (model "
    "- before) of who gave ranges, from 0 to 1. Others at the table moved people on both.",
    key=("causes",),
    commands=VERIFYING,
    columns=(
        Column("causes", TEXT, "", "early, late, or the difference of the two."),
        Column("weight", NUMBER, "", "Mean weight on the model."),
        Column("lower", NUMBER, "", "Lower end of its 90% interval, wijken and people drawn anew."),
        Column("upper", NUMBER, "", "Upper end of it; both empty of under five wijken."),
        Column("n_wijken", WHOLE, "wijken", "How many wijken that is of."),
    ),
)

THERMOMETER = Table(
    "thermometer.csv",
    "What layers find of statements and what they know: of a round of form=thermometer. A layer "
    "under five answers is among others, together with a second one, so that it cannot be computed "
    "from the rest. What people find has no right answer; what they know has a truth beside it.",
    key=names("part name layer"),
    commands=EXPORTING,
    columns=(
        Column(
            "part",
            TEXT,
            "",
            "theme (its statements together), statement, local (a gemeente's own), knowledge (all "
            "that people know together), known (one question of it).",
        ),
        Column("name", TEXT, "", "Key of the theme, the statement or the question in the form."),
        Column("layer", TEXT, "", "Key of the layer, all, or others: the layers that are hidden."),
        Column(
            "n",
            MAYBE_WHOLE,
            "persons",
            "How many answered; of statements, with an opinion.",
        ),
        Column("unknown", MAYBE_WHOLE, "answers", "How many answers say: I do not know."),
        *(
            Column(f"points_{at}", MAYBE_WHOLE, "answers", f"{said}; empty of what people know.")
            for at, said in enumerate(
                (
                    "Answers: that is not true at all",
                    "Answers: that is mostly not true",
                    "Answers: sometimes it is and sometimes not",
                    "Answers: that is mostly true",
                    "Answers: that is completely true",
                ),
                1,
            )
        ),
        share("agree_or_right", "Which part of the answers agrees (4 or 5), or is right."),
        share(
            "agree_or_right_lower",
            "Lower end of its 90% interval (Wilson), as wide as if each person gave one answer.",
        ),
        share("agree_or_right_upper", "Upper end of it."),
        Column(
            "middle",
            NUMBER,
            "",
            "Mean of the points (1–5); of a number that people know the median, of five or more.",
        ),
        Column("truth", TEXT, "", "What is true; empty of statements."),
        Column(
            "p",
            NUMBER,
            "",
            "Of themes: chance of such a difference between the layers that are shown, if it were "
            "chance alone; people dealt over layers anew. On the row of all.",
        ),
        Column("p_holm", NUMBER, "", "The same, for all themes that are looked at together."),
    ),
)

ROUND_TABLES = {
    table.name: table
    for table in (
        ANSWERS, FIELD_ESTIMATES, AGREEMENT, CONTESTED_DRIVERS, MISSING_FACTORS, COINS, ACTIONS,
        VERIFY_FIELD, VERIFY_ADVICE, THERMOMETER,
    )
}  # fmt: skip
NOT_FOR_PRINT = (ANSWERS.name, MISSING_FACTORS.name)
