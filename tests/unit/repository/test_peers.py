"""The comparison with other people's models: the same rows for all, and nothing done twice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from support.country import SMALL
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

BENCHMARKS = ROOT / "benchmarks"
OVERRIDES = [
    "data=demo",
    "domain=jeugd",
    "model=glm",
    "split.folds=3",
    "split.score_years=[2017,2018]",
    f"data.demo.gemeenten={SMALL.gemeenten}",
    f"data.demo.wijken={SMALL.wijken}",
    f"data.demo.first_year={SMALL.first_year}",
    f"data.demo.last_year={SMALL.last_year}",
]
PEER = "lightgbm_default"  # needs nothing that the project does not have


@pytest.fixture(scope="module")
def scripts() -> Any:
    """The benchmark's modules, imported as its script does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import peers_export
        import peers_files
        import peers_fits
        import peers_table

        yield {
            "export": peers_export,
            "files": peers_files,
            "fits": peers_fits,
            "table": peers_table,
        }
    for name in ("peers_export", "peers_files", "peers_fits", "peers_table"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def compared(scripts: dict[str, ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with folds of the small demo, our glm and one peer."""
    folder: Path = tmp_path_factory.mktemp("peers")
    scripts["export"].export(folder, OVERRIDES)
    scripts["fits"].fit(folder, PEER, [], scripts["fits"].Budget(0.0, 1, 2026))
    return folder


def test_all_models_are_scored_on_the_same_rows(
    scripts: dict[str, ModuleType], compared: Path, tmp_path: Path
) -> None:
    table = scripts["table"].table(compared, tmp_path / "out.csv")
    assert set(table["model"]) == {"risicomodel-glm", PEER}
    assert set(table["protocol"]) == {"unseen_gemeente", "unseen_wijk", "unseen_wijk_benchmarked"}
    assert len(table) == 6
    assert table["n_rows"].nunique() == 1
    assert (table.loc[table["model"] == "risicomodel-glm", ["gap", "times_ours"]] == [0, 1]).all(
        axis=None
    )
    assert (table["gap"].between(table["gap_low"], table["gap_high"])).all()
    written = pd.read_csv(tmp_path / "out.csv")
    pd.testing.assert_frame_equal(written, table, check_dtype=False)


def test_our_scores_are_those_of_the_project(
    scripts: dict[str, ModuleType], compared: Path, tmp_path: Path
) -> None:
    from risicomodel.app import pipeline, settings

    chosen = [*OVERRIDES, "tracking=off", f"run.dir={tmp_path / 'run'}"]
    chosen.append("split.protocols=[unseen_gemeente,unseen_wijk]")
    board = pipeline.train(settings.compose(chosen)).leaderboard
    assert board is not None
    table = scripts["table"].table(compared, None)
    ours = table[table["model"] == "risicomodel-glm"]
    both = ours.merge(board[board["model"] == "glm"], on=["domain", "protocol"])
    assert len(both) == 3
    for metric in ("wape", "wr2"):
        assert both[f"{metric}_x"].to_numpy() == pytest.approx(both[f"{metric}_y"], abs=1e-4)


def test_test_rows_hold_no_answer(scripts: dict[str, ModuleType], compared: Path) -> None:
    fold = scripts["files"].Manifest.read(compared).folds[0]
    _, test, keys = scripts["fits"].load(compared, fold)
    assert {"clients", "ratio"}.isdisjoint(vars(test))
    assert list(keys.columns) == ["wijk_code", "year"]
    train = scripts["files"].read(fold.path(compared, "train"))
    rows = scripts["files"].read(fold.path(compared, "test"))
    assert set(train["group"]).isdisjoint(rows["group"])
    assert train["weight"].mean() == pytest.approx(1)


def test_finished_folds_are_not_fitted_again(
    scripts: dict[str, ModuleType], compared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fits = scripts["fits"]
    fits.fit(compared, PEER, [], fits.Budget(0.0, 1, 2026))
    assert capsys.readouterr().out == ""


def test_predictions_of_other_rows_do_not_count(
    scripts: dict[str, ModuleType],
    compared: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(compared, folder)
    path = folder / f"pred_{PEER}.parquet"
    made = scripts["files"].read(path)
    scripts["files"].write(path, made.assign(data=made["data"].where(made["fold"] != 1, "old")))
    table = scripts["table"].table(folder, None)
    assert set(table["model"]) == {"risicomodel-glm"}
    assert "2 of 3 folds are of the rows exported now" in capsys.readouterr().out
    scripts["files"].write(path, made.iloc[1:])
    with pytest.raises(SystemExit, match="does not have the rows that are scored: 1 differ"):
        scripts["table"].table(folder, None)


def test_a_fit_starved_within_its_limit_does_not_count(scripts: dict[str, ModuleType]) -> None:
    fits = pd.DataFrame(
        {"limit": [0.0, 60.0, 60.0], "seconds": [60.0] * 3, "cpu_seconds": [9.0, 9.0, 55.0]}
    )
    assert scripts["files"].starved(fits).tolist() == [False, True, False]


def test_an_empty_folder_says_where_to_begin(
    scripts: dict[str, ModuleType], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="nothing was exported there"):
        scripts["fits"].fit(tmp_path, PEER, [], scripts["fits"].Budget(0.0, 1, 2026))


def test_a_pattern_that_matches_nothing_is_an_error(
    scripts: dict[str, ModuleType], compared: Path
) -> None:
    manifest = scripts["files"].Manifest.read(compared)
    assert len(manifest.chosen(["jeugd/unseen_wijk/*"])) == 3
    with pytest.raises(SystemExit, match="matches no fold"):
        manifest.chosen(["wmo/*"])
