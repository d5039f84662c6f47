"""Which years of a code are one place: the trap of redrawn wijken and reused codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from risicomodel.data.panel import place_ids

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel

COLUMNS = [
    "wijk_code", "year", "change", "wijk_name",
    "aantal_inwoners", "oppervlakte_land", "oppervlakte_totaal",
]  # fmt: skip


def areas(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows of code, year, flag, name, people, land; total area is land + 10."""
    table = [(*row, np.nan if row[5] is None else row[5] + 10) for row in rows]  # type: ignore[operator]
    frame = pd.DataFrame(table, columns=COLUMNS)
    numbers = ["aantal_inwoners", "oppervlakte_land", "oppervlakte_totaal"]
    return frame.astype(dict.fromkeys(numbers, "float64"))


def after_change(
    flag: str, *, name: str = "Centrum", people: float | None = 1000, land: float | None = 100
) -> bool:
    """Whether WK000300 of 2019 is the same place as in 2018: Centrum, 1,000 people on 100 ha."""
    before = ("WK000300", 2018, "1", "Centrum", 1000, 100)
    ids = place_ids.place_ids(areas(before, ("WK000300", 2019, flag, name, people, land)))
    return bool(ids.iloc[0] == ids.iloc[1])


def test_an_unchanged_flag_links_years_even_when_people_moved_in() -> None:
    assert after_change("1", people=1800)
    assert after_change("1", people=5000)  # a new neighbourhood on the same land
    assert after_change("1", name="Anders geheten")


def test_an_unchanged_flag_is_doubted_when_people_and_land_both_changed_by_half() -> None:
    assert not after_change("1", people=2100, land=30)
    assert after_change("1", people=1900, land=30)


def test_a_recoded_flag_never_links_the_same_code() -> None:
    assert not after_change("2")
    assert not after_change("2", name="Noord", people=3000, land=40)


@pytest.mark.parametrize("flag", ["3", ""])
def test_a_redrawn_or_unknown_flag_links_only_what_is_alike(flag: str) -> None:
    assert after_change(flag)
    assert after_change(flag, people=1090, land=95)
    assert after_change(flag, name="Wijk 00 CENTRUM")
    assert not after_change(flag, name="Noord", land=99)
    assert not after_change(flag, people=1200)
    assert not after_change(flag, land=150)


@pytest.mark.parametrize("flag", ["3", ""])
def test_a_wijk_that_only_got_another_name_on_the_same_hectares_is_the_same(flag: str) -> None:
    assert after_change(flag, name="Noord", people=1040)


@pytest.mark.parametrize("flag", ["3", ""])
def test_a_few_people_more_or_less_are_no_other_place(flag: str) -> None:
    before = ("WK000300", 2018, "1", "Centrum", 60, 100)
    for people, places in ((100, 1), (110, 1), (111, 2)):
        after = ("WK000300", 2019, flag, "", people, 96)
        assert place_ids.place_ids(areas(before, after)).nunique() == places


def test_what_is_unknown_does_not_speak_against_a_link_but_a_redrawn_area_needs_evidence() -> None:
    assert after_change("", name="", people=None, land=None)
    assert not after_change("3", name="", people=None, land=None)


def test_a_reused_code_starts_a_place_of_its_own() -> None:
    diemen = areas(
        ("WK038401", 2017, "1", "Wijk 01 Diemen-Centrum", 9690, 501),
        ("WK038401", 2018, "1", "Wijk 01 Diemen-Centrum", 10040, 502),
        ("WK038401", 2019, "3", "Diemen Noord", 6840, 131),
        ("WK038401", 2020, "1", "Diemen Noord", 6820, 131),
    )
    assert place_ids.place_ids(diemen).tolist() == [
        "WK038401@2017", "WK038401@2017", "WK038401@2019", "WK038401@2019",
    ]  # fmt: skip


