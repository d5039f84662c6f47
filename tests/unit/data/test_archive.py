"""A folder of CBS files: what is found, what is refused, and where every figure came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from risicomodel.core.errors import DataError, SourceError
from risicomodel.core.storage import sha256_file
from risicomodel.data.domains import OF_GEMEENTEN
from risicomodel.data.sources.archive import Archive
from support import fakes

if TYPE_CHECKING:
    from pathlib import Path

AREAS = [fakes.wijk("WK000300", 3610), fakes.wijk("WK000301", 1200)]
FIGURES = [fakes.Figure(area.code, area.name, area.gemeente, 85.0) for area in AREAS]
CATALOGUE = {
    "kwb": {2019: ["84583NED", "kwb_wijk_2019", "kwb-2019"], 2020: ["84799NED"]},
    "jeugd": {2019: ["84615NED"], 2020: ["84856NED"]},
}
TOTALS = ("Totaal alle jeugdzorg in natura",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    (folder / "kwb").mkdir(parents=True)
    fakes.kwb_lower(folder / "kwb" / "kwb_wijk_2019.parquet", AREAS, 2019)
    fakes.statline(folder / "84615NED.csv", fakes.JEUGD, FIGURES, 2019)
    return folder


def manifest(folder: Path, path: Path) -> None:
    entry = {"file": path.relative_to(folder).as_posix(), "sha256": sha256_file(path)}
    (folder / "manifest.json").write_text(json.dumps({"tables": [entry]}))


def test_tables_are_found_by_id_or_name_in_sub_folders_too(folder: Path) -> None:
    archive = Archive(folder, CATALOGUE)
    found = [(ref.subject, ref.year, ref.table, archive.name(ref.path)) for ref in archive.refs]
    assert found == [
        ("jeugd", 2019, "84615NED", "84615NED.csv"),
        ("kwb", 2019, "84583NED", "kwb/kwb_wijk_2019.parquet"),
    ]
    assert archive.missing() == [("kwb", 2020, "84799NED"), ("jeugd", 2020, "84856NED")]


@pytest.mark.parametrize(
    "name",
    [
        "84799NED.csv",
        "84799NED_TypedDataSet.parquet",
        "84799ned_typeddataset.json",
        "84799NED_UntypedDataSet.csv",
        "cbs.v3.84799NED_TypedDataSet.parquet",
    ],
)
def test_a_download_is_found_under_any_usual_name(folder: Path, name: str) -> None:
    fakes.kwb_typed(folder / name, AREAS)
    assert Archive(folder, CATALOGUE).years("kwb")[2020].path.name == name


@pytest.mark.parametrize(
    "name",
    [
        "cbs.v3.84799NED_DataProperties.parquet",
        "84799NED_Metadata.json",
        "84799NED_WijkenEnBuurten.parquet",
        "84799NED2.csv",
        ".84799NED.csv",
        "~84799NED.csv",
        "84799NED.txt",
    ],
)
def test_what_is_about_a_table_or_only_looks_like_it_is_not_the_table(
    folder: Path, name: str
) -> None:
    (folder / name).write_bytes(b"Codering_3\nWK000300\n")
    assert 2020 not in Archive(folder, CATALOGUE).years("kwb")


def test_a_missing_folder_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    with pytest.raises(SourceError, match=r"no archive folder at .*arhcive \(did you mean"):
        Archive(tmp_path / "arhcive", CATALOGUE)


def test_an_empty_folder_is_refused_with_what_was_sought(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no table of the catalogue.*84583NED.*Put"):
        Archive(tmp_path, CATALOGUE)


def test_a_folder_with_only_boundaries_or_unknown_tables_is_refused(tmp_path: Path) -> None:
    fakes.kwb_typed(tmp_path / "99999NED.parquet", AREAS)
    with pytest.raises(SourceError, match="holds no table of the catalogue"):
        Archive(tmp_path, CATALOGUE)


def test_reading_gives_rows_and_their_whole_provenance(folder: Path) -> None:
    archive = Archive(folder, CATALOGUE)
    ref = archive.years("jeugd")[2019]
    rows = archive.parse(ref).rows(TOTALS)
    record = archive.record(ref, len(rows))
    assert rows["code"].tolist() == ["WK000300", "WK000301"]
    assert record.source == "archive"
    assert (record.subject, record.table, record.period) == ("jeugd", "84615NED", "2019")
    assert record.file == "84615NED.csv"
    assert record.sha256 == sha256_file(ref.path)
    assert record.rows == 2
    assert record.licence == "CC BY 4.0"
    assert "84615NED" in record.url


def test_titles_beside_a_table_with_keys_name_its_areas(folder: Path) -> None:
    fakes.kwb_typed(folder / "84799NED_TypedDataSet.parquet", AREAS)
    titles = [{"Key": f"{area.code}  ", "Title": f"{area.name} "} for area in AREAS]
    (folder / "84799NED_WijkenEnBuurten.json").write_text(json.dumps({"value": titles}))
    archive = Archive(folder, CATALOGUE)
    rows = archive.parse(archive.years("kwb")[2020]).rows()
    assert rows["name"].tolist() == [area.name for area in AREAS]


def test_a_table_that_changed_since_its_manifest_is_refused(folder: Path) -> None:
    path = folder / "84615NED.csv"
    manifest(folder, path)
    archive = Archive(folder, CATALOGUE)
    archive.parse(archive.years("jeugd")[2019]).rows(TOTALS)
    path.write_bytes(path.read_bytes().replace(b"85.0", b"90.0"))
    changed = Archive(folder, CATALOGUE)
    with pytest.raises(SourceError, match=r"84615NED\.csv is not the file its manifest describes"):
        changed.parse(changed.years("jeugd")[2019]).rows(TOTALS)


def test_the_hash_of_contents_and_not_their_date_decides(folder: Path) -> None:
    import os

    before = Archive(folder, CATALOGUE).hashes()
    os.utime(folder / "84615NED.csv", (0, 0))
    assert Archive(folder, CATALOGUE).hashes() == before
    assert set(before) == {"84615NED.csv", "kwb/kwb_wijk_2019.parquet"}


@pytest.mark.parametrize("content", ["{", '{"tables": [{"file": "a"}]}', "[]", '{"tables": 3}'])
def test_a_manifest_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    archive = Archive(folder, CATALOGUE)
    with pytest.raises(SourceError, match=r"manifest\.json is not a manifest"):
        archive.parse(archive.years("kwb")[2019]).rows()


def test_a_cut_table_is_refused_when_read(folder: Path) -> None:
    fakes.cut(folder / "84615NED.csv")
    archive = Archive(folder, CATALOGUE)
    with pytest.raises(SourceError, match=r"84615NED\.csv.*truncated"):
        archive.parse(archive.years("jeugd")[2019]).rows(TOTALS)


def test_duplicate_areas_are_refused_with_the_file(folder: Path) -> None:
    fakes.kwb_lower(folder / "kwb" / "kwb_wijk_2019.parquet", [*AREAS, AREAS[0]], 2019)
    archive = Archive(folder, CATALOGUE)
    with pytest.raises(DataError, match=r"kwb_wijk_2019\.parquet.*WK000300"):
        archive.parse(archive.years("kwb")[2019]).rows()


@pytest.mark.archive
def test_the_real_archive_has_every_subject_and_only_later_kwb_years_lack(
    real_archive: Archive,
) -> None:
    assert list(real_archive.years("kwb")) == [2015, 2016, 2017, 2018, 2019, 2020]
    for subject in ("jeugd", "wmo", "stapeling"):
        assert list(real_archive.years(subject)) == list(range(2015, 2022))
    missing = {(subject, year) for subject, year, _ in real_archive.missing()}
    of_areas = {(s, year) for s, year in missing if not s.endswith(OF_GEMEENTEN)}
    assert of_areas == {("kwb", year) for year in range(2021, 2025)}
