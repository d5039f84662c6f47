"""Forecasts as tables: of wijken, their sums, how bands did, and what the drivers are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.levels import AREA
from risicomodel.data.panel import names
from risicomodel.learning import conformal
from risicomodel.results.forecasting import backtest, bands
from risicomodel.results.forecasting import components as course_module
from risicomodel.results.forecasting.backtest import UNLINKED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.core.levels import Level
    from risicomodel.results.forecasting.components import Course
    from risicomodel.results.forecasting.origins import Past

    Followed = Mapping[str, tuple[Past, Course]]

COUNTRY = "NL00"
SILENT = "silent"
KEY = ["domain", AREA, "origin_year", "year", "model"]
WIJKEN = [
    *KEY, "horizon", "rate", "lower", "upper", "clients", "clients_lower", "clients_upper",
    "population", "population_source", "basis", "champion", "wijk_name", "gm_code", "gm_name",
]  # fmt: skip
SUMS = [
    "domain", "level", "code", "name", "origin_year", "year", "model", "horizon", "rate", "lower",
    "upper", "clients", "clients_lower", "clients_upper", "population", "n_wijken",
]  # fmt: skip
NORMAL_90 = 1.6449


def forecasts(
    followed: tuple[Past, Course], trials: pd.DataFrame, domain: str, champion: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one domain's forecasts of wijken by every model, and the sums of the champion's.

    Returns
    -------
    wijken, sums : DataFrame
        ``forecasts.parquet`` and ``forecast_sums.csv``: sums are of gemeenten and the country, in
        which their wijken's forecasts add up, bands within those of their wijken together.
    """
    past, course = followed
    linked = trials[trials["basis"] != UNLINKED]
    wijken, sums = [], pd.DataFrame()
    for model in course_module.MODELS:
        own = backtest.of_model(linked, model)
        found = _of_model(past, course, model, own)
        if model == champion:
            said = found[found["basis"] != SILENT]
            sums = _as_published(_sums(said, own).assign(domain=domain, model=model))[SUMS]
        told = found.assign(domain=domain, model=model, champion=model == champion)
        wijken.append(_as_published(told)[WIJKEN])
    return pd.concat(wijken).sort_values(KEY, ignore_index=True), sums


def _of_model(past: Past, course: Course, model: str, trials: pd.DataFrame) -> pd.DataFrame:
    """Return one model's forecasts, clients with their bands, a row per area and year."""
    said = course_module.MODELS[model](course)
    ahead = []
    for h in range(said.shape[1]):
        about = {"horizon": h + 1, "year": past.origin + h + 1, "origin_year": past.origin}
        table = past.areas[[AREA, "wijk_name", "gm_code", "gm_name", "gm_group"]].assign(
            **about,
            basis=course.basis,
            forecast=np.where(course.basis == SILENT, np.nan, said[:, h]),
            population=course.population[:, h],
            shared=course.shared[:, h],
            own=course.own[:, h],
        )
        ahead.append(table)
    rows = pd.concat(ahead, ignore_index=True)
    # nobody has more clients than people
    rows["forecast"] = rows["forecast"].clip(upper=rows["population"])
    spoken = rows["forecast"].notna()
    rows[bands.LIMITS] = bands.conformal(rows[spoken], trials).reindex(rows.index)
    rows["population_source"] = _population_source(past)
    return bands.widened(rows, [AREA])


def _population_source(past: Past) -> str:
    known = [y for i, y in enumerate(past.years) if np.isfinite(past.people[:, i]).any()]
    said = f"KWB {max(known, default=past.origin)}, cohorts"
    return said if past.official is None else f"{said}, adding up to the official forecast"


