"""Where a wijk lies: one location per place, the next best where no map has it, who lives near."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from threadpoolctl import threadpool_limits

from risicomodel.data.panel import build, location
from risicomodel.data.sources.archive import Archive
from support import fakes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel

NEARBY = [location.nearby_column(reach) for reach in location.REACHES]


def wijken(rows: Sequence[tuple[str, int, str]], people: float = 1000.0) -> pd.DataFrame:
    """Rows of ``(wijk_code, year, place_id)``."""
    table = pd.DataFrame(rows, columns=["wijk_code", "year", "place_id"])
    return table.assign(gm_code="GM" + table["wijk_code"].str[2:6], aantal_inwoners=people)


def chart(places: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """A map, by code."""
    return pd.DataFrame(
        [(code, *xy) for code, xy in places.items()], columns=["code", "x_km", "y_km"]
    )


def located(
    rows: Sequence[tuple[str, int, str]], maps: Mapping[int, Mapping[str, tuple[float, float]]]
) -> list[tuple[float, float]]:
    table = location.attach(wijken(rows), {year: chart(places) for year, places in maps.items()})
    return list(table[["x_km", "y_km"]].itertuples(index=False, name=None))


# -- one location -----------------------------------------------------------------------------


def test_a_place_keeps_one_location_over_the_years_also_under_another_code() -> None:
    """Recoded in 2018; the map is of 2018."""
    rows = [("WK000300", 2016, "a"), ("WK000300", 2017, "a"), ("WK000399", 2018, "a")]
    assert located(rows, {2018: {"WK000399": (100, 400)}}) == [(100, 400)] * 3


def test_a_code_that_became_another_place_has_another_location() -> None:
    """A code means what it meant in the map's year."""
    rows = [("WK000300", 2016, "old"), ("WK000300", 2018, "new")]
    maps = {2016: {"WK000300": (50, 400)}, 2018: {"WK000300": (250, 600)}}
    assert located(rows, maps) == [(50, 400), (250, 600)]


def test_a_map_of_a_year_without_figures_is_read_with_the_codes_of_the_nearest_year() -> None:
    rows = [("WK000300", 2016, "old"), ("WK000300", 2018, "new"), ("WK000301", 2018, "x")]
    maps = {2013: {"WK000300": (50, 400)}, 2022: {"WK000300": (250, 600), "WK000301": (251, 601)}}
    assert located(rows, maps) == [(50, 400), (250, 600), (251, 601)]


def test_a_place_on_two_maps_lies_between_them() -> None:
    """Boundaries are drawn a little differently each time; a place does not move."""
    rows = [("WK000300", 2016, "a"), ("WK000300", 2018, "a")]
    maps = {2016: {"WK000300": (100, 400)}, 2018: {"WK000300": (102, 401)}}
    assert located(rows, maps) == [(101, 400.5)] * 2


def test_a_place_no_map_has_takes_the_location_of_its_code() -> None:
    """The map is of 2018; what the code meant in 2016 is not on it."""
    rows = [("WK000300", 2016, "old"), ("WK000300", 2018, "new"), ("WK000301", 2018, "x")]
    maps = {2018: {"WK000300": (100, 400), "WK000301": (120, 400)}}
    assert located(rows, maps)[0] == (100, 400)


def test_a_code_no_map_has_lies_in_the_middle_of_its_gemeente() -> None:
    rows = [("WK000309", 2018, "a"), ("WK000301", 2018, "b"), ("WK000302", 2018, "c")]
    maps = {2018: {"WK000301": (100, 400), "WK000302": (110, 420), "WK999900": (0, 0)}}
    assert located(rows, maps)[0] == (105, 410)


def test_areas_that_only_the_map_has_still_tell_where_their_gemeente_is() -> None:
    assert located([("WK000300", 2018, "a")], {2022: {"WK000377": (7, 8)}}) == [(7, 8)]


def test_a_gemeente_no_map_has_is_nowhere() -> None:
    rows = [("WK000300", 2018, "a"), ("WK000400", 2018, "b")]
    maps = {2018: {"WK000300": (100, 400)}}
    table = location.attach(wijken(rows), {year: chart(places) for year, places in maps.items()})
    assert table.loc[1, ["x_km", "y_km", *NEARBY]].isna().all()
    assert table.loc[0, NEARBY].tolist() == [1000.0] * 3  # and is no neighbour of anyone


