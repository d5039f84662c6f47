"""What people answer when they are asked how many need help: ranges, and taps beside the gemeente.

A range has four numbers, in the order of the IDEA protocol: lowest, highest, best, and how sure.
People differ in how sure they make their ranges, so all are brought to the same confidence before
they are pooled or scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from risicomodel.core.arrays import Floats
from risicomodel.core.errors import DataError

SURE = (50, 60, 70, 80, 90)  # times in 100 that the truth should lie in the range
CONFIDENCE = 80  # of 100: what ranges are pooled and scored at
NEARLY_CERTAIN = 90  # of 100: what is said back, and what the model's band holds
TAPS = ("less", "same", "more")
MARGIN = 0.10  # of the gemeente's rate: nearer than that is the same


@dataclass(frozen=True)
class Range:
    """One answer with a range, or many.

    Parameters
    ----------
    low, high, best : array of any shape
        Persons of 100 or 1,000, or a rate; all in the same unit. NaN where there is no answer.
    sure : array of that shape
        How many times in 100 the truth should lie from low to high; one of :data:`SURE`.
    """

    low: Floats
    high: Floats
    best: Floats
    sure: Floats


class Violation(NamedTuple):
    """What is wrong with an answer.

    Parameters
    ----------
    row : int
        Its position among the answers, from 0.
    key : str
        ``number_low``, ``number_high``, ``number_best``, ``choose_sure`` or ``range_order``: also
        the key of the text that says so to the person.
    message : str
        What was found, and what is expected.
    """

    row: int
    key: str
    message: str


@dataclass(frozen=True)
class Implied:
    """What an answer implies, to be said back: "het ligt bijna zeker tussen 8 en 14".

    Parameters
    ----------
    low, high : int
        Whole persons of 100 or 1,000, rounded outwards: never surer than the answer.
    confidence : int
        How many times in 100 the truth should lie between them.
    as_answered : bool
        Whether they are the limits that the person gave; if not, the sentence says something new.
    """

    low: int
    high: int
    confidence: int
    as_answered: bool


def violations(answers: Range, most: float) -> list[Violation]:
    """Return everything that is wrong with ranges, not the first thing only.

    Parameters
    ----------
    answers : Range
        With arrays of shape (n,).
    most : float
        The highest number that can be: 100 of 100 persons, 1 for a rate.

    Returns
    -------
    list of Violation
        By row; empty if all is well.

    Examples
    --------
    >>> wrong = Range(*(np.array([number]) for number in (20.0, 10.0, 130.0, 75.0)))
    >>> [violation.key for violation in violations(wrong, most=100)]
    ['number_best', 'choose_sure', 'range_order']
    """
    out = []
    columns = (answers.low, answers.high, answers.best, answers.sure)
    for row, numbers in enumerate(np.stack(columns, axis=-1).tolist()):
        out += [Violation(row, *violation) for violation in _violations_of_one(numbers, most)]
    return out


def _violations_of_one(answer: list[float], most: float) -> list[tuple[str, str]]:
    low, high, best, sure = answer
    numbers = {"low": low, "high": high, "best": best}
    out = [
        (f"number_{name}", f"{name} is {number:g}; expected a number from 0 to {most:g}")
        for name, number in numbers.items()
        if not 0 <= number <= most
    ]
    if sure not in SURE:
        out.append(
            ("choose_sure", f"sure is {sure:g}; expected one of {', '.join(map(str, SURE))}")
        )
    if low > best or best > high or low > high:
        message = f"low, best and high are {low:g}, {best:g} and {high:g}"
        out.append(("range_order", f"{message}; expected low ≤ best ≤ high"))
    return out


def check(answers: Range, most: float) -> None:
    """Refuse ranges that cannot be.

    Parameters
    ----------
    answers : Range
        With arrays of shape (n,).
    most : float
        The highest number that can be.

    Raises
    ------
    DataError
        With all violations.

    Examples
    --------
    >>> check(Range(*(np.array([number]) for number in (20.0, 50.0, 60.0, 60.0))), most=100)
    Traceback (most recent call last):
    ...
    risicomodel.core.errors.DataError: 1 number of ranges is wrong; correct: answer 1: low, best \
