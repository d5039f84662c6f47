"""Forecasts per wijk, one to five years ahead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from risicomodel.results.forecasting import backtest, components
from support.forecasts import ONE, TWO, forecast_run
from support.running import well, whole_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run() -> Path:
    return forecast_run()


@pytest.fixture(scope="module")
def forecasts(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "forecasts.parquet")


@pytest.fixture(scope="module")
def said(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The champion's forecasts, where there is one."""
    return forecasts[forecasts["champion"]].dropna(subset=["clients"])


def test_the_key_and_columns_are_as_promised(forecasts: pd.DataFrame) -> None:
    """forecasts.parquet has one row per domain, wijk, origin, year and model, with the promised
    columns and one champion.
    """
    promised = [
        "domain", "wijk_code", "origin_year", "year", "model", "horizon", "rate", "lower",
        "upper", "clients", "clients_lower", "clients_upper", "population", "population_source",
        "champion",
    ]  # fmt: skip
    assert set(promised) <= set(forecasts)
    assert not forecasts.duplicated(promised[:5]).any()
    assert (forecasts["year"] - forecasts["origin_year"]).eq(forecasts["horizon"]).all()
    assert forecasts.groupby("domain")["champion"].sum().nunique() == 1


def test_every_figure_is_possible(said: pd.DataFrame) -> None:
    """Every forecast is a share between 0 and 1 within its band, and its clients are that share of
    the population.
    """
    assert (said["lower"] >= 0).all()
    assert (said["lower"] <= said["rate"]).all()
    assert (said["rate"] <= said["upper"] + 1e-12).all()
    assert (said["upper"] <= 1 + 1e-12).all()
    assert_allclose(said["rate"] * said["population"], said["clients"])
    assert_allclose(said["upper"] * said["population"], said["clients_upper"])


def test_bands_widen_with_the_years(said: pd.DataFrame) -> None:
    """A band never becomes narrower the further ahead it looks."""
    width = (said["upper"] - said["lower"]) / said["rate"]
    ordered = said.assign(width=width).sort_values(["domain", "wijk_code", "horizon"])
    step = ordered.groupby(["domain", "wijk_code"])["width"].diff().dropna()
    # but for what cannot be below nothing or above everybody
    open_ended = (ordered["lower"] > 0) & (ordered["upper"] < 1)
    assert (step[open_ended.reindex(step.index)] > -1e-9).all()


def test_wijken_add_up_to_gemeenten_and_these_to_the_country(run: Path, said: pd.DataFrame) -> None:
    """Forecasts of wijken and of clients without a known wijk add up to the total of their
    gemeente, and gemeenten to the country.
    """
    sums = pd.read_csv(run / "forecast_sums.csv").set_index(["domain", "year", "code"])
    gemeenten = sums[sums["level"] == "gemeente"]["clients"]
    unassigned = sums[sums["level"] == "unassigned"]["clients"]
    assert unassigned.ge(0).all()
    wijken = said.groupby(["domain", "year", "gm_code"])["clients"].sum()
    assert_allclose((wijken + unassigned.reindex(wijken.index)), gemeenten.reindex(wijken.index))
    country = sums[sums["level"] == "country"]["clients"].droplevel("code")
    total = gemeenten.groupby(["domain", "year"]).sum()
    assert_allclose(total, country.reindex(total.index), rtol=1e-9)


def test_totals_start_from_the_published_total(run: Path) -> None:
    """Where the newest total of a gemeente is published its forecast starts from that total, not
    from the sum of its wijken.
    """
    sums = pd.read_csv(run / "forecast_sums.csv").query("level == 'gemeente' and horizon == 1")
    totals = pd.read_parquet(run / "gemeenten.parquet")
    newest = totals[totals["year"] == 2018].set_index("gm_code")["wmo_clients"].dropna()
    wmo = sums[sums["domain"] == "wmo"].set_index("code")
    published = wmo.index.isin(newest.index)
    assert published.any()
    assert wmo.loc[published, "base"].eq("published total").all()
    growth = wmo.loc[published, "clients"] / newest.reindex(wmo.index[published])
    assert growth.between(0.75, 1.35).all()
    assert abs(growth.median() - 1) < 0.1


def test_people_without_a_known_wijk_are_those_of_the_estimates() -> None:
    """The row of clients without a known wijk has one share in estimates and forecasts where all
    wijken are published, or no total is; elsewhere what is left of the total is divided.
    """
    run = whole_run()
    rows = pd.read_csv(run / "unassigned.csv").query("champion")
    sums = pd.read_csv(run / "forecast_sums.csv").set_index(["domain", "level", "code"])
    forecasts = pd.read_parquet(run / "forecasts.parquet")
    silent = forecasts[forecasts["basis"].eq("silent")].groupby("domain")["gm_code"].unique()
    compared = 0
    for domain, of_domain in rows.groupby("domain"):
        origin = int(forecasts.loc[forecasts["domain"] == domain, "origin_year"].max())
        at_origin = of_domain[of_domain["year"].eq(origin)].set_index("gm_code")
        next_year = sums.loc[domain].query("horizon == 1")
        share = next_year.loc["unassigned", "clients"] / next_year.loc["gemeente", "clients"]
        both = at_origin.join(share.rename("ahead"), how="inner")
        both = both[both["basis"].isin(["published", "share"])]
        both = both[~both.index.isin(silent.get(domain, []))]
        assert both["ahead"].to_numpy() == pytest.approx(both["share"].clip(lower=0.0), abs=1e-6)
        compared += len(both)
    assert compared > 10


