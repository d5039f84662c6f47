"""How far reviewers agree with each other: Krippendorff's alpha with an interval.

Alpha is 1 − observed / expected disagreement: 1 if all who judged the same wijk said the same, 0 if
they differ as much as answers drawn from one bag, below 0 if they differ more. It says nothing of
being right: people who talked agree more than they come nearer to the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.core.errors import ConfigError, DataError, suggest
from risicomodel.participation.resampling import (
    DRAWS,
    MIN_REVIEWERS,
    MIN_WIJKEN,
    centred_interval,
    drawn_anew,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from risicomodel.core.intervals import Interval

Reason = Literal["few_raters", "few_units", "one_value"]


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha of a table of answers.

    Parameters
    ----------
    alpha : Interval
        With limits over raters and units drawn anew; 1 is perfect agreement, 0 is chance.
    n_raters, n_units, n_values : int
        Raters, units and answers that count: a unit that one rater judged cannot be compared.
    """

    alpha: Interval
    n_raters: int
    n_units: int
    n_values: int


@dataclass(frozen=True)
class NoAgreement:
    """Why there is no alpha.

    Parameters
    ----------
    reason : {"few_raters", "few_units", "one_value"}
        Under :data:`~risicomodel.participation.resampling.MIN_REVIEWERS` raters, under
        :data:`~risicomodel.participation.resampling.MIN_WIJKEN` units, or no two different
        answers, so that chance would agree as well.
    n_raters, n_units : int
        Raters and units that could be compared.
    """

    reason: Reason
    n_raters: int
    n_units: int


class Coincidences(NamedTuple):
    """Pairs of answers to the same unit.

    Parameters
    ----------
    matrix : array of shape (values, values)
        Pairs of two answers; a unit with m answers counts as m. Symmetric.
    n_pairs : float
        Pairs of any two answers, whatever their unit.
    """

    matrix: Floats
    n_pairs: float


def agreement(
    values: Floats, scale: str, *, seed: int, draws: int = DRAWS
) -> Agreement | NoAgreement:
    """Return Krippendorff's alpha with its 90% interval over raters and units.

    Parameters
    ----------
    values : array of shape (raters, units)
        Answers in any unit, as numbers; NaN where there is none.
    scale : {"nominal", "ordinal", "interval", "ratio"}
        What differences between answers mean (Stevens's scales of measurement).
    seed : int
        Of the draws.
    draws : int
        How many; 0 for alpha without limits.

    Returns
    -------
    Agreement or NoAgreement
        Never a number for under 3 raters or 5 units that can be compared. Draws in which nothing
        can be compared, or all is the same, are left out of the interval.

    Raises
    ------
    ConfigError
        The scale is unknown.
    DataError
        A value is infinite, or negative on a ratio scale.

    References
    ----------
    Krippendorff (2011), "Computing Krippendorff's alpha-reliability", University of Pennsylvania.

    Examples
    --------
    >>> taps = np.array([[0, 1, 2, 0, 1], [0, 1, 2, 0, 2], [0, 1, 2, np.nan, 1]])
    >>> result = agreement(taps, "ordinal", seed=1)
    >>> [round(float(number), 2) for number in result.alpha], result.n_values
    ([0.91, 0.38, 1.0], 14)
    >>> agreement(taps[:2], "ordinal", seed=1)
    NoAgreement(reason='few_raters', n_raters=2, n_units=5)
    """
    _check(values, scale)
    values = _comparable(values)
    reason = _reason(values)
    if reason:
        return NoAgreement(reason, values.shape[0], values.shape[1])
    alphas = _alphas(values, scale, seed=seed, draws=draws)
    interval = centred_interval(float(alphas[0]), alphas[1:])
    interval = interval._replace(upper=float(np.minimum(interval.upper, 1.0)))
    n_raters, n_units = values.shape
    return Agreement(interval, n_raters, n_units, int(np.isfinite(values).sum()))


def change(
    before: Floats, after: Floats, scale: str, *, seed: int, draws: int = DRAWS
) -> Interval | NoAgreement:
    """Return how much more reviewers agree after talking, with its 90% interval.

    Parameters
    ----------
    before, after : array of shape (raters, units)
        Answers, raters and units in the same order; NaN where there is none. Only answers count
        that were given both times.
    scale, seed, draws
        As in :func:`agreement`.

    Returns
    -------
    Interval or NoAgreement
        Alpha after less alpha before, both on the same draws of raters and units.

    Examples
    --------
    >>> before = np.array([[0, 1, 2, 0, 1], [0, 1, 1, 2, 2], [2, 1, 2, np.nan, 0]])
    >>> after = np.array([[0, 1, 2, 0, 1], [0, 1, 2, 0, 2], [0, 1, 2, np.nan, 1]])
    >>> [round(number, 2) for number in change(before, after, "ordinal", seed=1)]
    [1.16, 0.32, 1.67]
    """
    both = np.isfinite(before) & np.isfinite(after)
    rounds = [np.where(both, values, np.nan) for values in (before, after)]
    alphas = []
    for values in rounds:
        one = agreement(values, scale, seed=seed, draws=0)
        if isinstance(one, NoAgreement):
            return one
        # answers are missing in the same places, so that both meet the same draws
        alphas.append(_alphas(_comparable(values), scale, seed=seed, draws=draws))
    differences: Floats = alphas[1] - alphas[0]
    return centred_interval(float(differences[0]), differences[1:])


