"""The tables of a round, tidy: what may be published, and apart from it what may not.

Numbers of people are given of the answers on a wijk, whatever their role or kind, and of nothing
else: who knows which roles were in the room could subtract one from another.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.participation.phases import Phase
from risicomodel.participation.review import consensus, results
from risicomodel.participation.thermometer import COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from risicomodel.participation.review.evening import Evening

ANSWER_KEY = ["person", "phase", "item", "wijk_code", "domain", "feature", "part"]
FREE_TEXT = "missing"
WHOLE = "Int64"


def of_round(evening: Evening) -> dict[str, pd.DataFrame]:
    """Return the tables of a round, once values may be seen.

    Parameters
    ----------
    evening : Evening
        The round, after the reveal.

    Returns
    -------
    dict of str to DataFrame
        By the name under which ``runs.contract`` declares it.

    Raises
    ------
    ConfigError
        Before the reveal.
    """
    evening.view()  # nothing before the reveal
    made = {} if not evening.form.is_about_wijken else MADE
    if evening.form.has_statements:
        made = {**made, **OF_STATEMENTS}
    return {name: make(evening) for name, make in made.items()}


def field_estimates(evening: Evening) -> pd.DataFrame:
    """Return what the field thinks of every wijk and domain, in both phases.

    A row for every wijk and domain, whether anyone answered or not: that nobody did tells as little
    as that four did.
    """
    made = evening.round
    judged = results.rates(evening.store.current(), made, evening.view())
    phases = [Phase.OWN_VIEW]
    if evening.store.phase().place > Phase.AGAIN.place:  # dots stand still while people think again
        phases.append(Phase.AGAIN)
    about = [
        {"wijk_code": wijk, "domain": one.name, "year": one.year, "phase": str(phase)}
        for phase in phases
        for wijk in made.wijken
        for one in made.domains
    ]
    of_phases = [
        results.pictures(judged[judged["phase"].eq(str(phase))], evening.view()).assign(
            phase=str(phase)
        )
        for phase in phases
    ]
    out = pd.DataFrame(about).merge(
        pd.concat(of_phases), on=["wijk_code", "domain", "phase"], how="left"
    )
    out["verdict"] = out["verdict"].fillna(results.TOO_FEW)
    out = results.published(out, made.domains)
    texts = ["basis", "beside_model"]
    out[texts] = out[texts].fillna("")
    return out.astype({"n": WHOLE, **dict.fromkeys(["verdict", *texts], "str")})


def agreement(evening: Evening) -> pd.DataFrame:
    """Return how far people agree, in both phases."""
    made = evening.round
    judged = results.rates(evening.store.current(), made, evening.view())
    if evening.store.phase().place <= Phase.AGAIN.place:
        judged = judged[judged["phase"].eq(str(Phase.OWN_VIEW))]
    return consensus.agreements(judged, made.domains, evening.view(), made.round_id)


def contested_drivers(evening: Evening) -> pd.DataFrame:
    """Return which causes people recognise."""
    table = results.contested(evening.settled())
    return _typed(table, texts="wijk_code domain feature").astype(
        {"n": WHOLE, "recognised": "float64", "contested": "bool"}
    )


def coins(evening: Evening) -> pd.DataFrame:
    """Return how the coins lie."""
    table = _typed(results.coins(evening.settled()), texts="wijk_code kind")
    return table.astype({"n": "int64", "share": "float64"})


def missing_factors(evening: Evening) -> pd.DataFrame:
    """Return what people say is missing: for one person to read before others do."""
    table = results.missing(evening.settled())
    place = table.groupby("wijk_code").cumcount() + 1
    table = table.assign(place=place.astype("int64"))[["wijk_code", "place", "text"]]
    return _typed(table, texts="wijk_code text")


def actions(evening: Evening) -> pd.DataFrame:
    """Return what was agreed, as the moderator wrote it down."""
    return _typed(evening.store.agreements(), texts="wijk_code text owner due")


def answers(evening: Evening) -> pd.DataFrame:
    """Return every answer as it counts, without its time and without free text.

    Who gave an answer is called as tables call people; a role only where five have it.
    """
    table = evening.store.current()
    table = table[table["item"] != FREE_TEXT]  # who wrote what is not told
    roles = table.drop_duplicates("person").set_index("person")["role"]
    shown = results.merged_roles(roles)
    rows = [
        {**row, "role": shown[row["person"]], "feature": row["detail"], "part": part, "value": said}
        for row in table.to_dict("records")
        for part, said in _parts(row["value"])
    ]
    columns = ["person", "role", *ANSWER_KEY[1:], "value", "channel"]
    out = pd.DataFrame(rows, columns=columns)
    return _typed(out, texts=" ".join(columns)).sort_values(ANSWER_KEY, ignore_index=True)


def thermometer(evening: Evening) -> pd.DataFrame:
    """Return what layers find of statements, and what they know."""
    return evening.reading().astype(dict.fromkeys(["n", "unknown", *COUNTS], WHOLE))


def _parts(value: Any) -> Iterator[tuple[str, str]]:
    """Give the parts of an answer: the limits of a range, the coins on each kind of help."""
    named = value.items() if isinstance(value, dict) else [("", value)]
    for part, said in named:
        yield str(part), said if isinstance(said, str) else json.dumps(said)


def _typed(table: pd.DataFrame, texts: str) -> pd.DataFrame:
    return table.astype(dict.fromkeys(texts.split(), "str"))


MADE: dict[str, Callable[[Evening], pd.DataFrame]] = {
    "answers": answers,
    "agreement": agreement,
    "field_estimates": field_estimates,
    "contested_drivers": contested_drivers,
    "missing_factors": missing_factors,
    "coins": coins,
    "actions": actions,
}
# of a form with statements; what people answered is kept apart there too
OF_STATEMENTS: dict[str, Callable[[Evening], pd.DataFrame]] = {
    "answers": answers,
    "thermometer": thermometer,
}