def _sums(rows: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of gemeenten and of the country, in bands that hold together."""
    about = ["horizon", "year", "origin_year"]
    by = ["gm_code", "gm_name", "gm_group", *about]
    tried = bands.of_gemeenten(trials, ["gm_code", "gm_group", "origin_year", "horizon"])
    gemeenten = bands.of_gemeenten(rows, by)
    gemeenten = gemeenten.join(bands.conformal(gemeenten, tried))
    gemeenten = bands.widened(gemeenten, ["gm_code"])
    gemeenten = _within(gemeenten, rows, [*by])
    country = bands.of_gemeenten(rows, about)
    country = country.join(_of_country(country)).assign(gm_code=COUNTRY, gm_name="Nederland")
    country = _within(country, gemeenten, about)
    counts = rows.groupby([*about, "gm_code"]).size().rename("n_wijken").reset_index()
    whole = counts.groupby(about)["n_wijken"].sum().reset_index().assign(gm_code=COUNTRY)
    table = pd.concat([gemeenten.assign(level="gemeente"), country.assign(level="country")])
    table = table.merge(pd.concat([counts, whole]), on=[*about, "gm_code"])
    return table.rename(columns={"gm_code": "code", "gm_name": "name"})


def _within(sums: pd.DataFrame, parts: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return sums whose bands reach no further than those of their parts together."""
    limits = parts.groupby(by)[bands.LIMITS].sum().add_prefix("least_").reset_index()
    joined = sums.merge(limits, on=by, how="left")
    lower = joined["lower"].clip(lower=joined["least_lower"])
    upper = joined["upper"].clip(upper=joined["least_upper"])
    return joined.assign(lower=lower, upper=upper).drop(columns=["least_lower", "least_upper"])


def _as_published(table: pd.DataFrame) -> pd.DataFrame:
    """Return clients and rates with their bands under the names of the table's contract."""
    people = table["population"].where(table["population"] > 0)
    return table.assign(
        clients=table["forecast"],
        clients_lower=table["lower"],
        clients_upper=table["upper"],
        rate=table["forecast"] / people,
        lower=table["lower"] / people,
        upper=table["upper"] / people,
    )


def _held(trials: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return a model's trials, and their sums, each in the bands of all other origins."""
    by = ["domain", "model", "origin_year", "year", "horizon", "gm_code", "gm_group"]
    sums = bands.of_gemeenten(trials, by)
    whole = bands.of_gemeenten(trials, by[:5])
    tables = [
        trials.join(bands.left_out(trials)).assign(level=level.name),
        sums.join(bands.left_out(sums)).assign(level="gemeente"),
        whole.join(_of_country(whole)).assign(level="country"),
    ]
    return pd.concat(tables, ignore_index=True)


def _of_country(whole: pd.DataFrame) -> pd.DataFrame:
    """Return the country's bands: too few origins have been for a quantile of its errors."""
    years = whole["horizon"] ** course_module.SLOWER
    spread = np.exp(NORMAL_90 * course_module.RESTLESS * years)
    limits = {"lower": whole["forecast"] / spread, "upper": whole["forecast"] * spread}
    return pd.DataFrame(limits, index=whole.index)


def of_bands(trials: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Return how bands did, and what they cost in width.

    Parameters
    ----------
    trials : DataFrame
        Of one domain, as :func:`backtest.rows` gives it.
    level : Level
        Of the areas.

    Returns
    -------
    DataFrame
        Per ``level`` (wijk, gemeente, country), ``domain``, ``model``, ``origin_year`` (or
        ``all``), ``horizon`` and ``group`` (``all`` or a size class of wijken): ``coverage``
        (share of figures within their band), ``width`` (of all bands, per client forecast),
        ``winkler`` (the interval score, per client forecast), ``n_rows``.
    """
    linked = trials[trials["basis"] != UNLINKED].reset_index(drop=True)
    found = [
        _measured(_held(backtest.of_model(linked, model), level)) for model in course_module.MODELS
    ]
    keys = ["level", "domain", "model", "origin_year", "horizon", "group"]
    return pd.concat(found).sort_values(keys, ignore_index=True)


def _measured(held: pd.DataFrame) -> pd.DataFrame:
    rows = held.dropna(subset=bands.LIMITS)
    actual = rows["clients"].clip(upper=rows["population"])
    lower, upper = (rows[limit].to_numpy() for limit in bands.LIMITS)
    measured = rows.assign(
        held=actual.between(rows["lower"], rows["upper"]).astype("float64"),
        width=upper - lower,
        winkler=metrics.interval_score(actual.to_numpy(), lower, upper, conformal.LEVEL),
        size=metrics.size_class(rows["population"], metrics.SIZE_CLASSES, "size"),
    )
    wijken = measured[~measured["level"].isin(["gemeente", "country"])]
    parts = [
        measured.assign(origin_year="all", group="all"),
        measured.assign(group="all"),
        wijken.assign(origin_year="all", group=wijken["size"]),
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


def drivers(
    wijken: pd.DataFrame, courses: Followed, boundaries: str, structure: str
) -> pd.DataFrame:
    """Return what forecasts stand on, and which year each of it describes.

    Returns
    -------
    DataFrame
        ``domain``, ``driver``, ``describes`` (years) and ``what``.
    """
    out = []
    for domain, (past, _) in sorted(courses.items()):
        rows = wijken[wijken["year"] == past.origin]
        own = f"{min(past.years)}–{past.origin}"
        out.append((domain, "figures", own, f"clients of {domain} per wijk"))
        if past.halves.get(domain, np.zeros(1)).any():
            out.append((domain, "halves", f"{past.origin}", "clients in each half of the year"))
        out.append((domain, "boundaries", boundaries, "the wijken that are forecast"))
        for topic in names.topics():
            edition = rows.get(names.edition_column(topic))
            if edition is not None and edition.notna().any():
                what = "people by age, moved on by cohorts" if topic == "bevolking" else structure
                found = "–".join(str(int(y)) for y in sorted({edition.min(), edition.max()}))
                out.append((domain, topic, found, what))
    return pd.DataFrame(out, columns=["domain", "driver", "describes", "what"])


def notes(wijken: pd.DataFrame, boundaries: str, level: Level) -> list[str]:
    """Return what a reader of the forecasts must know."""
    first = wijken[wijken["champion"] & wijken["horizon"].eq(1)]
    silent = first[first["basis"] == SILENT].groupby("domain")[AREA].nunique()
    said = [f"{domain}: {count}" for domain, count in silent.items()]
    out = [f"forecasts are for the {level.plural} of {boundaries}."]
    if said:
        why = "too few people, or nothing known"
        out.append(f"no forecast for {level.plural} with {why}: {', '.join(said)}.")
    return out
