"""Which questions a person still has to answer, one at a time, in the order of the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.participation.review.answers import PERSON, Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from risicomodel.participation.forms import Form, Item
    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.answers import Place

KNOWS, UNKNOWN_WIJK = "knows", "no"


@dataclass(frozen=True)
class Question:
    """A question as it stands on one screen.

    Parameters
    ----------
    item : Item
        What is asked.
    phase : Phase
        Now.
    wijk_code, domain, detail : str
        What it is about; empty where it is asked once.
    """

    item: Item
    phase: Phase
    wijk_code: str = PERSON
    domain: str = PERSON
    detail: str = PERSON

    @property
    def path(self) -> str:
        """Its place in an address: ``need/WK034400/wmo``."""
        parts = (self.item.key, self.wijk_code, self.domain, self.detail)
        return "/".join(part for part in parts if part)

    def answered(self, value: Any, phase: Phase | None = None) -> Answer:
        """Return an answer to it."""
        return Answer(
            self.item.key, phase or self.phase, value, self.wijk_code, self.domain, self.detail
        )

    def id_of(self, number: str, phase: Phase | None = None) -> str:
        """Return the name under which a person's answer to it is kept."""
        return self.answered(None, phase).id_of(number)


def of_phase(
    form: Form,
    place: Place,
    phase: Phase,
    number: str,
    answered: Mapping[str, Any],
) -> list[Question]:
    """Return all questions of a phase for one person.

    What was talked about is asked again, and its causes; of the other wijken the first judgement
    stays.

    Parameters
    ----------
    form : Form
        Of the round.
    place : Place
        Of the round.
    phase : Phase
        Now.
    number : str
        Of the person's code.
    answered : mapping of str to object
        What the person answered so far, by the name of the answer.

    Returns
    -------
    list of Question
        Of wijken that the person knows; those of one wijk together.
    """
    about = place.talked if phase.shows_values else place.wijken
    familiar = [code for code in about if _is_known(form, phase, number, code, answered)]
    per_person = [
        Question(item, phase)
        for item in form.items
        if item.in_phase(phase) and item.per == "person"
    ]
    per_wijk = [
        question
        for code in about
        for question in of_wijk(form, place, phase, code)
        if question.item.key == KNOWS or code in familiar
    ]
    return [*per_person, *per_wijk]


def of_wijk(form: Form, place: Place, phase: Phase, code: str) -> list[Question]:
    """Return all questions on one wijk in a phase, as they stand on one sheet of paper.

    Parameters
    ----------
    form : Form
        Of the round.
    place : Place
        Of the round.
    phase : Phase
        In which they are asked.
    code : str
        Of the wijk.

    Returns
    -------
    list of Question
        In the order of the form.
    """
    return [
        question
        for item in form.items
        if item.in_phase(phase) and item.per != "person"
        for question in _of_wijk(item, phase, code, place)
    ]


def _of_wijk(item: Item, phase: Phase, code: str, place: Place) -> Iterator[Question]:
    if item.per == "wijk":
        yield Question(item, phase, code)
        return
    for domain in place.domains:
        if item.per == "domain":
            yield Question(item, phase, code, domain)
        else:
            for cause in place.causes.get(f"{code}/{domain}", ()):
                yield Question(item, phase, code, domain, cause)


def _is_known(
    form: Form, phase: Phase, number: str, code: str, answered: Mapping[str, Any]
) -> bool:
    """Return whether a person said to know a wijk; without the question, all are known."""
    item = next((one for one in form.items if one.key == KNOWS), None)
    if item is None:
        return True
    said = answered.get(Question(item, phase, code).id_of(number, item.phase))
    return said not in (None, UNKNOWN_WIJK)


def following(
    questions: list[Question], number: str, answered: Mapping[str, Any]
) -> Question | None:
    """Return the first question without an answer; None if all have one.

    Parameters
    ----------
    questions : list of Question
        From :func:`of_phase`.
    number : str
        Of the person's code.
    answered : mapping of str to object
        What the person answered so far, by the name of the answer.

    Returns
    -------
    Question or None
    """
    return next((one for one in questions if one.id_of(number) not in answered), None)
