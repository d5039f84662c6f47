"""Back-test of the totals of gemeenten: beside the totals published since, and the last one.

Where a domain has no published totals in most years (bijstand), the sum of the published wijken
stands in, and is scored apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import groups, metrics
from risicomodel.data.domains import clients_column, population_column
from risicomodel.results.forecasting import backtest, components, forecast_intervals
from risicomodel.results.forecasting.cohorts import INHABITANTS
from risicomodel.results.forecasting.gemeente_totals import carry_totals, links_between_gemeenten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.learning.problem import Problem
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.on_totals import OnTotals
    from risicomodel.results.forecasting.origins import History

PUBLISHED, STAND_IN = "published total", "sum of wijken"
LAST = "last_total"
# Least share of gemeenten with a published total, for those without one to be left out.
MOSTLY = 0.5
UNASSIGNED, UNASSIGNED_SINCE = "unassigned", "unassigned_since"
# Least share of a gemeente's people in wijken with a figure, for their sum to be compared with the
# total.
COVERED = 0.95
CARRIED = ["forecast", "shared_error", "own_error", "population", LAST, UNASSIGNED]


def trials_of_totals(
    problem: Problem,
    history: History,
    decomposition: Decomposition,
    crosswalk: Crosswalk,
    forecasts: Mapping[str, OnTotals],
    *,
    gemeenten: pd.DataFrame,
) -> pd.DataFrame:
    """Compare forecasts of totals from one origin with the totals published since.

    Parameters
    ----------
    problem : Problem
        The domain's problem, with figures after the origin.
    history : History
        What was known at the origin.
    decomposition : Decomposition
        The components of the forecasts of wijken.
    crosswalk : Crosswalk
        Between areas of two years.
    forecasts : mapping of str to OnTotals
        By model, from :func:`risicomodel.results.forecasting.on_totals.forecast`.
    gemeenten : DataFrame
        The panel's published totals.

    Returns
    -------
    DataFrame
        A row per gemeente, model and year ahead: ``domain``, ``model``, ``origin_year``, ``year``,
        ``horizon``, ``gm_code``, ``gm_group``, ``clients`` (published), ``forecast``,
        ``last_total``, ``unassigned`` and ``unassigned_since`` (persons without a known wijk, as
        forecast and as it turned out; NaN where wijken lack figures), ``population``,
        ``shared_error``, ``own_error`` and ``base``: whether the origin has a total of the
        gemeente, without which there is no ``last_total``.
    """
    out = []
    for h in range(len(decomposition.drift)):
        year = history.origin + h + 1
        rows = problem.wijken[problem.wijken["year"] == year].assign(
            people=lambda table: table[INHABITANTS]
        )
        since = _published_since(problem, gemeenten, rows, year)
        if since.empty:
            continue
        links = links_between_gemeenten(history.areas, rows, crosswalk.links(history.areas, rows))
        for model, one in forecasts.items():
            at_origin = _at_origin(history, problem.domain, decomposition, one, h)
            for base, of_base in ((PUBLISHED, one.published), (STAND_IN, ~one.published)):
                carried = carry_totals(at_origin[of_base], links, since.index)
                table = pd.DataFrame(carried, index=since.index, columns=CARRIED).join(since)
                table = _relative(table.dropna(subset=["forecast", "clients"]))
                out.append(table.assign(base=base, model=model, year=year, horizon=h + 1))
    if not out:
        return pd.DataFrame()
    return pd.concat(out, ignore_index=True).assign(
        domain=problem.domain, origin_year=history.origin
    )


def _relative(carried: pd.DataFrame) -> pd.DataFrame:
    """Return errors as shares of the forecast again: counts are what is carried."""
    errors = ["shared_error", "own_error"]
    return carried.assign(**carried[errors].div(carried["forecast"], axis=0)).reset_index()


def _published_since(
    problem: Problem, gemeenten: pd.DataFrame, rows: pd.DataFrame, year: int
) -> pd.DataFrame:
    """Return what was published of a year, on ``gm_code``: total, and clients without a wijk."""
    column = clients_column(problem.domain)
    of_year = gemeenten[gemeenten["year"] == year]
    totals = of_year.reindex(columns=["gm_code", column]).dropna().set_index("gm_code")[column]
    totals = totals[totals > 0].rename("clients")
    published = backtest.published(problem.wijken, problem.domain, year)
    sums = published.groupby("gm_code")[[column, population_column(problem.domain)]].sum()
    people = rows.groupby("gm_code")[population_column(problem.domain)].sum()
    covered = sums[population_column(problem.domain)] >= COVERED * people.reindex(sums.index)
    without = totals - sums[column].where(covered).reindex(totals.index)
    group = rows.groupby("gm_code")["gm_group"].first()
    table = pd.DataFrame({"clients": totals, UNASSIGNED_SINCE: without})
    return table.assign(gm_group=group.reindex(table.index)).dropna(subset=["gm_group"])


def _at_origin(
    history: History, domain: str, decomposition: Decomposition, one: OnTotals, h: int
) -> pd.DataFrame:
    """Return what is carried to the gemeenten of the year: counts, all of them."""
    gm = one.codes.get_indexer(pd.Index(history.areas["gm_code"]))
    wijken = np.nan_to_num(one.wijken[:, h])
    shared = wijken * decomposition.shared_error[:, h]
    squared = (wijken * decomposition.own_error[:, h]) ** 2
    people = np.nan_to_num(decomposition.population[:, h])
    sums = groups.sums(np.stack([wijken, shared, squared, people], axis=1), gm)
    total = one.totals[:, h]
    last = history.totals[domain].clients[:, -1]
    scale = total / sums[:, 0].clip(1e-9)
    return pd.DataFrame(
        {
            "forecast": total,
            "shared_error": sums[:, 1] * scale,
            "own_error": np.sqrt(sums[:, 2]) * scale,
            "population": sums[:, 3],
            LAST: last,
            UNASSIGNED: total - sums[:, 0],
        },
        index=one.codes,
    )


def by_wijken(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of a domain without published totals: sums of its wijken's.

    Parameters
    ----------
    trials : DataFrame
        From :func:`risicomodel.results.forecasting.backtest.trials_of_origin`.

    Returns
    -------
    DataFrame
        As :func:`trials_of_totals` gives them.
    """
    by = ["domain", "origin_year", "year", "horizon", "gm_code", "gm_group"]
    linked = trials[trials["basis"] != backtest.UNLINKED]
    sums = [
        forecast_intervals.sum_forecasts(backtest.trials_of_model(linked, model), by).assign(
            model=model
        )
        for model in components.MODELS
    ]
    table = pd.concat(sums, ignore_index=True)
    last = table[table["model"] == components.PERSISTENCE].set_index(by)["forecast"].rename(LAST)
    return table.join(last, on=by).assign(base=STAND_IN)


