"""Assemble estimates: published figures, else what the rest of the gemeente's figures say.

For every wijk and year the published figure, with the interval that rounding leaves open; where
there is none, the estimate of :mod:`risicomodel.results.estimates.blank_cells`. People whose wijk
CBS does not know are a row of their own (:mod:`risicomodel.results.estimates.unassigned`): with it
the wijken of a gemeente are its published total. If asked, they are shared out over the wijken
instead (:mod:`risicomodel.results.estimates.benchmarking`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.results.estimates import benchmarking, suppressed, unassigned

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.learning.problem import Problem
    from risicomodel.results.estimates.blank_cells import Blanks


PUBLISHED = "published"


@dataclass
class EstimateSettings:
    """How to estimate, as in ``configs/config.yaml``.

    Parameters
    ----------
    share_unassigned : bool
        Share people whose wijk CBS does not know out over the wijken of their gemeente, so that
        these alone add up to its published total. Otherwise they are a row of their own.
    most_moved : float
        Largest factor by which wijken with published figures are scaled, up or down. If more would
        be needed, total and wijken do not belong together, and nothing is scaled.
    """

    share_unassigned: bool = False
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
    unassigned : DataFrame
        People without a known wijk, from :func:`risicomodel.results.estimates.unassigned.table`.
    """

    rows: pd.DataFrame
    adding_up: pd.DataFrame
    unassigned: pd.DataFrame


def estimate(
    blanks: Blanks,
    problem: Problem,
    domain: Domain,
    totals: pd.DataFrame,
    settings: EstimateSettings,
) -> Estimates:
    """Estimate every wijk and year of one domain with one model.

    Parameters
    ----------
    blanks : Blanks
        Estimates as if every cell were blank, from
        :func:`risicomodel.results.estimates.blank_cells.estimate_blanks`.
    problem : Problem
        The domain's problem.
    domain : Domain
        Its declaration.
    totals : DataFrame
        Published totals: ``gm_code``, ``year``, ``<domain>_clients`` (persons).
    settings : EstimateSettings
        Whether to share people without a known wijk out, and the largest factor.

    Returns
    -------
    Estimates
        A row per wijk and year with features, the comparison with totals, and people without a
        known wijk.
    """
    units = blanks.units
    persons, filled, published = _clients_before_benchmarking(units, problem, domain)
    before = problem.wijken[benchmarking.KEY].assign(clients=persons[:, 0], published=published)
    name = clients_column(problem.domain)
    published_totals = totals[[*benchmarking.KEY, name]].dropna().rename(columns={name: "total"})
    compared = benchmarking.compare_totals(
        before, published_totals, domain.rounded_to, settings.most_moved
    )
    if not settings.share_unassigned:
        compared = benchmarking.without_adjustment(compared)
    factor = benchmarking.adjustment_factors(before, compared)
    table = before.assign(basis=units["basis"].mask(published, PUBLISHED), factor=factor)
    rows = _rows(problem, units, table, persons, filled)
    of_wijken = before.assign(clients=rows["clients"])
    rest = unassigned.table(of_wijken, blanks.shares, domain.rounded_to)
    labels = {"domain": problem.domain, "model": units["model"].iloc[0]}
    return Estimates(rows, compared.assign(**labels), rest.assign(**labels))


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
        filled[blanked] = suppressed.given_suppressed(
            filled[blanked], population[blanked], suppressed.smallest_published(domain)
        )
    half = domain.rounded_to / 2
    clients = wijken[clients_column(name)].to_numpy(dtype="float64")
    shown = (clients[:, None] + np.array([0.0, -half, half])).clip(0.0)
    persons = np.where(published[:, None], shown, filled * population[:, None])
    return persons, filled, published


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
            "population_year": wijken["feature_year"].astype("int64"),
            "observed_rate": np.divide(clients, population, out=no_rate, where=at_risk),
            "fold": units["fold"].astype("int64"),
            "basis": table["basis"],
            "moved": persons[:, 0] * (factor - 1),
        }
    )
