"""Back-test: forecasts from earlier origins, compared with the figures published since.

A forecast is made for the wijken of its origin's year and carried through the crosswalk to the
wijken of the year that it is for. Wijken that were redrawn in between have the people that the map
of that year counts, as forecasts for today's map do, and their bands are scored apart. The last
figure is carried likewise, as the baseline to beat; a second baseline is the last figure of the
same wijk code, without a crosswalk. Every published wijk of the year counts. A wijk that nothing
links to the origin gets the country's rate that each model forecasts for the year.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.arrays import Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, population_column, status_column
from risicomodel.data.panel.crosswalk import carry, redrawn
from risicomodel.results.forecasting import components
from risicomodel.results.forecasting.cohorts import INHABITANTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.crosswalk import Crosswalk
    from risicomodel.learning.problem import Problem
    from risicomodel.results.forecasting.components import Decomposition
    from risicomodel.results.forecasting.on_totals import OnTotals
    from risicomodel.results.forecasting.origins import History


PERSISTENCE_BY_CODE = "persistence_by_code"
UNLINKED = "unlinked"
CARRIED_PEOPLE = "people"
TEXT_COLUMNS = ("domain", AREA, "gm_code", "gm_group", "basis")
KEY = ["domain", "origin_year", "horizon", "model"]


def trials_of_origin(
    problem: Problem,
    history: History,
    decomposition: Decomposition,
    crosswalk: Crosswalk,
    forecasts: Mapping[str, OnTotals],
) -> pd.DataFrame:
    """Compare one domain's forecasts from one origin with the figures published since.

    Parameters
    ----------
    problem : Problem
        The domain's problem, with figures after the origin.
    history : History
        What was known at the origin.
    decomposition : Decomposition
        The forecasts' components, from
        :func:`risicomodel.results.forecasting.components.decompose`.
    crosswalk : Crosswalk
        Between areas of two years.
    forecasts : mapping of str to OnTotals
        By model, from :func:`risicomodel.results.forecasting.on_totals.forecast`.

    Returns
    -------
    DataFrame
        A row per published wijk of the years ahead: ``domain``, ``origin_year``, ``year``,
        ``horizon``, ``wijk_code``, ``gm_code``, ``gm_group``, ``basis``, ``redrawn``
        (whether it was since the origin), ``population``, ``clients`` (published),
        ``shared_error`` and ``own_error`` (expected relative size of the error), and a column of
        clients per model, for :func:`trials_of_model` to choose from.
    """
    wijken, name = problem.wijken, problem.domain
    out = []
    for h in range(len(decomposition.drift)):
        year = history.origin + h + 1
        published_rows = published(wijken, name, year)
        if published_rows.empty:
            continue
        year_rows = wijken[wijken["year"] == year]
        links = crosswalk.links(history.areas, year_rows.assign(people=year_rows[INHABITANTS]))
        clients = _clients_by_model(history, decomposition, forecasts, h)
        matched = _carried_to_year(published_rows, name, history, clients, links)
        out.append(
            matched.assign(domain=name, origin_year=history.origin, year=year, horizon=h + 1)
        )
    table = pd.concat(out, ignore_index=True) if out else pd.DataFrame()
    # categories save memory: there are many rows and few gemeenten
    return table.astype(dict.fromkeys([*TEXT_COLUMNS], "category")) if out else table


def published(wijken: pd.DataFrame, domain: str, year: int) -> pd.DataFrame:
    """Return the rows of a year with a figure and persons at risk.

    Parameters
    ----------
    wijken : DataFrame
        The panel.
    domain : str
        The domain.
    year : int
        The year.

    Returns
    -------
    DataFrame
        The same columns.
    """
    figure = wijken[status_column(domain)].eq("observed") & wijken["year"].eq(year)
    return wijken[figure & wijken[population_column(domain)].gt(0)]


def _clients_by_model(
    history: History, decomposition: Decomposition, forecasts: Mapping[str, OnTotals], h: int
) -> pd.DataFrame:
    """Return every model's clients ``h + 1`` years ahead, for the areas of the origin."""
    clients = {model: one.wijken[:, h] for model, one in forecasts.items()}
    clients[CARRIED_PEOPLE] = decomposition.population[:, h]
    default = clients[components.DEFAULT_MODEL]
    sizes = {
        "shared_error": default * decomposition.shared_error[:, h],
        "own_error": default * decomposition.own_error[:, h],
    }
    return pd.DataFrame(
        {**clients, **sizes, "basis": decomposition.basis}, index=history.areas[AREA]
    )


