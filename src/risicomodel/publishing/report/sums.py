"""Wijken together, people who are in no wijk, and the total of the gemeente: rows of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import records, statements
from risicomodel.publishing.report.forecasts import AHEAD

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.gemeente import Gemeente

FORECAST = "forecast"
# by the status of a row, the text in place of a number that is not given
IN_PLACE = {"few": "index.sums.under", "cover": "site.hidden", "own": "none"}
NOTES = tuple(f"index.sums.{key}" for key in ("few", "cover", "own"))


def view(gemeente: Gemeente, words: Words) -> dict[str, Any]:
    """Return the values of the part of the template that adds wijken up.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.

    Returns
    -------
    dict
        ``rows``, of the year that a domain's page is about and those after it; ``notes``, sentences
        on what is not given.
    """
    rows = [row for domain in gemeente.country.domains for row in _rows(gemeente, domain)]
    facts = {"statuses": {row["unassigned_status"] for row in rows}}
    return {
        "rows": [row | {"cells": _cells(row, words)} for row in rows],
        "notes": statements.any_of(words, NOTES, facts),
    }


def _rows(gemeente: Gemeente, domain: str) -> list[dict[str, Any]]:
    """Return a domain's rows with a total: of its year and later ones, and those a few ahead."""
    table = gemeente.table("sums")
    if table is None:
        return []
    of_domain = table[(table["domain"] == domain) & (table["year"] >= gemeente.year(domain))]
    ahead = of_domain["kind"] == FORECAST
    last = of_domain.loc[ahead, "year"].min() + AHEAD - 1
    shown = of_domain["total"].notna() & (~ahead | (of_domain["year"] <= last))
    return records.records(of_domain[shown].sort_values(["year", "kind"]))


def _cells(row: dict[str, Any], words: Words) -> dict[str, str]:
    """Return what stands in the cells of wijken, of people in no wijk and of the total."""
    apart = row["unassigned"]
    if apart is None:
        text = words.text(IN_PLACE[row["unassigned_status"]])
    else:
        text = words.number(apart)
        if row["kind"] != "published":
            low, high = (words.number(row[f"unassigned_{end}"]) for end in ("lower", "upper"))
            text += f" ({words.text('band', low=low, high=high)})"
    areas = row["areas"]
    return {
        "areas": words.text("site.hidden") if areas is None else words.number(areas),
        "unassigned": text,
        "total": words.number(row["total"]),
    }
