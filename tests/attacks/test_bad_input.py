"""Bad input: one error that says what was found, what is allowed and what to do; status 2.

No traceback, and nothing half-written: no run folder, no hidden left-overs.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from risicomodel.core import paths
from risicomodel.runs import read_record
from support.archives import (
    CLIENTS,
    CODE,
    JEUGD,
    KWB,
    WMO,
    attempt,
    edit,
    read,
    wijken,
    with_clients,
)
from support.odata_server import StatLineServer
from support.running import OFF, SHORT, SPLIT, TABLES, Done, cli, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[pd.DataFrame], pd.DataFrame]


class TestArchive:
    def test_the_unspoilt_one_is_fine(self, archive: Path) -> None:
        assert read(archive).status == 0

    def test_no_folder_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(paths.ARCHIVE_VARIABLE, raising=False)
        done = attempt("data", "data=archive", at=tmp_path)
        refused(done, "no archive folder", "data.dir=PATH", paths.ARCHIVE_VARIABLE)

    def test_folder_missing(self, archive: Path) -> None:
        done = read(archive.with_name("archive2"))
        refused(done, f"{archive}2", "did you mean 'archive'", "data.dir", "data=cbs")

    def test_folder_empty(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        refused(read(tmp_path / "empty"), str(tmp_path / "empty"), "holds no table", "83220NED")

    def test_a_file_is_no_folder(self, archive: Path) -> None:
        refused(read(archive / JEUGD), JEUGD, "no archive folder")

    def test_no_features_at_all(self, archive: Path) -> None:
        for path in archive.glob("*_TypedDataSet.parquet"):
            path.unlink()
        refused(read(archive), "no table for kwb", "has every wijk's features")

    def test_no_table_of_a_domain(self, archive: Path) -> None:
        for name in ("83620NED.csv", "84751NED.csv", WMO):
            (archive / name).unlink()
        refused(read(archive), "no table for wmo", "leave the domain out")
        assert read(archive, "domain=jeugd").status == 0


class TestCutOff:
    @pytest.mark.parametrize("name", [JEUGD, WMO, KWB])
    @pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
    def test_in_the_middle_of_a_row(self, archive: Path, name: str, share: float) -> None:
        path = archive / name
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        refused(read(archive), name, "the complete file", "Download it again")

    def test_with_a_line_end_put_after_it(self, archive: Path) -> None:
        path = archive / JEUGD
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] + b"\n")
        refused(read(archive), JEUGD, "Expected 29 columns", "Download it again")

    def test_json(self, archive: Path) -> None:
        path = archive / JEUGD
        table = pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")
        path.unlink()
        text = table.to_json(orient="records")
        path = path.with_suffix(".json")
        path.write_text(text)
        assert read(archive).status == 0
        path.write_text(text[: len(text) // 2])
        refused(read(archive), path.name, "not whole JSON", "Download it again")

    def test_excel(self, archive: Path) -> None:
        path = archive / JEUGD
        table = pd.read_csv(path, sep=";", dtype="str", keep_default_na=False, encoding="utf-8-sig")
        path.unlink()
        path = path.with_suffix(".xlsx")
        table[wijken(table)].to_excel(path, index=False)
        assert read(archive, "domain=jeugd").status == 0
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        refused(read(archive), path.name, "Download it again")

    def test_empty(self, archive: Path) -> None:
        (archive / JEUGD).write_bytes(b"")
        refused(read(archive), JEUGD, "Download it again")
        edit_header_only(archive / JEUGD)
        refused(read(archive), JEUGD, "no rows")


def edit_header_only(path: Path) -> None:
    path.write_bytes(b"ID;VormenVanJeugdzorg;Wijken;Perioden\n")


SPOILT: dict[str, tuple[str, Edit, list[str]]] = {
    "target column missing": (
        JEUGD,
        lambda table: table.drop(columns=CLIENTS),
        ["no column with jeugd clients", "TotaalJongerenMetJeugdzorg", "configs/domain/jeugd.yaml"],
    ),
    "wijk-years twice": (
        JEUGD,
        lambda table: pd.concat([table, table[wijken(table)].head(5)]),
        ["5 areas occur more than once", "one row per area and year", "Remove the duplicates"],
    ),
    "wijken twice in the features": (
        KWB,
        lambda table: pd.concat([table, table.tail(3)]),
        ["3 areas occur more than once", "one row per area and year"],
    ),
    "leading zeros lost": (
        JEUGD,
        lambda table: table.assign(**{CODE: table[CODE].str.strip().str.lstrip("WK0")}),
        [
            "area codes are not CBS codes",
            "WK + 6",
            "with leading zeros",
            "Save the column of codes",
        ],
    ),
    "negative counts": (
        JEUGD,
        with_clients("-5", 3),
        ["3 counts of jeugd are negative", ": -5", "expected 0 or more", "Correct the file"],
    ),
    "negative people": (
        KWB,
        lambda table: table.assign(AantalInwoners_5=-table["AantalInwoners_5"]),
        ["aantal_inwoners", "in 2018", "counts of 0 or more", "Correct the table"],
    ),
    "more clients than people": (
        JEUGD,
        with_clients("99999"),
        ["jeugd: more clients than people", "rows, for example WK", "in 2018", "Correct the table"],
    ),
    "text where a number belongs": (
        JEUGD,
        with_clients("veel", 2),
        ["2 values are not numbers", "'veel'", "expected numbers"],
    ),
    "another year's table": (
        JEUGD,
        lambda table: table.assign(Perioden=table["Perioden"].str.replace("2018", "2013")),
        ["no rows for the year 2018", "2013", "Correct the table's year"],
    ),
    "total of a breakdown missing": (
        JEUGD,
        lambda table: table[~table["VormenVanJeugdzorg"].str.startswith("Totaal")],
        ["no total in column 'vormenvanjeugdzorg'", "Jeugdhulp met verblijf", "'totals'"],
    ),
    "no areas": (
        JEUGD,
        lambda table: table.drop(columns=[CODE, "Wijken"]),
        ["no column with codes of areas", "Codering", "CBS table by wijk"],
    ),
    "features without people": (
        KWB,
        lambda table: table.drop(columns="AantalInwoners_5"),
        ["no column for aantal_inwoners", "panel/columns.csv"],
    ),
}


class TestTable:
    @pytest.mark.parametrize("spoilt", SPOILT)
    def test_spoilt(self, spoilt: str, archive: Path) -> None:
        name, change, words = SPOILT[spoilt]
        edit(archive / name, change)
        done = read(archive)
        refused(done, *words)
        assert name in done.err or "'tables'" in done.err

    def test_a_rate_above_one_in_a_tiny_wijk_is_how_cbs_counts(self, archive: Path) -> None:
        def change(table: pd.DataFrame) -> pd.DataFrame:
            kwb = pd.read_parquet(archive / KWB)
            tiny = kwb.loc[kwb["AantalInwoners_5"] < 300, "WijkenEnBuurten"].str.strip()
            rows = wijken(table) & table[CODE].str.strip().isin(tiny[tiny.str.startswith("WK")])
            assert rows.any()
            table.loc[rows, CLIENTS] = "900"
            return table

        edit(archive / JEUGD, change)
        assert read(archive).status == 0


class TestTotals:
    """Figures that cannot all be right are no error: estimates are made, and doubts are told."""

    WORDS = (
        *SPLIT, "domain=jeugd", "model=glm", "split.protocols=[unseen_gemeente,unseen_wijk]",
        "estimate.share_unassigned=true",
    )  # fmt: skip

    def estimated(self, archive: Path) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
        """Return the run's folder, its estimates of 2018 with their gemeente, and the sums."""
        assert read(archive, *self.WORDS, task="train").status == 0
        run = archive.parent / "results" / "run"
        panel = pd.read_parquet(run / "panel.parquet")
        rows = pd.read_parquet(run / "predictions.parquet")
        rows = rows[rows["kind"] == "estimate"]
        assert len(rows) == len(panel)
        assert rows[["rate", "lower", "upper", "clients"]].notna().all(axis=None)
        rows = rows.merge(panel[["wijk_code", "year", "gm_code"]], on=["wijk_code", "year"])
        sums = pd.read_csv(run / "adding_up.csv")
        return run, rows[rows["year"] == 2018], sums[sums["year"] == 2018].set_index("gm_code")

    def largest(self, table: pd.DataFrame) -> str:
        """Return the digits of the gemeente with the most wijken."""
        return str(table.loc[wijken(table), CODE].str[2:6].value_counts().idxmax())

    def edited(self, archive: Path, change: Callable[[pd.DataFrame, str], None]) -> str:
        """Change the jeugd table of 2018 round its largest gemeente; return its code."""
        found = []

        def with_gemeente(table: pd.DataFrame) -> pd.DataFrame:
            found.append(self.largest(table))
            change(table, found[0])
            return table

        edit(archive / JEUGD, with_gemeente)
        return f"GM{found[0]}"

    @staticmethod
    def total(table: pd.DataFrame, digits: str) -> pd.Series:
        return (
            table[CODE].str.startswith(f"GM{digits}")
            & (table["Perioden"] == "2018")
            & table["VormenVanJeugdzorg"].str.startswith("Totaal")
        )

    def test_a_total_smaller_than_its_published_wijken(self, archive: Path) -> None:
        def smaller(table: pd.DataFrame, digits: str) -> None:
            rows = self.total(table, digits)
            assert rows.sum() == 1
            table.loc[rows, CLIENTS] = "25"

        gm_code = self.edited(archive, smaller)
        run, rows, sums = self.estimated(archive)
        assert sums.loc[gm_code, "outcome"] == "total_below_published_wijken"
        assert sums.loc[gm_code, "moved"] == 0
        here = rows[rows["gm_code"] == gm_code]
        assert (here["moved"] == 0).all()
        assert here["clients"].sum() > 25
        (note,) = [told for told in read_record(run)["notes"] if "do not add up" in told
                   or "does not add up" in told]  # fmt: skip
        assert "jeugd" in note
        assert "the published total is smaller than its published wijken" in note
        assert (sums.drop(gm_code)["outcome"] == "added_up").mean() > 0.9

    def test_a_gemeente_of_which_every_wijk_is_blank(self, archive: Path) -> None:
        def blanked(table: pd.DataFrame, digits: str) -> None:
            table.loc[wijken(table) & table[CODE].str.startswith(f"WK{digits}"), CLIENTS] = ""
            table.loc[self.total(table, digits), CLIENTS] = "4000"  # far from what is expected

        gm_code = self.edited(archive, blanked)
        _, rows, sums = self.estimated(archive)
        here = rows[rows["gm_code"] == gm_code]
        assert set(here["basis"]) == {"history", "expected"}
        assert sums.loc[gm_code, ["outcome", "n_published"]].to_list() == ["added_up", 0]
        assert here["clients"].sum() == pytest.approx(4000)

    def test_a_wijk_of_nobody(self, archive: Path) -> None:
        kwb = pd.read_parquet(archive / KWB)
        people = [name for name in kwb if name.startswith(("AantalInwoners_", "k_0Tot15",
                  "k_15Tot25", "k_25Tot45", "k_45Tot65", "k_65Jaar"))]  # fmt: skip
        assert len(people) == 6
        emptied = []

        def blanked(table: pd.DataFrame, digits: str) -> None:
            rows = wijken(table) & table[CODE].str.startswith(f"WK{digits}")
            emptied.append(table.loc[rows, CODE].iloc[0].strip())
            table.loc[rows & table[CODE].str.startswith(emptied[0]), CLIENTS] = ""

        self.edited(archive, blanked)
        here = kwb["WijkenEnBuurten"].str.strip() == emptied[0]
        assert here.sum() == 1
        kwb.loc[here, people] = 0
        kwb.to_parquet(archive / KWB)
        _, rows, _ = self.estimated(archive)
        (wijk,) = rows[rows["wijk_code"] == emptied[0]].to_dict("records")
        assert wijk["population"] == wijk["clients"] == wijk["moved"] == 0
        assert 0 <= wijk["lower"] <= wijk["rate"] <= wijk["upper"] <= 1


