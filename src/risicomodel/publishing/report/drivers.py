"""Why the model expects what it does in a wijk, beside the country, gemeente and similar wijken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words

MOST_DRIVERS = 6
MOST_REASONS = 2
LEAST = 0.05  # less is written as 0.0
# whom a wijk is set beside: the column with what a feature adds, and whether its value is higher
COUNTRY = "country"
BESIDE = {
    COUNTRY: ("contribution", "higher"),
    "gemeente": ("contribution_vs_gemeente", "higher_gemeente"),
    "similar": ("contribution_vs_similar", "higher_similar"),
}
Labels = dict[str, dict[str, str]]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Driver:
    """What makes the expected rate higher or lower than elsewhere.

    Parameters
    ----------
    what : str
        In words: ``meer eenpersoonshuishoudens dan elders``.
    effects : dict of str to float or None
        On the rate, beside each of :data:`BESIDE`; None where that has no other wijk.
    """

    what: str
    effects: dict[str, float | None]


@dataclass(frozen=True)
class Beside:
    """What is expected of others, and why it is another rate here.

    Parameters
    ----------
    whom : str
        One of :data:`BESIDE`.
    rate : float
        Expected there.
    gap : float
        Expected here, less that.
    reasons : list of str
        In words: drivers that go the way of the gap, the strongest first.
    """

    whom: str
    rate: float
    gap: float
    reasons: list[str]


@dataclass(frozen=True)
class Told:
    """What is told of a wijk and domain.

    Parameters
    ----------
    year : int
        The year explained.
    rate : float
        Expected.
    drivers : list of Driver
        The strongest first.
    others : Driver
        All other features together.
    beside : list of Beside
        The country first; those without another wijk left out.
    largest : float
        The largest effect, which bars are as long as.
    """

    year: int
    rate: float
    drivers: list[Driver]
    others: Driver
    beside: list[Beside]
    largest: float

    def gap(self, whom: str) -> float | None:
        """Return how much more is expected here; None where there is no other wijk."""
        return next((one.gap for one in self.beside if one.whom == whom), None)


def of_year(rows: pd.DataFrame, told: int) -> pd.DataFrame:
    """Return explanations of the year that is told of, else of the newest year explained."""
    if rows.empty:
        return rows
    return rows[rows["year"] == (told if told in rows["year"].to_numpy() else rows["year"].max())]


def strongest(rows: Rows, per: int) -> Rows:
    """Return what are called drivers of a wijk in a domain, the strongest first.

    Those whose sign beside the country is stable; as strong as they are beside whichever others.
    """
    told = [row for row in rows if row["stable"] and _strength(row) * per >= LEAST]
    return sorted(told, key=lambda row: -_strength(row))[:MOST_DRIVERS]


def _strength(row: dict[str, Any]) -> float:
    return max(abs(float(row[column] or 0.0)) for column, _ in BESIDE.values())


def tell(rows: Rows, labels: Labels, words: Words, domain: str) -> Told | None:
    """Return what is told of a wijk in a domain; None where nothing is explained.

    Parameters
    ----------
    rows : list of dict
        Of one wijk and year, a row per feature: ``feature``, ``base_rate``, ``stable`` and those
        of :data:`BESIDE`.
    labels : dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    """
    if not rows:
        return None
    shown = strongest(rows, words.per(domain))
    named = {row["feature"] for row in shown}
    others = [row for row in rows if row["feature"] not in named]
    sums, rest = ({w: _sum(part, c) for w, (c, _) in BESIDE.items()} for part in (rows, others))
    rate = float(rows[0]["base_rate"]) + (sums[COUNTRY] or 0.0)
    least = LEAST / words.per(domain)
    return Told(
        year=int(rows[0]["year"]),
        rate=rate,
        drivers=[_driver(row, labels, words) for row in shown],
        others=Driver(words.text("wijk.drivers.rest"), rest),
        beside=[
            Beside(
                whom,
                rate - gap,
                gap,
                _reasons(_pulling(shown, whom, gap, least), whom, words, labels),
            )
            for whom, gap in sums.items()
            if gap is not None
        ],
        largest=max(map(abs, [*map(_strength, shown), *(e or 0.0 for e in rest.values()), least])),
    )


def _sum(rows: Rows, column: str) -> float | None:
    known = [float(row[column]) for row in rows if row[column] is not None]
    return sum(known) if known else None


def _driver(row: dict[str, Any], labels: Labels, words: Words) -> Driver:
    what = in_words(row, "higher", "wijk.drivers", labels, words)
    return Driver(what, {whom: row.get(column) for whom, (column, _) in BESIDE.items()})


def _pulling(shown: Rows, whom: str, gap: float, least: float) -> Rows:
    """Return what pulls the wijk's rate the way it lies, the strongest first."""
    column, _ = BESIDE[whom]
    way = 1 if gap > 0 else -1
    pulling = [row for row in shown if (row[column] or 0.0) * way >= least]
    return sorted(pulling, key=lambda row: -abs(row[column]))[:MOST_REASONS]


def _reasons(pulling: Rows, whom: str, words: Words, labels: Labels) -> list[str]:
    _, higher = BESIDE[whom]
    return [in_words(row, higher, "wijk.drivers.short", labels, words) for row in pulling]


def in_words(row: dict[str, Any], higher: str, texts: str, labels: Labels, words: Words) -> str:
    """Return what a driver is: more or less of something than elsewhere.

    Parameters
    ----------
    higher : str
        The column that says which.
    texts : str
        Where in the catalogue the words are.
    """
    about = labels.get(str(row["feature"]), {})
    label = about.get(f"label_{words.language}", str(row["feature"]).replace("_", " "))
    more = row.get(higher)
    if more is None or about.get("unit") == "km":  # nothing is high for lying in the east
        return words.text(f"{texts}.other", feature=label)
    pair = ("more", "less") if about.get("unit") == "share" else ("high", "low")
    return words.text(f"{texts}.{pair[0] if more else pair[1]}", feature=label)
