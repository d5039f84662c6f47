"""Forms and codes: what a declaration must have, and what people type."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.core.errors import ConfigError
from risicomodel.participation import forms
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
