"""``review paper``, ``workbook`` and ``take-in`` on a folder: what they write, and when not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from risicomodel.app.review import command, folders
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from support import evenings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a round in practice."""
    made = tmp_path / "round"
    made.mkdir()
    evenings.store(f"sqlite:///{made / folders.DATABASE}").engine.dispose()
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": ""}
    storage.write_json(made / folders.MARK, mark)
    return made


def move(folder: Path, to: Phase) -> Evening:
    evening = Evening(folders.store(f"sqlite:///{folder / folders.DATABASE}"))
    while (following := evening.following()) and following.place <= to.place:
        evening.move(following)
    return evening


@pytest.mark.parametrize("phase", ["again", "causes"])
def test_no_workbook_tells_what_is_not_shown_yet(folder: Path, phase: str) -> None:
    words = ["workbook", str(folder), "number=1001", f"phase={phase}"]
    move(folder, Phase.TALK)
    with pytest.raises(ConfigError, match=f"phase is '{phase}', and the round is in 'talk'"):
        command.carry_out(words)
    assert not list(folder.glob("*.xlsx"))
    move(folder, Phase(phase))
    command.carry_out(words)
    assert [path.name for path in folder.glob("*.xlsx")] == [f"werkboek-1001-{phase}.xlsx"]


def test_a_workbook_of_the_own_view_is_sent_before_the_evening(folder: Path) -> None:
    command.carry_out(["workbook", str(folder), "number=1001"])
    assert [path.name for path in folder.glob("*.xlsx")] == ["werkboek-1001-own_view.xlsx"]


@pytest.mark.parametrize("more", [[], ["phase=causes"]])
def test_paper_with_causes_is_to_be_kept_closed(folder: Path, more: list[str]) -> None:
    said = command.carry_out(["paper", str(folder), "number=1001", *more])
    assert "papier-3-oorzaken.html closed until the round is in 'causes'" in said
    move(folder, Phase.CAUSES)
    assert "closed" not in command.carry_out(["paper", str(folder), "number=1001", *more])
