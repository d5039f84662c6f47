"""Declarations of features: formulas over KWB columns, with unit, family and labels.

The columns a feature needs follow from its formula. A feature made of columns that are part of a
domain's own figure is never used for that domain.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.data.panel import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.data.domains import Domain

OWN = "eigen"
PLACE = "ligging"
# Contexts of a feature: the difference from its gemeente's mean, that mean, and the mean of the
# surrounding wijken.
CONTEXTS = {"verschil": "_tov_gemeente", "gemeente": "_van_gemeente", "omgeving": "_van_omgeving"}
PARTS = (OWN, *CONTEXTS, PLACE)
FUNCTIONS = ("log", "sqrt", "exp")
CENTRES = ("", "year")
ORIGIN = "herkomst"  # the topic of KWB columns on origin


@dataclass
class Feature:
    """One declared feature.

    Parameters
    ----------
    formula : str
        Arithmetic over canonical KWB columns, with ``log``, ``sqrt`` and ``exp``.
    unit, family : str
        Unit of the value; the family people discuss (leeftijd, huishoudens, woningen, …).
    label_nl, label_en : str
        Labels for people.
    centre : str
        ``year`` subtracts the country's mean of that year (weighted by inhabitants), for figures
        that rise with prices; empty leaves the value as it is.
    sensitive : bool
        Origin (herkomst) and the like: refused without a written justification.
    leaks_into : list of str
        Domains it must not be used for, beyond those whose ``leaks`` name one of its columns.
    context : list of str, optional
        Contexts of this feature, where they differ from those of the set.
    """

    formula: str
    unit: str
    family: str
    label_nl: str
    label_en: str
    centre: str = ""
    sensitive: bool = False
    leaks_into: list[str] = field(default_factory=list)
    context: list[str] | None = None


@dataclass
class FeatureSet:
    """A named set of features, as in ``configs/features/<name>.yaml``.

    Parameters
    ----------
    name : str
        The set's name, for tables and records.
    define : dict
        The features by name.
    context : list of str
        Contexts added to every feature, with means weighted by inhabitants: ``verschil``, the
        difference from its gemeente's mean; ``gemeente``, that mean; ``omgeving``, the mean of the
        surrounding wijken.
    surroundings_km : float
        Distance (km) at which a surrounding wijk counts for 1/e.
    justification : str
        Why sensitive features are used; written into ``run.json`` and the report.
    """

    name: str
    define: dict[str, Feature]
    context: list[str] = field(default_factory=lambda: ["verschil"])
    surroundings_km: float = 15.0
    justification: str = ""


def sources(feature: Feature) -> set[str]:
    """Return the KWB columns that a feature's formula uses.

    Parameters
    ----------
    feature : Feature
        With a formula that is valid.

    Returns
    -------
    set of str
        Canonical names.

    Examples
    --------
    >>> young = Feature("k_0_tot_15_jaar / aantal_inwoners", "share", "leeftijd", "0-14", "0-14")
    >>> sorted(sources(young))
    ['aantal_inwoners', 'k_0_tot_15_jaar']
    """
    tree = ast.parse(feature.formula, mode="eval")
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - called


def is_sensitive(feature: Feature) -> bool:
    """Return whether a feature is about origin: declared so, or made of a column that is.

    Parameters
    ----------
    feature : Feature
        With a formula that is valid.

    Returns
    -------
    bool
    """
    origin = {name for name, column in names.columns().items() if column.topic == ORIGIN}
    return feature.sensitive or bool(sources(feature) & origin)


def leaks(name: str, feature: Feature, domain_name: str, domain: Domain) -> bool:
    """Return whether a feature is, or contains, part of a domain's own figure.

    Parameters
    ----------
    name : str
        The feature's name.
    feature : Feature
        Its declaration.
    domain_name : str
        The domain's name.
    domain : Domain
        Its declaration, with the columns that leak.

    Returns
    -------
    bool
    """
    leaking = {*domain.leaks, *(c for c in domain.column if c in names.columns())}
    return domain_name in feature.leaks_into or bool(sources(feature) & leaking) or name in leaking


def contexts(feature: Feature, features: FeatureSet) -> list[str]:
    """Return the contexts of a feature: its own, else those of the set.

    Parameters
    ----------
    feature : Feature
        One of the set.
    features : FeatureSet
        The set.

    Returns
    -------
    list of str
        Keys of :data:`CONTEXTS`.
    """
    return features.context if feature.context is None else feature.context


def columns(features: FeatureSet, names_of: list[str] | None = None) -> list[str]:
    """Return the columns that features give: their own first, then those of each context.

    Parameters
    ----------
    features : FeatureSet
        The set.
    names_of : list of str, optional
        Some of its features; all unless given.

    Returns
    -------
    list of str

    Examples
    --------
    >>> young = Feature("k_0_tot_15_jaar / aantal_inwoners", "share", "leeftijd", "0-14", "0-14")
    >>> columns(FeatureSet("example", {"aandeel_0_14": young}, ["verschil", "gemeente"]))
    ['aandeel_0_14', 'aandeel_0_14_tov_gemeente', 'aandeel_0_14_van_gemeente']
    """
    chosen = list(features.define) if names_of is None else names_of
    return chosen + [
        name + suffix
        for context, suffix in CONTEXTS.items()
        for name in chosen
        if context in contexts(features.define[name], features)
    ]


def part_of(column: str) -> str:
    """Return what a feature's column describes: the wijk itself, a context, or where it lies.

    Parameters
    ----------
    column : str
        One of :func:`columns`.

    Returns
    -------
    str
        One of :data:`PARTS`.

    Examples
    --------
    >>> part_of("aandeel_0_14_van_omgeving"), part_of("aandeel_0_14"), part_of("ligging_x")
    ('omgeving', 'eigen', 'ligging')
    """
    for context, suffix in CONTEXTS.items():
        if column.endswith(suffix):
            return context
    return PLACE if column.startswith(f"{PLACE}_") else OWN


def declared(column: str) -> str:
    """Return the declared feature that a column is, or is a context of.

    Parameters
    ----------
    column : str
        One of :func:`columns`.

    Returns
    -------
    str
        A name in ``FeatureSet.define``.
    """
    for suffix in CONTEXTS.values():
        column = column.removesuffix(suffix)
    return column


def usable(features: FeatureSet, domain_name: str, domain: Domain) -> list[str]:
    """Return the columns that a domain's models may use, contexts included.

    Parameters
    ----------
    features : FeatureSet
        The set.
    domain_name : str
        The domain's name.
    domain : Domain
        Its declaration, with the columns that leak.

    Returns
    -------
    list of str
    """
    safe = [name for name, f in features.define.items() if not leaks(name, f, domain_name, domain)]
    return columns(features, safe)


def check(features: FeatureSet) -> None:
    """Raise where a declaration cannot be computed or may not be used.

    Parameters
    ----------
    features : FeatureSet
        The set.

    Raises
    ------
    ConfigError
        If formulas, names or contexts are wrong, with a line for every violation; or if there are
        sensitive features without a justification.
    """
    wrong = [
        line for name, feature in features.define.items() for line in _violations(name, feature)
    ]
    wrong += _context_violations("the set", features.context)
    if not features.define:
        wrong.append("it has no features; expected one or more under 'define'")
    if not features.surroundings_km > 0:
        wrong.append(f"surroundings_km is {features.surroundings_km}; expected more than 0")
    if wrong:
        raise ConfigError(
            f"feature set '{features.name}' cannot be computed; expected formulas of KWB columns "
            "(data/panel/columns.csv), arithmetic, log, sqrt and exp. Correct configs/features:",
            wrong,
        )
    sensitive = [name for name, feature in features.define.items() if is_sensitive(feature)]
    if sensitive and not features.justification.strip():
        raise ConfigError(
            f"feature set '{features.name}' has sensitive features ({', '.join(sensitive)}); "
            "expected a written reason, as they are for research only. Give it with "
            "\"features.justification='…'\", or use features=demografie_wonen."
        )


# arithmetic, a column, a number, a function of one argument
_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow,
    ast.USub, ast.UAdd, ast.Name, ast.Load, ast.Constant, ast.Call,
)  # fmt: skip


def _violations(name: str, feature: Feature) -> list[str]:
    try:
        tree = ast.parse(feature.formula, mode="eval")
    except SyntaxError:
        return [f"{name}: '{feature.formula}' is not a formula"]
    strange = [node for node in ast.walk(tree) if not isinstance(node, _ALLOWED)]
    if strange:
        return [
            f"{name}: '{feature.formula}' is more than arithmetic ({type(strange[0]).__name__})"
        ]
    used = sources(feature)
    out = [
        f"{name}: '{column}' is not a KWB column{suggest(column, names.columns())}"
        for column in sorted(used - set(names.columns()))
    ]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {ast.unparse(call.func) for call in calls}
    out += [
        f"{name}: function '{call}' is not one of {', '.join(FUNCTIONS)}"
        for call in sorted(called - {*FUNCTIONS})
    ]
    if any(len(call.args) != 1 or call.keywords for call in calls):
        out.append(f"{name}: expected functions of one argument, as in log(aantal_inwoners)")
    if not used:
        out.append(f"{name}: '{feature.formula}' uses no KWB column")
    out += _context_violations(name, feature.context or [])
    if (feature.family == PLACE) != name.startswith(f"{PLACE}_"):
        out.append(f"{name}: the names of family '{PLACE}', and no others, begin with '{PLACE}_'")
    if name.endswith(tuple(CONTEXTS.values())):
        out.append(f"{name}: {', '.join(CONTEXTS.values())} end the names of contexts, no others")
    if feature.centre not in CENTRES:
        out.append(f"{name}: centre '{feature.centre}' is not one of {', '.join(CENTRES[1:])}")
    return out


def _context_violations(name: str, contexts_of: list[str]) -> list[str]:
    return [
        f"{name}: context '{context}'{suggest(context, CONTEXTS)} is not one of "
        f"{', '.join(CONTEXTS)}"
        for context in contexts_of
        if context not in CONTEXTS
    ]


def table(features: FeatureSet, domains: Mapping[str, Domain]) -> pd.DataFrame:
    """Return the features as a tidy table: what they are and which domains use them.

    Parameters
    ----------
    features : FeatureSet
        The set.
    domains : mapping
        Domains by name.

    Returns
    -------
    DataFrame
        One row per feature; the columns of ``features.csv``.
    """
    return pd.DataFrame(
        [
            {
                "feature": name,
                "family": feature.family,
                "formula": feature.formula,
                "unit": feature.unit,
                "label_nl": feature.label_nl,
                "label_en": feature.label_en,
                "context": " ".join(contexts(feature, features)),
                "sensitive": is_sensitive(feature),
                **{f"used_for_{d}": not leaks(name, feature, d, dom) for d, dom in domains.items()},
            }
            for name, feature in features.define.items()
        ]
    )
