"""A record for the Algoritmeregister, in the fields of its publication standard 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risicomodel.publishing.presentation.language import Words

STANDARD = "1.0"
# terms of the standard: Dutch in every language
THEMES = ["Zorg en gezondheid", "Sociale zekerheid"]
STATUS = "In ontwikkeling"
CATEGORY = "Overige algoritmes"
LAWS = {
    "Jeugdwet": "https://wetten.overheid.nl/BWBR0034925",
    "Wet maatschappelijke ondersteuning 2015": "https://wetten.overheid.nl/BWBR0035362",
    "Participatiewet": "https://wetten.overheid.nl/BWBR0015703",
}
TEXTS = (
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
# fields that only the gemeente itself can fill in: empty, and the page says so
LEFT_EMPTY = ("begin_date", "contact_email", "website", "url", "process_index_url")


def record(name: str, years: str, why: str, words: Words) -> dict[str, Any]:
    """Return the record of a gemeente, with all fields of the standard.

    Parameters
    ----------
    name : str
        Name of the gemeente.
    years : str
        First and last year of the figures: ``2016–2018``.
    why : str
        Justification of sensitive features; empty where none are used.
    words : Words
        Language of the record.
    """
    origin = words.text("register.with_origin" if why else "register.without_origin", why=why)
    values = {"name": name, "years": years, "origin": origin}
    texts = {field: words.text(f"register.{field}", **values) for field in TEXTS}
    return {
        "standard_version": STANDARD,
        "name": words.text("register.name"),
        "organization": f"Gemeente {name}",
        "category": THEMES,
        "status": STATUS,
        "publication_category": CATEGORY,
        **texts,
        "lawful_basis_grouping": [{"title": law, "link": link} for law, link in LAWS.items()],
        "source_data_grouping": [],
        "impacttoetsen": "",
        "impacttoetsen_grouping": [],
        "provider": "risicomodel",
        "source_id": "risicomodel",
        "language": {"nl": "NLD", "en": "ENG"}[words.language],
        "end_date": "",
        **dict.fromkeys(LEFT_EMPTY, ""),
    }
