"""Forecasts that are coherent as they are made, beside ones made apart and reconciled after.

``export`` runs in the project's environment; ``reconcile`` in one of its own with
``hierarchicalforecast``, which never becomes a dependency. experiments/0004-forecasts has the
commands and what they gave.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from origins import HORIZONS, origins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    Floats = npt.NDArray[np.float64]

LEAST_RESIDUALS = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line asks."""
    top = argparse.ArgumentParser(prog="reconciliation.py", description=__doc__)
    tasks = top.add_subparsers(dest="task", required=True)
    for name in ("export", "reconcile"):
        task = tasks.add_parser(name)
        task.add_argument("folder", type=Path, help="where the forecasts of every level are kept")
    tasks.choices["export"].add_argument("overrides", nargs="*", help="as for risicomodel")
    asked = top.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.task == "export":
        export(asked.folder, asked.overrides)
    else:
        print(reconcile(asked.folder).round(4).to_string())


def export(folder: Path, overrides: list[str]) -> None:
    """Write what is forecast of every level at every origin, and the figures since."""
    for origin in origins(overrides):
        past, domain = origin.past, origin.problem.domain
        alone = replace(past, areas=past.areas.assign(gm_code=past.areas["wijk_code"]))
        followed = [origin.follow(past), origin.follow(alone)]
        since = _since(origin.problem.wijken, domain, past, origin.walk)
        arrays = _levels(past.areas, past.clients[domain], followed, since)
        np.savez(folder / f"{domain}-{past.origin}.npz", **arrays)


def _since(wijken: pd.DataFrame, domain: str, known: Any, walk: Any) -> Floats:
    """Return the figures of the years since, of wijken that stayed what they were."""
    from risicomodel.data.domains import clients_column

    out = []
    for year in range(known.origin + 1, known.origin + HORIZONS + 1):
        there = wijken[wijken["year"] == year]
        if there.empty:
            out.append(np.full(len(known.areas), np.nan))
            continue
        links = walk.links(known.areas, there.assign(people=there["aantal_inwoners"]))
        same = links[links["basis"] == "place"].set_index("from_code")["to_code"]
        figure = there.set_index("wijk_code")[clients_column(domain)]
        out.append(known.areas["wijk_code"].map(same).map(figure).to_numpy("float64"))
    return np.stack(out, axis=1)


def _levels(
    areas: pd.DataFrame, clients: Floats, followed: list[Any], since: Floats
) -> dict[str, Any]:
    """Return forecasts of each level from its own course alone, ours, and what is needed beside."""
    from risicomodel.core import groups
    from risicomodel.results.forecasting import components

    whole, alone = followed
    say = components.MODELS[components.DEFAULT_MODEL]
    figure = whole.basis == "figure"
    gm = np.unique(areas["gm_code"][figure], return_inverse=True)[1]
    plain = replace(whole, wijk=np.ones_like(whole.wijk))
    of_country = whole.need * whole.country_level * whole.drift
    last = np.broadcast_to(clients[:, [-1]], clients.shape)
    filled = np.where(np.isfinite(clients), clients, last)[figure]
    return {
        "gm": gm,
        "ours": say(whole)[figure],
        "wijk": say(alone)[figure],
        "gemeente": groups.sums(say(plain)[figure], gm),
        "country": of_country[figure].sum(axis=0, keepdims=True),
        "figures": filled,
        "since": since[figure],
    }


def reconcile(folder: Path) -> pd.DataFrame:
    """Return WAPE of wijken, and of their sums per gemeente, as multiples of ours.

    The mean of the origins that a method has enough figures at, by domain, horizon and method;
    ``ours`` itself is WAPE.
    """
    import pandas as pd

    rows = []
    for path in sorted(folder.glob("*.npz")):
        domain, origin = path.stem.split("-")
        kept = dict(np.load(path))
        for method, said in _methods(kept).items():
            for h in range(HORIZONS):
                known = np.isfinite(kept["since"][:, h])
                if not known.any():
                    continue
                off = (said - kept["since"])[known, h]
                total = kept["since"][known, h].sum()
                sums = np.bincount(kept["gm"][known], off)
                about = {"domain": domain, "horizon": h + 1, "origin": origin, "method": method}
                errors = {"wijk": np.abs(off).sum() / total, "gemeente": np.abs(sums).sum() / total}
                rows.append({**about, **errors})
    table = pd.DataFrame(rows).set_index(["domain", "horizon", "origin", "method"])
    wape = table.unstack("method")
    for level in ("wijk", "gemeente"):
        methods = [name for name in wape[level] if name != "ours"]
        beside = wape[level][methods].div(wape[level, "ours"], axis=0)
        wape[[(level, name) for name in methods]] = beside.to_numpy()
    return wape.groupby(["domain", "horizon"]).mean()


def _methods(kept: dict[str, Any]) -> dict[str, Floats]:
    """Return ours and every reconciliation of the same forecasts, of the wijken."""
    from hierarchicalforecast.methods import BottomUp, MinTrace, TopDown

    gm, n = kept["gm"], len(kept["gm"])
    summing = np.vstack([np.ones(n), np.arange(gm.max() + 1)[:, None] == gm[None, :], np.eye(n)])
    base = np.vstack([kept["country"], kept["gemeente"], kept["wijk"]])
    figures = summing @ kept["figures"]
    m = len(summing)
    tags = {"country": np.arange(1), "gemeente": np.arange(1, m - n), "wijk": np.arange(m - n, m)}
    # residuals of each level: its last figure as the forecast of the next. They add up, and of so
    # few years 'mint_shrink' calls its matrix ill-conditioned: variances alone are asked for
    inside = {"y_insample": figures[:, 1:], "y_hat_insample": figures[:, :-1]}
    found = {"ours": kept["ours"]}
    reconcilers = {
        "bottom_up": (BottomUp(), {}),
        "top_down": (TopDown("forecast_proportions"), {"tags": tags}),
        "ols": (MinTrace("ols"), {}),
        "wls_struct": (MinTrace("wls_struct"), {}),
    }
    if inside["y_insample"].shape[1] >= LEAST_RESIDUALS:
        reconcilers["wls_var"] = MinTrace("wls_var"), inside
    for name, (method, needs) in reconcilers.items():
        found[name] = method.fit_predict(S=summing, y_hat=base, **needs)["mean"][m - n :]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
