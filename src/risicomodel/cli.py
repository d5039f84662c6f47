"""The command line: ``risicomodel COMMAND [overrides]``. Heavy imports wait for their command."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from risicomodel import __version__
from risicomodel.app import logs
from risicomodel.app.commands import COMMANDS, EXAMPLES, USUAL
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

commands:
{commands}

overrides choose and change the configuration (folder 'configs'), every setting by its name:
{overrides}

examples:
{examples}

It describes areas, never persons. Try 'risicomodel COMMAND --help'.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words of the command line; those of this process unless given.

    Returns
    -------
    int
        The exit status: 0 well, 2 an error that the user can correct, 130 interrupted.
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
    return f"expected {', '.join(FLAGS)}, or overrides such as data=archive. See '{prog} --help'."


def _parsers() -> tuple[_Parser, Mapping[str, argparse.ArgumentParser]]:
    """Return the parser of the command line, and the parser of every command."""
    parser = _Parser(prog="risicomodel", add_help=False, allow_abbrev=False)
    parser.add_argument("--version", action="store_true")
    for flags in OPTIONS:
        parser.add_argument(*flags, action="store_true")
    commands = parser.add_subparsers(dest="command", prog="risicomodel", parser_class=_Parser)
    for name, command in COMMANDS.items():
        _add_command(commands.add_parser, name, command)
    return parser, commands.choices


def _add_command(add: Callable[..., argparse.ArgumentParser], name: str, command: Command) -> None:
    overrides = "[overrides]" if command.configured else ""
    usage = ["risicomodel", name, command.folders, overrides, "[options]"]
    parser = add(
        name,
        usage=" ".join(filter(None, usage)),
        description=f"{command.what}.\n\nwords:\n{_meanings(command.words)}",
        epilog=f"examples:\n{_examples(command.examples)}",
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=WIDTH),
        add_help=False,
        allow_abbrev=False,
    )
    for flags, meaning in OPTIONS.items():
        # with a default it would undo an option that stands before the command
        shown = meaning if command.sweeps or "-m" not in flags else argparse.SUPPRESS
        parser.add_argument(*flags, action="store_true", default=argparse.SUPPRESS, help=shown)


def _dispatch(arguments: list[str]) -> int:
    named = next((word for word in arguments if not word.startswith("-")), None)
    if named is not None and named not in COMMANDS:
        raise ConfigError(
            f"unknown command '{named}'{suggest(named, COMMANDS)}; expected one of "
            f"{', '.join(COMMANDS)}. See 'risicomodel --help'."
        )
    parser, commands = _parsers()
    options, words = parser.parse_known_args(arguments)
    if options.version:
        _say(f"risicomodel {__version__}")
        return 0
    if options.help and named:
        _say(_command_help(named, commands[named]))
        return 0
    _check_options(named, options, words)
    if named is None:
        _say(_help())
        return 0
    logs.set_up(logging.DEBUG if options.verbose else logging.INFO)
    _carry_out(named, COMMANDS[named].overrides(words), sweeps=options.multirun)
    return 0


def _check_options(command: str | None, options: argparse.Namespace, words: list[str]) -> None:
    prog = f"risicomodel {command}" if command else "risicomodel"
    unknown = [word for word in words if word.startswith("-")]
    if command and options.multirun and not COMMANDS[command].sweeps:
        raise ConfigError(
            f"{command} with -m; expected a command that can run for several values. Leave -m out, "
            f"see '{prog} --help'."
        )
    if unknown:
        raise ConfigError(
            f"unknown option '{unknown[0]}'{suggest(unknown[0], FLAGS)}; {_expected(prog)}"
        )


def _carry_out(command: str, words: list[str], *, sweeps: bool) -> None:
    if sweeps:
        from risicomodel.app.sweep import sweep

        sweep(command, words)
    else:
        from risicomodel.app.execute import execute

        _say(execute(command, words))


def _help() -> str:
    lines = [f"  {name:<9}{command.what}" for name, command in COMMANDS.items()]
    overrides = [*USUAL, ("-m", OPTIONS["-m", "--multirun"])]
    return HELP.format(
        commands="\n".join(lines), overrides=_meanings(overrides), examples=_examples(EXAMPLES)
    )


def _meanings(words: Sequence[tuple[str, str]]) -> str:
    """Return words and what each means, a line each."""
    return "\n".join(f"  {word:<30}  {meaning}" for word, meaning in words)


def _examples(examples: Sequence[str]) -> str:
    return "\n".join(f"  {example}" for example in examples)


def _command_help(command: str, parser: argparse.ArgumentParser) -> str:
    text = parser.format_help()
    return f"{text}\n{_choices()}" if COMMANDS[command].configured else text.rstrip("\n")


def _choices() -> str:
    from risicomodel.core import paths

    folder = paths.config_dir()
    lines = [
        f"  {group.name}={'|'.join(sorted(path.stem for path in group.glob('*.yaml')))}"
        for group in sorted(folder.iterdir())
        if group.is_dir() and group.name != paths.FORMS and any(group.glob("*.yaml"))
    ]
    return "choices (see the files in 'configs' for what each holds):\n" + "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
