"""The page of a wijk: one sheet to discuss, then the details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PROFILE
from risicomodel.publishing.presentation import charts
from risicomodel.publishing.report import (
    drivers,
    figure_lines,
    forecasts,
    questions,
    records,
    reviewed,
    statements,
)

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
    facts = {
        domain: figure_lines.facts(gemeente, words, domain, row) for domain, row in figures.items()
    }
    has_explanations = gemeente.country.shown.explanations is not None
    explanations = {
        domain: drivers.explain(
            gemeente.explained.get((domain, code), []), labels, words, domain, gemeente.name
        )
        for domain in domains
        if has_explanations
    }
    explained = {domain: one for domain, one in explanations.items() if one is not None}
    return {
        "wijk": wijk,
        "notes": _notes(gemeente, words, wijk, figures),
        "few": wijk["people"] is None,
        "domains": [
            _domain(
                gemeente,
                words,
                code,
                domain,
                row=figures[domain],
                facts=facts[domain],
                explained=explained.get(domain),
            )
            for domain in domains
        ],
        "profile": _profile(gemeente, code),
        "explanations": explanations,
        "nulls": drivers.nulls(gemeente.country.shown.about.tables.stability, words),
        "sentences": _sentences(explained, gemeente.name, words),
        "references": [
            reference
            for reference in drivers.REFERENCES
            if any(one.gap(reference) is not None for one in explained.values())
        ],
        "similar": _similar(gemeente, code),
        "thin": _thin(gemeente, words, wijk, figures),
        "questions": questions.questions(figures, facts, explained, gemeente.name, words),
        "reviewed": reviewed.sentence(gemeente, words, code),
        "said": reviewed.view(gemeente, words, code, labels),
        "said_bands": reviewed.bands(gemeente, words, code),
    }


def _notes(
    gemeente: Gemeente, words: Words, wijk: dict[str, Any], figures: dict[str, dict[str, Any]]
) -> list[str]:
    """Return what a reader should know before anything else."""
    last, year = gemeente.country.shown.about.last_year, wijk["year"]
    expected = any(row.get("expected") is not None for row in figures.values())
    facts = {"year": year, "last": last, "people": wijk["people"], "expected": expected}
    keys = [f"wijk.{key}" for key in ("older", "only_map", "few", "no_features")]
    keys = [key for key in keys if year is not None or key != "wijk.few"]
    return statements.any_of(
        words, keys, facts, last=last, year=None if year is None else int(year)
    )


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
    gemeente: Gemeente,
    words: Words,
    code: str,
    domain: str,
    *,
    row: dict[str, Any],
    facts: dict[str, Any],
    explained: WijkExplanation | None,
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
        {
            "kind": "observed",
            "year": year,
            "status": (gemeente.figure(domain, year, code) or {}).get("status", "not_delivered"),
            **_ends({}, "observed"),
        }
        for year in facts["later"]
    ]
    rows += [
        {"kind": "forecast", **values}
        for values in records.records(ahead.dropna(subset=["rate"]).reset_index())
    ]
    elsewhere = _elsewhere(gemeente, domain, row["year"], explained)
    for one in rows:
        one |= {place: of[one["kind"]].get(one["year"]) for place, of in elsewhere.items()}
    near = [r for r in rows if r["kind"] == "forecast" and _near(r, ahead)]
    return {
        "domain": domain,
        "row": row,
        "lines": figure_lines.lines(gemeente, words, domain, row, facts),
        "population_year": facts["population_year"],
        "chart": chart,
        "rows": rows,
        "ahead": near[-1] if near else None,
    }


def _elsewhere(
    gemeente: Gemeente, domain: str, year: int, explained: WijkExplanation | None
) -> dict[str, dict[str, dict[int, float | None]]]:
    """Return the same kind of figure of the gemeente and the country: place, kind and year.

    What is counted is CBS's total, and there is none of the country here; it is never set beside
    what the model expects. Of the country it is what the model says that expects the wijk: a
    model that saw no figure of the gemeente, as the explanation has it.
    """
    of_country: dict[int, float | None] = {}
    if explained is not None:
        of_country[explained.year] = explained.base
    total = gemeente.total(domain, year)
    counted = total.get("rate") if total.get("source") == "published" else None
    country = gemeente.country
    return {
        "gemeente": {
            "observed": {year: counted},
            "expected": {year: gemeente.expected(domain, year)},
            "estimate": {year: total.get("rate")},
            "forecast": forecasts.rates_of_gemeente(gemeente, domain),
        },
        "country": {
            "observed": {},
            "expected": of_country,
            "estimate": {year: country.rates.get((domain, year))},
            "forecast": {},
        },
    }


def _near(row: dict[str, Any], ahead: pd.DataFrame) -> bool:
    return int(row["year"]) < int(ahead.index.min()) + forecasts.AHEAD


def _ends(row: dict[str, Any], kind: str) -> dict[str, Any]:
    return {end: row.get(f"{kind}_{end}") for end in ("lower", "upper")}


def _ahead(gemeente: Gemeente, code: str, domain: str) -> pd.DataFrame:
    """Return the wijk's forecasts by year."""
    rows = gemeente.of_wijk("forecasts", code, domain)
    kept = ["rate", "lower", "upper"]
    if rows is None or not rows["on_page"].all():
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
    out = []
    for domain, row in figures.items():
        values = {"domain": words.label(domain), "year": row["year"]}
        why = words.text(f"status.{row['status']}")
        facts = {"observed": row.get("observed")}
        out += statements.any_of(words, ["wijk.thin.figure"], facts, why=why, **values)
    of_wijk = gemeente.country.profiles.get(wijk[AREA])
    if of_wijk is not None:
        by_name = of_wijk.set_index("name")["year"]
        topics = {item.topic: item.name for item in PROFILE}
        last = int(gemeente.country.shown.profile["year"].max())
        for topic, name in topics.items():
            year = by_name.get(name)
            if year is not None:
                facts = {"year": int(year), "last": last}
                label = words.text(f"topic.{topic}")
                out += statements.any_of(
                    words, ["wijk.thin.old"], facts, topic=label, year=int(year)
                )
    if wijk["people"] is not None:
        facts = {"people": wijk["people"], "small": SMALL}
        out += statements.any_of(words, ["wijk.thin.small"], facts)
    return out
