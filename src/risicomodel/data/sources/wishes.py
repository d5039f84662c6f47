"""Which open table may hold what people say is missing: subjects, by words that they use.

A wish, not a source: none of these tables is read. Ids and titles are those of the publishers.
"""

from __future__ import annotations

from typing import NamedTuple

OTHER = "other"


class Subject(NamedTuple):
    """A subject that people write about.

    Parameters
    ----------
    name : str
        In English.
    stems : tuple of str
        Beginnings of words, Dutch and English, in small letters.
    table, publisher, title : str
        The open table per wijk that may hold it; empty where none is known.
    """

    name: str
    stems: tuple[str, ...]
    table: str = ""
    publisher: str = ""
    title: str = ""


SUBJECTS = (
    Subject(
        "health and loneliness",
        ("eenzaam", "alleen", "gezond", "ziek", "mantelzorg", "lonel", "health", "carer", "buren",
         "neighbour"),
        "50120NED", "RIVM", "Gezondheid per wijk en buurt",
    ),
    Subject(
        "amenities",
        ("winkel", "supermarkt", "huisarts", "apotheek", "school", "kinderopvang", "station",
         "bibliotheek", "sport", "shop", "doctor", "library"),
        "85560NED", "CBS", "Nabijheid voorzieningen; afstand locatie, wijk- en buurtcijfers",
    ),
    Subject(
        "safety",
        ("veilig", "inbra", "overlast", "misdrij", "drugs", "safe", "crime", "burgl"),
        "47018NED", "politie", "Geregistreerde misdrijven per wijk en buurt",
    ),
    Subject(
        "homes",
        ("huis", "huizen", "woning", "huur", "nieuwbouw", "home", "house", "rent"),
        "85984NED", "CBS", "Kerncijfers wijken en buurten",
    ),
    Subject(
        "income and work",
        ("inkomen", "geld", "arm", "werk", "baan", "income", "money", "poor", "work"),
        "85984NED", "CBS", "Kerncijfers wijken en buurten",
    ),
    Subject("debts", ("schuld", "debt")),
    Subject("public transport", ("bus", "tram", "openbaar vervoer", "public transport")),
    Subject("meeting places", ("buurthuis", "wijkcentrum", "inloop", "community centre")),
)  # fmt: skip


def subjects_of(text: str) -> list[str]:
    """Return the subjects that a text is about, by the beginnings of its words.

    Parameters
    ----------
    text : str
        In people's own words.

    Returns
    -------
    list of str
        Names of :data:`SUBJECTS`, in their order; :data:`OTHER` where no word is known.

    Examples
    --------
    >>> subjects_of("De bus rijdt hier niet meer, en de winkel is dicht.")
    ['amenities', 'public transport']
    >>> subjects_of("Het is hier gewoon fijn.")
    ['other']
    """
    words = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in text.lower()).split())} "
    about = [one.name for one in SUBJECTS if any(f" {stem}" in words for stem in one.stems)]
    return about or [OTHER]
