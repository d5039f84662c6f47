"""Why the model expects what it does in a wijk, beside the country, gemeente and similar wijken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.levels import AREA
from risicomodel.report import plain

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.report.words import Words

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
SIZE = "size"
Labels = dict[str, dict[str, str]]


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


def strongest(rows: pd.DataFrame, per: int) -> pd.DataFrame:
    """Return what is called a driver of a domain, per wijk the strongest first.

    Those whose sign beside the country is stable; as strong as they are beside whichever others.
    """
    columns = [column for column, _ in BESIDE.values() if column in rows]
    rows = rows.assign(**{SIZE: rows[columns].abs().max(axis=1)})
    rows = rows[rows["stable"] & (rows[SIZE] * per >= LEAST)]
    return rows.sort_values(SIZE, ascending=False).groupby(AREA).head(MOST_DRIVERS)


def tell(rows: pd.DataFrame, labels: Labels, words: Words, domain: str) -> Told | None:
    """Return what is told of a wijk in a domain; None where nothing is explained.

    Parameters
    ----------
    rows : DataFrame
        Of one wijk and year: ``feature``, ``base_rate``, ``stable`` and those of :data:`BESIDE`.
    labels : dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    """
    if rows.empty:
        return None
    shown = strongest(rows, words.per(domain))
    others = rows.drop(shown.index)
    sums, rest = ({w: _sum(part, c) for w, (c, _) in BESIDE.items()} for part in (rows, others))
    rate = float(rows["base_rate"].iloc[0]) + (sums[COUNTRY] or 0.0)
    told = plain.records(shown)
    return Told(
        year=int(rows["year"].iloc[0]),
        rate=rate,
        drivers=[_driver(row, labels, words) for row in told],
        others=Driver(words.text("wijk.drivers.rest"), rest),
        beside=[
            Beside(
                whom,
                rate - gap,
                gap,
                [
                    in_words(row, BESIDE[whom][1], "wijk.drivers.short", labels, words)
                    for row in _pulling(told, BESIDE[whom][0], gap, LEAST / words.per(domain))
                ],
            )
            for whom, gap in sums.items()
            if gap is not None
        ],
        largest=max(float(shown[SIZE].max()) if len(shown) else 0.0, *map(_size, rest.values())),
    )


def _sum(rows: pd.DataFrame, column: str) -> float | None:
    known = column in rows and bool(rows[column].notna().any())
    return float(rows[column].sum()) if known else None


def _size(effect: float | None) -> float:
    return abs(effect or 0.0)


def _driver(row: dict[str, Any], labels: Labels, words: Words) -> Driver:
    what = in_words(row, "higher", "wijk.drivers", labels, words)
    return Driver(what, {whom: row.get(column) for whom, (column, _) in BESIDE.items()})


def _pulling(
    told: list[dict[str, Any]], column: str, gap: float, least: float
) -> list[dict[str, Any]]:
    """Return what pulls the wijk's rate the way it lies, the strongest first."""
    way = 1 if gap > 0 else -1
    pulling = [row for row in told if (row[column] or 0.0) * way >= least]
    return sorted(pulling, key=lambda row: -abs(row[column]))[:MOST_REASONS]


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
    if more is None:
        return words.text(f"{texts}.other", feature=label)
    pair = ("more", "less") if about.get("unit") == "share" else ("high", "low")
    return words.text(f"{texts}.{pair[0] if more else pair[1]}", feature=label)
