"""Several folders read as one archive: what is united, what is refused, and what is told of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core import storage
from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.panel import build, store
from risicomodel.data.sources import layout
from risicomodel.data.sources.archive import Archive
from risicomodel.data.sources.several import Archives, UnitedTable, unite
from support import fakes
from support.archives import attempt
from support.running import well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.data.domains import Domain

CATALOGUE = {
    "kwb": {2019: ["84583NED", "kwb_wijk_2019"]},
    "jeugd": {2018: ["84316NED"], 2019: ["84615NED"]},
    "geo": {2019: ["wijken_2019"]},
}
TOTALS = ("Totaal alle jeugdzorg in natura",)
AREAS = [fakes.wijk("WK000300", 3610), fakes.wijk("WK000301", 1200), fakes.wijk("WK000500", 900)]
CLIENTS = {"WK000300": 85.0, "WK000301": None, "WK000500": 40.0}


def jeugd(path: Path, clients: dict[str, float | None], year: int = 2019) -> None:
    figures = [
        fakes.Figure(code, f"Wijk {code[-2:]}", f"Gemeente {code[2:6]}", value)
        for code, value in clients.items()
    ]
    fakes.statline(path, fakes.JEUGD, figures, year)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """The first has KWB and part of 2019, the second the rest of 2019, and 2018."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    fakes.kwb_lower(first / "kwb_wijk_2019.parquet", AREAS, 2019)
    jeugd(first / "84615NED.csv", {"WK000300": 85.0, "WK000301": None})
    jeugd(second / "84615NED.csv", {"WK000301": 25.0, "WK000500": 40.0})
    jeugd(second / "84316NED.csv", CLIENTS, 2018)
    return [first, second]


def clients(archives: Archives) -> dict[str, str]:
    table = archives.parse(archives.years("jeugd")[2019])
    assert isinstance(table, UnitedTable)
    rows = table.rows(TOTALS).set_index("code")
    return rows["totaaljongerenmetjeugdzorginnatura"].to_dict()


def test_rows_of_one_table_are_united_by_code_and_blank_cells_filled(folders: list[Path]) -> None:
    archives = Archives(folders, CATALOGUE)
    assert clients(archives) == {"WK000300": "85.0", "WK000301": "25.0", "WK000500": "40.0"}
    # the other way round the same, in another order
    other = Archives(folders[::-1], CATALOGUE)
    assert clients(other) == {"WK000301": "25.0", "WK000500": "40.0", "WK000300": "85.0"}


def test_halves_and_areas_are_united_too(folders: list[Path]) -> None:
    archives = Archives(folders, CATALOGUE)
    table = archives.parse(archives.years("jeugd")[2019])
    assert table.areas()["code"].tolist() == ["WK000300", "WK000301", "WK000500"]
    halves = table.within_year(layout.HALVES, TOTALS)
    assert list(halves) == ["first_half", "second_half"]
    for rows in halves.values():
        figures = rows["totaaljongerenmetjeugdzorginnatura"].tolist()
        assert figures == ["80.0", "20.0", "35.0"]


def test_a_table_of_one_folder_is_read_as_it_is(folders: list[Path]) -> None:
    archives = Archives(folders, CATALOGUE)
    table = archives.parse(archives.years("jeugd")[2018])
    alone = Archive(folders[1], CATALOGUE)
    expected = alone.parse(alone.years("jeugd")[2018]).rows(TOTALS)
    pd.testing.assert_frame_equal(table.rows(TOTALS), expected)


def test_the_panel_of_two_folders_is_that_of_one_with_all_rows(
    folders: list[Path], tmp_path: Path, domains: dict[str, Domain]
) -> None:
    one = tmp_path / "one"
    one.mkdir()
    fakes.kwb_lower(one / "kwb_wijk_2019.parquet", AREAS, 2019)
    jeugd(one / "84615NED.csv", {**CLIENTS, "WK000301": 25.0})
    jeugd(one / "84316NED.csv", CLIENTS, 2018)
    chosen = {"jeugd": domains["jeugd"]}
    of_one = build.build(Archive(one, CATALOGUE), chosen)
    of_two = build.build(Archives(folders, CATALOGUE), chosen)
    assert of_one.wijken["jeugd_clients"].tolist() == [85.0, 25.0, 40.0]
    pd.testing.assert_frame_equal(of_two.wijken, of_one.wijken)
    pd.testing.assert_frame_equal(of_two.gemeenten, of_one.gemeenten)
    assert [(p.file, p.rows) for p in of_two.provenance if p.subject == "jeugd"] == [
        ("second/84316NED.csv", 3), ("first/84615NED.csv", 2), ("second/84615NED.csv", 2),
    ]  # fmt: skip