class TestTableId:
    def test_not_in_the_archive(self, archive: Path) -> None:
        words = [*SPLIT, "domain=jeugd", "model=mean", "tables.jeugd.2018=[99999NED]"]
        done = read(archive, *words, task="train")
        refused(done, "2018: no figures of jeugd", "99999NED", "Correct split.score_years")
        assert "99999NED" in cli("info", "data=archive", f"data.dir={archive}", *words).out

    def test_not_at_cbs(self, tmp_path: Path) -> None:
        server = StatLineServer()
        words = ["data=cbs", f"data.cbs.base_url={server.url}", f"data.dir={tmp_path / 'cbs'}"]
        with contextlib.closing(server):
            done = attempt("data", *words, "tables.jeugd.2015=[99999NED]", at=tmp_path)
        refused(done, "unknown table '99999NED'", "404", "Correct the id in 'tables'")
        assert [path.name for path in (tmp_path / "cbs").iterdir()] == [".lock"]

    def test_no_cbs(self, tmp_path: Path) -> None:
        words = ["data=cbs", "data.cbs.base_url=http://127.0.0.1:9", "+data.cbs.attempts=1"]
        done = attempt("data", *words, f"data.dir={tmp_path / 'cbs'}", at=tmp_path)
        refused(done, "cannot reach http://127.0.0.1:9", "Check the connection")
        assert "Download http" not in done.err

    def test_offline_with_nothing(self, tmp_path: Path) -> None:
        words = ["data=cbs", "data.offline=true", f"data.dir={tmp_path / 'cbs'}"]
        refused(attempt("data", *words, at=tmp_path), "24 of 24 tables are not in", "offline")


