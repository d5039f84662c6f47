"""The demo: CBS's habits in its files, its truth, and that nothing is left half-written."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.core.storage import sha256_file
from risicomodel.data.sources.archive import Archive, TableRef
from risicomodel.data.sources.formats import to_number
from risicomodel.data.sources.layout import stem
from risicomodel.demo import DemoSettings, catalogue, make_world, write_archive
from risicomodel.demo import files as demo_files
from risicomodel.demo import kwb as demo_kwb
from risicomodel.demo import people as demo_people
from risicomodel.demo import world as demo
from risicomodel.demo.truth import DOMAINS

SMALL = DemoSettings(gemeenten=25, wijken=220, first_year=2016, last_year=2018)
TOTALS = ("Totaal", "Totaal alle jeugdzorg in natura")
CLIENTS = {"jeugd": "totaaljongerenmetjeugdzorginnatura", "wmo": "wmoclienten"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "archive"
    write_archive(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def archive(folder: Path) -> Archive:
    return Archive(folder, catalogue(SMALL), source="demo")


@pytest.fixture(scope="module")
def world() -> demo.World:
    return make_world(SMALL)


@pytest.fixture(scope="module")
def country() -> demo.World:
    """The demo in its usual size."""
    return make_world(DemoSettings())


def tables(archive: Archive) -> list[TableRef]:
    """All that is figures; boundaries are read by who draws maps."""
    return [ref for ref in archive.refs if ref.subject != "geo"]


def read(archive: Archive, subject: str, year: int) -> pd.DataFrame:
    return archive.parse(archive.years(subject)[year]).rows(TOTALS)


def numbers(rows: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return pd.DataFrame({c: to_number(rows[c], where=c) for c in columns})


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


class TestBytes:
    def test_same_seed_gives_the_same_bytes(self, folder: Path, tmp_path: Path) -> None:
        write_archive(tmp_path / "again", SMALL)
        assert hashes(tmp_path / "again") == hashes(folder)

    def test_another_seed_gives_other_tables(self, folder: Path, tmp_path: Path) -> None:
        write_archive(tmp_path / "other", DemoSettings(1, 25, 220, 2016, 2018))
        here, there = hashes(folder), hashes(tmp_path / "other")
        assert here.keys() == there.keys()
        # the names of a dimension follow from the number of wijken, all else is drawn
        assert not [n for n in here if here[n] == there[n] and "WijkenEnBuurten" not in n]

    def test_manifest_holds_every_table_and_no_clock(self, folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        listed = {entry["file"]: entry["sha256"] for entry in manifest["tables"]}
        here = hashes(folder)
        assert listed == {
            n: h for n, h in here.items() if n not in ("manifest.json", demo_files.MARK)
        }
        assert all("DEMO (made up)" in entry["title"] for entry in manifest["tables"])
        assert all(set(e) >= {"table", "rows", "licence"} for e in manifest["tables"])
        assert not any("retrieved" in entry for entry in manifest["tables"])


class TestReading:
    def test_every_table_is_read(self, archive: Archive) -> None:
        assert len(tables(archive)) == 9
        for ref in tables(archive):
            rows = archive.parse(ref).rows(TOTALS)
            record = archive.record(ref, len(rows))
            assert (rows["code"].str.startswith("WK") | (rows["code"] == "")).sum() >= 200
            assert record.source == "demo"
            assert record.table.startswith("DEMO")

    def test_catalogue_has_the_shape_of_the_tables_configuration(self) -> None:
        files = catalogue(SMALL)
        assert set(files) == {"kwb", "jeugd", "wmo", "geo"}
        assert files["jeugd"] == {
            2016: ["DEMOJZ2016"], 2017: ["DEMOJZ2017"], 2018: ["DEMOJZ2018"],
        }  # fmt: skip
        assert files["geo"] == {2018: ["wijken_demo"]}

    def test_a_reader_must_pick_the_total(self, archive: Archive) -> None:
        with pytest.raises(SourceError, match="no total in column 'vormenvanjeugdzorg'"):
            archive.parse(archive.years("jeugd")[2017]).rows(("Alles",))

    def test_half_years_are_lower_than_the_year(self, folder: Path) -> None:
        raw = pd.read_csv(folder / "DEMOJZ2017.csv", sep=";", encoding="utf-8-sig", nrows=3)
        first, second, whole = raw["TotaalJongerenMetJeugdzorgInNatura_1"]
        assert raw["Perioden"].tolist() == ["1e halfjaar 2017", "2e halfjaar 2017", "2017"]
        assert 0.85 < first / whole < 0.91
        assert 0.85 < second / whole < 0.91

    def test_everything_says_demo(self, archive: Archive) -> None:
        for year in SMALL.years:
            rows = read(archive, "kwb", year)
            areas = rows[rows["code"] != "NL00"]
            assert areas["gm_name"].str.fullmatch(r"Demostad \d{3}").all()
            wijken = areas[areas["code"].str.startswith("WK")]
            assert wijken["name"].str.fullmatch(r"Wijk \d{2} Demo[a-z]+(-[A-Z][a-z]+)?").all()
            assert (areas["code"].str[2:6].astype(int) > 9000).all()  # not a code of CBS


class TestKwb:
    def test_keys_and_padding_are_odatas(self, folder: Path) -> None:
        table = pd.read_parquet(folder / "DEMOKWB2016_TypedDataSet.parquet")
        assert list(table.columns[:8]) == [
            "ID", "WijkenEnBuurten", "Gemeentenaam_1", "SoortRegio_2", "Codering_3",
            "IndelingswijzigingWijkenEnBuurten_4", "AantalInwoners_5", "Mannen_6",
        ]  # fmt: skip
        assert {"Appartement_48", "Appartement_56", "k_0Tot15Jaar_8"} <= set(table.columns)
        assert table["WijkenEnBuurten"].str.len().eq(10).all()
        assert table["Gemeentenaam_1"].str.len().eq(40).all()
        assert set(table["SoortRegio_2"]) == {"Land      ", "Gemeente  ", "Wijk      "}
        assert table["WijkenEnBuurten"].iloc[:2].tolist() == ["NL00      ", "GM9001    "]

    def test_keys_drift_over_the_years(self, folder: Path) -> None:
        keys = {
            year: pd.read_parquet(folder / f"DEMOKWB{year}_TypedDataSet.parquet").columns
            for year in SMALL.years
        }
        assert "GemiddeldeWoningwaarde_35" in keys[2016]
        assert "GemiddeldeWOZWaardeVanWoningen_35" in keys[2018]
        assert keys[2016][-1] != keys[2018][-1]  # the same column, another position
        assert stem(keys[2016][-1]) == stem(keys[2018][-1])

    @pytest.mark.archive
    def test_keys_are_keys_of_cbs(self, folder: Path) -> None:
        real = Path(os.environ.get("RISICOMODEL_ARCHIVE", "")) / "kwb"
        path = real / "84799NED_TypedDataSet.parquet"
        if not path.is_file():
            pytest.skip("no archive with 84799NED in RISICOMODEL_ARCHIVE")
        wanted = [key.rpartition("_")[0] for key in pd.read_parquet(path).columns]
        made = pd.read_parquet(folder / "DEMOKWB2016_TypedDataSet.parquet").columns
        places = [wanted.index(key.rpartition("_")[0]) for key in made[2:56]]
        assert places == sorted(places)
        assert {key.rpartition("_")[0] for key in made} <= set(wanted)

    @pytest.mark.parametrize(
        ("total", "parts"),
        [
            ("aantalinwoners", ("mannen", "vrouwen")),
            ("aantalinwoners", ("k0tot15jaar", "k15tot25jaar", "k25tot45jaar", "k45tot65jaar",
                                "k65jaarofouder")),
            ("aantalinwoners", ("ongehuwd", "gehuwd", "gescheiden", "verweduwd")),
            ("huishoudenstotaal", ("eenpersoonshuishoudens", "huishoudenszonderkinderen",
                                   "huishoudensmetkinderen")),
            ("nietwesterstotaal", ("marokko", "nederlandseantillenenaruba", "suriname", "turkije",
                                   "overignietwesters")),
        ],
    )  # fmt: skip
    def test_parts_add_up_but_for_rounding(
        self, archive: Archive, total: str, parts: tuple[str, ...]
    ) -> None:
        found = numbers(read(archive, "kwb", 2017), total, *parts)
        apart = (found[list(parts)].sum(axis=1) - found[total]).abs()
        assert apart.max() <= 2.5 * (len(parts) + 1)
        assert (apart == 0).any()
        assert (found >= 0).all(axis=None)

    def test_percentages_add_up(self, archive: Archive) -> None:
        owners = ["koopwoningen", "inbezitwoningcorporatie", "inbezitoverigeverhuurders",
                  "eigendomonbekend"]  # fmt: skip
        found = numbers(read(archive, "kwb", 2016), *owners).dropna()
        assert len(found) > 200
        assert (found.sum(axis=1) - 100).abs().max() <= 2
        assert (found == found.round()).all(axis=None)

    def test_counts_are_rounded(self, archive: Archive) -> None:
        rows = read(archive, "kwb", 2016)
        persons = numbers(rows, "aantalinwoners", "k65jaarofouder", "huishoudenstotaal", "turkije")
        assert (persons % 5 == 0).all(axis=None)
        benefits = numbers(rows, "personenpersoortuitkeringbijstand", "personenpersoortuitkeringww")
        assert (benefits % 10 == 0).all(axis=None)
        assert (benefits % 20 != 0).any(axis=None)

    def test_totals_come_from_unrounded_figures(self, archive: Archive, world: demo.World) -> None:
        rows = read(archive, "kwb", 2016).set_index("code")
        exact = world.values["aantal_inwoners"][0]
        gemeente = rows.loc["GM9003", "aantalinwoners"]
        assert gemeente == 5 * np.rint(exact[world.areas[0].gm == 2].sum() / 5)
        assert rows.loc["NL00", "aantalinwoners"] == 5 * np.rint(exact.sum() / 5)

    def test_late_columns_are_blank(self, archive: Archive) -> None:
        late = {  # column: first of the last years without it
            "personenpersoortuitkeringbijstand": 2019, "aantalinwoners": 2019, "motorfietsen": 2019,
            "koopwoningen": 2018, "woningvoorraad": 2018, "gemiddeldaardgasverbruiktotaal": 2018,
            "appartement#2": 2018, "sterftetotaal": 2018,
            "gemiddeldinkomenperinwoner": 2017, "huishoudensmeteenlaaginkomen": 2017,
        }  # fmt: skip
        for year in SMALL.years:
            rows = read(archive, "kwb", year)
            for column, first in late.items():
                assert numbers(rows, column)[column].notna().any() == (year < first), column

    def test_tiny_wijken_have_no_averages(self, archive: Archive) -> None:
        found = numbers(
            read(archive, "kwb", 2016),
            "woningvoorraad",
            "koopwoningen",
            "gemiddeldinkomenperinwoner",
        )
        tiny = found["woningvoorraad"] < 20
        assert tiny.any()
        assert found.loc[tiny, ["koopwoningen", "gemiddeldinkomenperinwoner"]].isna().all(axis=None)
        assert found.loc[~tiny, "koopwoningen"].notna().all()

    def test_every_column_of_the_country_is_published_or_known_to_be_ours(
        self, world: demo.World
    ) -> None:
        published = {name for group in demo_kwb.KWB for name in group.columns.split()}
        helpers = {"percent", "nederland"} | {
            name for name in world.values if name.split("_")[0] in DOMAINS
        }
        assert set(world.values) - published == helpers


class TestClients:
    @pytest.mark.parametrize("subject", list(CLIENTS))
    def test_rounded_and_small_cells_blank(self, archive: Archive, subject: str) -> None:
        rows = read(archive, subject, 2017)
        cells = numbers(rows, CLIENTS[subject])[CLIENTS[subject]]
        assert (cells.dropna() % 5 == 0).all()
        assert cells.min() == 10
        assert 0.005 < cells.isna().mean() < 0.25

    @pytest.mark.parametrize("year", SMALL.years)
    def test_undelivered_gemeenten_are_blank_without_codes(
        self, archive: Archive, world: demo.World, year: int
    ) -> None:
        position = year - SMALL.first_year
        absent = np.flatnonzero(~world.delivered[position])
        assert len(absent) == 1  # 5% of 25
        rows = read(archive, "wmo", year)
        blank = rows["code"] == ""
        assert rows.loc[blank, "wmoclienten"].eq("").all()
        assert rows.loc[blank, "gm_name"].eq("").all()
        wijken = int(np.isin(world.areas[position].gm, absent).sum())
        assert blank.sum() == wijken + len(absent)
        codes = {f"GM{9001 + gm}" for gm in absent}
        assert not codes & set(rows["code"])
        assert codes <= set(read(archive, "jeugd", year)["code"])

    def test_some_stop_after_the_first_half_year(self, tmp_path: Path) -> None:
        write_archive(tmp_path / "demo", DemoSettings(3, 60, 120, 2020, 2020))
        raw = pd.read_csv(tmp_path / "demo" / "DEMOWMO2020.csv", sep=";", encoding="utf-8-sig")
        raw = raw[raw["Wijken"].str.startswith("Demostad")]
        codes = raw.pivot_table("Codering_3", "Wijken", "Perioden", aggfunc="first")
        patterns = codes.apply(lambda row: tuple(row.str.strip() != ""), axis=1).value_counts()
        assert set(patterns.index) <= {(True, True, True), (True, False, False), (False,) * 3}
        assert patterns[(True, True, True)] == 57

    def test_published_figures_are_counts_around_the_truth(
        self, folder: Path, archive: Archive
    ) -> None:
        truth = pd.read_parquet(folder / "truth.parquet")
        truth = truth[(truth["domain"] == "jeugd") & (truth["year"] == 2017)].set_index("wijk_code")
        rows = read(archive, "jeugd", 2017)
        clients = pd.Series(to_number(rows[CLIENTS["jeugd"]], where="").to_numpy(), rows["code"])
        mean = (truth["rate"] * truth["population"])[lambda m: m > 40]
        z = (clients[mean.index] - mean) / np.sqrt(mean + 25 / 12)  # Poisson, and rounding to 5
        assert abs(z.mean()) < 0.25
        assert 0.85 < z.std() < 1.15


class TestTruth:
    def test_every_wijk_year_and_domain_once(self, folder: Path, archive: Archive) -> None:
        truth = pd.read_parquet(folder / "truth.parquet")
        assert not truth.duplicated(["wijk_code", "year", "domain"]).any()
        assert len(truth) == 3 * 3 * 220
        codes = read(archive, "kwb", 2018)["code"]
        wijken = set(codes[codes.str.startswith("WK")])
        assert set(truth.loc[truth["year"] == 2018, "wijk_code"]) == wijken

    def test_parts_add_up_to_the_log_rate(self, folder: Path) -> None:
        truth = pd.read_parquet(folder / "truth.parquet")
        parts = [c for c in truth if c.startswith("contribution_") or c.endswith("_effect")]
        total = truth[[*parts, "level"]].sum(axis=1)
        np.testing.assert_allclose(total, np.log(truth["rate"]), atol=1e-12)
        assert truth["rate"].between(0.001, 0.6).all()

    def test_drivers_are_ordered_and_null_features_are_none_of_them(self, folder: Path) -> None:
        domains = json.loads((folder / demo_files.MARK).read_text(encoding="utf-8"))
        truth = pd.read_parquet(folder / "truth.parquet")
        assert set(domains) == {"jeugd", "wmo", "bijstand"}
        for name, found in domains.items():
            importance = [driver["importance"] for driver in found["drivers"]]
            assert importance == sorted(importance, reverse=True)
            assert importance[-1] > 0.01
            columns = {driver["column"] for driver in found["drivers"]}
            nothing = {null["column"] for null in found["null_features"]}
            assert {"motorfietsen", "gemiddeld_elektriciteitsverbruik_totaal"} <= nothing
            assert not columns & (nothing | set(found["herkomst_without_effect"]))
            rows = truth[truth["domain"] == name]
            used = [c for c in truth if c.startswith("contribution_") and rows[c].any()]
            assert set(used) == {f"contribution_{d['feature']}" for d in found["drivers"]}

    def test_null_features_tell_nothing(self, country: demo.World) -> None:
        values = {name: figures[0] for name, figures in country.values.items()}
        rate = np.log(country.truth["bijstand"].rate[0])
        large = values["aantal_inwoners"] > 500
        for null in demo_people.unrelated():
            per = values[null["per"]] if null["per"] else 1.0
            x = np.log((values[null["column"]] + 1e-6) / per)[large]
            assert abs(np.corrcoef(x, rate[large])[0, 1]) < 0.08, null

    def test_a_gemeente_moves_as_a_whole(self, world: demo.World) -> None:
        for truth in world.truth.values():
            effect = truth.parts["gemeente_effect"][0]
            for gm in range(25):
                assert np.ptp(effect[world.areas[0].gm == gm]) == 0


class TestBoundaries:
    def test_redrawn_codes_mean_another_area(self, archive: Archive) -> None:
        before, after = (read(archive, "kwb", year).set_index("code") for year in (2016, 2017))
        redrawn = after.index[after["change"] == "3"]
        assert len(redrawn) == 8
        assert (before.loc[redrawn, "name"] != after.loc[redrawn, "name"]).all()
        people = after.loc[redrawn, "aantalinwoners"] / before.loc[redrawn, "aantalinwoners"]
        assert (np.abs(np.log(people)) > np.log(1.3)).all()
        assert (
            before.loc[redrawn, "oppervlakteland"] != after.loc[redrawn, "oppervlakteland"]
        ).all()
        assert set(read(archive, "kwb", 2018)["change"]) == {"", "1"}

    def test_two_gemeenten_merge(self, archive: Archive, world: demo.World) -> None:
        before, after = (read(archive, "kwb", year).set_index("code") for year in (2016, 2017))
        recoded = after.index[after["change"] == "2"]
        assert recoded.str[2:6].unique().tolist() == ["9026"]
        assert "GM9026" in after.index
        gone = before.index.difference(after.index)
        assert (gone.str[:2] == "GM").sum() == 2
        assert (gone.str[:2] == "WK").sum() == len(recoded)
        assert world.areas[1].gm.max() == 25

    def test_polygons_tile_the_country(self, folder: Path, archive: Archive) -> None:
        shapes = gpd.read_file(folder / "wijken_demo.gpkg")
        assert shapes.crs.to_epsg() == 28992
        assert shapes.geometry.is_valid.all()
        assert list(shapes.columns) == ["wijk_code", "gm_code", "geometry"]
        assert shapes.area.sum() == pytest.approx(shapes.union_all().area, rel=1e-6)
        hectares = read(archive, "kwb", 2018).set_index("code")["oppervlaktetotaal"]
        apart = hectares[shapes["wijk_code"]].to_numpy() - shapes.area / 1e4
        assert apart.between(0, 1.001).all()


class TestWriting:
    def test_interrupted_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object) -> int:
            raise KeyboardInterrupt

        monkeypatch.setattr(demo_files, "_write_map", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_archive(tmp_path / "demo", SMALL)
        assert list(tmp_path.iterdir()) == []

    def test_an_earlier_demo_stays_when_interrupted_and_is_replaced_when_not(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tiny = DemoSettings(gemeenten=3, wijken=12, first_year=2020, last_year=2020)
        write_archive(tmp_path / "demo", tiny)
        before = hashes(tmp_path / "demo")
        with monkeypatch.context() as patch:
            patch.setattr(demo_files, "_jeugd", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                write_archive(tmp_path / "demo", SMALL)
        assert hashes(tmp_path / "demo") == before
        write_archive(tmp_path / "demo", DemoSettings(5, 3, 12, 2020, 2020))
        assert hashes(tmp_path / "demo") != before
        assert [path.name for path in tmp_path.iterdir()] == ["demo"]

    def test_never_replaces_other_files(self, tmp_path: Path) -> None:
        (tmp_path / "84799NED.csv").write_text("real")
        with pytest.raises(SourceError, match="not a demo; expected a new or empty folder"):
            write_archive(tmp_path, SMALL)
        with pytest.raises(SourceError, match="not a demo"):
            write_archive(tmp_path / "84799NED.csv", SMALL)
        assert (tmp_path / "84799NED.csv").read_text() == "real"

    def test_impossible_settings_are_all_named(self, tmp_path: Path) -> None:
        wrong = DemoSettings(seed=-1, gemeenten=10, wijken=601, first_year=2020, last_year=2019)
        with pytest.raises(ConfigError, match=r"Correct data\.demo") as error:
            write_archive(tmp_path / "demo", wrong)
        assert len(error.value.details) == 3
        assert "wijken is 601; expected 10 to 600" in str(error.value)
        with pytest.raises(ConfigError, match="gemeenten is 1; expected 2 to 900"):
            write_archive(tmp_path / "demo", DemoSettings(gemeenten=1, wijken=5))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("gemeenten", "wijken", "years"),
        [
            (2, 2, (2020, 2021)),
            (3, 9, (2020, 2020)),
            (40, 40, (2019, 2020)),
            (5, 300, (2015, 2022)),
        ],
    )
    def test_other_sizes(
        self, tmp_path: Path, gemeenten: int, wijken: int, years: tuple[int, int]
    ) -> None:
        settings = DemoSettings(1, gemeenten, wijken, *years)
        write_archive(tmp_path / "demo", settings)
        archive = Archive(tmp_path / "demo", catalogue(settings), source="demo")
        for ref in tables(archive):
            archive.parse(ref).rows(TOTALS)
        assert len(tables(archive)) == 3 * len(settings.years)


class TestMarginals:
    """Against published figures of CBS (KWB 2018-2020, StatLine 84615NED, 84753NED)."""

    def test_wijken(self, country: demo.World) -> None:
        people = country.values["aantal_inwoners"]
        assert (people.sum(axis=1) / 1e6).tolist() == pytest.approx([17.3] * 6, abs=0.4)
        assert 3000 < np.median(people[0]) < 4500
        assert 20 < (people[0] < 100).sum() < 120
        assert 50 < (people[0] > 20_000).sum() < 250
        per_gemeente = np.bincount(country.areas[0].gm)
        assert (per_gemeente.min(), per_gemeente.max() <= 60) == (1, True)
        assert len(np.unique(country.areas[-1].gm)) == 339

    @pytest.mark.parametrize(
        ("column", "per", "published", "within"),
        [
            ("k_0_tot_15_jaar", "aantal_inwoners", 0.158, 0.01),
            ("k_15_tot_25_jaar", "aantal_inwoners", 0.124, 0.01),
            ("k_65_jaar_of_ouder", "aantal_inwoners", 0.191, 0.01),
            ("gescheiden", "aantal_inwoners", 0.078, 0.005),
            ("niet_westers_totaal", "aantal_inwoners", 0.136, 0.02),
            ("huishoudens_totaal", "aantal_inwoners", 0.459, 0.02),
            ("eenpersoonshuishoudens", "huishoudens_totaal", 0.386, 0.02),
            ("huishoudens_met_kinderen", "huishoudens_totaal", 0.328, 0.02),
            ("personenautos_totaal", "aantal_inwoners", 0.470, 0.02),
            ("motorfietsen", "aantal_inwoners", 0.038, 0.003),
            ("personen_per_soort_uitkering_ao", "aantal_inwoners", 0.042, 0.003),
            ("personen_per_soort_uitkering_aow", "aantal_inwoners", 0.179, 0.01),
        ],
    )
    def test_shares(
        self, country: demo.World, column: str, per: str, published: float, within: float
    ) -> None:
        share = country.values[column][3].sum() / country.values[per][3].sum()
        assert share == pytest.approx(published, abs=within)

    @pytest.mark.parametrize(
        ("column", "published", "within"),
        [
            ("koopwoningen", 57, 3), ("in_bezit_woningcorporatie", 29.5, 2),
            ("in_bezit_overige_verhuurders", 13, 2), ("percentage_meergezinswoning", 36, 2),
            ("bouwjaar_vanaf_2000", 16, 2), ("gemiddelde_woningwaarde", 248, 12),
        ],
    )  # fmt: skip
    def test_dwellings(
        self, country: demo.World, column: str, published: float, within: float
    ) -> None:
        mean = np.average(country.values[column][3], weights=country.values["woningvoorraad"][3])
        assert mean == pytest.approx(published, abs=within)

    def test_figures_are_possible(self, country: demo.World) -> None:
        percent = {p.column for w in demo_people.THINGS if w.column == "percent" for p in w.parts}
        percent |= {name for name in country.values if name.startswith(("k_40_", "k_20_", "perc"))}
        for name, figures in country.values.items():
            assert (figures >= 0).all(), name
            assert name not in percent or (figures <= 100 + 1e-9).all(), name

    def test_levels_and_their_growth(self, country: demo.World) -> None:
        def level(name: str) -> np.ndarray:
            domain = DOMAINS[name]
            weights = domain.national_rate_of or domain.at_risk
            people = sum(w * country.values[c] for c, w in weights.items())
            return country.values[name].sum(axis=1) / people.sum(axis=1)

        expected = {"jeugd": (0.10, 1.02, 1.04), "wmo": (0.070, 1.05, 1.10),
                    "bijstand": (0.036, 0.975, 0.985)}  # fmt: skip
        for name, (middle, low, high) in expected.items():
            found = level(name)
            assert np.mean(found[2:4]) == pytest.approx(middle, rel=0.02)
            assert low - 0.005 < (found[-1] / found[0]) ** (1 / 5) < high + 0.005

    def test_what_is_explained_follows_the_design(self, country: demo.World) -> None:
        """Share of the rate's variance that the drivers alone explain (no noise of counts)."""
        expected = {"jeugd": (0.25, 0.60), "wmo": (0.60, 0.85), "bijstand": (0.82, 0.96)}
        for name, (low, high) in expected.items():
            truth = country.truth[name]
            rate, weight = truth.rate[3], truth.at_risk[3]
            known = [truth.parts[driver.feature] for driver in DOMAINS[name].drivers]
            best = np.exp(np.sum(known, axis=0)[3])
            best *= np.average(rate, weights=weight) / np.average(best, weights=weight)
            spread = np.average((rate - np.average(rate, weights=weight)) ** 2, weights=weight)
            left = np.average((rate - best) ** 2, weights=weight)
            assert low < 1 - left / spread < high, name


