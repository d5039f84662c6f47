"""What may be shown: no count under 10, no rate on fewer than 10 clients or 100 people.

Nor anything from which one could be worked out.

This is the only module that reads a run's tables (those of explanations it hands to
:mod:`explained`); pages, pictures and downloads are made of what it gives back. Three rules do the
work. A figure that is too small is *hidden*. What adds up to a figure that is given (wijken to the
published total of their gemeente, age bands to all people) is *covered*: where one part is hidden
so are others, until what is left of the total is of two parts or more and large enough to be shown
itself; where that would take too many, the total is not given instead. And every mean or share over
wijken that is worked out here is of the wijken shown, so that taking those away from it leaves
nothing. All figures of a wijk in a year share one fate, and a forecast shares that of the figure it
stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools, Floats
from risicomodel.core.levels import AREA
from risicomodel.data.domains import clients_column, status_column
from risicomodel.data.panel import names
from risicomodel.publishing.report import explained, profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.publishing.report.tables import Tables


LEAST_CLIENTS = 10.0
LEAST_PEOPLE = 100.0
LEAST_PARTS = 2
MOST_COVER = 0.2  # of the parts of a total that may be hidden for the sake of others
MOST_ELSEWHERE = 0.2  # of a published total that may be of no wijk there is

KEY = ["domain", AREA, "year"]
SHOWN, HIDDEN = "shown", "hidden"
OBSERVED, SUPPRESSED = "observed", "suppressed"
PARTIAL = "partial"  # of a total: there are no wijken of a part of the gemeente
FIGURES = [
    "observed", "observed_clients", "estimate", "estimate_lower", "estimate_upper",
    "estimate_clients",
]  # fmt: skip
EXPECTED = ["expected", "expected_lower", "expected_upper"]


@dataclass(frozen=True)
class Shown:
    """What may be shown of a run, of all gemeenten.

    Parameters
    ----------
    wijken : DataFrame
        Per wijk of the newest year: codes, names, ``place_id``, ``people`` (empty under 100).
    figures : DataFrame
        Per domain, wijk and year: ``status`` (``shown``, ``hidden`` or why there is no figure),
        observed, estimate and expected with their bands (rates), clients to CBS's rounding.
    totals : DataFrame
        Per domain, gemeente and year: ``clients``, ``rate`` (empty where not given), ``source``
        (``published``, ``estimate``, or ``partial`` where wijken lack).
    forecasts, forecast_totals : DataFrame or None
        Per domain, wijk (gemeente) and year to come.
    profile : DataFrame
        Long: ``level`` (wijk, gemeente, country), ``code``, ``name``, ``value``, ``year``.
    stacking : DataFrame or None
        Persons and households with any provision, per wijk and year.
    explanations : DataFrame or None
        Of wijken and domains whose expected rate is shown, beside others of those.
    dependence : DataFrame or None
        What features do along their values, in the country.
    similar : DataFrame or None
        Which wijken are most alike.
    """

    wijken: pd.DataFrame
    figures: pd.DataFrame
    totals: pd.DataFrame
    forecasts: pd.DataFrame | None
    forecast_totals: pd.DataFrame | None
    profile: pd.DataFrame
    stacking: pd.DataFrame | None
    explanations: pd.DataFrame | None
    dependence: pd.DataFrame | None
    similar: pd.DataFrame | None


def disclose(tables: Tables) -> Shown:
    """Return what may be shown of a run's tables."""
    cells = _cells(tables)
    hidden, given = _covered(cells, ["domain", "gm_code", "year"], _published(tables))
    figures = _figures(tables, cells, hidden)
    ahead, ahead_totals = _forecasts(tables, cells.assign(hidden=hidden))
    totals = _totals(tables, cells, given)
    return Shown(
        wijken=_wijken(tables),
        figures=figures,
        totals=totals,
        forecasts=ahead,
        forecast_totals=_of_whole(ahead_totals, totals),
        profile=_profile(tables),
        stacking=_stacking(tables, figures),
        explanations=_explained(tables, cells, figures),
        dependence=explained.along(tables.dependence, len(_wijken(tables))),
        similar=_similar(tables),
    )


