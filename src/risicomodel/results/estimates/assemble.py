"""Assemble estimates: published figures, else what model and history say, benchmarked to totals.

For every wijk and year the published figure, with the interval that rounding leaves open; where
there is none, the estimate of :mod:`risicomodel.results.estimates.unit_estimates`. Then the wijken
of a gemeente are made to add up to its published total
(:mod:`risicomodel.results.estimates.benchmarking`).
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
        Largest factor by which wijken with published figures are scaled, up or down. If more would
        be needed, total and wijken do not belong together, and nothing is scaled.
    """

    add_up: bool = True
    most_moved: float = 2.0


@dataclass(frozen=True)
class Estimates:
    """One domain's estimates by one model.

    Parameters
    ----------
    rows : DataFrame
        The columns of ``predictions.parquet``, with ``basis`` and ``moved``.
    adding_up : DataFrame
        The comparison with published totals, from
        :func:`risicomodel.results.estimates.benchmarking.compare_totals`.
    """

    rows: pd.DataFrame
    adding_up: pd.DataFrame


def estimate(
    units: pd.DataFrame,
    problem: Problem,
    domain: Domain,
    totals: pd.DataFrame,
    settings: EstimateSettings,
) -> Estimates:
    """Estimate every wijk and year of one domain with one model.

    Parameters
    ----------
    units : DataFrame
        Estimates as if every cell were blank, from
        :func:`risicomodel.results.estimates.unit_estimates.estimate_units`.
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    totals : DataFrame
        Published totals: ``gm_code``, ``year``, ``<domain>_clients`` (persons).
    settings : EstimateSettings
        Whether to benchmark, and the largest factor.

    Returns
    -------
    Estimates
        A row per wijk and year with features, and the comparison with totals.
    """
    persons, filled, published = _clients_before_benchmarking(units, problem, domain)
    before = problem.wijken[benchmarking.KEY].assign(clients=persons[:, 0], published=published)
    name = clients_column(problem.domain)
    published_totals = totals[[*benchmarking.KEY, name]].dropna().rename(columns={name: "total"})
    compared = benchmarking.compare_totals(
        before, published_totals, domain.rounded_to, settings.most_moved
    )
    if not settings.add_up:
        compared = benchmarking.without_adjustment(compared)
    factor = benchmarking.adjustment_factors(before, compared)
    table = before.assign(basis=units["basis"].mask(published, PUBLISHED), factor=factor)
    rows = _rows(problem, units, table, persons, filled)
    return Estimates(rows, compared.assign(domain=problem.domain, model=units["model"].iloc[0]))


def _clients_before_benchmarking(
    units: pd.DataFrame, problem: Problem, domain: Domain
) -> tuple[Floats, Floats, Bools]:
    """Return (rows, 3) arrays of figure, lower and upper: in persons, and in rate as if blank."""
    wijken, name = problem.wijken, problem.domain
    population = wijken[population_column(name)].fillna(0.0).to_numpy()
    published = (wijken[status_column(name)] == "observed").to_numpy()
    # where CBS suppresses small counts, a blank cell was a small count
    blanked = (wijken[status_column(name)] == "suppressed").to_numpy() & (domain.blank_below > 0)
    filled = units[["rate", "lower", "upper"]].to_numpy(copy=True)
    if blanked.any():
        filled[blanked] = _given_suppressed(
            filled[blanked], population[blanked], _smallest_published(domain)
        )
    half = domain.rounded_to / 2
    clients = wijken[clients_column(name)].to_numpy(dtype="float64")
    shown = (clients[:, None] + np.array([0.0, -half, half])).clip(0.0)
    persons = np.where(published[:, None], shown, filled * population[:, None])
    return persons, filled, published


def _smallest_published(domain: Domain) -> int:
    """Return the smallest count that CBS rounds to a figure it publishes: 8, for 10 in fives.

    CBS rounds before it suppresses: as many wijken are published with 10 as there would be if 8 to
    12 were all shown.
    """
    return -(-(2 * domain.blank_below - domain.rounded_to) // 2)


def _given_suppressed(rates: Floats, population: Floats, below: int) -> Floats:
    """Return figure, lower and upper rate given that the count is below what CBS publishes.

    The mean of a Poisson count conditional on being less than ``below``, and the shortest run of
    counts with 90% of its probability. The lower limit stays where it was lower already: a wijk
    that was expected to have twelve clients and is blank may well have six, or the model may have
    expected too many.

    Parameters
    ----------
    rates : array of shape (rows, 3)
        Rate, lower and upper before conditioning.
    population : array of shape (rows,)
        Persons at risk.
    below : int
        The smallest count that is published.
    """
    from scipy.stats import poisson

    n = np.clip(population, 1.0, None)
    # beyond three times the limit, probabilities are too small to divide by
    clients = np.clip(rates[:, 0] * n, 0.0, 3.0 * below)
    chance = poisson.pmf(np.arange(below), clients[:, None])
    chance /= chance.sum(axis=1, keepdims=True)
    mean = chance @ np.arange(below)
    least, most = _shortest_interval(chance)
    lower = np.minimum(rates[:, 1] * n, np.minimum(least, mean))
    out: Floats = np.stack([mean, lower, np.maximum(most, mean)], axis=1) / n[:, None]
    return np.clip(out, 0.0, 1.0)


def _shortest_interval(chance: Floats) -> Floats:
    """Return first and last of the shortest run of counts with 90% of the probability.

    Of runs of the same length, the one with most probability.

    Parameters
    ----------
    chance : array of shape (rows, counts)
        Probability of the counts 0, 1, 2 …
    """
    before = np.pad(chance.cumsum(axis=1), ((0, 0), (1, 0)))
    first, last = np.triu_indices(chance.shape[1])
    held = before[:, last + 1] - before[:, first]
    # length decides; probability, which is below one, breaks ties
    rank = np.where(held >= conformal.CONFIDENCE, (last - first) - held, np.inf)
    best = rank.argmin(axis=1)
    out: Floats = np.stack([first[best], last[best]]).astype("float64")
    return out


def _rows(
    problem: Problem, units: pd.DataFrame, table: pd.DataFrame, persons: Floats, filled: Floats
) -> pd.DataFrame:
    wijken, name = problem.wijken, problem.domain
    population = wijken[population_column(name)].fillna(0.0).to_numpy()
    at_risk, factor = population > 0, table["factor"].to_numpy()
    # a wijk with nobody at risk has no rate of its own: it keeps the model's, and has no clients
    rates = np.divide(persons, population[:, None], out=filled.copy(), where=at_risk[:, None])
    clients = wijken[clients_column(name)].to_numpy(dtype="float64")
    no_rate = np.full(len(wijken), np.nan)
    return pd.DataFrame(
        {
            "domain": name,
            "wijk_code": wijken["wijk_code"],
            "year": wijken["year"],
            "kind": "estimate",
            "model": units["model"],
            "rate": np.clip(rates[:, 0] * factor, 0.0, 1.0),
            # the interval contains the figure both before and after scaling
            "lower": np.clip(rates[:, 1] * np.minimum(factor, 1), 0.0, 1.0),
            "upper": np.clip(rates[:, 2] * np.maximum(factor, 1), 0.0, 1.0),
            "clients": persons[:, 0] * factor,
            "population": population,
            "observed_rate": np.divide(clients, population, out=no_rate, where=at_risk),
            "fold": units["fold"].astype("int64"),
            "basis": table["basis"],
            "moved": persons[:, 0] * (factor - 1),
        }
    )
