"""The page of a gemeente: in short, maps, ranking, stacking, changes, and how good it is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core import metrics
from risicomodel.core.levels import AREA
from risicomodel.publishing.report import (
    atlas,
    figure_lines,
    forecasts,
    gaps,
    records,
    statements,
    sums,
)
from risicomodel.publishing.report.statements import LIKELY

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.presentation.maps import Drawing
    from risicomodel.publishing.report.gemeente import Gemeente


def view(gemeente: Gemeente, words: Words, drawing: Drawing) -> dict[str, Any]:
    """Return the values of the template of the overview.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    drawing : Drawing
        Outlines of the gemeente's wijken.
    """
    domains = list(gemeente.country.domains)
    return {
        "notes": _notes(gemeente, words),
        "cards": [card(gemeente, domain) for domain in domains],
        "parts": [line for domain in domains for line in _parts(gemeente, words, domain)],
        "moved": forecasts.of_newest_map(gemeente),
        "drawing": drawing,
        "undrawn": [
            row.wijk_name
            for row in gemeente.wijken.itertuples()
            if getattr(row, AREA) not in drawing.paths
        ],
        "maps": [atlas.view(gemeente, words, domain, drawing) for domain in domains],
        "rankings": [_ranking(gemeente, domain) for domain in domains],
        "sums": sums.view(gemeente, words),
        "stacking": _stacking(gemeente),
        "changes": [_changes(gemeente, domain) for domain in domains],
        "quality": [row for domain in domains if (row := _quality(gemeente, domain))],
    }


def card(gemeente: Gemeente, domain: str) -> dict[str, Any]:
    """Return a domain in short: total, the country's rate, a year earlier and ahead.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    domain : str
        Its name: ``wmo``.

    Returns
    -------
    dict
        ``domain``, ``year``, ``country`` (rate of 0–1), of how many gemeenten that is (``n``),
        ``later`` (newer years for which the gemeente delivered nothing); and what there is, else
        None, of ``clients``, ``rate``, ``source``, ``population_year``, ``own_clients``,
        ``before``, ``change`` and ``ahead``.
    """
    year = gemeente.year(domain)
    now, before = gemeente.total(domain, year), gemeente.total(domain, year - 1)
    columns = ("clients", "rate", "source", "population_year", "own_clients")
    out: dict[str, Any] = {
        "domain": domain,
        "year": year,
        **{name: now.get(name) for name in columns},
    }
    out["country"] = gemeente.country.rates.get((domain, year))
    out["n"] = int(gemeente.country.gemeenten.get((domain, year), 0))
    out["not_delivered"] = gemeente.not_delivered(domain, year)
    out["later"] = gemeente.undelivered_after(domain, year)
    out |= {"before": None, "change": None}
    if "rate" in now and "rate" in before and now["source"] == before["source"]:
        out |= {"before": before["rate"], "change": now["rate"] - before["rate"]}
    ahead = forecasts.of_gemeente(gemeente, domain)
    out["ahead"] = None if ahead is None else ahead.to_dict()
    return out


def _notes(gemeente: Gemeente, words: Words) -> list[str]:
    """Return what a reader should know before anything else."""
    years = {"year": gemeente.last, "last": gemeente.country.shown.about.last_year}
    facts = years | {"unnamed": gemeente.name == gemeente.code}
    keys = ["index.older", "index.new", "index.unnamed"]
    return statements.any_of(words, keys, facts, name=gemeente.name, **years)


BIAS = tuple(f"index.quality.{key}" for key in ("too_high", "even", "too_low"))
PARTS = tuple(f"index.parts.{part}{side}" for part in ("", "some_") for side in figure_lines.SIDES)


def _parts(gemeente: Gemeente, words: Words, domain: str) -> list[str]:
    """Return a line on gemeente and country as a whole and on the wijken within it."""
    year = gemeente.year(domain)
    rows = gemeente.figures(domain, year).dropna(subset=["gap"])
    values = {"domain": words.label(domain), "name": gemeente.name, "year": year}
    if rows.empty:
        return [statements.say(words, "index.parts.none", {"off": None}, **values)]
    off = round(100 * float(rows["off_gemeente"].iloc[0]))
    facts: dict[str, Any] = {"off": off, "whole": gemeente.whole(domain, year)}
    key = str(statements.first(PARTS, facts))
    out = [words.text(key, share=words.percent(abs(off) / 100), **values)]
    split = rows.dropna(subset=["gap_wijk"])
    if len(split):
        clients = split["observed_clients"] / split["observed"]
        expected = (split["expected"] * (1 + split["off_gemeente"]) * clients).sum()
        apart = float((split["gap_wijk"].abs() * clients).sum() / expected)
        share = words.percent(apart)
        out.append(statements.say(words, "index.parts.within", {"within": len(split)}, share=share))
    country = round(100 * gemeente.country.off.get((domain, year), 0.0))
    keys = [f"index.parts.country_{side}" for side in figure_lines.SIDES]
    share = words.percent(abs(country) / 100)
    out.append(words.text(str(statements.first(keys, {"country": country})), share=share))
    return [" ".join(out)]


def _ranking(gemeente: Gemeente, domain: str) -> dict[str, Any]:
    """Return all wijken with a domain's figures, the highest first, those without one last."""
    year = gemeente.year(domain)
    figures = gemeente.figures(domain, year)
    ahead = forecasts.of_wijken(gemeente, domain)
    wijken = gemeente.wijken.set_index(AREA)
    rows = wijken[["wijk_name", "people"]].join(
        figures.drop(columns=["gm_code", "domain", "year"]), how="left"
    )
    rows["hidden"] = rows["hidden"].eq(True)
    rows = rows.join(ahead[["rate"]].rename(columns={"rate": "forecast"}), how="left")
    rows["known"] = rows["observed"].fillna(rows["estimate"])
    rows["estimated"] = rows["observed"].isna() & rows["estimate"].notna()
    rows = rows.sort_values(["known", "wijk_name"], ascending=[False, True], na_position="last")
    return {
        "domain": domain,
        "year": year,
        "rows": records.records(rows.reset_index()),
        "ahead": [int(ahead["year"].max())] if len(ahead) else [],
        "own": bool((figures["own"].astype(bool) & figures["observed"].notna()).any()),
        "population_year": gemeente.total(domain, year).get("population_year"),
    }


