"""The command line: ``risicomodel TASK [overrides]``. Heavy imports wait until a task runs."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel import __version__
from risicomodel.core.errors import ConfigError, RisicomodelError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from risicomodel.app.settings import Settings

log = logging.getLogger(__name__)

MENDABLE, INTERRUPTED = 2, 130
HOME = "RISICOMODEL_HOME"
OPTIONS = ("-m", "--multirun", "-v", "--verbose", "-h", "--help", "--version")
# packages whose chatter is kept off the terminal
CHATTY = (
    "matplotlib", "urllib3", "filelock", "git", "fiona", "pyogrio", "numexpr", "hydra",
    "hydra_plugins", "distributed", "optuna", "sqlalchemy", "alembic", "asyncio", "psycopg",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """What a task does, in a line, and commands that show it."""

    what: str
    examples: tuple[str, ...]


TASKS: dict[str, Task] = {
    "run": Task(
        "every stage there is: figures, models, estimates, forecasts, explanations, a report",
        (
            "risicomodel run",
            "risicomodel run data=archive data.dir=PATH",
            "risicomodel run data=archive data.dir=PATH gemeente=Utrecht",
        ),
    ),
    "data": Task(
        "read or download the figures, build the panel, report on its quality",
        ("risicomodel data data=archive data.dir=PATH", "risicomodel data data=cbs"),
    ),
    "train": Task(
        "figures and models: scores beside the baselines, a prediction for every wijk",
        (
            "risicomodel train domain=jeugd features=plus_inkomen",
            "risicomodel train -m features=demografie_wonen,plus_nabijheid",
        ),
    ),
    "explain": Task(
        "what every feature adds to what is expected of a wijk, and how sure that is",
        (
            "risicomodel explain data=archive data.dir=PATH",
            "risicomodel explain domain=wmo 'explain.years=[2019]'",
        ),
    ),
    "tune": Task(
        "better parameters, and how good looking for them is: nested, resumable",
        (
            "risicomodel tune domain=jeugd model=lightgbm tuning.trials=40",
            "risicomodel tune tuning.storage=postgresql+psycopg://USER@HOST/DATABASE",
        ),
    ),
    "forecast": Task(
        "one to five years ahead, with bands that earlier forecasts earned",
        (
            "risicomodel forecast data=archive data.dir=PATH",
            "risicomodel forecast forecast.origin=2019 forecast.horizon=2",
            "risicomodel forecast 'forecast.scenario=[\"65_plus +10%\"]'",
        ),
    ),
    "report": Task(
        "pages on a gemeente and its wijken, from a finished run: no internet needed",
        (
            "risicomodel report gemeente=GM0363",
            "risicomodel report RUN_FOLDER gemeente=Amsterdam report.language=en",
            "risicomodel report gemeente=all run.dir=PATH",
        ),
    ),
    "verify": Task(
        "forecasts made earlier beside the figures that came out since",
        ("risicomodel verify RUN_FOLDER data=archive data.dir=PATH",),
    ),
    "compare": Task(
        "the leaderboards of several runs beside each other",
        ("risicomodel compare", "risicomodel compare RUN_FOLDER RUN_FOLDER"),
    ),
    "info": Task(
        "what is in an archive: tables, years, wijken, figures, gaps",
        ("risicomodel info data=archive data.dir=PATH",),
    ),
}

HELP = """Need for youth care, Wmo and social assistance per wijk, from open CBS tables.

tasks:
{tasks}

overrides choose and change the configuration (folder 'configs'):
  data=demo|archive|cbs|table     where figures come from (default: demo, made up)
  data.dir=PATH                   the folder of CBS tables
  level=buurt                     buurten instead of wijken
  domain=jeugd                    one domain; 'domain=[jeugd,wmo]' for two (default: all)
  features=plus_inkomen           a feature set (default: demografie_wonen)
  model=lightgbm                  one model beside the baselines (default: all)
  split.folds=10                  any setting by its name
  tracking=off                    no MLflow
  run.dir=PATH                    where results go (default: a new folder under runs/)
  -m                              sweep: comma-separated values become runs of their own

examples:
  risicomodel run
  risicomodel info data=archive data.dir=PATH
  risicomodel run data=archive data.dir=PATH

