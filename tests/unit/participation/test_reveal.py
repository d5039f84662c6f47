"""What an evening shows and when: nothing before the reveal, and no figure of few people."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.core import paths
from risicomodel.core.errors import ConfigError
from risicomodel.participation import forms
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import results, rounds
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.review.store import Person, Saved
from risicomodel.publishing.disclosure import disclose
from support import evenings
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path

NORTH = "WK034401"
MOST_WORDS = 14
LEAST_EASE = 85


def test_before_the_reveal_nothing_gives_a_figure(tmp_path: Path) -> None:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    asking = (
        evening.view, evening.outcome, evening.judgements, evening.proposal,
        lambda: evening.reveal(NORTH, "wmo"),
    )  # fmt: skip
    for phase in (Phase.PRACTICE, Phase.OWN_VIEW):
        if phase is not Phase.PRACTICE:
            evening.move(phase)
        for ask in asking:
            with pytest.raises(ConfigError, match="before the reveal"):
                ask()
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    for place, person in enumerate(people[:6]):
        range_ = {"low": 60, "best": 80 + place, "high": 99, "sure": "70"}
        taps = person.role == "inwoner"
        answer = Answer("need", Phase.OWN_VIEW, {"tap": "more"} if taps else range_, NORTH, "wmo")
        receipt = evening.submit(person, answer, 1)
        assert not isinstance(receipt, list)
        assert receipt.saved is Saved.SAVED
    evening.move(Phase.REVEAL)
    shown = evening.reveal(NORTH, "wmo")
    assert shown.picture.n == len(shown.dots) == 6
    assert {dot.role for dot in shown.dots} == {results.OTHERS}  # none of three people
    assert evening.reveal(NORTH, "jeugd").dots == []
    assert evening.proposal() == [(NORTH, "wmo")]
    assert len(evening.outcome().pictures) == 1


ROLES = st.lists(st.sampled_from("abcdef"), max_size=60).map(
    lambda roles: pd.Series(roles, dtype="str")
)


@given(ROLES)
def test_no_role_that_is_shown_has_fewer_than_five(roles: pd.Series) -> None:
    merged = results.merged_roles(roles)
    counts = merged.value_counts()
    if len(roles) >= results.LEAST:
        assert counts.min() >= results.LEAST
    else:
        assert set(counts.index) <= {results.OTHERS}
    own = merged != results.OTHERS
    assert merged[own].equals(roles[own])


@given(st.lists(st.floats(0.001, 1), max_size=30))
def test_under_five_there_is_no_figure(rates: list[float]) -> None:
    said = pd.DataFrame({"rate": rates}, dtype="float64")
    said = said.assign(tap="", lower=said["rate"] * 0.5, upper=said["rate"] * 2)
    one = results.picture(said, (0.1, 0.05, 0.2))
    if len(rates) < results.LEAST:
        assert (one.rate, one.lower, one.upper, one.beside_model) == (None, None, None, "")
    else:
        assert one.rate is not None
        assert one.lower is not None
        assert one.upper is not None
        assert one.lower <= one.rate <= one.upper


def test_a_round_that_was_broken_off_at_the_reveal_still_has_wijken_to_talk_about(
    tmp_path: Path,
) -> None:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    evening.move(Phase.OWN_VIEW)
    evening.store.move(Phase.REVEAL)  # and the server is gone before it proposes any
    evening.move(Phase.TALK)
    assert evening.place.talked == tuple(evening.round.wijken)
    evening.talk_about([])
    evening.move(Phase.AGAIN)
    assert evening.place.talked == ()  # the moderator's choice stays


def test_tables_do_not_tell_how_few_answered() -> None:
    view = rounds.ModelView({}, {}, {})
    people = [f"p{place}" for place in range(5)]
    judged = pd.DataFrame(
        {"person": people, "wijk_code": [NORTH] * 5, "domain": "wmo", "tap": "", "rate": 0.1}
    )
    judged = judged.assign(lower=0.05, upper=0.2)
    few = results.pictures(judged.head(4), view)
    assert few["n"].isna().all()
    assert few["rate"].isna().all()
    assert results.pictures(judged, view)["n"].tolist() == [5]
    said = pd.DataFrame(
        {"item": "cause", "value": "no", "wijk_code": NORTH, "domain": "wmo", "detail": "koop"},
        index=range(5),
    )
    assert results.contested(said.head(4))["n"].isna().all()
    assert not results.contested(said.head(4))["contested"].any()
    assert results.contested(said)["contested"].all()


def test_a_round_is_made_from_a_run_and_from_nothing_else() -> None:
    shown, form = disclose(whole_run()), forms.named("review")

    def make(**changes: object) -> tuple[rounds.Round, rounds.ModelView]:
        settings: dict[str, object] = {"gemeente": "GM9001", "form_name": "review", **changes}
        return rounds.make(shown, form, keep_until="2099-01-01", **settings)  # type: ignore[arg-type]

    made, view = make()
    assert 1 <= len(made.wijken) <= rounds.MOST_WIJKEN
    assert set(view.forecasts) <= {f"{w}/{d.name}" for w in made.wijken for d in made.domains}
    for name, (rate, lower, upper) in view.forecasts.items():
        assert lower <= rate <= upper, name
    assert rounds.Round.from_json(made.to_json) == made
    assert rounds.ModelView.from_json(view.to_json) == view
    with pytest.raises(ConfigError, match="no wijk 'WK999999' with a forecast"):
        make(wijken=["WK999999"])
    with pytest.raises(ConfigError, match="Nergenshuizen"):
        make(gemeente="Nergenshuizen")
    with pytest.raises(ConfigError, match="gemeente is 'all'"):
        make(gemeente="all")


def texts(language: str) -> dict[str, str]:
    folder = paths.PACKAGE / "publishing" / "presentation" / "texts"
    tree = tomllib.loads((folder / f"review_{language}.toml").read_text(encoding="utf-8"))
    out: dict[str, str] = {}

    def walk(part: dict[str, object], before: str) -> None:
        for key, value in part.items():
            if isinstance(value, dict):
                walk(value, f"{before}{key}.")
            else:
                out[f"{before}{key}"] = str(value)

    walk(tree, "")
    return out


def test_screens_say_the_same_in_both_languages() -> None:
    dutch, english = texts("nl"), texts("en")
    assert list(dutch) == list(english)
    for key, text in dutch.items():
        fields = [set(re.findall(r"\{(\w+)\}", one)) for one in (text, english[key])]
        assert fields[0] == fields[1], key


def test_screens_are_easily_read() -> None:
    textstat = pytest.importorskip("textstat", reason="no textstat: ease is not measured")
    textstat.set_lang("nl")
    said = {key: re.sub(r"\{\w+\}", "tien", text) for key, text in texts("nl").items()}
    for key, text in said.items():
        for sentence in re.split(r"(?<=[.?!:])\s+", text):
            assert len(sentence.split()) <= MOST_WORDS, key
    whole = " ".join(text if text[-1] in ".?!:" else f"{text}." for text in said.values())
    assert textstat.flesch_reading_ease(whole) >= LEAST_EASE