def _stacking(gemeente: Gemeente) -> dict[str, Any]:
    """Return which wijken are in the country's highest fifth, and for which domains."""
    high: dict[str, dict[str, float]] = {}
    for domain in gemeente.country.domains:
        year = gemeente.year(domain)
        limit = gemeente.country.high.get((domain, year))
        rows = gemeente.figures(domain, year)["estimate"].dropna()
        for code, rate in rows.items():
            if limit is not None and rate >= limit:
                high.setdefault(str(code), {})[domain] = float(rate)
    names = gemeente.wijken.set_index(AREA)["wijk_name"]
    clients, year_of_clients = _any_provision(gemeente)
    stacked = [
        {AREA: code, "wijk_name": names[code], "high": domains, "any": clients.get(code)}
        for code, domains in high.items()
        if code in names.index
    ]
    stacked.sort(key=lambda row: (-len(row["high"]), row["wijk_name"]))
    return {"rows": stacked, "year": year_of_clients}


def _any_provision(gemeente: Gemeente) -> tuple[dict[str, float], int | None]:
    """Return persons with any provision per 1,000 people, by wijk, and of which year."""
    table = gemeente.table("stacking")
    if table is None or table.empty:
        return {}, None
    last = table[table["year"] == table["year"].max()].set_index(AREA)
    people = gemeente.wijken.set_index(AREA)["people"]
    per = (last["clients"] / people.reindex(last.index) * 1000).dropna()
    return {str(code): float(value) for code, value in per.items()}, int(last["year"].iloc[0])


def _changes(gemeente: Gemeente, domain: str) -> dict[str, Any]:
    """Return wijken whose published figure changed by more than noise and rounding."""
    year = gemeente.year(domain)
    columns = ["observed", "observed_clients"]
    after = gemeente.figures(domain, year)[columns]
    before = gemeente.figures(domain, year - 1)[columns]
    both = after.join(before.add_suffix("_before"), how="inner").dropna()
    rounded = gemeente.country.domains[domain].rounded_to
    chance = gaps.of_change(
        (both["observed_before"] * both["observed_clients"] / both["observed"]).to_numpy(),
        both["observed_clients"].to_numpy(),
        rounded,
    )
    names = gemeente.wijken.set_index(AREA)["wijk_name"]
    moved = both[chance < LIKELY]
    moved = moved.assign(change=moved["observed"] - moved["observed_before"])
    moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index)
    rows = [
        {**row, "wijk_name": names[row[AREA]]}
        for row in records.records(moved.rename_axis(AREA).reset_index())
        if row[AREA] in names.index
    ]
    return {"domain": domain, "year": year, "compared": len(both), "rows": rows}


def _quality(gemeente: Gemeente, domain: str) -> dict[str, Any] | None:
    """Return how far off the expected rates are in this gemeente, on figures that are shown."""
    rounded_to = gemeente.country.domains[domain].rounded_to
    here = _errors(gemeente.figures(domain, gemeente.year(domain)), rounded_to)
    if here is None:
        return None
    everyone = gemeente.country.shown.figures
    rows = everyone[(everyone["domain"] == domain) & (everyone["year"] == gemeente.year(domain))]
    bias = round(100 * here["bias"])
    return {
        "domain": domain,
        "year": gemeente.year(domain),
        "here": here,
        "country": _errors(rows, rounded_to),
        "bias": bias,
        "bias_key": statements.first(BIAS, {"bias": bias}),
    }


def _errors(rows: pd.DataFrame, rounded_to: int) -> dict[str, float] | None:
    """Return WAPE, bias, noise floor and the share within the band, in shares; n wijken."""
    rows = rows.dropna(subset=["observed", "expected"])
    if rows.empty:
        return None
    clients = rows["observed_clients"].to_numpy()
    expected = rows["expected"].to_numpy() * clients / rows["observed"].to_numpy()
    return {
        "wape": metrics.wape_of_counts(clients, expected),
        "bias": metrics.bias_of_counts(clients, expected),
        "floor": metrics.noise_floor(clients, rounded_to),
        "inside": float(1 - rows["outside"].mean()),
        "n": len(rows),
    }
