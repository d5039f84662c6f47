"""How CBS lays out areas, periods and breakdowns, made into one row per area for one year."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import DataError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

REGION_COLUMNS = ["code", "name", "gm_name", "change"]

# OData keys end in the column's position; only their CamelCase tells it from Excel's a_00_14
_POSITION = re.compile(r"(?=.*[A-Z]).*_\d+")
_CODE_COLUMNS = ("codering", "coderingregio", "gwbcode10", "gwbcode")
_DIMENSIONS = ("regios", "wijken", "wijkenenbuurten", "regio", "regiokenmerken")
_GEMEENTE_COLUMNS = ("gemeentenaam", "gmnaam")
_CHANGE_COLUMNS = (
    "indelingswijzigingwijken",
    "indelingswijzewijken",  # so spelt in one table of 2015
    "indelingswijzigingwijkenenbuurten",
    "indwbi",
)
_OTHER = ("id", "perioden", "soortregio", "recs", "gwbcode8", "meestvoorkomendepostcode")

CODE = re.compile(r"(NL\d{2}|LD\d{2}|PV\d{2}|CR\d{2}|GM\d{4}|WK\d{6}|BU\d{8})")
_TOTAL_KEY = re.compile(r"T\d{6}")
# how a period is told: as a title or as a key, and whole years also as a spreadsheet makes of them
YEAR, HALVES = "year", ("first_half", "second_half")
_PERIODS = {
    YEAR: ("{year}", "{year}JJ00", "{year}.0"),
    HALVES[0]: ("1e halfjaar {year}", "{year}HJ01"),
    HALVES[1]: ("2e halfjaar {year}", "{year}HJ02"),
}
LEVELS = {"wijk": "WK", "buurt": "BU", "gemeente": "GM", "land": "NL"}


def stem(name: str) -> str:
    """Return a name without position and spelling: ``k_0Tot15Jaar_8`` → ``k0tot15jaar``."""
    name = name.strip()
    if _POSITION.fullmatch(name):
        name = name.rpartition("_")[0]
    return name.replace("_", "").replace(" ", "").lower()


def stems(names: Iterable[str]) -> list[str]:
    """Return stems, numbering those that occur twice: ``appartement#1``, ``appartement#2``.

    KWB has ``Appartement_48`` (electricity) and ``Appartement_56`` (gas): only the order tells.
    """
    plain = [stem(name) for name in names]
    seen: dict[str, int] = {}
    out = []
    for name in plain:
        seen[name] = seen.get(name, 0) + 1
        out.append(f"{name}#{seen[name]}" if plain.count(name) > 1 else name)
    return out


def check_codes(codes: pd.Series, *, where: str) -> None:
    """Raise where an area code is not a CBS code as text.

    Raises
    ------
    DataError
        For instance when a spreadsheet turned ``WK000300`` into 300.
    """
    wrong = codes[~codes.str.fullmatch(CODE.pattern)]
    if len(wrong):
        raise DataError(
            f"{where}: {len(wrong)} area codes are not CBS codes, for example "
            f"{', '.join(map(repr, wrong.unique()[:3]))}; allowed are GM + 4, WK + 6 or "
            "BU + 8 digits, leading zeros kept. Save the code column as text and read it again."
        )


def area_rows(
    raw: pd.DataFrame,
    year: int,
    *,
    where: str,
    totals: Sequence[str] = (),
    titles: Callable[[str], dict[str, str]] = lambda _: {},
    period: str = YEAR,
) -> pd.DataFrame:
    """Return one row per area for one period, over the total of every breakdown.

    Parameters
    ----------
    raw : DataFrame
        As :func:`risicomodel.data.sources.formats.read_file` gives it.
    year : int
        The year wanted.
    where : str
        The file, for messages.
    totals : sequence of str
        Titles that mean "total" in a breakdown (``Totaal``). OData's total keys (``T001644``) are
        known as such.
    titles : callable
        Gives a dimension's titles by key, where the archive has them.
    period : str
        The whole year, or one of its :data:`HALVES`; other periods are left out.

    Returns
    -------
    DataFrame
        ``code`` (empty where CBS leaves it out), ``name``, ``gm_name``, ``change``, and the topic
        columns by stem.
    """
    table = raw.set_axis(stems(raw.columns), axis="columns")
    keep = _is_period(table, year, period)
    for name in _breakdowns(list(raw.columns)):
        total = _is_total(table[name], totals, titles)
        if not total.any():
            raise SourceError(
                f"{where}: no total in column '{name}', which holds "
                f"{', '.join(repr(v) for v in table[name].unique()[:4])}; looked for "
                f"{', '.join(repr(t) for t in totals)}. Name the total in the domain's 'totals'."
            )
        keep &= total
    rows = _some(table, keep, year, where)
    head = _head(rows, titles, where)
    about = {*_OTHER, *_DIMENSIONS, *_CODE_COLUMNS, *_GEMEENTE_COLUMNS, *_CHANGE_COLUMNS}
    topics = [column for column in rows.columns if column not in about]
    out = pd.concat([head, rows[topics]], axis=1).reset_index(drop=True)
    _refuse_twice(out, where)
    return out


def areas(
    raw: pd.DataFrame,
    year: int,
    *,
    where: str,
    titles: Callable[[str], dict[str, str]] = lambda _: {},
) -> pd.DataFrame:
    """Return the areas a table has in ``year``, whatever its breakdowns: code, names, change."""
    table = raw.set_axis(stems(raw.columns), axis="columns")
    head = _head(_some(table, _is_period(table, year), year, where), titles, where)
    return head.drop_duplicates("code", ignore_index=True)


def _some(table: pd.DataFrame, keep: pd.Series, year: int, where: str) -> pd.DataFrame:
    if not keep.any():
        raise SourceError(
            f"{where}: no rows for the year {year}; the periods are "
            f"{', '.join(map(str, table['perioden'].unique()[:5]))}. Correct the table's year in "
            "'tables', or get the right table."
        )
    return table[keep]


def _breakdowns(names: Sequence[str]) -> list[str]:
    """Return the dimensions that are neither area nor period; flat files have none."""
    if not any(_POSITION.fullmatch(name) for name in names):
        return []
    plain = [stem(name) for name in names if not _POSITION.fullmatch(name)]
    return [name for name in plain if name not in {*_OTHER, *_DIMENSIONS}]


def has_halves(raw: pd.DataFrame, year: int) -> bool:
    """Tell whether a table has both halves of a year."""
    table = raw.set_axis(stems(raw.columns), axis="columns")
    return "perioden" in table and all(_is_period(table, year, half).any() for half in HALVES)


def _is_period(table: pd.DataFrame, year: int, period: str = YEAR) -> pd.Series:

    if "perioden" not in table:
        return pd.Series(data=True, index=table.index)
    told = [form.format(year=year) for form in _PERIODS[period]]
    return table["perioden"].astype("str").str.strip().isin(told)


def _is_total(
    column: pd.Series, totals: Sequence[str], titles: Callable[[str], dict[str, str]]
) -> pd.Series:
    wanted = {total.strip().lower() for total in totals}
    text = column.astype("str")
    named = text.replace(titles(str(column.name)))
    found: pd.Series = named.str.strip().str.lower().isin(wanted)
    return found if found.any() else text.str.fullmatch(_TOTAL_KEY.pattern)


def _first(table: pd.DataFrame, names: Sequence[str]) -> pd.Series | None:
    found = [name for name in names if name in table.columns]
    return table[found[0]].astype("str").str.strip() if found else None


def _head(rows: pd.DataFrame, titles: Callable[[str], dict[str, str]], where: str) -> pd.DataFrame:
    """Return code, name, gemeente's name and change flag of every row."""
    dimension = next((name for name in _DIMENSIONS if name in rows.columns), None)
    region = _first(rows, _DIMENSIONS)
    code = _first(rows, _CODE_COLUMNS)
    if code is None:
        code = region
    if code is None:
        raise SourceError(
            f"{where}: no column with area codes; allowed names are Codering, codering_regio, "
            f"gwb_code_10 or a region dimension; found {', '.join(map(repr, rows.columns[:6]))}. "
            "Check that this is a CBS table by wijk."
        )
    if region is not None and region.str.fullmatch(CODE.pattern).all():
        code = region  # keys: never blank, also where CBS left Codering out
        region = region.map(titles(str(dimension))).astype("str")
    head = pd.DataFrame(
        {
            "code": code.fillna(""),
            "name": "" if region is None else region.fillna(""),
            "gm_name": _or_blank(_first(rows, _GEMEENTE_COLUMNS)),
            "change": _or_blank(_first(rows, _CHANGE_COLUMNS)).str.removesuffix(".0"),
        },
        index=rows.index,
    )
    check_codes(head.loc[head["code"] != "", "code"], where=where)
    return head


def _or_blank(column: pd.Series | None) -> pd.Series:

    return pd.Series(dtype="str") if column is None else column.replace({".": "", "nan": ""})


def _refuse_twice(rows: pd.DataFrame, where: str) -> None:
    codes = rows.loc[rows["code"] != "", "code"]
    twice = codes[codes.duplicated()].unique()
    if len(twice):
        raise DataError(
            f"{where}: {len(twice)} areas occur more than once in one year, for example "
            f"{', '.join(twice[:3])}; allowed is one row per area and year. Remove the doubles, or "
            "name the breakdown's total in the domain's 'totals'."
        )


def titles_from(dimension: pd.DataFrame) -> dict[str, str]:
    """Return key → title from an OData dimension table (columns ``Key`` and ``Title``)."""
    return dict(zip(dimension["Key"].str.strip(), dimension["Title"].str.strip(), strict=True))
