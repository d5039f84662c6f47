"""One table of names for KWB: whatever the layout, the same figure under the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.core.errors import DataError
from risicomodel.data.panel import location, names
from risicomodel.data.sources import formats
from risicomodel.data.sources import layout as regions
from support import fakes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from risicomodel.data.sources.archive import Archive

AREAS = [
    fakes.wijk("WK000300", 3610, name="Wijk 00", gemeente="Appingedam", gas_appartement=np.nan),
    fakes.wijk("WK036301", 4280, name="Burgwallen", gemeente="Amsterdam"),
]
LAYOUTS: dict[str, Callable[[Path], Path]] = {
    "typed parquet": lambda folder: fakes.kwb_typed(folder / "a.parquet", AREAS),
    "typed csv": lambda folder: fakes.kwb_typed(folder / "a.csv", AREAS),
    "typed json": lambda folder: fakes.kwb_typed(folder / "a.json", AREAS),
    "lower-case parquet": lambda folder: fakes.kwb_lower(folder / "b.parquet", AREAS, 2019),
    "excel": lambda folder: fakes.kwb_excel(folder / "c.xlsx", AREAS),
}


def canonical(path: Path) -> pd.DataFrame:
    rows = regions.area_rows(formats.read_file(path), 2019, where=path.name)
    return names.canonical(rows, where=path.name).set_axis(rows["code"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_columns_and_figures(tmp_path: Path, layout: str) -> None:
    expected = pd.DataFrame(
        {spelling.name: [area.values[spelling.name] for area in AREAS] for spelling in fakes.KWB},
        index=pd.Index([area.code for area in AREAS], name="code", dtype="str"),
        dtype="float64",
    )
    found = canonical(LAYOUTS[layout](tmp_path))
    assert set(found) == {spelling.name for spelling in fakes.KWB}
    pd.testing.assert_frame_equal(found[list(expected)], expected)


def test_a_stem_that_occurs_twice_is_electricity_first_and_gas_second(tmp_path: Path) -> None:
    found = canonical(fakes.kwb_typed(tmp_path / "a.json", AREAS)).loc["WK036301"]
    assert found["elektriciteit_appartement"] == 1690
    assert found["gas_appartement"] == 880


def test_a_column_that_is_no_number_is_refused_by_its_canonical_name() -> None:
    rows = pd.DataFrame({"code": ["WK000300"], "aantalinwoners": ["veel"]})
    with pytest.raises(DataError, match=r"kwb\.csv, column 'aantal_inwoners'.*'veel'"):
        names.canonical(rows, where="kwb.csv")


def test_undeclared_columns_are_told_apart_from_known_ones() -> None:
    rows = pd.DataFrame(columns=["code", "name", "aantalinwoners", "ainw", "iets_nieuws"])
    assert names.unknown(rows) == ["iets_nieuws"]


def test_no_spelling_stands_for_two_columns() -> None:
    seen: dict[str, str] = {}
    for column in names.columns().values():
        for alias in column.aliases:
            assert seen.setdefault(alias, column.name) == column.name, alias


def test_every_column_is_declared_whole_and_its_topic_has_a_release_lag() -> None:
    for column in names.columns().values():
        assert column.name.isidentifier()
        assert column.name == column.name.lower()
        assert column.label
        assert column.unit
        # what the panel makes of maps goes by no other name in any table of CBS
        assert bool(column.aliases) == (column.topic != "ligging")
        assert column.topic in names.RELEASE_LAG


def test_every_topic_of_numbers_is_listed_and_postcodes_are_not_numbers() -> None:
    listed = names.topics()
    assert set(listed) == set(names.RELEASE_LAG) - {"postcode"}
    assert sum(map(len, listed.values())) == sum(
        column.topic != "postcode" for column in names.columns().values()
    )


def test_the_columns_of_location_are_those_the_panel_makes() -> None:
    made = [*location.GRID, *map(location.nearby_column, location.REACHES), location.INHABITANTS]
    assert names.topics()["ligging"] == made
    # and no table of CBS can bring one in
    rows = pd.DataFrame({"code": ["WK000300"], "x_km": ["1"], "": ["2"], "aantalinwoners": ["3"]})
    assert list(names.canonical(rows, where="kwb.csv")) == ["aantal_inwoners"]
    assert names.unknown(rows) == ["x_km", ""]


@pytest.mark.archive
def test_every_column_of_the_real_kwb_tables_has_a_canonical_name(real_archive: Archive) -> None:
    for year, ref in real_archive.years("kwb").items():
        rows = real_archive.parse(ref).rows()
        assert names.unknown(rows) == [], year
        assert len(names.canonical(rows, where=ref.path.name).columns) > 70, year


@pytest.mark.archive
@pytest.mark.parametrize("year", [2023, 2024])
def test_the_real_excel_layout_gives_canonical_names(archive_dir: Path, year: int) -> None:
    path = archive_dir / "formats" / f"CBS-Utrecht-kwb-{year}.xlsx"
    rows = regions.area_rows(formats.read_file(path), year, where=path.name)
    found = names.canonical(rows, where=path.name).set_axis(rows["code"])
    assert 360_000 < found.loc["GM0344", "aantal_inwoners"] < 380_000
    households = found.loc["GM0344", ["eenpersoonshuishoudens", "huishoudens_totaal"]]
    assert 0.5 < households.iloc[0] / households.iloc[1] < 0.55
    assert found.loc["WK034401", "k_0_tot_15_jaar"] > 4_000
    if year == 2023:  # benefits of 2024 were not out when this edition was made
        assert found.loc["GM0344", "personen_per_soort_uitkering_bijstand"] == 10_410
