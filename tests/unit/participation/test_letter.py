"""The letter to who took part: what it says is what came out, and it gives nobody away."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import letter
from risicomodel.participation.review.answers import Answer
from risicomodel.participation.review.evening import Evening
from risicomodel.participation.review.store import Person
from support import evenings

if TYPE_CHECKING:
    from pathlib import Path

NORTH, SOUTH = "WK034401", "WK034402"
SECRET_TEXT = "onze eigen woorden over de buren"  # noqa: S105 (no password)


@pytest.fixture
def ended(tmp_path: Path) -> Evening:
    """An evening: all agree on north, five see twice the model's figure; one wrote a text."""
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    people = [Person(code.number, role, name) for code, role, name in evenings.cards()]
    evening.move(Phase.OWN_VIEW)
    for person in people:
        taps = not evening.form.roles[person.role].gives_range("wmo")
        value = {"tap": "more"} if taps else {"low": 140, "best": 150, "high": 160, "sure": "80"}
        evening.submit(person, Answer("need", Phase.OWN_VIEW, value, NORTH, "wmo"), 1)
    for phase in (Phase.REVEAL, Phase.TALK, Phase.AGAIN, Phase.CAUSES):
        evening.move(phase)
    for person in people[:5]:
        evening.submit(person, Answer("cause", Phase.CAUSES, "no", NORTH, "wmo", "k_alleen"), 1)
    evening.submit(people[0], Answer("missing", Phase.CAUSES, SECRET_TEXT, NORTH), 1)
    evening.move(Phase.AGREEMENT)
    return evening


def text_of(path: Path) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", path.read_text())).split())


def test_it_says_what_came_out(ended: Evening, tmp_path: Path) -> None:
    ended.store.agree(NORTH, "Elke week samen eten", "wijkteam", "2027-03-01")
    ended.decline("Geen nieuw buurthuis. Daar is geen geld voor.")
    letter.write(tmp_path / "brief.html", ended)
    text = text_of(tmp_path / "brief.html")
    outcome = ended.outcome().pictures.set_index(["wijk_code", "domain"])
    beside = outcome.at[(NORTH, "wmo"), "beside_model"]
    assert {"above": "U denkt dat het meer is: Noord", "within": "ongeveer hetzelfde: Noord"}[
        beside
    ] in text
    assert "Over 2 wijken weten wij te weinig" in text
    assert "Over 3 wijken weten wij te weinig" in text
    assert "niet als oorzaak: mensen die alleen wonen" in text
    assert "Noord: Elke week samen eten. Wie: wijkteam. Klaar: 1 maart 2027." in text
    assert "Geen nieuw buurthuis. Daar is geen geld voor." in text
    assert "tot 1 januari 2099" in text


def test_it_holds_no_text_of_anyone_and_counts_nobody(ended: Evening, tmp_path: Path) -> None:
    letter.write(tmp_path / "brief.html", ended)
    text = text_of(tmp_path / "brief.html")
    assert SECRET_TEXT not in text
    assert not re.search(r"\bp00\d\b|antwoorden van|mensen zeiden", text)
    assert "Dit doen we niet" not in text  # nothing was written down
    assert "Er zijn geen afspraken gemaakt" in text


def test_what_the_moderator_wrote_is_text_and_no_page(ended: Evening, tmp_path: Path) -> None:
    ended.decline("<script>alert(1)</script>")
    ended.store.agree(SOUTH, "<img src=x onerror=alert(1)>", "a&b", "soon")
    letter.write(tmp_path / "brief.html", ended)
    page = (tmp_path / "brief.html").read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert "Klaar: soon." in text_of(tmp_path / "brief.html")


def test_there_is_none_before_the_reveal(tmp_path: Path) -> None:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    with pytest.raises(ConfigError, match="before the reveal"):
        letter.write(tmp_path / "brief.html", evening)
    assert not (tmp_path / "brief.html").exists()
