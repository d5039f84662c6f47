"""Totals of gemeenten by name: which gemeente is meant, what is filled, what stays as it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pandas as pd
import pytest

from risicomodel.core.errors import ConfigError
from risicomodel.data import domains as domains_module
from risicomodel.data.domains import GemeenteTable
from risicomodel.data.panel import build, gemeente_tables, names
from risicomodel.data.panel.gemeente_tables import NamedTotals, codes, fill
from risicomodel.data.sources import formats
from risicomodel.data.sources.archive import Archive
from risicomodel.data.sources.several import Archives
from support import fakes

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel

# every spelling that sets gemeenten of one name, or of a province's name, apart
GEMEENTEN = pd.DataFrame(
    [
        ("GM0344", "Utrecht"), ("GM0518", "'s-Gravenhage"), ("GM0888", "Beek"),
        ("GM0164", "Hengelo"), ("GM0417", "Laren"), ("GM0687", "Middelburg"),
        ("GM0603", "Rijswijk"), ("GM0971", "Stein"), ("GM0893", "Bergen (L.)"),
        ("GM0373", "Bergen (NH.)"), ("GM0063", "het Bildt"), ("GM0014", "Groningen (gemeente)"),
    ],
    columns=["gm_code", "gm_name"],
)  # fmt: skip
TITLES = {
    "Utrecht (gemeente)": "GM0344", "'s-Gravenhage (gemeente)": "GM0518", "Beek (L.)": "GM0888",
    "Hengelo (O.)": "GM0164", "Laren (NH.)": "GM0417", "Middelburg (Z.)": "GM0687",
    "Rijswijk (ZH.)": "GM0603", "Stein (L.)": "GM0971", "Bergen (L.)": "GM0893",
    "Bergen (NH.)": "GM0373", "Het Bildt": "GM0063", "Groningen (gemeente)": "GM0014",
}  # fmt: skip
CATALOGUE = {
    "kwb": {2018: ["KWB2018"], 2019: ["KWB2019"]},
    "wmo": {2018: ["WMO2018"], 2019: ["WMO2019"]},
    "wmo_gemeenten": {2018: ["84839NED"], 2019: ["84839NED"]},
    "wmo_revised_gemeenten": {2019: ["86050NED"]},
}
AREAS = [
    fakes.wijk("WK000300", 3600, gemeente="Appingedam"),
    fakes.wijk("WK011400", 5000, gemeente="Emmen"),
    fakes.wijk("WK034400", 9000, gemeente="Utrecht"),
    fakes.wijk("WK034401", 8000, gemeente="Utrecht"),
]
NAMED = {
    "Totaal": {
        "Nederland": {2018: 9000.0, 2019: 9100.0},
        "Utrecht (PV)": {2018: 5000.0, 2019: 5100.0},
        "Utrecht (CR)": {2018: 4000.0, 2019: 4100.0},
        "Noord-Nederland (LD)": {2018: 3000.0, 2019: 3100.0},
        "Utrecht (gemeente)": {2018: 800.0, 2019: 820.0},
        "Appingedam": {2018: 300.0, 2019: 265.0},
        "Emmen": {2018: None, 2019: None},
        "Nergenshuizen": {2018: 70.0, 2019: None},
    },
    "Totaal exclusief verblijf en opvang": {"Utrecht (gemeente)": {2018: 10.0, 2019: 20.0}},
}


def wmo(path: Path, year: int) -> None:
    """Appingedam has a total, Emmen is blank, Utrecht is not in the table."""
    rows = [
        fakes.Figure("GM0003", "Appingedam", "Appingedam", 250.0, change=""),
        fakes.Figure("WK000300", "Wijk 00", "Appingedam", 200.0),
        fakes.Figure("GM0114", "Emmen", "Emmen", None, change=""),
    ]
    fakes.statline(path, fakes.WMO, rows, year)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for year in (2018, 2019):
        fakes.kwb_typed(folder / f"KWB{year}.parquet", AREAS)
        wmo(folder / f"WMO{year}.csv", year)
    return folder


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    extra = tmp_path / "gemeente"
    extra.mkdir()
    of_wmo = ("TypeMaatwerkvoorziening", "WmoClienten")
    fakes.named_totals(extra / "84839NED.csv", *of_wmo, NAMED)
    revised = {"Totaal": {"Utrecht (gemeente)": {2019: 790.0}, "Emmen": {2019: 600.0}}}
    fakes.named_totals(extra / "86050NED.csv", *of_wmo, revised)
    return extra


@pytest.fixture
def chosen(domains: dict[str, Domain]) -> dict[str, Domain]:
    first = domains["wmo"].gemeente_tables
    second = replace(first[0], subject="wmo_revised_gemeenten")
    return {"wmo": replace(domains["wmo"], gemeente_tables=[*first, second])}


def totals(panel: Panel) -> dict[tuple[str, int], list[float]]:
    columns = ["wmo_clients", "wmo_first_half", "wmo_second_half"]
    return {
        (row["gm_code"], row["year"]): [row[column] for column in columns]
        for row in panel.gemeenten.to_dict("records")
    }


def test_every_spelling_of_a_gemeente_has_its_code() -> None:
    assert codes(list(TITLES), GEMEENTEN) == TITLES


def test_of_two_gemeenten_with_one_name_none_takes_the_others_place() -> None:
    only_one = GEMEENTEN[GEMEENTEN["gm_code"] == "GM0893"]
    assert codes(["Bergen (NH.)"], only_one) == {}
    unclear = pd.DataFrame({"gm_code": ["GM0001"], "gm_name": ["Bergen"]})
    assert codes(["Bergen (L.)", "Bergen (NH.)"], unclear) == {}
    twice = pd.DataFrame({"gm_code": ["GM0001", "GM0002"], "gm_name": ["Bergen", "Bergen"]})
    assert codes(["Bergen"], twice) == {}


def test_totals_and_halves_fill_what_the_wijk_tables_lack(
    folder: Path, extra: Path, chosen: dict[str, Domain]
) -> None:
    panel = build.build(Archives([folder, extra], CATALOGUE), chosen)
    assert totals(panel) == {
        ("GM0003", 2018): [250.0, 245.0, 245.0],  # the wijk table's, not 300
        ("GM0003", 2019): [250.0, 245.0, 245.0],  # nor 265
        ("GM0114", 2019): [600.0, 595.0, 595.0],  # of the second table: the first is blank
        ("GM0344", 2018): [800.0, 795.0, 795.0],  # the total, not the breakdown's part
        ("GM0344", 2019): [820.0, 815.0, 815.0],  # of the first table, not 790
    }


def test_no_wijk_changes_and_no_status(
    folder: Path, extra: Path, chosen: dict[str, Domain]
) -> None:
    without = build.build(Archive(folder, CATALOGUE), chosen)
    panel = build.build(Archives([folder, extra], CATALOGUE), chosen)
    pd.testing.assert_frame_equal(panel.wijken, without.wijken)
    assert len(panel.gemeenten) == len(without.gemeenten) + 3


def test_notes_say_what_was_added_what_differs_and_which_names_fit_none(
    folder: Path, extra: Path, chosen: dict[str, Domain]
) -> None:
    panel = build.build(Archives([folder, extra], CATALOGUE), chosen)
    added, unknown, second = panel.notes
    assert added == (
        "wmo: 84839NED has totals of gemeenten that the tables per wijk lack: 2, one per gemeente "
        "and year. Of 2 totals that the tables per wijk have too, 2 differ there, by at most 50 "
        "clients: those of the tables per wijk are used."
    )
    assert unknown == (
        "wmo: 84839NED has totals of gemeenten that the panel does not know by this name: "
        "Nergenshuizen (2018); they are left out."
    )
    assert second.endswith("that the tables per wijk lack: 1, one per gemeente and year.")


def test_every_file_is_named_with_its_folder_and_parsed_once(
    folder: Path, extra: Path, chosen: dict[str, Domain], monkeypatch: pytest.MonkeyPatch
) -> None:
    parses: Counter[str] = Counter()
    read = formats.READERS[".csv"]

    def counted(path: Path) -> pd.DataFrame:
        parses[path.name] += 1
        return read(path)

    monkeypatch.setitem(formats.READERS, ".csv", counted)
    panel = build.build(Archives([folder, extra], CATALOGUE), chosen)
    assert parses["84839NED.csv"] == 1
    assert [(p.file, p.period, p.rows) for p in panel.provenance if "gemeenten" in p.subject] == [
        ("gemeente/84839NED.csv", "2018", 3),
        ("gemeente/84839NED.csv", "2019", 2),
        ("gemeente/86050NED.csv", "2019", 2),
    ]


def test_a_named_table_in_two_folders_is_united_by_name(
    folder: Path, extra: Path, chosen: dict[str, Domain], tmp_path: Path
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    rows = {"Totaal": {"Emmen": {2018: 640.0, 2019: 650.0}}}
    fakes.named_totals(more / "84839NED.csv", "TypeMaatwerkvoorziening", "WmoClienten", rows)
    panel = build.build(Archives([folder, extra, more], CATALOGUE), chosen)
    assert totals(panel)["GM0114", 2019] == [650.0, 645.0, 645.0]
    assert totals(panel)["GM0344", 2019] == [820.0, 815.0, 815.0]


def test_without_wijken_of_the_year_the_nearest_years_name_counts() -> None:
    empty = pd.DataFrame({"gm_code": [], "year": [], "wmo_clients": []})
    wijken = pd.DataFrame(
        [("GM0344", "Utrecht", 2018), ("GM0344", "Utrecht", 2020), ("GM0003", "Appingedam", 2019)],
        columns=["gm_code", "gm_name", "year"],
    )
    figures = pd.DataFrame({"wmo_clients": [820.0, 265.0]}, index=["Utrecht", "Appingedam"])
    filled, _ = fill(empty, [NamedTotals("T", 2019, figures)], wijken, "wmo")
    assert dict(zip(filled["gm_code"], filled["wmo_clients"], strict=True)) == {
        "GM0344": 820.0, "GM0003": 265.0,
    }  # fmt: skip


def test_youth_care_takes_care_in_kind_and_not_all_care(
    tmp_path: Path, domains: dict[str, Domain]
) -> None:
    path = fakes.named_totals(
        tmp_path / "85099NED.csv",
        "VormenVanJeugdzorg",
        "JongerenMetJeugdzorg",
        {
            "JZ Totaal jeugdzorg": {"Utrecht (gemeente)": {2021: 900.0}},
            "JZ Totaal jeugdzorg in natura": {"Utrecht (gemeente)": {2021: 860.0}},
            "JH 1 Totaal jeugdhulp": {"Utrecht (gemeente)": {2021: 700.0}},
        },
    )
    archive = Archive(path.parent, {"jeugd_gemeenten": {2021: ["85099NED"]}})
    (declared,) = domains["jeugd"].gemeente_tables
    table = archive.parse(archive.years("jeugd_gemeenten")[2021])
    figures = gemeente_tables.read(table, declared, "jeugd").figures
    assert figures.to_dict("index") == {
        "Utrecht (gemeente)": {
            "jeugd_clients": 860.0, "jeugd_first_half": 855.0, "jeugd_second_half": 855.0,
        }
    }  # fmt: skip


class TestQuarters:
    """Benefits are counted at the end of every quarter; the figure per wijk is that of March."""

    COUNTS: ClassVar[dict[str, tuple[float | None, ...]]] = {
        "NL00": (431_560.0, 425_470.0, 416_340.0, 414_620.0),
        "GM0344": (900.0, 890.0, 880.0, 870.0),
        "WK034400": (500.0, 490.0, 480.0, 470.0),
        "BU03440000": (300.0, 290.0, 280.0, 270.0),
        "GM0003": (40.0, 40.0, None, None),
        "GM9999": (10.0, 10.0, 10.0, 10.0),
    }

    @pytest.fixture
    def read(self, tmp_path: Path, domains: dict[str, Domain]) -> NamedTotals:
        path = fakes.quarterly(tmp_path / "84692NED.csv", 2019, self.COUNTS)
        archive = Archive(path.parent, {"bijstand_gemeenten": {2019: ["84692NED"]}})
        (declared,) = domains["bijstand"].gemeente_tables
        table = archive.parse(archive.years("bijstand_gemeenten")[2019])
        return gemeente_tables.read(table, declared, "bijstand")

    def test_march_is_the_figure_and_december_the_newest_count(self, read: NamedTotals) -> None:
        assert read.figures.loc["GM0344"].tolist() == [900.0, 870.0]
        assert read.country.to_dict("list") == {
            "bijstand_clients": [431_560.0], "bijstand_year_end": [414_620.0],
        }  # fmt: skip

    def test_only_gemeenten_of_the_panel_are_taken(self, read: NamedTotals) -> None:
        empty = pd.DataFrame({"gm_code": [], "year": [], "bijstand_clients": []})
        filled, notes = fill(empty, [read], TestQuarters.wijken(), "bijstand")
        assert filled["gm_code"].tolist() == ["GM0344", "GM0003"]
        assert filled["bijstand_year_end"].isna().tolist() == [False, True]
        assert any("GM9999 (2019)" in note for note in notes)

    def test_a_total_that_is_there_stays_and_gets_the_count_at_the_end(
        self, read: NamedTotals
    ) -> None:
        published = pd.DataFrame(
            {"gm_code": ["GM0344"], "year": [2019], "bijstand_clients": [910.0]}
        )
        filled, _ = fill(published, [read], TestQuarters.wijken(), "bijstand")
        row = filled.set_index("gm_code").loc["GM0344"]
        assert (row["bijstand_clients"], row["bijstand_year_end"]) == (910.0, 870.0)

    def test_a_table_without_december_has_the_figure_alone(
        self, tmp_path: Path, domains: dict[str, Domain]
    ) -> None:
        path = fakes.quarterly(tmp_path / "84692NED.csv", 2019, self.COUNTS)
        rows = pd.read_csv(path, sep=";", dtype="str", encoding="utf-8-sig")
        rows[rows["Perioden"] != "2019 december"].to_csv(path, sep=";", index=False)
        archive = Archive(path.parent, {"bijstand_gemeenten": {2019: ["84692NED"]}})
        (declared,) = domains["bijstand"].gemeente_tables
        table = archive.parse(archive.years("bijstand_gemeenten")[2019])
        read = gemeente_tables.read(table, declared, "bijstand")
        assert read.figures.columns.tolist() == ["bijstand_clients"]

    @staticmethod
    def wijken() -> pd.DataFrame:
        return pd.DataFrame(
            [("GM0344", "Utrecht", 2019), ("GM0003", "Appingedam", 2019)],
            columns=["gm_code", "gm_name", "year"],
        )

    def test_a_period_that_no_table_has_is_refused(self, domains: dict[str, Domain]) -> None:
        (declared,) = domains["bijstand"].gemeente_tables
        wrong = [replace(declared, period="maart", newest="juni")]
        chosen = {"bijstand": replace(domains["bijstand"], gemeente_tables=wrong)}
        with pytest.raises(ConfigError) as caught:
            domains_module.check(chosen, set(names.columns()), {"kwb", "bijstand_gemeenten"})
        assert caught.value.details == (
            "bijstand: period 'maart' of gemeente_tables is not one of 'year', 'march'",
            "bijstand: newest 'juni' of gemeente_tables is not one of '', 'december'",
        )


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("wmo_gemente", "wmo: subject 'wmo_gemente' of gemeente_tables is not in tables"),
        ("kwb", "wmo: 'kwb' of gemeente_tables does not end '_gemeenten'"),
    ],
)
def test_a_declaration_that_fits_no_table_is_refused(
    chosen: dict[str, Domain], subject: str, message: str
) -> None:
    declared = [GemeenteTable(subject, ["WmoClienten"], ["Totaal"])]
    wrong = {"wmo": replace(chosen["wmo"], gemeente_tables=declared)}
    with pytest.raises(ConfigError) as caught:
        domains_module.check(wrong, set(names.columns()), {"kwb", "wmo"})
    assert caught.value.details == (message,)


@pytest.mark.archive
class TestRealTables:
    """The gemeente tables of RISICOMODEL_EXTRA beside the archive of RISICOMODEL_ARCHIVE."""

    @pytest.fixture(scope="class")
    @classmethod
    def extended(
        cls,
        archive_dir: Path,
        extra_dir: Path,
        small_settings: Settings,
        domains: dict[str, Domain],
    ) -> Panel:
        folders = [archive_dir, extra_dir / "gemeente"]
        return build.build(Archives(folders, small_settings.catalogue()), domains)

    def test_more_gemeenten_have_a_total(self, real_panel: Panel, extended: Panel) -> None:
        """Those after the letter where the tables per wijk stop."""

        def counts(panel: Panel, column: str) -> dict[int, int]:
            return panel.gemeenten.groupby("year")[column].count().loc[2017:].to_dict()

        assert counts(real_panel, "jeugd_clients") == {
            2017: 321, 2018: 315, 2019: 290, 2020: 288, 2021: 279,
        }  # fmt: skip
        assert counts(extended, "jeugd_clients") == {
            2017: 321, 2018: 315, 2019: 290, 2020: 288, 2021: 304,
        }  # fmt: skip
        assert counts(real_panel, "wmo_clients") == {
            2017: 248, 2018: 259, 2019: 267, 2020: 266, 2021: 265,
        }  # fmt: skip
        assert counts(extended, "wmo_clients") == {
            2017: 248, 2018: 259, 2019: 282, 2020: 283, 2021: 288,
        }  # fmt: skip

    def test_only_totals_are_added(self, real_panel: Panel, extended: Panel) -> None:
        """No cell of a wijk, and no total that there was, changes."""
        pd.testing.assert_frame_equal(extended.wijken, real_panel.wijken)
        key = ["gm_code", "year"]
        before = real_panel.gemeenten.set_index(key)
        after = extended.gemeenten.set_index(key).loc[before.index]
        for column in before:
            there = before[column].notna()
            pd.testing.assert_series_equal(after[column][there], before[column][there])

    def test_every_name_fits_and_the_first_wmo_table_is_on_the_wijk_tables_base(
        self, extended: Panel
    ) -> None:
        assert not any("does not know" in note for note in extended.notes)
        (first,) = [note for note in extended.notes if "84839NED" in note]
        assert first.endswith("tables per wijk lack: 55, one per gemeente and year.")
        # a revision is on another base, and no part of it
        assert not any("86050NED" in note for note in extended.notes)

    def test_zoetermeer_has_the_total_that_cbs_published(self, extended: Panel) -> None:
        found = extended.gemeenten.set_index(["gm_code", "year"])["wmo_clients"]
        assert found["GM0637", 2021] == 8300


@pytest.mark.archive
class TestRealQuarters:
    """The benefits per quarter of RISICOMODEL_EXTRA beside the archive of RISICOMODEL_ARCHIVE."""

    @pytest.fixture(scope="class")
    @classmethod
    def extended(
        cls,
        archive_dir: Path,
        extra_dir: Path,
        small_settings: Settings,
        domains: dict[str, Domain],
    ) -> Panel:
        folders = [archive_dir, extra_dir / "benefits"]
        chosen = {"bijstand": domains["bijstand"]}
        return build.build(Archives(folders, small_settings.catalogue()), chosen)

    def test_the_figure_per_wijk_is_the_count_of_march(self, extended: Panel) -> None:
        """Sums of complete gemeenten are within a hundredth of the total of March: rounding."""
        wijken = extended.wijken
        complete = wijken.groupby(["gm_code", "year"])["bijstand_clients"].agg(["sum", "count"])
        sizes = wijken.groupby(["gm_code", "year"]).size()
        sums = complete.loc[complete["count"] == sizes, "sum"]
        totals = extended.gemeenten.set_index(["gm_code", "year"])["bijstand_clients"]
        both = pd.concat([sums, totals], axis=1, join="inner").loc[lambda t: t.min(axis=1) > 0]
        off = (both["sum"] - both["bijstand_clients"]).abs().groupby("year").sum()
        assert (off / both["bijstand_clients"].groupby("year").sum()).max() < 0.01

    def test_the_country_and_dozens_of_gemeenten_have_a_newer_count(self, extended: Panel) -> None:
        counts = extended.gemeenten.groupby("year")["bijstand_year_end"].count().to_dict()
        assert counts == {2015: 48, 2016: 36, 2017: 34, 2018: 32, 2019: 32, 2020: 30}
        country = extended.country.set_index("year")
        assert country.loc[2019, ["bijstand_clients", "bijstand_year_end"]].tolist() == [
            431_560.0, 414_620.0,
        ]  # fmt: skip
