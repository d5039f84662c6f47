"""A gemeente's own figures, joined to CBS features by wijk and year.

Name: whatever the gemeente calls it. Licence: the gemeente's; none of it is published here. The
configuration says which column of the file (CSV, XLSX or parquet) holds what:

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
from risicomodel.data.domains import clients_column, own_column, status_column
from risicomodel.data.sources import formats, layout
from risicomodel.data.sources.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level

KEY = (AREA, "year")


@dataclass
class OwnTable:
    """Which file holds a gemeente's own figures, and in which columns.

    Parameters
    ----------
    path : str or None
        The file; None if there are no own figures.
    columns : dict of str to str
        The file's column by what it holds: ``wijk_code`` (or ``buurt_code``), ``year``, and for a
        domain's name its clients (persons).
    licence : str
        On what terms the figures may be used, as ``run.json`` says.
    """

    SUBJECT: ClassVar[str] = "own"

    path: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    licence: str = "internal"


def read(
    settings: OwnTable, domain_names: list[str], level: Level = WIJK
) -> tuple[pd.DataFrame, Provenance]:
    """Read a gemeente's own figures.

    Parameters
    ----------
    settings : OwnTable
        The file and its columns.
    domain_names : list of str
        The domains of the run.
    level : Level
        Whether it is by wijk or by buurt.

    Returns
    -------
    DataFrame
        ``wijk_code``, ``year`` and one column of clients (persons) per mapped domain.
    Provenance
        What was read.

    Raises
    ------
    ConfigError
        If a key is not mapped, or to a column that the file does not have.
    SourceError, DataError
        If the file cannot be read, or a code, year or count cannot be correct.
    """
    path = Path(str(settings.path)).expanduser()
    if not path.is_file():
        raise SourceError(
            f"no own table at {path}; expected a {', '.join(formats.READERS)} file. Set "
            "data.own.path to one."
        )
    raw = formats.read_file(path)
    _check_mapping(
        settings.columns, list(raw.columns), [level.key, "year", *domain_names], path.name
    )
    table = raw[list(settings.columns.values())].set_axis(list(settings.columns), axis="columns")
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
        licence=settings.licence,
    )
    return table, record


def _check_mapping(
    columns: Mapping[str, str], headers: list[str], mappable: list[str], file: str
) -> None:
    key, domain_names = mappable[: len(KEY)], mappable[len(KEY) :]
    wrong = [f"'{name}' is not mapped" for name in key if name not in columns]
    wrong += [
        f"'{name}' is neither a key nor a chosen domain{suggest(name, mappable)}"
        for name in columns
        if name not in mappable
    ]
    wrong += [
        f"{name}: the file has no column '{column}'{suggest(column, headers)}"
        for name, column in columns.items()
        if column not in headers
    ]
    if not set(columns) & set(domain_names):
        wrong.append(f"no domain is mapped; this run is about {', '.join(domain_names)}")
    if wrong:
        raise ConfigError(
            f"data.own.columns does not fit {file}, whose columns are "
            f"{', '.join(map(repr, headers[:8]))}; expected a column of it for each of "
            f"{', '.join(mappable)}. Correct the mapping:",
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
        wrong.append("a year is missing or not a whole number")
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
        wrong.append(f"{len(parts)} counts are not whole numbers, for example {parts[0]:g}")
    if wrong:
        raise DataError(
            f"{file} cannot be joined; expected one row per {level.name} and year, with whole "
            "counts of 0 or more. Correct the file:",
            wrong,
        )
    return out.astype({"year": "int64"})


def join(wijken: pd.DataFrame, table: pd.DataFrame, file: str, level: Level = WIJK) -> pd.DataFrame:
    """Put own figures into the panel, replacing what CBS published for those areas and years.

    Parameters
    ----------
    wijken : DataFrame
        The panel, a row per area and year.
    table : DataFrame
        What :func:`read` returns.
    file : str
        Its name, for the error message.
    level : Level
        Whether it is by wijk or by buurt.

    Returns
    -------
    DataFrame
        The panel with the own counts of clients, whose status is ``observed``, and a column that
        says which they are.

    Raises
    ------
    DataError
        If the panel has no row for an area and year.
    """
    keys = list(KEY)
    matched = table.merge(wijken[keys], on=keys, how="left", indicator=True)
    unmatched = matched[matched["_merge"] == "left_only"]
    if len(unmatched):
        years = sorted(set(unmatched["year"]) - set(wijken["year"]))
        why = f"; years without features: {', '.join(map(str, years))}" if years else ""
        first = unmatched.iloc[0]
        raise DataError(
            f"{file}: {len(unmatched)} rows have no CBS features for their {level.name} and year, "
            f"for example {first[AREA]} in {first['year']}{why}; expected {level.plural} and years "
            f"of the panel ({wijken['year'].min()}–{wijken['year'].max()}). Add the KWB table of "
            "that year, or leave these rows out."
        )
    out = wijken.copy()
    merged = wijken[keys].merge(table, on=keys, how="left").set_index(wijken.index)
    for name in table.columns.drop(keys):
        given = merged[name].notna()
        out[clients_column(name)] = merged[name].where(given, wijken[clients_column(name)])
        out[status_column(name)] = wijken[status_column(name)].mask(given, "observed")
        out[own_column(name)] = given
    return out
