"""Contributions of features in wijken and along their values: what may be shown of them.

A wijk is explained where its expected rate is shown. Means over wijken, which it is compared with,
are computed here of such wijken alone: those of the run's own tables hold the others too. A
feature's own value can be a count in disguise; what is left of it is whether it is high.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import rules

KEY = ["domain", AREA, "year"]


def of_wijken(
    table: pd.DataFrame | None, cells: pd.DataFrame, similar: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Return the contributions that may be shown, also less the mean over other wijken.

    Parameters
    ----------
    table : DataFrame or None
        The run's contributions of features.
    cells : DataFrame
        Per domain, wijk and year whose expected rate is shown: ``gm_code``, ``population``
        (persons).
    similar : DataFrame or None
        The most similar wijken, per ``wijk_code`` and ``year``: ``similar_code``.

    Returns
    -------
    DataFrame or None
        With ``contribution_vs_gemeente`` and ``contribution_vs_similar`` (less the mean over the
        gemeente's people, over the similar wijken; NaN where there is no other wijk), and whether
        the feature's value is ``higher`` than the country's median, ``higher_gemeente`` and
        ``higher_similar`` than those means; None where that is not known.
    """
    if table is None:
        return None
    table = table.drop(columns=[c for c in table if str(c).startswith("contribution_vs_")])
    table = table.astype(dict.fromkeys(["domain", AREA, "feature"], "str"))
    if "value" in table:
        middle = table.groupby(["domain", "year", "feature"])["value"].transform("median")
        table = table.assign(higher=_higher(table["value"], middle))
    table = table.merge(cells, on=KEY)
    years = table.groupby(["domain", "year"], sort=False)
    parts = [_compared(rows, _of_year(similar, rows["year"].iloc[0])) for _, rows in years]
    out = pd.concat(parts, ignore_index=True) if parts else table
    return out.drop(columns=["value", "population", "gm_code"], errors="ignore")


def _of_year(similar: pd.DataFrame | None, year: int) -> pd.DataFrame | None:
    return None if similar is None else similar[similar["year"] == year]


def _higher(value: pd.Series, than: pd.Series | Floats) -> pd.Series:
    comparable = value.notna() & (than == than)  # noqa: PLR0124 (NaN)
    return (value > than).astype("object").where(comparable, None)


def _compared(rows: pd.DataFrame, similar: pd.DataFrame | None) -> pd.DataFrame:
    """Return one domain's and year's contributions, also less those of gemeente and similar."""
    wide = rows.pivot(index=AREA, columns="feature", values="contribution").fillna(0.0)
    at = _positions(wide.index, rows[AREA]), _positions(wide.columns, rows["feature"])
    about = rows.drop_duplicates(AREA).set_index(AREA).loc[wide.index]
    means = {"gemeente": _of_gemeente(wide, about), "similar": _of_similar(wide, similar)}
    out = rows.assign(
        **{
            f"contribution_vs_{name}": rows["contribution"] - mean[at]
            for name, mean in means.items()
        }
    )
    if "value" not in rows:
        return out
    values = rows.pivot(index=AREA, columns="feature", values="value")[wide.columns]
    means = {"gemeente": _of_gemeente(values, about), "similar": _of_similar(values, similar)}
    return out.assign(
        **{f"higher_{name}": _higher(rows["value"], mean[at]) for name, mean in means.items()}
    )


def _positions(index: pd.Index[Any], names: pd.Series) -> Ints:
    """Return the positions of names in an index; −1 where they are not in it."""
    return index.get_indexer(pd.Index(names))


def _of_gemeente(wide: pd.DataFrame, about: pd.DataFrame) -> Floats:
    """Return the mean over a wijk's gemeente, weighted by people; NaN where it is all there is."""
    people, gemeente = about["population"], about["gm_code"]
    mean = groups.mean_within_of_known(wide, people, [gemeente])
    alone = gemeente.groupby(gemeente).transform("size") < 2  # noqa: PLR2004 (another one)
    return mean.mask(alone).to_numpy(dtype="float64")


def _of_similar(wide: pd.DataFrame, similar: pd.DataFrame | None) -> Floats:
    """Return the mean over the wijken that each is most like; NaN where none is shown."""
    values = wide.to_numpy(dtype="float64")
    finite = np.isfinite(values)
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    if similar is not None:
        wijk = _positions(wide.index, similar[AREA])
        other = _positions(wide.index, similar["similar_code"])
        both = (wijk >= 0) & (other >= 0)
        np.add.at(total, wijk[both], np.where(finite, values, 0.0)[other[both]])
        np.add.at(count, wijk[both], finite[other[both]].astype("float64"))
    mean = np.full(values.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def along_values(table: pd.DataFrame | None, n_wijken: int) -> pd.DataFrame | None:
    """Return how contributions change along a feature's values, nowhere of only a few wijken.

    Bins with few are pooled with the next; their tenth and ninetieth percentiles are then the
    widest of both. Where a bin begins and ends is the value of one wijk, and left out.

    Parameters
    ----------
    table : DataFrame or None
        The run's ``dependence.csv``; a wijk counts in it once for every year explained.
    n_wijken : int
        Number of wijken in a year.

    Returns
    -------
    DataFrame or None
        Per domain, feature and ``bin``: ``value`` (mean, in the feature's unit), ``contribution``,
        ``low``, ``high`` (rates of 0–1), ``share`` (0–1), ``n_wijken``.
    """
    rows = None if table is None else table[table["level"] == "feature"]
    if rows is None or rows.empty:
        return None
    rows = rows.sort_values(["domain", "feature", "bin"])
    size = rows.groupby(["domain", "feature"])["n_wijken"]
    least = rules.LIMITS.units * -(-size.transform("sum") // max(n_wijken, 1))  # of every year
    n = rows["n_wijken"]
    rows = rows.assign(
        bin=size.transform(
            lambda sizes: pd.Series(
                rules.pool(sizes.to_numpy(), int(least[sizes.index[0]])), sizes.index
            )
        ),
        value=rows["value"] * n,
        contribution=rows["contribution"] * n,
        least=least,
    )
    out = rows.groupby(["domain", "feature", "bin"], as_index=False).agg(
        value=("value", "sum"),
        contribution=("contribution", "sum"),
        low=("low", "min"),
        high=("high", "max"),
        share=("share", "sum"),
        n_wijken=("n_wijken", "sum"),
        least=("least", "first"),
    )
    out[["value", "contribution"]] = out[["value", "contribution"]].div(out["n_wijken"], axis=0)
    enough: pd.DataFrame = out[out["n_wijken"] >= out["least"]]
    return enough.drop(columns="least").reset_index(drop=True)
