"""Forecasts made earlier beside the figures that came out since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import DataError
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, population_column
from risicomodel.data.panel import crosswalk
from risicomodel.data.panel.crosswalk import Crosswalk
from risicomodel.results.forecasting import backtest, bands, origins

if TYPE_CHECKING:
    from risicomodel.data.panel.build import Panel

WORST = 10
# persons: of fewer no figure is shown to a reader
SMALL = 10


@dataclass(frozen=True)
class Verified:
    """What :func:`verify` gives.

    Parameters
    ----------
    scores : DataFrame
        As :func:`backtest.scores`, per year of the figures, with ``coverage`` of the 90% bands.
    gemeenten : DataFrame
        The champion's clients forecast and counted, per gemeente and year.
    worst : DataFrame
        The ten wijken per domain and year that the champion was furthest off in, in clients.
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


def verify(forecasts: pd.DataFrame, boundaries: dict[str, Any], panel: Panel) -> Verified:
    """Compare earlier forecasts with a panel that has later figures.

    Parameters
    ----------
    forecasts : DataFrame
        ``forecasts.parquet``.
    boundaries : dict
        ``map`` or ``tables``: the year of the boundaries they are for.
    panel : Panel
        With figures of some of the years forecast.

    Raises
    ------
    DataError
        If there is no figure yet of any year that was forecast.
    """
    areas, notes = _areas(forecasts, boundaries, panel)
    walk = Crosswalk(panel.outlines)
    said = forecasts.dropna(subset=["clients"])
    out = []
    for _, part in said.groupby(["domain", "year"]):
        domain, year = str(part["domain"].iloc[0]), int(part["year"].iloc[0])
        target = backtest.published(panel.wijken, domain, year)
        if not target.empty:
            there = origins.areas_of_year(panel.wijken, year)
            out.append(_beside(part, target, domain, walk.links(areas, there)))
    if not out:
        years = f"{said['year'].min()}–{said['year'].max()}"
        raise DataError(
            f"no figure is out yet of the years that were forecast ({years}); allowed is an "
            "archive with tables of one of them. Add the tables, or wait for them."
        )
    rows = pd.concat(out, ignore_index=True)
    champion = rows[rows["champion"]]
    return Verified(_scores(rows), _gemeenten(champion), _worst(champion), rows, notes)


def _areas(
    forecasts: pd.DataFrame, boundaries: dict[str, Any], panel: Panel
) -> tuple[pd.DataFrame, list[str]]:
    """Return the wijken that were forecast as the panel knows them; by code where it does not."""
    kind, year = boundaries["kind"], int(boundaries["year"])
    known = (
        origins.areas_of_map(panel, year)
        if kind == "map"
        else origins.areas_of_year(panel.wijken, year)
    )
    asked = set(forecasts[AREA])
    found = known[known[AREA].isin(asked)]
    lost = len(asked) - len(found)
    notes = [f"{lost} wijken that were forecast are not in the archive; they are left out."]
    return found, notes if lost else []


def _beside(
    part: pd.DataFrame, target: pd.DataFrame, domain: str, links: pd.DataFrame
) -> pd.DataFrame:
    """Return one domain's forecasts of one year, carried to the wijken its figures are of."""
    year = int(part["year"].iloc[0])
    counts = ["clients", "clients_lower", "clients_upper"]
    out = []
    for model, own in part.groupby("model"):
        values = own.set_index(AREA)
        carried = crosswalk.carry(values[counts], links, pd.Index(target[AREA]))
        table = target[[AREA, "wijk_name", "gm_code", "gm_name"]].set_index(carried.index).assign(
            forecast=carried["clients"],
            lower=carried["clients_lower"],
            upper=carried["clients_upper"],
            clients=target[clients_column(domain)].to_numpy(),
            population=target[population_column(domain)].to_numpy(),
            basis=values["basis"].reindex(carried.index),
            model=model,
            champion=bool(values["champion"].iloc[0]),
            origin_year=int(values["origin_year"].iloc[0]),
            horizon=int(values["horizon"].iloc[0]),
        )  # fmt: skip
        out.append(table.dropna(subset=["forecast"]).reset_index(drop=True))
    return pd.concat(out, ignore_index=True).assign(domain=domain, year=year)


def _scores(rows: pd.DataFrame) -> pd.DataFrame:
    table = backtest.scores(rows)
    actual = rows["clients"].clip(upper=rows["population"])
    held = rows.assign(
        origin_year=rows["origin_year"].astype("str"),
        coverage=actual.between(rows["lower"], rows["upper"]).astype("float64"),
    )
    coverage = held.groupby(backtest.KEY)["coverage"].mean().reset_index()
    told = table[table["origin_year"] != "all"].merge(coverage, on=backtest.KEY)
    champion = rows[["domain", "model", "champion"]].drop_duplicates()
    return told.merge(champion, on=["domain", "model"]).drop(columns="n_origins")


def _gemeenten(rows: pd.DataFrame) -> pd.DataFrame:
    by = ["domain", "year", "gm_code", "gm_name"]
    sums = rows.groupby(by)[["forecast", "clients"]].sum().reset_index()
    off = sums["forecast"] - sums["clients"]
    return sums.assign(off=off, off_share=off / sums["clients"].where(sums["clients"] > 0))


def _worst(rows: pd.DataFrame) -> pd.DataFrame:
    off = rows["forecast"] - rows["clients"]
    shown = rows.assign(off=off, apart=off.abs())[rows["clients"] >= SMALL]
    ranked = shown.sort_values(["domain", "year", "apart"], ascending=[True, True, False])
    columns = ["domain", "year", AREA, "wijk_name", "gm_name", "forecast", *bands.LIMITS]
    return ranked.groupby(["domain", "year"]).head(WORST)[[*columns, "clients", "off", "basis"]]
