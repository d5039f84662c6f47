"""What a run takes up of a round: read behind one border, each table held to its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core.errors import ConfigError, ContractError, RisicomodelError
from risicomodel.runs import rounds
from support.rounds import CONTESTED, round_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_drivers_that_are_not_recognised_become_ablations(tmp_path: Path) -> None:
    tables = rounds.read_round(round_folder(tmp_path))
    assert tables.contested_drivers().to_dict("records") == [
        {"domain": "wmo", "feature": "woningwaarde", "n_contested": 1, "n_judged": 2}
    ]
    assert list(tables.missing["text"]) == ["De bus rijdt hier niet meer."]
    assert set(tables.hashes) == {
        "contested_drivers.csv", "field_estimates.csv", "missing_factors.csv",
    }  # fmt: skip


def test_private_texts_may_stay_at_home(tmp_path: Path) -> None:
    folder = round_folder(tmp_path)
    (folder / "tables" / "not_for_print" / "missing_factors.csv").unlink()
    assert rounds.read_round(folder / "tables").missing.empty


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected the folder of a round that was exported"):
        rounds.read_round(tmp_path)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (CONTESTED.drop(columns="feature"), ContractError),
        (CONTESTED.assign(note="x"), ContractError),
        (pd.concat([CONTESTED, CONTESTED]), ContractError),
        (CONTESTED.assign(recognised="many"), RisicomodelError),
    ],
)
def test_a_table_that_was_changed_is_refused(
    tmp_path: Path, written: pd.DataFrame, kind: type[Exception]
) -> None:
    folder = round_folder(tmp_path)
    written.to_csv(folder / "tables" / "contested_drivers.csv", index=False)
    with pytest.raises(kind):
        rounds.read_round(folder)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    folder = round_folder(tmp_path)
    (folder / "tables" / "field_estimates.csv").write_bytes(b"\xff\xfe\x00broken")
    with pytest.raises(RisicomodelError):
        rounds.read_round(folder)


def test_a_file_beyond_all_rounds_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MAX_BYTES", 100)
    with pytest.raises(ConfigError, match="bytes; expected at most 100"):
        rounds.read_round(round_folder(tmp_path))
