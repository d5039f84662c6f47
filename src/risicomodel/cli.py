"""The command line: ``risicomodel TASK [overrides]``. Heavy imports wait until a task runs."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from risicomodel import __version__
from risicomodel.app import logs
from risicomodel.app.commands import COMMANDS
from risicomodel.core.errors import ConfigError, RisicomodelError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from risicomodel.app.commands import Command

MENDABLE, INTERRUPTED = 2, 130
HOME = "RISICOMODEL_HOME"
WIDTH = 100
OPTIONS = {
    ("-m", "--multirun"): "sweep: comma-separated values become runs of their own",
    ("-v", "--verbose"): "say more while it works",
    ("-h", "--help"): "show this help",
}
FLAGS = [flag for flags in OPTIONS for flag in flags] + ["--version"]

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
    """Carry out a task.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words of the command line; those of this process unless given.

    Returns
    -------
    int
        The exit status: 0 well, 2 a problem that the user can mend, 130 interrupted.
    """
    logs.hide_unraisable_interrupts()
    try:
        return _dispatch(list(sys.argv[1:] if arguments is None else arguments))
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
            "run the same command again to continue."
        )
    elif isinstance(error, RisicomodelError):
        text = f"error: {error}"
    elif isinstance(error, OSError) and error.errno is not None:
        text = (
            f"error: {error.filename or 'writing'}: {error.strerror}; expected a place that can "
            f"be read and written, on a disk with room. Correct run.dir, data.dir or {HOME}."
        )
    else:
        raise error
    _say(text, sys.stderr)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else MENDABLE


def _say(text: str, stream: Any = None) -> None:
    stream = stream or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


class _Parser(argparse.ArgumentParser):
    """A parser whose errors look like all others: one line, what was found and what to do."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; {_expected(self.prog)}")


def _expected(prog: str) -> str:
    return (
        f"expected are {', '.join(FLAGS)}, and overrides such as data=archive. See '{prog} --help'."
    )


def _parsers() -> tuple[_Parser, Mapping[str, argparse.ArgumentParser]]:
    """Return the parser of the command line, and the parser of every task."""
    parser = _Parser(prog="risicomodel", add_help=False, allow_abbrev=False)
    parser.add_argument("--version", action="store_true")
    for flags in OPTIONS:
        parser.add_argument(*flags, action="store_true")
    tasks = parser.add_subparsers(dest="task", prog="risicomodel", parser_class=_Parser)
    for name, command in COMMANDS.items():
        _add_task(tasks.add_parser, name, command)
    return parser, tasks.choices


def _add_task(add: Callable[..., argparse.ArgumentParser], name: str, command: Command) -> None:
    overrides = "[overrides]" if command.configured else ""
    usage = ["risicomodel", name, command.folders, overrides, "[options]"]
    words = "\n".join(f"  {word:<30}  {meaning}" for word, meaning in command.words)
    examples = "\n".join(f"  {example}" for example in command.examples)
    parser = add(
        name,
        usage=" ".join(filter(None, usage)),
        description=f"{command.what}.\n\nwords:\n{words}",
        epilog=f"examples:\n{examples}",
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=WIDTH),
        add_help=False,
        allow_abbrev=False,
    )
    for flags, meaning in OPTIONS.items():
        # with a default it would undo an option that stands before the task
        shown = meaning if command.sweeps or "-m" not in flags else argparse.SUPPRESS
        parser.add_argument(*flags, action="store_true", default=argparse.SUPPRESS, help=shown)


def _dispatch(arguments: list[str]) -> int:
    named = next((word for word in arguments if not word.startswith("-")), None)
    if named is not None and named not in COMMANDS:
        raise ConfigError(
            f"unknown task '{named}'{suggest(named, COMMANDS)}; expected one of "
            f"{', '.join(COMMANDS)}. See 'risicomodel --help'."
        )
    parser, tasks = _parsers()
    options, words = parser.parse_known_args(arguments)
    if options.version:
        _say(f"risicomodel {__version__}")
        return 0
    if options.help and named:
        _say(_task_help(named, tasks[named]))
        return 0
    _check_options(named, options, words)
    if named is None:
        _say(_help())
        return 0
    logs.set_up(logging.DEBUG if options.verbose else logging.INFO)
    _carry_out(named, COMMANDS[named].overrides(words), sweeps=options.multirun)
    return 0


def _check_options(task: str | None, options: argparse.Namespace, words: list[str]) -> None:
    prog = f"risicomodel {task}" if task else "risicomodel"
    unknown = [word for word in words if word.startswith("-")]
    if task and options.multirun and not COMMANDS[task].sweeps:
        raise ConfigError(
            f"{task} with -m; expected is a task that can run for several values. Leave -m out, "
            f"see '{prog} --help'."
        )
    if unknown:
        raise ConfigError(
            f"unknown option '{unknown[0]}'{suggest(unknown[0], FLAGS)}; {_expected(prog)}"
        )


def _carry_out(task: str, words: list[str], *, sweeps: bool) -> None:
    if sweeps:
        from risicomodel.app.sweep import sweep

        sweep(task, words)
    else:
        from risicomodel.app.execute import execute

        _say(execute(task, words))


def _help() -> str:
    lines = [f"  {name:<9}{command.what}" for name, command in COMMANDS.items()]
    return HELP.format(tasks="\n".join(lines))


def _task_help(task: str, parser: argparse.ArgumentParser) -> str:
    text = parser.format_help()
    return f"{text}\n{_choices()}" if COMMANDS[task].configured else text.rstrip("\n")


def _choices() -> str:
    from risicomodel.core import paths

    folder = paths.config_dir()
    lines = [
        f"  {group.name}={'|'.join(sorted(path.stem for path in group.glob('*.yaml')))}"
        for group in sorted(folder.iterdir())
        if group.is_dir() and any(group.glob("*.yaml"))
    ]
    return "choices (see the files in 'configs' for what each holds):\n" + "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