def _alphas(values: Floats, scale: str, *, seed: int, draws: int) -> Floats:
    """Return alpha of answers that can be compared, and after it that of every draw."""
    categories, chosen = _chosen(values)
    drawn = drawn_anew(*values.shape, seed=seed, draws=draws)
    weights = (
        np.vstack([np.ones((1, n)), times]) for n, times in zip(values.shape, drawn, strict=True)
    )
    return np.array(
        [
            _alpha(coincidences(chosen, *of_draw), categories, DISTANCES[scale])
            for of_draw in zip(*weights, strict=True)
        ]
    )


def coincidences(chosen: Floats, of_raters: Floats, of_units: Floats) -> Coincidences:
    """Return how often two answers to the same unit come together.

    Parameters
    ----------
    chosen : array of shape (raters, units, values)
        1 for the value that a rater gave to a unit, 0 elsewhere.
    of_raters : array of shape (raters,)
        How often each counts. A rater who is drawn twice is not paired with itself: that pair would
        agree always, and draws would agree better than people do.
    of_units : array of shape (units,)
        How often each counts.

    Returns
    -------
    Coincidences

    Examples
    --------
    >>> chosen = np.eye(2)[np.array([[0, 1], [0, 0]])]
    >>> coincidences(chosen, np.ones(2), np.ones(2))
    Coincidences(matrix=array([[2., 1.],
           [1., 0.]]), n_pairs=12.0)
    """
    counts = np.tensordot(of_raters, chosen, axes=1)
    squares = np.tensordot(of_raters**2, chosen, axes=1)
    n_values, n_same = counts.sum(axis=1), squares.sum(axis=1)
    pairs = n_values**2 - n_same
    compared = (pairs > 0) * of_units
    share = compared * n_values / np.where(pairs > 0, pairs, 1.0)
    matrix = counts.T @ (counts * share[:, None]) - np.diag(share @ squares)
    n_pairs = (compared @ n_values) ** 2 - compared**2 @ n_same
    return Coincidences(matrix, float(n_pairs))


def _alpha(
    pairs: Coincidences, categories: Floats, distance: Callable[[Floats, Floats], Floats]
) -> float:
    """Return alpha; NaN where chance would not disagree either."""
    totals = pairs.matrix.sum(axis=1)
    squared = distance(categories, totals)
    expected = float(totals @ squared @ totals)
    if not expected > 0:
        return float("nan")
    observed = float((pairs.matrix * squared).sum())
    return 1.0 - observed / float(totals.sum()) * pairs.n_pairs / expected


def _check(values: Floats, scale: str) -> None:
    if scale not in DISTANCES:
        raise ConfigError(
            f"scale is {scale!r}{suggest(scale, DISTANCES)}; expected one of "
            f"{', '.join(DISTANCES)}; correct it"
        )
    violations = []
    if np.isinf(values).any():
        violations.append(f"{int(np.isinf(values).sum())} infinite; expected numbers or NaN")
    if scale == "ratio" and (values < 0).any():
        violations.append(
            f"{int((values < 0).sum())} below 0; expected 0 and up on a ratio scale; "
            "use the interval scale"
        )
    if violations:
        raise DataError("agreement cannot be computed of these values; correct:", violations)


def _comparable(values: Floats) -> Floats:
    """Return the units that two or more raters judged, and the raters who judged any of those."""
    given = np.isfinite(values)
    values = values[:, given.sum(axis=0) > 1]
    return values[np.isfinite(values).any(axis=1)]


def _chosen(values: Floats) -> tuple[Floats, Floats]:
    """Return the different values, rising, and which of them each rater gave to each unit."""
    categories = np.unique(values[np.isfinite(values)])
    return categories, (values[..., None] == categories).astype("float64")


def _reason(values: Floats) -> Reason | None:
    """Return why answers that can be compared are too few for alpha, if they are."""
    n_raters, n_units = values.shape
    if n_raters < MIN_REVIEWERS:
        return "few_raters"
    if n_units < MIN_WIJKEN:
        return "few_units"
    return "one_value" if np.nanmin(values) == np.nanmax(values) else None


def _nominal(categories: Floats, totals: Floats) -> Floats:
    del totals
    return 1.0 - np.eye(len(categories))


def _ordinal(categories: Floats, totals: Floats) -> Floats:
    """Return squared differences of mid-ranks: Σ n from c to k, less half of n at both ends."""
    del categories
    return _squared_differences(np.cumsum(totals) - totals / 2)


def _interval(categories: Floats, totals: Floats) -> Floats:
    del totals
    return _squared_differences(categories)


def _ratio(categories: Floats, totals: Floats) -> Floats:
    del totals
    sums = np.add.outer(categories, categories)
    squared: Floats = _squared_differences(categories) / np.where(sums > 0, sums, 1.0) ** 2
    return squared


def _squared_differences(points: Floats) -> Floats:
    squared: Floats = np.subtract.outer(points, points) ** 2
    return squared


# by scale: squared distances between values, of the values and how often each was given
DISTANCES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}