def _carried_to_year(
    published_rows: pd.DataFrame,
    domain: str,
    history: History,
    origin_forecasts: pd.DataFrame,
    links: pd.DataFrame,
) -> pd.DataFrame:
    """Return every model's forecast of one year, carried to that year's wijken."""
    carried = carry(origin_forecasts.drop(columns="basis"), links, pd.Index(published_rows[AREA]))
    population = published_rows[population_column(domain)].set_axis(carried.index)
    is_redrawn = redrawn(links, carried.index)
    counted = is_redrawn & published_rows["bevolking_year"].eq(published_rows["year"]).to_numpy()
    carried = rake_redrawn(carried, population.where(counted), published_rows["gm_code"].to_numpy())
    unlinked = carried.isna().any(axis=1)
    # a redrawn wijk takes its basis from the area that the largest part of it comes from
    largest = links.sort_values("share").drop_duplicates("to_code", keep="last")
    largest_code = largest.set_index("to_code")["from_code"]
    basis = largest_code.map(origin_forecasts["basis"]).reindex(carried.index)
    common = pd.DataFrame(
        {
            "gm_code": published_rows["gm_code"].to_numpy(),
            "gm_group": published_rows["gm_group"].to_numpy(),
            "basis": basis.mask(unlinked, UNLINKED),
            "redrawn": is_redrawn,
            "population": population,
            "clients": published_rows[clients_column(domain)].to_numpy(),
            "shared_error": carried["shared_error"] / carried[components.DEFAULT_MODEL],
            "own_error": carried["own_error"] / carried[components.DEFAULT_MODEL],
        }
    )
    people = max(population[~unlinked].sum(), 1.0)
    rates = {m: carried.loc[~unlinked, m].sum() / people for m in components.MODELS}
    forecasts = {m: carried[m].mask(unlinked, rate * population) for m, rate in rates.items()}
    forecasts[PERSISTENCE_BY_CODE] = _by_code(published_rows, history, domain).set_axis(
        carried.index
    )
    return common.assign(**forecasts).rename_axis(AREA).reset_index()


def rake_redrawn(
    carried: pd.DataFrame, counted: pd.Series, gm: npt.NDArray[np.str_]
) -> pd.DataFrame:
    """Scale forecasts of redrawn wijken to the people that the year's map counts.

    As forecasts that are no test: the crosswalk only guesses how many people went where. Together
    the redrawn wijken of a gemeente keep their clients.

    Parameters
    ----------
    carried : DataFrame
        Clients by model on the wijken of a year, and the ``people`` that came with them.
    counted : Series
        Persons at risk on the same index; NaN for wijken that were not redrawn, or not counted.
    gm : array of str, shape (wijken,)
        Their gemeenten.

    Returns
    -------
    DataFrame
        Without ``people``.
    """
    people, clients = carried[CARRIED_PEOPLE], carried.drop(columns=CARRIED_PEOPLE)
    off = (counted / people.where(people > 0)).where(counted > 0)
    redrawn_clients = clients[off.notna()]
    raked = redrawn_clients.mul(off.dropna(), axis=0)
    of_gemeente = gm[off.notna().to_numpy()]
    before, after = (t.groupby(of_gemeente).transform("sum") for t in (redrawn_clients, raked))
    out = clients.copy()
    out.loc[redrawn_clients.index] = raked * (before / after.where(after > 0)).fillna(1.0)
    return out


