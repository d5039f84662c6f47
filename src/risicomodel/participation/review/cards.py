"""What is printed before an evening: a card per person, with its code to type or scan; a poster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.publishing.presentation import rendering
from risicomodel.publishing.presentation.language import Words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from risicomodel.participation.forms import Form
    from risicomodel.participation.review.codes import Code
    from risicomodel.participation.review.rounds import Round

CARDS, POSTER = "kaartjes.html", "poster.html"
SCALE = 4  # of the squares of a code that is scanned


@dataclass(frozen=True)
class Card:
    """One card.

    Parameters
    ----------
    code, role : str
        As they are printed.
    scanned : str
        SVG of the address with the code.
    """

    code: str
    role: str
    scanned: str


def write(
    folder: Path, made: Round, form: Form, drawn: Sequence[tuple[Code, str]], address: str
) -> list[Path]:
    """Write the cards and the poster of a round.

    Parameters
    ----------
    folder : Path
        Of the round.
    made : Round
        The round.
    form : Form
        For the names of roles.
    drawn : sequence of (Code, str)
        Codes and roles: secrets, of which nothing else keeps a copy.
    address : str
        Of the server, as people in the room reach it.

    Returns
    -------
    list of Path
        What was written.
    """
    words = Words(made.language, {}, "review_", form.texts)
    printed = [
        Card(
            code.text,
            str(getattr(form.roles[role], made.language)),
            scanned(f"{address}/kaart/{code.text}"),
        )
        for code, role in sorted(drawn, key=lambda pair: list(form.roles).index(pair[1]))
    ]
    values = {"t": words.text, "round": made, "address": address, "language": made.language}
    rendering.write(folder / CARDS, "review_cards.html", cards=printed, **values)
    rendering.write(folder / POSTER, "review_poster.html", scanned=scanned(address), **values)
    return [folder / CARDS, folder / POSTER]


def scanned(address: str) -> str:
    """Return the SVG of an address, to be scanned.

    Parameters
    ----------
    address : str
        ``http://…``
    """
    import segno
    from markupsafe import Markup

    code = segno.make(address, error="m", micro=False)
    return Markup(code.svg_inline(scale=SCALE, border=2, omitsize=True))  # noqa: S704 (drawn, without text)
