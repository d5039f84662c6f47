"""Statements that a gemeente adds to a form, in a file of its own.

They stand beside the form's own: they are asked after these and shown each by itself, and count in
no theme, so that gemeenten and years can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from risicomodel.core.errors import ConfigError
from risicomodel.participation import forms
from risicomodel.participation.form_rules import AGREE, LANGUAGES, PERSON

MOST = 10  # beside the fifteen of the form, what people fill in in ten minutes
THEME = "local"
NAMES = {"nl": "Van onze gemeente", "en": "Of our gemeente"}
KEYS = {"key", *LANGUAGES}
EXAMPLE = "'statements: [{key: bus, nl: De bus rijdt hier vaak genoeg.}]'"


def added(form_text: str, path: str) -> str:
    """Return the declaration of a form with the statements of a gemeente.

    Parameters
    ----------
    form_text : str
        Of a form with statements, from :func:`risicomodel.participation.forms.text_of`.
    path : str
        Of the gemeente's file: ``statements``, each with a ``key`` and its text in ``nl``; in
        ``en`` too where the round is in English.

    Returns
    -------
    str
        YAML, as a round keeps it.

    Raises
    ------
    ConfigError
        Listing everything that is wrong with the file.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise ConfigError(
            f"no file '{path}'; expected a gemeente's own statements, as {EXAMPLE}. Correct "
            "'local'."
        )
    form = forms.parse(form_text, where="the form")
    if not form.has_statements:
        raise ConfigError(
            "this form has no statements to stand beside; expected form=thermometer with 'local'. "
            "Add it, or leave 'local' out."
        )
    text = forms.own_text(file, "own statements")
    declared = forms.tree_of(text, where=path, kind="own statements", example=EXAMPLE)
    wrong = _violations(declared)
    if wrong:
        raise ConfigError(f"{path} has no statements; expected them as {EXAMPLE}. Correct:", wrong)
    pattern = next(item for item in form.items if item.kind == AGREE)
    tree = forms.tree_of(form_text, where="the form", kind="a form", example=forms.EXAMPLE)
    tree["themes"] = {**tree["themes"], THEME: NAMES}
    tree["items"] = _beside(tree["items"], declared["statements"], pattern)
    whole = forms.yaml_of(tree)
    forms.parse(whole, where=path)  # a sentence that is too long, a key that the form has
    return whole


def _beside(
    items: list[Any], statements: list[dict[str, str]], pattern: forms.Item
) -> list[dict[str, Any]]:
    """Return a form's questions with local statements after its own, before what is checked."""
    shared = {
        "kind": AGREE, "theme": THEME, "scale": pattern.scale, "phase": str(pattern.phase),
        "per": PERSON, "local": True,
    }  # fmt: skip
    local = [
        {**shared, "key": one["key"], "nl": one["nl"], "en": one.get("en", one["nl"])}
        for one in statements
    ]
    last = max(place for place, item in enumerate(items) if item["kind"] == AGREE)
    return [*items[: last + 1], *local, *items[last + 1 :]]


def _violations(declared: Any) -> list[str]:
    statements = declared.get("statements") if isinstance(declared, dict) else None
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        return ["it has no list of statements"]
    out = [] if set(declared) == {"statements"} else ["it has more than statements"]
    if not 1 <= len(statements) <= MOST:
        out.append(f"it has {len(statements)} statements; expected 1 to {MOST}")
    for place, one in enumerate(statements, 1):
        out += [f"statement {place} has no {key}" for key in ("key", "nl") if not one.get(key)]
        out += [
            f"statement {place} has '{key}'; expected only {', '.join(sorted(KEYS))}"
            for key in one
            if key not in KEYS
        ]
    return out
