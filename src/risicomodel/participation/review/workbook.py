"""A workbook for one person: the questions of screens, with cells to fill in and all else locked.

A hidden column names the question of every row, and the round, so that what comes back is read by
name and not by place; a seal over these shows whether anyone changed them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.core import storage
from risicomodel.participation.review import sheets
from risicomodel.participation.review.answers import MAX_TEXT
from risicomodel.participation.review.sheets import Sheet
from risicomodel.participation.review.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.store import Person
    from risicomodel.participation.review.wording import SheetPart

KIND = "risicomodel-review-1"  # of workbook; another layout is another number
WIJK, ASK, LABEL, ANSWER, KEY = "A", "B", "C", "D", "E"
WIDTHS = {WIJK: 24, ASK: 70, LABEL: 30, ANSWER: 30, KEY: 2}
STAMP_CELL, SEAL_CELL = "E1", "E2"
HEADER_ROW, FIRST_ROW = 4, 5
LISTS = "lists"
TEXT, NUMBER = "text", "number"
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WorkbookRow:
    """One cell to fill in.

    Parameters
    ----------
    sheet : Sheet
        Number, wijk and phase.
    path, name : str
        Of the question, and of the field of its screen.
    ask, label : str
        What stands beside the cell.
    kind : str
        ``text`` or ``number``; of a choice neither.
    options : list of (str, str)
        What can be chosen: keys and words.
    most : int
        The highest number.
    """

    sheet: Sheet
    path: str
    name: str
    ask: str
    label: str
    kind: str = ""
    options: Options = ()
    most: int = 0

    @property
    def key(self) -> str:
        """What the hidden column says."""
        return f"{self.path}.{self.name}"


def rows(
    evening: Evening, person: Person, phase: Phase, wijken: Sequence[str] | None = None
) -> list[WorkbookRow]:
    """Return the cells to fill in, in the order of the workbook.

    Parameters
    ----------
    evening : Evening
        The round.
    person : Person
        Who fills it in.
    phase : Phase
        One of :data:`risicomodel.participation.review.sheets.PHASES`.
    wijken : sequence of str, optional
        Codes; without these, the wijken that there are sheets of by now.
    """
    codes = sheets.wijken_of(evening, phase) if wijken is None else wijken
    wording, role = Wording(evening), evening.form.roles[person.role]
    return [
        row
        for code in codes
        for question in sheets.asked_on(evening, Sheet(person, code, phase))
        for row in _rows_of(
            wording.part(question, role), Sheet(person, code, phase), wording,
            evening.place.domains.get(question.domain, evening.form.coins),
        )
    ]  # fmt: skip


def _rows_of(part: SheetPart, sheet: Sheet, wording: Wording, most: int) -> list[WorkbookRow]:
    text = wording.words.text

    def row(name: str, label: str = "", **more: object) -> WorkbookRow:
        return WorkbookRow(sheet, part.path, name, ask, label or part.label, **more)  # type: ignore[arg-type]

    ask = part.ask
    if part.kind == "range":
        limits = [
            row(name, text(f"need.{name}"), kind=NUMBER, most=most)
            for name in ("low", "high", "best")
        ]
        unsure = (("1", text("need.yes")),)
        return [
            *limits,
            row("sure", text("need.sure"), options=tuple(part.options)),
            row("unknown", text("need.unknown"), options=unsure),
        ]
    if part.kind == "coins":
        return [row(f"coins_{key}", name, kind=NUMBER, most=most) for key, name in part.options]
    if part.kind == "choice":
        return [row("value", options=tuple(part.options))]
    return [row("value", kind=part.kind, most=100)]


def stamp(evening: Evening, number: str, phase: str) -> str:
    """Return what the workbook says of itself: round, form, number and phase."""
    made = evening.round
    return "|".join((KIND, made.round_id, made.form_version, made.form_sha256[:12], number, phase))


def seal(evening: Evening, stamped: str, keys: list[str]) -> str:
    """Return the mark over stamp and keys, that only the round can make."""
    message = "\n".join((stamped, *keys)).encode()
    return hmac.new(evening.key.encode(), b"workbook/" + message, hashlib.sha256).hexdigest()


def write(path: Path, evening: Evening, person: Person, phase: Phase) -> None:
    """Write the workbook of one person.

    Parameters
    ----------
    path : Path
        Of the workbook.
    evening : Evening
        The round.
    person : Person
        Who fills it in.
    phase : Phase
        One of :data:`risicomodel.participation.review.sheets.PHASES`.
    """
    from openpyxl import Workbook
    from openpyxl.workbook.protection import WorkbookProtection

    book, to_fill = Workbook(), rows(evening, person, phase)
    page = book.active
    if page is None:
        raise TypeError("a new workbook has no page")
    text = Wording(evening).words.text
    page.title = "".join(c for c in text(f"phase.{phase}") if c not in r"[]:*?/\\")[:31]
    stamped = stamp(evening, person.number, str(phase))
    lines = (
        text("form.title", gemeente=evening.round.gm_name, phase=text(f"phase.{phase}")),
        f"{text('form.number', number=person.number)}. {text('book.how')}",
        text(f"form.{phase}"),
    )
    for place, line in enumerate(lines, start=1):
        _put(page[f"{WIJK}{place}"], line, bold=place == 1)
    for column, key in ((WIJK, "wijk"), (ASK, "ask"), (LABEL, "label"), (ANSWER, "answer")):
        _put(page[f"{column}{HEADER_ROW}"], text(f"book.{key}"), bold=True)
    _put(page[STAMP_CELL], stamped)
    _put(page[SEAL_CELL], seal(evening, stamped, [row.key for row in to_fill]))
    lists = _lists(book.create_sheet(LISTS), to_fill)
    for place, row in enumerate(to_fill, start=FIRST_ROW):
        _write_row(page, place, row, evening.round.wijken[row.sheet.wijk_code], lists)
    for column, width in WIDTHS.items():
        page.column_dimensions[column].width = width
    page.column_dimensions[KEY].hidden = True
    page.freeze_panes = f"A{FIRST_ROW}"
    for one in book.worksheets:
        one.protection.sheet = True
    book[LISTS].sheet_state = "hidden"
    book.security = WorkbookProtection(lockStructure=True)
    with storage.atomic(path) as partial:
        book.save(partial)


def _put(cell: Cell, text: str, *, bold: bool = False) -> None:
    """Write a text: one that begins as a formula is a text too."""
    from openpyxl.styles import Alignment, Font

    cell.value = text
    cell.data_type = "s"
    cell.alignment = Alignment(wrap_text=cell.row >= HEADER_ROW, vertical="top")
    if bold:
        cell.font = Font(bold=True)


def _lists(page: Worksheet, to_fill: list[WorkbookRow]) -> dict[Options, str]:
    """Write what can be chosen, a column per list; return where each stands."""
    from openpyxl.utils import get_column_letter

    out = dict[Options, str]()
    for options in dict.fromkeys(row.options for row in to_fill if row.options):
        column = get_column_letter(len(out) + 1)
        for place, (_, label) in enumerate(options, start=1):
            _put(page[f"{column}{place}"], label)
        out[options] = f"{LISTS}!${column}$1:${column}${len(options)}"
    return out


def _write_row(
    page: Worksheet, place: int, row: WorkbookRow, wijk: str, lists: dict[Options, str]
) -> None:
    from openpyxl.styles import Border, PatternFill, Protection, Side
    from openpyxl.worksheet.datavalidation import DataValidation

    texts = {WIJK: wijk, ASK: row.ask, LABEL: row.label, KEY: row.key}
    for column, text in texts.items():
        _put(page[f"{column}{place}"], text)
    cell = page[f"{ANSWER}{place}"]
    cell.protection = Protection(locked=False)
    cell.fill = PatternFill("solid", fgColor="FFF4CE")
    side = Side(style="thin")
    cell.border = Border(left=side, right=side, top=side, bottom=side)
    if row.options:
        rule = DataValidation(type="list", formula1=lists[row.options], allow_blank=True)
    elif row.kind == TEXT:
        rule = DataValidation(
            type="textLength", operator="lessThanOrEqual", formula1=str(MAX_TEXT), allow_blank=True
        )
    else:
        rule = DataValidation(
            type="whole" if row.name.startswith("coins_") else "decimal",
            operator="between", formula1="0", formula2=str(row.most), allow_blank=True,
        )  # fmt: skip
    rule.showErrorMessage = True
    rule.add(cell)
    page.add_data_validation(rule)
