"""Features: the values their formulas promise, no leak, no origin unasked, nothing from later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from threadpoolctl import threadpool_limits

from risicomodel.app import settings
from risicomodel.core.errors import ConfigError
from risicomodel.data import features
from risicomodel.data.features import CONTEXTS, PARTS, Feature, FeatureSet, declarations
from risicomodel.data.panel import names
from support.feature_sets import SETS, feature, one, own_name, shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel

WIJKEN = pd.DataFrame(
    {
        "gm_code": ["GM0001", "GM0001", "GM0002", "GM0002"],
        "year": [2018, 2018, 2018, 2019],
        "aantal_inwoners": [100.0, 300.0, 600.0, 50.0],
        "k_0_tot_15_jaar": [10.0, 60.0, np.nan, 0.0],
        "gemiddelde_woningwaarde": [100.0, 200.0, 400.0, 300.0],
        "huishoudens_met_kinderen": [0.0, 30.0, 50.0, 0.0],
    }
)


def values(features_set: FeatureSet, column: str = "f") -> list[float]:
    found = features.compute(features_set, WIJKEN)[column]
    assert found.dtype == "float64"
    return found.round(12).fillna(-99).tolist()


def test_a_formula_gives_its_value_and_missing_stays_missing() -> None:
    assert values(one("k_0_tot_15_jaar / aantal_inwoners")) == [0.1, 0.2, -99, 0.0]


def test_log_sqrt_and_exp_are_the_functions_there_are() -> None:
    by_hand = np.log(WIJKEN["aantal_inwoners"]) + np.sqrt(WIJKEN["gemiddelde_woningwaarde"])
    found = values(one("log(aantal_inwoners) + sqrt(gemiddelde_woningwaarde) + exp(0)"))
    np.testing.assert_allclose(found, by_hand + 1)


def test_what_has_no_finite_value_is_missing_and_not_infinite() -> None:
    # 10 / 0 and 0 / 0
    assert values(one("k_0_tot_15_jaar / huishoudens_met_kinderen")) == [-99, 2.0, -99, -99]
    assert values(one("log(k_0_tot_15_jaar)"))[3] == -99


def test_a_column_the_panel_lacks_gives_missing_values() -> None:
    assert values(one("koopwoningen / 100")) == [-99] * 4


def test_centre_year_takes_the_countrys_weighted_mean_of_the_year_off() -> None:
    mean_2018 = (100 * 100 + 300 * 200 + 600 * 400) / 1000
    found = values(one("gemiddelde_woningwaarde", centre="year"))
    assert found == [100 - mean_2018, 200 - mean_2018, 400 - mean_2018, 0.0]


@pytest.mark.parametrize("name", SETS)
def test_the_difference_from_the_gemeente_has_mean_zero_in_every_gemeente_and_year(
    small_panel: Panel, name: str
) -> None:
    table = features.compute(shipped(name), small_panel.wijken)
    differences = [column for column in table if features.part_of(column) == "verschil"]
    # of all but where a wijk lies
    assert {*map(own_name, differences)} == {
        n for n, f in shipped(name).define.items() if f.family != "ligging"
    }
    keys = [small_panel.wijken["gm_code"], small_panel.wijken["year"]]
    people = small_panel.wijken["aantal_inwoners"]
    for column in differences:
        total = (table[column] * people).groupby(keys).sum()
        weight = people.where(table[column].notna()).groupby(keys).sum()
        scale = max(table[column].abs().max(), 1e-9)
        assert (total / weight.where(weight > 0)).abs().max() <= 1e-9 * scale, column
        assert table[column].abs().max() > 0, column


@pytest.mark.parametrize("name", SETS)
def test_the_columns_told_beforehand_are_those_computed(small_panel: Panel, name: str) -> None:
    chosen = shipped(name)
    table = features.compute(chosen, small_panel.wijken)
    assert list(table) == features.columns(chosen)
    assert not table.columns.duplicated().any()
    assert (table.dtypes == "float64").all()


def test_the_order_of_rows_and_the_index_change_no_value(small_panel: Panel) -> None:
    chosen = shipped("demografie_wonen")
    plain = features.compute(chosen, small_panel.wijken)
    mixed = features.compute(chosen, small_panel.wijken.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(mixed.sort_index(), plain, rtol=1e-9)


def test_every_shipped_feature_has_values_on_the_demo(small_panel: Panel) -> None:
    for name in SETS:
        table = features.compute(shipped(name), small_panel.wijken)
        assert table.notna().any().all(), name


# -- contexts ---------------------------------------------------------------------------------

# two gemeenten in 2018: wijken at 5 km from each other and 10 km from the first; one alone in 2019
AREA = WIJKEN.assign(x_km=[0.0, 3.0, 0.0, 0.0], y_km=[0.0, 4.0, 10.0, 0.0])
VALUE = "gemiddelde_woningwaarde"  # 100, 200, 400 and 300
GEMEENTE_MEAN = (100 * 100 + 300 * 200) / 400


def around(distances: Sequence[float], people: Sequence[float], value: Sequence[float]) -> float:
    """The mean of neighbours, each counting for its people · exp(−km / 5)."""
    weight = np.array(people) * np.exp(-np.array(distances) / 5)
    return float((weight * np.array(value)).sum() / weight.sum())


FAR = float(np.hypot(3, 6))  # from the second wijk to the third
SURROUNDINGS = [
    around([5, 10], [300, 600], [200, 400]),
    around([5, FAR], [100, 600], [100, 400]),
    around([10, FAR], [100, 300], [100, 200]),
    np.nan,  # nobody else that year
]


def added(
    context: str, wijken: pd.DataFrame = AREA, formula: str = VALUE, **options: object
) -> list[float]:
    """A context's column of a feature with surroundings of 5 km."""
    chosen = replace(one(formula, context=[context], **options), surroundings_km=5.0)
    return list(features.compute(chosen, wijken)["f" + CONTEXTS[context]])


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("verschil", [100 - GEMEENTE_MEAN, 200 - GEMEENTE_MEAN, 0, 0]),
        ("gemeente", [GEMEENTE_MEAN, GEMEENTE_MEAN, 400, 300]),
        ("omgeving", SURROUNDINGS),
    ],
)
def test_a_context_has_its_value_by_hand(context: str, expected: list[float]) -> None:
    np.testing.assert_allclose(added(context), expected, atol=1e-8)


