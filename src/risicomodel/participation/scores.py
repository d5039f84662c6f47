"""Who was nearest when the figure came out: the field, the model, or last year's figure.

All sources are scored on the same wijken, with the interval score
(:func:`risicomodel.core.metrics.interval_score`) for ranges and the ranked probability score
(:func:`risicomodel.core.metrics.ranked_probability_score`) for taps. The field is the mean of its
reviewers, each with the same weight. A score has an interval over wijken and reviewers drawn anew;
a difference has one on the same draws, since a wijk that is hard for one is hard for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from risicomodel.core.arrays import Bools, Floats
from risicomodel.core.errors import DataError
from risicomodel.core.metrics import interval_score, ranked_probability_score
from risicomodel.participation.elicitation import CONFIDENCE, MARGIN, TAPS, limits_of_same
from risicomodel.participation.resampling import DRAWS, centred_interval, drawn_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from risicomodel.core.intervals import Interval

    # how often every reviewer counts, (draws, reviewers) → scores, (draws, wijken); NaN for none
    Source = Callable[[Floats], Floats]

BAND = 0.90  # coverage of the model's band, as runs keep it


@dataclass(frozen=True)
class SourceComparison:
    """Sources scored on the same wijken.

    Parameters
    ----------
    scores : mapping of str to Interval
        Mean score of every source over the wijken; lower is better.
    differences : mapping of (str, str) to Interval
        Mean score of the first less that of the second: below 0 the first is nearer.
    n_wijken, n_reviewers : int
        What they were scored on.
    """

    scores: Mapping[str, Interval]
    differences: Mapping[tuple[str, str], Interval]
    n_wijken: int
    n_reviewers: int

    @property
    def nearest(self) -> str:
        """The source with the lowest mean score; of equals the first."""
        return min(self.scores, key=lambda name: self.scores[name].value)

    @property
    def within_chance(self) -> tuple[str, ...]:
        """The other sources whose difference from the nearest holds 0.

        Without an interval, of too few wijken or reviewers, that is all of them.
        """
        best = self.nearest
        return tuple(
            name
            for pair, difference in self.differences.items()
            if best in pair and not (difference.lower > 0 or difference.upper < 0)
            for name in pair
            if name != best
        )


def compare(
    sources: Mapping[str, Source], n_reviewers: int, *, seed: int, draws: int = DRAWS
) -> SourceComparison:
    """Return mean scores of sources and all their differences, with 90% intervals.

    Parameters
    ----------
    sources : mapping of str to callable
        From :func:`of_ranges`, :func:`of_taps` and :func:`fixed`; reviewers and wijken in the same
        order in all.
    n_reviewers : int
        How many reviewers there are.
    seed : int
        Of the draws.
    draws : int
        How many.

    Returns
    -------
    SourceComparison
        On the wijken that every source has a score for. Limits are NaN of fewer than 3 reviewers
        or 5 wijken.

    Raises
    ------
    DataError
        No wijk has a score of every source.

    Examples
    --------
    >>> published = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    >>> said = np.array([[9.0, 21.0, 28.0, 41.0, 50.0], [10.0, 18.0, 31.0, 40.0, 49.0],
    ...                  [12.0, 20.0, 30.0, 39.0, 52.0]])
    >>> sources = {"field": of_ranges(said - 4, said + 4, published),
    ...            "last_year": fixed(interval_score(published, published + 3, published + 6, 0.8))}
    >>> result = compare(sources, n_reviewers=3, seed=1)
    >>> result.nearest, result.within_chance
    ('field', ())
    >>> [round(number, 1) for number in result.differences["field", "last_year"]]
    [-25.0, -25.0, -25.0]
    """
    once = np.ones((1, n_reviewers))
    scored: Bools = np.all([np.isfinite(source(once)[0]) for source in sources.values()], axis=0)
    if not scored.any():
        raise DataError(
            f"0 wijken have a score of all of {', '.join(sources)}; expected 1 at least; "
            "compare sources that judged the same wijken"
        )
    n_wijken = int(scored.sum())
    drawn = drawn_anew(n_reviewers, n_wijken, seed=seed, draws=draws)
    of_reviewers = np.vstack([once, drawn.of_reviewers])
    of_wijken = np.vstack([np.ones((1, n_wijken)), drawn.of_wijken])
    scores = {name: source(of_reviewers)[:, scored] for name, source in sources.items()}
    # a wijk whose reviewers are not in a draw is out of it for all
    counted = of_wijken * np.all([np.isfinite(score) for score in scores.values()], axis=0)
    means = {name: _mean(score, counted) for name, score in scores.items()}
    differences = {(one, two): means[one] - means[two] for one, two in combinations(means, 2)}
    return SourceComparison(
        {name: centred_interval(float(mean[0]), mean[1:]) for name, mean in means.items()},
        {pair: centred_interval(float(mean[0]), mean[1:]) for pair, mean in differences.items()},
        n_wijken,
        n_reviewers,
    )


def _mean(scores: Floats, weights: Floats) -> Floats:
    """Return the mean score of every draw; NaN of a draw without wijken."""
    total = weights.sum(axis=1)
    summed = (np.where(weights > 0, scores, 0.0) * weights).sum(axis=1)
    mean: Floats = summed / np.where(total > 0, total, np.nan)
    return mean


def fixed(scores: Floats) -> Source:
    """Return a source that does not hang on reviewers, such as the model or last year's figure.

    Parameters
    ----------
    scores : array of shape (wijken,)
        Its scores; NaN where it has none.

    Examples
    --------
    >>> fixed(np.array([0.1, 0.3]))(np.ones((2, 5))).tolist()
    [[0.1, 0.3], [0.1, 0.3]]
    """
    return lambda weights: np.broadcast_to(scores, (len(weights), len(scores)))


def of_ranges(low: Floats, high: Floats, published: Floats) -> Source:
    """Return the field's ranges as a source: the mean of limits, scored at 80%.

    Parameters
    ----------
    low, high : array of shape (reviewers, wijken)
        Limits at 80% (:func:`risicomodel.participation.elicitation.rescaled`); NaN for no answer.
    published : array of shape (wijken,)
        What came out, in the same unit.

    Examples
    --------
    >>> low, high = np.array([[10.0], [30.0]]), np.array([[30.0], [50.0]])
    >>> of_ranges(low, high, np.array([45.0]))(np.ones((1, 2))).round(6).tolist()
    [[70.0]]
    """
    answered = np.isfinite(low) & np.isfinite(high)

    def scores(weights: Floats) -> Floats:
        lower, upper = (pooled(weights, limit, answered) for limit in (low, high))
        return interval_score(published, lower, upper, CONFIDENCE / 100)

    return scores


def of_taps(taps: Floats, outcome: Floats) -> Source:
    """Return the field's taps as a source: which part of reviewers said what, as probabilities.

    Parameters
    ----------
    taps : array of shape (reviewers, wijken)
        0 for less, 1 for the same, 2 for more; NaN for no answer and for "I do not know".
    outcome : array of shape (wijken,)
        What came out, likewise (:func:`risicomodel.participation.elicitation.taps`).

    Examples
    --------
    >>> taps = np.array([[0.0], [1.0], [1.0], [np.nan]])
    >>> of_taps(taps, np.array([1.0]))(np.ones((1, 4))).round(3).tolist()
    [[0.111]]
    """
    answered = np.isfinite(taps)
    said = [(taps == tap).astype("float64") for tap in range(len(TAPS))]

    def scores(weights: Floats) -> Floats:
        shares = np.stack([pooled(weights, one, answered) for one in said], axis=-1)
        return ranked_probability_score(shares, outcome)

    return scores


def pooled(weights: Floats, values: Floats, answered: Bools) -> Floats:
    """Return the field's mean: of those who answered, each counting as often as its weight.

    The one way in which answers are put together, on pages and in scores.

    Parameters
    ----------
    weights : array of shape (draws, reviewers)
        How often every reviewer counts; ones for the round as it is.
    values : array of shape (reviewers, wijken)
        Rates, limits of ranges, or 1 where a reviewer said a tap.
    answered : array of bool, shape (reviewers, wijken)
        Where there is an answer.

    Returns
    -------
    array of shape (draws, wijken)
        NaN where nobody answered.

    Examples
    --------
    >>> said = np.array([[0.10], [0.20], [np.nan]])
    >>> pooled(np.ones((1, 3)), said, np.isfinite(said)).round(3).tolist()
    [[0.15]]
    """
    total = weights @ answered.astype("float64")
    summed: Floats = weights @ np.where(answered, values, 0.0)
    return summed / np.where(total > 0, total, np.nan)


def answered_both(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Return answers of those who gave one before talking and after, so that both are of the same.

    Parameters
    ----------
    before, after : array of shape (reviewers, wijken)
        NaN where there is none.

    Returns
    -------
    tuple of array
        With NaN in both where either has none.

    Examples
    --------
    >>> answered_both(np.array([[1.0, 2.0]]), np.array([[3.0, np.nan]]))
    (array([[ 1., nan]]), array([[ 3., nan]]))
    """
    both = np.isfinite(before) & np.isfinite(after)
    return np.where(both, before, np.nan), np.where(both, after, np.nan)


