"""One study, with Optuna: repeatable, resumable, shared by whoever works on it.

A trial takes the first place that nobody has. Its place decides the chance in it, so a trial whose
worker was killed is done again as it was, and a study that was broken off ends as if it had not
been. Place 0 is the model as configured.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from risicomodel.core import compute, storage
from risicomodel.core.errors import SourceError
from risicomodel.core.metrics import HIGHER_IS_BETTER
from risicomodel.learning.tuning import space, trial_storage
from risicomodel.learning.tuning.nested import Found, Search, Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.learning.tuning.space import Dimension

PLACE = "place"
AT_RANDOM = 10  # places whose parameters are drawn at random, before earlier trials guide
POLL_SECONDS = 0.5
COUNT_SECONDS = 1
PRUNE_AFTER = 5  # trials that are finished whatever they score


class BrokenOffError(Exception):
    """Nobody waits for this study any more."""


class SurplusError(Exception):
    """Another worker had the last place."""


def run(search: Search) -> Found:
    """Go on with a study until it has its trials, and return them.

    Raises
    ------
    SourceError
        If its storage goes away; finished trials are kept there.
    """
    place = trial_storage.Place.of(search.tuning.storage)
    with (
        place.explained(),
        trial_storage.alive(place) as owner,
        trial_storage.connected(place) as connection,
    ):
        study = _study(search, connection, owner)
        _go_on(study, search, lambda: trial_storage.fail_dead(study, connection, place))
        return _found(study, search)


def _study(search: Search, connection: BaseStorage, owner: str) -> Study:
    import optuna

    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if search.tuning.pruning:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=PRUNE_AFTER)
    return optuna.create_study(
        study_name=search.name,
        storage=connection,
        sampler=_sampler(search, connection, owner),
        pruner=pruner,
        direction="maximize" if HIGHER_IS_BETTER[search.tuning.metric] else "minimize",
        load_if_exists=True,
    )


def _go_on(study: Study, search: Search, fail_dead: Callable[[], None]) -> None:
    wanted = search.tuning.trials
    prepared = cache(lambda: Trials(search))
    while True:
        fail_dead()
        taken = [trial for trial in _with_place(study) if trial.user_attrs[PLACE] < wanted]
        if sum(_is_finished(trial) for trial in taken) >= wanted:
            return
        if compute.broken_off():
            raise BrokenOffError
        if len(taken) >= wanted:
            time.sleep(POLL_SECONDS)  # others are at the last ones
            continue
        study.optimize(
            lambda trial: _try(trial, search, prepared()), n_trials=1, catch=(SurplusError,)
        )


def _try(trial: Trial, search: Search, trials: Trials) -> float:
    import optuna

    mine = trial.study.get_trials(deepcopy=False)[trial.number]
    if mine.user_attrs[PLACE] >= search.tuning.trials:
        raise SurplusError
    params = {name: _suggest(trial, name, one, search) for name, one in search.space.items()}
    value = float("nan")
    for step, value in enumerate(trials.after_each_fold(params)):
        trial.report(value, step)
        if compute.broken_off():
            raise BrokenOffError
        if step + 1 < len(search.folds) and trial.should_prune():
            raise optuna.TrialPruned
    return value


def _suggest(trial: Trial, name: str, one: Dimension, search: Search) -> Any:
    if one.choices:
        return trial.suggest_categorical(name, one.choices)
    if isinstance(space.defaults(search.settings)[name], int):
        low, high = int(one.low), int(one.high)
        return trial.suggest_int(name, low, high, step=int(one.step or 1), log=one.log)
    return trial.suggest_float(name, one.low, one.high, step=one.step, log=one.log)


def _with_place(study: Study) -> list[FrozenTrial]:
    """Return the trials that have a place, and have not lost it."""
    from optuna.trial import TrialState

    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if PLACE in trial.user_attrs and trial.state != TrialState.FAIL
    ]


def _is_finished(trial: FrozenTrial) -> bool:
    return bool(trial.state.is_finished())


def _sampler(search: Search, connection: BaseStorage, owner: str) -> BaseSampler:
    """Return a sampler whose chance follows from a trial's place, not from its process."""
    from optuna.samplers import BaseSampler, TPESampler

    first = space.defaults(search.settings)

    class ByPlace(BaseSampler):
        def __init__(self) -> None:
            self._place = 0
            self._tpe = TPESampler()

        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            self._place = _take_place(study, connection, trial.number, owner)
            seed = storage.sha256_json([search.seed, search.model, search.study, self._place])
            self._tpe = TPESampler(seed=int(seed[:8], 16), n_startup_trials=AT_RANDOM)

        def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
            return self._tpe.infer_relative_search_space(study, trial) if self._place else {}

        def sample_relative(
            self, study: Study, trial: FrozenTrial, search_space: dict[str, Any]
        ) -> dict[str, Any]:
            return self._tpe.sample_relative(study, trial, search_space) if self._place else {}

        def sample_independent(self, study: Study, trial: FrozenTrial, name: str, one: Any) -> Any:
            if self._place == 0:
                return first[name]
            return self._tpe.sample_independent(study, trial, name, one)

    return ByPlace()


