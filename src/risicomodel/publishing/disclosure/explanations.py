"""Contributions of features in wijken and along their values: what may be shown of them.

A wijk is explained where its expected rate is shown. Means over wijken, which it is compared with,
are computed here of such wijken alone: those of the run's own tables hold the others too. A
feature's own value can be a count in disguise; what is left of it is on which side of each mean it
is. Where the profile prints both, it is the side that a reader sees there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Floats, Ints
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import rules

KEY = ["domain", AREA, "year"]
ABOUT = 0.01  # of a mean: a value as near to it as this is called about the same


@dataclass(frozen=True)
class Printed:
    """What pages print of a wijk's features beside means: directions follow it.

    Parameters
    ----------
    year : int
        The newest year of the panel: the profile is of that year.
    ways : dict of str to DataFrame
        Per reference (``country``, ``gemeente``) on which side of the printed mean a wijk is, from
        :func:`risicomodel.publishing.disclosure.profile.ways`.
    logs : set of str
        Features on a logarithmic scale.
    """

    year: int
    ways: dict[str, pd.DataFrame]
    logs: set[str]


def of_wijken(
    table: pd.DataFrame | None,
    cells: pd.DataFrame,
    similar: pd.DataFrame | None,
    printed: Printed,
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
    printed : Printed
        What pages print of features.

    Returns
    -------
    DataFrame or None
        With ``contribution_vs_gemeente`` and ``contribution_vs_similar`` (less the mean over the
        gemeente's people, over the similar wijken; NaN where there is no other wijk), and ``way``,
        ``way_gemeente`` and ``way_similar``: whether the feature's value is higher (1), about the
        same (0) or lower (−1) than the mean over the country's people, over the gemeente's people
        and over the similar wijken; NaN where that is not known.
    """
    if table is None:
        return None
    table = table.drop(columns=[c for c in table if str(c).startswith("contribution_vs_")])
    table = table.astype(dict.fromkeys(["domain", AREA, "feature"], "str"))
    table = table.merge(cells, on=KEY)
    years = table.groupby(["domain", "year"], sort=False)
    parts = [_compared(rows, _of_year(similar, rows["year"].iloc[0]), printed) for _, rows in years]
    out = pd.concat(parts, ignore_index=True) if parts else table
    return out.drop(columns=["value", "population", "gm_code"], errors="ignore")


def _of_year(similar: pd.DataFrame | None, year: int) -> pd.DataFrame | None:
    return None if similar is None else similar[similar["year"] == year]


def _compared(rows: pd.DataFrame, similar: pd.DataFrame | None, printed: Printed) -> pd.DataFrame:
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
    means = {
        "country": _of_country(values, about),
        "gemeente": _of_gemeente(values, about),
        "similar": _of_similar(values, similar),
    }
    newest = bool(rows["year"].iloc[0] == printed.year)
    sides = {
        name: _as_printed(
            _sides(values, mean, printed.logs), values, printed.ways.get(name), newest
        )
        for name, mean in means.items()
    }
    names = {"country": "way", "gemeente": "way_gemeente", "similar": "way_similar"}
    return out.assign(**{names[name]: side[at] for name, side in sides.items()})


def _sides(values: pd.DataFrame, mean: Floats, logs: set[str]) -> Floats:
    """Return whether values are above (1), about (0) or below (−1) a mean; NaN if not known."""
    here = values.to_numpy(dtype="float64")
    on_log = np.array([name in logs for name in values.columns])
    near = np.where(on_log, ABOUT, ABOUT * np.abs(mean))
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(here - mean) <= near, 0.0, np.sign(here - mean))


def _as_printed(
    sides: Floats, values: pd.DataFrame, ways: pd.DataFrame | None, newest: bool
) -> Floats:
    """Return sides by the numbers on the page where it has them.

    The profile is of the newest year. What is explained of an earlier year may lie on another side
    of the mean of then: where the two differ no side is given, for a reader sees the profile alone.
    """
    if ways is None:
        return sides
    on_page = ways.reindex(index=values.index, columns=values.columns).to_numpy(dtype="float64")
    both = sides if newest else np.where(sides == on_page, sides, np.nan)
    return np.where(np.isnan(on_page), sides, on_page if newest else both)


def _positions(index: pd.Index[Any], names: pd.Series) -> Ints:
    """Return the positions of names in an index; −1 where they are not in it."""
    return index.get_indexer(pd.Index(names))


def _of_country(wide: pd.DataFrame, about: pd.DataFrame) -> Floats:
    """Return the mean over the country's people, the same for every wijk."""
    weight = wide.notna().mul(about["population"], axis=0).sum()
    mean = wide.mul(about["population"], axis=0).sum() / weight.where(weight > 0)
    return np.broadcast_to(mean.to_numpy(dtype="float64"), wide.shape)


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
