"""What is predicted is declared: figure, population at risk, and what would give it away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.app import settings
from risicomodel.core.errors import ConfigError
from risicomodel.data import domains as domains_module
from risicomodel.data.panel import names

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain

SUBJECTS = {
    "kwb", "jeugd", "wmo", "jeugd_gemeenten", "wmo_gemeenten", "bijstand_gemeenten",
}  # fmt: skip


def test_the_population_at_risk_is_the_weighted_sum_of_its_columns(
    domains: dict[str, Domain],
) -> None:
    kwb = pd.DataFrame(
        {
            "aantal_inwoners": [1000.0],
            "k_0_tot_15_jaar": [200.0],
            "k_15_tot_25_jaar": [100.0],
            "k_25_tot_45_jaar": [300.0],
            "k_45_tot_65_jaar": [250.0],
        }
    )
    by_hand = {"jeugd": 200 + 0.8 * 100, "wmo": 1000, "bijstand": 100 + 300 + 250}
    for name, persons in by_hand.items():
        assert domains_module.population_at_risk(domains[name], kwb).tolist() == [persons]


def test_a_population_with_a_missing_part_is_missing_and_not_smaller(
    domains: dict[str, Domain],
) -> None:
    kwb = pd.DataFrame({"k_0_tot_15_jaar": [200.0], "k_15_tot_25_jaar": [float("nan")]})
    assert domains_module.population_at_risk(domains["jeugd"], kwb).isna().all()


def test_the_shipped_domains_fit_the_tables_and_name_their_own_column_as_a_leak() -> None:
    shipped = settings.compose(["domain=[jeugd,wmo,bijstand,ao]"]).domains
    assert list(shipped) == ["jeugd", "wmo", "bijstand", "ao"]
    domains_module.check(shipped, set(names.columns()), SUBJECTS)
    for name, domain in shipped.items():
        assert domain.leaks, name
        in_kwb = {column for column in domain.column if column in names.columns()}
        assert in_kwb <= set(domain.leaks)


def test_every_kwb_column_of_the_same_figure_is_a_leak(domains: dict[str, Domain]) -> None:
    """KWB of 2020 and later holds youth care and Wmo too, as count and as rate."""
    assert set(domains["jeugd"].leaks) >= {
        "jongeren_met_jeugdzorg_in_natura", "percentage_jongeren_met_jeugdzorg",
    }  # fmt: skip
    assert set(domains["wmo"].leaks) >= {"wmo_clienten", "wmo_clienten_relatief"}
    assert set(domains["bijstand"].leaks) >= {
        "personen_per_soort_uitkering_bijstand", "huish_onder_of_rond_sociaal_minimum",
    }  # fmt: skip


def test_everything_wrong_with_domains_is_told_at_once(domains: dict[str, Domain]) -> None:
    wrong = {
        "wmo": replace(
            domains["wmo"],
            subject="wmoo",
            population={"inwoners": 1.0, "mannen": -1.0},
            leaks=["wmo_klanten"],
        ),
        "jeugd": replace(domains["jeugd"], population={"k_0_tot_15_jaar": 0.0}),
    }
    with pytest.raises(ConfigError) as caught:
        domains_module.check(wrong, set(names.columns()), SUBJECTS)
    assert caught.value.details == (
        "wmo: subject 'wmoo' is not in tables",
        "wmo: 'inwoners' is not a KWB column",
        "wmo: 'wmo_klanten' is not a KWB column",
        "wmo: a weight of the population is not above 0",
        "jeugd: a weight of the population is not above 0",
    )


def test_no_domain_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="no domain chosen"):
        domains_module.check({}, set(names.columns()), SUBJECTS)
