"""What pages say of what people said is true of the round that it is about."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import reviewed

WIJK, OTHER = "WK034401", "WK034402"


class MadeGemeente:
    """A gemeente as far as what people said of it is read."""

    name = "Utrecht"

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = {name: pd.DataFrame(rows) for name, rows in tables.items() if rows}

    def table(self, name: str) -> pd.DataFrame | None:
        return self.tables.get(name)


def row(domain: str, rate: float | None, basis: str, wijk: str = WIJK) -> dict[str, Any]:
    about = {"round_id": "abcd1234", "wijk_code": wijk, "domain": domain, "verdict": "agree"}
    return {**about, "rate": rate, "basis": basis}


def gemeente(people: int = 5, **tables: list[dict[str, Any]]) -> Any:
    done = {"round_id": "abcd1234", "date": "2026-11-03", "people": people}
    return MadeGemeente(reviews=[done], **tables)


@pytest.fixture(params=["nl", "en"])
def words(request: pytest.FixtureRequest) -> Words:
    return Words(request.param, {})


@pytest.mark.parametrize(
    ("bases", "key"),
    [
        (["ranges", "ranges"], "bands_ranges"),
        (["taps"], "bands_taps"),
        (["both"], "bands_both"),
        (["taps", "ranges"], "bands_both"),
        (["both", "taps"], "bands_both"),
    ],
)
def test_limits_that_we_set_are_not_called_peoples_own(
    words: Words, bases: list[str], key: str
) -> None:
    rows = [row(f"domain {place}", 0.1, basis) for place, basis in enumerate(bases)]
    said = reviewed.bands(gemeente(review_estimates=rows), words, WIJK)
    assert said == f"{words.text(f'reviewed.{key}')} {words.text('reviewed.bands')}"


def test_bands_are_not_explained_where_no_figure_is(words: Words) -> None:
    assert not reviewed.bands(gemeente(review_estimates=[row("wmo", None, "")]), words, WIJK)


def test_the_card_counts_gemeenten_of_its_status_alone(words: Words) -> None:
    rounds = [("GM1", "contested"), ("GM2", "reviewed"), ("GM3", "unreviewed"), ("GM3", "reviewed")]
    for given, status, n in ((rounds, "contested", 1), (rounds[1:], "reviewed", 2)):
        shown: Any = SimpleNamespace(reviews=pd.DataFrame(given, columns=["gm_code", "status"]))
        assert reviewed.status(shown, words) == words.text(f"method.card_reviewed_{status}", n=n)


AGREED = {"round_id": "abcd1234", "wijk_code": WIJK, "text": "Een bankje"}


@pytest.mark.parametrize(
    ("made", "wijk", "key"),
    [
        (gemeente(review_estimates=[row("wmo", 0.1, "taps")]), WIJK, "done"),
        (gemeente(review_estimates=[row("wmo", 0.1, "taps")]), OTHER, "elsewhere"),
        (gemeente(review_estimates=[row("wmo", None, "")]), WIJK, "elsewhere"),
        (gemeente(review_estimates=[row("wmo", None, "")]), None, "done"),
        (gemeente(review_estimates=[row("wmo", None, "")], review_actions=[AGREED]), WIJK, "done"),
        (gemeente(people=0, review_estimates=[row("wmo", None, "")]), WIJK, "done_few"),
        (gemeente(people=0, review_actions=[AGREED]), None, "done_few"),
        (MadeGemeente(), WIJK, "none"),
    ],
)
def test_a_view_is_told_of_a_wijk_only_where_something_came_out(
    words: Words, made: Any, wijk: str | None, key: str
) -> None:
    values = {"date": f"3 {'november' if words.language == 'nl' else 'November'} 2026", "n": 5}
    said = reviewed.sentence(made, words, wijk)
    assert said == words.text(f"reviewed.{key}", **values, name="Utrecht")
