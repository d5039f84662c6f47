"""Questions and answers as sentences, in the language of the round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risicomodel.participation.review.questions import Question
    from risicomodel.web.room import Room


def title(room: Room, question: Question) -> str:
    """Return what a screen is about: short, and another one for every question."""
    made = room.evening.round
    wijk = made.wijken.get(question.wijk_code, "")
    label = domain(room, question.domain)
    return room.words.text(f"{question.item.key}.title", wijk=wijk, domain=label)


def domain(room: Room, name: str) -> str:
    """Return what a domain is called; nothing of none."""
    if not name:
        return ""
    about = room.evening.round.domain(name)
    return str(getattr(about, f"label_{room.evening.round.language}"))


def asked(room: Room, question: Question, *, ranged: bool) -> str:
    """Return the question as a sentence."""
    made, item = room.evening.round, question.item
    if item.kind == "need":
        about = made.domain(question.domain)
        key = f"need.{'range' if ranged else 'taps'}"
        return room.words.first(
            f"{key}.{question.domain}", f"{key}.other", gemeente=made.gm_name, year=about.year,
            per=about.per, people=getattr(about, f"per_{made.language}"),
            domain=domain(room, question.domain),
        )  # fmt: skip
    labels = room.evening.labels().get(question.detail, {})
    return room.words.text(
        f"{item.key}.ask", gemeente=made.gm_name, coins=room.evening.form.coins,
        cause=labels.get(made.language, question.detail),
    )  # fmt: skip


def said(room: Room, question: Question, value: Any) -> str:
    """Return an answer in words."""
    form, language = room.evening.form, room.evening.round.language
    kind = question.item.kind
    if kind == "need" and "best" in value:
        return f"{count(room, value['low'])} – {count(room, value['high'])}"
    if kind == "coins":
        names = {one.key: getattr(one, language) for one in form.scales[question.item.scale]}
        return ", ".join(f"{names[key]}: {count}" for key, count in value.items() if count)
    scale = "taps" if kind == "need" else question.item.scale
    key = value["tap"] if kind == "need" else value
    options = {one.key: getattr(one, language) for one in form.scales.get(scale, ())}
    return str(options.get(key, value))


def count(room: Room, value: float) -> str:
    """Return a number as people write it."""
    return room.words.number(value, 0 if float(value).is_integer() else 1)
