"""Leakage: no answer reaches the model that is asked for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.app import settings
from risicomodel.data import features
from risicomodel.data.panel import names
from risicomodel.learning import crossfit, protocols
from risicomodel.learning.problem import usable_rows
from support.country import posed
from support.crossfitting import tasks
from support.feature_sets import SETS, WHY, own_name

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem


@pytest.mark.parametrize("name", ["unseen_gemeente", "unseen_wijk", "next_years"])
def test_a_tested_figure_never_touches_its_own_prediction(
    problem: Problem, small_settings: Settings, name: str
) -> None:
    """Changing the figures of the wijken that are predicted changes none of their predictions,
    beyond what their protocol says is known.

    Change every figure of one fold's test rows: only what the protocol tells may follow.
    """
    work = tasks(problem, [name])
    fold = work[0].fold
    wijken = problem.wijken
    tested = np.isin(np.arange(len(wijken)), fold.test)
    if name == "unseen_wijk":
        # the gemeente's total stays as published: two hidden wijken of a gemeente swap clients
        keys = [wijken["gm_code"], wijken["year"]]
        clients = wijken["wmo_clients"].where(problem.usable & tested)
        pair = clients.notna().groupby(keys).transform("sum") >= 2
        turned = clients.where(pair).groupby(keys).transform(lambda c: c.dropna().mean())
        changed = wijken["wmo_clients"].where(turned.isna() | clients.isna(), turned)
        assert (changed != wijken["wmo_clients"])[problem.usable & tested].sum() > 10
    else:
        changed = wijken["wmo_clients"].mask(tested, wijken["wmo_population"] * 0.5)
    other = posed(wijken.assign(wmo_clients=changed), small_settings)
    for task in [task for task in work if task.fold is fold]:
        plain = crossfit.fit_and_predict(task).table
        again = crossfit.fit_and_predict(replace(task, problem=other)).table
        np.testing.assert_allclose(again["rate"], plain["rate"], rtol=1e-9, err_msg=task.model)


def out_at(wijken: pd.DataFrame, topic: str) -> pd.Series:
    """The year a row's figures of a topic came out."""
    return wijken[f"{topic}_year"] + names.RELEASE_LAG[topic]


def assert_nothing_from_later(wijken: pd.DataFrame, chosen: Settings) -> None:
    known = features.vintage(wijken)
    topics = [topic for topic in names.topics() if f"{topic}_year" in known]
    usable = usable_rows(wijken, "wmo", 100)
    ahead = protocols.folds(protocols.PROTOCOLS["next_years"], wijken, usable, chosen.split, seed=1)
    count = 0
    for fold in ahead:
        assert fold.origin is not None
        sources = known.iloc[fold.features_from[fold.features_from >= 0]]
        learned = known.iloc[fold.train]
        for topic in topics:
            for rows in (sources, learned):
                edition = rows[f"{topic}_year"].dropna()
                assert (edition <= fold.origin).all(), topic
                # figures of the origin's year come out the year after: then the forecast is made
                assert (out_at(rows, topic).dropna() <= fold.origin + 1).all(), topic
        count += len(sources)
    assert count > 100


@pytest.mark.parametrize("name", SETS)
def test_no_domain_uses_a_feature_made_from_its_own_figure(name: str) -> None:
    """No domain uses a feature that is made from its own figure."""
    chosen = settings.compose(["domain=[jeugd,wmo,bijstand,ao]", f"features={name}", WHY])
    for domain_name, domain in chosen.domains.items():
        forbidden = {*domain.leaks, *domain.column}
        usable = features.usable(chosen.features, domain_name, domain)
        assert len(usable) > 40
        for feature_name in usable:
            declared = chosen.features.define[own_name(feature_name)]
            assert not features.sources(declared) & forbidden, feature_name
            assert domain_name not in declared.leaks_into, feature_name


def test_no_feature_of_a_forecast_came_out_after_its_cut_off(
    small_panel: Panel, small_settings: Settings
) -> None:
    """A forecast uses no feature that came out after the forecast could have been made."""
    chosen = replace(small_settings, split=replace(small_settings.split, origins=[2016, 2017]))
    assert_nothing_from_later(small_panel.wijken, chosen)
    # the figures as published do break this rule: vintage is needed
    late = [t for t, lag in names.RELEASE_LAG.items() if lag > 1 and t != "zorg"]
    wijken = small_panel.wijken
    assert any(
        (out_at(wijken, t) > wijken["year"] + 1).any() for t in late if f"{t}_year" in wijken
    )


@pytest.mark.archive
def test_no_feature_of_a_real_forecast_came_out_after_its_cut_off(
    real_panel: Panel, small_settings: Settings
) -> None:
    """On real CBS tables too, a forecast uses no feature that came out after it could have been
    made.
    """
    assert_nothing_from_later(real_panel.wijken, small_settings)
