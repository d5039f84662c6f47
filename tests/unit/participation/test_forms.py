"""Forms and codes: what a declaration must have, and what people type."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.core.errors import ConfigError
from risicomodel.participation import forms, local_statements, thermometer
from risicomodel.participation.phases import Phase, check_step
from risicomodel.participation.review import codes

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = forms.text_of("review")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        forms.parse(text, where="own.yaml")
    return str(error.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = (
        SHIPPED.replace(
            "key: missing, kind: text, phase: causes", "key: knows, kind: text, phase: x"
        )
        .replace("    - {key: well, nl: Goed, en: Well}\n", "")
        .replace(
            '    - {key: little, nl: Een beetje, en: A little}\n    - {key: "no", nl: Niet, en: Not}\n',  # noqa: E501
            "",
            1,
        )
        .replace("raad: {nl: Raad of college, en: Council,", "raad: {nl: Raad of college,")
        .replace("key: coins, kind: coins", "key: coins, kind: marbles")
    )
    message = refused(wrong)
    assert message.startswith("own.yaml is no form; expected one as in")
    for said in (
        "role 'raad' has no name in en", "scale 'knows' is empty", "question 'knows' occurs 2 times",  # noqa: E501
        "phase 'x' is not one of practice", "kind 'marbles' is not one of number",
    ):  # fmt: skip
        assert said in message


def test_a_key_that_is_repeated_is_refused() -> None:
    assert "own.yaml is not the YAML of a form" in refused(SHIPPED + "\ncoins: 12\n")
    repeated = SHIPPED.replace("{key: well, nl: Goed", "{key: little, nl: Goed")
    assert "scale 'knows' has 'little' 2 times" in refused(repeated)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "version: [",
        "a: &x [*x]",
        "{version: 1, coins: 10, roles: {a: b}, scales: {a: [b]}, items: [c]}",
        "\x00",
    ],
)
def test_what_is_no_form_is_refused(text: str) -> None:
    assert "expected one as in configs/form/review.yaml" in refused(text)


def test_a_form_that_is_not_there_is_named_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"no form 'reviev', did you mean 'review'|no form 'reviev'"
    ):
        forms.named("reviev")
    huge = tmp_path / "huge.yaml"
    huge.write_text("#" * (forms.MAX_BYTES + 1))
    with pytest.raises(ConfigError, match="expected a form of at most"):
        forms.named(str(huge))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        forms.named(str(binary))


def test_phases_go_one_by_one_and_not_back() -> None:
    order = list(Phase)
    for now in order:
        for to in order:
            if to is now.next:
                check_step(now, to)
            else:
                with pytest.raises(ConfigError, match="Phases go one by one"):
                    check_step(now, to)


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_none(text: str) -> None:
    code = codes.parse(text)
    assert code is None or codes.parse(code.text) == code


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_codes_differ_in_number_and_are_read_as_they_are_printed(seed: int, count: int) -> None:
    drawn = codes.draw(count, random.Random(seed))  # noqa: S311 (repeatable)
    assert len({code.number for code in drawn}) == count
    for code in drawn:
        for typed in (code.text, code.text.lower(), code.text.replace("-", " "), f" {code.text} "):
            assert codes.parse(typed) == code


def test_a_hash_tells_one_secret_and_is_another_each_time() -> None:
    kept = codes.hashed("BCD234")
    assert kept != codes.hashed("BCD234")
    assert "BCD234" not in kept
    assert codes.fits("BCD234", kept)
    assert not codes.fits("BCD243", kept)
    with pytest.raises(ConfigError, match="expected 1 to 1000"):
        codes.draw(1001)


THERMOMETER = forms.text_of("thermometer")


def test_a_thermometer_is_ten_statements_and_five_questions() -> None:
    form = forms.named("thermometer")
    counts = Counter((item.kind, item.theme) for item in form.items)
    assert [n for (kind, _), n in counts.items() if kind == "agree"] == [2] * 5
    assert counts["know", "knowledge"] == 5
    assert len(form.roles) == 7
    assert form.phases == (Phase.OWN_VIEW, Phase.DONE)
    assert form.after(Phase.DONE) is None
    assert not form.is_about_wijken
    for item in form.items:
        assert set(item.texts) == {"nl", "en"}
        assert item.truth is None or item.truth.domain or (item.truth.source and item.truth.date)
    assert forms.named("review").phases == tuple(Phase)


def test_statements_are_easily_read() -> None:
    textstat = pytest.importorskip("textstat", reason="no textstat: ease is not measured")
    textstat.set_lang("nl")
    form = forms.named("thermometer")
    texts = [item.texts["nl"].format(gemeente="Utrecht", year=2022) for item in form.items]
    points = [option.nl for option in form.scales["agree"]]
    assert textstat.flesch_reading_ease(" ".join(texts[:10])) >= 70
    assert textstat.flesch_reading_ease(" ".join([*texts, *points])) >= 85


WRONG_THERMOMETERS = {
    "phases: [own_view, done]": {
        "phases: [done, own_view]": "phases are done, own_view; expected the order own_view, done",
        "phases: [own_view]": "expected at least two, of which done is the last",
        "phases: [own_view, closed]": "phases: 'closed' is not one of practice",
        "phases: own_view": "phases is not written as in the form",
    },
    "key: goals_known, kind: agree, theme: goals": {
        "key: Goals-1, kind: agree, theme: goals": "expected a key of at most 31 small letters",
        "key: goals_known, kind: agree, theme: aims": "theme 'aims' is not one of goals",
    },
    'nl: "Ik weet of de hulp hier werkt."': {
        'nl: ""': "question 'results_known' has no text in nl",
        'nl: "Ik weet {wat} hier werkt."': "'{wat}' cannot be filled in; expected only gemeente",
        'nl: "Ik weet { hier."': "'{{}' cannot be filled in",
        'nl: "a b c d e f g h i j k l m n o."': "a sentence of 15 words; expected at most 14",
        'nl: "een\\ntwee"': "expected one line of at most 200 characters",
    },
    'key: "3", nl: Soms klopt het en soms niet.': {
        'key: "7", nl: Soms': "scale 'agree' has 1, 2, 7, 4, 5, unknown; expected 1, 2, 3, 4, 5",
    },
    "truth: {domain: wmo, margin: 0.25}": {
        "truth: {domain: wmo, margin: 3}": "margin is 3; expected a share from 0 to 1",
        "truth: {domain: wmo, value: 3}": "truth needs either a domain or a value",
        "truth: 73": "question 'know_wmo' has no truth; expected a domain, or a value",
        "truth: {domain: wmo, mrgin: 1}": "truth has mrgin, which it does not know",
    },
    'truth: {value: 6, margin: 0, most: 52, source: "Wmo 2015, artikel 2.3.2, eerste lid", date: 2015-01-01}': {  # noqa: E501
        "truth: {value: 6, most: 5}": "truth is 6; expected a number from 0 to 5",
        "truth: {value: 6}": "most is None; expected the highest number that can be answered",
        "truth: {value: 6, most: 52}": "truth has no source",
    },
    'truth: {value: "yes", source': {
        "truth: {value: maybe, source": "truth 'maybe' is not an answer of its scale",
        "truth: {domain: wmo, source": "a figure is answered with a number; expected no scale",
    },
    "cards: 10}\n  college": {"cards: 0}\n  college": "role 'raad': cards is 0; expected a number"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [(old, new, said) for old, cases in WRONG_THERMOMETERS.items() for new, said in cases.items()],
)
def test_a_thermometer_that_is_wrong_is_refused(right: str, wrong: str, message: str) -> None:
    assert right in THERMOMETER
    assert message in refused(THERMOMETER.replace(right, wrong))


def own(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_gemeente_adds_statements_of_its_own(tmp_path: Path) -> None:
    text = "statements:\n  - {key: bus, nl: De bus rijdt hier vaak genoeg.}\n"
    whole = local_statements.added(THERMOMETER, own(tmp_path, text))
    form = forms.parse(whole, where="own")
    (bus,) = (item for item in form.items if item.is_local)
    assert bus.texts == {"nl": "De bus rijdt hier vaak genoeg.", "en": bus.texts["nl"]}
    keys = [item.key for item in form.items]
    assert keys.index("bus") == keys.index("results_used") + 1
    themes = [topic.name for topic in thermometer.topics(form)]
    assert themes == [
        *(t for t in form.themes if t not in {"local", "knowledge"}),
        "bus",
        "knowledge",
    ]
    assert form.sha256 != forms.named("thermometer").sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("statements: []", "it has 0 statements; expected 1 to 10"),
        ("statements: bus", "it has no list of statements"),
        ("items: [{key: bus, nl: Bus.}]", "it has no list of statements"),
        (
            "statements: [{key: bus}]\nmore: 1",
            "it has more than statements\n  - statement 1 has no nl",
        ),
        ("statements: [{key: bus, nl: Bus., theme: money}]", "statement 1 has 'theme'; expected"),
        ("statements: [{key: one_plan, nl: Bus.}]", "question 'one_plan' occurs 2 times"),
        ("statements: [{key: ../x, nl: Bus.}]", "expected a key of at most 31 small letters"),
        ("statements: [{key: bus, nl: Een {x} bus.}]", "is not the YAML of own statements"),
        ("statements: [{key: bus, nl: 'Een {x} bus.'}]", "'{x}' cannot be filled in"),
    ],
)
def test_own_statements_that_are_wrong_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        local_statements.added(THERMOMETER, own(tmp_path, text))
    assert message in str(caught.value)


def test_own_statements_stand_beside_statements(tmp_path: Path) -> None:
    path = own(tmp_path, "statements: [{key: bus, nl: Bus.}]")
    with pytest.raises(ConfigError, match="expected form=thermometer"):
        local_statements.added(SHIPPED, path)
    with pytest.raises(ConfigError, match="no file"):
        local_statements.added(THERMOMETER, "/nowhere.yaml")
