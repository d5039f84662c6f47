"""What lies beside a run may be edited by hand: the gate checks it again, and shows none of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from risicomodel.core import storage
from risicomodel.core.errors import ContractError
from risicomodel.participation.review.results import LEAST
from risicomodel.publishing import disclosure
from risicomodel.publishing.disclosure import reviews
from risicomodel.runs.contract import published_rounds
from support.published import RUN, played_and_published, published_folder
from support.running import cli, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow
ESTIMATES, CAUSES, ACTIONS = "field_estimates.csv", "contested_drivers.csv", "actions.csv"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a published round, beside a run's record alone."""
    run = played_and_published() / RUN
    shutil.copytree(run / "review", tmp_path / "review")
    shutil.copyfile(run / "run.json", tmp_path / "run.json")
    return published_folder(tmp_path)


def read(folder: Path) -> tuple[reviews.PublishedRound, ...]:
    run = folder.parent.parent
    return reviews.read(run, storage.sha256_file(run / "run.json"))


def edit(folder: Path, file: str, change: Callable[[pd.DataFrame], object]) -> None:
    """Edit a table as somebody would who also knows that its hash is kept."""
    table = pd.read_csv(folder / file)
    change(table)
    table.to_csv(folder / file, index=False)
    note(folder, tables=_hashes(folder))


def note(folder: Path, **changes: Any) -> None:
    path = folder / published_rounds.MARK
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: storage.sha256_file(path) for path in folder.glob("*.csv")}


def put(column: str, value: object) -> Callable[[pd.DataFrame], object]:
    """Put a value in the first row that has a figure or text."""

    def change(table: pd.DataFrame) -> None:
        row = table.index[table.get("n", table.iloc[:, 0]).notna()][0]
        table[column] = table[column].astype("object")
        table.loc[row, column] = value

    return change


def put_column(name: str, value: str) -> Callable[[pd.DataFrame], object]:
    return lambda table: table.insert(0, name, value)


EDITS = {
    "a figure of four": (ESTIMATES, put("n", 4), "n is empty, or five or more"),
    "a figure of nobody": (ESTIMATES, put("n", None), "no figure of fewer than five"),
    "a rate above one": (ESTIMATES, put("upper", 7.0), "0 <= lower <= rate <= upper <= 1"),
    "a rate outside its limits": (ESTIMATES, put("rate", 0.0), "0 <= lower <= rate"),
    "a verdict of one's own": (ESTIMATES, put("verdict", SCRIPT), "a verdict goes with a figure"),
    "a phase of one's own": (ESTIMATES, put("phase", "answers"), "phase is own_view or again"),
    "a basis of one's own": (ESTIMATES, put("basis", SCRIPT), "a basis (taps, ranges or both)"),
    "a share of four": (CAUSES, put("n", 4), "n is empty, or five or more"),
    "a share of nobody": (CAUSES, put("n", None), "no share of fewer than five"),
    "a driver that is not contested": (CAUSES, put("recognised", 0.1), "contested where at most"),
    "script in an agreement": (ACTIONS, put("text", SCRIPT), "plain text of one line"),
    "script in who does it": (ACTIONS, put("owner", f"Wijkteam{SCRIPT}"), "plain text of one line"),
    "an agreement of many lines": (ACTIONS, put("text", "een\ntwee"), "plain text of one line"),
    "text that turns around": (ACTIONS, put("text", "een \u202eeewt"), "plain text of one line"),
    "a long agreement": (ACTIONS, put("text", "x" * 301), "plain text of one line"),
    "who answered": (ESTIMATES, put_column("person", "p001"), "'person' is not declared"),
    "a number that is none": (ESTIMATES, put("n", "veel"), "cannot be read"),
}  # fmt: skip


def test_what_was_published_is_read(folder: Path) -> None:
    (one,) = read(folder)
    assert set(one.tables) == set(published_rounds.PUBLISHED)
    assert published_rounds.LEAST_PEOPLE == LEAST


@pytest.mark.parametrize("case", EDITS)
def test_a_table_edited_by_hand_is_refused(folder: Path, case: str) -> None:
    file, change, says = EDITS[case]
    edit(folder, file, change)
    with pytest.raises(ContractError) as caught:
        read(folder)
    assert says in str(caught.value)


def test_a_row_twice_is_refused(folder: Path) -> None:
    def twice(table: pd.DataFrame) -> None:
        table.loc[len(table)] = table.iloc[0]

    edit(folder, CAUSES, twice)
    with pytest.raises(ContractError, match="of an earlier one"):
        read(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"run_sha256": "0" * 64}, "it is about another run"),
        ({"round_id": "../../x"}, "round_id is not the name of its folder"),
        ({"people": 12}, "people is not in steps of 5"),
        ({"people": "veel"}, "no 'people' of type int"),
        ({"date": SCRIPT}, "date is no date"),
        ({"tables": {}}, "actions.csv is not the one that was published"),
        ({"wijken": None}, "no 'wijken' of type list"),
    ],
)
def test_what_a_round_says_of_itself_is_checked(
    folder: Path, changes: dict[str, Any], says: str
) -> None:
    note(folder, **changes)
    with pytest.raises(ContractError) as caught:
        read(folder)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "1"])
def test_a_damaged_mark_is_refused(folder: Path, text: str) -> None:
    (folder / published_rounds.MARK).write_text(text)
    with pytest.raises(ContractError, match="review publish"):
        read(folder)


def test_a_table_that_lacks_is_refused(folder: Path) -> None:
    (folder / ACTIONS).unlink()
    with pytest.raises(ContractError, match="cannot be read"):
        read(folder)


def test_what_the_run_does_not_have_is_refused_and_no_page_is_made(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(played_and_published() / RUN, run)
    edit(published_folder(run), CAUSES, put("feature", SCRIPT))
    with pytest.raises(ContractError, match="features: <script>"):
        disclosure.disclose(run)
    edit(published_folder(run), ACTIONS, put("wijk_code", "WK999999"))
    out = tmp_path / "report"
    refused(cli("report", run, "gemeente=largest", f"run.dir={out}"), "WK999999", "review publish")
    assert not out.exists()


def test_people_give_no_figure_where_the_model_s_is_hidden() -> None:
    run = played_and_published() / RUN
    rounds = reviews.read(run, storage.sha256_file(run / "run.json"))
    shown = disclosure.disclose(run)
    assert shown.forecasts is not None
    features = shown.about.tables.features
    hidden = shown.forecasts.assign(rate=float("nan"))
    for forecasts in (hidden, None):
        said = reviews.shown(
            rounds, wijken=shown.wijken, forecasts=forecasts, features=features
        ).estimates
        assert len(said) == len(shown.review_estimates)
        assert set(said["verdict"]) == {reviews.HIDDEN}
        assert said[reviews.RATES].isna().all(axis=None)
