"""The page for the conversation with housing corporations: older residents and dwellings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.report import forecasts, records

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Gemeente

NEED = "wmo"  # stands for the need of older residents: most of its clients are
OLDER = "k_65_jaar_of_ouder"
# dwellings without stairs, or built for all ages: the nearest that CBS's columns come
SUITABLE = ("percentage_meergezinswoning", "bouwjaar_vanaf_2000")
NEAR = ("afstand_tot_grote_supermarkt", "afstand_tot_huisartsenpraktijk")
FAR = 1.0  # km, further than many can walk with difficulty
OTHER = ("in_bezit_woningcorporatie",)
MOST = 10  # wijken to start the conversation with
COLUMNS = (OLDER, *SUITABLE, *OTHER, *NEAR)
WRITTEN = {item.name: item.written for item in PROFILE}


def view(gemeente: Gemeente) -> dict[str, Any]:
    """Return the values of the template of the housing page.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    """
    table = _table(gemeente)
    names = [name for name in COLUMNS if name in table]
    mean = {name: _facts(gemeente, gemeente.code).get(name) for name in names}
    ahead = forecasts.of_gemeente(gemeente, NEED) if NEED in gemeente.country.domains else None
    limit = None if ahead is None else float(ahead["rate"])
    per = gemeente.country.domains[NEED].per if NEED in gemeente.country.domains else 1
    rows = records.records(table.reset_index())
    for row in rows:
        row["signs"] = _signs(row, mean, limit, per)
    rows.sort(key=lambda row: (-len(row["signs"]), -(row.get("need") or 0.0), row["wijk_name"]))
    signalled = [row for row in rows if {"few", "far"} & set(row["signs"])]
    need = NEED if "need" in table else None
    year = None if ahead is None else int(ahead["year"])
    talk = [row for row in signalled if "need" in row["signs"]] or signalled
    return {
        "talk": talk[:MOST],
        "rows": rows,
        "columns": names,
        "mean": mean,
        "need": need,
        "year": year,
        "of": limit,
    }


def _table(gemeente: Gemeente) -> pd.DataFrame:
    """Return per wijk the forecast need and the facts on dwellings and amenities."""
    rows = gemeente.wijken.set_index(AREA)[["wijk_name"]]
    values = {code: _facts(gemeente, code) for code in rows.index}
    for name in COLUMNS:
        column = [values[code].get(name) for code in rows.index]
        if any(value is not None for value in column):
            rows[name] = column
    if NEED in gemeente.country.domains:
        ahead = forecasts.of_wijken(gemeente, NEED)
        if len(ahead):
            rows["need"] = ahead["rate"].reindex(rows.index)
    return rows


def _facts(gemeente: Gemeente, code: str) -> dict[str, float]:
    """Return the profile of a wijk or gemeente, by name of the fact."""
    rows = gemeente.country.profiles.get(code)
    return {} if rows is None else dict(zip(rows["name"], rows["value"], strict=True))


def _signs(row: dict[str, Any], mean: dict[str, Any], limit: float | None, per: int) -> list[str]:
    """Return the reasons to talk about a wijk, by numbers as they are written: need first.

    Few suitable dwellings or far amenities count only where more need than the gemeente's is
    forecast, or more older residents live there.
    """

    def above_mean(name: str) -> int:
        both = row.get(name) is not None and mean.get(name) is not None
        return WRITTEN[name](row[name]) - WRITTEN[name](mean[name]) if both else 0

    signs = []
    need = row.get("need")
    if limit is not None and need is not None and round(need * per, 1) > round(limit * per, 1):
        signs.append("need")
    if above_mean(OLDER) > 0:
        signs.append("older")
    if signs and any(name in row for name in SUITABLE) and _all_below(row, mean):
        signs.append("few")
    if signs and any(WRITTEN[name](row.get(name) or 0.0) > WRITTEN[name](FAR) for name in NEAR):
        signs.append("far")
    return signs


def _all_below(row: dict[str, Any], mean: dict[str, Any]) -> bool:
    names = [n for n in SUITABLE if row.get(n) is not None and mean.get(n) is not None]
    return bool(names) and all(WRITTEN[n](row[n]) < WRITTEN[n](mean[n]) for n in names)
