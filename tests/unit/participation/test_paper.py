"""Forms on paper: the questions of screens, a page per wijk, and no figure of anything."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import paper, sheets
from risicomodel.participation.review.evening import Evening
from support import evenings

if TYPE_CHECKING:
    from pathlib import Path

LONG = "Stationskwartier, Binnenstad-Noordwest en omgeving van de Oude Haven"
FIGURES = (0.0733, 0.0611, 0.0877, 0.0719, 0.0697)


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    return Evening(evenings.store(evenings.sqlite(tmp_path)))


@pytest.mark.parametrize("phase", sheets.PHASES)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_form_asks_what_screens_ask_and_shows_no_figure(
    tmp_path: Path, phase: Phase, language: str
) -> None:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path), language=language))
    written, _ = paper.write(tmp_path, evening, evening.store.people(), phase)
    text = unescape(written[0].read_text(encoding="utf-8"))
    people, wijken = len(evenings.ROLES), len(evenings.WIJKEN)
    assert text.count("class=sheet") == people * (1 + wijken)
    for person in evening.store.people():
        assert text.count(f" {person.number}<") == 1 + wijken  # on every page
        role = evening.form.roles[person.role]
        for part in paper.form_of(evening, person, phase).sheets[0].parts:
            assert part.ask in text
        assert getattr(role, language) in text
    assert evenings.SECRET not in text
    shown = {
        f"{rate * per:.{decimals}f}".replace(".", mark)
        for rate in FIGURES for per in (100, 1000) for decimals in (1, 2) for mark in ".,"
    }  # fmt: skip
    assert not {one for one in shown if re.search(rf"(?<!\d){re.escape(one)}(?!\d)", text)}
    assert ("k_alleen" in text, "alleen wonen" in text) == (
        False, phase is Phase.CAUSES and language == "nl",
    )  # fmt: skip


def test_professionals_write_numbers_and_residents_tick(evening: Evening) -> None:
    resident, professional = (evening.store.person(number) for number in ("1001", "1003"))
    assert resident is not None
    assert professional is not None
    kinds = {
        person.number: [
            part.kind for part in paper.form_of(evening, person, Phase.OWN_VIEW).sheets[0].parts
        ]
        for person in (resident, professional)
    }
    assert kinds == {"1001": ["choice"] * 4, "1003": ["choice", "range", "range", "range"]}


def test_where_it_can_be_made_there_is_a_pdf_that_can_be_read_aloud(tmp_path: Path) -> None:
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        pytest.skip(f"no PDF can be made here: {error}")
    wijken = {code: f"{LONG} {code}" for code in evenings.WIJKEN}
    evening = Evening(evenings.store(evenings.sqlite(tmp_path), wijken=wijken))
    for phase in sheets.PHASES:
        written, lacking = paper.write(tmp_path, evening, evening.store.people(), phase)
        assert lacking == ""
        content = written[1].read_bytes()
        assert content.startswith(b"%PDF")
        rendered = weasyprint.HTML(filename=str(written[0])).render()
        assert len(rendered.pages) == len(evenings.ROLES) * 4
        plain = weasyprint.HTML(filename=str(written[0])).write_pdf(
            pdf_variant=paper.ACCESSIBLE, uncompressed_pdf=True
        )
        assert plain is not None
        for mark in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b"pdfuaid:part"):
            assert mark in plain


def test_without_what_makes_a_pdf_there_is_still_a_page(
    evening: Evening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    written, lacking = paper.write(tmp_path, evening, evening.store.people()[:1], Phase.OWN_VIEW)
    assert [path.suffix for path in written] == [".html"]
    assert "weasyprint" in lacking
