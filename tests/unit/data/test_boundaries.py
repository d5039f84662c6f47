"""Maps of wijken: where every area lies, whatever the file, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from risicomodel.core.errors import SourceError
from risicomodel.core.storage import sha256_file
from risicomodel.data.panel import build
from risicomodel.data.sources import boundaries
from risicomodel.data.sources.archive import Archive
from support import fakes

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.data.domains import Domain

DUTCH, DEGREES, EUROPEAN = "EPSG:28992", "EPSG:4326", "EPSG:3035"
# 2 by 4 km in Drenthe, 2 by 2 km in Zeeland
BOXES = {
    "WK000300": shapely.box(252_000, 592_000, 254_000, 596_000),
    "WK065400": shapely.box(40_000, 390_000, 42_000, 392_000),
}
CENTRES = {"WK000300": (253.0, 594.0), "WK065400": (41.0, 391.0)}


def map_of(
    path: Path,
    shapes: list[tuple[str, shapely.Geometry]],
    *,
    column: str = "wijk_code",
    crs: str = DUTCH,
) -> Path:
    """A map file; shapes are given on the Dutch grid and written in ``crs``."""
    codes, geometry = zip(*shapes, strict=True)
    table = gpd.GeoDataFrame({"naam": "x", column: list(codes)}, geometry=list(geometry), crs=DUTCH)
    driver = "GPKG" if path.suffix.lower() == ".gpkg" else "GeoJSON"
    table.to_crs(crs).to_file(path, driver=driver, engine="pyogrio")
    return path


def found(path: Path) -> dict[str, tuple[float, float]]:
    table = boundaries.centres(boundaries.read_map(path))
    assert list(table) == ["code", "x_km", "y_km"]
    assert not table["code"].duplicated().any()
    return {code: (x, y) for code, x, y in table.itertuples(index=False)}


@pytest.mark.parametrize("name", ["wijken.gpkg", "wijken.geojson", "WIJKEN.GPKG"])
def test_centres_are_in_kilometres_of_the_dutch_grid(tmp_path: Path, name: str) -> None:
    assert found(map_of(tmp_path / name, list(BOXES.items()))) == CENTRES


@pytest.mark.parametrize(
    "column", ["wijk_code", "wijkcode", "WK_CODE", "statcode", "Code", "wkc", "WijkCode"]
)
def test_the_column_of_codes_is_found_as_it_is_called_in_the_maps_there_are(
    tmp_path: Path, column: str
) -> None:
    assert found(map_of(tmp_path / "a.gpkg", list(BOXES.items()), column=column)) == CENTRES


@pytest.mark.parametrize("crs", [DEGREES, EUROPEAN])
@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_a_map_in_another_projection_is_turned_to_the_dutch_grid(
    tmp_path: Path, name: str, crs: str
) -> None:
    centres = found(map_of(tmp_path / name, list(BOXES.items()), crs=crs))
    assert set(centres) == set(CENTRES)
    for code, centre in centres.items():
        assert centre == pytest.approx(CENTRES[code], abs=0.005)  # km


def test_codes_are_trimmed(tmp_path: Path) -> None:
    assert set(found(map_of(tmp_path / "a.gpkg", [("WK000300  ", BOXES["WK000300"])]))) == {
        "WK000300"
    }


def test_an_area_in_pieces_has_the_centre_of_them_all(tmp_path: Path) -> None:
    """Whether drawn as one shape of two parts or as two shapes: by the size of each."""
    large, small = shapely.box(0, 0, 3000, 1000), shapely.box(9000, 0, 10_000, 1000)
    by_hand = ((3 * 1.5 + 1 * 9.5) / 4, 0.5)
    rows = [("WK000300", large), ("WK000300", small)]
    whole = [("WK000300", shapely.MultiPolygon([large, small]))]
    for number, shapes in enumerate((rows, whole)):
        assert found(map_of(tmp_path / f"{number}.gpkg", shapes)) == {"WK000300": by_hand}


def test_what_has_no_shape_has_no_centre(tmp_path: Path) -> None:
    shapes = [*BOXES.items(), ("WK999999", None), ("WK999998", shapely.Point(1e5, 4e5))]
    assert found(map_of(tmp_path / "a.gpkg", shapes)) == CENTRES


# -- gemeenten that only a map has ------------------------------------------------------------


def test_gemeenten_have_the_name_of_the_map_beside(tmp_path: Path) -> None:
    wijken = map_of(tmp_path / "wijken_2022.gpkg", list(BOXES.items()))
    assert boundaries.beside(wijken) is None
    shape = BOXES["WK000300"]
    beside = map_of(tmp_path / "gemeenten_2022.gpkg", [("GM0003", shape)], column="code")
    assert boundaries.beside(wijken) == beside
    assert boundaries.beside(beside) is None
    named = boundaries.named(boundaries.read_map(wijken), boundaries.read_map(beside))
    assert dict(zip(named["code"], named["gm_name"], strict=True)) == {
        "WK000300": "x",
        "WK065400": "",
    }


def test_a_map_that_names_gemeenten_itself_keeps_their_names(tmp_path: Path) -> None:
    path = map_of(tmp_path / "wijken_2022.geojson", list(BOXES.items()))
    shapes = gpd.read_file(path).assign(GM_NAAM=["Appingedam", "Borsele"])
    shapes.to_file(path, driver="GeoJSON", engine="pyogrio")
    drawn = boundaries.read_map(path)
    assert drawn["gm_name"].tolist() == ["Appingedam", "Borsele"]
    other = pd.DataFrame({"code": ["GM0003"], "name": ["anders"]})
    assert boundaries.named(drawn, other)["gm_name"].tolist() == ["Appingedam", "Borsele"]


@pytest.mark.archive
def test_new_gemeenten_of_the_archive_have_their_names(archive_dir: Path) -> None:
    archive = Archive(archive_dir, {"geo": {2022: ["wijken_2022"]}})
    drawn, records = archive.map(archive.years("geo")[2022])
    names = dict(zip(drawn["code"].str[2:6], drawn["gm_name"], strict=True))
    assert names["1982"] == "Land van Cuijk"
    assert names["1980"] == "Dijk en Waard"
    assert [record.table for record in records] == ["wijken_2022", "gemeenten_2022"]


# -- what is refused --------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(SourceError) as caught:
        boundaries.centres(boundaries.read_map(path))
    return str(caught.value)


@pytest.mark.parametrize("name", ["kaart.gpkg", "kaart.geojson"])
@pytest.mark.parametrize("content", [b"", b"no map at all", b"\x00" * 5000])
def test_a_file_that_is_no_map_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    told = refusal(tmp_path / name)
    assert told.startswith(f"{name} cannot be read as a map (")
    assert "expected a GeoPackage or GeoJSON" in told
    assert told.endswith("Download it again, or leave it out of the archive.")


def test_a_map_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    for name in ("a.gpkg", "a.geojson"):
        path = map_of(tmp_path / name, list(BOXES.items()))
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert refusal(path).startswith(f"{name} cannot be read as a map (")


def test_a_map_without_codes_is_refused_with_what_they_may_be_called(tmp_path: Path) -> None:
    told = refusal(map_of(tmp_path / "a.gpkg", list(BOXES.items()), column="buurtcode"))
    assert told.startswith("a.gpkg: no column with the codes of areas; expected one of wijk_code, ")
    assert told.endswith("Rename the column, or leave the map out of the archive.")


def test_a_table_without_shapes_is_refused(tmp_path: Path) -> None:
    """A GeoPackage may hold plain tables."""
    import pyogrio

    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"wijk_code": list(BOXES)}), path, driver="GPKG")
    assert refusal(path).startswith("a.gpkg cannot be read as a map (it holds no shapes)")


def test_metres_that_are_said_to_be_degrees_are_refused(tmp_path: Path) -> None:
    """GeoJSON that names no projection is in degrees; these numbers are none."""
    path = map_of(tmp_path / "a.geojson", list(BOXES.items()))
    content = json.loads(path.read_text())
    del content["crs"]
    path.write_text(json.dumps(content))
    assert "no area on the Dutch grid" in refusal(path)


# -- in an archive ----------------------------------------------------------------------------

CATALOGUE = {"kwb": {2019: ["KWB2019"]}, "geo": {2019: ["wijken_2019"]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tables"
    folder.mkdir()
    fakes.kwb_lower(folder / "KWB2019.parquet", [fakes.wijk(code, 1000) for code in BOXES], 2019)
    return folder


@pytest.mark.parametrize("name", ["wijken_2019.gpkg", "wijken_2019.GPKG", "Wijken_2019.geojson"])
def test_a_map_of_the_archive_says_where_wijken_lie_and_is_in_the_provenance(
    folder: Path, domains: dict[str, Domain], name: str
) -> None:
    path = map_of(folder / name, list(BOXES.items()))
    panel = build.build(Archive(folder, CATALOGUE), {"bijstand": domains["bijstand"]})
    wijken = panel.wijken.set_index("wijk_code")
    for code, centre in CENTRES.items():
        assert tuple(wijken.loc[code, ["x_km", "y_km"]]) == centre
    record = next(r for r in panel.provenance if r.subject == "geo")
    assert (record.table, record.period, record.file) == ("wijken_2019", "2019", name)
    assert record.sha256 == sha256_file(path)
    assert record.rows == len(BOXES)
    assert record.url == ""  # a map has no page among the tables
    assert record.licence == "CC BY 4.0"


def test_a_damaged_map_stops_the_build(folder: Path, domains: dict[str, Domain]) -> None:
    """Rather than all of it going on without a location and nobody knowing."""
    (folder / "wijken_2019.gpkg").write_bytes(b"half a downl")
    with pytest.raises(SourceError, match=r"wijken_2019\.gpkg cannot be read as a map"):
        build.build(Archive(folder, CATALOGUE), {"bijstand": domains["bijstand"]})


def test_a_map_that_changed_since_its_manifest_is_refused(
    folder: Path, domains: dict[str, Domain]
) -> None:
    path = map_of(folder / "wijken_2019.gpkg", list(BOXES.items()))
    entry = {"file": path.name, "sha256": sha256_file(path)}
    (folder / "manifest.json").write_text(json.dumps({"tables": [entry]}))
    map_of(path, [("WK000300", BOXES["WK065400"])])
    with pytest.raises(SourceError, match="is not the file its manifest describes"):
        build.build(Archive(folder, CATALOGUE), {"bijstand": domains["bijstand"]})


@pytest.mark.archive
@pytest.mark.parametrize("name", ["wijken_2016.geojson", "wijken_2022.gpkg"])
def test_the_real_maps_put_wijken_where_they_are(archive_dir: Path, name: str) -> None:
    """Rough places from an atlas, in kilometres of the Dutch grid."""
    centres = boundaries.centres(boundaries.read_map(archive_dir / "geo" / name)).set_index("code")
    assert len(centres) > 2900
    assert centres["x_km"].between(10, 280).all()
    assert centres["y_km"].between(305, 620).all()
    gemeente = centres.groupby(centres.index.str[2:6]).mean()
    atlas = {"0363": (122, 487), "0599": (92, 437), "0935": (177, 318), "0014": (234, 582)}
    for code, place in atlas.items():  # Amsterdam, Rotterdam, Maastricht, Groningen
        assert tuple(gemeente.loc[code]) == pytest.approx(place, abs=8)
