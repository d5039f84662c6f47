"""Forecasts from earlier origins beside the figures that came out since.

A forecast is made on the wijken of its origin's year and carried to those of the year it is of
through the crosswalk; so is the last figure, as the forecast to beat. Beside it stands the last
figure by code, as anyone would do it. Every published wijk of the year counts: one that nothing
links to the origin gets the country's rate, as every model has it of the year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.data.panel import crosswalk
from risicomodel.results.forecasting import components as course_module
from risicomodel.results.forecasting.cohorts import EVERYONE

if TYPE_CHECKING:
    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.learning.problem import Problem
    from risicomodel.results.forecasting.components import Course
    from risicomodel.results.forecasting.origins import Past


BY_CODE = "persistence_by_code"
UNLINKED = "unlinked"
TEXTS = ("domain", AREA, "gm_code", "gm_group", "basis")
KEY = ["domain", "origin_year", "horizon", "model"]


def rows(problem: Problem, past: Past, course: Course, walk: Crosswalk) -> pd.DataFrame:
    """Return one domain's forecasts from one origin beside the figures since.

    Returns
    -------
    DataFrame
        A row per published wijk of the years ahead: ``domain``, ``origin_year``, ``year``,
        ``horizon``, ``wijk_code``, ``gm_code``, ``gm_group``, ``basis``, ``population``,
        ``clients`` (published), ``shared`` and ``own`` (relative sizes of the error to be
        expected), and a column of clients per model: :func:`of_model` takes one.
    """
    wijken, name = problem.wijken, problem.domain
    out = []
    for h in range(len(course.drift)):
        year = past.origin + h + 1
        target = published(wijken, name, year)
        if target.empty:
            continue
        there = wijken[wijken["year"] == year]
        links = walk.links(past.areas, there.assign(people=there[EVERYONE]))
        found = _on(target, name, past, _said(past, course, h), links)
        out.append(found.assign(domain=name, origin_year=past.origin, year=year, horizon=h + 1))
    table = pd.concat(out, ignore_index=True) if out else pd.DataFrame()
    # text takes room: there are many rows, and few gemeenten
    return table.astype(dict.fromkeys([*TEXTS], "category")) if out else table


def published(wijken: pd.DataFrame, domain: str, year: int) -> pd.DataFrame:
    """Return the rows of a year with a figure and persons at risk."""
    figure = wijken[status_column(domain)].eq("observed") & wijken["year"].eq(year)
    return wijken[figure & wijken[population_column(domain)].gt(0)]


def _said(past: Past, course: Course, h: int) -> pd.DataFrame:
    """Return every model's clients of one year ahead, on the origin's areas."""
    said = {model: say(course)[:, h] for model, say in course_module.MODELS.items()}
    main = said[course_module.MAIN]
    sizes = {"shared": main * course.shared[:, h], "own": main * course.own[:, h]}
    return pd.DataFrame({**said, **sizes, "basis": course.basis}, index=past.areas[AREA])


def _on(
    target: pd.DataFrame, name: str, past: Past, said: pd.DataFrame, links: pd.DataFrame
) -> pd.DataFrame:
    """Return every model's forecast of one year, carried to that year's wijken."""
    carried = crosswalk.carry(said.drop(columns="basis"), links, pd.Index(target[AREA]))
    population = target[population_column(name)].set_axis(carried.index)
    unlinked = carried.isna().any(axis=1)
    # what the forecast of a redrawn wijk stands on is what that of its largest part does
    largest = links.sort_values("share").drop_duplicates("to_code", keep="last")
    basis = largest.set_index("to_code")["from_code"].map(said["basis"]).reindex(carried.index)
    common = pd.DataFrame(
        {
            "gm_code": target["gm_code"].to_numpy(),
            "gm_group": target["gm_group"].to_numpy(),
            "basis": basis.mask(unlinked, UNLINKED),
            "population": population,
            "clients": target[clients_column(name)].to_numpy(),
            "shared": carried["shared"] / carried[course_module.MAIN],
            "own": carried["own"] / carried[course_module.MAIN],
        }
    )
    people = max(population[~unlinked].sum(), 1.0)
    rates = {m: carried.loc[~unlinked, m].sum() / people for m in course_module.MODELS}
    forecasts = {m: carried[m].mask(unlinked, rate * population) for m, rate in rates.items()}
    forecasts[BY_CODE] = _by_code(target, past, name).set_axis(carried.index)
    return common.assign(**forecasts).rename_axis(AREA).reset_index()


def of_model(trials: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return one model's trials: its clients as ``forecast``, and ``model``."""
    others = [name for name in (*course_module.MODELS, BY_CODE) if name != model]
    return trials.drop(columns=others).rename(columns={model: "forecast"}).assign(model=model)