def test_totals_are_scored_beside_the_last_total(run: Path) -> None:
    """Forecast totals are scored against totals published since, beside the last total carried on
    unchanged, which is what persistence says.
    """
    scores = pd.read_csv(run / "forecast_total_scores.csv").query("origin_year == 'all'")
    assert set(scores["model"]) == set(components.MODELS)
    unchanged = scores[scores["model"] == "persistence"]
    assert_allclose(unchanged["wape"], unchanged["wape_last"])
    assert scores.groupby(["domain", "horizon"])["wape_last"].nunique().eq(1).all()


def test_bands_of_sums_lie_within_those_of_their_parts(run: Path, said: pd.DataFrame) -> None:
    """The band of a gemeente is no wider than the bands of its wijken, and of clients without a
    known wijk, together.
    """
    sums = pd.read_csv(run / "forecast_sums.csv").set_index(["domain", "year", "code"])
    limits = ["clients_lower", "clients_upper"]
    by_gemeente = sums[sums["level"] == "gemeente"]
    own = said.groupby(["domain", "year", "gm_code"])[limits].sum()
    own += sums.loc[sums["level"] == "unassigned", limits].reindex(own.index)
    together = by_gemeente[limits].reindex(own.index)
    own = own.map(lambda clients: float(f"{clients:.10g}"))  # as they are written
    assert (together["clients_lower"] >= own["clients_lower"]).all()
    assert (together["clients_upper"] <= own["clients_upper"]).all()


def test_too_few_people_get_no_forecast_and_are_told(run: Path, forecasts: pd.DataFrame) -> None:
    """A wijk with too few people gets no forecast, and the run says so."""
    silent = forecasts[forecasts["basis"] == "silent"]
    assert len(silent)
    assert silent[["clients", "rate", "lower", "upper"]].isna().all(axis=None)
    notes = json.loads((run / "run.json").read_text(encoding="utf-8"))["notes"]
    assert any("no forecast for wijken with too few people" in note for note in notes)


def test_every_driver_says_which_year_it_is_of(run: Path) -> None:
    """forecast_drivers.csv says of everything a forecast stands on which year it describes."""
    drivers = pd.read_csv(run / "forecast_drivers.csv", dtype="str")
    found = drivers[drivers["domain"] == "wmo"].set_index("driver")["describes"]
    assert found["figures"] == "2013–2018"
    assert found["bevolking"] == "2018"
    assert found["boundaries"] == "the tables of 2018"
    assert found["halves"] == "2018"


def test_the_crosswalk_used_is_kept_and_its_shares_sum_to_one(run: Path) -> None:
    """The crosswalk between years is kept with the run, and shares out every wijk completely."""
    links = pd.read_parquet(run / "crosswalk.parquet")
    assert_allclose(links.groupby(["from_year", "from_code"])["share"].sum(), 1.0)


def test_the_same_forecasts_have_the_same_bytes(run: Path, tmp_path: Path) -> None:
    """The same command gives the same forecasts, byte for byte, with and without what was kept."""
    well("forecast", *TWO, f"run.dir={tmp_path / 'again'}", "cache=false")
    for name in ("forecasts.parquet", "forecast_sums.csv", "forecast_scores.csv"):
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_scores_are_of_every_origin_and_horizon(run: Path) -> None:
    """Forecasts are scored on every earlier year that they could have been made in, at every
    horizon.
    """
    scores = pd.read_csv(run / "forecast_scores.csv")
    each = scores[(scores["origin_year"] != "all") & scores["domain"].eq("wmo")]
    found = set(zip(each["origin_year"].astype("int64"), each["horizon"], strict=True))
    assert found == {(2014, h) for h in (1, 2, 3, 4)} | {
        (2015, 1), (2015, 2), (2015, 3), (2016, 1), (2016, 2), (2017, 1)
    }  # fmt: skip
    assert set(each["model"]) == {*components.MODELS, backtest.PERSISTENCE_BY_CODE}


def test_it_beats_the_last_figure_where_the_truth_is_made(run: Path) -> None:
    """Forecasts beat the last published figure at every horizon, in every domain of the made-up
    country.
    """
    scores = pd.read_csv(run / "forecast_scores.csv").query("origin_year == 'all'")
    wape = scores.pivot_table(index=["domain", "horizon"], columns="model", values="wape")
    assert (wape["blend"] < wape["persistence"]).all()


def test_an_earlier_origin_knows_nothing_of_later_figures(tmp_path: Path) -> None:
    """A forecast from an earlier year uses no figure that came out since."""
    # the same command on an archive that ends there: what came out since changes nothing
    folder = tmp_path / "2016"
    well("forecast", *ONE, f"run.dir={folder}", "forecast.origin=2016")
    found = pd.read_csv(folder / "forecast_scores.csv")
    assert set(found["origin_year"]) == {"2014", "2015", "all"}
    assert pd.read_parquet(folder / "forecasts.parquet")["origin_year"].eq(2016).all()
