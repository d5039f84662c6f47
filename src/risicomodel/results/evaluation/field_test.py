"""Forecasts beside what people of the wijk think: a test set that is no truth.

Who is right is known when the figure comes out (``risicomodel review verify``). Until then it says
where model and people differ, and whether a change brought them nearer to each other.
"""

from __future__ import annotations

import pandas as pd

KEY = ["domain", "phase"]


def compare(forecasts: pd.DataFrame, field: pd.DataFrame) -> pd.DataFrame:
    """Return how near forecasts lie to the judgements of people.

    Parameters
    ----------
    forecasts : DataFrame
        ``domain``, ``wijk_code``, ``year``, ``rate``, ``lower`` and ``upper`` (0–1; a band of 90%):
        one model per domain, one row per wijk and year.
    field : DataFrame
        ``field_estimates`` of a round: ``domain``, ``wijk_code``, ``year``, ``phase``, ``rate``,
        ``lower`` and ``upper`` (0–1; empty under five answers).

    Returns
    -------
    DataFrame
        Per domain and phase: ``n_wijken`` that have both, ``in_field`` and ``in_model`` (shares of
        these where the forecast lies within people's limits, and people's mean within the model's
        band) and ``apart`` (mean distance of the two, as a part of people's mean).

    Examples
    --------
    >>> forecasts = pd.DataFrame({
    ...     "domain": "wmo", "wijk_code": ["WK1", "WK2"], "year": 2025,
    ...     "rate": [0.10, 0.20], "lower": [0.08, 0.18], "upper": [0.12, 0.22],
    ... })
    >>> field = forecasts.assign(
    ...     phase="again", rate=[0.10, 0.25], lower=[0.09, 0.24], upper=[0.11, 0.26]
    ... )
    >>> compare(forecasts, field).round(3).iloc[0].to_dict()
    {'domain': 'wmo', 'phase': 'again', 'n_wijken': 2, 'in_field': 0.5, 'in_model': 0.5, \
'apart': 0.1}
    """
    judged = field[field["rate"].gt(0)]
    both = judged.merge(
        forecasts, on=["domain", "wijk_code", "year"], suffixes=("", "_model"), validate="m:1"
    ).dropna(subset=["rate_model"])
    both = both.assign(
        in_field=both["rate_model"].between(both["lower"], both["upper"]),
        in_model=both["rate"].between(both["lower_model"], both["upper_model"]),
        apart=(both["rate_model"] - both["rate"]).abs() / both["rate"],
    )
    grouped = both.groupby(KEY)
    table = grouped[["in_field", "in_model", "apart"]].mean()
    table.insert(0, "n_wijken", grouped.size())
    return table.reset_index()
