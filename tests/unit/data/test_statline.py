"""Downloads from a real HTTP server on loopback, read back by the archive."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from risicomodel.core.errors import ConfigError, SourceError
from risicomodel.data.sources import layout
from risicomodel.data.sources.archive import MANIFEST, Archive
from risicomodel.data.sources.statline.download import download
from risicomodel.data.sources.statline.odata3 import OData3
from risicomodel.data.sources.statline.settings import CbsSettings, TableRequest
from risicomodel.data.sources.statline.transport import USER_AGENT
from support.odata_server import Behaviour, Row, StatLineServer, Table
from support.repository import ROOT
from support.statline import (
    CATALOGUE,
    JEUGD,
    TOTALS,
    WANT_JEUGD,
    WANT_WMO,
    WMO,
    assert_nothing_half_written,
    region_rows,
    tables_in,
)


def expected(table: Table, breakdown: str, total: str) -> list[Row]:
    return [row for row in table.rows if row[breakdown] == total and row["Perioden"] == "2019JJ00"]


def data_of(folder: Path, table: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{table}_TypedDataSet.parquet")


class TestWhatIsDownloaded:
    def test_the_archive_reads_it(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        entries = download(folder, [WANT_JEUGD, WANT_WMO], settings)
        archive = Archive(folder, CATALOGUE, source="cbs")
        ref = archive.years("jeugd")[2019]
        rows = archive.parse(ref).rows(TOTALS)
        record = archive.record(ref, len(rows))
        source = expected(cbs.tables[JEUGD], "VormenVanJeugdzorg", "T001644")
        assert rows["code"].tolist() == [row["Wijken"].strip() for row in source]
        assert rows["name"].tolist()[:3] == ["Nederland", "Gemeente 1", "Wijk 00"]
        assert rows["totaaljongeren"].tolist() == [row["TotaalJongeren_1"] for row in source]
        assert (record.source, record.sha256) == ("cbs", entries[0].sha256)
        wmo = archive.parse(archive.years("wmo")[2019]).rows(("Totaal",))
        source = expected(cbs.tables[WMO], "TypeMaatwerkvoorziening", "1'0000 ")
        assert wmo["wmoclienten"].tolist() == [row["WmoClienten_1"] for row in source]

    def test_only_totals_and_whole_years_with_keys_as_they_are(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        download(folder, [WANT_JEUGD], settings)
        data = data_of(folder, JEUGD)
        assert set(data["VormenVanJeugdzorg"]) == {"T001644"}
        assert set(data["Perioden"]) == {"2019JJ00"}
        assert data["Wijken"].tolist()[:2] == ["NL01      ", "GM0001    "]
        assert data.columns.tolist() == list(cbs.tables[JEUGD].rows[0])
        assert data["Behandelen_4"].dtype == "float64"
        assert data["Behandelen_4"].isna().all()
        titles = pd.read_parquet(folder / f"{JEUGD}_VormenVanJeugdzorg.parquet")
        assert titles["Title"].tolist()[2] == "Jeugd'hulp met verblijf"

    def test_halves_of_a_year_are_kept_and_read_apart_from_it(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        halves = {"2019KW01": "2019HJ01", "2019KW02": "2019HJ02"}
        table = cbs.tables[JEUGD]
        for name, rows in (("Perioden", table.rows), ("Key", table.dimensions["Perioden"])):
            for row in rows:
                row[name] = halves.get(row[name], row[name])
        download(folder, [WANT_JEUGD], settings)
        archive = Archive(folder, CATALOGUE, source="cbs")
        ref = archive.years("jeugd")[2019]
        parsed = archive.parse(ref)
        whole, of_halves = parsed.rows(TOTALS), parsed.within_year(layout.HALVES, TOTALS)
        assert list(of_halves) == ["first_half", "second_half"]
        less = [whole["totaaljongeren"] - rows["totaaljongeren"] for rows in of_halves.values()]
        assert [set(part) for part in less] == [{2}, {1}]  # as the table was made

    def test_the_manifest_tells_what_and_whence(self, settings: CbsSettings, folder: Path) -> None:
        entry = download(folder, [WANT_JEUGD], settings)[0]
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["tables"]
        assert [one["file"] for one in written] == [f"{JEUGD}_TypedDataSet.parquet"]
        assert (entry.title, entry.modified) == ("Jeugdzorg 2019", "2020-10-01T02:00:00")
        assert (entry.rows, entry.licence, entry.source) == (11, "CC BY 4.0", "CBS")
        assert entry.retrieved.endswith("+00:00")
        assert "VormenVanJeugdzorg eq 'T001644'" in entry.condition
        assert set(entry.parts) == {
            path.name for path in folder.glob("*.parquet") if path.name != entry.file
        }
        assert not (folder / ".partial").exists()

    def test_total_keys_do_where_no_title_is_named(
        self, settings: CbsSettings, folder: Path
    ) -> None:
        download(folder, [replace(WANT_JEUGD, totals=())], settings)
        assert set(data_of(folder, JEUGD)["VormenVanJeugdzorg"]) == {"T001644"}

    def test_a_table_for_two_uses_is_fetched_once(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        entries = download(folder, [WANT_JEUGD, replace(WANT_JEUGD, year=2020)], settings)
        assert [entry.year for entry in entries] == [2019, 2020]
        assert set(cbs.data_pages().values()) == {1}

    def test_a_table_without_breakdown_or_period_is_fetched_whole(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.tables["84799NED"] = kwb_table(100)
        entry = download(folder, [TableRequest("kwb", 2020, "84799NED")], settings)[0]
        assert (entry.rows, entry.condition) == (111, "")
        assert len(cbs.data_pages()) == 28  # pages of 4

    def test_true_pages_of_ten_thousand(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.page_size = 10_000
        cbs.tables["84799NED"] = table = kwb_table(20_908)
        assert len(table.rows) == 23_000
        said: list[str] = []
        entry = download(
            folder, [TableRequest("kwb", 2020, "84799NED")], settings, progress=said.append
        )[0]
        assert entry.rows == 23_000
        assert len(cbs.data_pages()) == 3
        assert "84799NED: 20,000 of 23,000 rows of TypedDataSet" in said
        pd.testing.assert_frame_equal(data_of(folder, "84799NED"), pd.DataFrame(table.rows))

    def test_descriptions_in_several_pages(
        self, server: StatLineServer, cbs: Behaviour, settings: CbsSettings
    ) -> None:
        properties, there = cbs.tables[JEUGD].properties, f"{server.url}/ODataFeed/odata/{JEUGD}"
        cbs.links = {"DataProperties": f"{there}/Rest?$format=json"}
        cbs.tables[JEUGD].dimensions["Rest"] = properties[2:5]
        cbs.tables[JEUGD].properties = properties[:2]
        assert OData3(settings).properties(JEUGD) == properties[:5]

    def test_twice_the_same_bytes(self, settings: CbsSettings, tmp_path: Path) -> None:
        one, two = (download(tmp_path / name, [WANT_JEUGD], settings)[0] for name in "ab")
        assert (one.sha256, one.parts) == (two.sha256, two.parts)


def kwb_table(n_wijken: int) -> Table:
    regions = region_rows(n_wijken)
    rows = [
        {"ID": number, "WijkenEnBuurten": row["Key"], "AantalInwoners_5": number * 5}
        for number, row in enumerate(regions)
    ]
    properties = [
        {"Key": "WijkenEnBuurten", "Type": "GeoDetail"},
        {"Key": "AantalInwoners_5", "Type": "Topic"},
    ]
    return Table("Kerncijfers", properties, {"WijkenEnBuurten": regions}, rows)


ANYWHERE = (
    "TableInfos",
    "DataProperties",
    r"/Wijken\?",
    r"/Wijken\?.*skip=4",
    r"/TypedDataSet\?",
    r"/TypedDataSet\?.*skip=4",
)


class TestFaultsThatPass:
    @pytest.mark.parametrize(
        ("fault", "where"),
        [
            *((fault, where) for fault in ("reset", "short", "truncated") for where in ANYWHERE),
            *((fault, ANYWHERE[-1]) for fault in ("500", "503", "html")),
            *((fault, r"/\$count") for fault in ("reset", "short", "503")),
        ],
    )
    def test_are_asked_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, fault: str, where: str
    ) -> None:
        cbs.fail(fault, where, times=2)
        assert download(folder, [WANT_JEUGD], settings)[0].rows == 11
        again = 2 if "/TypedDataSet" in where else 0
        assert sorted(cbs.data_pages().values()) == [1, 1, 1 + again]
        assert all(one.times == 0 for one in cbs.faults)

    def test_waits_longer_each_time(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        cbs.fail("503", r"/TypedDataSet\?", times=3)
        with caplog.at_level(logging.WARNING):
            download(folder, [WANT_JEUGD], settings)
        said = [r.getMessage() for r in caplog.records if "trying again" in r.getMessage()]
        assert len(said) == 3
        assert said[0].startswith(f"{JEUGD}/TypedDataSet: the server answers 503")

    def test_too_long_an_answer_is_asked_in_windows(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.single_answer_limit = 4
        download(folder, [WANT_JEUGD], replace(settings, page_size=4))
        source = expected(cbs.tables[JEUGD], "VormenVanJeugdzorg", "T001644")
        assert data_of(folder, JEUGD)["ID"].tolist() == [row["ID"] for row in source]
        windows = [path for path in cbs.data_pages() if "$top=4" in path]
        assert [path.partition("$skip=")[2][0] for path in windows] == ["0", "4", "8"]

    def test_windows_are_halved_until_they_fit(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.single_answer_limit = 3
        download(folder, [WANT_JEUGD], replace(settings, page_size=50))
        assert len(data_of(folder, JEUGD)) == 11
        # 50, 25, 12 and 6 were too many; 3 is kept from then on
        assert sum("$top=50" in path for path in cbs.data_pages()) <= 1

    def test_a_server_that_gives_no_row_at_all_is_refused(
        self, cbs: Behaviour, settings: CbsSettings
    ) -> None:
        cbs.single_answer_limit = 0
        with pytest.raises(SourceError, match="even one row as too much"):
            OData3(settings).page(JEUGD, "TypedDataSet", "")

    def test_an_answer_that_does_not_come_is_asked_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        go_on = threading.Event()

        def hold(path: str) -> None:
            if "/TypedDataSet?" in path and not cbs.data_pages() - Counter([path]):
                go_on.wait(60)

        cbs.on_request = hold
        try:
            download(folder, [WANT_JEUGD], replace(settings, timeout_seconds=0.5))
        finally:
            go_on.set()
        assert max(cbs.data_pages().values()) > 1
        assert len(data_of(folder, JEUGD)) == 11

    def test_pages_without_link_are_asked_by_number(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.pages_by_link = False
        download(folder, [WANT_JEUGD], settings)
        assert len(data_of(folder, JEUGD)) == 11

    def test_a_server_whose_count_is_broken_is_asked_until_it_has_no_more(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.fail("500", r"/\$count", times=99)
        download(folder, [WANT_JEUGD, WANT_WMO], settings)
        assert len(data_of(folder, JEUGD)) == 11
        # what is not counted once is not asked for again
        assert sum("TypedDataSet/$count" in path for path in cbs.asked) == settings.attempts

    @pytest.mark.parametrize("by_link", [True, False])
    def test_a_server_that_does_not_count_is_asked_until_it_has_no_more(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, *, by_link: bool
    ) -> None:
        cbs.counts, cbs.pages_by_link = False, by_link
        download(folder, [WANT_JEUGD], settings)
        assert len(data_of(folder, JEUGD)) == 11
        assert any("$skip=11" in path for path in cbs.data_pages())

    def test_a_table_changed_meanwhile_is_begun_anew(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        table = cbs.tables[JEUGD]

        def revise(path: str) -> None:
            if "$skip=8" in path and table.modified < "2021":
                table.modified = "2021-01-01T02:00:00"
                for row in table.rows:
                    row["TotaalJongeren_1"] += 1

        cbs.on_request = revise
        entry = download(folder, [WANT_JEUGD], settings)[0]
        assert entry.modified == "2021-01-01T02:00:00"
        source = expected(table, "VormenVanJeugdzorg", "T001644")
        assert data_of(folder, JEUGD)["TotaalJongeren_1"].tolist() == [
            row["TotaalJongeren_1"] for row in source
        ]


class TestFaultsThatStay:
    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ("reset", "the connection failed"),
            ("short", "the connection failed"),
            ("truncated", "not whole JSON"),
            ("html", "not whole JSON"),
            ("500", "500 Internal Server Error, in 4 attempts"),
            ("no_value", "without a list of rows under 'value'"),
            ("twice", "came a second time"),
            ("403", "403 Forbidden"),
        ],
    )
    def test_leave_no_table_and_the_manifest_as_it_was(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, fault: str, message: str
    ) -> None:
        download(folder, [WANT_WMO], settings)
        before = (folder / MANIFEST).read_bytes()
        cbs.asked.clear()
        cbs.fail(fault, r"/TypedDataSet\?.*skip=4", times=99)
        with pytest.raises(SourceError, match="1 of 2 tables could not") as caught:
            download(folder, [WANT_WMO, WANT_JEUGD], settings)
        assert message in caught.value.details[0]
        assert_nothing_half_written(folder, before)
        assert Archive(folder, CATALOGUE).missing() == [("jeugd", 2019, JEUGD)]

    @pytest.mark.parametrize("error", [-2, 3])
    def test_a_wrong_count(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, error: int
    ) -> None:
        cbs.count_error = error
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert f"but the server counts {11 + error}" in caught.value.details[0]
        assert_nothing_half_written(folder, None)
        cbs.count_error = 0
        assert download(folder, [WANT_JEUGD], settings)[0].rows == 11

    def test_refusals_are_not_asked_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.fail("403", r"/TypedDataSet\?", times=99)
        with pytest.raises(SourceError):
            download(folder, [WANT_JEUGD], settings)
        assert list(cbs.data_pages().values()) == [1]

    def test_an_unknown_table_does_not_lose_the_others(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        wanted = [TableRequest("jeugd", 2018, "84316NEX", TOTALS), WANT_JEUGD, WANT_WMO]
        with pytest.raises(SourceError, match=r"1 of 3 tables could not .* 2 are in") as caught:
            download(folder, wanted, settings)
        assert caught.value.details[0].startswith("unknown table '84316NEX'")
        assert "expected a CBS table id such as 84615NED" in caught.value.details[0]
        assert sum("84316NEX" in path for path in cbs.asked) == 1
        assert tables_in(folder) == {JEUGD, WMO}
        assert len(download(folder, wanted[1:], settings, offline=True)) == 2

    def test_a_breakdown_without_total(self, settings: CbsSettings, folder: Path) -> None:
        with pytest.raises(SourceError) as caught:
            download(folder, [replace(WANT_WMO, totals=("Alles",))], settings)
        assert "no total in dimension 'TypeMaatwerkvoorziening'" in caught.value.details[0]
        assert "expected 'Alles'" in caught.value.details[0]

    def test_a_table_without_rows(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.tables[JEUGD].rows = []
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert "no rows where (Perioden eq '2019JJ00')" in caught.value.details[0]

    def test_rows_that_differ_in_columns(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        del cbs.tables[JEUGD].rows[20]["k_0Tot4Jaar_2"]
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert "rows differ in their columns" in caught.value.details[0]

    def test_rows_without_key(self, cbs: Behaviour, settings: CbsSettings, folder: Path) -> None:
        del cbs.tables[JEUGD].dimensions["Wijken"][6]["Key"]
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert "Wijken: a row has no 'Key'" in caught.value.details[0]

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ("no_value", f"{JEUGD}/DataProperties: http.* without a list of rows under 'value'"),
            ("403", f"{JEUGD}/DataProperties: the server answers 403 Forbidden"),
            ("404", f"{JEUGD}/DataProperties: the server answers 404 Not Found"),
        ],
    )
    def test_properties_that_are_none(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, fault: str, message: str
    ) -> None:
        cbs.fail(fault, "DataProperties")
        with pytest.raises(SourceError) as caught:
            download(folder, [WANT_JEUGD], settings)
        assert re.match(message, caught.value.details[0])


class Interrupt:
    """Progress that presses Ctrl-C when it sees a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, said: str) -> None:
        if self.text in said:
            raise KeyboardInterrupt