class TestDifferences:
    @pytest.fixture
    def differing(self, folders: list[Path]) -> list[Path]:
        jeugd(folders[1] / "84615NED.csv", {"WK000300": 90.0, "WK000301": 25.0, "WK000500": 40.0})
        return folders

    def test_a_cell_that_differs_is_refused_with_all_there_is_to_know(
        self, differing: list[Path]
    ) -> None:
        with pytest.raises(DataError) as caught:
            clients(Archives(differing, CATALOGUE))
        first, second = differing
        (line,) = caught.value.details
        column = "totaaljongerenmetjeugdzorginnatura"
        assert line == f"WK000300, column '{column}': 85.0 in {first}, 90.0 in {second}"
        assert caught.value.message.startswith(
            "84615NED of 2019 is in several folders, and 1 cells"
        )
        assert "data.first_wins=true" in caught.value.message

    def test_the_first_wins_only_when_that_is_chosen(self, differing: list[Path]) -> None:
        winner = Archives(differing, CATALOGUE, first_wins=True)
        # what is blank in the first is still filled
        assert clients(winner) == {"WK000300": "85.0", "WK000301": "25.0", "WK000500": "40.0"}
        winner = Archives(differing[::-1], CATALOGUE, first_wins=True)
        assert clients(winner)["WK000300"] == "90.0"

    def test_all_differences_are_counted_and_the_first_few_shown(self, folders: list[Path]) -> None:
        codes = [f"WK0003{number:02d}" for number in range(30)]
        jeugd(folders[0] / "84615NED.csv", dict.fromkeys(codes, 50.0))
        jeugd(folders[1] / "84615NED.csv", dict.fromkeys(codes, 55.0))
        with pytest.raises(DataError, match="30 cells differ") as caught:
            clients(Archives(folders, CATALOGUE))
        assert len(caught.value.details) == 30
        assert "… and 18 more" in str(caught.value)

    def test_one_figure_written_in_two_ways_does_not_differ(self) -> None:
        parts = {
            "a": pd.DataFrame({"code": ["GM0003"], "name": [""], "x": ["70.0"], "t": ["A"]}),
            "b": pd.DataFrame({"code": ["GM0003"], "name": ["Delfzijl"], "x": [70], "t": ["A "]}),
            "c": pd.DataFrame({"code": ["GM0003"], "name": ["."], "x": ["70,0"], "t": ["."]}),
        }
        united = unite(parts, key="code", table="T", first_wins=False)
        assert united.to_dict("records") == [
            {"code": "GM0003", "name": "Delfzijl", "x": "70.0", "t": "A"}
        ]

    def test_a_third_folder_is_compared_with_both(self) -> None:
        parts = {
            folder: pd.DataFrame({"code": ["GM0003"], "name": ["D"], "x": [value]})
            for folder, value in (("a", ""), ("b", "70"), ("c", "75"))
        }
        with pytest.raises(DataError, match=r"GM0003, column 'x': 70\.0 in b, 75\.0 in c"):
            unite(parts, key="code", table="T", first_wins=False)

    def test_columns_that_only_one_of_each_has_are_refused(self) -> None:
        """The same figure may have another name in each, and would be read from one only."""
        parts = {
            "a": pd.DataFrame({"code": ["GM0003"], "name": [""], "a_inw": ["70"]}),
            "b": pd.DataFrame({"code": ["GM0005"], "name": [""], "aantalinwoners": ["80"]}),
        }
        with pytest.raises(SourceError, match=r"other columns in a \('a_inw'\) than in b"):
            unite(parts, key="code", table="T", first_wins=True)

    def test_a_part_of_the_columns_is_united(self) -> None:
        parts = {
            "a": pd.DataFrame({"code": ["GM0003"], "name": ["D"], "x": ["70"]}),
            "b": pd.DataFrame({"code": ["GM0003"], "name": ["D"], "x": ["70"], "y": ["3"]}),
        }
        united = unite(parts, key="code", table="T", first_wins=False)
        assert united.to_dict("records") == [{"code": "GM0003", "name": "D", "x": "70", "y": "3"}]

    def test_areas_listed_by_name_only_are_kept_once(self) -> None:
        parts = {
            folder: pd.DataFrame({"code": ["", code], "name": ["Emmen", "D"], "x": ["", "70"]})
            for folder, code in (("a", "GM0003"), ("b", "GM0005"))
        }
        united = unite(parts, key="code", table="T", first_wins=False)
        assert united["code"].tolist() == ["GM0003", "GM0005", ""]


def test_a_folder_without_any_table_is_refused_among_others_too(folders: list[Path]) -> None:
    empty = folders[0].with_name("empty")
    empty.mkdir()
    with pytest.raises(SourceError, match=re.escape(f"{empty} holds no table of the catalogue")):
        Archives([*folders, empty], CATALOGUE)
    with pytest.raises(SourceError, match=r"no archive folder at .*none"):
        Archives([*folders, folders[0].with_name("none")], CATALOGUE)


