"""People of the newest map: redrawn areas have those, and not what a crosswalk guesses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from risicomodel.core.levels import WIJK
from risicomodel.results.forecasting import forecast_tables, origins
from risicomodel.results.forecasting.origins import Boundaries, History, MapPeople

YEARS = [2019, 2020, 2021]


def history(people: list[float], counted: list[float]) -> History:
    """Return areas whose people stay what they are, and what the map of 2022 counts."""
    n = len(people)
    by_age = np.array(people)[:, None, None] / 5 * np.ones((n, len(YEARS), 5))
    areas = pd.DataFrame(
        {
            "wijk_code": [f"WK0001{i:02d}" for i in range(n)],
            "gm_code": "GM0001",
            "gm_name": "Voorbeeld",
            "people": counted,
        }
    )
    none = np.full((n, len(YEARS)), np.nan)
    return History(
        2021,
        areas,
        YEARS,
        by_age,
        {"wmo": none},
        {"wmo": none},
        {"wmo": np.ones(n)},
        map_people=MapPeople(2022, np.array(counted)),
    )


def test_years_ahead_have_the_people_of_the_map_and_grow_from_there() -> None:
    projected = history([1_000.0, 400.0], [2_000.0, 400.0]).project_people(2)
    sums = projected.sum(axis=2)
    assert_allclose(sums[:, :3], [[1_000.0] * 3, [400.0] * 3])  # what was known stays
    assert_allclose(sums[:, 3], [2_000.0, 400.0])
    growth = sums[:, 4] / sums[:, 3]
    assert_allclose(growth, growth[1])


@pytest.mark.parametrize("counted", [np.nan, 0.0])
def test_an_area_that_the_map_counts_nobody_in_keeps_what_is_projected(counted: float) -> None:
    projected = history([1_000.0, 400.0], [counted, 400.0]).project_people(1)
    assert_allclose(projected[0, 3].sum(), 1_000.0, rtol=0.02)


def test_wijken_far_off_the_map_are_said_by_gemeente() -> None:
    (note,) = forecast_tables.off_map_note(history([1_000.0, 400.0], [2_000.0, 410.0]), WIJK)
    assert note.startswith("1 wijken were redrawn")
    assert "25% off" in note
    assert "Voorbeeld (1)" in note
    assert forecast_tables.off_map_note(history([1_000.0], [1_100.0]), WIJK) == []


def test_only_a_map_counts_people_newer_than_the_figures() -> None:
    areas = history([1.0], [5.0]).areas
    assert origins.map_people(areas, Boundaries("tables", 2021)) is None
    counted = origins.map_people(areas, Boundaries("map", 2022))
    assert counted is not None
    assert counted.people.tolist() == [5.0]
