"""Questions to the people who know the wijk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import statements

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import WijkExplanation

MOST_QUESTIONS = 3
OTHER = "other"
ASKED = tuple(f"wijk.questions.{key}" for key in ("more", "less", "more_alone", "less_alone"))


def questions(
    figures: dict[str, dict[str, Any]],
    facts: dict[str, dict[str, Any]],
    explanations: dict[str, WijkExplanation],
    gemeente: str,
    words: Words,
) -> list[str]:
    """Return open questions: on a wijk's own part of the gap, a driver, unknown figures.

    Parameters
    ----------
    figures : dict of str to dict
        Per domain the wijk's row of the year that the page is about.
    facts : dict of str to dict
        Per domain what sentences on that row are held to.
    explanations : dict of str to WijkExplanation
        Per domain that is explained.
    gemeente : str
        Its name.
    words : Words
        Language of the page.
    """
    asked_of = {domain: statements.first(ASKED, facts[domain]) for domain in figures}
    beyond = [domain for domain in figures if asked_of[domain] is not None]
    beyond.sort(key=lambda domain: -abs(facts[domain]["part"]) / figures[domain]["expected"])
    out = [
        _of_gap(
            domain,
            str(asked_of[domain]),
            figures[domain],
            facts[domain],
            gemeente=gemeente,
            words=words,
        )
        for domain in beyond[:MOST_QUESTIONS]
    ]
    chances = [one["chance"] for one in facts.values() if one["chance"] is not None]
    out += statements.any_of(words, ["wijk.questions.none"], {"chances": chances})
    drivers = [one.drivers[0] for one in _first(explanations, beyond) if one.drivers]
    if drivers:
        out.append(words.text("wijk.questions.driver", what=drivers[0].question))
    for domain in figures:
        unknown = ["wijk.questions.unknown"]
        out += statements.any_of(words, unknown, facts[domain], domain=words.label(domain))
    return [*out, words.text("wijk.questions.missing")]


def _first(explanations: dict[str, WijkExplanation], domains: list[str]) -> list[WijkExplanation]:
    """Return the explanations, those of these domains first."""
    rest = [domain for domain in explanations if domain not in domains]
    return [explanations[domain] for domain in [*domains, *rest] if domain in explanations]


def _of_gap(
    domain: str,
    key: str,
    row: dict[str, Any],
    facts: dict[str, Any],
    *,
    gemeente: str,
    words: Words,
) -> str:
    statement = statements.say(
        words,
        key,
        facts,
        domain=words.label(domain),
        observed=words.rate(domain, row["observed"]),
        held_to=words.number(facts["held_to"], 1),
        per=words.per_people(domain),
        gemeente=gemeente,
    )
    way = "more" if facts["observed"] > facts["held_to"] else "less"
    more = words.first(f"wijk.questions.{domain}.{way}", f"wijk.questions.{OTHER}.{way}")
    return f"{statement} {more}"
