"""A few who send at once, to the command as it is started: nothing lost, the same tables twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import load
from risicomodel.app.review.folders import DATABASE
from risicomodel.core import database
from support import evenings, servers

if TYPE_CHECKING:
    from pathlib import Path

FEW = 10


def test_a_room_that_sends_at_once_gives_the_same_tables_from_both_databases(
    tmp_path: Path,
) -> None:
    measured = []
    with servers.postgres() as server:
        for kind in (database.SQLITE, database.POSTGRES):
            folder = tmp_path / kind
            folder.mkdir()
            url = f"sqlite:///{folder / DATABASE}"
            url = url if kind == database.SQLITE else server.database()
            measured.append(load.measure(kind, url, folder, FEW))
    for one in measured:
        assert (one.lost, one.refused) == (0, 0)
        assert one.sent == len(one.table) == FEW * len(evenings.WIJKEN) * 4
    assert measured[0].table.equals(measured[1].table)


def test_what_was_lost_and_refused_is_counted() -> None:
    one = load.Measured("sqlite", {"answer": [load.Reply(500, "", "", 0.1)]}, sent=2)
    assert (one.lost, one.refused) == (2, 1)
    assert one.rows[0]["p95 ms"] == pytest.approx(100)
