"""Reads finished runs: their record, and their tables as the contract declares them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import levels
from risicomodel.core.errors import ConfigError, ContractError
from risicomodel.runs import contract
from risicomodel.runs.contract import RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from risicomodel.core.levels import Level
    from risicomodel.runs.contract import Table


@dataclass(frozen=True)
class FinishedRun:
    """A complete run that keeps the present contract; :func:`finished` opens it.

    Parameters
    ----------
    folder : Path
        Its folder.
    record : dict of str to object
        Its ``run.json``.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def level(self) -> Level:
        """The level of its areas, whose names its tables use."""
        return levels.get(self.record["configuration"].get("level", levels.WIJK.name))

    def has(self, table: Table) -> bool:
        """Return whether the run has a table.

        Parameters
        ----------
        table : Table
            Its contract.

        Returns
        -------
        bool
        """
        return (self.folder / table.file).is_file()

    def read(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        filters: list[tuple[str, str, Any]] | None = None,
    ) -> pd.DataFrame:
        """Read one of the run's tables.

        Parameters
        ----------
        table : Table
            Its contract.
        columns : sequence of str, optional
            Which columns to read; by default all.
        filters : list of tuple, optional
            Which rows to read: ``(column, comparison, value)``, for Parquet files only.

        Returns
        -------
        DataFrame
            Areas have the names of wijken, whatever the level.

        Raises
        ------
        ConfigError
            If the run has no such table.
        """
        self.require(table)
        path = self.folder / table.file
        chosen = None if columns is None else [self.level.column(name) for name in columns]
        if path.suffix == ".parquet":
            written = pd.read_parquet(path, columns=chosen, filters=filters)
            return self.level.inside(written)
        names = list(pd.read_csv(path, nrows=0).columns)
        # CSV does not say whether digits are a number or a code with leading zeros
        declared = table.at(self.level).columns_of(names)
        types = {name: column.dtype for name, column in declared.items()}
        return self.level.inside(pd.read_csv(path, dtype=types, usecols=chosen))

    def require(self, *tables: Table) -> None:
        """Check that the run has tables.

        Parameters
        ----------
        *tables : Table
            Their contracts.

        Raises
        ------
        ConfigError
            If it lacks any, with the commands that write them.
        """
        lacking = [table for table in tables if not self.has(table)]
        if lacking:
            # one command writes all that is read together: one of the rarest table's
            names = min((table.commands for table in lacking), key=len)
            commands = " or ".join(f"'risicomodel {name}'" for name in names)
            raise ConfigError(
                f"the run in {self.folder} has no {', '.join(t.file for t in lacking)}; expected "
                f"a run of {commands}. Make one, or name another."
            )


def finished(folder: Path) -> FinishedRun:
    """Open a finished run.

    Parameters
    ----------
    folder : Path
        Its folder.

    Returns
    -------
    FinishedRun

    Raises
    ------
    ConfigError
        If the folder does not hold a finished run.
    ContractError
        If it keeps another contract than this version of risicomodel reads.
    """
    if not (folder / RECORD).is_file():
        raise ConfigError(
            f"{folder} is not a finished run ({RECORD} is not in it); expected the folder of "
            "one. Make one with 'risicomodel run', or name another."
        )
    record = read_record(folder)
    if not keeps_contract(record):
        version = record.get("contract", "none, for it is older than contracts")
        raise ContractError(
            f"the run in {folder} was made under another contract of tables ({version}); expected "
            f"contract {contract.VERSION}. Make it again, or read it with the version of "
            "risicomodel in its run.json."
        )
    return FinishedRun(folder, record)


def keeps_contract(record: dict[str, Any]) -> bool:
    """Return whether a run keeps the present contract.

    Parameters
    ----------
    record : dict of str to object
        Its ``run.json``.

    Returns
    -------
    bool

    Examples
    --------
    >>> keeps_contract({"contract": contract.VERSION}), keeps_contract({})
    (True, False)
    """
    return bool(record.get("contract") == contract.VERSION)


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a run, whatever contract it keeps.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Returns
    -------
    dict of str to object
        Its ``run.json``.
    """
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return record
