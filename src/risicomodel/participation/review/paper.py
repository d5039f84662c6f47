"""Forms on paper: per person one page that says how, and a page per wijk.

They ask what screens ask, in the same words. No figure stands on them, of the model or any other.
The number on every page is the public part of a code: who has a sheet cannot enter with it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.core import storage
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import sheets
from risicomodel.participation.review.sheets import Sheet
from risicomodel.participation.review.wording import Wording
from risicomodel.publishing.presentation import rendering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from risicomodel.participation.forms import Role
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.questions import Question
    from risicomodel.participation.review.store import Person

log = logging.getLogger(__name__)

FILES = {
    Phase.OWN_VIEW: "papier-1-eigen-beeld",
    Phase.AGAIN: "papier-2-opnieuw",
    Phase.CAUSES: "papier-3-oorzaken",
}
ACCESSIBLE = "pdf/ua-1"


@dataclass(frozen=True)
class PrintedPart:
    """A question on a sheet.

    Parameters
    ----------
    kind, ask, hint : str
        How it is answered, the question, and what stands small below it; may be empty.
    options : list of (str, str)
        What can be ticked, or gets coins.
    """

    kind: str
    ask: str
    hint: str
    options: list[tuple[str, str]]


@dataclass(frozen=True)
class PrintedSheet:
    """A page on one wijk.

    Parameters
    ----------
    page : int
        Its number.
    wijk : str
        Its name.
    parts : list of PrintedPart
        The questions.
    """

    page: int
    wijk: str
    parts: list[PrintedPart]


@dataclass(frozen=True)
class PrintedForm:
    """All pages of one person.

    Parameters
    ----------
    number, role : str
        Public number and role.
    writes : bool
        Whether numbers are written somewhere.
    sheets : list of PrintedSheet
        A page per wijk.
    """

    number: str
    role: str
    writes: bool
    sheets: list[PrintedSheet]


def form_of(evening: Evening, person: Person, phase: Phase) -> PrintedForm:
    """Return the pages of one person for a phase.

    Parameters
    ----------
    evening : Evening
        The round.
    person : Person
        Whose number is on them.
    phase : Phase
        One of :data:`risicomodel.participation.review.sheets.PHASES`.
    """
    wording, role = Wording(evening), evening.form.roles[person.role]
    pages = []
    for code in sheets.wijken_of(evening, phase):
        sheet = Sheet(person, code, phase)
        parts = _parts(wording, sheets.asked_on(evening, sheet), role)
        pages.append(
            PrintedSheet(sheets.page_of(evening, sheet), evening.round.wijken[code], parts)
        )
    writes = any(part.kind in {"range", "coins"} for page in pages for part in page.parts)
    return PrintedForm(person.number, wording.role(role), writes, pages)


def _parts(wording: Wording, questions: list[Question], role: Role) -> list[PrintedPart]:
    """Return questions as they are printed; the same hint once."""
    out, said = [], set[str]()
    for question in questions:
        part = wording.part(question, role)
        hint = wording.hint(question)
        ask = f"{part.label}: {part.ask}" if question.detail else part.ask
        out.append(PrintedPart(part.kind, ask, "" if hint in said else hint, part.options))
        said.add(hint)
    return out


def write(
    folder: Path, evening: Evening, people: Sequence[Person], phase: Phase
) -> tuple[list[Path], str]:
    """Write the forms of a phase, as a page for the browser and, where that can be made, as PDF.

    Parameters
    ----------
    folder : Path
        Where they go.
    evening : Evening
        The round.
    people : sequence of Person
        Whose forms.
    phase : Phase
        One of :data:`risicomodel.participation.review.sheets.PHASES`.

    Returns
    -------
    list of Path
        What was written.
    str
        Why there is no PDF; empty where there is one.
    """
    page = folder / f"{FILES[phase]}.html"
    made = evening.round
    rendering.write(
        page, "review_paper.html", t=Wording(evening).words.text, language=made.language,
        round=made, phase=str(phase), pages=len(made.wijken) + 1,
        people=[form_of(evening, person, phase) for person in people],
    )  # fmt: skip
    document = page.with_suffix(".pdf")
    lacking = write_pdf(page, document)
    return [page] if lacking else [page, document], lacking


def write_pdf(page: Path, document: Path) -> str:
    """Write a page as a PDF with tags, that a screen reader can read.

    Parameters
    ----------
    page : Path
        HTML.
    document : Path
        What is written.

    Returns
    -------
    str
        Why it could not be; empty where it was.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:  # the package, or pango, which it is made with
        return " ".join(str(error).split())[:120]
    for name in ("weasyprint", "fontTools"):  # they tell of every font
        logging.getLogger(name).setLevel(logging.ERROR)
    with storage.atomic(document) as partial:
        HTML(filename=str(page)).write_pdf(partial, pdf_variant=ACCESSIBLE)
    return ""
