"""How sure scores and their differences are: what is left when gemeenten are drawn anew.

Wijken of a gemeente, and the years of a wijk, err alike: rows drawn one by one would make a score
look surer than it is. So whole gemeenten are drawn, with replacement, each with all its rows. Every
score here is made of sums, and all that is needed of a model is its sums per gemeente
(:func:`sums`): a draw counts each of them as often as it was drawn.

Two models are compared on the same draws, pair by pair: what makes a gemeente hard to predict is
hard for both, and does not blur the difference.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.intervals import UNKNOWN, Interval, of_draws

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DRAWS, SEED = 1_000, 2026
MIN_GEMEENTEN = 10  # of fewer, draws are too much alike to say anything

KEY = ["domain", "protocol", "model"]
CLUSTER = "gm_code"
# what says that two models were scored on the same rows of a gemeente
_SAME = ["n_rows", "clients", "population"]
SUMS = [*_SAME, "absolute_error", "error", "rate_squares", "error_squares"]


def sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what scores are made of, per gemeente.

    Parameters
    ----------
    rows : DataFrame
        Scored rows: ``domain``, ``protocol``, ``model``, ``gm_group``, ``clients`` and
        ``population`` (persons), ``rate`` (predicted, 0–1).

    Returns
    -------
    DataFrame
        A row per domain, protocol, model and ``gm_code`` (the first of the gemeenten that mergers
        link), with ``n_rows`` and sums over its rows, n being persons at risk, r the published and
        p the predicted rate: ``clients``, ``population``, ``absolute_error`` and ``error``
        (predicted less published; all of these in persons), ``rate_squares`` (Σ nr²) and
        ``error_squares`` (Σ n(r − p)²).

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "domain": "wmo", "protocol": "unseen_wijk", "model": "glm", "gm_group": "GM0001",
    ...     "clients": [10.0, 30.0], "population": [100.0, 200.0], "rate": [0.05, 0.2],
    ... })
    >>> sums(rows)[["n_rows", "clients", "absolute_error", "error"]].to_numpy().tolist()
    [[2.0, 40.0, 15.0, 5.0]]
    """
    clients, population = rows["clients"], rows["population"]
    error = rows["rate"] * population - clients
    columns = {
        "n_rows": 1,
        "clients": clients,
        "population": population,
        "absolute_error": error.abs(),
        "error": error,
        "rate_squares": clients**2 / population,
        "error_squares": error**2 / population,
    }
    keys = {name: rows[name].astype("str") for name in KEY} | {CLUSTER: rows["gm_group"]}
    table = pd.DataFrame({**keys, **columns})
    return table.groupby([*KEY, CLUSTER], sort=True)[SUMS].sum().reset_index()


def score(model: pd.DataFrame, metric: str) -> Interval:
    """Return a model's score with its 90% interval over gemeenten.

    Parameters
    ----------
    model : DataFrame
        Sums of one model on one protocol, from :func:`sums`.
    metric : str
        ``wape``, ``wr2`` or ``bias``, as :mod:`risicomodel.core.metrics` has them.

    Returns
    -------
    Interval
    """
    return _interval(_of_draws(_values(model), metric))


def difference(model: pd.DataFrame, other: pd.DataFrame, metric: str) -> Interval:
    """Return how much a model scores more than another, with its 90% interval over gemeenten.

    Parameters
    ----------
    model, other : DataFrame
        Sums of one model each, from :func:`sums`, in one domain and on one protocol.
    metric : str
        ``wape``, ``wr2`` or ``bias``.

    Returns
    -------
    Interval
        Over :func:`same_gemeenten`; of none, all is NaN.
    """
    _, one, two = _on_same_rows(model, other)
    if not len(one):
        return UNKNOWN
    return _interval(_of_draws(one, metric) - _of_draws(two, metric))


