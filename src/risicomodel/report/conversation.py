"""Why the model expects what it does, and what to ask the people who know the wijk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from risicomodel.report import plain
from risicomodel.report.gaps import LIKELY

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.report.words import Words

MOST_DRIVERS = 6
MOST_QUESTIONS = 3
OTHER = "other"


@dataclass(frozen=True)
class Driver:
    """What makes the expected rate higher or lower than the country's.

    Parameters
    ----------
    what : str
        In words: ``meer eenpersoonshuishoudens dan elders``.
    effect : float
        On the rate.
    low, high : float
        The least and most it was when the model learned from other gemeenten.
    """

    what: str
    effect: float
    low: float
    high: float


def drivers(
    rows: pd.DataFrame, labels: dict[str, dict[str, str]], words: Words, domain: str
) -> list[Driver]:
    """Return a wijk's drivers in a domain, the strongest first; only those whose sign is stable.

    Parameters
    ----------
    rows : DataFrame
        ``feature``, ``contribution`` with ``_low`` and ``_high``, ``stable``, ``higher``.
    labels : dict
        Per feature ``label_nl``, ``label_en`` and ``unit``.
    """
    least = 0.05 / words.per(domain)  # less than what is written as 0.1
    told = rows[rows["stable"] & (rows["contribution"].abs() >= least)]
    told = told.reindex(told["contribution"].abs().sort_values(ascending=False).index)
    return [
        Driver(
            in_words(row, labels, words),
            float(row["contribution"]),
            float(row["contribution_low"]),
            float(row["contribution_high"]),
        )
        for row in plain.records(told.head(MOST_DRIVERS))
    ]


def of_year(rows: pd.DataFrame, told: int) -> pd.DataFrame:
    """Return explanations of the year that is told of, else of the newest year explained."""
    if rows.empty:
        return rows
    return rows[rows["year"] == (told if told in rows["year"].to_numpy() else rows["year"].max())]


def in_words(row: dict[str, Any], labels: dict[str, dict[str, str]], words: Words) -> str:
    """Return what a driver is: more or less of something than elsewhere."""
    about = labels.get(str(row["feature"]), {})
    label = about.get(f"label_{words.language}", str(row["feature"]).replace("_", " "))
    higher = row.get("higher")
    if higher is None:
        return words.text("wijk.drivers.other", feature=label)
    pair = ("more", "less") if about.get("unit") == "share" else ("high", "low")
    return words.text(f"wijk.drivers.{pair[0] if higher else pair[1]}", feature=label)


def questions(
    figures: dict[str, dict[str, Any]], found: dict[str, list[Driver]], words: Words
) -> list[str]:
    """Return open questions: of the largest gaps that are no noise, a driver, what is not known.

    Parameters
    ----------
    figures : dict
        Per domain the wijk's row of the year it is told of.
    found : dict
        Per domain its drivers.
    """
    gaps = [
        (abs(row["gap"]) / row["expected"], domain, row)
        for domain, row in figures.items()
        if row.get("gap") is not None and row["chance"] < LIKELY
    ]
    gaps.sort(key=lambda item: -item[0])
    out = [_of_gap(domain, row, words) for _, domain, row in gaps[:MOST_QUESTIONS]]
    if not out and any(row.get("gap") is not None for row in figures.values()):
        out.append(words.text("wijk.questions.none"))
    first = next((domain for _, domain, _ in gaps if found.get(domain)), None)
    first = first or next((domain for domain, drivers_of in found.items() if drivers_of), None)
    if first:
        out.append(words.text("wijk.questions.driver", what=found[first][0].what))
    out += [
        words.text("wijk.questions.unknown", domain=words.label(domain))
        for domain, row in figures.items()
        if row.get("observed") is None and row.get("estimate") is None
    ]
    return [*out, words.text("wijk.questions.missing")]


def _of_gap(domain: str, row: dict[str, Any], words: Words) -> str:
    way = "more" if row["gap"] > 0 else "less"
    told = words.text(
        f"wijk.questions.{way}",
        domain=words.label(domain),
        observed=words.rate(domain, row["observed"]),
        expected=words.rate(domain, row["expected"]),
        per=words.per_whom(domain),
    )
    more = words.first(f"wijk.questions.{domain}.{way}", f"wijk.questions.{OTHER}.{way}")
    return f"{told} {more}"
