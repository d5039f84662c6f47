"""90% prediction intervals of the out-of-fold predictions, and their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core import metrics
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.learning import conformal
from risicomodel.learning.protocols import UNSEEN_GEMEENTE
from risicomodel.results.evaluation import scores

if TYPE_CHECKING:
    from risicomodel.learning.problem import Problem

# Means over wijken: share of published rates within the interval, its width, the interval score
# (both in one), and the interval score of an interval that has the same width for every wijk.
METRICS = ("coverage", "width", "winkler", "winkler_plain")


def expected_intervals(
    predictions: pd.DataFrame, problem: Problem, rounded_to: int
) -> pd.DataFrame:
    """Return one domain's predictions for ``unseen_gemeente`` with their 90% intervals.

    Parameters
    ----------
    predictions : DataFrame
        Out-of-fold predictions of the domain, for every protocol.
    problem : Problem
        The domain's problem.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    DataFrame
        ``domain``, ``protocol``, ``model``, ``fold``, ``row`` (position in the panel), ``rate``,
        ``lower``, ``upper`` (0–1), and ``plain_lower`` and ``plain_upper``: the interval of one
        width for all.

    Notes
    -----
    Intervals are calibrated on every published figure, including those of wijken too small to train
    on or to be scored. The plain interval is calibrated on scored wijken only, which favours it.
    """
    wijken, name = problem.wijken, problem.domain
    rows = predictions[predictions["protocol"] == UNSEEN_GEMEENTE]
    sources = {
        "population": population_column(name),
        "clients": clients_column(name),
        "cluster": "gm_group",
        "status": status_column(name),
    }
    columns = {new: wijken[old].to_numpy()[rows["row"]] for new, old in sources.items()}
    rows = rows.assign(**columns, counts=problem.usable.to_numpy()[rows["row"]])
    published = (rows["status"] == "observed") & (rows["population"] > 0)
    band = conformal.prediction_intervals(rows, rows[published], rounded_to)
    plain = conformal.constant_width_intervals(rows, rows[rows["counts"]]).add_prefix("plain_")
    kept = ["domain", "protocol", "model", "fold", "row", "rate"]
    return rows[kept].join([band, plain])


def add_interval_scores(
    table: pd.DataFrame, scored: pd.DataFrame, expected: pd.DataFrame
) -> pd.DataFrame:
    """Add the scores of the prediction intervals, overall and by size class.

    Parameters
    ----------
    table : DataFrame
        ``scores.csv`` so far.
    scored : DataFrame
        The rows that are scored, of every domain and protocol.
    expected : DataFrame
        Predictions of every domain with their intervals, from :func:`expected_intervals`.

    Returns
    -------
    DataFrame
        ``table`` with four more metrics, all means over wijken and years: ``coverage`` (share of
        published rates within their 90% interval), ``width`` (of the interval, in rate),
        ``winkler`` (the interval score, in rate; Gneiting and Raftery 2007, eq. 43) and
        ``winkler_plain`` (the same for an interval of one width around the same predictions).
    """
    out = [table]
    for domain, intervals in expected.groupby("domain", observed=True):
        rows = _score_rows(scored[scored["domain"] == domain], intervals)
        out += [_means(rows, table, group) for group in (metrics.ALL, "size")]
    together = pd.concat(out, ignore_index=True)
    return together.sort_values(scores.COLUMNS[:5], ignore_index=True)


def _means(rows: pd.DataFrame, table: pd.DataFrame, group: str) -> pd.DataFrame:
    label = scores.groupings(rows, forecast=False)[group]
    key = ["domain", "protocol", "model", "group"]
    means = rows.assign(group=label).groupby(key, observed=True)[list(METRICS)].mean()
    scores_long = means.reset_index().melt(key, var_name="metric").dropna(subset=["value"])
    counted = ["n_wijken", "n_gemeenten", "n_rows", "seconds"]
    counts = table.loc[table["metric"] == "wape", [*key, *counted]]
    return scores_long.merge(counts, on=key)[scores.COLUMNS]


def _score_rows(scored: pd.DataFrame, intervals: pd.DataFrame) -> pd.DataFrame:
    key = ["domain", "protocol", "model", "row"]
    limits = ["lower", "upper", "plain_lower", "plain_upper"]
    with_interval = intervals.dropna(subset=limits)  # baselines of unseen_year have no interval
    rows_with_interval = scored[scored["protocol"].isin(with_interval["protocol"].unique())]
    rows_with_interval = rows_with_interval.drop(columns=limits, errors="ignore")
    tables = [
        table.astype(dict.fromkeys(key[:3], "str")) for table in (rows_with_interval, with_interval)
    ]
    rows = tables[0].merge(tables[1][[*key, *limits]], on=key)
    # a published rate above 1 (a tiny wijk) counts as 1: the interval is that of a share
    rate = (rows["clients"] / rows["population"]).clip(upper=1).to_numpy()
    lower, upper, plain_lower, plain_upper = (rows[limit].to_numpy() for limit in limits)
    return rows.assign(
        coverage=((rate >= lower) & (rate <= upper)).astype("float64"),
        width=upper - lower,
        winkler=metrics.interval_score(rate, lower, upper, conformal.CONFIDENCE),
        winkler_plain=metrics.interval_score(rate, plain_lower, plain_upper, conformal.CONFIDENCE),
    )
