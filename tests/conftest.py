"""What tests share: a small made-up country, its panel, the domains, and the real archive.

Session fixtures are made once and are for reading only: a test that changes one must copy it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from risicomodel.app import settings
from risicomodel.core import paths
from risicomodel.data.panel import build, schema
from risicomodel.data.sources.archive import Archive
from risicomodel.demo import catalogue, write_archive
from support.country import SMALL, posed
from support.running import as_cbs, whole_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from risicomodel.app.settings import Settings
    from risicomodel.data.domains import Domain
    from risicomodel.data.panel.build import Panel
    from risicomodel.learning.problem import Problem

# the same examples every time, and nothing left in the checkout
hypothesis.settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, max_examples=40
)
hypothesis.settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the tests' own: no test reads or writes the developer's runs, cache or store."""
    home = tmp_path_factory.mktemp("home")
    # workers of one session share what is cached: a fit is made once, not once per worker
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    cache.mkdir(exist_ok=True)
    (home / ".cache").symlink_to(cache, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.HOME_VARIABLE, str(home))
        patch.delenv(paths.CONFIG_VARIABLE, raising=False)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield home


@pytest.fixture(scope="session")
def small_settings(session_home: Path) -> Settings:
    """The shipped configuration for the small demo, tracking off."""
    return settings.compose(
        [
            "data=demo",
            "tracking=off",
            f"data.demo.gemeenten={SMALL.gemeenten}",
            f"data.demo.wijken={SMALL.wijken}",
            f"data.demo.first_year={SMALL.first_year}",
            f"data.demo.last_year={SMALL.last_year}",
        ]
    )


@pytest.fixture(scope="session")
def domains(small_settings: Settings) -> dict[str, Domain]:
    """The shipped domains jeugd, wmo and bijstand."""
    return small_settings.domains


@pytest.fixture(scope="session")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """220 made-up wijken in 25 gemeenten, 2016–2018, as an archive of CBS files."""
    folder = tmp_path_factory.mktemp("small") / "demo"
    write_archive(folder, SMALL)
    return Archive(folder, catalogue(SMALL), source="demo")


@pytest.fixture(scope="session")
def small_panel(small_demo: Archive, domains: dict[str, Domain]) -> Panel:
    """The checked panel of the small demo."""
    panel = build.build(small_demo, domains)
    schema.check(panel.wijken, domains)
    return panel


@pytest.fixture(scope="session")
def problem(small_panel: Panel, small_settings: Settings) -> Problem:
    """Wmo in the small demo."""
    return posed(small_panel.wijken, small_settings)


@pytest.fixture(scope="session")
def archive_dir() -> Path:
    """A local archive of real CBS tables, as the environment names it."""
    named = os.environ.get(paths.ARCHIVE_VARIABLE)
    if not named:
        pytest.skip(f"{paths.ARCHIVE_VARIABLE} names no local archive of real CBS tables")
    return Path(named).expanduser().resolve()


@pytest.fixture(scope="session")
def extra_dir() -> Path:
    """Real tables beside the archive, as the environment names their folder."""
    named = os.environ.get("RISICOMODEL_EXTRA")
    if not named:
        pytest.skip("RISICOMODEL_EXTRA names no folder of real tables beside the archive")
    return Path(named).expanduser().resolve()


@pytest.fixture(scope="session")
def real_archive(archive_dir: Path, small_settings: Settings) -> Archive:
    """The real archive with the shipped catalogue of tables."""
    return Archive(archive_dir, small_settings.catalogue())


@pytest.fixture(scope="session")
def real_panel(real_archive: Archive, domains: dict[str, Domain]) -> Panel:
    """The checked panel of the real archive (seconds)."""
    panel = build.build(real_archive, domains)
    schema.check(panel.wijken, domains)
    return panel


@pytest.fixture
def environment_as_it_was() -> Iterator[None]:
    """MLflow's ``set_tracking_uri`` tells the environment, and other tests would listen."""
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def whole_archive(small_demo: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small demo's tables under CBS's names, for reading only."""
    return as_cbs(small_demo, tmp_path_factory.mktemp("whole") / "archive")


@pytest.fixture
def archive(whole_archive: Path, tmp_path: Path) -> Path:
    """A folder of made-up tables under CBS's names, to be spoilt."""
    return shutil.copytree(whole_archive, tmp_path / "archive")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the whole run, to change."""
    return shutil.copytree(whole_run(), tmp_path / "run")
