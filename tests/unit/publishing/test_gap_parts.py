"""The gap in three parts, and the chance that a wijk's own is chance or the model's usual error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risicomodel.publishing.disclosure import gap_parts


def figures(counts: np.ndarray, expected: np.ndarray, gm_code: np.ndarray) -> pd.DataFrame:
    """Figures of one domain and year, of 1,000 people a wijk."""
    people = 1000.0
    return pd.DataFrame({
        "domain": "wmo", "year": 2020, "gm_code": gm_code,
        "wijk_code": [f"WK{i:06d}" for i in range(len(counts))],
        "observed": counts / people, "observed_clients": counts, "expected": expected / people,
        "expected_lower": expected / people / 2, "expected_upper": expected / people * 2,
    })  # fmt: skip


def simulated(spread: float, n: int = 4000, seed: int = 3) -> pd.DataFrame:
    """Ten wijken a gemeente; gemeenten differ by a quarter, the model errs by ``spread`` within."""
    random = np.random.default_rng(seed)
    gm_code = np.repeat([f"GM{i:04d}" for i in range(n // 10)], 10)
    level = np.repeat(np.exp(random.normal(0, 0.25, n // 10)), 10)
    expected = np.exp(random.uniform(np.log(30), np.log(400), n))
    error = np.maximum(0.1, 1 + random.normal(0, spread, n))
    counts = np.round(random.poisson(expected * level * error) / 5) * 5.0
    return figures(counts, expected, gm_code)


def test_parts_sum_to_the_gap_and_wijken_of_a_gemeente_to_nothing() -> None:
    rows = gap_parts.add(simulated(0.2), {"wmo": 5})
    assert np.allclose(rows[gap_parts.PARTS].sum(axis=1), rows["gap"])
    within = rows["gap_wijk"].groupby(rows["gm_code"]).sum()  # people are 1,000 everywhere
    assert np.allclose(within, 0)
    country = rows["observed"].sum() / rows["expected"].sum() - 1
    assert np.allclose(rows["off_country"], country)


def test_a_gemeente_that_is_high_as_a_whole_leaves_nothing_to_its_wijken() -> None:
    expected = np.array([100.0, 200.0, 100.0, 200.0])
    counts = expected * np.array([1.5, 1.5, 0.75, 0.75])
    rows = gap_parts.add(
        figures(counts, expected, np.array(["GM1", "GM1", "GM2", "GM2"])), {"wmo": 5}
    )
    assert rows["gap_wijk"].to_numpy() == pytest.approx(0)
    assert rows["off_gemeente"].to_numpy() == pytest.approx([0.5, 0.5, -0.25, -0.25])
    assert rows["gap_country"].to_numpy() == pytest.approx(expected / 1000 * 0.125)


def test_the_only_figure_of_a_gemeente_has_no_part_of_its_own() -> None:
    expected = np.full(3, 100.0)
    rows = gap_parts.add(
        figures(np.array([150.0, 90.0, 95.0]), expected, np.array(["GM1", "GM2", "GM2"])),
        {"wmo": 5},
    )
    assert np.isnan(rows["gap_wijk"].iloc[0])
    assert rows["gap_country"].iloc[0] + rows["gap_gemeente"].iloc[0] == pytest.approx(0.05)
    assert 0 <= rows["chance"].iloc[0] <= 1


@pytest.mark.parametrize("spread", [0.0, 0.15, 0.3])
def test_one_in_twenty_is_called_different_whatever_the_model_errs(spread: float) -> None:
    """Recipe: counts that differ by chance, rounding and a normal error of the model alone."""
    rows = gap_parts.add(simulated(spread), {"wmo": 5})
    assert (rows["chance"] < 0.05).mean() == pytest.approx(0.05, abs=0.012)
    small = rows["expected"] < rows["expected"].median()
    for part in (small, ~small):
        assert (rows.loc[part, "chance"] < 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_without_a_models_error_it_is_the_chance_of_a_poisson_count() -> None:
    """Recipe: counts around what is expected, rounded to 5 like CBS's; mid-p of one of them."""
    random = np.random.default_rng(1)
    counts = np.round(random.poisson(80.0, 20_000) / 5) * 5
    rows = figures(
        counts, np.full(len(counts), 80.0), np.array([f"GM{i}" for i in range(len(counts))])
    )
    added = gap_parts.add(rows, {"wmo": 5})
    for count in (70.0, 95.0, 100.0):
        off = np.abs(counts - 80)
        far = abs(count - 80)
        simulated_chance = np.mean(off > far) + np.mean(off == far) / 2
        given = added.loc[added["observed_clients"] == count, "chance"].iloc[0]
        assert given == pytest.approx(simulated_chance, abs=0.03)


def test_what_is_not_shown_has_no_part_and_counts_for_none() -> None:
    whole = simulated(0.2, n=200)
    hidden = whole.copy()
    hidden.loc[:4, ["observed", "observed_clients"]] = np.nan
    rows = gap_parts.add(hidden, {"wmo": 5})
    parts = [*gap_parts.PARTS, "gap", "chance", "off_gemeente"]
    assert rows.loc[:4, parts].isna().all(axis=None)
    assert not rows.loc[:4, "outside"].any()
    rest = gap_parts.add(whole.loc[5:], {"wmo": 5})
    assert np.allclose(rows.loc[5:, "gap_wijk"], rest["gap_wijk"])
