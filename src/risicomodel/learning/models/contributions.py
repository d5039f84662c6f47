"""What every feature adds to a model's rate: terms that add up to it exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Contributions:
    """A model's rates of n rows, taken apart: ``base + terms.sum(axis=1) + cut`` is the rate.

    Parameters
    ----------
    features : list of str
        The columns that have a term, p of them; any other adds nothing.
    base : array of shape (n,)
        The rate (0–1) before anything is known of the wijk but its year.
    terms : array of shape (n, p)
        What every feature adds (in rate).
    cut : array of shape (n,)
        What was added or taken off because a rate cannot be below 0; nearly always 0.
    """

    features: list[str]
    base: Floats
    terms: Floats
    cut: Floats

    @property
    def rate(self) -> Floats:
        """What the terms add up to."""
        out: Floats = self.base + self.terms.sum(axis=1) + self.cut
        return out

    def over(self, features: list[str]) -> Floats:
        """Return the terms of other columns, in their order; 0 for those without a term."""
        place = {name: position for position, name in enumerate(features)}
        out = np.zeros((len(self.base), len(features)))
        out[:, [place[name] for name in self.features]] = self.terms
        return out


def all_in_base(rate: Floats) -> Contributions:
    """Return the contributions of a model that uses no feature."""
    return Contributions([], rate, np.zeros((len(rate), 0)), np.zeros(len(rate)))


def weighted(parts: Mapping[str, Contributions], shares: Mapping[str, float]) -> Contributions:
    """Return the weighted sum of several models' contributions."""
    features = list(dict.fromkeys(name for part in parts.values() for name in part.features))
    return Contributions(
        features,
        base=sum_of({name: part.base for name, part in parts.items()}, shares),
        terms=sum_of({name: part.over(features) for name, part in parts.items()}, shares),
        cut=sum_of({name: part.cut for name, part in parts.items()}, shares),
    )


def sum_of(arrays: Mapping[str, Floats], shares: Mapping[str, float]) -> Floats:
    """Return the weighted sum of arrays by name."""
    first, *others = shares.items()
    out = arrays[first[0]] * first[1]
    for name, share in others:
        out = out + arrays[name] * share
    return out


def split_exponential(terms: Floats, centre: Floats) -> Floats:
    """Return how much every term of a sum adds to its exponential, against a centre.

    With η = Σ terms and η̄ = Σ centre, term j gets (term − centre) · L, where L is the logarithmic
    mean (e^η − e^η̄) / (η − η̄), or e^η where they are equal; so they add up to e^η − e^η̄. It is
    the only split that is the same for all terms per unit of η.

    Parameters
    ----------
    terms : array of shape (n, p)
        On the log scale.
    centre : array of shape (p,)
        Where every term is when nothing is known of a row.
    """
    away = terms - centre
    apart = away.sum(axis=1)
    slope = np.divide(np.expm1(apart), apart, out=np.ones_like(apart), where=apart != 0)
    out: Floats = away * (slope * np.exp(centre.sum()))[:, None]
    return out
