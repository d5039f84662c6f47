"""Out-of-fold predictions: every model on the same folds, never on a row that taught it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from risicomodel import compute as compute_module
from risicomodel import features as features_module
from risicomodel import knowledge, models, splits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from risicomodel.compute import ComputeSettings
    from risicomodel.features import FeatureSet
    from risicomodel.splits import Fold, Protocol, SplitSettings
    from risicomodel.storage import Cache


FITTED = "fitted"  # models in the cache, by the key of their task


@dataclass(frozen=True, eq=False)  # one is itself only: what it holds cannot be compared cheaply
class Problem:
    """One domain, ready to learn: the panel with features, and which rows count.

    Parameters
    ----------
    domain : str
        The domain's name.
    wijken : DataFrame
        The panel, sorted by key, with a range index.
    x, x_vintage : DataFrame
        Features this domain may use, as published and as they were out at the time.
    usable : Series of bool
        Rows with a figure on enough people.
    fingerprint : str
        Hash of all of the above: the cache's key.
    """

    domain: str
    wijken: pd.DataFrame
    x: pd.DataFrame
    x_vintage: pd.DataFrame
    usable: pd.Series
    fingerprint: str

    def rates(self, index: npt.NDArray[np.intp]) -> tuple[Any, Any]:
        """Return the published rate (NaN where unknown) and the population of some rows."""
        import numpy as np

        rows = self.wijken.iloc[index]
        population = rows[f"{self.domain}_population"].to_numpy(dtype="float64")
        clients = rows[f"{self.domain}_clients"].to_numpy(dtype="float64")
        rate = np.divide(
            clients, population, out=np.full_like(clients, np.nan), where=population > 0
        )
        return rate, population


def usable_rows(wijken: pd.DataFrame, domain: str, min_population: int) -> pd.Series:
    """Return which rows have a figure on at least ``min_population`` persons at risk."""
    observed = wijken[f"{domain}_status"] == "observed"
    return observed & (wijken[f"{domain}_population"] >= min_population)


def pose(
    wijken: pd.DataFrame, domain: str, features: FeatureSet, names: list[str], min_population: int
) -> Problem:
    """Put together one domain's problem from the panel."""
    return pose_all(wijken, {domain: names}, features, min_population)[0]


def pose_all(
    wijken: pd.DataFrame, names: Mapping[str, list[str]], features: FeatureSet, min_population: int
) -> list[Problem]:
    """Put together the problem of every domain; those that use the same features share them.

    Parameters
    ----------
    names : mapping
        By domain, the features it may use.
    """
    x = features_module.compute(features, wijken)
    x_vintage = features_module.compute(features, features_module.vintage(wijken))
    return [
        _pose(wijken, domain, _of(x, chosen), _of(x_vintage, chosen), min_population)
        for domain, chosen in names.items()
    ]


