"""What comes out of a round: per wijk and domain where the table stands, beside the model.

Everyone counts the same: the field is the mean of all answers
(:func:`risicomodel.participation.scores.pooled`), with ranges brought to 80% first. Under five
answers there is no figure, only talk. A role is shown at five answers or more, the others together
as *others*; where these would be fewer than five, the smallest role joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.participation.elicitation import MARGIN, Range, rescaled
from risicomodel.participation.phases import Phase
from risicomodel.participation.scores import pooled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from risicomodel.participation.review.rounds import JudgedDomain, ModelView, Round

LEAST = 5  # answers, for a figure that is kept or printed
LEAST_ON_SCREEN = 3  # people of a role, for its dots in the room
OTHERS = "others"
PER_HUNDRED = 100
TAP_RATES = {"less": 0.8, "same": 1.0, "more": 1.2}  # where a tap stands, beside the gemeente
TAPS, RANGES, BOTH = "taps", "ranges", "both"
AGREE, DISAGREE, TOO_FEW = "agree", "disagree", "too_few"
MOST_SPREAD = 0.25  # half of the answers lie within this share of the middle one: one picture
RATES = ["rate", "lower", "upper"]


@dataclass(frozen=True)
class Picture:
    """What the table thinks of one wijk and domain.

    Parameters
    ----------
    n : int
        Answers with a figure.
    rate, lower, upper : float or None
        Mean of the answers and of their limits at 80% (rates of 0–1); None under :data:`LEAST`
        answers.
    basis : str
        ``taps``, ``ranges`` or ``both``; empty without a figure.
    verdict : str
        ``agree``, ``disagree`` or ``too_few``.
    beside_model : str
        ``within``, ``above``, ``below``; empty without a figure.
    """

    n: int
    rate: float | None
    lower: float | None
    upper: float | None
    basis: str
    verdict: str
    beside_model: str = ""


def rates(answers: pd.DataFrame, made: Round, view: ModelView) -> pd.DataFrame:
    """Return what everyone said of need, as rates with limits at 80%.

    A tap stands at 80%, 100% or 120% of the gemeente's rate, with limits 10% of that rate away, as
    *the same* has them. A range stands at its best guess, its limits brought to 80%
    (:func:`risicomodel.participation.elicitation.rescaled`).

    Parameters
    ----------
    answers : DataFrame
        From :meth:`risicomodel.participation.review.store.Store.current`.
    made : Round
        The round.
    view : ModelView
        For the gemeente's rate.

    Returns
    -------
    DataFrame
        ``person``, ``role``, ``phase``, ``wijk_code``, ``domain``, ``tap`` (empty for a range),
        ``rate``, ``lower``, ``upper`` (0–1).
    """
    rows = answers[answers["item"] == "need"]
    per = {one.name: one.per for one in made.domains}
    parsed = [
        _rate(value, per[domain], view.of_gemeente.get(domain))
        for value, domain in zip(rows["value"], rows["domain"], strict=True)
    ]
    table = pd.DataFrame(parsed, columns=["tap", *RATES], index=rows.index)
    table = table.astype(dict.fromkeys(RATES, "float64"))
    about = rows[["person", "role", "phase", "wijk_code", "domain"]]
    return pd.concat([about, table], axis=1).dropna(subset=["rate"]).reset_index(drop=True)


def _rate(value: Mapping[str, Any], per: int, of_gemeente: float | None) -> tuple[Any, ...]:
    if "tap" in value:
        place = TAP_RATES.get(value["tap"])
        if place is None or of_gemeente is None:
            return value["tap"], None, None, None
        return value["tap"], *(of_gemeente * (place + side) for side in (0, -MARGIN, MARGIN))
    keys = ("low", "high", "best", "sure")
    answer = Range(*(np.array(float(value[key])) for key in keys))
    return "", value["best"] / per, *(float(one) / per for one in rescaled(answer, per))


def newest(table: pd.DataFrame) -> pd.DataFrame:
    """Return of every wijk and domain the judgements of one phase: the second, if enough gave one.

    Never some of the first and some of the second together: beside the tables of both phases, that
    would tell what the few said who judged once.

    Parameters
    ----------
    table : DataFrame
        From :func:`rates`.

    Returns
    -------
    DataFrame
        A row per person, wijk and domain; the second phase where it has :data:`LEAST` answers.
    """
    again = table["phase"].eq(str(Phase.AGAIN))
    about = ["wijk_code", "domain"]
    enough = again.groupby([table[name] for name in about]).transform("sum") >= LEAST
    return table[again == enough]


def picture(rows: pd.DataFrame, forecast: tuple[float, float, float] | None) -> Picture:
    """Return what the table thinks of one wijk and domain in one phase.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`rates`.
    forecast : tuple of float, or None
        The model's rate and band.

    Returns
    -------
    Picture

    Examples
    --------
    >>> rate = pd.Series([0.10, 0.11, 0.12, 0.12, 0.15])
    >>> rows = pd.DataFrame({"tap": "", "rate": rate, "lower": rate - 0.02, "upper": rate + 0.03})
    >>> one = picture(rows, (0.08, 0.07, 0.09))
    >>> round(one.rate, 3), round(one.lower, 3), one.basis, one.beside_model
    (0.12, 0.1, 'ranges', 'above')
    >>> picture(rows.head(4), None).verdict
    'too_few'
    """
    n = len(rows)
    if n < LEAST:
        return Picture(n, None, None, None, "", TOO_FEW)
    values = rows[RATES].to_numpy("float64")
    rate, lower, upper = (float(x) for x in pooled(np.ones((1, n)), values, np.isfinite(values))[0])
    first, middle, third = np.quantile(values[:, 0], [0.25, 0.5, 0.75])
    spread = (third - first) / 2 / middle if middle > 0 else 0.0
    kinds = {RANGES if tap == "" else TAPS for tap in rows["tap"]}
    beside = ""
    if forecast is not None:
        beside = "above" if rate > forecast[2] else "below" if rate < forecast[1] else "within"
    return Picture(
        n, rate, lower, upper,
        kinds.pop() if len(kinds) == 1 else BOTH,
        AGREE if spread <= MOST_SPREAD else DISAGREE,
        beside,
    )  # fmt: skip


def pictures(table: pd.DataFrame, view: ModelView) -> pd.DataFrame:
    """Return what the table thinks of every wijk and domain: the field's estimates.

    Parameters
    ----------
    table : DataFrame
        From :func:`rates`, a row per person, wijk and domain.
    view : ModelView
        The model's figures.

    Returns
    -------
    DataFrame
        ``wijk_code``, ``domain`` and the fields of :class:`Picture`; ``n`` is empty under
        :data:`LEAST`.
    """
    rows = []
    for (wijk, domain), part in table.groupby(["wijk_code", "domain"]):
        one = picture(part, view.forecasts.get(f"{wijk}/{domain}"))
        rows.append({"wijk_code": wijk, "domain": domain, **vars(one)})
    out = pd.DataFrame(rows, columns=["wijk_code", "domain", *Picture.__dataclass_fields__])
    out = out.astype(dict.fromkeys(RATES, "float64"))
    return out.assign(n=out["n"].where(out["n"] >= LEAST))  # how few there are tells of someone


def published(pictures_of: pd.DataFrame, domains: Iterable[JudgedDomain]) -> pd.DataFrame:
    """Return means as they may leave the room: to half a person of 100, to one of 1,000.

    Whoever knows what the others answered must not get the last one out of a mean.

    Parameters
    ----------
    pictures_of : DataFrame
        From :func:`pictures`.
    domains : iterable of JudgedDomain
        Of the round, for out of how many people is asked.
    """
    steps = {one.name: (0.5 if one.per <= PER_HUNDRED else 1.0) / one.per for one in domains}
    step = pictures_of["domain"].map(steps).astype("float64")
    rounded = {name: (pictures_of[name].astype("float64") / step).round() * step for name in RATES}
    return pictures_of.assign(**rounded)


def merged_roles(roles: pd.Series, least: int = LEAST) -> pd.Series:
    """Return the role under which each answer may be shown.

    Parameters
    ----------
    roles : Series of str
        A role per person.
    least : int
        People that a shown role has at least; others are merged, and these are as many too.

    Returns
    -------
    Series of str
        On the same index: a role, or :data:`OTHERS`.

    Examples
    --------
    >>> merged_roles(pd.Series(["a"] * 6 + ["b"] * 2 + ["c"] * 5)).value_counts().to_dict()
    {'others': 7, 'a': 6}
    """
    counts = roles.value_counts().sort_index().sort_values(kind="stable")
    small = set(counts[counts < least].index)
    rest = [role for role in counts.index if role not in small]
    while small and counts[list(small)].sum() < least and rest:
        small.add(rest.pop(0))
    if len(rest) == 1 and not small:
        return roles
    return roles.where(~roles.isin(small), OTHERS)


def contested(answers: pd.DataFrame) -> pd.DataFrame:
    """Return which causes of the model people recognise, per wijk and domain.

    Parameters
    ----------
    answers : DataFrame
        From :meth:`risicomodel.participation.review.store.Store.current`.

    Returns
    -------
    DataFrame
        ``wijk_code``, ``domain``, ``feature``, ``n`` (answers but for *unknown*) and ``recognised``
        (share that says yes), both empty under :data:`LEAST`, ``contested`` (at most a third does).
    """
    rows = answers[(answers["item"] == "cause") & (answers["value"] != "unknown")]
    columns = ["wijk_code", "domain", "feature", "n", "recognised", "contested"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    said = rows.assign(yes=rows["value"].eq("yes"), feature=rows["detail"])
    table = said.groupby(["wijk_code", "domain", "feature"])["yes"].agg(["size", "mean"])
    table = table.rename(columns={"size": "n", "mean": "recognised"}).reset_index()
    enough = table["n"] >= LEAST
    table["recognised"] = table["recognised"].where(enough)
    table["n"] = table["n"].where(enough)
    table["contested"] = enough & table["recognised"].le(1 / 3)
    return table[columns]


def coins(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how the coins lie, per wijk: ``wijk_code``, ``kind``, ``share``, ``n``.

    Parameters
    ----------
    answers : DataFrame
        From :meth:`risicomodel.participation.review.store.Store.current`.
    """
    rows = answers[answers["item"] == "coins"]
    totals = rows["value"].map(lambda value: sum(value.values())).astype("int64")
    rows = rows[totals > 0]  # who laid none does not know
    laid = [
        {"wijk_code": wijk, "kind": kind, "laid": count}
        for wijk, value in zip(rows["wijk_code"], rows["value"], strict=True)
        for kind, count in value.items()
    ]
    people = rows.groupby("wijk_code").size().rename("n")
    columns = ["wijk_code", "kind", "share", "n"]
    if not laid:
        return pd.DataFrame(columns=columns)
    table = pd.DataFrame(laid).groupby(["wijk_code", "kind"])["laid"].sum().reset_index()
    table["share"] = table["laid"] / table.groupby("wijk_code")["laid"].transform("sum")
    table = table.join(people, on="wijk_code")
    return table.loc[table["n"] >= LEAST, columns].reset_index(drop=True)


def missing(answers: pd.DataFrame) -> pd.DataFrame:
    """Return what people say is missing in the picture, for one person to read before others do.

    Parameters
    ----------
    answers : DataFrame
        From :meth:`risicomodel.participation.review.store.Store.current`.

    Returns
    -------
    DataFrame
        ``wijk_code`` and ``text``, in the order of the alphabet: who wrote what is not told.
    """
    rows = answers[answers["item"] == "missing"]
    texts = rows[["wijk_code", "value"]].rename(columns={"value": "text"})
    texts = texts[texts["text"].astype("str") != ""]
    return texts.sort_values(["wijk_code", "text"], ignore_index=True)
