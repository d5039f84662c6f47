"""On what people agree, and which wijken are proposed to talk about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from risicomodel.participation import forms
from risicomodel.participation.review import consensus, results, talking
from risicomodel.participation.review.rounds import ModelView, Round
from support import evenings

WIJKEN = [f"WK03440{place}" for place in range(6)]
REFERENCE = 0.10
PLACES = {"less": 0.08, "same": 0.10, "more": 0.12}


def of_taps(taps: dict[str, str], n_people: int = 5, phase: str = "own_view") -> pd.DataFrame:
    """Return judgements of people who all say the same of a wijk."""
    rows = [
        {"person": f"p{person}", "role": "inwoner", "phase": phase, "wijk_code": wijk,
         "domain": "wmo", "tap": tap, "rate": PLACES[tap], "lower": PLACES[tap] - 0.01,
         "upper": PLACES[tap] + 0.01}
        for person in range(n_people)
        for wijk, tap in taps.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def view(model: dict[str, float], half: float = 0.005) -> ModelView:
    return ModelView(
        {f"{wijk}/wmo": (rate, rate - half, rate + half) for wijk, rate in model.items()},
        {f"{wijk}/wmo": (2022, 0.10) for wijk in model},
        {"wmo": REFERENCE},
    )


def made() -> Round:
    round_ = evenings.made_round(forms.named("review"))
    domains = tuple(one for one in round_.domains if one.name == "wmo")
    return replace(round_, wijken={one: one for one in WIJKEN}, domains=domains)


SAID = dict(zip(WIJKEN, ("less", "same", "more") * 2, strict=True))


def test_all_who_say_the_same_agree_and_are_still_as_far_off_as_they_are() -> None:
    table = consensus.agreements(
        of_taps(SAID), made().domains, view(dict.fromkeys(WIJKEN, 0.1)), "x"
    )
    taps = table[table["basis"].eq("taps")].iloc[0]
    assert taps["alpha"] == 1
    assert taps["n_wijken"] == 6
    assert taps["off_newest"] == round(np.mean([0.2, 0.0, 0.2]), 2)
    assert taps["n_newest"] == 6


def test_under_five_people_there_is_no_number_and_nothing_says_how_many() -> None:
    table = consensus.agreements(of_taps(SAID, n_people=4), made().domains, view({}), "x")
    assert table["alpha"].isna().all()
    assert set(table["reason"]) == {"few_raters"}
    assert table[["n_wijken", "off_newest", "n_newest"]].isna().all().all()


def test_nobody_differs_where_all_always_say_one_thing() -> None:
    same = of_taps(dict.fromkeys(WIJKEN, "more"))
    table = consensus.agreements(same, made().domains, view({}), "x")
    assert table.loc[table["basis"].eq("taps"), "reason"].tolist() == ["one_value"]


def test_wijken_are_proposed_by_what_hangs_on_them_and_one_where_all_agree() -> None:
    """Stakes: 1000·.6, 2000·.6 and 3000·.4 of the same width; others as the model."""
    taps = dict.fromkeys(WIJKEN, "more")
    model = dict(zip(WIJKEN, (0.06, 0.06, 0.08, 0.125, 0.125, 0.125), strict=True))
    at_risk = {f"{wijk}/wmo": 1000.0 * (place + 1) for place, wijk in enumerate(WIJKEN)}
    of_model = view(model)
    of_model.at_risk.update(at_risk)
    chosen = talking.proposal(of_taps(taps), of_model, made(), {"wmo": 5000.0}, most=4)
    assert {wijk for wijk, _ in chosen[:2]} == {WIJKEN[1], WIJKEN[2]}
    assert chosen[2][0] == WIJKEN[0]
    assert chosen[-1][0] in WIJKEN[3:]  # the control
    assert len(chosen) == 4


def test_where_few_answered_nothing_is_proposed() -> None:
    taps = dict.fromkeys(WIJKEN, "more")
    few = of_taps(taps, n_people=4)
    assert talking.proposal(few, view(dict.fromkeys(WIJKEN, 0.06)), made(), {}, most=4) == []


def test_of_a_wijk_one_phase_is_shown_and_never_both() -> None:
    first, second = of_taps(SAID, n_people=7), of_taps(SAID, n_people=6, phase="again")
    few = second[(second["wijk_code"] != WIJKEN[0]) | second["person"].isin(["p0", "p1"])]
    table = results.newest(pd.concat([first, few], ignore_index=True))
    phases = table.groupby("wijk_code")["phase"].unique().map(list).to_dict()
    assert phases == {WIJKEN[0]: ["own_view"], **{wijk: ["again"] for wijk in WIJKEN[1:]}}
