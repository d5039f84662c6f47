"""Who lives in a wijk and how: what a profile shows, declared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Persons or households as a share of all: counts, so small ones are held back.

    Parameters
    ----------
    name : str
        A column of the panel, and the key of its label in the texts.
    whole : str
        The column it is a part of; parts of one whole that are shown together protect each other.
    topic : str
        The panel's topic: ``<topic>_year`` is the year that the figure describes.
    """

    name: str
    whole: str
    topic: str


@dataclass(frozen=True)
class Fact:
    """A mean, a percentage of dwellings or a distance, as CBS publishes it.

    Parameters
    ----------
    name : str
        A column of the panel, and the key of its label in the texts.
    weight : str
        What a mean over wijken is weighted by.
    topic : str
        The panel's topic.
    unit : str
        ``percent``, ``keuro`` or ``km``: how it is written.
    """

    name: str
    weight: str
    topic: str
    unit: str


PEOPLE, HOUSEHOLDS, DWELLINGS = "aantal_inwoners", "huishoudens_totaal", "woningvoorraad"

SHARES = (
    Share("k_0_tot_15_jaar", PEOPLE, "bevolking"),
    Share("k_15_tot_25_jaar", PEOPLE, "bevolking"),
    Share("k_25_tot_45_jaar", PEOPLE, "bevolking"),
    Share("k_45_tot_65_jaar", PEOPLE, "bevolking"),
    Share("k_65_jaar_of_ouder", PEOPLE, "bevolking"),
    Share("eenpersoonshuishoudens", HOUSEHOLDS, "huishoudens"),
    Share("huishoudens_zonder_kinderen", HOUSEHOLDS, "huishoudens"),
    Share("huishoudens_met_kinderen", HOUSEHOLDS, "huishoudens"),
)
FACTS = (
    Fact("koopwoningen", DWELLINGS, "wonen", "percent"),
    Fact("in_bezit_woningcorporatie", DWELLINGS, "wonen", "percent"),
    Fact("in_bezit_overige_verhuurders", DWELLINGS, "wonen", "percent"),
    Fact("percentage_meergezinswoning", DWELLINGS, "wonen", "percent"),
    Fact("bouwjaar_vanaf_2000", DWELLINGS, "wonen", "percent"),
    Fact("gemiddelde_woningwaarde", DWELLINGS, "wonen", "keuro"),
    Fact("afstand_tot_huisartsenpraktijk", PEOPLE, "voorzieningen", "km"),
    Fact("afstand_tot_grote_supermarkt", PEOPLE, "voorzieningen", "km"),
    Fact("afstand_tot_kinderdagverblijf", PEOPLE, "voorzieningen", "km"),
    Fact("afstand_tot_school", PEOPLE, "voorzieningen", "km"),
)
TOPICS = tuple(dict.fromkeys(item.topic for item in (*SHARES, *FACTS)))
