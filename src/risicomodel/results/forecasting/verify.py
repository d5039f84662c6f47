"""Verification: compare forecasts made earlier with the figures published since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import DataError
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, population_column
from risicomodel.data.panel.crosswalk import Crosswalk, carry
from risicomodel.results.forecasting import backtest, forecast_intervals, origins, total_trials
from risicomodel.results.forecasting.gemeente_totals import carry_totals, links_between_gemeenten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.panel.build import Panel

N_WORST = 10
# Persons: a smaller figure is never shown to a reader.
MIN_SHOWN_CLIENTS = 10


@dataclass(frozen=True)
class Verification:
    """How earlier forecasts turned out.

    Parameters
    ----------
    scores : DataFrame
        As from :func:`risicomodel.results.forecasting.backtest.score_trials`, per year of the
        figures, with ``coverage`` of the 90% intervals.
    gemeenten : DataFrame
        The champion's totals, forecast and published, per gemeente and year. Where no total is
        published of a year, the sum of the published wijken stands in for both.
    worst : DataFrame
        The ten wijken per domain and year with the champion's largest errors, in clients.
    wijken : DataFrame
        Every forecast with its figure.
    notes : list of str
        What a reader must know.
    """

    scores: pd.DataFrame
    gemeenten: pd.DataFrame
    worst: pd.DataFrame
    wijken: pd.DataFrame
    notes: list[str]


def verify(
    forecasts: pd.DataFrame,
    sums: pd.DataFrame,
    boundaries: dict[str, Any],
    panel: Panel,
    rounded_to: Mapping[str, int],
) -> Verification:
    """Compare earlier forecasts with a panel that has later figures.

    Parameters
    ----------
    forecasts : DataFrame
        ``forecasts.parquet``.
    sums : DataFrame
        ``forecast_sums.csv``.
    boundaries : dict
        ``kind`` (``map`` or ``tables``) and ``year`` of the boundaries they are for.
    panel : Panel
        With figures of some of the years forecast.
    rounded_to : mapping of str to int
        The multiple that CBS rounds to (persons), by domain.

    Returns
    -------
    Verification
        Scores, sums and errors.

    Raises
    ------
    DataError
        If no figure of any forecast year has been published yet.
    """
    areas, notes = _areas(forecasts, boundaries, panel)
    crosswalk = Crosswalk(panel.outlines)
    with_forecast = forecasts.dropna(subset=["clients"])
    out, totals = [], []
    for _, part in with_forecast.groupby(["domain", "year"]):
        domain, year = str(part["domain"].iloc[0]), int(part["year"].iloc[0])
        target = backtest.published(panel.wijken, domain, year)
        if not target.empty:
            figure_areas = origins.areas_of_year(panel.wijken, year)
            links = crosswalk.links(areas, figure_areas)
            out.append(_matched(part, target, domain, links))
            between = links_between_gemeenten(areas, figure_areas, links)
            totals.append(_totals(sums, panel.gemeenten, between, (domain, year)))
    if not out:
        years = f"{with_forecast['year'].min()}–{with_forecast['year'].max()}"
        raise DataError(
            f"no figure is out yet of the years that were forecast ({years}); expected an archive "
            "with tables of one of them. Add the tables, or wait for them."
        )
    rows = pd.concat(out, ignore_index=True)
    champion = rows[rows["champion"]]
    gemeenten = _gemeenten(champion, pd.concat(totals))
    return Verification(_scores(rows, rounded_to), gemeenten, _worst(champion), rows, notes)


def _areas(
    forecasts: pd.DataFrame, boundaries: dict[str, Any], panel: Panel
) -> tuple[pd.DataFrame, list[str]]:
    """Return the forecast wijken as the panel knows them, and a note on those it does not."""
    kind, year = boundaries["kind"], int(boundaries["year"])
    panel_areas = (
        origins.areas_of_map(panel, year)
        if kind == "map"
        else origins.areas_of_year(panel.wijken, year)
    )
    codes = set(forecasts[AREA])
    areas = panel_areas[panel_areas[AREA].isin(codes)]
    n_missing = len(codes) - len(areas)
    plural = panel.level.plural
    note = f"{n_missing} forecast {plural} are not in the archive and are left out."
    return areas, [note] if n_missing else []


def _matched(
    part: pd.DataFrame, target: pd.DataFrame, domain: str, links: pd.DataFrame
) -> pd.DataFrame:
    """Return one domain's forecasts of one year with the figures, on the wijken of the figures."""
    year = int(part["year"].iloc[0])
    counts = ["clients", "clients_lower", "clients_upper"]
    out = []
    for model, model_forecasts in part.groupby("model"):
        by_area = model_forecasts.set_index(AREA)
        carried = carry(by_area[counts], links, pd.Index(target[AREA]))
        table = target[[AREA, "wijk_name", "gm_code", "gm_name"]].set_index(carried.index).assign(
            forecast=carried["clients"],
            lower=carried["clients_lower"],
            upper=carried["clients_upper"],
            clients=target[clients_column(domain)].to_numpy(),
            population=target[population_column(domain)].to_numpy(),
            basis=by_area["basis"].reindex(carried.index),
            model=model,
            champion=bool(by_area["champion"].iloc[0]),
            origin_year=int(by_area["origin_year"].iloc[0]),
            horizon=int(by_area["horizon"].iloc[0]),
        )  # fmt: skip
        out.append(table.dropna(subset=["forecast"]).reset_index(drop=True))
    return pd.concat(out, ignore_index=True).assign(domain=domain, year=year)