def band_at(
    rate: Floats, lower: Floats, upper: Floats, confidence: float = CONFIDENCE / 100
) -> tuple[Floats, Floats]:
    """Return the model's 90% band as it is at another confidence, to score it beside ranges.

    Two halves of normal distributions meet at the rate, which is the median; a half has the width
    at which its limit of the band is its 5% or 95% quantile.

    Parameters
    ----------
    rate, lower, upper : array of shape (n,)
        The model's (0–1), with the limits of its 90% band.
    confidence : float
        The share of bands that should hold (0–1).

    Returns
    -------
    tuple of array
        Lower and upper limits (0–1).

    Raises
    ------
    DataError
        A rate lies outside its band.

    Examples
    --------
    >>> limits = band_at(np.array([0.10]), np.array([0.08]), np.array([0.14]))
    >>> [limit.round(4).tolist() for limit in limits]
    [[0.0844], [0.1312]]
    """
    _check_bands(rate, lower, upper)
    factor = _quantile(confidence) / _quantile(BAND)
    return rate - (rate - lower) * factor, rate + (upper - rate) * factor


def tap_probabilities(
    rate: Floats, lower: Floats, upper: Floats, reference: Floats, margin: float = MARGIN
) -> Floats:
    """Return how probable it is by the model that a wijk has less, the same or more.

    Of the two halves of normal distributions of :func:`band_at`; what they hold below a rate of 0
    is "less". The gemeente's rate counts as certain, while in truth the wijk's error is partly its
    gemeente's: the model may come out somewhat less sure than it could be.

    Parameters
    ----------
    rate, lower, upper : array of shape (n,)
        The model's (0–1), with the limits of its 90% band; NaN where there is none.
    reference : array of shape (n,)
        The gemeente's rate (0–1).
    margin : float
        Which part of the reference a rate may differ and still be the same.

    Returns
    -------
    array of shape (n, 3)
        Probabilities of less, the same and more; they sum to 1. NaN where there is no band.

    Raises
    ------
    DataError
        A rate lies outside its band.

    Examples
    --------
    >>> model = np.array([0.10]), np.array([0.08]), np.array([0.14])
    >>> tap_probabilities(*model, reference=np.array([0.10])).round(3).tolist()
    [[0.205, 0.454, 0.34]]
    """
    _check_bands(rate, lower, upper)
    low, high = limits_of_same(reference, margin)
    under, up_to = (_cumulative(limit, rate, lower, upper) for limit in (low, high))
    return np.stack([under, up_to - under, 1 - up_to], axis=-1)


