"""The page on what counts in the country: which features, how, in pairs, and which do not."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.publishing.presentation import curves
from risicomodel.publishing.report import drivers, records, statements

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure import Shown
    from risicomodel.publishing.presentation.curves import Curve
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import Labels

MOST_FEATURES = 10  # per domain
MOST_CURVES = 4
MOST_PAIRS = 3
LEAST = 0.05  # less is written as 0.0
LOG = "log "
# why a feature is not used: as the table of importance says it, and as a key of the texts
WHY = {"part of its own figure": "leaks", "no value": "empty", "hardly any effect": "slight"}
CORNERS = ("high_high", "high_low", "low_high", "low_low")


@dataclass(frozen=True)
class FeatureWriter:
    """Writes values and effects of features as people do.

    Parameters
    ----------
    words : Words
        Language of the page.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    centred : set of str
        Features whose values are relative to the country's value of their year.
    """

    words: Words
    labels: Labels
    centred: set[str]

    def value(self, name: str, value: float) -> str:
        """Return a feature's value in a unit that people use: no logarithms.

        Parameters
        ----------
        name : str
            Of the feature.
        value : float
            In the feature's own unit.
        """
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
        """Return a curve with the texts along its axes, and what it says.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        name : str
            Of the feature.
        drawn : Curve
            Its coordinates and facts.
        """
        text = statements.say(
            self.words,
            f"importance.way.{drawn.way}",
            {"way": drawn.way},
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
            "text": text,
            "centred": name in self.centred,
        }

    def pair(self, domain: str, row: dict[str, Any]) -> str | None:
        """Return what a pair of features does together; None where that is too little.

        Of the four corners (both high, one of them, neither) the one with the largest effect is
        described.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        row : dict
            Of ``interactions.csv``: both features, and the effect in every corner (rates of 0–1).
        """
        corners = {name: row[name] for name in CORNERS if row[name] is not None}
        most = max(corners, key=lambda name: abs(corners[name]), default="")
        if not most or abs(corners[most]) * self.words.per(domain) < LEAST:
            return None
        first, second = most.split("_")
        return self.words.text(
            f"importance.pair.{'more' if corners[most] > 0 else 'less'}",
            first=self.side(row["feature_1"], first),
            second=self.side(row["feature_2"], second),
            change=self.words.rate(domain, abs(corners[most])),
            per=self.words.per_short(domain),
        )

    def side(self, name: str, side: str) -> str:
        """Return ``veel koopwoningen``, or ``gemiddelde WOZ-waarde hoog``.

        Parameters
        ----------
        name : str
            Of the feature.
        side : {"high", "low"}
            Of its values.
        """
        about = self.labels.get(name, {})
        kind = "share" if about.get("unit") == "share" else "other"
        label = about.get(f"label_{self.words.language}", name)
        return self.words.text(f"importance.side.{kind}_{side}", feature=label)


def view(shown: Shown, labels: Labels, words: Words) -> dict[str, Any]:
    """Return the values of the template; no domains where the run has no importance.

    Parameters
    ----------
    shown : Shown
        What may be shown of the run.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en``, ``unit`` and ``family``.
    words : Words
        Language of the page.
    """
    writer = FeatureWriter(words, labels, shown.about.centred)
    table = shown.about.tables.importance
    domains = [
        _domain(domain, table[table["domain"] == domain], shown, writer)
        for domain in shown.about.champions
        if table is not None
    ]
    families = {row["family"] for row in labels.values()}
    return {
        "domains": domains,
        "labels": labels,
        "families": families,
        "nulls": drivers.nulls(shown.about.tables.stability, words),
        "about": shown.about,
    }


def _domain(domain: str, rows: pd.DataFrame, shown: Shown, writer: FeatureWriter) -> dict[str, Any]:
    features = _used(rows, "feature").head(MOST_FEATURES)
    names = [str(name) for name in features["name"].head(MOST_CURVES)]
    table = shown.about.tables.interactions
    pairs = [] if table is None else records.records(table[table["domain"] == domain])
    texts = [text for row in pairs if (text := writer.pair(domain, row))]
    return {
        "domain": domain,
        "families": records.records(_used(rows, "family")),
        "features": records.records(features),
        "curves": [writer.curve(domain, *one) for one in _curves(shown, domain, names)],
        "pairs": texts[:MOST_PAIRS],
        "unused": _unused(rows),
    }


def _used(rows: pd.DataFrame, level: str) -> pd.DataFrame:
    rows = rows[(rows["level"] == level) & rows["used"]]
    return rows.sort_values("share", ascending=False)


def _unused(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return features that are not used, by the reason: a key of the texts."""
    rows = rows[(rows["level"] == "feature") & ~rows["used"]]
    names = {key: sorted(rows.loc[rows["why"] == why, "name"]) for why, key in WHY.items()}
    return {key: of_reason for key, of_reason in names.items() if of_reason}


def _curves(shown: Shown, domain: str, names: list[str]) -> list[tuple[str, Curve]]:
    """Return the curves of features, on one scale."""
    table = shown.dependence
    if table is None:
        return []
    rows = table[(table["domain"] == domain) & table["feature"].isin(names)]
    low, high = min(0.0, float(rows["low"].min())), max(0.0, float(rows["high"].max()))
    drawn = [(name, curves.draw(rows[rows["feature"] == name], low, high)) for name in names]
    return [(name, one) for name, one in drawn if one is not None]
