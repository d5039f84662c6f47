"""Readers of CBS files of every type, which all give a table of trimmed text.

StatLine CSV, OData ``TypedDataSet`` (parquet, CSV or JSON) and the yearly Excel download give the
same: the columns as the file names them. Text becomes numbers later, where the meaning of a column
is known. A file that is not complete is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import pandas as pd

from risicomodel.core.errors import DataError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

# how CBS writes "no figure": empty, a lone point, and codes in some products
MISSING = ("", ".", "-", "x", "nan", "None", "-99995", "-99997", "-99999999")
_MISSING_NUMBERS = (-99995.0, -99997.0, -99999999.0)
_BAD_FILE = (
    "{path}: {what}; expected the complete file as it was published. Download it again and replace "
    "it."
)


def _broken(path: Path, what: object) -> SourceError:
    return SourceError(_BAD_FILE.format(path=path.name, what=str(what).splitlines()[0].rstrip(".")))


def _read_csv(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    text = path.read_bytes()
    if not text.endswith(b"\n"):
        raise _broken(path, "the last line has no end: the file is truncated")
    try:
        header = text[: text.find(b"\n")].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _broken(path, "the header is not UTF-8 ('CSV UTF-8' when saving in Excel)") from error
    separator = max(";,\t", key=header.count)
    names = [name.strip().strip('"') for name in header.strip().split(separator)]
    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            parse_options=csv.ParseOptions(delimiter=separator),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise _broken(path, error) from error
    return table.to_pandas()  # type: ignore[no-any-return]


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return pd.read_parquet(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(path, error) from error


def _read_json(path: Path) -> pd.DataFrame:

    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise _broken(path, f"not whole JSON ({error})") from error
    rows = content.get("value") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _broken(path, "JSON without a list of rows under 'value'")
    return pd.DataFrame(rows)


def _read_excel(path: Path) -> pd.DataFrame:

    try:
        # the figures are on the first sheet, explanations of codes on others
        return pd.read_excel(path, dtype=str, keep_default_na=False)
    except (BadZipFile, ValueError, KeyError, OSError) as error:
        raise _broken(path, error) from error


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".json": _read_json,
    ".xlsx": _read_excel,
}


def read_file(path: Path) -> pd.DataFrame:
    """Read a file.

    Parameters
    ----------
    path : Path
        A ``.csv``, ``.parquet``, ``.json`` or ``.xlsx`` file.

    Returns
    -------
    DataFrame
        Its rows; text is trimmed, and columns that are typed as numbers stay numbers.

    Raises
    ------
    SourceError
        If the file has another type, is truncated, or holds no rows.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceError(
            f"{path.name}: '{path.suffix}' files cannot be read; expected one of "
            f"{', '.join(READERS)}. Save it as one of these."
        )
    table = reader(path)
    if table.empty:
        raise _broken(path, "no rows")
    table.columns = table.columns.astype("str")
    if twice := sorted(set(table.columns[table.columns.duplicated()])):
        raise _broken(path, f"columns that occur twice: {_examples(twice)}")
    for name in table.columns:
        if not _is_number(table[name]):
            table[name] = table[name].astype("str").str.strip()
    return table


def _is_number(column: pd.Series) -> bool:

    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def to_number(column: pd.Series, *, where: str) -> pd.Series:
    """Return the numbers in a column of text as CBS writes it.

    Parameters
    ----------
    column : Series
        Text or numbers.
    where : str
        File and column, for the error message.

    Returns
    -------
    Series of float64
        NaN where CBS gives no figure.

    Raises
    ------
    DataError
        If a value is neither a number nor a way to write "no figure".

    Examples
    --------
    >>> to_number(pd.Series(["70.0", "1.070,5", ".", "-99997", ""]), where="example").to_list()
    [70.0, 1070.5, nan, nan, nan]
    """
    if _is_number(column):
        numbers = column.astype("float64")
        return numbers.mask(numbers.isin(_MISSING_NUMBERS))
    text = column.astype("str").str.strip()
    text = text.mask(text.isin(MISSING))
    comma = text.str.contains(",", na=False)
    if comma.any():
        # a decimal comma; points before it separate thousands
        decimal = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        text = text.where(~comma, decimal)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = text.notna() & numbers.isna()
    if wrong.any():
        raise DataError(
            f"{where}: {int(wrong.sum())} values are not numbers, for example "
            f"{_examples(column[wrong])}; expected numbers, empty cells or '.'. Correct the file."
        )
    return numbers.mask(numbers.isin(_MISSING_NUMBERS))


def _examples(values: Iterable[object], most: int = 3) -> str:
    return ", ".join(f"'{value}'" for value in list(dict.fromkeys(values))[:most])
