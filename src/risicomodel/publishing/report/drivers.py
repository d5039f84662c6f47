"""Why the model expects this rate in a wijk, compared with country, gemeente, similar wijken."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.publishing.report import statements

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words

MOST_DRIVERS = 6
MOST_REASONS = 2
LEAST = 0.05  # in a domain's unit: less is written as 0.0
# what a wijk is compared with: the column with a feature's effect, and the side its value is on
COUNTRY = "country"
REFERENCES = {
    COUNTRY: ("contribution", "way"),
    "gemeente": ("contribution_vs_gemeente", "way_gemeente"),
    "similar": ("contribution_vs_similar", "way_similar"),
}
# the word for a side, of features that are a share of people or dwellings and of others
SIDES = {True: {1: "more", 0: "same", -1: "less"}, False: {1: "high", 0: "equal", -1: "low"}}
NULLS = ("wijk.drivers.nulls_few", "wijk.drivers.nulls_many")
OTHER = "other"  # no side is known, or none has a meaning
Labels = dict[str, dict[str, str]]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Driver:
    """A feature that makes the expected rate higher or lower than elsewhere.

    Parameters
    ----------
    description : str
        What it is called: ``eenpersoonshuishoudens``.
    effects : dict of str to float or None
        Effect on the expected rate (0–1), less that in each of :data:`REFERENCES`; None where that
        has no other wijk.
    sides : dict of str to str
        Per reference how much there is of it here: ``meer dan in Utrecht``; empty where no side is
        known.
    question : str
        What to ask people about: ``meer eenpersoonshuishoudens dan in Nederland``.
    """

    description: str
    effects: dict[str, float | None]
    sides: dict[str, str]
    question: str


@dataclass(frozen=True)
class Comparison:
    """How the expected rate of a wijk differs from that of others, and why.

    Parameters
    ----------
    reference : str
        One of :data:`REFERENCES`.
    rate : float
        Expected rate of the reference (0–1).
    gap : float
        Expected rate of the wijk less that of the reference.
    reasons : list of str
        In words: drivers with the sign of the gap, the strongest first.
    """

    reference: str
    rate: float
    gap: float
    reasons: list[str]


@dataclass(frozen=True)
class WijkExplanation:
    """What a page says of the expected rate of one wijk and domain.

    Parameters
    ----------
    year : int
        Year that is explained.
    rate : float
        Expected rate (0–1).
    drivers : list of Driver
        The strongest first.
    others : Driver
        All other features together.
    comparisons : list of Comparison
        The country first; references without another wijk are left out.
    largest : float
        The largest effect on the rate (0–1), which bars are scaled to.
    """

    year: int
    rate: float
    drivers: list[Driver]
    others: Driver
    comparisons: list[Comparison]
    largest: float

    @property
    def base(self) -> float:
        """Expected rate of the country (0–1)."""
        return self.comparisons[0].rate

    def gap(self, reference: str) -> float | None:
        """Return how much more is expected here than there (0–1); None without another wijk.

        Parameters
        ----------
        reference : str
            One of :data:`REFERENCES`.
        """
        return next((one.gap for one in self.comparisons if one.reference == reference), None)


def of_year(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the explanations of a year, else those of the newest year that is explained.

    Parameters
    ----------
    rows : DataFrame
        A row per wijk, feature and ``year``.
    year : int
        The year that the page is about.
    """
    if rows.empty:
        return rows
    return rows[rows["year"] == (year if year in rows["year"].to_numpy() else rows["year"].max())]


def strongest(rows: Rows, per: int) -> Rows:
    """Return the rows of features that are drivers of a wijk in a domain, the strongest first.

    The sign of a driver, compared with the country, is stable over refits. Its strength is its
    largest effect compared with any of :data:`REFERENCES`.

    Parameters
    ----------
    rows : list of dict
        A row per feature: ``stable``, and the columns of :data:`REFERENCES`.
    per : int
        Number of people that rates are written per: what is written as 0.0 is no driver.

    Examples
    --------
    >>> effects = dict(contribution_vs_gemeente=None, contribution_vs_similar=None)
    >>> rows = [{"feature": name, "stable": stable, "contribution": effect, **effects}
    ...         for name, stable, effect in [("a", True, 0.001), ("b", True, -0.02),
    ...                                      ("c", False, 0.03), ("d", True, 0.00001)]]
    >>> [row["feature"] for row in strongest(rows, per=1000)]
    ['b', 'a']
    """
    drivers = [row for row in rows if row["stable"] and _strength(row) * per >= LEAST]
    return sorted(drivers, key=lambda row: -_strength(row))[:MOST_DRIVERS]


def _strength(row: dict[str, Any]) -> float:
    return max(abs(float(row[column] or 0.0)) for column, _ in REFERENCES.values())