def test_contexts_are_of_the_centred_value() -> None:
    mean_2018 = (100 * 100 + 300 * 200 + 600 * 400) / 1000
    own = added("gemeente", centre="year")
    np.testing.assert_allclose(own[:2], [GEMEENTE_MEAN - mean_2018] * 2)
    surroundings = np.array(SURROUNDINGS[:3]) - mean_2018
    np.testing.assert_allclose(added("omgeving", centre="year")[:3], surroundings, atol=1e-8)


def test_a_wijk_is_no_part_of_its_own_surroundings() -> None:
    other = AREA.assign(gemiddelde_woningwaarde=[5000.0, 200.0, 400.0, 300.0])
    plain, changed = added("omgeving"), added("omgeving", other)
    assert changed[0] == plain[0]
    assert changed[1] > plain[1] + 100
    assert changed[2] > plain[2] + 100


def test_surroundings_skip_what_is_missing() -> None:
    unknown = AREA.assign(gemiddelde_woningwaarde=[100.0, np.nan, 400.0, 300.0])
    found = added("omgeving", unknown)
    assert found[0] == 400
    # its own figure is missing, its surroundings are not
    assert found[1] == pytest.approx(around([5, FAR], [100, 600], [100, 400]))
    nowhere = AREA.assign(x_km=[0.0, np.nan, 0.0, 0.0])
    found = added("omgeving", nowhere)
    assert found[0] == 400
    assert np.isnan(found[1])
    empty = AREA.assign(aantal_inwoners=[100.0, 0.0, 600.0, 50.0])
    assert added("omgeving", empty)[0] == 400


