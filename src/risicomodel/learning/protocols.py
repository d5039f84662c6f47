"""Protocols: what a model may know, and which rows it is asked about.

A score means nothing without its protocol:

``unseen_gemeente``
    Folds by gemeente (merged gemeenten together): a gemeente the model has never seen.
``unseen_wijk``
    Folds by wijk, all its years together; the total of the gemeente's published wijken is known.
    With ``level=buurt`` it is buurten that are hidden: other buurten of the same wijk, often much
    alike, stay in the training rows, so the score is of a hidden buurt and not of a hidden wijk.
``unseen_year``
    One year of a wijk is blank, its other years and its gemeente's published wijken are known. No
    model is fitted for it: it is what estimates are scored on.
``next_years``
    Train up to year T, predict T + 1 … T + h with features as they were out at T. Rates are asked;
    the number of people is that of the year itself.
``random``
    Rows at random. Only there to show how flattering it is: other years of the same wijk, and
    its neighbours, are in the training rows.
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
UNSEEN_YEAR = "unseen_year"  # not fitted: estimates come from the folds above
NEXT_YEARS = "next_years"
RANDOM = "random"

Knows = Literal["nation", "gemeente", "history"]


@dataclass(frozen=True)
class Protocol:
    """A way to test: how rows are grouped into folds and which level is known.

    Parameters
    ----------
    group : str
        Column whose values stay together in one fold; empty for rows on their own.
    knows : {"nation", "gemeente", "history"}
        The level a model is told: the country's rate, the rate of the gemeente's published wijken
        in the same year, or that rate in the last year until the origin.
    """

    name: str
    group: str
    knows: Knows


PROTOCOLS: dict[str, Protocol] = {
    UNSEEN_GEMEENTE: Protocol(UNSEEN_GEMEENTE, "gm_group", "nation"),
    UNSEEN_WIJK: Protocol(UNSEEN_WIJK, "wijk_group", "gemeente"),
    NEXT_YEARS: Protocol(NEXT_YEARS, "", "history"),
    RANDOM: Protocol(RANDOM, "", "nation"),
}


@dataclass
class SplitSettings:
    """How to test, as in ``configs/split``.

    Parameters
    ----------
    protocols : list of str
        Which of the four protocols to run.
    folds : int
        Number of folds.
    score_years : list of int
        Years the cross-sectional protocols are scored on; empty for every year with figures.
    min_population : int
        Wijken with fewer persons at risk neither train nor count: their rates are noise.
    origins : list of int
        Last training years of ``next_years``; empty for every year that leaves two to train on.
    horizon : int
        Years ahead, at most.
    """

    protocols: list[str] = field(default_factory=lambda: list(PROTOCOLS))
    folds: int = 5
    score_years: list[int] = field(default_factory=list)
    min_population: int = 100
    origins: list[int] = field(default_factory=list)
    horizon: int = 3


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and test set.

    Parameters
    ----------
    fold : int
        Number of the fold, or the origin's year in ``next_years``.
    train, test : array of int
        Row positions in the panel. Test rows may lack a figure: they are predicted, not scored.
    features_from : array of int
        For every test row, the row its features come from: itself, but in ``next_years`` its
        place's row at the origin, or -1 where the place was not there yet.
    origin : int or None
        Last year of the training rows, in ``next_years``.
    """

    fold: int
    train: Ints
    test: Ints
    features_from: Ints
    origin: int | None = None


