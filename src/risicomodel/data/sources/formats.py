"""Read one CBS file, whatever its type, as a table of trimmed text.

StatLine CSV, OData ``TypedDataSet`` (parquet, CSV or JSON) and the yearly Excel download all come
out the same: text columns, stripped, as named in the file. Numbers are made later, where a
column's meaning is known. Anything that is not whole is refused.
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

# CBS's ways of saying "no figure": empty, a lone point, and codes kept by some products
MISSING = ("", ".", "-", "x", "nan", "None", "-99995", "-99997", "-99999999")
_MISSING_NUMBERS = (-99995.0, -99997.0, -99999999.0)
_BAD_FILE = (
    "{path}: {what}; allowed is the whole file as it was published. Get the file again from where "
    "it came and put it in its place."
)


def _broken(path: Path, what: object) -> SourceError:
    return SourceError(_BAD_FILE.format(path=path.name, what=str(what).splitlines()[0].rstrip(".")))


def _read_csv(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv

    text = path.read_bytes()
    if not text.endswith(b"\n"):
        raise _broken(path, "the last line has no end: the file was cut off")
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
        raise _broken(path, "JSON without a list of rows, which OData puts under 'value'")
    return pd.DataFrame(rows)


def _read_excel(path: Path) -> pd.DataFrame:

    try:
        # CBS puts the codes' explanation in further sheets; the figures are in the first
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
    """Return a file's rows; text is trimmed, numbers that came typed stay numbers.

    Parameters
    ----------
    path : Path
        A ``.csv``, ``.parquet``, ``.json`` or ``.xlsx`` file.

    Raises
    ------
    SourceError
        If the file is of another type, cut off, or holds no rows.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SourceError(
            f"{path.name}: cannot read '{path.suffix}' files; allowed are "
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
    """Turn text as CBS writes it into floats: ``70.0``, ``70,5``, ``.``, ``-99997``, empty.

    Parameters
    ----------
    column : Series
        Text or numbers.
    where : str
        What the column is, for the error message.

    Returns
    -------
    Series of float64
        NaN where CBS gives no figure.

    Raises
    ------
    DataError
        If something is neither a number nor a way of saying "no figure".
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
            f"{_examples(column[wrong])}. Allowed are numbers, an empty cell or '.'; correct the "
            "file."
        )
    return numbers.mask(numbers.isin(_MISSING_NUMBERS))


def _examples(values: Iterable[object], most: int = 3) -> str:
    return ", ".join(f"'{value}'" for value in list(dict.fromkeys(values))[:most])
