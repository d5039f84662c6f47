"""A domain's learning problem: its rows, its features, and which rows can be learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Ints
from risicomodel.data import features as features_module
from risicomodel.data.domains import clients_column, population_column, status_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.features import FeatureSet


@dataclass(frozen=True, eq=False)  # one is itself only: what it holds cannot be compared cheaply
class Problem:
    """One domain, ready to learn: the panel with features, and which rows count.

    Parameters
    ----------
    domain : str
        The domain's name.
    wijken : DataFrame
        The panel, sorted by key, with a range index.
    x, x_vintage : DataFrame
        Features this domain may use, as published and as they were out at the time.
    usable : Series of bool
        Rows with a figure on enough people.
    fingerprint : str
        Hash of all of the above: the cache's key.
    """

    domain: str
    wijken: pd.DataFrame
    x: pd.DataFrame
    x_vintage: pd.DataFrame
    usable: pd.Series
    fingerprint: str

    def rates(self, index: Ints) -> tuple[Any, Any]:
        """Return the published rate (NaN where unknown) and the population of some rows."""
        rows = self.wijken.iloc[index]
        population = rows[population_column(self.domain)].to_numpy(dtype="float64")
        clients = rows[clients_column(self.domain)].to_numpy(dtype="float64")
        rate = np.divide(
            clients, population, out=np.full_like(clients, np.nan), where=population > 0
        )
        return rate, population


def usable_rows(wijken: pd.DataFrame, domain: str, min_population: int) -> pd.Series:
    """Return which rows have a figure on at least ``min_population`` persons at risk."""
    observed = wijken[status_column(domain)] == "observed"
    return observed & (wijken[population_column(domain)] >= min_population)


def pose(
    wijken: pd.DataFrame, names: Mapping[str, list[str]], features: FeatureSet, min_population: int
) -> list[Problem]:
    """Put together the problem of every domain; those that use the same features share them.

    Parameters
    ----------
    names : mapping
        By domain, the features it may use.
    """
    x = features_module.compute(features, wijken)
    x_vintage = features_module.compute(features, features_module.vintage(wijken))
    return [
        _pose(wijken, domain, _of(x, chosen), _of(x_vintage, chosen), min_population)
        for domain, chosen in names.items()
    ]


def _of(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return some columns; the table itself, and no copy, where these are all."""
    return table if list(table.columns) == names else table[names]


def _pose(
    wijken: pd.DataFrame,
    domain: str,
    x: pd.DataFrame,
    x_vintage: pd.DataFrame,
    min_population: int,
) -> Problem:
    from risicomodel.core import storage

    usable = usable_rows(wijken, domain, min_population)
    figures = wijken[_needed(domain)].assign(usable=usable)
    hashes = [storage.sha256_frame(table) for table in (figures, x, x_vintage)]
    return Problem(domain, wijken, x, x_vintage, usable, storage.sha256_json(hashes))


def _needed(domain: str) -> list[str]:
    """Return the panel's columns that folds and fits use."""
    keys = ["wijk_code", "year", "gm_code", "gm_group", "wijk_group", "place_id"]
    return [*keys, clients_column(domain), population_column(domain)]


def bare(problem: Problem) -> Problem:
    """Return a problem without the columns that only evaluation uses."""
    return replace(problem, wijken=problem.wijken[_needed(problem.domain)])
