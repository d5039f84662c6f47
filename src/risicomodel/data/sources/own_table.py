"""A gemeente's own figures, joined to CBS features by wijk and year.

Name: whatever the gemeente calls it. Licence: its own; nothing of it is published by us. The file
(CSV, XLSX or parquet) is mapped in configuration:

    data:
      own:
        path: clienten_2023.xlsx
        columns: {wijk_code: Wijkcode, year: Jaar, jeugd: "Aantal jongeren"}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from risicomodel.core import storage
from risicomodel.core.errors import ConfigError, DataError, SourceError, suggest
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.domains import clients_column, status_column
from risicomodel.data.sources import formats, layout
from risicomodel.data.sources.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level

KEY = (AREA, "year")


@dataclass
class OwnTable:
    """Which file, and which of its columns is what.

    Parameters
    ----------
    path : str or None
        The file; None for no own figures.
    columns : dict of str to str
        ``wijk_code`` (or ``buurt_code``) and ``year``, and a domain's name → the column with its
        clients (persons).
    licence : str
        How the figures may be used; goes into ``run.json``.
    """

    SUBJECT: ClassVar[str] = "own"

    path: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    licence: str = "internal"


def read(
    own: OwnTable, domain_names: list[str], level: Level = WIJK
) -> tuple[pd.DataFrame, Provenance]:
    """Read a gemeente's own figures.

    Returns
    -------
    DataFrame
        ``wijk_code``, ``year`` and one column of clients (persons) per mapped domain.
    Provenance
        What was read.

    Raises
    ------
    ConfigError
        If the mapping lacks the key or names columns that the file does not have.
    SourceError, DataError
        If the file cannot be read, or a code, year or count cannot be right.
    """
    path = Path(str(own.path)).expanduser()
    if not path.is_file():
        raise SourceError(
            f"no own table at {path}; set data.own.path to a {', '.join(formats.READERS)} file."
        )
    raw = formats.read_file(path)
    _check_mapping(own.columns, list(raw.columns), [level.key, "year", *domain_names], path.name)
    table = raw[list(own.columns.values())].set_axis(list(own.columns), axis="columns")
    table = _checked(table.rename(columns={level.key: AREA}), path.name, level)
    years = f"{table['year'].min()}–{table['year'].max()}"
    record = Provenance(
        "table",
        OwnTable.SUBJECT,
        path.stem,
        years,
        path.name,
        storage.sha256_file(path),
        len(table),
        licence=own.licence,
    )
    return table, record


def _check_mapping(
    columns: Mapping[str, str], found: list[str], allowed: list[str], file: str
) -> None:
    key, domain_names = allowed[: len(KEY)], allowed[len(KEY) :]
    wrong = [f"'{name}' is not mapped" for name in key if name not in columns]
    wrong += [
        f"'{name}' is neither a key nor a chosen domain{suggest(name, allowed)}"
        for name in columns
        if name not in allowed
    ]
    wrong += [
        f"{name}: the file has no column '{column}'{suggest(column, found)}"
        for name, column in columns.items()
        if column not in found
    ]
    if not set(columns) & set(domain_names):
        wrong.append(f"no domain is mapped; chosen are {', '.join(domain_names)}")
    if wrong:
        raise ConfigError(
            f"data.own.columns does not fit {file}, whose columns are "
            f"{', '.join(map(repr, found[:8]))}; map {', '.join(allowed)} to them:",
            wrong,
        )


def _checked(table: pd.DataFrame, file: str, level: Level) -> pd.DataFrame:

    out = table.copy()
    out[AREA] = out[AREA].astype("str")
    layout.check_codes(out[AREA], where=file)
    for name in out.columns.drop(AREA):
        out[name] = formats.to_number(out[name], where=f"{file}, column '{name}'")
    wrong = []
    if out["year"].isna().any() or (out["year"] % 1 != 0).any():
        wrong.append("years must be whole numbers, one in every row")
    twice = out.duplicated(list(KEY))
    if twice.any():
        example = out.loc[twice, AREA].iloc[0]
        wrong.append(f"{int(twice.sum())} {level.name}-years occur twice, for example {example}")
    counts = out[out.columns.drop(list(KEY))].to_numpy(dtype="float64")
    counts = counts[~np.isnan(counts)]
    if negative := int((counts < 0).sum()):
        wrong.append(f"{negative} counts are negative")
    parts = counts[counts % 1 != 0]
    if len(parts):  # 1.234 may have meant a thousand
        wrong.append(f"{len(parts)} counts are no whole numbers, for example {parts[0]:g}")
    if wrong:
        raise DataError(
            f"{file} cannot be joined; allowed is one row per {level.name} and year with "
            "counts of 0 and up. Correct the file:",
            wrong,
        )
    return out.astype({"year": "int64"})


def join(wijken: pd.DataFrame, table: pd.DataFrame, file: str, level: Level = WIJK) -> pd.DataFrame:
    """Put own figures into the panel, in place of what CBS published for those areas and years.

    Raises
    ------
    DataError
        If a row has no wijk-year with features to stand beside.
    """
    keys = list(KEY)
    known = table.merge(wijken[keys], on=keys, how="left", indicator=True)
    lost = known[known["_merge"] == "left_only"]
    if len(lost):
        years = sorted(set(lost["year"]) - set(wijken["year"]))
        why = f"; years without features: {', '.join(map(str, years))}" if years else ""
        first = lost.iloc[0]
        raise DataError(
            f"{file}: {len(lost)} rows have no CBS features for their {level.name} and year, for "
            f"example {first[AREA]} in {first['year']}{why}. Allowed are {level.plural} and years "
            f"of the panel ({wijken['year'].min()}–{wijken['year'].max()}); add the KWB table of "
            "that year, or leave the rows out."
        )
    out = wijken.copy()
    merged = wijken[keys].merge(table, on=keys, how="left").set_index(wijken.index)
    for name in table.columns.drop(keys):
        given = merged[name].notna()
        out[clients_column(name)] = merged[name].where(given, wijken[clients_column(name)])
        out[status_column(name)] = wijken[status_column(name)].mask(given, "observed")
    return out