def _take_place(study: Study, connection: BaseStorage, number: int, owner: str) -> int:
    """Take the first place that nobody has; two who took the same both look again."""
    import optuna

    study_id = connection.get_study_id_from_name(study.study_name)
    trial_id = connection.get_trial_id_from_study_id_trial_number(study_id, number)
    connection.set_trial_user_attr(trial_id, trial_storage.OWNER, owner)
    if isinstance(connection, optuna.storages.RDBStorage) and connection.get_heartbeat_interval():
        connection.record_heartbeat(trial_id)
    mine = -1
    while True:
        others = {t.user_attrs[PLACE] for t in _with_place(study) if t.number != number}
        if mine >= 0 and mine not in others:
            return mine
        if mine >= 0:
            time.sleep(0.01 * (1 + number % 7))  # not in step with the other
        mine = next(place for place in range(len(others) + 1) if place not in others)
        connection.set_trial_user_attr(trial_id, PLACE, mine)


def _found(study: Study, search: Search) -> Found:
    from optuna.trial import TrialState

    wanted = search.tuning.trials
    # one still running is another worker's that has not yet seen that its place is had
    mine = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if _is_finished(trial) and trial.user_attrs.get(PLACE, wanted) < wanted
    ]
    rows = sorted((_row(trial) for trial in mine), key=lambda row: (row["number"], row["seconds"]))
    complete = [trial for trial in mine if trial.state == TrialState.COMPLETE]
    sign = -1 if HIGHER_IS_BETTER[search.tuning.metric] else 1
    best = min(complete, key=lambda t: (sign * (t.value or 0.0), t.user_attrs[PLACE]))
    key = (search.problem.domain, search.model, search.study)
    return Found(key, rows, dict(best.params), float(best.value or 0.0))


def _row(trial: FrozenTrial) -> dict[str, Any]:
    inner: Mapping[int, float] = trial.intermediate_values
    return {
        "number": trial.user_attrs[PLACE],
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state.name == "COMPLETE" else None,
        "params": dict(sorted(trial.params.items())),
        "inner": [inner[step] for step in sorted(inner)],
        "seconds": trial.duration.total_seconds() if trial.duration else 0.0,
    }


def run_all(
    searches: list[Search], settings: ComputeSettings, done: Callable[[int], None]
) -> list[Found]:
    """Run studies, several at a time, and return what they gave, in their order.

    Parameters
    ----------
    done : callable
        Told of finished trials as they are counted, also of those other workers did.

    Raises
    ------
    SourceError
        If trials cannot be kept where they are to be.
    """
    place = trial_storage.Place.of(searches[0].tuning.storage)
    trial_storage.prepare(place)
    # workers elsewhere have another home
    searches = [replace(s, tuning=replace(s.tuning, storage=place.address)) for s in searches]
    found: dict[int, Found] = {}
    wanted = {search.name: search.tuning.trials for search in searches}
    with _counted(place, wanted, done), compute.one_thread():
        compute.each(run, searches, settings, found.__setitem__)
    return [found[position] for position in range(len(searches))]


@contextmanager
def _counted(
    place: trial_storage.Place, wanted: Mapping[str, int], done: Callable[[int], None]
) -> Iterator[None]:
    """Count finished trials while the block lasts, from where they are kept."""
    over = threading.Event()
    watcher = threading.Thread(target=_count, args=(place, wanted, done, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _count(
    place: trial_storage.Place,
    wanted: Mapping[str, int],
    done: Callable[[int], None],
    over: threading.Event,
) -> None:
    told, last = 0, False
    # what goes wrong there is said by those who work there
    with suppress(SourceError), place.explained(), trial_storage.connected(place) as connection:
        while not last:
            last = over.wait(COUNT_SECONDS)
            there = _finished(connection, wanted)
            if there > told:
                done(there - told)
            told = max(told, there)


def _finished(connection: BaseStorage, wanted: Mapping[str, int]) -> int:
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(
        len([t for t in trials if t.user_attrs.get(PLACE, count) < count])
        for name, count in wanted.items()
        for study_id in [_study_id(connection, name)]
        if study_id is not None
        for trials in [connection.get_all_trials(study_id, deepcopy=False, states=states)]
    )


def _study_id(connection: BaseStorage, name: str) -> int | None:
    try:
        return connection.get_study_id_from_name(name)
    except KeyError:
        return None
