"""What is published of a round beside the run that it judged, and the rules that it keeps.

Who publishes it holds it to these rules, and so does who shows it: a table may be edited by hand in
between. Answers and free text are never among it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from risicomodel.runs.contract.participation_tables import (
    ACTIONS,
    AGREEMENT,
    COINS,
    CONTESTED_DRIVERS,
    FIELD_ESTIMATES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

FOLDER = "review"  # in a run's folder, with a folder per round
MARK = "round.json"
PUBLISHED = {
    table.name: table for table in (FIELD_ESTIMATES, AGREEMENT, CONTESTED_DRIVERS, COINS, ACTIONS)
}
ROUND_ID = re.compile(r"[0-9a-f]{8}")
LEAST_PEOPLE = 5  # answers, for a figure
MOST_RECOGNISED = 1 / 3  # of them say yes, where a driver is contested

UNREVIEWED, REVIEWED, CONTESTED = "unreviewed", "reviewed", "contested"

# what no plain text has: the beginning of a tag, and signs that steer
_MARKUP = re.compile(r"<[a-zA-Z/!?]|[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
MOST_CHARACTERS = {"text": 300, "owner": 80, "due": 10}
# which rows have a number of people of their own; all coins of a wijk have one
COUNTED = {
    FIELD_ESTIMATES.name: FIELD_ESTIMATES.key,
    CONTESTED_DRIVERS.name: CONTESTED_DRIVERS.key,
    COINS.name: ("wijk_code",),
}
# what a row has in place of its figure where that would tell of fewer than five
_BLANK: dict[str, dict[str, Any]] = {
    FIELD_ESTIMATES.name: {
        "n": pd.NA, "rate": None, "lower": None, "upper": None, "basis": "", "verdict": "too_few",
        "beside_model": "",
    },
    CONTESTED_DRIVERS.name: {"n": pd.NA, "recognised": None, "contested": False},
}  # fmt: skip
_VERDICTS = {"agree", "disagree", "too_few"}
_BASES = {"taps", "ranges", "both"}
_WITHOUT_FIGURE = ["rate", "lower", "upper"]


class Rule(NamedTuple):
    """What every row of a published table keeps.

    Parameters
    ----------
    table : str
        Its name.
    says : str
        In words.
    keeps : callable
        Of the table, a truth per row.
    """

    table: str
    says: str
    keeps: Callable[[pd.DataFrame], pd.Series]


def _none_or_enough(rows: pd.DataFrame) -> pd.Series:
    return rows["n"].isna() | rows["n"].ge(LEAST_PEOPLE).fillna(value=False)


def _has_people(rows: pd.DataFrame) -> pd.Series:
    return rows["n"].ge(LEAST_PEOPLE).fillna(value=False).astype("bool")


def _in_order(rows: pd.DataFrame) -> pd.Series:
    ordered = rows["lower"].ge(0) & rows["lower"].le(rows["rate"])
    ordered &= rows["rate"].le(rows["upper"]) & rows["upper"].le(1)
    return ordered | rows[_WITHOUT_FIGURE].isna().all(axis=1)


def _judged_with_figure(rows: pd.DataFrame) -> pd.Series:
    return rows["verdict"].isin(_VERDICTS) & rows["verdict"].ne("too_few").eq(rows["rate"].notna())


def _is_plain(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(
        [
            all(is_plain(row[name], most) for name, most in MOST_CHARACTERS.items())
            for row in rows.to_dict("records")
        ],
        index=rows.index,
        dtype="bool",
    )


def _share(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name].isna() | rows[name].between(0, 1)


RULES = (
    Rule(FIELD_ESTIMATES.name, "n is empty, or five or more", _none_or_enough),
    Rule(
        FIELD_ESTIMATES.name,
        "no figure of fewer than five",
        lambda t: _has_people(t) | t[_WITHOUT_FIGURE].isna().all(axis=1),
    ),
    Rule(FIELD_ESTIMATES.name, "0 <= lower <= rate <= upper <= 1, or all are empty", _in_order),
    Rule(FIELD_ESTIMATES.name, "a verdict goes with a figure", _judged_with_figure),
    Rule(
        FIELD_ESTIMATES.name,
        "a basis (taps, ranges or both) goes with a figure",
        lambda t: t["basis"].isin(_BASES) | (t["basis"].eq("") & t["rate"].isna()),
    ),
    Rule(
        FIELD_ESTIMATES.name,
        "phase is own_view or again",
        lambda t: t["phase"].isin(["own_view", "again"]),
    ),
    Rule(
        AGREEMENT.name,
        "no alpha of fewer than five wijken",
        lambda t: t["alpha"].isna() | t["n_wijken"].ge(LEAST_PEOPLE).fillna(value=False),
    ),
    Rule(CONTESTED_DRIVERS.name, "n is empty, or five or more", _none_or_enough),
    Rule(
        CONTESTED_DRIVERS.name,
        "no share of fewer than five",
        lambda t: _has_people(t) | t["recognised"].isna(),
    ),
    Rule(CONTESTED_DRIVERS.name, "recognised lies in 0-1", lambda t: _share(t, "recognised")),
    Rule(
        CONTESTED_DRIVERS.name,
        "contested where at most a third of five or more said yes",
        lambda t: t["contested"].eq(_has_people(t) & t["recognised"].le(MOST_RECOGNISED)),
    ),
    Rule(COINS.name, "n is five or more", _has_people),
    Rule(COINS.name, "share lies in 0-1", lambda t: _share(t, "share")),
    Rule(ACTIONS.name, "plain text of one line, not longer than the form takes", _is_plain),
)


def is_plain(text: object, most: int) -> bool:
    """Tell whether a text has no markup and no sign that steers, and is not too long.

    Parameters
    ----------
    text : object
        As it was written down; what is no text is not plain.
    most : int
        Characters that it may have.

    Examples
    --------
    >>> is_plain("Twee bankjes voor jeugd <18 jaar", 300), is_plain("<script src=x>", 300)
    (True, False)
    """
    return isinstance(text, str) and len(text) <= most and _MARKUP.search(text) is None


def violations(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return what published tables of a round do not keep, a line per rule.

    Parameters
    ----------
    tables : dict of str to DataFrame
        By name, each as it is declared.

    Returns
    -------
    list of str
    """
    out = []
    for rule in RULES:
        rows = tables.get(rule.table)
        if rows is not None and (broken := int((~rule.keeps(rows).astype("bool")).sum())):
            out.append(f"{rule.table}.csv: {broken} rows do not keep '{rule.says}'")
    return out


