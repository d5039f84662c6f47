"""How sure: bands round out-of-fold predictions, and how well they did."""

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

# What is asked of a band, all as means over wijken: how often it holds the published rate, how wide
# it is, both in one score, and that score for a band of one width for all.
METRICS = ("coverage", "width", "winkler", "winkler_plain")


def of_expected(predictions: pd.DataFrame, problem: Problem, rounded_to: int) -> pd.DataFrame:
    """Return one domain's out-of-fold predictions of ``unseen_gemeente`` with their bands.

    Parameters
    ----------
    predictions : DataFrame
        Of the domain, every protocol.
    problem : Problem
        The domain's problem.
    rounded_to : int
        The multiple that CBS rounds to (persons).

    Returns
    -------
    DataFrame
        ``domain``, ``protocol``, ``model``, ``fold``, ``row``, ``rate``, ``lower``, ``upper``, and
        ``plain_lower`` and ``plain_upper``: the band of one width.

    Notes
    -----
    Bands are calibrated on every published figure, also of wijken too small to train or score; the
    plain one on those that count, which is the best it can do.
    """
    wijken, name = problem.wijken, problem.domain
    rows = predictions[predictions["protocol"] == UNSEEN_GEMEENTE]
    facts = {
        "population": population_column(name),
        "clients": clients_column(name),
        "cluster": "gm_group",
        "status": status_column(name),
    }
    told = {new: wijken[old].to_numpy()[rows["row"]] for new, old in facts.items()}
    rows = rows.assign(**told, counts=problem.usable.to_numpy()[rows["row"]])
    known = (rows["status"] == "observed") & (rows["population"] > 0)
    band = conformal.conformal(rows, rows[known], rounded_to)
    plain = conformal.plain(rows, rows[rows["counts"]]).add_prefix("plain_")
    kept = ["domain", "protocol", "model", "fold", "row", "rate"]
    return rows[kept].join([band, plain])


def add_scores(table: pd.DataFrame, scored: pd.DataFrame, banded: pd.DataFrame) -> pd.DataFrame:
    """Add to the scores how the bands did, overall and by size class.

    Parameters
    ----------
    table : DataFrame
        ``scores.csv`` so far.
    scored : DataFrame
        Rows that count, of every domain and protocol.
    banded : DataFrame
        Predictions with their bands, as :func:`of_expected` gives them, of every domain.

    Returns
    -------
    DataFrame
        With the metrics ``coverage`` (share of published rates within their 90% band), ``width``
        (of the band, in rate), ``winkler`` (the interval score, in rate) and ``winkler_plain``
        (that of a band of one width round the same predictions), all means over wijken and years.
    """
    out = [table]
    for domain, told in banded.groupby("domain", observed=True):
        rows = _measured(scored[scored["domain"] == domain], told)
        out += [_means(rows, table, group) for group in (metrics.ALL, "size")]
    together = pd.concat(out, ignore_index=True)
    return together.sort_values(scores.COLUMNS[:5], ignore_index=True)


def _means(rows: pd.DataFrame, table: pd.DataFrame, group: str) -> pd.DataFrame:
    label = scores.groupings(rows, ahead=False)[group]
    same = ["domain", "protocol", "model", "group"]
    means = rows.assign(group=label).groupby(same, observed=True)[list(METRICS)].mean()
    found = means.reset_index().melt(same, var_name="metric").dropna(subset=["value"])
    about = ["n_wijken", "n_gemeenten", "n_rows", "seconds"]
    counts = table.loc[table["metric"] == "wape", [*same, *about]]
    return found.merge(counts, on=same)[scores.COLUMNS]


def _measured(scored: pd.DataFrame, banded: pd.DataFrame) -> pd.DataFrame:
    key = ["domain", "protocol", "model", "row"]
    limits = ["lower", "upper", "plain_lower", "plain_upper"]
    held = banded.dropna(subset=limits)  # baselines of unseen_year have no band
    plain = scored[scored["protocol"].isin(held["protocol"].unique())]
    plain = plain.drop(columns=limits, errors="ignore")
    sides = [table.astype(dict.fromkeys(key[:3], "str")) for table in (plain, held)]
    rows = sides[0].merge(sides[1][[*key, *limits]], on=key)
    # a published rate above 1 (a tiny wijk) counts as 1: the band is of a share
    rate = (rows["clients"] / rows["population"]).clip(upper=1).to_numpy()
    lower, upper, plain_lower, plain_upper = (rows[limit].to_numpy() for limit in limits)
    return rows.assign(
        coverage=((rate >= lower) & (rate <= upper)).astype("float64"),
        width=upper - lower,
        winkler=metrics.interval_score(rate, lower, upper, conformal.LEVEL),
        winkler_plain=metrics.interval_score(rate, plain_lower, plain_upper, conformal.LEVEL),
    )
