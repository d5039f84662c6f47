"""Turn out-of-fold predictions into the tables of a run: scores, calibration, predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics, storage
from risicomodel.data.domains import clients_column, population_column
from risicomodel.learning.protocols import UNSEEN_WIJK
from risicomodel.results.evaluation import bootstrap, scores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.learning.problem import Problem

BENCHMARKED = "unseen_wijk_benchmarked"
CALIBRATION_BINS = 10


def scored_rows(
    predictions: pd.DataFrame, problem: Problem, score_years: list[int]
) -> pd.DataFrame:
    """Return the predictions that are scored, with their published figures.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of one domain, from :func:`risicomodel.learning.crossfit.run`.
    problem : Problem
        The domain's problem.
    score_years : list of int
        Years to score; empty for all. ``next_years`` is scored on every year after its origins.

    Returns
    -------
    DataFrame
        Rows with a usable figure, with ``wijk_code``, ``gm_code``, ``gm_group``, ``year``,
        ``clients`` and ``population`` (persons) and ``gm_inhabitants`` added.
    """
    wijken = problem.wijken
    people = wijken["aantal_inwoners"].groupby([wijken["gm_code"], wijken["year"]])
    facts = pd.DataFrame(
        {
            "wijk_code": wijken["wijk_code"],
            "gm_code": wijken["gm_code"],
            "gm_group": wijken["gm_group"],
            "year": wijken["year"],
            "clients": wijken[clients_column(problem.domain)],
            "population": wijken[population_column(problem.domain)],
            "gm_inhabitants": people.transform("sum"),
        }
    )
    counts = problem.usable.to_numpy()[predictions["row"]]
    if score_years:
        in_score_years = wijken["year"].isin(score_years).to_numpy()[predictions["row"]]
        counts &= in_score_years | (predictions["origin"] >= 0).to_numpy()
    return predictions[counts].join(facts, on="row")


def benchmark(rows: pd.DataFrame) -> pd.DataFrame:
    """Scale ``unseen_wijk`` predictions so that every gemeente adds up to its total.

    One fold hides a fifth of the wijken at once. The clients of the gemeente (here the sum of its
    published wijken) less those of the wijken that are not hidden are divided over the hidden ones
    in proportion to their predictions, or equally per person where a model predicts no clients.

    Parameters
    ----------
    rows : DataFrame
        Scored rows of ``unseen_wijk``: ``domain``, ``model``, ``gm_code``, ``year``, ``fold``,
        ``rate``, ``clients``, ``population``.

    Returns
    -------
    DataFrame
        The same rows with the scaled ``rate``, as protocol ``unseen_wijk_benchmarked``.

    Examples
    --------
    The two hidden wijken have 30 clients together; 20 were predicted.

    >>> rows = pd.DataFrame({
    ...     "domain": "wmo", "model": "glm", "gm_code": "GM0001", "year": 2020, "fold": 0,
    ...     "rate": [0.05, 0.15], "clients": [10, 20], "population": [100, 100],
    ... })
    >>> benchmark(rows)["rate"].round(3).tolist()
    [0.075, 0.225]
    """
    by = [rows[c] for c in ("domain", "model", "gm_code", "year", "fold")]
    predicted = (rows["rate"] * rows["population"]).groupby(by).transform("sum")
    hidden = rows["clients"].groupby(by).transform("sum")
    factor = (hidden / predicted).where(predicted > 0)
    per_person = hidden / rows["population"].groupby(by).transform("sum")
    rate = (rows["rate"] * factor).where(predicted > 0, per_person)
    return rows.assign(rate=rate, protocol=BENCHMARKED)


def score_all(rows: pd.DataFrame, rounded_to: int = 0) -> pd.DataFrame:
    """Score every protocol and model, with the noise floor as a model of its own.

    Parameters
    ----------
    rows : DataFrame
        Scored rows of every protocol and model, from :func:`scored_rows`.
    rounded_to : int
        The multiple that CBS rounds these counts to (persons), for the noise floor.

    Returns
    -------
    DataFrame
        The columns of ``scores.csv``, sorted by key. ``seconds`` is the time to fit and predict,
        summed over folds.
    """
    benchmarked = benchmark(rows[rows["protocol"] == UNSEEN_WIJK])
    rows = pd.concat([rows, benchmarked], ignore_index=True)
    keys = ["domain", "protocol", "model"]
    out = []
    for key, part in rows.groupby(keys, sort=True):
        folds = part.groupby("fold")["seconds"].first().sum()
        knows_total = key[1] in (UNSEEN_WIJK, BENCHMARKED)
        hidden = {"hidden": _hidden_together(part)} if knows_total else {}
        table = scores.score(part.assign(**hidden), rounded_to)
        table["seconds"] = round(float(folds), 3)
        table[keys] = [str(name) for name in key]
        out.append(table)
    table = pd.concat(out, ignore_index=True)
    # the floor follows from the published counts alone: one line of its own on the leaderboard
    floor = table["metric"] == metrics.FLOOR
    table["model"] = table["model"].mask(floor, metrics.FLOOR)
    table["metric"] = table["metric"].mask(floor, "wape")
    table["seconds"] = table["seconds"].mask(floor, 0.0)
    table = table.drop_duplicates(["domain", "protocol", "model", "metric", "group"])
    return table.sort_values(scores.COLUMNS[:5], ignore_index=True)[scores.COLUMNS]


def _hidden_together(rows: pd.DataFrame) -> pd.Series:
    """Say of every hidden wijk whether others of its gemeente were hidden at once.

    A gemeente's total gives its only hidden wijk away, by arithmetic.
    """
    together = rows.groupby(["gm_code", "year", "fold"], observed=True)["row"].transform("size")
    labels: pd.Series = together.gt(1).map({True: "hidden:several", False: "hidden:one"})
    return labels


def gemeente_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what scores are made of per gemeente, those after adding up among them.

    Parameters
    ----------
    rows : DataFrame
        Scored rows of every protocol and model, from :func:`scored_rows`.

    Returns
    -------
    DataFrame
        ``gemeente_scores.parquet``, from :func:`risicomodel.results.evaluation.bootstrap.sums`.
    """
    benchmarked = benchmark(rows[rows["protocol"] == UNSEEN_WIJK])
    parts = [bootstrap.sums(part) for part in (rows, benchmarked)]
    return pd.concat(parts).sort_values([*bootstrap.KEY, bootstrap.CLUSTER], ignore_index=True)


