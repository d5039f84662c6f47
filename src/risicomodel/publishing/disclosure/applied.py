"""The rules applied to the tables of a run: the one way from a run's folder to what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import (
    explanations,
    figures,
    gap_parts,
    profile,
    reviews,
    rules,
    tables,
    unassigned,
)
from risicomodel.publishing.disclosure.forecasts import forecasts
from risicomodel.publishing.disclosure.shown import Shown

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.publishing.disclosure.tables import Tables


def disclose(run: Path) -> Shown:
    """Read a run's tables and return what may be shown of them.

    Parameters
    ----------
    run : Path
        Folder of a finished run of wijken with estimates.

    Raises
    ------
    ConfigError
        If it is not the folder of such a run.
    """
    return of_tables(tables.read(run))


def of_tables(of_run: Tables) -> Shown:
    """Return what may be shown of a run's tables.

    Parameters
    ----------
    of_run : Tables
        Before anything is hidden.
    """
    cells = figures.cells(of_run)
    hidden, given = figures.covered(cells, figures.published(of_run))
    of_wijken = figures.of_wijken(of_run, cells, hidden)
    of_gemeenten = figures.of_gemeenten(of_run, cells, given, hidden)
    wijken = _wijken(of_run)
    sums = unassigned.of_years(of_run, cells, hidden, of_gemeenten)
    ahead = forecasts(of_run, cells, hidden, of_gemeenten, sums)
    of_map = None
    if ahead is not None:
        of_map = ahead.wijken.assign(on_page=_on_page(of_run, wijken, ahead.wijken[AREA]))
        sums = pd.concat([sums, ahead.sums], ignore_index=True)
    rounded_to = {name: domain.rounded_to for name, domain in of_run.domains.items()}
    of_wijken = gap_parts.add(of_wijken, rounded_to)
    facts = profile.facts(of_run.newest)
    said = reviews.shown(
        of_run.rounds, wijken=wijken, forecasts=of_map, features=of_run.about.tables.features
    )
    return Shown(
        wijken=wijken,
        figures=of_wijken,
        totals=of_gemeenten,
        sums=sums,
        forecasts=of_map,
        forecast_totals=None if ahead is None else ahead.gemeenten,
        profile=facts,
        stacking=_stacking(of_run, of_wijken),
        explanations=_explanations(of_run, cells, of_wijken, facts),
        dependence=explanations.along_values(of_run.dependence, len(wijken)),
        similar=_similar(of_run),
        outlines=_outlines(of_run, wijken),
        reviews=said.rounds,
        review_estimates=said.estimates,
        review_causes=said.causes,
        review_actions=said.actions,
        about=of_run.about,
    )


def _wijken(of_run: Tables) -> pd.DataFrame:
    """Return the wijken of the newest year, without the number of people where that is small.

    Of a gemeente that is on no year's table, for it is new, they are those of the newest map.
    """
    newest = of_run.newest
    people = newest[profile.PEOPLE].where(newest[profile.PEOPLE] >= rules.LIMITS.population)
    columns = [AREA, "wijk_name", "gm_code", "gm_name", "year", "place_id"]
    wijken = newest[columns].assign(people=people)
    if of_run.forecasts is not None:
        of_map = of_run.forecasts.drop_duplicates(AREA)
        new = of_map[~of_map["gm_code"].isin(set(newest["gm_code"]))]
        if len(new):
            place_id = new[AREA].map(_places_of_map(of_run))
            wijken = pd.concat([wijken, new[columns[:4]].assign(place_id=place_id)])
    return wijken.sort_values(AREA, ignore_index=True)


def _on_page(of_run: Tables, wijken: pd.DataFrame, codes: pd.Series) -> pd.Series:
    """Return which codes of forecasts are the place that a page of that code is about.

    Forecasts are of the newest map, on which a code may have come to mean another area.
    """
    on_page = codes.map(wijken.set_index(AREA)["place_id"])
    return on_page.notna() & (codes.map(_places_of_map(of_run)).fillna(on_page) == on_page)


def _places_of_map(of_run: Tables) -> dict[str, str]:
    """Return which place a code of the newest map is; nothing where figures are newer."""
    if of_run.outlines is None or of_run.outlines.empty:
        return {}
    outlines, last = of_run.outlines, int(of_run.outlines["year"].max())
    newest = outlines[outlines["year"] == max(last, of_run.about.last_year)]  # or no newer map
    return dict(zip(newest[AREA], newest["place_id"], strict=True))


def _stacking(of_run: Tables, of_wijken: pd.DataFrame) -> pd.DataFrame | None:
    """Return who has any provision, of wijken of which every domain's figure is shown."""
    table = of_run.stacking
    if table is None:
        return None
    shown = of_wijken[~of_wijken["hidden"]].groupby([AREA, "year"])["domain"].nunique()
    whole = shown[shown == len(of_run.domains)].index
    in_whole = table.set_index([AREA, "year"]).index.isin(whole)
    least = rules.LIMITS.count
    enough = (table["clients"] >= least) & (table["households"] >= least)
    return table[in_whole & enough].reset_index(drop=True)


def _explanations(
    of_run: Tables, cells: pd.DataFrame, of_wijken: pd.DataFrame, facts: pd.DataFrame
) -> pd.DataFrame | None:
    """Return contributions of wijken, domains and years whose expected rate is shown."""
    explained = cells[[*figures.KEY, "gm_code", "population"]]
    shown = of_wijken.loc[of_wijken["expected"].notna(), figures.KEY]
    units = of_run.about.tables.features.set_index("feature")["unit"].astype("str")
    printed = explanations.Printed(
        of_run.about.last_year,
        {level: profile.ways(facts, level) for level in ("country", "gemeente")},
        {str(name) for name in units.index[units.str.startswith("log")]},
    )
    return explanations.of_wijken(
        of_run.explanations, explained.merge(shown, on=figures.KEY), of_run.similar, printed
    )


def _similar(of_run: Tables) -> pd.DataFrame | None:
    """Return the most similar wijken, of the newest year that has any."""
    table = of_run.similar
    return None if table is None else table[table["year"] == table["year"].max()]


def _outlines(of_run: Tables, wijken: pd.DataFrame) -> pd.DataFrame | None:
    """Return the newest outline of every place that is a wijk now."""
    if of_run.outlines is None:
        return None
    newest = of_run.outlines.sort_values("year").drop_duplicates("place_id", keep="last")
    outlines = wijken[[AREA, "place_id"]].merge(newest[["place_id", "outline"]], on="place_id")
    return outlines.dropna(subset=["outline"]).drop(columns="place_id")
