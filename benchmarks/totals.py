"""Which growth totals of gemeenten should follow, and whose large wijken bands do not hold.

    python benchmarks/totals.py growth data=archive data.dir=PATH
    python benchmarks/totals.py large data=archive data.dir=PATH domain=jeugd

``growth`` compares ways to move the newest published total ahead, from every earlier origin, by
WAPE against the totals published since; the last column takes, at every origin, the way that
earlier origins would have been served best by. ``large`` says per gemeente which share of figures
of wijken with 10,000 persons at risk or more was within the 90% bands, made from all other origins.
experiments/0005-one-base has what they gave.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from origins import HORIZONS, origins

from risicomodel.core import metrics
from risicomodel.data.domains import clients_column
from risicomodel.results.forecasting import (
    backtest,
    components,
    forecast_intervals,
    gemeente_totals,
    on_totals,
    reconciliation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origins import Origin

AHEAD = np.arange(1, HORIZONS + 1)
NEWS = gemeente_totals.DAMPING**AHEAD
# weights of growth between halves and of growth of the wijken, by horizon
WAYS = {
    "none: the last total": (0 * NEWS, 0 * NEWS),
    "between halves only": (NEWS**0, 0 * NEWS),
    "of the wijken only": (0 * NEWS, NEWS**0),
    "a half of each": (NEWS**0 / 2, NEWS**0 / 2),
    "a half, a quarter, an eighth of halves": (NEWS, 1 - NEWS),
    "a third of each, a third of none": (NEWS**0 / 3, NEWS**0 / 3),
}
LARGE = 10_000


def growth(origin: Origin) -> pd.DataFrame:
    """Return the WAPE of every way, a row per horizon."""
    past, domain = origin.past, origin.problem.domain
    totals, parts = past.totals[domain], origin.follow(past)
    gm = totals.codes.get_indexer(pd.Index(past.areas["gm_code"]))
    unused = np.zeros(len(totals.codes))
    known = reconciliation.Origin(gm, parts.last_clients, totals.clients[:, -1], unused, unused)
    clients = components.MODELS[components.DEFAULT_MODEL](parts)
    wijken = np.log(reconciliation.growth_of_wijken(clients, known, parts.drift))
    halves = gemeente_totals.growth_within_year(totals, HORIZONS)
    ahead = {
        way: totals.clients[:, [-1]] * np.exp(a * halves + b * wijken)
        for way, (a, b) in WAYS.items()
    }
    rows = []
    for h in range(HORIZONS):
        since = _since(origin, past.origin + h + 1)
        if since is None:
            continue
        links, published = since
        forecasts = pd.DataFrame({way: table[:, h] for way, table in ahead.items()}, totals.codes)
        carried = gemeente_totals.carry_totals(forecasts, links, published.index)
        both = np.isfinite(carried).all(axis=1)
        if not both.any():
            continue
        actual = published.to_numpy()[both]
        wape = {way: metrics.wape_of_counts(actual, carried[both, i]) for i, way in enumerate(WAYS)}
        about = {"domain": domain, "origin": past.origin, "horizon": h + 1}
        about["gemeenten"] = both.sum()
        rows.append({**about, **wape})
    return pd.DataFrame(rows)


def chosen(table: pd.DataFrame) -> pd.Series:
    """Return the WAPE of the way that was best on years until the origin, row by row."""
    ways = list(WAYS)
    relative = table[ways].div(table[ways[0]], axis=0)
    out = []
    for row in table.to_dict("records"):
        out_by_then = table["origin"] + table["horizon"] <= row["origin"]
        earlier = relative[out_by_then & table["domain"].eq(row["domain"])]
        best = earlier.mean().idxmin() if len(earlier) else "a half of each"
        out.append(row[best])
    return pd.Series(out, index=table.index)


def _since(origin: Origin, year: int) -> tuple[pd.DataFrame, pd.Series] | None:
    """Return links to a year's gemeenten, and their totals; None where there are none."""
    column, past = clients_column(origin.problem.domain), origin.past
    rows = origin.gemeenten[origin.gemeenten["year"] == year].set_index("gm_code")
    published = rows[column].dropna() if column in rows else pd.Series(dtype="float64")
    wijken = origin.problem.wijken[origin.problem.wijken["year"] == year]
    if published.empty or wijken.empty:
        return None
    links = origin.walk.links(past.areas, wijken.assign(people=wijken["aantal_inwoners"]))
    return gemeente_totals.links_between_gemeenten(past.areas, wijken, links), published


def large(origin: Origin) -> pd.DataFrame:
    """Return one origin's trials of the default model."""
    past, domain = origin.past, origin.problem.domain
    parts = origin.follow(past)
    forecasts = on_totals.of_models(past, domain, parts)
    trials = backtest.trials_of_origin(origin.problem, past, parts, origin.walk, forecasts)
    linked = trials[trials["basis"] != backtest.UNLINKED]
    return backtest.trials_of_model(linked, components.DEFAULT_MODEL)


def held(trials: pd.DataFrame) -> pd.DataFrame:
    """Return per domain and gemeente the share of large wijken within their bands, by horizon."""
    rows = trials.reset_index(drop=True)
    rows = rows.join(forecast_intervals.leave_one_origin_out(rows))
    actual = rows["clients"].clip(upper=rows["population"])
    rows["held"] = actual.between(rows["lower"], rows["upper"])
    rows = rows[rows["population"] >= LARGE].astype({"domain": "str", "gm_code": "str"})
    by = ["domain", "gm_code", "horizon"]
    return rows.groupby(by)["held"].agg(["mean", "size"]).unstack("horizon")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks: dict[str, Any] = {"growth": growth, "large": large}
    parser.add_argument("task", choices=tasks)
    parser.add_argument("overrides", nargs="*", help="as for risicomodel")
    options = parser.parse_args(arguments)
    table = pd.concat([tasks[options.task](origin) for origin in origins(options.overrides)])
    table = table.reset_index(drop=True)
    if options.task == "large":
        print(held(table).round(3).to_string())
        return
    compared = table.assign(chosen=chosen(table)).drop(columns="origin")
    print(compared.groupby(["domain", "horizon"]).mean().round(3).T.to_string())


if __name__ == "__main__":
    main()
