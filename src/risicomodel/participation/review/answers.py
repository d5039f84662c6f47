"""The one door for answers, whatever the channel: what is a valid answer, and how it is named."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from risicomodel.participation import elicitation
from risicomodel.participation.elicitation import Range
from risicomodel.participation.form_rules import NO_OPINION
from risicomodel.participation.forms import TAPS, Form, Item, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.participation.phases import Phase

APP, PAPER, WORKBOOK, TOLD = "app", "paper", "xlsx", "verteld"
CHANNELS = (APP, PAPER, WORKBOOK, TOLD)
MAX_TEXT = 600  # characters
MAX_COUNT = 100.0  # "think of 100 people"
PERSON = ""  # the wijk and the domain of a question that is asked once
RANGE_ORDER = ("low", "high", "best")
RANGE_KEYS = {*RANGE_ORDER, "sure"}


@dataclass(frozen=True)
class Place:
    """What a round is about: which wijken, domains and causes an answer may name.

    Parameters
    ----------
    wijken : tuple of str
        Codes.
    domains : mapping of str to int
        Name, and out of how many people the question is asked (100 or 1,000).
    causes : mapping of str to tuple of str
        By ``wijk/domain``, the features that the model names.
    talked : tuple of str
        The wijken that the evening talks about, from the reveal on.
    """

    wijken: tuple[str, ...]
    domains: Mapping[str, int]
    causes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    talked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One answer.

    Parameters
    ----------
    item : str
        Key of the question.
    phase : Phase
        In which it was given.
    value : object
        What was answered, in JSON's types.
    wijk_code, domain, detail : str
        What it is about; empty where the question is asked once.
    """

    item: str
    phase: Phase
    value: Any
    wijk_code: str = PERSON
    domain: str = PERSON
    detail: str = PERSON

    def id_of(self, number: str) -> str:
        """Return the name under which revisions of this answer are kept.

        Parameters
        ----------
        number : str
            Of the person's code.
        """
        parts = (number, self.phase, self.item, self.wijk_code, self.domain, self.detail)
        return "/".join(parts)

    @property
    def body(self) -> str:
        """The value as it is kept: the same value is the same text."""
        return json.dumps(self.value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def body_hash(self) -> str:
        """SHA-256 of the body."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def violations(answer: Answer, form: Form, place: Place, role: Role) -> list[str]:
    """Return what is wrong with an answer, all of it, as keys of texts.

    Parameters
    ----------
    answer : Answer
        From anywhere.
    form : Form
        Of the round.
    place : Place
        Of the round.
    role : Role
        Of the person.

    Returns
    -------
    list of str
        Keys of the texts that say so; empty for a valid answer.

    Examples
    --------
    >>> from risicomodel.participation.forms import named
    >>> from risicomodel.participation.phases import Phase
    >>> form, place = named("review"), Place(("WK034400",), {"wmo": 1000})
    >>> one = Answer("need", Phase.OWN_VIEW, {"tap": "more"}, "WK034400", "wmo")
    >>> violations(one, form, place, form.roles["inwoner"])
    []
    >>> violations(one, form, place, form.roles["beleid"])
    ['range_incomplete']
    """
    item = next((one for one in form.items if one.key == answer.item), None)
    if item is None:
        return ["unknown_question"]
    if not item.in_phase(answer.phase):
        return ["other_phase"]
    return _violations_of_place(answer, item, place) or CHECKS[item.kind](
        answer, item, form, place, role
    )


def _violations_of_place(answer: Answer, item: Item, place: Place) -> list[str]:
    """Return whether an answer names what its question is asked for, and nothing else."""
    has_wijk, has_domain = item.per != "person", item.per in {"domain", "cause"}
    out = []
    if (answer.wijk_code in place.wijken) != has_wijk or (not has_wijk and answer.wijk_code):
        out.append("unknown_wijk")
    if (answer.domain in place.domains) != has_domain or (not has_domain and answer.domain):
        out.append("unknown_domain")
    causes = place.causes.get(f"{answer.wijk_code}/{answer.domain}", ())
    if (answer.detail in causes) != (item.per == "cause") or (
        item.per != "cause" and answer.detail
    ):
        out.append("unknown_cause")
    return out


def _choice(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    del place, role
    return [] if answer.value in form.keys(item.scale) else ["choose_one"]


def _number(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    del item, form, place, role
    return [] if _is_count(answer.value, MAX_COUNT) else ["number_0_100"]


def _know(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    """Return whether an answer to what people know is one: they may always say that they do not."""
    if item.scale:
        return _choice(answer, item, form, place, role)
    return (
        []
        if answer.value == NO_OPINION or _is_count(answer.value, most_of(item, place))
        else ["number_most"]
    )


def most_of(item: Item, place: Place) -> float:
    """Return the highest number that a question of what people know can be answered with."""
    if item.truth is None:
        return MAX_COUNT
    return float(place.domains.get(item.truth.domain, item.truth.most))


def _is_count(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _need(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    del item
    value = answer.value
    if not isinstance(value, dict):
        return ["choose_one"]
    if not role.gives_range(answer.domain) or value.get("tap") == "unknown":
        taps = form.keys(TAPS)
        return [] if set(value) == {"tap"} and value["tap"] in taps else ["choose_one"]
    most = float(place.domains[answer.domain])
    if set(value) != RANGE_KEYS:
        return ["range_incomplete"]
    # what is no number at all is wrong as any number is that cannot be
    numbers = [value[key] if _is_count(value[key], most) else np.nan for key in RANGE_ORDER]
    sure = float(value["sure"]) if value["sure"] in form.keys("sure") else np.nan
    answered = Range(*(np.array([float(number)]) for number in (*numbers, sure)))
    return [violation.key for violation in elicitation.violations(answered, most)]


def _text(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    del item, form, place, role
    if not isinstance(answer.value, str):
        return ["text_missing"]
    if len(answer.value) > MAX_TEXT:
        return ["text_too_long"]
    return ["text_characters"] if any(map(_is_control, answer.value)) else []


def _is_control(character: str) -> bool:
    """Return whether a character is neither read nor an end of a line: NUL, for instance."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character not in "\n\r\t"


def _coins(answer: Answer, item: Item, form: Form, place: Place, role: Role) -> list[str]:
    del place, role
    value = answer.value
    if not isinstance(value, dict) or not set(value) <= set(form.keys(item.scale)):
        return ["choose_one"]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in value.values()):
        return ["coins_whole"]
    return [] if sum(value.values()) in (0, form.coins) else ["coins_sum"]  # none: not known


CHECKS: dict[str, Callable[[Answer, Item, Form, Place, Role], list[str]]] = {
    "choice": _choice,
    "number": _number,
    "need": _need,
    "text": _text,
    "coins": _coins,
    "agree": _choice,
    "know": _know,
}