KILLED = """
import sys
from pathlib import Path
from risicomodel.data.sources.statline.download import download
from risicomodel.data.sources.statline.settings import CbsSettings, TableRequest
download(Path(sys.argv[2]), [TableRequest("jeugd", 2019, "84615NED")], CbsSettings(sys.argv[1]))
"""


class TestResume:
    def test_goes_on_with_the_next_page(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        with pytest.raises(KeyboardInterrupt):
            download(
                folder, [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of TypedDataSet")
            )
        assert tables_in(folder) == set()
        assert not (folder / MANIFEST).exists()
        assert len(cbs.data_pages()) == 2
        download(folder, [WANT_JEUGD], settings)
        assert list(cbs.data_pages().values()) == [1, 1, 1]
        source = expected(cbs.tables[JEUGD], "VormenVanJeugdzorg", "T001644")
        assert data_of(folder, JEUGD)["ID"].tolist() == [row["ID"] for row in source]

    def test_gives_the_same_bytes_as_in_one_go(self, settings: CbsSettings, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            download(
                tmp_path / "a", [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of T")
            )
        broken_off, at_once = (
            download(tmp_path / name, [WANT_JEUGD], settings)[0] for name in "ab"
        )
        assert broken_off.sha256 == at_once.sha256

    def test_after_a_kill(
        self, server: StatLineServer, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        reached, go_on = threading.Event(), threading.Event()

        def hold(path: str) -> None:
            if "TypedDataSet" in path and "$skip=8" in path and not reached.is_set():
                reached.set()
                go_on.wait(60)

        cbs.on_request = hold
        source = ROOT / "src"
        command = [sys.executable, "-c", KILLED, server.url, str(folder)]
        environment = {**os.environ, "PYTHONPATH": str(source)}
        with subprocess.Popen(command, env=environment) as process:
            try:
                assert reached.wait(60)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
                go_on.set()
        assert tables_in(folder) == set()
        before = cbs.data_pages()
        assert len(before) == 3
        download(folder, [WANT_JEUGD], settings)
        again = cbs.data_pages() - before
        assert [path.partition("$skip=")[2] for path in again] == ["8"]

    def test_a_fault_that_stayed_and_then_passed(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        cbs.fail("500", r"/TypedDataSet\?.*skip=8", times=4)
        with pytest.raises(SourceError):
            download(folder, [WANT_JEUGD], settings)
        download(folder, [WANT_JEUGD], settings)
        assert sorted(cbs.data_pages().values()) == [1, 1, 5]

    def test_a_table_changed_since_is_begun_anew(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        with pytest.raises(KeyboardInterrupt):
            download(folder, [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of T"))
        table = cbs.tables[JEUGD]
        table.modified = "2021-01-01T02:00:00"
        for row in table.rows:
            row["TotaalJongeren_1"] += 1
        download(folder, [WANT_JEUGD], settings)
        source = expected(table, "VormenVanJeugdzorg", "T001644")
        assert data_of(folder, JEUGD)["TotaalJongeren_1"].tolist() == [
            row["TotaalJongeren_1"] for row in source
        ]
        assert not (folder / ".partial").exists()

    def test_another_filter_is_begun_anew(self, settings: CbsSettings, folder: Path) -> None:
        other = replace(WANT_JEUGD, totals=("Jeugd'hulp met verblijf",))
        with pytest.raises(KeyboardInterrupt):
            download(folder, [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of T"))
        download(folder, [other], settings)
        assert set(data_of(folder, JEUGD)["VormenVanJeugdzorg"]) == {"A027891"}

    @pytest.mark.parametrize("left", ["", '{"rows": [', '{"rows": []}'])
    def test_a_kept_page_that_is_not_whole_is_asked_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path, left: str
    ) -> None:
        with pytest.raises(KeyboardInterrupt):
            download(folder, [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of T"))
        kept = sorted((folder / ".partial").rglob("TypedDataSet-*/*.page"))
        assert len(kept) == 2
        kept[1].write_text(left, encoding="utf-8")
        download(folder, [WANT_JEUGD], settings)
        assert len(data_of(folder, JEUGD)) == 11
        assert sorted(cbs.data_pages().values()) == [1, 1, 2]

    def test_the_archive_does_not_see_pages(self, settings: CbsSettings, folder: Path) -> None:
        download(folder, [WANT_WMO], settings)
        with pytest.raises(KeyboardInterrupt):
            download(folder, [WANT_JEUGD], settings, progress=Interrupt("8 of 11 rows of T"))
        assert all(".partial" not in str(path) for path in Archive(folder, CATALOGUE).files)


class TestWhatIsThere:
    def test_is_not_asked_for_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        first = download(folder, [WANT_JEUGD, WANT_WMO], settings)
        cbs.asked.clear()
        assert download(folder, [WANT_WMO, WANT_JEUGD], settings) == first[::-1]
        assert cbs.asked == []

    def test_is_asked_for_again_on_refresh(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        download(folder, [WANT_JEUGD], settings)
        for row in cbs.tables[JEUGD].rows:
            row["TotaalJongeren_1"] = 7
        download(folder, [WANT_JEUGD], settings, refresh=True)
        assert set(data_of(folder, JEUGD)["TotaalJongeren_1"]) == {7}

    def test_a_failed_refresh_leaves_it(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        first = download(folder, [WANT_JEUGD], settings)
        cbs.fail("500", "TypedDataSet", times=99)
        with pytest.raises(SourceError, match="1 of 1 tables could not"):
            download(folder, [WANT_JEUGD], settings, refresh=True)
        assert download(folder, [WANT_JEUGD], settings, offline=True) == first

    def test_is_asked_for_again_with_other_totals(
        self, settings: CbsSettings, folder: Path
    ) -> None:
        download(folder, [WANT_JEUGD], settings)
        other = replace(WANT_JEUGD, totals=("Jeugdhulp zonder verblijf",))
        assert len(download(folder, [other], settings, offline=True)) == 1
        download(folder, [other], settings)
        assert set(data_of(folder, JEUGD)["VormenVanJeugdzorg"]) == {"A027890"}

    @pytest.mark.parametrize("part", ["TypedDataSet", "VormenVanJeugdzorg"])
    def test_is_fetched_again_where_it_was_changed(
        self, settings: CbsSettings, folder: Path, part: str
    ) -> None:
        entry = download(folder, [WANT_JEUGD], settings)[0]
        path = folder / f"{JEUGD}_{part}.parquet"
        table = pd.read_parquet(path)
        table.iloc[::-1].to_parquet(path)
        if part == "TypedDataSet":
            archive = Archive(folder, CATALOGUE, source="cbs")
            with pytest.raises(SourceError, match="is not the file its manifest describes"):
                archive.parse(archive.refs[0]).rows(TOTALS)
        with pytest.raises(SourceError, match="not in") as caught:
            download(folder, [WANT_JEUGD], settings, offline=True)
        assert "differ from manifest.json" in caught.value.details[0]
        assert download(folder, [WANT_JEUGD], settings)[0].sha256 == entry.sha256
        archive = Archive(folder, CATALOGUE, source="cbs")
        assert len(archive.parse(archive.refs[0]).rows(TOTALS)) == 11

    def test_does_without_a_network(self, settings: CbsSettings, tmp_path: Path) -> None:
        first = download(tmp_path / "a", [WANT_JEUGD], settings)
        gone = replace(settings, base_url="http://127.0.0.1:9")
        assert download(tmp_path / "a", [WANT_JEUGD], gone) == first
        assert download(tmp_path / "a", [WANT_JEUGD], gone, offline=True) == first

    def test_offline_all_that_is_missing_is_told_at_once(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        with pytest.raises(
            SourceError, match=rf"2 of 2 tables are not in .*{JEUGD}, {WMO}"
        ) as none:
            download(folder, [WANT_JEUGD, WANT_WMO], settings, offline=True)
        assert none.value.details == (
            f"{JEUGD} (jeugd 2019): not downloaded yet",
            f"{WMO} (wmo 2019): not downloaded yet",
        )
        assert not folder.exists()
        assert cbs.asked == []

    def test_a_server_out_of_reach(self, settings: CbsSettings, folder: Path) -> None:
        download(folder, [WANT_WMO], settings)
        gone = replace(settings, base_url="http://127.0.0.1:9")
        third = TableRequest("jeugd", 2018, "84316NED", TOTALS)
        with pytest.raises(SourceError, match=r"cannot reach http://127.0.0.1:9; 1 of 3") as caught:
            download(folder, [WANT_JEUGD, WANT_WMO, third], gone)
        assert caught.value.details[1:] == (
            f"missing: {JEUGD} (jeugd 2019)",
            "missing: 84316NED (jeugd 2018)",
        )
        assert "Connection refused" in caught.value.details[0]

    def test_a_server_without_the_encryption_that_was_asked(
        self, settings: CbsSettings, folder: Path
    ) -> None:
        secure = settings.base_url.replace("http:", "https:")
        with pytest.raises(SourceError, match=f"cannot reach {secure}; 0 of 1"):
            download(folder, [WANT_JEUGD], replace(settings, base_url=secure))

    def test_a_manifest_that_is_none(self, settings: CbsSettings, folder: Path) -> None:
        folder.mkdir()
        (folder / MANIFEST).write_text('{"tables": [{"file": "x"}]}', encoding="utf-8")
        with pytest.raises(SourceError, match="is not the manifest of a download"):
            download(folder, [WANT_JEUGD], settings)

    def test_a_folder_that_cannot_be_written(self, settings: CbsSettings, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder", encoding="utf-8")
        with pytest.raises(SourceError, match=r"cannot write in .*Set data\.dir"):
            download(tmp_path / "file" / "archief", [WANT_JEUGD], settings)


class TestManners:
    def test_one_process_at_a_time(self, settings: CbsSettings, folder: Path) -> None:
        folder.mkdir()
        other = FileLock(folder / ".lock")
        other.acquire()
        said: list[str] = []

        def release(text: str) -> None:
            said.append(text)
            other.release()

        download(folder, [WANT_JEUGD], settings, progress=release)
        assert said[0] == f"another process is filling {folder}; waiting until it is done"

    def test_who_waited_does_not_fetch_again(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(download, folder, [WANT_JEUGD], settings) for _ in range(2)]
            one, two = (job.result() for job in jobs)
        assert one == two
        assert set(cbs.data_pages().values()) == {1}

    def test_says_who_it_is(self, cbs: Behaviour, settings: CbsSettings, folder: Path) -> None:
        download(folder, [WANT_JEUGD], settings)
        assert cbs.agents == {USER_AGENT}

    def test_no_proxy_for_this_machine(
        self,
        settings: CbsSettings,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert len(download(folder, [WANT_JEUGD], settings)) == 1

    def test_leaves_logging_as_it_was(
        self, cbs: Behaviour, settings: CbsSettings, folder: Path
    ) -> None:
        before = list(logging.getLogger().handlers)
        cbs.fail("403", f"{WMO}/TableInfos")
        with pytest.raises(SourceError):
            download(folder, [WANT_JEUGD, WANT_WMO], settings)
        assert logging.getLogger().handlers == before

    def test_importing_costs_little(self) -> None:
        heavy = "requests urllib3 tenacity filelock"
        code = (
            "import sys\n"
            "from risicomodel.data.sources.statline import download, odata3\n"
            f"print([name for name in {heavy.split()} if name in sys.modules])"
        )
        source = ROOT / "src"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "[]"

    @pytest.mark.parametrize(
        "url",
        ["opendata.cbs.nl", "ftp://opendata.cbs.nl", "https://", "http://cbs:x", "http://[", ""],
    )
    def test_an_address_that_is_none(self, folder: Path, url: str) -> None:
        with pytest.raises(ConfigError, match=r"expected an address such as https://opendata"):
            download(folder, [WANT_JEUGD], CbsSettings(url))

    def test_a_base_url_with_a_path(self, settings: CbsSettings) -> None:
        client = OData3(replace(settings, base_url="https://example.org/cbs/"))
        assert client.address("1NED", "Perioden") == (
            "https://example.org/cbs/ODataFeed/odata/1NED/Perioden?$format=json"
        )
        client.close()


@pytest.mark.archive
def test_the_real_kwb_of_2020_comes_back_as_it_is(
    server: StatLineServer, settings: CbsSettings, folder: Path
) -> None:
    root = os.environ.get("RISICOMODEL_ARCHIVE")
    path = Path(root or ".") / "kwb" / "84799NED_TypedDataSet.parquet"
    if root is None or not path.is_file():
        pytest.skip("RISICOMODEL_ARCHIVE names no archive with kwb/84799NED_TypedDataSet.parquet")
    real = pd.read_parquet(path)
    areas = pd.read_parquet(next(path.parents[1].rglob("*84799NED_WijkenEnBuurten.parquet")))
    properties = [{"Key": "WijkenEnBuurten", "Type": "GeoDetail"}]
    server.behaviour.page_size = 10_000
    server.behaviour.tables["84799NED"] = Table(
        "Kerncijfers wijken en buurten 2020",
        properties,
        {"WijkenEnBuurten": as_rows(areas)},
        as_rows(real),
    )
    entry = download(folder, [TableRequest("kwb", 2020, "84799NED")], settings)[0]
    assert (entry.rows, len(server.behaviour.data_pages())) == (17_341, 2)
    back = data_of(folder, "84799NED")
    pd.testing.assert_frame_equal(back, real, check_dtype=False)
    archive = Archive(folder, {"kwb": {2020: ["84799NED"]}}, source="cbs")
    in_place = Archive(path.parents[1], {"kwb": {2020: ["84799NED"]}})
    mine, theirs = (one.parse(one.refs[0]).rows() for one in (archive, in_place))
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)


def as_rows(table: pd.DataFrame) -> list[Row]:
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]
