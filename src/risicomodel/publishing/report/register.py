"""A record for the Algoritmeregister, in the fields of its publication standard 1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from risicomodel.publishing.report import statements

if TYPE_CHECKING:
    from risicomodel.publishing.disclosure import About
    from risicomodel.publishing.presentation.language import Words

STANDARD = "1.0"
# terms of the standard: Dutch in every language
CARE, SECURITY = "Zorg en gezondheid", "Sociale zekerheid"
THEMES = {"jeugd": CARE, "wmo": CARE}  # other domains are benefits
STATUS = "In ontwikkeling"
CATEGORY = "Overige algoritmes"
# by which law a domain is a task of gemeenten
LAWS = {
    "jeugd": ("Jeugdwet", "https://wetten.overheid.nl/BWBR0034925"),
    "wmo": (
        "Wet maatschappelijke ondersteuning 2015",
        "https://wetten.overheid.nl/BWBR0035362",
    ),
    "bijstand": ("Participatiewet", "https://wetten.overheid.nl/BWBR0015703"),
}
TEXTS = (
    "description_short",
    "goal",
    "proportionality",
    "human_intervention",
    "risks",
    "source_data",
    "methods_and_models",
    "tags",
)
# fields that only the gemeente itself can fill in: empty, and the page says so
LEFT_EMPTY = ("begin_date", "contact_email", "website", "url", "process_index_url")


def record(
    name: str, about: About, own_figures: dict[str, tuple[int, int]], words: Words
) -> dict[str, Any]:
    """Return the record of a gemeente, with all fields of the standard.

    Parameters
    ----------
    name : str
        Name of the gemeente.
    about : About
        The run.
    own_figures : dict of str to (int, int)
        First and last year of the figures that this gemeente gave itself, per domain.
    words : Words
        Language of the record.
    """
    values = _values(name, about, own_figures, words)
    texts = {field: words.text(f"register.{field}", **values) for field in TEXTS}
    laws = [LAWS[domain] for domain in about.domains if domain in LAWS]
    themes = [THEMES.get(domain, SECURITY) for domain in sorted(about.domains, reverse=True)]
    return {
        "standard_version": STANDARD,
        "name": words.text("register.name"),
        "organization": f"Gemeente {name}",
        "category": list(dict.fromkeys(themes)),
        "status": STATUS,
        "publication_category": CATEGORY,
        **texts,
        "lawful_basis": _lawful_basis(about, words),
        "lawful_basis_grouping": [{"title": law, "link": link} for law, link in laws],
        "source_data_grouping": [],
        "impacttoetsen": "",
        "impacttoetsen_grouping": [],
        "provider": "risicomodel",
        "source_id": "risicomodel",
        "language": {"nl": "NLD", "en": "ENG"}[words.language],
        "end_date": "",
        **dict.fromkeys(LEFT_EMPTY, ""),
    }


def _values(
    name: str, about: About, own_figures: dict[str, tuple[int, int]], words: Words
) -> dict[str, str]:
    """Return what fields of the texts are filled in with."""
    years = "{}–{}".format
    justified = {"justification": about.justification}
    origin_keys = [f"register.{key}" for key in ("with_origin", "without_origin")]
    origin = statements.any_of(words, origin_keys, justified, why=about.justification)
    figures = ", ".join(f"{words.label(domain)} {years(*of)}" for domain, of in own_figures.items())
    data = statements.any_of(
        words, ["register.open_data", "register.own_data"], {"own": own_figures}, own=figures
    )
    tables = "register.own_tables" if own_figures else "register.open_tables"
    models = [
        f"{words.label(domain)}: {words.text(key) if words.has(key) else model}"
        for domain, model in about.champions.items()
        for key in [f"method.models.{model}"]
    ]
    return {
        "name": name,
        "years": years(about.first_year, about.last_year),
        "origin": origin[0],
        "data": data[0],
        "observed": words.text(f"register.observed{'_own' if own_figures else ''}"),
        "tables": words.text(tables, own=figures),
        "domains": ", ".join(words.label(domain) for domain in about.domains),
        "models": "; ".join(models),
    }


def _lawful_basis(about: About, words: Words) -> str:
    duties = [words.text(f"register.duty.{domain}") for domain in about.domains if domain in LAWS]
    keys = [f"register.{key}" for key in ("lawful_basis", "lawful_basis_none")]
    return statements.any_of(words, keys, {"duties": duties}, duties=", ".join(duties))[0]
