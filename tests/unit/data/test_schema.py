"""What a panel must satisfy: all violations at once, and not one that is no violation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core.errors import DataError
from risicomodel.data.panel import schema

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel

DOMAINS = ["jeugd", "wmo", "bijstand"]


@pytest.fixture
def wijken(small_panel: Panel) -> pd.DataFrame:
    return small_panel.wijken.copy()


def violations(wijken: pd.DataFrame) -> list[str]:
    with pytest.raises(DataError) as caught:
        schema.check(wijken, DOMAINS)
    assert "Correct the table" in caught.value.message
    return list(caught.value.details)


def large(wijken: pd.DataFrame) -> int:
    return int(wijken.index[wijken["wmo_population"] >= schema.LARGE_POPULATION][0])


SPOILED = {
    "wijk_code": ("wijk_code", "WK300"),
    "gm_code": ("gm_code", "0003"),
    "year": ("year", 1019),
    "negative clients": ("wmo_clients", -5.0),
    "negative people": ("aantal_inwoners", -5.0),
    "percentage": ("koopwoningen", 100.5),
    "negative percentage": ("koopwoningen", -0.1),
    "off the map": ("x_km", -5.0),
    "status": ("jeugd_status", "unknown"),
}


def test_the_demo_panel_is_right(wijken: pd.DataFrame) -> None:
    schema.check(wijken, DOMAINS)


@pytest.mark.parametrize("kind", SPOILED)
def test_one_wrong_cell_is_found_and_shown_with_wijk_and_year(
    wijken: pd.DataFrame, kind: str
) -> None:
    column, value = SPOILED[kind]
    wijken.loc[7, column] = value
    found = violations(wijken)
    assert len(found) == 1
    shown = wijken.loc[7]
    assert column in found[0]
    assert f"1 rows, for example {shown['wijk_code']} in {shown['year']}" in found[0]
    assert str(value) in found[0]


def test_duplicate_wijk_years_are_found(wijken: pd.DataFrame) -> None:
    twice = pd.concat([wijken, wijken.iloc[[3]]], ignore_index=True)
    (found,) = violations(twice)
    code, year = wijken.loc[3, ["wijk_code", "year"]]
    assert found.startswith(
        f"the same wijk_code and year more than once: 2 rows, for example {code}"
    )
    assert f"in {year}" in found


def test_more_clients_than_people_is_wrong_in_a_large_wijk(wijken: pd.DataFrame) -> None:
    row = large(wijken)
    wijken.loc[row, "wmo_clients"] = wijken.loc[row, "wmo_population"] + 5
    (found,) = violations(wijken)
    assert "wmo: more clients than people" in found
    assert wijken.loc[row, "wijk_code"] in found


def test_more_clients_than_people_is_how_cbs_counts_in_a_tiny_wijk(wijken: pd.DataFrame) -> None:
    row = large(wijken)
    wijken.loc[row, ["wmo_clients", "wmo_population"]] = [20.0, 10.0]
    schema.check(wijken, DOMAINS)


def test_as_many_clients_as_people_is_allowed(wijken: pd.DataFrame) -> None:
    row = large(wijken)
    wijken.loc[row, "wmo_clients"] = wijken.loc[row, "wmo_population"]
    schema.check(wijken, DOMAINS)


def test_blank_figures_are_allowed(wijken: pd.DataFrame) -> None:
    for column in ("jeugd_clients", "jeugd_population", "koopwoningen"):
        wijken[column] = float("nan")
    schema.check(wijken, DOMAINS)


def test_all_violations_are_reported_at_once(wijken: pd.DataFrame) -> None:
    for row, (column, value) in enumerate(SPOILED.values()):
        wijken.loc[row * 10, column] = value
    row = large(wijken.iloc[200:])
    wijken.loc[row, "jeugd_clients"] = wijken.loc[row, "jeugd_population"] * 2
    twice = pd.concat([wijken, wijken.iloc[[300]]], ignore_index=True)
    found = violations(twice)
    for column in {column for column, _ in SPOILED.values()}:
        assert any(column in line for line in found), column
    assert any("jeugd: more clients than people" in line for line in found)
    assert sum("koopwoningen" in line for line in found) == 1
    assert len(found) == 10


def test_a_missing_column_is_a_violation(wijken: pd.DataFrame) -> None:
    (found,) = violations(wijken.drop(columns="jeugd_status"))
    assert "jeugd_status" in found
