"""Files are whole or not there, and what is kept follows from its content alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core import storage

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

TABLE = pd.DataFrame(
    {"wijk_code": ["WK000300", "WK000301"], "rate": [0.1, None], "year": [2019, 2019]}
)


class InterruptedWritingError(Exception):
    pass


def break_off(
    place: AbstractContextManager[Path], error: type[BaseException], file: str = ""
) -> None:
    """Write half of a file, then fail."""
    with place as given:
        (given / file if file else given).write_text("half")
        raise error


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# -- one file ---------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "table.csv"
    with pytest.raises(InterruptedWritingError):
        break_off(storage.atomic(path), InterruptedWritingError)
    assert everything(tmp_path) == ["deep"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("whole")
    with pytest.raises(InterruptedWritingError):
        break_off(storage.atomic(path), InterruptedWritingError)
    assert path.read_text() == "whole"
    assert everything(tmp_path) == ["table.csv"]


def test_ctrl_c_while_writing_leaves_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        break_off(storage.atomic(tmp_path / "table.csv"), KeyboardInterrupt)
    assert everything(tmp_path) == []


def test_a_write_that_succeeds_replaces_and_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with storage.atomic(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert everything(tmp_path) == ["table.csv"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / part / name for part in ("a", "b")]
    for path in paths:
        storage.write_table(path, TABLE.copy())
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_tables_come_back_as_they_were(tmp_path: Path) -> None:
    storage.write_table(tmp_path / "table.parquet", TABLE)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), TABLE)
    storage.write_table(tmp_path / "table.csv", TABLE)
    text = (tmp_path / "table.csv").read_bytes()
    assert text == b"wijk_code,rate,year\nWK000300,0.1,2019\nWK000301,,2019\n"


def test_float_noise_does_not_reach_a_csv(tmp_path: Path) -> None:
    storage.write_table(tmp_path / "a.csv", pd.DataFrame({"x": [0.1 + 0.2, 1 / 3]}))
    assert (tmp_path / "a.csv").read_text() == "x\n0.3\n0.3333333333\n"


def test_json_is_sorted_readable_and_whole(tmp_path: Path) -> None:
    storage.write_json(tmp_path / "a.json", {"b": "é", "a": tmp_path})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "é" in text
    assert list(json.loads(text)) == ["a", "b"]


# -- a folder ---------------------------------------------------------------------------------


def test_a_staged_folder_appears_only_when_all_went_well(tmp_path: Path) -> None:
    final = tmp_path / "runs" / "one"
    with storage.staged_folder(final) as staging:
        (staging / "scores.csv").write_text("x")
        assert not final.exists()
    assert everything(final) == ["scores.csv"]
    assert everything(tmp_path) == ["runs", "runs/one", "runs/one/scores.csv"]


def test_a_staged_folder_replaces_the_one_that_was_there_whole(tmp_path: Path) -> None:
    final = tmp_path / "one"
    final.mkdir()
    (final / "old.csv").write_text("old")
    with storage.staged_folder(final) as staging:
        (staging / "new.csv").write_text("new")
        assert (final / "old.csv").is_file()
    assert everything(tmp_path) == ["one", "one/new.csv"]


@pytest.mark.parametrize("error", [InterruptedWritingError, KeyboardInterrupt])
def test_a_staged_folder_that_fails_leaves_what_was_there_and_no_rest(
    tmp_path: Path, error: type[BaseException]
) -> None:
    final = tmp_path / "one"
    final.mkdir()
    (final / "old.csv").write_text("old")
    with pytest.raises(error):
        break_off(storage.staged_folder(final), error, "half.csv")
    assert everything(tmp_path) == ["one", "one/old.csv"]


# -- hashes -----------------------------------------------------------------------------------


def test_a_hash_of_a_table_follows_names_types_values_and_order() -> None:
    same = storage.sha256_frame(TABLE)
    assert storage.sha256_frame(TABLE.copy().set_axis([5, 6])) == same
    others = [
        TABLE.rename(columns={"rate": "rates"}),
        TABLE.assign(rate=[0.1, 0.0]),
        TABLE.assign(year=TABLE["year"].astype("float64")),
        TABLE.iloc[::-1],
        TABLE.iloc[:1],
        TABLE[["rate", "wijk_code", "year"]],
    ]
    hashes = [storage.sha256_frame(other) for other in others]
    assert len({same, *hashes}) == len(others) + 1


def test_a_hash_of_json_forgets_the_order_of_keys_and_nothing_else() -> None:
    assert storage.sha256_json({"a": 1, "b": [1, 2]}) == storage.sha256_json({"b": [1, 2], "a": 1})
    assert storage.sha256_json([1, 2]) != storage.sha256_json([2, 1])


def test_a_hash_of_a_file_is_sha256(tmp_path: Path) -> None:
    """Golden: FIPS 180-2, appendix B.1."""
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    golden = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert storage.sha256_file(path) == golden


# -- cache ------------------------------------------------------------------------------------


def test_a_cache_gives_back_what_was_kept_for_the_same_key_and_kind_only(tmp_path: Path) -> None:
    storage.Cache(tmp_path).keep("fits", {"model": "glm", "seed": 1}, TABLE)
    cache = storage.Cache(tmp_path)
    kept = cache.kept("fits", {"seed": 1, "model": "glm"})
    assert kept is not None
    pd.testing.assert_frame_equal(kept, TABLE)
    assert cache.kept("fits", {"model": "glm", "seed": 2}) is None
    assert cache.kept("other", {"model": "glm", "seed": 1}) is None


def test_a_cache_gives_back_texts_beside_a_table(tmp_path: Path) -> None:
    cache, texts = storage.Cache(tmp_path), {"model": "bomen ≥ 1\n", "kind": "lightgbm"}
    cache.keep("fits", {"seed": 1}, TABLE)
    assert cache.kept_texts("fits", {"seed": 1}) is None
    cache.keep_texts("fits", {"seed": 1}, texts)
    assert cache.kept_texts("fits", {"seed": 1}) == texts
    assert cache.kept("fits", {"seed": 1}) is not None


def test_a_cache_never_outlives_the_code_that_filled_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = storage.Cache(tmp_path)
    cache.keep("fits", {"seed": 1}, TABLE)
    assert cache.kept("fits", {"seed": 1}) is not None
    monkeypatch.setattr(storage, "sha256_code", lambda: "other code")
    assert cache.kept("fits", {"seed": 1}) is None


def test_a_cache_that_is_off_keeps_nothing(tmp_path: Path) -> None:
    cache = storage.Cache(None)
    cache.keep("fits", {"seed": 1}, TABLE)
    cache.keep_texts("fits", {"seed": 1}, {"model": ""})
    assert cache.kept("fits", {"seed": 1}) is None
    assert cache.kept_texts("fits", {"seed": 1}) is None
    assert cache.place("fits", {}) is None
    assert everything(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"no parquet", None])
def test_a_damaged_file_in_the_cache_is_as_good_as_none(
    tmp_path: Path, damage: bytes | None
) -> None:
    cache = storage.Cache(tmp_path)
    cache.keep("fits", {}, TABLE)
    cache.keep_texts("fits", {}, {"model": "whole"})
    for path in (tmp_path / "fits").iterdir():
        path.write_bytes(path.read_bytes()[:-20] if damage is None else damage)
    assert cache.kept("fits", {}) is None
    assert cache.kept_texts("fits", {}) is None
    cache.keep("fits", {}, TABLE)
    assert cache.kept("fits", {}) is not None


def test_a_folder_on_which_nothing_may_be_written_fails_and_leaves_nothing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        folder = tmp_path / "file"
        folder.write_text("a file, no folder")
    else:
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
    with pytest.raises(OSError, match=folder.name):
        storage.write_json(folder / "a.json", {})
    assert not (folder / "a.json").exists()
