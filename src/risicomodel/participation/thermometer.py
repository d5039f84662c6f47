"""What comes of a Thermometer: what layers find of statements, and what they know.

What people find is counted and never scored: there is no right answer. What they know is held
against what is true. A layer with fewer than five answers is shown only together with another one,
so that it cannot be computed from what stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.core.intervals import wilson
from risicomodel.participation import permutation
from risicomodel.participation.form_rules import AGREE, KNOW, NO_OPINION, POINTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from risicomodel.participation.forms import Form, Item

LEAST = 5  # people with an answer, for a layer that is shown
ALL, OTHERS = "all", "others"
THEME, STATEMENT, LOCAL, KNOWLEDGE, KNOWN = (
    "theme", "statement", "local", "knowledge", "known",
)  # fmt: skip
AGREES_FROM = 4  # of the five points
COUNTS = [f"points_{point}" for point in range(1, POINTS + 1)]
SHARE = ["agree_or_right", "agree_or_right_lower", "agree_or_right_upper"]
COLUMNS = [
    "part", "name", "layer", "n", "unknown", *COUNTS, *SHARE,
    "middle", "truth", "p", "p_holm",
]  # fmt: skip
TEXTS = ["part", "name", "layer", "truth"]
EXACT = 1e-9  # of a truth: what a sum of digits leaves


@dataclass(frozen=True)
class Topic:
    """What is shown together, with the same layers hidden throughout.

    Parameters
    ----------
    kind, name : str
        Of the whole: a theme, a local statement, or what people know.
    items : tuple of Item
        Its statements or questions.
    kind_of_items : str
        Of its parts in the table; empty where the whole is the only part.
    """

    kind: str
    name: str
    items: tuple[Item, ...]
    kind_of_items: str = ""


def topics(form: Form) -> list[Topic]:
    """Return what is shown of a form: its themes, local statements, and what people know.

    Parameters
    ----------
    form : Form
        Of the round.
    """
    fixed = [item for item in form.items if item.kind == AGREE and not item.is_local]
    out = [
        Topic(THEME, theme, tuple(item for item in fixed if item.theme == theme), STATEMENT)
        for theme in dict.fromkeys(item.theme for item in fixed)
    ]
    out += [Topic(LOCAL, item.key, (item,)) for item in form.items if item.is_local]
    checked = tuple(item for item in form.items if item.kind == KNOW)
    return [*out, Topic(KNOWLEDGE, KNOWLEDGE, checked, KNOWN)] if checked else out


def read(
    answers: pd.DataFrame, form: Form, truths: Mapping[str, float | str], seed: int = 0
) -> pd.DataFrame:
    """Return what comes of a Thermometer: the table ``thermometer``.

    Parameters
    ----------
    answers : DataFrame
        ``person``, ``role``, ``item``, ``value``: of each the one that counts, in any order.
    form : Form
        Of the round.
    truths : mapping of str to (float or str)
        By question of what people know, what is true.
    seed : int
        Of the draws that differences between layers are tested with.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`: a row per topic, and per part of it, for all people together, for each
        layer that is shown, and for the *others* together. ``n`` people answered (of statements:
        with an opinion). ``unknown`` and ``points_…`` count answers. ``agree_or_right``
        is the share of answers that do or are; its interval is as wide as if each person gave one.
        ``middle`` is the mean of a statement's points and the median of numbers. ``p`` is of the
        difference between the layers of a theme that are shown, ``p_holm`` the same for all themes
        together.
    """
    said = _said(answers, form, truths)
    people = {str(layer): int(n) for layer, n in said.groupby("layer")["person"].nunique().items()}
    hidden = set(people) - set(layers_shown(people))
    rows = [
        row for topic in topics(form) for row in _rows_of_topic(said, topic, truths, hidden, seed)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    numbers = [name for name in COLUMNS if name not in TEXTS]
    table = table.astype(dict.fromkeys(numbers, "float64"))
    table = table.astype(dict.fromkeys(TEXTS, "str"))
    return table.assign(p_holm=permutation.holm(table["p"].to_numpy()))


def _said(answers: pd.DataFrame, form: Form, truths: Mapping[str, float | str]) -> pd.DataFrame:
    """Return answers as numbers: ``person``, ``layer``, ``item``, ``point``, ``agrees``.

    ``point`` is one of five, or a number, or 0 for a word; empty where a person does not know.
    ``agrees`` is whether it agrees or is right.
    """
    items = {item.key: item for item in form.items if item.kind in {AGREE, KNOW}}
    rows = answers[answers["item"].isin(items)]
    pairs = zip(rows["item"], rows["value"], strict=True)
    parsed = [_number(items[key], value, truths.get(key)) for key, value in pairs]
    point, agrees = zip(*parsed, strict=True) if parsed else ((), ())
    return pd.DataFrame(
        {
            "person": rows["person"].to_numpy(), "layer": rows["role"].to_numpy(),
            "item": rows["item"].to_numpy(), "point": np.array(point, dtype=np.float64),
            "agrees": np.array(agrees, dtype=np.float64),
        }
    )  # fmt: skip


def _number(item: Item, value: Any, truth: float | str | None) -> tuple[float, float]:
    if value == NO_OPINION:
        return float("nan"), 0.0
    if item.kind == AGREE:
        return float(value), float(int(value) >= AGREES_FROM)
    return (0.0 if item.scale else float(value)), float(is_right(item, value, truth))


def is_right(item: Item, value: Any, truth: float | str | None) -> bool:
    """Return whether an answer is right: as near to the truth as the form asks, or the same.

    Parameters
    ----------
    item : Item
        A question of what people know.
    value : object
        What was answered.
    truth : float, str or None
        What is true.
    """
    if item.truth is None or truth is None:
        return False
    if item.scale or isinstance(truth, str):
        return bool(value == truth)
    return abs(float(value) - truth) <= item.truth.margin * truth + EXACT


def layers_shown(sizes: Mapping[str, int], hidden_anyway: Collection[str] = ()) -> list[str]:
    """Return the layers that may be shown apart: the others are five people or more, of two layers.

    Where one is too small, the smallest of the rest is hidden with it, or what it says could be
    computed from the total. Of layers of one size, the first by name is hidden.

    Parameters
    ----------
    sizes : mapping of str to int
        People with an answer, by layer.
    hidden_anyway : collection of str
        Layers that are hidden in the whole round: with another partner in each topic, how many
        they are could be computed.

    Returns
    -------
    list of str
        In the order that they came in; none where all are hidden together.

    Examples
    --------
    >>> layers_shown({"raad": 9, "college": 2, "beleid": 6, "inwoner": 12})
    ['raad', 'inwoner']
    >>> layers_shown({"raad": 9, "college": 3, "beleid": 2, "inwoner": 12})
    ['raad', 'inwoner']
    """
    by_size = sorted(sizes, key=lambda layer: (sizes[layer], layer))
    hidden = [layer for layer in by_size if sizes[layer] < LEAST or layer in hidden_anyway]
    rest = [layer for layer in by_size if layer not in hidden]
    while rest and hidden and (sum(sizes[one] for one in hidden) < LEAST or len(hidden) == 1):
        hidden.append(rest.pop(0))
    return [layer for layer in sizes if layer in rest]


def _rows_of_topic(
    said: pd.DataFrame,
    topic: Topic,
    truths: Mapping[str, float | str],
    hidden: Collection[str],
    seed: int,
) -> Iterator[dict[str, Any]]:
    """Give the rows of a topic and its parts, with the same layers hidden in all of them."""
    keys = [item.key for item in topic.items]
    rows = said[said["item"].isin(keys)]
    counted = rows if topic.kind == KNOWLEDGE else rows.dropna(subset=["point"])
    people = counted.groupby(["layer", "item"])["person"].nunique().unstack(fill_value=0)
    # a question that nobody answered tells of nobody
    sizes = people.reindex(index=sorted(set(rows["layer"])), fill_value=0)
    of_layers = {str(layer): int(n) for layer, n in sizes.min(axis=1).items()}
    if sum(of_layers.values()) < LEAST:
        return
    shown = layers_shown(of_layers, hidden)
    groups = {ALL: list(of_layers), **{layer: [layer] for layer in shown}}
    rest = [layer for layer in of_layers if layer not in shown]
    if rest and shown:
        groups[OTHERS] = rest
    if len(shown) == len(of_layers) == 1:
        del groups[shown[0]]  # who is alone is all
    tested = _tested(rows, shown, seed) if topic.kind == THEME else float("nan")
    for name, layers in groups.items():
        part = rows[rows["layer"].isin(layers)]
        whole = _row(part, topic.items, topic.kind, topic.name, truths)
        yield {**whole, "layer": name, "p": tested if name == ALL else float("nan")}
        if topic.kind_of_items:
            for item in topic.items:
                row = _row(part, (item,), topic.kind_of_items, item.key, truths)
                yield {**row, "layer": name, "p": float("nan")}


def _tested(rows: pd.DataFrame, shown: Sequence[str], seed: int) -> float:
    """Return the p of the difference between layers: of people's mean over a theme's statements."""
    scores = rows.dropna(subset=["point"]).groupby(["layer", "person"])["point"].mean()
    groups: list[Floats] = [scores[layer].to_numpy() for layer in sorted(shown)]
    return permutation.between_groups(groups, seed=seed).p


def _row(
    rows: pd.DataFrame,
    items: Sequence[Item],
    kind: str,
    name: str,
    truths: Mapping[str, float | str],
) -> dict[str, Any]:
    """Return what a group of people says of one statement or question, or of several together."""
    rows = rows[rows["item"].isin([item.key for item in items])]
    checked = kind in {KNOWLEDGE, KNOWN}
    counted = rows if checked else rows.dropna(subset=["point"])
    n = counted["person"].nunique()
    interval = wilson(float(counted["agrees"].mean()) if n else float("nan"), n)
    points = rows["point"].dropna()
    unknown = int(rows["point"].isna().sum())
    row: dict[str, Any] = {"part": kind, "name": name, "n": n, "unknown": unknown, "truth": ""}
    if not checked:
        row |= {f"points_{at}": int(points.eq(at).sum()) for at in range(1, POINTS + 1)}
        row["middle"] = points.mean()
    elif kind == KNOWN:
        is_number = not items[0].scale and len(points) >= LEAST
        row["middle"] = points.median() if is_number else float("nan")
        row["truth"] = str(truths.get(name, ""))
    return {**row, **dict(zip(SHARE, interval, strict=True))}