def test_without_a_map_there_are_no_surroundings_and_the_rest_is_as_it_was() -> None:
    assert np.isnan(added("omgeving", WIJKEN)).all()
    for context in ("verschil", "gemeente"):
        assert added(context, WIJKEN) == added(context, AREA)


def test_two_wijken_in_one_spot_are_each_others_surroundings() -> None:
    """Where only the middle of the gemeente is known its wijken share a location."""
    together = AREA.assign(x_km=0.0, y_km=[0.0, 0.0, 1000.0, 0.0])
    np.testing.assert_allclose(added("omgeving", together)[:2], [200, 100])


def test_the_number_of_threads_changes_no_bit() -> None:
    """The hash of features is the key to kept fits, and the same bytes are a promise."""
    rng = np.random.default_rng(6)
    n, years = 2500, range(2015, 2022)
    count = n * len(years)
    wijken = pd.DataFrame(
        {
            "gm_code": "GM0001",
            "year": np.tile(list(years), n),
            "aantal_inwoners": rng.integers(1, 9000, count).astype("float64"),
            "x_km": np.repeat(rng.uniform(0, 300, n), len(years)),
            "y_km": np.repeat(rng.uniform(300, 600, n), len(years)),
            "koopwoningen": rng.uniform(0, 100, count),
        }
    )
    define = {f"f{power}": feature(f"(koopwoningen / 100) ** {power}") for power in range(1, 9)}
    chosen = FeatureSet("test", define, context=["omgeving"])
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(features.compute(chosen, wijken))
    pd.testing.assert_frame_equal(*found, check_exact=True)


def test_a_feature_may_say_otherwise_than_the_set() -> None:
    define = {
        "plain": feature(VALUE),
        "bare": feature(VALUE, context=[]),
        "other": feature(VALUE, context=["omgeving", "gemeente"]),
    }
    chosen = FeatureSet("test", define, context=["verschil"])
    assert features.columns(chosen) == [
        "plain", "bare", "other", "plain_tov_gemeente", "other_van_gemeente", "other_van_omgeving",
    ]  # fmt: skip
    assert list(features.compute(chosen, AREA)) == features.columns(chosen)
    assert features.columns(chosen, ["bare"]) == ["bare"]
    table = features.table(chosen, {}).set_index("feature")["context"]
    assert table.to_dict() == {"plain": "verschil", "bare": "", "other": "omgeving gemeente"}


@pytest.mark.parametrize("name", SETS)
def test_a_column_tells_what_it_is_of(name: str) -> None:
    chosen = shipped(name)
    found = {column: features.part_of(column) for column in features.columns(chosen)}
    assert set(found.values()) == set(PARTS)
    for column, part in found.items():
        family = chosen.define[own_name(column)].family
        if part in CONTEXTS:
            assert column == own_name(column) + CONTEXTS[part]
        else:
            assert column in chosen.define
            assert (part == "ligging") == (family == "ligging")


def told_about(chosen: FeatureSet) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        features.check(chosen)
    return list(caught.value.details)


def test_an_unknown_context_is_told_with_the_nearest() -> None:
    define = {"f": feature(VALUE, context=["gemeenten"])}
    found = told_about(FeatureSet("test", define, context=["verschil", "omgevng"]))
    allowed = "is not one of verschil, gemeente, omgeving"
    assert found == [
        f"f: context 'gemeenten' (did you mean 'gemeente'?) {allowed}",
        f"the set: context 'omgevng' (did you mean 'omgeving'?) {allowed}",
    ]


def test_the_names_of_where_a_wijk_lies_say_so_and_no_others_do() -> None:
    """Models choose features by what their columns are called."""
    place = replace(feature("x_km"), family="ligging")
    features.check(FeatureSet("test", {"ligging_oost": place, "f": feature(VALUE)}))
    found = told_about(FeatureSet("test", {"oost": place, "ligging_f": feature(VALUE)}))
    why = "the names of family 'ligging', and no others, begin with 'ligging_'"
    assert found == [f"oost: {why}", f"ligging_f: {why}"]