def _of(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return some columns; the table itself, and no copy, where these are all."""
    return table if list(table.columns) == names else table[names]


def _pose(
    wijken: pd.DataFrame,
    domain: str,
    x: pd.DataFrame,
    x_vintage: pd.DataFrame,
    min_population: int,
) -> Problem:
    from risicomodel import storage

    usable = usable_rows(wijken, domain, min_population)
    figures = wijken[_needed(domain)].assign(usable=usable)
    hashes = [storage.sha256_frame(table) for table in (figures, x, x_vintage)]
    return Problem(domain, wijken, x, x_vintage, usable, storage.sha256_json(hashes))


def _needed(domain: str) -> list[str]:
    """Return the panel's columns that folds and fits use."""
    keys = ["wijk_code", "year", "gm_code", "gm_group", "wijk_group", "place_id"]
    return [*keys, f"{domain}_clients", f"{domain}_population"]


def bare(problem: Problem) -> Problem:
    """Return a problem without the columns that only evaluation uses."""
    return replace(problem, wijken=problem.wijken[_needed(problem.domain)])


@dataclass(frozen=True)
class Task:
    """One model on one fold of one protocol: the unit of work, of caching and of scaling out."""

    problem: Problem
    protocol: Protocol
    fold: Fold
    model: str
    settings: models.ModelSettings
    seed: int

    def key(self) -> dict[str, Any]:
        """Return everything the result follows from."""
        return {
            "problem": self.problem.fingerprint,
            "protocol": asdict(self.protocol),
            "fold": hash_of(self.fold),
            "model": asdict(self.settings),
            "seed": self.seed,
        }


def hash_of(fold: Fold) -> str:
    """Return a hash of a fold's rows."""
    import hashlib

    digest = hashlib.sha256()
    for index in (fold.train, fold.test, fold.features_from):
        digest.update(index.astype("int64").tobytes())
    return digest.hexdigest()


def tasks(
    problem: Problem,
    protocol: Protocol,
    settings: SplitSettings,
    chosen: Mapping[str, models.ModelSettings],
    seed: int,
) -> list[Task]:
    """Return every model on every fold of a protocol; blends follow from their members."""
    chosen = models.for_domain(chosen, problem.domain)
    fitted = {name: model for name, model in chosen.items() if name not in models.blends(chosen)}
    folds = splits.folds(protocol, problem.wijken, problem.usable, settings, seed)
    return [
        Task(problem, protocol, fold, name, model, seed)
        for fold in folds
        for name, model in fitted.items()
    ]


def add_blends(
    predictions: pd.DataFrame, chosen: Mapping[str, models.ModelSettings]
) -> pd.DataFrame:
    """Add the blends to their members' predictions, which are in the order of :func:`tasks`."""
    import pandas as pd

    out = [predictions]
    for domain, rows in predictions.groupby("domain", sort=False):
        blends = models.blends(models.for_domain(chosen, str(domain)))
        out += [_blend(rows, name, params) for name, params in blends.items()]
    return pd.concat(out, ignore_index=True)


def _blend(predictions: pd.DataFrame, name: str, params: models.BlendParams) -> pd.DataFrame:
    members = {m: predictions[predictions["model"] == m] for m in params.members}
    rate = models.average({m: rows["rate"].to_numpy() for m, rows in members.items()}, params)
    seconds = sum(rows["seconds"].to_numpy() for rows in members.values())
    first = next(iter(members.values()))
    return first.assign(model=name, rate=rate, seconds=seconds)


def predict(task: Task) -> pd.DataFrame:
    """Fit one model on one fold's training rows and predict its test rows.

    Returns
    -------
    DataFrame
        ``row`` (position in the panel), ``rate`` (predicted, 0–1), ``last_known`` (the place has an
        earlier figure), ``seconds`` (fit and predict).
    """
    return fit_and_predict(task)[0]


def fit_and_predict(task: Task) -> tuple[pd.DataFrame, dict[str, str] | None]:
    """Return what :func:`predict` gives, and the fitted model if it is one to explain.

    Models of ``unseen_gemeente`` make ``expected``; they come along as texts
    (:func:`risicomodel.models.pack`), to be kept and explained without a second fit.
    """
    import numpy as np
    import pandas as pd

    models.load_libraries()
    train, test = rows(task.problem, task.protocol, task.fold)
    with compute_module.one_thread():
        started = time.perf_counter()
        model = models.create(task.settings, task.seed).fit(train)
        rate = model.predict(test)
        seconds = round(time.perf_counter() - started, 3)
    explained = task.protocol.name == splits.UNSEEN_GEMEENTE and not model.baseline
    table = pd.DataFrame(
        {
            "row": task.fold.test,
            "rate": rate,
            "last_known": np.isfinite(test.known.last),
            "seconds": seconds,
        }
    )
    return table, models.pack(model) if explained else None


@lru_cache(maxsize=2)  # the models of a fold come one after the other, and share its rows
def rows(problem: Problem, protocol: Protocol, fold: Fold) -> tuple[models.Rows, models.Rows]:
    """Return a fold's training and test rows, with what the protocol makes known of each."""
    counts = knowledge.Counts.of(problem.wijken, problem.domain, problem.usable)
    of_train, of_test = knowledge.known(counts, fold, protocol.knows)
    x = problem.x if fold.origin is None else problem.x_vintage
    rate, population = problem.rates(fold.train)
    train = models.Rows(
        x.iloc[fold.train], of_train.reference(protocol.knows), of_train, population, rate
    )
    _, population = problem.rates(fold.test)
    # −1 stands for a place that was not there yet: nothing is known of it
    x_test = x.reindex(fold.features_from)
    test = models.Rows(x_test, of_test.reference(protocol.knows), of_test, population)
    return train, test


def run(
    work: list[Task],
    cache: Cache,
    compute: ComputeSettings,
    done: Callable[[int], None] = lambda _: None,
) -> pd.DataFrame:
    """Run tasks, several at a time, and return their predictions in the order of the tasks.

    What is in the cache is not done again; the cache is read and written here only, as those who
    do the work may share no disk with it.

    Returns
    -------
    DataFrame
        What :func:`predict` gives, with ``domain``, ``protocol``, ``model``, ``fold``, ``origin``
        (−1 where there is none).
    """
    keys = [task.key() for task in work]
    tables = [cache.kept("folds", key) for key in keys]
    missing = [place for place, table in enumerate(tables) if table is None]
    if kept := len(work) - len(missing):
        done(kept)

    def arrived(position: int, result: tuple[pd.DataFrame, dict[str, str] | None]) -> None:
        place, (table, model) = missing[position], result
        if model is not None:
            cache.keep_texts(FITTED, keys[place], model)
        cache.keep("folds", keys[place], table)
        tables[place] = table
        done(1)

    models.load_libraries()
    with compute_module.one_thread():
        compute_module.each(fit_and_predict, _bare([work[i] for i in missing]), compute, arrived)
    rows.cache_clear()
    return _labelled(work, [table for table in tables if table is not None])


def _labelled(work: list[Task], results: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all predictions with what they are of; as categories, for text takes room."""
    import numpy as np
    import pandas as pd

    sizes = [len(result) for result in results]
    table = pd.concat(results, ignore_index=True)
    texts = {
        "domain": ([task.problem.domain for task in work], ()),
        "protocol": ([task.protocol.name for task in work], splits.PROTOCOLS),
        "model": ([task.model for task in work], ()),
    }
    for name, (values, known) in texts.items():
        labels = pd.Categorical(values, categories=sorted({*values, *known}))
        table[name] = labels.repeat(sizes)
    table["fold"] = np.repeat([task.fold.fold for task in work], sizes)
    origins = [-1 if task.fold.origin is None else task.fold.origin for task in work]
    table["origin"] = np.repeat(origins, sizes)
    return table


def _bare(work: list[Task]) -> list[Task]:
    """Return tasks whose problems hold what a fit needs and no more: they may be sent elsewhere."""
    problems = {task.problem: bare(task.problem) for task in work}
    return [replace(task, problem=problems[task.problem]) for task in work]


def fit_all(
    problem: Problem, name: str, chosen: Mapping[str, models.ModelSettings], seed: int
) -> tuple[models.RateModel, models.Rows]:
    """Fit a model on every usable row, knowing the nation's level: the one to keep."""
    import numpy as np

    everything = np.flatnonzero(problem.usable.to_numpy())
    fold = splits.Fold(-1, everything, everything, everything)
    train, _ = rows(problem, splits.PROTOCOLS[splits.UNSEEN_GEMEENTE], fold)
    models.load_libraries()
    fresh = models.for_domain(chosen, problem.domain)
    with compute_module.one_thread():
        return models.create(fresh[name], seed, fresh).fit(train), train
