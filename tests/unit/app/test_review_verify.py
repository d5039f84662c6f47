"""``review verify``: on rounds whose truth is known, who is nearest is found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.app.review import command, verifying
from risicomodel.core.errors import ConfigError
from support import evenings, judged_rounds
from support.judged_rounds import Habits
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path


def verified(folder: Path, habits: Habits, **changes: object) -> pd.DataFrame:
    """Return who was nearest in a round that is played and verified."""
    judged_rounds.play(folder, habits, **changes)  # type: ignore[arg-type]
    said = command.carry_out(["verify", str(folder), str(whole_run())])
    assert "nearest was" in said
    return pd.read_csv(folder / verifying.FOLDER / "verify_field.csv")


@pytest.mark.parametrize(
    ("habits", "talked", "before_talking"),
    [
        # people see what there is, the model sees a third too much, and so did last year
        (Habits(model=1.35, last=1.35), {"field_before", "field_after"}, {"field_before"}),
        # people see far too much, the model is right
        (Habits(before=1.5, after=1.5, last=1.35), {"model"}, {"model"}),
        # nothing changed since last year
        (Habits(before=1.5, after=1.5, model=1.35), {"last_year"}, {"last_year"}),
        # talking brings people to the truth
        (
            Habits(before=1.5, after=1.0, model=1.35, last=1.35),
            {"field_after"},
            {"model", "last_year"},
        ),
    ],
    ids=["field", "model", "last", "talking"],
)  # fmt: skip
def test_who_is_nearest_is_found(
    tmp_path: Path, habits: Habits, talked: set[str], before_talking: set[str]
) -> None:
    table = verified(tmp_path, habits)
    table = table[table["basis"].eq("ranges") & table["role"].eq("everyone")]
    best = table[table["nearest"]]
    assert set(best["domain"]) == {one.name for one in evenings.DOMAINS}
    assert set(best.loc[best["wijken"].eq("all"), "source"]) <= before_talking
    assert set(best.loc[best["wijken"].eq("talked"), "source"]) <= talked
    beaten = table[~table["nearest"] & ~table["within_chance"] & table["wijken"].eq("all")]
    assert (beaten["behind_lower"] > 0).all()
    assert len(beaten) > 0  # by more than chance


def test_taps_are_scored_beside_the_models_probabilities(tmp_path: Path) -> None:
    table = verified(tmp_path, Habits(model=1.35, last=1.35))
    taps = table[table["basis"].eq("taps") & table["wijken"].eq("all")]
    assert set(taps["source"]) == {"field_before", "model", "last_year"}
    scores = taps.pivot(index="domain", columns="source", values="score")
    assert (scores["field_before"] < scores["model"]).all()
    assert scores.to_numpy().min() >= 0


def test_how_far_the_model_moved_people_is_told_of_both_halves(tmp_path: Path) -> None:
    verified(tmp_path, Habits(before=1.5, after=1.0, noise=0.01))
    table = pd.read_csv(tmp_path / verifying.FOLDER / "verify_advice.csv").set_index("causes")
    assert list(table.index) == ["early", "late", "difference"]
    assert table.loc[["early", "late"], "weight"].between(0.9, 1).all()
    assert abs(table.at["difference", "weight"]) < 0.05


def test_roles_are_scored_over_all_wijken_and_at_five_or_more(tmp_path: Path) -> None:
    roles = ("wijkteam",) * 6 + ("aanbieder",) * 5 + ("beleid",) * 3
    table = verified(tmp_path, Habits(), roles=roles)
    of_roles = table[table["role"].ne("everyone")]
    assert set(of_roles["wijken"]) == {"all"}
    assert set(of_roles.loc[of_roles["domain"].eq("jeugd"), "role"]) == {"wijkteam", "others"}
    few = ("wijkteam",) * 6 + ("aanbieder",) * 2
    (tmp_path / "few").mkdir()
    table = verified(tmp_path / "few", Habits(), roles=few)
    assert set(table["role"]) == {"everyone"}  # two, beside a total of eight


def test_under_five_people_nobody_is_nearest(tmp_path: Path) -> None:
    judged_rounds.play(tmp_path, Habits(), roles=("wijkteam",) * 4)
    said = command.carry_out(["verify", str(tmp_path), str(whole_run())])
    assert "under five people" in said
    assert pd.read_csv(tmp_path / verifying.FOLDER / "verify_field.csv").empty


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gm_code": "GM0344", "gm_name": "Utrecht"}, "does not have Utrecht"),
        ({"wijken": {"WK902399": "Nieuw"}}, "the map changed: WK902399"),
        (
            {"domains": evenings.DOMAINS},
            "no published figures of Demostad on jeugd of 2024, wmo of 2024, bijstand of 2024",
        ),
    ],
    ids=["another gemeente", "another map", "not out"],
)
def test_what_cannot_be_verified_is_refused(changes: dict[str, object], said: str) -> None:
    made = replace(judged_rounds.made(), **changes)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as caught:
        verifying.outcome(judged_rounds.shown(), made)
    assert said in str(caught.value)


def test_a_domain_that_is_not_out_yet_waits() -> None:
    made = judged_rounds.made()
    late = replace(made.domains[0], year=2024)
    came_out, waiting = verifying.outcome(
        judged_rounds.shown(), replace(made, domains=(late, *made.domains[1:]))
    )
    assert waiting == ["not out:  jeugd of 2024"]
    assert not any(name.endswith("/jeugd") for name in came_out.rates)


def test_words_of_verify(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="given 1 folders; expected that of a round and that"):
        command.carry_out(["verify", str(tmp_path)])
