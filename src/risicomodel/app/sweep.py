"""Sweeps (``-m``): comma-separated values become runs of their own, side by side, through Hydra."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from risicomodel.app import logs, settings
from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

log = logging.getLogger(__name__)

# Hydra starts every job in a process of its own, which reads them
_COMMAND = "RISICOMODEL_SWEEP_COMMAND"
_FOLDER = "RISICOMODEL_SWEEP_FOLDER"  # configs/config.yaml reads it


def sweep(command: str, overrides: Sequence[str]) -> None:
    """Run a command once for every combination of the overrides' values.

    Parameters
    ----------
    command : str
        Its name.
    overrides : sequence of str
        Overrides, with values separated by commas.

    Raises
    ------
    ConfigError
        If the jobs would write into one folder.
    """
    import hydra

    if any(word.startswith("run.dir=") and "," not in word for word in overrides):
        raise ConfigError(
            "run.dir names one folder for all jobs of a sweep; expected a folder for each. Leave "
            "run.dir out for new folders under runs/ (run.name labels them), or name as many as "
            "there are jobs."
        )
    program = hydra.main(
        version_base="1.3", config_path=str(paths.config_dir()), config_name="config"
    )(job)
    before = sys.argv
    sys.argv = ["risicomodel", "-m", *overrides]
    # Hydra must have a folder for records of its own; every job's run.json says more
    unfinished = storage.owned(paths.runs_dir(), paths.cache_dir())
    with tempfile.TemporaryDirectory() as folder, unfinished, settings.explained(overrides):
        # with "full error" Hydra lets errors through, for the command line to show them its way
        os.environ |= {_COMMAND: command, _FOLDER: folder, "HYDRA_FULL_ERROR": "1"}
        # what joblib's helper process says when jobs are interrupted
        os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
        try:
            program()
        finally:
            sys.argv = before


def job(config: Any) -> None:
    """Run one job of a sweep, in a process of its own, and write what it ends with."""
    from hydra.core.hydra_config import HydraConfig

    from risicomodel.app.execute import execute_configured

    hydra_job = HydraConfig.get().job
    logs.set_up(logging.INFO, prefix=f"[{hydra_job.num}] ")
    logs.hide_unraisable_interrupts()
    log.info("%s", " ".join(HydraConfig.get().overrides.task))
    chosen = settings.from_hydra(config)
    if chosen.compute.jobs == -1:
        chosen.compute.jobs = 1  # the launcher has a job on every core already
    sys.stdout.write(f"{execute_configured(os.environ[_COMMAND], chosen)}\n")
    sys.stdout.flush()
