"""Features: declared as formulas over KWB columns, computed for every wijk and year.

A declaration gives formula, unit, family and labels; sources follow from the formula. A feature
whose sources are part of a domain's own figure is never used for that domain.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from risicomodel.errors import ConfigError, suggest
from risicomodel.panel import names

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.domains import Domain

CONTEXT_SUFFIX = "_tov_gemeente"
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
        Unit of the value; the family people talk about (leeftijd, huishoudens, woningen, …).
    label_nl, label_en : str
        What people call it.
    centre : str
        ``year`` takes the country's mean of that year off (weighted by inhabitants), for figures
        that rise with prices; empty leaves the value as it is.
    sensitive : bool
        Origin (herkomst) and the like: refused without a written justification.
    leaks_into : list of str
        Domains it must not be used for, beyond those whose ``leaks`` name one of its columns.
    """

    formula: str
    unit: str
    family: str
    label_nl: str
    label_en: str
    centre: str = ""
    sensitive: bool = False
    leaks_into: list[str] = field(default_factory=list)


@dataclass
class FeatureSet:
    """A named set of features, as in ``configs/features/<name>.yaml``.

    Parameters
    ----------
    name : str
        The set's name, for tables and records.
    define : dict
        The features by name.
    context : bool
        Add every feature's difference from its gemeente's mean (weighted by inhabitants).
    justification : str
        Why sensitive features are used; written into ``run.json`` and the report.
    """

    name: str
    define: dict[str, Feature]
    context: bool = True
    justification: str = ""


def sources(feature: Feature) -> set[str]:
    """Return the KWB columns a feature's formula uses."""
    tree = ast.parse(feature.formula, mode="eval")
    called = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - called


def is_sensitive(feature: Feature) -> bool:
    """Tell whether a feature is about origin: declared so, or made from a column that is."""
    origin = {name for name, column in names.columns().items() if column.topic == ORIGIN}
    return feature.sensitive or bool(sources(feature) & origin)


def leaks(name: str, feature: Feature, domain_name: str, domain: Domain) -> bool:
    """Tell whether a feature is, or contains, part of a domain's own figure."""
    own = {*domain.leaks, *(c for c in domain.column if c in names.columns())}
    return domain_name in feature.leaks_into or bool(sources(feature) & own) or name in own


def usable(features: FeatureSet, domain_name: str, domain: Domain) -> list[str]:
    """Return the names of the features a domain's models may use, context included."""
    own = [name for name, f in features.define.items() if not leaks(name, f, domain_name, domain)]
    return own + [name + CONTEXT_SUFFIX for name in own] if features.context else own


def check(features: FeatureSet) -> None:
    """Raise where a declaration cannot be computed or may not be used.

    Raises
    ------
    ConfigError
        Listing every violation; or for sensitive features without a justification.
    """
    wrong = [
        problem for name, feature in features.define.items() for problem in _problems(name, feature)
    ]
    if not features.define:
        wrong.append("it holds no feature")
    if wrong:
        raise ConfigError(
            f"feature set '{features.name}' cannot be computed; a formula is arithmetic over KWB "
            "columns (panel/columns.csv) with log, sqrt and exp. Correct configs/features:",
            wrong,
        )
    sensitive = [name for name, feature in features.define.items() if is_sensitive(feature)]
    if sensitive and not features.justification.strip():
        raise ConfigError(
            f"feature set '{features.name}' holds sensitive features ({', '.join(sensitive)}), "
            "which are for research only and need a written reason. Give it with "
            "\"features.justification='…'\", or use features=demografie_wonen."
        )


# arithmetic, a column, a number, a function of one thing
_ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow,
    ast.USub, ast.UAdd, ast.Name, ast.Load, ast.Constant, ast.Call,
)  # fmt: skip


def _problems(name: str, feature: Feature) -> list[str]:
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
    out += [f"{name}: function '{call}' is not allowed" for call in sorted(called - {*FUNCTIONS})]
    if any(len(call.args) != 1 or call.keywords for call in calls):
        out.append(f"{name}: a function takes one thing, as in log(aantal_inwoners)")
    if not used:
        out.append(f"{name}: '{feature.formula}' uses no KWB column")
    if feature.centre not in CENTRES:
        out.append(f"{name}: centre '{feature.centre}' is not one of {', '.join(CENTRES[1:])}")
    return out


def compute(features: FeatureSet, wijken: pd.DataFrame) -> pd.DataFrame:
    """Compute every feature for every row.

    Parameters
    ----------
    features : FeatureSet
        A checked set.
    wijken : DataFrame
        The panel's wijken (KWB columns, ``gm_code``, ``year``, ``aantal_inwoners``).

    Returns
    -------
    DataFrame of float64
        One column per feature and, with ``context``, per difference from the gemeente's mean; NaN
        where a source is missing or the formula has no finite value.
    """
    import numpy as np
    import pandas as pd

    people = wijken["aantal_inwoners"].fillna(0)
    own = {}
    with np.errstate(all="ignore"):
        for name, feature in features.define.items():
            used = sorted(sources(feature))
            absent = set(used) - set(wijken.columns)
            # 'eval' prepares every column it is given: give it few
            value = np.nan if absent else wijken[used].eval(feature.formula, engine="python")
            series = pd.Series(value, index=wijken.index, dtype="float64")
            own[name] = series.where(np.isfinite(series))
    table = pd.DataFrame(own, index=wijken.index)
    centred = [name for name, feature in features.define.items() if feature.centre]
    if centred:
        table[centred] -= _mean_within(table[centred], people, [wijken["year"]])
    if features.context:
        means = _mean_within(table, people, [wijken["gm_code"], wijken["year"]])
        table = pd.concat([table, (table - means).add_suffix(CONTEXT_SUFFIX)], axis=1)
    return table


def _mean_within(table: pd.DataFrame, weight: pd.Series, groups: list[pd.Series]) -> pd.DataFrame:
    """Return every row's group mean, weighted, over the rows that have a value."""
    total = table.mul(weight, axis=0).groupby(groups).transform("sum")
    of = table.notna().mul(weight, axis=0).groupby(groups).transform("sum")
    return total / of.where(of > 0)


def vintage(wijken: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with, in every row, only what was out when that year's figures came out.

    The figures of year T come out in T + 1. A topic of which edition E comes out in E + lag is then
    known up to edition T + 1 − lag: topics with a lag of two years are taken from the same
    place one year earlier.
    """
    late = {topic: lag - 1 for topic, lag in names.RELEASE_LAG.items() if lag > 1}
    out = wijken.copy()
    for topic, years in late.items():
        columns = [c for c in [*names.topics().get(topic, []), f"{topic}_year"] if c in wijken]
        if not columns:
            continue
        earlier = wijken[["place_id", "year", *columns]].assign(year=wijken["year"] + years)
        moved = wijken[["place_id", "year"]].merge(earlier, on=["place_id", "year"], how="left")
        out[columns] = moved[columns].set_index(wijken.index)
    return out


def table(features: FeatureSet, domains: Mapping[str, Domain]) -> pd.DataFrame:
    """Return the features as a tidy table: what they are and which domains use them."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "feature": name,
                "family": feature.family,
                "formula": feature.formula,
                "unit": feature.unit,
                "label_nl": feature.label_nl,
                "label_en": feature.label_en,
                "sensitive": is_sensitive(feature),
                **{f"used_for_{d}": not leaks(name, feature, d, dom) for d, dom in domains.items()},
            }
            for name, feature in features.define.items()
        ]
    )
