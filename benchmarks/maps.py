"""Back-test through a change of map: forecasts on the wijken of the year that they are for.

    python benchmarks/maps.py data=archive data.dir=PATH

A forecast that is made today is for the wijken of the newest map, with the people that this map
counts. Here that is tried at every earlier origin: the newest map is that of the year that is
forecast, and CBS's figures of that year are what it is scored against. Wijken that are a place of
the origin's year are scored apart from those that were redrawn or merged since, whose people are
taken two ways: as the crosswalk carries them (``carried``), and scaled to those that the map counts
(``raked``, as shipped).
experiments/0005-one-base has what it gave.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from origins import HORIZONS, origins

from risicomodel.core import metrics
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column
from risicomodel.data.panel.crosswalk import redrawn
from risicomodel.results.forecasting import backtest, on_totals
from risicomodel.results.forecasting.origins import Boundaries, areas_of_year, map_people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origins import Origin

    from risicomodel.results.forecasting.origins import History

MODEL = "levels"
SAME, CHANGED, FAR = "map:same", "map:changed", "map:changed, people over 25% off"
FAR_OFF = 0.25
WAYS = ("carried", "raked")


def through(origin: Origin) -> pd.DataFrame:
    """Return one origin's forecasts beside the figures since, on the wijken of these."""
    parts = [_of_year(origin, h) for h in range(HORIZONS)]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _of_year(origin: Origin, h: int) -> pd.DataFrame:
    wijken, domain, year = origin.problem.wijken, origin.problem.domain, origin.year + h + 1
    published = backtest.published(wijken, domain, year)
    counted = wijken["year"].eq(year) & wijken["bevolking_year"].eq(year)
    if published.empty or not counted.any():
        return pd.DataFrame()
    areas = areas_of_year(wijken, year)
    uncounted = ~areas[AREA].isin(wijken.loc[counted, AREA])
    people = map_people(
        areas.assign(people=areas["people"].mask(uncounted)), Boundaries("map", year)
    )
    carried = origin.on(areas)
    raked = replace(carried, map_people=people)
    table = published.set_index(AREA)[[clients_column(domain), "gm_code"]]
    table = table.set_axis(["clients", "gm_code"], axis=1)
    for way, history in (("carried", carried), ("raked", raked)):
        table[way] = _forecast(origin, history, h).reindex(table.index)
    off = pd.Series(np.abs(np.log(raked.off_map())), areas[AREA]).reindex(table.index)
    links = origin.walk.links(areas_of_year(wijken, origin.year), areas)
    is_redrawn = redrawn(links, table.index)
    far = is_redrawn & (off > np.log1p(FAR_OFF))
    table["group"] = np.select([far, is_redrawn], [FAR, CHANGED], SAME)
    # one that no area of the origin lies in was not in the tables of that year
    table = table[table.index.isin(links["to_code"])]
    about = {"domain": domain, "origin_year": origin.year, "horizon": h + 1}
    return table.dropna(subset=list(WAYS)).assign(**about).reset_index()


def _forecast(origin: Origin, history: History, h: int) -> pd.Series:
    decomposition = origin.follow(history)
    clients = on_totals.forecast(history, origin.problem.domain, decomposition, MODEL).wijken[:, h]
    return pd.Series(np.minimum(clients, decomposition.population[:, h]), history.areas[AREA])


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return WAPE by domain, horizon and group; all origins together, as few wijken change."""
    changed = rows[rows["group"] != SAME].assign(group="map:changed, all")
    out = []
    for key, part in pd.concat([rows, changed]).groupby(["domain", "horizon", "group"]):
        wape = {way: metrics.wape_of_counts(part["clients"], part[way]) for way in WAYS}
        about = dict(zip(["domain", "horizon", "group"], key, strict=True))
        out.append({**about, "wijken": len(part), "gemeenten": part["gm_code"].nunique(), **wape})
    return pd.DataFrame(out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", help="as for risicomodel")
    options = parser.parse_args(arguments)
    table = pd.concat([through(origin) for origin in origins(options.overrides)])
    print(scores(table).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
