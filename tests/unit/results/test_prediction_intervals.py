"""Bands round predictions, and how they are scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risicomodel.core import metrics
from risicomodel.core.compute import ComputeSettings
from risicomodel.learning import crossfit
from risicomodel.learning.problem import Problem
from risicomodel.results.evaluation import evaluate, prediction_intervals, scores
from support.crossfitting import NO_CACHE, tasks

KEY = ["domain", "protocol", "model", "metric", "group"]
PROTOCOLS = ["unseen_gemeente", "unseen_wijk"]


@pytest.fixture(scope="module")
def predictions(problem: Problem) -> pd.DataFrame:
    return crossfit.run(tasks(problem, PROTOCOLS), NO_CACHE, ComputeSettings(jobs=2))


@pytest.fixture(scope="module")
def banded(predictions: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    return prediction_intervals.expected_intervals(predictions, problem, 5)


@pytest.fixture(scope="module")
def scored(predictions: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    return evaluate.scored_rows(predictions, problem, [2017, 2018])


@pytest.fixture(scope="module")
def table(scored: pd.DataFrame, banded: pd.DataFrame) -> pd.DataFrame:
    return prediction_intervals.add_interval_scores(evaluate.score_all(scored), scored, banded)


def test_every_prediction_for_an_unseen_gemeente_gets_its_bands_and_no_other(
    banded: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    assert list(banded) == [
        "domain", "protocol", "model", "fold", "row", "rate",
        "lower", "upper", "plain_lower", "plain_upper",
    ]  # fmt: skip
    asked = predictions[predictions["protocol"] == "unseen_gemeente"]
    assert len(banded) == len(asked)
    assert set(banded["protocol"]) == {"unseen_gemeente"}
    limits = banded[["lower", "upper", "plain_lower", "plain_upper"]]
    assert limits.notna().all(axis=None)
    assert ((limits >= 0) & (limits <= 1)).all(axis=None)
    pd.testing.assert_series_equal(banded["rate"], asked["rate"])


def test_published_figures_of_wijken_too_small_to_score_set_bands_too(
    predictions: pd.DataFrame, problem: Problem, banded: pd.DataFrame
) -> None:
    """Or wijken of a handful of people would have the band of a hundred."""
    wijken = problem.wijken
    tiny = (wijken["wmo_status"] == "observed") & ~problem.usable & (wijken["wmo_population"] > 0)
    assert tiny.any()
    wild = wijken.assign(wmo_clients=wijken["wmo_clients"].mask(tiny, wijken["wmo_population"]))
    other = prediction_intervals.expected_intervals(predictions, _with(problem, wild), 5)
    assert not other["upper"].equals(banded["upper"])
    # the plain band is of those that count, the best it can do
    pd.testing.assert_series_equal(other["plain_upper"], banded["plain_upper"])


def _with(problem: Problem, wijken: pd.DataFrame) -> Problem:
    return Problem(problem.domain, wijken, problem.x, problem.x_vintage, problem.usable, "other")


def test_bands_are_scored_overall_and_by_size_for_protocols_that_have_them(
    table: pd.DataFrame, scored: pd.DataFrame
) -> None:
    assert list(table) == scores.COLUMNS
    assert not table.duplicated(KEY).any()
    found = table[table["metric"].isin(prediction_intervals.METRICS)]
    assert set(found["protocol"]) == {"unseen_gemeente"}
    assert set(found["group"]) == {
        "all", "size:<500", "size:500-2000", "size:2000-5000", "size:5000-10000", "size:>=10000",
    }  # fmt: skip
    per_metric = found.groupby(["model", "group"])["metric"].agg(set)
    assert (per_metric == set(prediction_intervals.METRICS)).all()
    same = table[table["metric"] == "wape"].set_index(["protocol", "model", "group"])["n_rows"]
    for row in found.to_dict("records"):
        assert row["n_rows"] == same[row["protocol"], row["model"], row["group"]]


def test_scores_of_bands_by_hand(
    table: pd.DataFrame, scored: pd.DataFrame, banded: pd.DataFrame
) -> None:
    mine = scored[(scored["protocol"] == "unseen_gemeente") & (scored["model"] == "glm")]
    band = banded[banded["model"] == "glm"].set_index("row").loc[mine["row"]]
    rate = (mine["clients"] / mine["population"]).to_numpy()
    lower, upper = band["lower"].to_numpy(), band["upper"].to_numpy()
    miss = np.clip(lower - rate, 0, None) + np.clip(rate - upper, 0, None)
    golden = {
        "coverage": np.mean((rate >= lower) & (rate <= upper)),
        "width": np.mean(upper - lower),
        "winkler": np.mean(upper - lower + 20 * miss),
        "winkler_plain": np.mean(
            metrics.interval_score(
                rate, band["plain_lower"].to_numpy(), band["plain_upper"].to_numpy(), 0.9
            )
        ),
    }
    mine = table[table["protocol"].eq("unseen_gemeente") & table["model"].eq("glm")]
    found = mine[mine["group"] == "all"].set_index("metric")["value"]
    for metric, value in golden.items():
        assert found[metric] == pytest.approx(value)


def test_what_was_in_the_table_stays(table: pd.DataFrame, scored: pd.DataFrame) -> None:
    before = evaluate.score_all(scored)
    kept = table[~table["metric"].isin(prediction_intervals.METRICS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)


def test_a_published_rate_above_one_counts_as_one() -> None:
    """A tiny wijk with an institution: more clients than people. The band is of a share."""
    row = {"domain": "wmo", "protocol": "unseen_gemeente", "model": "glm", "row": 0}
    scored = pd.DataFrame([{
        **row, "clients": 150.0, "population": 100.0, "rate": 0.9, "wijk_code": "WK000100",
        "gm_code": "GM0001", "gm_inhabitants": 1e4, "year": 2018, "origin": -1,
        "last_known": True, "fold": 0, "seconds": 0.1,
    }])  # fmt: skip
    limits = {"lower": 0.8, "upper": 1.0, "plain_lower": 0.7, "plain_upper": 0.95}
    table = prediction_intervals.add_interval_scores(
        evaluate.score_all(scored), scored, pd.DataFrame([{**row, **limits}])
    )
    found = table[(table["group"] == "all")].set_index("metric")["value"]
    assert found["coverage"] == 1.0
    assert found["winkler"] == pytest.approx(0.2)
    assert found["winkler_plain"] == pytest.approx(0.25 + 20 * 0.05)
