"""From figures to predictions, as people use it: demo, CBS's server, own figures, real data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from support.running import DEMO, LEARN, OFF, SPLIT, as_cbs, cli, refused, well, whole_run

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.data.sources.archive import Archive


class TestDemo:
    def test_data_then_train_then_compare(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RISICOMODEL_HOME", str(tmp_path))
        out = well("data", *DEMO, *OFF).out
        assert "DEMO" in out
        assert "next:     risicomodel train data=demo" in out
        well("train", *DEMO, *LEARN)
        assert "glm" in well("compare").out
        assert {path.name for path in tmp_path.iterdir()} == {".cache", "runs"}

    def test_info(self) -> None:
        out = well("info", *DEMO, *OFF).out
        assert "DEMOKWB2016_TypedDataSet.parquet" in out
        for line in ("jeugd", "wmo", "bijstand", "suppressed", "not_delivered", "2018"):
            assert line in out

    def test_everything_made_of_it_says_demo(self) -> None:
        run = whole_run()
        assert runs.read_record(run)["data"] == "demo"
        assert pd.read_parquet(run / "panel.parquet")["gm_name"].str.contains("Demo").all()

    def test_a_whole_run_ends_with_a_report_of_the_largest_gemeente(self) -> None:
        run = whole_run()
        panel = pd.read_parquet(run / "panel.parquet")
        newest = panel[panel["year"] == panel["year"].max()]
        people = newest.groupby("gm_name")["aantal_inwoners"].sum()
        page = (run / "report" / "index.html").read_text(encoding="utf-8")
        assert people.idxmax() in page
        assert not [name for name in people.index if name != people.idxmax() and name in page]

    def test_a_run_tells_of_the_gemeente_that_is_named_and_is_refused_where_there_is_none(
        self, tmp_path: Path
    ) -> None:
        words = (*DEMO, *SPLIT, *OFF, "domain=jeugd", "model=glm", "explain.refits=0")
        run = tmp_path / "run"
        out = well("run", *words, "gemeente=GM9005", "report.language=en", f"run.dir={run}").out
        assert f"report:   {run / 'report' / 'index.html'}" in out
        assert 'lang="en"' in (run / "report" / "index.html").read_text(encoding="utf-8")
        assert json.loads((run / "report" / "report.json").read_text())["gemeente"] == "GM9005"
        before = (run / "run.json").read_bytes()
        done = cli("run", *words, "gemeente=GM9999", f"run.dir={run}")
        refused(done, "no gemeente 'GM9999'", "gemeente=")
        assert "models" not in done.err, "it is known before any is fitted"
        assert (run / "run.json").read_bytes() == before, "an earlier run stays as it was"
        well("run", *words, "report.in_run=false", f"run.dir={run}")
        assert not (run / "report").exists()


class TestWithoutMap:
    def test_the_run_goes_on_on_less(self, small_demo: Archive, tmp_path: Path) -> None:
        """For bijstand, where also the GLM would look at where a wijk lies."""
        archive = as_cbs(small_demo, tmp_path / "archive")
        words = [*SPLIT, *OFF, "domain=bijstand", "model=blend", "models.lightgbm.params.rounds=9"]
        words += ["split.protocols=[unseen_gemeente]", "data=archive", f"data.dir={archive}"]
        well("train", *words, f"run.dir={tmp_path / 'run'}")
        panel = pd.read_parquet(tmp_path / "run" / "panel.parquet")
        assert panel[["x_km", "y_km", "inwoners_nabij_2_km"]].isna().all(axis=None)
        assert panel["inwoners_gemeente"].gt(0).all()
        predictions = pd.read_parquet(tmp_path / "run" / "predictions.parquet")
        learned = predictions[predictions["model"].isin(["glm", "lightgbm", "kernel", "blend"])]
        assert len(learned) == 4 * len(panel)
        assert learned["rate"].between(0, 1).all()
        assert (learned.groupby("model")["rate"].nunique() > 50).all()


class TestOwnTable:
    @pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
    def test_stands_beside_cbs_features(
        self, suffix: str, small_demo: Archive, tmp_path: Path
    ) -> None:
        archive = as_cbs(small_demo, tmp_path / "archive")
        kwb = pd.read_parquet(archive / "84286NED_TypedDataSet.parquet")
        codes = kwb.loc[kwb["SoortRegio_2"].str.strip() == "Wijk", "Codering_3"].str.strip()
        own = pd.DataFrame({"Wijk code": codes, "Jaar": 2018, "Jongeren": np.arange(len(codes))})
        path = tmp_path / f"clienten{suffix}"
        save = {".csv": own.to_csv, ".xlsx": own.to_excel, ".parquet": own.to_parquet}[suffix]
        save(path, index=False)
        words = ["data=table", f"data.dir={archive}", f"data.own.path={path}"]
        words += ["+data.own.columns={wijk_code: Wijk code, year: Jaar, jeugd: Jongeren}"]
        done = cli("train", *LEARN, *words, "split.min_population=1", f"run.dir={tmp_path / 'run'}")
        if done.status:  # row numbers as clients are too many for a large wijk, or they are not
            refused(done, "more clients than people")
            return
        panel = pd.read_parquet(tmp_path / "run" / "panel.parquet")
        panel = panel[panel["year"] == 2018].set_index("wijk_code")["jeugd_clients"]
        assert panel.loc[codes.to_list()].to_list() == list(range(len(codes)))
        record = runs.read_record(tmp_path / "run")
        mine = next(one for one in record["inputs"] if one["source"] == "table")
        assert mine["file"] == path.name
        assert mine["licence"] == "internal"
        assert record["data"] == "own"


@pytest.mark.archive
@pytest.mark.slow
class TestRealArchive:
    """The open CBS tables of a local archive (``RISICOMODEL_ARCHIVE``)."""

    def test_info(self, archive_dir: Path) -> None:
        out = well("info", "data=archive", f"data.dir={archive_dir}").out
        for table in ("84615NED", "84753NED", "kwb_wijk_2019.parquet", "84799NED"):
            assert table in out
        assert "not in this archive" in out
        for status in ("observed", "suppressed", "not_delivered", "absent"):
            assert status in out

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, archive_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        run = tmp_path_factory.mktemp("real") / "run"
        where = ["data=archive", f"data.dir={archive_dir}", f"run.dir={run}", *OFF]
        protocols = "split.protocols=[unseen_gemeente,random]"
        well("train", *where, "model=lightgbm", "domain=jeugd", protocols)
        return run

    @pytest.fixture(scope="class")
    @classmethod
    def panel(cls, run: Path) -> pd.DataFrame:
        return pd.read_parquet(run / "panel.parquet")

    @pytest.fixture(scope="class")
    @classmethod
    def board(cls, run: Path) -> pd.DataFrame:
        board = pd.read_csv(run / "leaderboard.csv")
        return board[board["model"] == "lightgbm"].set_index("protocol")

    def test_data(self, archive_dir: Path, tmp_path: Path) -> None:
        where = ["data=archive", f"data.dir={archive_dir}", f"run.dir={tmp_path / 'run'}"]
        out = well("data", *where, *OFF).out
        assert "DEMO" not in out
        table = pd.read_csv(tmp_path / "run" / "quality.csv").set_index(["check", "subject"])
        observed = table.loc[("status:observed", "jeugd")].set_index("year")["n"]
        assert sorted(observed.index) == list(range(2015, 2022))
        assert observed.between(800, 3500).all()

    def test_text_is_text(self, panel: pd.DataFrame) -> None:
        """Or the panel from cache would have other bytes than the one just built."""
        assert "object" not in set(panel.dtypes.astype("str"))

    def test_panel_has_seven_years(self, panel: pd.DataFrame) -> None:
        assert sorted(panel["year"].unique()) == list(range(2015, 2022))
        assert not panel.duplicated(["wijk_code", "year"]).any()
        assert panel.groupby("year").size().between(1200, 3400).all()

    def test_statuses(self, panel: pd.DataFrame) -> None:
        counts = panel["jeugd_status"].value_counts()
        assert set(counts.index) == {"observed", "suppressed", "absent"}
        assert counts["observed"] > 8000
        observed = panel["jeugd_status"] == "observed"
        assert (panel["jeugd_clients"].notna() == observed).all()

    def test_score(self, board: pd.DataFrame) -> None:
        assert board.loc["unseen_gemeente", "wr2"] >= 0.26
        assert board.loc["unseen_gemeente", "wape"] <= 0.19

    def test_a_random_split_flatters(self, board: pd.DataFrame) -> None:
        assert board.loc["random", "wr2"] > board.loc["unseen_gemeente", "wr2"] + 0.05

    def test_every_wijk_is_predicted_also_where_nothing_is_known(
        self, run: Path, panel: pd.DataFrame
    ) -> None:
        predictions = pd.read_parquet(run / "predictions.parquet")
        predictions = predictions[predictions["model"] == "lightgbm"]
        merged = panel.merge(predictions, on=["wijk_code", "year"], how="outer", indicator=True)
        assert (merged["_merge"] == "both").all()
        assert merged["rate"].between(0, 1).all()
        figures = merged.groupby("gm_code")["jeugd_clients"].count()
        in_2020 = set(panel.loc[panel["year"] == 2020, "gm_code"])
        unknown = figures.index[figures == 0].intersection(sorted(in_2020))
        assert len(unknown) >= 47
        # Amersfoort, Breda, Nijmegen, Haarlemmermeer
        assert {"GM0307", "GM0758", "GM0268", "GM0394"} <= set(unknown)
        left_out = merged[merged["gm_code"].isin(unknown)]
        assert left_out["rate"].notna().all()
        assert left_out["observed_rate"].isna().all()

    def test_inputs_are_named(self, run: Path, archive_dir: Path) -> None:
        record: dict[str, Any] = runs.read_record(run)
        assert record["data"] == "archive"
        tables = {one["table"] for one in record["inputs"]}
        assert {"84615NED", "84799NED"} <= tables
        for one in record["inputs"]:
            assert (archive_dir / one["file"]).is_file()
            assert one["licence"] == "CC BY 4.0"

    def test_from_cache_it_is_the_same(self, run: Path, archive_dir: Path, tmp_path: Path) -> None:
        where = ["data=archive", f"data.dir={archive_dir}", f"run.dir={tmp_path / 'run'}", *OFF]
        protocols = "split.protocols=[unseen_gemeente,random]"
        well("train", *where, "model=lightgbm", "domain=jeugd", protocols)
        assert runs.read_record(tmp_path / "run")["tables"] == runs.read_record(run)["tables"]
