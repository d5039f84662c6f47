"""The page of a gemeente: in short, maps, wijken side by side, what comes together and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.report import atlas, forecasts, gaps, records
from risicomodel.publishing.report.gaps import LIKELY

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.presentation.maps import Drawing
    from risicomodel.publishing.report.gemeente import Place


def view(place: Place, words: Words, drawing: Drawing) -> dict[str, Any]:
    """Return what the template of the overview needs."""
    domains = list(place.country.domains)
    return {
        "cards": [card(place, domain) for domain in domains],
        "drawing": drawing,
        "undrawn": [
            row.wijk_name
            for row in place.wijken.itertuples()
            if getattr(row, AREA) not in drawing.paths
        ],
        "maps": [atlas.view(place, words, domain, drawing) for domain in domains],
        "rankings": [_ranking(place, domain) for domain in domains],
        "stacking": _stacking(place),
        "changes": [_changes(place, domain) for domain in domains],
        "quality": [row for domain in domains if (row := _quality(place, domain))],
    }


def card(place: Place, domain: str) -> dict[str, Any]:
    """Return a domain in short: total, beside the country, a year earlier and ahead."""
    year = place.year(domain)
    now, before = place.total(domain, year), place.total(domain, year - 1)
    out: dict[str, Any] = {"domain": domain, "year": year, **now}
    out["country"] = place.country.rates.get((domain, year))
    if "rate" in now and "rate" in before and now["source"] == before["source"]:
        out |= {"before": before["rate"], "change": now["rate"] - before["rate"]}
    later = forecasts.of_gemeente(place, domain)
    if later is not None:
        out["ahead"] = later.to_dict()
    return out


def _ranking(place: Place, domain: str) -> dict[str, Any]:
    """Return all wijken with a domain's figures, the highest first, those without one last."""
    year = place.year(domain)
    figures = place.figures(domain, year)
    later = forecasts.of_wijken(place, domain)
    wijken = place.wijken.set_index(AREA)
    rows = wijken[["wijk_name", "people"]].join(
        figures.drop(columns=["gm_code", "domain", "year"]), how="left"
    )
    rows = rows.join(later[["rate"]].rename(columns={"rate": "forecast"}), how="left")
    rows["told"] = rows["observed"].fillna(rows["estimate"])
    rows["estimated"] = rows["observed"].isna() & rows["estimate"].notna()
    rows = rows.sort_values(["told", "wijk_name"], ascending=[False, True], na_position="last")
    known = [int(later["year"].max())] if len(later) else []
    return {
        "domain": domain,
        "year": year,
        "rows": records.records(rows.reset_index()),
        "ahead": known,
    }


def _stacking(place: Place) -> dict[str, Any]:
    """Return which wijken are among the country's highest fifth, on how many domains."""
    high: dict[str, dict[str, float]] = {}
    for domain in place.country.domains:
        year = place.year(domain)
        limit = place.country.high.get((domain, year))
        rows = place.figures(domain, year)["estimate"].dropna()
        for code, rate in rows.items():
            if limit is not None and rate >= limit:
                high.setdefault(str(code), {})[domain] = float(rate)
    names = place.wijken.set_index(AREA)["wijk_name"]
    counted, counted_in = _any(place)
    found = [
        {AREA: code, "wijk_name": names[code], "high": domains, "any": counted.get(code)}
        for code, domains in high.items()
        if code in names.index
    ]
    found.sort(key=lambda row: (-len(row["high"]), row["wijk_name"]))
    return {"rows": found, "year": counted_in}


def _any(place: Place) -> tuple[dict[str, float], int | None]:
    """Return persons with any provision per 1,000 people, by wijk, and of which year."""
    found = place.table("stacking")
    if found is None or found.empty:
        return {}, None
    last = found[found["year"] == found["year"].max()].set_index(AREA)
    people = place.wijken.set_index(AREA)["people"]
    per = (last["clients"] / people.reindex(last.index) * 1000).dropna()
    return {str(code): float(value) for code, value in per.items()}, int(last["year"].iloc[0])


def _changes(place: Place, domain: str) -> dict[str, Any]:
    """Return wijken whose published figure changed by more than noise and rounding."""
    year = place.year(domain)
    columns = ["observed", "observed_clients"]
    after = place.figures(domain, year)[columns]
    before = place.figures(domain, year - 1)[columns]
    both = after.join(before.add_suffix("_before"), how="inner").dropna()
    rounded = place.country.domains[domain].rounded_to
    chance = gaps.of_change(
        (both["observed_before"] * both["observed_clients"] / both["observed"]).to_numpy(),
        both["observed_clients"].to_numpy(),
        rounded,
    )
    names = place.wijken.set_index(AREA)["wijk_name"]
    moved = both[chance < LIKELY]
    moved = moved.assign(change=moved["observed"] - moved["observed_before"])
    moved = moved.reindex(moved["change"].abs().sort_values(ascending=False).index)
    told = [
        {**row, "wijk_name": names[row[AREA]]}
        for row in records.records(moved.rename_axis(AREA).reset_index())
        if row[AREA] in names.index
    ]
    return {"domain": domain, "year": year, "compared": len(both), "rows": told}


def _quality(place: Place, domain: str) -> dict[str, Any] | None:
    """Return how far off what is expected is in this gemeente, on figures that are shown."""
    here = _errors(place.figures(domain, place.year(domain)))
    if here is None:
        return None
    everyone = place.country.shown.figures
    rows = everyone[(everyone["domain"] == domain) & (everyone["year"] == place.year(domain))]
    return {"domain": domain, "year": place.year(domain), "here": here, "country": _errors(rows)}


def _errors(rows: pd.DataFrame) -> dict[str, float] | None:
    """Return WAPE, bias, noise floor and the share within the band, in shares; n wijken."""
    rows = rows.dropna(subset=["observed", "expected"])
    if rows.empty:
        return None
    clients = rows["observed_clients"].to_numpy()
    said = rows["expected"].to_numpy() * clients / rows["observed"].to_numpy()
    return {
        "wape": float(np.abs(said - clients).sum() / clients.sum()),
        "bias": float((said - clients).sum() / clients.sum()),
        "floor": float(np.sqrt(2 / np.pi * clients).sum() / clients.sum()),
        "inside": float(1 - rows["outside"].mean()),
        "n": len(rows),
    }
