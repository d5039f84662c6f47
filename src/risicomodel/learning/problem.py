"""The learning problem of a domain: its rows, its features, and which rows can be trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import storage
from risicomodel.core.arrays import Ints
from risicomodel.data import features
from risicomodel.data.domains import clients_column, population_column, status_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.features import FeatureSet


@dataclass(frozen=True, eq=False)  # compared by identity: comparing its tables would be slow
class Problem:
    """One domain, ready to train on: the panel, its features, and which rows count.

    Parameters
    ----------
    domain : str
        The domain's name.
    wijken : DataFrame
        The panel of n rows, sorted by key, with a range index.
    x, x_vintage : DataFrame of float64, shape (n, p)
        The features this domain may use: as published by now, and as published at the time.
    usable : Series of bool, shape (n,)
        Rows with a figure on enough people.
    fingerprint : str
        Hash of all of the above; part of the cache's keys.
    """

    domain: str
    wijken: pd.DataFrame
    x: pd.DataFrame
    x_vintage: pd.DataFrame
    usable: pd.Series
    fingerprint: str

    def rates(self, index: Ints) -> tuple[Any, Any]:
        """Return the published rate and the population of some rows.

        Parameters
        ----------
        index : array of int, shape (m,)
            Row positions in the panel.

        Returns
        -------
        rate : array of shape (m,)
            Clients per person at risk (0–1); NaN where it is not published.
        population : array of shape (m,)
            Persons at risk.
        """
        rows = self.wijken.iloc[index]
        population = rows[population_column(self.domain)].to_numpy(dtype="float64")
        clients = rows[clients_column(self.domain)].to_numpy(dtype="float64")
        rate = np.divide(
            clients, population, out=np.full_like(clients, np.nan), where=population > 0
        )
        return rate, population


def usable_rows(wijken: pd.DataFrame, domain: str, min_population: int) -> pd.Series:
    """Return which rows have a published figure on enough people.

    Parameters
    ----------
    wijken : DataFrame
        The panel, with the domain's ``_status`` and ``_population`` (persons at risk); n rows.
    domain : str
        The domain's name.
    min_population : int
        The smallest number of persons at risk.

    Returns
    -------
    Series of bool, shape (n,)

    Examples
    --------
    >>> wijken = pd.DataFrame(
    ...     {"wmo_status": ["observed", "suppressed", "observed"], "wmo_population": [900, 40, 60]}
    ... )
    >>> usable_rows(wijken, "wmo", min_population=100).tolist()
    [True, False, False]
    """
    observed = wijken[status_column(domain)] == "observed"
    return observed & (wijken[population_column(domain)] >= min_population)


def build_problems(
    wijken: pd.DataFrame,
    names: Mapping[str, list[str]],
    feature_set: FeatureSet,
    min_population: int,
) -> list[Problem]:
    """Build the learning problem of every domain; those with the same features share one table.

    Parameters
    ----------
    wijken : DataFrame
        The panel, sorted by key, with a range index.
    names : mapping of str to list of str
        By domain, the features it may use.
    feature_set : FeatureSet
        The declared features.
    min_population : int
        Rows with fewer persons at risk are not usable.

    Returns
    -------
    list of Problem
        In the order of ``names``.
    """
    x = features.compute(feature_set, wijken)
    x_vintage = features.compute(feature_set, features.vintage(wijken))
    return [
        _build(wijken, domain, _select(x, chosen), _select(x_vintage, chosen), min_population)
        for domain, chosen in names.items()
    ]


def _select(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return some columns; if these are all of them, the table itself and not a copy."""
    return table if list(table.columns) == names else table[names]


def _build(
    wijken: pd.DataFrame,
    domain: str,
    x: pd.DataFrame,
    x_vintage: pd.DataFrame,
    min_population: int,
) -> Problem:
    usable = usable_rows(wijken, domain, min_population)
    figures = wijken[_columns_for_fits(domain)].assign(usable=usable)
    hashes = [storage.sha256_frame(table) for table in (figures, x, x_vintage)]
    return Problem(domain, wijken, x, x_vintage, usable, storage.sha256_json(hashes))


def _columns_for_fits(domain: str) -> list[str]:
    """Return the panel's columns that folds and fits use."""
    keys = ["wijk_code", "year", "gm_code", "gm_group", "wijk_group", "place_id"]
    return [*keys, clients_column(domain), population_column(domain)]


def slim(problem: Problem) -> Problem:
    """Return a problem without the panel columns that only evaluation uses.

    Parameters
    ----------
    problem : Problem
        With the whole panel.

    Returns
    -------
    Problem
        Its ``wijken`` keeps keys, clients and population: small enough to send to other machines.
    """
    return replace(problem, wijken=problem.wijken[_columns_for_fits(problem.domain)])
