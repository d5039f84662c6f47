"""Screens as HTML: templates filled in, in the language of the round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from risicomodel.publishing.presentation import rendering

HERE = Path(__file__).parent
ASSETS = HERE / "assets"


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a screen.

    Parameters
    ----------
    template : str
        A file in ``templates``.
    status : int
        Of HTTP.
    **values : object
        What it is filled in with; a name that it lacks is an error.
    """
    return HTMLResponse(
        rendering.environment(HERE / "templates").get_template(template).render(**values), status
    )
