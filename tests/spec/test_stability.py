"""Stability: how often a feature that means nothing is called a driver is known, and held low."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import storage
from support.explaining import explained, request

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.learning.problem import Problem
    from risicomodel.results.explanation import ExplanationRequest, Explanations

PLANTED = 16
ONE_IN_TEN = 0.1


def with_noise(problem: Problem) -> Problem:
    """Plant features drawn at random: half of a wijk's value is its gemeente's, and all lasts."""
    random = np.random.default_rng(11)
    planted = {}
    for number in range(PLANTED):
        values = np.zeros(len(problem.wijken))
        for area in ("gm_group", "place_id"):
            codes, found = pd.factorize(problem.wijken[area])
            values += random.normal(size=len(found))[codes]
        planted[f"ruis_{number}"] = values
    x = pd.concat([problem.x, pd.DataFrame(planted, index=problem.x.index)], axis=1)
    return replace(problem, x=x, fingerprint=storage.sha256_json([problem.fingerprint, "noise"]))


def explain_with_noise(problem: Problem, how: ExplanationRequest) -> Explanations:
    plain = how.features.define["leegstand"]
    define = {**how.features.define, **{f"ruis_{n}": plain for n in range(PLANTED)}}
    features = replace(how.features, define=define)
    return explained(with_noise(problem), "glm", replace(how, features=features))


def share_of_noise(found: Explanations) -> float:
    table = found.tables.features
    return float(table.loc[table["feature"].astype("str").str.startswith("ruis_"), "stable"].mean())


def test_at_most_one_in_ten_contributions_of_a_feature_that_means_nothing_are_stable(
    problem: Problem, small_settings: Settings
) -> None:
    """Of what a feature that means nothing adds, at most one in ten is called stable.

    Features of noise are planted, that last over the years and are alike within a gemeente. One
    sign in all refits alone lets more of them pass; a true driver stays stable.
    """
    calibrated = explain_with_noise(problem, request(small_settings))
    by_sign = explain_with_noise(problem, request(small_settings, null_pass=1.0))
    assert share_of_noise(calibrated) <= ONE_IN_TEN < share_of_noise(by_sign)
    assert (calibrated.tables.stability["null_stable"] <= ONE_IN_TEN).all()
    for table in (calibrated.tables.features, by_sign.tables.features):
        driver = table[table["feature"] == "aandeel_65_plus"]
        assert driver["stable"].mean() > 2 * ONE_IN_TEN


def test_null_features_change_nothing_of_what_is_explained(
    problem: Problem, small_settings: Settings
) -> None:
    """Features that are added to measure this change nothing of what is explained: contributions
    have the same bytes without them.
    """
    with_nulls = explained(problem, "glm", request(small_settings)).tables
    without = explained(problem, "glm", request(small_settings, null_pass=1.0)).tables
    for name in ("columns", "features", "families"):
        table, other = getattr(with_nulls, name), getattr(without, name)
        for column in (c for c in table if c.startswith("contribution") or c == "base_rate"):
            if column not in {"contribution_low", "contribution_high"}:
                assert table[column].to_numpy().tobytes() == other[column].to_numpy().tobytes()
    assert not any("null" in str(name) for name in with_nulls.columns["feature"].unique())
