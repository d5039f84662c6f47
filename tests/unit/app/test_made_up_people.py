"""Made-up people: what they say follows from what is true, and talking moves them."""

from __future__ import annotations

import numpy as np
import pytest

from risicomodel.app.review.made_up_people import Player
from risicomodel.demo.meeting import PEOPLE, MadeUpPerson, year_ahead
from risicomodel.demo.settings import DemoSettings
from risicomodel.participation import forms
from risicomodel.participation.review.store import Person

SETTINGS = DemoSettings(gemeenten=25, wijken=220, first_year=2016, last_year=2018)


def player(character: MadeUpPerson) -> Player:
    return Player(Person("0001", character.role, "p001"), character, np.random.default_rng(1))


def test_a_picture_stays_until_others_are_heard() -> None:
    one = player(MadeUpPerson("inwoner", 1.2, 0.2, 70, 0.5, 1.0))
    first = one.rate("WK1/wmo", 0.08)
    assert one.rate("WK1/wmo", 0.5) == first
    one.hear({"WK1/wmo": 0.08, "WK2/wmo": 0.5})
    assert one.rate("WK1/wmo", 0.08) == pytest.approx(np.sqrt(first * 0.08))
    assert "WK2/wmo" not in one.rates


def test_bias_and_noise_are_what_they_are_said_to_be() -> None:
    one = player(MadeUpPerson("inwoner", 1.2, 0.2, 70, 0.5, 1.0))
    logs = np.log([one.rate(f"WK{place}/wmo", 0.05) / 0.05 for place in range(2000)])
    assert logs.mean() == pytest.approx(np.log(1.2), abs=0.02)
    assert logs.std() == pytest.approx(0.2, abs=0.02)


def test_everyone_has_a_role_of_the_form() -> None:
    roles = forms.named("review").roles
    assert {one.role for one in PEOPLE} <= set(roles)
    assert len({one.role for one in PEOPLE}) == 5


def test_the_year_ahead_is_drawn_once_and_near_the_last_one() -> None:
    ahead = year_ahead(SETTINGS)
    assert ahead.wijken.equals(year_ahead(SETTINGS).wijken)
    assert ahead.year == 2019
    code = str(ahead.wijken["gm_code"].iloc[0])
    rows = ahead.wijken[ahead.wijken["gm_code"].eq(code) & ahead.wijken["domain"].eq("wmo")]
    by_hand = np.average(rows["rate"], weights=rows["at_risk"])
    assert ahead.of_gemeente(code)["wmo"] == pytest.approx(by_hand)
