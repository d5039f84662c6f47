"""Several models' rates, averaged with declared weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from risicomodel.core import storage
from risicomodel.core.arrays import Floats
from risicomodel.learning.models import contributions
from risicomodel.learning.models.base import RateModel, Rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from risicomodel.learning.models.contributions import Contributions


@dataclass
class BlendParams:
    """Which models to average.

    Parameters
    ----------
    members : dict of str to float
        Weights of other models of the run, by name; only their proportions count.
    """

    members: dict[str, float] = field(default_factory=dict)

    def shares(self) -> dict[str, float]:
        """Return the weights, made to add up to 1; in one order, on which last digits depend."""
        members = dict(sorted(self.members.items()))
        total = sum(members.values())
        return {name: weight / total for name, weight in members.items()}


class Blended(RateModel):
    """Σ weight · rate over members, so a blend's contributions are those of its members, weighted.

    Parameters
    ----------
    params : BlendParams
        The weights.
    members : mapping
        The models by name.
    """

    kind = "blend"

    def __init__(self, params: BlendParams, members: Mapping[str, RateModel]) -> None:
        self.params = params
        self.members = dict(members)

    def fit(self, rows: Rows) -> Self:
        """Fit every member."""
        for member in self.members.values():
            member.fit(rows)
        return self

    def predict(self, rows: Rows) -> Floats:
        """Return the weighted mean of the members' rates."""
        return average({name: m.predict(rows) for name, m in self.members.items()}, self.params)

    def contributions(self, rows: Rows) -> Contributions:
        """Return the weighted sum of the members' contributions."""
        parts = {name: member.contributions(rows) for name, member in self.members.items()}
        return contributions.weighted(parts, self.params.shares())

    def interactions(self, rows: Rows) -> Floats | None:
        """Return the weighted sum of the members' interactions, of those that have any."""
        shares = self.params.shares()
        found = {name: member.interactions(rows) for name, member in self.members.items()}
        there = {name: pairs for name, pairs in found.items() if pairs is not None}
        if not there:
            return None
        return contributions.sum_of(there, {name: shares[name] for name in there})

    def state(self) -> dict[str, Any]:
        """Return the weights; every member has a folder of its own."""
        return {"members": self.params.members}

    def save_parts(self, folder: Path) -> None:
        """Write every member into a folder of its name."""
        for name, member in self.members.items():
            with storage.staged_folder(folder / name) as whole:
                member.save(whole)


def average(rates: Mapping[str, Floats], params: BlendParams) -> Floats:
    """Return the weighted mean of rates by member."""
    return contributions.sum_of(rates, params.shares())
