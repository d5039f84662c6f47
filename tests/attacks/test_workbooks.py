"""Workbooks that mean harm: refused as a package, before anything reads them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook, load_workbook

from risicomodel.core.errors import DataError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import workbook, workbook_answers, workbook_border
from risicomodel.participation.review.evening import Evening
from support import evenings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NORTH = "WK034401"
TEXTS = (
    '=HYPERLINK("http://elders.test","klik")', "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)",
    "<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "a\u202eb", "{{ 7*7 }}",
)  # fmt: skip
PAGE = "xl/worksheets/sheet1.xml"


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    made = Evening(evenings.store(evenings.sqlite(tmp_path)))
    for phase in list(Phase)[1 : Phase.CAUSES.place + 1]:
        made.move(phase)
    return made


@pytest.fixture
def good(evening: Evening, tmp_path: Path) -> Path:
    person = evening.store.person("1001")
    assert person is not None
    path = tmp_path / "good.xlsx"
    workbook.write(path, evening, person, Phase.CAUSES)
    workbook_answers.opened(evening, path)
    return path


def repacked(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Return a workbook with other parts in its package."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    change(parts)
    out = path.with_name("bad.xlsx")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out


def bomb(parts: dict[str, bytes]) -> None:
    parts["xl/theme/theme9.xml"] = b"0" * 60_000_000


def many_parts(parts: dict[str, bytes]) -> None:
    parts.update({f"xl/x{place}.xml": b"<a/>" for place in range(200)})


def macros(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"\xd0\xcf"


def macro_type(parts: dict[str, bytes]) -> None:
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = parts["[Content_Types].xml"]
    assert kind in types
    parts["[Content_Types].xml"] = types.replace(
        kind, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    )


def links(parts: dict[str, bytes]) -> None:
    parts["xl/externalLinks/externalLink1.xml"] = b"<externalLink/>"


def entities(parts: dict[str, bytes]) -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    parts[PAGE] = laughs + parts[PAGE]


RELATIONS = "xl/_rels/workbook.xml.rels"


def moved(parts: dict[str, bytes], name: str) -> None:
    """Give the first page another name, that the workbook points to."""
    page = parts.pop(PAGE)
    parts[name] = page
    for where in (RELATIONS, "[Content_Types].xml"):
        text = parts[where]
        parts[where] = text.replace(PAGE.removeprefix("xl/").encode(), name[3:].encode())
        assert parts[where] != text


def other_name(parts: dict[str, bytes]) -> None:
    moved(parts, "xl/worksheets/sheet1.dat")


def entities_in_a_setting(parts: dict[str, bytes]) -> None:
    entities(parts)
    moved(parts, "xl/printerSettings/printerSettings1.bin")


def entities_in_utf16(parts: dict[str, bytes]) -> None:
    entities(parts)
    moved(parts, "xl/printerSettings/printerSettings1.bin")
    parts["xl/printerSettings/printerSettings1.bin"] = (
        "\n" + parts["xl/printerSettings/printerSettings1.bin"].decode()
    ).encode("utf-16-le")


def utf16_after_a_space(parts: dict[str, bytes]) -> None:
    parts[PAGE] = (" " + parts[PAGE].decode()).encode("utf-16-le")


def utf7(parts: dict[str, bytes]) -> None:
    parts[PAGE] = b'<?xml version="1.0" encoding="UTF-7"?>' + parts[PAGE]


def other_encoding(parts: dict[str, bytes]) -> None:
    parts[PAGE] = parts[PAGE].decode().encode("utf-16")


def far_row(parts: dict[str, bytes]) -> None:
    row = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
    parts[PAGE] = parts[PAGE].replace(b"</sheetData>", row)


def huge_merge(parts: dict[str, bytes]) -> None:
    merge = b'</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    parts[PAGE] = parts[PAGE].replace(b"</sheetData>", merge)


def broken_page(parts: dict[str, bytes]) -> None:
    parts[PAGE] = parts[PAGE][:200]


def no_workbook(parts: dict[str, bytes]) -> None:
    del parts["xl/workbook.xml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (bomb, "it unpacks to 60,"), (many_parts, "parts; expected at most"),
        (macros, "it holds macros"), (macro_type, "it holds macros"),
        (links, "it holds links to other files"),
        (entities, "declares entities or another encoding"),
        (other_encoding, "declares entities or another encoding"),
        (utf16_after_a_space, "declares entities or another encoding"),
        (utf7, "declares entities or another encoding"),
        (entities_in_a_setting, "declares entities or another encoding"),
        (entities_in_utf16, "declares entities or another encoding"),
        (other_name, "a workbook does not have, such as 'xl/worksheets/sheet1.dat'"),
        (far_row, "more than 2,000 rows"), (broken_page, "cannot be read as a workbook"),
        (no_workbook, "it is not in the format .xlsx"),
    ],
)  # fmt: skip
def test_a_package_that_means_harm_is_refused(
    evening: Evening, good: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    with pytest.raises(DataError) as caught:
        workbook_answers.opened(evening, repacked(good, change))
    assert said in str(caught.value)


def test_cells_that_are_merged_to_the_end_of_the_page_cost_nothing(
    evening: Evening, good: Path
) -> None:
    workbook_answers.opened(evening, repacked(good, huge_merge))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not in the format .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 100, "it is not in the format .xlsx"),
        (b"wijk;antwoord\nNoord;Goed\n", "it is not in the format .xlsx"),
        (b"PK\x05\x06" + b"\0" * 18, "it is not in the format .xlsx"),
        (b"0" * (workbook_border.MAX_FILE + 1), "bytes; expected at most 1,000,000"),
    ],
)
def test_what_is_no_workbook_is_refused(
    evening: Evening, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        workbook_answers.opened(evening, path)
    assert said in str(caught.value)
    with pytest.raises(DataError, match="there is no such file"):
        workbook_answers.opened(evening, tmp_path / "none.xlsx")


def test_a_size_that_a_package_lies_about_is_not_believed(evening: Evening, good: Path) -> None:
    path = repacked(good, bomb)
    content = bytearray(path.read_bytes())
    for begins in (b"PK\x01\x02", b"PK\x03\x04"):
        place = content.rfind(begins)
        at = place + (24 if begins == b"PK\x01\x02" else 22)
        content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataError, match="its package is damaged"):
        workbook_answers.opened(evening, path)


def put(good: Path, value: Any, kind: str = "") -> Path:
    """Return the workbook with something in the first cell for words."""
    book = load_workbook(good)
    page = book.worksheets[0]
    places = {page[f"E{row}"].value: row for row in range(1, page.max_row + 1)}
    cell = page[f"D{places[f'missing/{NORTH}.value']}"]
    cell.value = value
    if kind:
        cell.data_type = kind
    book.save(good)
    return good


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_text_and_a_formula_is_refused(evening: Evening, good: Path, text: str) -> None:
    """As a text it is kept as it was typed; nothing of it is ever computed."""
    path = put(good, text, "s")
    if "\u202e" in text:
        with pytest.raises(DataError, match="Er staat een teken in"):
            workbook_answers.opened(evening, path)
        return
    workbook_answers.take_in(evening, workbook_answers.opened(evening, path))
    assert evening.store.current()["value"].tolist() == [text]
    if text.startswith("="):
        with pytest.raises(DataError, match=r"D\d+: a formula; expected an answer"):
            workbook_answers.opened(evening, put(good, text))


def test_a_text_that_is_too_long_is_refused(evening: Evening, good: Path) -> None:
    with pytest.raises(DataError, match="Dit is te lang"):
        workbook_answers.opened(evening, put(good, "x" * 30_000))


def test_a_workbook_of_someone_else_is_refused(evening: Evening, tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "=1+1"
    book.save(tmp_path / "x.xlsx")
    with pytest.raises(DataError, match="this is not what 'review workbook' wrote there"):
        workbook_answers.opened(evening, tmp_path / "x.xlsx")
