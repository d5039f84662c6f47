"""What the projector draws: dots of answers, the model's band, last year's square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.participation.review.results import AGREE, DISAGREE, OTHERS, TOO_FEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.participation.review.evening import Evening, Reveal
    from risicomodel.publishing.presentation.language import Words

WIDTH, ROW = 1000, 34  # of the drawing
MOST_TALK = 3
STACK = 16  # a dot that would lie on another goes up by so much


@dataclass(frozen=True)
class Mark:
    """Something on the line.

    Parameters
    ----------
    x, y : float
        Place in the drawing.
    label : str
        What it is.
    kind : int
        Which colour and shape, from 0.
    """

    x: float
    y: float
    label: str
    kind: int = 0


@dataclass(frozen=True)
class View:
    """What the projector shows of one wijk and domain.

    Parameters
    ----------
    title : str
        Wijk and domain.
    dots : list of Mark
        Answers.
    roles : list of str
        What the kinds of dots are.
    band : tuple of float, or None
        Left, middle and right of the model's band.
    square, gemeente : Mark or None
        The newest figure, and the gemeente's rate.
    ticks : list of Mark
        Of the axis.
    height : int
        Of the drawing.
    notes : list of str
        What is said below it.
    links : list of (str, str, bool)
        Address and text of what else can be shown, and whether it is this one.
    """

    title: str
    dots: list[Mark]
    roles: list[str]
    band: tuple[float, float, float] | None
    square: Mark | None
    gemeente: Mark | None
    ticks: list[Mark]
    height: int
    notes: list[str]
    links: list[tuple[str, str, bool]]


def view(evening: Evening, words: Words, shown: Reveal) -> View:
    """Return the drawing of one wijk and domain.

    Parameters
    ----------
    evening : Evening
        The round.
    words : Words
        Its texts.
    shown : Reveal
        What may be shown.
    """
    made = evening.round
    asked = made.domain(shown.domain)
    language = made.language
    rates = [dot.rate for dot in shown.dots]
    rates += [*(shown.forecast or ()), *([shown.last[1]] if shown.last else [])]
    rates += [shown.of_gemeente] if shown.of_gemeente is not None else []
    most = _round_up(max([*rates, 0.01]) * asked.per)
    names = {key: getattr(role, language) for key, role in evening.form.roles.items()}
    names[OTHERS] = words.text("screen.others")
    roles = sorted({dot.role for dot in shown.dots})

    def x(rate: float) -> float:
        return round(rate * asked.per / most * WIDTH, 1)

    dots, height = _stacked(
        [(x(dot.rate), names[dot.role], roles.index(dot.role)) for dot in shown.dots]
    )
    last = "" if shown.last is None else words.text("screen.last", year=shown.last[0])
    notes = [words.text("screen.explain", last=last or words.text("screen.model"))]
    if shown.picture.rate is None:
        notes = [words.text("screen.too_few")]
    if shown.causes:
        labels = [evening.labels().get(one, {}).get(language, one) for one in shown.causes]
        notes.append(words.text("screen.causes", causes=", ".join(labels)))
    return View(
        f"{made.wijken[shown.wijk_code]}: {getattr(asked, f'label_{language}')} ({asked.year})",
        dots,
        [names[role] for role in roles],
        None if shown.forecast is None else tuple(map(x, (shown.forecast[1], shown.forecast[0], shown.forecast[2]))),  # type: ignore[arg-type]
        None if shown.last is None else Mark(x(shown.last[1]), 0, last),
        None if shown.of_gemeente is None else Mark(
            x(shown.of_gemeente), 0, words.text("screen.gemeente", gemeente=made.gm_name)
        ),
        [Mark(part * WIDTH / 4, 0, words.number(most * part / 4, 0 if most >= 8 else 1)) for part in range(5)],  # noqa: PLR2004
        height,
        notes,
        _links(evening, shown),
    )  # fmt: skip


def _round_up(value: float) -> float:
    """Return a round number that is at least this large, for the end of an axis."""
    for step in (1, 2, 4, 8, 12, 20, 40, 60, 80, 100, 160, 200, 300, 400, 600, 800):
        if value * 1.05 <= step:
            return float(step)
    return 1000.0


def _stacked(dots: Sequence[tuple[float, str, int]]) -> tuple[list[Mark], int]:
    """Return dots that do not lie on each other, and the height that this takes."""
    ends: list[float] = []
    out = []
    for x, label, kind in dots:
        level = next((i for i, end in enumerate(ends) if x - end >= STACK), len(ends))
        ends[level : level + 1] = [x]
        out.append(Mark(x, level * STACK, label, kind))
    return out, ROW + STACK * max(len(ends), 1)


def _links(evening: Evening, shown: Reveal) -> list[tuple[str, str, bool]]:
    made = evening.round
    of_wijken = [
        (f"?wijk={code}&domain={shown.domain}", name, code == shown.wijk_code)
        for code, name in made.wijken.items()
    ]
    of_domains = [
        (
            f"?wijk={shown.wijk_code}&domain={one.name}",
            getattr(one, f"label_{made.language}"),
            one.name == shown.domain,
        )
        for one in made.domains
    ]
    return [*of_domains, *of_wijken]


def first_to_talk_about(evening: Evening, words: Words) -> str:
    """Return what to talk about first, in a sentence; nothing before the reveal."""
    if not evening.store.phase().shows_values:
        return ""
    language = evening.round.language
    names = [
        f"{evening.round.wijken[wijk]} ({getattr(evening.round.domain(domain), f'label_{language}')})"
        for wijk, domain in evening.most_apart()[:MOST_TALK]
    ]
    return words.text("lead.proposal", wijken=", ".join(names)) if names else ""


def outcome(evening: Evening, words: Words) -> list[dict[str, object]]:
    """Return what came out, a part per wijk.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.
    words : Words
        Its texts.
    """
    result, view_of_model = evening.outcome(), evening.view()
    made, language = evening.round, evening.round.language
    agreed = result.agreements.set_index("wijk_code").to_dict("index")
    parts = []
    for code, name in made.wijken.items():
        rows = result.pictures[result.pictures["wijk_code"] == code].set_index("domain")
        lines, verdicts = [], {AGREE: [], DISAGREE: [], TOO_FEW: []}  # type: dict[str, list[str]]
        for asked in made.domains:
            label = getattr(asked, f"label_{language}")
            if asked.name not in rows.index:
                verdicts[TOO_FEW].append(label)
                continue
            row = rows.loc[asked.name]
            verdicts[row["verdict"]].append(label)
            model = view_of_model.forecasts.get(f"{code}/{asked.name}")
            last = view_of_model.last.get(f"{code}/{asked.name}")
            if row["verdict"] == TOO_FEW or model is None:
                continue
            lines.append(
                {
                    "label": label,
                    "field": _band(words, asked.per, row["low"], row["high"]),
                    "model": _band(words, asked.per, model[1], model[2]),
                    "last": "" if last is None else words.number(last[1] * asked.per, 1),
                    "last_year": "" if last is None else str(last[0]),
                    "n": words.text("result.answers", n=int(row["n"])),
                    "beside": words.text(f"result.{row['beside_model']}"),
                }
            )
        contested = result.causes[
            result.causes["wijk_code"].eq(code) & result.causes["contested"].astype(bool)
        ]
        labels = [evening.labels().get(one, {}).get(language, one) for one in contested["feature"]]
        parts.append(
            {
                "title": name,
                "verdicts": [
                    words.text(f"result.{verdict}", domains=", ".join(names))
                    for verdict, names in verdicts.items()
                    if names
                ],
                "lines": lines,
                "agreement": agreed.get(code),
                "contested": words.text("result.contested", causes=", ".join(labels))
                if labels
                else "",
            }
        )
    return parts


def _band(words: Words, per: int, low: float, high: float) -> str:
    return f"{words.number(low * per, 1)} – {words.number(high * per, 1)}"