It describes areas, never persons. Try 'risicomodel TASK --help'.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a task; return the exit status: 0 well, 2 a problem you can mend, 130 interrupted."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options, rest = _parser().parse_known_args(arguments)
    _set_up_log(logging.DEBUG if options.verbose else logging.INFO)
    _pass_over_interrupts()
    try:
        return _dispatch(options, rest)
    except (RisicomodelError, OSError, KeyboardInterrupt) as error:
        return _end(error)


def _end(error: BaseException) -> int:
    """Say what went wrong, in a line, and return the exit status; what is a bug goes on."""
    if isinstance(error, BrokenPipeError):
        # who was reading has seen enough ('| head'); results are in their folder
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, KeyboardInterrupt):
        text = (
            "interrupted: no half-written results are left, finished fits and trials are kept; "
            "give the same command to go on."
        )
    elif isinstance(error, RisicomodelError):
        text = f"error: {error}"
    elif isinstance(error, OSError) and error.errno is not None:
        text = (
            f"error: {error.filename or 'writing'}: {error.strerror}; allowed is a place that can "
            f"be read and written, on a disk with room. Correct run.dir, data.dir or {HOME}."
        )
    else:
        raise error
    _say(text, sys.stderr)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else MENDABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="risicomodel", add_help=False, allow_abbrev=False, usage="risicomodel TASK [overrides]"
    )
    parser.add_argument("task", nargs="?")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    return parser


def _set_up_log(level: int, prefix: str = "") -> None:
    """Log to the error stream; keep other packages' chatter off it."""
    logging.basicConfig(level=level, format=f"{prefix}%(message)s", stream=sys.stderr, force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_ours)