def check(settings: SplitSettings) -> None:
    """Raise on settings that cannot be followed.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    wrong = [
        f"protocol '{name}' is unknown; allowed are {', '.join(PROTOCOLS)}"
        for name in settings.protocols
        if name not in PROTOCOLS
    ]
    if len(set(settings.protocols)) < len(settings.protocols):
        wrong.append("a protocol is named twice; name each once")
    if not settings.protocols:
        wrong.append(f"no protocol; name at least one of {', '.join(PROTOCOLS)}")
    if settings.folds < 2:  # noqa: PLR2004
        wrong.append(f"folds is {settings.folds}; allowed is 2 or more")
    if settings.horizon < 1:
        wrong.append(f"horizon is {settings.horizon}; allowed is 1 or more")
    if settings.min_population < 1:
        wrong.append(f"min_population is {settings.min_population}; allowed is 1 or more")
    if wrong:
        raise ConfigError("the split settings do not fit; correct 'split':", wrong)


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
        The panel, with ``gm_group``, ``wijk_group``, ``place_id`` and ``year``.
    usable : Series of bool
        Rows with a figure on enough people: only these train.
    settings : SplitSettings
        Number of folds, origins and horizon.
    seed : int
        Seed of the assignment, which goes by the groups' names: the order of rows changes nothing.

    Raises
    ------
    DataError
        If there are fewer groups than folds, or too few years.
    """
    if protocol.knows == "history":
        yield from _origins(wijken, usable, settings)
        return

    number = _fold_numbers(protocol, wijken, usable, settings.folds, seed)
    for k in range(settings.folds):
        test = np.flatnonzero(number == k)
        yield Fold(k, np.flatnonzero(usable.to_numpy() & (number != k)), test, test)


def _fold_numbers(
    protocol: Protocol, wijken: pd.DataFrame, usable: pd.Series, count: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return every row's fold: by a hash of its group, so that one more group moves no other."""
    if protocol.group:
        group = wijken[protocol.group]
    else:
        group = wijken["wijk_code"] + "/" + wijken["year"].astype("str")
    known = np.sort(group[usable].unique())
    if len(known) < count:
        level = levels.of_code(str(wijken[levels.AREA].iloc[0]))
        what = "gemeenten" if protocol.name == UNSEEN_GEMEENTE else level.plural
        advice = (
            f"Set split.folds={len(known)} or lower, or add data."
            if len(known) > 1
            else ("Lower split.min_population, add data, or leave the protocol out.")
        )
        raise DataError(
            f"{protocol.name}: {len(known)} {what} with figures for {count} folds; allowed is at "
            f"least one per fold. {advice}"
        )
    names = pd.Series(np.sort(group.unique()))
    hashed = pd.util.hash_array((f"{seed}/" + names).to_numpy(dtype="object"))
    number = pd.Series((hashed % np.uint64(count)).astype("int64"), index=names)
    if number[known].nunique() < count:  # so few groups that chance left a fold without figures
        order = pd.Series(hashed, index=names).sort_values().index
        first = order[order.isin(known)].append(order[~order.isin(known)])
        number = pd.Series(np.arange(len(first)) % count, index=first)
    return group.map(number).to_numpy(dtype="int64")


def _origins(wijken: pd.DataFrame, usable: pd.Series, settings: SplitSettings) -> Iterator[Fold]:

    years = sorted(int(year) for year in wijken.loc[usable, "year"].unique())
    wanted: Sequence[int] = settings.origins or years[1:-1]
    origins = [year for year in wanted if year in years and year < years[-1]]
    if not origins:
        raise DataError(
            f"next_years: no origin with a year after it; figures are there for "
            f"{', '.join(map(str, years)) or 'no year'}, origins asked for "
            f"{', '.join(map(str, wanted)) or 'none'}. Set split.origins, or leave next_years out "
            "of split.protocols."
        )
    for origin in origins:
        test, at_origin = _ahead(wijken, origin, settings.horizon)
        train = np.flatnonzero((usable & (wijken["year"] <= origin)).to_numpy())
        yield Fold(origin, train, test, at_origin, origin)


def _ahead(wijken: pd.DataFrame, origin: int, horizon: int) -> tuple[Ints, Ints]:
    """Return the rows of the years ahead and, for each, its place's row at the origin.

    A wijk drawn anew since has no row there (-1): nothing was known of it, and its code is not
    followed to another area. It stays in the test, so that redrawn wijken count in the score.
    """
    year = wijken["year"]
    here = np.flatnonzero((year == origin).to_numpy())
    by_place = pd.Series(here, index=wijken["place_id"].iloc[here])
    ahead = np.flatnonzero(((year > origin) & (year <= origin + horizon)).to_numpy())
    source = wijken["place_id"].iloc[ahead].map(by_place).fillna(-1)
    return ahead, source.to_numpy(dtype="int64")
