"""How far the model moved people: on made-up moves that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from risicomodel.participation.review import advice
from risicomodel.participation.review.rounds import ModelView

WIJKEN = [f"WK03440{place}" for place in range(8)]
EARLY = WIJKEN[:4]
VIEW = ModelView({f"{wijk}/wmo": (0.10, 0.09, 0.11) for wijk in WIJKEN}, {}, {})


def judged(moved: dict[str, float], n_people: int = 6, tap: str = "") -> pd.DataFrame:
    """Return judgements of people who move so far towards the model on each wijk."""
    random = np.random.default_rng(1)
    rows = []
    for person in range(n_people):
        for wijk in WIJKEN:
            before = 0.10 * random.choice([0.6, 1.5])
            after = before + moved[wijk] * (0.10 - before)
            about = {"person": f"p{person}", "wijk_code": wijk, "domain": "wmo", "tap": tap}
            rows += [
                {**about, "phase": "own_view", "rate": before},
                {**about, "phase": "again", "rate": after},
            ]
    return pd.DataFrame(rows)


def test_what_causes_did_is_the_difference_of_the_halves() -> None:
    moved = {wijk: 0.7 if wijk in EARLY else 0.3 for wijk in WIJKEN}
    table = advice.of_halves(judged(moved), VIEW, EARLY, seed=1).set_index("causes")
    assert table["weight"].to_dict() == pytest.approx(
        {"early": 0.7, "late": 0.3, "difference": 0.4}
    )
    assert table["n_wijken"].tolist() == [4, 4, 8]
    assert table.at["difference", "lower"] > 0


@pytest.mark.parametrize(("moved", "weight"), [(-0.5, 0.0), (1.8, 1.0)])
def test_away_is_nothing_and_beyond_is_all_the_way(moved: float, weight: float) -> None:
    rows = advice.weights(judged(dict.fromkeys(WIJKEN, moved)), VIEW)
    assert rows["weight"].tolist() == pytest.approx([weight] * len(rows))


def test_under_five_people_and_taps_have_no_weight() -> None:
    still = dict.fromkeys(WIJKEN, 0.5)
    assert advice.of_halves(judged(still, n_people=4), VIEW, EARLY, seed=1).empty
    assert advice.of_halves(judged(still, tap="more"), VIEW, EARLY, seed=1).empty
