"""Contributions of features to a predicted rate: terms that sum to it exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core.arrays import Floats

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Contributions:
    """Predicted rates split into terms: ``base + terms.sum(axis=1) + clipping`` is the rate.

    Parameters
    ----------
    features : list of str
        The p columns that have a term; other columns add nothing.
    base : array of shape (n,)
        The rate (0–1) before any feature of the wijk is known.
    terms : array of shape (n, p)
        What every feature adds (in rate).
    clipping : array of shape (n,)
        What was added because a rate cannot be below 0; nearly always 0.

    Examples
    --------
    >>> parts = Contributions(
    ...     ["age", "housing"], np.array([0.10]), np.array([[0.03, -0.01]]), np.zeros(1)
    ... )
    >>> parts.rate.round(3).tolist()
    [0.12]
    >>> parts.aligned_to(["housing", "income", "age"]).tolist()
    [[-0.01, 0.0, 0.03]]
    """

    features: list[str]
    base: Floats
    terms: Floats
    clipping: Floats

    @property
    def rate(self) -> Floats:
        """The predicted rate (0–1): the sum of all terms, shape (n,)."""
        out: Floats = self.base + self.terms.sum(axis=1) + self.clipping
        return out

    def aligned_to(self, features: list[str]) -> Floats:
        """Return the terms as columns of a longer list of features.

        Parameters
        ----------
        features : list of str
            q names, among them all of ``self.features``.

        Returns
        -------
        array of shape (n, q)
            In the order of ``features``; 0 for features without a term.
        """
        position = {name: number for number, name in enumerate(features)}
        out = np.zeros((len(self.base), len(features)))
        out[:, [position[name] for name in self.features]] = self.terms
        return out


def all_in_base(rate: Floats) -> Contributions:
    """Return the contributions of a model that uses no features.

    Parameters
    ----------
    rate : array of shape (n,)
        Predicted rates.

    Returns
    -------
    Contributions
        Without terms.
    """
    return Contributions([], rate, np.zeros((len(rate), 0)), np.zeros(len(rate)))


def weighted_contributions(
    parts: Mapping[str, Contributions], shares: Mapping[str, float]
) -> Contributions:
    """Return the weighted sum of the contributions of several models.

    Parameters
    ----------
    parts : mapping of str to Contributions
        By model.
    shares : mapping of str to float
        Weights by model, in the order of summation.

    Returns
    -------
    Contributions
        Over the features of all models together.
    """
    features = list(dict.fromkeys(name for part in parts.values() for name in part.features))
    return Contributions(
        features,
        base=weighted_sum({name: part.base for name, part in parts.items()}, shares),
        terms=weighted_sum(
            {name: part.aligned_to(features) for name, part in parts.items()}, shares
        ),
        clipping=weighted_sum({name: part.clipping for name, part in parts.items()}, shares),
    )


def weighted_sum(arrays: Mapping[str, Floats], shares: Mapping[str, float]) -> Floats:
    """Return Σ share · array.

    Parameters
    ----------
    arrays : mapping of str to array
        Arrays of equal shapes.
    shares : mapping of str to float
        Weights by the same names. Their order is the order of summation, on which the last digits
        depend.

    Returns
    -------
    array
        Of the same shape.
    """
    first, *others = shares.items()
    out = arrays[first[0]] * first[1]
    for name, share in others:
        out = out + arrays[name] * share
    return out


def split_exponential(terms: Floats, centre: Floats) -> Floats:
    """Return what every term of a sum adds to the exponential of that sum, relative to a centre.

    With η = Σ terms and η̄ = Σ centre, term j gets (term − centre) · L, where L is the logarithmic
    mean (e^η − e^η̄) / (η − η̄), or e^η where both are equal; so the results sum to e^η − e^η̄. No
    other split gives all terms the same amount per unit of η.

    Parameters
    ----------
    terms : array of shape (n, p)
        On the log scale.
    centre : array of shape (p,)
        The value of every term when no feature of a row is known.

    Returns
    -------
    array of shape (n, p)

    Examples
    --------
    >>> out = split_exponential(np.log([[2.0, 3.0]]), np.zeros(2))
    >>> out.round(3).tolist(), float(out.sum().round(3))
    ([[1.934, 3.066]], 5.0)
    """
    deviation = terms - centre
    total = deviation.sum(axis=1)
    slope = np.divide(np.expm1(total), total, out=np.ones_like(total), where=total != 0)
    out: Floats = deviation * (slope * np.exp(centre.sum()))[:, None]
    return out
