"""Estimates for every wijk and year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.results.estimates import gemeente_effects
from support.estimates import (
    BASES,
    BOTH,
    LARGE,
    SMALL,
    Made,
    cells_of,
    complete_and_possible,
    made,
    sums_are_the_published_totals,
    truth,
    unseen_years,
)
from support.running import OFF, well

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.learning.problem import Problem


@pytest.fixture(scope="module")
def country() -> Made:
    """A thousand wijken and what a GLM makes of them; its truth is known."""
    return made("country", *LARGE, *BOTH, "model=glm")


@pytest.fixture(scope="module")
def rows(country: Made) -> pd.DataFrame:
    return country.estimates


def test_every_wijk_and_year_has_an_estimate_that_can_be_right(country: Made) -> None:
    """Every wijk and year with features has an estimate from every model, which is possible, lies
    within its band and says what it is based on.
    """
    complete_and_possible(country)


def test_wijken_and_people_without_a_known_wijk_are_the_published_total(country: Made) -> None:
    """The estimates of a gemeente's wijken and its people without a known wijk, a row of their own,
    are its published total exactly.
    """
    sums_are_the_published_totals(country)
    rows = country.unassigned
    assert set(rows["basis"]) == {"published", "total", "share"}
    assert (rows["lower"] <= rows["clients"]).all()
    assert (rows["clients"] <= rows["upper"]).all()


def test_a_published_figure_stands_as_published_with_what_rounding_hides(
    rows: pd.DataFrame,
) -> None:
    """Where CBS published a figure, the estimate is that figure and its band is what rounding
    hides; nothing is moved unless asked.
    """
    assert (rows["moved"] == 0).all()
    shown = rows[rows["basis"] == "published"]
    np.testing.assert_allclose(shown["clients"], shown["published_clients"], atol=1e-9)
    still = shown[(shown["published_clients"] > 0) & (shown["population"] > 0)]
    assert len(still) > 100
    half = still["domain"].map({"jeugd": 2.5, "wmo": 2.5, "bijstand": 5.0})
    figure, n = still["published_clients"], still["population"]
    np.testing.assert_allclose(still["lower"], ((figure - half) / n).clip(0, 1))
    np.testing.assert_allclose(still["upper"], ((figure + half) / n).clip(0, 1))


def test_shared_out_if_asked_and_the_band_holds_a_figure_before_and_after() -> None:
    """If asked, people without a known wijk are shared out over the wijken, which then add up to
    the gemeente's published total or adding_up.csv says why not; a band contains its figure both
    before and after.
    """
    found = made("shared-out", *SMALL, *BOTH, "model=glm", "estimate.share_unassigned=true")
    sums_are_the_published_totals(found)
    assert (found.adding_up["outcome"] == "added_up").mean() > 0.9
    rows = found.estimates
    some = rows[(rows["population"] > 0) & (rows["before"] <= rows["population"])]
    assert (some["moved"] != 0).sum() > 500
    before = some["before"] / some["population"]
    assert (before >= some["lower"] - 1e-9).all()
    assert (before <= some["upper"] + 1e-9).all()


def test_every_basis_there_is_stands_where_it_belongs(rows: pd.DataFrame) -> None:
    """The basis of an estimate says the most that is known: the published figure, other years of
    the wijk, its gemeente, or the model alone.
    """
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


def test_a_cell_that_cbs_blanks_for_being_small_is_small(rows: pd.DataFrame) -> None:
    """A cell that CBS blanks because it is small is estimated to be small."""
    blanked = rows[(rows["domain"] == "jeugd") & (rows["status"] == "suppressed")]
    assert len(blanked) > 50
    assert (blanked["before"] <= 10 + 1e-9).all()
    # another domain's cells are blank for other reasons: a gemeente that did not deliver
    other = rows[(rows["domain"] == "wmo") & (rows["status"] == "not_delivered")]
    assert (other["before"] > 10).any()


def test_a_wijk_of_nobody_has_no_clients_and_a_rate_all_the_same(rows: pd.DataFrame) -> None:
    """A wijk without inhabitants at risk is estimated to have no clients."""
    nobody = rows[(rows["population"] == 0) & (rows["basis"] != "published")]
    assert len(nobody) > 0
    assert (nobody["clients"] == 0).all()
    assert nobody["rate"].between(0, 1).all()


def test_predictions_have_one_row_per_key_and_one_champion_per_kind(country: Made) -> None:
    """Estimates and expected rates stand in one table, each with one champion per domain.

    DESIGN section 4; the champion is chosen among the models that the kind is made with.
    """
    table = country.predictions
    assert not table.duplicated(["domain", "wijk_code", "year", "kind", "model"]).any()
    best = table[table["champion"]].groupby(["domain", "kind"])["model"].unique()
    assert len(best) == 6
    assert all(len(models) == 1 for models in best)
    assert list(table) == [
        "domain", "wijk_code", "year", "kind", "model", "rate", "lower", "upper", "clients",
        "population", "population_year", "observed_rate", "fold", "basis", "moved", "champion",
    ]  # fmt: skip


def test_bands_of_blank_cells_hold_the_true_figure_nine_times_in_ten(rows: pd.DataFrame) -> None:
    """The band of a blank cell contains the true figure nine times in ten."""
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    assert len(told) == len(rows)
    blank = told[(told["basis"] != "published") & (told["population"] > 0)]
    rate = (blank["true"] / blank["population"]).clip(upper=1)
    held = rate.between(blank["lower"], blank["upper"])
    assert len(blank) > 300
    assert 0.85 <= held.mean() <= 0.96  # 380 cells: give or take 0.03
    assert held.groupby(blank["domain"]).mean().between(0.85, 0.97).all()


def test_blank_small_cells_are_not_thought_larger_than_they_are(rows: pd.DataFrame) -> None:
    """Blank small cells are estimated as large on average as they are, to within a quarter.

    As they are blank they turned out small, whatever was to be expected of them.
    """
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    small = told[(told["domain"] == "jeugd") & (told["status"] == "suppressed")]
    small = small[small["population"] > 0]
    assert small["before"].mean() == pytest.approx(small["true"].mean(), rel=0.25)
    assert (small["before"] - small["true"]).abs().mean() < 1.4


def test_bands_of_published_cells_hold_what_was_rounded(rows: pd.DataFrame) -> None:
    """The band of a published figure contains the true figure that was rounded."""
    told = rows.merge(truth(), on=["domain", "wijk_code", "year"])
    shown = told[(told["basis"] == "published") & (told["population"] > 0)]
    rate = shown["true"] / shown["population"]
    assert rate.between(shown["lower"] - 1e-9, shown["upper"] + 1e-9).all()


def test_a_wijks_other_years_make_a_blank_cells_estimate_better(country: Made) -> None:
    """Estimates of blank cells are better for knowing the wijk's other years, by a fifth or
    more.
    """
    found = unseen_years(country)
    better = found["unseen_year"]["wape"] / found["unseen_wijk"]["wape"]
    assert (better < 0.8).all(), better
    assert found["unseen_year"]["coverage"].between(0.85, 0.95).all()


def test_blank_cells_and_gemeenten_are_scored_and_their_bands_hold(country: Made) -> None:
    """A cell that is truly blank, and a gemeente that is blank as a whole, are scored each on a
    protocol of its own; nine in ten figures lie within their bands on both.
    """
    scores = unseen_years(country)
    nearest = unseen_years(country, model="persistence")
    for protocol in ("blank_cell", "blank_gemeente"):
        assert (scores[protocol]["wape"] < nearest[protocol]["wape"]).all()
        assert scores[protocol]["coverage"].between(0.88, 0.92).all(), scores[protocol]["coverage"]
    assert (scores["blank_cell"]["wape"] < scores["blank_gemeente"]["wape"]).all()


def test_no_known_rate_holds_the_cell_that_is_estimated(problem: Problem) -> None:
    """No known rate of a gemeente holds the cell that is estimated: whatever its figure, the
    estimate of a blank cell is the same, and so are those of a gemeente that is blank as a whole.
    """
    cells = cells_of(problem)
    variances = gemeente_effects.fit(cells, rounded_to=5)
    plain = list(gemeente_effects.gemeente_years(cells, variances, 5))
    tried = [number for number, one in enumerate(plain) if one.observed.sum() >= 3][:12]
    for number in tried:
        one = plain[number]
        shown = one.rows[one.observed]
        for rows, without in ((shown[:1], "without_each"), (shown, "without_year")):
            changed = cells.copy()
            changed.loc[rows, "clients"] = 3 * changed.loc[rows, "clients"] + 20
            again = list(gemeente_effects.gemeente_years(changed, variances, 5))[number]
            for before, after in zip(
                getattr(one, without)(), getattr(again, without)(), strict=True
            ):
                np.testing.assert_allclose(after[0], before[0], rtol=1e-6, atol=1e-9)
            np.testing.assert_allclose(again.offset[one.observed][0], one.offset[one.observed][0])
            # the planted figure is one that a rate which holds the cell would show
            assert abs(again.given_all()[0] - one.given_all()[0]).max() > 0.01


def test_the_same_estimates_have_the_same_bytes(country: Made, tmp_path: Path) -> None:
    """The same command gives the same estimates, byte for byte."""
    again = Made(tmp_path / "again")
    well("train", *LARGE, *BOTH, "model=glm", *OFF, f"run.dir={again.folder}")
    for name in ("predictions.parquet", "adding_up.csv", "unassigned.csv"):
        assert (again.folder / name).read_bytes() == (country.folder / name).read_bytes(), name
