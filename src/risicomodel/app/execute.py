"""Carry out a command and return the text that it ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.app import console, pipeline, settings
from risicomodel.app.pipeline import inputs
from risicomodel.core.errors import ConfigError
from risicomodel.runs import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from risicomodel.app.settings import Settings

PIPELINE: dict[str, Callable[[Settings], pipeline.Outcome]] = {
    "data": pipeline.data,
    "train": pipeline.train,
    "run": pipeline.run,
    "explain": pipeline.explain,
    "tune": pipeline.tune,
    "forecast": pipeline.forecast,
}


def execute(command: str, words: Sequence[str]) -> str:
    """Carry out a command.

    Parameters
    ----------
    command : str
        Its name.
    words : sequence of str
        Overrides of the configuration and, where the command takes them, folders of earlier runs.

    Returns
    -------
    str
        What to show at the end: scores, where the results are, what to do next.

    Raises
    ------
    ConfigError
        If a word cannot be understood.
    """
    if command == "compare":
        return console.comparison(compare.compare(list(words)))
    if command == "review":
        from risicomodel.app import review

        return review.carry_out(list(words))
    if command == "verify":
        return _verify(words)
    return execute_configured(command, settings.compose(words))


def execute_configured(command: str, chosen: Settings) -> str:
    """Carry out a command that needs nothing but settings; return the text that it ends with."""
    if command == "info":
        return console.archive(inputs.info(inputs.Sources.of(chosen)))
    if command == "report":
        return console.pages(pipeline.report(chosen))
    return console.outcome(command, chosen, PIPELINE[command](chosen))


def _verify(words: Sequence[str]) -> str:
    folders = [word for word in words if "=" not in word]
    if len(folders) != 1:
        raise ConfigError(
            f"verify was given {len(folders)} folders; expected the folder of one earlier run. "
            "Give it as in 'risicomodel verify RUN_FOLDER data=archive data.dir=PATH'."
        )
    chosen = settings.compose([word for word in words if "=" in word])
    return console.outcome("verify", chosen, pipeline.verify(chosen, folders[0]))