def cover(
    hidden: Bools, clients: Floats, people: Floats, total: float, most: Floats | None = None
) -> tuple[Bools, bool]:
    """Return which parts of a total to hide, and whether it may be given beside the others.

    Parameters
    ----------
    hidden : array of bool
        Parts too small to show.
    clients, people : array
        Of every part. The smallest by people are hidden first: that is the same from year to year.
    total : float
        What is given; NaN where the parts' own sum is.
    most : array, optional
        The most that is shown as a part's clients, where it is shown in more than one way.
    """
    if not hidden.any():
        return hidden, True
    allowed = max(1, int(MOST_COVER * len(hidden)))
    others = [i for i in np.argsort(people, kind="stable") if not hidden[i]]
    trial, shown = hidden.copy(), clients if most is None else most
    for part in [None, *others[:allowed]]:
        if part is not None:
            trial[part] = True
        left = clients[trial].sum()
        beside = total - shown[~trial].sum() if np.isfinite(total) else left
        parts, persons = trial.sum(), people[trial].sum()
        large = min(left, beside) >= LEAST_CLIENTS and persons >= LEAST_PEOPLE
        if large and parts >= LEAST_PARTS:
            return trial, True
    return hidden, False


def _cells(tables: Tables) -> pd.DataFrame:
    """Return every domain, wijk and year with its figures, and whether they are too small."""
    rows = tables.predictions
    wide = rows[rows["kind"] == "estimate"].drop(columns="kind").rename(columns=_named("estimate"))
    about = rows[rows["kind"] == "expected"][[*KEY, "rate", "lower", "upper", "clients"]]
    wide = wide.merge(about.rename(columns=_named("expected")), on=KEY, how="left")
    parts = []
    for domain in tables.domains:
        own = tables.panel[[AREA, "year", "gm_code", clients_column(domain), status_column(domain)]]
        own = own.rename(
            columns={clients_column(domain): "published", status_column(domain): "status"}
        )
        parts.append(wide[wide["domain"] == domain].merge(own, on=[AREA, "year"], how="inner"))
    cells = pd.concat(parts, ignore_index=True)
    clients = cells["estimate_clients"]
    # a wijk that CBS leaves blank beside others is blank for being small, as far as anyone can tell
    cells["small"] = (
        ~(clients >= LEAST_CLIENTS)  # nor is one that is not known shown
        | (cells["published"] < LEAST_CLIENTS)
        | ~(cells["population"] >= LEAST_PEOPLE)
        | cells["status"].eq(SUPPRESSED)
    )
    return cells.assign(clients=clients, most=np.fmax(clients, cells["published"]))


def _named(kind: str) -> dict[str, str]:
    names = {name: f"{kind}_{name}" for name in ("lower", "upper", "clients")}
    return {"rate": kind, **names}


def _published(tables: Tables) -> dict[tuple[str, str, int], float]:
    """Return what CBS publishes of gemeenten: clients per domain, gemeente and year."""
    out = {}
    for domain in tables.domains:
        known = tables.gemeenten[["gm_code", "year", clients_column(domain)]].dropna()
        for code, year, clients in known.itertuples(index=False):
            out[domain, code, int(year)] = float(clients)
    return out


def _covered(
    cells: pd.DataFrame, by: list[str], totals: Mapping[Any, float]
) -> tuple[pd.Series, pd.Series]:
    """Return which cells to hide, and of every group whether its total may be given."""
    names = ["clients", "population", "most"]
    out = cells["small"].to_numpy(copy=True)
    clients, people, most = (cells[name].fillna(0.0).to_numpy() for name in names)
    given: dict[Any, bool] = {}
    for group, rows in cells.groupby(by, sort=False).indices.items():
        total = totals.get(group, np.nan)
        out[rows], given[group] = cover(out[rows], clients[rows], people[rows], total, most[rows])
    index = pd.MultiIndex.from_tuples(list(given), names=by)
    return pd.Series(out, index=cells.index), pd.Series(list(given.values()), index, dtype=bool)


def _figures(tables: Tables, cells: pd.DataFrame, hidden: pd.Series) -> pd.DataFrame:
    """Return the figures of wijken, blank where hidden, clients to CBS's own rounding."""
    out = cells.assign(
        observed=cells["published"] / cells["population"],
        observed_clients=cells["published"],
        hidden=hidden,
        status=cells["status"].mask(cells["status"].eq(OBSERVED), SHOWN).mask(hidden, HIDDEN),
    )
    out.loc[hidden, FIGURES] = np.nan
    # what is expected stands apart: no figure of the wijk has touched it
    few = ~(cells["expected_clients"] >= LEAST_CLIENTS)
    out.loc[few | ~(cells["population"] >= LEAST_PEOPLE), EXPECTED] = np.nan
    rounded_to = {name: float(d.rounded_to) for name, d in tables.domains.items()}
    base = out["domain"].map(rounded_to).astype("float64")  # also where no row is left
    for name in ("observed_clients", "estimate_clients"):
        out[name] = (out[name] / base).round() * base
    columns = [*KEY, "gm_code", "status", "hidden", "basis", *FIGURES, *EXPECTED]
    return out[columns].sort_values(KEY, ignore_index=True)


