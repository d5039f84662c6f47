"""The peers: what an expert would reach for, each a function from rows to predicted ratios.

Runs in the peers' environment; a peer's package is imported only where that peer is fitted.
Settings are those a careful analyst would begin with; none was tuned on these folds.
"""

from __future__ import annotations

import importlib
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import peers_files
from peers_files import FEATURE, NO_LIMIT, Fold, Manifest, Predictions

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

BAGS = 8
GPBOOST_ROUNDS = 500
EBM_BAGS = BAGS
WINSOR = 0.005  # a linear predictor must not run away in a tiny wijk


@dataclass(frozen=True)
class Train:
    """Rows to learn from: features, target ``ratio`` with ``weight``, counts and places."""

    x: pd.DataFrame
    ratio: Floats
    weight: Floats
    clients: Floats
    population: Floats
    reference: Floats
    gemeente: Floats
    wijk: Floats
    group: pd.Series


@dataclass(frozen=True)
class Test:
    """Rows to predict: all that is known of them, so no figures."""

    x: pd.DataFrame
    population: Floats
    reference: Floats
    gemeente: Floats
    wijk: Floats


@dataclass(frozen=True)
class Budget:
    """What a fit may use: seconds (0 for no limit), threads, and its seed."""

    seconds: float
    threads: int
    seed: int


Fit = Callable[[Train, Test, Budget], "Floats"]


def autogluon(train: Train, test: Test, budget: Budget, presets: str, *, bagged: bool) -> Floats:
    """AutoGluon, told of the grouping in both presets: bags or the holdout keep groups whole."""
    from autogluon.tabular import TabularPredictor

    bag = bags(train.group)
    rows = train.x.assign(ratio=train.ratio, weight=train.weight)
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            "ratio",
            problem_type="regression",
            eval_metric="root_mean_squared_error",
            sample_weight="weight",
            weight_evaluation=True,
            groups="bag" if bagged else None,
            path=folder,
            verbosity=1,
        )
        holdout = {} if bagged else {"tuning_data": rows[bag == 0]}
        predictor.fit(
            rows.assign(bag=bag) if bagged else rows[bag != 0],
            presets=presets,
            time_limit=budget.seconds,
            num_cpus=budget.threads,
            num_gpus=0,
            dynamic_stacking=False,  # its trial fit uses up a short limit, and then fails
            **holdout,
        )
        return np.asarray(predictor.predict(test.x), dtype="float64")


def autogluon_medium(train: Train, test: Test, budget: Budget) -> Floats:
    """Medium quality: one model of each kind and a weighted blend; an eighth held out."""
    return autogluon(train, test, budget, "medium_quality", bagged=False)


def autogluon_best(train: Train, test: Test, budget: Budget) -> Floats:
    """Best quality: bags of eight and stacking, as long as the time allows."""
    return autogluon(train, test, budget, "best_quality", bagged=True)


def ebm(train: Train, test: Test, budget: Budget) -> Floats:
    """Explainable boosting machine: an additive model with interactions, eight bags.

    Every bag stops early on whole groups: rows at random, its default, hold other years of the
    same wijk.
    """
    from interpret.glassbox import ExplainableBoostingRegressor

    bag = bags(train.group)
    sides = np.array([np.where(bag == k, -1, 1) for k in range(EBM_BAGS)], dtype="int8").T
    model = ExplainableBoostingRegressor(
        outer_bags=EBM_BAGS, n_jobs=budget.threads, random_state=budget.seed
    )
    model.fit(train.x, train.ratio, sample_weight=train.weight, bags=sides)
    return np.asarray(model.predict(test.x))


def catboost(train: Train, test: Test, budget: Budget, loss: str = "RMSE") -> Floats:
    """CatBoost, shallow and regularised."""
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        loss_function=loss,
        iterations=800,
        learning_rate=0.04,
        depth=5,
        l2_leaf_reg=10,
        rsm=0.5,
        bootstrap_type="Bernoulli",
        subsample=0.7,
        random_seed=budget.seed,
        thread_count=budget.threads,
        allow_writing_files=False,
        verbose=False,
    )
    model.fit(train.x, train.ratio, sample_weight=train.weight)
    return np.asarray(model.predict(test.x))  # with a Poisson loss too: the mean, not its log


def catboost_poisson(train: Train, test: Test, budget: Budget) -> Floats:
    """CatBoost with a Poisson loss on the ratio."""
    return catboost(train, test, budget, "Poisson")


