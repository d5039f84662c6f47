"""A record for the Algoritmeregister, in the fields of its publication standard 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words

STANDARD = "1.0"
# the standard's own words: they are Dutch in every language
THEMES = ["Zorg en gezondheid", "Sociale zekerheid"]
STATUS = "In ontwikkeling"
CATEGORY = "Overige algoritmes"
LAWS = {
    "Jeugdwet": "https://wetten.overheid.nl/BWBR0034925",
    "Wet maatschappelijke ondersteuning 2015": "https://wetten.overheid.nl/BWBR0035362",
    "Participatiewet": "https://wetten.overheid.nl/BWBR0015703",
}
TOLD = (
    "description_short",
    "goal",
    "proportionality",
    "human_intervention",
    "risks",
    "lawful_basis",
    "source_data",
    "methods_and_models",
    "tags",
)
# what only the gemeente itself can say: empty, and said to be so on the page
OWN = ("begin_date", "contact_email", "website", "url", "process_index_url")


def record(name: str, years: str, why: str, words: Words) -> dict[str, Any]:
    """Return the record of a gemeente, all fields of the standard.

    Parameters
    ----------
    name : str
        The gemeente's.
    years : str
        The years that figures are of.
    why : str
        The justification of sensitive features; empty where none are used.
    """
    origin = words.text("register.with_origin" if why else "register.without_origin", why=why)
    values = {"name": name, "years": years, "origin": origin}
    told = {field: words.text(f"register.{field}", **values) for field in TOLD}
    return {
        "standard_version": STANDARD,
        "name": words.text("register.name"),
        "organization": f"Gemeente {name}",
        "category": THEMES,
        "status": STATUS,
        "publication_category": CATEGORY,
        **told,
        "lawful_basis_grouping": [{"title": law, "link": link} for law, link in LAWS.items()],
        "source_data_grouping": [],
        "impacttoetsen": "",
        "impacttoetsen_grouping": [],
        "provider": "risicomodel",
        "source_id": "risicomodel",
        "language": {"nl": "NLD", "en": "ENG"}[words.language],
        "end_date": "",
        **dict.fromkeys(OWN, ""),
    }
