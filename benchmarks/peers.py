"""Our models beside what an expert would reach for: the same rows, folds, features and weights.

``export`` and ``table`` run in the project's environment, ``fit`` in that of
``peers-requirements.txt``; experiments/0002-peers has the commands and what they gave.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 120.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks."""
    asked = parser().parse_args(arguments)
    if asked.task == "export":
        import peers_export

        peers_export.export(asked.folder, asked.overrides)
    elif asked.task == "fit":
        # before numpy and its kin are loaded; threads that wait for a busy core cost CPU time
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(asked.threads)
        import peers_fits

        if asked.peer not in peers_fits.PEERS:
            raise SystemExit(
                f"'{asked.peer}' is no peer; allowed are {', '.join(peers_fits.PEERS)}."
            )
        manifest = peers_fits.Manifest.read(asked.folder)
        budget = peers_fits.Budget(asked.seconds, asked.threads, manifest.seed)
        peers_fits.fit(asked.folder, asked.peer, asked.only, budget)
    else:
        import peers_table

        peers_table.table(asked.folder, asked.out)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="peers.py", description=__doc__)
    tasks = top.add_subparsers(dest="task", required=True)
    export = tasks.add_parser("export", help="write folds, and our own models' predictions")
    fit = tasks.add_parser("fit", help="fit a peer on every fold it has not predicted yet")
    table = tasks.add_parser("table", help="score all that is there")
    for task in (export, fit, table):
        task.add_argument("folder", type=Path, help="where the comparison is kept")
    export.add_argument("overrides", nargs="*", help="as for risicomodel: data=archive …")
    fit.add_argument("peer", help="name of a peer, as autogluon_best or ebm")
    fit.add_argument("--seconds", type=float, default=SECONDS, help="limit per fold (AutoGluon)")
    fit.add_argument("--threads", type=int, default=1, help="1, as our own models have")
    fit.add_argument(
        "--only", action="append", default=[], help="folds, as 'jeugd/unseen_gemeente/*'"
    )
    table.add_argument("--out", type=Path, help="write the table as CSV")
    return top


if __name__ == "__main__":
    main(sys.argv[1:])
