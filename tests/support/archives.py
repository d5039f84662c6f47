"""An archive of CBS tables to spoil, and tasks that are to fail on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import paths
from support.running import OFF, Done, cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[pd.DataFrame], pd.DataFrame]


JEUGD, WMO, KWB = "84316NED.csv", "84752NED.csv", "84286NED_TypedDataSet.parquet"
CLIENTS, CODE = "TotaalJongerenMetJeugdzorgInNatura_1", "Codering_24"


def attempt(task: str, *words: str | Path, at: Path) -> Done:
    """Run a task that is to fail and check that nothing of it is left."""
    results = at / "results"
    before = set(results.rglob("*"))
    done = cli(task, *words, *OFF, f"run.dir={results / 'run'}")
    assert done.status == 0 or set(results.rglob("*")) == before
    assert not list(results.glob(".*"))
    assert not list(paths.home().rglob("*.partial"))
    return done


def read(folder: Path, *words: str, task: str = "data") -> Done:
    return attempt(task, "data=archive", f"data.dir={folder}", *words, at=folder.parent)


def edit(path: Path, change: Edit) -> None:
    if path.suffix == ".parquet":
        change(pd.read_parquet(path)).to_parquet(path)
        return
    table = pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")
    table = change(table)
    table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n")


def wijken(table: pd.DataFrame) -> pd.Series:
    """Tell which rows are a wijk's total of the year."""
    return (
        table[CODE].str.startswith("WK")
        & (table["Perioden"] == "2018")
        & table["VormenVanJeugdzorg"].str.startswith("Totaal")
    )


def with_clients(value: str, rows: int | None = None) -> Edit:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[table.index[wijken(table)][:rows], CLIENTS] = value
        return table

    return change
