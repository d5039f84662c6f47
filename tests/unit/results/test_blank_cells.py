"""What the rest of a gemeente says of a blank cell, beside the same worked out in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.results.estimates import gemeente_effects, suppressed, unassigned
from risicomodel.results.estimates.gemeente_effects import GemeenteYear, Variances
from risicomodel.results.estimates.given_total import BlankCells, given_sum
from risicomodel.results.estimates.rao_yu import RaoYuParameters

if TYPE_CHECKING:
    from risicomodel.app.settings import Settings
    from risicomodel.core.arrays import Bools, Floats
    from risicomodel.data.domains import Domain

GEMEENTE = RaoYuParameters(0.01, 0.03, 0.8, 0.5, 0.002)
WIJK = RaoYuParameters(0.02, 0.01, 0.7, 0.6, 0.001)
ROUNDED_TO = 5


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    """Two gemeenten that merge in the last year and one beside them; a fifth of cells blank."""
    rng = np.random.default_rng(5)
    rows = [
        ("GM3" if year == 2019 and group == "A" else gm, group, f"{gm}-{wijk}", year)
        for gm, group in (("GM1", "A"), ("GM2", "A"), ("GM9", "B"))
        for wijk in range(3)
        for year in (2016, 2017, 2018, 2019)
    ]
    table = pd.DataFrame(rows, columns=["gm_code", "gm_group", "place_id", "year"])
    expected = rng.uniform(20, 400, len(table))
    clients = np.round(expected * rng.normal(1.1, 0.25, len(table)) / 5) * 5
    blank = rng.random(len(table)) < 0.2
    return table.assign(expected=expected, clients=np.where(blank, np.nan, clients))


def covariance(cells: pd.DataFrame) -> Floats:
    """The covariance of all deviations, cell by cell."""
    columns = ("gm_code", "gm_group", "place_id", "year")
    code, group, place, year = (cells[name].to_numpy(dtype="object") for name in columns)
    m = cells["expected"].to_numpy()
    apart = np.abs(np.subtract.outer(year, year)).astype("float64")
    same_code, same_group, same_place = (
        np.equal.outer(values, values).astype("float64") for values in (code, group, place)
    )
    of_gemeente = GEMEENTE.permanent_variance + GEMEENTE.year_variance * (apart == 0)
    of_gemeente = of_gemeente + GEMEENTE.ar_variance * GEMEENTE.autocorrelation**apart
    out: Floats = of_gemeente * same_group * np.where(same_code > 0, 1.0, 0.5)
    noise = WIJK.persistent_noise / np.sqrt(np.outer(m, m))
    fading = (WIJK.ar_variance + noise) * WIJK.autocorrelation**apart
    out += same_place * (WIJK.permanent_variance + fading)
    fresh = (1 - WIJK.persistent_noise) / m + ROUNDED_TO**2 / 12 / m**2 + WIJK.year_variance
    return out + np.diag(fresh)


def in_full(cells: pd.DataFrame, given: Bools, target: int) -> tuple[float, float]:
    """Mean and variance of one deviation given others, by the textbook."""
    full = covariance(cells)
    u = (cells["clients"] / cells["expected"] - 1).clip(-1, 2).to_numpy()
    weight = np.linalg.solve(full[np.ix_(given, given)], full[given, target])
    return float(weight @ u[given]), float(full[target, target] - weight @ full[given, target])


def read(one: GemeenteYear, cell: int, effects: Floats, spread: Floats) -> tuple[float, float]:
    loading = one.loading[cell]
    mean = one.offset[cell] + loading @ effects
    return float(mean), float(one.variance[cell] + loading @ spread @ loading)


def test_a_cell_follows_from_the_rest_as_worked_out_in_full(cells: pd.DataFrame) -> None:
    """Blank cells, published ones left out in turn, and whole years left out."""
    shown = cells["clients"].notna().to_numpy()
    positions = np.arange(len(cells))
    tried = 0
    for one in gemeente_effects.gemeente_years(cells, Variances(GEMEENTE, WIJK), ROUNDED_TO):
        each, whole, every = one.without_each(), one.without_year(), one.given_all()
        left_out = np.flatnonzero(one.observed)
        for cell, row in enumerate(one.rows):
            given, case = (each, int(np.searchsorted(left_out, cell))) if shown[row] else (every, 0)
            value = read(one, cell, given[0][case], given[1][case])
            assert value == pytest.approx(in_full(cells, shown & (positions != row), row), rel=1e-8)
            value = read(one, cell, whole[0][0], whole[1][0])
            of_other_years = shown & ~np.isin(positions, one.rows)
            assert value == pytest.approx(in_full(cells, of_other_years, row), rel=1e-8)
            tried += 1
    assert tried == len(cells)


def test_what_is_left_is_spread_as_worked_out_in_full() -> None:
    """Golden: conditioning a normal distribution on a noisy sum."""
    rng = np.random.default_rng(2)
    loading, root = rng.normal(size=(1, 4, 2)) * 3, rng.normal(size=(2, 2))
    blank = BlankCells(
        mean=rng.uniform(20, 40, (1, 4)),
        variance=rng.uniform(1, 30, (1, 4)),
        loading=loading,
        covariance=(root @ root.T)[None],
    )
    full = np.diag(blank.variance[0]) + loading[0] @ root @ root.T @ loading[0].T
    one, slack = np.ones(4), 7.0
    gain = full @ one / (one @ full @ one + slack)
    rest = blank.mean.sum() + 2.0  # near: what lies far out is trusted less
    given = given_sum(blank, np.array([rest]), slack)
    np.testing.assert_allclose(given.mean[0], blank.mean[0] + gain * 2.0)
    left = full - np.outer(gain, full @ one)
    np.testing.assert_allclose(given.variance[0], np.diag(left))
    assert given.sum_variance[0] == pytest.approx(one @ left @ one)


def test_nothing_is_moved_below_zero_and_a_wild_rest_is_trusted_less() -> None:
    blank = BlankCells(
        np.array([[3.0, 50.0]]), np.array([[9.0, 25.0]]), np.zeros((1, 2, 1)), np.zeros((1, 1, 1))
    )
    assert (given_sum(blank, np.array([-500.0]), 1.0).mean >= 0).all()
    near, far = (given_sum(blank, np.array([rest]), 30.0).mean[0, 1] for rest in (58.0, 153.0))
    assert near - 50 == pytest.approx(5 * 25 / 64)
    assert 0 < far - 50 < 0.6 * (near - 50) * 20


def test_small_cells_count_for_what_they_may_be() -> None:
    blank = BlankCells(
        np.array([[30.0, 12.0]]), np.array([[9.0, 4.0]]), np.ones((1, 2, 1)), np.ones((1, 1, 1))
    )
    small = blank.given_small(np.array([False, True]), below=8)
    mean, variance = suppressed.moments(np.array([12.0]), 8)
    assert small.mean[0].tolist() == [30.0, pytest.approx(mean[0])]
    assert small.variance[0].tolist() == [9.0, pytest.approx(variance[0])]
    assert small.loading[0, :, 0].tolist() == [1.0, 0.0]


# -- people whose wijk is not known ---------------------------------------------------------


@pytest.fixture(scope="module")
def wmo(small_settings: Settings) -> Domain:
    return small_settings.domains["wmo"]


Country = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def gemeenten() -> Country:
    """Eighty gemeenten of three wijken and four years, each with a share of its own."""
    rng = np.random.default_rng(9)
    rows, totals = [], []
    for number in range(80):
        gm_code, share = f"GM{number:04}", rng.uniform(0.02, 0.10)
        for year in (2016, 2017, 2018, 2019):
            clients = rng.integers(20, 80, 3) * 5.0
            totals.append((gm_code, year, round(clients.sum() / (1 - share) / 5) * 5.0, share))
            rows += [(gm_code, year, c, 5_000.0, False, number % 5) for c in clients]
    names = ["gm_code", "year", "clients", "population", "small", "fold"]
    cells = pd.DataFrame(rows, columns=names)
    return cells, pd.DataFrame(totals, columns=["gm_code", "year", "total", "true"])


def test_a_gemeentes_share_is_its_own_of_other_years_drawn_to_the_countrys(
    gemeenten: Country, wmo: Domain
) -> None:
    cells, totals = gemeenten
    shares = unassigned.shares(cells, totals, wmo).merge(totals, on=["gm_code", "year"])
    assert (shares["share"] - shares["true"]).abs().mean() < 0.01
    high = shares[shares["true"] > 0.09]
    assert high["share"].mean() < high["true"].mean() - 0.0005  # shrunk
    assert high["share"].min() > 0.07


def test_a_share_is_made_without_any_figure_of_its_own_year(
    gemeenten: Country, wmo: Domain
) -> None:
    """Variances alone may change, by one year of three hundred."""
    cells, totals = gemeenten
    one = (cells["gm_code"] == "GM0007") & (cells["year"] == 2017)
    changed = cells.assign(clients=cells["clients"].where(~one, cells["clients"] / 2))
    plain, again = (
        unassigned.shares(table, totals, wmo).set_index(["gm_code", "year"])["share"]
        for table in (cells, changed)
    )
    change = (again - plain).abs()
    assert change["GM0007", 2017] < 0.003
    assert change["GM0007", 2018] > 0.03


def test_without_any_complete_gemeente_nothing_is_known_of_shares(
    gemeenten: Country, wmo: Domain
) -> None:
    cells, totals = gemeenten
    first = ~cells.duplicated(["gm_code", "year"])
    blank = cells.assign(clients=cells["clients"].mask(first))
    assert unassigned.shares(blank, totals, wmo)["share"].isna().all()
    # blank for being small is known well enough
    small = blank.assign(small=first, population=cells["population"].mask(first, 60.0))
    jeugd = replace(wmo, blank_below=10)
    assert unassigned.shares(small, totals, jeugd)["share"].between(0, 0.9).all()


def test_a_year_that_lost_wijken_tells_nothing_of_the_share(
    gemeenten: Country, wmo: Domain
) -> None:
    """Redrawn wijken may have figures and no people: they are not among the panel's rows."""
    cells, totals = gemeenten
    lost = cells["gm_code"].eq("GM0007") & cells["year"].eq(2019)
    first = ~cells.duplicated(["gm_code", "year"])
    tables = [unassigned.shares(t, totals, wmo) for t in (cells, cells[~(lost & first)])]
    plain, shares = (table.set_index(["gm_code", "year"]) for table in tables)
    assert shares.index[shares["lacking"]].tolist() == [("GM0007", 2019)]
    # without the rule 2018 would be drawn to a year in which a third of the clients is missing
    assert shares.loc[("GM0007", 2018), "share"] == pytest.approx(
        plain.loc[("GM0007", 2018), "share"], abs=0.02
    )
    of_year = unassigned.of_year(tables[1], 2019)
    assert of_year.loc["GM0007", "share"] == shares.loc[("GM0007", 2019), "share"]
    assert of_year.loc["GM0007", "spread"] > 0
    assert of_year.loc["GM0008", "spread"] == 0  # published: nothing to guess


