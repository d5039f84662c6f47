"""CBS's layout of areas, periods and breakdowns, turned into one row per area for one period."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import DataError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

REGION_COLUMNS = ["code", "name", "gm_name", "change"]

# OData keys end in the position of the column; CamelCase sets them apart from Excel's a_00_14
_POSITION = re.compile(r"(?=.*[A-Z]).*_\d+")
_CODE_COLUMNS = ("codering", "coderingregio", "gwbcode10", "gwbcode")
_DIMENSIONS = ("regios", "wijken", "wijkenenbuurten", "regio", "regiokenmerken")
_GEMEENTE_COLUMNS = ("gemeentenaam", "gmnaam")
_CHANGE_COLUMNS = (
    "indelingswijzigingwijken",
    "indelingswijzewijken",  # the spelling of one table of 2015
    "indelingswijzigingwijkenenbuurten",
    "indwbi",
)
_OTHER = ("id", "perioden", "soortregio", "recs", "gwbcode8", "meestvoorkomendepostcode")

CODE = re.compile(r"(NL\d{2}|LD\d{2}|PV\d{2}|CR\d{2}|GM\d{4}|WK\d{6}|BU\d{8})")
_TOTAL_KEY = re.compile(r"T\d{6}")
# how a period is written: as a title, as a key, and a whole year also as a spreadsheet writes it
YEAR, HALVES = "year", ("first_half", "second_half")
MARCH, DECEMBER = "march", "december"
_PERIODS = {
    YEAR: ("{year}", "{year}JJ00", "{year}.0"),
    HALVES[0]: ("1e halfjaar {year}", "{year}HJ01"),
    HALVES[1]: ("2e halfjaar {year}", "{year}HJ02"),
    MARCH: ("{year} maart", "{year}MM03"),
    DECEMBER: ("{year} december", "{year}MM12"),
}


def stem(name: str) -> str:
    """Return the name of a column without the variants of its spelling.

    Parameters
    ----------
    name : str
        A column as a file names it.

    Returns
    -------
    str
        Lower case, without position, underscores and spaces.

    Examples
    --------
    >>> stem("k_0Tot15Jaar_8"), stem("a_00_14"), stem("Codering ")
    ('k0tot15jaar', 'a0014', 'codering')
    """
    name = name.strip()
    if _POSITION.fullmatch(name):
        name = name.rpartition("_")[0]
    return name.replace("_", "").replace(" ", "").lower()


def stems(names: Iterable[str]) -> list[str]:
    """Return the stems of columns, numbered where they occur more than once.

    KWB has ``Appartement_48`` (electricity) and ``Appartement_56`` (gas), which only their order
    sets apart.

    Parameters
    ----------
    names : iterable of str
        Columns as a file names them, in its order.

    Returns
    -------
    list of str
        A stem per column.

    Examples
    --------
    >>> stems(["Appartement_48", "Tussenwoning_49", "Appartement_56"])
    ['appartement#1', 'tussenwoning', 'appartement#2']
    """
    plain = [stem(name) for name in names]
    seen: dict[str, int] = {}
    out = []
    for name in plain:
        seen[name] = seen.get(name, 0) + 1
        out.append(f"{name}#{seen[name]}" if plain.count(name) > 1 else name)
    return out


def check_codes(codes: pd.Series, *, where: str) -> None:
    """Check that codes of areas are CBS codes.

    Parameters
    ----------
    codes : Series of str
        Codes of areas.
    where : str
        The file, for the error message.

    Raises
    ------
    DataError
        If one is not, for instance because a spreadsheet turned ``WK000300`` into 300.
    """
    wrong = codes[~codes.str.fullmatch(CODE.pattern)]
    if len(wrong):
        raise DataError(
            f"{where}: {len(wrong)} area codes are not CBS codes, for example "
            f"{', '.join(map(repr, wrong.unique()[:3]))}; expected GM + 4, WK + 6 or "
            "BU + 8 digits, with leading zeros. Save the column of codes as text."
        )


def area_rows(
    raw: pd.DataFrame,
    year: int,
    *,
    where: str,
    totals: Sequence[str] = (),
    titles: Callable[[str], dict[str, str]] = lambda _: {},
    period: str = YEAR,
    by_name: bool = False,
) -> pd.DataFrame:
    """Return one row per area for one period, with the total of every breakdown.

    Parameters
    ----------
    raw : DataFrame
        What :func:`risicomodel.data.sources.formats.read_file` returns.
    year : int
        The year.
    where : str
        The file, for error messages.
    totals : sequence of str
        Titles that mean "total" in a breakdown (``Totaal``). OData's keys of totals (``T001644``)
        need no title.
    titles : callable
        Returns the titles of a dimension by key, as far as the archive has them.
    period : str
        The whole year, one of its :data:`HALVES`, or the end of a month; others are left out.
    by_name : bool
        For a table of gemeenten and larger regions that names them and gives no codes.

    Returns
    -------
    DataFrame
        ``code`` (empty where CBS leaves it blank), ``name``, ``gm_name``, ``change``, and the
        columns with figures by stem.

    Raises
    ------
    SourceError
        If the file has no areas, not this period, or a breakdown without total.
    DataError
        If an area's code is not one, or occurs twice.
    """
    table = raw.set_axis(stems(raw.columns), axis="columns")
    keep = _is_period(table, year, period)
    for name in _breakdowns(list(raw.columns)):
        total = _is_total(table[name], totals, titles)
        if not total.any():
            raise SourceError(
                f"{where}: no total in column '{name}', which holds "
                f"{', '.join(repr(v) for v in table[name].unique()[:4])}; expected "
                f"{', '.join(repr(t) for t in totals)}. Name the total in the domain's 'totals'."
            )
        keep &= total
    rows = _of_year(table, keep, year, where)
    head = _names(rows, where) if by_name else _head(rows, titles, where)
    about = {*_OTHER, *_DIMENSIONS, *_CODE_COLUMNS, *_GEMEENTE_COLUMNS, *_CHANGE_COLUMNS}
    topics = [column for column in rows.columns if column not in about]
    out = pd.concat([head, rows[topics]], axis=1).reset_index(drop=True)
    _refuse_twice(out["name" if by_name else "code"], where)
    return out


def areas(
    raw: pd.DataFrame,
    year: int,
    *,
    where: str,
    titles: Callable[[str], dict[str, str]] = lambda _: {},
) -> pd.DataFrame:
    """Return which areas a table has, without figures.

    Parameters
    ----------
    raw : DataFrame
        What :func:`risicomodel.data.sources.formats.read_file` returns.
    year : int
        The year.
    where : str
        The file, for error messages.
    titles : callable
        Returns the titles of a dimension by key, as far as the archive has them.

    Returns
    -------
    DataFrame
        ``code``, ``name``, ``gm_name`` and ``change``, a row per area.
    """
    table = raw.set_axis(stems(raw.columns), axis="columns")
    head = _head(_of_year(table, _is_period(table, year), year, where), titles, where)
    return head.drop_duplicates("code", ignore_index=True)


def _of_year(table: pd.DataFrame, keep: pd.Series, year: int, where: str) -> pd.DataFrame:
    if not keep.any():
        raise SourceError(
            f"{where}: no rows for the year {year}, but for "
            f"{', '.join(map(str, table['perioden'].unique()[:5]))}; expected the table of {year}. "
            "Correct the table's year in 'tables', or get the right table."
        )
    return table[keep]


def _breakdowns(names: Sequence[str]) -> list[str]:
    """Return the dimensions other than area and period; files that are not OData have none."""
    if not any(_POSITION.fullmatch(name) for name in names):
        return []
    plain = [stem(name) for name in names if not _POSITION.fullmatch(name)]
    return [name for name in plain if name not in {*_OTHER, *_DIMENSIONS}]


def has_periods(raw: pd.DataFrame, year: int, periods: Iterable[str]) -> bool:
    """Return whether a table has figures on all of some periods of a year.

    Parameters
    ----------
    raw : DataFrame
        What :func:`risicomodel.data.sources.formats.read_file` returns.
    year : int
        The year.
    periods : iterable of str
        Such as :data:`HALVES`.

    Returns
    -------
    bool
    """
    table = raw.set_axis(stems(raw.columns), axis="columns")
    return "perioden" in table and all(_is_period(table, year, one).any() for one in periods)


def _is_period(table: pd.DataFrame, year: int, period: str = YEAR) -> pd.Series:

    if "perioden" not in table:
        return pd.Series(data=True, index=table.index)
    spellings = [form.format(year=year) for form in _PERIODS[period]]
    return table["perioden"].astype("str").str.strip().isin(spellings)


def _is_total(
    column: pd.Series, totals: Sequence[str], titles: Callable[[str], dict[str, str]]
) -> pd.Series:
    total_titles = {total.strip().lower() for total in totals}
    text = column.astype("str")
    titled = text.replace(titles(str(column.name)))
    by_title: pd.Series = titled.str.strip().str.lower().isin(total_titles)
    return by_title if by_title.any() else text.str.fullmatch(_TOTAL_KEY.pattern)


def _first(table: pd.DataFrame, names: Sequence[str]) -> pd.Series | None:
    present = [name for name in names if name in table.columns]
    return table[present[0]].astype("str").str.strip() if present else None


def _head(rows: pd.DataFrame, titles: Callable[[str], dict[str, str]], where: str) -> pd.DataFrame:
    """Return code, name, gemeente's name and change flag of every row."""
    dimension = next((name for name in _DIMENSIONS if name in rows.columns), None)
    region = _first(rows, _DIMENSIONS)
    code = _first(rows, _CODE_COLUMNS)
    if code is None:
        code = region
    if code is None:
        raise SourceError(
            f"{where}: no column with codes of areas among "
            f"{', '.join(map(repr, rows.columns[:6]))}; expected Codering, codering_regio, "
            "gwb_code_10 or a dimension of areas. Check that this is a CBS table by wijk."
        )
    if region is not None and region.str.fullmatch(CODE.pattern).all():
        code = region  # keys are never blank, unlike Codering
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


