"""Commands of a round: what may go wrong, in one line each; and that deletion is whole."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.app.commands import COMMANDS
from risicomodel.app.review import command, folders, publishing, tables
from risicomodel.core.errors import ConfigError, RisicomodelError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.runs.contract import NOT_FOR_PRINT, ROUND_TABLES
from risicomodel.runs.contract.participation_tables import EXPORTING, THERMOMETER
from support import evenings
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NORTH = "WK034401"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A round's folder, as ``review new`` leaves it."""
    evenings.store(f"sqlite:///{tmp_path / folders.DATABASE}").engine.dispose()
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": ""}
    (tmp_path / folders.MARK).write_text(json.dumps(mark))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "review was given ''; expected one of new, demo, serve, paper"),
        (["sreve"], "did you mean 'serve'"),
        (["new", "gemente=Utrecht"], "'gemente'"),
        (["new", "a", "b"], "review new was given 2 folders"),
        (["new", "people=inwoner:0,raadslid:2", "language=nl"], "'inwoner:0'"),
        (["serve"], "review serve was given 0 folders"),
        (["serve", "/nowhere"], "is no round; expected a folder with round.json"),
    ],
)
def test_words_that_cannot_be_understood(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        command.carry_out(words)
    assert said in str(caught.value)


def test_every_verb_is_in_the_help() -> None:
    taught = {line.split(" ")[0] for line, _ in COMMANDS["review"].words}
    assert set(command.VERBS) <= taught
    documented = (ROOT / "docs" / "howto" / "review.md").read_text()
    assert [verb for verb in command.VERBS if f"review {verb}" not in documented] == []


def test_a_round_without_its_answers_is_refused(folder: Path) -> None:
    (folder / folders.DATABASE).unlink()
    with pytest.raises(ConfigError, match=r"has no round\.sqlite"):
        command.carry_out(["export", str(folder)])
    assert not (folder / folders.DATABASE).exists()  # none is made in its place


@pytest.mark.parametrize("text", ["", "[]", '{"round_id": 1}'])
def test_a_mark_that_is_damaged_is_refused(folder: Path, text: str) -> None:
    (folder / folders.MARK).write_text(text)
    with pytest.raises(ConfigError, match="is not what 'review new' wrote"):
        command.carry_out(["export", str(folder)])


def test_a_database_that_is_none_is_said_in_a_line(folder: Path) -> None:
    (folder / folders.DATABASE).write_bytes(b"no database" * 500)
    with pytest.raises(RisicomodelError, match="the database cannot be used"):
        command.carry_out(["export", str(folder)])


def test_a_server_out_of_reach_is_said_in_a_line(folder: Path) -> None:
    mark = json.loads((folder / folders.MARK).read_text())
    mark["database"] = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    (folder / folders.MARK).write_text(json.dumps(mark))
    with pytest.raises(RisicomodelError, match="the database cannot be used") as caught:
        command.carry_out(["export", str(folder)])
    assert "\n" not in str(caught.value)


def test_a_port_that_is_taken_is_refused(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} cannot be had"):
            command.carry_out(["serve", str(folder), f"port={port}"])


def test_tables_are_written_after_the_reveal_and_not_before(folder: Path) -> None:
    with pytest.raises(ConfigError, match="before the reveal"):
        command.carry_out(["export", str(folder)])
    assert not (folder / "tables").exists()
    kept = folders.store(f"sqlite:///{folder / folders.DATABASE}")
    evening = Evening(kept)
    evening.move(Phase.OWN_VIEW)
    evening.move(Phase.REVEAL)
    for phase in (Phase.TALK, Phase.AGAIN, Phase.CAUSES):
        evening.move(phase)
    person = kept.person("1001")
    assert person is not None
    evening.submit(person, Answer("missing", Phase.CAUSES, "Er is geen bus.", NORTH), 1)
    evening.move(Phase.AGREEMENT)  # while people still write, nothing of it is given away
    assert str(folder / "tables") in command.carry_out(["export", str(folder)])
    declared = {table.file for table in ROUND_TABLES.values() if table.commands == EXPORTING}
    declared -= {THERMOMETER.file}  # of another form
    published, private = folder / "tables", folder / "tables" / tables.PRIVATE
    hidden = {ROUND_TABLES[name].file for name in NOT_FOR_PRINT}
    assert {path.name for path in private.iterdir()} == hidden
    assert {path.name for path in published.iterdir()} == (declared - hidden) | {
        tables.WORKBOOK, tables.PRIVATE,
    }  # fmt: skip
    text = (private / "missing_factors.csv").read_text()
    assert text.splitlines() == ["wijk_code,place,text", f"{NORTH},1,Er is geen bus."]
    assert "Er is geen bus" not in "".join(
        path.read_bytes().decode("latin-1") for path in published.iterdir() if path.is_file()
    )
    assert "Er is geen bus" not in (private / "answers.csv").read_text()


def test_an_evening_that_is_not_over_is_not_published(folder: Path) -> None:
    with pytest.raises(ConfigError, match="in phase 'practice'; expected an evening that is over"):
        command.carry_out(["publish", str(folder)])


def test_a_round_whose_run_is_nowhere_is_not_published(folder: Path, tmp_path: Path) -> None:
    evening = Evening(folders.store(f"sqlite:///{folder / folders.DATABASE}"))
    for phase in list(Phase)[1:]:
        evening.move(phase)
    with pytest.raises(ConfigError, match="Name its folder"):
        command.carry_out(["publish", str(folder)])
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ConfigError, match="is not the run that round abcd1234 was made from"):
        command.carry_out(["publish", str(folder), str(tmp_path)])


