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

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from risicomodel.core.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator

# of a whole number that tells how a row answered; and of a list of all there can be
MOST_BITS, FEW_BITS = 62, 16
ZERO = 1e-35  # LightGBM's own
ROOM = 2_000_000  # numbers worked on at once


@dataclass(frozen=True)
class Split:
    """A question of a tree: whether a column is at most so much."""

    column: int
    threshold: float
    default_left: bool
    missing: str

    def left(self, x: Floats) -> Bools:
        """Tell which rows go left, as LightGBM does."""
        value = x[:, self.column]
        empty = np.isnan(value)
        out: Bools = value <= self.threshold
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
    """A tree as its splits and leaves.

    Leaves have as many places for features as the one with most; a place that is not needed is met
    by every row and every training row, and so adds nothing.
    """

    splits: list[Split]
    leaves: list[Leaf]

    @property
    def expected(self) -> float:
        """The mean over training rows."""
        import math

        return sum(leaf.value * math.prod(leaf.covers.values()) for leaf in self.leaves)

    @cached_property
    def columns(self) -> list[int]:
        """The columns that are asked about."""
        return sorted({split.column for split in self.splits})

    @cached_property
    def places(self) -> int:
        """How many features the leaf with most of them has."""
        return max(len(leaf.way) for leaf in self.leaves)

    @cached_property
    def values(self) -> Floats:
        """The leaves' values."""
        return np.array([leaf.value for leaf in self.leaves])

    @cached_property
    def covers(self) -> Floats:
        """Share of training rows that goes a leaf's way, leaves × places."""
        out = np.ones((len(self.leaves), self.places))
        for row, leaf in zip(out, self.leaves, strict=True):
            row[: len(leaf.covers)] = list(leaf.covers.values())
        return out

    @cached_property
    def ways(self) -> tuple[Floats, Floats]:
        """The way of every place: 1 for left and −1 for right at each split; how many splits."""
        out = np.zeros((len(self.splits), len(self.leaves), self.places))
        for number, leaf in enumerate(self.leaves):
            for place, steps in enumerate(leaf.way.values()):
                for split, left in steps:
                    out[split, number, place] = 1.0 if left else -1.0
        flat = out.reshape(len(self.splits), -1)
        return flat, np.abs(flat).sum(axis=0)

    @cached_property
    def owners(self) -> Floats:
        """Whose every place is: (leaves · places) × columns, 1 for its own column."""
        at = {column: position for position, column in enumerate(self.columns)}
        out = np.zeros((len(self.leaves), self.places, len(at)))
        for number, leaf in enumerate(self.leaves):
            out[number, range(len(leaf.way)), [at[column] for column in leaf.way]] = 1.0
        return out.reshape(-1, len(at))

    def answers(self, x: Floats) -> tuple[Bools, Ints]:
        """Return the different ways rows answer all splits, and which way every row does."""
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
    points, weights = np.polynomial.legendre.leggauss((features + 1) // 2)
    return (points + 1) / 2, weights / 2


@dataclass(frozen=True)
class _Reached:
    """A tree's leaves as different answers see them.

    Parameters
    ----------
    moved : array, answers × leaves × places
        o − z.
    inverse : array, points × answers × leaves × places
        One over every factor of the product.
    product : array, points × answers × leaves
        The product, times the leaf's value and the point's weight.
    """

    moved: Floats
    inverse: Floats
    product: Floats

    @classmethod
    def of(cls, tree: Tree, bits: Bools) -> _Reached:

        ways, steps = tree.ways
        met = (np.where(bits, 1.0, -1.0) @ ways == steps).reshape(-1, *tree.covers.shape)
        moved = met - tree.covers
        points, weights = _quadrature(tree.places)
        factors = tree.covers + moved * points[:, None, None, None]
        product = factors.prod(axis=3) * tree.values * weights[:, None, None]
        return cls(moved, 1.0 / factors, product)


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
    out = np.zeros(x.shape, order="F")  # columns are added to
    for tree, bits, answer in _grown(trees, x):
        table = np.concatenate([_single(tree, some) for some in _blocks(tree, bits)])
        for position, column in enumerate(tree.columns):
            out[:, column] += table[:, position][answer]
    return sum(tree.expected for tree in trees), out


def _single(tree: Tree, bits: Bools) -> Floats:
    """Return what every column of a tree adds, answers × columns."""
    reached = _Reached.of(tree, bits)
    without = np.einsum("qnl,qnlk->nlk", reached.product, reached.inverse)
    out: Floats = (without * reached.moved).reshape(len(bits), -1) @ tree.owners
    return out


def interactions(trees: list[Tree], x: Floats) -> Floats:
    """Return the Shapley interaction values of every pair of columns, per row.

    Returns
    -------
    array of shape (n, p, p)
        As ``shap`` gives them off the diagonal: half of a pair's interplay on either side of it.
        The diagonal is 0.
    """
    out = np.zeros((x.shape[0], x.shape[1], x.shape[1]))
    for tree, bits, answer in _grown(trees, x):
        table = np.concatenate([_pairs(tree, some) for some in _blocks(tree, bits)])
        wide = np.array(tree.columns)
        out[:, wide[:, None], wide] += table[answer]
    rows = np.arange(x.shape[1])
    out[:, rows, rows] = 0.0
    return out


def _pairs(tree: Tree, bits: Bools) -> Floats:
    """Return what every two columns of a tree add together, answers × columns × columns."""
    reached = _Reached.of(tree, bits)
    left = np.moveaxis(reached.inverse * reached.product[..., None], 0, -1)
    pairs = left @ np.moveaxis(reached.inverse, 0, -2)  # summed over points
    pairs *= reached.moved[..., :, None] * reached.moved[..., None, :] / 2
    at = {column: position for position, column in enumerate(tree.columns)}
    out = np.zeros((len(bits), len(at), len(at)))
    for number, leaf in enumerate(tree.leaves):
        own = np.array([at[column] for column in leaf.way])
        out[:, own[:, None], own] += pairs[:, number, : len(own), : len(own)]
    return out


def _grown(trees: list[Tree], x: Floats) -> Iterator[tuple[Tree, Bools, Ints]]:
    """Yield the trees that ask anything, with the rows' answers."""
    x = np.asfortranarray(x)
    for tree in trees:
        if tree.splits:
            bits, answer = tree.answers(x)
            yield tree, bits, answer


def _blocks(tree: Tree, bits: Bools) -> Iterator[Bools]:
    """Yield answers, no more at once than there is room for."""
    step = max(1, ROOM // (tree.covers.size * tree.places))
    for first in range(0, len(bits), step):
        yield bits[first : first + step]