def gpboost(train: Train, test: Test, budget: Budget) -> Floats:
    """Boosted trees with a random intercept of the gemeente (GPBoost), squared error.

    An eighth of the groups says how many rounds; then all rows are fitted. An intercept of the
    wijk too makes a fit tens of times as slow.
    """
    held_out = bags(train.group) == 0
    everything = np.ones_like(held_out)
    rounds = gpboost_booster(train, ~held_out, budget, GPBOOST_ROUNDS, held_out).best_iteration
    booster = gpboost_booster(train, everything, budget, rounds)
    made = booster.predict(data=test.x.to_numpy(), group_data_pred=test.gemeente, predict_var=False)
    return np.asarray(made["response_mean"]) + 1.0


def gpboost_booster(
    train: Train,
    fitted: npt.NDArray[np.bool_],
    budget: Budget,
    rounds: int,
    held_out: npt.NDArray[np.bool_] | None = None,
) -> Any:
    """Return trees and random effects fitted to the ratio less 1: boosting begins at 0."""
    import gpboost as gpb

    x, target = train.x.to_numpy(), train.ratio - 1.0
    effects = gpb.GPModel(
        group_data=train.gemeente[fitted],
        likelihood="gaussian",
        weights=train.weight[fitted],
        num_parallel_threads=budget.threads,
    )
    data = gpb.Dataset(x[fitted], target[fitted])
    stop: dict[str, Any] = {}
    if held_out is not None:
        effects.set_prediction_data(group_data_pred=train.gemeente[held_out])
        valid = gpb.Dataset(x[held_out], target[held_out], reference=data)
        stop = {"valid_sets": valid, "early_stopping_rounds": 20}
    params = {
        "learning_rate": 0.05,
        "num_leaves": 12,
        "min_data_in_leaf": 50,
        "feature_fraction": 0.5,
        "leaves_newton_update": True,  # leaves as generalised least squares; else they run away
        "seed": budget.seed,
        "num_threads": budget.threads,
        "verbose": -1,
    }
    return gpb.train(
        params, data, num_boost_round=rounds, gp_model=effects, verbose_eval=False, **stop
    )


def mixed_model(train: Train, test: Test, budget: Budget) -> Floats:
    """Linear mixed model of the ratio: linear features, intercepts of gemeente and wijk."""
    import gpboost as gpb

    x_train, x_test = design(train.x, test.x)
    model = gpb.GPModel(
        group_data=np.column_stack([train.gemeente, train.wijk]),
        likelihood="gaussian",
        weights=train.weight,
        num_parallel_threads=budget.threads,
    )
    model.fit(y=train.ratio, X=x_train)
    places = np.column_stack([test.gemeente, test.wijk])
    return np.asarray(model.predict(X_pred=x_test, group_data_pred=places)["mu"])


def binomial_glmm(train: Train, test: Test, budget: Budget) -> Floats:
    """Binomial GLMM of counts: linear features, a random intercept of the gemeente.

    The logit of the reference is an offset. A new gemeente gets the typical effect, 0: the mean
    over their distribution, far too wide without an effect of the wijk, does worse still.
    """
    import gpboost as gpb

    x_train, x_test = design(train.x, test.x)
    model = gpb.GPModel(
        group_data=train.gemeente,
        likelihood="binomial_logit",
        weights=train.population,
        num_parallel_threads=budget.threads,
    )
    share = np.clip(train.clients / train.population, 0.0, 1.0)
    model.fit(y=share, X=x_train, offset=logit(train.reference))
    made = model.predict(
        X_pred=x_test,
        group_data_pred=test.gemeente,
        offset_pred=logit(test.reference),
        predict_response=False,
    )
    return 1 / (1 + np.exp(-np.asarray(made["mu"]))) / test.reference


def hist_gradient_boosting(train: Train, test: Test, budget: Budget) -> Floats:
    """HistGradientBoostingRegressor of scikit-learn, defaults."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(random_state=budget.seed)
    model.fit(train.x, train.ratio, sample_weight=train.weight)
    return np.asarray(model.predict(test.x))


def random_forest(train: Train, test: Test, budget: Budget) -> Floats:
    """Random forest of scikit-learn: 200 trees, a third of the features per split."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(
        200,
        max_features=1 / 3,
        min_samples_leaf=5,
        n_jobs=budget.threads,
        random_state=budget.seed,
    )
    model.fit(train.x, train.ratio, sample_weight=train.weight)
    return np.asarray(model.predict(test.x))


def lightgbm_default(train: Train, test: Test, budget: Budget) -> Floats:
    """LightGBM, defaults."""
    from lightgbm import LGBMRegressor

    model = LGBMRegressor(n_jobs=budget.threads, random_state=budget.seed, verbose=-1)
    model.fit(train.x, train.ratio, sample_weight=train.weight)
    return np.asarray(model.predict(test.x))


