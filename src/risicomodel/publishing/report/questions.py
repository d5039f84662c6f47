"""Questions to the people who know the wijk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report.gaps import LIKELY

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import WijkExplanation

MOST_QUESTIONS = 3
OTHER = "other"


def questions(
    figures: dict[str, dict[str, Any]], explanations: dict[str, WijkExplanation], words: Words
) -> list[str]:
    """Return open questions: on the largest gaps that are no noise, a driver, unknown figures.

    Parameters
    ----------
    figures : dict of str to dict
        Per domain the wijk's row of the year that the page is about.
    explanations : dict of str to WijkExplanation
        Per domain that is explained.
    words : Words
        Language of the page.
    """
    gaps = [
        (abs(row["gap"]) / row["expected"], domain, row)
        for domain, row in figures.items()
        if row.get("gap") is not None and row["chance"] < LIKELY
    ]
    gaps.sort(key=lambda item: -item[0])
    out = [_of_gap(domain, row, words) for _, domain, row in gaps[:MOST_QUESTIONS]]
    if not out and any(row.get("gap") is not None for row in figures.values()):
        out.append(words.text("wijk.questions.none"))
    in_order = _first(explanations, [domain for _, domain, _ in gaps])
    drivers = [explanation.drivers[0] for explanation in in_order if explanation.drivers]
    if drivers:
        out.append(words.text("wijk.questions.driver", what=drivers[0].description))
    out += [
        words.text("wijk.questions.unknown", domain=words.label(domain))
        for domain, row in figures.items()
        if row.get("observed") is None and row.get("estimate") is None
    ]
    return [*out, words.text("wijk.questions.missing")]


def _first(explanations: dict[str, WijkExplanation], domains: list[str]) -> list[WijkExplanation]:
    """Return the explanations, those of these domains first."""
    rest = [domain for domain in explanations if domain not in domains]
    return [explanations[domain] for domain in [*domains, *rest] if domain in explanations]


def _of_gap(domain: str, row: dict[str, Any], words: Words) -> str:
    way = "more" if row["gap"] > 0 else "less"
    statement = words.text(
        f"wijk.questions.{way}",
        domain=words.label(domain),
        observed=words.rate(domain, row["observed"]),
        expected=words.rate(domain, row["expected"]),
        per=words.per_people(domain),
    )
    more = words.first(f"wijk.questions.{domain}.{way}", f"wijk.questions.{OTHER}.{way}")
    return f"{statement} {more}"
