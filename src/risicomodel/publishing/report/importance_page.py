"""What counts in the country: which features, how, together with which; and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.publishing.report import curves, records

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.country import Country
    from risicomodel.publishing.report.curves import Curve
    from risicomodel.publishing.report.drivers import Labels
    from risicomodel.publishing.report.tables import Tables

MOST_FEATURES = 10  # per domain
MOST_CURVES = 4
MOST_PAIRS = 3
LEAST = 0.05  # less is written as 0.0
LOG = "log "
# how explanations say why a feature is not used, and the key of our words for it
WHY = {"part of its own figure": "leaks", "no value": "empty", "hardly any effect": "slight"}
CORNERS = ("high_high", "high_low", "low_high", "low_low")


@dataclass(frozen=True)
class Scribe:
    """Writes of features as people do.

    Parameters
    ----------
    words : Words
        In which language.
    labels : dict
        Per feature its labels and unit.
    centred : set of str
        Features that are told beside the country's value of their year.
    """

    words: Words
    labels: Labels
    centred: set[str]

    def value(self, name: str, value: float) -> str:
        """Return a feature's value: no logarithms."""
        unit = self.labels[name]["unit"]
        log = unit.startswith(LOG)
        if name in self.centred:
            return self.words.percent(exp(value) if log else 1 + value)
        if unit == "share":
            return self.words.percent(value)
        if log:
            return self.words.number(float(f"{exp(value):.2g}"))
        text = self.words.number(value, 0 if abs(value) >= 10 else 1)  # noqa: PLR2004 (two digits)
        return f"{text} km" if unit == "km" else text

    def curve(self, domain: str, name: str, drawn: Curve) -> dict[str, Any]:
        """Return a curve with its numbers, and what it says."""
        said = self.words.text(
            f"counts.way.{drawn.way}",
            change=self.words.rate(domain, abs(drawn.change)),
            per=self.words.per_short(domain),
            low=self.value(name, drawn.span[0]),
            high=self.value(name, drawn.span[1]),
            peak=self.value(name, drawn.peak),
        )
        return {
            "name": name,
            "curve": drawn,
            "ticks": [(y, self.words.change(domain, rate)) for y, rate in drawn.ticks],
            "ends": [(x, self.value(name, value)) for x, value in drawn.ends],
            "said": said,
            "centred": name in self.centred,
        }

    def pair(self, domain: str, row: dict[str, Any]) -> str | None:
        """Return what a pair does together; None where that is too little to tell of.

        Of the four corners (both high, one of them, neither) the one that moves most is told.
        """
        corners = {name: row[name] for name in CORNERS if row[name] is not None}
        most = max(corners, key=lambda name: abs(corners[name]), default="")
        if not most or abs(corners[most]) * self.words.per(domain) < LEAST:
            return None
        first, second = most.split("_")
        return self.words.text(
            f"counts.pair.{'more' if corners[most] > 0 else 'less'}",
            first=self.side(row["feature_1"], first),
            second=self.side(row["feature_2"], second),
            change=self.words.rate(domain, abs(corners[most])),
            per=self.words.per_short(domain),
        )

    def side(self, name: str, side: str) -> str:
        """Return ``veel koopwoningen``, or ``gemiddelde WOZ-waarde hoog``."""
        about = self.labels.get(name, {})
        kind = "share" if about.get("unit") == "share" else "other"
        label = about.get(f"label_{self.words.language}", name)
        return self.words.text(f"counts.side.{kind}_{side}", feature=label)


def view(found: Tables, country: Country, labels: Labels, words: Words) -> dict[str, Any]:
    """Return what the template needs; no domains where the run has no importance."""
    declared = found.record["configuration"]["features"]["define"]
    centred = {name for name, feature in declared.items() if feature.get("centre")}
    scribe = Scribe(words, labels, centred)
    table = found.about.tables.get("importance")
    told = [
        _domain(domain, table[table["domain"] == domain], found, country, scribe)
        for domain in found.about.champions
        if table is not None
    ]
    families = {row["family"] for row in labels.values()}
    return {"told": told, "labels": labels, "families": families, "about": found.about}


def _domain(
    domain: str, rows: pd.DataFrame, found: Tables, country: Country, scribe: Scribe
) -> dict[str, Any]:
    features = _used(rows, "feature").head(MOST_FEATURES)
    names = [str(name) for name in features["name"].head(MOST_CURVES)]
    pairs = found.about.tables.get("interactions")
    own = [] if pairs is None else records.records(pairs[pairs["domain"] == domain])
    said = [text for row in own if (text := scribe.pair(domain, row))]
    return {
        "domain": domain,
        "families": records.records(_used(rows, "family")),
        "features": records.records(features),
        "curves": [scribe.curve(domain, *one) for one in _curves(country, domain, names)],
        "pairs": said[:MOST_PAIRS],
        "unused": _unused(rows),
    }


def _used(rows: pd.DataFrame, level: str) -> pd.DataFrame:
    rows = rows[(rows["level"] == level) & rows["used"]]
    return rows.sort_values("share", ascending=False)


def _unused(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return features that are not used, by why: a key of the texts."""
    rows = rows[(rows["level"] == "feature") & ~rows["used"]]
    found = {key: sorted(rows.loc[rows["why"] == why, "name"]) for why, key in WHY.items()}
    return {key: names for key, names in found.items() if names}


def _curves(country: Country, domain: str, names: list[str]) -> list[tuple[str, Curve]]:
    """Return the curves of features, on one scale."""
    table = country.shown.dependence
    if table is None:
        return []
    rows = table[(table["domain"] == domain) & table["feature"].isin(names)]
    low, high = min(0.0, float(rows["low"].min())), max(0.0, float(rows["high"].max()))
    drawn = [(name, curves.draw(rows[rows["feature"] == name], low, high)) for name in names]
    return [(name, one) for name, one in drawn if one is not None]
