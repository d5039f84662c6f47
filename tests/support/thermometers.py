"""Thermometers for tests: a round without wijken, and people of seven layers who answer it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from risicomodel.core import database
from risicomodel.participation import forms
from risicomodel.participation.form_rules import AGREE
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import passphrase
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import FORM, KEY, MODEL, PASSPHRASE, ROUND, Evening
from risicomodel.participation.review.rounds import ModelView
from risicomodel.participation.review.store import Person, Receipt, Store
from support import evenings

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS = {"raad": 6, "college": 3, "uitvoering": 9, "aanbieder": 6, "inwoner": 6}
TRUTHS: dict[str, float | str] = {
    "know_wmo": 73, "know_jeugd": 11, "know_bijstand": 58, "know_weeks": 6, "know_doctor": "yes",
}  # fmt: skip
# how far layers agree, before chance: what a page should bring to light
LEANING = {"raad": 4.2, "college": 4.0, "uitvoering": 2.2, "aanbieder": 3.0, "inwoner": 2.6}


def roles(layers: Mapping[str, int] = LAYERS) -> tuple[str, ...]:
    """Return the role of every card."""
    return tuple(layer for layer, n in layers.items() for _ in range(n))


def store(
    url: str, layers: Mapping[str, int] = LAYERS, declaration: str = "", language: str = "nl"
) -> Store:
    """Make the database of a Thermometer."""
    declaration = declaration or forms.text_of("thermometer")
    form = forms.parse(declaration, where="thermometer")
    domains = tuple(replace(one, year=2022) for one in evenings.DOMAINS)
    made = replace(
        evenings.made_round(form, language), wijken={}, domains=domains, form="thermometer"
    )
    facts = {
        ROUND: made.to_json, MODEL: ModelView({}, {}, {}, truths=TRUTHS).to_json,
        FORM: declaration, PASSPHRASE: passphrase.hashed(evenings.SAID), KEY: "key of a room",
    }  # fmt: skip
    kept = Store(database.engine(url))
    kept.create(facts, evenings.cards(roles(layers)), form.phases[0])
    return kept


def people(layers: Mapping[str, int] = LAYERS) -> list[Person]:
    """Return who holds the cards."""
    cards = evenings.cards(roles(layers))
    return [Person(code.number, role, name) for code, role, name in cards]


def value(item: forms.Item, role: str, random: np.random.Generator) -> Any:
    """Return what someone of a layer may answer."""
    if random.random() < 0.1:
        return "unknown"
    if item.kind == AGREE:
        return str(int(np.clip(round(random.normal(LEANING.get(role, 3.0), 0.9)), 1, 5)))
    if item.scale:
        return str(random.choice(["yes", "no"]))
    return int(max(0, round(TRUTHS[item.key] * random.lognormal(0, 0.4))))  # type: ignore[operator]


def filled_in(evening: Evening, layers: Mapping[str, int] = LAYERS, seed: int = 1) -> None:
    """Have everyone answer everything."""
    random = np.random.default_rng(seed)
    for person in people(layers):
        for item in evening.form.items:
            answer = Answer(item.key, Phase.OWN_VIEW, value(item, person.role, random))
            assert isinstance(evening.submit(person, answer, 1), Receipt)
