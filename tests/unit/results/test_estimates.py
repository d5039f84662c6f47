"""Estimates for every wijk and year: what they stand on, what they add up to, how good they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.storage import Cache
from risicomodel.learning import crossfit
from risicomodel.learning.models import ModelSettings
from risicomodel.learning.protocols import PROTOCOLS, SplitSettings
from risicomodel.results import estimates
from risicomodel.results.estimates import EstimateSettings, benchmarking, suppressed
from support.country import posed
from support.estimates import BOTH, DOMAINS, SMALL, Made, every_promise, made, unseen_years
from support.running import OFF, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem
    from risicomodel.results.estimates import Estimates


# -- what every run promises ------------------------------------------------------------------


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
        figure, lower, upper = suppressed.given_suppressed(rates, np.array([500.0]), 8)[0] * 500
        assert figure == pytest.approx(small.mean(), rel=0.01)
        assert lower == pytest.approx(min(least, 0.9 * clients, figure))
        assert upper == pytest.approx(max(most, figure))


def test_the_fewest_persons_that_cbs_shows_are_those_it_rounds_up(small_settings: Settings) -> None:
    domain = small_settings.domains["jeugd"]
    assert (domain.blank_below, domain.rounded_to, suppressed.smallest_published(domain)) == (
        10,
        5,
        8,
    )
    assert suppressed.smallest_published(replace(domain, rounded_to=10)) == 5
    assert suppressed.smallest_published(replace(domain, rounded_to=1)) == 10


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.9, 1.0])
@pytest.mark.parametrize("people", [0.0, 1.0, 7.0, 30_000.0])
def test_a_blank_small_cell_is_small_whatever_was_expected(rate: float, people: float) -> None:
    rates = np.array([[rate, 0.5 * rate, min(2 * rate, 1.0)]])
    figure, lower, upper = suppressed.given_suppressed(rates, np.array([people]), 8)[0]
    assert 0 <= lower <= figure <= upper <= 1
    assert upper * people <= 7 + 1e-9


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


# -- what an estimate must not know -----------------------------------------------------------

GLM = {"glm": ModelSettings("glm", {"alpha": 1.0, "knots": 0})}


def fitted(problem: Problem) -> pd.DataFrame:
    tasks = [
        task
        for name in ("unseen_gemeente", "unseen_wijk")
        for task in crossfit.tasks(problem, PROTOCOLS[name], SplitSettings(folds=3), GLM, seed=3)
    ]
    return crossfit.run(tasks, Cache(None), ComputeSettings(jobs=2))


def based(problem: Problem, settings: Settings) -> pd.DataFrame:
    return estimates.estimate_units(fitted(problem), problem, settings.domains["wmo"], "glm")


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


def test_a_figure_that_is_blank_or_with_its_gemeente_is_not_touched_by_what_it_was(
    problem: Problem, small_settings: Settings, small_panel: Panel
) -> None:
    """Variances alone, of two hundred places, may change by it: the estimate hardly moves, where
    the estimates of others move by more."""
    predictions, domain = fitted(problem), small_settings.domains["wmo"]

    def scored(of: Problem, totals: pd.DataFrame) -> dict[str, pd.Series]:
        blanks = estimates.estimate_blanks(predictions, of, domain, totals, "glm")
        return {name: table["rate"] for name, table in blanks.scored.items()}

    totals = small_panel.gemeenten
    plain = scored(problem, totals)
    keys = problem.wijken.loc[problem.usable, ["gm_code", "year"]]
    size = keys.groupby(["gm_code", "year"]).size()
    gm_code, year = size[size >= 4].index[0]
    here = keys.index[(keys["gm_code"] == gm_code) & (keys["year"] == year)]
    cell = here[problem.wijken.loc[here, "wmo_clients"].argmin()]
    clients = problem.wijken["wmo_clients"].mask(
        problem.wijken.index == cell, problem.wijken["wmo_population"] / 4
    )
    again = scored(posed(problem.wijken.assign(wmo_clients=clients), small_settings), totals)
    change = (again["blank_cell"] / plain["blank_cell"] - 1).abs()
    assert change[cell] < 0.02
    assert change[here.drop(cell)].max() > 0.1
    # the whole gemeente blank, and its total with it
    twice = problem.wijken.loc[here, "wmo_clients"] * 2
    column = problem.wijken["wmo_clients"].where(~problem.wijken.index.isin(here))
    changed = posed(problem.wijken.assign(wmo_clients=column.fillna(twice)), small_settings)
    of_gemeente = (totals["gm_code"] == gm_code) & (totals["year"] == year)
    other = totals.assign(wmo_clients=totals["wmo_clients"].where(~of_gemeente, 9_999.0))
    again = scored(changed, other)
    change = (again["blank_gemeente"] / plain["blank_gemeente"] - 1).abs()
    assert change[here].max() < 0.02
    elsewhere = keys.index[(keys["gm_code"] == gm_code) & (keys["year"] != year)]
    assert change[elsewhere].max() > 0.1


# -- adding up, as asked ----------------------------------------------------------------------


def estimated(
    problem: Problem, settings: Settings, totals: pd.DataFrame, chosen: EstimateSettings
) -> Estimates:
    domain = settings.domains["wmo"]
    blanks = estimates.estimate_blanks(fitted(problem), problem, domain, totals, "glm")
    return estimates.estimate(blanks, problem, domain, totals, chosen)


def test_unless_asked_nothing_is_moved_and_the_table_says_so() -> None:
    words = (*SMALL, *BOTH, "domain=wmo", "model=glm")
    on, off = made("on", *words, "estimate.share_unassigned=true"), made("off", *words)
    left = off.estimates
    assert (left["moved"] == 0).all()
    assert set(off.adding_up["outcome"]) <= {"not_asked", "total_below_published_wijken"}
    assert (off.adding_up["factor"] == 1).all()
    np.testing.assert_allclose(left["clients"], on.estimates["before"], atol=1e-6)
    assert (on.estimates["moved"] != 0).any()


@pytest.mark.parametrize("wrong", ["0.5", "-1", "nan"])
def test_moving_by_less_than_nothing_is_refused(wrong: str) -> None:
    done = cli("train", *SMALL, *OFF, f"estimate.most_moved={wrong}")
    refused(done, "estimate.most_moved is", "expected 1 or more")


def test_no_figure_is_scaled_further_than_asked(
    problem: Problem, small_settings: Settings, small_panel: Panel
) -> None:
    totals = small_panel.gemeenten.assign(wmo_clients=small_panel.gemeenten["wmo_clients"] * 1.3)
    narrow = estimated(
        problem, small_settings, totals, EstimateSettings(share_unassigned=True, most_moved=1.2)
    )
    wide = estimated(
        problem, small_settings, totals, EstimateSettings(share_unassigned=True, most_moved=1.5)
    )
    shown = narrow.adding_up["n_published"] > 0
    assert (narrow.adding_up["outcome"][shown] == benchmarking.FACTOR_TOO_LARGE).mean() > 0.9
    assert (wide.adding_up["outcome"] == benchmarking.ADDED_UP).all()
    assert (narrow.rows.loc[narrow.rows["basis"] == "published", "moved"] == 0).mean() > 0.9


def test_a_gemeente_without_a_total_is_left_as_it_is(
    problem: Problem, small_settings: Settings, small_panel: Panel
) -> None:
    none = small_panel.gemeenten.assign(wmo_clients=np.nan)
    found = estimated(problem, small_settings, none, EstimateSettings(share_unassigned=True))
    assert found.adding_up.empty
    assert found.unassigned.empty
    assert (found.rows["moved"] == 0).all()


# -- without what estimates stand on ----------------------------------------------------------


@pytest.mark.parametrize(
    ("protocols", "note", "kinds"),
    [
        ("[unseen_gemeente]", "no estimates: they need unseen_wijk too", {"expected"}),
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
        assert (table["outcome"] == "not_asked").mean() > 0.99

    def test_blank_cells_and_gemeenten_are_as_good_as_promised(self, real: Made) -> None:
        """Decision 20. The GLM alone is not the best model of all domains."""
        scores = unseen_years(real)
        cell = {"jeugd": 0.060, "wmo": 0.032, "bijstand": 0.052}
        gemeente = {"jeugd": 0.082, "wmo": 0.060, "bijstand": 0.048}
        for protocol, most in (("blank_cell", cell), ("blank_gemeente", gemeente)):
            wape = scores[protocol]["wape"]
            assert (wape <= pd.Series(most).reindex(wape.index)).all(), wape
            assert scores[protocol]["coverage"].between(0.88, 0.92).all()
