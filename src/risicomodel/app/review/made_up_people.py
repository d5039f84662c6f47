"""What the made-up people of an evening answer: from what is true, as each of them sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator

from risicomodel.demo import meeting
from risicomodel.participation.elicitation import MARGIN
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.results import TAP_RATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.demo.meeting import MadeUpPerson, YearAhead
    from risicomodel.participation.forms import Form
    from risicomodel.participation.review.questions import Question
    from risicomodel.participation.review.store import Person

UNKNOWN_SHARE = 0.05  # of taps: I do not know
WRITES_SHARE = 0.4  # of what is missing: a line of text
LEARNS_SD = 6.0  # of 100: how far off the practice answer is
# half of a range, in standard deviations of the person's own picture, by how sure it is said to be
WIDTHS = {50: 0.67, 60: 0.84, 70: 1.04, 80: 1.28, 90: 1.64}


@dataclass
class Player:
    """A made-up person with a card.

    Parameters
    ----------
    person : Person
        The card's number and role.
    character : MadeUpPerson
        How far off the person's picture is, and which way.
    rng : Generator
        The person's own stream.
    rates : dict of str to float
        By ``wijk/domain``, what the person thinks is the rate (0–1); drawn when first asked.
    """

    person: Person
    character: MadeUpPerson
    rng: Generator
    rates: dict[str, float] = field(default_factory=dict)

    def rate(self, name: str, true: float) -> float:
        """Return what the person thinks a rate is: always the same until others are heard."""
        if name not in self.rates:
            off = self.rng.normal(0, self.character.noise)
            self.rates[name] = min(1.0, true * self.character.bias * float(np.exp(off)))
        return self.rates[name]

    def hear(self, middles: Mapping[str, float]) -> None:
        """Move the person's picture towards the table's, on the log scale.

        Parameters
        ----------
        middles : mapping of str to float
            By ``wijk/domain``, the table's rate as the room saw it.
        """
        for name, middle in middles.items():
            if name in self.rates and middle > 0 and self.rates[name] > 0:
                towards = self.character.moves * np.log(middle / self.rates[name])
                self.rates[name] = float(self.rates[name] * np.exp(towards))


@dataclass(frozen=True)
class MeetingTable:
    """What made-up people answer from.

    Parameters
    ----------
    ahead : YearAhead
        What is true.
    gm_code : str
        Of the round.
    form : Form
        Of the round.
    per : mapping of str to int
        By domain, out of how many people is asked.
    language : {"nl", "en"}
        What they write in.
    true : mapping of str to float
        By ``wijk/domain``, the true rate (0–1).
    of_gemeente : mapping of str to float
        By domain, the gemeente's true rate (0–1).
    """

    ahead: YearAhead
    gm_code: str
    form: Form
    per: Mapping[str, int]
    language: str
    true: Mapping[str, float]
    of_gemeente: Mapping[str, float]

    def answer(self, player: Player, question: Question) -> Any:
        """Return what a person answers to a question."""
        return ANSWERS[question.item.kind](self, player, question)


def _number(table: MeetingTable, player: Player, question: Question) -> Any:
    del question
    near = table.ahead.elderly.get(table.gm_code, 20) + player.rng.normal(0, LEARNS_SD)
    return int(np.clip(round(near), 0, 100))


def _choice(table: MeetingTable, player: Player, question: Question) -> Any:
    """Say how well a wijk is known, or whether a cause is recognised."""
    keys = table.form.keys(question.item.scale)
    if question.item.per == "cause":
        is_true = question.detail in table.ahead.drivers.get(question.domain, frozenset())
        return str(player.rng.choice(keys[:3], p=meeting.RECOGNISES[is_true]))
    knows = player.character.knows
    return str(player.rng.choice(keys[:3], p=(0.6 * knows, 0.4 * knows, 1 - knows)))


def _need(table: MeetingTable, player: Player, question: Question) -> Any:
    name = f"{question.wijk_code}/{question.domain}"
    rate = player.rate(name, table.true[name])
    role = table.form.roles[player.person.role]
    if not role.gives_range(question.domain):
        return {"tap": _tap(player, rate / table.of_gemeente[question.domain], question.phase)}
    per = table.per[question.domain]
    spread = WIDTHS[player.character.sure] * max(player.character.noise, MARGIN)
    low, best, high = (
        min(float(per), round(rate * per * float(np.exp(step)), 1)) for step in (-spread, 0, spread)
    )
    return {"low": low, "high": high, "best": best, "sure": str(player.character.sure)}


def _tap(player: Player, ratio: float, phase: Phase) -> str:
    if phase is Phase.OWN_VIEW and player.rng.random() < UNKNOWN_SHARE:
        return "unknown"
    less, same, more = TAP_RATES
    return same if abs(ratio - 1) <= MARGIN else more if ratio > 1 else less


def _text(table: MeetingTable, player: Player, question: Question) -> Any:
    del question
    lines = meeting.MISSING[table.language]
    return str(player.rng.choice(lines)) if player.rng.random() < WRITES_SHARE else ""


def _coins(table: MeetingTable, player: Player, question: Question) -> Any:
    shares = meeting.COINS[player.person.role]
    laid = player.rng.multinomial(table.form.coins, shares)
    return dict(zip(table.form.keys(question.item.scale), map(int, laid), strict=True))


ANSWERS: dict[str, Callable[[MeetingTable, Player, Question], Any]] = {
    "number": _number, "choice": _choice, "need": _need, "text": _text, "coins": _coins,
}  # fmt: skip