def test_without_a_map_every_location_is_missing_and_gemeenten_have_inhabitants() -> None:
    table = location.attach(wijken([("WK000300", 2018, "a"), ("WK000301", 2018, "b")]), {})
    assert table[["x_km", "y_km", *NEARBY]].isna().all(axis=None)
    assert (table[["x_km", "y_km", *NEARBY]].dtypes == "float64").all()
    assert table["inwoners_gemeente"].tolist() == [2000.0, 2000.0]


def test_the_panel_gains_columns_and_keeps_its_rows_and_figures(small_panel: Panel) -> None:
    mixed = small_panel.wijken.sample(frac=1, random_state=3)
    bare = mixed.drop(columns=["x_km", "y_km", *NEARBY, "inwoners_gemeente"])
    maps = {2018: chart(dict.fromkeys(bare["wijk_code"].unique(), (100.0, 400.0)))}
    table = location.attach(bare, maps)
    pd.testing.assert_frame_equal(table[list(bare)], bare)
    assert table["x_km"].eq(100).all()


# -- who lives near ---------------------------------------------------------------------------

ROWS = [("WK000300", 2018, "a"), ("WK000301", 2018, "b"), ("WK000400", 2018, "c"),
        ("WK000300", 2019, "a")]  # fmt: skip
MAP = {2018: {"WK000300": (0, 0), "WK000301": (3, 4), "WK000400": (0, 10)}}


def test_people_nearby_by_hand() -> None:
    table = wijken(ROWS).assign(aantal_inwoners=[100.0, 300.0, 600.0, 50.0])
    found = location.attach(table, {2018: chart(MAP[2018])})
    for reach in (2, 8, 25):
        first = 100 + 300 * np.exp(-5 / reach) + 600 * np.exp(-10 / reach)
        column = found[f"inwoners_nabij_{reach}_km"]
        assert column[0] == pytest.approx(first, abs=0.001)  # of a person
        assert column[3] == 50  # the others are not there in 2019


def test_the_inhabitants_of_a_gemeente_are_those_of_its_wijken_that_year() -> None:
    table = wijken(ROWS).assign(aantal_inwoners=[100.0, np.nan, 600.0, 50.0])
    found = location.attach(table, {2018: chart(MAP[2018])})
    assert found["inwoners_gemeente"].tolist() == [100, 100, 600, 50]
    # who is not counted lives nowhere, and the wijk still has people near
    assert found.loc[1, "inwoners_nabij_2_km"] == pytest.approx(
        100 * np.exp(-5 / 2) + 600 * np.exp(-np.hypot(3, 6) / 2), abs=0.001
    )
    assert np.isnan(found.loc[1, "aantal_inwoners"])


def naive(table: pd.DataFrame, values: pd.DataFrame, reach: float) -> pd.DataFrame:
    """Σ over wijken of the same year, one by one."""
    out = pd.DataFrame(np.nan, index=table.index, columns=values.columns)
    for here in table.index[table["x_km"].notna()]:
        out.loc[here] = 0.0
        for there in table.index[table["x_km"].notna()]:
            if table["year"][here] == table["year"][there]:
                step = table.loc[here, ["x_km", "y_km"]] - table.loc[there, ["x_km", "y_km"]]
                distance = float(np.hypot(*step.astype("float64")))
                out.loc[here] += values.loc[there] * np.exp(-distance / reach)
    return out


