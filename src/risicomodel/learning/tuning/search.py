"""Running studies with Optuna: reproducible, resumable, and shared by any number of workers.

Every trial claims the first free slot of its study, and the slot decides its random numbers. A
trial whose worker was killed is therefore repeated exactly, and a study that was interrupted ends
with the same trials as one that was not. Slot 0 is the model as configured.
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
from risicomodel.learning.tuning.nested import Objective, StudyResult, StudySpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from risicomodel.core.compute import ComputeSettings
    from risicomodel.learning.tuning.space import Dimension
    from risicomodel.learning.tuning.trial_storage import StorageAddress

SLOT = "slot"
RANDOM_SLOTS = 10  # slots with parameters drawn at random; later ones learn from earlier trials
POLL_SECONDS = 0.5
COUNT_SECONDS = 1
PRUNE_AFTER = 5  # the first trials are never pruned


class StudyAbandonedError(Exception):
    """The run that asked for this study has been stopped."""


class NoSlotLeftError(Exception):
    """Another worker claimed the last slot."""


def run_study(spec: StudySpec) -> StudyResult:
    """Continue a study until it has all its trials.

    Parameters
    ----------
    spec : StudySpec
        The study; its trials are kept in ``spec.tuning.storage``.

    Returns
    -------
    StudyResult
        All its trials, whichever worker did them.

    Raises
    ------
    SourceError
        If the storage can no longer be reached; finished trials are kept there.
    """
    address = trial_storage.StorageAddress.of(spec.tuning.storage)
    with (
        address.errors_explained(),
        trial_storage.registered_worker(address) as owner,
        trial_storage.connection(address) as connection,
    ):
        study = _study(spec, connection, owner)
        _complete(study, spec, lambda: trial_storage.fail_abandoned(study, connection, address))
        return _result(study, spec)


def _study(spec: StudySpec, connection: BaseStorage, owner: str) -> Study:
    """Create the study in its storage, or load it from there."""
    import optuna

    pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
    if spec.tuning.pruning:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=PRUNE_AFTER)
    return optuna.create_study(
        study_name=spec.name,
        storage=connection,
        sampler=_sampler(spec, connection, owner),
        pruner=pruner,
        direction="maximize" if HIGHER_IS_BETTER[spec.tuning.metric] else "minimize",
        load_if_exists=True,
    )


def _complete(study: Study, spec: StudySpec, fail_abandoned: Callable[[], None]) -> None:
    """Do trials until all slots of the study are finished, here or by other workers."""
    slots = spec.tuning.trials
    objective = cache(lambda: Objective(spec))  # its rows are prepared only if a trial is left
    while True:
        fail_abandoned()
        claimed = [trial for trial in _with_slot(study) if trial.user_attrs[SLOT] < slots]
        if sum(_is_finished(trial) for trial in claimed) >= slots:
            return
        if compute.broken_off():
            raise StudyAbandonedError
        if len(claimed) >= slots:
            time.sleep(POLL_SECONDS)  # other workers are doing the last trials
            continue
        study.optimize(
            lambda trial: _evaluate(trial, spec, objective()),
            n_trials=1,
            catch=(NoSlotLeftError,),
        )


def _evaluate(trial: Trial, spec: StudySpec, objective: Objective) -> float:
    """Return a trial's score over all inner folds, unless it is pruned before the last."""
    import optuna

    stored = trial.study.get_trials(deepcopy=False)[trial.number]
    if stored.user_attrs[SLOT] >= spec.tuning.trials:
        raise NoSlotLeftError
    params = {
        name: _suggest(trial, name, dimension, spec) for name, dimension in spec.space.items()
    }
    value = float("nan")
    for step, value in enumerate(objective.cumulative_scores(params)):
        trial.report(value, step)
        if compute.broken_off():
            raise StudyAbandonedError
        if step + 1 < len(spec.folds) and trial.should_prune():
            raise optuna.TrialPruned
    return value


def _suggest(trial: Trial, name: str, dimension: Dimension, spec: StudySpec) -> Any:
    if dimension.choices:
        return trial.suggest_categorical(name, dimension.choices)
    if isinstance(space.defaults(spec.settings)[name], int):
        low, high, step = int(dimension.low), int(dimension.high), int(dimension.step or 1)
        return trial.suggest_int(name, low, high, step=step, log=dimension.log)
    return trial.suggest_float(
        name, dimension.low, dimension.high, step=dimension.step, log=dimension.log
    )


def _with_slot(study: Study) -> list[FrozenTrial]:
    """Return the trials that hold a slot; failed trials have given theirs up."""
    from optuna.trial import TrialState

    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if SLOT in trial.user_attrs and trial.state != TrialState.FAIL
    ]


def _is_finished(trial: FrozenTrial) -> bool:
    return bool(trial.state.is_finished())