def are_scarce(of_totals: pd.DataFrame, trials: pd.DataFrame) -> bool:
    """Return whether so few gemeenten have published totals that sums of wijken must stand in.

    Parameters
    ----------
    of_totals : DataFrame
        Of one domain, from :func:`trials_of_totals`.
    trials : DataFrame
        Of its wijken, from :func:`risicomodel.results.forecasting.backtest.trials_of_origin`.
    """
    if of_totals.empty:
        return True
    published = of_totals["base"].eq(PUBLISHED).sum()
    return bool(published <= MOSTLY * len(by_wijken(trials)))


def with_stand_ins(of_totals: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of totals, and for other gemeenten and years the sums of their wijken.

    Parameters
    ----------
    of_totals : DataFrame
        Of one domain, from :func:`trials_of_totals`.
    trials : DataFrame
        Of its wijken, from :func:`risicomodel.results.forecasting.backtest.trials_of_origin`.

    Returns
    -------
    DataFrame
        As :func:`trials_of_totals` gives them.
    """
    key = ["model", "origin_year", "horizon", "gm_code"]
    sums = by_wijken(trials)
    if of_totals.empty:
        return sums
    published = of_totals[of_totals["base"] == PUBLISHED]
    rest = ~pd.MultiIndex.from_frame(sums[key]).isin(pd.MultiIndex.from_frame(published[key]))
    return pd.concat([published, sums[rest]], ignore_index=True)


def score(trials: pd.DataFrame) -> pd.DataFrame:
    """Score forecasts of totals beside the last total unchanged, on either base apart.

    Where there are published totals of most gemeenten, those without one at the origin are not
    scored: they have no last total.

    Parameters
    ----------
    trials : DataFrame
        Of one domain, from :func:`with_stand_ins`.

    Returns
    -------
    DataFrame
        Per ``domain``, ``origin_year`` (text; ``all`` is their mean), ``horizon`` and ``model``:
        ``base``, ``wape``, ``bias``, ``wape_last`` and ``bias_last`` (of the last total, for the
        same gemeenten), ``n_gemeenten``, ``n_origins``.
    """
    scored = trials[trials[LAST].notna()]
    return pd.concat(
        [_score(part, str(base)) for base, part in scored.groupby("base")], ignore_index=True
    )


def _score(trials: pd.DataFrame, base: str) -> pd.DataFrame:
    keys = ["domain", "origin_year", "horizon", "model"]
    rows = []
    for key, part in trials.groupby(keys, observed=True):
        clients, forecast, last = (part[c].to_numpy() for c in ("clients", "forecast", LAST))
        measures = {
            "wape": metrics.wape_of_counts(clients, forecast),
            "bias": metrics.bias_of_counts(clients, forecast),
            "wape_last": metrics.wape_of_counts(clients, last),
            "bias_last": metrics.bias_of_counts(clients, last),
            "n_gemeenten": len(part),
        }
        rows.append({**dict(zip(keys, key, strict=True)), **measures})
    per_origin = pd.DataFrame(rows)
    by = ["domain", "horizon", "model"]
    mean = per_origin.drop(columns="origin_year").groupby(by, observed=True).mean().reset_index()
    counts = per_origin.groupby(by, observed=True)["origin_year"].nunique()
    mean["n_origins"] = counts.to_numpy()
    table = pd.concat([per_origin.assign(n_origins=1), mean.assign(origin_year="all")])
    table["n_gemeenten"] = table["n_gemeenten"].round().astype("int64")
    table = table.astype({"origin_year": "str", "domain": "str"}).assign(base=base)
    return table.sort_values(keys, ignore_index=True)
