"""What people of the wijk said of the figures, beside the model: on every page, and of one wijk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.core.levels import AREA
from risicomodel.publishing.report import records, statements

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure import Shown
    from risicomodel.publishing.presentation.language import Words
    from risicomodel.publishing.report.drivers import Labels
    from risicomodel.publishing.report.gemeente import Gemeente

HIDDEN = "hidden"  # the model's forecast is not shown, so what people think is not either
SENTENCES = tuple(f"reviewed.{key}" for key in ("none", "done", "done_few", "elsewhere"))
VERDICTS = tuple(f"reviewed.{key}" for key in ("agree", "disagree"))
BESIDE = tuple(f"reviewed.{key}" for key in ("above", "within", "below"))
FEW = tuple(f"reviewed.{key}" for key in ("few_talked", "few"))
BANDS = tuple(f"reviewed.{key}" for key in ("bands_ranges", "bands_taps", "bands_both", "bands"))
STATUS = tuple(
    f"method.card_reviewed_{key}" for key in ("none", "reviewed", "contested", "unreviewed")
)


def sentence(gemeente: Gemeente, words: Words, wijk: str | None = None) -> str:
    """Return whether people reviewed the figures, in a sentence for every page.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    wijk : str, optional
        Code, on the page of a wijk.
    """
    newest = _newest(gemeente, wijk) or _newest(gemeente)
    facts = {
        "date": newest["date"] if newest else None,
        "people": newest["people"] if newest else 0,
        "here": newest is None or wijk is None or _came_out(gemeente, wijk, newest["round_id"]),
    }
    values = {} if newest is None else {"date": words.day(newest["date"])}
    return " ".join(
        statements.any_of(words, SENTENCES, facts, **values, n=facts["people"], name=gemeente.name)
    )


def of_all(shown: Shown, words: Words) -> str:
    """Return of how many gemeenten people reviewed the figures.

    Parameters
    ----------
    shown : Shown
        Of a run.
    words : Words
        Language of the page.
    """
    n = int(shown.reviews["gm_code"].nunique())
    keys = ["reviewed.all_none", "reviewed.all_1", "reviewed.all"]
    return " ".join(statements.any_of(words, keys, {"n": n}, n=n))


def status(shown: Shown, words: Words) -> str:
    """Return the status of the model, for its card: what all rounds say together.

    Parameters
    ----------
    shown : Shown
        Of a run.
    words : Words
        Language of the page.
    """
    given = set(shown.reviews["status"])
    together = next((one for one in ("contested", "reviewed", "unreviewed") if one in given), None)
    facts = {"status": together}
    such = shown.reviews["status"].isin([together])
    gemeenten = int(shown.reviews.loc[such, "gm_code"].nunique())
    return " ".join(statements.any_of(words, STATUS, facts, n=gemeenten))


def view(gemeente: Gemeente, words: Words, wijk: str, labels: Labels) -> list[str]:
    """Return what people said of a wijk, a line per domain, and what was agreed; none if nobody.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    wijk : str
        Code.
    labels : dict of str to dict
        Per feature ``label_nl`` and ``label_en``.
    """
    newest = _newest(gemeente, wijk)
    if newest is None:
        return []

    said = {
        name: _of_wijk(gemeente, f"review_{name}", wijk, newest["round_id"])
        for name in ("estimates", "causes", "actions")
    }
    causes: dict[str, list[str]] = {}
    for row in said["causes"]:
        label = labels[row["feature"]][f"label_{words.language}"]
        causes.setdefault(row["domain"], []).append(str(label))
    return [
        *(_line(gemeente, words, row) for row in said["estimates"] if row["verdict"] != HIDDEN),
        *(_not_recognised(words, domain, named) for domain, named in causes.items()),
        *(_agreed(words, row) for row in said["actions"]),
    ]


def bands(gemeente: Gemeente, words: Words, wijk: str) -> str:
    """Return what the bands beside what people think are; empty where no figure is.

    Limits of ranges are people's own; those of taps (less, the same, more) are set by us.

    Parameters
    ----------
    gemeente : Gemeente
        With what may be shown of it.
    words : Words
        Language of the page.
    wijk : str
        Code.
    """
    newest = _newest(gemeente, wijk)
    rows = (
        [] if newest is None else _of_wijk(gemeente, "review_estimates", wijk, newest["round_id"])
    )
    bases = {row["basis"] for row in rows if row["rate"] is not None}
    return " ".join(statements.any_of(words, BANDS, {"bases": bases}))


def _newest(gemeente: Gemeente, wijk: str | None = None) -> dict[str, Any] | None:
    """Return the newest round of a gemeente, or the newest that judged a wijk."""
    table = gemeente.table("reviews")
    if table is None:
        return None
    if wijk is not None:
        judged = gemeente.table("review_estimates")
        here = set() if judged is None else set(judged.loc[judged[AREA].eq(wijk), "round_id"])
        table = table[table["round_id"].isin(here)]
    rows = records.records(table.sort_values(["date", "round_id"]))
    return rows[-1] if rows else None


def _came_out(gemeente: Gemeente, wijk: str, round_id: str) -> bool:
    """Tell whether a figure, a cause or an agreement of a wijk came out of a round."""
    figures = _of_wijk(gemeente, "review_estimates", wijk, round_id)
    others = ("review_causes", "review_actions")
    return any(row["rate"] is not None for row in figures) or any(
        _of_wijk(gemeente, name, wijk, round_id) for name in others
    )


def _of_wijk(gemeente: Gemeente, name: str, wijk: str, round_id: str) -> list[dict[str, Any]]:
    table = gemeente.table(name)
    if table is None:
        return []
    return records.records(table[table[AREA].eq(wijk) & table["round_id"].eq(round_id)])


def _line(gemeente: Gemeente, words: Words, row: dict[str, Any]) -> str:
    """Return what people think of one domain, beside the model's forecast of the same year."""
    domain, year = str(row["domain"]), int(row["year"])
    label = words.label(domain)
    if row["rate"] is None:
        return " ".join(statements.any_of(words, FEW, row, domain=label))
    ahead = gemeente.of_wijk("forecasts", str(row[AREA]), domain)
    # the gate gives no figure of people without one of the model
    models = [] if ahead is None else records.records(ahead[ahead["year"].eq(year)])
    model = models[0]
    first = statements.say(
        words, "reviewed.figure", row,
        domain=label, year=year, per=words.per_people(domain),
        rate=words.rate(domain, row["rate"]), band=words.band(domain, row["lower"], row["upper"]),
        model=words.rate(domain, model["rate"]),
        model_band=words.band(domain, model["lower"], model["upper"]),
    )  # fmt: skip
    per = words.per(domain)
    facts = {
        "verdict": row["verdict"],
        "rate": round(row["rate"] * per, 1),
        "lower": round(model["lower"] * per, 1),
        "upper": round(model["upper"] * per, 1),
    }
    return " ".join([first, *statements.any_of(words, [*BESIDE, *VERDICTS], facts)])


def _not_recognised(words: Words, domain: str, named: list[str]) -> str:
    values = {"domain": words.label(domain), "causes": ", ".join(named)}
    return statements.say(words, "reviewed.not_recognised", {"causes": named}, **values)


def _agreed(words: Words, row: dict[str, Any]) -> str:
    text = str(row["text"]).strip()
    ends = "" if text.endswith((".", "!", "?")) else "."
    keys = [f"reviewed.{key}" for key in ("agreed", "agreed_who", "agreed_when")]
    due = words.day(str(row["due"]))
    return " ".join(
        statements.any_of(words, keys, row, text=f"{text}{ends}", owner=row["owner"], due=due)
    )