@pytest.mark.parametrize("suffix", CONTEXTS.values())
def test_a_feature_is_not_called_as_anothers_context(suffix: str) -> None:
    """There would be two columns of one name, or one taken for what it is not."""
    define = {"f": feature(VALUE), f"f{suffix}": feature(VALUE)}
    (found,) = told_about(FeatureSet("test", define))
    assert found.startswith(f"f{suffix}: ")
    assert suffix in found.partition(": ")[2]


@pytest.mark.parametrize("reach", [0.0, -15.0, np.nan])
def test_surroundings_reach_somewhere(reach: float) -> None:
    (found,) = told_about(replace(one(VALUE), surroundings_km=reach))
    assert found == f"surroundings_km is {reach}; expected more than 0"


# -- what may be used -------------------------------------------------------------------------


def test_income_that_counts_the_same_households_is_kept_from_bijstand(
    domains: dict[str, Domain],
) -> None:
    chosen = shipped("plus_inkomen")
    for_bijstand = features.usable(chosen, "bijstand", domains["bijstand"])
    for_wmo = features.usable(chosen, "wmo", domains["wmo"])
    dropped = set(for_wmo) - set(for_bijstand)
    assert dropped == {
        name + suffix
        for name in ("laag_inkomen", "sociaal_minimum")
        for suffix in ("", *CONTEXTS.values())
    }


@pytest.mark.parametrize(
    "formula",
    [
        "personen_per_soort_uitkering_bijstand / aantal_inwoners",
        "1 - personen_per_soort_uitkering_bijstand",
        "log(personen_per_soort_uitkering_bijstand + aantal_inwoners)",
    ],
)
def test_a_leak_is_found_wherever_it_hides_in_a_formula(
    domains: dict[str, Domain], formula: str
) -> None:
    assert declarations.leaks("f", feature(formula), "bijstand", domains["bijstand"])
    assert not declarations.leaks("f", feature(formula), "wmo", domains["wmo"])
    with_contexts = one(formula, context=list(CONTEXTS))
    assert features.usable(with_contexts, "bijstand", domains["bijstand"]) == []
    assert len(features.usable(with_contexts, "wmo", domains["wmo"])) == 4


def test_a_declared_leak_is_kept_from_its_domain_only(domains: dict[str, Domain]) -> None:
    chosen = one("aantal_inwoners", leaks_into=["wmo"])
    assert features.usable(chosen, "wmo", domains["wmo"]) == []
    assert features.usable(chosen, "jeugd", domains["jeugd"]) == ["f"]


@pytest.mark.parametrize("reason", ["", "   "])
def test_origin_is_refused_without_a_written_reason(reason: str) -> None:
    with pytest.raises(ConfigError, match=r"aandeel_westers.*expected a written reason"):
        settings.compose(["features=herkomst", f'features.justification="{reason}"'])


def test_origin_is_accepted_with_a_written_reason_and_keeps_it() -> None:
    chosen = shipped("herkomst")
    assert chosen.justification == "does origin add anything"
    assert {"aandeel_westers", "aandeel_niet_westers"} <= set(chosen.define)


def test_everything_wrong_with_formulas_is_told_at_once_with_the_nearest_column() -> None:
    wrong = FeatureSet(
        "test",
        {
            "a": feature("aantal_inwoner / 2"),
            "b": feature("sin(aantal_inwoners)"),
            "c": feature("aantal_inwoners /"),
            "d": feature("aantal_inwoners", centre="gemeente"),
            "e": feature("__import__('os')"),
            "f": feature("aantal_inwoners.max()"),
        },
    )
    with pytest.raises(ConfigError) as caught:
        features.check(wrong)
    told = caught.value.details
    assert told[0] == "a: 'aantal_inwoner' is not a KWB column (did you mean 'aantal_inwoners'?)"
    assert told[1] == "b: function 'sin' is not one of log, sqrt, exp"
    assert told[2] == "c: 'aantal_inwoners /' is not a formula"
    assert told[3] == "d: centre 'gemeente' is not one of year"
    assert any(line.startswith("e: function '__import__' is not one of") for line in told)
    assert any(line.startswith("f: ") and "more than arithmetic" in line for line in told)


