"""What came out of an evening, a part per wijk: where table and model agree, what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.participation.review.results import AGREE, DISAGREE, TOO_FEW
from risicomodel.publishing.report import records

if TYPE_CHECKING:
    from risicomodel.participation.review.evening import Evening, RoundOutcome
    from risicomodel.participation.review.rounds import JudgedDomain, ModelView
    from risicomodel.publishing.presentation.language import Words

VERDICTS = (AGREE, DISAGREE, TOO_FEW)
NO_PICTURE = {"verdict": TOO_FEW}


@dataclass(frozen=True)
class Line:
    """A domain in a wijk: what the table thinks, beside the model and the newest figure.

    Parameters
    ----------
    label, field, model, last, answers, beside : str
        As they are printed; ``last`` is empty where there is no figure.
    """

    label: str
    field: str
    model: str
    last: str
    answers: str
    beside: str


@dataclass(frozen=True)
class WijkOutcome:
    """A wijk.

    Parameters
    ----------
    title : str
        Its name.
    verdicts : list of str
        On what the table agrees, on what not, and of what it knows too little.
    lines : list of Line
        Domains with a figure.
    contested : str
        Causes of the model that were not recognised; may be empty.
    coins : list of str
        What would help, the most first; empty under five answers.
    agreement : dict or None
        ``text``, ``owner`` and ``due``.
    """

    title: str
    verdicts: list[str]
    lines: list[Line]
    contested: str
    coins: list[str]
    agreement: dict[str, Any] | None


def parts(evening: Evening, words: Words) -> list[WijkOutcome]:
    """Return what came out, a part per wijk.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.
    words : Words
        Its texts.
    """
    outcome, view = evening.outcome(), evening.view()
    pictures = {(row["wijk_code"], row["domain"]): row for row in records.records(outcome.pictures)}
    agreements = {row["wijk_code"]: row for row in records.records(outcome.agreements)}
    out = []
    for code, name in evening.round.wijken.items():
        of_wijk = {one: pictures.get((code, one.name), NO_PICTURE) for one in evening.round.domains}
        out.append(
            WijkOutcome(
                name,
                _verdicts(of_wijk, words, evening.round.language),
                [
                    _line(one, row, view, code, words)
                    for one, row in of_wijk.items()
                    if row["verdict"] != TOO_FEW and f"{code}/{one.name}" in view.forecasts
                ],
                _contested(evening, outcome, code, words),
                _coins(evening, outcome, code, words),
                agreements.get(code),
            )
        )
    return out


def _verdicts(
    of_wijk: dict[JudgedDomain, dict[str, Any]], words: Words, language: str
) -> list[str]:
    out = []
    for verdict in VERDICTS:
        labels = [
            str(getattr(one, f"label_{language}"))
            for one, row in of_wijk.items()
            if row["verdict"] == verdict
        ]
        if labels:
            out.append(words.text(f"result.{verdict}", domains=", ".join(labels)))
    return out


def _line(one: JudgedDomain, row: dict[str, Any], view: ModelView, code: str, words: Words) -> Line:
    _, lower, upper = view.forecasts[f"{code}/{one.name}"]
    last = view.last.get(f"{code}/{one.name}")
    return Line(
        str(getattr(one, f"label_{words.language}")),
        _band(words, one.per, row["lower"], row["upper"]),
        _band(words, one.per, lower, upper),
        "" if last is None else f"{words.number(last[1] * one.per, 1)} ({last[0]})",
        words.text("result.answers", n=int(row["n"])),
        words.text(f"result.{row['beside_model']}"),
    )


def _contested(evening: Evening, outcome: RoundOutcome, code: str, words: Words) -> str:
    rows = [row for row in records.records(outcome.causes) if row["wijk_code"] == code]
    labels = [
        evening.labels().get(row["feature"], {}).get(words.language, row["feature"])
        for row in rows
        if row["contested"]
    ]
    return words.text("result.contested", causes=", ".join(labels)) if labels else ""


def _coins(evening: Evening, outcome: RoundOutcome, code: str, words: Words) -> list[str]:
    rows = [row for row in records.records(outcome.coins) if row["wijk_code"] == code]
    scales = evening.form.scales.values()
    names = {one.key: str(getattr(one, words.language)) for scale in scales for one in scale}
    rows.sort(key=lambda row: -row["share"])
    return [f"{names[row['kind']]}: {words.percent(row['share'])}" for row in rows if row["share"]]


def _band(words: Words, per: int, low: float, high: float) -> str:
    return f"{words.number(low * per, 1)} – {words.number(high * per, 1)}"
