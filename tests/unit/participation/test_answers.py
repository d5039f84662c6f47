"""The one door: what is a valid answer; every refusal has words in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.participation import forms
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.answers import Answer, Place, violations
from risicomodel.publishing.presentation.language import Words

FORM = forms.named("review")
PLACE = Place(("WK1",), {"jeugd": 100, "wmo": 1000}, {"WK1/wmo": ("k_alleen",)})
OWN = Phase.OWN_VIEW
RANGE = {"low": 8, "best": 10, "high": 14, "sure": "70"}
WIJK = ("WK1",)
NEED = ("WK1", "wmo")
CAUSE = ("WK1", "wmo", "k_alleen")
COINS = {"prevent": 6, "light": 4}

CASES: dict[str, tuple[Answer, str, list[str]]] = {
    "practice": (Answer("practice", Phase.PRACTICE, 18), "inwoner", []),
    "practice over 100": (Answer("practice", Phase.PRACTICE, 101), "inwoner", ["number_0_100"]),
    "practice true": (Answer("practice", Phase.PRACTICE, True), "inwoner", ["number_0_100"]),
    "practice nan": (
        Answer("practice", Phase.PRACTICE, float("nan")), "inwoner", ["number_0_100"],
    ),
    "knows": (Answer("knows", OWN, "no", *WIJK), "inwoner", []),
    "knows nothing": (Answer("knows", OWN, "", *WIJK), "inwoner", ["choose_one"]),
    "knows a list": (Answer("knows", OWN, ["no"], *WIJK), "inwoner", ["choose_one"]),
    "tap": (Answer("need", OWN, {"tap": "more"}, *NEED), "inwoner", []),
    "tap again": (Answer("need", Phase.AGAIN, {"tap": "more"}, *NEED), "inwoner", []),
    "tap of nothing": (Answer("need", OWN, {"tap": ""}, *NEED), "inwoner", ["choose_one"]),
    "tap as a text": (Answer("need", OWN, "more", *NEED), "inwoner", ["choose_one"]),
    "tap and more": (Answer("need", OWN, {"tap": "more", "x": 1}, *NEED), "inwoner", ["choose_one"]),  # noqa: E501
    "range of a resident": (Answer("need", OWN, RANGE, *NEED), "inwoner", ["choose_one"]),
    "range": (Answer("need", OWN, RANGE, *NEED), "wijkteam", []),
    "range unknown": (Answer("need", OWN, {"tap": "unknown"}, *NEED), "wijkteam", []),
    "range tapped": (Answer("need", OWN, {"tap": "more"}, *NEED), "wijkteam", ["range_incomplete"]),
    "range empty": (
        Answer("need", OWN, dict.fromkeys(RANGE), *NEED), "wijkteam",
        ["number_low", "number_high", "number_best", "choose_sure"],
    ),
    "range crossed": (Answer("need", OWN, {**RANGE, "low": 12}, *NEED), "wijkteam", ["range_order"]),  # noqa: E501
    "range too high": (
        Answer("need", OWN, {**RANGE, "high": 1001}, *NEED), "wijkteam", ["number_high"],
    ),
    "cause": (Answer("cause", Phase.CAUSES, "yes", *CAUSE), "inwoner", []),
    "cause unnamed": (
        Answer("cause", Phase.CAUSES, "yes", *NEED, "k_x"), "inwoner", ["unknown_cause"],
    ),
    "text": (Answer("missing", Phase.CAUSES, "Geen bus.\nEcht niet.", *WIJK), "inwoner", []),
    "no text": (Answer("missing", Phase.CAUSES, None, *WIJK), "inwoner", ["text_missing"]),
    "long": (Answer("missing", Phase.CAUSES, "x" * 601, *WIJK), "inwoner", ["text_too_long"]),
    "NUL": (Answer("missing", Phase.CAUSES, "a\x00b", *WIJK), "inwoner", ["text_characters"]),
    "turned": (Answer("missing", Phase.CAUSES, "a\u202eb", *WIJK), "inwoner", ["text_characters"]),
    "half": (Answer("missing", Phase.CAUSES, "a\ud800b", *WIJK), "inwoner", ["text_characters"]),
    "coins": (Answer("coins", Phase.CAUSES, COINS, *WIJK), "inwoner", []),
    "coins left": (Answer("coins", Phase.CAUSES, {"light": 4}, *WIJK), "inwoner", ["coins_sum"]),
    "coins halved": (
        Answer("coins", Phase.CAUSES, {"light": 9.5, "prevent": 0.5}, *WIJK), "inwoner",
        ["coins_whole"],
    ),
    "coins on nothing": (Answer("coins", Phase.CAUSES, {"x": 10}, *WIJK), "inwoner", ["choose_one"]),  # noqa: E501
    "other wijk": (Answer("knows", OWN, "no", "WK2"), "inwoner", ["unknown_wijk"]),
    "no wijk": (Answer("knows", OWN, "no"), "inwoner", ["unknown_wijk"]),
    "other domain": (Answer("need", OWN, {"tap": "more"}, "WK1", "ao"), "inwoner", ["unknown_domain"]),  # noqa: E501
    "other question": (Answer("name", OWN, "Jan"), "inwoner", ["unknown_question"]),
    "other phase": (Answer("coins", OWN, COINS, *WIJK), "inwoner", ["other_phase"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_door_lets_in_what_is_valid_and_says_what_is_wrong(case: str) -> None:
    answer, role, expected = CASES[case]
    found = violations(answer, FORM, PLACE, FORM.roles[role])
    assert found == expected
    for language in ("nl", "en"):
        for key in found:
            assert Words(language, {}, "review_").text(f"error.{key}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tap", "low", "best", "high", "sure", "light"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, st.sampled_from(["inwoner", "wijkteam", "aanbieder"]))
def test_the_door_stands_any_value(value: Any, role: str) -> None:
    for item in FORM.items:
        parts = {"person": (), "wijk": WIJK, "domain": NEED, "cause": CAUSE}[item.per]
        found = violations(
            Answer(item.key, item.phase, value, *parts), FORM, PLACE, FORM.roles[role]
        )
        assert isinstance(found, list)


STATEMENTS = forms.named("thermometer")
OF_RUN = Place((), {"wmo": 1000, "jeugd": 100, "bijstand": 1000})
OF_STATEMENTS: dict[str, tuple[Answer, list[str]]] = {
    "a point": (Answer("one_plan", OWN, "4"), []),
    "no opinion": (Answer("one_plan", OWN, "unknown"), []),
    "no point": (Answer("one_plan", OWN, "6"), ["choose_one"]),
    "a point as a number": (Answer("one_plan", OWN, 4), ["choose_one"]),
    "of a wijk": (Answer("one_plan", OWN, "4", "WK1"), ["unknown_wijk"]),
    "closed": (Answer("one_plan", Phase.DONE, "4"), ["other_phase"]),
    "a number": (Answer("know_wmo", OWN, 73), []),
    "half": (Answer("know_jeugd", OWN, 7.5), []),
    "not known": (Answer("know_wmo", OWN, "unknown"), []),
    "more than there are": (Answer("know_wmo", OWN, 1001), ["number_most"]),
    "more than 100": (Answer("know_jeugd", OWN, 101), ["number_most"]),
    "more than a year": (Answer("know_weeks", OWN, 53), ["number_most"]),
    "nothing": (Answer("know_wmo", OWN, None), ["number_most"]),
    "true": (Answer("know_wmo", OWN, True), ["number_most"]),
    "yes": (Answer("know_doctor", OWN, "yes"), []),
    "perhaps": (Answer("know_doctor", OWN, "perhaps"), ["choose_one"]),
}


@pytest.mark.parametrize("case", OF_STATEMENTS)
def test_the_door_lets_in_what_people_find_and_know(case: str) -> None:
    answer, expected = OF_STATEMENTS[case]
    found = violations(answer, STATEMENTS, OF_RUN, STATEMENTS.roles["raad"])
    assert found == expected
    for language in ("nl", "en"):
        for key in found:
            assert Words(language, {}, "review_", STATEMENTS.texts).text(f"error.{key}")