class TestSplit:
    def test_fewer_gemeenten_than_folds(self, tmp_path: Path) -> None:
        done = attempt("train", *SHORT, "split.folds=60", at=tmp_path)
        refused(
            done,
            "gemeenten with figures for 60 folds",
            "expected at least one",
            "Set split.folds=24",
        )

    def test_no_wijk_large_enough(self, tmp_path: Path) -> None:
        done = attempt("train", *SHORT, "split.min_population=1000000", at=tmp_path)
        refused(done, "0 gemeenten with figures", "add data")

    def test_a_year_without_features(self, tmp_path: Path) -> None:
        done = attempt("train", *SHORT, "split.score_years=[2016,2031]", at=tmp_path)
        refused(done, "2031: no year of the panel (2016–2018)", "Correct split.score_years")

    def test_no_year_to_predict(self, tmp_path: Path) -> None:
        words = ["split.protocols=[next_years]", "split.origins=[2018]"]
        done = attempt("train", *SHORT, *words, at=tmp_path)
        refused(
            done,
            "no origin is followed by a year with figures",
            "2016, 2017, 2018",
            "Set split.origins",
        )


MAPPING = "{wijk_code: Wijkcode, year: Jaar, jeugd: Jongeren}"
OWN: dict[str, tuple[str, Edit, list[str]]] = {
    "a column that is not there": (
        "{wijk_code: Wijkcode, year: Jaar, jeugd: Jongere}",
        lambda table: table,
        ["no column 'Jongere'", "did you mean 'Jongeren'?", "'Wijkcode', 'Jaar', 'Jongeren'"],
    ),
    "no keys": (
        "{jeugd: Jongeren}",
        lambda table: table,
        ["'wijk_code' is not mapped", "'year' is not mapped"],
    ),
    "an unknown domain": (
        "{wijk_code: Wijkcode, year: Jaar, jeug: Jongeren}",
        lambda table: table,
        ["'jeug' is neither a key nor a chosen domain", "did you mean 'jeugd'?"],
    ),
    "rows twice": (MAPPING, lambda t: pd.concat([t, t.head(2)]), ["2 wijk-years occur twice"]),
    "negative counts": (MAPPING, lambda t: t.assign(Jongeren=-2), ["20 counts are negative"]),
    "leading zeros lost": (
        MAPPING,
        lambda table: table.assign(Wijkcode=table["Wijkcode"].str[2:].astype("int64")),
        ["20 area codes are not CBS codes", "with leading zeros"],
    ),
    "a year without features": (
        MAPPING,
        lambda table: table.assign(Jaar=2031),
        ["years without features: 2031", "2016–2018"],
    ),
    "more clients than people": (
        MAPPING,
        lambda table: table.assign(Jongeren=99999),
        ["jeugd: more clients than people"],
    ),
}