def _sampler(spec: StudySpec, connection: BaseStorage, owner: str) -> BaseSampler:
    """Return a sampler whose random numbers follow from a trial's slot, not from its process."""
    from optuna.samplers import BaseSampler, TPESampler

    configured = space.defaults(spec.settings)

    class SlotSampler(BaseSampler):
        def __init__(self) -> None:
            self._slot = 0
            self._tpe = TPESampler()

        def before_trial(self, study: Study, trial: FrozenTrial) -> None:
            self._slot = _claim_slot(study, connection, trial.number, owner)
            seed = storage.sha256_json([spec.seed, spec.model, spec.study, self._slot])
            self._tpe = TPESampler(seed=int(seed[:8], 16), n_startup_trials=RANDOM_SLOTS)

        def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, Any]:
            return self._tpe.infer_relative_search_space(study, trial) if self._slot else {}

        def sample_relative(
            self, study: Study, trial: FrozenTrial, search_space: dict[str, Any]
        ) -> dict[str, Any]:
            return self._tpe.sample_relative(study, trial, search_space) if self._slot else {}

        def sample_independent(
            self, study: Study, trial: FrozenTrial, name: str, distribution: Any
        ) -> Any:
            if self._slot == 0:
                return configured[name]
            return self._tpe.sample_independent(study, trial, name, distribution)

    return SlotSampler()


def _claim_slot(study: Study, connection: BaseStorage, number: int, owner: str) -> int:
    """Claim the first free slot; two trials that claimed the same one both choose again."""
    import optuna

    study_id = connection.get_study_id_from_name(study.study_name)
    trial_id = connection.get_trial_id_from_study_id_trial_number(study_id, number)
    connection.set_trial_user_attr(trial_id, trial_storage.OWNER, owner)
    if isinstance(connection, optuna.storages.RDBStorage) and connection.get_heartbeat_interval():
        connection.record_heartbeat(trial_id)
    slot = -1
    while True:
        others = {t.user_attrs[SLOT] for t in _with_slot(study) if t.number != number}
        if slot >= 0 and slot not in others:
            return slot
        if slot >= 0:
            time.sleep(0.01 * (1 + number % 7))  # so that both do not choose at the same moment
        slot = next(free for free in range(len(others) + 1) if free not in others)
        connection.set_trial_user_attr(trial_id, SLOT, slot)


def _result(study: Study, spec: StudySpec) -> StudyResult:
    from optuna.trial import TrialState

    slots = spec.tuning.trials
    # a trial that still runs is a surplus one, whose worker has yet to see that no slot is left
    finished = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if _is_finished(trial) and trial.user_attrs.get(SLOT, slots) < slots
    ]
    rows = [_row(trial) for trial in finished]
    rows = sorted(rows, key=lambda row: (row["number"], row["seconds"]))
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    sign = -1 if HIGHER_IS_BETTER[spec.tuning.metric] else 1
    best = min(complete, key=lambda t: (sign * (t.value or 0.0), t.user_attrs[SLOT]))
    key = (spec.problem.domain, spec.model, spec.study)
    return StudyResult(key, rows, dict(best.params), float(best.value or 0.0))


def _row(trial: FrozenTrial) -> dict[str, Any]:
    inner: Mapping[int, float] = trial.intermediate_values
    return {
        "number": trial.user_attrs[SLOT],
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state.name == "COMPLETE" else None,
        "params": dict(sorted(trial.params.items())),
        "inner": [inner[step] for step in sorted(inner)],
        "seconds": trial.duration.total_seconds() if trial.duration else 0.0,
    }


def run_studies(
    specs: list[StudySpec], settings: ComputeSettings, done: Callable[[int], None]
) -> list[StudyResult]:
    """Run several studies at the same time.

    Parameters
    ----------
    specs : list of StudySpec
        At least one; all with the same storage.
    settings : ComputeSettings
        Where and how many at a time.
    done : callable
        Called with the number of trials that have finished since the last call, including those
        that other workers did.

    Returns
    -------
    list of StudyResult
        In the order of ``specs``.

    Raises
    ------
    SourceError
        If trials cannot be kept in the configured storage.
    """
    address = trial_storage.StorageAddress.of(specs[0].tuning.storage)
    trial_storage.prepare(address)
    # made absolute here: workers on other machines have another home
    specs = [replace(s, tuning=replace(s.tuning, storage=address.address)) for s in specs]
    results: dict[int, StudyResult] = {}
    trials = {spec.name: spec.tuning.trials for spec in specs}
    with _progress(address, trials, done), compute.one_thread():
        compute.each(run_study, specs, settings, results.__setitem__)
    return [results[position] for position in range(len(specs))]


@contextmanager
def _progress(
    address: StorageAddress, trials: Mapping[str, int], done: Callable[[int], None]
) -> Iterator[None]:
    """Report finished trials for the duration of a block, as counted in the storage."""
    over = threading.Event()
    args = (address, trials, done, over)
    watcher = threading.Thread(target=_count_finished, args=args, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _count_finished(
    address: StorageAddress,
    trials: Mapping[str, int],
    done: Callable[[int], None],
    over: threading.Event,
) -> None:
    reported, last_round = 0, False
    # errors of the storage are reported by the workers, who meet them too
    with (
        suppress(SourceError),
        address.errors_explained(),
        trial_storage.connection(address) as connection,
    ):
        while not last_round:
            last_round = over.wait(COUNT_SECONDS)
            finished = _finished(connection, trials)
            if finished > reported:
                done(finished - reported)
            reported = max(reported, finished)


def _finished(connection: BaseStorage, trials: Mapping[str, int]) -> int:
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return sum(
        len([t for t in stored if t.user_attrs.get(SLOT, slots) < slots])
        for name, slots in trials.items()
        for study_id in [_study_id(connection, name)]
        if study_id is not None
        for stored in [connection.get_all_trials(study_id, deepcopy=False, states=states)]
    )


def _study_id(connection: BaseStorage, name: str) -> int | None:
    try:
        return connection.get_study_id_from_name(name)
    except KeyError:
        return None