def _totals(tables: Tables, cells: pd.DataFrame, given: pd.Series) -> pd.DataFrame:
    """Return the clients of gemeenten: published where that is so, else their wijken together."""
    by = ["domain", "gm_code", "year"]
    sums = cells.groupby(by)[["clients", "population"]].sum()
    published = pd.Series(_published(tables)).rename_axis(by).reindex(sums.index)
    clients = published.fillna(sums["clients"])
    # where wijken lack, clients of all of the gemeente over people of a part of it is no rate
    whole = sums["clients"] >= (1 - MOST_ELSEWHERE) * clients
    ok = (
        given.reindex(sums.index)
        & whole
        & (clients >= LEAST_CLIENTS)
        & (sums["population"] >= LEAST_PEOPLE)
    )
    bases = pd.Series({name: d.rounded_to for name, d in tables.domains.items()}, dtype=float)
    base = bases.reindex(sums.index.get_level_values("domain")).to_numpy()
    return pd.DataFrame(
        {
            "clients": ((clients / base).round() * base).where(ok),
            "rate": (clients / sums["population"]).where(ok),
            "source": published.notna()
            .map({True: "published", False: "estimate"})
            .mask(~whole, PARTIAL),
        }
    ).reset_index()


def _forecasts(
    tables: Tables, cells: pd.DataFrame
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return forecasts of wijken and gemeenten; hidden where they stand on a hidden figure."""
    rows, sums = tables.forecasts, tables.forecast_sums
    if rows is None or sums is None:
        return None, None
    origin = cells[[*KEY, "hidden"]].rename(columns={"year": "origin_year"})
    rows = rows.merge(origin, on=["domain", AREA, "origin_year"], how="left")
    few = ~(rows["clients"] >= LEAST_CLIENTS) | ~(rows["population"] >= LEAST_PEOPLE)
    rows = rows.assign(small=few | rows["hidden"].eq(True), most=rows["clients"])
    sums = sums[sums["level"] == "gemeente"].rename(columns={"code": "gm_code"})
    by = ["domain", "gm_code", "year"]
    total = sums.set_index(by)["clients"].to_dict()
    spoken = rows[rows["clients"].notna()].reset_index(drop=True)
    hidden, given = _covered(spoken, by, total)
    shown = spoken.assign(hidden=hidden)
    shown.loc[hidden, ["rate", "lower", "upper"]] = np.nan
    may = given.reindex(sums.set_index(by).index).eq(True).to_numpy()
    may = may & (sums["clients"] >= LEAST_CLIENTS).to_numpy()
    kept = ["rate", "lower", "upper"]
    sums = sums[[*by, "origin_year", "horizon", *kept]].copy()
    sums.loc[~may, kept] = np.nan
    columns = [*KEY, "gm_code", "wijk_name", "origin_year", "horizon", "hidden", *kept]
    return shown[columns], sums.reset_index(drop=True)


def _of_whole(ahead: pd.DataFrame | None, totals: pd.DataFrame) -> pd.DataFrame | None:
    """Return sums of forecasts but for gemeenten of which the newest map lacks wijken."""
    if ahead is None:
        return None
    last = totals[totals["year"] == totals["year"].max()]
    lacking = last.loc[last["source"] == PARTIAL, "gm_code"]
    ahead.loc[ahead["gm_code"].isin(lacking), ["rate", "lower", "upper"]] = float("nan")
    return ahead


def _wijken(tables: Tables) -> pd.DataFrame:
    """Return the wijken of the newest year; of those with few people not how many there are."""
    last = tables.panel[tables.panel["year"] == tables.last_year]
    people = last[profile.PEOPLE].where(last[profile.PEOPLE] >= LEAST_PEOPLE)
    columns = [AREA, "wijk_name", "gm_code", "gm_name", "place_id", "mate_van_stedelijkheid"]
    there = [name for name in columns if name in last]
    return last[there].assign(people=people).sort_values(AREA, ignore_index=True)


def _profile(tables: Tables) -> pd.DataFrame:
    """Return who lives where and how, of wijken, gemeenten and the country, in long form."""
    last = tables.panel[tables.panel["year"] == tables.last_year]
    last = last[last[profile.PEOPLE] >= LEAST_PEOPLE].reset_index(drop=True)
    parts = _shares(last) + _facts(last)
    long = pd.concat(parts, ignore_index=True)
    of_gemeente = _means(long, ["name", "gm_code"]).rename(columns={"gm_code": "code"})
    country = _means(long, ["name"]).assign(code="NL")
    wijken = long.assign(level="wijk", code=long[AREA], value=long["part"] / long["whole"])
    return pd.concat(
        [wijken, of_gemeente.assign(level="gemeente"), country.assign(level="country")],
        ignore_index=True,
    )[["level", "code", "name", "value", "year"]]


def _shares(last: pd.DataFrame) -> list[pd.DataFrame]:
    """Return shares of people and households, without small ones and what would tell them."""
    out = []
    for whole in dict.fromkeys(item.whole for item in profile.SHARES):
        items = [item for item in profile.SHARES if item.whole == whole and item.name in last]
        parts = last[[item.name for item in items]].to_numpy(dtype="float64")
        all_of = last[whole].to_numpy(dtype="float64")
        hidden = ~(parts >= LEAST_CLIENTS) | ~(all_of >= LEAST_PEOPLE)[:, None]
        for row in np.flatnonzero(hidden.any(axis=1) & ~hidden.all(axis=1)):
            hidden[row] = _cover_parts(hidden[row], np.nan_to_num(parts[row]))
        for j, item in enumerate(items):
            out.append(_long(last, item, parts[:, j], all_of, ~hidden[:, j]))
    return out


def _cover_parts(hidden: Bools, parts: Floats) -> Bools:
    """Return which parts of a whole that is known to hide: all of them where two will not do."""
    hidden = hidden.copy()
    for part in np.argsort(parts, kind="stable"):
        if hidden.sum() >= LEAST_PARTS and parts[hidden].sum() >= LEAST_CLIENTS:
            break
        hidden[part] = True
    return hidden


def _facts(last: pd.DataFrame) -> list[pd.DataFrame]:
    out = []
    for item in profile.FACTS:
        if item.name in last:
            value, weight = last[item.name], last[item.weight].fillna(0.0)
            there = (value.notna() & (weight > 0)).to_numpy()
            out.append(_long(last, item, value * weight, weight, there))
    return out


def _long(
    last: pd.DataFrame, item: profile.Share | profile.Fact, part: Any, whole: Any, keep: Bools
) -> pd.DataFrame:
    codes = last[[AREA, "gm_code"]]
    year = last[names.edition_column(item.topic)]
    return codes.assign(name=item.name, year=year, part=part, whole=whole)[keep]


def _means(long: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return means over the wijken that are shown, and those only."""
    found = long.groupby(by).agg(part=("part", "sum"), whole=("whole", "sum"), year=("year", "max"))
    return found.assign(value=found["part"] / found["whole"]).reset_index()


def _stacking(tables: Tables, figures: pd.DataFrame) -> pd.DataFrame | None:
    """Return who has any provision, of wijken of which every domain's figure is shown."""
    if tables.stacking is None:
        return None
    bare = figures[~figures["hidden"]].groupby([AREA, "year"])["domain"].nunique()
    whole = bare[bare == len(tables.domains)].index
    table = tables.stacking
    there = table.set_index([AREA, "year"]).index.isin(whole)
    enough = (table["clients"] >= LEAST_CLIENTS) & (table["households"] >= LEAST_CLIENTS)
    return table[there & enough].reset_index(drop=True)


def _explained(tables: Tables, cells: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame | None:
    """Return contributions of wijken, domains and years whose expected rate is shown."""
    about = cells[[*KEY, "gm_code", "population"]]
    about = about.merge(figures.loc[figures["expected"].notna(), KEY], on=KEY)
    return explained.shown(tables.explanations, about, tables.similar)


def _similar(tables: Tables) -> pd.DataFrame | None:
    """Return which wijken are alike, of the newest year there are any of."""
    table = tables.similar
    return None if table is None else table[table["year"] == table["year"].max()]
