"""The same again: what may change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.core import paths, storage
from risicomodel.core.compute import ComputeSettings
from risicomodel.data.panel import build
from risicomodel.data.sources.archive import Archive
from risicomodel.learning import crossfit
from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from support.country import posed
from support.crossfitting import NO_CACHE, QUICK, tasks
from support.reports import smallest_gemeente
from support.running import (
    DEMO,
    OFF,
    SPLIT,
    TREES,
    WITH_ESTIMATES,
    cli,
    refused,
    well,
    whole_run,
    without_seconds,
)
from support.servers import cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel

TWO_DOMAINS = (*DEMO, *SPLIT, *TREES, *OFF, "domain=[jeugd,wmo]")
EACH = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "models.lightgbm.params.rounds=20", "split.folds=3"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that others are set beside."""
    folder = tmp_path_factory.mktemp("again") / "first"
    well("train", *EACH, f"run.dir={folder}")
    return folder


def test_from_cache_every_byte_is_the_same(run: Path, tmp_path: Path) -> None:
    """The same command gives the same tables, byte for byte."""
    well("train", *EACH, f"run.dir={tmp_path / 'second'}")
    first, second = (runs.read_record(folder) for folder in (run, tmp_path / "second"))
    assert set(first["tables"]) == set(WITH_ESTIMATES)
    assert second["tables"] == first["tables"]
    assert second["configuration"]["seed"] == first["configuration"]["seed"]


@pytest.mark.parametrize("jobs", [1, 4])
def test_made_anew_with_any_number_of_jobs(jobs: int, run: Path, tmp_path: Path) -> None:
    """Tables are the same with the cache off and with any number of jobs, but for how long fits
    took.
    """
    words = ["cache=false", f"compute.jobs={jobs}"]
    well("train", *EACH, *words, f"run.dir={tmp_path / 'anew'}")
    assert without_seconds(tmp_path / "anew") == without_seconds(run)


def test_another_seed_gives_another_result(run: Path, tmp_path: Path) -> None:
    """Another seed gives other predictions on the same panel."""
    well("train", *EACH, "seed=1", f"run.dir={tmp_path / 'seed'}")
    first, other = (runs.read_record(folder)["tables"] for folder in (run, tmp_path / "seed"))
    assert other["panel.parquet"] == first["panel.parquet"]
    assert other["predictions.parquet"] != first["predictions.parquet"]


def test_a_run_that_breaks_off_spoils_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run kept before it broke off is, to the last bit, what a whole run would have
    kept.
    """
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path))
    words = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "split.protocols=[unseen_gemeente]"]
    wrong = "models.lightgbm.params.num_leaves=1"
    refused(cli("train", *words, "model=[glm,lightgbm]", wrong), "LightGBM refuses")
    assert list(tmp_path.glob(".cache/folds/*.parquet"))
    assert not list(tmp_path.rglob("*.partial"))
    runs_of = {"kept": "cache=true", "anew": "cache=false"}
    for name, cache in runs_of.items():
        well("train", *words, "model=glm", cache, f"run.dir={tmp_path / name}")
    kept, anew = (storage.sha256_file(tmp_path / n / "predictions.parquet") for n in runs_of)
    assert kept == anew


@pytest.mark.slow
def test_threads_processes_and_a_cluster_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads, processes and a Dask cluster give the same tables, but for how long fits took."""
    with cluster(tmp_path / "cluster") as made:
        address = made.scheduler()
        for _ in range(2):
            made.worker(address)
        ways = {
            "one": ["compute=local", "compute.jobs=1"],
            "processes": ["compute=processes", "compute.jobs=4"],
            "dask": ["compute=dask", f"compute.address={address}"],
        }
        tables = {}
        for name, words in ways.items():
            monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / name))
            run = tmp_path / name / "run"
            well("train", *TWO_DOMAINS, *words, f"run.dir={run}")
            tables[name] = without_seconds(run)
            assert runs.read_record(run)["configuration"]["compute"]["backend"] in {"threads", name}
        assert tables["processes"] == tables["one"]
        assert tables["dask"] == tables["one"], made.logs()
        # workers share no cache with the driver: it kept every fit itself
        kept = {name: len(list((tmp_path / name / ".cache" / "folds").iterdir())) for name in ways}
        assert len(set(kept.values())) == 1
        assert not (tmp_path / "cluster" / ".cache").exists()
    # and with the cluster gone, what is kept needs nobody
    monkeypatch.setenv(paths.HOME_VARIABLE, str(tmp_path / "dask"))
    well("train", *TWO_DOMAINS, *ways["dask"], f"run.dir={tmp_path / 'again'}")
    assert without_seconds(tmp_path / "again") == tables["one"]


