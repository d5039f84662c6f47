"""Every sentence that a page can make has a condition under which it is true, and keeps it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.core import paths
from risicomodel.core.errors import DataError
from risicomodel.publishing.presentation import language
from risicomodel.publishing.report import (
    drivers,
    figure_lines,
    gemeente,
    overview,
    questions,
    statements,
)
from risicomodel.publishing.report.statements import CONDITIONS, LIKELY
from support.made_pages import number
from support.reports import whole_country

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHING = paths.PACKAGE / "publishing"
# true of every report, whatever its figures: what a page is, how it is made, what words mean
ALWAYS = re.compile(
    r"none_written|site\.|warning\.|all\.|index\.(lead|maps\.(lead|desc)|ranking\.(caption|chance)"
    r"|stacking\.(title|lead)|change\.(title|lead)|quality\.(title|lead|note)|downloads\.lead"
    r"|parts\.note|sums\.lead)|wijk\.(lead|profile\.(title|beside)|figures\.(chart|rows_note)"
    r"|drivers\.(title|lead|lead_one|how|say|expected|sides)|similar\.lead|thin\.title"
    r"|questions\.(driver|missing|jeugd|wmo|bijstand|other))|housing\.(lead|talk|unknown|ask_\d)"
    r"|importance\.(title|lead|same|how|share_lead|how_lead|pairs|pairs_lead|unused|never_\d|pair\.)"
    r"|data\.(lead|what|unit_text|years_text|domain|how|known|use|of\.)|method\.|register\."
)
SENTENCE = re.compile(r"[.?;]”?$")
RATE = st.floats(0.001, 0.5)
WHOLE_PERCENT = st.integers(-90, 300)


@pytest.fixture(scope="module")
def words() -> language.Words:
    return language.Words("nl", whole_country().domains)


@pytest.mark.parametrize("spoken", ["nl", "en"])
def test_every_sentence_is_declared(spoken: str) -> None:
    texts = language.catalogue(spoken)
    assert set(CONDITIONS) <= set(texts)
    sentences = {key for key, text in texts.items() if SENTENCE.search(text)}
    left = {key for key in sentences - set(CONDITIONS) if not ALWAYS.match(key)}
    assert left == set(), "declare when they are true, in statements.CONDITIONS"


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted(PUBLISHING.rglob("*")):
        if path.suffix in {".py", ".html"} and path.name != "statements.py":
            yield path.name, path.read_text(encoding="utf-8")


def test_a_sentence_with_a_condition_is_said_through_it() -> None:
    """No page or template takes such a text from the catalogue without looking at the facts."""
    for name, text in sources():
        for key in CONDITIONS:
            for call in (f"t('{key}'", f'words.text("{key}"', f"text('{key}'"):
                assert call not in text, (name, key)


def test_a_sentence_that_would_be_untrue_is_refused(words: language.Words) -> None:
    with pytest.raises(DataError, match="more is counted than expected, as written"):
        statements.say(words, "wijk.figures.more", {"observed": 4.1, "expected": 7.4})


def holding(keys: tuple[str, ...], facts: dict[str, Any]) -> list[str]:
    return [key for key in keys if CONDITIONS[key].holds(facts)]


@given(off=WHOLE_PERCENT, whole=st.booleans(), within=WHOLE_PERCENT, bias=WHOLE_PERCENT)
def test_of_opposites_exactly_one_is_said(off: int, whole: bool, within: int, bias: int) -> None:
    facts = {"off": off, "whole": whole, "within": within, "bias": bias}
    for keys in (figure_lines.AS_WHOLE, figure_lines.WITHIN, overview.PARTS, overview.BIAS):
        assert len(holding(keys, facts)) == 1


@given(
    chance=st.none() | st.floats(0, 1), alone=st.none() | st.booleans(),
    observed=st.none() | st.floats(0, 100), held_to=st.none() | st.floats(0, 100),
)  # fmt: skip
def test_a_question_is_asked_only_beyond_chance_and_model(
    chance: float | None, alone: bool | None, observed: float | None, held_to: float | None
) -> None:
    if None in {chance, alone, observed, held_to}:
        chance = alone = observed = held_to = None
    facts = {"chance": chance, "alone": alone, "observed": observed, "held_to": held_to,
             "outside": False}  # fmt: skip
    verdicts = [key for key in figure_lines.VERDICT if not key.endswith("outside")]
    said = holding(tuple(verdicts), facts)
    assert len(said) == (chance is not None)
    asked_of = holding(questions.ASKED, facts)
    if asked_of:
        assert chance is not None
        assert chance < LIKELY
        assert "real" in said[0]
        assert len(asked_of) == 1
    if chance is not None and chance < LIKELY and observed != held_to:
        assert asked_of


@st.composite
def figures_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A wijk's row as the gate gives it, of any rates."""
    observed, expected = draw(RATE), draw(RATE)
    country = draw(st.floats(-0.1, 0.1))
    level = draw(st.floats(-0.7, 2.0))
    alone = draw(st.booleans())
    return {
        "year": draw(st.sampled_from([2017, 2018])), "hidden": False, "status": "shown",
        "basis": "published", "own": draw(st.booleans()),
        "population_year": draw(st.sampled_from([2017.0, 2018.0])),
        "observed": observed, "expected": expected, "estimate": observed,
        "estimate_lower": observed * 0.9, "estimate_upper": observed * 1.1,
        "gap": observed - expected, "gap_country": expected * country,
        "gap_wijk": None if alone else observed - expected * (1 + level),
        "off_country": country,
        "off_gemeente": observed / expected - 1 if alone else level,
        "chance": draw(st.floats(0, 1)), "outside": draw(st.booleans()),
    }  # fmt: skip


