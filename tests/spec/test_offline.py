"""Offline: what works without a network."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from risicomodel import runs
from support.country import SMALL
from support.odata_server import Row, StatLineServer, Table
from support.running import CBS_NAMES, LEARN, as_cbs, well

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from risicomodel.data.sources.archive import Archive


def csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")


def rows_of(table: pd.DataFrame) -> list[Row]:
    return [
        {key: None if value != value else value for key, value in row.items()}  # noqa: PLR0124
        for row in table.to_dict(orient="records")
    ]


def described(keys: dict[str, str], table: pd.DataFrame) -> list[Row]:
    """Return ``DataProperties``: dimensions by kind, and a topic for every other column."""
    topics = [name for name in table.columns if name not in {*keys, "ID"}]
    return [
        *({"Key": key, "Type": kind, "Title": key} for key, kind in keys.items()),
        *({"Key": key, "Type": "Topic", "Title": key} for key in topics),
    ]


def kwb_table(folder: Path, year: int) -> Table:
    table = pd.read_parquet(folder / f"DEMOKWB{year}_TypedDataSet.parquet")
    names = pd.read_parquet(folder / f"DEMOKWB{year}_WijkenEnBuurten.parquet")
    return Table(
        f"Kerncijfers {year}",
        described({"WijkenEnBuurten": "GeoDetail"}, table),
        {"WijkenEnBuurten": rows_of(names)},
        rows_of(table),
    )


def jeugd_table(folder: Path, year: int) -> Table:
    """Return the demo's StatLine file as OData has it: keys where the file has titles."""
    table = csv(folder / f"DEMOJZ{year}.csv")
    code = next(name for name in table.columns if name.startswith("Codering"))
    forms = {"T001644": "Totaal alle jeugdzorg in natura", "A1": "Jeugdhulp met verblijf"}
    halves = {f"{year}HJ01": f"1e halfjaar {year}", f"{year}HJ02": f"2e halfjaar {year}"}
    periods = {**halves, f"{year}JJ00": f"{year}"}
    areas = dict(zip(table[code], table["Wijken"], strict=True))
    for name, titles in (("VormenVanJeugdzorg", forms), ("Perioden", periods)):
        table[name] = table[name].map({title: key for key, title in titles.items()})
    table["Wijken"] = table[code]
    topics = [name for name in table.columns if table[name].str.fullmatch(r"\d+\.\d|").all()]
    table[topics] = table[topics].replace("", None).astype("float64")
    kinds = {"VormenVanJeugdzorg": "Dimension", "Wijken": "GeoDetail", "Perioden": "TimeDimension"}
    dimensions = {
        name: [{"Key": key, "Title": title} for key, title in titles.items()]
        for name, titles in (
            ("VormenVanJeugdzorg", forms),
            ("Wijken", areas),
            ("Perioden", periods),
        )
    }
    return Table(f"Jeugdzorg {year}", described(kinds, table), dimensions, rows_of(table))


@pytest.fixture
def server(small_demo: Archive) -> Iterator[StatLineServer]:
    server = StatLineServer()
    server.behaviour.page_size = 400
    for year in SMALL.years:
        kwb = CBS_NAMES[f"DEMOKWB{year}_TypedDataSet"].removesuffix("_TypedDataSet")
        server.behaviour.tables[kwb] = kwb_table(small_demo.folder, year)
        jeugd = CBS_NAMES[f"DEMOJZ{year}"]
        server.behaviour.tables[jeugd] = jeugd_table(small_demo.folder, year)
    with contextlib.closing(server):
        yield server


def test_downloaded_is_as_good_as_given(
    server: StatLineServer, small_demo: Archive, tmp_path: Path
) -> None:
    """Tables downloaded from CBS give the same results as the same tables in a folder, and once
    they are there a run needs no network.
    """
    given = as_cbs(small_demo, tmp_path / "given")
    well("train", *LEARN, "data=archive", f"data.dir={given}", f"run.dir={tmp_path / 'a'}")

    others = [f"~tables.kwb.{year}" for year in (2015, *range(2019, 2025))]
    others += [f"~tables.jeugd.{year}" for year in (2015, 2019, 2020, 2021)]
    words = (*LEARN, *others, "data=cbs", f"data.cbs.base_url={server.url}")
    words = (*words, f"data.dir={tmp_path / 'cbs'}")
    well("train", *words, f"run.dir={tmp_path / 'b'}")
    tables = [
        {path.name: pd.read_parquet(path) for path in (tmp_path / run).glob("*.parquet")}
        for run in ("a", "b")
    ]
    assert tables[0].keys() == tables[1].keys()
    for name, table in tables[0].items():
        assert_frame_equal(table, tables[1][name], obj=name)

    # nothing is asked again, and offline it goes on without the server
    asked = len(server.behaviour.asked)
    server.close()
    well("train", *words, "data.offline=true", f"run.dir={tmp_path / 'c'}")
    assert len(server.behaviour.asked) == asked
    again = pd.read_parquet(tmp_path / "c" / "predictions.parquet")
    assert_frame_equal(again, tables[1]["predictions.parquet"])
    inputs = runs.read_record(tmp_path / "c")["inputs"]
    assert {one["source"] for one in inputs} == {"cbs"}
    assert {one["licence"] for one in inputs} == {"CC BY 4.0"}
    assert all(one["url"].startswith("https://opendata.cbs.nl") for one in inputs)
