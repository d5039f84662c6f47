"""What is kept of a round: codes, steps and answers, in SQLite or PostgreSQL.

Answers are events, named by answer and revision. The same body again changes nothing; another body
for a revision that is there is a conflict, which the person decides. An answer is *current* if it
has the highest revision of those that were in time. So the order in which events come in, and how
often, makes no difference.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import func, insert, select, update

from risicomodel.core import database
from risicomodel.participation.phases import Phase, check_step
from risicomodel.participation.review import codes, migrations, schema
from risicomodel.participation.review.grouped_writes import GroupedWrites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Engine

    from risicomodel.participation.review.answers import Answer
    from risicomodel.participation.review.codes import Code

SEQUENCE = "sequence"
TWICE = "twice"  # begins the names of facts: what was typed a second time
UNKNOWN, MODERATOR = "unknown", "moderator"
MOST_FAILURES = {UNKNOWN: codes.MAX_UNKNOWN, MODERATOR: codes.MAX_FAILURES}
CURRENT = ["number", "phase", "item", "wijk_code", "domain", "detail"]


class Admission(StrEnum):
    """What comes of typing a code."""

    OPEN = "open"
    WRONG = "wrong"
    LOCKED = "locked"


class Saved(StrEnum):
    """What comes of sending an answer."""

    SAVED = "saved"
    SAME = "same"  # it was there already
    CONFLICT = "conflict"  # another answer was there: the person decides
    LATE = "late"  # kept, but out of the figures
    EARLY = "early"  # the moderator has not come to this question yet: not kept


@dataclass(frozen=True)
class Receipt:
    """What a person hears back.

    Parameters
    ----------
    saved : Saved
        What came of it.
    revision : int
        The answer's newest revision.
    value : object
        The person's own answer as it is kept: where there is a conflict, the one that was there.
    at : float
        When that was received (seconds since 1970).
    channel : str
        How that came, where it was kept before.
    """

    saved: Saved
    revision: int
    value: Any
    at: float
    channel: str = ""


@dataclass(frozen=True)
class Person:
    """Who is in the room, as far as anyone knows: a number and a role.

    Parameters
    ----------
    number : str
        Of the card.
    role : str
        Key of the form's role.
    name_in_tables : str
        What tables call the person; it does not tell the number.
    """

    number: str
    role: str
    name_in_tables: str


@dataclass(frozen=True)
class SentAnswer:
    """An answer that was found valid, as it comes in.

    Parameters
    ----------
    person : Person
        Whose it is.
    answer : Answer
        What was answered.
    revision : int
        From 1.
    channel : str
        How it came.
    """

    person: Person
    answer: Answer
    revision: int
    channel: str


class InConflictError(Exception):
    """Answers that come together cannot all be kept.

    Parameters
    ----------
    receipts : list of Receipt
        Of each.
    """

    def __init__(self, receipts: list[Receipt]) -> None:
        super().__init__("an answer is in conflict")
        self.receipts = receipts


class Store:
    """A round's database.

    Parameters
    ----------
    engine : Engine
        From :func:`risicomodel.core.database.engine`.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock
        self._people: dict[str, Person] = {}  # whose a card is does not change
        self._answers: GroupedWrites[Phase, Receipt] = GroupedWrites(engine, self._begin)
        self._sheets: GroupedWrites[Phase, list[Receipt]] = GroupedWrites(engine, self._begin)

    # --- the round -------------------------------------------------------------------------------

    def create(
        self,
        facts: Mapping[str, str],
        cards: Sequence[tuple[Code, str, str]],
        first: Phase = Phase.PRACTICE,
    ) -> None:
        """Make the tables of a new round.

        Parameters
        ----------
        facts : mapping of str to str
            What the round is; its declaration and the hashes of its secrets.
        cards : sequence of (Code, str, str)
            Codes with their role and what tables call the person.
        first : Phase
            That the form begins with.

        Raises
        ------
        ConfigError
            If there is a round in this database.
        """
        migrations.create(self.engine)
        with database.writing(self.engine) as connection:
            rows = [{"key": key, "value": value} for key, value in facts.items()]
            connection.execute(insert(schema.ROUND), rows)
            connection.execute(
                insert(schema.COUNTERS),
                [{"name": SEQUENCE, "value": 0}],
            )
            connection.execute(
                insert(schema.LOCKS),
                [{"name": name, "failures": 0, "locked_until": 0.0} for name in MOST_FAILURES],
            )
            connection.execute(
                insert(schema.CODES),
                [
                    {
                        "number": code.number, "person": person, "role": role,
                        "hash": codes.hashed(code.secret), "failures": 0, "locked_until": 0.0,
                        "devices": 0,
                    }
                    for code, role, person in cards
                ],
            )  # fmt: skip
            self._step(connection, first)

    def facts(self) -> dict[str, str]:
        """Return what the round is."""
        with database.reading(self.engine) as connection:
            rows = connection.execute(select(schema.ROUND.c.key, schema.ROUND.c.value))
            return {str(row.key): str(row.value) for row in rows}

    def fact(self, key: str) -> str:
        """Return one of the facts; empty where it was not kept."""
        statement = select(schema.ROUND.c.value).where(schema.ROUND.c.key == key)
        with database.reading(self.engine) as connection:
            return str(connection.execute(statement).scalar_one_or_none() or "")

    def keep_fact(self, key: str, value: str) -> None:
        """Keep something about the round, in place of what was kept under that key."""
        table = schema.ROUND
        with database.writing(self.engine) as connection:
            self._alone(connection)
            connection.execute(table.delete().where(table.c.key == key))
            connection.execute(insert(table).values(key=key, value=value))

    def phase(self) -> Phase:
        """Return the phase that the evening is in."""
        with database.reading(self.engine) as connection:
            return self._phase(connection)

    def moved_at(self, phase: Phase) -> float | None:
        """Return when a phase began, in seconds since 1970 (UTC); None where it did not.

        Parameters
        ----------
        phase : Phase
            Which.
        """
        first = select(func.min(schema.STEPS.c.at)).where(schema.STEPS.c.phase == str(phase))
        with database.reading(self.engine) as connection:
            at: float | None = connection.execute(first).scalar_one()
        return at

    def move(self, to: Phase, phases: Sequence[Phase] = tuple(Phase)) -> None:
        """Move to the next phase: the moderator's step.

        Parameters
        ----------
        to : Phase
            The phase that follows; the one it is in already changes nothing, so that a step sent
            twice is one step.
        phases : sequence of Phase
            Those that the round's form has.
        """
        with database.writing(self.engine) as connection:
            self._alone(connection)
            now = self._phase(connection)
            if to is not now:
                check_step(now, to, phases)
                self._step(connection, to)

    def _phase(self, connection: Connection) -> Phase:
        newest = select(schema.STEPS.c.phase).order_by(schema.STEPS.c.sequence.desc()).limit(1)
        return Phase(connection.execute(newest).scalar_one())

    def _step(self, connection: Connection, phase: Phase) -> None:
        row = {"sequence": self._next(connection), "phase": str(phase), "at": self._clock()}
        connection.execute(insert(schema.STEPS).values(row))

    def _next(self, connection: Connection) -> int:
        """Return the next number; its row is held until the commit: no reader misses one."""
        counter = schema.COUNTERS
        statement = (
            update(counter)
            .where(counter.c.name == SEQUENCE)
            .values(value=counter.c.value + 1)
            .returning(counter.c.value)
        )
        return int(connection.execute(statement).scalar_one())

    def _alone(self, connection: Connection) -> None:
        """Wait for other writers, on PostgreSQL too: what is read next is what is written on."""
        if connection.dialect.name == database.SQLITE:
            return  # a write began as one: there is no other
        counter = schema.COUNTERS
        held = select(counter.c.value).where(counter.c.name == SEQUENCE).with_for_update()
        connection.execute(held).scalar_one()

    def _begin(self, connection: Connection) -> Phase:
        """Begin what is written on the evening as it is: alone, in its phase."""
        self._alone(connection)
        return self._phase(connection)

    def last_sequence(self) -> int:
        """Return the number of the newest event: whoever has seen it has seen all."""
        with database.reading(self.engine) as connection:
            counter = schema.COUNTERS
            statement = select(counter.c.value).where(counter.c.name == SEQUENCE)
            return int(connection.execute(statement).scalar_one())

    # --- codes -----------------------------------------------------------------------------------

    def enter(self, code: Code) -> tuple[Admission, Person | None]:
        """Let in who has a code.

        Parameters
        ----------
        code : Code
            As typed.

        Returns
        -------
        Admission
            Whether it opens.
        Person or None
            Who it is.
        """
        table = schema.CODES
        with database.reading(self.engine) as connection:
            row = connection.execute(select(table).where(table.c.number == code.number)).first()
        if row is None:
            if self.is_locked(UNKNOWN):
                return Admission.LOCKED, None
            self.failed(UNKNOWN)
            return Admission.WRONG, None
        if row.locked_until > self._clock():
            return Admission.LOCKED, None
        opens = codes.fits(code.secret, row.hash)  # slow: outside any transaction
        with database.writing(self.engine) as connection:
            mine = update(table).where(table.c.number == code.number)
            if opens:
                first = {} if row.first_used else {"first_used": self._clock()}
                connection.execute(mine.values(failures=0, devices=table.c.devices + 1, **first))
                return Admission.OPEN, Person(row.number, row.role, row.person)
            statement = mine.values(failures=table.c.failures + 1).returning(table.c.failures)
            if connection.execute(statement).scalar_one() >= codes.MAX_FAILURES:
                until = self._clock() + codes.LOCK_SECONDS
                connection.execute(mine.values(failures=0, locked_until=until))
                return Admission.LOCKED, None
        return Admission.WRONG, None

    def is_locked(self, name: str) -> bool:
        """Return whether so many failed at something that it is closed for a while."""
        table = schema.LOCKS
        with database.reading(self.engine) as connection:
            statement = select(table.c.locked_until).where(table.c.name == name)
            return float(connection.execute(statement).scalar_one()) > self._clock()

    def failed(self, name: str) -> None:
        """Count a failure; too many lock."""
        table = schema.LOCKS
        with database.writing(self.engine) as connection:
            mine = update(table).where(table.c.name == name)
            statement = mine.values(failures=table.c.failures + 1).returning(table.c.failures)
            if connection.execute(statement).scalar_one() >= MOST_FAILURES[name]:
                until = self._clock() + codes.LOCK_SECONDS
                connection.execute(mine.values(failures=0, locked_until=until))

    def person(self, number: str) -> Person | None:
        """Return who a number is; None for a number that the round does not have."""
        if number not in self._people:
            table = schema.CODES
            with database.reading(self.engine) as connection:
                row = connection.execute(select(table).where(table.c.number == number)).first()
            if row is None:
                return None
            self._people[number] = Person(row.number, row.role, row.person)
        return self._people[number]

    def people(self) -> list[Person]:
        """Return everyone who has a card, by number."""
        table = schema.CODES
        with database.reading(self.engine) as connection:
            rows = connection.execute(select(table).order_by(table.c.number)).all()
        return [Person(row.number, row.role, row.person) for row in rows]

    # --- answers ---------------------------------------------------------------------------------

    def submit(self, person: Person, answer: Answer, revision: int, channel: str) -> Receipt:
        """Keep an answer that was found valid.

        Parameters
        ----------
        person : Person
            Whose it is.
        answer : Answer
            What was answered.
        revision : int
            From 1: how often the person changed it.
        channel : str
            How it came.

        Returns
        -------
        Receipt
            Once this returns, the answer is on disk.
        """
        sent = SentAnswer(person, answer, revision, channel)
        return self._answers.write(lambda connection, now: self._submit(connection, now, sent))

    def submit_together(self, sent: Sequence[SentAnswer]) -> list[Receipt]:
        """Keep answers in one transaction: all of them, or none where one is in conflict.

        Parameters
        ----------
        sent : sequence of SentAnswer
            Found valid.

        Returns
        -------
        list of Receipt
            Of each; where one says that it is in conflict, nothing was kept.
        """

        def work(connection: Connection, now: Phase) -> list[Receipt]:
            receipts = [self._submit(connection, now, one) for one in sent]
            if any(one.saved is Saved.CONFLICT for one in receipts):
                raise InConflictError(receipts)  # takes back what was written before it
            return receipts

        try:
            return self._sheets.write(work)
        except InConflictError as error:
            return error.receipts

    def _submit(self, connection: Connection, now: Phase, sent: SentAnswer) -> Receipt:
        answer, revision = sent.answer, sent.revision
        table, name = schema.ANSWERS, answer.id_of(sent.person.number)
        rows = connection.execute(
            select(table).where(table.c.answer_id == name).order_by(table.c.revision)
        ).all()
        same_revision = next((row for row in rows if row.revision == revision), None)
        if same_revision is not None:
            if same_revision.body_hash != answer.body_hash:
                return _receipt(rows[-1], Saved.CONFLICT)
            # a page that sends twice must not hide that it was late
            return _receipt(same_revision, Saved.LATE if same_revision.late else Saved.SAME)
        if answer.phase.place > now.place:
            return Receipt(Saved.EARLY, revision - 1, None, self._clock())
        late = answer.phase is not now
        at = self._clock()
        row = {
            "answer_id": name, "revision": revision, "sequence": self._next(connection),
            "number": sent.person.number, "phase": str(answer.phase), "item": answer.item,
            "wijk_code": answer.wijk_code, "domain": answer.domain, "detail": answer.detail,
            "body": answer.body, "body_hash": answer.body_hash, "channel": sent.channel,
            "late": late, "at": at,
        }  # fmt: skip
        connection.execute(insert(table).values(row))
        return Receipt(Saved.LATE if late else Saved.SAVED, revision, answer.value, at)

    def of_person(self, number: str) -> dict[str, Receipt]:
        """Return a person's own answers, by the name of the answer."""
        table = schema.ANSWERS
        names = ("answer_id", "revision", "body", "at", "channel")
        columns = tuple(table.c[name] for name in names)
        statement = select(*columns).where(table.c.number == number).order_by(table.c.revision)
        with database.reading(self.engine) as connection:
            rows = connection.execute(statement).all()
        return {row.answer_id: _receipt(row, Saved.SAVED) for row in rows}

    def count(self, phase: Phase) -> dict[str, int]:
        """Return how far people are in a phase: how many sent something, and no value."""
        table = schema.ANSWERS
        statement = select(
            func.count(func.distinct(table.c.number)), func.count(func.distinct(table.c.answer_id))
        ).where(table.c.phase == str(phase))
        with database.reading(self.engine) as connection:
            people, answers = connection.execute(statement).one()
            inside = connection.execute(
                select(func.count()).where(schema.CODES.c.first_used.is_not(None))
            ).scalar_one()
        return {"people": int(people), "answers": int(answers), "inside": int(inside)}

    def by_channel(self) -> dict[str, tuple[int, int]]:
        """Return how answers came in: per channel how many people and answers, and no value.

        An answer that was changed counts once, in the channel of its newest revision.
        """
        table = schema.ANSWERS
        newest = (
            select(table.c.answer_id, func.max(table.c.revision).label("revision"))
            .where(table.c.late.is_(False))
            .group_by(table.c.answer_id)
            .subquery()
        )
        is_newest = (table.c.answer_id == newest.c.answer_id) & (
            table.c.revision == newest.c.revision
        )
        counts = (func.count(func.distinct(table.c.number)), func.count())
        statement = select(table.c.channel, *counts).join(newest, is_newest)
        with database.reading(self.engine) as connection:
            rows = connection.execute(statement.group_by(table.c.channel)).all()
        return {str(channel): (int(people), int(answers)) for channel, people, answers in rows}

    def about(self, channel: str) -> list[tuple[str, str, str]]:
        """Return of whom answers came by a channel and on what: number, phase and wijk."""
        table = schema.ANSWERS
        columns = (table.c.number, table.c.phase, table.c.wijk_code)
        statement = select(*columns).where(table.c.channel == channel).distinct().order_by(*columns)
        with database.reading(self.engine) as connection:
            rows = connection.execute(statement).all()
        return [(str(number), str(phase), str(wijk)) for number, phase, wijk in rows]

    def current(self) -> pd.DataFrame:
        """Return the answers that count: of each the highest revision that was in time.

        Returns
        -------
        DataFrame
            ``person``, ``role``, :data:`CURRENT` but the number, ``value``, ``channel``; sorted.
        """
        table, people = schema.ANSWERS, schema.CODES
        statement = (
            select(
                people.c.person, people.c.role, table.c.answer_id, table.c.revision, table.c.phase,
                table.c.item, table.c.wijk_code, table.c.domain, table.c.detail, table.c.body,
                table.c.channel,
            )
            .join(people, people.c.number == table.c.number)
            .where(table.c.late.is_(False))
        )  # fmt: skip
        with database.reading(self.engine) as connection:
            rows = pd.DataFrame(connection.execute(statement).mappings().all())
        if rows.empty:
            columns = ["person", "role", *CURRENT[1:], "value", "channel"]
            return pd.DataFrame(columns=columns)
        newest = rows.sort_values("revision").drop_duplicates("answer_id", keep="last")
        newest = newest.assign(value=newest["body"].map(json.loads))
        order = ["person", *CURRENT[1:]]
        return newest[["person", "role", *CURRENT[1:], "value", "channel"]].sort_values(
            order, ignore_index=True
        )

    def withdraw(self, number: str) -> int:
        """Delete all answers of a person, who asked for it.

        Parameters
        ----------
        number : str
            Of the card.

        Returns
        -------
        int
            How many events are gone.
        """
        table = schema.ANSWERS
        with database.writing(self.engine) as connection:
            gone = int(connection.execute(table.delete().where(table.c.number == number)).rowcount)
            facts = schema.ROUND  # and what was typed a second time from this person's sheets
            mine = facts.c.key.startswith(f"{TWICE}/{number}/", autoescape=True)
            connection.execute(facts.delete().where(mine))
        database.forget(self.engine)
        return gone

    # --- agreements and the log ------------------------------------------------------------------

    def agree(self, wijk_code: str, text: str, owner: str, due: str) -> None:
        """Keep what was agreed on a wijk; the newest counts."""
        with database.writing(self.engine) as connection:
            row = {
                "sequence": self._next(connection), "wijk_code": wijk_code, "text": text,
                "owner": owner, "due": due, "at": self._clock(),
            }  # fmt: skip
            connection.execute(insert(schema.AGREEMENTS).values(row))

    def agreements(self) -> pd.DataFrame:
        """Return the newest agreement on each wijk: ``wijk_code``, ``text``, ``owner``, ``due``."""
        table = schema.AGREEMENTS
        statement = select(table.c.wijk_code, table.c.text, table.c.owner, table.c.due)
        with database.reading(self.engine) as connection:
            rows = connection.execute(statement.order_by(table.c.sequence)).mappings().all()
        columns = ["wijk_code", "text", "owner", "due"]
        table_of_all = pd.DataFrame(rows, columns=columns)
        return table_of_all.drop_duplicates("wijk_code", keep="last").sort_values(
            "wijk_code", ignore_index=True
        )

    def log(self, event: str, role: str, device: str) -> None:
        """Note who did what: by role, never what was there."""
        with database.writing(self.engine) as connection:
            row = {
                "sequence": self._next(connection), "event": event, "role": role,
                "device": device, "at": self._clock(),
            }  # fmt: skip
            connection.execute(insert(schema.AUDIT).values(row))


def _receipt(row: Any, saved: Saved) -> Receipt:
    return Receipt(saved, int(row.revision), json.loads(row.body), float(row.at), str(row.channel))
