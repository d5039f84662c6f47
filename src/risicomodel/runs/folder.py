"""The folder of a run, which is complete when its record ``run.json`` is there."""

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

from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import WIJK
from risicomodel.core.versions import versions
from risicomodel.runs import contract

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from risicomodel.core.levels import Level
    from risicomodel.data.sources.provenance import Provenance
    from risicomodel.runs.contract import Table

log = logging.getLogger(__name__)

RECORD = "run.json"


@dataclass
class RunSettings:
    """Where results go, as in ``run`` of the configuration.

    Parameters
    ----------
    dir : str or None
        The folder; None for a new one under ``runs/``.
    name : str
        A label of the user's own.
    """

    dir: str | None = None
    name: str = ""


@dataclass(frozen=True)
class About:
    """How a run was made, for its record.

    Parameters
    ----------
    name : str
        The user's label of the run.
    data : str
        The label of its data.
    seed : int
        Seed of everything random.
    configuration : dict of str to object
        All settings, without passwords.
    justification : str
        Why sensitive features are used; empty if none are.
    """

    name: str
    data: str
    seed: int
    configuration: dict[str, Any]
    justification: str


@dataclass
class Run:
    """A run that is being made.

    Parameters
    ----------
    task : str
        The task of the command line.
    final : Path
        Where results will be.
    folder : Path
        Where they are written until the run succeeds.
    level : Level
        Whether areas are wijken or buurten: tables are written under its names.
    started : datetime
        When it started (UTC).
    timings : dict of str to float
        Seconds by stage.
    notes : list of str
        What a reader of the results must know.
    """

    task: str
    final: Path
    folder: Path
    level: Level = WIJK
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    timings: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure how long a stage takes.

        Parameters
        ----------
        name : str
            The stage, as ``run.json`` names it.
        """
        log.info("%s …", name)
        begin = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - begin, 3)
        log.debug("%s took %.1f s", name, self.timings[name])

    def write(self, declared: Table | str, rows: pd.DataFrame) -> None:
        """Write one of the run's tables, under the level's own names, as its contract has it.

        Parameters
        ----------
        declared : Table or str
            The table's contract, or its name.
        rows : DataFrame
            Its rows; areas go by the names of wijken, whatever the level.

        Raises
        ------
        ContractError
            If the rows are not as declared, listing every violation; or if no such table is.
        """
        table = contract.get(declared) if isinstance(declared, str) else declared
        written = self.level.published(rows)
        contract.check(table.at(self.level), written)
        storage.write_table(self.folder / table.file, written)

    def note(self, text: str) -> None:
        """Record what a reader of the results must know, and log it.

        Parameters
        ----------
        text : str
            A sentence.
        """
        log.warning("%s", text)
        self.notes.append(text)


@contextlib.contextmanager
def open_run(task: str, settings: RunSettings, level: Level = WIJK) -> Iterator[Run]:
    """Make a run: its folder gets its final name if the block succeeds.

    Parameters
    ----------
    task : str
        The task of the command line.
    settings : RunSettings
        Where results go.
    level : Level
        Whether areas are wijken or buurten.

    Yields
    ------
    Run

    Raises
    ------
    ConfigError
        If ``run.dir`` is a folder that holds something else.
    """
    final = Path(settings.dir).expanduser().resolve() if settings.dir else _new_folder(task)
    if final.exists() and not _may_replace(final):
        raise ConfigError(
            f"run.dir={final} exists and is not a run ({RECORD} is not in it); expected a new or "
            "empty folder, or an earlier run to replace. Choose another folder."
        )
    with storage.staged_folder(final) as staging:
        yield Run(task, final, staging, level)


def free_folder(task: str, settings: RunSettings, mark: str) -> Path:
    """Return the folder for results that are not a run, such as a report.

    Parameters
    ----------
    task : str
        The task of the command line.
    settings : RunSettings
        Where results go.
    mark : str
        A file that such results have, in the folder itself or in every folder within.

    Returns
    -------
    Path
        ``run.dir``, or a new folder under ``runs/``.

    Raises
    ------
    ConfigError
        If ``run.dir`` is a folder that holds something else.
    """
    if not settings.dir:
        return _new_folder(task)
    folder = Path(settings.dir).expanduser().resolve()
    inside = [folder, *folder.iterdir()] if folder.is_dir() else [folder]
    marked = [place for place in inside if (place / mark).is_file()]
    if folder.exists() and folder not in marked and len(marked) < len(inside) - 1:
        raise ConfigError(
            f"run.dir={folder} exists and is not a {task} ({mark} is not in it); expected a new "
            f"or empty folder, or an earlier {task} to replace. Choose another folder."
        )
    return folder


def complete_runs(task: str = "*") -> list[Path]:
    """Return the complete runs under ``runs/``.

    Parameters
    ----------
    task : str
        The task of the command line; by default any.

    Returns
    -------
    list of Path
        Their folders, oldest first.
    """
    records = sorted(paths.runs_dir().glob(f"{task}/*/{RECORD}"))
    return sorted((path.parent for path in records), key=lambda path: path.name)


def _may_replace(final: Path) -> bool:
    return final.is_dir() and ((final / RECORD).is_file() or not any(final.iterdir()))


def _new_folder(task: str) -> Path:
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return paths.runs_dir() / task / f"{stamp}-{uuid.uuid4().hex[:6]}"


def finish(run: Run, about: About, inputs: list[Provenance], result: dict[str, Any]) -> None:
    """Write the record of a run, ``run.json``, which completes it.

    Parameters
    ----------
    run : Run
        The run, with all tables written.
    about : About
        How it was made.
    inputs : list of Provenance
        Every file that was read.
    result : dict of str to object
        What else the record says, such as the champions.
    """
    storage.write_json(
        run.folder / RECORD,
        {
            "task": run.task,
            "contract": contract.VERSION,
            "name": about.name,
            "data": about.data,
            "started": run.started.isoformat(timespec="seconds"),
            "seed": about.seed,
            "configuration": about.configuration,
            "justification": about.justification,
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
    """Return the commit of the source checkout.

    Returns
    -------
    str or None
        Its hash, with ``+changes`` if files were edited since; None if there is no checkout.
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
    """Return complete runs by name.

    Parameters
    ----------
    names : list of str
        Folders of runs, or their names under ``runs/``; empty for all complete runs there.

    Returns
    -------
    list of Path
        Their folders, in the order of ``names``; all of them oldest first.

    Raises
    ------
    ConfigError
        If a run does not exist, or there is none at all.
    """
    folders = complete_runs()
    if not names:
        if not folders:
            raise ConfigError(
                f"no complete run under {paths.runs_dir()}; expected one to compare. Make one with "
                "'risicomodel run', or name folders of runs."
            )
        return folders
    out = []
    for name in names:
        matching = [p for p in (Path(name), *folders) if p.name == name or p == Path(name)]
        complete = [path for path in matching if (path / RECORD).is_file()]
        if not complete:
            near = suggest(name, [path.name for path in folders])
            raise ConfigError(
                f"no complete run '{name}'{near}; expected a folder with {RECORD}, or the name "
                f"of one under {paths.runs_dir()}. List them with 'risicomodel compare'."
            )
        out.append(complete[0].resolve())
    return out
