"""Forecasts as tables: of wijken, their sums, scores of intervals, and the years of the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.arrays import Bools
from risicomodel.core.levels import AREA
from risicomodel.data.panel import names
from risicomodel.learning import conformal
from risicomodel.results.forecasting import (
    backtest,
    components,
    forecast_intervals,
    forecast_sums,
    on_totals,
)
from risicomodel.results.forecasting.backtest import UNLINKED
from risicomodel.results.forecasting.hidden_gemeenten import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.on_totals import OnTotals
    from risicomodel.results.forecasting.origins import History

    Decompositions = Mapping[str, tuple[History, Decomposition]]

NO_FORECAST = "silent"
SAME, CHANGED = "map:same", "map:changed"
# Redrawn areas of at least this many people are named when their people are this far off the map.
LEAST_PEOPLE, FAR_OFF, SHOWN = 200, 0.25, 6
KEY = ["domain", AREA, "origin_year", "year", "model"]
WIJKEN = [
    *KEY, "horizon", "rate", "lower", "upper", "clients", "clients_lower", "clients_upper",
    "population", "population_source", "basis", "champion", "wijk_name", "gm_code", "gm_name",
]  # fmt: skip
SUMS = [
    "domain", "level", "code", "name", "origin_year", "year", "model", "horizon", "rate", "lower",
    "upper", "clients", "clients_lower", "clients_upper", "population", "n_wijken", "base",
]  # fmt: skip


@dataclass(frozen=True)
class Trials:
    """A domain's back-test.

    Parameters
    ----------
    wijken : DataFrame
        From :func:`risicomodel.results.forecasting.backtest.trials_of_origin`.
    totals : DataFrame
        Of gemeenten, from :mod:`risicomodel.results.forecasting.total_trials`.
    hidden, hidden_totals : DataFrame
        The same of gemeenten treated as if nothing was published of them
        (:mod:`risicomodel.results.forecasting.hidden_gemeenten`).
    """

    wijken: pd.DataFrame
    totals: pd.DataFrame
    hidden: pd.DataFrame
    hidden_totals: pd.DataFrame

    def of_model(self, model: str) -> Trials:
        """Return the trials of one model, without wijken that nothing links to the origin."""
        linked = self.wijken[self.wijken["basis"] != UNLINKED].reset_index(drop=True)
        totals, hidden_totals = (
            table[table["model"] == model].reset_index(drop=True)
            for table in (self.totals, self.hidden_totals)
        )
        wijken, hidden = (backtest.trials_of_model(table, model) for table in (linked, self.hidden))
        return Trials(wijken, totals, hidden, hidden_totals)


def tabulate(
    origin_state: tuple[History, Decomposition], trials: Trials, domain: str, champion: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one domain's forecasts of wijken by every model, and the sums of the champion's.

    Parameters
    ----------
    origin_state : (History, Decomposition)
        What was known at the origin, and the components of the forecasts.
    trials : Trials
        The domain's back-test.
    domain, champion : str
        The domain, and its best model.

    Returns
    -------
    wijken, sums : DataFrame
        ``forecasts.parquet`` and ``forecast_sums.csv``: wijken and people without a known wijk are
        the total of their gemeente, gemeenten that of the country.
    """
    history, decomposition = origin_state
    wijken, sums = [], pd.DataFrame()
    for model in components.MODELS:
        model_trials = trials.of_model(model)
        on_base = on_totals.forecast(history, domain, decomposition, model)
        rows = _of_model(history, decomposition, on_base, model_trials)
        if model == champion:
            with_forecast = rows[rows["basis"] != NO_FORECAST]
            of_totals = model_trials.totals, model_trials.hidden_totals
            table = forecast_sums.sums(with_forecast, on_base, *of_totals)
            rows = forecast_sums.with_band_of_gemeente(rows, table)
            sums = as_published(table.assign(domain=domain, model=model))[SUMS]
        labelled = rows.assign(domain=domain, model=model, champion=model == champion)
        wijken.append(as_published(labelled)[WIJKEN])
    return pd.concat(wijken).sort_values(KEY, ignore_index=True), sums


def _of_model(
    history: History, decomposition: Decomposition, on_base: OnTotals, trials: Trials
) -> pd.DataFrame:
    """Return one model's forecasts in clients with their intervals, a row per area and year."""
    clients = on_base.wijken
    ahead = []
    for h in range(clients.shape[1]):
        about = {"horizon": h + 1, "year": history.origin + h + 1, "origin_year": history.origin}
        table = history.areas[[AREA, "wijk_name", "gm_code", "gm_name", "gm_group"]].assign(
            **about,
            basis=decomposition.basis,
            redrawn=_redrawn(history, decomposition),
            forecast=np.where(decomposition.basis == NO_FORECAST, np.nan, clients[:, h]),
            population=decomposition.population[:, h],
            shared_error=decomposition.shared_error[:, h],
            own_error=decomposition.own_error[:, h],
        )
        ahead.append(table)
    rows = pd.concat(ahead, ignore_index=True)
    # no wijk has more clients than people at risk
    rows["forecast"] = rows["forecast"].clip(upper=rows["population"])
    has_forecast = rows["forecast"].notna()
    shown = rows[has_forecast]
    limits = forecast_intervals.with_hidden(
        shown, shown["basis"].eq(EXPECTED), trials.wijken, trials.hidden
    )
    rows[forecast_intervals.LIMITS] = limits.reindex(rows.index)
    rows["population_source"] = _population_source(history)
    return forecast_intervals.widen_with_horizon(rows, [AREA])


