"""What came out of an evening, a part per wijk: where table and model agree, what was agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import consensus, tables
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
    label, field, band, model, last, answers, beside : str
        As they are printed; ``last`` is empty where there is no figure.
    """

    label: str
    field: str
    band: str
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


@dataclass(frozen=True)
class AgreementLine:
    """How far people agree on a domain, beside how far they are from the newest figure.

    Parameters
    ----------
    label, basis, before, after, off : str
        As they are printed; ``before`` and ``after`` talking.
    """

    label: str
    basis: str
    before: str
    after: str
    off: str


@dataclass(frozen=True)
class GemeenteOutcome:
    """The whole gemeente.

    Parameters
    ----------
    verdicts : list of str
        On what people agree over all wijken, on what not, of what they know too little.
    lines : list of AgreementLine
        Of domains and kinds of answers that have a number.
    """

    verdicts: list[str]
    lines: list[AgreementLine]


def of_gemeente(evening: Evening, words: Words) -> GemeenteOutcome:
    """Return what came out over all wijken together.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.
    words : Words
        Its texts.
    """
    pictures, made = evening.outcome().pictures, evening.round
    of_domains = {
        one: {"verdict": consensus.of_gemeente(pictures, one.name, len(made.wijken))}
        for one in made.domains
    }
    rows = records.records(tables.agreement(evening))
    by_key = {(row["domain"], row["basis"], row["phase"]): row for row in rows}
    lines = []
    for one in made.domains:
        for basis in consensus.SCALES:
            before = by_key.get((one.name, basis, str(Phase.OWN_VIEW)), {})
            after = by_key.get((one.name, basis, str(Phase.AGAIN)), {})
            if before.get("alpha") is None:
                continue
            off = before["off_newest"] if after.get("alpha") is None else after["off_newest"]
            lines.append(
                AgreementLine(
                    str(getattr(one, f"label_{words.language}")),
                    words.text(f"result.{basis}"),
                    _alpha(words, before),
                    _alpha(words, after),
                    words.percent(off),
                )
            )
    return GemeenteOutcome(_verdicts(of_domains, words, made.language), lines)


def _alpha(words: Words, row: dict[str, Any]) -> str:
    if row.get("alpha") is None:
        return ""
    alpha, lower, upper = (words.number(row[key], 2) for key in ("alpha", "lower", "upper"))
    return words.text("result.alpha", alpha=alpha, lower=lower, upper=upper)


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
        words.number(row["rate"] * one.per, 1),
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