def test_deletion_must_be_meant_and_is_whole(folder: Path) -> None:
    with pytest.raises(ConfigError, match="yes=abcd1234"):
        command.carry_out(["delete", str(folder)])
    assert (folder / folders.DATABASE).is_file()
    assert "deleted" in command.carry_out(["delete", str(folder), "yes=abcd1234"])
    assert not folder.exists()


def test_people_are_counted_who_gave_their_view() -> None:
    causes, own = str(Phase.CAUSES), str(Phase.OWN_VIEW)
    views = [(f"p{n}", own, "need", {"tap": "more"}) for n in range(4)]
    others = [
        ("p5", own, "need", {"tap": "unknown"}),
        ("p6", causes, "cause", "unknown"),
        ("p7", causes, "coins", {"neighbours": 10}),
        ("p8", str(Phase.PRACTICE), "need", {"tap": "more"}),
    ]
    columns = ["person", "phase", "item", "value"]
    assert publishing._people(pd.DataFrame(views + others, columns=columns)) == 0
    fifth = [("p5", causes, "cause", "no")]
    assert publishing._people(pd.DataFrame(views + others + fifth, columns=columns)) == 5
    assert publishing._people(pd.DataFrame([], columns=columns)) == 0


def test_what_is_published_beside_a_run_that_was_moved_is_named(folder: Path) -> None:
    places = [folder.parent / run / "review" / "abcd1234" for run in ("stayed", "moved")]
    places[0].mkdir(parents=True)
    (places[0] / "round.json").write_text("{}")
    path = folder / folders.MARK
    mark = json.loads(path.read_text()) | {folders.PUBLISHED_IN: [str(one) for one in places]}
    path.write_text(json.dumps(mark))
    said = command.carry_out(["delete", str(folder), "yes=abcd1234"])
    assert f"removed: {places[0]} " in said
    assert f"missed:  {places[1]} is not there" in said
    assert not places[0].exists()


def test_what_a_person_takes_back_is_in_no_file_any_more(folder: Path) -> None:
    kept = folders.store(f"sqlite:///{folder / folders.DATABASE}")
    evening = Evening(kept)
    for phase in list(Phase)[1 : Phase.CAUSES.place + 1]:
        evening.move(phase)
    person, secret = kept.person("1001"), "Een zin die niemand anders schrijft"
    assert person is not None
    evening.submit(person, Answer("missing", Phase.CAUSES, secret, NORTH), 1)

    def holds() -> bool:
        return any(secret.encode() in path.read_bytes() for path in folder.iterdir())

    assert holds()
    assert kept.withdraw("1001") == 1
    assert not holds()
