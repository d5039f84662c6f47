"""Evaluation protocols: which rows are predicted, and which rates a model may use to do so.

A score means nothing without the name of its protocol:

``unseen_gemeente``
    Folds by gemeente (merged gemeenten together): the model predicts a gemeente it has never seen.
``unseen_wijk``
    Folds by wijk, with all years of a wijk in one fold; the rate of the gemeente's published wijken
    is revealed. With ``level=buurt`` buurten are held out instead. Other buurten of the same wijk,
    often very similar, then remain in the training rows: the score is that of a hidden buurt, not
    of a hidden wijk.
``unseen_year``
    One year of a wijk is blank; its other years are known, and so is the rate of its gemeente's
    published wijken, the blank one among them. No model is fitted for this protocol.
``blank_cell``
    One cell is blank, and no known rate holds it: the rest of what is published is known, the
    gemeente's total where CBS publishes one. No model is fitted: it is how estimates of cells are
    scored.
``blank_gemeente``
    All wijken of a gemeente are blank in one year, and its total too; other years are known. No
    model is fitted: it is how estimates of gemeenten that did not deliver are scored.
``next_years``
    Train on the years up to T and predict T + 1 … T + h, with features as published at T. Only
    rates are predicted; the population is that of the predicted year itself. T is the origin year.
``random``
    Rows at random. Included only to show how flattering such a score is: other years of the same
    wijk, and its neighbours, are in the training rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from risicomodel.core import levels
from risicomodel.core.arrays import Ints
from risicomodel.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNSEEN_GEMEENTE = "unseen_gemeente"
UNSEEN_WIJK = "unseen_wijk"
UNSEEN_YEAR = "unseen_year"  # no fits of its own: estimates come from the folds above
BLANK_CELL = "blank_cell"
BLANK_GEMEENTE = "blank_gemeente"
NEXT_YEARS = "next_years"
RANDOM = "random"

Revealed = Literal["nation", "gemeente", "history"]


@dataclass(frozen=True)
class Protocol:
    """How rows are grouped into folds, and which rate is revealed to the models.

    Parameters
    ----------
    name : str
        The protocol's name in tables and configuration.
    group : str
        Column whose values stay together in one fold; empty to assign every row separately.
    reveals : {"nation", "gemeente", "history"}
        The rate that models may use: the country's rate, the rate of the gemeente's published
        wijken in the same year, or that rate in the last year up to the origin year.

    Examples
    --------
    >>> PROTOCOLS["unseen_wijk"].group, PROTOCOLS["unseen_wijk"].reveals
    ('wijk_group', 'gemeente')
    """

    name: str
    group: str
    reveals: Revealed


PROTOCOLS: dict[str, Protocol] = {
    UNSEEN_GEMEENTE: Protocol(UNSEEN_GEMEENTE, "gm_group", "nation"),
    UNSEEN_WIJK: Protocol(UNSEEN_WIJK, "wijk_group", "gemeente"),
    NEXT_YEARS: Protocol(NEXT_YEARS, "", "history"),
    RANDOM: Protocol(RANDOM, "", "nation"),
}


@dataclass
class SplitSettings:
    """How models are evaluated, as in ``configs/split``.

    Parameters
    ----------
    protocols : list of str
        Which of the four protocols to run.
    folds : int
        Number of folds.
    score_years : list of int
        Years on which the cross-sectional protocols are scored; empty for every year with figures.
    min_population : int
        Wijken with fewer persons at risk are neither trained on nor scored: their rates are noise.
    origins : list of int
        Last training years of ``next_years``; empty for every year that leaves two years to train
        on.
    horizon : int
        How many years ahead to predict, at most.
    """

    protocols: list[str] = field(default_factory=lambda: list(PROTOCOLS))
    folds: int = 5
    score_years: list[int] = field(default_factory=list)
    min_population: int = 100
    origins: list[int] = field(default_factory=list)
    horizon: int = 3


@dataclass(frozen=True, eq=False)
class Fold:
    """One split into training and test rows.

    Parameters
    ----------
    fold : int
        Number of the fold; in ``next_years`` the origin year.
    train, test : array of int, shapes (n_train,) and (n_test,)
        Row positions in the panel. Test rows without a figure are predicted but not scored.
    features_from : array of int, shape (n_test,)
        For every test row, the position of the row its features are taken from: the row itself, or
        in ``next_years`` the same place's row in the origin year (-1 if the place did not exist
        then).
    origin : int or None
        Last year of the training rows, in ``next_years``.
    """

    fold: int
    train: Ints
    test: Ints
    features_from: Ints
    origin: int | None = None


def check(settings: SplitSettings) -> None:
    """Raise if the settings cannot be carried out.

    Parameters
    ----------
    settings : SplitSettings
        As configured.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    violations = [
        f"protocol '{name}' is unknown; expected one of {', '.join(PROTOCOLS)}"
        for name in settings.protocols
        if name not in PROTOCOLS
    ]
    if len(set(settings.protocols)) < len(settings.protocols):
        violations.append("a protocol is named twice; name each once")
    if not settings.protocols:
        violations.append(f"no protocol is named; name at least one of {', '.join(PROTOCOLS)}")
    if settings.folds < 2:  # noqa: PLR2004
        violations.append(f"folds is {settings.folds}; expected 2 or more")
    if settings.horizon < 1:
        violations.append(f"horizon is {settings.horizon}; expected 1 or more")
    if settings.min_population < 1:
        violations.append(f"min_population is {settings.min_population}; expected 1 or more")
    if violations:
        raise ConfigError("the split settings cannot be carried out; correct 'split':", violations)


