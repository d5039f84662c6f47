"""What every page of a report is filled in with."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from risicomodel import __version__
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.presentation import maps
from risicomodel.publishing.report import statements

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
    own_years = ", ".join(
        f"{words.label(domain)} {first}–{last}"
        for domain, (first, last) in about.own_figures.items()
    )
    return {
        "words": words,
        "t": words.text,
        "say": partial(statements.say, words),
        "made_up": about.made_up,
        "own": about.own_figures,
        "own_years": own_years,
        "subjects": ", ".join(words.label(domain) for domain in about.domains),
        "last_year": about.last_year,
        "version": __version__,
        "units": {item.name: item.unit for item in PROFILE},
        "years": f"{about.first_year}–{about.last_year}",
        "source": statements.say(
            words,
            f"site.source{'_own' if about.own_figures else ''}",
            {"own": about.own_figures},
            version=__version__,
            own=own_years,
        ),
        "today": datetime.now(UTC).date().isoformat(),
        "AREA": AREA,
        "colours": {"shades": maps.SHADES, "gaps": maps.GAPS},
    }