def test_a_place_is_followed_to_its_new_code_by_area_or_by_name() -> None:
    merged = areas(
        ("WK001700", 2018, "1", "Wijk 00 Centrum", 17680, 1386),
        ("WK001417", 2019, "2", "Haren Centrum", 18420, 1386),  # same land to the hectare
        ("WK001701", 2018, "1", "Wijk 01 Glimmen", 1890, 3156),
        ("WK001418", 2019, "2", "Glimmen", 1900, 3100),  # same name, land within 10%
        ("WK001702", 2018, "1", "Wijk 02 Onnen", 900, 700),
        ("WK001419", 2019, "2", "Onnen", 1400, 700),  # half as many people again
    )
    ids = place_ids.place_ids(merged).tolist()
    assert ids == [
        "WK001700@2018", "WK001700@2018", "WK001701@2018", "WK001701@2018",
        "WK001702@2018", "WK001419@2019",
    ]  # fmt: skip


def test_a_new_code_is_not_linked_across_a_year_without_the_place() -> None:
    gap = areas(
        ("WK001700", 2017, "1", "Glimmen", 1890, 3156),
        ("WK001417", 2019, "2", "Glimmen", 1890, 3156),
    )
    assert place_ids.place_ids(gap).nunique() == 2


def test_two_candidates_are_no_evidence() -> None:
    twins = areas(
        ("WK001700", 2018, "1", "West", 1000, 50),
        ("WK001701", 2018, "1", "Oost", 1000, 50),
        ("WK001417", 2019, "2", "Nieuw", 1000, 50),
    )
    assert place_ids.place_ids(twins).nunique() == 3


def test_a_name_that_stands_for_many_areas_links_nothing() -> None:
    west = areas(
        ("WK001700", 2018, "1", "Wijk 01 West", 1000, 50),
        ("WK001417", 2019, "2", "West", 1000, 51),
    )
    assert place_ids.place_ids(west).nunique() == 2


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Wijk 00 Annen", "annen"),
        ("Annen", "annen"),
        ("Wijk 12 Oud-West ", "oudwest"),
        ("OUD WEST", "oudwest"),
        ("Wijk 00", ""),
        ("", ""),
    ],
)
def test_a_plain_name_forgets_number_case_and_punctuation(name: str, plain: str) -> None:
    assert place_ids.plain_name(name) == plain


CODES = [f"WK0{gm}{n:02d}" for gm in ("003", "014", "017") for n in range(3)]


