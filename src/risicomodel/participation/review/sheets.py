"""Sheets of paper: one person, one wijk, one phase. Typed in by someone else; a tenth typed twice.

Whoever types sees what is on the sheet and nothing else: not what was kept before, and not whether
it is the same. So the screen that types paper in tells nothing before the reveal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import answers, fields, questions
from risicomodel.participation.review.answers import PAPER, WORKBOOK
from risicomodel.participation.review.questions import KNOWS, UNKNOWN_WIJK, Question
from risicomodel.participation.review.store import TWICE, Saved, SentAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.participation.review.answers import Answer
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.store import Person, Receipt

PHASES = (Phase.OWN_VIEW, Phase.AGAIN, Phase.CAUSES)
SHARE_TWICE = 0.1  # of sheets, typed a second time by who does not see the first
# texts: nothing else is filled in where a wijk is not known, and no number where it is not
KNOWS_NOT, KNOWS_AND_NOT = "knows_not", "knows_and_not"


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Parameters
    ----------
    person : Person
        Whose it is.
    wijk_code : str
        What it is about.
    phase : Phase
        For which step.
    """

    person: Person
    wijk_code: str
    phase: Phase

    @property
    def name(self) -> str:
        """Its name: number, wijk and phase."""
        return f"{self.person.number}/{self.wijk_code}/{self.phase}"


@dataclass(frozen=True)
class Typed:
    """What comes of typing a sheet.

    Parameters
    ----------
    wrong : list of (Question, str)
        What cannot be, as keys of texts; then nothing was kept.
    conflicts : list of Question
        Questions that this person answered before; what was said then is not told. Before the
        reveal none is named: who answered what is of nobody else.
    is_refused : bool
        Whether nothing was kept, as this person answered some of it before.
    late : bool
        Whether it came too late to count.
    saved : int
        Answers that are on disk.
    same : int
        Answers that a workbook brought before.
    """

    wrong: list[tuple[Question, str]] = field(default_factory=list)
    conflicts: list[Question] = field(default_factory=list)
    late: bool = False
    saved: int = 0
    same: int = 0
    is_refused: bool = False


def asked_on(evening: Evening, sheet: Sheet) -> list[Question]:
    """Return the questions of a sheet, in the order in which they stand on it."""
    return questions.of_wijk(evening.form, evening.place, sheet.phase, sheet.wijk_code)


def wijken_of(evening: Evening, phase: Phase) -> list[str]:
    """Return the wijken that there are sheets of in a phase: of later ones, those talked about."""
    place = evening.place
    return list(place.talked or place.wijken) if phase.shows_values else list(place.wijken)


def page_of(evening: Evening, sheet: Sheet) -> int:
    """Return the number of a sheet's page; the first page says how to fill sheets in."""
    return list(evening.round.wijken).index(sheet.wijk_code) + 2


def filled_in(
    evening: Evening, sheet: Sheet, sent: Mapping[str, str]
) -> list[tuple[Question, Answer]]:
    """Return the answers on a sheet; a question that was left open has none.

    Parameters
    ----------
    evening : Evening
        The round.
    sheet : Sheet
        Which one.
    sent : mapping of str to str
        Fields, named ``question.path`` and a point before the name that the field has on a screen.

    Returns
    -------
    list of (Question, Answer)
    """
    role = evening.form.roles[sheet.person.role]
    out = []
    for question in asked_on(evening, sheet):
        before = f"{question.path}."
        filled = {
            name.removeprefix(before): text
            for name, text in sent.items()
            if name.startswith(before) and text.strip()
        }
        if filled:
            value = fields.value_of(question, filled, evening.form, role)
            out.append((question, question.answered(value)))
    return out


def type_in(
    evening: Evening,
    sheet: Sheet,
    sent: Mapping[str, str],
    *,
    replaces: bool = False,
    channel: str = PAPER,
) -> Typed:
    """Keep a sheet that was typed in: all of it, or nothing where something cannot be.

    Nor where this person answered some of it before, unless it stands in place of that.

    Parameters
    ----------
    evening : Evening
        The round.
    sheet : Sheet
        Which one.
    sent : mapping of str to str
        As for :func:`filled_in`.
    replaces : bool
        Whether it stands in place of what this person answered before.
    channel : str
        How it came.

    Returns
    -------
    Typed
    """
    return type_in_all(evening, {sheet: sent}, replaces=replaces, channel=channel)


def type_in_all(
    evening: Evening,
    filled: Mapping[Sheet, Mapping[str, str]],
    *,
    replaces: bool = False,
    channel: str = PAPER,
) -> Typed:
    """Keep sheets that belong together in one transaction: all of them, or nothing.

    Parameters
    ----------
    evening : Evening
        The round.
    filled : mapping of Sheet to mapping
        What is on each, as for :func:`filled_in`.
    replaces, channel
        As for :func:`type_in`.

    Returns
    -------
    Typed
        Of all sheets together.
    """
    wrong = [one for sheet, sent in filled.items() for one in violations(evening, sheet, sent)]
    if wrong:
        return Typed(wrong=wrong)
    on_sheets, to_send, conflicts, same = list[Question](), list[SentAnswer](), list[Question](), 0
    for sheet, sent in filled.items():
        before = evening.own(sheet.person)
        for question, answer in filled_in(evening, sheet, sent):
            earlier = before.get(answer.id_of(sheet.person.number))
            if earlier is not None and _is_repeated(earlier, answer, channel):
                same += 1
                continue
            if earlier is not None and not replaces:
                conflicts.append(question)
            revision = 1 if earlier is None else earlier.revision + 1
            on_sheets.append(question)
            to_send.append(SentAnswer(sheet.person, answer, revision, channel))
    if conflicts:
        return _refused(evening, conflicts)
    receipts = evening.store.submit_together(to_send) if to_send else []
    between = [
        question
        for question, receipt in zip(on_sheets, receipts, strict=True)
        if receipt.saved is Saved.CONFLICT
    ]
    if between:  # a phone sent it meanwhile
        return _refused(evening, between)
    late = any(receipt.saved is Saved.LATE for receipt in receipts)
    return Typed(late=late, saved=len(receipts), same=same)


