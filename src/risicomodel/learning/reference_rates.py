"""Reference rates: the rates of country, gemeente and past that a protocol reveals to every model.

All of them are computed from training rows, except the rate of the gemeente's published wijken
where the protocol reveals it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.data.domains import clients_column, population_column

if TYPE_CHECKING:
    from risicomodel.learning.protocols import Fold, Revealed


@dataclass(frozen=True)
class ReferenceRates:
    """The rates (0–1) revealed for n rows.

    Parameters
    ----------
    nation : array of shape (n,)
        The country's rate in the row's year; never missing.
    gemeente : array of shape (n,)
        The gemeente's rate, NaN where it is not revealed.
    last : array of shape (n,)
        The most recent earlier rate of the place itself, NaN where there is none.

    Examples
    --------
    A gemeente without any clients cannot serve as the denominator of a ratio:

    >>> rates = ReferenceRates(
    ...     nation=np.array([0.1, 0.1, 0.1]),
    ...     gemeente=np.array([0.12, 0.0, np.nan]),
    ...     last=np.full(3, np.nan),
    ... )
    >>> rates.reference("gemeente").tolist()
    [0.12, 0.1, 0.1]
    """

    nation: Floats
    gemeente: Floats
    last: Floats

    def reference(self, reveals: Revealed) -> Floats:
        """Return the rate that models predict a ratio to: the most local one revealed.

        Parameters
        ----------
        reveals : {"nation", "gemeente", "history"}
            What the protocol reveals (:class:`risicomodel.learning.protocols.Protocol`).

        Returns
        -------
        array of shape (n,)
            Above 0: the gemeente's rate if it is revealed and positive, else the country's.
        """
        if reveals == "nation":
            return self.nation
        # nothing can be a multiple of a gemeente that reports no clients
        usable = np.isfinite(self.gemeente) & (self.gemeente > 0)
        return np.where(usable, self.gemeente, self.nation)


@dataclass(frozen=True)
class Counts:
    """One domain's clients and population at risk per panel row.

    Parameters
    ----------
    table : DataFrame
        ``wijk_code``, ``gm_code``, ``gm_group``, ``place_id``, ``year``, ``clients`` and
        ``population`` (both in persons), in the order of the panel.
    """

    table: pd.DataFrame

    @classmethod
    def of(cls, wijken: pd.DataFrame, domain: str, usable: pd.Series) -> Counts:
        """Take a domain's counts from the panel.

        Parameters
        ----------
        wijken : DataFrame
            The panel, n rows.
        domain : str
            The domain's name.
        usable : Series of bool, shape (n,)
            Rows with a figure on enough people; the counts of other rows become 0.
        """
        keep = ["wijk_code", "gm_code", "gm_group", "place_id", "year"]
        table = wijken[keep].assign(
            clients=wijken[clients_column(domain)].where(usable, 0.0),
            population=wijken[population_column(domain)].where(usable, 0.0),
        )
        return cls(table)


def reveal(counts: Counts, fold: Fold, reveals: Revealed) -> tuple[ReferenceRates, ReferenceRates]:
    """Return the reference rates of a fold's training rows and of its test rows.

    Parameters
    ----------
    counts : Counts
        The domain's figures.
    fold : Fold
        Which rows train and which are tested. With an origin year, no later rate is revealed.
    reveals : {"nation", "gemeente", "history"}
        What the protocol reveals.

    Returns
    -------
    tuple of ReferenceRates
        Of ``fold.train`` and of ``fold.test``, in their order. A training row never sees its own
        rate as ``last``: only years strictly before its own count.
    """
    table = counts.table
    train = table.iloc[fold.train]
    revealed = table if reveals == "gemeente" else train
    nation = _rate(train, ["year"])["rate"]
    # a merged gemeente's past is that of the gemeenten it was made of
    area = "gm_group" if reveals == "history" else "gm_code"
    gemeente = _rate(revealed, [area, "year"])
    place = train.assign(rate=train["clients"] / train["population"])
    out = []
    for rows in (train, table.iloc[fold.test]):
        year = rows["year"] if fold.origin is None else rows["year"].clip(upper=fold.origin)
        until_origin = rows.assign(year=year)
        exact = fold.origin is None
        out.append(
            ReferenceRates(
                nation=_of_year(nation, year),
                gemeente=_newest(gemeente, until_origin, area, exact=exact),
                # strictly before: a training row must not be handed its own answer
                last=_newest(place, rows, "place_id", exact=False, before=True),
            )
        )
    return out[0], out[1]


def _rate(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return clients per person at risk of every group with people in it."""
    total = table.groupby(by)[["clients", "population"]].sum()
    total = total[total["population"] > 0]
    return (total["clients"] / total["population"]).rename("rate").reset_index().set_index(by)


def _of_year(nation: pd.Series, year: pd.Series) -> Floats:
    """Return the country's rate in each year, else in the nearest earlier (else the first) year."""
    years = nation.index.to_numpy()
    position = np.searchsorted(years, year.to_numpy(), side="right") - 1
    rates: Floats = nation.to_numpy()[np.clip(position, 0, None)]
    return rates


def _newest(
    rates: pd.DataFrame, rows: pd.DataFrame, by: str, *, exact: bool, before: bool = False
) -> Floats:
    """Return each row's rate of its area, in its own year (exact) or the newest up to that year.

    Parameters
    ----------
    rates : DataFrame
        ``rate`` per area (``by``) and ``year``.
    rows : DataFrame of n rows
        ``by`` and ``year``.
    before : bool
        Only consider years strictly before the row's own.

    Returns
    -------
    array of shape (n,)
        NaN where there is none.
    """
    source = rates.reset_index()[[by, "year", "rate"]].sort_values("year", kind="stable")
    keys = rows[[by, "year"]].reset_index(drop=True).reset_index(names="row")
    if exact:
        matched = keys.merge(source, on=[by, "year"], how="left").sort_values("row")
    else:
        matched = pd.merge_asof(
            keys.sort_values("year", kind="stable"),
            source,
            on="year",
            by=by,
            allow_exact_matches=not before,
        ).sort_values("row")
    values: Floats = matched["rate"].to_numpy(dtype="float64")
    return values
