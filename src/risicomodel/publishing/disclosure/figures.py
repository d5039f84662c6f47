"""Figures of wijken and totals of gemeenten: what may be shown of a run's predictions.

All figures of a wijk in a year share one fate: what is too small to be counted is too small to be
estimated. What is expected stands apart, for no figure of the wijk has touched it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, own_column, status_column
from risicomodel.data.panel import names
from risicomodel.publishing.disclosure import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.publishing.disclosure.tables import Tables

# Greatest share of a published total that may be of no wijk in the panel. For youth care a fifth
# of the clients have no known wijk in one gemeente in ten; beyond a half, wijken are missing.
MOST_ELSEWHERE = 0.5

KEY = ["domain", AREA, "year"]
BY_GEMEENTE = ["domain", "gm_code", "year"]
SHOWN, HIDDEN = "shown", "hidden"
OBSERVED, SUPPRESSED, NOT_DELIVERED = "observed", "suppressed", "not_delivered"
PARTIAL = "partial"  # source of a total: wijken of a part of the gemeente are missing
FIGURES = [
    "observed", "observed_clients", "estimate", "estimate_lower", "estimate_upper",
    "estimate_clients",
]  # fmt: skip
EXPECTED = ["expected", "expected_lower", "expected_upper"]


def cells(tables: Tables) -> pd.DataFrame:
    """Return every domain, wijk and year with its figures, and whether those are too small.

    Parameters
    ----------
    tables : Tables
        Of a run.

    Returns
    -------
    DataFrame
        :data:`KEY`, ``gm_code``, estimate and expected with their bands (rates of 0–1),
        ``clients`` and ``population`` (persons), ``population_year`` (of those), ``published``
        (clients), ``own`` (whether the gemeente itself gave that), ``largest`` (the most clients
        that any figure is of), ``small``.
    """
    rows = tables.predictions
    rows = rows[~_is_forecast(rows, tables.forecasts)]
    wide = rows[rows["kind"] == "estimate"].drop(columns="kind").rename(columns=_named("estimate"))
    expected = rows[rows["kind"] == "expected"][[*KEY, "rate", "lower", "upper", "clients"]]
    wide = wide.merge(expected.rename(columns=_named("expected")), on=KEY, how="left")
    parts = []
    for domain in tables.domains:
        columns = {clients_column(domain): "published", status_column(domain): "status"}
        panel = tables.panel[[AREA, "year", "gm_code", *columns]].rename(columns=columns)
        panel["population_year"] = _population_year(tables, domain)
        panel["own"] = tables.panel.get(own_column(domain), False)
        parts.append(wide[wide["domain"] == domain].merge(panel, on=[AREA, "year"], how="inner"))
    out = pd.concat(parts, ignore_index=True)
    clients = out["estimate_clients"]
    # a wijk that CBS leaves blank where others have a figure is small, as far as anyone can tell
    out["small"] = (
        rules.too_small(clients, out["population"])
        | (out["published"] < rules.LIMITS.count)
        | out["status"].eq(SUPPRESSED)
    )
    return out.assign(clients=clients, largest=np.fmax(clients, out["published"]))


def _is_forecast(rows: pd.DataFrame, forecasts: pd.DataFrame | None) -> pd.Series:
    """Return which rows are of a year that is forecast: one figure of a place and year is enough.

    The estimate of a year without any figure knows who lives there; the forecast knows the last
    figures too.
    """
    if forecasts is None or forecasts.empty:
        return pd.Series(data=False, index=rows.index)
    first = rows["domain"].map(forecasts.groupby("domain")["year"].min())
    return rows["year"] >= first


def _population_year(tables: Tables, domain: str) -> pd.Series:
    """Return the year of the people that a domain's clients are divided by."""
    topic = names.columns()[next(iter(tables.domains[domain].population))].topic
    column = names.edition_column(topic)
    return tables.panel[column if column in tables.panel else "year"].astype("float64")


def _named(kind: str) -> dict[str, str]:
    names = {name: f"{kind}_{name}" for name in ("lower", "upper", "clients")}
    return {"rate": kind, **names}


def covered(rows: pd.DataFrame, totals: Mapping[Any, float]) -> tuple[pd.Series, pd.Series]:
    """Apply :func:`rules.suppress` to wijken within the total of their gemeente.

    Parameters
    ----------
    rows : DataFrame
        Per domain, wijk and year: ``gm_code``, ``clients``, ``population``, ``small``,
        ``largest``.
    totals : mapping of tuple to float
        Clients (persons) that are given, per domain, gemeente and year.

    Returns
    -------
    hidden, given : Series of bool
        By row, and by domain, gemeente and year.
    """
    names = {AREA: rules.UNIT, "clients": rules.COUNT, "population": rules.POPULATION,
             "small": rules.SMALL, "largest": rules.LARGEST}  # fmt: skip
    columns = rows[[*BY_GEMEENTE, *names]].rename(columns=names)
    return rules.suppress(columns, BY_GEMEENTE, totals)


