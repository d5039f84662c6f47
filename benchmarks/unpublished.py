"""How far off forecasts are where nothing is published of a gemeente.

At every origin all figures of every fifth gemeente are hidden, those of half years too, and its
wijken forecast from who lives there (``basis`` ``expected``). Prints the blend's WAPE, mean of the
origins, by structural part. experiments/0004-forecasts has what it gave.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from origins import Origin, origins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from risicomodel.results.forecasting.origins import History

PARTS = 5
STRUCTURES = ("glm", "blend")


def main(overrides: Sequence[str]) -> None:
    """Print the table."""
    import pandas as pd

    from risicomodel.core import metrics

    found = [
        rows.assign(structure=name)
        for name in STRUCTURES
        for origin in origins([*overrides, f"forecast.structure={name}"])
        for rows in hidden(origin)
    ]
    rows = pd.concat(found, ignore_index=True)
    by = ["domain", "structure", "horizon", "origin_year"]
    per_origin = rows.groupby(by, observed=True)[["clients", "forecast"]].apply(
        lambda group: metrics.wape_of_counts(*group.to_numpy().T)
    )
    wape = per_origin.groupby(by[:3], observed=True).mean()
    print(wape.unstack("horizon").round(3).to_string())


def hidden(origin: Origin) -> Iterator[pd.DataFrame]:
    """Yield the forecasts of each fifth of the gemeenten, made as if it had no figures."""
    from risicomodel.results.forecasting import backtest, components

    for part in range(PARTS):
        past = without(origin, part)
        rows = backtest.trials_of_origin(origin.problem, past, origin.follow(past), origin.walk)
        own = rows["gm_group"].astype("str").map(part_of).eq(part) & rows["basis"].eq("expected")
        rows = rows[own]
        forecast = rows[components.DEFAULT_MODEL]
        yield rows[["domain", "origin_year", "horizon", "clients"]].assign(forecast=forecast)


def without(origin: Origin, part: int) -> History:
    """Return what was known, but for one part of the gemeenten."""
    past, domain = origin.past, origin.problem.domain
    gone = past.areas["gm_group"].astype("str").map(part_of).eq(part).to_numpy()
    clients = np.where(gone[:, None], np.nan, past.clients[domain])
    halves = np.where(gone[:, None], 0.0, past.half_year_clients[domain])
    return replace(past, clients={domain: clients}, half_year_clients={domain: halves})


def part_of(gemeente: str) -> int:
    """Return which part a gemeente is in: by its code alone."""
    return zlib.crc32(gemeente.encode()) % PARTS


if __name__ == "__main__":
    main(sys.argv[1:])