def _redrawn(history: History, decomposition: Decomposition) -> Bools:
    """Return which areas were redrawn and stand on figures: these were carried to them."""
    if history.redrawn is None:
        return np.zeros(len(history.areas), dtype="bool")
    out: Bools = history.redrawn & (decomposition.basis != EXPECTED)
    return out


def _population_source(history: History) -> str:
    edition_years = [
        y for i, y in enumerate(history.years) if np.isfinite(history.people[:, i]).any()
    ]
    source = f"KWB {max(edition_years, default=history.origin)}, cohorts"
    if history.map_people is not None:
        source += f", scaled to the map of {history.map_people.year}"
    return source if history.official is None else f"{source}, adding up to the official forecast"


def as_published(table: pd.DataFrame) -> pd.DataFrame:
    """Return clients and rates with their intervals, under the columns of the table's contract."""
    people = table["population"].where(table["population"] > 0)
    return table.assign(
        clients=table["forecast"],
        clients_lower=table["lower"],
        clients_upper=table["upper"],
        rate=table["forecast"] / people,
        lower=table["lower"] / people,
        upper=table["upper"] / people,
    )


def _with_intervals(trials: Trials, level: Level) -> pd.DataFrame:
    """Return a model's trials and their sums, with intervals from all other origins."""
    rows, sums = trials.wijken, trials.totals
    blank = rows["basis"].eq(EXPECTED)
    blank_sums = pd.Series(data=False, index=sums.index)
    limits = forecast_intervals.leave_one_origin_out(rows, blank, trials.hidden)
    limits_of_sums = forecast_intervals.leave_one_origin_out(sums, blank_sums, trials.hidden_totals)
    hidden, hidden_sums = (
        t.join(forecast_intervals.leave_one_origin_out(t)).assign(basis=EXPECTED, hidden=True)
        for t in (trials.hidden, trials.hidden_totals)
    )
    whole = forecast_intervals.sum_forecasts(
        sums, ["domain", "model", "origin_year", "year", "horizon"]
    )
    tables = [
        rows.join(limits).assign(level=level.name, hidden=False),
        hidden.assign(level=level.name),
        sums.join(limits_of_sums).assign(level="gemeente", hidden=False),
        hidden_sums.assign(level="gemeente"),
        whole.assign(hidden=False).join(forecast_sums.of_country(whole)).assign(level="country"),
    ]
    return pd.concat(tables, ignore_index=True)


def score_intervals(trials: Trials, level: Level) -> pd.DataFrame:
    """Score the prediction intervals of the back-test.

    Parameters
    ----------
    trials : Trials
        Of one domain.
    level : Level
        Level of the areas, wijk or buurt.

    Returns
    -------
    DataFrame
        Per ``level`` (wijk, gemeente, country), ``domain``, ``model``, ``origin_year`` (or
        ``all``), ``horizon`` and ``group`` (``all``, a size class of wijken, ``basis:`` and what
        their forecasts stand on, or ``map:`` and whether they were redrawn since): ``coverage``
        (share of figures within their interval), ``width`` (of all intervals, per client forecast),
        ``winkler`` (the interval score, per client forecast), ``n_rows``.
    """
    measured = [
        _interval_measures(_with_intervals(trials.of_model(model), level))
        for model in components.MODELS
    ]
    keys = ["level", "domain", "model", "origin_year", "horizon", "group"]
    return pd.concat(measured).sort_values(keys, ignore_index=True)


def _interval_measures(with_intervals: pd.DataFrame) -> pd.DataFrame:
    rows = with_intervals.dropna(subset=forecast_intervals.LIMITS)
    actual = rows["clients"].clip(upper=rows["population"])
    lower, upper = (rows[limit].to_numpy() for limit in forecast_intervals.LIMITS)
    measured = rows.assign(
        held=actual.between(rows["lower"], rows["upper"]).astype("float64"),
        width=upper - lower,
        winkler=metrics.interval_score(actual.to_numpy(), lower, upper, conformal.CONFIDENCE),
        size=metrics.size_class(rows["population"], metrics.SIZE_CLASSES, "size"),
    )
    # gemeenten treated as if nothing was published of them count for that basis alone
    hidden, measured = measured[measured["hidden"]], measured[~measured["hidden"]]
    wijken = measured[~measured["level"].isin(["gemeente", "country"])]
    by_basis = pd.concat([wijken, hidden])
    parts = [
        measured.assign(origin_year="all", group="all"),
        measured.assign(group="all"),
        wijken.assign(origin_year="all", group=wijken["size"]),
        by_basis.assign(origin_year="all", group="basis:" + by_basis["basis"].astype("str")),
        wijken.assign(origin_year="all", group=np.where(wijken["redrawn"], CHANGED, SAME)),
    ]
    return pd.concat([_means(part) for part in parts], ignore_index=True)


