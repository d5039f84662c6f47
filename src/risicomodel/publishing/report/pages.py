"""What every page of a report is filled in with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from risicomodel import __version__
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.presentation import maps

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure import About
    from risicomodel.publishing.presentation.language import Words


def shared(about: About, words: Words) -> dict[str, Any]:
    """Return the values that every page of a run has.

    Parameters
    ----------
    about : About
        The run.
    words : Words
        Language of the pages.
    """
    return {
        "words": words,
        "t": words.text,
        "made_up": about.made_up,
        "last_year": about.last_year,
        "version": __version__,
        "units": {item.name: item.unit for item in PROFILE},
        "years": f"{about.first_year}–{about.last_year}",
        "source": words.text("site.source", version=__version__),
        "today": datetime.now(UTC).date().isoformat(),
        "AREA": AREA,
        "colours": {"levels": maps.SHADES, "gaps": maps.GAPS},
    }
