"""Finished runs as others read them: their record, and their tables as declared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import levels
from risicomodel.core.errors import ConfigError, ContractError
from risicomodel.runs import contract
from risicomodel.runs.folder import RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from risicomodel.core.levels import Level
    from risicomodel.runs.contract import Table


@dataclass(frozen=True)
class FinishedRun:
    """A complete run, made under the contract that is read by; :func:`finished` opens it.

    Parameters
    ----------
    folder : Path
        Where it is.
    record : dict
        Its ``run.json``.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def level(self) -> Level:
        """The level of its areas: its tables are written under that level's names."""
        return levels.get(self.record["configuration"].get("level", levels.WIJK.name))

    def has(self, table: Table) -> bool:
        """Tell whether the run left a table."""
        return (self.folder / table.file).is_file()

    def read(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        filters: list[tuple[str, str, Any]] | None = None,
    ) -> pd.DataFrame:
        """Return one of the run's tables; areas go by the names of wijken, whatever the level.

        Parameters
        ----------
        table : Table
            Its contract.
        columns : sequence of str, optional
            Only these columns.
        filters : list of tuple, optional
            Only the rows with ``(column, comparison, value)``; of Parquet.

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
        # of text that looks like a number, or a code with a leading zero, CSV knows nothing
        declared = table.at(self.level).columns_of(names)
        types = {name: column.dtype for name, column in declared.items()}
        return self.level.inside(pd.read_csv(path, dtype=types, usecols=chosen))

    def require(self, *tables: Table) -> None:
        """Raise where the run lacks any of these tables.

        Raises
        ------
        ConfigError
            Naming all that it lacks, and the commands that write them.
        """
        lacking = [table for table in tables if not self.has(table)]
        if lacking:
            # one command writes what is read together: of those of the table that fewest write
            names = min((table.commands for table in lacking), key=len)
            commands = " or ".join(f"'risicomodel {name}'" for name in names)
            raise ConfigError(
                f"the run in {self.folder} has no {', '.join(t.file for t in lacking)}; expected "
                f"a run of {commands}. Make one, or name another."
            )


def finished(folder: Path) -> FinishedRun:
    """Open a finished run, for reading.

    Parameters
    ----------
    folder : Path
        The run's folder.

    Raises
    ------
    ConfigError
        If there is no finished run.
    ContractError
        If it was made under another contract than this version of risicomodel reads.
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
            f"is contract {contract.VERSION}. Make it again, or read it with the version of "
            "risicomodel in its run.json."
        )
    return FinishedRun(folder, record)


def keeps_contract(record: dict[str, Any]) -> bool:
    """Tell whether a run's record says that its tables are as they are declared today."""
    return bool(record.get("contract") == contract.VERSION)


def read_record(folder: Path) -> dict[str, Any]:
    """Return a run's ``run.json``, whatever contract it was made under."""
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return record