def by_key(found: pd.DataFrame, wijken: pd.DataFrame) -> pd.DataFrame:
    keys = wijken[["wijk_code", "year"]].iloc[found["row"]].reset_index(drop=True)
    named = pd.concat([found.drop(columns=["row", "seconds"]).reset_index(drop=True), keys], axis=1)
    return named.sort_values(list(named.columns[1:]), ignore_index=True)


CROSS_AND_AHEAD = ("unseen_gemeente", "unseen_wijk", "next_years")
SHUFFLED = {name: QUICK[name] for name in ("persistence", "glm")}


def test_a_shuffled_panel_gives_the_same_predictions(
    small_panel: Panel, small_settings: Settings
) -> None:
    """The order of rows changes no prediction.

    To the last digits that the order of a sum decides. Trees sample rows by position: the
    pipeline sorts the panel before it poses a problem (see test_panel on files in any order).
    """
    mixed = small_panel.wijken.sample(frac=1, random_state=8).reset_index(drop=True)
    found = []
    for wijken in (small_panel.wijken, mixed):
        problem = posed(wijken, small_settings)
        run = crossfit.run(
            tasks(problem, CROSS_AND_AHEAD, SHUFFLED), NO_CACHE, ComputeSettings(jobs=2)
        )
        named = by_key(run, wijken)
        found.append(named.sort_values(["protocol", "model", "fold", "wijk_code", "year"],
                                       ignore_index=True))  # fmt: skip
    plain, other = found
    pd.testing.assert_frame_equal(
        plain.drop(columns="rate"), other.drop(columns="rate"), check_exact=True
    )
    np.testing.assert_allclose(plain["rate"], other["rate"], rtol=1e-6)


def copy_with(
    archive: Archive, folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> Archive:
    """Copy an archive's tables and maps, each changed as a whole."""
    folder.mkdir()
    for path in archive.files:
        if path.suffix == ".gpkg":
            change(gpd.read_file(path)).to_file(folder / path.name, driver="GPKG")
        elif path.suffix == ".parquet" and "truth" not in path.name:
            change(pd.read_parquet(path)).to_parquet(folder / path.name, index=False)
        elif path.suffix == ".csv":
            table = pd.read_csv(
                path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8-sig"
            )
            change(table).to_csv(
                folder / path.name, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n"
            )
    return Archive(folder, archive.tables, source="demo")


def renamed(table: pd.DataFrame) -> pd.DataFrame:
    """Give every wijk another name; the same name where it had the same."""
    column = "Title" if "Title" in table else "Wijken"
    if column not in table:
        return table
    wijk = (
        table["Key"].str.startswith("WK")
        if column == "Title"
        else table["SoortRegio_23" if "SoortRegio_23" in table else "SoortRegio_2"]
        .str.strip()
        .eq("Wijk")
    )
    new = "Oord " + table[column].map(lambda name: storage.sha256_json(name.strip())[:12])
    return table.assign(**{column: table[column].mask(wijk, new)})


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_in_the_files_changes_nothing(
    small_demo: Archive, small_panel: Panel, domains: dict[str, Domain], tmp_path: Path, seed: int
) -> None:
    """The order of rows in CBS's files changes nothing in the panel."""
    mixed = copy_with(small_demo, tmp_path / "b", lambda t: t.sample(frac=1, random_state=seed))
    panel = build.build(mixed, domains)
    pd.testing.assert_frame_equal(panel.wijken, small_panel.wijken, check_exact=True)
    pd.testing.assert_frame_equal(panel.gemeenten, small_panel.gemeenten, check_exact=True)


def test_other_names_of_wijken_change_nothing_but_the_names(
    small_demo: Archive, small_panel: Panel, domains: dict[str, Domain], tmp_path: Path
) -> None:
    """The names of wijken change nothing in the panel but the names."""
    panel = build.build(copy_with(small_demo, tmp_path / "b", renamed), domains)
    assert panel.wijken["wijk_name"].str.startswith("Oord ").mean() > 0.9
    pd.testing.assert_frame_equal(
        panel.wijken.drop(columns="wijk_name"), small_panel.wijken.drop(columns="wijk_name")
    )


def test_the_same_tables_give_the_same_pages(tmp_path: Path) -> None:
    """The same tables give the same pages, byte for byte."""
    for name in ("one", "two"):
        site.write(whole_run(), tmp_path / name, ReportSettings(smallest_gemeente()))
    for path in (tmp_path / "one").glob("*.html"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
