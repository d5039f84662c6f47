"""Wijken together, people who are in no wijk, and the total of their gemeente: what may be shown.

People whose wijk CBS does not know are a part of a gemeente's total. Whoever has the total, this
part and the wijken that are shown has what is left: the wijken that are hidden. So this part is
given only where those are covered without it, and what the wijken are together only with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.publishing.disclosure import figures, rules

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.publishing.disclosure.tables import Tables

# why the number of people in no wijk is or is not given
GIVEN, FEW, COVER, OWN = "given", "few", "cover", "own"
BAND = ["unassigned_lower", "unassigned_upper"]
COLUMNS = ["kind", "total", "areas", "unassigned", *BAND, "unassigned_status"]
ESTIMATE, FORECAST = "estimate", "forecast"
BY_DOMAIN = ["domain", "gm_code"]


def of_years(
    tables: Tables, rows: pd.DataFrame, hidden: pd.Series, totals: pd.DataFrame
) -> pd.DataFrame:
    """Return the sums of gemeenten in the years of the panel.

    Parameters
    ----------
    tables : Tables
        Of a run.
    rows : DataFrame
        Its figures, by domain, wijk and year.
    hidden : Series of bool
        Which of them are hidden.
    totals : DataFrame
        Totals of gemeenten as they are shown; empty where they are not given.

    Returns
    -------
    DataFrame
        Per domain, gemeente and year: ``kind`` (as the source of the total), ``total``, ``areas``
        (wijken together), ``unassigned`` with its 90% band (persons to CBS's rounding, empty where
        not given), ``unassigned_status``.
    """
    if tables.unassigned is None:
        return _empty()
    apart = tables.unassigned.rename(columns={"clients": "unassigned"})
    apart = apart.rename(columns={"lower": BAND[0], "upper": BAND[1]})
    apart = apart[[*figures.BY_GEMEENTE, "unassigned", *BAND]]
    out = totals.rename(columns={"clients": "total", "source": "kind"})
    out = out[[*figures.BY_GEMEENTE, "kind", "total"]].merge(apart, on=figures.BY_GEMEENTE)
    out = _status(out, rows.assign(hidden=hidden.to_numpy()))
    # an estimate of people in no wijk is made from their share in other years: of a year in which
    # they cover a wijk it would tell
    tells = out["kind"].eq(ESTIMATE) & _covers_a_figure(out)
    out.loc[tells, "unassigned_status"] = COVER
    return _shown(out, tables.domains)


def of_forecasts(
    tables: Tables, rows: pd.DataFrame, totals: pd.DataFrame, years: pd.DataFrame
) -> pd.DataFrame:
    """Return the sums of gemeenten in the years that are forecast.

    Parameters
    ----------
    tables : Tables
        Of a run, with forecasts.
    rows : DataFrame
        Forecasts of wijken: ``clients``, ``largest``, ``population``, ``hidden``.
    totals : DataFrame
        Forecasts of gemeenten as they are shown: ``clients`` empty where they are not given.
    years : DataFrame
        From :func:`of_years`: a forecast tells of the year that it starts from.

    Returns
    -------
    DataFrame
        As :func:`of_years` gives it.
    """
    sums = tables.forecast_sums
    apart = _empty() if sums is None else sums[sums["level"] == "unassigned"]
    if apart.empty or totals.empty:
        return _empty()
    apart = apart.rename(columns={"code": "gm_code", "clients": "unassigned"})
    apart = apart.rename(columns={"clients_lower": BAND[0], "clients_upper": BAND[1]})
    key = [*figures.BY_GEMEENTE, "origin_year"]
    out = totals.rename(columns={"clients": "total"})[[*key, "total"]]
    out = out.merge(apart[[*key, "unassigned", *BAND]], on=key).assign(kind=FORECAST)
    out = _status(out, rows)
    origin = years.rename(columns={"year": "origin_year", "unassigned_status": "origin_status"})
    origin = origin[[*BY_DOMAIN, "origin_year", "origin_status"]]
    out = out.merge(origin, on=[*BY_DOMAIN, "origin_year"], how="left")
    for status in (COVER, OWN):
        out.loc[out["origin_status"].eq(status), "unassigned_status"] = status
    return _shown(out, tables.domains)


def _status(out: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with what may be given of people in no wijk, and the sum of wijken if all show.

    Parameters
    ----------
    out : DataFrame
        ``total`` and ``unassigned`` (persons) per domain, gemeente and year.
    rows : DataFrame
        Wijken: ``clients``, ``largest``, ``population``, ``hidden``, and ``own`` if they have it.
    """
    hidden = rows["hidden"].astype(bool)
    parts = rows[figures.BY_GEMEENTE].assign(
        summed=rows["clients"],
        shown=rows["largest"].mask(hidden, 0.0),
        hidden=rows["clients"].where(hidden, 0.0),
        people=rows["population"].where(hidden, 0.0),
        number=hidden.astype(int),
        n_own=rows["own"].astype(int) if "own" in rows else 0,
    )
    sums = parts.groupby(figures.BY_GEMEENTE).sum().reset_index()
    out = out.merge(sums, on=figures.BY_GEMEENTE, how="left")
    covered = rules.covered_without(out.rename(columns={"unassigned": "apart"}))
    few = out["unassigned"] < rules.LIMITS.count
    status = np.where(covered, np.where(few, FEW, GIVEN), COVER)
    return out.assign(
        unassigned_status=np.where(out["n_own"] > 0, OWN, status),
        summed=out["summed"].where(out["number"] == 0),
    )


def _covers_a_figure(out: pd.DataFrame) -> pd.Series:
    """Return for every row whether people in no wijk cover a wijk in a year with a figure."""
    covers = out["kind"].ne(ESTIMATE) & out["unassigned_status"].eq(COVER)
    return covers.groupby([out[name] for name in BY_DOMAIN]).transform("any")


def _shown(out: pd.DataFrame, domains: dict[str, Domain]) -> pd.DataFrame:
    """Return numbers to CBS's rounding, the parts summing to the total; none where not given.

    Wijken of which none is hidden are added up on the page anyway.
    """
    bases = {name: float(domain.rounded_to) for name, domain in domains.items()}
    base = out["domain"].map(bases).astype("float64")
    for name in ("total", "summed", "unassigned", *BAND):
        out[name] = (out[name].astype("float64") / base).round() * base
    given, total = out["unassigned_status"].eq(GIVEN), out["total"].notna()
    out["areas"] = (out["total"] - out["unassigned"]).where(given, out["summed"]).where(total)
    numbers = ["unassigned", *BAND]
    out[numbers] = out[numbers].where(given & total)
    return out[[*figures.BY_GEMEENTE, *COLUMNS]].reset_index(drop=True)


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=[*figures.BY_GEMEENTE, *COLUMNS])
