"""What every page of a report knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from risicomodel import __version__
from risicomodel.core.levels import AREA
from risicomodel.publishing.presentation import maps
from risicomodel.publishing.report import profile

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.tables import Tables


def shared(found: Tables, words: Words) -> dict[str, Any]:
    """Return what every page of a run knows."""
    return {
        "words": words,
        "t": words.text,
        "made_up": found.made_up,
        "last_year": found.last_year,
        "version": __version__,
        "units": {item.name: "share" for item in profile.SHARES}
        | {item.name: item.unit for item in profile.FACTS},
        "years": f"{int(found.panel['year'].min())}–{found.last_year}",
        "source": words.text("site.source", version=__version__),
        "today": datetime.now(UTC).date().isoformat(),
        "AREA": AREA,
        "colours": {"levels": maps.LEVELS, "gaps": maps.GAPS},
    }