def _country_rate(past: Past, name: str) -> float:
    clients, population = past.clients[name][:, -1], past.population[name][:, -1]
    known = np.isfinite(clients) & np.isfinite(population)
    return float(clients[known].sum() / population[known].sum())


def _by_code(target: pd.DataFrame, past: Past, name: str) -> pd.Series:
    """Return the last figure of the code, else by the rate of its gemeente, else of the country."""
    last = pd.DataFrame(
        {
            AREA: past.areas[AREA],
            "gm_code": past.areas["gm_code"],
            "clients": past.clients[name][:, -1],
            "population": past.population[name][:, -1],
        }
    ).dropna()
    of_gemeente = last.groupby("gm_code")[["clients", "population"]].sum()
    rate = target["gm_code"].map(of_gemeente["clients"] / of_gemeente["population"])
    otherwise = rate.fillna(_country_rate(past, name)) * target[population_column(name)]
    figure: pd.Series = target[AREA].map(last.set_index(AREA)["clients"]).fillna(otherwise)
    return figure


def scores(trials: pd.DataFrame) -> pd.DataFrame:
    """Return how good every model was, and where its error came from.

    Parameters
    ----------
    trials : DataFrame
        As :func:`rows` gives it, or with ``model`` and ``forecast`` instead of a column each.

    Returns
    -------
    DataFrame
        Per ``domain``, ``origin_year`` (text; ``all`` is their mean), ``horizon`` and ``model``:
        ``wape`` (Σ|clients − forecast| / Σ clients), ``bias`` (Σ forecast / Σ clients − 1),
        ``wape_gemeente`` (of the sums per gemeente), ``wape_wijk`` (of the wijken given the true
        sum of their gemeente), ``noise_floor`` (of counting alone), ``wape_wijk_known`` and
        ``noise_floor_known`` (the same of wijken with a figure at the origin), ``n_wijken``,
        ``n_origins``.
    """
    models = [BY_CODE, *course_module.MODELS] if "model" not in trials else []
    every = [of_model(trials, model) for model in models] or [trials]
    each = pd.DataFrame(
        [
            {**dict(zip(KEY, key, strict=True)), **_measures(part)}
            for rows_of_model in every
            for key, part in rows_of_model.groupby(KEY, observed=True)
        ]
    )
    by = ["domain", "horizon", "model"]
    mean = each.drop(columns="origin_year").groupby(by).mean().reset_index()
    mean["n_origins"] = each.groupby(by)["origin_year"].nunique().to_numpy()
    table = pd.concat([each.assign(n_origins=1), mean.assign(origin_year="all")])
    table["origin_year"] = table["origin_year"].astype("str")
    table["n_wijken"] = table["n_wijken"].round().astype("int64")
    return table.sort_values(KEY, ignore_index=True)


def champions(scores: pd.DataFrame) -> dict[str, str]:
    """Return each domain's best model: the lowest WAPE beside persistence, over all horizons."""
    tested = scores[scores["origin_year"].ne("all") & scores["model"].ne(BY_CODE)]
    wape = tested.pivot(index=KEY[:3], columns="model", values="wape")
    beside = wape.div(wape["persistence"], axis=0).groupby(level="domain").mean()
    return {str(domain): str(row.idxmin()) for domain, row in beside.iterrows()}


def _measures(part: pd.DataFrame) -> dict[str, float]:
    clients, forecast = _counts(part, "clients", "forecast")
    sums = part.groupby("gm_code", observed=True)[["clients", "forecast"]].sum()
    with_figure = part[part["basis"] == "figure"]
    (clients_with_figure,) = _counts(with_figure, "clients")
    return {
        "wape": metrics.wape_of_counts(clients, forecast),
        "bias": metrics.bias_of_counts(clients, forecast),
        "wape_gemeente": metrics.wape_of_counts(*_counts(sums, "clients", "forecast")),
        "wape_wijk": metrics.wape_of_counts(clients, _given_total(part)),
        "noise_floor": metrics.noise_floor(clients),
        "wape_wijk_known": metrics.wape_of_counts(clients_with_figure, _given_total(with_figure)),
        "noise_floor_known": metrics.noise_floor(clients_with_figure),
        "n_wijken": len(part),
    }


def _counts(part: pd.DataFrame, *names: str) -> list[Floats]:
    return [part[name].to_numpy(dtype="float64") for name in names]


def _given_total(part: pd.DataFrame) -> Floats:
    """Return the forecasts scaled to the true sum of their gemeente."""
    sums = part.groupby("gm_code", observed=True)[["clients", "forecast"]].transform("sum")
    scaled: pd.Series = part["forecast"] * sums["clients"] / sums["forecast"].clip(1e-9)
    return scaled.to_numpy(dtype="float64")