def calibration(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean predicted and observed rate per tenth of the predictions.

    Parameters
    ----------
    rows : DataFrame
        Scored rows, from :func:`scored_rows`.

    Returns
    -------
    DataFrame
        ``domain``, ``protocol``, ``model``, ``bin`` (1 is the lowest tenth), ``predicted`` and
        ``observed`` (rates, weighted by population), ``n_rows``.
    """
    out = []
    keys = ["domain", "protocol", "model"]
    for key, part in rows.groupby(keys, sort=True):
        order = part["rate"].rank(method="first")
        number = pd.cut(order, CALIBRATION_BINS, labels=False) + 1
        sums = part.assign(expected=part["rate"] * part["population"]).groupby(number)
        total = sums[["expected", "clients", "population"]].sum()
        out.append(
            pd.DataFrame(
                {
                    **dict(zip(keys, key, strict=True)),
                    "bin": total.index,
                    "predicted": total["expected"] / total["population"],
                    "observed": total["clients"] / total["population"],
                    "n_rows": sums.size(),
                }
            )
        )
    return pd.concat(out, ignore_index=True)


def expected_predictions(banded: pd.DataFrame, problem: Problem, champion: str) -> pd.DataFrame:
    """Return the ``expected`` rows of ``predictions.parquet`` for one domain.

    Parameters
    ----------
    banded : DataFrame
        Predictions with their intervals, from
        :func:`risicomodel.results.evaluation.prediction_intervals.expected_intervals`.
    problem : Problem
        The domain's problem.
    champion : str
        Name of the best model.

    Returns
    -------
    DataFrame
        The columns of ``predictions.parquet``, a row per model, wijk and year.
    """
    wijken = problem.wijken.loc[banded["row"]].reset_index(drop=True)
    rows = banded.reset_index(drop=True)
    population = wijken[population_column(problem.domain)]
    clients = wijken[clients_column(problem.domain)]
    return pd.DataFrame(
        {
            "domain": problem.domain,
            "wijk_code": wijken["wijk_code"],
            "year": wijken["year"],
            "kind": "expected",
            "model": rows["model"].astype("str"),
            "rate": rows["rate"].clip(upper=1.0),
            "lower": rows["lower"],
            "upper": rows["upper"],
            "clients": rows["rate"].clip(upper=1.0) * population,
            "population": population,
            "population_year": wijken["feature_year"].astype("int64"),
            "observed_rate": (clients / population).where(population > 0),
            "fold": rows["fold"].astype("int64"),
            "basis": "expected",
            "moved": float("nan"),
            "champion": rows["model"] == champion,
        }
    )


def out_of_fold_rates(predictions: pd.DataFrame, protocol: str, model: str) -> pd.Series:
    """Return one model's out-of-fold rates.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of one domain.
    protocol, model : str
        Which predictions.

    Returns
    -------
    Series
        Rates (0–1) by row of the panel.
    """
    chosen = (predictions["protocol"] == protocol) & (predictions["model"] == model)
    return predictions[chosen].set_index("row")["rate"].clip(upper=1.0)


def scored_rows_hash(rows: pd.DataFrame) -> str:
    """Return a hash of the figures that rows were scored on; scores compare only if it is the same.

    Parameters
    ----------
    rows : DataFrame
        Scored rows, from :func:`scored_rows`.

    Returns
    -------
    str
        A SHA-256 of codes, years, origins, clients and population.
    """
    key = ["wijk_code", "year", "origin"]
    figures = rows[[*key, "clients", "population"]].drop_duplicates(key).sort_values(key)
    return storage.sha256_frame(figures)


def champions(table: pd.DataFrame, protocol: str, metric: str) -> dict[str, str]:
    """Return the best model of every domain.

    Parameters
    ----------
    table : DataFrame
        ``scores.csv``.
    protocol, metric : str
        What models compete on: a protocol that was run, and ``wape``, ``wr2`` or ``r2``.

    Returns
    -------
    dict of str to str
        Model by domain; of models that score the same, the first by name.
    """
    rows = table[
        (table["protocol"] == protocol)
        & (table["metric"] == metric)
        & (table["group"] == metrics.ALL)
        & (table["model"] != metrics.FLOOR)
    ]
    ascending = not metrics.HIGHER_IS_BETTER[metric]
    best = rows.sort_values(["value", "model"], ascending=[ascending, True])
    return dict(best.groupby("domain")["model"].first())


def leaderboard(table: pd.DataFrame, best: Mapping[str, str]) -> pd.DataFrame:
    """Return the scores as people read them.

    Parameters
    ----------
    table : DataFrame
        ``scores.csv``.
    best : mapping of str to str
        Champion by domain, from :func:`champions`.

    Returns
    -------
    DataFrame
        A row per domain, protocol and model, a column per metric, with ``n_rows``, ``seconds`` and
        ``champion``; sorted by WAPE.
    """
    rows = table[(table["group"] == metrics.ALL) & (table["metric"].isin(metrics.METRICS))]
    wide = rows.pivot_table(
        index=["domain", "protocol", "model"], columns="metric", values="value", observed=True
    ).reindex(columns=list(metrics.METRICS))
    extra = rows.groupby(["domain", "protocol", "model"])[["n_rows", "seconds"]].first()
    wide = wide.join(extra).reset_index()
    wide["champion"] = wide["domain"].map(best) == wide["model"]
    wide.columns.name = None
    return wide.sort_values(["domain", "protocol", "wape"], ignore_index=True)