def trials_of_model(trials: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the trials of one model.

    Parameters
    ----------
    trials : DataFrame
        From :func:`trials_of_origin`.
    model : str
        One of the models, or ``persistence_by_code``.

    Returns
    -------
    DataFrame
        The same rows with the model's clients as ``forecast``, and ``model``.
    """
    others = [name for name in (*components.MODELS, PERSISTENCE_BY_CODE) if name != model]
    return trials.drop(columns=others).rename(columns={model: "forecast"}).assign(model=model)


def _country_rate(history: History, domain: str) -> float:
    clients, population = history.clients[domain][:, -1], history.population[domain][:, -1]
    observed = np.isfinite(clients) & np.isfinite(population)
    return float(clients[observed].sum() / population[observed].sum())


def _by_code(published_rows: pd.DataFrame, history: History, domain: str) -> pd.Series:
    """Return the last figure of the code; without one, the rate of the gemeente or the country."""
    last = pd.DataFrame(
        {
            AREA: history.areas[AREA],
            "gm_code": history.areas["gm_code"],
            "clients": history.clients[domain][:, -1],
            "population": history.population[domain][:, -1],
        }
    ).dropna()
    of_gemeente = last.groupby("gm_code")[["clients", "population"]].sum()
    rate = published_rows["gm_code"].map(of_gemeente["clients"] / of_gemeente["population"])
    by_rate = (
        rate.fillna(_country_rate(history, domain)) * published_rows[population_column(domain)]
    )
    figure: pd.Series = published_rows[AREA].map(last.set_index(AREA)["clients"]).fillna(by_rate)
    return figure


def score_trials(trials: pd.DataFrame, rounded_to: int) -> pd.DataFrame:
    """Score every model of one domain, and say where its error came from.

    Parameters
    ----------
    trials : DataFrame
        From :func:`trials_of_origin`, or with ``model`` and ``forecast`` instead of a column per
        model.
    rounded_to : int
        The multiple that CBS rounds the domain's counts to (persons), for the noise floor.

    Returns
    -------
    DataFrame
        Per ``domain``, ``origin_year`` (text; ``all`` is their mean), ``horizon`` and ``model``:
        ``wape`` (Σ|clients − forecast| / Σ clients), ``bias`` (Σ forecast / Σ clients − 1),
        ``wape_gemeente`` (of the sums per gemeente), ``wape_wijk`` (of the wijken, given the true
        sum of their gemeente), ``noise_floor`` (of counting and rounding alone),
        ``wape_wijk_known`` and ``noise_floor_known`` (the same for wijken with a figure at the
        origin), ``n_wijken``, ``n_origins``.
    """
    models = [PERSISTENCE_BY_CODE, *components.MODELS] if "model" not in trials else []
    tables = [trials_of_model(trials, model) for model in models] or [trials]
    per_origin = pd.DataFrame(
        [
            {**dict(zip(KEY, key, strict=True)), **_error_measures(part, rounded_to)}
            for model_trials in tables
            for key, part in model_trials.groupby(KEY, observed=True)
        ]
    )
    by = ["domain", "horizon", "model"]
    mean = per_origin.drop(columns="origin_year").groupby(by).mean().reset_index()
    mean["n_origins"] = per_origin.groupby(by)["origin_year"].nunique().to_numpy()
    table = pd.concat([per_origin.assign(n_origins=1), mean.assign(origin_year="all")])
    table["origin_year"] = table["origin_year"].astype("str")
    table["n_wijken"] = table["n_wijken"].round().astype("int64")
    return table.sort_values(KEY, ignore_index=True)


def champions(table: pd.DataFrame) -> dict[str, str]:
    """Return each domain's best model.

    Parameters
    ----------
    table : DataFrame
        From :func:`score_trials`.

    Returns
    -------
    dict of str to str
        By domain the model with the lowest WAPE relative to persistence, mean over origins and
        horizons.
    """
    tested = table[table["origin_year"].ne("all") & table["model"].ne(PERSISTENCE_BY_CODE)]
    wape = tested.pivot(index=KEY[:3], columns="model", values="wape")
    relative_wape = wape.div(wape["persistence"], axis=0).groupby(level="domain").mean()
    return {str(domain): str(row.idxmin()) for domain, row in relative_wape.iterrows()}


def _error_measures(part: pd.DataFrame, rounded_to: int) -> dict[str, float]:
    clients, forecast = _counts(part, "clients", "forecast")
    sums = part.groupby("gm_code", observed=True)[["clients", "forecast"]].sum()
    with_figure = part[part["basis"] == "figure"]
    (clients_with_figure,) = _counts(with_figure, "clients")
    return {
        "wape": metrics.wape_of_counts(clients, forecast),
        "bias": metrics.bias_of_counts(clients, forecast),
        "wape_gemeente": metrics.wape_of_counts(*_counts(sums, "clients", "forecast")),
        "wape_wijk": metrics.wape_of_counts(clients, _scaled_to_gemeente(part)),
        "noise_floor": metrics.noise_floor(clients, rounded_to),
        "wape_wijk_known": metrics.wape_of_counts(
            clients_with_figure, _scaled_to_gemeente(with_figure)
        ),
        "noise_floor_known": metrics.noise_floor(clients_with_figure, rounded_to),
        "n_wijken": len(part),
    }


def _counts(part: pd.DataFrame, *names: str) -> list[Floats]:
    return [part[name].to_numpy(dtype="float64") for name in names]


def _scaled_to_gemeente(part: pd.DataFrame) -> Floats:
    """Return the forecasts scaled to the true sum of their gemeente."""
    sums = part.groupby("gm_code", observed=True)[["clients", "forecast"]].transform("sum")
    scaled: pd.Series = part["forecast"] * sums["clients"] / sums["forecast"].clip(1e-9)
    return scaled.to_numpy(dtype="float64")
