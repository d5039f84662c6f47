"""A Thermometer by commands and over a real server: made, filled in, closed, taken along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.app.review import command, folders, tables
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError
from risicomodel.participation import forms
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from support import evenings, thermometers
from support.evenings import Device
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path


def test_a_round_is_made_from_a_run_without_wijken(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("statements: [{key: bus, nl: De bus rijdt hier vaak genoeg.}]")
    folder = tmp_path / "round"
    said = command.carry_out(
        [
            "new", str(whole_run()), "gemeente=GM9001", "form=thermometer", f"local={own}",
            "people=raad:5,inwoner:6", f"dir={folder}",
        ]
    )  # fmt: skip
    assert "questions" in said
    assert "11 cards" in said
    evening = Evening(folders.store(f"sqlite:///{folder / folders.DATABASE}"))
    assert evening.store.phase() is Phase.OWN_VIEW
    assert evening.round.wijken == {}
    asked = [item.key for item in evening.form.items]
    assert asked.index("bus") == 10
    figures = [item for item in evening.form.items if item.truth and item.truth.domain]
    assert figures  # the run has figures of the gemeente
    assert {item.truth.domain for item in figures if item.truth} == {
        one.name for one in evening.round.domains
    }
    evening.move(Phase.DONE)
    truths = evening.view().truths
    assert set(truths) == {item.key for item in evening.form.items if item.truth}
    for item in figures:
        assert item.truth is not None
        most = evening.round.domain(item.truth.domain).per
        assert 0 < float(truths[item.key]) < most  # whole people, of a hundred or a thousand
        assert isinstance(truths[item.key], int)


def test_cards_are_as_the_form_says_unless_it_is_said(tmp_path: Path) -> None:
    said = command.carry_out(
        ["new", str(whole_run()), "gemeente=GM9001", "form=thermometer", f"dir={tmp_path / 'r'}"]
    )
    cards = sum(role.cards for role in forms.named("thermometer").roles.values())
    assert f"{cards} cards" in said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A round's folder, with what thirty people answered."""
    kept = thermometers.store(f"sqlite:///{tmp_path / folders.DATABASE}")
    thermometers.filled_in(Evening(kept))
    kept.engine.dispose()
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": ""}
    storage.write_json(tmp_path / folders.MARK, mark)
    return tmp_path


def test_the_table_is_taken_along_after_closing_and_not_before(folder: Path) -> None:
    with pytest.raises(ConfigError, match="before the reveal"):
        command.carry_out(["export", str(folder)])
    Evening(folders.store(f"sqlite:///{folder / folders.DATABASE}")).move(Phase.DONE)
    with pytest.raises(ConfigError, match="this round is not about wijken"):
        command.carry_out(["letter", str(folder)])
    command.carry_out(["export", str(folder)])
    written = folder / "tables"
    assert {path.name for path in written.iterdir()} == {
        "thermometer.csv", tables.WORKBOOK, tables.PRIVATE,
    }  # fmt: skip
    table = pd.read_csv(written / "thermometer.csv")
    assert "college" not in set(table["layer"])  # three people
    assert table.groupby(["part", "name"])["layer"].nunique().min() >= 4
    book = pd.read_excel(written / tables.WORKBOOK, sheet_name="Thermometer")
    assert len(book) == len(table)


@pytest.mark.parametrize("verb", ["paper", "workbook", "take-in", "verify", "letter"])
def test_what_needs_wijken_is_refused_and_writes_nothing(folder: Path, verb: str) -> None:
    more = {"take-in": ["a.xlsx"], "verify": ["run"]}.get(verb, [])
    with pytest.raises(ConfigError, match=r"not about wijken; expected an evening, as .*per wijk"):
        command.carry_out([verb, str(folder), *more])
    names = {path.name.partition("-")[0] for path in folder.iterdir()}  # -wal, -shm
    assert names == {folders.MARK, folders.DATABASE}


def test_nothing_leaves_the_server_before_closing(folder: Path) -> None:
    evening = Evening(folders.store(f"sqlite:///{folder / folders.DATABASE}"))
    with evenings.served(evening) as address:
        resident, lead = Device(address), Device(address)
        assert resident.enter("1001").status_code == 303
        assert lead.lead().status_code == 303
        before = [
            device.get(path).text
            for device in (resident, lead)
            for path in ("/leiding/uitkomst", "/scherm", "/leiding", "/vraag", "/mijn")
        ]
        assert not any("points" in text or "Holm" in text for text in before)
        for text in before:
            assert "In getallen" not in text
            assert not re.search(r"Wat klopt|artikel 2\.[36]", text)
        assert lead.step("reveal").status_code == 409  # the form has no such step
        assert evening.store.phase() is Phase.OWN_VIEW
        assert resident.step("done").status_code == 403
        assert lead.step("done").status_code == 303
        page = lead.get("/leiding/uitkomst").text
        assert "In getallen: Geld" in page
        assert "Wat klopt: 73" in page
        assert "Wmo 2015, artikel 2.3.2, eerste lid" in page
        assert "In getallen" not in resident.get("/leiding/uitkomst").text
        assert lead.get("/scherm").text == lead.get("/leiding/uitkomst").text
        late = resident.answer("one_plan", Phase.OWN_VIEW, 2, value="1")
        assert "telt niet meer mee" in late.text
        assert lead.get("/leiding/uitkomst").text == page  # late, and out of the figures


def test_a_statement_of_a_gemeente_is_no_script(tmp_path: Path) -> None:
    script = "<script>alert(1)</script>"
    declaration = forms.text_of("thermometer").replace("Inwoners helpen elkaar hier.", script)
    evening = Evening(thermometers.store(evenings.sqlite(tmp_path), declaration=declaration))
    with evenings.served(evening) as address:
        resident, lead = Device(address), Device(address)
        resident.enter("1001")
        lead.lead()
        assert script not in resident.get("/vraag/help_each_other").text
        assert "&lt;script&gt;" in resident.get("/vraag/help_each_other").text
        thermometers.filled_in(evening)
        lead.step("done")
        page = lead.get("/leiding/uitkomst").text
        assert "&lt;script&gt;" in page
        assert script not in page


@pytest.mark.parametrize(("language", "said"), [("nl", "Iedereen"), ("en", "Everyone")])
def test_the_page_speaks_both_languages(tmp_path: Path, language: str, said: str) -> None:
    evening = Evening(thermometers.store(evenings.sqlite(tmp_path), language=language))
    with evenings.served(evening) as address:
        lead = Device(address)
        lead.lead()
        thermometers.filled_in(evening)
        lead.step("done")
        assert said in lead.get("/leiding/uitkomst").text
