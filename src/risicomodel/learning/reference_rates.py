"""What a protocol lets every model know of the level: rates of country, gemeente and past.

All of it comes from training rows, except the gemeente's published rate where the protocol says
it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.data.domains import clients_column, population_column

if TYPE_CHECKING:
    from risicomodel.learning.protocols import Fold, Knows


@dataclass(frozen=True)
class Known:
    """Rates (0–1) known of a set of rows, each an array of shape (n,).

    Parameters
    ----------
    nation : array
        The country's rate of the year; never missing.
    gemeente : array
        The gemeente's rate, NaN where not known.
    last : array
        The place's own last rate, NaN where not known.
    """

    nation: Floats
    gemeente: Floats
    last: Floats

    def reference(self, knows: Knows) -> Floats:
        """Return the level that models predict a ratio to, best known first."""
        if knows == "nation":
            return self.nation
        # a gemeente that reports nobody is no level to be a multiple of
        usable = np.isfinite(self.gemeente) & (self.gemeente > 0)
        return np.where(usable, self.gemeente, self.nation)


@dataclass(frozen=True)
class Counts:
    """A domain's figures per panel row: place, year, clients and population (persons)."""

    table: pd.DataFrame

    @classmethod
    def of(cls, wijken: pd.DataFrame, domain: str, usable: pd.Series) -> Counts:
        """Take a domain's counts from the panel; rows that are not usable count nothing."""
        keep = ["wijk_code", "gm_code", "gm_group", "place_id", "year"]
        table = wijken[keep].assign(
            clients=wijken[clients_column(domain)].where(usable, 0.0),
            population=wijken[population_column(domain)].where(usable, 0.0),
        )
        return cls(table)


def known(counts: Counts, fold: Fold, knows: Knows) -> tuple[Known, Known]:
    """Return what is known of a fold's training rows and of its test rows."""
    table = counts.table
    train = table.iloc[fold.train]
    told = table if knows == "gemeente" else train
    nation = _rate(train, ["year"])["rate"]
    # a merged gemeente's past is that of the gemeenten it was made of
    area = "gm_group" if knows == "history" else "gm_code"
    gemeente = _rate(told, [area, "year"])
    own = train.assign(rate=train["clients"] / train["population"])
    out = []
    for rows in (train, table.iloc[fold.test]):
        year = rows["year"] if fold.origin is None else rows["year"].clip(upper=fold.origin)
        asked = rows.assign(year=year)
        exact = fold.origin is None
        out.append(
            Known(
                nation=_of_year(nation, year),
                gemeente=_newest(gemeente, asked, area, exact=exact),
                # strictly before: a training row must not be handed its own answer
                last=_newest(own, rows, "place_id", exact=False, before=True),
            )
        )
    return out[0], out[1]


def _rate(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    total = table.groupby(by)[["clients", "population"]].sum()
    total = total[total["population"] > 0]
    return (total["clients"] / total["population"]).rename("rate").reset_index().set_index(by)


def _of_year(nation: pd.Series, year: pd.Series) -> Floats:
    """Return the country's rate of each year, or of the nearest earlier (else first) known year."""
    years = nation.index.to_numpy()
    position = np.searchsorted(years, year.to_numpy(), side="right") - 1
    rates: Floats = nation.to_numpy()[np.clip(position, 0, None)]
    return rates


def _newest(
    rates: pd.DataFrame, rows: pd.DataFrame, by: str, *, exact: bool, before: bool = False
) -> Floats:
    """Return, per row, the rate of its area in its year (exact) or the newest until then.

    Parameters
    ----------
    before : bool
        Only years before the row's own.
    """
    source = rates.reset_index()[[by, "year", "rate"]].sort_values("year", kind="stable")
    asked = rows[[by, "year"]].reset_index(drop=True).reset_index(names="row")
    if exact:
        found = asked.merge(source, on=[by, "year"], how="left").sort_values("row")
    else:
        found = pd.merge_asof(
            asked.sort_values("year", kind="stable"),
            source,
            on="year",
            by=by,
            allow_exact_matches=not before,
        ).sort_values("row")
    values: Floats = found["rate"].to_numpy(dtype="float64")
    return values
