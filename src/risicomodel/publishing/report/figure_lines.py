"""What a page says of one wijk and domain: the facts, and the sentences that are true of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import statements

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.gemeente import Gemeente

SIDES = ("higher", "same", "lower")
GAP = tuple(f"wijk.figures.{key}" for key in ("same", "more", "less"))
AS_WHOLE = tuple(f"wijk.figures.as_whole.{part}{side}" for part in ("", "some_") for side in SIDES)
WITHIN = tuple(f"wijk.figures.within.{side}" for side in SIDES)
VERDICT = tuple(
    f"wijk.figures.{key}" for key in ("noise", "real", "noise_alone", "real_alone", "outside")
)
NOTES = tuple(
    f"wijk.figures.{key}" for key in ("own", "population", "population_own", "not_delivered")
)


def facts(gemeente: Gemeente, words: Words, domain: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return what sentences on a wijk's figures are held to, as it is written on the page.

    Parameters
    ----------
    gemeente : Gemeente
        That the wijk lies in.
    words : Words
        Language of the page.
    domain : str
        Its name: ``wmo``.
    row : dict
        The wijk's figures of the year of the page.

    Returns
    -------
    dict
        Rates in the domain's unit, to one decimal; ``off`` and ``within`` in whole percents;
        ``held_to`` is what is expected of a wijk that is off as its gemeente as a whole is, or as
        the country is where there is no other wijk (``alone``), and ``part`` what is left of the
        gap beyond that (of 0–1).
    """
    per = words.per(domain)

    def written(rate: float | None) -> float | None:
        return None if rate is None else round(rate * per, 1)

    gap, by_model = row.get("gap"), row.get("expected")
    out: dict[str, Any] = {
        "year": row["year"],
        "later": gemeente.undelivered_after(domain, row["year"]),
        "hidden": row["hidden"],
        "population_year": _whole(row.get("population_year")),
        "own": row.get("own") and row.get("observed") is not None,
        "outside": row.get("outside"),
        "chance": row.get("chance"),
        "whole": gemeente.whole(domain, row["year"]),
        "alone": None,
        **{name: written(row.get(name)) for name in ("observed", "expected", "estimate", "gap")},
        **dict.fromkeys(("off", "within", "held_to", "part")),
    }
    if gap is None or by_model is None:
        return out
    alone = row.get("gap_wijk") is None
    factor = 1 + float(row["off_country" if alone else "off_gemeente"])
    part = float(gap) - by_model * (factor - 1)
    out |= {"alone": alone, "held_to": written(by_model * factor), "part": part}
    if not alone:
        out |= {
            "off": round(100 * (factor - 1)),
            "within": round(100 * part / (by_model * factor)),
        }
    return out


def _whole(year: float | None) -> int | None:
    return None if year is None else int(year)


def lines(
    gemeente: Gemeente, words: Words, domain: str, row: dict[str, Any], of_row: dict[str, Any]
) -> list[str]:
    """Return the sentences on a wijk's figures: the first is what stands out on the page.

    Parameters
    ----------
    gemeente : Gemeente
        That the wijk lies in.
    words : Words
        Language of the page.
    domain : str
        Its name: ``wmo``.
    row : dict
        The wijk's figures of the year of the page.
    of_row : dict
        Its :func:`facts`.
    """
    notes = statements.any_of(
        words,
        NOTES,
        of_row,
        year=row["year"],
        population_year=of_row["population_year"],
        years=", ".join(map(str, of_row["later"])),
        gemeente=gemeente.name,
    )
    if row["hidden"]:
        return [statements.say(words, "wijk.figures.hidden", of_row), *notes]
    if of_row["gap"] is not None:
        return [_gap(words, domain, row, of_row), *_parts(gemeente, words, domain, of_row), *notes]
    if of_row["estimate"] is not None and of_row["observed"] is None:
        band = words.band(domain, row["estimate_lower"], row["estimate_upper"])
        estimate = f"{words.text('kind.estimate')}: {words.rate(domain, row['estimate'])}, {band}."
        why = words.text(f"status.{row['status']}")
        basis = words.text(f"basis.{row['basis']}")
        silent = statements.say(
            words, "wijk.figures.silent", of_row, year=row["year"], why=why, basis=basis
        )
        return [estimate, silent, *notes]
    if of_row["observed"] is not None:
        return [f"{words.text('kind.observed')}: {words.rate(domain, row['observed'])}.", *notes]
    return [words.text("none_written"), *notes]


def _gap(words: Words, domain: str, row: dict[str, Any], of_row: dict[str, Any]) -> str:
    return words.text(
        str(statements.first(GAP, of_row)),
        observed=words.rate(domain, row["observed"]),
        expected=words.rate(domain, row["expected"]),
        gap=words.rate(domain, abs(row["gap"])),
    )


def _parts(gemeente: Gemeente, words: Words, domain: str, of_row: dict[str, Any]) -> list[str]:
    """Return what of the gap is the gemeente's and what the wijk's, and whether that is chance."""
    name = gemeente.name
    if of_row["alone"]:
        split = [statements.say(words, "wijk.figures.alone", of_row, gemeente=name)]
    else:
        whole = str(statements.first(AS_WHOLE, of_row))
        within = str(statements.first(WITHIN, of_row))
        share = words.percent(abs(of_row["off"]) / 100)
        of_wijk = words.percent(abs(of_row["within"]) / 100)
        gap = words.change(domain, of_row["part"])
        of_gemeente = words.text(whole, gemeente=name, share=share)
        split = [f"{of_gemeente} {words.text(within, share=of_wijk, gap=gap)}"]
    return [*split, *statements.any_of(words, VERDICT, of_row)]
