"""Estimates for every wijk and year: what they stand on, what they add up to, how good they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.core import paths
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.storage import Cache
from risicomodel.demo import DemoSettings, make_world
from risicomodel.learning import crossfit
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import PROTOCOLS, SplitSettings
from risicomodel.results import estimates
from risicomodel.results.estimates import EstimateSettings, benchmarking, combine
from support.country import posed
from support.running import DEMO, OFF, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.results.estimates import Estimates

DOMAINS = ("bijstand", "jeugd", "wmo")
BASES = {"published", "history", "model", "expected"}
COUNTRY = DemoSettings(gemeenten=120, wijken=1_000, first_year=2016, last_year=2019)
BOTH = ("split.protocols=[unseen_gemeente,unseen_wijk]",)
LARGE = (
    f"data.demo.gemeenten={COUNTRY.gemeenten}",
    f"data.demo.wijken={COUNTRY.wijken}",
    f"data.demo.first_year={COUNTRY.first_year}",
    f"data.demo.last_year={COUNTRY.last_year}",
    f"split.score_years=[{','.join(map(str, COUNTRY.years))}]",
)
SMALL = (*DEMO, "split.score_years=[2016,2017,2018]")


@dataclass(frozen=True)
class Made:
    """The tables of a run that estimates stand in."""

    folder: Path

    @property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "predictions.parquet")

    @property
    def scores(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "scores.csv")

    @property
    def adding_up(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "adding_up.csv")

    @property
    def totals(self) -> pd.DataFrame:
        """Published totals, a row per gemeente, year and domain."""
        wide = pd.read_parquet(self.folder / "gemeenten.parquet")
        names = {f"{d}_clients": d for d in DOMAINS if f"{d}_clients" in wide}
        long = wide.rename(columns=names).melt(
            ["gm_code", "year"], list(names.values()), "domain", "published_total"
        )
        return long.dropna(subset=["published_total"])

    @property
    def estimates(self) -> pd.DataFrame:
        """Estimates with the status of their figure, its gemeente, and the figure before."""
        rows = self.predictions
        rows = rows[rows["kind"] == "estimate"]
        panel = pd.read_parquet(self.folder / "panel.parquet")
        facts = [
            panel[["wijk_code", "year", "gm_code"]].assign(
                domain=name,
                status=panel[f"{name}_status"],
                published_clients=panel[f"{name}_clients"],
            )
            for name in rows["domain"].unique()
        ]
        out = rows.merge(pd.concat(facts), on=["domain", "wijk_code", "year"], how="outer")
        return out.assign(before=out["clients"] - out["moved"])


def made(name: str, *words: str) -> Made:
    folder = paths.home() / "shared" / f"estimates-{name}"
    if not folder.is_dir():
        well("train", *words, *OFF, f"run.dir={folder}")
    return Made(folder)


@pytest.fixture(scope="module")
def country() -> Made:
    """A thousand wijken and what a GLM makes of them; its truth is known."""
    return made("country", *LARGE, *BOTH, "model=glm")


@pytest.fixture(scope="module")
def rows(country: Made) -> pd.DataFrame:
    return country.estimates


# -- what every run promises ------------------------------------------------------------------


def every_promise(found: Made) -> None:
    """What must hold of the estimates of any run (DESIGN section 4 and decision 11)."""
    rows = found.estimates
    # every wijk and year with features, once per model
    panel = pd.read_parquet(found.folder / "panel.parquet", columns=["wijk_code", "year"])
    for _, part in rows.groupby(["domain", "model"]):
        assert len(part) == len(panel)
    figures = ["rate", "lower", "upper", "clients", "population", "moved", "fold", "basis"]
    assert rows[figures].notna().all(axis=None)
    assert set(rows["basis"]) <= BASES
    assert ((rows["lower"] <= rows["rate"]) & (rows["rate"] <= rows["upper"])).all()
    assert rows["lower"].ge(0).all()
    assert rows["upper"].le(1).all()
    assert rows["clients"].ge(0).all()
    assert (rows.loc[rows["population"] == 0, "clients"].le(0)
            | (rows.loc[rows["population"] == 0, "basis"] == "published")).all()  # fmt: skip
    assert ((rows["status"] == "observed") == (rows["basis"] == "published")).all()
    shares = rows[(rows["population"] > 0) & (rows["clients"] <= rows["population"])]
    np.testing.assert_allclose(shares["rate"] * shares["population"], shares["clients"], atol=1e-6)
    sums_are_the_published_totals(found, rows)


def sums_are_the_published_totals(found: Made, rows: pd.DataFrame) -> None:
    key = ["domain", "model", "gm_code", "year"]
    sums = rows.groupby(key)[["clients", "before", "moved"]].sum().reset_index()
    together = found.adding_up.merge(sums, on=key, suffixes=("_told", ""))
    assert len(together) == len(found.adding_up)
    together = together.merge(found.totals, on=["domain", "gm_code", "year"], how="left")
    assert (together["total"] == together["published_total"]).all()
    np.testing.assert_allclose(together["before"], together["before_told"], atol=1e-6)
    np.testing.assert_allclose(together["moved"], together["moved_told"], atol=1e-6)
    adds = together["outcome"] == "added_up"
    np.testing.assert_allclose(together["clients"][adds], together["total"][adds], atol=1e-6)
    np.testing.assert_allclose(together["moved"][~adds], 0.0, atol=1e-9)
    # no total, nothing moved
    told = rows.merge(found.adding_up[key], on=key, how="left", indicator=True)
    assert (told.loc[told["_merge"] == "left_only", "moved"] == 0).all()


def test_the_promises_hold_on_a_made_up_country(country: Made) -> None:
    every_promise(country)


def test_every_basis_there_is_stands_where_it_belongs(rows: pd.DataFrame) -> None:
    assert set(rows["basis"]) == BASES
    key = ["domain", "wijk_code"]
    known = rows["published_clients"].notna() & (rows["population"] >= 100)
    gemeente = known.groupby([rows["domain"], rows["gm_code"], rows["year"]]).transform("any")
    blank = rows[rows["basis"] != "published"]
    assert blank["observed_rate"].isna().all()
    # where nothing of the gemeente is known and no other year either, the model alone speaks
    assert not gemeente[blank.index[blank["basis"] == "expected"]].any()
    assert gemeente[blank.index[blank["basis"] == "model"]].all()
    # a wijk with history has published years (codes may have changed, but hardly ever do)
    years = known.groupby([rows[c] for c in key]).transform("sum")
    assert (years[blank.index[blank["basis"] == "history"]] > 0).mean() > 0.9


def test_a_published_figure_stands_as_published_with_what_rounding_hides(
    rows: pd.DataFrame,
) -> None:
    shown = rows[rows["basis"] == "published"]
    np.testing.assert_allclose(shown["before"], shown["published_clients"], atol=1e-9)
    # a figure of nobody moves nowhere, whatever its gemeente's factor
    unmoved = (shown["moved"] == 0) & (shown["published_clients"] > 0)
    still = shown[unmoved & (shown["population"] > 0)]
    assert len(still) > 100
    half = still["domain"].map({"jeugd": 2.5, "wmo": 2.5, "bijstand": 5.0})
    figure, n = still["published_clients"], still["population"]
    np.testing.assert_allclose(still["lower"], ((figure - half) / n).clip(0, 1))
    np.testing.assert_allclose(still["upper"], ((figure + half) / n).clip(0, 1))


def test_the_band_holds_a_figure_both_before_and_after_it_was_moved(rows: pd.DataFrame) -> None:
    some = rows[(rows["population"] > 0) & (rows["before"] <= rows["population"])]
    assert (some["moved"] != 0).sum() > 1_000
    before = some["before"] / some["population"]
    assert (before >= some["lower"] - 1e-9).all()
    assert (before <= some["upper"] + 1e-9).all()


def test_a_cell_that_cbs_blanks_for_being_small_is_small(rows: pd.DataFrame) -> None:
    blanked = rows[(rows["domain"] == "jeugd") & (rows["status"] == "suppressed")]
    assert len(blanked) > 50
    assert (blanked["before"] <= 10 + 1e-9).all()
    # another domain's cells are blank for other reasons: a gemeente that did not deliver
    other = rows[(rows["domain"] == "wmo") & (rows["status"] == "not_delivered")]
    assert (other["before"] > 10).any()


def test_a_blank_small_cell_is_the_mean_of_what_it_may_be() -> None:
    """Golden: mean and shortest 90% range of simulated Poisson counts that turned out below 8; a
    lower limit that was lower stays as it was."""
    rng = np.random.default_rng(1)
    for clients in (0.3, 4.0, 9.0, 14.0):
        drawn = rng.poisson(clients, 2_000_000)
        small = drawn[drawn < 8]
        shares = np.bincount(small, minlength=8) / len(small)
        ranges = [(a, b) for a in range(8) for b in range(a, 8) if shares[a : b + 1].sum() >= 0.9]
        least, most = min(ranges, key=lambda r: (r[1] - r[0], -shares[r[0] : r[1] + 1].sum()))
        rates = np.array([[clients, 0.9 * clients, 2 * clients]]) / 500
        figure, lower, upper = combine._small(rates, np.array([500.0]), 8)[0] * 500
        assert figure == pytest.approx(small.mean(), rel=0.01)
        assert lower == pytest.approx(min(least, 0.9 * clients, figure))
        assert upper == pytest.approx(max(most, figure))


def test_the_fewest_persons_that_cbs_shows_are_those_it_rounds_up(small_settings: Settings) -> None:
    domain = small_settings.domains["jeugd"]
    assert (domain.blank_below, domain.rounded_to, combine._least_shown(domain)) == (10, 5, 8)
    assert combine._least_shown(replace(domain, rounded_to=10)) == 5
    assert combine._least_shown(replace(domain, rounded_to=1)) == 10


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.9, 1.0])
@pytest.mark.parametrize("people", [0.0, 1.0, 7.0, 30_000.0])
def test_a_blank_small_cell_is_small_whatever_was_expected(rate: float, people: float) -> None:
    rates = np.array([[rate, 0.5 * rate, min(2 * rate, 1.0)]])
    figure, lower, upper = combine._small(rates, np.array([people]), 8)[0]
    assert 0 <= lower <= figure <= upper <= 1
    assert upper * people <= 7 + 1e-9


def test_a_wijk_of_nobody_has_no_clients_and_a_rate_all_the_same(rows: pd.DataFrame) -> None:
    nobody = rows[(rows["population"] == 0) & (rows["basis"] != "published")]
    assert len(nobody) > 0
    assert (nobody["clients"] == 0).all()
    assert nobody["rate"].between(0, 1).all()


def test_predictions_have_one_row_per_key_and_one_champion_per_kind(country: Made) -> None:
    """DESIGN section 4; the champion is chosen among the models that the kind is made with."""
    table = country.predictions
    assert not table.duplicated(["domain", "wijk_code", "year", "kind", "model"]).any()
    best = table[table["champion"]].groupby(["domain", "kind"])["model"].unique()
    assert len(best) == 6
    assert all(len(models) == 1 for models in best)
    assert list(table) == [
        "domain", "wijk_code", "year", "kind", "model", "rate", "lower", "upper", "clients",
        "population", "observed_rate", "fold", "basis", "moved", "champion",
    ]  # fmt: skip


def test_an_estimate_has_a_champion_also_where_a_baseline_is_best() -> None:
    """Trees of one round say less than the mean."""
    found = made("baseline", *SMALL, *BOTH, "domain=jeugd", "model=lightgbm",
                 "models.lightgbm.params.rounds=1", "champion.metric=wr2")  # fmt: skip
    board = pd.read_csv(found.folder / "leaderboard.csv")
    assert set(board.loc[board["champion"], "model"]) <= {"mean", "gemeente_mean", "persistence",
                                                          "lightgbm"}  # fmt: skip
    table = found.predictions
    best = table[table["champion"]].groupby("kind")["model"].unique()
    assert list(best["estimate"]) == ["lightgbm"]
    assert len(best["expected"]) == 1


def test_baselines_alone_make_estimates_too() -> None:
    found = made("mean", *SMALL, *BOTH, "domain=wmo", "model=mean")
    every_promise(found)
    assert set(found.estimates["model"]) == {"mean"}


# -- how good ---------------------------------------------------------------------------------


def truth() -> pd.DataFrame:
    world = make_world(COUNTRY)
    return pd.concat(
        pd.DataFrame(
            {
                "domain": name,
                "wijk_code": area.codes,
                "year": year,
                "true": world.values[name][position],
            }
        )
        for position, (year, area) in enumerate(zip(COUNTRY.years, world.areas, strict=True))
        for name in DOMAINS
    )


def test_bands_of_blank_cells_hold_the_true_figure_nine_times_in_ten(rows: pd.DataFrame) -> None:
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    assert len(told) == len(rows)
    blank = told[(told["basis"] != "published") & (told["population"] > 0)]
    rate = (blank["true"] / blank["population"]).clip(upper=1)
    held = rate.between(blank["lower"], blank["upper"])
    assert len(blank) > 300
    assert 0.85 <= held.mean() <= 0.96  # 380 cells: give or take 0.03
    assert held.groupby(blank["domain"]).mean().between(0.85, 0.97).all()


def test_blank_small_cells_are_not_thought_larger_than_they_are(rows: pd.DataFrame) -> None:
    """As they are blank they turned out small, whatever was to be expected of them."""
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    small = told[(told["domain"] == "jeugd") & (told["status"] == "suppressed")]
    small = small[small["population"] > 0]
    assert small["before"].mean() == pytest.approx(small["true"].mean(), rel=0.25)
    assert (small["before"] - small["true"]).abs().mean() < 1.4


def test_bands_of_published_cells_hold_what_was_rounded(rows: pd.DataFrame) -> None:
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    shown = told[(told["basis"] == "published") & (told["population"] > 0)]
    rate = shown["true"] / shown["population"]
    assert rate.between(shown["lower"] - 1e-9, shown["upper"] + 1e-9).all()


def unseen_years(found: Made, model: str = "glm") -> pd.DataFrame:
    table = found.scores
    table = table[(table["group"] == "all") & (table["model"] == model)]
    return table.pivot_table(index="domain", columns=["protocol", "metric"], values="value")


def test_a_wijks_other_years_make_a_blank_cells_estimate_better(country: Made) -> None:
    found = unseen_years(country)
    better = found["unseen_year"]["wape"] / found["unseen_wijk"]["wape"]
    assert (better < 0.8).all(), better
    assert found["unseen_year"]["coverage"].between(0.85, 0.95).all()


# -- what an estimate must not know -----------------------------------------------------------

GLM = {"glm": ModelSettings("glm", {"alpha": 1.0, "knots": 0})}


def based(problem: Problem, settings: Settings) -> pd.DataFrame:
    tasks = [
        task
        for name in ("unseen_gemeente", "unseen_wijk")
        for task in crossfit.tasks(problem, PROTOCOLS[name], SplitSettings(folds=3), GLM, seed=3)
    ]
    found = crossfit.run(tasks, Cache(None), ComputeSettings(jobs=2))
    return estimates.bases(found, problem, settings.domains["wmo"], "glm")


def test_a_figure_touches_its_own_estimate_only_through_its_gemeentes_total(
    problem: Problem, small_settings: Settings
) -> None:
    """Two hidden wijken of a gemeente and fold swap half their clients: the level is held, and
    what their own year is estimated at moves by no more than what three variances, learned from
    two hundred places, change by; other years of the same wijken move by far more."""
    plain = based(problem, small_settings)
    usable = plain[problem.usable].join(problem.wijken[["gm_code", "year"]])
    pairs = [part.index[:2] for _, part in usable.groupby(["gm_code", "year", "fold"])
             if len(part) >= 2]  # fmt: skip
    one, two = max(pairs, key=lambda pair: plain.loc[pair, "clients"].min())
    taken = np.floor(plain.loc[one, "clients"] / 2)
    clients = problem.wijken["wmo_clients"].copy()
    clients[one] -= taken
    clients[two] += taken
    changed = posed(problem.wijken.assign(wmo_clients=clients), small_settings)
    again = based(changed, small_settings)
    for row in (one, two):
        own = abs(again.loc[row, "rate"] / plain.loc[row, "rate"] - 1)
        assert own < 0.02
    # what it does touch is the same wijk in other years
    place, year = problem.wijken.loc[one, ["place_id", "year"]]
    here = (problem.wijken["place_id"] == place) & (problem.wijken["year"] != year)
    others = (again.loc[here, "rate"] / plain.loc[here, "rate"] - 1).abs()
    assert others.max() > 0.1


# -- adding up, as asked ----------------------------------------------------------------------


def estimated(
    problem: Problem, settings: Settings, totals: pd.DataFrame, chosen: EstimateSettings
) -> Estimates:
    found = based(problem, settings)
    return estimates.estimate(found, problem, settings.domains["wmo"], totals, chosen)


def test_with_add_up_off_nothing_is_moved_and_the_table_says_so() -> None:
    words = (*SMALL, *BOTH, "domain=wmo", "model=glm")
    on, off = made("on", *words), made("off", *words, "estimate.add_up=false")
    left = off.estimates
    assert (left["moved"] == 0).all()
    assert set(off.adding_up["outcome"]) <= {"not_asked", "total_below_published_wijken"}
    assert (off.adding_up["factor"] == 1).all()
    np.testing.assert_allclose(left["clients"], on.estimates["before"], atol=1e-6)
    assert (on.estimates["moved"] != 0).any()


@pytest.mark.parametrize("wrong", ["0.5", "-1", "nan"])
def test_moving_by_less_than_nothing_is_refused(wrong: str) -> None:
    done = cli("train", *SMALL, *OFF, f"estimate.most_moved={wrong}")
    refused(done, "estimate.most_moved is", "allowed is 1 or more")


def test_no_figure_is_scaled_further_than_asked(
    problem: Problem, small_settings: Settings, small_panel: Panel
) -> None:
    totals = small_panel.gemeenten.assign(wmo_clients=small_panel.gemeenten["wmo_clients"] * 1.3)
    narrow = estimated(problem, small_settings, totals, EstimateSettings(most_moved=1.2))
    wide = estimated(problem, small_settings, totals, EstimateSettings(most_moved=1.5))
    shown = narrow.adding_up["n_published"] > 0
    assert (narrow.adding_up["outcome"][shown] == benchmarking.TOO_FAR).mean() > 0.9
    assert (wide.adding_up["outcome"] == benchmarking.ADDED_UP).all()
    assert (narrow.rows.loc[narrow.rows["basis"] == "published", "moved"] == 0).mean() > 0.9


def test_a_gemeente_without_a_total_is_left_as_it_is(
    problem: Problem, small_settings: Settings, small_panel: Panel
) -> None:
    none = small_panel.gemeenten.assign(wmo_clients=np.nan)
    found = estimated(problem, small_settings, none, EstimateSettings())
    assert found.adding_up.empty
    assert (found.rows["moved"] == 0).all()


# -- without what estimates stand on ----------------------------------------------------------


@pytest.mark.parametrize(
    ("protocols", "note", "kinds"),
    [
        ("[unseen_gemeente]", "no estimates: they stand on unseen_wijk too", {"expected"}),
        ("[unseen_wijk]", "no predictions.parquet", None),
    ],
)
def test_without_both_protocols_there_are_no_estimates_and_a_note_says_so(
    protocols: str, note: str, kinds: set[str] | None, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    words = ("domain=jeugd", "model=glm", f"split.protocols={protocols}")
    well("train", *SMALL, *OFF, *words, f"run.dir={run}")
    assert any(note in told for told in runs.read_record(run)["notes"])
    assert not (run / "adding_up.csv").exists()
    scored = pd.read_csv(run / "scores.csv")
    assert "unseen_year" not in set(scored["protocol"])
    if kinds:
        assert set(pd.read_parquet(run / "predictions.parquet")["kind"]) == kinds
    else:
        assert not (run / "predictions.parquet").exists()


def test_a_country_with_one_year_of_figures_has_estimates_without_history() -> None:
    found = made("year", "data=demo", "data.demo.gemeenten=25", "data.demo.wijken=220",
                 "data.demo.first_year=2018", "data.demo.last_year=2018", "model=glm",
                 "split.score_years=[2018]", *BOTH)  # fmt: skip
    every_promise(found)
    assert set(found.estimates["basis"]) <= {"published", "model", "expected"}
    assert "unseen_year" not in set(found.scores["protocol"])


# -- the same bytes ---------------------------------------------------------------------------


def test_the_same_run_gives_the_same_bytes(country: Made, tmp_path: Path) -> None:
    again = Made(tmp_path / "again")
    well("train", *LARGE, *BOTH, "model=glm", *OFF, f"run.dir={again.folder}")
    for name in ("predictions.parquet", "adding_up.csv"):
        assert (again.folder / name).read_bytes() == (country.folder / name).read_bytes(), name


# -- real figures -----------------------------------------------------------------------------


@pytest.mark.archive
@pytest.mark.slow
class TestRealArchive:
    """The open CBS tables of a local archive."""

    @pytest.fixture(scope="class")
    @classmethod
    def real(cls, archive_dir: Path) -> Made:
        return made("real", "data=archive", f"data.dir={archive_dir}", *BOTH, "model=glm")

    def test_the_promises_hold(self, real: Made) -> None:
        every_promise(real)

    def test_history_beats_the_model_alone_and_its_bands_hold(self, real: Made) -> None:
        found = unseen_years(real)
        assert set(found.index) == set(DOMAINS)
        assert (found["unseen_year"]["wape"] < 0.7 * found["unseen_wijk"]["wape"]).all()
        assert found["unseen_year"]["coverage"].between(0.85, 0.95).all()
        # and the bands are worth more than one width for all
        assert (found["unseen_year"]["winkler"] < 0.9 * found["unseen_year"]["winkler_plain"]).all()

    def test_bands_hold_in_every_size_class(self, real: Made) -> None:
        """Small Wmo wijken report less in years that are not scored: there bands are wide."""
        table = real.scores
        held = table[(table["metric"] == "coverage") & (table["protocol"] == "unseen_year")]
        enough = held[held["n_rows"] >= 100].set_index(["domain", "group"])["value"]
        assert len(enough) >= 15
        assert enough.drop(("wmo", "size:<500")).between(0.85, 0.95).all(), enough
        assert 0.85 <= enough["wmo", "size:<500"] <= 0.97

    def test_totals_exceed_the_sums_of_published_wijken(self, real: Made) -> None:
        """CBS counts people in a gemeente whose wijk it does not know (decision 11)."""
        table = real.adding_up
        whole = table[table["n_filled"] == 0]
        excess = (whole["total"] / whole["published"]).groupby(whole["domain"]).median()
        assert 1.04 < excess["jeugd"] < 1.15
        assert 1.02 < excess["wmo"] < 1.08
        assert excess["bijstand"] == pytest.approx(1.0, abs=0.01)
        assert (table["outcome"] == "added_up").mean() > 0.99
