"""Exact Shapley values of boosted trees, and of pairs of their features, for many rows at once.

These are the values of path-dependent TreeSHAP (Lundberg et al., 2020), which LightGBM's own
``pred_contrib`` and the ``shap`` package also give; tests hold all three equal. This version
evaluates a tree once for all rows that take the same side at every split, which is many times as
fast.

Consider a leaf with value v and d different features on its path. For feature k, o_k is 1 if the
row follows the path at all splits on that feature, else 0, and z_k is the share of training rows
that do. If a share t of the features is known, the leaf counts for v · Π_k ((1 − t) z_k + t o_k),
and the Shapley value of feature j is

    φ_j = v (o_j − z_j) ∫₀¹ Π_{k≠j} ((1 − t) z_k + t o_k) dt,

a polynomial in t that Gauss-Legendre quadrature with d / 2 points integrates exactly. The
interaction of a pair i, j leaves both out of the product and has the factor
(o_i − z_i)(o_j − z_j) / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from risicomodel.core.arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CODE_BITS = 62  # a row's sides at all splits fit one integer up to this number of splits
MAX_TABLE_BITS = 16  # and up to this number a table of all possible integers is small
ZERO = 1e-35  # LightGBM's own threshold for zero
MAX_ELEMENTS = 2_000_000  # array elements per block of decisions


@dataclass(frozen=True)
class Split:
    """A split of a tree: rows go left if a feature is at most a threshold.

    Parameters
    ----------
    column : int
        The feature's position in the model.
    threshold : float
        In the unit of the feature.
    default_left : bool
        Whether missing values go left.
    missing : {"None", "Zero", "NaN"}
        Which values LightGBM takes for missing.
    """

    column: int
    threshold: float
    default_left: bool
    missing: str

    def left(self, x: Floats) -> Bools:
        """Return which rows go left, by LightGBM's rules.

        Parameters
        ----------
        x : array of shape (n, p)
            The features, in the model's order.

        Returns
        -------
        array of bool, shape (n,)
        """
        value = x[:, self.column]
        missing = np.isnan(value)
        out: Bools = value <= self.threshold
        if self.missing != "NaN":
            out |= missing & (self.threshold >= 0)  # LightGBM then takes NaN for 0
            zero = np.abs(value) <= ZERO
            missing = missing | zero if self.missing == "Zero" else missing & False
        out[missing] = self.default_left
        return out


@dataclass(frozen=True)
class Leaf:
    """A leaf and the path to it.

    Parameters
    ----------
    value : float
        What it adds to the prediction.
    path : dict of int to list of (int, bool)
        By column, the splits on it (by number), and whether the path goes left there.
    covers : dict of int to float
        By column, the share (0–1) of training rows that follow the path at its splits.
    """

    value: float
    path: dict[int, list[tuple[int, bool]]]
    covers: dict[int, float]


@dataclass(frozen=True)
class Tree:
    """A tree as its splits and leaves.

    For arrays, every leaf has as many slots for features as the leaf with the most features on its
    path. An unused slot is matched by all rows and all training rows, and so adds nothing.

    Parameters
    ----------
    splits : list of Split
        s of them.
    leaves : list of Leaf
        l of them.
    """

    splits: list[Split]
    leaves: list[Leaf]

    @property
    def expected(self) -> float:
        """The mean prediction over the training rows."""
        return sum(leaf.value * math.prod(leaf.covers.values()) for leaf in self.leaves)

    @cached_property
    def columns(self) -> list[int]:
        """The columns that the tree splits on, sorted."""
        return sorted({split.column for split in self.splits})

    @cached_property
    def slots(self) -> int:
        """The number of different features on the path of the leaf with the most of them."""
        return max(len(leaf.path) for leaf in self.leaves)

    @cached_property
    def values(self) -> Floats:
        """The values of the leaves, shape (l,)."""
        return np.array([leaf.value for leaf in self.leaves])

    @cached_property
    def covers(self) -> Floats:
        """Share of training rows that follow the path at a slot's splits, leaves × slots."""
        out = np.ones((len(self.leaves), self.slots))
        for row, leaf in zip(out, self.leaves, strict=True):
            row[: len(leaf.covers)] = list(leaf.covers.values())
        return out

    @cached_property
    def paths(self) -> tuple[Floats, Floats]:
        """The path at every slot: 1 for left and −1 for right at each split; number of splits.

        Shapes (s, leaves · slots) and (leaves · slots,).
        """
        out = np.zeros((len(self.splits), len(self.leaves), self.slots))
        for number, leaf in enumerate(self.leaves):
            for slot, steps in enumerate(leaf.path.values()):
                for split, left in steps:
                    out[split, number, slot] = 1.0 if left else -1.0
        flat = out.reshape(len(self.splits), -1)
        return flat, np.abs(flat).sum(axis=0)

    @cached_property
    def slot_columns(self) -> Floats:
        """One-hot column of every slot: (leaves · slots) × columns."""
        position = {column: number for number, column in enumerate(self.columns)}
        out = np.zeros((len(self.leaves), self.slots, len(position)))
        for number, leaf in enumerate(self.leaves):
            out[number, range(len(leaf.path)), [position[column] for column in leaf.path]] = 1.0
        return out.reshape(-1, len(position))

    def decisions(self, x: Floats) -> tuple[Bools, Ints]:
        """Return the distinct combinations of sides that rows take, and each row's combination.

        Parameters
        ----------
        x : array of shape (n, p)
            The features, in the model's order.

        Returns
        -------
        sides : array of bool, shape (d, s)
            Whether rows with this combination go left at each split.
        inverse : array of int, shape (n,)
            Every row's position in ``sides``.
        """
        count = len(self.splits)
        if count > MAX_CODE_BITS:
            return np.stack([s.left(x) for s in self.splits], axis=1), np.arange(len(x))
        codes = np.zeros(len(x), dtype="int64")
        for number, split in enumerate(self.splits):
            codes |= split.left(x).astype("int64") << number
        distinct, inverse = _distinct(codes, count)
        return (distinct[:, None] >> np.arange(count) & 1).astype("bool"), inverse