def test_wijken_and_the_row_are_the_total_whatever_the_total() -> None:
    years = [2018, 2018, 2019, 2019, 2020, 2021]
    clients = [100.0, 33.3, 80.0, 20.0, 50.0, 40.0]
    wijken = pd.DataFrame({"gm_code": "GM0001", "year": years, "clients": clients})
    shares = pd.DataFrame(
        {
            "gm_code": "GM0001",
            "year": [2018, 2019, 2020, 2021],
            "total": [150.0, 95.0, np.nan, 110.0],
            "n_published": [1, 2, 1, 1],
            "n_blank": [1, 0, 0, 0],
            "lacking": [False, False, False, True],
            "share": 0.1,
            "share_variance": 0.0004,
            "blank_variance": [25.0, 0.0, 0.0, 0.0],
            "blank_scale": 2.0,
            "share_scale": 2.0,
        }
    )
    rows = unassigned.table(wijken, shares, ROUNDED_TO).set_index("year")
    together = rows["clients"] + wijken.groupby("year")["clients"].sum()
    assert together[[2018, 2019, 2021]].tolist() == pytest.approx([150.0, 95.0, 110.0])
    assert rows["basis"].tolist() == ["total", "published", "share", "lacking"]
    assert rows.loc[2020, "clients"] == pytest.approx(50 / 0.9 - 50)
    assert rows.loc[2020, "share"] == pytest.approx(0.1)
    assert (rows["lower"] <= rows["clients"]).all()
    assert (rows["clients"] <= rows["upper"]).all()
    assert rows.loc[2018, "upper"] - rows.loc[2018, "clients"] > 10  # two sd of what is blank
    assert unassigned.table(wijken, shares.assign(total=np.nan), ROUNDED_TO).empty
