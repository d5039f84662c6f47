"""What is kept of a round: the same from SQLite and PostgreSQL, in any order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from risicomodel.core import database
from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import codes
from risicomodel.participation.review.answers import APP, Answer
from risicomodel.participation.review.codes import Code
from risicomodel.participation.review.store import UNKNOWN, Admission, Person, Saved, Store
from support import evenings, servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPEN = Code("1001", evenings.SECRET)
WRONG = Code("1001", "XXXXXX")
ME = Person("1001", "inwoner", "p001")


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Postgres]:
    with servers.postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = (
        evenings.sqlite(tmp_path)
        if request.param == "sqlite"
        else request.getfixturevalue("server").database()
    )
    made = evenings.store(url)
    yield made
    made.engine.dispose()


def need(value: str, phase: Phase = Phase.OWN_VIEW, wijk: str = "WK034401") -> Answer:
    return Answer("need", phase, {"tap": value}, wijk, "wmo")


def test_the_same_answer_twice_is_one_and_another_is_a_conflict(kept: Store) -> None:
    kept.move(Phase.OWN_VIEW)
    assert kept.submit(ME, need("more"), 1, APP).saved is Saved.SAVED
    assert kept.submit(ME, need("more"), 1, APP).saved is Saved.SAME
    conflict = kept.submit(ME, need("less"), 1, APP)
    assert (conflict.saved, conflict.value, conflict.revision) == (
        Saved.CONFLICT,
        {"tap": "more"},
        1,
    )
    assert kept.submit(ME, need("less"), 2, APP).saved is Saved.SAVED
    assert kept.current()["value"].tolist() == [{"tap": "less"}]
    assert kept.count(Phase.OWN_VIEW)["answers"] == 1
    with pytest.raises(ConfigError, match="there is a round in this database"):
        kept.create({}, [])


def test_what_is_early_is_not_kept_and_what_is_late_does_not_count(kept: Store) -> None:
    assert kept.submit(ME, need("more"), 1, APP).saved is Saved.EARLY
    assert kept.of_person("1001") == {}
    kept.move(Phase.OWN_VIEW)
    kept.submit(ME, need("more"), 1, APP)
    kept.move(Phase.REVEAL)
    for _ in range(2):  # sent twice, it is late twice
        assert kept.submit(ME, need("less"), 2, APP).saved is Saved.LATE
    assert kept.submit(ME, need("less", wijk="WK034402"), 1, APP).saved is Saved.LATE
    assert kept.current()["value"].tolist() == [{"tap": "more"}]
    with kept.engine.connect() as connection:
        late = connection.execute(text("SELECT count(*) FROM answers WHERE late")).scalar_one()
    assert late == 2
    assert kept.withdraw("1001") == 3
    assert kept.current().empty


def test_wrong_secrets_lock_their_own_number_only_also_after_a_restart(kept: Store) -> None:
    now = [1000.0]
    ours = Store(kept.engine, lambda: now[0])
    for _ in range(codes.MAX_FAILURES - 1):
        assert ours.enter(WRONG)[0] is Admission.WRONG
    assert ours.enter(OPEN) == (Admission.OPEN, ME)
    for place in range(codes.MAX_FAILURES):
        last = place == codes.MAX_FAILURES - 1
        assert ours.enter(WRONG)[0] is (Admission.LOCKED if last else Admission.WRONG)
    again = Store(kept.engine, lambda: now[0])
    assert again.enter(OPEN) == (Admission.LOCKED, None)
    assert again.enter(Code("1002", evenings.SECRET))[0] is Admission.OPEN
    now[0] += codes.LOCK_SECONDS + 1
    assert again.enter(OPEN)[0] is Admission.OPEN


def test_unknown_numbers_lock_unknown_numbers_and_never_a_card(kept: Store) -> None:
    for guess in range(codes.MAX_UNKNOWN):
        assert kept.enter(Code(f"{2000 + guess}", "XXXXXX"))[0] is Admission.WRONG
    assert kept.is_locked(UNKNOWN)
    assert kept.enter(Code("9999", "XXXXXX"))[0] is Admission.LOCKED
    assert kept.enter(OPEN)[0] is Admission.OPEN


def test_a_room_that_sends_at_once_loses_nothing(kept: Store) -> None:
    kept.move(Phase.OWN_VIEW)
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    work = [(person, wijk) for person in people for wijk in evenings.WIJKEN] * 2

    def send(one: tuple[Person, str]) -> Saved:
        return kept.submit(one[0], need("more", wijk=one[1]), 1, APP).saved

    with ThreadPoolExecutor(12) as pool:
        saved = list(pool.map(send, work))
    assert saved.count(Saved.SAVED) == saved.count(Saved.SAME) == len(work) / 2
    assert len(kept.current()) == len(work) / 2
    assert kept.last_sequence() == 2 + len(work) / 2  # two steps; no number is skipped


def test_a_reader_misses_no_number_while_a_room_sends(kept: Store) -> None:
    """Whoever has seen number n has seen all before it: a late writer never gets an earlier one."""
    kept.move(Phase.OWN_VIEW)
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    work = [(person, wijk) for person in people for wijk in evenings.WIJKEN]
    statement = text("SELECT sequence FROM answers UNION ALL SELECT sequence FROM steps")
    sending, gaps, looks = threading.Event(), [], 0
    sending.set()

    def read() -> int:
        looked = 0
        while sending.is_set() or not looked:
            last = kept.last_sequence()
            with database.reading(kept.engine) as connection:
                seen = {int(row[0]) for row in connection.execute(statement)}
            gaps.extend(set(range(1, last + 1)) - seen)
            looked += 1
        return looked

    with ThreadPoolExecutor(12) as pool:
        reader = pool.submit(read)
        list(pool.map(lambda one: kept.submit(one[0], need("more", wijk=one[1]), 1, APP), work))
        sending.clear()
        looks = reader.result()
    assert (gaps, looks > 0) == ([], True)
    assert kept.last_sequence() == 2 + len(work)


def test_what_fails_takes_nothing_with_it(kept: Store) -> None:
    """Answers that came at once are on disk at once; one that cannot be kept is alone in that."""
    kept.move(Phase.OWN_VIEW)
    nobody = Person("9999", "inwoner", "p999")  # no card: the database refuses it
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    together = threading.Barrier(len(people) + 1)

    def send(one: Person) -> Saved | None:
        together.wait()
        try:
            return kept.submit(one, need("more"), 1, APP).saved
        except IntegrityError:
            return None

    with ThreadPoolExecutor(len(people) + 1) as pool:
        saved = list(pool.map(send, [nobody, *people]))
    assert saved == [None, *[Saved.SAVED] * len(people)]
    assert len(kept.current()) == len(people)
    assert kept.last_sequence() == 2 + len(people)


def test_neither_secrets_nor_names_are_in_the_database(kept: Store) -> None:
    with kept.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM codes")).all()
        facts = connection.execute(text("SELECT * FROM round")).all()
    assert len(rows) == len(evenings.ROLES)
    assert evenings.SECRET not in str(rows)
    assert evenings.SAID not in str(facts)


EVENTS = [
    (place, wijk, value, revision)
    for place in (0, 1)
    for wijk in ("WK034401", "WK034402")
    for revision, value in ((1, "less"), (2, "more"), (3, "same"))
]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(EVENTS), max_size=8).flatmap(
        lambda more: st.permutations([*EVENTS, *more])
    )
)
def test_any_order_and_any_repeat_give_the_same_answers(tmp_path: Path, events: list[Any]) -> None:
    kept = _emptied(tmp_path)
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    for place, wijk, value, revision in events:
        kept.submit(people[place], need(value, wijk=wijk), revision, APP)
    now = kept.current()
    assert now["value"].tolist() == [{"tap": "same"}] * 4
    assert now[["person", "wijk_code"]].to_numpy().tolist() == [
        ["p001", "WK034401"], ["p001", "WK034402"], ["p002", "WK034401"], ["p002", "WK034402"],
    ]  # fmt: skip
    kept.engine.dispose()


def _emptied(folder: Path) -> Store:
    """Return a round in *own_view* without answers: one database for all examples."""
    if not (folder / "round.sqlite").is_file():
        kept = evenings.store(evenings.sqlite(folder), evenings.ROLES[:2])
        kept.move(Phase.OWN_VIEW)
        return kept
    kept = Store(database.engine(evenings.sqlite(folder)))
    for number in ("1001", "1002"):
        kept.withdraw(number)
    return kept
