"""Blends: the rates of several models, averaged with declared weights."""

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
        """Return the weights scaled to sum to 1.

        Returns
        -------
        dict of str to float
            Sorted by name: the order of summation decides the last digits of a blend's rates.

        Examples
        --------
        >>> BlendParams({"lightgbm": 3, "glm": 1}).shares()
        {'glm': 0.25, 'lightgbm': 0.75}
        """
        members = dict(sorted(self.members.items()))
        total = sum(members.values())
        return {name: weight / total for name, weight in members.items()}


class Blend(RateModel):
    """The weighted mean of the rates of its members.

    It is linear in them: its contributions and interactions are the weighted sums of theirs.

    Parameters
    ----------
    params : BlendParams
        The weights.
    members : mapping of str to RateModel
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
        return contributions.weighted_contributions(parts, self.params.shares())

    def interactions(self, rows: Rows) -> Floats | None:
        """Return the weighted sum of the interactions of those members that have any."""
        shares = self.params.shares()
        by_member = {name: member.interactions(rows) for name, member in self.members.items()}
        pairs = {name: values for name, values in by_member.items() if values is not None}
        if not pairs:
            return None
        return contributions.weighted_sum(pairs, {name: shares[name] for name in pairs})

    def state(self) -> dict[str, Any]:
        """Return the weights; every member has a folder of its own."""
        return {"members": self.params.members}

    def save_parts(self, folder: Path) -> None:
        """Write every member into a subfolder with its name."""
        for name, member in self.members.items():
            with storage.staged_folder(folder / name) as staged:
                member.save(staged)


def average(rates: Mapping[str, Floats], params: BlendParams) -> Floats:
    """Return the weighted mean of the rates of a blend's members.

    Parameters
    ----------
    rates : mapping of str to array of shape (n,)
        Predicted rates by member.
    params : BlendParams
        The weights.

    Returns
    -------
    array of shape (n,)
    """
    return contributions.weighted_sum(rates, params.shares())