def _distinct(codes: Ints, bits: int) -> tuple[Any, Any]:
    """Return the distinct codes, and every row's position among them."""
    if bits > MAX_TABLE_BITS:
        return np.unique(codes, return_inverse=True)
    present = np.zeros(1 << bits, dtype="bool")  # faster than sorting
    present[codes] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[codes]


def read(dumped: dict[str, Any]) -> list[Tree]:
    """Return the trees of a LightGBM model.

    Parameters
    ----------
    dumped : dict
        What ``Booster.dump_model`` returned.

    Returns
    -------
    list of Tree
    """
    return [_tree(info["tree_structure"]) for info in dumped["tree_info"]]


def _tree(root: dict[str, Any]) -> Tree:
    splits: list[Split] = []
    leaves: list[Leaf] = []

    def walk(node: dict[str, Any], leaf: Leaf) -> None:
        if "split_feature" not in node:
            leaves.append(Leaf(float(node["leaf_value"]), leaf.path, leaf.covers))
            return
        number, column = len(splits), int(node["split_feature"])
        threshold, default = float(node["threshold"]), bool(node["default_left"])
        splits.append(Split(column, threshold, default, str(node["missing_type"])))
        for side in ("left_child", "right_child"):
            share = _count(node[side]) / _count(node)
            step = (number, side == "left_child")
            path = {**leaf.path, column: [*leaf.path.get(column, []), step]}
            covers = {**leaf.covers, column: leaf.covers.get(column, 1.0) * share}
            walk(node[side], Leaf(0.0, path, covers))

    walk(root, Leaf(0.0, {}, {}))
    return Tree(splits, leaves)


def _count(node: dict[str, Any]) -> float:
    return float(node["internal_count"] if "internal_count" in node else node["leaf_count"])


