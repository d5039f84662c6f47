"""Runs on buurten: the same code, other areas, and tables that say which."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.core import levels, paths, storage
from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.core.levels import BUURT, WIJK
from risicomodel.data.panel import build, schema, store
from risicomodel.data.sources.archive import Archive
from risicomodel.runs import contract
from support import fakes
from support.running import OFF, SPLIT, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel

TINY = (
    "data.demo.gemeenten=12", "data.demo.wijken=60",
    "data.demo.first_year=2016", "data.demo.last_year=2018",
)  # fmt: skip
LEARN = (*TINY, *SPLIT, *OFF, "models.lightgbm.params.rounds=5", "split.min_population=50")
AREAS = [
    fakes.wijk("GM0003", 4800, name="Appingedam", gemeente="Appingedam", change="."),
    fakes.wijk("WK000300", 4800, gemeente="Appingedam"),
    fakes.wijk("BU00030000", 3600, name="Buurt 00 Centrum", gemeente="Appingedam"),
    fakes.wijk("BU00030001", 1200, name="Buurt 01 West", gemeente="Appingedam"),
    fakes.wijk("GM0114", 5000, name="Emmen", gemeente="Emmen", change="."),
    fakes.wijk("WK011400", 5000, gemeente="Emmen"),
    fakes.wijk("BU01140000", 5000, name="Emmen-Oost", gemeente="Emmen"),
]
FIGURES = [
    fakes.Figure("GM0003", "Appingedam", "Appingedam", 130.0, change=""),
    fakes.Figure("WK000300", "Wijk 00", "Appingedam", 130.0),
]
CATALOGUE = {"kwb": {2018: ["KWB2018"], 2019: ["KWB2019"]}, "jeugd": {2019: ["JZ2019"]}}


def kwb(folder: Path, year: int, areas: list[fakes.Area]) -> None:
    """KWB as OData gives it: padded keys, and the names in a table of their own."""
    fakes.kwb_typed(folder / f"KWB{year}_TypedDataSet.parquet", areas)
    names = [{"Key": area.code.ljust(10), "Title": area.name} for area in areas]
    pd.DataFrame(names).to_parquet(folder / f"KWB{year}_WijkenEnBuurten.parquet")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """KWB 2018 with wijken only and KWB 2019 with buurten too; jeugd per wijk."""
    folder = tmp_path / "archive"
    folder.mkdir()
    own = [area for area in AREAS if not area.code.startswith("BU")]
    kwb(folder, 2018, own)
    kwb(folder, 2019, AREAS)
    fakes.statline(folder / "JZ2019.csv", fakes.JEUGD, FIGURES, 2019)
    return Archive(folder, CATALOGUE)


@pytest.fixture
def bijstand(domains: dict[str, Domain]) -> dict[str, Domain]:
    return {"bijstand": domains["bijstand"]}


class TestNames:
    def test_wijken_keep_theirs(self) -> None:
        table = pd.DataFrame({"wijk_code": ["WK000300"], "wijk_name": ["x"], "n_wijken": [1]})
        pd.testing.assert_frame_equal(WIJK.published(table), table)

    def test_buurten_get_their_own_and_the_wijk_they_lie_in(self) -> None:
        table = pd.DataFrame(
            {"year": [2020], "wijk_code": ["BU00030001"], "wijk_name": ["x"], "wijk_group": ["y"]}
        )
        out = BUURT.published(table)
        assert list(out) == ["year", "buurt_code", "wijk_code", "buurt_name", "buurt_group"]
        assert out.loc[0, ["buurt_code", "wijk_code"]].tolist() == ["BU00030001", "WK000300"]
        assert list(table) == ["year", "wijk_code", "wijk_name", "wijk_group"], "left as it was"

    def test_counts_of_areas_say_which(self) -> None:
        assert list(BUURT.published(pd.DataFrame({"n_wijken": [3]}))) == ["n_buurten"]

    @pytest.mark.parametrize("names", [["wijk_code", "year", "wijk_name"], ["n_wijken", "wape"]])
    def test_what_was_published_is_read_back_under_the_names_of_the_code(
        self, names: list[str]
    ) -> None:
        table = pd.DataFrame([["BU00030001"] * len(names)], columns=names)
        for level in (WIJK, BUURT):
            assert list(level.inside(level.published(table))) == names

    def test_a_level_that_is_not(self) -> None:
        with pytest.raises(ConfigError, match=r"did you mean 'buurt'\?\); expected wijk or buurt"):
            levels.get("buurten")
        refused(cli("data", "level=buurten"), "level is 'buurten'", "level=wijk")


class TestPanel:
    @pytest.fixture
    def panel(self, archive: Archive, bijstand: dict[str, Domain]) -> Panel:
        panel = build.build(archive, bijstand, BUURT)
        schema.check(panel.wijken, bijstand, BUURT)
        return panel

    def test_a_row_per_buurt_with_figures_of_its_own(self, panel: Panel) -> None:
        table = BUURT.published(panel.wijken).set_index("buurt_code")
        assert table.index.tolist() == ["BU00030000", "BU00030001", "BU01140000"]
        assert table["wijk_code"].tolist() == ["WK000300", "WK000300", "WK011400"]
        assert table["gm_code"].tolist() == ["GM0003", "GM0003", "GM0114"]
        assert table["gm_name"].tolist() == ["Appingedam", "Appingedam", "Emmen"]
        assert table["buurt_name"].iloc[0] == "Buurt 00 Centrum"
        assert table["aantal_inwoners"].tolist() == [3600, 1200, 5000]
        assert table["bijstand_clients"].tolist() == pytest.approx([108, 36, 150])
        assert table["bijstand_population"].tolist() == pytest.approx([2340, 780, 3250])
        assert set(table["bijstand_status"]) == {"observed"}

    def test_years_without_buurten_are_left_out_and_told_of(self, panel: Panel) -> None:
        assert panel.wijken["year"].unique().tolist() == [2019]
        assert panel.notes == [
            "kwb: no buurten in the tables of 2018; those tables are left out.",
        ]

    def test_totals_of_gemeenten_are_as_published(self, panel: Panel) -> None:
        totals = panel.gemeenten[panel.gemeenten["year"] == 2019].set_index("gm_code")
        assert totals["bijstand_clients"].to_dict() == pytest.approx(
            {"GM0003": 144.0, "GM0114": 150.0}
        )

    def test_from_cache_it_is_the_same(
        self, archive: Archive, bijstand: dict[str, Domain], panel: Panel, tmp_path: Path
    ) -> None:
        cache = storage.Cache(tmp_path / "cache")
        for _ in range(2):
            kept = store.load_or_build(archive, bijstand, cache, BUURT)
            pd.testing.assert_frame_equal(kept.wijken, panel.wijken)
            assert (kept.level, kept.notes) == (BUURT, panel.notes)
        assert store.load_or_build(archive, bijstand, cache, WIJK).level == WIJK

    def test_a_domain_without_buurten_is_refused_and_named(
        self, archive: Archive, domains: dict[str, Domain]
    ) -> None:
        two = {name: domains[name] for name in ("jeugd", "bijstand")}
        with pytest.raises(SourceError, match=r"no table of jeugd has buurten.*domain=bijstand"):
            build.build(archive, two, BUURT)

    def test_an_archive_without_buurten_is_refused(
        self, archive: Archive, bijstand: dict[str, Domain]
    ) -> None:
        (archive.folder / "KWB2019_TypedDataSet.parquet").unlink()
        with pytest.raises(SourceError, match=r"no table of kwb, bijstand has buurten.*level=wijk"):
            build.build(Archive(archive.folder, CATALOGUE), bijstand, BUURT)

    def test_wijken_do_not_see_buurten(self, archive: Archive, domains: dict[str, Domain]) -> None:
        two = {name: domains[name] for name in ("jeugd", "bijstand")}
        with_buurten = build.build(archive, two)
        kwb(archive.folder, 2019, [area for area in AREAS if not area.code.startswith("BU")])
        without = build.build(Archive(archive.folder, CATALOGUE), two)
        pd.testing.assert_frame_equal(with_buurten.wijken, without.wijken)
        pd.testing.assert_frame_equal(with_buurten.gemeenten, without.gemeenten)
        assert with_buurten.notes == []

    def test_a_code_of_another_level_breaks_the_contract(
        self, panel: Panel, bijstand: dict[str, Domain]
    ) -> None:
        spoilt = panel.wijken.assign(wijk_code="WK000300")
        with pytest.raises(Exception, match="per buurt and year") as error:
            schema.check(spoilt, bijstand, BUURT)
        assert "buurt_code" in str(error.value)

    def test_places_are_followed_through_other_codes(
        self, tmp_path: Path, bijstand: dict[str, Domain]
    ) -> None:
        """Numbers in names go with the code: the rest, land and people tell the place."""
        was = fakes.wijk("BU00030000", 3600, name="Buurt 00 Centrum")
        now = fakes.wijk("BU00030107", 3580, name="Buurt 07 Centrum", change="2")
        other = fakes.wijk("BU00030000", 900, name="Buurt 00 Nieuw", change="2",
                           oppervlakte_land=30.0)  # fmt: skip
        kwb(tmp_path, 2018, [was])
        kwb(tmp_path, 2019, [now, other])
        panel = build.build(Archive(tmp_path, CATALOGUE), bijstand, BUURT)
        place = panel.wijken.set_index(["wijk_code", "year"])["place_id"]
        assert place["BU00030107", 2019] == place["BU00030000", 2018] == "BU00030000@2018"
        assert place["BU00030000", 2019] == "BU00030000@2019"


@functools.cache
def tiny_run() -> Path:
    """Return the folder of a whole run on the buurten of a tiny country, for reading only."""
    folder = paths.home() / "shared" / "buurten"
    well("run", "level=buurt", *LEARN, f"run.dir={folder}")
    return folder


class TestRun:
    def test_tables_are_about_buurten(self) -> None:
        keys = {
            "panel.parquet": ["buurt_code", "wijk_code", "year", "buurt_name", "buurt_group"],
            "predictions.parquet": ["domain", "buurt_code", "wijk_code", "year", "kind", "model"],
        }
        for name, columns in keys.items():
            table = pd.read_parquet(tiny_run() / name)
            assert set(columns) <= set(table)
            assert table["buurt_code"].str.fullmatch(r"BU\d{8}").all()
            assert (table["wijk_code"] == "WK" + table["buurt_code"].str[2:8]).all()
            assert not {"wijk_name", "wijk_group"} & set(table)
        scores = pd.read_csv(tiny_run() / "scores.csv")
        assert "n_buurten" in scores
        assert "n_wijken" not in scores
        quality = pd.read_csv(tiny_run() / "quality.csv").set_index("check")
        assert quality.loc["place_changed", "subject"].unique().tolist() == ["buurten"]
        record = json.loads((tiny_run() / "run.json").read_text())
        assert record["configuration"]["level"] == "buurt"

    def test_tables_keep_the_contract_that_wijken_have(self) -> None:
        made = runs.finished(tiny_run())
        tables = [table for table in contract.TABLES.values() if made.has(table)]
        assert {contract.PANEL, contract.PREDICTIONS, contract.SCORES} <= set(tables)
        for table in tables:
            contract.check(table, made.read(table))
            written = BUURT.published(made.read(table))
            contract.check(table.at(BUURT), written)
            path = made.folder / table.file
            raw = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
            assert list(raw) == list(written)

    def test_every_buurt_is_predicted_in_every_domain(self) -> None:
        panel = pd.read_parquet(tiny_run() / "panel.parquet")
        made = pd.read_parquet(tiny_run() / "predictions.parquet")
        made = made[made["champion"]]
        assert len(panel) == 3 * panel["buurt_code"].groupby(panel["year"]).nunique().iloc[0]
        assert len(panel) > 3 * 3 * 60
        every = [(d, k) for d in ("jeugd", "wmo", "bijstand") for k in ("expected", "estimate")]
        assert made.groupby(["domain", "kind"]).size().to_dict() == dict.fromkeys(every, len(panel))
        assert made["rate"].between(0, 1).all()

    def test_every_protocol_is_scored(self) -> None:
        scores = pd.read_csv(tiny_run() / "scores.csv")
        assert set(scores["protocol"]) == {
            "unseen_gemeente", "unseen_wijk", "unseen_wijk_benchmarked", "next_years", "random",
            "unseen_year", "blank_cell", "blank_gemeente",
        }  # fmt: skip

    def test_hidden_buurten_leave_others_of_their_wijk_in_sight(self) -> None:
        panel = pd.read_parquet(tiny_run() / "panel.parquet")
        assert panel.groupby("wijk_code")["buurt_group"].nunique().max() > 1

    def test_is_told_in_words(self) -> None:
        out = well("info", "level=buurt", *TINY, *OFF).out
        assert "buurten with features" in out
        assert "figures: buurten by status" in out
        assert "wijken" not in out.replace("wijken_demo", "")
        done = well("data", "level=buurt", *TINY, *OFF)
        assert "next:     risicomodel train data=demo level=buurt" in done.out

    def test_what_does_not_add_up_is_told_of_buurten(self, tmp_path: Path) -> None:
        """Never moved by a hair: then every total is too far off, and a note says so."""
        words = [*LEARN, "domain=bijstand", "estimate.most_moved=1.0001"]
        words += ["estimate.share_unassigned=true"]
        words += ["split.protocols=[unseen_gemeente,unseen_wijk]", f"run.dir={tmp_path / 'run'}"]
        told = well("run", "level=buurt", *words).err
        assert "its buurten would be scaled by more than estimate.most_moved" in told
        assert "no explanations of buurten in a whole run" in told
        assert "wijken" not in told

    def test_earlier_forecasts_are_verified_of_buurten(self, tmp_path: Path) -> None:
        few = ["data.demo.gemeenten=6", "data.demo.wijken=20", "data.demo.first_year=2016"]
        words = [*few, "data.demo.last_year=2019", "domain=bijstand", "model=mean", *OFF]
        earlier = tmp_path / "earlier"
        ahead = ["forecast.origin=2018", "forecast.horizon=1", "split.folds=2"]
        well("forecast", "level=buurt", *words, *ahead, f"run.dir={earlier}")
        refused(cli("verify", earlier, *words), "is of buurten, and level is wijk", "level=buurt")
        well("verify", earlier, "level=buurt", *words, f"run.dir={tmp_path / 'later'}")
        found = runs.finished(tmp_path / "later").read(contract.VERIFY_WIJKEN)
        assert len(found) > 100
        assert found["wijk_code"].str.startswith("BU").all()

    def test_compare_tells_levels_apart(self) -> None:
        assert "demo-buurt" in well("compare", tiny_run()).out

    def test_own_figures_go_by_buurt(self, tmp_path: Path) -> None:
        panel = pd.read_parquet(tiny_run() / "panel.parquet")
        codes = panel.loc[panel["year"] == 2018, "buurt_code"].head(3)
        own = pd.DataFrame({"Buurt": codes, "Jaar": 2018, "Jongeren": [1, 2, 3]})
        own.to_csv(tmp_path / "own.csv", index=False)
        words = ["data", "level=buurt", *TINY, *OFF, "domain=jeugd", f"run.dir={tmp_path / 'run'}"]
        words += [f"+data.own.path={tmp_path / 'own.csv'}"]
        mapped = "+data.own.columns={%s: Buurt, year: Jaar, jeugd: Jongeren}"
        refused(cli(*words, mapped % "wijk_code"), "'buurt_code' is not mapped")
        well(*words, mapped % "buurt_code")
        found = pd.read_parquet(tmp_path / "run" / "panel.parquet")
        found = found[found["year"] == 2018].set_index("buurt_code")["jeugd_clients"]
        assert found[codes].tolist() == [1, 2, 3]


class TestInfo:
    """What is there is listed, also where it is not enough for a run."""

    def read(self, archive: Archive, *words: str) -> str:
        where = ["data=archive", f"data.dir={archive.folder}", *OFF]
        tables = [
            f"tables.{subject}.{year}=[{names[0]}]"
            for subject, years in CATALOGUE.items()
            for year, names in years.items()
        ]
        return well("info", "level=buurt", *where, *tables, *words).out

    def test_domains_without_buurten_are_told_of(self, archive: Archive) -> None:
        out = self.read(archive)
        assert "no table with buurten of: jeugd\n" in out
        assert "no table with figures of: wmo\n" in out
        assert re.search(r"^2019 +3$", out, re.MULTILINE)
        assert re.search(r"^bijstand +2019 +3$", out, re.MULTILINE)
        assert "kwb: no buurten in the tables of 2018" in out

    def test_only_such_a_domain(self, archive: Archive) -> None:
        out = self.read(archive, "domain=jeugd")
        assert "no table with buurten of: jeugd" in out
        assert "no panel can be built: it takes" in out
        assert out.rstrip().endswith("both of buurten.")

    def test_no_buurten_at_all(self, archive: Archive) -> None:
        (archive.folder / "KWB2019_TypedDataSet.parquet").unlink()
        out = self.read(archive)
        assert "no table with buurten of: bijstand, jeugd\n" in out
        assert "no panel can be built" in out


@pytest.mark.archive
class TestRealArchive:
    def test_info_lists_what_is_there(self, archive_dir: Path) -> None:
        out = well("info", "data=archive", f"data.dir={archive_dir}", "level=buurt").out
        assert "no table with buurten of: jeugd, wmo" in out
        assert "13808" in out

    def test_bijstand_2020(self, real_archive: Archive, bijstand: dict[str, Domain]) -> None:
        panel = build.build(real_archive, bijstand, BUURT)
        schema.check(panel.wijken, bijstand, BUURT)
        assert len(panel.wijken) == 13_808
        assert panel.wijken["year"].unique().tolist() == [2020]
        assert panel.wijken["wijk_code"].dtype == "str"
        assert "BU00030000" in set(panel.wijken["wijk_code"])
        assert panel.wijken["wijk_name"].ne("").all()
        assert (panel.wijken["bijstand_status"] == "observed").sum() > 10_000
        assert "2015, 2016, 2017, 2018, 2019" in panel.notes[0]

    def test_scores(self, archive_dir: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        where = ["data=archive", f"data.dir={archive_dir}", "level=buurt", *OFF]
        asked = ["split.score_years=[2020]", "split.protocols=[unseen_gemeente]"]
        chosen = ["domain=bijstand", "model=lightgbm"]
        well("train", *where, *asked, *chosen, f"run.dir={run}")
        board = pd.read_csv(run / "leaderboard.csv").set_index("model")
        assert board.loc["lightgbm", "wr2"] > 0.65
        assert board.loc["lightgbm", "wape"] < 0.40

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ((), ("jeugd, wmo", "has buurten", "domain=bijstand")),
            (("domain=bijstand",), ("2017: no year of the panel", "split.score_years")),
        ],
    )
    def test_what_is_not_there(
        self, archive_dir: Path, words: tuple[str, ...], told: tuple[str, ...]
    ) -> None:
        where = ["data=archive", f"data.dir={archive_dir}", "level=buurt", *OFF]
        refused(cli("train", *where, *words), *told)
