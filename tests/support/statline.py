"""Small tables on a server that speaks CBS's OData, and what is downloaded from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from risicomodel.data.sources.archive import MANIFEST
from risicomodel.data.sources.statline.settings import CbsSettings, TableRequest
from support.odata_server import Behaviour, Row, StatLineServer, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JEUGD, WMO = "84615NED", "84753NED"
TOTALS = ("Totaal alle jeugdzorg in natura", "Totaal")
WANT_JEUGD = TableRequest("jeugd", 2019, JEUGD, TOTALS)
WANT_WMO = TableRequest("wmo", 2019, WMO, TOTALS)
CATALOGUE = {"jeugd": {2019: [JEUGD]}, "wmo": {2019: [WMO]}}


def region_rows(n_wijken: int) -> list[Row]:
    codes = {"NL01": "Nederland"}
    for number in range(n_wijken):
        gm = 1 + number // 10
        codes[f"GM{gm:04}"] = f"Gemeente {gm}"
        codes[f"WK{gm:04}{number % 10:02}"] = f"Wijk {number % 10:02}"
    return [
        {"Key": code.ljust(10), "Title": title, "Description": None, "Municipality": None}
        for code, title in codes.items()
    ]


def breakdown_table(
    title: str, breakdown: str, forms: dict[str, str], topic: str, n_wijken: int = 9
) -> Table:
    """Return a table of forms by area by quarters and the year, as CBS orders it."""
    periods = {"2019KW01": "1e kwartaal 2019", "2019KW02": "2e kwartaal 2019", "2019JJ00": "2019"}
    regions = region_rows(n_wijken)
    rows: list[Row] = []
    for form in forms:
        for region in regions:
            rows += [
                {
                    "ID": 0,
                    breakdown: form,
                    "Wijken": region["Key"],
                    "Perioden": period,
                    f"{topic}_1": 5 * len(rows) + place,
                    "k_0Tot4Jaar_2": None if len(rows) % 4 else 2.5,
                    "Codering_3": region["Key"],
                    "Behandelen_4": None,
                }
                for place, period in enumerate(periods)
            ]
    kinds = {breakdown: "Dimension", "Wijken": "GeoDetail", "Perioden": "TimeDimension"}
    topics = [f"{topic}_1", "k_0Tot4Jaar_2", "Codering_3", "Behandelen_4"]
    properties: list[Row] = [
        *({"Key": key, "Type": kind, "Title": key, "Unit": None} for key, kind in kinds.items()),
        {"Key": "", "Type": "TopicGroup", "Title": "Leeftijd"},
        *({"Key": key, "Type": "Topic", "Title": key, "Unit": "aantal"} for key in topics),
    ]
    dimensions = {
        breakdown: [
            {"Key": key, "Title": name, "Description": None} for key, name in forms.items()
        ],
        "Wijken": regions,
        "Perioden": [{"Key": key, "Title": name} for key, name in periods.items()],
    }
    rows = [{**row, "ID": number} for number, row in enumerate(rows)]
    return Table(title, properties, dimensions, rows)


def jeugd_table(n_wijken: int = 9) -> Table:
    forms = {
        "T001644": "Totaal alle jeugdzorg in natura",
        "A027890": "Jeugdhulp zonder verblijf",
        "A027891": "Jeugd'hulp met verblijf",
    }
    return breakdown_table(
        "Jeugdzorg 2019", "VormenVanJeugdzorg", forms, "TotaalJongeren", n_wijken
    )


def wmo_table() -> Table:
    # a total whose key does not look like one, padded and with a quote
    forms = {"1'0000 ": "Totaal", "A050252": "Ondersteuning thuis"}
    return breakdown_table("Wmo 2019", "TypeMaatwerkvoorziening", forms, "WmoClienten")


@pytest.fixture
def server() -> Iterator[StatLineServer]:
    server = StatLineServer()
    server.behaviour.tables = {JEUGD: jeugd_table(), WMO: wmo_table()}
    yield server
    server.close()


@pytest.fixture
def cbs(server: StatLineServer) -> Behaviour:
    return server.behaviour


@pytest.fixture
def settings(server: StatLineServer) -> CbsSettings:
    return CbsSettings(server.url, attempts=4, wait_seconds=0.001, timeout_seconds=20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archief"


def tables_in(folder: Path) -> set[str]:
    return {path.name.split("_")[0] for path in folder.glob("*_TypedDataSet.parquet")}


def assert_nothing_half_written(folder: Path, before: bytes | None) -> None:
    """No part of the table that failed is there, and the manifest is as it was."""
    assert tables_in(folder) == (set() if before is None else {WMO})
    assert not list(folder.glob(f"*{JEUGD}*"))
    if before is None:
        assert not (folder / MANIFEST).exists()
    else:
        assert (folder / MANIFEST).read_bytes() == before
