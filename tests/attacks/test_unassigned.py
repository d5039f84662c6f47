"""People in no wijk are a part of a total: with them a wijk that is hidden must not be computed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.publishing.disclosure import applied, figures, rules, tables, unassigned
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import downloads, gemeente
from risicomodel.publishing.report.country import Country
from support.disclosure import KEY, LEAST, PEOPLE, true_cells, whole_tables

if TYPE_CHECKING:
    from pathlib import Path

BY = ["domain", "gm_code", "year"]


def left(folder: Path, cells: pd.DataFrame) -> list[str]:
    """Return the small figures that one gemeente's downloads give with its people in no wijk.

    An attacker takes from the total whoever is in no wijk and every wijk that is shown, or takes
    the wijken that are shown from what the wijken are together; a total that is not given is known
    from CBS. What is left is of the wijken that are hidden.
    """
    out = []
    read = pd.read_csv(folder / "data" / "figures.csv").merge(cells, on=KEY, suffixes=("", "_true"))
    for row in pd.read_csv(folder / "data" / "sums.csv").itertuples():
        of_year = read[(read["domain"] == row.domain) & (read["year"] == row.year)]
        if row.kind == unassigned.FORECAST or of_year.empty:
            continue
        blank = of_year[of_year["estimate_clients"].isna()]
        small = blank[blank["small"]]
        for what, sum_ in (("total", row.total - row.unassigned), ("wijken", row.areas)):
            rest = sum_ - of_year["estimate_clients"].sum()
            if small.empty or np.isnan(rest):
                continue
            true = blank["clients"].sum()
            if len(blank) == 1 or (true < LEAST and abs(rest - true) < LEAST):
                out.append(f"{row.domain} {row.year}: {what} leaves {rest:g} for {len(blank)}")
    return out


@pytest.fixture(scope="module")
def of_run() -> tables.Tables:
    return whole_tables()


def crowded(of_run: tables.Tables) -> tables.Tables:
    """The same run with so many people in no wijk that hardly any are left for hidden wijken."""
    assert of_run.unassigned is not None
    cells = figures.cells(of_run)
    hidden, _ = figures.covered(cells, figures.published(of_run))
    shown = cells[~hidden].groupby(BY)["largest"].sum()
    rows = of_run.unassigned.set_index(BY)
    totals = pd.Series(figures.published(of_run)).rename_axis(BY)
    rest = (totals - shown).reindex(rows.index)
    more = (rest - 6).where(cells.assign(hidden=hidden).groupby(BY)["hidden"].any())
    return dataclasses.replace(
        of_run, unassigned=rows.assign(clients=more.fillna(rows["clients"])).reset_index()
    )


def write(of_run: tables.Tables, folder: Path) -> list[Path]:
    country, words = Country(applied.of_tables(of_run)), Words("nl", of_run.domains)
    for one in gemeente.find(country, "all"):
        downloads.write(one, words, folder / one.code, "")
    return [one for one in folder.iterdir() if (one / "data" / "sums.csv").is_file()]


@pytest.mark.parametrize("many", [False, True])
def test_no_wijk_is_left_when_people_in_no_wijk_are_taken_off(
    tmp_path: Path, of_run: tables.Tables, many: bool
) -> None:
    tried = crowded(of_run) if many else of_run
    cells = true_cells(of_run)
    folders = write(tried, tmp_path)
    assert len(folders) > 10
    assert [leak for folder in folders for leak in left(folder, cells)] == []
    statuses = pd.concat([pd.read_csv(f / "data" / "sums.csv") for f in folders])
    assert statuses["unassigned_status"].eq("cover").any() or not many


def test_the_attack_would_find_a_leak(
    tmp_path: Path, of_run: tables.Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "covered_without", lambda parts: np.ones(len(parts), dtype=bool))
    monkeypatch.setattr(rules, "cover", lambda hidden, *_, **__: (hidden, True))
    cells = true_cells(of_run)
    folders = write(crowded(of_run), tmp_path)
    assert [leak for folder in folders for leak in left(folder, cells)]


def test_fewer_than_ten_are_never_written(of_run: tables.Tables) -> None:
    sums = applied.of_tables(of_run).sums
    assert sums["unassigned_status"].eq("few").any()
    assert not (sums["unassigned"] < LEAST).any()
    few = sums[sums["unassigned_status"] == "few"]
    assert few[["unassigned", "unassigned_lower", "unassigned_upper"]].isna().all(axis=None)


def test_what_covers_a_figure_is_not_told_by_a_forecast_or_an_estimate(
    of_run: tables.Tables,
) -> None:
    """Their share is that of the years with figures, so it would tell of a hidden wijk."""
    tried = crowded(of_run)
    sums = applied.of_tables(tried).sums
    past = sums[sums["kind"] == "published"]
    covers = past[past["unassigned_status"] == "cover"]
    assert len(covers)
    places = covers[["domain", "gm_code"]].drop_duplicates()
    estimates = sums[sums["kind"] == "estimate"].merge(places)
    assert estimates["unassigned"].isna().all()
    assert tried.forecasts is not None
    origin = int(tried.forecasts["origin_year"].max())
    at_origin = covers.loc[covers["year"] == origin, ["domain", "gm_code"]]
    ahead = sums[sums["kind"] == unassigned.FORECAST].merge(at_origin)
    assert len(ahead)
    assert ahead["unassigned"].isna().all()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(50, 900)), min_size=1, max_size=12),
    st.integers(-5, 80),
)
def test_what_is_left_with_people_in_no_wijk_is_never_small(
    parts: list[tuple[int, int]], apart: int
) -> None:
    clients = np.array([float(c) for c, _ in parts])
    people = np.array([float(p) for _, p in parts])
    total = clients.sum() + apart
    small = (clients < LEAST) | (people < PEOPLE)
    hidden, is_given = rules.cover(small, clients, people, total)
    sums = {
        "total": total if is_given else np.nan,
        "apart": float(apart),
        "shown": clients[~hidden].sum(),
        "hidden": clients[hidden].sum(),
        "people": people[hidden].sum(),
        "number": hidden.sum(),
    }
    known = rules.covered_without(pd.DataFrame([sums]))[0]
    if known and hidden.any():
        assert hidden.sum() >= 2
        assert total - max(apart, 0) - clients[~hidden].sum() >= LEAST
        assert people[hidden].sum() >= PEOPLE
