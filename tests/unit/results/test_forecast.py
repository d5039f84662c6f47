"""Forecasts: what they stand on, how good they were, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from risicomodel.results.forecasting import (
    backtest,
    components,
    forecast_intervals,
    hidden_gemeenten,
    within_year,
)
from risicomodel.results.forecasting.gemeente_totals import GemeenteTotals
from risicomodel.results.forecasting.origins import History
from risicomodel.results.forecasting.settings import ForecastSettings, violations
from risicomodel.results.forecasting.unassigned_share import UnassignedShare
from support.forecasts import MADE, ONE, TWO, forecast_run
from support.running import OFF, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.data.domains import Domain
    from risicomodel.data.sources.archive import Archive

SCENARIO = ["65_plus +10%", "gezinswoningen {wijk} +400", "wmo -5% from 2020"]


@pytest.fixture(scope="module")
def run() -> Path:
    return forecast_run()


class TestBackTest:
    def test_measures_are_as_defined(self) -> None:
        rows = pd.DataFrame(
            {
                "domain": "wmo", "origin_year": 2017, "horizon": 1, "model": "blend",
                "gm_code": ["a", "a", "b"], "basis": ["figure", "older", "figure"],
                "clients": [100.0, 50.0, 50.0], "forecast": [90.0, 60.0, 80.0],
            }
        )  # fmt: skip
        row = backtest.score_trials(rows, rounded_to=10).query("origin_year == '2017'").iloc[0]
        assert_allclose(row["wape"], (10 + 10 + 30) / 200)
        assert_allclose(row["bias"], 230 / 200 - 1)
        assert_allclose(row["wape_gemeente"], (0 + 30) / 200)
        assert_allclose(row["wape_wijk"], (10 + 10 + 0) / 200)
        variance = np.array([100.0, 50.0, 50.0]) + 10**2 / 12
        floor = np.sqrt(2 / np.pi * variance).sum() / 200
        assert_allclose(row["noise_floor"], floor)
        assert_allclose(row["wape_wijk_known"], 0.0)


class TestRedrawn:
    def test_redrawn_wijken_have_the_people_of_the_map_and_keep_their_clients_together(
        self,
    ) -> None:
        carried = pd.DataFrame(
            {"blend": [60.0, 60.0, 80.0, 10.0], "people": [600.0, 600.0, 800.0, 100.0]},
            index=["a", "b", "c", "d"],
        )
        counted = pd.Series([300.0, 900.0, np.nan, 200.0], carried.index)
        raked = backtest.rake_redrawn(carried, counted, np.array(["g", "g", "g", "h"]))
        assert list(raked) == ["blend"]
        # c was not redrawn, d is the only one of its gemeente
        assert_allclose(raked["blend"], [30.0, 90.0, 80.0, 10.0])

    def test_bands_of_redrawn_wijken_come_from_redrawn_wijken(self) -> None:
        rows = TestBands.trials()
        rows["basis"] = "figure"
        rows["redrawn"] = np.arange(len(rows)) % 4 == 0
        off = np.exp(np.random.default_rng(4).normal(0, 0.4, len(rows)))
        rows["clients"] = rows["clients"].where(~rows["redrawn"], rows["clients"] * off)
        rows = rows.join(forecast_intervals.leave_one_origin_out(rows))
        held = rows["clients"].between(rows["lower"], rows["upper"]).groupby(rows["redrawn"]).mean()
        assert held.between(0.86, 0.94).all()
        width = (rows["upper"] - rows["lower"]).groupby(rows["redrawn"]).mean()
        assert width[True] > 2 * width[False]


class TestHiddenGemeenten:
    def test_nothing_of_a_hidden_gemeente_is_left_and_all_of_others(self) -> None:
        areas = pd.DataFrame({"gm_code": ["GM1", "GM1", "GM2", "GM3"], "gm_group": list("aabc")})
        figures = np.full((4, 2), 50.0)
        totals = GemeenteTotals(
            pd.Index(["GM1", "GM2", "GM3"]), [2019, 2020], np.full((3, 2), 90.0),
            np.ones((3, 2, 2)), at_year_end=np.ones(3),
        )  # fmt: skip
        shares = pd.Series([0.1, 0.2, 0.3], totals.codes)
        history = History(
            2020, areas, [2019, 2020], np.ones((4, 2, 5)), {"wmo": figures}, {"wmo": figures},
            {"wmo": np.ones(4)}, half_year_clients={"wmo": np.ones((4, 2))}, totals={"wmo": totals},
            unassigned={"wmo": UnassignedShare(shares, shares * 0)},
        )  # fmt: skip
        hidden = hidden_gemeenten.groups(history)
        assert 0 < len(hidden) < 3
        blank = hidden_gemeenten.hide(history, "wmo", hidden)
        rows = areas["gm_group"].isin(hidden).to_numpy()
        codes = totals.codes.isin(areas["gm_code"][rows])
        assert np.isnan(blank.clients["wmo"][rows]).all()
        assert (blank.half_year_clients["wmo"][rows] == 0).all()
        assert np.isnan(blank.totals["wmo"].clients[codes]).all()
        assert np.isnan(blank.totals["wmo"].halves[codes]).all()
        at_year_end = blank.totals["wmo"].at_year_end
        assert at_year_end is not None
        assert np.isnan(at_year_end[codes]).all()
        share, spread = blank.unassigned["wmo"].of(totals.codes)
        assert_allclose(share[codes], shares[~codes].median())
        assert (spread[codes] > 0).all()
        assert (blank.clients["wmo"][~rows] == 50.0).all()
        assert (blank.totals["wmo"].clients[~codes] == 90.0).all()
        assert np.isfinite(history.clients["wmo"]).all()  # a copy was blanked

    def test_in_three_origins_every_gemeente_has_its_turn(self) -> None:
        areas = pd.DataFrame({"gm_group": [f"GM{i:04d}" for i in range(10)]})
        none: dict[str, np.ndarray] = {}
        turns = [
            hidden_gemeenten.groups(
                History(origin, areas, [origin], np.ones((10, 1, 5)), none, none, none)
            )
            for origin in (2018, 2019, 2020)
        ]
        assert sorted(np.concatenate(turns)) == areas["gm_group"].tolist()

    def test_bands_without_figures_come_from_hidden_gemeenten_of_other_origins(self) -> None:
        rows, hidden = TestBands.trials(), TestBands.trials()
        off = np.exp(np.random.default_rng(5).normal(0, 0.5, len(hidden)))
        hidden["clients"] = hidden["clients"] * off
        blank = pd.Series(np.arange(len(rows)) % 2 == 0, rows.index)
        limits = forecast_intervals.leave_one_origin_out(rows, blank, hidden)
        width = (limits["upper"] - limits["lower"]).groupby(blank).mean()
        assert width[True] > 2 * width[False]
        plain = forecast_intervals.leave_one_origin_out(rows)
        pd.testing.assert_frame_equal(limits[~blank], plain[~blank])
        # what the origin itself holds of hidden gemeenten does not count
        first = hidden["origin_year"].eq(2014)
        wild = hidden.assign(clients=hidden["clients"].mask(first, 5_000.0))
        again = forecast_intervals.leave_one_origin_out(rows, blank, wild)
        pd.testing.assert_frame_equal(again[first], limits[first])


class TestBands:
    @staticmethod
    def trials(origins: int = 5, each: int = 400, shock: float = 0.0) -> pd.DataFrame:
        """Forecasts of rates whose errors are as large as was foreseen."""
        random = np.random.default_rng(3)
        n = origins * each
        origin = np.repeat(2014 + np.arange(origins), each)
        forecast = random.uniform(50, 400, n)
        moved = np.exp(shock * (origin == 2014)) * np.exp(random.normal(0, 0.1, n))
        return pd.DataFrame(
            {
                "domain": "wmo", "model": "blend", "origin_year": origin, "horizon": 1,
                "forecast": forecast, "shared_error": 0.08, "own_error": 0.06, "population": 5000.0,
                "clients": forecast * moved, "gm_group": [f"GM{i % 40:04d}" for i in range(n)],
            }
        )  # fmt: skip

    def test_bands_of_left_out_origins_hold_nine_in_ten(self) -> None:
        rows = self.trials()
        rows = rows.join(forecast_intervals.leave_one_origin_out(rows))
        held = rows["clients"].between(rows["lower"], rows["upper"])
        assert 0.87 < held.mean() < 0.93

    def test_a_shock_is_met_unforeseen(self) -> None:
        # its own errors must not widen its bands
        rows = self.trials(shock=0.5)
        calm = self.trials().join(forecast_intervals.leave_one_origin_out(self.trials()))
        rows = rows.join(forecast_intervals.leave_one_origin_out(rows))
        first = rows["origin_year"] == 2014
        width = (rows["upper"] - rows["lower"])[first] / rows["forecast"][first]
        usual = (calm["upper"] - calm["lower"])[first] / calm["forecast"][first]
        assert_allclose(width.mean(), usual.mean(), rtol=0.05)
        assert (
            rows[first]["clients"].between(rows["lower"][first], rows["upper"][first]).mean() < 0.2
        )

    def test_an_only_origin_has_no_band_to_be_tested_by(self) -> None:
        assert forecast_intervals.leave_one_origin_out(self.trials(origins=1)).isna().all(axis=None)

    def test_what_wijken_share_adds_up_and_their_own_partly_cancels(self) -> None:
        rows = pd.DataFrame(
            {
                "gm_code": "a",
                "forecast": [100.0] * 4,
                "shared_error": 0.1,
                "own_error": 0.2,
                "population": 1e3,
            }
        )
        total = forecast_intervals.sum_forecasts(rows, ["gm_code"]).iloc[0]
        assert_allclose([total["shared_error"], total["own_error"]], [0.1, 0.1])


class TestRefusals:
    def test_a_horizon_beyond_the_back_test(self) -> None:
        refused(
            cli("forecast", *ONE, "forecast.horizon=7"),
            "forecast.horizon=7: no forecast that far ahead can be compared",
            "expected at most 4",
        )

    def test_too_few_years(self) -> None:
        refused(cli("forecast", *ONE, "forecast.origin=2014"), "has enough years with figures")

    def test_a_run_without_the_years_for_it_says_so_and_goes_on(self, tmp_path: Path) -> None:
        words = ("split.score_years=[2018]", "split.protocols=[unseen_gemeente]", "domain=jeugd")
        short = tuple(w for w in MADE if "first_year" not in w)
        done = well("run", *short, *words, "data.demo.first_year=2017", f"run.dir={tmp_path / 'r'}")
        assert "no forecasts: no domain has enough years" in done.err
        assert not (tmp_path / "r" / "forecasts.parquet").exists()

    @pytest.mark.parametrize("name", ["horizon", "folds", "least_years", "least_people"])
    def test_settings_below_what_is_possible(self, name: str) -> None:
        wrong = violations(ForecastSettings(**{name: 0}))
        assert wrong[0].startswith(f"forecast.{name} is 0; expected ")

    def test_a_population_forecast_that_is_none(self, tmp_path: Path) -> None:
        absent = cli("forecast", *ONE, f"forecast.population={tmp_path / 'none.csv'}")
        refused(absent, "no population forecast at")
        path = tmp_path / "wrong.csv"
        path.write_text("gm_code;year;aantal_inwoners\n0363;2019;x\nGM0001;2019;5\nGM0001;2019;6\n")
        refused(
            cli("forecast", *ONE, f"forecast.population={path}"),
            "is not the code of a gemeente",
            "expected a number",
            "GM0001 occurs twice in 2019",
        )

    def test_an_official_forecast_is_added_up_to(self, run: Path, tmp_path: Path) -> None:
        sums = pd.read_csv(run / "forecast_sums.csv").query("level == 'gemeente' and horizon == 1")
        gm, own = sums.query("domain == 'wmo'").iloc[0][["code", "population"]]
        path = tmp_path / "official.csv"
        path.write_text(f"gm_code;year;aantal_inwoners\n{gm};2019;{2 * own:.0f}\n")
        folder = tmp_path / "run"
        well("forecast", *ONE, f"forecast.population={path}", f"run.dir={folder}")
        found = pd.read_csv(folder / "forecast_sums.csv").query("code == @gm and horizon == 1")
        table = pd.read_parquet(folder / "forecasts.parquet")
        # wijken too small for a forecast are in the official total
        assert found["population"].iloc[0] > 1.9 * own
        assert table["population_source"].str.contains("official forecast").all()


class TestScenario:
    def test_it_tells_the_difference_with_a_band(self, run: Path, tmp_path: Path) -> None:
        wijk = pd.read_parquet(run / "forecasts.parquet").dropna()["wijk_code"].iloc[0]
        texts = json.dumps([text.format(wijk=wijk) for text in SCENARIO])
        well("forecast", *TWO, f"run.dir={tmp_path / 's'}", f"forecast.scenario={texts}")
        table = pd.read_csv(tmp_path / "s" / "scenario.csv")
        written = {"rtol": 1e-6, "atol": 1e-4}  # totals are written in ten digits
        assert_allclose(table["scenario"] - table["forecast"], table["difference"], **written)
        assert (table["difference_lower"] <= table["difference"] + 1e-9).all()
        assert (table["difference"] <= table["difference_upper"] + 1e-9).all()
        country = table[table["level"] == "country"].set_index(["domain", "year"])["difference"]
        assert country["wmo", 2019] > 0  # more people of 65 and older
        assert country["wmo", 2020] < country["wmo", 2019]  # and then the policy
        jeugd = table[(table["level"] == "wijk") & (table["domain"] == "jeugd")]
        assert set(jeugd["code"]) == {wijk}  # only new families bring youth
        # the forecasts themselves are what they were
        same = (tmp_path / "s" / "forecasts.parquet").read_bytes()
        assert same == (run / "forecasts.parquet").read_bytes()

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        texts = [
            "80_plus +10%",
            "65_plus WK999999 +5%",
            "wmo +5",
            "gezinswoningen +400",
            "meer ouderen",
        ]
        refused(
            cli("forecast", *ONE, f"forecast.scenario={json.dumps(texts)}"),
            "unknown driver '80_plus' (did you mean '65_plus'?)",
            "WK999999 is not forecast",
            "policy is a percentage",
            "homes are a number in an area",
            "'meer ouderen' does not match DRIVER",
        )


class TestVerify:
    def test_forecasts_made_earlier_beside_figures_since(self, tmp_path: Path) -> None:
        earlier, later = tmp_path / "earlier", tmp_path / "later"
        well("forecast", *ONE, f"run.dir={earlier}", "forecast.origin=2016")
        out = well("verify", earlier, *MADE, f"run.dir={later}").out
        assert "forecasts beside figures" in out
        scores = pd.read_csv(later / "verify.csv")
        assert set(scores["horizon"]) == {1, 2}
        # the same as the back-test of a later run finds for that origin, wijk for wijk
        well("forecast", *ONE, f"run.dir={tmp_path / 'full'}")
        tested = pd.read_csv(tmp_path / "full" / "forecast_scores.csv").query(
            "origin_year == '2016'"
        )
        keys = ["horizon", "model"]
        both = scores.merge(tested, on=keys, suffixes=("", "_tested"))
        assert len(both) == 2 * len(components.MODELS)
        assert_allclose(both["wape"], both["wape_tested"], rtol=0.05)
        worst = pd.read_csv(later / "verify_worst.csv")
        assert worst.groupby("year").size().le(10).all()
        assert worst["clients"].ge(10).all()
        gemeenten = pd.read_csv(later / "verify_gemeenten.csv")
        published = pd.read_parquet(later / "gemeenten.parquet").set_index(["gm_code", "year"])
        keys = pd.MultiIndex.from_frame(gemeenten[["gm_code", "year"]])
        assert_allclose(gemeenten["clients"], published["wmo_clients"].reindex(keys))
        off = gemeenten["forecast"] - gemeenten["clients"]
        assert_allclose(gemeenten["off"], off, rtol=1e-6, atol=1e-4)

    def test_years_that_are_not_out_yet_are_refused(self, run: Path) -> None:
        refused(cli("verify", run, *MADE), "no figure is out yet of the years")

    def test_a_folder_without_forecasts_is_refused(self, tmp_path: Path) -> None:
        refused(cli("verify", tmp_path, *MADE), "is not a finished run", "run.json")
        refused(cli("verify", *MADE), "expected the folder of one earlier run")


class TestArchive:
    """On real figures: what docs and the study say of forecasts, with a little room."""

    @pytest.fixture(scope="class")
    @classmethod
    def real(cls, archive_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("real") / "run"
        well("forecast", "data=archive", f"data.dir={archive_dir}", *OFF, f"run.dir={folder}")
        return folder

    def test_forecasts_earn_their_place(self, real: Path) -> None:
        scores = pd.read_csv(real / "forecast_scores.csv").query("origin_year != 'all'")
        wape = scores.pivot_table(
            index=["domain", "horizon", "origin_year"], columns="model", values="wape"
        )
        beside = wape.div(wape["persistence"], axis=0).groupby(level=[0, 1]).mean()["blend"]
        assert beside.max() < 1.01
        near = beside[beside.index.get_level_values("horizon") <= 3]
        assert near.groupby(level=0).mean().loc[["jeugd", "wmo"]].max() < 0.94
        code = wape["blend"].div(wape["persistence_by_code"]).groupby(level=[0, 1]).mean()
        assert code["wmo", 3] < 0.85
        assert max(code["jeugd", 3], code["bijstand", 3]) < 0.875

    def test_given_the_true_gemeente_wijken_are_near_the_noise(self, real: Path) -> None:
        scores = pd.read_csv(real / "forecast_scores.csv")
        near = scores.query("origin_year == 'all' and model == 'blend' and horizon == 1")
        assert len(near) == 3
        assert (near["wape_wijk_known"] <= 1.10 * near["noise_floor_known"]).all()

    def test_bands_hold(self, real: Path) -> None:
        table = pd.read_csv(real / "forecast_bands.csv")
        held = table.query("level == 'wijk' and model == 'blend' and group == 'all'")
        near = held[held["origin_year"].eq("all") & held["horizon"].le(3)]
        assert near["coverage"].between(0.87, 0.93).all()

    def test_totals_of_gemeenten_are_nearer_than_the_last_total(self, real: Path) -> None:
        """One to three years ahead at least a twentieth, mean of the origins; decision 22."""
        table = pd.read_csv(real / "forecast_total_scores.csv").query("origin_year == 'all'")
        near = table[table["model"].isin(["blend", "levels"]) & table["horizon"].le(3)]
        near = near[near["base"] == "published total"]
        assert set(near["domain"]) == {"jeugd", "wmo"}
        assert (near["wape"] <= 0.95 * near["wape_last"]).all()
        assert near.groupby("horizon")["bias"].apply(lambda bias: bias.abs().max())[1] < 0.03

    def test_bands_hold_whatever_a_forecast_stands_on_and_narrow_with_size(
        self, real: Path
    ) -> None:
        table = pd.read_csv(real / "forecast_bands.csv").query("level == 'wijk'")
        table = table[table["model"].eq("blend") & table["origin_year"].eq("all")]
        near = table[table["horizon"].le(3) & table["n_rows"].gt(300)].set_index("group")
        assert near.loc["basis:figure", "coverage"].between(0.88, 0.92).all()
        assert near.loc["basis:older", "coverage"].between(0.85, 0.95).all()
        # gemeenten treated as if nothing was published of them, and no wider than needed
        assert near.loc["basis:expected", "coverage"].between(0.87, 0.93).all()
        assert (near.loc["basis:expected", "width"] < 1.0).all()
        changed = table[table["horizon"].le(3) & table["group"].eq("map:changed")]
        assert (changed["n_rows"] > 300).all()
        assert changed["coverage"].between(0.86, 0.94).all()  # .46 to .82 with everybody's bands
        sizes = ["size:<500", "size:500-2000", "size:2000-5000", "size:5000-10000", "size:>=10000"]
        width = table.pivot_table("width", ["domain", "horizon"], "group")[sizes]
        assert (width.loc[(slice(None), [1, 2, 3]), :].diff(axis=1).iloc[:, 1:] < 0).all(axis=None)

    def test_today_is_the_newest_map(self, real: Path) -> None:
        record = json.loads((real / "run.json").read_text(encoding="utf-8"))["forecasts"]
        assert (record["kind"], record["year"]) == ("map", 2022)
        codes = pd.read_parquet(real / "forecasts.parquet")["wijk_code"]
        assert codes.nunique() == 3340


def test_benefits_per_quarter_bring_forecasts_of_bijstand_nearer(
    archive_dir: Path, extra_dir: Path, tmp_path: Path
) -> None:
    """Totals by half, wijken by a twentieth and more; both bases are scored apart."""
    folder, folders = tmp_path / "run", f"data.dir=[{archive_dir},{extra_dir / 'benefits'}]"
    well("forecast", "data=archive", folders, *OFF, f"run.dir={folder}", "domain=bijstand")
    totals = pd.read_csv(folder / "forecast_total_scores.csv").query("origin_year == 'all'")
    near = totals[totals["model"].eq("blend") & totals["horizon"].le(2)]
    assert sorted(near["base"].unique()) == ["published total", "sum of wijken"]
    assert (near["wape"] <= 0.6 * near["wape_last"]).all()
    scores = pd.read_csv(folder / "forecast_scores.csv").query("origin_year == 'all'")
    wape = scores[scores["model"] == "blend"].set_index("horizon")["wape"]
    assert (wape.loc[[1, 2, 3]].to_numpy() < [0.090, 0.145, 0.208]).all()
    held = pd.read_csv(folder / "forecast_bands.csv").query("group == 'all' and model == 'blend'")
    held = held[held["origin_year"].eq("all") & held["level"].ne("country")]
    assert held.loc[held["horizon"].le(3), "coverage"].between(0.87, 0.93).all()


def test_a_merged_gemeente_is_forecast_as_it_is_now(real_archive: Archive, tmp_path: Path) -> None:
    """Land van Cuijk is of 2022; its history is of Boxmeer, Cuijk, Grave and others."""
    folder = tmp_path / "run"
    well(
        "forecast", "data=archive", f"data.dir={real_archive.folder}", *OFF, f"run.dir={folder}",
        "domain=wmo", "forecast.horizon=1",
    )  # fmt: skip
    table = pd.read_parquet(folder / "forecasts.parquet").query("champion and gm_code == 'GM1982'")
    assert table["clients"].gt(0).any()
    assert set(table["basis"]) <= {"figure", "older", "gemeente", "expected", "silent"}


class TestFollow:
    """One origin's knowledge, made up by hand."""

    @staticmethod
    def past(clients: np.ndarray, people: float = 4_000.0) -> History:
        n, t = clients.shape
        codes = [f"WK0001{i:02d}" for i in range(n)]
        areas = pd.DataFrame({"wijk_code": codes, "gm_code": ["GM0001"] * (n - 1) + ["GM0002"]})
        return History(
            2018,
            areas,
            list(range(2019 - t, 2019)),
            np.full((n, t, 5), people / 5),
            {"wmo": clients},
            {"wmo": np.full((n, t), people)},
            {"wmo": np.ones(n)},
        )

    def test_a_wijk_with_one_year_of_history_leans_on_its_gemeente(
        self, domains: dict[str, Domain]
    ) -> None:
        random = np.random.default_rng(4)
        level = random.uniform(150, 350, (40, 1))
        clients = np.round(level * np.exp(random.normal(0, 0.03, (40, 5))) / 5) * 5
        short = clients.copy()
        short[0, :4], short[0, 4] = np.nan, 600.0
        found = components.decompose(self.past(short), "wmo", domains["wmo"], 2, 100)
        said = components.MODELS[components.DEFAULT_MODEL](found)
        assert found.basis[0] == "figure"
        assert 250 < said[0, 0] < 600  # drawn to the others, but not all the way
        assert (
            found.own_error[0] > found.own_error[1]
        ).all()  # and less sure than one with five years

    def test_without_any_figure_it_is_the_gemeente_and_of_no_gemeente_who_lives_there(
        self, domains: dict[str, Domain]
    ) -> None:
        clients = np.full((20, 4), 240.0)
        clients[0], clients[-1] = np.nan, np.nan
        found = components.decompose(self.past(clients), "wmo", domains["wmo"], 1, 100)
        assert (found.basis[0], found.basis[-1]) == ("gemeente", "expected")
        said = components.MODELS[components.DEFAULT_MODEL](found)
        assert_allclose(said[[0, -1], 0], 240.0, rtol=0.02)
        assert found.shared_error[-1, 0] > found.shared_error[0, 0]

    def test_the_last_level_of_a_wijk_is_that_of_its_newest_figure(
        self, domains: dict[str, Domain]
    ) -> None:
        clients = np.full((20, 4), 240.0)
        clients[0] = 240.0, 240.0, 480.0, np.nan
        found = components.decompose(self.past(clients), "wmo", domains["wmo"], 2, 100)
        others = found.wijk_last[1, 0]
        assert found.basis[0] == "older"
        assert_allclose(found.wijk_last[0] / others, 2.0, rtol=0.1)
        assert (found.wijk[0] < found.wijk_last[0]).all()

    def test_too_few_people_are_passed_over_in_silence(self, domains: dict[str, Domain]) -> None:
        found = components.decompose(
            self.past(np.full((9, 3), 5.0), 60.0), "wmo", domains["wmo"], 1, 100
        )
        assert set(found.basis) == {"silent"}

    def test_the_product_is_the_forecast(self, domains: dict[str, Domain]) -> None:
        clients = np.random.default_rng(5).integers(20, 60, (30, 5)) * 5.0
        one = components.decompose(self.past(clients), "wmo", domains["wmo"], 3, 100)
        product = one.need * one.country_level * one.drift * one.gemeente * one.wijk
        assert_allclose(components.MODELS["levels"](one), product)
        assert_allclose(components.MODELS["persistence"](one)[:, 2], clients[:, -1])
        # of the blend, half is what gemeente and wijk were at last, and less of that later on
        mixed = one.need * one.country_level * one.drift
        for mean, last in ((one.gemeente, one.gemeente_last), (one.wijk, one.wijk_last)):
            mixed = mixed * (mean + (last - mean) / [2, 4, 8])
        assert_allclose(components.MODELS["blend"](one), mixed)
        now = (
            one.country_level * one.gemeente_last * one.wijk_last * one.need[:, [0]]
        )  # people stay here
        assert_allclose(now[:, 0], clients[:, -1])
        # growth beyond need is damped: each step is half the one before
        steps = np.diff(np.log(one.drift), prepend=0.0)
        assert_allclose(steps[1:], steps[:-1] / 2)

    def test_a_gemeente_that_grew_within_the_year_is_thought_to_go_on(
        self, domains: dict[str, Domain]
    ) -> None:
        clients = np.full((20, 4), 240.0)
        steady = self.past(clients)
        grew = np.full((20, 2), 200.0)
        grew[-1] = 180.0, 220.0  # the one wijk of the other gemeente
        heading = replace(steady, half_year_clients={"wmo": grew})
        said = [
            components.MODELS[components.DEFAULT_MODEL](
                components.decompose(past, "wmo", domains["wmo"], 2, 100)
            )
            for past in (steady, heading)
        ]
        beyond = np.log(said[1] / said[0])
        assert (beyond[-1] > 0.04).all()
        assert np.abs(beyond[:-1]).max() < 0.01


