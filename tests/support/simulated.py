"""Simulated wijken of which the rate is known, and a model of every kind to fit on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from risicomodel.learning import models
from risicomodel.learning.models import KINDS, ModelSettings, Rows
from risicomodel.learning.reference_rates import ReferenceRates

LEARNED = ("glm", "lightgbm", "kernel", "blend")
BASELINES = ("mean", "gemeente_mean", "persistence")
WEIGHTS = {"lightgbm": 3.0, "glm": 1.0}
QUICK = {"lightgbm": {"rounds": 40, "min_child_samples": 20}, "blend": {"members": WEIGHTS}}
AMONG = {kind: ModelSettings(kind, dict(QUICK.get(kind, {}))) for kind in KINDS}


def simulated(n: int = 800, seed: int = 1, *, missing: float = 0.1) -> Rows:
    """Wijken whose log rate follows two features out of four, one of them bent; Poisson counts."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 4)), columns=["oud", "koop", "ruis", "dicht"])
    nation = np.where(rng.random(n) < 0.5, 0.05, 0.06)
    rate = nation * np.exp(0.4 * x["oud"] - 0.3 * np.abs(x["koop"])).to_numpy()
    population = rng.integers(200, 5000, n).astype("float64")
    published = rng.poisson(rate * population) / population
    x = x.mask(rng.random(x.shape) < missing)
    gemeente = np.where(rng.random(n) < 0.2, np.nan, rate * 1.1)
    last = np.where(rng.random(n) < 0.5, np.nan, rate * 0.9)
    return Rows(x, nation, ReferenceRates(nation, gemeente, last), population, published)


ROWS = simulated()
ASKED = replace(simulated(seed=2, n=50), rate=None)


def model_of(kind: str, seed: int = 7) -> models.RateModel:
    return models.create(AMONG[kind], seed, AMONG)
