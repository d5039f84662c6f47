"""Export: the rows of every fold for others to learn from, and what our own models make of them.

Runs in the project's environment.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import peers_files
from peers_files import FEATURE, Fold, Manifest, Predictions

from risicomodel.app import settings
from risicomodel.app.pipeline import inputs
from risicomodel.app.pipeline.fitting import problems_of
from risicomodel.core import storage
from risicomodel.core.compute import ComputeSettings
from risicomodel.data.domains import clients_column
from risicomodel.data.panel import store
from risicomodel.learning import crossfit, models, protocols
from risicomodel.learning.models.base import ratio_and_weight
from risicomodel.results.evaluation import evaluate

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from risicomodel.app.settings import Settings
    from risicomodel.learning.crossfit import FitTask
    from risicomodel.learning.models import Rows
    from risicomodel.learning.problem import Problem

PROTOCOLS = [protocols.UNSEEN_GEMEENTE, protocols.UNSEEN_WIJK]
# rows weigh (population × reference) to this power: the one that suits our own models best
WEIGHT_EXPONENT = 0.7
PLACES = ["wijk_code", "gm_code", "gm_group", "wijk_group", "place_id"]
ABOUT = {
    "x.*": "features as the project computes them; NaN where missing",
    "reference": "rate (0-1) that the protocol makes known: of the country or the gemeente",
    "ratio": "target: published rate / reference",
    "weight": f"(population x reference) ** {WEIGHT_EXPONENT}, mean 1 over the training rows",
    "population": "persons at risk",
    "clients": "published persons",
    "group": "rows that the protocol keeps together: for folds within the training rows",
}


def export(folder: Path, overrides: list[str]) -> None:
    """Write every fold's rows and our own models' predictions into ``folder``."""
    chosen = settings.compose(["tracking=off", *overrides])
    chosen = replace(chosen, split=replace(chosen.split, protocols=PROTOCOLS))
    own = {
        name: model
        for name, model in chosen.models.items()
        if name in models.learners(chosen.models)
    }
    folds: list[Fold] = []
    for problem in _problems(chosen):
        for protocol in PROTOCOLS:
            tasks = crossfit.tasks(
                problem, protocols.PROTOCOLS[protocol], chosen.split, own, chosen.seed
            )
            for number in sorted({task.fold.fold for task in tasks}):
                of_fold = [task for task in tasks if task.fold.fold == number]
                folds.append(_export_fold(folder, of_fold, own, chosen.split.score_years))
    about = {"columns": ABOUT, "overrides": overrides, "features": chosen.features.name}
    Manifest(chosen.seed, [own_name(name) for name in own], folds, about).write(folder)


def own_name(model: str) -> str:
    """Return how the comparison calls one of our models."""
    return f"risicomodel-{model}"


def _problems(chosen: Settings) -> list[Problem]:
    sources = inputs.Sources.of(chosen)
    archive = inputs.open_archive(sources)
    panel = store.load_or_build(archive, chosen.domains, sources.cache, chosen.areas)
    least = chosen.split.min_population
    return problems_of(panel, chosen.domains, chosen.features, least)


def _export_fold(
    folder: Path,
    tasks: list[FitTask],
    own: dict[str, models.ModelSettings],
    score_years: list[int],
) -> Fold:
    """Write one fold's rows, then fit and predict with each of our models."""
    task = tasks[0]
    problem = task.problem
    train_rows, test_rows = crossfit.rows(problem, task.protocol, task.fold)
    train = _table(task, train_rows, task.fold.train)
    test = _table(task, test_rows, task.fold.test)
    counts = _scored(task, score_years)
    test = test[counts]
    fold = Fold(
        problem.domain,
        task.protocol.name,
        task.fold.fold,
        storage.sha256_json([storage.sha256_frame(train), storage.sha256_frame(test)]),
        len(train),
        len(test),
    )
    peers_files.write(fold.path(folder, "train"), train)
    peers_files.write(fold.path(folder, "test"), test)
    for name, (rate, seconds, cpu) in _own(tasks, own).items():
        mine = Predictions(folder, own_name(name))
        mine.add(fold, test, rate[counts], seconds=seconds, cpu_seconds=cpu)
        print(f"{fold.name} {name}: {seconds:.1f} s", flush=True)
    return fold


def _own(
    tasks: list[FitTask], own: dict[str, models.ModelSettings]
) -> dict[str, tuple[npt.NDArray[np.float64], float, float]]:
    """Return rates of every test row, seconds and CPU seconds of each of our models on a fold."""
    out = {}
    for one in tasks:
        began = time.process_time()
        # no cache, one at a time: seconds are of this fit alone
        made = crossfit.run([one], storage.Cache(None), ComputeSettings(jobs=1))
        cpu = time.process_time() - began
        out[one.model] = (made["rate"].to_numpy(), float(made["seconds"].iloc[0]), cpu)
    for name, params in models.blends(models.for_domain(own, tasks[0].problem.domain)).items():
        members = [out[member] for member in params.members]
        rate = models.average({member: out[member][0] for member in params.members}, params)
        out[name] = (rate, sum(one[1] for one in members), sum(one[2] for one in members))
    return out


def _scored(task: FitTask, score_years: list[int]) -> npt.NDArray[np.bool_]:
    """Return which of a fold's test rows count in a score, as the project decides it."""
    import numpy as np
    import pandas as pd

    asked = pd.DataFrame({"row": task.fold.test, "origin": -1})
    scored = evaluate.scored_rows(asked, task.problem, score_years)
    return np.isin(task.fold.test, scored["row"].to_numpy())


def _table(task: FitTask, rows: Rows, index: npt.NDArray[np.intp]) -> pd.DataFrame:
    """Return rows as they are exported; with ``ratio`` and ``weight`` where they are to train."""
    wijken = task.problem.wijken.iloc[index]
    table = rows.x.add_prefix(FEATURE).astype("float64").reset_index(drop=True)
    for name in PLACES:
        table[name] = wijken[name].astype("str").to_numpy()
    table = table.assign(
        group=wijken[task.protocol.group].astype("str").to_numpy(),
        year=wijken["year"].to_numpy(dtype="int64"),
        population=rows.population,
        clients=wijken[clients_column(task.problem.domain)].to_numpy(dtype="float64"),
        reference=rows.reference,
    )
    if rows.rate is None:
        return table
    ratio, weight = ratio_and_weight(rows, WEIGHT_EXPONENT)
    return table.assign(ratio=ratio, weight=weight)
