"""What the projector draws: dots of answers, the model's band, last year's square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.participation.review.results import OTHERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.participation.review.evening import Evening, Reveal
    from risicomodel.publishing.presentation.language import Words

WIDTH, ROW, STACK = 1000, 34, 16  # of the drawing: its width, its lowest row, a dot
WHOLE_FROM = 8  # an axis that goes to here has whole numbers
ENDS = (1, 2, 4, 8, 12, 20, 40, 60, 80, 100, 160, 200, 300, 400, 600, 800)  # of axes
ROOM = 1.05  # an axis ends a little beyond the last mark
PARTS = 4


@dataclass(frozen=True)
class Axis:
    """The line that everything stands on.

    Parameters
    ----------
    per : int
        Rates are given per so many people.
    most : float
        Where it ends.
    """

    per: int
    most: float

    def x(self, rate: float) -> float:
        """Return the place of a rate (0–1)."""
        return round(rate * self.per / self.most * WIDTH, 1)


@dataclass(frozen=True)
class PlacedMark:
    """Something on the line.

    Parameters
    ----------
    x, y : float
        Place in the drawing.
    label : str
        What it is.
    kind : int
        Which colour, from 0.
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
        Wijk, domain and year.
    dots : list of PlacedMark
        Answers.
    roles : list of str
        What the kinds of dots are.
    band : tuple of float, or None
        Left, middle and right of the model's band.
    square, gemeente : PlacedMark or None
        The newest figure, and the gemeente's rate.
    ticks : list of PlacedMark
        Of the axis.
    height : int
        Of the drawing.
    notes : list of str
        What is said below it.
    links : list of (str, str, bool)
        Address and text of what else can be shown, and whether it is this one.
    """

    title: str
    dots: list[PlacedMark]
    roles: list[str]
    band: tuple[float, float, float] | None
    square: PlacedMark | None
    gemeente: PlacedMark | None
    ticks: list[PlacedMark]
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
    made, about = evening.round, evening.round.domain(shown.domain)
    names = {key: getattr(role, made.language) for key, role in evening.form.roles.items()}
    names[OTHERS] = words.text("screen.others")
    roles = sorted({dot.role for dot in shown.dots})
    axis = _axis(shown, about.per)
    band, square, gemeente = None, None, None
    if shown.forecast is not None:
        rate, lower, upper = map(axis.x, shown.forecast)
        band = lower, rate, upper
    if shown.last is not None:
        square = PlacedMark(axis.x(shown.last[1]), 0, words.text("screen.last", year=shown.last[0]))
    if shown.of_gemeente is not None:
        label = words.text("screen.gemeente", gemeente=made.gm_name)
        gemeente = PlacedMark(axis.x(shown.of_gemeente), 0, label)
    dots, height = _stacked(
        [(axis.x(dot.rate), names[dot.role], roles.index(dot.role)) for dot in shown.dots]
    )
    label = getattr(about, f"label_{made.language}")
    return View(
        words.text(
            "screen.title",
            wijk=made.wijken[shown.wijk_code],
            domain=label,
            year=about.year,
            per=words.number(about.per),
            people=getattr(about, f"per_{made.language}"),
        ),
        dots,
        [names[role] for role in roles],
        band,
        square,
        gemeente,
        _ticks(axis, words),
        height,
        _notes(evening, words, shown),
        _links(evening, shown),
    )


def _axis(shown: Reveal, per: int) -> Axis:
    rates = [dot.rate for dot in shown.dots]
    rates += [*(shown.forecast or ()), *((shown.last or (0, 0.0))[1:]), shown.of_gemeente or 0.0]
    most = max(rates) * per * ROOM
    return Axis(per, float(next((end for end in ENDS if most <= end), per)))


def _ticks(axis: Axis, words: Words) -> list[PlacedMark]:
    decimals = 0 if axis.most >= WHOLE_FROM else 1
    parts = [part / PARTS for part in range(PARTS + 1)]
    return [PlacedMark(part * WIDTH, 0, words.number(axis.most * part, decimals)) for part in parts]


def _notes(evening: Evening, words: Words, shown: Reveal) -> list[str]:
    if shown.picture.rate is None:
        return [words.text("screen.too_few")]
    notes = [words.text("screen.explain")]
    if shown.last is not None:
        notes.append(words.text("screen.explain_last", year=shown.last[0]))
    if shown.causes:
        language = evening.round.language
        labels = [evening.labels().get(one, {}).get(language, one) for one in shown.causes]
        notes.append(words.text("screen.causes", causes=", ".join(labels)))
    return notes


def _stacked(dots: Sequence[tuple[float, str, int]]) -> tuple[list[PlacedMark], int]:
    """Return dots that do not lie on each other, and the height that this takes."""
    ends: list[float] = []
    out = []
    for x, label, kind in dots:
        row = next((i for i, end in enumerate(ends) if x - end >= STACK), len(ends))
        ends[row : row + 1] = [x]
        out.append(PlacedMark(x, row * STACK, label, kind))
    return out, ROW + STACK * max(len(ends), 1)


def _links(evening: Evening, shown: Reveal) -> list[tuple[str, str, bool]]:
    made = evening.round
    of_domains = [
        (
            f"?wijk={shown.wijk_code}&domain={one.name}",
            str(getattr(one, f"label_{made.language}")),
            one.name == shown.domain,
        )
        for one in made.domains
    ]
    of_wijken = [
        (f"?wijk={code}&domain={shown.domain}", name, code == shown.wijk_code)
        for code, name in made.wijken.items()
    ]
    return [*of_domains, *of_wijken]


def first_to_talk_about(evening: Evening, words: Words) -> str:
    """Return what to talk about first; nothing before the reveal, or without wijken."""
    if not evening.store.phase().shows_values or not evening.round.wijken:
        return ""
    made = evening.round
    names = [
        f"{made.wijken[wijk]} ({getattr(made.domain(domain), f'label_{made.language}')})"
        for wijk, domain in evening.proposal()
    ]
    return words.text("lead.proposal", wijken=", ".join(names)) if names else ""