def _scores(rows: pd.DataFrame, rounded_to: Mapping[str, int]) -> pd.DataFrame:
    tables = [
        backtest.score_trials(part, rounded_to[str(domain)])
        for domain, part in rows.groupby("domain")
    ]
    table = pd.concat(tables, ignore_index=True)
    actual = rows["clients"].clip(upper=rows["population"])
    with_coverage = rows.assign(
        origin_year=rows["origin_year"].astype("str"),
        coverage=actual.between(rows["lower"], rows["upper"]).astype("float64"),
    )
    coverage = with_coverage.groupby(backtest.KEY)["coverage"].mean().reset_index()
    scores = table[table["origin_year"] != "all"].merge(coverage, on=backtest.KEY)
    champion = rows[["domain", "model", "champion"]].drop_duplicates()
    return scores.merge(champion, on=["domain", "model"]).drop(columns="n_origins")


def _totals(
    sums: pd.DataFrame,
    published: pd.DataFrame,
    links: pd.DataFrame,
    domain_and_year: tuple[str, int],
) -> pd.DataFrame:
    """Return totals of gemeenten that start from a published one, beside those published since."""
    domain, year = domain_and_year
    of_year = sums[sums["domain"].eq(domain) & sums["year"].eq(year)]
    on_base = of_year["level"].eq("gemeente") & of_year["base"].eq(total_trials.PUBLISHED)
    forecast = of_year[on_base].set_index("code")[["clients"]]
    rows = published[published["year"] == year].set_index("gm_code")
    since = rows.reindex(columns=[clients_column(domain)])[clients_column(domain)].dropna()
    carried = carry_totals(forecast, links, since.index)[:, 0]
    table = pd.DataFrame({"forecast": carried, "clients": since, "domain": domain, "year": year})
    return table.dropna().rename_axis("gm_code").reset_index()


def _gemeenten(rows: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    by = ["domain", "year", "gm_code", "gm_name"]
    sums = rows.groupby(by)[["forecast", "clients"]].sum().reset_index()
    on_base = sums[by].merge(totals, on=by[:3], how="left")
    has_total = on_base["forecast"].notna()
    for column in ("forecast", "clients"):
        sums[column] = on_base[column].where(has_total, sums[column])
    off = sums["forecast"] - sums["clients"]
    return sums.assign(off=off, off_share=off / sums["clients"].where(sums["clients"] > 0))


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    off = rows["forecast"] - rows["clients"]
    shown = rows.assign(off=off, apart=off.abs())[rows["clients"] >= MIN_SHOWN_CLIENTS]
    ranked = shown.sort_values(["domain", "year", "apart"], ascending=[True, True, False])
    columns = [
        "domain",
        "year",
        AREA,
        "wijk_name",
        "gm_name",
        "forecast",
        *forecast_intervals.LIMITS,
    ]
    return ranked.groupby(["domain", "year"]).head(N_WORST)[[*columns, "clients", "off", "basis"]]
