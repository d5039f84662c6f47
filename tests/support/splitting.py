"""Folds of made-up countries."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pandas as pd
from hypothesis import assume

from risicomodel.learning import protocols
from risicomodel.learning.problem import usable_rows
from risicomodel.learning.protocols import PROTOCOLS, Fold, SplitSettings

CROSS = ("unseen_gemeente", "unseen_wijk", "random")
SETTINGS = SplitSettings()


def folds(
    name: str,
    wijken: pd.DataFrame,
    *,
    settings: SplitSettings = SETTINGS,
    seed: int = 1,
    usable: pd.Series | None = None,
) -> list[Fold]:
    if usable is None:
        usable = usable_rows(wijken, "wmo", settings.min_population)
    return list(protocols.folds(PROTOCOLS[name], wijken, usable, settings, seed))


@st.composite
def countries(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Series]:
    """Any country of wijken and years, some of them linked, some without figures."""
    rows = []
    for gm in range(draw(st.integers(5, 9))):
        for wijk in range(draw(st.integers(1, 6))):
            code = f"WK{gm:04d}{wijk:02d}"
            first = draw(st.integers(2016, 2018))
            rows += [(code, year, f"{code}@{first}") for year in range(first, 2020)]
    table = pd.DataFrame(rows, columns=["wijk_code", "year", "place_id"])
    table["gm_code"] = "GM" + table["wijk_code"].str[2:6]
    # the first two gemeenten merged, and so did their first wijken
    table["gm_group"] = table["gm_code"].replace("GM0001", "GM0000")
    table["wijk_group"] = table["wijk_code"].replace("WK000100", "WK000000")
    blank = draw(st.sets(st.integers(0, len(table) - 1), max_size=len(table) // 8))
    # and some gemeenten whose wijken have no figure in any year
    silent = draw(st.sets(st.sampled_from([f"GM{gm:04d}" for gm in range(4, 9)])))
    usable = pd.Series(~np.isin(np.arange(len(table)), list(blank)), index=table.index)
    usable &= ~table["gm_code"].isin(silent)
    assume(table["gm_group"][usable].nunique() >= 3)
    assume(table["wijk_group"][usable].nunique() >= 3)
    return table, usable


def few(count: int) -> SplitSettings:
    return replace(SETTINGS, folds=count)
