"""Where a wijk lies, and how many people live around it.

A place keeps one location over the years: the centre of its code on the map, in the map's own year.
A place that is on no map takes the location of its code, else of the wijk that a buurt lies in,
else the middle of its gemeente: it only has to be roughly right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA, WIJK

if TYPE_CHECKING:
    from collections.abc import Mapping

GRID = ["x_km", "y_km"]
# Distances (km) at which a neighbour counts for 1/e: the next street, the town, the region.
REACHES = (2, 8, 25)
INHABITANTS = "inwoners_gemeente"
ROWS_AT_ONCE = 2_000
# of persons: digits beyond these depend on how linear algebra divides its work
DIGITS = 3


def nearby_column(reach: int) -> str:
    """Return the name of the column with people within reach.

    Parameters
    ----------
    reach : int
        Distance (km) at which a neighbour counts for 1/e.

    Returns
    -------
    str

    Examples
    --------
    >>> nearby_column(8)
    'inwoners_nabij_8_km'
    """
    return f"inwoners_nabij_{reach}_km"


def attach(wijken: pd.DataFrame, maps: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Add where every wijk lies and how many people live around it.

    Parameters
    ----------
    wijken : DataFrame
        ``wijk_code``, ``year``, ``place_id``, ``gm_code``, ``aantal_inwoners``.
    maps : mapping
        Year of a map → ``code``, ``x_km``, ``y_km``; may be empty.

    Returns
    -------
    DataFrame
        With ``x_km`` and ``y_km`` (Dutch grid; NaN without a map), ``inwoners_nabij_<reach>_km``
        (Σ persons · exp(−distance / reach) over all wijken of the year, its own included) and
        ``inwoners_gemeente`` (persons).
    """
    people = wijken["aantal_inwoners"].fillna(0.0)
    of_gemeente = people.groupby([wijken["gm_code"], wijken["year"]]).transform("sum")
    located = wijken.assign(**_located(wijken, maps), **{INHABITANTS: of_gemeente})
    return located.assign(**_people_nearby(located, people))


def _located(wijken: pd.DataFrame, maps: Mapping[int, pd.DataFrame]) -> pd.DataFrame:

    out = pd.DataFrame(float("nan"), index=wijken.index, columns=GRID)
    if not maps:
        return out
    located = pd.concat([_on_map(wijken, year, centres) for year, centres in maps.items()])
    keys = wijken[["place_id", AREA, "gm_code"]].assign(around=WIJK.of(wijken[AREA]))
    for key in ("place_id", AREA, "around", "gm_code"):
        centre = located.groupby(key)[GRID].mean()
        out = out.fillna(centre.reindex(keys[key]).set_axis(wijken.index))
    return out


def _on_map(wijken: pd.DataFrame, year: int, centres: pd.DataFrame) -> pd.DataFrame:
    """Return the wijken of the panel's year nearest to a map's, with their centres on the map."""
    years = sorted(wijken["year"].unique())
    nearest = min(years, key=lambda panel_year: abs(panel_year - year))
    rows = wijken.loc[wijken["year"] == nearest, ["place_id", "wijk_code", "gm_code"]]
    matched = rows.merge(centres, left_on="wijk_code", right_on="code", how="outer")
    # areas that the panel's year lacks still show where their code and gemeente are
    code = matched["wijk_code"].fillna(matched["code"])
    gemeente = matched["gm_code"].fillna("GM" + code.str[2:6])
    located: pd.DataFrame = matched.assign(wijk_code=code, around=WIJK.of(code), gm_code=gemeente)
    return located


def _people_nearby(wijken: pd.DataFrame, people: pd.Series) -> dict[str, pd.Series]:
    table = people.to_frame("people")
    return {
        nearby_column(reach): gather(wijken, table, reach)["people"].round(DIGITS)
        for reach in REACHES
    }


def gather(wijken: pd.DataFrame, values: pd.DataFrame, reach: float) -> pd.DataFrame:
    """Sum values over all wijken of the same year, nearer ones weighing more.

    Parameters
    ----------
    wijken : DataFrame
        ``x_km``, ``y_km``, ``year``.
    values : DataFrame
        What to sum, on the same index, without missing values.
    reach : float
        Kilometres at which a neighbour counts for 1/e.

    Returns
    -------
    DataFrame
        Σ_j exp(−d_ij / reach) · v_j, the wijk itself included; NaN where it has no location.
    """
    out = pd.DataFrame(np.nan, index=wijken.index, columns=values.columns)
    rows = wijken.dropna(subset=GRID)
    if rows.empty:
        return out
    # places hardly move: one table of distances serves every year
    spot = rows.groupby(GRID).ngroup().to_numpy()
    year, years = pd.factorize(rows["year"])
    points = rows[GRID].to_numpy()[np.unique(spot, return_index=True)[1]]
    table = np.zeros((len(points), len(years), values.shape[1]))
    np.add.at(table, (spot, year), values.loc[rows.index].to_numpy(dtype="float64"))
    summed = _weighted_sums(points, table.reshape(len(points), -1), reach)
    out.loc[rows.index] = summed.reshape(table.shape)[spot, year]
    return out


def _weighted_sums(points: Floats, table: Floats, reach: float) -> Floats:
    from scipy.spatial.distance import cdist

    blocks = [
        np.exp(-cdist(points[start : start + ROWS_AT_ONCE], points) / reach) @ table
        for start in range(0, len(points), ROWS_AT_ONCE)
    ]
    return np.concatenate(blocks)
