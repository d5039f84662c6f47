"""Which years of a wijk's or buurt's code are the same place.

Wijken are redrawn and codes reused: Diemen's WK038401 was Centrum until 2018 and is Noord since.
Years of a code are linked only where the evidence says that it is one place; every spell of years
gets a ``place_id``.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

UNCHANGED, RECODED, REDRAWN = "1", "2", "3"

# CBS flags a border that moved by five metres as changed; within these limits it is one place.
SMALL_CHANGE = 0.10
SMALL_PERSONS = 50
# An unchanged flag is doubted only when both people and land changed by more than this.
LARGE_CHANGE = 0.50
# Shorter names ("west") stand for many areas.
TELLING_NAME = 5

_PREFIX = re.compile(r"^(wijk|buurt) \d+\s*")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def plain_name(name: str) -> str:
    """Return a wijk's name without number, case and punctuation.

    Parameters
    ----------
    name : str
        As CBS gives it.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_name("Wijk 00 Annen")
    'annen'
    """
    return _NOT_LETTERS.sub("", _PREFIX.sub("", name.strip().lower()))


def place_ids(areas: pd.DataFrame) -> pd.Series:
    """Return, per row, the code and year in which its place was first seen.

    Parameters
    ----------
    areas : DataFrame
        ``wijk_code``, ``year``, ``change`` (CBS's flag: 1 unchanged, 2 recoded, 3 redrawn, or
        empty), ``wijk_name``, ``aantal_inwoners`` (persons), ``oppervlakte_land`` and
        ``oppervlakte_totaal`` (ha); one row per code and year, missing values allowed.

    Returns
    -------
    Series of str
        ``WK038401@2019``, on the index of ``areas``.

    Notes
    -----
    Year by year, against the year before in which the code occurs:

    - flag 1: the same place, unless people *and* land both changed by more than half;
    - flag 2: CBS gave the code to another area, so not the same;
    - flag 3 or none: the same only if name (where known), land and people agree within 10% (or 50
      persons). A missing value does not count against it, but a redrawn area (3) of which
      neither land nor people are known is another place.

    A place that ends in this way continues in one that starts the year after, under another code
    (mergers recode wijken) or its own (it was renamed; not with flag 2), when people agree within
    10% and either land and total area are the same to the hectare, or the name is the same and
    land agrees within 10%.
    """
    rows = areas.sort_values(["wijk_code", "year"])
    starts = ~_same_as_before(rows)
    first_year = rows["year"].where(starts).groupby(rows["wijk_code"]).ffill().astype("int64")
    spell = rows["wijk_code"] + "@" + first_year.astype("str")
    earlier = _recoded(rows.assign(spell=spell))
    while spell.isin(earlier.index).any():
        spell = spell.map(earlier).fillna(spell)
    out: pd.Series = spell.reindex(areas.index).rename("place_id")
    return out


def _recoded(rows: pd.DataFrame) -> pd.Series:
    """Return, by spell, the spell of another code, or another name, that it continues."""
    spells = rows.sort_values("year").groupby("spell")
    evidence = ["wijk_name", "aantal_inwoners", "oppervlakte_land", "oppervlakte_totaal"]
    old = spells[evidence].last().assign(year=spells["year"].max() + 1)
    new = spells[[*evidence, "change"]].first().assign(year=spells["year"].min())
    for side in (old, new):
        side["plain_name"] = side["wijk_name"].map(plain_name)
    same_land = _pairs(old, new, ["oppervlakte_land", "oppervlakte_totaal"], land_within=0.0)
    named = [side[side["plain_name"].str.len() >= TELLING_NAME] for side in (old, new)]
    same_name = _pairs(named[0], named[1], ["plain_name"], land_within=SMALL_CHANGE)
    earlier = same_land.combine_first(same_name)
    return earlier[~earlier.duplicated(keep=False)]


def _pairs(old: pd.DataFrame, new: pd.DataFrame, by: list[str], land_within: float) -> pd.Series:
    """Return new spell → old spell that ended the year before, alike in ``by``, land and people."""
    left, right = (side.reset_index().dropna(subset=by) for side in (old, new))
    pairs = left.merge(right, on=["year", *by], suffixes=("_old", "_new"))
    land = [
        f"oppervlakte_land{side}" if "oppervlakte_land" not in by else "oppervlakte_land"
        for side in ("_old", "_new")
    ]
    people = _change(pairs["aantal_inwoners_new"], pairs["aantal_inwoners_old"])
    few = (pairs["aantal_inwoners_new"] - pairs["aantal_inwoners_old"]).abs() <= SMALL_PERSONS
    alike = _change(pairs[land[0]], pairs[land[1]]) <= land_within
    reused = (pairs["change"] == RECODED) & (
        pairs["spell_old"].str.split("@").str[0] == pairs["spell_new"].str.split("@").str[0]
    )
    pairs = pairs[((people <= SMALL_CHANGE) | few) & alike & ~reused]
    # two candidates count as no evidence
    for side in ("spell_old", "spell_new"):
        pairs = pairs[~pairs[side].duplicated(keep=False)]
    return pairs.set_index("spell_new")["spell_old"]


def groups(wijken: pd.DataFrame) -> pd.DataFrame:
    """Return the clusters that must not be split between training and test.

    Parameters
    ----------
    wijken : DataFrame
        ``wijk_code``, ``gm_code``, ``place_id``.

    Returns
    -------
    DataFrame
        ``gm_group``: gemeenten linked by a place that was in both (a merger: the new gemeente's
        wijken are those of the old one); ``wijk_group``: codes linked by a place that had both.
        Named after the first code of the cluster.
    """
    return pd.DataFrame(
        {
            "gm_group": _linked(wijken["gm_code"], wijken["place_id"]),
            "wijk_group": _linked(wijken["wijk_code"], wijken["place_id"]),
        }
    )


def _linked(codes: pd.Series, places: pd.Series) -> pd.Series:
    """Return the first code of every row's connected component of codes and places."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    code_number, _ = pd.factorize(codes)
    place_number, _ = pd.factorize(places)
    place_number = place_number + code_number.max() + 1
    size = int(place_number.max()) + 1
    links = coo_array((np.ones(len(codes)), (code_number, place_number)), shape=(size, size))
    _, component = connected_components(links, directed=False)
    of_row = pd.Series(component[code_number], index=codes.index)
    return codes.groupby(of_row).transform("min")