class _Unraisable:
    """Keeps Python from printing an interrupt it cannot raise, as within an import's own work.

    Whoever waits for this process gets an interrupt of its own, and tells of it.
    """

    def __init__(self, as_ever: Callable[[Any], object]) -> None:
        self._as_ever = as_ever

    def __call__(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._as_ever(unraisable)


def _pass_over_interrupts() -> None:
    if not isinstance(sys.unraisablehook, _Unraisable):
        sys.unraisablehook = _Unraisable(sys.unraisablehook)


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell other packages' chatter on the root logger from what has a name, or is serious."""
    return record.name != "root" or record.levelno >= logging.WARNING


def _say(text: str, stream: Any = None) -> None:
    stream = stream or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def _dispatch(options: argparse.Namespace, rest: list[str]) -> int:
    if options.version:
        _say(f"risicomodel {__version__}")
        return 0
    if options.task is None:
        _say(_help())
        return 0
    if options.task not in TASKS:
        raise ConfigError(
            f"unknown task '{options.task}'{suggest(options.task, TASKS)}; allowed are "
            f"{', '.join(TASKS)}. See 'risicomodel --help'."
        )
    if options.help:
        _say(_task_help(options.task))
        return 0
    unknown = [word for word in rest if word.startswith("-")]
    if unknown:
        raise ConfigError(
            f"unknown option '{unknown[0]}'{suggest(unknown[0], OPTIONS)}; allowed are "
            f"{', '.join(OPTIONS)}, and overrides such as data=archive. See 'risicomodel --help'."
        )
    rest = WORDS.get(options.task, list)(rest)
    if options.multirun:
        return _sweep(options.task, rest)
    if options.task in OF_FOLDERS:
        return OF_FOLDERS[options.task](rest)
    from risicomodel.app import settings

    return _work(options.task, settings.compose(rest))


def _help() -> str:
    lines = [f"  {name:<9}{task.what}" for name, task in TASKS.items()]
    return HELP.format(tasks="\n".join(lines))


def _task_help(task: str) -> str:
    examples = "\n  ".join(TASKS[task].examples)
    return f"risicomodel {task}: {TASKS[task].what}.\n\nexamples:\n  {examples}\n\n{_choices()}"


def _choices() -> str:
    from risicomodel.core import paths

    folder = paths.config_dir()
    lines = [
        f"  {group.name}={'|'.join(sorted(path.stem for path in group.glob('*.yaml')))}"
        for group in sorted(folder.iterdir())
        if group.is_dir() and any(group.glob("*.yaml"))
    ]
    return "choices (see the files in 'configs' for what each holds):\n" + "\n".join(lines)


def _work(task: str, settings: Settings) -> int:
    from risicomodel.app import console, pipeline
    from risicomodel.app.pipeline import inputs

    if task == "info":
        _say(console.archive(inputs.info(settings)))
        return 0
    if task == "report":
        _say(console.pages(pipeline.report(settings)))
        return 0
    tasks: dict[str, Callable[[Settings], pipeline.Outcome]] = {
        "data": pipeline.data,
        "train": pipeline.train,
        "run": pipeline.run,
        "explain": pipeline.explain,
        "tune": pipeline.tune,
        "forecast": pipeline.forecast,
    }
    outcome = tasks[task](settings)
    _say(console.outcome(task, settings, outcome))
    return 0


def gemeente_words(words: list[str]) -> list[str]:
    """Return overrides: ``gemeente=`` is the report's."""
    named = "gemeente="
    return [
        f"report.gemeente={_quoted(word.removeprefix(named))}" if word.startswith(named) else word
        for word in words
    ]


def report_words(words: list[str]) -> list[str]:
    """Return overrides of a report: a bare word is the folder of the run it is of."""
    return gemeente_words(
        [word if "=" in word else f"report.run={_quoted(word)}" for word in words]
    )


def _quoted(text: str) -> str:
    return json.dumps(text.strip("'\""), ensure_ascii=False)


# tasks that take words of their own, and what these stand for
WORDS: dict[str, Callable[[list[str]], list[str]]] = {
    "report": report_words,
    "run": gemeente_words,
}


def _verify(words: list[str]) -> int:
    from risicomodel.app import console, pipeline, settings

    folders = [word for word in words if "=" not in word]
    if len(folders) != 1:
        raise ConfigError(
            f"verify takes the folder of one earlier run, and {len(folders)} were given; allowed "
            "is 'risicomodel verify RUN_FOLDER [overrides]'."
        )
    chosen = settings.compose([word for word in words if "=" in word])
    _say(console.outcome("verify", chosen, pipeline.verify(chosen, folders[0])))
    return 0


def _compare(names: list[str]) -> int:
    from risicomodel.app import console
    from risicomodel.runs import compare

    table = compare.compare(names)
    _say(console.comparison(table))
    return 0


# tasks that are given the folders of earlier runs
OF_FOLDERS: dict[str, Callable[[list[str]], int]] = {"compare": _compare, "verify": _verify}


def _sweep(task: str, overrides: list[str]) -> int:
    """Hand a sweep to Hydra, whose joblib launcher runs the jobs side by side."""
    import tempfile

    import hydra

    from risicomodel.app import settings
    from risicomodel.core import paths, storage

    if any(word.startswith("run.dir=") and "," not in word for word in overrides):
        raise ConfigError(
            "run.dir names one folder for all jobs of a sweep; allowed is one each. Leave run.dir "
            "out for new folders under runs/ (run.name labels them), or name as many as there are "
            "jobs."
        )
    program = hydra.main(
        version_base="1.3", config_path=str(paths.config_dir()), config_name="config"
    )(sweep_job)
    before = sys.argv
    sys.argv = ["risicomodel", "-m", *overrides]
    # Hydra must have a folder for records of its own; every job's run.json says more
    unfinished = storage.owned(paths.runs_dir(), paths.cache_dir())
    with tempfile.TemporaryDirectory() as folder, unfinished, settings.explained(overrides):
        # with "full error" Hydra lets errors through, for 'main' to say, instead of printing them
        os.environ |= {_TASK: task, _SWEEP_FOLDER: folder, "HYDRA_FULL_ERROR": "1"}
        # what joblib's helper process says when jobs are interrupted
        os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
        try:
            program()
        finally:
            sys.argv = before
    return 0


_TASK = "RISICOMODEL_SWEEP_TASK"
_SWEEP_FOLDER = "RISICOMODEL_SWEEP_FOLDER"  # configs/config.yaml reads it


def sweep_job(config: Any) -> None:
    """Run one job of a sweep, in a process of its own."""
    from hydra.core.hydra_config import HydraConfig

    from risicomodel.app import settings

    job = HydraConfig.get()
    _set_up_log(logging.INFO, prefix=f"[{job.job.num}] ")
    _pass_over_interrupts()
    log.info("%s", " ".join(job.overrides.task))
    chosen = settings.from_hydra(config)
    if chosen.compute.jobs == -1:
        chosen.compute.jobs = 1  # the launcher has a job on every core already
    _work(os.environ[_TASK], chosen)


if __name__ == "__main__":
    raise SystemExit(main())
