"""An attacker who has every published table of a round, knows its form, and can solve for the rest.

Unknown are whole numbers of people: who answered on a wijk by role, and how many of a role came.
What the tables say are equations and limits. A cell is solved if the least and the most it can be
are the same (mixed integer programming).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from risicomodel.participation.review.results import BOTH, RANGES, TAPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from risicomodel.participation.forms import Form

Name = tuple[str, ...]
PEOPLE = "people"
MOST = 60  # people in a room, as anyone would guess
FEW = 4


@dataclass
class System:
    """Equations and limits on whole numbers of people."""

    names: dict[Name, int] = field(default_factory=dict)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def at(self, name: Name) -> int:
        return self.names.setdefault(name, len(self.names))

    def add(self, terms: Mapping[Name, float], least: float, most: float) -> None:
        self.rows.append(({self.at(name): by for name, by in terms.items()}, least, most))

    def sums(self, names: Iterable[Name], least: float, most: float) -> None:
        self.add(dict.fromkeys(names, 1.0), least, most)

    def bounds(self, names: Iterable[Name]) -> tuple[int, int]:
        """Return the least and the most that a sum of cells can be."""
        entries = [(row, at, by) for row, (terms, _, _) in enumerate(self.rows)
                   for at, by in terms.items()]  # fmt: skip
        row, at, by = (np.array(column) for column in zip(*entries, strict=True))
        matrix = coo_array((by, (row, at)), shape=(len(self.rows), len(self.names))).tocsr()
        limits = LinearConstraint(
            matrix, [one[1] for one in self.rows], [one[2] for one in self.rows]
        )
        goal = np.zeros(len(self.names))
        goal[[self.at(name) for name in names]] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            result = milp(
                sign * goal, constraints=limits, bounds=Bounds(0, MOST),
                integrality=np.ones(len(goal)),
            )  # fmt: skip
            assert result.status == 0, result.message
            ends.append(round(sign * result.fun))
        return ends[0], ends[1]


def of_tables(tables: Mapping[str, pd.DataFrame], form: Form, domains: Iterable[str]) -> System:
    """Return what published tables say of numbers of people, roles included.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By their names. Any column ``n``, ``n_values``, ``n_reviewers`` or ``n_people`` is used.
    form : Form
        Public: who gives a range on what.
    domains : iterable of str
        Of the round.
    """
    system = System()
    kinds = {
        (domain, basis): [
            key for key, role in form.roles.items()
            if role.gives_range(domain) == (basis == RANGES)
        ]
        for domain in domains
        for basis in (TAPS, RANGES)
    }  # fmt: skip
    for name, says in SAYS.items():
        for row in tables[name].to_dict("records"):
            says(system, row, form, kinds)
    for one in [one for one in system.names if one[0] != PEOPLE]:
        system.add({one: 1.0, (PEOPLE, one[-1]): -1.0}, -np.inf, 0.0)  # no more than came
    return system


def judged(row: Mapping[str, object], roles: Iterable[str]) -> list[Name]:
    """Return the cells of who judged a wijk, domain and phase, by role."""
    where = ("need", str(row["wijk_code"]), str(row["domain"]), str(row["phase"]))
    return [(*where, role) for role in roles]


def _number(system: System, cells: list[Name], n: object) -> None:
    hidden = pd.isna(n)
    system.sums(cells, 0 if hidden else float(n), FEW if hidden else float(n))  # type: ignore[arg-type]


def _field(system: System, row: dict, form: Form, kinds: dict) -> None:
    _number(system, judged(row, form.roles), row["n"])
    for basis, other in ((TAPS, RANGES), (RANGES, TAPS)):
        cells = judged(row, kinds[row["domain"], other])
        if row["basis"] == basis:
            system.sums(cells, 0, 0)
        elif row["basis"] == BOTH:
            system.sums(cells, 1, MOST)


def _contested(system: System, row: dict, form: Form, kinds: dict) -> None:
    where = ("cause", row["wijk_code"], row["domain"], row["feature"])
    _number(system, [(*where, role) for role in form.roles], row["n"])


def _coins(system: System, row: dict, form: Form, kinds: dict) -> None:
    _number(system, [("coins", row["wijk_code"], role) for role in form.roles], row["n"])


def _agreement(system: System, row: dict, form: Form, kinds: dict) -> None:
    roles = kinds[row["domain"], row["basis"]]
    if pd.notna(row["alpha"]):
        system.sums([(PEOPLE, role) for role in roles], 5, MOST)
    if "n_values" in row:
        cells = [
            name for name in system.names
            if name[0] == "need" and name[2:4] == (row["domain"], row["phase"])
            and name[-1] in roles
        ]  # fmt: skip
        system.sums(cells, row["n_values"], row["n_values"])


def _verified(system: System, row: dict, form: Form, kinds: dict) -> None:
    if row["role"] in form.roles:
        system.sums([(PEOPLE, row["role"])], 5, MOST)
    if "n_reviewers" in row and row["role"] == "everyone":
        cells = [(PEOPLE, role) for role in kinds[row["domain"], row["basis"]]]
        system.sums(cells, row["n_reviewers"], row["n_reviewers"])


# those first that name the cells
SAYS = {
    "field_estimates": _field, "contested_drivers": _contested, "coins": _coins,
    "agreement": _agreement, "verify_field": _verified,
}  # fmt: skip
