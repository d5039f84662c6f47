"""Workbooks: what was filled in comes back as it was; LibreOffice may have been in between."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from risicomodel.core.errors import DataError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import workbook, workbook_answers
from risicomodel.participation.review.answers import APP, WORKBOOK, Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.review.wording import Wording
from support import evenings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NORTH = "WK034401"
OWN = Phase.OWN_VIEW
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


def room(folder: Path, language: str = "nl", phase: Phase = OWN, name: str = "round") -> Evening:
    evening = Evening(evenings.store(evenings.sqlite(folder, name), language=language))
    for step in list(Phase)[1 : phase.place + 1]:
        evening.move(step)
    return evening


def filled(
    evening: Evening, path: Path, number: str, answers: dict[str, Any], phase: Phase = OWN
) -> Path:
    """Write a person's workbook and fill in cells by the key of their row."""
    person = evening.store.person(number)
    assert person is not None
    workbook.write(path, evening, person, phase)
    book = load_workbook(path)
    page = book.worksheets[0]
    places = {page[f"E{row}"].value: row for row in range(1, page.max_row + 1)}
    for key, value in answers.items():
        page[f"D{places[key]}"] = value
    book.save(path)
    return path


def professional(evening: Evening) -> dict[str, Any]:
    words = Wording(evening)
    knows = {one.key: getattr(one, words.language) for one in evening.form.scales["knows"]}
    wmo, youth = f"need/{NORTH}/wmo", f"need/{NORTH}/jeugd"
    return {
        f"knows/{NORTH}.value": knows["little"],
        f"{wmo}.low": 80, f"{wmo}.high": "99,5", f"{wmo}.best": 90.25, f"{wmo}.sure": 70,
        f"{youth}.unknown": words.words.text("need.yes"),
    }  # fmt: skip


VALUES = {
    "knows": "little",
    "jeugd": {"tap": "unknown"},
    "wmo": {"best": 90.25, "high": 99.5, "low": 80, "sure": "70"},
}


def kept(evening: Evening) -> dict[str, Any]:
    table = evening.store.current()
    assert set(table["channel"]) == {WORKBOOK}
    names = table["domain"].where(table["domain"] != "", table["item"])
    return dict(zip(names, table["value"], strict=True))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_answers_come_back_as_they_were_filled_in(tmp_path: Path, language: str) -> None:
    evening = room(tmp_path, language)
    path = filled(evening, tmp_path / "a.xlsx", "1003", professional(evening))
    result = workbook_answers.take_in(evening, workbook_answers.opened(evening, path))
    assert (result.saved, result.same, result.conflicts, result.late) == (3, 0, [], False)
    assert kept(evening) == VALUES
    again = workbook_answers.take_in(evening, workbook_answers.opened(evening, path))
    assert (again.saved, again.same) == (0, 3)


def test_coins_causes_and_words_come_back_too(tmp_path: Path) -> None:
    evening = room(tmp_path, phase=Phase.CAUSES)
    answers = {
        f"cause/{NORTH}/wmo/k_alleen.value": "Een beetje",
        f"missing/{NORTH}.value": "=Er is geen bus & <b>",
        f"coins/{NORTH}.coins_prevent": 6, f"coins/{NORTH}.coins_light": "4",
    }  # fmt: skip
    path = filled(evening, tmp_path / "a.xlsx", "1001", {}, Phase.CAUSES)
    book = load_workbook(path)
    page = book.worksheets[0]
    for row in range(workbook.FIRST_ROW, page.max_row + 1):
        cell, key = page[f"D{row}"], page[f"E{row}"].value
        if key in answers:
            cell.value = answers[key]
            if isinstance(answers[key], str):
                cell.data_type = "s"  # a text that begins as a formula
    book.save(path)
    assert workbook_answers.take_in(evening, workbook_answers.opened(evening, path)).saved == 3
    coins = {"prevent": 6, "light": 4, "tailored": 0, "housing": 0, "places": 0}
    assert kept(evening) == {
        "wmo": "little", "missing": "=Er is geen bus & <b>", "coins": coins,
    }  # fmt: skip