class TestOwnTable:
    @pytest.fixture
    def table(self, archive: Path) -> Path:
        kwb = pd.read_parquet(archive / KWB)
        codes = kwb["WijkenEnBuurten"].str.strip()
        codes = codes[codes.str.startswith("WK")].tail(20)
        path = archive.parent / "clienten 2018 (concept).csv"
        table = pd.DataFrame({"Wijkcode": codes, "Jaar": 2018, "Jongeren": 15})
        table.to_csv(path, sep=";", index=False)
        return path

    def join(self, archive: Path, table: Path, mapping: str = MAPPING) -> Done:
        words = [f"data.own.path='{table}'", f"+data.own.columns={mapping}"]
        where = ["data=table", f"data.dir={archive}"]
        return attempt("data", *where, *words, at=archive.parent)

    def test_a_good_one_takes_the_place_of_the_published(self, archive: Path, table: Path) -> None:
        assert self.join(archive, table).status == 0
        panel = pd.read_parquet(archive.parent / "results" / "run" / "panel.parquet")
        given = panel["wijk_code"].isin(pd.read_csv(table, sep=";")["Wijkcode"])
        assert set(panel.loc[given & (panel["year"] == 2018), "jeugd_clients"]) == {15.0}
        assert set(panel.loc[given & (panel["year"] == 2018), "jeugd_status"]) == {"observed"}

    @pytest.mark.parametrize("spoilt", OWN)
    def test_spoilt(self, spoilt: str, archive: Path, table: Path) -> None:
        mapping, change, words = OWN[spoilt]
        change(pd.read_csv(table, sep=";")).to_csv(table, sep=";", index=False)
        refused(self.join(archive, table, mapping), *words)

    def test_not_there(self, archive: Path, table: Path) -> None:
        table.unlink()
        refused(self.join(archive, table), "no own table", "data.own.path", ".xlsx")

    def test_not_named(self, archive: Path) -> None:
        done = attempt("data", "data=table", f"data.dir={archive}", at=archive.parent)
        refused(done, "data.own.path has no value", "data.own.path=…")

    def test_not_mapped(self, archive: Path, table: Path) -> None:
        words = ["data=table", f"data.dir={archive}", f"data.own.path='{table}'"]
        done = attempt("data", *words, at=archive.parent)
        refused(done, "'wijk_code' is not mapped", "no domain is mapped")
        done = attempt("data", *words, f"data.own.columns={MAPPING}", at=archive.parent)
        refused(done, "'data.own.columns' has no value to change", "'+data.own.columns=…'")


