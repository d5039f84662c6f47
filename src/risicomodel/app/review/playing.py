"""``review demo``: an evening, played by made-up people through the door that all answers take.

The people and what is true are the made-up country's (:mod:`risicomodel.demo.meeting`); the round,
the phases, the checks and the tables are those of an evening in a room.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.app.review import ending, folders, making, serving
from risicomodel.app.review.made_up_people import MeetingTable, Player
from risicomodel.core.errors import ConfigError
from risicomodel.demo import meeting
from risicomodel.demo.settings import DemoSettings
from risicomodel.participation.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from risicomodel.app.review.making import MadeRound
    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.evening import Evening
    from risicomodel.publishing.disclosure import Shown

log = logging.getLogger(__name__)

MINUTES = 3.0
MOST_MINUTES = 120.0
MOST_WIJKEN = 10
# the part of the time that each phase takes, about as in a room
SHARES = {
    Phase.PRACTICE: 0.06, Phase.OWN_VIEW: 0.34, Phase.REVEAL: 0.10, Phase.TALK: 0.10,
    Phase.AGAIN: 0.14, Phase.CAUSES: 0.20, Phase.AGREEMENT: 0.06,
}  # fmt: skip
AGREED_UNTIL = (10, 1)  # month and day, of the year after that of the evening


@dataclass
class Pace:
    """How long things take, so that one can look along.

    Parameters
    ----------
    seconds : float
        Of the whole evening; 0 goes on at once.
    """

    seconds: float

    def rest(self, phase: Phase, started: float, done: float = 1.0) -> None:
        """Wait until a phase is as far as its share of the time.

        Parameters
        ----------
        phase : Phase
            Now.
        started : float
            When it began, on the monotonic clock.
        done : float
            How much of it has been done (0–1).
        """
        left = started + self.seconds * SHARES[phase] * done - time.monotonic()
        if left > 0:
            time.sleep(left)


def play(words: GivenWords) -> str:
    """Play an evening: make a round from a made-up run, let made-up people answer, write tables."""
    from risicomodel.participation.review import letter
    from risicomodel.participation.review.evening import Evening
    from risicomodel.publishing.disclosure import disclose

    minutes = _minutes(words)
    roles = dict(Counter(one.role for one in meeting.PEOPLE))
    people = ",".join(f"{role}:{count}" for role, count in roles.items())
    chosen = making.settings_of(replace(words, settings={**words.settings, "people": people}))
    run = making.run_folder(words)
    shown = disclose(run)
    _require_made_up(shown)
    gemeente = words.get("gemeente") or _largest(shown)
    settings = {**chosen.words.settings, "gemeente": gemeente}
    chosen = chosen._replace(words=replace(chosen.words, settings=settings))
    made = making.make(chosen, shown, run)
    ahead = meeting.year_ahead(DemoSettings(**shown.about.demo))
    evening = Evening(folders.store(f"sqlite:///{made.folder / folders.DATABASE}"))
    players = _players(made, shown.about.seed)
    log.info("round:      %s; passphrase: %s", made.folder, made.said)
    with contextlib.ExitStack() as stack:
        if minutes > 0:
            stack.enter_context(serving.beside(evening, serving.port_of(words)))
            log.info("look along: sign in at /leiding with the passphrase, then open /scherm")
        answers = _evening(evening, _table(evening, ahead), players, Pace(60 * minutes))
    letter.write(made.folder / letter.LETTER, evening)
    evening.store.engine.dispose()
    tables = ending.export(replace(words, verb="export", bare=[str(made.folder)], settings={}))
    size = f"{len(players)} made-up people, {len(evening.round.wijken)} wijken, {answers:,} answers"
    return "\n".join(
        [
            f"played:      {made.round.gm_name}: {size}",
            f"passphrase:  {made.said}",
            f"letter:      {made.folder / letter.LETTER}",
            tables,
            f"look around: risicomodel review serve {made.folder}",
        ]
    )


def _minutes(words: GivenWords) -> float:
    text = words.get("minutes", str(MINUTES))
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= MOST_MINUTES:
        raise ConfigError(
            f"minutes is '{text}'; expected a number from 0 (at once) to {MOST_MINUTES:g}. "
            "Correct it."
        )
    return minutes


def _require_made_up(shown: Shown) -> None:
    if not shown.about.made_up:
        raise ConfigError(
            "this run is of real places; expected one of the made-up country, as made-up people "
            "say nothing of real wijken. Make one with 'risicomodel run', and name its folder."
        )


def _largest(shown: Shown) -> str:
    """Return the gemeente with the most wijken, of those that an evening can be about."""
    counts = shown.wijken.groupby("gm_code").size()
    fitting = counts[counts <= MOST_WIJKEN]
    return str((fitting if len(fitting) else counts).sort_index().idxmax())


def _players(made: MadeRound, seed: int) -> list[Player]:
    """Give each made-up person a card of the person's role."""
    from risicomodel.participation.review.store import Person

    cards: dict[str, list[Person]] = {}
    for code, role, name in sorted(made.drawn, key=lambda card: card[2]):
        cards.setdefault(role, []).append(Person(code.number, role, name))
    return [
        Player(cards[character.role].pop(0), character, np.random.default_rng([seed, place]))
        for place, character in enumerate(meeting.PEOPLE)
    ]


