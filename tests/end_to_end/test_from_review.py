"""``experiment=from_review``: what people do not recognise is tried without, and nothing more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from support.rounds import round_folder
from support.running import DEMO, OFF, SPLIT, cli, refused, well

if TYPE_CHECKING:
    from pathlib import Path


PROTOCOLS = ("split.protocols=[unseen_gemeente]",)


@pytest.mark.slow
def test_contested_causes_are_left_out_to_see_what_that_costs(tmp_path: Path) -> None:
    folder, words = tmp_path / "run", [*DEMO, *SPLIT, *OFF, "domain=wmo", "model=glm", *PROTOCOLS]
    round_ = round_folder(tmp_path / "round")
    review = ["experiment=from_review", f"review.round={round_}"]
    well("train", *words, *review, f"run.dir={folder}")
    well("train", *words, f"run.dir={tmp_path / 'plain'}")
    table = pd.read_csv(folder / "ablations.csv")
    assert list(zip(table["domain"], table["feature"], strict=True)) == [("wmo", "woningwaarde")]
    # by hand: the same models without the feature, scored as ever
    bare = tmp_path / "bare"
    well("train", *words, "~features.define.woningwaarde", f"run.dir={bare}")
    scores = [pd.read_csv(one / "scores.csv") for one in (folder, bare)]
    of_all = {"domain": "wmo", "protocol": "unseen_gemeente", "metric": "wape", "group": "all"}
    by_hand = []
    for one in scores:
        rows = one[one["model"] == table["model"].iloc[0]]
        for name, value in of_all.items():
            rows = rows[rows[name] == value]
        by_hand.append(float(rows["value"].iloc[0]))
    assert table[["wape_with", "wape_without"]].iloc[0].tolist() == pytest.approx(by_hand)
    assert table["wape_added"].iloc[0] == pytest.approx(by_hand[1] - by_hand[0])
    # nothing was left out of the run itself
    same = (folder / "scores.csv").read_bytes() == (tmp_path / "plain/scores.csv").read_bytes()
    plain = pd.read_csv(tmp_path / "plain/scores.csv").drop(columns="seconds", errors="ignore")
    assert same or plain.equals(scores[0].drop(columns="seconds", errors="ignore"))
    record = json.loads((folder / "run.json").read_text())
    assert set(record["round"]) >= {"contested_drivers.csv"}
    wishes = pd.read_csv(folder / "data_wishes.csv")
    assert wishes["subject"].tolist() == ["public transport"]
    assert "bus" not in (folder / "data_wishes.csv").read_text()  # people's words stay at home


def test_an_experiment_without_its_round_is_refused(tmp_path: Path) -> None:
    refused(
        cli("train", "experiment=from_review", f"run.dir={tmp_path}/x"),
        "review.round names no round",
    )
    refused(
        cli("train", "experiment=from_review", f"review.round={tmp_path}", f"run.dir={tmp_path}/x"),
        "expected the folder of a round that was exported",
    )
