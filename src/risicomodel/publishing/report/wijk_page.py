"""The page of a wijk: a sheet to talk over, then the details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.presentation import charts
from risicomodel.publishing.report import drivers, forecasts, profile, questions, records

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import Labels
    from risicomodel.publishing.report.gemeente import Place

SMALL = 500  # inhabitants below which figures jump from year to year
GROUPS = {
    "age": profile.PEOPLE,
    "household": profile.HOUSEHOLDS,
}


def view(place: Place, words: Words, wijk: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """Return what the template of a wijk needs.

    Parameters
    ----------
    wijk : dict
        The wijk's row of the shown wijken.
    labels : dict
        Per feature its labels and unit.
    """
    code = wijk[AREA]
    domains = list(place.country.domains)
    figures = {domain: _row(place, code, domain) for domain in domains}
    known = place.country.shown.explanations is not None
    told = {
        domain: drivers.tell(place.explained.get((domain, code), []), labels, words, domain)
        for domain in domains
        if known
    }
    found = {domain: one for domain, one in told.items() if one is not None}
    people = wijk["people"]
    return {
        "wijk": wijk,
        "few": people is None,
        "expected": any(row.get("expected") is not None for row in figures.values()),
        "domains": [_domain(place, words, code, domain, figures[domain]) for domain in domains],
        "profile": _profile(place, code),
        "drivers": told,
        "beside": [w for w in drivers.BESIDE if any(o.gap(w) is not None for o in found.values())],
        "similar": _similar(place, code),
        "thin": _thin(place, words, wijk, figures),
        "questions": questions.questions(figures, found, words),
    }


def _row(place: Place, code: str, domain: str) -> dict[str, Any]:
    """Return a domain's figures of the wijk, in the year it is told of; None where not shown."""
    year = place.year(domain)
    row = place.figure(domain, year, code)
    if row is None:
        return {"year": year, "status": "absent", "basis": "expected", "hidden": False}
    return {**row, "year": year}


def _domain(
    place: Place, words: Words, code: str, domain: str, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a domain on the sheet: figures, what is said of the gap, the chart and the table."""
    past = place.of_wijk("figures", code, domain)
    past = (place.every_figure.iloc[:0] if past is None else past).set_index("year")
    later = _ahead(place, code, domain)
    chart = charts.trend(
        past, later, words.per(domain), lambda tick: words.number(tick, int(tick % 1 > 0))
    )
    rows = [
        {"kind": kind, "year": row["year"], "rate": row.get(kind), **_ends(row, kind)}
        for kind in ("observed", "expected", "estimate")
    ]
    rows += [
        {"kind": "forecast", **values}
        for values in records.records(later.dropna(subset=["rate"]).reset_index())
    ]
    told = forecasts.rates_of_gemeente(place, domain)
    told[row["year"]] = place.total(domain, row["year"]).get("rate")
    beside = {
        "gemeente": told,
        "country": {row["year"]: place.country.rates.get((domain, row["year"]))},
    }
    near = [r for r in rows if r["kind"] == "forecast" and _near(r, later)]
    return {
        "domain": domain,
        "row": row,
        "chart": chart,
        "rows": rows,
        "beside": beside,
        "ahead": near[-1] if near else None,
    }


def _near(row: dict[str, Any], later: pd.DataFrame) -> bool:
    return int(row["year"]) < int(later.index.min()) + forecasts.AHEAD


def _ends(row: dict[str, Any], kind: str) -> dict[str, Any]:
    return {end: row.get(f"{kind}_{end}") for end in ("lower", "upper")}


def _ahead(place: Place, code: str, domain: str) -> pd.DataFrame:
    """Return the wijk's forecasts by year."""
    found = place.of_wijk("forecasts", code, domain)
    kept = ["rate", "lower", "upper"]
    if found is None:
        return pd.DataFrame(columns=kept, dtype="float64")
    return found.set_index("year")[kept]


def _profile(place: Place, code: str) -> list[dict[str, Any]]:
    """Return the profile beside gemeente and country, in groups; what is not shown is left out."""
    values = {
        level: place.country.profiles[key].set_index("name")
        for level, key in (("wijk", code), ("gemeente", place.code), ("country", "NL"))
        if key in place.country.profiles
    }
    out = []
    for group, items in _groups().items():
        rows = [
            {
                "name": name,
                "unit": unit,
                "year": int(values["country"]["year"][name]),
                **dict.fromkeys(("wijk", "gemeente")),
                **{
                    level: records.value(table["value"].get(name))
                    for level, table in values.items()
                },
            }
            for name, unit in items
            if name in values.get("country", {"value": {}})["value"]
        ]
        if rows:
            out.append({"group": group, "rows": rows})
    return out


def _groups() -> dict[str, list[tuple[str, str]]]:
    """Return the profile's items by the headings they stand under, each with its unit."""
    shares = {
        group: [(item.name, "share") for item in profile.SHARES if item.whole == whole]
        for group, whole in GROUPS.items()
    }
    home = [(item.name, item.unit) for item in profile.FACTS if item.topic == "wonen"]
    near = [(item.name, item.unit) for item in profile.FACTS if item.topic == "voorzieningen"]
    return {**shares, "home": home, "near": near}


def _similar(place: Place, code: str) -> list[dict[str, Any]] | None:
    """Return the most similar wijken elsewhere and how they do; None where the run has none."""
    table = place.country.shown.similar
    if table is None:
        return None
    rows = place.of_wijk("similar", code)
    if rows is None:
        return []
    names = place.country.names
    return [
        {
            "name": names[other],
            "rates": {
                domain: place.country.rate_of.get((domain, other, place.year(domain)))
                for domain in place.country.domains
            },
        }
        for other in rows.sort_values("rank")["similar_code"]
        if other in names
    ]


def _thin(
    place: Place, words: Words, wijk: dict[str, Any], figures: dict[str, dict[str, Any]]
) -> list[str]:
    """Return where little is known: figures that are not there, old features, few people."""
    out = [
        words.text(
            "wijk.thin.figure",
            domain=words.label(domain),
            year=row["year"],
            why=words.text(f"status.{row['status']}"),
        )
        for domain, row in figures.items()
        if row.get("observed") is None
    ]
    own = place.country.profiles.get(wijk[AREA])
    if own is not None:
        by_name = own.set_index("name")["year"]
        topics = {item.topic: item.name for item in (*profile.SHARES, *profile.FACTS)}
        last = int(place.country.shown.profile["year"].max())
        for topic, name in topics.items():
            year = by_name.get(name)
            if year is not None and int(year) < last:
                out.append(
                    words.text("wijk.thin.old", topic=words.text(f"topic.{topic}"), year=int(year))
                )
    if wijk["people"] is not None and wijk["people"] < SMALL:
        out.append(words.text("wijk.thin.small"))
    return out
