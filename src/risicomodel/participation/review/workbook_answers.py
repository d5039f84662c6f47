"""Workbooks that come back: by the same door as other answers, all that is wrong by its cell."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from risicomodel.core.errors import DataError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import sheets, workbook, workbook_border
from risicomodel.participation.review.answers import WORKBOOK
from risicomodel.participation.review.sheets import PHASES, Sheet, Typed
from risicomodel.participation.review.wording import Wording

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.store import Person
    from risicomodel.participation.review.workbook import WorkbookRow
    from risicomodel.participation.review.workbook_border import FilledCell

OF_FIELD = {
    "number_low": "low",
    "number_high": "high",
    "number_best": "best",
    "choose_sure": "sure",
}
STAMPED = 6  # parts of a stamp


@dataclass(frozen=True)
class FilledWorkbook:
    """A workbook that was read and is well.

    Parameters
    ----------
    person : Person
        Whose it is.
    phase : Phase
        For which step.
    filled : dict of Sheet to dict
        Per wijk, fields as a sheet of paper has them.
    left_out : list of str
        Names of wijken that it has answers on and that are not asked about now: it was made
        before these were chosen.
    """

    person: Person
    phase: Phase
    filled: dict[Sheet, dict[str, str]]
    left_out: list[str] = field(default_factory=list)


def opened(evening: Evening, path: Path) -> FilledWorkbook:
    """Return what a workbook says.

    Parameters
    ----------
    evening : Evening
        The round.
    path : Path
        Of the workbook.

    Raises
    ------
    DataError
        With all that is wrong, each with the address of its cell.
    """
    cells = workbook_border.cells(path)
    person, phase, wrong = _stamped(evening, cells)
    if person is None or phase is None:
        raise _refused(path, wrong)
    expected = workbook.rows(evening, person, phase, _wijken_in(evening, cells, phase))
    violations = _violations_of_keys(evening, cells, expected)
    fields, left_out = dict[str, dict[str, str]](), list[str]()
    now = sheets.wijken_of(evening, phase)
    for place, row in enumerate(expected, start=workbook.FIRST_ROW):
        address, code = f"{workbook.ANSWER}{place}", row.sheet.wijk_code
        if code not in now:
            left_out += [evening.round.wijken[code]] * (address in cells)
            continue
        text, fault = _field(cells.get(address), row)
        if fault:
            violations.append(f"{address}: {fault}")
        fields.setdefault(code, {})[row.key] = text
    by_sheet = {Sheet(person, code, phase): sent for code, sent in fields.items()}
    faulty = {violation.partition(":")[0] for violation in violations}
    for sheet, sent in by_sheet.items():
        of_sheet = _violations_of_sheet(evening, sheet, sent, expected)
        violations += [f"{address}: {text}" for address, text in of_sheet if address not in faulty]
    if violations:
        raise _refused(path, violations)
    return FilledWorkbook(person, phase, by_sheet, list(dict.fromkeys(left_out)))


def _wijken_in(evening: Evening, cells: dict[str, FilledCell], phase: Phase) -> list[str]:
    """Return the wijken that the keys name; the seal shows whether these were changed."""
    keys = [
        str(cell.value)
        for address, cell in sorted(cells.items(), key=lambda one: (len(one[0]), one[0]))
        if re.fullmatch(rf"{workbook.KEY}\d+", address)
    ]
    named = [code for key in keys for code in re.findall(r"[^/.]+/([^/.]+)", key)[:1]]
    return [
        code for code in dict.fromkeys(named) if code in evening.round.wijken
    ] or sheets.wijken_of(evening, phase)


def take_in(evening: Evening, filled: FilledWorkbook, *, replaces: bool = False) -> Typed:
    """Keep the answers of a workbook: all of them, or nothing.

    Parameters
    ----------
    evening : Evening
        The round.
    filled : FilledWorkbook
        From :func:`opened`.
    replaces : bool
        Whether it stands in place of what this person answered before.

    Returns
    -------
    Typed
        Of all wijken together.
    """
    return sheets.type_in_all(evening, filled.filled, replaces=replaces, channel=WORKBOOK)


def _refused(path: Path, violations: list[str]) -> DataError:
    return DataError(
        f"{path.name}: nothing was kept; expected the workbook of this round with answers filled "
        "in. Correct:",
        violations,
    )


def _stamped(
    evening: Evening, cells: dict[str, FilledCell]
) -> tuple[Person | None, Phase | None, list[str]]:
    """Return whose workbook of this round it is and for which step; or why it is not."""
    cell = workbook.STAMP_CELL
    said = str(cells[cell].value) if cell in cells else ""
    parts = said.split("|")
    if len(parts) != STAMPED or parts[0] != workbook.KIND:
        return None, None, [f"{cell}: this is not what 'review workbook' wrote there"]
    made, out = evening.round, []
    if parts[1] != made.round_id:
        out.append(f"{cell}: it is of round '{parts[1][:20]}'; expected '{made.round_id}'")
    elif parts[2:4] != [made.form_version, made.form_sha256[:12]]:
        out.append(f"{cell}: it is of another form; expected version {made.form_version}")
    person = evening.store.person(parts[4])
    phase = Phase(parts[5]) if parts[5] in set(PHASES) else None
    if person is None or phase is None:
        out.append(f"{cell}: it names no number and step of this round")
    elif phase.place > evening.store.phase().place:
        now = evening.store.phase()
        out.append(f"{cell}: it is for '{phase}', and the round is in '{now}'; take it in then")
    return (None, None, out) if out else (person, phase, [])


def _violations_of_keys(
    evening: Evening, cells: dict[str, FilledCell], expected: list[WorkbookRow]
) -> list[str]:
    """Return where locked cells were changed, or something stands that does not belong."""
    out = []
    for place, row in enumerate(expected, start=workbook.FIRST_ROW):
        address = f"{workbook.KEY}{place}"
        if address not in cells or cells[address].value != row.key:
            out.append(f"{address}: the key of this question was changed")
    stamped = str(cells[workbook.STAMP_CELL].value)
    mark = workbook.seal(evening, stamped, [row.key for row in expected])
    said = cells.get(workbook.SEAL_CELL)
    if said is None or said.value != mark:
        out.append(f"{workbook.SEAL_CELL}: number, round or keys were changed")
    last = workbook.FIRST_ROW + len(expected) - 1
    for address, cell in cells.items():
        column, place = re.sub(r"\d", "", address), int(re.sub(r"\D", "", address))
        if place > last or column > workbook.KEY or len(column) > 1:
            out.append(f"{address}: there is no question here; leave it empty")
        elif cell.is_formula and column != workbook.ANSWER:
            out.append(f"{address}: a formula; expected what was there")
    return out


def _field(cell: FilledCell | None, row: WorkbookRow) -> tuple[str, str]:
    """Return what a cell says as a field of a screen, and what is wrong with it."""
    if cell is None:
        return "", ""
    value = cell.value
    if cell.is_formula:
        return "", "a formula; expected an answer"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return "", f"a {type(value).__name__}; expected a text or a number"
    text = value.strip() if isinstance(value, str) else f"{value:.10g}"
    if not row.options:
        return text, ""
    by_word = {word.casefold(): key for key, word in row.options}
    by_word |= {key.casefold(): key for key, _ in row.options}
    if text and text.casefold() not in by_word:
        words = ", ".join(word for _, word in row.options)
        return "", f"'{text[:30]}'; expected one of {words}"
    return by_word.get(text.casefold(), ""), ""


def _violations_of_sheet(
    evening: Evening, sheet: Sheet, sent: dict[str, str], expected: list[WorkbookRow]
) -> list[tuple[str, str]]:
    words = Wording(evening).words
    addresses = {
        row.key: f"{workbook.ANSWER}{place}"
        for place, row in enumerate(expected, start=workbook.FIRST_ROW)
    }
    first = dict[str, str]()
    for row in expected:
        first.setdefault(row.path, addresses[row.key])
    out = []
    for question, key in sheets.violations(evening, sheet, sent):
        named = addresses.get(f"{question.path}.{OF_FIELD.get(key, '')}", first[question.path])
        out.append((named, words.text(f"error.{key}")))
    return out
