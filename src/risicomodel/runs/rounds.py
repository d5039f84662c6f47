"""Reads what came out of a round of a review, as ``risicomodel review export`` wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import storage
from risicomodel.core.errors import ConfigError, DataError
from risicomodel.runs.contract import check
from risicomodel.runs.contract.participation_tables import (
    CONTESTED_DRIVERS,
    FIELD_ESTIMATES,
    MISSING_FACTORS,
)

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.runs.contract import Table

TABLES, PRIVATE = "tables", "not_for_print"
MAX_BYTES = 20_000_000  # of one table: a round of hundreds of people has a hundredth of it


@dataclass
class ReviewSettings:
    """The round that a run takes up.

    Parameters
    ----------
    round : str or None
        Folder of a round, or of the tables that were exported of one.
    required : bool
        Whether a run without one is a mistake.
    """

    round: str | None = None
    required: bool = False


def violations(settings: ReviewSettings) -> list[str]:
    """Return what is wrong with the settings, a line each."""
    if settings.required and not settings.round:
        return ["review.round names no round; expected its folder: 'review.round=FOLDER'"]
    return []


@dataclass(frozen=True)
class RoundTables:
    """What came out of a round, as far as experiments take it up.

    Parameters
    ----------
    folder : Path
        Of the tables.
    contested, field, missing : DataFrame
        ``contested_drivers``, ``field_estimates`` and ``missing_factors``; the last is empty where
        it was not handed over.
    hashes : dict of str to str
        SHA-256 by file.
    """

    folder: Path
    contested: pd.DataFrame
    field: pd.DataFrame
    missing: pd.DataFrame
    hashes: dict[str, str]

    def contested_drivers(self) -> pd.DataFrame:
        """Return what becomes an ablation: a row per domain and feature.

        Returns
        -------
        DataFrame
            ``domain``, ``feature``, ``n_contested`` and ``n_judged`` (wijken where five or more
            judged the cause).
        """
        judged = self.contested[self.contested["recognised"].notna()]
        grouped = judged.groupby(["domain", "feature"])["contested"]
        table = grouped.agg(n_contested="sum", n_judged="size").reset_index()
        return table[table["n_contested"] > 0].reset_index(drop=True)


def read_round(folder: Path) -> RoundTables:
    """Read the tables of a round, each held to its contract.

    Parameters
    ----------
    folder : Path
        Of the round, or of its tables.

    Returns
    -------
    RoundTables

    Raises
    ------
    ConfigError
        If there are none, or one is larger than tables of a round are.
    DataError
        If one is no table.
    ContractError
        If one is not as it is declared.
    """
    tables = folder / TABLES if (folder / TABLES).is_dir() else folder
    needed = (CONTESTED_DRIVERS, FIELD_ESTIMATES)
    lacking = [table.file for table in needed if not (tables / table.file).is_file()]
    if lacking:
        raise ConfigError(
            f"review.round is '{folder}', without {' and '.join(lacking)}; expected the folder of "
            "a round that was exported. Export it: 'risicomodel review export FOLDER'."
        )
    missing = tables / PRIVATE / MISSING_FACTORS.file
    files = [*(tables / table.file for table in needed), *([missing] if missing.is_file() else [])]
    contested, field = (_read(tables / table.file, table) for table in needed)
    texts = (
        _read(missing, MISSING_FACTORS)
        if missing.is_file()
        else pd.DataFrame(columns=[column.name for column in MISSING_FACTORS.columns])
    )
    return RoundTables(
        tables, contested, field, texts, {path.name: storage.sha256_file(path) for path in files}
    )


def _read(path: Path, table: Table) -> pd.DataFrame:
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(
            f"{path} has {path.stat().st_size:,} bytes; expected at most {MAX_BYTES:,} of a table "
            "of a round. Export the round again."
        )
    try:
        names = list(pd.read_csv(path, nrows=0).columns)
        types = {name: column.dtype for name, column in table.columns_of(names).items()}
        rows = pd.read_csv(path, dtype=types, keep_default_na=True)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as error:
        raise DataError(
            f"{path} is no table of a round ({error}); expected what 'risicomodel review export' "
            "writes. Export the round again."
        ) from error
    texts = [name for name, column in types.items() if column == "str"]
    rows[texts] = rows[texts].fillna("")
    check(table, rows)
    return rows