def _names(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the head of rows that name their area, without codes."""
    region = _first(rows, _DIMENSIONS)
    if region is None:
        raise SourceError(
            f"{where}: no column with names of areas among "
            f"{', '.join(map(repr, rows.columns[:6]))}; expected RegioS. Check that this is a CBS "
            "table by gemeente."
        )
    return pd.DataFrame({"code": "", "name": region, "gm_name": "", "change": ""})


def _refuse_twice(areas_of_rows: pd.Series, where: str) -> None:
    areas_of_rows = areas_of_rows[areas_of_rows != ""]
    twice = areas_of_rows[areas_of_rows.duplicated()].unique()
    if len(twice):
        raise DataError(
            f"{where}: {len(twice)} areas occur more than once in one year, for example "
            f"{', '.join(twice[:3])}; expected one row per area and year. Remove the duplicates, "
            "or name the breakdown's total in the domain's 'totals'."
        )


def titles_from(dimension: pd.DataFrame) -> dict[str, str]:
    """Return the titles of an OData dimension.

    Parameters
    ----------
    dimension : DataFrame
        ``Key`` and ``Title``, a row per key.

    Returns
    -------
    dict of str to str
        Title by key, both trimmed.
    """
    return dict(zip(dimension["Key"].str.strip(), dimension["Title"].str.strip(), strict=True))
