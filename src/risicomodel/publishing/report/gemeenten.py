"""The page that leads to the reports of all gemeenten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import overview

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Gemeente


def view(gemeenten: list[Gemeente]) -> dict[str, Any]:
    """Return the values of the template of the index: a row per gemeente, as its own page has it.

    Parameters
    ----------
    gemeenten : list of Gemeente
        At least one, all of one country.
    """
    country = gemeenten[0].country
    return {
        "unnamed": [one.code for one in gemeenten if one.name == one.code],
        "rows": [_row(gemeente) for gemeente in sorted(gemeenten, key=lambda one: one.name)],
        "domains": [
            {"domain": name, "year": year, "rate": country.rates.get((name, year))}
            for name, year in country.newest.items()
        ],
    }


def _row(gemeente: Gemeente) -> dict[str, Any]:
    return {
        "code": gemeente.code,
        "name": gemeente.name,
        "wijken": len(gemeente.wijken),
        "cards": [overview.card(gemeente, domain) for domain in gemeente.country.domains],
    }
