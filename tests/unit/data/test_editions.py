"""Features lag: the newest edition that is out for the place, never a later one, nothing filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel.data.panel import editions, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.build import Panel


def sightings(
    *rows: tuple[str, int], places: Mapping[tuple[str, int], str] | None = None
) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["wijk_code", "year"])
    table["place_id"] = [(places or {}).get(row, f"{row[0]}@2017") for row in rows]
    table["change"] = "1"
    return table


def edition(figures: Mapping[str, tuple[float, float, float]]) -> pd.DataFrame:
    """Inhabitants (bevolking), owner-occupied (wonen) and mean income (inkomen) by wijk."""
    columns = ["aantal_inwoners", "koopwoningen", "gemiddeld_inkomen_per_inwoner"]
    table = pd.DataFrame.from_dict(figures, orient="index", columns=columns, dtype="float64")
    return table.rename_axis("wijk_code").reset_index()


TWO = ("WK000300", "WK000301")
EDITIONS = {
    2017: edition({TWO[0]: (100, 60, 20), TWO[1]: (200, 50, 21)}),
    # housing of 2018 has one blank; income of 2018 is not out
    2018: edition({TWO[0]: (110, 61, np.nan), TWO[1]: (210, np.nan, np.nan)}),
}
AREAS = sightings(*((code, year) for code in TWO for year in (2016, 2017, 2018, 2019)))


def latest() -> pd.DataFrame:
    return editions.latest_out(AREAS, EDITIONS).set_index(["wijk_code", "year"]).sort_index()


def test_a_year_after_the_last_edition_takes_the_last() -> None:
    row = latest().loc[(TWO[0], 2019)]
    assert row["aantal_inwoners"] == 110
    assert row["feature_year"] == 2018


def test_a_topic_that_is_not_out_comes_from_the_edition_before_and_says_so() -> None:
    row = latest().loc[(TWO[0], 2018)]
    assert (row["gemiddeld_inkomen_per_inwoner"], row["inkomen_year"]) == (20, 2017)
    assert (row["koopwoningen"], row["wonen_year"]) == (61, 2018)


def test_a_blank_cell_of_the_newest_edition_stays_blank() -> None:
    """Filling it from 2017 would be a figure that CBS withheld."""
    for year in (2018, 2019):
        row = latest().loc[(TWO[1], year)]
        assert pd.isna(row["koopwoningen"])
        assert row["wonen_year"] == 2018


def test_a_topic_with_a_stray_figure_is_not_out_and_with_half_of_them_it_is() -> None:
    codes = [f"WK0003{n:02d}" for n in range(4)]
    areas = sightings(*((code, year) for code in codes for year in (2017, 2018)))
    known = edition(dict.fromkeys(codes, (100, 60, 20)))
    for filled, year in ((1, 2017), (2, 2018)):
        later = edition({c: (110, 61, 30 if n < filled else np.nan) for n, c in enumerate(codes)})
        wide = editions.latest_out(areas, {2017: known, 2018: later})
        newest = wide[wide["year"] == 2018]
        assert set(newest["inkomen_year"]) == {year}
        assert newest["gemiddeld_inkomen_per_inwoner"].notna().sum() == (4 if year == 2017 else 2)


def test_a_year_before_the_first_edition_has_no_features_and_no_row() -> None:
    assert latest().index.get_level_values("year").min() == 2017


def test_a_later_edition_is_never_used_for_an_earlier_year() -> None:
    assert latest().loc[(TWO[0], 2017), "aantal_inwoners"] == 100


def test_figures_do_not_pass_to_another_place_that_took_the_code() -> None:
    places = {(TWO[0], year): "WK000300@2018" for year in (2018, 2019)}
    areas = sightings(*((TWO[0], y) for y in (2017, 2018, 2019)), places=places)
    wide = editions.latest_out(areas, EDITIONS).set_index("year")
    assert wide.loc[2017, "gemiddeld_inkomen_per_inwoner"] == 20
    assert pd.isna(wide.loc[2018, "gemiddeld_inkomen_per_inwoner"])
    assert pd.isna(wide.loc[2018, "inkomen_year"])


def test_figures_pass_to_the_same_place_under_another_code() -> None:
    areas = sightings(
        (TWO[0], 2017), ("WK001417", 2018), places={("WK001417", 2018): "WK000300@2017"}
    )
    wide = editions.latest_out(areas, {2017: EDITIONS[2017]}).set_index("wijk_code")
    assert wide.loc["WK001417", "aantal_inwoners"] == 100
    assert wide.loc["WK001417", "feature_year"] == 2017


def test_wijken_of_the_last_edition_are_carried_into_years_without_their_gemeente() -> None:
    areas = sightings((TWO[0], 2018), (TWO[1], 2018), ("WK036300", 2018), (TWO[0], 2019))
    carried = editions.carry_wijken(areas, [2018, 2019, 2020], last_edition=2018)
    of = {year: set(part["wijk_code"]) for year, part in carried.groupby("year")}
    # 2019: WK000301 was left out of its gemeente's table, so it is gone; Amsterdam was not listed
    assert of[2019] == {TWO[0], "WK036300"}
    assert of[2020] == {*TWO, "WK036300"}
    assert not carried.duplicated(["wijk_code", "year"]).any()


def topic_years(wijken: pd.DataFrame) -> list[str]:
    return [f"{topic}_year" for topic in names.topics() if f"{topic}_year" in wijken]


def test_no_topic_is_newer_than_its_row(small_panel: Panel) -> None:
    wijken = small_panel.wijken
    years = topic_years(wijken)
    assert len(years) > 8
    assert (wijken[years].le(wijken["year"], axis=0) | wijken[years].isna()).all(axis=None)
    # and some are older, or the test would say nothing
    assert wijken[years].lt(wijken["year"], axis=0).any(axis=None)


@pytest.mark.archive
def test_no_real_topic_is_newer_than_its_row_and_2021_takes_2020(real_panel: Panel) -> None:
    wijken = real_panel.wijken
    years = topic_years(wijken)
    assert (wijken[years].le(wijken["year"], axis=0) | wijken[years].isna()).all(axis=None)
    last = wijken[wijken["year"] == 2021]
    assert len(last) > 2500
    # the 2020 release has neither housing nor income, and 2019 no income
    newest = {"feature_year": 2020, "wonen_year": 2019, "inkomen_year": 2018}
    for column, year in newest.items():
        assert last[column].max() == year, column


def test_a_wijk_seen_before_and_after_was_there_in_between() -> None:
    seen = [("WK000100", 2016), ("WK000100", 2018), ("WK000200", 2016), ("WK000300", 2018)]
    areas = pd.DataFrame(seen, columns=["wijk_code", "year"])
    areas = areas.assign(name="Oost", gm_name="Hier", change="1")
    found = editions.carry_wijken(areas, [2016, 2017, 2018], last_edition=2018)
    added = found[found["year"] == 2017]
    assert list(added["wijk_code"]) == ["WK000100"]
    assert added["change"].isna().all()
    assert len(found) == len(areas) + 1
