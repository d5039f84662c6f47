"""The page of a wijk: one sheet to discuss, then the details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.presentation import charts
from risicomodel.publishing.report import drivers, forecasts, questions, records

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import Labels, WijkExplanation
    from risicomodel.publishing.report.gemeente import Gemeente

SMALL = 500  # inhabitants below which figures jump from year to year


def view(gemeente: Gemeente, words: Words, wijk: dict[str, Any], labels: Labels) -> dict[str, Any]:
    """Return the values of the template of a wijk.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    wijk : dict
        The wijk's row of the shown wijken.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    """
    code = wijk[AREA]
    domains = list(gemeente.country.domains)
    figures = {domain: _row(gemeente, code, domain) for domain in domains}
    has_explanations = gemeente.country.shown.explanations is not None
    explanations = {
        domain: drivers.explain(gemeente.explained.get((domain, code), []), labels, words, domain)
        for domain in domains
        if has_explanations
    }
    explained = {domain: one for domain, one in explanations.items() if one is not None}
    return {
        "wijk": wijk,
        "few": wijk["people"] is None,
        "expected": any(row.get("expected") is not None for row in figures.values()),
        "domains": [_domain(gemeente, words, code, domain, figures[domain]) for domain in domains],
        "profile": _profile(gemeente, code),
        "explanations": explanations,
        "sentences": _sentences(explained, gemeente.name, words),
        "references": [
            reference
            for reference in drivers.REFERENCES
            if any(one.gap(reference) is not None for one in explained.values())
        ],
        "similar": _similar(gemeente, code),
        "thin": _thin(gemeente, words, wijk, figures),
        "questions": questions.questions(figures, explained, words),
    }


def _sentences(
    explained: dict[str, WijkExplanation], gemeente: str, words: Words
) -> dict[str, list[str]]:
    """Return per domain a sentence for everything that the wijk is compared with."""
    return {
        domain: [drivers.sentence(domain, one, gemeente, words) for one in explanation.comparisons]
        for domain, explanation in explained.items()
    }


def _row(gemeente: Gemeente, code: str, domain: str) -> dict[str, Any]:
    """Return a domain's figures of the wijk in the year of the page; None where not shown."""
    year = gemeente.year(domain)
    row = gemeente.figure(domain, year, code)
    if row is None:
        return {"year": year, "status": "absent", "basis": "expected", "hidden": False}
    return {**row, "year": year}


def _domain(
    gemeente: Gemeente, words: Words, code: str, domain: str, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a domain on the sheet: its figures, the chart and the table."""
    past = gemeente.of_wijk("figures", code, domain)
    past = (gemeente.every_figure.iloc[:0] if past is None else past).set_index("year")
    ahead = _ahead(gemeente, code, domain)
    chart = charts.trend(
        past, ahead, words.per(domain), lambda tick: words.number(tick, int(tick % 1 > 0))
    )
    rows = [
        {"kind": kind, "year": row["year"], "rate": row.get(kind), **_ends(row, kind)}
        for kind in ("observed", "expected", "estimate")
    ]
    rows += [
        {"kind": "forecast", **values}
        for values in records.records(ahead.dropna(subset=["rate"]).reset_index())
    ]
    of_gemeente = forecasts.rates_of_gemeente(gemeente, domain)
    of_gemeente[row["year"]] = gemeente.total(domain, row["year"]).get("rate")
    elsewhere = {
        "gemeente": of_gemeente,
        "country": {row["year"]: gemeente.country.rates.get((domain, row["year"]))},
    }
    near = [r for r in rows if r["kind"] == "forecast" and _near(r, ahead)]
    return {
        "domain": domain,
        "row": row,
        "chart": chart,
        "rows": rows,
        "elsewhere": elsewhere,
        "ahead": near[-1] if near else None,
    }


def _near(row: dict[str, Any], ahead: pd.DataFrame) -> bool:
    return int(row["year"]) < int(ahead.index.min()) + forecasts.AHEAD


def _ends(row: dict[str, Any], kind: str) -> dict[str, Any]:
    return {end: row.get(f"{kind}_{end}") for end in ("lower", "upper")}


def _ahead(gemeente: Gemeente, code: str, domain: str) -> pd.DataFrame:
    """Return the wijk's forecasts by year."""
    rows = gemeente.of_wijk("forecasts", code, domain)
    kept = ["rate", "lower", "upper"]
    if rows is None:
        return pd.DataFrame(columns=kept, dtype="float64")
    return rows.set_index("year")[kept]


def _profile(gemeente: Gemeente, code: str) -> list[dict[str, Any]]:
    """Return the profile next to that of gemeente and country, in groups, as far as it is shown."""
    values = {
        level: gemeente.country.profiles[key].set_index("name")
        for level, key in (("wijk", code), ("gemeente", gemeente.code), ("country", "NL"))
        if key in gemeente.country.profiles
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
    """Return name and unit of the profile's items by the heading they stand under."""
    out: dict[str, list[tuple[str, str]]] = {}
    for item in PROFILE:
        out.setdefault(item.group, []).append((item.name, item.unit))
    return out


def _similar(gemeente: Gemeente, code: str) -> list[dict[str, Any]] | None:
    """Return the most similar wijken elsewhere and their rates; None where the run has none."""
    table = gemeente.country.shown.similar
    if table is None:
        return None
    rows = gemeente.of_wijk("similar", code)
    if rows is None:
        return []
    names = gemeente.country.names
    return [
        {
            "name": names[other],
            "rates": {
                domain: gemeente.country.rate_of.get((domain, other, gemeente.year(domain)))
                for domain in gemeente.country.domains
            },
        }
        for other in rows.sort_values("rank")["similar_code"]
        if other in names
    ]


def _thin(
    gemeente: Gemeente, words: Words, wijk: dict[str, Any], figures: dict[str, dict[str, Any]]
) -> list[str]:
    """Return where little is known: missing figures, old features, few people."""
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
    facts = gemeente.country.profiles.get(wijk[AREA])
    if facts is not None:
        by_name = facts.set_index("name")["year"]
        topics = {item.topic: item.name for item in PROFILE}
        last = int(gemeente.country.shown.profile["year"].max())
        for topic, name in topics.items():
            year = by_name.get(name)
            if year is not None and int(year) < last:
                out.append(
                    words.text("wijk.thin.old", topic=words.text(f"topic.{topic}"), year=int(year))
                )
    if wijk["people"] is not None and wijk["people"] < SMALL:
        out.append(words.text("wijk.thin.small"))
    return out