@st.composite
def histories(draw: st.DrawFn) -> pd.DataFrame:
    """Any mess of codes, years, flags, names and sizes, a code at most once a year."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(CODES), st.integers(2015, 2020)), unique=True, min_size=1
        )
    )
    sizes = st.sampled_from([None, 0, 100, 105, 1000, 1060, 3000])
    rows = [
        (
            *key,
            draw(st.sampled_from(["1", "2", "3", ""])),
            draw(st.sampled_from(["", "Centrum", "Wijk 01 Centrum", "Noord"])),
            draw(sizes),
            draw(sizes),
        )
        for key in keys
    ]
    return areas(*rows)


@given(histories())
def test_a_place_is_in_one_code_a_year_and_never_older_than_its_first_sighting(
    rows: pd.DataFrame,
) -> None:
    ids = place_ids.place_ids(rows)
    assert not rows.assign(place=ids).duplicated(["place", "year"]).any()
    first = ids.str.split("@", expand=True).astype({1: "int64"})
    assert (first[1] <= rows["year"]).all()
    known = set(zip(rows["wijk_code"], rows["year"], strict=True))
    assert set(zip(first[0], first[1], strict=True)) <= known


@settings(max_examples=20)
@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_place_and_no_group(
    rows: pd.DataFrame, random: object
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    mixed = rows.iloc[order]
    pd.testing.assert_series_equal(
        place_ids.place_ids(mixed).sort_index(), place_ids.place_ids(rows)
    )

    def groups(table: pd.DataFrame) -> pd.DataFrame:
        gm = "GM" + table["wijk_code"].str[2:6]
        return place_ids.groups(table.assign(gm_code=gm, place_id=place_ids.place_ids(table)))

    pd.testing.assert_frame_equal(groups(mixed).sort_index(), groups(rows))


@given(histories())
def test_groups_hold_whole_places_whole_codes_and_wijken_of_one_gemeente_group(
    rows: pd.DataFrame,
) -> None:
    table = rows.assign(
        gm_code="GM" + rows["wijk_code"].str[2:6], place_id=place_ids.place_ids(rows)
    )
    table = table.assign(**place_ids.groups(table))
    for group, members in [
        ("gm_group", "gm_code"), ("gm_group", "place_id"),
        ("wijk_group", "wijk_code"), ("wijk_group", "place_id"),
    ]:  # fmt: skip
        assert (table.groupby(members)[group].nunique() == 1).all()
    assert (table.groupby("wijk_group")["gm_group"].nunique() == 1).all()
    # and no larger than needed: without any link a group is its own code
    alone = table.groupby("place_id")["wijk_code"].nunique().max() == 1
    if alone:
        assert (table["wijk_group"] == table["wijk_code"]).all()
        assert (table["gm_group"] == table["gm_code"]).all()


def test_a_merged_gemeente_is_one_group_with_what_it_came_from() -> None:
    table = pd.DataFrame(
        {
            "wijk_code": ["WK001700", "WK001417", "WK001400", "WK000300"],
            "gm_code": ["GM0017", "GM0014", "GM0014", "GM0003"],
            "place_id": ["a", "a", "b", "c"],
        }
    )
    found = place_ids.groups(table)
    assert found["gm_group"].tolist() == ["GM0014", "GM0014", "GM0014", "GM0003"]
    assert found["wijk_group"].tolist() == ["WK001417", "WK001417", "WK001400", "WK000300"]


def places(panel: Panel, code: str) -> pd.Series:
    rows = panel.wijken[panel.wijken["wijk_code"] == code]
    return rows.set_index("year")["place_id"]


@pytest.mark.archive
def test_diemen_centrum_and_noord_shared_a_code_and_are_two_places(real_panel: Panel) -> None:
    rows = real_panel.wijken[real_panel.wijken["wijk_code"] == "WK038401"].set_index("year")
    assert rows.loc[2018, "aantal_inwoners"] == 10_040
    assert rows.loc[2019, "aantal_inwoners"] == 6_840
    ids = places(real_panel, "WK038401")
    assert ids[2018] != ids[2019]
    assert ids[2016] == ids[2018]
    assert ids[2019] == ids[2020]


@pytest.mark.archive
def test_amsterdams_burgwallen_are_one_place_in_every_year(real_panel: Panel) -> None:
    ids = places(real_panel, "WK036300")
    assert len(ids) >= 5
    assert ids.nunique() == 1


@pytest.mark.archive
def test_haren_is_grouped_with_groningen_which_it_joined(real_panel: Panel) -> None:
    wijken = real_panel.wijken
    of = {code: set(wijken.loc[wijken["gm_code"] == code, "gm_group"]) for code in
          ("GM0017", "GM0014")}  # fmt: skip
    assert of["GM0017"] == of["GM0014"]
    assert len(of["GM0014"]) == 1
    assert places(real_panel, "WK001700")[2018] == places(real_panel, "WK001417")[2019]


@pytest.mark.archive
def test_no_real_place_is_in_two_codes_in_one_year(real_panel: Panel) -> None:
    assert not real_panel.wijken.duplicated(["place_id", "year"]).any()
    assert not real_panel.wijken.duplicated(["wijk_code", "year"]).any()


@pytest.mark.archive
def test_no_large_real_wijk_doubles_or_halves_within_one_place(real_panel: Panel) -> None:
    """Both people and land at once: growth on the same land is a new neighbourhood."""
    rows = real_panel.wijken.sort_values(["place_id", "year"])
    fresh = rows[rows["feature_year"] == rows["year"]]
    before = fresh.groupby("place_id")[["aantal_inwoners", "oppervlakte_land"]].shift()
    people = fresh["aantal_inwoners"] / before["aantal_inwoners"]
    land = fresh["oppervlakte_land"] / before["oppervlakte_land"]
    jumped = ~people.between(0.5, 2) & ~land.between(0.5, 2) & people.notna() & land.notna()
    few = (fresh["aantal_inwoners"] - before["aantal_inwoners"]).abs() <= place_ids.SMALL_PERSONS
    assert not (jumped & ~few).any()
