"""The page that leads to the reports of all gemeenten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import overview

if TYPE_CHECKING:
    from risicomodel.publishing.report.gemeente import Place


def view(places: list[Place]) -> dict[str, Any]:
    """Return what the template of the index needs: a row per gemeente, as its own page tells it."""
    country = places[0].country
    return {
        "rows": [_row(place) for place in sorted(places, key=lambda one: one.name)],
        "domains": [
            {"domain": name, "year": year, "rate": country.rates.get((name, year))}
            for name, year in country.newest.items()
        ],
    }


def _row(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "name": place.name,
        "wijken": len(place.wijken),
        "cards": [overview.card(place, domain) for domain in place.country.domains],
    }