def test_missing_is_what_no_folder_has(folders: list[Path]) -> None:
    assert Archives(folders, CATALOGUE).missing() == [("geo", 2019, "wijken_2019")]
    assert ("jeugd", 2018, "84316NED") in Archive(folders[0], CATALOGUE).missing()


def test_folders_of_one_name_are_told_apart(folders: list[Path], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = (tmp_path / "second").rename(tmp_path / "other" / "first")
    archives = Archives([folders[0], twin], CATALOGUE)
    assert archives.folders() == {"first": folders[0], "first-2": twin}
    assert set(archives.hashes()) == {
        "first/kwb_wijk_2019.parquet", "first/84615NED.csv", "first-2/84615NED.csv",
        "first-2/84316NED.csv",
    }  # fmt: skip


def test_a_manifest_holds_for_its_own_folder(folders: list[Path]) -> None:
    entry = {"file": "84615NED.csv", "sha256": "0" * 64}
    (folders[1] / "manifest.json").write_text(json.dumps({"tables": [entry]}))
    with pytest.raises(SourceError, match=r"84615NED\.csv is not the file its manifest describes"):
        clients(Archives(folders, CATALOGUE))


def test_two_maps_of_one_year_are_refused_unless_they_are_the_same(folders: list[Path]) -> None:
    square = {"type": "Polygon", "coordinates": [[[5, 52], [5.1, 52], [5.1, 52.1], [5, 52]]]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}

    def draw(folder: Path, code: str) -> None:
        shape = {"type": "Feature", "properties": {"wk_code": code}, "geometry": square}
        content = {"type": "FeatureCollection", "crs": crs, "features": [shape]}
        (folder / "wijken_2019.geojson").write_text(json.dumps(content) + "\n")

    draw(folders[0], "WK000300")
    draw(folders[1], "WK000300")
    same = Archives(folders, CATALOGUE)
    drawn, (record,) = same.map(same.years("geo")[2019])
    assert (drawn["code"].tolist(), record.file) == (["WK000300"], "first/wijken_2019.geojson")
    draw(folders[1], "WK000301")
    other = Archives(folders, CATALOGUE)
    with pytest.raises(SourceError, match=r"the map of 2019 differs between .*first.*second"):
        other.map(other.years("geo")[2019])
    winner = Archives(folders, CATALOGUE, first_wins=True)
    assert winner.map(winner.years("geo")[2019])[0]["code"].tolist() == ["WK000300"]


def test_a_cached_panel_is_of_these_folders_in_this_order(
    folders: list[Path], tmp_path: Path, domains: dict[str, Domain]
) -> None:
    cache, chosen = storage.Cache(tmp_path / "cache"), {"jeugd": domains["jeugd"]}
    for archives in (
        Archives(folders, CATALOGUE),
        Archives(folders[::-1], CATALOGUE),
        Archives(folders, CATALOGUE, first_wins=True),
        Archives(folders, CATALOGUE),
    ):
        store.load_or_build(archives, chosen, cache)
    assert len(list((tmp_path / "cache").rglob("wijken.parquet"))) == 3


class TestCommandLine:
    @pytest.fixture
    def split(self, archive: Path) -> tuple[Path, Path]:
        """A whole archive in two folders: youth care of 2018 stands apart."""
        other = archive.with_name("other")
        other.mkdir()
        (archive / "84316NED.csv").rename(other / "84316NED.csv")
        return archive, other

    def test_info_says_from_which_folder_every_table_comes(self, split: tuple[Path, Path]) -> None:
        first, second = split
        out = well("info", "data=archive", f"data.dir=[{first},{second}]").out
        assert f"archive: {first} (archive), {second} (other)" in out
        lines = [" ".join(line.replace("│", " ").split()) for line in out.splitlines()]
        assert any("jeugd 2018 84316NED other 84316NED.csv" in line for line in lines)
        assert any("jeugd 2017 83782NED archive 83782NED.csv" in line for line in lines)

    def test_differences_are_refused_before_anything_is_written(
        self, split: tuple[Path, Path]
    ) -> None:
        first, second = split
        text = (second / "84316NED.csv").read_text(encoding="utf-8-sig")
        head, *rows = text.splitlines()
        (first / "84316NED.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")
        where = ["data=archive", f"data.dir=[{first},{second}]"]
        assert attempt("data", *where, at=first.parent).status == 0
        changed = [
            re.sub(r";(\d+)\.0;", lambda m: f";{int(m[1]) + 5}.0;", r, count=1) for r in rows
        ]
        (first / "84316NED.csv").write_text("\n".join([head, *changed, ""]), encoding="utf-8")
        done = attempt("data", *where, at=first.parent)
        assert done.status == 2
        for part in ("84316NED of 2018", str(first), str(second), "data.first_wins=true"):
            assert part in done.err
        assert attempt("data", *where, "data.first_wins=true", at=first.parent).status == 0