class TestHalves:
    """What is made of the first and the second half of the last year."""

    GM = np.array([0, 0, 1])

    def test_growth_is_the_countrys_the_gemeentes_beyond_and_the_wijks_beyond_that(self) -> None:
        many = 1e9 * np.array([[1.0, 1.2], [1.0, 1.0], [2.0, 2.0]])
        found = within_year.growth_between_halves(many, self.GM)
        country = np.log(4.2 / 4.0)
        assert found.country == pytest.approx(2 * country)  # a year has two halves
        gemeente = np.log([1.1, 1.1, 1.0]) - country
        assert_allclose(found.gemeente, gemeente / 2, rtol=1e-6)
        wijk = np.log([1.2, 1.0, 1.0]) - country - gemeente
        assert_allclose(found.wijk, wijk / 2, rtol=1e-6, atol=1e-9)

    def test_of_few_clients_little_is_believed_and_of_a_leap_not_all(self) -> None:
        few = within_year.growth_between_halves(
            np.array([[90.0, 110.0], [1e6, 1e6], [1e6, 1e6]]), np.arange(3)
        )
        assert few.gemeente[0] == pytest.approx(np.log(110 / 90) / 4, rel=0.01)
        leap = within_year.growth_between_halves(
            np.array([[1e6, 9e6], [9e8, 9e8], [9e8, 9e8]]), np.arange(3)
        )
        assert leap.gemeente[0] == within_year.WEIGHT * within_year.MAX_LOG_GROWTH

    def test_half_of_the_countrys_growth_a_year_is_that_of_the_halves(self) -> None:
        found = within_year.growth_between_halves(np.array([[100.0, 102.0]]), np.array([0]))
        damped = np.array([0.5, 0.75])
        assert_allclose(found.course(0.0, 2), np.log(1.02) * damped)
        assert_allclose(found.course(0.1, 2), (np.log(1.02) + 0.05) * damped)

    @pytest.mark.parametrize("known", [None, np.zeros((3, 2))])
    def test_without_halves_nothing_changes(self, known: np.ndarray | None) -> None:
        found = within_year.growth_between_halves(known, self.GM)
        assert_allclose(found.course(0.07, 2), [0.07 * 0.5, 0.07 * 0.75])
        assert not found.gemeente.any()
        assert not found.wijk.any()

    def test_who_has_no_halves_goes_with_what_is_above_it(self) -> None:
        found = within_year.growth_between_halves(
            np.array([[500.0, 550.0], [0.0, 0.0], [500.0, 500.0]]), self.GM
        )
        assert found.gemeente[1] == found.gemeente[0] > 0
        assert found.wijk[1] == 0