def same_gemeenten(model: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the gemeenten of which two models were scored on the same rows.

    Parameters
    ----------
    model, other : DataFrame
        Sums of one model each, from :func:`sums`.

    Returns
    -------
    list of str
        Codes of gemeenten with as many rows, clients and persons at risk in both.
    """
    codes, _, _ = _on_same_rows(model, other)
    return [str(code) for code in codes]


def _on_same_rows(
    model: pd.DataFrame, other: pd.DataFrame
) -> tuple[npt.NDArray[np.object_], Floats, Floats]:
    """Return gemeenten scored on the same rows by two models, with the sums of each."""
    codes_of_one, codes_of_two = (part[CLUSTER].to_numpy(dtype=object) for part in (model, other))
    codes, in_one, in_two = np.intersect1d(codes_of_one, codes_of_two, return_indices=True)
    one, two = _values(model)[in_one], _values(other)[in_two]
    # sums of the same numbers in another order may differ in the last digits
    kept = np.isclose(one[:, : len(_SAME)], two[:, : len(_SAME)], rtol=1e-9, atol=0).all(axis=1)
    return codes[kept], one[kept], two[kept]


def add_intervals(board: pd.DataFrame, of_gemeenten: pd.DataFrame) -> pd.DataFrame:
    """Add to a leaderboard how sure its scores are, and how far models are behind the best.

    Parameters
    ----------
    board : DataFrame
        From :func:`risicomodel.results.evaluation.evaluate.leaderboard`.
    of_gemeenten : DataFrame
        Sums of all its models, from :func:`sums`.

    Returns
    -------
    DataFrame
        With ``wape_lower``, ``wape_upper`` and so on for every metric of :data:`METRICS`;
        ``behind`` (WAPE less the lowest of the domain and protocol), ``behind_lower`` and
        ``behind_upper``. All are NaN for the noise floor, which is no model.
    """
    models = dict(list(of_gemeenten.groupby(KEY)))
    keys = [tuple(key) for key in board[KEY].to_numpy()]
    scored = board[[key in models for key in keys]]
    first = scored.loc[scored.groupby(KEY[:2])["wape"].idxmin(), KEY].to_numpy()
    best = {(domain, protocol): model for domain, protocol, model in first}
    rows = [
        _of_model(models[key], models[*key[:2], best[key[:2]]]) if key in models else {}
        for key in keys
    ]
    added = pd.DataFrame(rows, index=board.index, columns=INTERVAL_COLUMNS, dtype="float64")
    return board.join(added)


def _of_model(model: pd.DataFrame, best: pd.DataFrame) -> dict[str, float]:
    """Return a model's columns of the leaderboard."""
    out = {}
    for metric in METRICS:
        _, out[f"{metric}_lower"], out[f"{metric}_upper"] = score(model, metric)
    behind = difference(model, best, "wape")
    out["behind"], out["behind_lower"], out["behind_upper"] = behind
    return out


@lru_cache(maxsize=8)  # protocols differ in their gemeenten, models do not
def _weights(n_gemeenten: int) -> Floats:
    """Return how often each gemeente is drawn: a row per draw, after one that has each once.

    Of too few gemeenten there are no draws.
    """
    rng = np.random.default_rng(SEED)
    draws = DRAWS if n_gemeenten >= MIN_GEMEENTEN else 0
    drawn = rng.multinomial(n_gemeenten, np.full(n_gemeenten, 1 / n_gemeenten), size=draws)
    weights: Floats = np.vstack([np.ones(n_gemeenten), drawn])
    weights.setflags(write=False)
    return weights


def _values(model: pd.DataFrame) -> Floats:
    values: Floats = model[SUMS].to_numpy(dtype="float64")
    return values


def _of_draws(values: Floats, metric: str) -> Floats:
    """Return the score of the gemeenten as they are, and after it of every draw."""
    drawn = _weights(len(values)) @ values
    return METRICS[metric](dict(zip(SUMS, drawn.T, strict=True)))


def _interval(scores: Floats) -> Interval:
    return of_draws(float(scores[0]), scores[1:])


def _wape(of: Mapping[str, Floats]) -> Floats:
    return of["absolute_error"] / np.maximum(of["clients"], 1)


def _bias(of: Mapping[str, Floats]) -> Floats:
    return of["error"] / np.maximum(of["clients"], 1)


def _wr2(of: Mapping[str, Floats]) -> Floats:
    spread = of["rate_squares"] - of["clients"] ** 2 / of["population"]
    unexplained = np.full_like(spread, np.nan)
    np.divide(of["error_squares"], spread, out=unexplained, where=spread > 0)
    return 1 - unexplained


METRICS: dict[str, Callable[[Mapping[str, Floats]], Floats]] = {
    "wape": _wape,
    "wr2": _wr2,
    "bias": _bias,
}
INTERVAL_COLUMNS = [
    *(f"{metric}_{side}" for metric in METRICS for side in ("lower", "upper")),
    "behind",
    "behind_lower",
    "behind_upper",
]