@given(row=figures_rows())
def test_what_is_said_of_a_wijk_is_true_of_its_numbers(row: dict[str, Any]) -> None:
    country = whole_country()
    one = gemeente.find(country, "largest")[0]
    words = language.Words("nl", country.domains)
    facts = figure_lines.facts(one, words, "wmo", row)
    gap, *rest = figure_lines.lines(one, words, "wmo", row, facts)
    said = " ".join(rest)
    observed, expected = (round(row[name] * 1000, 1) for name in ("observed", "expected"))
    read = [number(part, "nl") for part in gap.split(", ")[:2]]
    assert read == [observed, expected]
    if "meer dan verwacht" in gap:
        assert observed > expected
    elif "minder dan verwacht" in gap:
        assert observed < expected
    else:
        assert abs(row["gap"]) * 1000 < 0.1
    assert ("niet van CBS" in said) == row["own"]
    assert ("edeeld door de inwoners" in said) == (row["population_year"] != row["year"])
    assert ("kan toeval zijn" in said) == (row["chance"] >= LIKELY)
    assert ("buiten de marge" in said) == row["outside"]
    assert ("geen tweede" in said.lower() or "tweede wijk" in said) == (row["gap_wijk"] is None)
    if row["gap_wijk"] is not None:
        _within(said, row)


def _within(said: str, row: dict[str, Any]) -> None:
    """The clause on the wijk within its gemeente has the sign and size of the wijk's own part."""
    clause = re.split(r" \(|\.$|\. ", said.split("deze wijk ligt daarbinnen ", 1)[1], maxsplit=1)[0]
    at_level = row["expected"] * (1 + row["off_gemeente"])
    share = round(100 * row["gap_wijk"] / at_level)
    if share == 0:
        assert clause == "op dat niveau"
    else:
        assert number(clause, "nl") == abs(share)
        assert ("hoger" in clause) == (share > 0)


@given(share=st.none() | st.floats(0, 1), other=st.floats(0, 1))
def test_few_null_features_are_said_to_pass_only_where_few_do(
    share: float | None, other: float
) -> None:
    """The domain and level with most counts; a run that did not measure it says so."""
    words = language.Words("nl", whole_country().domains)
    table = None if share is None else pd.DataFrame({"null_stable": [share, other, None]})
    few = share is not None and max(share, other) <= 0.1
    assert ("hooguit 1 op de 10" in drivers.nulls(table, words)) == few
    nothing = pd.DataFrame({"null_stable": [None]}, dtype="float64")
    assert "niet toe doet" in drivers.nulls(nothing, words)


def test_nothing_is_said_to_go_well_on_a_wijk_that_is_far_off(words: language.Words) -> None:
    """It stood on wijken with 4.1 against 7.4: now the verdict says what may be behind it."""
    texts = " ".join(language.catalogue("nl").values())
    assert "dicht bij wat het model verwacht" not in texts
    assert "vaststaat" not in texts
    with pytest.raises(DataError):
        statements.say(words, "wijk.questions.none", {"chances": [0.4, 0.01]})
