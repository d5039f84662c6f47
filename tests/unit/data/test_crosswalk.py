"""The crosswalk: who lives where now, whatever codes say; and totals that survive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from risicomodel.data.panel import outlines
from risicomodel.data.panel.crosswalk import Crosswalk, carry, redrawn
from risicomodel.results.forecasting import origins

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel

Area = tuple[str, str, float, tuple[float, float, float, float] | None]


def areas(*rows: Area) -> pd.DataFrame:
    """Areas of (code, place, people, box in metres)."""
    table = pd.DataFrame(rows, columns=["wijk_code", "place_id", "people", "box"])
    boxes = [shapely.box(*box) if box else None for box in table["box"]]
    middle = [box.centroid if box else None for box in boxes]
    return table.assign(
        gm_code="GM" + table["wijk_code"].str[2:6],
        outline=boxes,
        x_km=[point.x / 1000 if point else np.nan for point in middle],
        y_km=[point.y / 1000 if point else np.nan for point in middle],
    )


def walk(*tables: pd.DataFrame) -> Crosswalk:
    drawn = pd.concat(tables).dropna(subset=["outline"]).drop_duplicates("place_id")
    return Crosswalk(drawn.assign(outline=shapely.to_wkb(drawn["outline"].to_numpy(dtype=object))))


def shares(old: pd.DataFrame, new: pd.DataFrame) -> dict[tuple[str, str], float]:
    links = walk(old, new).links(old, new)
    return {
        (a, b): s for a, b, s in links[["from_code", "to_code", "share"]].itertuples(index=False)
    }


WEST, EAST = (0, 0, 1000, 1000), (1000, 0, 2000, 1000)


def test_a_place_is_itself_whatever_its_code() -> None:
    old = areas(("WK000100", "a", 100, WEST), ("WK000101", "b", 100, EAST))
    new = areas(("WK000101", "a", 100, WEST), ("WK000100", "b", 100, EAST))
    assert shares(old, new) == {("WK000100", "WK000101"): 1.0, ("WK000101", "WK000100"): 1.0}


def test_a_split_wijk_gives_its_people_to_both_parts_as_many_as_live_there() -> None:
    old = areas(("WK000100", "a", 400, (0, 0, 2000, 1000)))
    new = areas(("WK000100", "b", 300, WEST), ("WK000101", "c", 100, EAST))
    found = shares(old, new)
    assert_allclose([found["WK000100", "WK000100"], found["WK000100", "WK000101"]], [0.75, 0.25])


def test_both_sides_keep_their_people_where_borders_moved() -> None:
    # the east lost a strip to the west: areas alone would give a quarter, people say a half
    old = areas(("WK000100", "a", 100, WEST), ("WK000101", "b", 200, EAST))
    new = areas(
        ("WK000100", "c", 200, (0, 0, 1250, 1000)), ("WK000101", "d", 100, (1250, 0, 2000, 1000))
    )
    found = shares(old, new)
    assert_allclose(found["WK000101", "WK000100"], 0.5, atol=0.01)
    assert_allclose(found["WK000100", "WK000100"], 1.0)


def test_slivers_between_simplified_borders_carry_nobody() -> None:
    old = areas(("WK000100", "a", 100, WEST), ("WK000101", "b", 100, EAST))
    new = areas(
        ("WK000100", "c", 100, (0, 0, 1005, 1000)), ("WK000101", "d", 100, (1005, 0, 2000, 1000))
    )
    assert ("WK000101", "WK000100") not in shares(old, new)


def test_without_outlines_the_gemeentes_new_wijken_share() -> None:
    old = areas(("WK000100", "a", 100, None))
    new = areas(
        ("WK000101", "b", 75, None), ("WK000102", "c", 25, None), ("WK000200", "d", 9, None)
    )
    assert_allclose(list(shares(old, new).values()), [0.75, 0.25])


def test_an_area_is_redrawn_unless_most_of_it_is_a_place_that_there_was() -> None:
    links = pd.DataFrame(
        {
            "from_code": ["WK000100", "WK000101", "WK000101"],
            "to_code": ["WK000100", "WK000100", "WK000105"],
            "share": [1.0, 0.3, 0.7],
            "basis": ["place", "overlay", "overlay"],
        }
    )
    codes = pd.Index(["WK000100", "WK000105", "WK000109"])
    assert redrawn(links, codes).tolist() == [False, True, True]


def test_a_wijk_taken_in_by_one_that_stayed_goes_there() -> None:
    old = areas(
        ("WK000100", "a", 1000, (0, 0, 2000, 1000)), ("WK000101", "b", 20, (500, 0, 600, 500))
    )
    new = areas(("WK000100", "a", 1020, (0, 0, 2000, 1000)))
    assert shares(old, new)["WK000101", "WK000100"] == 1.0


def test_what_a_table_misses_is_not_given_to_its_neighbours() -> None:
    old = areas(("WK000100", "a", 100, WEST), ("WK000101", "b", 100, EAST))
    new = areas(("WK000100", "a", 100, WEST))
    assert ("WK000101", "WK000100") not in shares(old, new)


def test_a_gemeente_that_merged_is_found_where_it_lay() -> None:
    old = areas(("WK000100", "a", 100, None)).assign(x_km=0.5, y_km=0.5)
    new = areas(("WK000200", "b", 60, WEST), ("WK000201", "c", 40, EAST))
    assert_allclose(list(shares(old, new).values()), [0.6, 0.4])


@given(st.lists(st.floats(1, 5000), min_size=4, max_size=4), st.floats(100, 1900))
def test_totals_survive(people: list[float], border: float) -> None:
    old = areas(("WK000100", "a", people[0], WEST), ("WK000101", "b", people[1], EAST))
    new = areas(
        ("WK000100", "c", people[2], (0, 0, border, 1000)),
        ("WK000101", "d", people[3], (border, 0, 2000, 1000)),
    )
    links = walk(old, new).links(old, new)
    assert_allclose(links.groupby("from_code")["share"].sum(), 1.0)
    counts = pd.DataFrame({"clients": [7.0, 13.0]}, index=old["wijk_code"])
    carried = carry(counts, links, pd.Index(new["wijk_code"]))
    assert_allclose(carried["clients"].sum(), 20.0)


def test_an_unknown_figure_makes_unknown_what_it_goes_to() -> None:
    links = pd.DataFrame(
        {"from_code": ["a", "b", "b"], "to_code": ["x", "x", "y"], "share": [1, 0.5, 0.5]}
    )
    carried = carry(
        pd.DataFrame({"n": [4.0, np.nan]}, index=["a", "b"]), links, pd.Index(["x", "y", "z"])
    )
    assert carried["n"].isna().all()


def drawn(**boxes: tuple[float, float, float, float]) -> pd.DataFrame:
    wkb = [shapely.to_wkb(shapely.box(*box)) for box in boxes.values()]
    about = {"name": "", "gm_name": "", "people": np.nan}
    return pd.DataFrame({"code": list(boxes), **about, "outline": wkb})


@pytest.mark.parametrize(
    ("land", "total", "year", "same"),
    [(100.0, 120.0, 2018, True), (300.0, 100.0, 2010, True), (300.0, 320.0, 2018, False),
     (np.nan, np.nan, 2018, True), (np.nan, np.nan, 2010, False)],
)  # fmt: skip
def test_an_area_on_a_map_is_the_place_that_has_its_code_and_size(
    land: float, total: float, year: int, same: bool
) -> None:
    wijken = pd.DataFrame(
        {"wijk_code": ["WK000100"], "year": [2017], "wijk_name": ["Oost"], "place_id": ["a"],
         "oppervlakte_land": [land], "oppervlakte_totaal": [total]}
    )  # fmt: skip
    table = outlines.attach(wijken, {year: drawn(WK000100=(0, 0, 1000, 1000))})
    assert (table["place_id"].iloc[0] == "a") is same
    assert table["wijk_name"].iloc[0] == "Oost"


def test_no_map_no_outlines(small_panel: Panel) -> None:
    assert list(outlines.attach(small_panel.wijken, {})) == outlines.COLUMNS


def test_real_wijken_keep_their_people_from_2016_to_the_map_of_2022(real_panel: Panel) -> None:
    real = real_panel.wijken
    old = origins.areas_of_year(real, 2016)
    new = origins.areas_of_map(real_panel, 2022)
    links = Crosswalk(real_panel.outlines).links(old, new)
    assert_allclose(links.groupby("from_code")["share"].sum(), 1.0)
    people = old.set_index("wijk_code")[["people"]].fillna(0.0)
    carried = carry(people, links, pd.Index(new["wijk_code"]))
    reached = people.loc[links["from_code"].unique(), "people"].sum()
    assert_allclose(carried["people"].sum(), reached)
    assert reached / people["people"].sum() > 0.999
    # not many people were born: what was carried is near what lives there now
    both = carried["people"].notna().to_numpy() & new["people"].gt(1000).to_numpy()
    ratio = carried["people"].to_numpy()[both] / new["people"].to_numpy()[both]
    assert np.mean(np.abs(ratio - 1) < 0.25) > 0.95


def test_gemeenten_that_merged_are_linked_part_by_part() -> None:
    # two gemeenten became GM0009; each wijk of it lies where one of them was
    old = areas(
        ("WK000100", "a", 100, (0, 0, 500, 1000)),
        ("WK000200", "b", 300, (3000, 0, 3500, 1000)),
    )
    new = areas(
        ("WK000900", "c", 60, (0, 0, 1000, 1000)),
        ("WK000901", "d", 40, (1000, 0, 1500, 1000)),
        ("WK000902", "e", 300, (2900, 0, 4000, 1000)),
    )
    # the outlines of what is gone are not known; its middle is
    crosswalk = walk(new)
    links = crosswalk.links(old.assign(outline=None), new)
    found = {(a, b): s for a, b, s in links[["from_code", "to_code", "share"]].to_numpy().tolist()}
    assert found == {
        ("WK000100", "WK000900"): 0.6,
        ("WK000100", "WK000901"): 0.4,
        ("WK000200", "WK000902"): 1.0,
    }