class _Nonsense(BaseHTTPRequestHandler):
    """Answers everything with a page of its own, as a proxy or another service would."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Log in to the guest network</html>")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class TestTrackingServer:
    """One that does not answer: the run goes on, says so, and its results are complete."""

    def run(self, uri: str, tmp_path: Path) -> Done:
        words = [word for word in SHORT if word not in OFF]
        words += [f"tracking.uri={uri}", "tracking.timeout_seconds=1"]
        done = cli("train", *words, f"run.dir={tmp_path / 'run'}")
        assert done.status == 0, done.err
        assert {path.name for path in (tmp_path / "run").iterdir()} >= {*TABLES, "run.json"}
        assert "tracked:" not in done.out
        assert "Traceback" not in done.err
        assert uri in done.err
        assert f"{tmp_path / 'run'}" in done.out
        return done

    def test_refuses_connections(self, tmp_path: Path) -> None:
        done = self.run("http://127.0.0.1:9", tmp_path)
        assert re.search(r"tracking is off for this run: .* does not answer \(.*\)", done.err)
        assert "tracking=off" in done.err

    def test_never_answers(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.run(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
        assert "does not answer (ReadTimeout)" in done.err

    def test_is_something_else(self, tmp_path: Path) -> None:
        server = HTTPServer(("127.0.0.1", 0), _Nonsense)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            done = self.run(f"http://127.0.0.1:{server.server_port}", tmp_path)
        finally:
            server.shutdown()
            server.server_close()
        assert "tracking stopped" in done.err
        assert f"All results are in {tmp_path / 'run'}" in done.err

    @pytest.mark.parametrize("kind", ["no protocol", "no database"])
    def test_is_no_store(self, kind: str, tmp_path: Path) -> None:
        (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one")
        uris = {"no protocol": "ftp://x", "no database": f"sqlite:///{tmp_path / 'text.db'}"}
        done = self.run(uris[kind], tmp_path)
        assert "tracking stopped" in done.err