def _same_as_before(rows: pd.DataFrame) -> pd.Series:
    """Return whether a row is the same place as its code's row before it."""
    by_code = rows.groupby("wijk_code", sort=False)
    evidence = rows[["aantal_inwoners", "oppervlakte_land", "wijk_name"]]
    evidence = evidence.assign(wijk_name=evidence["wijk_name"].mask(evidence["wijk_name"] == ""))
    # a year without a table says nothing: rows are compared with the last that has values
    before = evidence.groupby(rows["wijk_code"]).ffill().groupby(rows["wijk_code"]).shift()
    first = by_code.cumcount() == 0
    people = _change(rows["aantal_inwoners"], before["aantal_inwoners"])
    land = _change(rows["oppervlakte_land"], before["oppervlakte_land"])
    few = (rows["aantal_inwoners"] - before["aantal_inwoners"]).abs() <= SMALL_PERSONS
    name = rows["wijk_name"].map(plain_name)
    name_before = before["wijk_name"].fillna("").map(plain_name)
    renamed = (name != "") & (name_before != "") & (name != name_before)

    flag = rows["change"]
    doubtful = (people > LARGE_CHANGE) & (land > LARGE_CHANGE)
    alike = ~renamed & ~(land > SMALL_CHANGE) & (~(people > SMALL_CHANGE) | few)
    unsupported = (flag == REDRAWN) & people.isna() & land.isna()
    same = ((flag == UNCHANGED) & ~doubtful) | (
        ~flag.isin([UNCHANGED, RECODED]) & alike & ~unsupported
    )
    return same & ~first


def _change(now: pd.Series, before: pd.Series) -> pd.Series:
    """Return the change relative to the larger of the two, 0–1."""
    larger = now.where(now >= before, before)
    return (now - before).abs() / larger.where(larger > 0)