class TestYearEnd:
    """What is made of a count at the end of a year whose figure is of the end of March."""

    COUNTS = np.array([[9_000.0, 9_450.0], [1_000.0, 1_000.0], [500.0, np.nan]])
    GM = np.array([0, 0, 1, 2])

    def test_the_step_to_the_newest_count_is_taken_whole_and_what_follows_is_damped(self) -> None:
        grown = within_year.growth_to_year_end(self.COUNTS, np.array([1e6, 1.03e6]), self.GM)
        step = np.log(1.03)
        assert grown.country == pytest.approx(step / 0.75)
        goes_on = 0.5**0.75 - 0.5 ** np.arange(1, 4)  # years
        assert_allclose(grown.course(0.0, 3), step + 0.5 * step / 0.75 * goes_on)
        assert_allclose(grown.course(0.1, 3), step + (0.5 * step / 0.75 + 0.05) * goes_on)

    def test_a_gemeentes_own_step_beyond_the_country_is_believed_where_clients_are_many(
        self,
    ) -> None:
        grown = within_year.growth_to_year_end(self.COUNTS, np.array([1e6, 1.03e6]), self.GM)
        many = 9_225 / (9_225 + within_year.SHRINKAGE_CLIENTS)
        assert grown.gemeente[0] == pytest.approx((np.log(1.05) - np.log(1.03)) * many)
        assert grown.gemeente[1] == grown.gemeente[0]
        assert grown.gemeente[2] < 0
        assert grown.gemeente[3] == 0  # without a count of its own: the country's
        assert not grown.wijk.any()

    def test_without_the_country_the_gemeenten_with_both_counts_stand_for_it(self) -> None:
        grown = within_year.growth_to_year_end(self.COUNTS, None, self.GM)
        assert grown.country == pytest.approx(np.log(10_450 / 10_000) / 0.75)

    def test_without_any_count_nothing_changes(self) -> None:
        grown = within_year.growth_to_year_end(np.full((3, 2), np.nan), None, self.GM)
        assert_allclose(grown.course(0.07, 2), [0.07 * 0.5, 0.07 * 0.75])
        assert not grown.gemeente.any()