and high are 20, 60 and 50; expected low ≤ best ≤ high
    """
    wrong = violations(answers, most)
    if wrong:
        details = [f"answer {violation.row + 1}: {violation.message}" for violation in wrong]
        counted = (
            "1 number of ranges is" if len(wrong) == 1 else f"{len(wrong)} numbers of ranges are"
        )
        raise DataError(f"{counted} wrong; correct:", details)


def rescaled(answers: Range, most: float, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Return limits of ranges as they would be at one confidence, by linear extrapolation.

    best − (best − low) · c / s and best + (high − best) · c / s, with c the confidence and s how
    sure the person is; never below 0 or above what can be.

    Parameters
    ----------
    answers : Range
        Valid ones (:func:`check`), of any shape.
    most : float
        The highest number that can be, in the unit of the answers.
    confidence : float
        Times in 100.

    Returns
    -------
    tuple of array
        Low and high limits, of the shape and in the unit of the answers.

    References
    ----------
    Hemming, Burgman, Hanea, McBride and Wintle (2018), "A practical guide to structured expert
    elicitation using the IDEA protocol", Methods in Ecology and Evolution 9.

    Examples
    --------
    >>> low, high = rescaled(Range(*map(np.array, (20.0, 50.0, 30.0, 60.0))), most=100)
    >>> round(float(low), 2), round(float(high), 2)
    (16.67, 56.67)
    """
    factor = confidence / answers.sure
    low: Floats = np.clip(answers.best - (answers.best - answers.low) * factor, 0, most)
    high: Floats = np.clip(answers.best + (answers.high - answers.best) * factor, 0, most)
    return low, high


def implied(answer: Range, most: int, confidence: int = NEARLY_CERTAIN) -> Implied:
    """Return what one answer implies, in whole persons, to be said back to who gave it.

    Parameters
    ----------
    answer : Range
        A valid one, each of its four one number.
    most : int
        Of how many persons: 100 or 1,000.
    confidence : int
        Times in 100.

    Returns
    -------
    Implied

    Examples
    --------
    >>> implied(Range(*map(np.array, (9.0, 13.0, 11.0, 60.0))), most=100)
    Implied(low=8, high=14, confidence=90, as_answered=False)
    """
    low, high = (float(limit) for limit in rescaled(answer, most, confidence))
    # 8.999999999 is 9 that was computed
    whole = int(np.floor(round(low, 6))), int(np.ceil(round(high, 6)))
    return Implied(*whole, confidence, whole == (float(answer.low), float(answer.high)))


def taps(rate: Floats, reference: Floats, margin: float = MARGIN) -> Floats:
    """Return whether rates are less than, the same as or more than the gemeente's.

    Parameters
    ----------
    rate : array of shape (n,)
        Of wijken (0–1); NaN where there is none.
    reference : array of shape (n,)
        Of their gemeente in that year (0–1).
    margin : float
        Which part of the reference a rate may differ and still be the same, limits included.

    Returns
    -------
    array of shape (n,)
        Positions in :data:`TAPS`: 0 for less, 1 for the same, 2 for more; NaN where there is none,
        as for a reviewer who does not know.

    Examples
    --------
    >>> taps(np.array([0.08, 0.09, 0.11, 0.12, np.nan]), np.full(5, 0.10)).tolist()
    [0.0, 1.0, 1.0, 2.0, nan]
    """
    low, high = limits_of_same(reference, margin)
    # a rate on a limit is the same, whatever the last digit of a product says
    slack = 1e-9 * reference
    out = np.where(rate < low - slack, 0.0, np.where(rate > high + slack, 2.0, 1.0))
    return np.where(np.isnan(rate) | np.isnan(reference), np.nan, out)


def limits_of_same(reference: Floats, margin: float = MARGIN) -> tuple[Floats, Floats]:
    """Return between which rates a wijk has the same as its gemeente.

    Parameters
    ----------
    reference : array of shape (n,)
        The gemeente's rate (0–1).
    margin : float
        Which part of it.

    Returns
    -------
    tuple of array
        Low and high limits (0–1).

    Examples
    --------
    >>> [limit.round(3).tolist() for limit in limits_of_same(np.array([0.1, 0.05]))]
    [[0.09, 0.045], [0.11, 0.055]]
    """
    return reference * (1 - margin), reference * (1 + margin)