def plain_actions(actions: pd.DataFrame) -> pd.DataFrame:
    """Return the agreements that are plain text.

    Parameters
    ----------
    actions : DataFrame
        As declared.
    """
    return actions[_is_plain(actions)].reset_index(drop=True)


def counts(tables: dict[str, pd.DataFrame]) -> dict[str, set[int]]:
    """Return of how many people every figure is.

    Parameters
    ----------
    tables : dict of str to DataFrame
        By name; of those in :data:`COUNTED` the columns of its key and ``n`` (persons).

    Returns
    -------
    dict of str to set of int
        By table and key.

    Examples
    --------
    >>> counts({"coins": pd.DataFrame({"wijk_code": ["WK1", "WK1"], "n": [6, 6]})})
    {'coins/WK1': {6}}
    """
    out: dict[str, set[int]] = {}
    for name in COUNTED.keys() & tables.keys():
        rows = tables[name]
        for about, n in zip(_keys(name, rows), rows["n"], strict=True):
            if not pd.isna(n):
                out.setdefault(about, set()).add(int(n))
    return out


def counted_rows(folder: Path, name: str) -> pd.DataFrame:
    """Read of how many people the figures of a published table are, and nothing else of it.

    Parameters
    ----------
    folder : Path
        Of a published round.
    name : str
        One of :data:`COUNTED`.
    """
    columns = list(COUNTED[name])
    return pd.read_csv(
        folder / PUBLISHED[name].file,
        usecols=[*columns, "n"],
        dtype={**dict.fromkeys(columns, "str"), "n": "Int64"},
    )


