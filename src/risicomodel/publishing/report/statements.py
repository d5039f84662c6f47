"""Sentences that are true only under a condition, each declared beside it; and how one is said.

A key of the catalogue that is declared here is said through :func:`say` alone, with the facts that
its condition asks for. What is compared is compared as it is written on the page, for a reader sees
no more digits. A test holds every text of the catalogue to this table: a sentence is here, or the
test declares it true of every report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from risicomodel.publishing.presentation.language import Words

    Facts = Mapping[str, Any]

LIKELY = 0.05  # from this chance on a difference is called possible noise
FEW_NULLS = 0.1  # up to this share of null features a test is said to let few pass
WHOLE = 0.8  # of a gemeente's people: figures of so many stand for the whole


@dataclass(frozen=True)
class Condition:
    """When a text is true.

    Parameters
    ----------
    when : str
        In words.
    holds : callable
        Of the facts, by name.
    """

    when: str
    holds: Callable[[Facts], bool]


def _side(fact: str, sign: int, what: str, *, whole: bool | None = None) -> Condition:
    """Return the condition that a number is, as written, above, at or below 0."""
    order = {1: "above 0", 0: "0", -1: "below 0"}[sign]
    parts = {None: "", True: "; figures stand for the whole", False: "; figures do not"}[whole]

    def holds(facts: Facts) -> bool:
        number = facts[fact]
        if number is None or (whole is not None and facts["whole"] != whole):
            return False
        return bool((number > 0) - (number < 0) == sign)

    return Condition(f"{what} is, as written, {order}{parts}", holds)


def _sides(prefix: str, fact: str, what: str, names: tuple[str, str, str]) -> dict[str, Condition]:
    """Return the conditions of three texts: above, at and below 0."""
    return {
        f"{prefix}{name}": _side(fact, s, what) for name, s in zip(names, (1, 0, -1), strict=True)
    }


def _as_wholes(prefix: str) -> dict[str, Condition]:
    """Return the conditions of texts on a gemeente as a whole, of all of it and of a part of it."""
    what = "how much higher than expected the gemeente's figures are together (%)"
    return {
        f"{prefix}{part}{name}": _side("off", sign, what, whole=whole)
        for part, whole in (("", True), ("some_", False))
        for name, sign in (("higher", 1), ("same", 0), ("lower", -1))
    }


def _is(fact: str, when: str) -> Condition:
    return Condition(when, lambda facts: bool(facts[fact]))


def _none(fact: str, when: str) -> Condition:
    return Condition(when, lambda facts: not facts[fact])


def _equals(fact: str, value: Any, when: str) -> Condition:
    return Condition(when, lambda facts: bool(facts[fact] == value))


def _judged(*, likely: bool, alone: bool) -> Condition:
    """Return the condition of a verdict on the part of a wijk, or on the only figure there is."""
    order, others = ("at least" if likely else "below"), ("no" if alone else "another")
    return Condition(
        f"the chance is {order} {LIKELY}; {others} figure of the gemeente is shown",
        lambda f: (
            f["alone"] is alone and f["chance"] is not None and (f["chance"] >= LIKELY) == likely
        ),
    )


def _asked(*, more: bool, alone: bool) -> Condition:
    """Return the condition of a question on a difference that is beyond chance and model."""
    order, others = ("above" if more else "below"), ("no" if alone else "another")
    return Condition(
        f"the figure is, as written, {order} what it is held to, the chance is below {LIKELY}, and "
        f"{others} figure of the gemeente is shown",
        lambda f: (
            f["chance"] is not None
            and f["chance"] < LIKELY
            and f["alone"] is alone
            and (f["observed"] > f["held_to"] if more else f["observed"] < f["held_to"])
        ),
    )


CONDITIONS: dict[str, Condition] = {
    "index.older": Condition(
        "the newest year of the figures lacks the gemeente, an earlier one has it",
        lambda f: f["year"] is not None and f["year"] < f["last"],
    ),
    "index.new": _equals("year", None, "no year of the figures has the gemeente"),
    "index.unnamed": _is("unnamed", "no table or map has the gemeente's name"),
    "all.unnamed": _is("unnamed", "of some gemeente no table or map has the name"),
    "index.card_none": Condition(
        "no rate of the gemeente is given, and not for want of wijken or of a delivery",
        lambda f: f["rate"] is None and f["source"] != "partial" and not f["not_delivered"],
    ),
    "index.card_partial": _equals("source", "partial", "wijken are missing from the year"),
    "index.card_not_delivered": _is("not_delivered", "the gemeente delivered nothing for the year"),
    "index.card_delivered_later": _is("later", "newer years of the domain have no delivery of it"),
    "index.card_estimate": _equals("source", "estimate", "the total is the sum of the wijken"),
    "index.card_country": _is("country", "there is a rate of the country"),
    "index.card_change": _is("before", "the year before has a total from the same source"),
    "index.card_forecast": _is("ahead", "there is a forecast of the gemeente"),
    "index.no_forecast": _none("ahead", "there is no forecast of the gemeente to show"),
    "index.card_population": Condition(
        "the people divided by are of another year than the figure",
        lambda f: f["population_year"] not in {None, f["year"]},
    ),
    "index.card_own": Condition(
        "the total is CBS's, the wijken have figures of the gemeente's own and none is hidden",
        lambda f: f["source"] == "published" and f["own_clients"] is not None,
    ),
    "index.maps.none": _none("drawn", "no wijk of the gemeente has an outline"),
    "index.maps.lacking": Condition(
        "some wijken have an outline and some have none",
        lambda f: bool(f["drawn"]) and bool(f["undrawn"]),
    ),
    **_as_wholes("index.parts."),
    "index.parts.none": _equals("off", None, "no wijk of the gemeente has a gap that is shown"),
    "index.parts.within": _is("within", "two wijken or more have a gap that is shown"),
    **_sides("index.parts.country_", "country", "how much higher than expected the country is (%)",
             ("higher", "same", "lower")),
    "index.ranking.own": _is("own", "a figure in the table is the gemeente's own"),
    "index.sums.none": _none("rows", "no total of the gemeente is given"),
    "index.sums.few": Condition(
        "of some year fewer than 10 people are in no wijk", lambda f: "few" in f["statuses"]
    ),
    "index.sums.cover": Condition(
        "of some year people in no wijk would tell of a wijk that is hidden",
        lambda f: "cover" in f["statuses"],
    ),
    "index.sums.own": Condition(
        "of some year wijken have figures of the gemeente's own", lambda f: "own" in f["statuses"]
    ),
    "index.moved.lead": Condition(
        "wijken with a forecast have no page, and the figures have the gemeente",
        lambda f: f["n"] > 0 and f["year"] is not None,
    ),
    "index.moved.lead_new": Condition(
        "wijken have a forecast, and the figures do not have the gemeente",
        lambda f: f["n"] > 0 and f["year"] is None,
    ),
    "index.stacking.none": _none("rows", "no shown figure is in the country's highest fifth"),
    "index.stacking.any_note": _is("year", "the run has persons with any provision"),
    "index.stacking.no_any": _none("year", "the run does not have persons with any provision"),
    "index.change.none": Condition(
        "wijken have figures of both years, and none changed by more than chance and rounding",
        lambda f: f["compared"] > 0 and not f["rows"],
    ),
    "index.change.not": _none("compared", "no wijk has figures of both years that are shown"),
    "index.quality.none": _none("rows", "no domain has figures to hold what is expected to"),
    **_sides("index.quality.", "bias", "the bias (%)", ("too_high", "even", "too_low")),
    "wijk.few": _equals("people", None, "fewer than 100 people live here, or it is not known"),
    "wijk.older": Condition(
        "the newest year of the figures lacks the gemeente, an earlier one has it",
        lambda f: f["year"] is not None and f["year"] < f["last"],
    ),
    "wijk.only_map": _equals("year", None, "no year of the figures has the wijk"),
    "wijk.no_features": Condition(
        "no expected rate of the wijk is shown, 100 people or more live here",
        lambda f: not f["expected"] and f["people"] is not None and f["year"] is not None,
    ),
    "wijk.profile.none": _none("profile", "nothing of the profile is shown"),
    "wijk.figures.hidden": _is("hidden", "the gate hides the wijk's figures"),
    "wijk.figures.more": Condition(
        "more is counted than expected, as written", lambda f: f["observed"] > f["expected"]
    ),
    "wijk.figures.less": Condition(
        "less is counted than expected, as written", lambda f: f["observed"] < f["expected"]
    ),
    "wijk.figures.same": Condition(
        "the two are, or their difference is 0, as written",
        lambda f: f["observed"] == f["expected"] or f["gap"] == 0,
    ),
    "wijk.figures.silent": Condition(
        "there is an estimate and no figure",
        lambda f: f["observed"] is None and f["estimate"] is not None,
    ),
    "wijk.figures.own": _is("own", "the figure is the gemeente's own"),
    "wijk.figures.population": Condition(
        "the people divided by are of another year than CBS's figure",
        lambda f: f["population_year"] not in {None, f["year"]} and not f["own"],
    ),
    "wijk.figures.population_own": Condition(
        "the people divided by are of another year than the gemeente's own figure",
        lambda f: f["population_year"] not in {None, f["year"]} and bool(f["own"]),
    ),
    "wijk.figures.not_delivered": _is("later", "newer years have no delivery of the gemeente"),
    **_as_wholes("wijk.figures.as_whole."),
    **_sides("wijk.figures.within.", "within", "how much higher the wijk is within that (%)",
             ("higher", "same", "lower")),
    "wijk.figures.alone": _is("alone", "the gemeente has no other figure that is shown"),
    "wijk.figures.noise": _judged(likely=True, alone=False),
    "wijk.figures.real": _judged(likely=False, alone=False),
    "wijk.figures.noise_alone": _judged(likely=True, alone=True),
    "wijk.figures.real_alone": _judged(likely=False, alone=True),
    "wijk.figures.outside": _is("outside", "the figure lies outside the band of the expected rate"),
    "wijk.figures.ahead": _is("ahead", "a forecast of the wijk is shown"),
    "wijk.figures.no_ahead": _none("ahead", "no forecast of the wijk is shown"),
    "wijk.drivers.none": _none("drivers", "no feature is stable and large enough to be written"),
    "wijk.drivers.nulls_few": Condition(
        f"of contributions of null features at most {FEW_NULLS} are stable, in every domain",
        lambda f: f["null_stable"] is not None and f["null_stable"] <= FEW_NULLS,
    ),
    "wijk.drivers.nulls_many": Condition(
        f"that share was not measured, or is above {FEW_NULLS}",
        lambda f: f["null_stable"] is None or f["null_stable"] > FEW_NULLS,
    ),
    "wijk.drivers.nothing": _none("explained", "the wijk and domain are not explained"),
    "wijk.drivers.missing": _none("explanations", "the run explains nothing"),
    "wijk.similar.missing": _equals("similar", None, "the run does not have similar wijken"),
    "wijk.thin.none": _none("thin", "no figure lacks, no topic is old, and the wijk is not small"),
    "wijk.thin.figure": _equals("observed", None, "no counted figure of the year is shown"),
    "wijk.thin.old": Condition("the topic is of an earlier year", lambda f: f["year"] < f["last"]),
    "wijk.thin.small": Condition(
        "fewer people live here than figures need to be steady", lambda f: f["people"] < f["small"]
    ),
    "wijk.questions.more": _asked(more=True, alone=False),
    "wijk.questions.less": _asked(more=False, alone=False),
    "wijk.questions.more_alone": _asked(more=True, alone=True),
    "wijk.questions.less_alone": _asked(more=False, alone=True),
    "wijk.questions.none": Condition(
        f"there are differences, and each has a chance of at least {LIKELY}",
        lambda f: bool(f["chances"]) and all(chance >= LIKELY for chance in f["chances"]),
    ),
    "wijk.questions.unknown": Condition(
        "neither a figure nor an estimate is shown",
        lambda f: f["observed"] is None and f["estimate"] is None,
    ),
    "reviewed.none": _none("date", "no round of people of the gemeente was published"),
    "reviewed.done": Condition(
        "five or more gave their view, and on the page of a wijk something came out of it there",
        lambda f: bool(f["people"]) and f["here"],
    ),
    "reviewed.done_few": Condition(
        "a round was published in which fewer than five gave their view",
        lambda f: bool(f["date"]) and not f["people"],
    ),
    "reviewed.elsewhere": Condition(
        "five or more gave their view, and no figure, cause or agreement is of this wijk",
        lambda f: bool(f["people"]) and not f["here"],
    ),
    "reviewed.all_none": _equals("n", 0, "no round was published of any gemeente"),
    "reviewed.all_1": _equals("n", 1, "rounds of one gemeente were published"),
    "reviewed.all": Condition("rounds of more gemeenten were published", lambda f: f["n"] > 1),
    "reviewed.figure": Condition(
        "five people or more gave an answer", lambda f: f["rate"] is not None
    ),
    "reviewed.above": Condition(
        "what people think is, as written, above the model's band",
        lambda f: f["rate"] > f["upper"],
    ),
    "reviewed.within": Condition(
        "what people think is, as written, in the model's band",
        lambda f: f["lower"] <= f["rate"] <= f["upper"],
    ),
    "reviewed.below": Condition(
        "what people think is, as written, below the model's band",
        lambda f: f["rate"] < f["lower"],
    ),
    "reviewed.agree": _equals("verdict", "agree", "half of the answers are near the middle one"),
    "reviewed.disagree": _equals("verdict", "disagree", "half of the answers are not"),
    "reviewed.few_talked": Condition(
        "the wijk was talked about, and fewer than five people answered",
        lambda f: f["rate"] is None and f["talked"],
    ),
    "reviewed.few": Condition(
        "the wijk was not talked about, and fewer than five people answered",
        lambda f: f["rate"] is None and not f["talked"],
    ),
    "reviewed.not_recognised": _is(
        "causes", "at most a third of five people or more recognised each of these"
    ),
    "reviewed.agreed": _is("text", "an agreement was written down"),
    "reviewed.agreed_who": _is("owner", "who does it was written down"),
    "reviewed.agreed_when": _is("due", "when it is done was written down"),
    "reviewed.bands_ranges": _equals(
        "bases", {"ranges"}, "all figures of people on the page are of ranges that they gave"
    ),
    "reviewed.bands_taps": _equals(
        "bases", {"taps"}, "all are of taps: less, the same or more; their limits are set by us"
    ),
    "reviewed.bands_both": Condition(
        "some answers are ranges and some are taps",
        lambda f: "both" in f["bases"] or f["bases"] == {"ranges", "taps"},
    ),
    "reviewed.bands": _is("bases", "the page has a figure of people"),
    "importance.pairs_none": _none("pairs", "no pair of features does anything that is written"),
    "importance.unused_none": _none("unused", "every feature is used"),
    "importance.never_origin": _none("justification", "no sensitive feature is used"),
    "importance.never_income": Condition(
        "no feature is of income", lambda f: "inkomen" not in f["families"]
    ),
    "importance.way.up": _equals("way", "up", "the high end is higher, by most of its movement"),
    "importance.way.down": _equals("way", "down", "the high end is lower, by most of its movement"),
    "importance.way.both": _equals("way", "both", "the ends differ by less than that"),
    "method.sensitive": _none("justification", "no sensitive feature is used"),
    "method.sensitive_used": _is("justification", "a sensitive feature is used"),
    "method.card_fair_without": Condition(
        "no feature is sensitive or of income",
        lambda f: not f["justification"] and "inkomen" not in f["families"],
    ),
    "method.nothing_known": Condition(
        "a test in which nothing of the gemeente is known differs by domain, in whole percents",
        lambda f: f["low"] is not None and f["low"] < f["high"],
    ),
    "method.nothing_known_one": Condition(
        "such a test is alike in all domains, in whole percents",
        lambda f: f["low"] is not None and f["low"] == f["high"],
    ),
    "method.none": _none("rows", "the run does not have the table"),
    "method.no_families": _none("domains", "the run does not have importance"),
    "method.card_learned_own": _is("own", "a gemeente's own figures are among what was learned"),
    "method.card_reviewed_none": _equals("status", None, "no round was published"),
    "method.card_reviewed_reviewed": _equals(
        "status", "reviewed", "five or more judged what the model names, and none is contested"
    ),
    "method.card_reviewed_contested": _equals(
        "status", "contested", "at most a third of five or more recognised a feature"
    ),
    "method.card_reviewed_unreviewed": _equals(
        "status", "unreviewed", "rounds were published, and fewer than five judged each feature"
    ),
    "data.own": _is("own", "the gemeente gave figures of its own"),
    "data.how_1": _is("care", "every domain is one that a gemeente pays for"),
    "data.how_1_other": _none("care", "a domain is none that a gemeente pays for"),
    "data.how_3": Condition("Wmo is a domain of the run", lambda f: "wmo" in f["domains"]),
    "data.how_4": Condition("jeugd is a domain of the run", lambda f: "jeugd" in f["domains"]),
    "data.how_5": Condition("jeugd is a domain of the run", lambda f: "jeugd" in f["domains"]),
    "data.blank": _is("blank_below", "CBS leaves small numbers of the domain blank"),
    "housing.need": _is("need", "there is a forecast of Wmo"),
    "housing.no_need": _none("need", "there is no forecast of Wmo"),
    "housing.none": _none("talk", "no wijk has a sign of dwellings or amenities"),
    "register.open_data": _none("own", "all figures are CBS's"),
    "register.own_data": _is("own", "the gemeente gave figures of its own"),
    "register.lawful_basis": _is("duties", "a domain is a task of gemeenten by law"),
    "register.lawful_basis_none": _none("duties", "no domain is a task of gemeenten by law"),
    "register.without_origin": _none("justification", "no sensitive feature is used"),
    "register.with_origin": _is("justification", "a sensitive feature is used"),
    "site.source": _none("own", "all figures are CBS's"),
    "site.source_own": _is("own", "the gemeente gave figures of its own"),
    "site.demo": _is("made_up", "the figures are the demo's"),
}  # fmt: skip


def say(words: Words, key: str, facts: Facts, **values: object) -> str:
    """Return a text whose condition holds.

    Parameters
    ----------
    words : Words
        Language of the page.
    key : str
        One of :data:`CONDITIONS`.
    facts : mapping of str to object
        What its condition asks for.
    **values : object
        A value for every field of the text.

    Raises
    ------
    DataError
        If the text would not be true.
    """
    condition = CONDITIONS[key]
    if not condition.holds(facts):
        raise DataError(
            f"a page would say '{key}', which is true where {condition.when}; the facts are "
            f"{dict(facts)}. Correct the view that says it."
        )
    return words.text(key, **values)


def first(keys: Iterable[str], facts: Facts) -> str | None:
    """Return the first of these texts whose condition holds; None where none does.

    Parameters
    ----------
    keys : iterable of str
        Of :data:`CONDITIONS`.
    facts : mapping of str to object
        What their conditions ask for.

    Examples
    --------
    >>> keys = [f"index.quality.{name}" for name in ("too_high", "even", "too_low")]
    >>> first(keys, {"bias": -3})
    'index.quality.too_low'
    """
    return next((key for key in keys if CONDITIONS[key].holds(facts)), None)


def any_of(words: Words, keys: Iterable[str], facts: Facts, **values: object) -> list[str]:
    """Return the texts, in order, whose conditions hold.

    Parameters
    ----------
    words : Words
        Language of the page.
    keys : iterable of str
        Of :data:`CONDITIONS`.
    facts : mapping of str to object
        What their conditions ask for.
    **values : object
        A value for every field of the texts.
    """
    return [words.text(key, **values) for key in keys if CONDITIONS[key].holds(facts)]
