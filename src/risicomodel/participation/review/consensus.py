"""How far people agree, per domain, and beside it how far they are from the newest figure.

To agree is not to be right: people who talked agree more than they come nearer to the figure.
Under five people of a kind (taps, ranges) there is no number, and nothing says how many they are:
who knows the roles in the room could tell from that who said what.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.participation.agreement import NoAgreement, agreement
from risicomodel.participation.elicitation import TAPS as TAP_KEYS
from risicomodel.participation.review.results import (
    AGREE,
    DISAGREE,
    LEAST,
    RANGES,
    TAPS,
    TOO_FEW,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from risicomodel.core.arrays import Floats
    from risicomodel.participation.review.rounds import JudgedDomain, ModelView

SCALES = {TAPS: "ordinal", RANGES: "interval"}  # by kind of answer
MOST = 0.5  # more than this part of the wijken makes a judgement of the gemeente
KEY = ["domain", "phase", "basis"]
AGREEMENT_COLUMNS = [
    *KEY, "year", "alpha", "lower", "upper", "reason", "n_wijken", "off_newest", "n_newest",
]  # fmt: skip


def seed_of(round_id: str) -> int:
    """Return the seed of a round's draws: the same round gives the same intervals."""
    return zlib.crc32(round_id.encode())


def matrix(rows: pd.DataFrame, values: pd.Series, wijken: Iterable[str]) -> tuple[Floats, Any]:
    """Return answers as people × wijken, and who the people are.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`risicomodel.participation.review.results.rates`, of one domain and phase.
    values : Series of float
        What to take of them, on the same index.
    wijken : iterable of str
        Codes, in the order of the columns.

    Returns
    -------
    array of shape (people, wijken)
        NaN where there is no answer.
    Index
        Names of the people, sorted.
    """
    wide = rows.assign(said=values).pivot(index="person", columns="wijk_code", values="said")
    wide = wide.sort_index().reindex(columns=list(wijken))
    return wide.to_numpy("float64"), wide.index


def tap_positions(rows: pd.DataFrame) -> pd.Series:
    """Return taps as positions: 0 for less, 1 for the same, 2 for more."""
    return rows["tap"].map({tap: float(place) for place, tap in enumerate(TAP_KEYS)})


def of_kind(rows: pd.DataFrame, basis: str) -> pd.DataFrame:
    """Return the answers that are taps, or those that are ranges."""
    return rows[rows["tap"].eq("") == (basis == RANGES)]


def agreements(
    table: pd.DataFrame, domains: Iterable[JudgedDomain], view: ModelView, round_id: str
) -> pd.DataFrame:
    """Return how far people agree: Krippendorff's alpha per domain, phase and kind of answer.

    Parameters
    ----------
    table : DataFrame
        From :func:`risicomodel.participation.review.results.rates`.
    domains : iterable of JudgedDomain
        Of the round.
    view : ModelView
        For the newest figures.
    round_id : str
        Seeds the draws.

    Returns
    -------
    DataFrame
        ``domain``, ``phase``, ``basis``, ``year``, ``alpha`` with its 90% interval (``lower``,
        ``upper``), ``reason`` (why there is none), ``n_wijken``, and of wijken with five such
        answers ``off_newest``: the mean distance of the field from the newest figure, as a part of
        that figure, with ``n_newest`` how many these are.
    """
    years = {one.name: one.year for one in domains}
    out = []
    for (domain, phase), rows in table.groupby(["domain", "phase"]):
        for basis in SCALES:
            of_basis = of_kind(rows, basis)
            about = {"domain": domain, "phase": phase, "basis": basis, "year": years[str(domain)]}
            out.append({**about, **_alpha(of_basis, basis, round_id), **_off(of_basis, view)})
    made = pd.DataFrame(out, columns=AGREEMENT_COLUMNS)
    numbers = dict.fromkeys(["alpha", "lower", "upper", "off_newest"], "float64")
    whole = dict.fromkeys(["n_wijken", "n_newest"], "Int64")
    return made.astype({**dict.fromkeys([*KEY, "reason"], "str"), **numbers, **whole})


def _alpha(rows: pd.DataFrame, basis: str, round_id: str) -> dict[str, Any]:
    wijken = sorted(rows["wijk_code"].unique())
    values = tap_positions(rows) if basis == TAPS else rows["rate"]
    said, _ = matrix(rows, values, wijken)
    compared = said[:, np.isfinite(said).sum(axis=0) > 1]
    if np.isfinite(compared).any(axis=1).sum() < LEAST:
        return {"reason": "few_raters"}
    result = agreement(said, SCALES[basis], seed=seed_of(round_id))
    if isinstance(result, NoAgreement):
        return {"reason": result.reason}
    alpha, lower, upper = result.alpha
    return {"alpha": alpha, "lower": lower, "upper": upper, "reason": "",
            "n_wijken": result.n_units}  # fmt: skip


def _off(rows: pd.DataFrame, view: ModelView) -> dict[str, Any]:
    """Return how far the field is from the newest figure, on wijken with five answers of a kind."""
    means = rows.groupby(["wijk_code", "domain"])["rate"].agg(["size", "mean"]).reset_index()
    means = means[means["size"] >= LEAST]
    apart = []
    for wijk, domain, rate in zip(means["wijk_code"], means["domain"], means["mean"], strict=True):
        _, last = view.last.get(f"{wijk}/{domain}", (0, 0.0))
        if last > 0:
            apart.append(abs(rate - last) / last)
    # of one wijk it would give the very mean that its figure is rounded to hide
    if len(apart) < LEAST:
        return {}
    return {"off_newest": round(float(np.mean(apart)), 2), "n_newest": len(apart)}


def of_gemeente(pictures: pd.DataFrame, domain: str, n_wijken: int) -> str:
    """Return whether people agree on a domain, over all wijken.

    Parameters
    ----------
    pictures : DataFrame
        From :func:`risicomodel.participation.review.results.pictures`.
    domain : str
        Its name.
    n_wijken : int
        Of the round.

    Returns
    -------
    str
        ``agree`` or ``disagree`` where that is so in more than half of the wijken that have a
        figure, and more than half have one; else ``too_few`` (or, of as many, ``disagree``).

    Examples
    --------
    >>> table = pd.DataFrame({"domain": "wmo", "verdict": ["agree", "agree", "disagree"]})
    >>> of_gemeente(table, "wmo", 5), of_gemeente(table, "wmo", 6)
    ('agree', 'too_few')
    """
    verdicts = pictures.loc[pictures["domain"].eq(domain), "verdict"]
    judged = verdicts[verdicts != TOO_FEW]
    if len(judged) <= MOST * n_wijken:
        return TOO_FEW
    return AGREE if judged.eq(AGREE).mean() > MOST else DISAGREE
