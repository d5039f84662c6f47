"""The rules of disclosure control: which counts are hidden, and what else is hidden with them.

The rules know units, groups of units, counts, populations and totals. They do not know what is
counted, nor of which areas: the other modules of this room apply them to the tables of a run.

1. *Too small*: a count under 10, or of a population under 100, is hidden.
2. *Cover* (complementary suppression): where a total is given with its parts, enough parts are
   hidden for what is left of the total to be two parts or more that are together large enough to be
   shown. The smallest by population are hidden first, which is the same choice from year to year.
   Where that would take more than a fifth of the parts, the total is not given instead.
3. *Apart*: what a total has beside its parts is given only where the parts that are hidden are
   still covered when it is taken from the total as well.
4. *Pooling*: classes of too few units are taken together with the next one.

A mean over units is the caller's: it must be computed of shown units alone, so that taking those
away from it leaves nothing.

Rules to come join these as functions with the same shape, arrays of units in and a mask of hidden
units out: *order* (a unit's place in a ranking bounds a hidden count), *dominance* (one contributor
makes up most of a count) and *time* (a count is hidden, but not those of the years around it). What
they hide is hidden before cover is sought, so that :func:`suppress` need not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

# columns of the cells that rules are applied to
UNIT, COUNT, POPULATION, SMALL, LARGEST = "unit", "count", "population", "small", "largest"


@dataclass(frozen=True)
class Limits:
    """From where a figure may be shown.

    Parameters
    ----------
    count : float
        Least number of persons counted.
    population : float
        Least number of people they are counted among.
    parts : int
        Least number of hidden parts of a total that is given.
    cover : float
        Greatest share (0–1) of a total's parts that may be hidden for the sake of others.
    units : int
        Least number of units that a class or a bin is described of.
    """

    count: float = 10.0
    population: float = 100.0
    parts: int = 2
    cover: float = 0.2
    units: int = 10


LIMITS = Limits()


def too_small(
    counts: Floats | pd.Series, populations: Floats | pd.Series, limits: Limits = LIMITS
) -> Any:
    """Return which counts are too small to be shown, or of too small a population.

    Parameters
    ----------
    counts, populations : array or Series of float, shape (n_cells,)
        Persons. What is not known (NaN) is not shown either.
    limits : Limits
        From where a figure may be shown.

    Returns
    -------
    array or Series of bool, shape (n_cells,)

    Examples
    --------
    >>> too_small(np.array([9.0, 10.0, 10.0, np.nan]), np.array([500.0, 500.0, 99.0, 500.0]))
    array([ True, False,  True,  True])
    """
    return ~(counts >= limits.count) | ~(populations >= limits.population)


def cover(
    hidden: Bools,
    counts: Floats,
    populations: Floats,
    total: float,
    largest: Floats | None = None,
    *,
    limits: Limits = LIMITS,
) -> tuple[Bools, bool]:
    """Return which parts of a total to hide, and whether the total may be given with the others.

    Parameters
    ----------
    hidden : array of bool, shape (n_parts,)
        Parts that are too small to be shown.
    counts, populations : array of float, shape (n_parts,)
        Persons in every part.
    total : float
        The total that is given (persons); NaN where that is the sum of the parts.
    largest : array of float, shape (n_parts,), optional
        The largest count that is shown of a part, where it is shown in more than one way.
    limits : Limits
        From where a figure may be shown.

    Returns
    -------
    hidden : array of bool, shape (n_parts,)
        Parts to hide: those that were, and what covers them.
    given : bool
        Whether the total may be given; where not, no cover is hidden.

    Examples
    --------
    >>> small, counts = np.array([True, False, False]), np.array([4.0, 60.0, 30.0])
    >>> cover(small, counts, populations=np.array([200.0, 900.0, 300.0]), total=94.0)
    (array([ True, False,  True]), True)
    """
    if not hidden.any():
        return hidden, True
    most = max(1, int(limits.cover * len(hidden)))
    others = [i for i in np.argsort(populations, kind="stable") if not hidden[i]]
    trial, shown = hidden.copy(), counts if largest is None else largest
    for part in [None, *others[:most]]:
        if part is not None:
            trial[part] = True
        count, people = counts[trial].sum(), populations[trial].sum()
        remainder = total - shown[~trial].sum() if np.isfinite(total) else count
        large = min(count, remainder) >= limits.count and people >= limits.population
        if large and trial.sum() >= limits.parts:
            return trial, True
    return hidden, False


def suppress(
    cells: pd.DataFrame, by: list[str], totals: Mapping[Any, float], limits: Limits = LIMITS
) -> tuple[pd.Series, pd.Series]:
    """Return which cells of a table to hide, and of every group whether its total may be given.

    Parameters
    ----------
    cells : DataFrame
        A row per unit and group: ``unit``, ``count``, ``population`` (persons), ``small`` (bool),
        optionally ``largest`` (see :func:`cover`), and the columns of ``by``.
    by : list of str
        Columns that name a group: its cells add up to one total.
    totals : mapping of tuple to float
        Totals that are given (persons), by group; groups without one are given as the sum of their
        cells.
    limits : Limits
        From where a figure may be shown.

    Returns
    -------
    hidden : Series of bool
        By the index of ``cells``.
    given : Series of bool
        By group.

    Raises
    ------
    DataError
        If a unit occurs twice in a group: one of its cells could cover the other.

    Examples
    --------
    >>> cells = pd.DataFrame({"unit": ["a", "b", "c"], "group": ["x", "x", "y"],
    ...     "count": [4.0, 60.0, 50.0], "population": [200.0, 900.0, 800.0],
    ...     "small": [True, False, False]})
    >>> hidden, given = suppress(cells, ["group"], {})
    >>> hidden.tolist(), given.to_dict()
    ([True, True, False], {('x',): True, ('y',): True})
    """
    twice = cells.duplicated([*by, UNIT])
    if twice.any():
        first = cells.loc[twice, [*by, UNIT]].iloc[0]
        raise DataError(
            f"{first.to_dict()} occurs more than once; expected one figure per unit and group. "
            "Make the run again with 'risicomodel run'."
        )
    out = cells[SMALL].to_numpy(dtype="bool", copy=True)
    columns = (COUNT, POPULATION, LARGEST if LARGEST in cells else COUNT)
    counts, populations, largest = (cells[name].fillna(0.0).to_numpy() for name in columns)
    given: dict[Any, bool] = {}
    for key, rows in cells.groupby(by, sort=False).indices.items():
        group = key if isinstance(key, tuple) else (key,)
        total = totals.get(group, np.nan)
        out[rows], given[group] = cover(
            out[rows], counts[rows], populations[rows], total, largest[rows], limits=limits
        )
    index = pd.MultiIndex.from_tuples(list(given), names=by)
    return pd.Series(out, index=cells.index), pd.Series(list(given.values()), index, dtype=bool)


def covered_without(parts: pd.DataFrame, limits: Limits = LIMITS) -> Bools:
    """Return of which totals the hidden parts stay covered when what is in no part is known too.

    Parameters
    ----------
    parts : DataFrame
        A row per total, in persons: ``total`` (NaN where it is not given: it may be known from
        elsewhere), ``apart`` (in the total and in no part; below 0 is as none), ``shown`` (in the
        parts that are shown, the largest count that is shown of each), ``hidden`` (in those that
        are not) and ``people`` (that these are counted among); ``number`` (of hidden parts).
    limits : Limits
        From where a figure may be shown.

    Returns
    -------
    array of bool, shape (n_totals,)

    Examples
    --------
    >>> parts = pd.DataFrame({"total": 86.0, "apart": [20.0, 10.0], "shown": 60.0,
    ...     "hidden": 12.0, "people": 500.0, "number": 2})
    >>> covered_without(parts)  # 86 - 20 - 60 is 6
    array([False,  True])
    """
    left = parts["total"] - parts["apart"].clip(lower=0.0) - parts["shown"]
    enough = (left >= limits.count) & (parts["hidden"] >= limits.count)
    enough &= (parts["people"] >= limits.population) & (parts["number"] >= limits.parts)
    out: Bools = (enough | (parts["number"] == 0)).to_numpy(dtype="bool")
    return out


def suppress_parts(parts: Floats, wholes: Floats, limits: Limits = LIMITS) -> Bools:
    """Return which parts of wholes to hide where every whole is known: all, where two will not do.

    Parameters
    ----------
    parts : array of float, shape (n_units, n_parts)
        Persons or households; what is not known (NaN) is hidden.
    wholes : array of float, shape (n_units,)
        What the parts of a unit add up to, or are a part of.
    limits : Limits
        From where a figure may be shown.

    Returns
    -------
    array of bool, shape (n_units, n_parts)

    Examples
    --------
    >>> suppress_parts(np.array([[5.0, 40.0, 90.0]]), np.array([135.0]))
    array([[ True,  True, False]])
    """
    hidden: Bools = too_small(parts, wholes[:, None], limits)
    for unit in np.flatnonzero(hidden.any(axis=1) & ~hidden.all(axis=1)):
        counts = np.nan_to_num(parts[unit])
        for part in np.argsort(counts, kind="stable"):
            of_hidden = counts[hidden[unit]].sum()
            if hidden[unit].sum() >= limits.parts and of_hidden >= limits.count:
                break
            hidden[unit, part] = True
    return hidden


def pool(sizes: Ints, least: int) -> Ints:
    """Return a number for every class, the same for classes that are taken together.

    Parameters
    ----------
    sizes : array of int, shape (n_classes,)
        Units in every class, in order.
    least : int
        Units that classes have at least, taken together.

    Returns
    -------
    array of int, shape (n_classes,)
        A class with too few goes with the next; what is left goes with the last that is large
        enough.

    Examples
    --------
    >>> pool(np.array([1, 9, 30, 7, 3, 2]), 10)
    array([0, 0, 1, 2, 2, 2])
    """
    number, count, out = 0, 0, []
    for size in sizes:
        out.append(number)
        count += size
        if count >= least:
            number, count = number + 1, 0
    if count and number:
        out = [min(group, number - 1) for group in out]
    return np.array(out, dtype=np.intp)