def test_only_cells_to_fill_in_are_open(tmp_path: Path) -> None:
    evening = room(tmp_path)
    path = filled(evening, tmp_path / "a.xlsx", "1003", {})
    book = load_workbook(path)
    assert book.security.lockStructure
    page = book.worksheets[0]
    person = evening.store.person("1003")
    assert person is not None
    expected = {
        f"D{place}"
        for place, _ in enumerate(workbook.rows(evening, person, OWN), start=workbook.FIRST_ROW)
    }
    open_cells = {cell.coordinate for row in page for cell in row if not cell.protection.locked}
    assert open_cells == expected
    assert all(one.protection.sheet for one in book.worksheets)
    assert page.column_dimensions["E"].hidden
    checked = {str(one.sqref) for one in page.data_validations.dataValidation}
    assert checked == expected
    assert book[workbook.LISTS].sheet_state == "hidden"
    text = " ".join(str(cell.value) for row in page for cell in row if cell.value is not None)
    assert evenings.SECRET not in text
    assert "k_alleen" not in text


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice: workbooks are not saved by it")
def test_what_libreoffice_saved_is_taken_in(tmp_path: Path) -> None:
    evening = room(tmp_path)
    path = filled(evening, tmp_path / "a.xlsx", "1003", professional(evening))
    out = tmp_path / "saved"
    subprocess.run(
        [
            str(SOFFICE), "--headless", f"-env:UserInstallation=file://{tmp_path / 'profile'}",
            "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), str(path),
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    saved = out / "a.xlsx"
    assert saved.read_bytes() != path.read_bytes()
    assert workbook_answers.take_in(evening, workbook_answers.opened(evening, saved)).saved == 3
    assert kept(evening) == VALUES
    book = load_workbook(saved)
    page = book.worksheets[0]
    assert page.protection.sheet
    assert not page["D5"].protection.locked
    assert page["C6"].protection.locked
    assert page.column_dimensions["E"].hidden
    assert len(page.data_validations.dataValidation) > 0


def test_all_that_is_wrong_is_said_by_its_cell_and_nothing_is_kept(tmp_path: Path) -> None:
    evening = room(tmp_path)
    wmo = f"need/{NORTH}/wmo"
    answers = {
        f"knows/{NORTH}.value": "Heel goed", f"{wmo}.low": -5, f"{wmo}.high": True,
        f"{wmo}.best": "=1+1", f"{wmo}.sure": 55, f"need/{NORTH}/jeugd.low": 3,
    }  # fmt: skip
    path = filled(evening, tmp_path / "a.xlsx", "1003", answers)
    book = load_workbook(path)
    book.worksheets[0]["H60"] = "noot"
    book.save(path)
    with pytest.raises(DataError) as caught:
        workbook_answers.opened(evening, path)
    places = [detail.partition(":")[0] for detail in caught.value.details]
    assert sorted(places) == ["D11", "D12", "D13", "D14", "D5", "D7", "D8", "D9", "H60"]
    assert evening.store.current().empty


def test_after_the_reveal_it_is_about_the_wijken_that_are_talked_about(tmp_path: Path) -> None:
    """Of a workbook that was made before these were chosen, the other wijken are left out."""
    evening = room(tmp_path, phase=Phase.AGAIN)
    south, east = "WK034402", "WK034403"
    answers = {f"need/{wijk}/wmo.value": "Meer" for wijk in (NORTH, south, east)}
    early = filled(evening, tmp_path / "a.xlsx", "1001", answers, Phase.AGAIN)
    evening.talk_about([south])
    person = evening.store.person("1001")
    assert person is not None
    listed = workbook.rows(evening, person, Phase.AGAIN)
    assert {row.sheet.wijk_code for row in listed} == {south}
    opened = workbook_answers.opened(evening, early)
    assert opened.left_out == ["Noord", "Oost"]
    assert workbook_answers.take_in(evening, opened).saved == 1
    assert evening.store.current()["wijk_code"].tolist() == [south]
    late = filled(evening, tmp_path / "b.xlsx", "1002", {f"need/{south}/wmo.value": "Meer"},
                  Phase.AGAIN)  # fmt: skip
    assert workbook_answers.opened(evening, late).left_out == []


def of_another_number(page: Any) -> None:
    page["E1"] = page["E1"].value.replace("|1003|", "|1004|")


def of_another_round(page: Any) -> None:
    page["E1"] = page["E1"].value.replace("abcd1234", "zzzz9999")


def of_another_form(page: Any) -> None:
    parts = page["E1"].value.split("|")
    page["E1"] = "|".join([*parts[:2], "9", *parts[3:]])


def of_a_later_step(page: Any) -> None:
    page["E1"] = page["E1"].value.replace("own_view", "causes")


def of_an_unknown_wijk(page: Any) -> None:
    page["E5"] = "knows/WK999999.value"


def without_a_stamp(page: Any) -> None:
    page["E1"] = None


def without_a_seal(page: Any) -> None:
    page["E2"] = None


def with_a_row_less(page: Any) -> None:
    page.delete_rows(7)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (of_another_number, "E2: number, round or keys were changed"),
        (of_another_round, "E1: it is of round 'zzzz9999'; expected 'abcd1234'"),
        (of_another_form, "E1: it is of another form; expected version 1"),
        (of_a_later_step, "E1: it is for 'causes', and the round is in 'own_view'"),
        (of_an_unknown_wijk, "E5: the key of this question was changed"),
        (without_a_stamp, "E1: this is not what 'review workbook' wrote there"),
        (without_a_seal, "E2: number, round or keys were changed"),
        (with_a_row_less, "E7: the key of this question was changed"),
    ],
)
def test_a_workbook_that_is_not_this_persons_is_refused(
    tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    evening = room(tmp_path)
    path = filled(evening, tmp_path / "a.xlsx", "1003", {f"knows/{NORTH}.value": "Goed"})
    book = load_workbook(path)
    change(book.worksheets[0])
    book.save(path)
    with pytest.raises(DataError) as caught:
        workbook_answers.opened(evening, path)
    assert said in str(caught.value)
    assert evening.store.current().empty


def test_another_answer_of_this_person_stays_unless_it_is_replaced(tmp_path: Path) -> None:
    evening = room(tmp_path)
    person = evening.store.person("1003")
    assert person is not None
    evening.submit(person, Answer("knows", OWN, "well", NORTH), 1)
    path = filled(evening, tmp_path / "a.xlsx", "1003", professional(evening))
    opened = workbook_answers.opened(evening, path)
    result = workbook_answers.take_in(evening, opened)
    assert (result.is_refused, result.conflicts, result.saved) == (True, [], 0)
    assert set(evening.store.current()["channel"]) == {APP}
    workbook_answers.take_in(evening, opened, replaces=True)
    assert kept(evening) == VALUES