def published(tables: Tables) -> dict[tuple[str, str, int], float]:
    """Return CBS's totals of gemeenten: clients (persons) per domain, gemeente and year.

    Parameters
    ----------
    tables : Tables
        Of a run.
    """
    out = {}
    for domain in tables.domains:
        totals = tables.gemeenten[["gm_code", "year", clients_column(domain)]].dropna()
        for code, year, clients in totals.itertuples(index=False):
            out[domain, code, int(year)] = float(clients)
    return out


def of_wijken(tables: Tables, rows: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """Return the figures of wijken, empty where hidden, clients to CBS's own rounding.

    Parameters
    ----------
    tables : Tables
        Of a run.
    rows : DataFrame
        Its :func:`cells`.
    hidden : Series of bool
        Which of them to hide.
    """
    out = rows.assign(
        observed=rows["published"] / rows["population"],
        observed_clients=rows["published"],
        hidden=hidden,
        status=rows["status"].mask(rows["status"].eq(OBSERVED), SHOWN).mask(hidden, HIDDEN),
    )
    out.loc[hidden, FIGURES] = np.nan
    out.loc[rules.too_small(rows["expected_clients"], rows["population"]), EXPECTED] = np.nan
    rounded_to = {name: float(d.rounded_to) for name, d in tables.domains.items()}
    base = out["domain"].map(rounded_to).astype("float64")  # also where no row is left
    for name in ("observed_clients", "estimate_clients"):
        out[name] = (out[name] / base).round() * base
    columns = [*KEY, "gm_code", "status", "hidden", "basis", "own", "population_year"]
    return out[[*columns, *FIGURES, *EXPECTED]].sort_values(KEY, ignore_index=True)


def _without_wijk(tables: Tables) -> pd.Series:
    """Return people whose wijk is not known (persons), by domain, gemeente and year."""
    if tables.unassigned is None:
        return pd.Series(0.0, pd.MultiIndex.from_tuples([], names=BY_GEMEENTE))
    return tables.unassigned.set_index(BY_GEMEENTE)["clients"].clip(lower=0.0)


def of_gemeenten(
    tables: Tables, rows: pd.DataFrame, given: pd.Series, hidden: pd.Series
) -> pd.DataFrame:
    """Return the clients of gemeenten: published where that is so, else estimated.

    An estimated total is on the base of a published one, and of its forecast: the wijken together,
    and people whose wijk CBS would not know.

    Parameters
    ----------
    tables : Tables
        Of a run.
    rows : DataFrame
        Its :func:`cells`.
    given : Series of bool
        By domain, gemeente and year, whether its total may be given.
    hidden : Series of bool
        Which of the rows are hidden.

    Returns
    -------
    DataFrame
        ``clients``, ``rate`` and ``source``; ``population_year``; ``expected_clients`` and
        ``expected_people`` of the wijken whose expected rate is shown; ``own_clients``, the sum of
        the gemeente's own figures where none of its wijken is hidden; ``not_delivered``.
    """
    shown_expected = ~rules.too_small(rows["expected_clients"], rows["population"])
    rows = rows.assign(
        expected_clients=rows["expected_clients"].where(shown_expected),
        expected_people=rows["population"].where(shown_expected),
        own_clients=rows["published"].where(rows["own"].astype(bool)),
        hidden=hidden,
        delivered=rows["status"].ne(NOT_DELIVERED),
    )
    groups = rows.groupby(BY_GEMEENTE)
    sums = groups[["clients", "population"]].sum()
    more = groups[["expected_clients", "expected_people", "own_clients"]].sum(min_count=1)
    more["own_clients"] = more["own_clients"].mask(groups["hidden"].any())
    totals = pd.Series(published(tables)).rename_axis(BY_GEMEENTE).reindex(sums.index)
    clients = totals.fillna(
        sums["clients"] + _without_wijk(tables).reindex(sums.index, fill_value=0)
    )
    # where wijken are missing, all clients of a gemeente over a part of its people is no rate
    whole = sums["clients"] >= (1 - MOST_ELSEWHERE) * clients
    shown = given.reindex(sums.index) & whole & ~rules.too_small(clients, sums["population"])
    bases = pd.Series({name: d.rounded_to for name, d in tables.domains.items()}, dtype=float)
    base = bases.reindex(sums.index.get_level_values("domain")).to_numpy()
    source = totals.notna().map({True: "published", False: "estimate"}).mask(~whole, PARTIAL)
    return pd.DataFrame(
        {
            "clients": ((clients / base).round() * base).where(shown),
            "rate": (clients / sums["population"]).where(shown),
            "source": source,
            "population_year": groups["population_year"].max(),
            "not_delivered": ~groups["delivered"].any(),
            **more,
        }
    ).reset_index()
