"""A run's folder: complete when ``run.json`` is there, and then it says how it was made."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import WIJK
from risicomodel.core.versions import versions
from risicomodel.runs import contract
from risicomodel.runs.contract import RECORD, published_rounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from risicomodel.core.levels import Level
    from risicomodel.data.sources.provenance import Provenance
    from risicomodel.runs.contract import Table

log = logging.getLogger(__name__)


@dataclass
class RunSettings:
    """Where results go, and what a run is called.

    Parameters
    ----------
    dir : str or None
        The folder of the results; a new one under ``runs/`` unless given.
    name : str
        A label for the run.
    """

    dir: str | None = None
    name: str = ""


@dataclass(frozen=True)
class AboutRun:
    """How a run was made, for its record.

    Parameters
    ----------
    name, data : str
        The run's own label, and that of its data.
    seed : int
        Of everything drawn at random.
    configuration : dict
        All settings, without passwords.
    justification : str
        Why sensitive features are used; empty where none are.
    """

    name: str
    data: str
    seed: int
    configuration: dict[str, Any]
    justification: str


@dataclass
class Run:
    """A run under way.

    Parameters
    ----------
    command : str
        The command that makes it: ``data``, ``train``, ``run``, …
    final : Path
        Where the results will be.
    folder : Path
        Where they are written until the run is complete.
    level : Level
        Wijken or buurten: tables are written under its names.
    started : datetime
        When it began, UTC.
    timings : dict of str to float
        Seconds per stage.
    notes : list of str
        What a reader of the results must know.
    """

    command: str
    final: Path
    folder: Path
    level: Level = WIJK
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of the pipeline.

        Parameters
        ----------
        name : str
            What the stage is called in the log and in ``run.json``.
        """
        log.info("%s …", name)
        begin = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - begin, 3)
        log.debug("%s took %.1f s", name, self.timings[name])

    def write(self, table: Table, rows: pd.DataFrame) -> None:
        """Write one of the run's tables, under the level's own names, as its contract has it.

        Parameters
        ----------
        table : Table
            The table's contract.
        rows : DataFrame
            Its rows; areas go by the names of wijken, whatever the level.

        Raises
        ------
        ContractError
            If the rows are not as declared, listing every violation.
        """
        written = self.level.published(rows)
        contract.check(table.at(self.level), written)
        storage.write_table(self.folder / table.file, written)

    def note(self, text: str) -> None:
        """Record something that a reader of the results must know, and log it.

        Parameters
        ----------
        text : str
            A sentence.
        """
        log.warning("%s", text)
        self.notes.append(text)


@contextlib.contextmanager
def open_run(command: str, settings: RunSettings, level: Level = WIJK) -> Iterator[Run]:
    """Open a run to fill; its folder takes its final name when the block ends without an error.

    Parameters
    ----------
    command : str
        The command that makes it.
    settings : RunSettings
        Where its results go.
    level : Level
        The level of its areas.

    Yields
    ------
    Run
        Ready to be written to.

    Raises
    ------
    ConfigError
        If ``run.dir`` is a folder with something else in it.
    """
    final = Path(settings.dir).expanduser().resolve() if settings.dir else _new_folder(command)
    if final.exists() and not _may_replace(final):
        raise ConfigError(
            f"run.dir={final} exists and is not a run ({RECORD} is not in it); expected a new or "
            "empty folder, or an earlier run to replace. Choose another folder."
        )
    with storage.staged_folder(final) as staging:
        yield Run(command, final, staging, level)


def free_folder(command: str, settings: RunSettings, mark: str) -> Path:
    """Return the folder for results that are not a run, such as a report.

    Parameters
    ----------
    command : str
        The command that makes them.
    settings : RunSettings
        ``dir`` is the folder; a new one under ``runs/`` unless given.
    mark : str
        Name of the file by which such results are recognised.

    Raises
    ------
    ConfigError
        If ``run.dir`` is a folder that holds anything else: such results have ``mark`` in them,
        or in every folder in them.
    """
    if not settings.dir:
        return _new_folder(command)
    folder = Path(settings.dir).expanduser().resolve()
    inside = [folder, *folder.iterdir()] if folder.is_dir() else [folder]
    marked = [place for place in inside if (place / mark).is_file()]
    if folder.exists() and folder not in marked and len(marked) < len(inside) - 1:
        raise ConfigError(
            f"run.dir={folder} exists and is not a {command} ({mark} is not in it); expected a new "
            f"or empty folder, or an earlier {command} to replace. Choose another folder."
        )
    return folder


def complete(command: str = "*") -> list[Path]:
    """Return the folders of complete runs under ``runs/``, oldest first.

    Parameters
    ----------
    command : str
        Only runs of this command; of all of them unless given.
    """
    records = paths.runs_dir().glob(f"{command}/*/{RECORD}")
    return sorted((path.parent for path in records), key=lambda path: path.name)


def _may_replace(final: Path) -> bool:
    return final.is_dir() and ((final / RECORD).is_file() or not any(final.iterdir()))


def _new_folder(command: str) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return paths.runs_dir() / command / f"{stamp}-{uuid.uuid4().hex[:6]}"


def finish(run: Run, about: AboutRun, inputs: list[Provenance], result: dict[str, Any]) -> None:
    """Write ``run.json``, which makes the run complete.

    Parameters
    ----------
    run : Run
        The run, its tables written.
    about : AboutRun
        How it was made.
    inputs : list of Provenance
        Every file that was read, with its hash.
    result : dict
        What else the record tells, such as the champions.
    """
    storage.write_json(
        run.folder / RECORD,
        {
            "task": run.command,
            "contract": contract.VERSION,
            "name": about.name,
            "data": about.data,
            "started": run.started.isoformat(timespec="seconds"),
            "seed": about.seed,
            "configuration": about.configuration,
            "justification": about.justification,
            "review": published_rounds.UNREVIEWED,  # rounds are published beside it, see FOLDER
            "versions": versions(),
            "git_commit": git_commit(),
            "inputs": [asdict(record) for record in inputs],
            "tables": {
                path.name: storage.sha256_file(path)
                for path in sorted(run.folder.iterdir())
                if path.suffix in {".csv", ".parquet"}
            },
            "timings_seconds": run.timings,
            "notes": run.notes,
            **result,
        },
    )


def git_commit() -> str | None:
    """Return the commit of the source checkout, with ``+changes`` where it was edited.

    Returns
    -------
    str or None
        None where the package does not run from a checkout.
    """
    root = paths.checkout()
    if root is None:
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+changes" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 (fixed program and arguments)
        ["git", "-C", str(root), *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def find(names: list[str]) -> list[Path]:
    """Return the complete runs that are named, or all under ``runs/``, oldest first.

    Parameters
    ----------
    names : list of str
        Folders, or names of folders under ``runs/``; empty for all.

    Raises
    ------
    ConfigError
        If there is no complete run of a name, or none at all.
    """
    runs = complete()
    if not names:
        if not runs:
            raise ConfigError(
                f"no complete run under {paths.runs_dir()}; expected one at least. Make it with "
                "'risicomodel run', or name run folders to compare."
            )
        return runs
    out = []
    for name in names:
        named = [path for path in (Path(name), *runs) if path.name == name or path == Path(name)]
        candidates = [path for path in named if (path / RECORD).is_file()]
        if not candidates:
            near = suggest(name, [path.name for path in runs])
            raise ConfigError(
                f"no complete run '{name}'{near}; expected a folder with {RECORD}, or the name "
                f"of one under {paths.runs_dir()}. List them with 'risicomodel compare'."
            )
        out.append(candidates[0].resolve())
    return out