class TestBuurten:
    """With ``level='buurt'``: the same country, its wijken cut up."""

    @pytest.fixture(scope="class")
    @classmethod
    def settings(cls) -> DemoSettings:
        return replace(SMALL, level="buurt")

    @pytest.fixture(scope="class")
    @classmethod
    def fine(cls, settings: DemoSettings) -> demo.World:
        return make_world(settings)

    @pytest.fixture(scope="class")
    @classmethod
    def both(cls, settings: DemoSettings, tmp_path_factory: pytest.TempPathFactory) -> Archive:
        folder = tmp_path_factory.mktemp("buurten") / "archive"
        write_archive(folder, settings)
        return Archive(folder, catalogue(settings), source="demo")

    def sums(self, fine: demo.World, figures: np.ndarray) -> np.ndarray:
        assert fine.buurten is not None
        wijk = fine.buurten.wijk
        return np.stack([np.bincount(wijk, weights=year) for year in figures])

    def test_counts_add_up_to_their_wijk_before_rounding(self, fine: demo.World) -> None:
        assert fine.buurten is not None
        counts = [n for g in demo_kwb.KWB if not g.weight for n in g.columns.split()]
        counts = [n for n in counts if n in fine.values]
        assert len(counts) > 40
        for name in (*counts, "jeugd", "jeugd_1", "wmo", "wmo_2", "oppervlakte_land"):
            total = self.sums(fine, fine.buurten.values[name])
            np.testing.assert_allclose(total, fine.values[name], rtol=1e-9, atol=1e-9, err_msg=name)

    def test_parts_add_up_to_their_buurt(self, fine: demo.World) -> None:
        assert fine.buurten is not None
        figures = fine.buurten.values
        for whole in (*demo_people.PEOPLE, demo_people.HOUSEHOLDS, *demo_people.THINGS):
            total = np.sum([figures[part.column] for part in whole.parts], axis=0)
            there = self.sums(fine, figures[whole.column])[:, fine.buurten.wijk] > 0
            np.testing.assert_allclose(
                total[there], figures[whole.column][there], atol=1e-6, err_msg=whole.column
            )
            assert all((figures[part.column] >= 0).all() for part in whole.parts)

    def test_expected_clients_add_up_and_rates_follow_from_their_parts(
        self, fine: demo.World
    ) -> None:
        assert fine.buurten is not None
        for name, truth in fine.buurten.truth.items():
            wijken = fine.truth[name]
            np.testing.assert_allclose(
                self.sums(fine, truth.rate * truth.at_risk), wijken.rate * wijken.at_risk, rtol=1e-9
            )
            total = np.sum(list(truth.parts.values()), axis=0)
            np.testing.assert_allclose(total, np.log(truth.rate), atol=1e-12)

    def test_clients_are_counts_around_the_truth(self, fine: demo.World) -> None:
        assert fine.buurten is not None
        for name, truth in fine.buurten.truth.items():
            clients, mean = fine.buurten.values[name], truth.rate * truth.at_risk
            assert (clients % 1 == 0).all()
            assert (fine.buurten.values[f"{name}_1"] <= clients).all()
            z = ((clients - mean) / np.sqrt(mean))[mean > 5]
            assert abs(z.mean()) < 0.1
            assert 0.9 < z.std() < 1.1

    def test_buurten_of_a_wijk_differ(self, fine: demo.World) -> None:
        assert fine.buurten is not None
        figures, wijk = fine.buurten.values, fine.buurten.wijk
        for name in ("koopwoningen", "gemiddelde_woningwaarde"):
            within = figures[name][0] - fine.values[name][0][wijk]
            assert 0.2 < within.std() / fine.values[name][0].std() < 1

    def test_wijken_are_those_of_the_country_without(
        self, both: Archive, archive: Archive, fine: demo.World, world: demo.World
    ) -> None:
        assert all((fine.values[name] == world.values[name]).all() for name in world.values)
        for ref in tables(archive):
            rows = read(both, ref.subject, ref.year)
            kept = rows[~rows["code"].str.startswith("BU") & ~rows["name"].str.startswith("Buurt")]
            expected = read(archive, ref.subject, ref.year)
            pd.testing.assert_frame_equal(
                kept.reset_index(drop=True), expected, check_dtype=False, obj=f"{ref.subject}"
            )
        truths = [folder.folder / "truth.parquet" for folder in (both, archive)]
        assert sha256_file(truths[0]) == sha256_file(truths[1])

    def test_codes_names_and_rounding_are_cbss(self, both: Archive) -> None:
        raw = pd.read_parquet(both.folder / "DEMOKWB2016_TypedDataSet.parquet")
        assert raw["WijkenEnBuurten"].str.len().eq(10).all()
        assert set(raw["SoortRegio_2"].str.strip()) == {"Land", "Gemeente", "Wijk", "Buurt"}
        assert raw["WijkenEnBuurten"].iloc[:4].str.strip().tolist() == [
            "NL00", "GM9001", "WK900100", "BU90010000",
        ]  # fmt: skip
        rows = read(both, "kwb", 2016)
        own = rows[rows["code"].str.startswith("BU")]
        assert own["code"].str.fullmatch(r"BU9\d{7}").all()
        assert own["name"].str.fullmatch(r"Buurt \d{2} Demo[a-z]+(-[A-Z][a-z]+)? [A-Z][a-z]+").all()
        assert 3.5 < len(own) / SMALL.wijken < 6
        persons = numbers(own, "aantalinwoners", "personenpersoortuitkeringbijstand")
        assert (persons["aantalinwoners"] % 5 == 0).all()
        assert (persons["personenpersoortuitkeringbijstand"] % 10 == 0).all()
        cells = numbers(read(both, "wmo", 2016), CLIENTS["wmo"])[CLIENTS["wmo"]].dropna()
        assert cells.min() == 10

    def test_truth_goes_beside_it(self, both: Archive) -> None:
        truth = pd.read_parquet(both.folder / "truth_buurten.parquet")
        assert list(truth.columns[:3]) == ["buurt_code", "wijk_code", "year"]
        assert (truth["wijk_code"].str[2:] == truth["buurt_code"].str[2:8]).all()
        assert not truth.duplicated(["buurt_code", "year", "domain"]).any()

    def test_as_many_as_asked_for(self, tmp_path: Path) -> None:
        few = DemoSettings(1, 4, 40, 2020, 2020, "buurt", 2.0)
        world = make_world(few)
        assert world.buurten is not None
        assert 70 < len(world.buurten.wijk) < 95
        with pytest.raises(ConfigError, match="buurten_per_wijk is 0; expected 1 to 10"):
            write_archive(tmp_path / "demo", replace(few, buurten_per_wijk=0))
