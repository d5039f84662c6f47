"""Spread what is left of a gemeente's published total over its blank cells, by their variances.

The total less the published wijken and less the people whose wijk is not known is the sum of the
blank cells. Given that sum, each cell moves in proportion to its covariance with it: a conditional
expectation. A cell that is known well hardly moves, and the difference that no cell explains is
left to the people without a known wijk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from risicomodel.core.arrays import Bools, Floats
from risicomodel.results.estimates import suppressed
from risicomodel.results.estimates.rao_yu import DEGREES_OF_FREEDOM


@dataclass(frozen=True)
class BlankCells:
    """The blank cells of one gemeente and year, in n cases that differ in what is blank.

    Parameters
    ----------
    mean : array of shape (n, h)
        Persons expected in each of h cells.
    variance : array of shape (n, h)
        Of the cell itself, given the effects of its gemeente (persons squared).
    loading : array of shape (n, h, q)
        Persons that each of q effects adds per unit.
    covariance : array of shape (n, q, q)
        Of the effects.
    """

    mean: Floats
    variance: Floats
    loading: Floats
    covariance: Floats

    @classmethod
    def build(
        cls, expected: Floats, parts: tuple[Floats, Floats, Floats], effect: Floats, spread: Floats
    ) -> BlankCells:
        """Turn deviations into persons.

        Parameters
        ----------
        expected : array of shape (n, h)
            Persons that the model expects.
        parts : tuple of arrays of shape (n, h), (n, h, q) and (n, h)
            Offset, loading and variance of
            :class:`risicomodel.results.estimates.gemeente_effects.GemeenteYear`.
        effect, spread : arrays of shape (n, q) and (n, q, q)
            Mean and covariance of the effects.
        """
        offset, loading, variance = parts
        deviation = offset + (loading @ effect[:, :, None])[:, :, 0]
        return cls(
            mean=expected * np.clip(1 + deviation, 0.0, None),
            variance=expected**2 * variance,
            loading=expected[:, :, None] * loading,
            covariance=np.broadcast_to(spread, (len(expected), *spread.shape[1:])),
        )

    def given_small(self, small: Bools, below: int) -> BlankCells:
        """Return the same, knowing of some cells (h,) that they are below what CBS publishes."""
        if not small.any():
            return self
        mean, variance = suppressed.moments(self.mean[:, small], below)
        out = replace(
            self,
            mean=self.mean.copy(),
            variance=self.variance.copy(),
            loading=np.where(small[None, :, None], 0.0, self.loading),
        )
        out.mean[:, small], out.variance[:, small] = mean, variance
        return out

    def total_variance(self) -> Floats:
        """Return the variance (n, h) of each cell's figure, effects included."""
        effects = ((self.loading @ self.covariance) * self.loading).sum(axis=2)
        out: Floats = self.variance + effects
        return out


@dataclass(frozen=True)
class GivenSum:
    """What cells are expected to be given what is left for their sum.

    Parameters
    ----------
    mean, variance : arrays of shape (n, h)
        Of each cell: persons, at least 0, and persons squared.
    sum_variance : array of shape (n,)
        Of their sum (persons squared).
    """

    mean: Floats
    variance: Floats
    sum_variance: Floats


def given_sum(blank: BlankCells, rest: Floats, slack: float) -> GivenSum:
    """Return what cells are expected to be given what is left for their sum.

    Parameters
    ----------
    blank : BlankCells
        The cells before that is known.
    rest : array of shape (n,)
        Total less published wijken and less the people expected without a known wijk (persons).
    slack : float
        Variance of ``rest``: of those people, and of rounding (persons squared).

    Returns
    -------
    GivenSum
        A rest that lies far out is trusted less: its error is taken to have the tails of a t with
        four degrees of freedom.

    Examples
    --------
    Two cells of 20 were expected, one known well; 48 are left for both.

    >>> cells = BlankCells(
    ...     mean=np.array([[20.0, 20.0]]), variance=np.array([[15.0, 1.0]]),
    ...     loading=np.zeros((1, 2, 1)), covariance=np.zeros((1, 1, 1)),
    ... )
    >>> given_sum(cells, np.array([48.0]), slack=0.0).mean.round(1).tolist()
    [[27.5, 20.5]]
    """
    together = blank.loading.sum(axis=1)
    shared = blank.covariance @ together[:, :, None]
    with_sum = blank.variance + (blank.loading @ shared)[:, :, 0]
    of_sum = with_sum.sum(axis=1)
    gap = rest - blank.mean.sum(axis=1)
    far = gap**2 / np.clip(of_sum + slack, 1e-9, None)
    weight = np.minimum((DEGREES_OF_FREEDOM + 1) / (DEGREES_OF_FREEDOM + far), 1.0)
    noise = slack / weight
    share = of_sum / np.clip(of_sum + noise, 1e-9, None)
    gain = with_sum / np.clip(of_sum + noise, 1e-9, None)[:, None]
    return GivenSum(
        mean=np.clip(blank.mean + gain * gap[:, None], 0.0, None),
        variance=(blank.total_variance() - gain * with_sum).clip(0.0),
        sum_variance=of_sum * (1 - share),
    )
