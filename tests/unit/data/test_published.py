"""A domain's published figure and the status of every cell: blank is never zero."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.panel import published
from risicomodel.data.sources import formats, layout
from support import fakes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from risicomodel.data.domains import Domain

AREAS = pd.DataFrame(
    {
        "wijk_code": ["WK000300", "WK000301", "WK000302", "WK011400", "WK011800", "WK018800"],
        "gm_code": ["GM0003", "GM0003", "GM0003", "GM0114", "GM0118", "GM0188"],
        "gm_name": ["Appingedam"] * 3 + ["Emmen", "Hoogeveen", "Zwolle"],
    }
)
FIGURES = [
    fakes.Figure("GM0003", "Appingedam", "Appingedam", 250.0, change=""),
    fakes.Figure("WK000300", "Wijk 00", "Appingedam", 200.0),
    fakes.Figure("WK000301", "Wijk 01", "Appingedam", None),
    # listed with its code, but without any figure
    fakes.Figure("GM0114", "Emmen", "Emmen", None, change=""),
    fakes.Figure("WK011400", "Emmen-Centrum", "Emmen", None),
    # listed by name only
    fakes.Figure("GM0118", "Hoogeveen (gemeente)", "", None, coded=False),
    fakes.Figure("WK011800", "Hoogeveen-Centrum", "", None, coded=False),
]


def read(folder: Path, wmo: Domain, rows: Sequence[fakes.Figure] = FIGURES) -> published.Figures:
    path = fakes.statline(folder / "wmo.csv", fakes.WMO, rows, 2019)
    table = layout.area_rows(
        formats.read_file(path), 2019, where=path.name, totals=tuple(wmo.totals)
    )
    return published.read(table, wmo, name="wmo", where=path.name)


@pytest.fixture
def wmo(domains: dict[str, Domain]) -> Domain:
    return domains["wmo"]


def test_every_cell_has_the_status_that_tells_why_it_is_blank(tmp_path: Path, wmo: Domain) -> None:
    status = published.status(read(tmp_path, wmo), AREAS)
    assert dict(zip(AREAS["wijk_code"], status, strict=True)) == {
        "WK000300": "observed",
        "WK000301": "suppressed",  # in the table, its gemeente has figures
        "WK000302": "absent",  # not in the table, though its gemeente is
        "WK011400": "not_delivered",  # its gemeente is listed without any figure
        "WK011800": "not_delivered",  # its gemeente is listed by name only
        "WK018800": "absent",  # the table stops before its gemeente
    }


def test_a_year_without_a_table_is_not_measured() -> None:
    assert published.status(None, AREAS).eq("not_measured").all()


def test_every_status_there_is_was_seen_above() -> None:
    assert set(published.STATUSES) == {
        "observed", "suppressed", "not_delivered", "not_measured", "absent",
    }  # fmt: skip


def test_a_published_zero_is_observed(tmp_path: Path, wmo: Domain) -> None:
    rows = [FIGURES[0], FIGURES[1]._replace(clients=5.0), FIGURES[2]]
    found = read(tmp_path, wmo, rows)
    zero = replace(found, clients=found.clients.replace(5.0, 0.0))
    assert published.status(zero, AREAS).iloc[0] == "observed"


def test_clients_are_kept_by_code_and_blank_where_blank(tmp_path: Path, wmo: Domain) -> None:
    clients = read(tmp_path, wmo).clients
    assert clients["WK000300"] == 200.0
    assert clients["GM0003"] == 250.0
    assert pd.isna(clients["WK000301"])
    assert "" not in clients.index


def test_negative_counts_are_refused_with_code_and_value(tmp_path: Path, wmo: Domain) -> None:
    rows = [*FIGURES[:1], FIGURES[1]._replace(clients=-15.0)]
    with pytest.raises(DataError, match=r"wmo\.csv: 1 counts of wmo are negative.*WK000300: -15"):
        read(tmp_path, wmo, rows)


def test_a_missing_target_column_is_refused_with_what_was_sought_and_found(wmo: Domain) -> None:
    rows = pd.DataFrame({"code": ["WK000300"], "name": "", "aantalinwoners": "5"})
    with pytest.raises(SourceError, match=r"found 'aantalinwoners', expected 'WmoClienten'"):
        published.read(rows, wmo, name="wmo", where="wmo.csv")


def test_the_first_column_name_that_is_there_counts(domains: dict[str, Domain]) -> None:
    """Youth care changed its column's name in 2016."""
    old = pd.DataFrame({"code": ["WK000300"], "name": "", "totaaljongerenmetjeugdzorg": "265.0"})
    found = published.read(old, domains["jeugd"], name="jeugd", where="82964NED.csv")
    assert found.clients["WK000300"] == 265.0


def test_bijstand_is_found_in_kwb_under_any_of_its_spellings(domains: dict[str, Domain]) -> None:
    for spelling in ("personenpersoortuitkeringbijstand", "asozwb"):
        rows = pd.DataFrame({"code": ["WK000300"], "name": "", spelling: "70"})
        found = published.read(rows, domains["bijstand"], name="bijstand", where="kwb")
        assert found.clients["WK000300"] == 70


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Utrecht (gemeente)", "utrecht"),
        (" Hengelo (O.) ", "hengelo"),
        ("Aa en Hunze", "aa en hunze"),
    ],
)
def test_gemeente_names_agree_between_statline_and_kwb(title: str, plain: str) -> None:
    assert published.plain_gemeente(title) == plain