def certain(taps: Floats) -> Floats:
    """Return taps as probabilities of 0 and 1, such as that last year's figure stays.

    Parameters
    ----------
    taps : array of shape (n,)
        0 for less, 1 for the same, 2 for more; NaN for none.

    Returns
    -------
    array of shape (n, 3)
        NaN where there is no tap.

    Examples
    --------
    >>> certain(np.array([2.0, 0.0])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    chosen = (taps[:, None] == np.arange(len(TAPS))).astype("float64")
    return np.where(np.isfinite(taps)[:, None], chosen, np.nan)


def _cumulative(point: Floats, rate: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return the probability of a rate up to a point."""
    from scipy.special import ndtr

    width = np.where(point < rate, rate - lower, upper - rate) / _quantile(BAND)
    # a half without width is all at the rate: below it nothing, from it everything
    standard = (point - rate) / np.where(width > 0, width, 1.0)
    sides = np.where(point < rate, -np.inf, np.inf)
    probability: Floats = ndtr(np.where(width > 0, standard, sides))
    return np.where(np.isnan(rate + lower + upper + point), np.nan, probability)


def _quantile(confidence: float) -> float:
    """Return how many standard deviations hold a share on both sides of the middle."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check_bands(rate: Floats, lower: Floats, upper: Floats) -> None:
    outside = int(((rate < lower) | (rate > upper)).sum())
    if outside:
        raise DataError(
            f"{outside} of {len(rate)} rates lie outside their band; expected lower ≤ rate ≤ "
            "upper; take all three from the same row of a run"
        )
