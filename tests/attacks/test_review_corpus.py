"""What people wrote elsewhere, in every field for text: text on pages, no formula in tables."""

from __future__ import annotations

import csv
import html
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from risicomodel.app.review import tables
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.answers import MAX_TEXT
from risicomodel.participation.review.evening import Evening
from support import evenings
from support.evenings import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

NORTH = "WK034401"
FULL = os.environ.get("RISICOMODEL_ATTACKS") == "full"
SEED, FEW, MANY = 12, 12, 400
OURS = [
    '=HYPERLINK("http://elders.test","klik")', "+1+1", "-2+3", "@SUM(A1)", "=cmd|' /C calc'!A0",
    "</textarea><script>alert(1)</script>", "{{ 7*7 }}", "{% import os %}", "${7*7}",
    '" onmouseover="alert(1)', "'; DROP TABLE answers; --", "<svg/onload=alert(1)>", "%00%0d%0a",
]  # fmt: skip


def written() -> list[str]:
    """Return a sample of what experts wrote (repliCATS), and what means harm."""
    folder = os.environ.get("RISICOMODEL_EXTRA")
    path = Path(folder or "nowhere") / "review" / "replicats_data_justifications.csv"
    if not path.is_file():
        return OURS
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        texts = sorted({row["justification"].strip() for row in csv.DictReader(file)} - {""})
    # those that look like code or a formula first: they are few
    odd = [one for one in texts if "<" in one or one[0] in "=+-@"]
    drawn = random.Random(SEED).sample(texts, MANY if FULL else FEW)  # noqa: S311
    return [*OURS, *(odd if FULL else odd[:FEW]), *drawn]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[tuple[Evening, Device, Device]]:
    evening = Evening(evenings.store(evenings.sqlite(tmp_path)))
    with evenings.served(evening) as address:
        person, lead = Device(address), Device(address)
        assert person.enter("1001").status_code == 303
        assert lead.lead().status_code == 303
        evening.move(Phase.OWN_VIEW)
        for wijk in evenings.WIJKEN:
            person.answer(f"knows/{wijk}", Phase.OWN_VIEW, value="well")
        for phase in (Phase.REVEAL, Phase.TALK, Phase.AGAIN, Phase.CAUSES):
            evening.move(phase)
        yield evening, person, lead


def cells(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                yield from row


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_what_people_write_is_text_on_pages_and_no_formula_in_tables(
    room: tuple[Evening, Device, Device], tmp_path: Path
) -> None:
    evening, person, lead = room
    kept = []
    for revision, text in enumerate(written(), 1):
        answer = person.answer(f"missing/{NORTH}", Phase.CAUSES, len(kept) + 1, value=text)
        # kept, or refused with what was written still in the field: never an error, never code
        assert answer.status_code in {303, 422}, (revision, text)
        assert (answer.status_code == 422) >= (len(text) > MAX_TEXT)
        shown = person.get(f"/vraag/missing/{NORTH}").text if answer.ok else answer.text
        for mark in ("<script>alert", "<svg/onload", '" onmouseover="alert'):
            assert mark not in shown
        if answer.status_code == 303:
            kept.append(text)
            (now,) = evening.store.current().query("item == 'missing'")["value"]
            assert now == text.strip().replace("\r\n", "\n")
    assert len(kept) > len(OURS)
    evening.move(Phase.AGREEMENT)
    for place, text in enumerate([*OURS, *kept[-3:]]):
        evening.store.agree(NORTH, text, text[:80], "2026-01-01")
        page = lead.get("/leiding/uitkomst").text
        assert str(html.escape(text)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
        folder = tmp_path / f"tables{place}"
        folder.mkdir()
        tables.write(evening, folder)
        harmful = [one for one in cells(folder) if one[:1] in set("=+-@\t\r") and one]
        assert [one for one in harmful if not is_number(one)] == []
        assert any(text in one for one in cells(folder))
