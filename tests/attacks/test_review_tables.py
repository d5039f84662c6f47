"""Published tables of a round: no cell of under five people can be solved from all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import nearest, results, tables
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.review.store import Person
from risicomodel.runs.contract import NOT_FOR_PRINT
from support import evenings, solving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.solving import Name

pytestmark = pytest.mark.slow

ROLES = ("inwoner",) * 6 + ("wijkteam",) * 3 + ("aanbieder",) * 2 + ("wijkagent",) + ("beleid",) * 2
DOMAINS = [one.name for one in evenings.DOMAINS]
KNOWS = 0.55  # of the wijken, everyone: some wijken have under five answers


def evening_of(folder: Path, seed: int) -> Evening:
    """Return a round that was played to its end, with wijken of which few people know something."""
    random = np.random.default_rng(seed)
    evening = Evening(evenings.store(evenings.sqlite(folder, f"round{seed}"), roles=ROLES))
    people = [Person(code.number, role, name) for code, role, name in evenings.cards(ROLES)]
    wijken = list(evening.round.wijken)
    for phase in list(Phase)[1:]:
        evening.move(phase)
        for person in people:
            known = [
                wijk for place, wijk in enumerate(wijken) if random.random() < KNOWS - place / 6
            ]
            for answer in _answers(evening, person, phase, known, random):
                assert not isinstance(evening.submit(person, answer, 1), list)
    return evening


def _answers(
    evening: Evening, person: Person, phase: Phase, known: list[str], random: np.random.Generator
) -> Iterator[Answer]:
    role = evening.form.roles[person.role]
    for wijk in known:
        if phase in (Phase.OWN_VIEW, Phase.AGAIN):
            for one in evening.round.domains:
                best = float(one.per) * random.uniform(0.05, 0.1)
                range_ = {"low": best / 2, "high": best * 2, "best": best, "sure": "70"}
                tap = {"tap": str(random.choice(["less", "same", "more"]))}
                value = range_ if role.gives_range(one.name) else tap
                yield Answer("need", phase, value, wijk, one.name)
        if phase is Phase.CAUSES:
            laid = random.multinomial(evening.form.coins, [0.2] * 5)
            kinds = evening.form.keys("help")
            yield Answer("coins", phase, dict(zip(kinds, map(int, laid), strict=True)), wijk)
            for domain in DOMAINS:
                yield Answer("cause", phase, "no", wijk, domain, "k_alleen")


def published(evening: Evening) -> dict[str, pd.DataFrame]:
    """Return every table of a round that may be published, that of who was nearest too."""
    made = {
        name: table for name, table in tables.of_round(evening).items() if name not in NOT_FOR_PRINT
    }
    view = evening.view()
    names = list(view.forecasts)
    random = np.random.default_rng(1)
    came_out = nearest.CameOut(
        {name: float(random.uniform(0.05, 0.1)) for name in names},
        dict.fromkeys(DOMAINS, 0.07),
        {f"{domain}/2022": 0.07 for domain in DOMAINS},
    )
    judged = results.rates(evening.store.current(), evening.round, view)
    return {**made, "verify_field": nearest.of_round(judged, evening.round, view, came_out)}


def solved(evening: Evening, made: dict[str, pd.DataFrame]) -> list[Name]:
    """Return the cells of one to four people that the tables give away."""
    system = solving.of_tables(made, evening.form, DOMAINS)
    cells: dict[Name, list[Name]] = {}
    for name in list(system.names):
        cells[name] = [name]
        if name[0] != solving.PEOPLE:
            cells.setdefault((*name[:-1], "everyone"), []).append(name)
    out = []
    for cell, names in cells.items():
        least, most = system.bounds(names)
        if 0 < least == most < results.LEAST:
            out.append(cell)
    return out


@pytest.fixture(scope="module")
def evenings_played(tmp_path_factory: pytest.TempPathFactory) -> list[Evening]:
    folder = tmp_path_factory.mktemp("solving")
    return [evening_of(folder, seed) for seed in (1, 2, 3)]


def test_no_cell_of_under_five_people_can_be_solved(evenings_played: list[Evening]) -> None:
    n_hidden = 0
    for evening in evenings_played:
        made = published(evening)
        n_hidden += int(made["field_estimates"]["n"].isna().sum())
        assert solved(evening, made) == []
    assert n_hidden > 0  # there was something to solve


def test_without_the_least_number_cells_are_solved(
    evenings_played: list[Evening], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(results, "LEAST", 1)
        made = [published(evening) for evening in evenings_played]
    cells = [
        cell
        for evening, table in zip(evenings_played, made, strict=True)
        for cell in solved(evening, table)
    ]
    assert {cell[0] for cell in cells} == {"need", "cause", "coins"}


def test_numbers_of_answers_beside_agreement_would_give_a_hidden_wijk_away(
    evenings_played: list[Evening],
) -> None:
    """Why the table of agreement does not say how many answers it is of."""
    cells = []
    for evening in evenings_played:
        made = published(evening)
        judged = results.rates(evening.store.current(), evening.round, evening.view())
        judged["basis"] = np.where(judged["tap"].eq(""), results.RANGES, results.TAPS)
        counts = judged.groupby(["domain", "phase", "basis"]).size().rename("n_values")
        more = made["agreement"].join(counts, on=["domain", "phase", "basis"])
        cells += solved(evening, {**made, "agreement": more})
    assert any(cell[0] == "need" for cell in cells)


def test_numbers_of_reviewers_beside_scores_would_give_a_role_away(
    evenings_played: list[Evening],
) -> None:
    """Why the table of who was nearest does not say of how many people a score is.

    Care providers give ranges of jeugd and taps of bijstand: the difference is how many they are.
    """
    evening = evenings_played[0]
    rows = pd.DataFrame(
        [
            {"domain": domain, "basis": basis, "role": "everyone", "n_reviewers": float(n)}
            for domain in DOMAINS
            for basis, n in _reviewers(evening, domain).items()
        ]
    )
    cells = solved(evening, {**published(evening), "verify_field": rows})
    assert (solving.PEOPLE, "aanbieder") in cells


def _reviewers(evening: Evening, domain: str) -> dict[str, int]:
    ranges = [role for role in ROLES if evening.form.roles[role].gives_range(domain)]
    return {results.RANGES: len(ranges), results.TAPS: len(ROLES) - len(ranges)}


def mean_of_few(evening: Evening, page: pd.DataFrame) -> list[float]:
    """Return how wide the limits are of what the few thought who judged a wijk once.

    The attacker knows who judged a wijk twice, and solves for sums of rates: first judgements of
    who judged twice, of the others, and second judgements.
    """
    judged = results.rates(evening.store.current(), evening.round, evening.view())
    shown = tables.field_estimates(evening).set_index(["wijk_code", "domain", "phase"])
    widths = []
    for row in page[page["rate"].notna()].to_dict("records"):
        where = judged["wijk_code"].eq(row["wijk_code"]) & judged["domain"].eq(row["domain"])
        sets = {phase: set(part["person"]) for phase, part in judged[where].groupby("phase")}
        first, second = sets.get("own_view", set()), sets.get("again", set())
        once = len(first - second)
        if not second or not 0 < once < results.LEAST:
            continue
        equations, totals = [], []
        for phase, terms in (("own_view", (1, 1, 0)), ("again", (0, 0, 1))):
            one = shown.loc[(row["wijk_code"], row["domain"], phase)]
            if pd.notna(one["rate"]):
                equations.append(terms)
                totals.append(one["n"] * one["rate"])
        if row["n"] == len(first | second):  # the page is of both together
            equations.append((0, 1, 1))
            totals.append(row["n"] * row["rate"])
        sizes = [(0.0, float(n)) for n in (len(first & second), once, len(second))]
        ends = [
            linprog([0, sign, 0], A_eq=equations, b_eq=totals, bounds=sizes).fun
            for sign in (1, -1)
        ] if equations else [0.0, -float(once)]  # fmt: skip
        widths.append(-(ends[1] + ends[0]))
    return widths


def test_what_the_few_thought_who_judged_once_cannot_be_solved(
    evenings_played: list[Evening],
) -> None:
    widths = [
        width
        for evening in evenings_played
        for width in mean_of_few(evening, evening.outcome().pictures)
    ]
    assert widths
    assert min(widths) > 0.01


def test_a_page_of_first_and_second_judgements_together_would_give_them_away(
    evenings_played: list[Evening],
) -> None:
    widths = []
    for evening in evenings_played:
        view = evening.view()
        judged = results.rates(evening.store.current(), evening.round, view)
        order = judged["phase"].map({"own_view": 0, "again": 1})
        mixed = judged.assign(order=order).sort_values("order", kind="stable")
        mixed = mixed.drop_duplicates(["person", "wijk_code", "domain"], keep="last")
        widths += mean_of_few(evening, results.pictures(mixed, view))
    assert min(widths) < 1e-6