def _means(part: pd.DataFrame) -> pd.DataFrame:
    keys = ["level", "domain", "model", "origin_year", "horizon", "group"]
    grouped = part.astype({"origin_year": "str", "group": "str"}).groupby(keys, observed=True)
    sums = grouped[["width", "winkler", "forecast"]].sum()
    out = pd.DataFrame(
        {
            "coverage": grouped["held"].mean(),
            "width": sums["width"] / sums["forecast"],
            "winkler": sums["winkler"] / sums["forecast"],
            "n_rows": grouped.size(),
        }
    )
    return out.reset_index()


def driver_years(
    wijken: pd.DataFrame, decompositions: Decompositions, boundaries: str, structure: str
) -> pd.DataFrame:
    """Return the inputs of the forecasts, and which year each describes.

    Parameters
    ----------
    wijken : DataFrame
        The panel.
    decompositions : mapping
        By domain what was known at the origin, and the components.
    boundaries : str
        The year of the boundaries, in words.
    structure : str
        The model of the structural rate.

    Returns
    -------
    DataFrame
        ``domain``, ``driver``, ``describes`` (years) and ``what``.
    """
    out = []
    for domain, (history, _) in sorted(decompositions.items()):
        rows = wijken[wijken["year"] == history.origin]
        figure_years = f"{min(history.years)}–{history.origin}"
        out.append((domain, "figures", figure_years, f"clients of {domain} per wijk"))
        if history.half_year_clients.get(domain, np.zeros(1)).any():
            out.append((domain, "halves", f"{history.origin}", "clients in each half of the year"))
        totals = history.totals.get(domain)
        if totals is not None and totals.at_year_end is not None:
            out.append((domain, "year_end", f"{history.origin}", "clients at the end of the year"))
        out.append((domain, "boundaries", boundaries, "the wijken that are forecast"))
        for topic in names.topics():
            edition = rows.get(names.edition_column(topic))
            if edition is not None and edition.notna().any():
                what = "people by age, moved on by cohorts" if topic == "bevolking" else structure
                edition_years = "–".join(
                    str(int(y)) for y in sorted({edition.min(), edition.max()})
                )
                out.append((domain, topic, edition_years, what))
    return pd.DataFrame(out, columns=["domain", "driver", "describes", "what"])


def off_map_note(history: History, level: Level) -> list[str]:
    """Return a note on areas whose people the crosswalk gets wrong, and the map right.

    Parameters
    ----------
    history : History
        What was known at the origin, with the people of the map.
    level : Level
        Level of the areas, wijk or buurt.

    Returns
    -------
    list of str
        One line, or none.
    """
    off = history.off_map()
    large = (history.areas["people"] >= LEAST_PEOPLE).to_numpy()
    wrong = history.areas[large & (np.abs(np.log(off)) > np.log1p(FAR_OFF))]
    if wrong.empty:
        return []
    gemeenten = wrong.groupby("gm_name").size().sort_values(ascending=False, kind="stable")
    where = ", ".join(f"{name} ({n})" for name, n in gemeenten.head(SHOWN).items())
    rest = f" and {len(gemeenten) - SHOWN} more gemeenten" if len(gemeenten) > SHOWN else ""
    note = (
        f"{len(wrong)} {level.plural} were redrawn so that their people are more than "
        f"{FAR_OFF:.0%} off by the crosswalk; the people of the map count: {where}{rest}."
    )
    return [note]


def forecast_notes(wijken: pd.DataFrame, boundaries: str, level: Level) -> list[str]:
    """Return what a reader of the forecasts must know.

    Parameters
    ----------
    wijken : DataFrame
        ``forecasts.parquet``.
    boundaries : str
        The year of the boundaries, in words.
    level : Level
        Level of the areas, wijk or buurt.

    Returns
    -------
    list of str
        One line each.
    """
    next_year = wijken[wijken["champion"] & wijken["horizon"].eq(1)]
    without_forecast = (
        next_year[next_year["basis"] == NO_FORECAST].groupby("domain")[AREA].nunique()
    )
    counts = [f"{domain}: {count}" for domain, count in without_forecast.items()]
    out = [f"forecasts are for the {level.plural} of {boundaries}."]
    if counts:
        why = "too few people, or nothing known"
        out.append(f"no forecast for {level.plural} with {why}: {', '.join(counts)}.")
    return out