def explain(
    rows: Rows, labels: Labels, words: Words, domain: str, gemeente: str
) -> WijkExplanation | None:
    """Return what a page says of a wijk and domain; None where nothing is explained.

    Parameters
    ----------
    rows : list of dict
        Of one wijk and year, a row per feature: ``feature``, ``base_rate``, ``stable`` and the
        columns of :data:`REFERENCES`.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    words : Words
        Language of the page.
    domain : str
        Its name: ``wmo``.
    gemeente : str
        Name of the gemeente that the wijk lies in.
    """
    if not rows:
        return None
    chosen = strongest(rows, words.per(domain))
    names = {row["feature"] for row in chosen}
    remaining = [row for row in rows if row["feature"] not in names]
    sums, rest = (
        {reference: _sum(part, column) for reference, (column, _) in REFERENCES.items()}
        for part in (rows, remaining)
    )
    rate = float(rows[0]["base_rate"]) + (sums[COUNTRY] or 0.0)
    least = LEAST / words.per(domain)
    return WijkExplanation(
        year=int(rows[0]["year"]),
        rate=rate,
        drivers=[_driver(row, labels, words, gemeente) for row in chosen],
        others=Driver(words.text("wijk.drivers.rest"), rest, {}, ""),
        comparisons=[
            Comparison(
                reference,
                rate - gap,
                gap,
                _reasons(_pulling(chosen, reference, gap, least), reference, words, labels),
            )
            for reference, gap in sums.items()
            if gap is not None
        ],
        largest=max(map(abs, [*map(_strength, chosen), *(e or 0.0 for e in rest.values()), least])),
    )


def _sum(rows: Rows, column: str) -> float | None:
    values = [float(row[column]) for row in rows if row[column] is not None]
    return sum(values) if values else None


def _driver(row: dict[str, Any], labels: Labels, words: Words, gemeente: str) -> Driver:
    about = labels.get(str(row["feature"]), {})
    sides = {
        reference: words.text(
            f"wijk.drivers.side.{side}",
            where=words.text(f"wijk.drivers.where.{reference}", gemeente=gemeente),
        )
        for reference, (column, way) in REFERENCES.items()
        if row.get(column) is not None and (side := _side(row.get(way), about)) != OTHER
    }
    effects = {reference: row.get(column) for reference, (column, _) in REFERENCES.items()}
    question = in_words(row, "way", "wijk.drivers.whole", labels, words)
    return Driver(_label(row, about, words), effects, sides, question)


def _label(row: dict[str, Any], about: dict[str, str], words: Words) -> str:
    return about.get(f"label_{words.language}", str(row["feature"]).replace("_", " "))


def _side(way: float | None, about: dict[str, str]) -> str:
    """Return the word for the side of a mean that a feature's value is on."""
    if way is None or about.get("unit") == "km":  # nothing is high for lying in the east
        return OTHER
    return SIDES[about.get("unit") == "share"][int(way)]


def _pulling(chosen: Rows, reference: str, gap: float, least: float) -> Rows:
    """Return the drivers with the sign of the gap, the strongest first."""
    column, _ = REFERENCES[reference]
    sign = 1 if gap > 0 else -1
    pulling = [row for row in chosen if (row[column] or 0.0) * sign >= least]
    return sorted(pulling, key=lambda row: -abs(row[column]))[:MOST_REASONS]


def _reasons(pulling: Rows, reference: str, words: Words, labels: Labels) -> list[str]:
    _, way = REFERENCES[reference]
    return [in_words(row, way, "wijk.drivers.short", labels, words) for row in pulling]


def in_words(row: dict[str, Any], way: str, texts: str, labels: Labels, words: Words) -> str:
    """Return what a driver is: more or less of a feature than the mean it is compared with.

    Parameters
    ----------
    row : dict
        ``feature``, and the column named by ``way``.
    way : str
        Column with the side of a mean that the feature's value is on: 1, 0, −1; None if not known.
    texts : str
        Key in the catalogue under which the sentences are.
    labels : dict of str to dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    words : Words
        Language of the page.
    """
    about = labels.get(str(row["feature"]), {})
    return words.text(f"{texts}.{_side(row.get(way), about)}", feature=_label(row, about, words))


def nulls(stability: pd.DataFrame | None, words: Words) -> str:
    """Return how many features that mean nothing would be called drivers, in words.

    Parameters
    ----------
    stability : DataFrame or None
        The run's table of that; ``null_stable`` per domain and level.
    words : Words
        Language of the page.

    Returns
    -------
    str
        Of the domain and level where there are most.
    """
    most = float("nan") if stability is None else float(stability["null_stable"].max())
    facts = {"null_stable": None if isnan(most) else most}
    key = statements.first(NULLS, facts) or NULLS[-1]
    return statements.say(words, key, facts)


def sentence(domain: str, comparison: Comparison, gemeente: str, words: Words) -> str:
    """Return a comparison as a sentence: ``Naast Zuiderdam (64,0): 14,0 lager, vooral door …``.

    Parameters
    ----------
    domain : str
        Its name: ``wmo``.
    comparison : Comparison
        Of one wijk in that domain.
    gemeente : str
        Name of the gemeente that the wijk lies in.
    words : Words
        Language of the page.
    """
    reference = words.text(f"wijk.drivers.beside.{comparison.reference}", gemeente=gemeente)
    gap = words.rate(domain, abs(comparison.gap))
    none = gap == words.rate(domain, 0.0)
    way = "same" if none else "more" if comparison.gap > 0 else "less"
    statement = words.text(
        f"wijk.drivers.statement.{way}",
        Beside=reference[:1].upper() + reference[1:],
        rate=words.rate(domain, comparison.rate),
        gap=gap,
    )
    if none or not comparison.reasons:
        return f"{statement}."
    because = words.text("wijk.drivers.because", reasons=_joined(comparison.reasons, words))
    return f"{statement}, {because}."


def _joined(reasons: list[str], words: Words) -> str:
    """Return one or two reasons as one."""
    first, *others = reasons
    return words.text("wijk.drivers.and", one=first, other=others[0]) if others else first