def folds(
    protocol: Protocol,
    wijken: pd.DataFrame,
    usable: pd.Series,
    settings: SplitSettings,
    seed: int,
) -> Iterator[Fold]:
    """Yield the folds of a protocol.

    Parameters
    ----------
    protocol : Protocol
        One of :data:`PROTOCOLS`.
    wijken : DataFrame
        The panel, with ``wijk_code``, ``gm_group``, ``wijk_group``, ``place_id`` and ``year``; n
        rows.
    usable : Series of bool, shape (n,)
        Rows with a figure on enough people: only these are trained on.
    settings : SplitSettings
        Number of folds, origins and horizon.
    seed : int
        Seed of the assignment of groups to folds. A group's fold follows from its name, so the
        order of rows makes no difference.

    Yields
    ------
    Fold
        Every row is a test row of exactly one fold; in ``next_years`` every row up to ``horizon``
        years after an origin is a test row of that origin.

    Raises
    ------
    DataError
        If there are fewer groups than folds, or too few years.
    """
    if protocol.reveals == "history":
        yield from _origin_folds(wijken, usable, settings)
        return

    number = _fold_numbers(protocol, wijken, usable, settings.folds, seed)
    for k in range(settings.folds):
        test = np.flatnonzero(number == k)
        yield Fold(k, np.flatnonzero(usable.to_numpy() & (number != k)), test, test)


def _fold_numbers(
    protocol: Protocol, wijken: pd.DataFrame, usable: pd.Series, count: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return every row's fold by a hash of its group: adding a group moves no other group."""
    if protocol.group:
        group = wijken[protocol.group]
    else:
        group = wijken["wijk_code"] + "/" + wijken["year"].astype("str")
    with_figures = np.sort(group[usable].unique())
    if len(with_figures) < count:
        level = levels.of_code(str(wijken[levels.AREA].iloc[0]))
        what = "gemeenten" if protocol.name == UNSEEN_GEMEENTE else level.plural
        advice = (
            f"Set split.folds={len(with_figures)} or lower, or add data."
            if len(with_figures) > 1
            else "Lower split.min_population, add data, or leave the protocol out."
        )
        raise DataError(
            f"{protocol.name}: {len(with_figures)} {what} with figures for {count} folds; expected "
            f"at least one per fold. {advice}"
        )
    names = pd.Series(np.sort(group.unique()))
    hashed = pd.util.hash_array((f"{seed}/" + names).to_numpy(dtype="object"))
    number = pd.Series((hashed % np.uint64(count)).astype("int64"), index=names)
    if number[with_figures].nunique() < count:  # few groups: by chance a fold has no figures
        order = pd.Series(hashed, index=names).sort_values().index
        dealt = order[order.isin(with_figures)].append(order[~order.isin(with_figures)])
        number = pd.Series(np.arange(len(dealt)) % count, index=dealt)
    return group.map(number).to_numpy(dtype="int64")


def _origin_folds(
    wijken: pd.DataFrame, usable: pd.Series, settings: SplitSettings
) -> Iterator[Fold]:
    years = sorted(int(year) for year in wijken.loc[usable, "year"].unique())
    requested: Sequence[int] = settings.origins or years[1:-1]
    origins = [year for year in requested if year in years and year < years[-1]]
    if not origins:
        raise DataError(
            f"next_years: no origin is followed by a year with figures; figures exist for "
            f"{', '.join(map(str, years)) or 'no year'}, requested origins are "
            f"{', '.join(map(str, requested)) or 'none'}. Set split.origins, or leave next_years "
            "out of split.protocols."
        )
    for origin in origins:
        test, at_origin = _rows_ahead(wijken, origin, settings.horizon)
        train = np.flatnonzero((usable & (wijken["year"] <= origin)).to_numpy())
        yield Fold(origin, train, test, at_origin, origin)


def _rows_ahead(wijken: pd.DataFrame, origin: int, horizon: int) -> tuple[Ints, Ints]:
    """Return the rows of the years ahead and, for each, the same place's row at the origin.

    A wijk whose borders changed since the origin has no such row (-1): nothing was known of it, and
    its code does not lead to another area. It stays a test row, so that redrawn wijken count in the
    score.
    """
    year = wijken["year"]
    at_origin = np.flatnonzero((year == origin).to_numpy())
    by_place = pd.Series(at_origin, index=wijken["place_id"].iloc[at_origin])
    ahead = np.flatnonzero(((year > origin) & (year <= origin + horizon)).to_numpy())
    source = wijken["place_id"].iloc[ahead].map(by_place).fillna(-1)
    return ahead, source.to_numpy(dtype="int64")