def test_the_table_of_features_says_which_domains_use_them(domains: dict[str, Domain]) -> None:
    chosen = shipped("plus_inkomen")
    table = features.table(chosen, domains).set_index("feature")
    assert set(table.index) == set(chosen.define)
    for domain_name, domain in domains.items():
        usable = set(features.usable(chosen, domain_name, domain))
        assert {n for n in table.index if table.loc[n, f"used_for_{domain_name}"]} == {
            name for name in chosen.define if name in usable
        }
    assert not table.loc["sociaal_minimum", "used_for_bijstand"]
    assert table["label_nl"].ne("").all()


# -- what was out at the time -----------------------------------------------------------------


def test_vintage_takes_late_topics_from_the_same_place_a_year_earlier() -> None:
    lag = names.RELEASE_LAG["inkomen"]
    assert lag == 2
    wijken = pd.DataFrame(
        {
            "place_id": ["a", "a", "b", "c"],
            "year": [2017, 2018, 2018, 2018],
            "gemiddeld_inkomen_per_inwoner": [20.0, 21.0, 30.0, 40.0],
            "inkomen_year": pd.array([2016, 2017, 2018, None], dtype="Int64"),
            "koopwoningen": [50.0, 51.0, 60.0, 70.0],
            "wonen_year": pd.array([2017, 2018, 2018, 2018], dtype="Int64"),
        }
    )
    out = features.vintage(wijken)
    assert out["gemiddeld_inkomen_per_inwoner"].fillna(-99).tolist() == [-99, 20.0, -99, -99]
    assert out["inkomen_year"].fillna(-99).tolist() == [-99, 2016, -99, -99]
    # housing of year T is out in T + 1, with the figures of T
    assert out["koopwoningen"].tolist() == [50.0, 51.0, 60.0, 70.0]
    assert wijken["gemiddeld_inkomen_per_inwoner"].tolist() == [20.0, 21.0, 30.0, 40.0]


@st.composite
def editions(draw: st.DrawFn) -> pd.DataFrame:
    """Rows of places and years with any topic's edition up to the year, or none."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.integers(2014, 2021)), unique=True, min_size=1
        )
    )
    table = pd.DataFrame(keys, columns=["place_id", "year"])
    for topic, columns in names.topics().items():
        years = [draw(st.sampled_from([None, y - 2, y - 1, y])) for y in table["year"]]
        table[f"{topic}_year"] = pd.array(years, dtype="Int64")
        # the figure is its own edition: a value shows where it came from
        table[columns[0]] = table[f"{topic}_year"].astype("float64")
    return table


@given(editions())
def test_vintage_never_holds_a_figure_that_was_not_out(table: pd.DataFrame) -> None:
    known = features.vintage(table)
    for topic, columns in names.topics().items():
        edition = known[f"{topic}_year"].astype("float64")
        pd.testing.assert_series_equal(known[columns[0]], edition, check_names=False)
        assert not (edition + names.RELEASE_LAG[topic] > known["year"] + 1).any()


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("log(mannen, vrouwen)", "one argument"),
        ("mannen > 5 and vrouwen", "more than arithmetic"),
        ("5", "uses no KWB column"),
        ("mannen.sum()", "more than arithmetic"),
    ],
)
def test_formulas_are_arithmetic_and_nothing_else(formula: str, why: str) -> None:
    strange = Feature(formula, "x", "x", "x", "x")
    with pytest.raises(ConfigError) as caught:
        features.check(FeatureSet("odd", {"a": strange}))
    assert why in str(caught.value)


def test_a_set_without_features_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no features"):
        features.check(FeatureSet("empty", {}))
