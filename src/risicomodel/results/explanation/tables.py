"""What a run says of contributions: a row per wijk, year and column, feature or family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import groups
from risicomodel.core.arrays import Bools, Floats, Ints
from risicomodel.data import features as features_module

if TYPE_CHECKING:
    from risicomodel.data.features import FeatureSet
    from risicomodel.results.explanation.attributions import Explained


CUT = "afkapping"  # what is added or taken off because a rate lies between 0 and 1
COLUMN, FEATURE, FAMILY = "column", "feature", "family"


@dataclass(frozen=True)
class Level:
    """What terms are of: every column, a declared feature with its contexts, or a family.

    Parameters
    ----------
    name : str
        ``column``, ``feature`` or ``family``.
    explained : Explained
        Terms of that level, without what was cut off.
    families : dict of str to str
        The family of each.
    values : DataFrame or None
        The value of each, per row; None where there is none to speak of.
    """

    name: str
    explained: Explained
    families: dict[str, str]
    values: pd.DataFrame | None


def levels(explained: Explained, features: FeatureSet, x: pd.DataFrame) -> list[Level]:
    """Return the contributions of columns, of declared features and of families.

    Parameters
    ----------
    x : DataFrame
        The values of all columns, a row per row that is explained.
    """
    declared = [features_module.declared(name) for name in explained.names]
    family = [features.define[name].family for name in declared]
    whole = explained.together(declared)
    return [
        Level(COLUMN, explained, dict(zip(explained.names, family, strict=True)), x),
        Level(FEATURE, whole, dict(zip(declared, family, strict=True)), x[whole.names]),
        Level(FAMILY, explained.together(family), {name: name for name in family}, None),
    ]


def rows(level: Level, similar: Ints) -> pd.DataFrame:
    """Return a row per wijk, year and term.

    Parameters
    ----------
    level : Level
        Contributions of columns, declared features or families.
    similar : array of shape (n, k)
        For every row, which rows are of the wijken it is most like; −1 for none.

    Returns
    -------
    DataFrame
        ``domain``, ``wijk_code``, ``year``, ``feature`` (but for families), ``family``, ``part``
        (for columns), ``value`` (but for families), ``contribution``, ``contribution_low``,
        ``contribution_high``, ``contribution_vs_gemeente``, ``contribution_vs_similar``,
        ``base_rate`` (all in rate), ``champion``, ``stable``; sorted by key. Where a rate was cut
        off at 0 or 1, a row ``afkapping`` holds what that added or took off.
    """
    level, cut = _with_cut(level), level.explained.cut != 0
    found = level.explained
    # in the order of the key, as it is written
    at = np.lexsort((found.rows["year"], found.rows["wijk_code"]))
    order = np.argsort(np.array(found.names), kind="stable")
    terms = np.tile(order, len(at))
    areas = found.rows.iloc[at]
    table = pd.DataFrame(
        {
            "domain": pd.Categorical([found.domain]).repeat(len(terms)),
            "wijk_code": pd.Categorical(areas["wijk_code"]).repeat(len(order)),
            "year": areas["year"].to_numpy().repeat(len(order)),
            **_labels(level, terms),
            **{name: wide[at][:, order].ravel() for name, wide in _figures(level, similar).items()},
            "base_rate": found.base[at].repeat(len(order)),
            "champion": True,
            "stable": _stable(level)[at][:, order].ravel(),
        }
    )
    told = np.array([name != CUT for name in found.names])[terms] | cut[at].repeat(len(order))
    out: pd.DataFrame = table[told].reset_index(drop=True)
    return out


def _with_cut(level: Level) -> Level:
    """Return a level with what was cut off as a term of its own, where anything was."""
    found = level.explained
    if not (found.cut != 0).any():
        return level
    refits = np.broadcast_to(found.cut[:, None], (len(found.refits), len(found.cut), 1))
    whole = replace(
        found,
        names=[*found.names, CUT],
        terms=np.column_stack([found.terms, found.cut]),
        refits=np.concatenate([found.refits, refits], axis=2),
        cut=np.zeros_like(found.cut),
    )
    values = None if level.values is None else level.values.assign(**{CUT: np.nan})
    return replace(level, explained=whole, families={**level.families, CUT: CUT}, values=values)


def _figures(level: Level, similar: Ints) -> dict[str, Floats]:
    """Return what is told of every term, rows by terms."""
    found, of = level.explained, level.explained.rows
    gemeente = (of["gm_code"] + of["year"].astype("str")).to_numpy()
    mean = groups.mean_within(found.terms, of["people"].to_numpy(), gemeente)
    value = {} if level.values is None else {"value": level.values.to_numpy()}
    return {
        **value,
        "contribution": found.terms,
        "contribution_low": found.low,
        "contribution_high": found.high,
        "contribution_vs_gemeente": found.terms - mean,
        "contribution_vs_similar": found.terms - _mean_of(found.terms, similar),
    }


def _mean_of(terms: Floats, similar: Ints) -> Floats:
    """Return the mean of every term over the wijken a wijk is most like; NaN where none."""
    total = np.zeros(terms.shape)
    for column in similar.T:
        total += np.where((column >= 0)[:, None], terms[column], 0.0)
    count = (similar >= 0).sum(axis=1, keepdims=True)
    out = np.full(terms.shape, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def _stable(level: Level) -> Bools:
    """Return which terms may be called drivers: of one sign in all refits, and with a value."""
    stable: Bools = level.explained.stable & np.array(
        [name != CUT for name in level.explained.names]
    )
    if level.values is not None:
        stable = stable & level.values.notna().to_numpy()
    return stable


def _labels(level: Level, terms: Ints) -> dict[str, Any]:
    names = level.explained.names
    labels: dict[str, Any] = {
        "family": pd.Categorical([level.families[name] for name in names])[terms]
    }
    if level.name != FAMILY:
        labels = {"feature": pd.Categorical(names)[terms], **labels}
    if level.name == COLUMN:
        parts = [features_module.part_of(name) for name in names]
        labels["part"] = pd.Categorical(parts)[terms]
    return labels
