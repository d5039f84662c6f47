"""Put estimates together: published figures, else what history and model say, then add up.

For every wijk and year the published figure, with a band of what rounding hides; where there is
none, what :mod:`bases` says. Then the wijken of a gemeente are made to add up to its published
total (:mod:`adding_up`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.learning import conformal
from risicomodel.results.estimates import benchmarking

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.learning.problem import Problem


PUBLISHED = "published"


@dataclass
class EstimateSettings:
    """How to estimate, as in ``configs/config.yaml``.

    Parameters
    ----------
    add_up : bool
        Make the wijken of a gemeente add up to its published total.
    most_moved : float
        Where wijken with published figures would have to be scaled by more than this factor (or
        less than one over it), total and wijken do not belong together, and nothing is moved.
    """

    add_up: bool = True
    most_moved: float = 2.0


@dataclass(frozen=True)
class Estimates:
    """One domain's estimates.

    Parameters
    ----------
    rows : DataFrame
        The columns of ``predictions.parquet``, with ``basis`` and ``moved``.
    adding_up : DataFrame
        As :func:`adding_up.compare` gives it, per model.
    """

    rows: pd.DataFrame
    adding_up: pd.DataFrame


def estimate(
    found: pd.DataFrame,
    problem: Problem,
    domain: Domain,
    totals: pd.DataFrame,
    settings: EstimateSettings,
) -> Estimates:
    """Return one domain's estimates by one model.

    Parameters
    ----------
    found : DataFrame
        As :func:`bases.bases` gives it.
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    totals : DataFrame
        ``gm_code``, ``year``, ``<domain>_clients``: published totals.
    settings : EstimateSettings
        Whether and how far to move.
    """
    persons, filled, published = _persons(found, problem, domain)
    before = problem.wijken[benchmarking.KEY].assign(clients=persons[:, 0], published=published)
    name = clients_column(problem.domain)
    known = totals[[*benchmarking.KEY, name]].dropna().rename(columns={name: "total"})
    compared = benchmarking.compare(before, known, domain.rounded_to, settings.most_moved)
    if not settings.add_up:
        compared = benchmarking.untouched(compared)
    factor = benchmarking.factors(before, compared)
    table = before.assign(basis=found["basis"].mask(published, PUBLISHED), factor=factor)
    rows = _rows(problem, found, table, persons, filled)
    return Estimates(rows, compared.assign(domain=problem.domain, model=found["model"].iloc[0]))


def _persons(found: pd.DataFrame, problem: Problem, domain: Domain) -> tuple[Floats, Floats, Bools]:
    """Return figure, lower and upper in persons and, for cells as if blank, in rate."""
    wijken, name = problem.wijken, problem.domain
    population = wijken[population_column(name)].fillna(0.0).to_numpy()
    published = (wijken[status_column(name)] == "observed").to_numpy()
    # where CBS blanks small counts, a blank cell was small
    blanked = (wijken[status_column(name)] == "suppressed").to_numpy() & (domain.blank_below > 0)
    filled = found[["rate", "lower", "upper"]].to_numpy(copy=True)
    if blanked.any():
        filled[blanked] = _small(filled[blanked], population[blanked], _least_shown(domain))
    half = domain.rounded_to / 2
    clients = wijken[clients_column(name)].to_numpy(dtype="float64")
    shown = (clients[:, None] + np.array([0.0, -half, half])).clip(0.0)
    persons = np.where(published[:, None], shown, filled * population[:, None])
    return persons, filled, published


def _least_shown(domain: Domain) -> int:
    """Return the fewest persons that are rounded to a figure CBS shows: 8, of 10 in fives.

    CBS rounds first: as many wijken are published with 10 as there would be were 8 to 12 all shown.
    """
    return -(-(2 * domain.blank_below - domain.rounded_to) // 2)


def _small(rates: Floats, population: Floats, below: int) -> Floats:
    """Return figure, lower and upper given that a count is below what CBS publishes.

    The mean of a Poisson count that is known to be less than so many, and the fewest counts in a
    row that hold 90% of its chance; lower where the band was lower already: a wijk that would have
    had twelve clients and is blank may well have six, or may have been thought too much of.
    """
    from scipy.stats import poisson

    n = np.clip(population, 1.0, None)
    # beyond three times as many, chances are too small to divide by
    clients = np.clip(rates[:, 0] * n, 0.0, 3.0 * below)
    chance = poisson.pmf(np.arange(below), clients[:, None])
    chance /= chance.sum(axis=1, keepdims=True)
    mean = chance @ np.arange(below)
    least, most = _shortest(chance)
    lower = np.minimum(rates[:, 1] * n, np.minimum(least, mean))
    out: Floats = np.stack([mean, lower, np.maximum(most, mean)], axis=1) / n[:, None]
    return np.clip(out, 0.0, 1.0)


def _shortest(chance: Floats) -> Floats:
    """Return first and last of the fewest counts in a row with 90% of the chance; of as many, most.

    Parameters
    ----------
    chance : array of shape (rows, counts)
        Of the counts 0, 1, 2 …
    """
    before = np.pad(chance.cumsum(axis=1), ((0, 0), (1, 0)))
    first, last = np.triu_indices(chance.shape[1])
    held = before[:, last + 1] - before[:, first]
    # few counts go before much chance, which is below one
    rank = np.where(held >= conformal.LEVEL, (last - first) - held, np.inf)
    best = rank.argmin(axis=1)
    out: Floats = np.stack([first[best], last[best]]).astype("float64")
    return out


def _rows(
    problem: Problem, found: pd.DataFrame, table: pd.DataFrame, persons: Floats, filled: Floats
) -> pd.DataFrame:

    wijken, name = problem.wijken, problem.domain
    population = wijken[population_column(name)].fillna(0.0).to_numpy()
    anyone, factor = population > 0, table["factor"].to_numpy()
    # a wijk where nobody is at risk has no rate of its own: the model's stands, for no clients
    rates = np.divide(persons, population[:, None], out=filled.copy(), where=anyone[:, None])
    clients = wijken[clients_column(name)].to_numpy(dtype="float64")
    nobody = np.full(len(wijken), np.nan)
    return pd.DataFrame(
        {
            "domain": name,
            "wijk_code": wijken["wijk_code"],
            "year": wijken["year"],
            "kind": "estimate",
            "model": found["model"],
            "rate": np.clip(rates[:, 0] * factor, 0.0, 1.0),
            # the band holds the figure both before and after it was moved
            "lower": np.clip(rates[:, 1] * np.minimum(factor, 1), 0.0, 1.0),
            "upper": np.clip(rates[:, 2] * np.maximum(factor, 1), 0.0, 1.0),
            "clients": persons[:, 0] * factor,
            "population": population,
            "observed_rate": np.divide(clients, population, out=nobody, where=anyone),
            "fold": found["fold"].astype("int64"),
            "basis": table["basis"],
            "moved": persons[:, 0] * (factor - 1),
        }
    )
