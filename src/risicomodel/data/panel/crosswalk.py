"""Crosswalk: in which areas of another year the people of an area live.

A place that is in both years is linked to itself. The others were redrawn: old and new outlines are
overlaid, and the people of every old area are divided over the new ones that cover it, in such a
way that both old and new areas keep their numbers of people (iterative proportional fitting). An
area that no redrawn area covers went to an existing one. Where there is no outline, it is divided
over the new areas of the same gemeente that nothing else explains, by people; where its gemeente no
longer exists, over those of the gemeente that lies there now, and of these over those where its own
gemeente was. The shares of an old area sum to one,
so totals are kept. An area that nothing covers is only missing from a table, and its people are not
given to others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.core.levels import AREA
from risicomodel.data.panel.location import GRID

if TYPE_CHECKING:
    Outlines = dict[str, object]

PLACE, OVERLAY, GEMEENTE = "place", "overlay", "gemeente"
# Outlines of two years are simplified separately: an overlap below this share of the smaller area
# is a sliver.
SLIVER = 0.02
METRES_PER_KM = 1000.0
# Rounds of fitting; shares change by less than a thousandth well before.
ROUNDS = 30


@dataclass
class Crosswalk:
    """Links between the areas of two years.

    Parameters
    ----------
    outlines : DataFrame
        ``place_id`` and ``outline`` (well-known binary), as :func:`outlines.attach` gives them.
    """

    outlines: pd.DataFrame
    _shapes: Outlines = field(default_factory=dict, init=False)
    _areas: dict[tuple[str, str], float] = field(default_factory=dict, init=False)
    _links: dict[tuple[int, int], pd.DataFrame] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        import shapely

        drawn = self.outlines.drop_duplicates("place_id")
        shapes = shapely.from_wkb(drawn["outline"].to_numpy(dtype="object"))
        self._shapes = dict(zip(drawn["place_id"], shapes, strict=True))

    def links(self, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        """Return the share of every old area's people that lives in each new area.

        Parameters
        ----------
        old, new : DataFrame
            ``wijk_code``, ``place_id``, ``gm_code`` and ``people`` (inhabitants) of two years; the
            old ones with ``x_km`` and ``y_km`` too.

        Returns
        -------
        DataFrame
            ``from_code``, ``to_code``, ``share`` (0–1; sums to one per old area) and ``basis``:
            ``place`` (the same place), ``overlay`` or ``gemeente``. Old areas that no area covers
            are left out: they are missing from the tables of the other year.
        """
        pair = _key(old), _key(new)
        if pair not in self._links:
            self._links[pair] = self._linked(old, new)
        return self._links[pair]

    def _linked(self, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:

        same = old.merge(new[["place_id", AREA]], on="place_id", suffixes=("", "_to"))
        unchanged = _links(same[AREA], same[f"{AREA}_to"], 1.0, PLACE)
        rest = old[~old["place_id"].isin(new["place_id"])]
        redrawn = new[~new["place_id"].isin(old["place_id"])]
        overlaid = self._overlay(rest, redrawn)
        rest = rest[~rest[AREA].isin(overlaid["from_code"])]
        absorbed = self._overlay(rest, new)
        rest = rest[~rest[AREA].isin(absorbed["from_code"])]
        unexplained = redrawn[~redrawn[AREA].isin(overlaid["to_code"])]
        divided = _within_gemeente(rest, unexplained)
        rest = rest[~rest[AREA].isin(divided["from_code"])]
        moved = self._part_by_part(self._moved_gemeente(rest, new), old, new)
        table = pd.concat([unchanged, overlaid, absorbed, divided, moved], ignore_index=True)
        return table.sort_values(["from_code", "to_code"], ignore_index=True)

    def _overlay(self, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        """Return links of areas whose outlines overlap, fitted to the people of both sides."""
        import shapely

        old, new = self._drawn(old), self._drawn(new)
        tree = shapely.STRtree([self._shapes[place] for place in old["place_id"]])
        targets = [self._shapes[place] for place in new["place_id"]]
        j, i = tree.query(targets, predicate="intersects") if targets else np.empty((2, 0), int)
        pairs = zip(old["place_id"].to_numpy()[i], new["place_id"].to_numpy()[j], strict=True)
        area = np.array([self._overlap(*pair) for pair in pairs], dtype="float64")
        i, j, area = i[area > 0], j[area > 0], area[area > 0]
        people = [rows["people"].fillna(0.0).clip(lower=1.0).to_numpy() for rows in (old, new)]
        share = _fitted(area, i, j, people[0], people[1])
        return _links(old[AREA].iloc[i], new[AREA].iloc[j], share, OVERLAY)

    def _drawn(self, areas: pd.DataFrame) -> pd.DataFrame:
        """Return the areas with an outline; looked up one by one, as they are few out of many."""
        drawn = np.array([place in self._shapes for place in areas["place_id"]], dtype="bool")
        return areas[drawn]

    def _moved_gemeente(self, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        """Return old areas of gemeenten that no longer exist, with the gemeente that lies there."""
        import shapely

        new, old = self._drawn(new), old.dropna(subset=GRID)
        tree = shapely.STRtree([self._shapes[place] for place in new["place_id"]])
        centres = shapely.points((old[GRID] * METRES_PER_KM).to_numpy())
        i, j = tree.query(centres, predicate="within")
        moved: pd.DataFrame = old.iloc[i].assign(part=old["gm_code"].to_numpy()[i])
        moved["gm_code"] = new["gm_code"].to_numpy()[j]
        return moved.drop_duplicates(AREA)

    def _part_by_part(
        self, moved: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame
    ) -> pd.DataFrame:
        """Divide areas of gemeenten that merged over the new areas where their gemeente was.

        A new area was part of the old gemeente with the nearest centre of an area.
        """
        import shapely

        old, new = old.dropna(subset=GRID), self._drawn(new[new["gm_code"].isin(moved["gm_code"])])
        if new.empty:
            return _within_gemeente(moved, new)
        tree = shapely.STRtree(shapely.points((old[GRID] * METRES_PER_KM).to_numpy()))
        middles = [shapely.centroid(self._shapes[place]) for place in new["place_id"]]
        part = old["gm_code"].to_numpy()[tree.nearest(middles)]
        new_parts = new.assign(gm_code=new["gm_code"] + part)
        parts = moved.assign(gm_code=moved["gm_code"] + moved["part"])
        placed = parts["gm_code"].isin(new_parts["gm_code"]).to_numpy()
        divided = [
            _within_gemeente(parts[placed], new_parts),
            _within_gemeente(moved[~placed], new),
        ]
        return pd.concat(divided, ignore_index=True)

    def _overlap(self, old: str, new: str) -> float:
        """Return the area (m²) that two outlines share, 0 for a sliver; computed once per pair."""
        import shapely

        if (old, new) not in self._areas:
            one, other = self._shapes[old], self._shapes[new]
            shared = float(shapely.area(shapely.intersection(one, other)))
            smallest = min(float(shapely.area(one)), float(shapely.area(other)))
            self._areas[old, new] = shared if shared > SLIVER * smallest else 0.0
        return self._areas[old, new]


def _key(areas: pd.DataFrame) -> int:
    """Return a hash that identifies the areas: the same two years are needed many times."""
    return int(pd.util.hash_pandas_object(areas["place_id"] + areas[AREA], index=False).sum())


def _links(old: pd.Series, new: pd.Series, share: object, basis: str) -> pd.DataFrame:

    pairs = {"from_code": old.to_numpy(), "to_code": new.to_numpy()}
    return pd.DataFrame({**pairs, "share": share, "basis": basis}).astype({"share": "float64"})


def _fitted(
    area: Floats,
    i: Ints,
    j: Ints,
    old_people: Floats,
    new_people: Floats,
) -> Floats:
    """Return the share of old area ``i`` in new area ``j``: overlaps raked to the people of both.

    Deming and Stephan (1940). The last step is that of the old areas, so their shares sum to one.
    """
    flow = area.copy()
    for _ in range(ROUNDS):
        flow = flow * (new_people / np.bincount(j, flow, len(new_people)).clip(1e-9))[j]
        flow = flow * (old_people / np.bincount(i, flow, len(old_people)).clip(1e-9))[i]
    out: Floats = flow / np.bincount(i, flow, len(old_people)).clip(1e-9)[i]
    return out


def _within_gemeente(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Divide old areas over new ones of the same gemeente, by people."""
    pairs = old[[AREA, "gm_code"]].merge(
        new[[AREA, "gm_code", "people"]], on="gm_code", suffixes=("", "_to")
    )
    weight = pairs["people"].fillna(0.0).clip(lower=1.0)
    share = weight / weight.groupby(pairs[AREA]).transform("sum")
    return _links(pairs[AREA], pairs[f"{AREA}_to"], share.to_numpy(), GEMEENTE)


