"""People of a gemeente whose wijk CBS does not know: how many there are, and their row of a table.

The published total of a gemeente less the figures of all its wijken. Where wijken are blank, the
share of these people in the total follows from the gemeente's own other years, shrunk to the share
in the country (a Rao-Yu model of that share).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.learning import conformal
from risicomodel.results.estimates import rao_yu, suppressed
from risicomodel.results.estimates.gemeente_effects import MIN_CLIENTS
from risicomodel.results.estimates.place_years import PlaceYearGrid

if TYPE_CHECKING:
    from risicomodel.core.arrays import Floats
    from risicomodel.data.domains import Domain

KEY = ["gm_code", "year"]
# What a row stands on: every figure is published; the total is, some wijken are estimated; neither.
# Or the total is, but wijken are not among the year's (redrawn, without people to go with them).
PUBLISHED, TOTAL, SHARE, LACKING = "published", "total", "share", "lacking"
# A gemeente with fewer wijken than the year before, and less than this of its people, lacks some.
LEAST_KEPT = 0.97
COLUMNS = ["areas", "total", "clients", "lower", "upper", "share", "basis"]
# Standard deviations on either side of a normal distribution that hold 90%.
NORMAL_90 = 1.645
# Shares deviate from the country's in proportion to it, but not to less than this.
MIN_SHARE = 0.005
MAX_SHARE = 0.9


def shares(cells: pd.DataFrame, totals: pd.DataFrame, domain: Domain) -> pd.DataFrame:
    """Return the expected share of people without a known wijk, from other years than its own.

    Parameters
    ----------
    cells : DataFrame
        ``gm_code``, ``year``, ``clients`` (published persons, NaN where blank), ``population``
        (persons at risk), ``small`` (blank because it is small) and ``fold``, which holds whole
        gemeenten. No model: forecasts take the same shares.
    totals : DataFrame
        ``gm_code``, ``year``, ``total`` (published persons).
    domain : Domain
        Its declaration: what CBS rounds to, and below which count it leaves a cell blank.

    Returns
    -------
    DataFrame
        A row per gemeente and year of ``cells``: ``total`` (NaN where not published), ``published``
        (sum of published wijken, persons), ``n_published`` and ``n_blank`` (wijken with people at
        risk), ``lacking`` (whether wijken are not among the year's), ``share`` and
        ``share_variance`` (of the total), ``fold`` and ``share_scale`` (how many standard
        deviations hold 90% of the errors of other folds). The share of a gemeente and
        year is made without any figure of that gemeente and year; it is NaN where no other gemeente
        has a year whose wijken are all published, or blank only for being small.
    """
    cells = cells.assign(expected=_by_country_rate(cells))
    table = _sums(cells, domain).merge(totals[[*KEY, "total"]], on=KEY, how="left")
    complete = (table["n_unknown"] == 0) & ~table["lacking"]
    complete &= (table["n_published"] > 0) & (table["total"] > 0)
    national = _national_share(table, complete)
    scale = np.clip(national, MIN_SHARE, None)
    base = table["total"].where(table["total"] > 0, table["expected"]).clip(lower=1.0).to_numpy()
    observed = 1 - table["filled"] / table["total"].where(complete)
    grid = PlaceYearGrid(table["gm_code"], table["year"])
    deviation = grid.table(((observed - national) / scale).to_numpy())
    people = grid.table(np.clip(np.nan_to_num(scale * base), MIN_CLIENTS, None), fill=1.0)
    fitted = rao_yu.fit(deviation, people, domain.rounded_to)
    mean, variance = (
        grid.rows(values)
        for values in rao_yu.leave_one_year_out(fitted, deviation, people, domain.rounded_to)
    )
    share, spread = np.clip(national + scale * mean, 0.0, MAX_SHARE), scale * np.sqrt(variance)
    folds = table["fold"]
    scales = scale_of_others((observed - share) / np.where(spread > 0, spread, np.nan), folds)
    return table.assign(
        share=share, share_variance=spread**2, share_scale=folds.map(scales).to_numpy()
    )


def of_panel(
    wijken: pd.DataFrame, gemeenten: pd.DataFrame, name: str, domain: Domain
) -> pd.DataFrame:
    """Return the shares as :func:`shares` gives them, of the panel's wijken and totals.

    Parameters
    ----------
    wijken, gemeenten : DataFrame
        The panel's, of the years that may be used.
    name, domain : str, Domain
        The domain.

    Returns
    -------
    DataFrame
        As :func:`shares`, in one fold.
    """
    status = wijken[status_column(name)]
    cells = wijken[KEY].assign(
        clients=wijken[clients_column(name)].where(status == "observed"),
        population=wijken[population_column(name)].fillna(0.0),
        small=(status == "suppressed") & (domain.blank_below > 0),
        fold=0,
    )
    totals = gemeenten.reindex(columns=[*KEY, clients_column(name)])
    return shares(cells, totals.set_axis([*KEY, "total"], axis=1).dropna(), domain)


def of_year(shares: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the share in one year: as it was where all is published, else as expected.

    Parameters
    ----------
    shares : DataFrame
        From :func:`shares`.
    year : int
        The year.

    Returns
    -------
    DataFrame
        On ``gm_code``: ``share`` (of the total), ``spread`` (its standard deviation; 0 where all is
        published) and ``size`` (clients that it is a share of, persons). Gemeenten of which nothing
        can be said are left out.
    """
    rows = shares[shares["year"] == year].set_index("gm_code")
    exact = (rows["n_blank"] == 0) & ~rows["lacking"]
    exact &= (rows["n_published"] > 0) & (rows["total"] > 0)
    share = (1 - rows["published"] / rows["total"]).where(exact, rows["share"])
    spread = np.sqrt(rows["share_variance"]).where(~exact, 0.0)
    size = rows["total"].where(rows["total"] > 0, rows["expected"]).clip(lower=1.0)
    return pd.DataFrame({"share": share, "spread": spread, "size": size}).dropna()


def _by_country_rate(cells: pd.DataFrame) -> Floats:
    """Return clients by the rate of all other gemeenten in the year, else in all years."""
    shown = cells["clients"].notna() & (cells["population"] > 0)
    parts = cells[["clients", "population"]].where(shown, 0.0)
    by_gemeente = parts.groupby([cells["gm_code"], cells["year"]]).transform("sum")
    others = parts.groupby(cells["year"]).transform("sum") - by_gemeente
    rate = others["clients"] / others["population"].where(others["population"] > 0)
    of_all = parts["clients"].sum() / max(parts["population"].sum(), 1.0)
    out: Floats = (rate.fillna(of_all) * cells["population"].fillna(0.0)).to_numpy()
    return out


def _sums(cells: pd.DataFrame, domain: Domain) -> pd.DataFrame:
    shown = cells["clients"].notna()
    blank = ~shown & (cells["population"] > 0)
    filled = cells["clients"].fillna(0.0)
    if cells["small"].any():
        # by the rate of other gemeenten: no figure of the gemeente tells of another
        below = suppressed.smallest_published(domain)
        few, _ = suppressed.moments(cells["expected"].to_numpy(), below)
        filled = filled.mask(blank & cells["small"], few)
    rows = cells.assign(shown=shown, blank=blank, unknown=blank & ~cells["small"], filled=filled)
    grouped = rows.groupby(KEY).agg(
        published=("clients", "sum"),
        n_published=("shown", "sum"),
        n_blank=("blank", "sum"),
        n_unknown=("unknown", "sum"),
        filled=("filled", "sum"),
        expected=("expected", "sum"),
        fold=("fold", "first"),
        n_wijken=("population", "size"),
        population=("population", "sum"),
    )
    return _with_lacking(grouped.reset_index())


def _with_lacking(sums: pd.DataFrame) -> pd.DataFrame:
    """Say where a gemeente has lost wijken, and people with them, since the year before."""
    ordered = sums.sort_values(KEY)
    before = ordered.groupby("gm_code")[["n_wijken", "population"]].shift()
    fewer = ordered["n_wijken"] < before["n_wijken"]
    lacking = fewer & (ordered["population"] < LEAST_KEPT * before["population"])
    return sums.assign(lacking=lacking.reindex(sums.index)).drop(columns=["n_wijken", "population"])


def _national_share(table: pd.DataFrame, complete: pd.Series) -> Floats:
    """Return the share in all other gemeenten of the year whose wijken are all known.

    The gemeente itself is left out: its figures would tell of its own blank cell. A year without
    complete gemeenten has the share of all years.
    """
    parts = table[["total", "filled"]].where(complete, 0.0)
    of_year = parts.groupby(table["year"]).transform("sum") - parts
    of_all = parts.sum() - parts.groupby(table["gm_code"]).transform("sum")
    both = of_year.where(of_year["total"] > 0, of_all)
    share = 1 - both["filled"] / both["total"].where(both["total"] > 0)
    out: Floats = share.clip(0.0, MAX_SHARE).to_numpy()
    return out


def table(wijken: pd.DataFrame, shares: pd.DataFrame, rounded_to: int) -> pd.DataFrame:
    """Return the row of people without a known wijk, of every gemeente and year.

    With it the wijken of a gemeente add up to its published total exactly. Where no total is
    published the row is what the gemeente's own share in other years makes of it.

    Parameters
    ----------
    wijken : DataFrame
        ``gm_code``, ``year``, ``clients``: published or estimated (persons).
    shares : DataFrame
        From :func:`shares`, with ``blank_variance``: of the sum of what is blank (persons squared),
        and how many standard deviations hold 90% of the errors of blank cells (``blank_scale``) and
        of shares (``share_scale``) in other gemeenten.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    DataFrame
        ``gm_code``, ``year``, ``areas`` (sum, persons), ``total`` (published persons, else NaN),
        ``clients``, ``lower`` and ``upper`` (persons; below 0 where wijken exceed the total),
        ``share`` (of the total) and ``basis``. No rows of a domain that has no totals at all.

    Examples
    --------
    >>> key = {"gm_code": "GM0001", "year": 2020}
    >>> wijken = pd.DataFrame([{**key, "clients": 100.0}, {**key, "clients": 80.0}])
    >>> shares = pd.DataFrame([{
    ...     **key, "total": 200.0, "n_published": 2, "n_blank": 0, "lacking": False, "share": 0.07,
    ...     "share_variance": 0.001, "blank_variance": 0.0, "blank_scale": 2.0, "share_scale": 2.0,
    ... }])
    >>> row = table(wijken, shares, rounded_to=5)
    >>> print(row[["clients", "share", "basis"]].to_string(index=False))
     clients  share     basis
        20.0    0.1 published
    """
    sums = wijken.groupby(KEY)["clients"].sum().rename("areas").reset_index()
    rows = sums.merge(shares, on=KEY)
    rows = rows[rows["total"].notna() | rows["share"].notna()]
    if not rows["total"].notna().any():
        rows = rows.iloc[:0]
    published, whole = rows["total"].notna(), rows["total"]
    clients = (whole - rows["areas"]).where(
        published, rows["areas"] * rows["share"] / (1 - rows["share"])
    )
    whole = whole.where(published, rows["areas"] + clients)
    rounding = rounded_to**2 / 12 * (rows["n_published"] + 1)
    of_blank = rows["blank_scale"] * np.sqrt(rows["blank_variance"])
    spread = (NORMAL_90 * np.sqrt(rounding) + of_blank).where(
        published, rows["share_scale"] * whole * np.sqrt(rows["share_variance"])
    )
    complete = published & (rows["n_blank"] == 0)
    bases = {LACKING: published & rows["lacking"], PUBLISHED: complete, TOTAL: published}
    return rows.assign(
        clients=clients,
        lower=np.minimum(clients, (clients - spread).clip(lower=0.0)),
        upper=clients + spread,
        share=(clients / whole.where(whole > 0)).fillna(0.0),
        basis=np.select(list(bases.values()), list(bases), SHARE),
    )[[*KEY, *COLUMNS]]


def scale_of_others(errors: pd.Series, folds: pd.Series) -> pd.Series:
    """Return by fold how many standard deviations hold 90% of the errors of the other folds.

    Parameters
    ----------
    errors : Series
        Errors in standard deviations, NaN where there is none.
    folds : Series of int
        The fold of every error; a fold holds whole gemeenten.

    Returns
    -------
    Series
        On the fold's number; that of a normal distribution where others have too few errors.
    """
    out = {}
    for fold in np.unique(folds):
        others = errors[folds != fold].abs().dropna()
        enough = len(others) >= conformal.MIN_ERRORS_PER_CLASS
        out[fold] = others.quantile(conformal.CONFIDENCE) if enough else NORMAL_90
    return pd.Series(out, dtype="float64")