@lru_cache(maxsize=64)
def _quadrature(features: int) -> tuple[Floats, Floats]:
    """Return points and weights on 0–1 that integrate a product over this many features exactly."""
    points, weights = np.polynomial.legendre.leggauss((features + 1) // 2)
    return (points + 1) / 2, weights / 2


@dataclass(frozen=True)
class _LeafFactors:
    """The factors of a tree's leaves, for several combinations of sides.

    Parameters
    ----------
    difference : array, combinations × leaves × slots
        o − z.
    inverse : array, points × combinations × leaves × slots
        One over every factor of the product.
    product : array, points × combinations × leaves
        The product, times the leaf's value and the point's weight.
    """

    difference: Floats
    inverse: Floats
    product: Floats

    @classmethod
    def of(cls, tree: Tree, sides: Bools) -> _LeafFactors:
        paths, steps = tree.paths
        follows = (np.where(sides, 1.0, -1.0) @ paths == steps).reshape(-1, *tree.covers.shape)
        difference = follows - tree.covers
        points, weights = _quadrature(tree.slots)
        factors = tree.covers + difference * points[:, None, None, None]
        product = factors.prod(axis=3) * tree.values * weights[:, None, None]
        return cls(difference, 1.0 / factors, product)


def shapley(trees: list[Tree], x: Floats) -> tuple[float, Floats]:
    """Return the Shapley values of every feature.

    Parameters
    ----------
    trees : list of Tree
        What :func:`read` returned.
    x : array of shape (n, p)
        The features, in the model's order.

    Returns
    -------
    expected : float
        The mean prediction of all trees over the training rows.
    values : array of shape (n, p)
        What every feature adds to it; they sum to the prediction.
    """
    out = np.zeros(x.shape, order="F")  # columns are added to
    for tree, sides, inverse in _evaluated(trees, x):
        table = np.concatenate([_single(tree, block) for block in _blocks(tree, sides)])
        for position, column in enumerate(tree.columns):
            out[:, column] += table[:, position][inverse]
    return sum(tree.expected for tree in trees), out


def _single(tree: Tree, sides: Bools) -> Floats:
    """Return what every column of a tree adds, combinations × columns."""
    factors = _LeafFactors.of(tree, sides)
    without = np.einsum("qnl,qnlk->nlk", factors.product, factors.inverse)
    out: Floats = (without * factors.difference).reshape(len(sides), -1) @ tree.slot_columns
    return out


def interactions(trees: list[Tree], x: Floats) -> Floats:
    """Return the Shapley interaction values of every pair of features.

    Parameters
    ----------
    trees : list of Tree
        What :func:`read` returned.
    x : array of shape (n, p)
        The features, in the model's order.

    Returns
    -------
    array of shape (n, p, p)
        Off the diagonal as ``shap`` gives them: half of a pair's interaction on either side of it.
        The diagonal is 0.
    """
    out = np.zeros((x.shape[0], x.shape[1], x.shape[1]))
    for tree, sides, inverse in _evaluated(trees, x):
        table = np.concatenate([_pairs(tree, block) for block in _blocks(tree, sides)])
        columns = np.array(tree.columns)
        out[:, columns[:, None], columns] += table[inverse]
    diagonal = np.arange(x.shape[1])
    out[:, diagonal, diagonal] = 0.0
    return out


def _pairs(tree: Tree, sides: Bools) -> Floats:
    """Return what every pair of columns of a tree adds, combinations × columns × columns."""
    factors = _LeafFactors.of(tree, sides)
    left = np.moveaxis(factors.inverse * factors.product[..., None], 0, -1)
    pairs = left @ np.moveaxis(factors.inverse, 0, -2)  # summed over points
    pairs *= factors.difference[..., :, None] * factors.difference[..., None, :] / 2
    position = {column: number for number, column in enumerate(tree.columns)}
    out = np.zeros((len(sides), len(position), len(position)))
    for number, leaf in enumerate(tree.leaves):
        columns = np.array([position[column] for column in leaf.path])
        out[:, columns[:, None], columns] += pairs[:, number, : len(columns), : len(columns)]
    return out


def _evaluated(trees: list[Tree], x: Floats) -> Iterator[tuple[Tree, Bools, Ints]]:
    """Yield the trees that have any splits, with the combinations of sides that rows take."""
    x = np.asfortranarray(x)
    for tree in trees:
        if tree.splits:
            sides, inverse = tree.decisions(x)
            yield tree, sides, inverse


def _blocks(tree: Tree, sides: Bools) -> Iterator[Bools]:
    """Yield combinations in blocks that stay within :data:`MAX_ELEMENTS`."""
    step = max(1, MAX_ELEMENTS // (tree.covers.size * tree.slots))
    for first in range(0, len(sides), step):
        yield sides[first : first + step]
