"""Method and accountability: data and years, scores next to baselines and noise, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.publishing.report import records, reviewed

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure import About, Shown
    from risicomodel.publishing.presentation.language import Words

# tests by what they are of; those of estimates come first, for they are what pages show most
PROTOCOLS = {
    "estimate": ("blank_cell", "blank_gemeente"),
    "expected": ("unseen_gemeente", "unseen_wijk_benchmarked", "unseen_year", "next_years"),
}
BASELINES = ("mean", "gemeente_mean", "persistence")
FLOOR = "noise_floor"
CALIBRATED = "unseen_gemeente"
NOTHING_KNOWN = "unseen_gemeente"  # an estimate where a gemeente has no figure is what is expected
# how figures are made: texts, by number, that are of one domain
HOW_OF = {3: "wmo", 4: "jeugd", 5: "jeugd"}
CARE = {"jeugd", "wmo", "bijstand"}  # what gemeenten pay for, and CBS counts with them


def view(shown: Shown, words: Words) -> dict[str, Any]:
    """Return the values of the template of the method page.

    Parameters
    ----------
    shown : Shown
        What may be shown of the run.
    words : Words
        Language of the page.
    """
    about = shown.about
    return {
        "status": reviewed.status(shown, words),
        "about": about,
        "tests": _tests(about),
        "nothing_known": _nothing_known(about),
        "families": set(about.tables.features["family"]),
        "calibration": _calibration(about),
        "ahead": _ahead(about),
    }


def data(about: About, words: Words) -> dict[str, Any]:
    """Return the values of the template of the datasheet.

    Parameters
    ----------
    about : About
        The run.
    words : Words
        Language of the page.
    """
    statuses = _statuses(about.tables.quality, list(about.champions))
    families = [str(name) for name in about.tables.features["family"].unique()]
    sources = dict.fromkeys(tuple(source.values()) for source in about.sources)
    care = set(about.domains) <= CARE
    return {
        "about": about,
        "domains": about.domains,
        "statuses": statuses,
        "sources": sources,
        "care": care,
        "how_of": HOW_OF,
        "families": ", ".join(
            words.text(key) if words.has(key := f"family.{name}") else name for name in families
        ),
    }


def _tests(about: About) -> list[dict[str, Any]]:
    """Return per kind of test its rows: the champion's WAPE, the best baseline's and the floor."""
    rows = _scores(about)
    out = [
        {"of": kind, "rows": [row for row in rows if row["protocol"] in protocols]}
        for kind, protocols in PROTOCOLS.items()
    ]
    return [test for test in out if test["rows"]]


def _scores(about: About) -> list[dict[str, Any]]:
    """Return the scores of every domain and protocol, each with its interval over gemeenten."""
    board = about.tables.leaderboard
    if board is None:
        return []
    out = []
    for domain, champion in about.champions.items():
        for protocol in (name for names in PROTOCOLS.values() for name in names):
            rows = board[(board["domain"] == domain) & (board["protocol"] == protocol)]
            rows = rows.set_index("model")
            by_model: dict[Any, Any] = rows.to_dict("index")
            base = rows.loc[rows.index.isin(BASELINES), "wape"]
            if len(base) and champion in by_model:
                of = str(base.idxmin())
                row: dict[str, Any] = {"domain": domain, "protocol": protocol, "of": of}
                row |= _scored(by_model[champion], "model") | _scored(by_model[of], "baseline")
                row["floor"] = records.value(rows["wape"].get(FLOOR))
                out.append(row)
    return out


def _scored(row: dict[str, Any], name: str) -> dict[str, Any]:
    columns = {"": "wape", "_lower": "wape_lower", "_upper": "wape_upper"}
    return {f"{name}{end}": records.value(row.get(column)) for end, column in columns.items()}


def _nothing_known(about: About) -> dict[str, Any]:
    """Return the lowest and highest WAPE over domains where nothing of a gemeente is known."""
    of = [row["model"] for row in _scores(about) if row["protocol"] == NOTHING_KNOWN]
    written = sorted({round(wape, 2) for wape in of})
    return {"low": written[0], "high": written[-1]} if written else {"low": None, "high": None}


def _calibration(about: About) -> list[dict[str, Any]]:
    """Return the champion's predicted and observed rates per tenth of the wijken."""
    table = about.tables.calibration
    if table is None:
        return []
    table = table[table["protocol"] == CALIBRATED]
    return [
        {"domain": domain, "rows": records.records(rows)}
        for domain, champion in about.champions.items()
        if len(rows := table[(table["domain"] == domain) & (table["model"] == champion)])
    ]


def _ahead(about: About) -> list[dict[str, Any]]:
    """Return the WAPE of forecasts by years ahead, next to that of the last known figure."""
    table = about.tables.forecast_scores
    if table is None:
        return []
    table = table[table["origin_year"].astype("str") == "all"] if _has_all(table) else table
    mean = table.groupby(["domain", "horizon", "model"], as_index=False)["wape"].mean()
    out = []
    for (domain, horizon), rows in mean.groupby(["domain", "horizon"]):
        wape = rows.set_index("model")["wape"]
        model = about.forecasters.get(str(domain))
        if model in wape and "persistence" in wape:
            row = {"domain": domain, "horizon": horizon, "wape": float(wape[model])}
            out.append({**row, "baseline": float(wape["persistence"])})
    return out


def _has_all(table: pd.DataFrame) -> bool:
    return bool(table["origin_year"].astype("str").eq("all").any())


def _statuses(table: pd.DataFrame | None, domains: list[str]) -> list[dict[str, Any]]:
    """Return how many wijken of the country have a figure and why others have none, per year."""
    if table is None:
        return []
    rows = table[table["check"].str.startswith("status:") & table["subject"].isin(domains)]
    rows = rows.assign(status=rows["check"].str.removeprefix("status:"))
    wide = rows.pivot_table(index=["subject", "year"], columns="status", values="n", aggfunc="sum")
    return records.records(wide.fillna(0).astype(int).reset_index())
