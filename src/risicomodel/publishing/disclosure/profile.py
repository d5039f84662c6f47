"""Who lives in a wijk and how: which facts are shown, declared, and what may be shown of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from risicomodel.core.arrays import Bools
from risicomodel.core.levels import AREA
from risicomodel.data.panel import names
from risicomodel.publishing.disclosure import rules

PEOPLE, HOUSEHOLDS, DWELLINGS = "aantal_inwoners", "huishoudens_totaal", "woningvoorraad"


@dataclass(frozen=True)
class Share:
    """Persons or households as a share of all: counts, so small ones are hidden.

    Parameters
    ----------
    name : str
        A column of the panel, and the key of its label in the texts.
    whole : str
        The column it is a part of; parts of one whole that are shown together protect each other.
    topic : str
        The panel's topic: ``<topic>_year`` is the year that the figure describes.
    group : str
        Key of the heading that it is shown under.
    unit : str
        How it is written.
    """

    name: str
    whole: str
    topic: str
    group: str
    unit: str = "share"


@dataclass(frozen=True)
class Fact:
    """A mean, a percentage of dwellings or a distance, as CBS publishes it.

    Parameters
    ----------
    name : str
        A column of the panel, and the key of its label in the texts.
    weight : str
        The column that a mean over wijken is weighted by.
    topic : str
        The panel's topic: ``<topic>_year`` is the year that the figure describes.
    group : str
        Key of the heading that it is shown under.
    unit : {"percent", "keuro", "km"}
        How it is written.
    """

    name: str
    weight: str
    topic: str
    group: str
    unit: str


SHARES = (
    Share("k_0_tot_15_jaar", PEOPLE, "bevolking", "age"),
    Share("k_15_tot_25_jaar", PEOPLE, "bevolking", "age"),
    Share("k_25_tot_45_jaar", PEOPLE, "bevolking", "age"),
    Share("k_45_tot_65_jaar", PEOPLE, "bevolking", "age"),
    Share("k_65_jaar_of_ouder", PEOPLE, "bevolking", "age"),
    Share("eenpersoonshuishoudens", HOUSEHOLDS, "huishoudens", "household"),
    Share("huishoudens_zonder_kinderen", HOUSEHOLDS, "huishoudens", "household"),
    Share("huishoudens_met_kinderen", HOUSEHOLDS, "huishoudens", "household"),
)
FACTS = (
    Fact("koopwoningen", DWELLINGS, "wonen", "home", "percent"),
    Fact("in_bezit_woningcorporatie", DWELLINGS, "wonen", "home", "percent"),
    Fact("in_bezit_overige_verhuurders", DWELLINGS, "wonen", "home", "percent"),
    Fact("percentage_meergezinswoning", DWELLINGS, "wonen", "home", "percent"),
    Fact("bouwjaar_vanaf_2000", DWELLINGS, "wonen", "home", "percent"),
    Fact("gemiddelde_woningwaarde", DWELLINGS, "wonen", "home", "keuro"),
    Fact("afstand_tot_huisartsenpraktijk", PEOPLE, "voorzieningen", "near", "km"),
    Fact("afstand_tot_grote_supermarkt", PEOPLE, "voorzieningen", "near", "km"),
    Fact("afstand_tot_kinderdagverblijf", PEOPLE, "voorzieningen", "near", "km"),
    Fact("afstand_tot_school", PEOPLE, "voorzieningen", "near", "km"),
)
PROFILE: tuple[Share | Fact, ...] = (*SHARES, *FACTS)


def facts(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the profile of wijken, gemeenten and the country: what may be shown of it.

    Parameters
    ----------
    panel : DataFrame
        A row per wijk of one year: codes, the columns of :data:`PROFILE` and their weights, and
        the year of every topic.

    Returns
    -------
    DataFrame
        Long: ``level`` (wijk, gemeente, country), ``code``, ``name``, ``value``, ``year``. Means
        of gemeenten and the country are of the wijken that are shown.
    """
    panel = panel[panel[PEOPLE] >= rules.LIMITS.population].reset_index(drop=True)
    long = pd.concat(_shares(panel) + _facts(panel), ignore_index=True)
    of_gemeente = _means(long, ["name", "gm_code"]).rename(columns={"gm_code": "code"})
    country = _means(long, ["name"]).assign(code="NL")
    wijken = long.assign(level="wijk", code=long[AREA], value=long["part"] / long["whole"])
    return pd.concat(
        [wijken, of_gemeente.assign(level="gemeente"), country.assign(level="country")],
        ignore_index=True,
    )[["level", "code", "name", "value", "year"]]


def _shares(panel: pd.DataFrame) -> list[pd.DataFrame]:
    """Return shares of people and households, without small ones and what would reveal them."""
    out = []
    for whole in dict.fromkeys(item.whole for item in SHARES):
        items = [item for item in SHARES if item.whole == whole and item.name in panel]
        parts = panel[[item.name for item in items]].to_numpy(dtype="float64")
        wholes = panel[whole].to_numpy(dtype="float64")
        hidden = rules.suppress_parts(parts, wholes)
        out += [
            _long(panel, item, parts[:, j], wholes, ~hidden[:, j]) for j, item in enumerate(items)
        ]
    return out


def _facts(panel: pd.DataFrame) -> list[pd.DataFrame]:
    out = []
    for item in FACTS:
        if item.name in panel:
            value, weight = panel[item.name], panel[item.weight].fillna(0.0)
            present = (value.notna() & (weight > 0)).to_numpy(dtype="bool")
            out.append(_long(panel, item, value * weight, weight, present))
    return out


def _long(
    panel: pd.DataFrame, item: Share | Fact, part: Any, whole: Any, shown: Bools
) -> pd.DataFrame:
    codes = panel[[AREA, "gm_code"]]
    year = panel[names.edition_column(item.topic)]
    return codes.assign(name=item.name, year=year, part=part, whole=whole)[shown]


def _means(long: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return means over the wijken that are shown, and those only."""
    sums = long.groupby(by).agg(part=("part", "sum"), whole=("whole", "sum"), year=("year", "max"))
    return sums.assign(value=sums["part"] / sums["whole"]).reset_index()