def without_differences(
    tables: dict[str, pd.DataFrame], before: Mapping[str, Collection[int]]
) -> tuple[dict[str, pd.DataFrame], int]:
    """Return tables without figures that, subtracted from an earlier one, tell of under five.

    Parameters
    ----------
    tables : dict of str to DataFrame
        That would be published, by name.
    before : mapping of str to collection of int
        As :func:`counts` has them: of how many people the figures are that were ever published.

    Returns
    -------
    tables : dict of str to DataFrame
        A row has no figure, and coins of a wijk are left out, where ``n`` is one to four away from
        an earlier one. With all earlier ones, so what is blank stays so.
    blanked : int
        How many rows that is.

    Examples
    --------
    >>> now = {"coins": pd.DataFrame({"wijk_code": ["WK1", "WK2"], "n": [5, 6]})}
    >>> kept, blanked = without_differences(now, {"coins/WK1": [6], "coins/WK2": [6]})
    >>> kept["coins"]["wijk_code"].to_list(), blanked
    (['WK2'], 1)
    """
    out, blanked = dict(tables), 0
    for name in COUNTED.keys() & tables.keys():
        rows = tables[name]
        telling = [
            not pd.isna(n)
            and any(0 < abs(int(n) - m) < LEAST_PEOPLE for m in before.get(about, ()))
            for about, n in zip(_keys(name, rows), rows["n"], strict=True)
        ]
        blanked += sum(telling)
        if name in _BLANK:
            out[name] = rows.copy()
            for column, value in _BLANK[name].items():
                out[name].loc[telling, column] = value
        else:
            out[name] = rows[[not one for one in telling]].reset_index(drop=True)
    return out, blanked


def _keys(name: str, rows: pd.DataFrame) -> list[str]:
    columns = list(COUNTED[name])
    return ["/".join([name, *map(str, values)]) for values in rows[columns].itertuples(index=False)]


def statuses(contested: pd.DataFrame, domains: list[str]) -> dict[str, str]:
    """Return the status that a round gives to the model of every domain.

    Parameters
    ----------
    contested : DataFrame
        As ``contested_drivers`` is declared.
    domains : list of str
        That the round judged.

    Returns
    -------
    dict of str to str
        ``contested`` where a driver is; ``reviewed`` where five or more judged drivers and none is
        contested; ``unreviewed`` where no driver was judged by so many.

    Examples
    --------
    >>> rows = pd.DataFrame({"domain": ["wmo", "jeugd", "bijstand"], "n": [5, 5, None],
    ...                      "contested": [True, False, False]})
    >>> statuses(rows, ["bijstand", "jeugd", "wmo"])
    {'bijstand': 'unreviewed', 'jeugd': 'reviewed', 'wmo': 'contested'}
    """
    out = {}
    for domain in domains:
        rows = contested[contested["domain"].eq(domain)]
        judged = rows["n"].notna().any()
        out[domain] = together(
            [CONTESTED] * bool(rows["contested"].any()) + [REVIEWED] * bool(judged)
        )
    return out


def together(given: list[str]) -> str:
    """Return the status of a model that several rounds or domains gave one.

    Parameters
    ----------
    given : list of str
        Statuses; none for a model that nobody judged.

    Examples
    --------
    >>> together(["reviewed", "contested"]), together(["unreviewed", "reviewed"]), together([])
    ('contested', 'reviewed', 'unreviewed')
    """
    return next((one for one in (CONTESTED, REVIEWED) if one in given), UNREVIEWED)
