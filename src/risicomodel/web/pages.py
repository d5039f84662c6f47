"""Screens as HTML: templates filled in, in the language of the round."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from risicomodel.publishing.presentation.language import Words

if TYPE_CHECKING:
    import jinja2

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
REVIEW = "review_"


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def words(language: str) -> Words:
    """Return the texts of an evening.

    Parameters
    ----------
    language : str
        ``nl`` or ``en``.
    """
    return Words(language, {}, REVIEW)


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
    return HTMLResponse(_environment().get_template(template).render(**values), status)
