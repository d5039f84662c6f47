"""Scores as tidy tables: one row per domain, protocol, model, metric and group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Floats = npt.NDArray[np.float64]

COLUMNS = [
    "domain", "protocol", "model", "metric", "group",
    "value", "n_wijken", "n_gemeenten", "n_rows", "seconds",
]  # fmt: skip
FLOOR = "noise_floor"
ALL = "all"
# Persons at risk per wijk, and inhabitants per gemeente: upper limits of the classes.
SIZE_CLASSES = (500, 2_000, 5_000, 10_000)
GM_SIZE_CLASSES = (20_000, 50_000, 100_000)


def wape(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return Σ|clients − predicted| / Σ clients: absolute errors as a share of all clients.

    Parameters
    ----------
    clients : array
        Published persons.
    predicted : array
        Predicted rate (0–1).
    population : array
        Persons at risk.
    """
    import numpy as np

    return float(np.abs(clients - predicted * population).sum() / clients.sum())


def wr2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return 1 − Σ n(r − p)² / Σ n(r − r̄)², weighted by population n, r̄ the weighted mean rate."""
    return _r2(clients / population, predicted, population)


def r2(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return R² of the rates with every wijk counting the same."""
    import numpy as np

    return _r2(clients / population, predicted, np.ones_like(population))


def _r2(rate: Floats, predicted: Floats, weight: Floats) -> float:
    import numpy as np

    mean = np.average(rate, weights=weight)
    spread = (weight * (rate - mean) ** 2).sum()
    return float(1 - (weight * (rate - predicted) ** 2).sum() / spread) if spread else float("nan")


def bias(clients: Floats, predicted: Floats, population: Floats) -> float:
    """Return Σ(predicted − clients) / Σ clients: above 0 is too many."""
    return float((predicted * population - clients).sum() / clients.sum())


def noise_floor(clients: Floats, predicted: Floats, population: Floats) -> float:  # noqa: ARG001
    """Return the WAPE left if every rate were known and counts were Poisson.

    The mean absolute deviation of a Poisson count of mean n is about sqrt(2n/π), so the floor is
    Σ sqrt(2n/π) / Σ n. The published count stands for its mean.
    """
    import numpy as np

    return float(np.sqrt(2 * clients / np.pi).sum() / clients.sum())


METRICS: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "wr2": wr2,
    "wape": wape,
    "r2": r2,
    "bias": bias,
}
# the metrics models may compete on; bias is best at 0, which a large and a small error can share
HIGHER_IS_BETTER = {"wr2": True, "r2": True, "wape": False}


def size_class(values: pd.Series, limits: tuple[int, ...], prefix: str) -> pd.Series:
    """Return a readable class per value: ``size:<500``, ``size:500-2000``, …, ``size:>=10000``."""
    import numpy as np
    import pandas as pd

    middle = [f"{low}-{high}" for low, high in pairwise(limits)]
    labels = [f"{prefix}:{label}" for label in (f"<{limits[0]}", *middle, f">={limits[-1]}")]
    cut = pd.cut(values, [-np.inf, *limits, np.inf], right=False, labels=labels)
    return cut.astype("str")


def groupings(rows: pd.DataFrame, *, ahead: bool) -> Mapping[str, pd.Series]:
    """Return the ways to group scored rows: all, sizes, year and, ahead, history and horizon."""
    import pandas as pd

    out = {
        ALL: pd.Series(ALL, index=rows.index),
        "size": size_class(rows["population"], SIZE_CLASSES, "size"),
        "gm_size": size_class(rows["gm_inhabitants"], GM_SIZE_CLASSES, "gm_size"),
        "year": "year:" + rows["year"].astype("str"),
    }
    if ahead:
        # persistence has nothing of its own to say where no earlier figure is known
        known = rows["last_known"].map({True: "history:known", False: "history:none"})
        out["history"] = known
        out["horizon"] = "horizon:" + (rows["year"] - rows["origin"]).astype("str")
    return out


def score(rows: pd.DataFrame) -> pd.DataFrame:
    """Score predictions of one domain, protocol and model.

    Parameters
    ----------
    rows : DataFrame
        ``clients``, ``population`` (persons), ``rate`` (predicted), ``wijk_code``, ``gm_code``,
        ``gm_inhabitants``, ``year``, ``origin``, ``last_known``.

    Returns
    -------
    DataFrame
        ``metric``, ``group``, ``value``, ``n_wijken``, ``n_gemeenten``, ``n_rows``.
    """
    import pandas as pd

    ahead = bool((rows["origin"] >= 0).any())
    out = []
    for labels in groupings(rows, ahead=ahead).values():
        for label, part in rows.groupby(labels, sort=True):
            out += _score_group(str(label), part)
    return pd.DataFrame(out)


def _score_group(label: str, part: pd.DataFrame) -> list[dict[str, object]]:
    clients, rate, population = (
        part[name].to_numpy(dtype="float64") for name in ("clients", "rate", "population")
    )
    if clients.sum() <= 0:
        return []
    counts = {
        "n_wijken": part["wijk_code"].nunique(),
        "n_gemeenten": part["gm_code"].nunique(),
        "n_rows": len(part),
    }
    metrics = {**METRICS, FLOOR: noise_floor}
    return [
        {"metric": name, "group": label, "value": metric(clients, rate, population), **counts}
        for name, metric in metrics.items()
    ]
