"""Every cell of a run with what must not be known of it, and an attack on a report."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.publishing.disclosure import tables
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path

KEY = ["domain", "wijk_code", "year"]
LEAST, PEOPLE = 10, 100


def true_cells(of_run: tables.Tables) -> pd.DataFrame:
    """Every cell of every domain with what the run knows of it, and whether it is too small."""
    estimates = of_run.predictions[of_run.predictions["kind"] == "estimate"]
    parts = []
    for domain in of_run.domains:
        own = of_run.panel[["wijk_code", "year", "gm_code"]].assign(
            domain=domain,
            published=of_run.panel[f"{domain}_clients"],
            status=of_run.panel[f"{domain}_status"],
        )
        parts.append(own)
    cells = pd.concat(parts).merge(estimates[[*KEY, "clients", "population"]], on=KEY)
    small = (cells["published"] < LEAST) | (cells["clients"] < LEAST)
    return cells.assign(
        small=small | (cells["population"] < PEOPLE) | (cells["status"] == "suppressed")
    )


def attack(folder: Path, cells: pd.DataFrame) -> list[str]:
    """Return what small cells can be read or worked out from one gemeente's folder.

    An attacker reads the figures that are given of wijken, takes them from every total that is
    given, and does so for counts, estimates and forecasts alike.
    """
    out = []
    figures = pd.read_csv(folder / "data" / "figures.csv")
    totals = pd.read_csv(folder / "data" / "totals.csv")
    known = figures.merge(cells, on=KEY, suffixes=("", "_true"))
    told = ["observed", "observed_clients", "estimate", "estimate_clients", "gap", "gap_country",
            "gap_gemeente", "gap_wijk", "off_gemeente", "chance"]  # fmt: skip
    read = known[known["small"] & known[told].notna().any(axis=1)]
    out += [f"read: {row}" for row in read[KEY].itertuples(index=False)]
    given_totals = totals.dropna(subset=["clients"]).set_index(["domain", "year"])["clients"]
    for (domain, year), rows in known.groupby(["domain", "year"]):
        total = given_totals.get((domain, year), np.nan)
        for name in ("observed_clients", "estimate_clients"):
            out += left_of_total(rows, name, float(total), f"{domain} {year}")
    return out


def left_of_total(rows: pd.DataFrame, name: str, total: float, what: str) -> list[str]:
    """Return what is left of a total when all that is given is taken away, if that tells."""
    small = rows[rows["small"]]
    if small.empty or np.isnan(total):
        return []
    blank = rows[rows[name].isna()]
    left = total - rows[name].sum()
    exact = blank["clients"].sum()
    if len(blank) == 1:
        return [f"{what}: {name} leaves {left:g} for one wijk"]
    # rounding may make an answer that is wrong anyway; this one is about right
    if left < LEAST and abs(left - exact) < LEAST and exact < LEAST:
        return [f"{what}: {name} leaves {left:g} for {len(blank)} wijken together"]
    return []


@functools.cache
def whole_tables() -> tables.Tables:
    """The tables of the whole small run, before anything is hidden."""
    return tables.read(whole_run())
