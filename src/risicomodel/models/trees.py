"""Shapley values of boosted trees and of pairs of their features, exact and for many rows at once.

They are those of path-dependent TreeSHAP (Lundberg and others, 2020), which LightGBM's own
``pred_contrib`` and the ``shap`` package give too; tests hold them equal. Here a tree is worked out
once for all rows that answer its questions alike, which makes it many times as fast.

A leaf of value v is reached by d features; of feature k, o is 1 where the row answers all its
questions the leaf's way, else 0, and z is the share of training rows that does so. With a share t
of the features known the leaf counts for v · Π_k ((1 − t) z_k + t o_k), and the Shapley value is

    φ_j = v (o_j − z_j) ∫₀¹ Π_{k≠j} ((1 − t) z_k + t o_k) dt,

a polynomial in t that Gauss-Legendre quadrature with d / 2 points integrates exactly. A pair's
interaction leaves out both, times (o_i − z_i)(o_j − z_j) / 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Bits = npt.NDArray[np.bool_]

# of a whole number that tells how a row answered; and of a list of all there can be
MOST_BITS, FEW_BITS = 62, 16
ZERO = 1e-35  # LightGBM's own


@dataclass(frozen=True)
class Split:
    """A question of a tree: whether a column is at most so much."""

    column: int
    threshold: float
    default_left: bool
    missing: str

    def left(self, x: Floats) -> Bits:
        """Tell which rows go left, as LightGBM does."""
        import numpy as np

        value = x[:, self.column]
        empty = np.isnan(value)
        out: Bits = value <= self.threshold
        if self.missing != "NaN":
            out |= empty & (self.threshold >= 0)  # LightGBM takes what is missing for 0
            empty = empty | (np.abs(value) <= ZERO) if self.missing == "Zero" else empty & False
        out[empty] = self.default_left
        return out


@dataclass(frozen=True)
class Leaf:
    """A leaf and the way to it.

    Parameters
    ----------
    value : float
        What it adds.
    way : dict of int to list
        Per column, the splits on it (by number) and whether left is the leaf's way.
    covers : dict of int to float
        Per column, the share of training rows that goes the leaf's way.
    """

    value: float
    way: dict[int, list[tuple[int, bool]]]
    covers: dict[int, float]


@dataclass(frozen=True)
class Tree:
    """A tree as its splits and leaves."""

    splits: list[Split]
    leaves: list[Leaf]

    @property
    def expected(self) -> float:
        """The mean over training rows."""
        import math

        return sum(leaf.value * math.prod(leaf.covers.values()) for leaf in self.leaves)

    @property
    def columns(self) -> list[int]:
        """The columns that are asked about."""
        return sorted({split.column for split in self.splits})

    def answers(self, x: Floats) -> tuple[Bits, npt.NDArray[np.intp]]:
        """Return the different ways rows answer all splits, and which way every row does."""
        import numpy as np

        count = len(self.splits)
        if count > MOST_BITS:
            return np.stack([s.left(x) for s in self.splits], axis=1), np.arange(len(x))
        codes = np.zeros(len(x), dtype="int64")
        for number, split in enumerate(self.splits):
            codes |= split.left(x).astype("int64") << number
        found, answer = _distinct(codes, count)
        return (found[:, None] >> np.arange(count) & 1).astype("bool"), answer


def _distinct(codes: npt.NDArray[np.int64], bits: int) -> tuple[Any, Any]:
    """Return the codes there are, and which of them every row has."""
    import numpy as np

    if bits > FEW_BITS:
        return np.unique(codes, return_inverse=True)
    there = np.zeros(1 << bits, dtype="bool")  # faster than sorting
    there[codes] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[codes]


def read(dumped: dict[str, Any]) -> list[Tree]:
    """Return the trees of a model as ``Booster.dump_model`` gives it."""
    return [_tree(info["tree_structure"]) for info in dumped["tree_info"]]


def _tree(root: dict[str, Any]) -> Tree:
    splits: list[Split] = []
    leaves: list[Leaf] = []

    def walk(node: dict[str, Any], leaf: Leaf) -> None:
        if "split_feature" not in node:
            leaves.append(Leaf(float(node["leaf_value"]), leaf.way, leaf.covers))
            return
        number, column = len(splits), int(node["split_feature"])
        threshold, default = float(node["threshold"]), bool(node["default_left"])
        splits.append(Split(column, threshold, default, str(node["missing_type"])))
        for side in ("left_child", "right_child"):
            share = _count(node[side]) / _count(node)
            step = (number, side == "left_child")
            way = {**leaf.way, column: [*leaf.way.get(column, []), step]}
            covers = {**leaf.covers, column: leaf.covers.get(column, 1.0) * share}
            walk(node[side], Leaf(0.0, way, covers))

    walk(root, Leaf(0.0, {}, {}))
    return Tree(splits, leaves)


def _count(node: dict[str, Any]) -> float:
    return float(node["internal_count"] if "internal_count" in node else node["leaf_count"])


@lru_cache(maxsize=64)
def _quadrature(features: int) -> tuple[Floats, Floats]:
    """Return points and weights on 0–1 that integrate a product of so many features exactly."""
    import numpy as np

    points, weights = np.polynomial.legendre.leggauss((features + 1) // 2)
    return (points + 1) / 2, weights / 2


@dataclass(frozen=True)
class _Reached:
    """A leaf as different answers see it: columns, (o − z), the factors and their product."""

    columns: list[int]
    moved: Floats  # answers × columns
    factors: Floats  # answers × columns × points
    product: Floats  # answers × points, times value and weight

    @classmethod
    def of(cls, leaf: Leaf, bits: Bits) -> _Reached:
        import numpy as np

        columns = list(leaf.way)
        met = [
            np.logical_and.reduce([bits[:, n] == left for n, left in leaf.way[column]])
            for column in columns
        ]
        reached = np.stack(met, axis=1).astype("float64")
        covers = np.array([leaf.covers[column] for column in columns])
        points, weights = _quadrature(len(columns))
        moved = reached - covers
        factors = covers[:, None] + moved[:, :, None] * points
        return cls(columns, moved, factors, factors.prod(axis=1) * weights * leaf.value)


def shapley(trees: list[Tree], x: Floats) -> tuple[float, Floats]:
    """Return the trees' mean over training rows, and what every column adds to it, per row.

    Parameters
    ----------
    trees : list of Tree
        As :func:`read` gives them.
    x : array of shape (n, p)
        The features, in the model's order.

    Returns
    -------
    float, array of shape (n, p)
        They add up to the trees' prediction.
    """
    import numpy as np

    out = np.zeros(x.shape, order="F")  # columns are added to
    for tree, bits, answer in _grown(trees, x):
        place = {column: position for position, column in enumerate(tree.columns)}
        table = np.zeros((len(bits), len(place)))
        for leaf in tree.leaves:
            reached = _Reached.of(leaf, bits)
            without = (reached.product[:, None, :] / reached.factors).sum(axis=2)
            table[:, [place[column] for column in reached.columns]] += reached.moved * without
        for column, position in place.items():
            out[:, column] += table[:, position][answer]
    return sum(tree.expected for tree in trees), out


def interactions(trees: list[Tree], x: Floats) -> Floats:
    """Return the Shapley interaction values of every pair of columns, per row.

    Returns
    -------
    array of shape (n, p, p)
        As ``shap`` gives them off the diagonal: half of a pair's interplay on either side of it.
        The diagonal is 0.
    """
    import numpy as np

    out = np.zeros((x.shape[0], x.shape[1], x.shape[1]))
    for tree, bits, answer in _grown(trees, x):
        place = {column: position for position, column in enumerate(tree.columns)}
        table = np.zeros((len(bits), len(place), len(place)))
        for leaf in tree.leaves:
            reached = _Reached.of(leaf, bits)
            inverse = 1.0 / reached.factors
            pairs = np.einsum("nq,niq,njq->nij", reached.product, inverse, inverse)
            pairs *= reached.moved[:, :, None] * reached.moved[:, None, :] / 2
            own = [place[column] for column in reached.columns]
            table[:, np.array(own)[:, None], own] += pairs
        wide = np.array(tree.columns)
        out[:, wide[:, None], wide] += table[answer]
    rows = np.arange(x.shape[1])
    out[:, rows, rows] = 0.0
    return out


def _grown(trees: list[Tree], x: Floats) -> Iterator[tuple[Tree, Bits, npt.NDArray[np.intp]]]:
    """Yield the trees that ask anything, with the rows' answers."""
    import numpy as np

    x = np.asfortranarray(x)
    for tree in trees:
        if tree.splits:
            bits, answer = tree.answers(x)
            yield tree, bits, answer
