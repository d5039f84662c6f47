"""What to ask the people who know the wijk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report.gaps import LIKELY

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import Told

MOST_QUESTIONS = 3
OTHER = "other"


def questions(
    figures: dict[str, dict[str, Any]], found: dict[str, Told], words: Words
) -> list[str]:
    """Return open questions: of the largest gaps that are no noise, a driver, what is not known.

    Parameters
    ----------
    figures : dict
        Per domain the wijk's row of the year it is told of.
    found : dict
        Per domain what is told of its drivers.
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
    asked = [domain for _, domain, _ in gaps]
    known = [told.drivers for _, told in _first(found, asked) if told.drivers]
    if known:
        out.append(words.text("wijk.questions.driver", what=known[0][0].what))
    out += [
        words.text("wijk.questions.unknown", domain=words.label(domain))
        for domain, row in figures.items()
        if row.get("observed") is None and row.get("estimate") is None
    ]
    return [*out, words.text("wijk.questions.missing")]


def _first(found: dict[str, Told], asked: list[str]) -> list[tuple[str, Told]]:
    """Return what is told per domain, those that are asked about first."""
    return sorted(found.items(), key=lambda item: asked.index(item[0]) if item[0] in asked else 99)


def _of_gap(domain: str, row: dict[str, Any], words: Words) -> str:
    way = "more" if row["gap"] > 0 else "less"
    told = words.text(
        f"wijk.questions.{way}",
        domain=words.label(domain),
        observed=words.rate(domain, row["observed"]),
        expected=words.rate(domain, row["expected"]),
        per=words.per_whom(domain),
    )
    more = words.first(f"wijk.questions.{domain}.{way}", f"wijk.questions.{OTHER}.{way}")
    return f"{told} {more}"