@dataclass(frozen=True)
class Peer:
    """A peer: how it is fitted, the module it needs, and whether it heeds a time limit."""

    fit: Fit
    module: str
    heeds_limit: bool = False


PEERS: dict[str, Peer] = {
    "autogluon_medium": Peer(autogluon_medium, "autogluon.tabular", heeds_limit=True),
    "autogluon_best": Peer(autogluon_best, "autogluon.tabular", heeds_limit=True),
    "ebm": Peer(ebm, "interpret.glassbox"),
    "catboost": Peer(catboost, "catboost"),
    "catboost_poisson": Peer(catboost_poisson, "catboost"),
    "gpboost": Peer(gpboost, "gpboost"),
    "mixed_model": Peer(mixed_model, "gpboost"),
    "binomial_glmm": Peer(binomial_glmm, "gpboost"),
    "hist_gradient_boosting": Peer(hist_gradient_boosting, "sklearn.ensemble"),
    "random_forest": Peer(random_forest, "sklearn.ensemble"),
    "lightgbm_default": Peer(lightgbm_default, "lightgbm"),
}


def bags(group: pd.Series) -> npt.NDArray[np.int64]:
    """Return rows' folds within the training rows: groups whole, as the protocol tests them."""
    return group.map(lambda name: zlib.crc32(name.encode()) % BAGS).to_numpy(dtype="int64")


def logit(rate: Floats) -> Floats:
    """Return the log odds of a rate."""
    return np.asarray(np.log(rate / (1 - rate)))


def design(train: pd.DataFrame, test: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return an intercept and standardised features; missing ones are the training median."""
    low, high, median = (train.quantile(q) for q in (WINSOR, 1 - WINSOR, 0.5))
    both = [x.fillna(median).clip(low, high, axis=1).to_numpy() for x in (train, test)]
    centre, spread = both[0].mean(axis=0), both[0].std(axis=0)
    keep = np.isfinite(spread) & (spread > 0)
    scaled = [((x - centre)[:, keep]) / spread[keep] for x in both]
    return tuple(np.column_stack([np.ones(len(x)), x]) for x in scaled)  # type: ignore[return-value]


def fit(folder: Path, name: str, only: list[str], budget: Budget) -> None:
    """Fit one peer on every chosen fold that it has not predicted yet."""
    peer = PEERS[name]
    manifest = Manifest.read(folder)
    kept = Predictions(folder, name)
    limit = budget.seconds if peer.heeds_limit else NO_LIMIT
    try:  # before the clock starts: how long an import takes says nothing of the method
        importlib.import_module(peer.module)
    except ImportError as error:
        raise SystemExit(
            f"{name} needs {peer.module}, which is not here ({error}). Use an environment with "
            "benchmarks/peers-requirements.txt."
        ) from error
    for fold in manifest.chosen(only):
        if kept.has(fold, limit):
            continue
        train, test, rows = load(folder, fold)
        began, cpu_began = time.perf_counter(), time.process_time()
        ratio = peer.fit(train, test, budget)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
        rate = np.clip(ratio, 0.0, None) * test.reference
        if not np.isfinite(rate).all():
            raise SystemExit(f"{name} gave no finite rate for some rows of {fold.name}.")
        kept.add(fold, rows, rate, seconds=seconds, cpu_seconds=cpu, limit=limit)
        print(f"{fold.name} {name}: {seconds:.1f} s, {cpu:.1f} s of CPU", flush=True)


def load(folder: Path, fold: Fold) -> tuple[Train, Test, pd.DataFrame]:
    """Return a fold's training and test rows, and the test rows' keys."""
    train = peers_files.read(fold.path(folder, "train"))
    test = peers_files.read(fold.path(folder, "test"))
    numbers = ["ratio", "weight", "clients", "population", "reference"]
    of_train: dict[str, Any] = {name: train[name].to_numpy() for name in numbers}
    of_test: dict[str, Any] = {name: test[name].to_numpy() for name in numbers[3:]}
    for name, column in (("gemeente", "gm_code"), ("wijk", "wijk_group")):
        codes = {code: i for i, code in enumerate(sorted({*train[column], *test[column]}))}
        of_train[name] = train[column].map(codes).to_numpy(dtype="float64")
        of_test[name] = test[column].map(codes).to_numpy(dtype="float64")
    return (
        Train(features(train), group=train["group"], **of_train),
        Test(features(test), **of_test),
        test[["wijk_code", "year"]],
    )


def features(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the features of exported rows under their own names."""
    x = rows[[name for name in rows.columns if name.startswith(FEATURE)]]
    return x.rename(columns=lambda name: name.removeprefix(FEATURE))
