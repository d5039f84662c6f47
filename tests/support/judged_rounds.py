"""Rounds whose truth is known: made-up people judge a year that the whole run has figures of."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.app.review import folders
from risicomodel.core import database
from risicomodel.core.levels import AREA
from risicomodel.participation import forms
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import passphrase
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import FORM, KEY, MODEL, PASSPHRASE, ROUND, Evening
from risicomodel.participation.review.rounds import JudgedDomain, ModelView, Round
from risicomodel.participation.review.store import Person, Store
from risicomodel.publishing.disclosure import Shown, disclose
from support import evenings
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path

N_WIJKEN = 10
HALF_BAND = 0.12  # of the model's rate, at 90%
ROLES = ("inwoner",) * 7 + ("wijkteam",) * 6


@functools.cache
def shown() -> Shown:
    """What may be shown of the whole run."""
    return disclose(whole_run())


@dataclass(frozen=True)
class Truth:
    """What was published of ten wijken of a gemeente in the run's last year."""

    gm_code: str
    year: int
    wijken: list[str]
    rates: dict[str, float]
    of_gemeente: dict[str, float]


@functools.cache
def truth() -> Truth:
    """Return the truth of the gemeente with the most wijken that have all figures."""
    year = shown().about.last_year
    figures = shown().figures
    figures = figures[figures["year"].eq(year) & figures["observed"].notna()]
    figures = figures.groupby(AREA).filter(lambda rows: len(rows) == len(evenings.DOMAINS))
    gm_code = str(figures.groupby("gm_code").size().idxmax())
    rows = figures[figures["gm_code"].eq(gm_code)]
    wijken = sorted(rows[AREA].unique())[:N_WIJKEN]
    names = rows[AREA] + "/" + rows["domain"]
    totals = shown().totals
    totals = totals[totals["gm_code"].eq(gm_code) & totals["year"].eq(year)]
    return Truth(
        gm_code,
        year,
        [str(code) for code in wijken],
        dict(zip(names, rows["observed"].astype(float), strict=True)),
        dict(zip(totals["domain"], totals["rate"].astype(float), strict=True)),
    )


@dataclass(frozen=True)
class Habits:
    """How far off everyone is: factors on the rate, and noise on its log.

    Parameters
    ----------
    model, last : float
        By which factor the model and the last figure are off.
    before, after : float
        By which factor people are off, before talking and after.
    noise : float
        Standard deviation of a person's picture of a wijk, on the log rate.
    """

    model: float = 1.0
    last: float = 1.0
    before: float = 1.0
    after: float = 1.0
    noise: float = 0.03


def play(
    folder: Path,
    habits: Habits,
    roles: tuple[str, ...] = ROLES,
    seed: int = 1,
    knows: float = 1.0,
    **changes: object,
) -> Evening:
    """Play a round to its end, and return it; its folder is as ``review new`` leaves it.

    Parameters
    ----------
    folder : Path
        An empty one.
    habits : Habits
        How far off everyone is.
    roles : tuple of str
        Of the people.
    seed : int
        Of what they say.
    knows : float
        Which part of the wijken everyone knows (0–1).
    **changes
        Of the round, such as ``gm_code``.
    """
    random, form, true = np.random.default_rng(seed), forms.named("review"), truth()
    of_round = replace(made(form), **changes)  # type: ignore[arg-type]
    kept = Store(database.engine(f"sqlite:///{folder / folders.DATABASE}"))
    facts = {
        ROUND: of_round.to_json, MODEL: _view(habits).to_json, FORM: forms.text_of("review"),
        PASSPHRASE: passphrase.hashed(evenings.SAID), KEY: "key",
    }  # fmt: skip
    kept.create(facts, evenings.cards(roles))
    mark = {"round_id": of_round.round_id, "gemeente": of_round.gm_name, "database": ""}
    (folder / folders.MARK).write_text(json.dumps(mark), encoding="utf-8")
    evening = Evening(kept)
    people = [Person(code.number, role, name) for code, role, name in evenings.cards(roles)]
    for phase in list(Phase)[1:]:
        evening.move(phase)
        if phase not in (Phase.OWN_VIEW, Phase.AGAIN):
            continue
        bias = habits.before if phase is Phase.OWN_VIEW else habits.after
        about = evening.place.talked if phase is Phase.AGAIN else tuple(of_round.wijken)
        for person in people:
            for wijk in about:
                if random.random() > knows:
                    continue
                for one in of_round.domains:
                    off = bias * float(np.exp(random.normal(0, habits.noise)))
                    rate = min(1.0, true.rates[f"{wijk}/{one.name}"] * off)
                    value = _value(form, person.role, one, rate, true.of_gemeente[one.name])
                    receipt = evening.submit(
                        person, Answer("need", phase, value, wijk, one.name), 1
                    )
                    assert not isinstance(receipt, list), receipt
    return evening


def made(form: forms.Form | None = None) -> Round:
    """Return the round that is played."""
    form = form or forms.named("review")
    true = truth()
    domains = tuple(replace(one, year=true.year) for one in evenings.DOMAINS)
    return replace(
        evenings.made_round(form), gm_code=true.gm_code, gm_name="Demostad",
        wijken={code: f"Wijk {code[-2:]}" for code in true.wijken}, domains=domains,
    )  # fmt: skip


def _view(habits: Habits) -> ModelView:
    true = truth()
    names = [f"{wijk}/{one.name}" for wijk in true.wijken for one in evenings.DOMAINS]
    model = {name: true.rates[name] * habits.model for name in names}
    return ModelView(
        {
            name: (rate, rate * (1 - HALF_BAND), rate * (1 + HALF_BAND))
            for name, rate in model.items()
        },
        {name: (true.year - 1, true.rates[name] * habits.last) for name in names},
        true.of_gemeente,
    )


def _value(
    form: forms.Form, role: str, one: JudgedDomain, rate: float, reference: float
) -> dict[str, object]:
    if not form.roles[role].gives_range(one.name):
        ratio = rate / reference
        return {"tap": "same" if abs(ratio - 1) <= 0.1 else "more" if ratio > 1 else "less"}
    best = rate * one.per
    return {"low": best * 0.9, "high": min(best * 1.1, one.per), "best": best, "sure": "80"}