def redrawn(links: pd.DataFrame, codes: pd.Index) -> Bools:
    """Return which new areas are not, for the largest part, a place that there was.

    Parameters
    ----------
    links : DataFrame
        As :meth:`Crosswalk.links` gives it.
    codes : Index
        The new areas.

    Returns
    -------
    array of bool, shape (codes,)
        True too where no old area is linked.
    """
    largest = links.sort_values("share").drop_duplicates("to_code", keep="last")
    basis = largest.set_index("to_code")["basis"].reindex(codes)
    out: Bools = (basis != PLACE).to_numpy()
    return out


def carry(values: pd.DataFrame, links: pd.DataFrame, codes: pd.Index) -> pd.DataFrame:
    """Return numbers of old areas (persons, not rates) as numbers of new ones.

    Parameters
    ----------
    values : DataFrame
        Counts (persons), on the old areas' codes. A missing value makes every new area that it
        goes to missing.
    links : DataFrame
        As :meth:`Crosswalk.links` gives it.
    codes : Index
        The new areas.

    Returns
    -------
    DataFrame
        On ``codes``; NaN where no old area is linked.
    """
    parts = values.reindex(links["from_code"]).mul(links["share"].to_numpy(), axis=0)
    summed = parts.groupby(links["to_code"].to_numpy()).sum(skipna=False)
    return summed.reindex(codes)
