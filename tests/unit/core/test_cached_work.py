"""Work that is done once: what is kept is not done again, and what is broken off goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from risicomodel.core import cached_work
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.storage import Cache
from support.work import Square, square

if TYPE_CHECKING:
    from pathlib import Path

ONE = ComputeSettings(jobs=1)
OFF = Cache(None)


@pytest.fixture
def tasks(tmp_path: Path) -> list[Square]:
    marks = tmp_path / "marks"
    marks.mkdir()
    return [Square(number, marks) for number in (3, 1, 2)]


def run(tasks: list[Square], cache: Cache, compute: ComputeSettings = ONE) -> list[list[int]]:
    """Squares, how often they had been made before, and what was counted."""
    counted: list[int] = []
    tables = cached_work.run(
        square, tasks, "squares", cache=cache, compute=compute, done=counted.append
    )
    return [
        [int(table["square"].iloc[0]) for table in tables],
        [int(table["done"].iloc[0]) for table in tables],
        counted,
    ]


def times_done(tasks: list[Square]) -> int:
    return len(list(tasks[0].marks.iterdir()))


@pytest.mark.parametrize("backend", ["threads", "processes"])
def test_what_is_kept_is_given_back_in_order_and_not_done_again(
    tasks: list[Square], tmp_path: Path, backend: str
) -> None:
    compute = ComputeSettings(backend=backend, jobs=2)
    assert run(tasks, Cache(tmp_path / "cache"), compute) == [[9, 1, 4], [0, 0, 0], [1, 1, 1]]
    assert run(tasks, Cache(tmp_path / "cache"), compute) == [[9, 1, 4], [0, 0, 0], [3]]
    assert times_done(tasks) == 3


def test_with_the_cache_off_everything_is_done_again(tasks: list[Square]) -> None:
    assert run(tasks, OFF) == [[9, 1, 4], [0, 0, 0], [1, 1, 1]]
    assert run(tasks, OFF) == [[9, 1, 4], [1, 1, 1], [1, 1, 1]]


def test_only_what_is_missing_is_done(tasks: list[Square], tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    run(tasks[:1], cache)
    assert run(tasks, cache) == [[9, 1, 4], [0, 0, 0], [1, 1, 1]]
    assert times_done(tasks) == 3


def test_results_are_kept_as_they_arrive_so_that_broken_work_goes_on(
    tasks: list[Square], tmp_path: Path
) -> None:
    cache = Cache(tmp_path / "cache")
    broken = [*tasks[:2], replace(tasks[2], fails=True)]
    with pytest.raises(ArithmeticError):
        run(broken, cache)
    assert times_done(tasks) == 2
    assert run(tasks, cache) == [[9, 1, 4], [0, 0, 0], [2, 1]]
    assert times_done(tasks) == 3


def test_texts_are_kept_beside_their_table(tasks: list[Square], tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    run([replace(tasks[0], text="nine"), tasks[1]], cache)
    assert cache.kept_texts("squares", tasks[0].key()) == {"name": "nine"}
    assert cache.kept_texts("squares", tasks[1].key()) is None


def test_only_what_is_missing_is_prepared(tasks: list[Square], tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    run(tasks[:1], cache)
    sent: list[Square] = []

    def prepared(missing: list[Square]) -> list[Square]:
        sent.extend(missing)
        return [replace(task, text="prepared") for task in missing]

    cached_work.run(square, tasks, "squares", cache=cache, compute=ONE, done=id, prepared=prepared)
    assert sent == tasks[1:]
    # kept under the key of the task as it was given
    assert cache.kept_texts("squares", tasks[2].key()) == {"name": "prepared"}


def test_no_work_is_no_trouble(tmp_path: Path) -> None:
    assert run([], Cache(tmp_path)) == [[], [], []]