def _table(evening: Evening, ahead: meeting.YearAhead) -> MeetingTable:
    made = evening.round
    per = {one.name: one.per for one in made.domains}
    return MeetingTable(
        ahead, made.gm_code, evening.form, per, made.language,
        ahead.rates(), ahead.of_gemeente(made.gm_code),
    )  # fmt: skip


def _evening(evening: Evening, table: MeetingTable, players: list[Player], pace: Pace) -> int:
    """Play all phases; return how many answers were given."""
    total = 0
    for phase in Phase:
        if phase is not Phase.PRACTICE:
            evening.move(phase)
        if phase is Phase.DONE:
            break
        started = time.monotonic()
        if phase is Phase.AGAIN:
            _talk(evening, players)
        answers = _answers(evening, table, players, pace, phase)
        if phase is Phase.AGREEMENT:
            _agree(evening, table.language)
        pace.rest(phase, started)
        total += answers
        log.info("%-11s %3d answers", phase, answers)
    return total


def _answers(
    evening: Evening, table: MeetingTable, players: list[Player], pace: Pace, phase: Phase
) -> int:
    """Let everyone answer what is asked, in turn."""
    started, count = time.monotonic(), 0
    # what follows depends on what was answered: who does not know a wijk is not asked about it
    rounds = [_of_person(evening, table, one) for one in players]
    for turn in zip_longest(*rounds):
        count += sum(1 for one in turn if one is not None)
        left = max((one for one in turn if one is not None), default=1.0)
        pace.rest(phase, started, 1.0 - left)
    return count


def _of_person(evening: Evening, table: MeetingTable, player: Player) -> Iterator[float]:
    """Answer one question after another; give what part is left."""
    most = 1
    while (question := evening.next_question(player.person)) is not None:
        receipt = evening.submit(
            player.person, question.answered(table.answer(player, question)), revision=1
        )
        if isinstance(receipt, list):
            raise TypeError(f"a made-up answer was refused: {', '.join(receipt)}")
        left = _left(evening, player)
        most = max(most, left + 1)
        yield left / most


def _left(evening: Evening, player: Player) -> int:
    receipts = evening.own(player.person)
    questions = evening.questions(player.person, receipts)
    return sum(1 for one in questions if one.id_of(player.person.number) not in receipts)


def _talk(evening: Evening, players: list[Player]) -> None:
    """Let people hear what the table thinks of the wijken that were talked about."""
    middles = {}
    for wijk in evening.place.talked:
        for domain in evening.place.domains:
            picture = evening.reveal(wijk, domain).picture
            if picture.rate is not None:
                middles[f"{wijk}/{domain}"] = picture.rate
    for player in players:
        player.hear(middles)


def _agree(evening: Evening, language: str) -> None:
    """Write down one agreement for each wijk that was talked about."""
    due = date(evening.round.domains[0].year + 1, *AGREED_UNTIL).isoformat()
    agreed = meeting.AGREED[language]
    for place, wijk in enumerate(evening.place.talked):
        text, role = agreed[place % len(agreed)]
        owner = str(getattr(evening.form.roles[role], language))
        evening.store.agree(wijk, text, owner, due)
    evening.decline(meeting.NOT_DONE[language])
