"""Questions and answers as sentences: the same on screens, on paper and in workbooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.participation.form_rules import NO_OPINION
from risicomodel.participation.review import answers
from risicomodel.publishing.presentation.language import Words

if TYPE_CHECKING:
    from risicomodel.participation.forms import Item, Role
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.questions import Question

REVIEW = "review_"


@dataclass(frozen=True)
class SheetPart:
    """A question as it stands on a sheet.

    Parameters
    ----------
    path : str
        Of the question.
    kind : str
        ``choice``, ``range``, ``number``, ``text`` or ``coins``.
    label : str
        What its domain is called; empty for a question on the whole wijk.
    ask : str
        The question.
    options : list of (str, str)
        What can be chosen: keys and words.
    """

    path: str
    kind: str
    label: str
    ask: str
    options: list[tuple[str, str]]


class Wording:
    """What a round says, in its language.

    Parameters
    ----------
    evening : Evening
        The round.
    """

    def __init__(self, evening: Evening) -> None:
        self.evening = evening
        self.language = evening.round.language
        self.words = Words(self.language, {}, REVIEW, evening.form.texts)

    def title(self, question: Question) -> str:
        """Return what a question is about: short, and another one for every question."""
        item, form = question.item, self.evening.form
        if item.texts:
            theme = form.themes[item.theme][self.language]
            place = form.items.index(item) + 1
            return self.words.text("asked.title", theme=theme, place=place, all=len(form.items))
        wijk = self.evening.round.wijken.get(question.wijk_code, "")
        label = self.domain(question.domain)
        return self.words.text(f"{question.item.key}.title", wijk=wijk, domain=label)

    def domain(self, name: str) -> str:
        """Return what a domain is called; nothing of none."""
        if not name:
            return ""
        return str(getattr(self.evening.round.domain(name), f"label_{self.language}"))

    def role(self, role: Role) -> str:
        """Return what a role is called."""
        return str(getattr(role, self.language))

    def asked(self, question: Question, *, ranged: bool) -> str:
        """Return the question as a sentence.

        Parameters
        ----------
        question : Question
            What is asked.
        ranged : bool
            Whether it is asked for a range, where a range can be given.
        """
        made, item = self.evening.round, question.item
        if item.texts:
            return self.own_text(item)
        if item.kind == "need":
            about = made.domain(question.domain)
            key = f"need.{'range' if ranged else 'taps'}"
            return self.words.first(
                f"{key}.{question.domain}", f"{key}.other", gemeente=made.gm_name, year=about.year,
                per=about.per, people=getattr(about, f"per_{self.language}"),
                domain=self.domain(question.domain),
            )  # fmt: skip
        labels = self.evening.labels().get(question.detail, {})
        return self.words.text(
            f"{item.key}.ask", gemeente=made.gm_name, coins=self.evening.form.coins,
            cause=labels.get(self.language, question.detail),
        )  # fmt: skip

    def own_text(self, item: Item) -> str:
        """Return a question whose text stands in the form, filled in."""
        made = self.evening.round
        year = made.domain(item.truth.domain).year if item.truth and item.truth.domain else ""
        return item.texts[self.language].format(gemeente=made.gm_name, year=year)

    def hint(self, question: Question) -> str:
        """Return what stands small beside a question."""
        item = question.item
        key = f"{item.key}.hint"
        if item.texts:
            key = f"asked.{item.kind}{'' if item.scale else '_number'}"
        most = self.count(answers.most_of(item, self.evening.place))
        return self.words.text(key, gemeente=self.evening.round.gm_name, most=most)

    def options(self, question: Question, *, ranged: bool = False) -> list[tuple[str, str]]:
        """Return what can be chosen as an answer: keys, and what these are called."""
        of_need = ("sure" if ranged else "taps") if question.item.kind == "need" else ""
        options = self.evening.form.scales.get(question.item.scale or of_need, ())
        return [(one.key, str(getattr(one, self.language))) for one in options]

    def said(self, question: Question, value: Any) -> str:
        """Return an answer in words."""
        kind = question.item.kind
        if kind == "need" and "best" in value:
            return f"{self.count(value['low'])} – {self.count(value['high'])}"
        names = dict(self.options(question))
        if kind == "coins":
            return ", ".join(f"{names[key]}: {laid}" for key, laid in value.items() if laid)
        key = value["tap"] if kind == "need" else value
        if key == NO_OPINION and key not in names:
            return self.words.text("need.unknown")
        return names.get(key, str(key))

    def in_full(self, question: Question, value: Any) -> str:
        """Return an answer as it was filled in, each of its numbers."""
        if value is None:
            return self.words.text("paper.open")
        if isinstance(value, dict) and "best" in value:
            numbers = [self.count(value[key]) for key in ("low", "high", "best")]
            return "; ".join([*numbers, str(value["sure"])])
        return self.said(question, value)

    def count(self, value: float) -> str:
        """Return a number as people write it."""
        return self.words.number(value, 0 if float(value).is_integer() else 1)

    def about(self, question: Question) -> str:
        """Return in a few words what a question of a sheet is about."""
        if question.domain:
            label = self.evening.labels().get(question.detail, {}).get(self.language, "")
            return ", ".join(filter(None, [self.domain(question.domain), label]))
        if question.item.texts:
            return self.own_text(question.item)
        return self.words.text(f"{question.item.key}.ask", coins=self.evening.form.coins)

    def part(self, question: Question, role: Role) -> SheetPart:
        """Return a question as it stands on a sheet or in a workbook, for one role."""
        ranged = question.item.kind == "need" and role.gives_range(question.domain)
        kind = "range" if ranged else question.item.kind
        return SheetPart(
            question.path,
            "choice" if kind == "need" else kind,
            self.domain(question.domain),
            self.asked(question, ranged=ranged),
            self.options(question, ranged=ranged),
        )