@st.composite
def spread_out(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of a few years, some in one spot, some nowhere, and two values of each."""
    # few coordinates: spots are shared within and over years
    spot = st.one_of(st.none(), st.tuples(st.integers(0, 3), st.integers(0, 3)))
    row = st.tuples(spot, st.integers(2016, 2018), st.floats(0, 1e5), st.floats(-10, 10))
    rows = draw(st.lists(row, min_size=1, max_size=12))
    index = draw(st.permutations(range(len(rows))))
    xy = [(np.nan, np.nan) if at is None else (7.5 * at[0], 3.0 * at[1]) for at, *_ in rows]
    table = pd.DataFrame(xy, columns=["x_km", "y_km"], index=index).astype("float64")
    table["year"] = [year for _, year, *_ in rows]
    values = pd.DataFrame({"p": [r[2] for r in rows], "q": [r[3] for r in rows]}, index=index)
    return table, values


@given(spread_out(), st.sampled_from([0.5, 8.0, 300.0]))
def test_gathering_equals_a_plain_double_loop(
    drawn: tuple[pd.DataFrame, pd.DataFrame], reach: float
) -> None:
    table, values = drawn
    found = location.gather(table, values, reach)
    pd.testing.assert_frame_equal(found, naive(table, values, reach), rtol=1e-9, atol=1e-9)


def test_more_places_than_are_looked_at_at_once_make_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    keys = pd.DataFrame(list(product(range(20), [2018, 2019])), columns=["place", "year"])
    xy = rng.uniform(0, 50, (20, 2))
    table = keys.assign(x_km=xy[keys["place"], 0], y_km=xy[keys["place"], 1])
    values = pd.DataFrame({"people": rng.uniform(0, 1e4, len(keys))})
    monkeypatch.setattr(location, "ROWS_AT_ONCE", 7)
    found = location.gather(table, values, 8.0)
    pd.testing.assert_frame_equal(found, naive(table, values, 8.0), rtol=1e-9)


def test_the_number_of_threads_changes_no_bit() -> None:
    """With more of them linear algebra adds up in another order; a panel's bytes are a promise."""
    rng = np.random.default_rng(6)
    codes = [f"WK{number:06d}" for number in range(3000)]
    maps = {2018: chart({code: tuple(rng.uniform(0, 300, 2)) for code in codes})}
    table = wijken([(code, year, code) for code in codes for year in range(2015, 2022)])
    table["aantal_inwoners"] = rng.integers(0, 9000, len(table)).astype("float64")
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(location.attach(table, maps))
    pd.testing.assert_frame_equal(*found, check_exact=True)


# -- the demo and the real archive ------------------------------------------------------------


def test_every_wijk_of_the_demo_lies_in_the_country_and_has_people_near(small_panel: Panel) -> None:
    table = small_panel.wijken
    assert table["x_km"].between(10, 280).all()
    assert table["y_km"].between(300, 620).all()
    assert (table.groupby("place_id")[["x_km", "y_km"]].nunique() == 1).all(axis=None)
    nearer, near, far = (table[column] for column in NEARBY)
    known = table["aantal_inwoners"].fillna(0)
    assert (known <= nearer + 0.001).all()
    assert (nearer <= near).all()
    assert (near <= far).all()
    assert (table["inwoners_gemeente"] >= known).all()


def test_an_archive_without_maps_is_no_error(tmp_path: Path, domains: dict[str, Domain]) -> None:
    fakes.kwb_lower(tmp_path / "KWB2019.parquet", [fakes.wijk("WK000300", 1000)], 2019)
    archive = Archive(tmp_path, {"kwb": {2019: ["KWB2019"]}, "geo": {2019: ["wijken_2019"]}})
    table = build.build(archive, {"bijstand": domains["bijstand"]}).wijken
    assert table[["x_km", "y_km", *NEARBY]].isna().all(axis=None)
    assert table["inwoners_gemeente"].tolist() == [1000]


@pytest.mark.archive
def test_real_wijken_lie_where_they_are(real_panel: Panel) -> None:
    """Rough places from an atlas; 1% or fewer are nowhere."""
    table = real_panel.wijken
    assert table["x_km"].isna().mean() < 0.01
    atlas = {"Amsterdam": (122, 487), "Maastricht": (177, 318), "Groningen": (234, 582)}
    middle = table.groupby("gm_name")[["x_km", "y_km"]].mean()
    for name, place in atlas.items():
        assert tuple(middle.loc[name]) == pytest.approx(place, abs=8), name
    near = table[table["year"] == 2019].groupby("gm_name")["inwoners_nabij_8_km"].mean()
    assert near["Amsterdam"] > 4 * near["Terschelling"]
