"""Who lives in a wijk and how: which facts are shown, declared, and what may be shown of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Bools
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.panel import names
from risicomodel.publishing.disclosure import rules

PEOPLE, HOUSEHOLDS, DWELLINGS = "aantal_inwoners", "huishoudens_totaal", "woningvoorraad"
# how many steps of what is written go into one of the value: 0.234 is written 23%
STEPS = {"share": 100, "percent": 1, "keuro": 1, "km": 10}


class Written:
    """What is written of a value, so that numbers are compared as a reader sees them."""

    unit: str

    def written(self, value: float) -> int:
        """Return a value in steps of what is written of it.

        Parameters
        ----------
        value : float
            In its unit.

        Examples
        --------
        >>> Fact("afstand_tot_school", PEOPLE, "voorzieningen", "near", "km").written(0.97)
        10
        """
        return round(value * STEPS[self.unit])


@dataclass(frozen=True)
class Share(Written):
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
    feature : str
        The feature that says the same; empty where none does.
    unit : str
        How it is written.
    """

    name: str
    whole: str
    topic: str
    group: str
    feature: str = ""
    unit: str = "share"


@dataclass(frozen=True)
class Fact(Written):
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
    feature : str
        The feature that says the same; empty where none does.
    """

    name: str
    weight: str
    topic: str
    group: str
    unit: str
    feature: str = ""


SHARES = (
    Share("k_0_tot_15_jaar", PEOPLE, "bevolking", "age", "aandeel_0_14"),
    Share("k_15_tot_25_jaar", PEOPLE, "bevolking", "age", "aandeel_15_24"),
    Share("k_25_tot_45_jaar", PEOPLE, "bevolking", "age", "aandeel_25_44"),
    Share("k_45_tot_65_jaar", PEOPLE, "bevolking", "age", "aandeel_45_64"),
    Share("k_65_jaar_of_ouder", PEOPLE, "bevolking", "age", "aandeel_65_plus"),
    Share(
        "eenpersoonshuishoudens", HOUSEHOLDS, "huishoudens", "household", "eenpersoonshuishoudens"
    ),
    Share("huishoudens_zonder_kinderen", HOUSEHOLDS, "huishoudens", "household"),
    Share(
        "huishoudens_met_kinderen",
        HOUSEHOLDS,
        "huishoudens",
        "household",
        "huishoudens_met_kinderen",
    ),
)
FACTS = (
    Fact("koopwoningen", DWELLINGS, "wonen", "home", "percent", "koopwoningen"),
    Fact("in_bezit_woningcorporatie", DWELLINGS, "wonen", "home", "percent", "corporatiewoningen"),
    Fact(
        "in_bezit_overige_verhuurders",
        DWELLINGS,
        "wonen",
        "home",
        "percent",
        "overige_huurwoningen",
    ),
    Fact(
        "percentage_meergezinswoning", DWELLINGS, "wonen", "home", "percent", "meergezinswoningen"
    ),
    Fact("bouwjaar_vanaf_2000", DWELLINGS, "wonen", "home", "percent", "nieuwbouw"),
    Fact("gemiddelde_woningwaarde", DWELLINGS, "wonen", "home", "keuro", "woningwaarde"),
    Fact("afstand_tot_huisartsenpraktijk", PEOPLE, "voorzieningen", "near", "km", "huisarts"),
    Fact("afstand_tot_grote_supermarkt", PEOPLE, "voorzieningen", "near", "km", "supermarkt"),
    Fact(
        "afstand_tot_kinderdagverblijf", PEOPLE, "voorzieningen", "near", "km", "kinderdagverblijf"
    ),
    Fact("afstand_tot_school", PEOPLE, "voorzieningen", "near", "km", "school"),
)
PROFILE: tuple[Share | Fact, ...] = (*SHARES, *FACTS)


def ways(shown: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return on which side of the mean a wijk is by the very numbers that its profile shows.

    Parameters
    ----------
    shown : DataFrame
        From :func:`facts`.
    level : {"gemeente", "country"}
        Whose mean.

    Returns
    -------
    DataFrame
        A row per wijk, a column per feature that the profile shows too: 1 where the wijk's number
        is higher than the mean as both are written, 0 where they are written the same, −1 where it
        is lower; NaN where either is not shown.
    """
    features = {item.name: item.feature for item in PROFILE if item.feature}
    steps = {item.name: STEPS[item.unit] for item in PROFILE}
    rows = shown[shown["name"].isin(list(features))]
    written = (rows["value"] * rows["name"].map(steps)).round()
    rows = rows.assign(written=written, feature=rows["name"].map(features))
    wide = rows.pivot(index=["level", "code"], columns="feature", values="written")
    wijken = wide[wide.index.get_level_values("level") == WIJK.name].droplevel("level")
    means = wide[wide.index.get_level_values("level") == level].droplevel("level")
    of_level = wijken.index.str[2:6].map("GM{}".format) if level == "gemeente" else ["NL"]
    mean = means.reindex(of_level).to_numpy(dtype="float64")
    return pd.DataFrame(np.sign(wijken.to_numpy() - mean), wijken.index, wijken.columns)


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
