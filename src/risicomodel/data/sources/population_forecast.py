"""An official population forecast per gemeente, such as the regional one of CBS and PBL.

Name and licence: those of the file (theirs is "Bron: CBS/PBL", CC BY 4.0). Period: its years.
CSV, XLSX or parquet with ``gm_code``, ``year`` and ``aantal_inwoners``, or the five age bands of
KWB (``k_0_tot_15_jaar`` … ``k_65_jaar_of_ouder``), or both; persons.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.sources import formats
from risicomodel.data.sources.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = ["gm_code", "year"]
SUBJECT = "prognosis"


def read(path: str, counts: Sequence[str]) -> tuple[pd.DataFrame, Provenance]:
    """Read an official forecast.

    Parameters
    ----------
    path : str
        The file.
    counts : sequence of str
        Columns of persons to look for, of which the file must have at least one.

    Returns
    -------
    DataFrame
        The columns that the file has (persons), indexed by ``gm_code`` and ``year``.
    Provenance
        What was read.

    Raises
    ------
    SourceError
        If the file does not exist or lacks a column.
    DataError
        If a code, year or count cannot be correct.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise SourceError(
            f"no population forecast at {file}; expected a {', '.join(formats.READERS)} file. "
            "Correct forecast.population, or leave it out."
        )
    raw = formats.read_file(file)
    present = [column for column in counts if column in raw]
    if lacking := [c for c in KEY if c not in raw] + ([] if present else [" or ".join(counts)]):
        raise SourceError(
            f"{file.name} has the columns {', '.join(map(str, raw))}; expected "
            f"{', '.join(lacking)} too. Rename the columns."
        )
    code = raw["gm_code"].astype("str").str.strip()
    numbers = raw[["year", *present]].apply(pd.to_numeric, errors="coerce")
    wrong = [
        f"'{c}' is not the code of a gemeente" for c in code[~code.str.match(r"^GM\d{4}$")].unique()
    ]
    wrong += [
        f"{code[row]}: {column} is {raw.loc[row, column]!r}; expected a number of 0 or more"
        for column in numbers
        for row in numbers.index[~(numbers[column] >= 0)]
    ]
    table = numbers.assign(gm_code=code)
    wrong += [f"{gm} occurs twice in {year:.0f}" for gm, year in _twice(table)]
    if wrong:
        raise DataError(
            f"{file.name} is not a population forecast; expected one row per gemeente and year, "
            "with numbers of people. Correct:",
            wrong,
        )
    years = table["year"].astype("int64")
    record = Provenance(
        "table", SUBJECT, file.stem, f"{years.min()}–{years.max()}", file.name,
        storage.sha256_file(file), len(table), url="", licence="its own",
    )  # fmt: skip
    return table.assign(year=years).set_index(KEY)[present].astype("float64"), record


def _twice(table: pd.DataFrame) -> list[tuple[str, float]]:
    rows = table[table.duplicated(KEY)]
    return list(zip(rows["gm_code"], rows["year"], strict=True))
