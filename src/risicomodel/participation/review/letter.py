"""A letter to who took part: what you said, what fits the figures, what we do, and what we do not.

It holds what came out of all answers together and what the moderator wrote down; no free text of
anyone, no role, no number of answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.participation.review.results import AGREE, DISAGREE, TOO_FEW
from risicomodel.publishing.presentation import rendering
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import records

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.participation.review.evening import Evening, RoundOutcome
    from risicomodel.participation.review.rounds import JudgedDomain

LETTER = "brief.html"
BESIDE = ("within", "above", "below")  # where the table stands, beside the model's band


@dataclass(frozen=True)
class Paragraph:
    """What the letter says of one domain.

    Parameters
    ----------
    title : str
        What the domain is called.
    said : list of str
        On how many wijken people agree, on how many not, of how many they know too little.
    fits : list of str
        In which wijken the table is near the model, above or below it.
    not_recognised : str
        Causes that were not recognised; may be empty.
    """

    title: str
    said: list[str]
    fits: list[str]
    not_recognised: str


@dataclass(frozen=True)
class Agreed:
    """An agreement.

    Parameters
    ----------
    wijk, text, owner, due : str
        Where, what, who (a role) and when (a date in words; may be empty).
    """

    wijk: str
    text: str
    owner: str
    due: str


def write(path: Path, evening: Evening) -> None:
    """Write the letter of a round.

    Parameters
    ----------
    path : Path
        Of the HTML page.
    evening : Evening
        The round, after the reveal.

    Raises
    ------
    ConfigError
        Before the reveal: there is nothing to tell yet.
    """
    made = evening.round
    words = Words(made.language, {}, "review_")
    outcome = evening.outcome()
    not_recognised = _not_recognised(evening, outcome, words)
    rendering.write(
        path,
        "review_letter.html",
        t=words.text,
        round=made,
        language=made.language,
        paragraphs=[
            _paragraph(evening, outcome, one, not_recognised.get(one.name, ""))
            for one in made.domains
        ],
        agreed=_agreed(evening, outcome, words),
        not_done=evening.not_done,
        thanks=words.first(
            f"letter.thanks_{len(made.wijken)}",
            "letter.thanks",
            n=len(made.wijken),
            gemeente=made.gm_name,
        ),
        later=_later(evening, words),
        keep_until=words.day(made.keep_until),
    )


def _paragraph(
    evening: Evening, outcome: RoundOutcome, domain: JudgedDomain, not_recognised: str
) -> Paragraph:
    made, words = evening.round, Words(evening.round.language, {}, "review_")
    of_domain = [row for row in records.records(outcome.pictures) if row["domain"] == domain.name]
    rows = {row["wijk_code"]: row for row in of_domain}
    verdicts = [rows.get(code, {"verdict": TOO_FEW})["verdict"] for code in made.wijken]
    said = [
        words.first(f"letter.{verdict}_{n}", f"letter.{verdict}", n=n)
        for verdict in (AGREE, DISAGREE, TOO_FEW)
        if (n := verdicts.count(verdict))
    ]
    beside: dict[str, list[str]] = {key: [] for key in BESIDE}
    for code, name in made.wijken.items():
        if key := rows.get(code, {}).get("beside_model"):
            beside[key].append(name)
    fits = [
        words.text(f"letter.{key}", wijken=", ".join(names))
        for key, names in beside.items()
        if names
    ]
    label = str(getattr(domain, f"label_{made.language}"))
    return Paragraph(label[:1].upper() + label[1:], said, fits, not_recognised)


def _not_recognised(evening: Evening, outcome: RoundOutcome, words: Words) -> dict[str, str]:
    """Return by domain what people did not recognise, and in which wijk."""
    labels: dict[str, list[str]] = {}
    for row in records.records(outcome.causes):
        if row["contested"]:
            names = evening.labels().get(row["feature"], {})
            cause = names.get(words.language, row["feature"])
            wijk = evening.round.wijken.get(row["wijk_code"], row["wijk_code"])
            labels.setdefault(row["domain"], []).append(f"{cause} ({wijk})")
    return {domain: ", ".join(names) for domain, names in labels.items()}


def _agreed(evening: Evening, outcome: RoundOutcome, words: Words) -> list[Agreed]:
    rows = {row["wijk_code"]: row for row in records.records(outcome.agreements)}
    return [
        Agreed(name, _sentence(str(row["text"])), str(row["owner"]), words.day(str(row["due"])))
        for code, name in evening.round.wijken.items()
        if (row := rows.get(code)) is not None
    ]


def _later(evening: Evening, words: Words) -> list[str]:
    """Return which figures still have to come, by year."""
    made = evening.round
    labels: dict[int, list[str]] = {}
    for one in made.domains:
        labels.setdefault(one.year, []).append(str(getattr(one, f"label_{made.language}")))
    return [
        words.text("letter.later", year=year, domains=", ".join(of_year))
        for year, of_year in sorted(labels.items())
    ]


def _sentence(text: str) -> str:
    """Return a text that ends as a sentence does."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