def _refused(evening: Evening, conflicts: list[Question]) -> Typed:
    shown = conflicts if evening.store.phase().shows_values else []
    return Typed(conflicts=shown, is_refused=True)


def _is_repeated(earlier: Receipt, answer: Answer, channel: str) -> bool:
    """Return whether a workbook brings what it brought before; of paper this is not told."""
    is_workbook = channel == earlier.channel == WORKBOOK
    return is_workbook and bool(earlier.value == answer.value)


def violations(
    evening: Evening, sheet: Sheet, sent: Mapping[str, str]
) -> list[tuple[Question, str]]:
    """Return all that is wrong with a sheet, as keys of texts by question.

    Parameters
    ----------
    evening : Evening
        The round.
    sheet : Sheet
        Which one.
    sent : mapping of str to str
        As for :func:`filled_in`.
    """
    role = evening.form.roles[sheet.person.role]
    answered = filled_in(evening, sheet, sent)
    out = [
        (question, key)
        for question, answer in answered
        for key in answers.violations(answer, evening.form, evening.place, role)
    ]
    said = {question.item.key: answer.value for question, answer in answered}
    if said.get(KNOWS) == UNKNOWN_WIJK and len(answered) > 1:
        first = next(question for question, _ in answered if question.item.key == KNOWS)
        out.append((first, KNOWS_NOT))
    out += [
        (question, KNOWS_AND_NOT)
        for question, _ in answered
        if sent.get(f"{question.path}.{fields.UNSURE}", "").strip()
        and any(
            sent.get(f"{question.path}.{name}", "").strip() for name in (*fields.LIMITS, "sure")
        )
    ]
    return out


# --- a tenth typed twice -------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """An answer that was typed differently the second time.

    Parameters
    ----------
    sheet : Sheet
        On which it stands.
    question : Question
        To what.
    first, second : object
        Values; None where nothing was typed.
    """

    sheet: Sheet
    question: Question
    first: Any
    second: Any


@dataclass(frozen=True)
class TypingCheck:
    """How well paper was typed in.

    Parameters
    ----------
    sheets : int
        Typed twice.
    answers : int
        Compared.
    differences : list of Difference
        Those that are not the same.
    """

    sheets: int
    answers: int
    differences: list[Difference]

    @property
    def share(self) -> float:
        """Part of the answers compared that differ (0–1)."""
        return len(self.differences) / self.answers if self.answers else 0.0


def typed(evening: Evening) -> list[Sheet]:
    """Return the sheets that were typed in."""
    people = {person.number: person for person in evening.store.people()}
    return [
        Sheet(people[number], wijk, Phase(phase))
        for number, phase, wijk in evening.store.about(PAPER)
        if wijk
    ]


def to_type_again(evening: Evening) -> list[Sheet]:
    """Return the sheets that are to be typed a second time: a tenth of those typed, at least one.

    A draw by the round's secret, so that nobody knows beforehand which.
    """
    sheets = typed(evening)
    count = math.ceil(len(sheets) * SHARE_TWICE)
    done = _second_typings(evening)

    def drawn(sheet: Sheet) -> bytes:
        return hmac.new(evening.key.encode(), sheet.name.encode(), hashlib.sha256).digest()

    waiting = sorted((one for one in sheets if one.name not in done), key=drawn)
    return waiting[: max(count - len(done), 0)]


def type_again(evening: Evening, sheet: Sheet, sent: Mapping[str, str]) -> Typed:
    """Keep the second typing of a sheet, beside the answers: it changes none.

    Parameters
    ----------
    evening : Evening
        The round.
    sheet : Sheet
        Which one.
    sent : mapping of str to str
        As for :func:`filled_in`.
    """
    wrong = violations(evening, sheet, sent)
    if wrong:
        return Typed(wrong=wrong)
    answered = filled_in(evening, sheet, sent)
    values = {question.path: answer.value for question, answer in answered}
    evening.store.keep_fact(f"{TWICE}/{sheet.name}", json.dumps(values, ensure_ascii=False))
    return Typed(saved=len(answered))


def _second_typings(evening: Evening) -> dict[str, dict[str, Any]]:
    before = f"{TWICE}/"
    return {
        key.removeprefix(before): json.loads(text)
        for key, text in evening.store.facts().items()
        if key.startswith(before)
    }


def check_typing(evening: Evening) -> TypingCheck:
    """Return how the second typing of sheets differs from the first.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.

    Raises
    ------
    ConfigError
        Before the reveal.
    """
    evening.view()  # raises before the reveal
    second = _second_typings(evening)
    compared, differences, sheets = 0, [], [one for one in typed(evening) if one.name in second]
    for sheet in sheets:
        first = evening.own(sheet.person)
        for question in asked_on(evening, sheet):
            kept = first.get(question.id_of(sheet.person.number))
            if kept is not None and kept.channel != PAPER:  # changed on a phone since
                continue
            pair = (kept.value if kept else None, second[sheet.name].get(question.path))
            compared += pair != (None, None)
            if pair[0] != pair[1]:
                differences.append(Difference(sheet, question, *pair))
    return TypingCheck(len(sheets), compared, differences)
