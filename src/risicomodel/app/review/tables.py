"""The tables of a round on disk: each held to its contract, as CSV files and one workbook.

What could give someone away lies in a folder of its own, and is in no workbook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import spreadsheets, storage
from risicomodel.publishing.presentation.language import Words
from risicomodel.runs.contract import NOT_FOR_PRINT, ROUND_TABLES, check

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.participation.review.evening import Evening

WORKBOOK = "tables.xlsx"
PRIVATE = "not_for_print"
TEXTS = "review_tables_"
LEAST_WIDTH, MOST_WIDTH, ROOM = 8, 60, 2  # of a column, in characters


def write(evening: Evening, folder: Path) -> None:
    """Write every table of a round.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.
    folder : Path
        An empty folder.

    Raises
    ------
    ContractError
        A table is not as it is declared.
    ConfigError
        Before the reveal.
    """
    from risicomodel.participation.review.tables import of_round

    made = of_round(evening)
    (folder / PRIVATE).mkdir(mode=0o700)
    for name in (one for one in NOT_FOR_PRINT if one in made):
        table = declared(name, made.pop(name))
        storage.write_table(
            folder / PRIVATE / ROUND_TABLES[name].file, spreadsheets.harmless(table)
        )
    write_published(made, folder, evening.round.language)


def write_published(
    made: dict[str, pd.DataFrame], folder: Path, language: str
) -> dict[str, pd.DataFrame]:
    """Write tables that may be published, as CSV files and as one workbook.

    Parameters
    ----------
    made : dict of str to DataFrame
        By the name of their declaration.
    folder : Path
        Where to.
    language : {"nl", "en"}
        Of the workbook's headings.

    Returns
    -------
    dict of str to DataFrame
        The tables as they are written, in the order of their declarations.

    Raises
    ------
    ContractError
        A table is not as it is declared.
    """
    checked = {name: declared(name, made[name]) for name in ROUND_TABLES if name in made}
    for name, table in checked.items():
        storage.write_table(folder / ROUND_TABLES[name].file, spreadsheets.harmless(table))
    write_workbook(checked, language, folder / WORKBOOK)
    return checked


def declared(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in the order of its declaration, checked.

    Raises
    ------
    ContractError
        It is not as it is declared.
    """
    contract = ROUND_TABLES[name]
    check(contract, table)
    return table[[column.name for column in contract.columns]]


def write_workbook(tables: dict[str, pd.DataFrame], language: str, path: Path) -> None:
    """Write a workbook with a sheet per table, headed in a language; every text stays a text.

    Parameters
    ----------
    tables : dict of str to DataFrame
        By the name of their declaration.
    language : {"nl", "en"}
        Of the headings.
    path : Path
        The file.
    """
    from openpyxl import Workbook

    words = Words(language, {}, TEXTS)
    book = Workbook(write_only=True)
    about = book.create_sheet(words.text("about.sheet"))
    about.column_dimensions["A"].width = MOST_WIDTH
    for line in ("about.what", "about.few", "about.equal"):
        about.append([words.text(line)])
    for name, table in tables.items():
        sheet = book.create_sheet(words.text(f"sheet.{name}"))
        headings = [words.text(f"column.{column}") for column in table.columns]
        rows = [[_plain(cell) for cell in row] for row in table.astype("object").to_numpy()]
        _fill(sheet, headings, rows)
    with storage.atomic(path) as partial:
        book.save(partial)


def _fill(sheet: Any, headings: list[str], rows: list[list[Any]]) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for place in range(len(headings)):
        longest = max(len(str(row[place])) for row in [headings, *rows])
        width = min(max(longest + ROOM, LEAST_WIDTH), MOST_WIDTH)
        sheet.column_dimensions[get_column_letter(place + 1)].width = width
    sheet.append([_cell(sheet, heading, Font(bold=True)) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, cell) if isinstance(cell, str) else cell for cell in row])


def _cell(sheet: Any, text: str, font: Any = None) -> Any:
    """Return a cell with a text, which stays one when a person goes over it."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    if spreadsheets.is_formula(text):
        cell.quotePrefix = True
    if font is not None:
        cell.font = font
    return cell


def _plain(cell: Any) -> Any:
    """Return a value as a workbook takes it: nothing for what is empty."""
    if pd.isna(cell):
        return None
    return cell.item() if hasattr(cell, "item") else cell
