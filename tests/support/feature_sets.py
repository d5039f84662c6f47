"""The shipped sets of features, and sets of one feature."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from risicomodel.app import settings
from risicomodel.data.features import CONTEXTS, Feature, FeatureSet

if TYPE_CHECKING:
    from collections.abc import Sequence

SETS = ("demografie_wonen", "plus_inkomen", "plus_nabijheid", "herkomst")
WHY = '++features.justification="does origin add anything"'
ORIGIN = {
    "westers_totaal", "niet_westers_totaal", "marokko", "nederlandse_antillen_en_aruba", "suriname",
    "turkije", "overig_niet_westers", "herkomst_nederland", "herkomst_europa",
    "herkomst_buiten_europa",
}  # fmt: skip


@cache
def shipped(name: str) -> FeatureSet:
    return settings.compose([f"features={name}", WHY]).features


def feature(formula: str, **options: object) -> Feature:
    return Feature(formula, "share", "leeftijd", "nl", "en", **options)  # type: ignore[arg-type]


def one(formula: str, *, context: Sequence[str] = (), **options: object) -> FeatureSet:
    """A set of one feature; ``context`` is the set's."""
    return FeatureSet("test", {"f": feature(formula, **options)}, context=list(context))


def own_name(column: str) -> str:
    """The feature that a column is of, or is a context of."""
    for suffix in CONTEXTS.values():
        column = column.removesuffix(suffix)
    return column
