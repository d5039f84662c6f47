"""The border that a workbook passes to be read: bounded, without formulas, macros or entities.

Whatever comes by mail is looked at as a package before anything reads it as a workbook.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.core.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE = 1_000_000  # bytes, as it comes
MAX_UNPACKED = 10_000_000  # bytes
MAX_PARTS = 60  # of the package
MAX_PAGES = 4
MAX_ROWS, MAX_COLUMNS = 2_000, 12
NEEDED = {"[Content_Types].xml", "xl/workbook.xml"}
REFUSED = {  # beginnings of names of parts, in small letters
    "xl/vbaproject": "macros", "xl/macrosheets": "macros", "xl/dialogsheets": "dialogs",
    "xl/externallinks": "links to other files", "xl/embeddings": "other files",
    "xl/activex": "programs", "xl/ctrlprops": "programs", "xl/connections": "connections",
    "xl/querytables": "connections", "xl/model": "a data model", "customui": "programs",
}  # fmt: skip
MACROS = (b"macroenabled", b"vbaproject", b"ms-office.activex")
ENTITIES = (b"<!doctype", b"<!entity")
# names of parts, in small letters, that Excel, LibreOffice and openpyxl give; labels and properties
# are what an organisation adds. Whatever else there is, no answer is in it.
NAMES = re.compile(
    r"(\[content_types\]\.xml|(docprops|docmetadata|customxml|_rels|xl)/[\w./-]*\.(xml|rels|vml)"
    r"|_rels/\.rels|xl/printersettings/\w+\.bin|docprops/thumbnail\.\w+)"
)
XML = (".xml", ".rels", ".vml")
OTHER_ENCODING = re.compile(rb"^[^<]{0,8}<\?xml[^>]{0,200}?encoding\s*=\s*[\"'](?!utf-8[\"'])")


@dataclass(frozen=True)
class FilledCell:
    """A cell with something in it.

    Parameters
    ----------
    address : str
        As ``D7``.
    value : object
        A text, number, date or truth value.
    is_formula : bool
        Whether it is computed.
    """

    address: str
    value: Any
    is_formula: bool


def cells(path: Path) -> dict[str, FilledCell]:
    """Return the cells of the first page of a workbook, by address.

    Parameters
    ----------
    path : Path
        Of the workbook.

    Returns
    -------
    dict of str to FilledCell

    Raises
    ------
    DataError
        If it is no workbook, too large, or holds what may run.
    """
    violations = _violations_of_package(path)
    if violations:
        raise DataError(
            f"{path.name} is no workbook that can be taken in; expected the one that 'review "
            "workbook' wrote, with answers filled in. Correct:",
            violations,
        )
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, keep_links=False, rich_text=False)
        return _of_first_page(path, book.worksheets)
    except DataError:
        raise
    except Exception as error:  # a parser on what anyone may have made: whatever it raises
        problem = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise DataError(
            f"{path.name} cannot be read as a workbook ({problem}); expected the one that 'review "
            "workbook' wrote. Ask for it again."
        ) from error


def _of_first_page(path: Path, pages: list[Any]) -> dict[str, FilledCell]:
    if not 1 <= len(pages) <= MAX_PAGES:
        raise _too_large(path, f"{len(pages)} pages")
    page = pages[0]
    page.reset_dimensions()  # what a file says of its own size need not be so
    out = {}
    for place, row in enumerate(page.iter_rows(max_col=MAX_COLUMNS), start=1):
        if place > MAX_ROWS:
            raise _too_large(path, f"more than {MAX_ROWS:,} rows")
        for cell in row:
            if cell.value is not None:
                is_formula = cell.data_type == "f"
                out[cell.coordinate] = FilledCell(cell.coordinate, cell.value, is_formula)
    return out


def _too_large(path: Path, what: str) -> DataError:
    return DataError(
        f"{path.name} has {what}; expected the workbook that 'review workbook' wrote. Send that "
        "one, with answers filled in."
    )


def _violations_of_package(path: Path) -> list[str]:
    """Return what is wrong with a file before it is read as a workbook."""
    if not path.is_file():
        return ["there is no such file"]
    if path.stat().st_size > MAX_FILE:
        return [f"it has {path.stat().st_size:,} bytes; expected at most {MAX_FILE:,}"]
    if not zipfile.is_zipfile(path):
        return ["it is not in the format .xlsx"]
    try:
        with zipfile.ZipFile(path) as package:
            return _violations_of_parts(package.infolist()) or _violations_of_content(package)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, NotImplementedError):
        return ["its package is damaged"]


def _violations_of_parts(parts: list[zipfile.ZipInfo]) -> list[str]:
    unpacked = sum(part.file_size for part in parts)
    names = [part.filename.lower() for part in parts]
    out = []
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
        out.append(
            f"it unpacks to {unpacked:,} bytes in {len(parts)} parts; expected at most "
            f"{MAX_UNPACKED:,} in {MAX_PARTS}"
        )
    if len(names) != len(set(names)):
        out.append("parts of its package have the same name")
    if not {name.lower() for name in NEEDED} <= set(names):
        out.append("it is not in the format .xlsx")
    strange = sorted({name for name in names if not NAMES.fullmatch(name)})
    holds = {what for name in names for begins, what in REFUSED.items() if name.startswith(begins)}
    if strange and not holds:
        out.append(f"it holds parts that a workbook does not have, such as '{strange[0][:60]}'")
    return out + [f"it holds {what}" for what in sorted(holds)]


def _violations_of_content(package: zipfile.ZipFile) -> list[str]:
    """Return what the parts hold that a workbook of answers needs not; each is read once."""
    out = set()
    for part in package.infolist():
        with package.open(part) as stream:
            content = stream.read(MAX_UNPACKED + 1)
        small = content.lower()
        if part.filename.lower() == "[content_types].xml" and any(one in small for one in MACROS):
            out.add("it holds macros")
        if _declares(small, part.filename.lower().endswith(XML)):
            out.add(f"its part {part.filename[:60]} declares entities or another encoding")
    return sorted(out)


def _declares(content: bytes, is_xml: bool) -> bool:
    """Return whether a part declares entities, whatever its name: another part may point to it.

    Text in UTF-16 has a NUL beside every letter of a declaration; XML in UTF-8 has none at all.
    """
    bare = content.replace(b"\0", b"")
    return (
        any(one in bare for one in ENTITIES)
        or OTHER_ENCODING.match(bare) is not None
        or (is_xml and bare != content)
    )
