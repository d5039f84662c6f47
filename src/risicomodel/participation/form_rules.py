"""What the declaration of a form must have: everything that is wrong with one, at once."""

from __future__ import annotations

import re
from collections import Counter
from string import Formatter
from typing import TYPE_CHECKING, Any

from risicomodel.participation.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("nl", "en")
NUMBER, CHOICE, NEED, TEXT, COINS = "number", "choice", "need", "text", "coins"
AGREE, KNOW = "agree", "know"  # what people find, and what they know
KINDS = (NUMBER, CHOICE, NEED, TEXT, COINS, AGREE, KNOW)
PERSON = "person"
PER = (PERSON, "wijk", "domain", "cause")
NEEDS_SCALE = (CHOICE, COINS, AGREE)
HAS_OWN_TEXT = (AGREE, KNOW)
NO_OPINION = "unknown"
POINTS = 5  # from not at all to completely
FIELDS = {"gemeente", "year"}  # what a question's own text may name
MOST_WORDS = 14  # of a sentence on a screen
MOST_CHARACTERS = 200
TRUTH_KEYS = {"domain", "value", "source", "date", "margin", "most"}
KEY = re.compile(r"[a-z][a-z0-9_]{0,30}")
SHAPES = {"roles": dict, "scales": dict, "items": list, "themes": dict, "phases": list}


def violations(tree: Any) -> list[str]:
    """Return what is wrong with a declaration, all of it.

    Parameters
    ----------
    tree : object
        As YAML has it.

    Returns
    -------
    list of str
        Empty for a form.
    """
    if not isinstance(tree, dict):
        return ["it is not a set of keys"]
    lacking = [key for key in ("version", "roles", "scales", "items") if not tree.get(key)]
    if lacking:
        return [f"it has no {key}" for key in lacking]
    misshapen = [
        key for key, shape in SHAPES.items() if key in tree and not isinstance(tree[key], shape)
    ]
    misshapen += [
        key
        for key in ("roles", "items", "themes")
        if key in tree and key not in misshapen and _is_flat(tree[key])
    ]
    if misshapen:
        return [f"{key} is not written as in the form that comes along" for key in misshapen]
    out = _of_names(tree) + _of_phases(tree)
    for name, options in tree["scales"].items():
        out += _of_scale(name, options or [])
    out += _of_amounts(tree.get("euro_per_client", {}))
    keys = Counter(str(item.get("key")) for item in tree["items"])
    out += [f"question '{key}' occurs {n} times" for key, n in keys.items() if n > 1]
    for item in tree["items"]:
        out += _of_item(item, tree)
    return out


def _is_flat(parts: Any) -> bool:
    """Return whether roles or questions are words where each should have keys of its own."""
    each = parts.values() if isinstance(parts, dict) else parts
    return not all(isinstance(one, dict) for one in each)


def _of_names(tree: Mapping[str, Any]) -> list[str]:
    """Return which roles and themes lack a name, and how many cards or coins cannot be."""
    out = [
        f"{word} '{key}' has no name in {language}"
        for word, named in (("role", tree["roles"]), ("theme", tree.get("themes", {})))
        for key, one in named.items()
        for language in LANGUAGES
        if not one.get(language)
    ]
    out += [
        f"role '{key}': cards is {role['cards']}; expected a number from 1 to 200"
        for key, role in tree["roles"].items()
        if "cards" in role and not _is_whole(role["cards"], 1, 200)
    ]
    has_coins = any(item.get("kind") == COINS for item in tree["items"])
    if ("coins" in tree or has_coins) and not _is_whole(tree.get("coins"), 1, 100):
        out.append(f"coins is {tree.get('coins')}; expected a number from 1 to 100")
    return out


def _is_whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _of_phases(tree: Mapping[str, Any]) -> list[str]:
    phases = tree.get("phases", list(Phase))
    unknown = [one for one in phases if one not in set(Phase)]
    if unknown:
        return [f"phases: '{one}' is not one of {', '.join(Phase)}" for one in unknown]
    ordered = sorted(set(phases), key=lambda one: Phase(one).place)
    if phases != ordered:
        return [f"phases are {', '.join(phases)}; expected the order {', '.join(ordered)}"]
    if len(phases) == 1 or phases[-1] != Phase.DONE:
        return [f"phases are {', '.join(phases)}; expected at least two, of which done is the last"]
    return []


def _of_amounts(amounts: Any) -> list[str]:
    if not isinstance(amounts, dict):
        return ["euro_per_client is not an amount for each domain"]
    return [
        f"euro_per_client of '{domain}' is {amount!r}; expected an amount above 0"
        for domain, amount in amounts.items()
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not amount > 0
    ]


def _of_scale(name: str, options: Sequence[Mapping[str, Any]]) -> list[str]:
    if not options:
        return [f"scale '{name}' is empty"]
    keys = Counter(str(option.get("key")) for option in options)
    out = [f"scale '{name}' has '{key}' {n} times" for key, n in keys.items() if n > 1]
    return out + [
        f"scale '{name}', answer '{option.get('key')}' has no text in {language}"
        for option in options
        for language in LANGUAGES
        if not option.get(language)
    ]


def _of_item(item: Mapping[str, Any], tree: Mapping[str, Any]) -> list[str]:
    key, kind = item.get("key"), item.get("kind")
    allowed = {"kind": KINDS, "phase": tuple(tree.get("phases", Phase)), "per": PER}
    out = [
        f"question '{key}': {name} '{item.get(name)}' is not one of {', '.join(values)}"
        for name, values in allowed.items()
        if item.get(name) not in values
    ]
    if not KEY.fullmatch(str(key)):
        out.append(f"question '{key}': expected a key of at most 31 small letters, digits and _")
    if item.get("again") not in (None, *Phase):
        out.append(f"question '{key}': again '{item['again']}' is not a phase")
    has_scale = kind in NEEDS_SCALE or (kind == KNOW and "scale" in item)
    if has_scale and item.get("scale") not in tree["scales"]:
        out.append(f"question '{key}': scale '{item.get('scale', '')}' is not among the scales")
    elif kind == AGREE:
        out += _of_points(item, tree["scales"][item["scale"]] or [])
    if kind in HAS_OWN_TEXT:
        out += _of_text(item, tree)
    return out + (_of_truth(item, tree) if kind == KNOW else [])


def _of_points(item: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return whether a scale has five points, from the least, and a way to say nothing."""
    keys = [str(option.get("key")) for option in options]
    expected = [*map(str, range(1, POINTS + 1)), NO_OPINION]
    if keys == expected:
        return []
    is_of = f"question '{item.get('key')}': scale '{item['scale']}'"
    return [f"{is_of} has {', '.join(keys)}; expected {', '.join(expected)}"]


def _of_text(item: Mapping[str, Any], tree: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a question's own text: it must be short, and of one line."""
    key = f"question '{item.get('key')}'"
    out = [] if item.get("per") == PERSON else [f"{key}: expected 'per: person' of its kind"]
    if item.get("theme") not in tree.get("themes", {}):
        themes = ", ".join(tree.get("themes", {}))
        out.append(f"{key}: theme '{item.get('theme', '')}' is not one of {themes}")
    for language in LANGUAGES:
        text = item.get(language)
        if not isinstance(text, str) or not text.strip():
            out.append(f"{key} has no text in {language}")
            continue
        out += [f"{key}, {language}: {wrong}" for wrong in _of_sentences(text)]
    return out


def _of_sentences(text: str) -> list[str]:
    out = []
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        out.append(f"expected one line of at most {MOST_CHARACTERS} characters")
    longest = max(len(one.split()) for one in re.split(r"(?<=[.?!:])\s+", text))
    if longest > MOST_WORDS:
        out.append(f"a sentence of {longest} words; expected at most {MOST_WORDS}")
    try:
        fields = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except ValueError:
        fields = {"{"}
    return out + [
        f"'{{{field}}}' cannot be filled in; expected only {', '.join(sorted(FIELDS))}"
        for field in sorted(fields - FIELDS)
    ]


def _of_truth(item: Mapping[str, Any], tree: Mapping[str, Any]) -> list[str]:
    """Return whether a question that is checked says with what: a figure, or a source and date."""
    key, truth = f"question '{item.get('key')}'", item.get("truth")
    if not isinstance(truth, dict):
        return [f"{key} has no truth; expected a domain, or a value with its source and date"]
    unknown = set(truth) - TRUTH_KEYS
    if unknown:
        return [f"{key}: truth has {', '.join(sorted(map(str, unknown)))}, which it does not know"]
    if ("domain" in truth) == ("value" in truth):
        return [f"{key}: truth needs either a domain or a value"]
    out = []
    if "value" in truth:
        out += [f"{key}: truth has no {part}" for part in ("source", "date") if not truth.get(part)]
    if "domain" in truth and "scale" in item:
        out.append(f"{key}: a figure is answered with a number; expected no scale")
    elif "scale" in item:
        options = tree["scales"].get(item["scale"]) or []
        if truth["value"] not in [option.get("key") for option in options]:
            out.append(f"{key}: truth '{truth['value']}' is not an answer of its scale")
    else:
        out += _of_number(key, truth)
    return out


def _of_number(key: str, truth: Mapping[str, Any]) -> list[str]:
    margin = truth.get("margin", 0)
    out = []
    if isinstance(margin, bool) or not isinstance(margin, int | float) or not 0 <= margin < 1:
        out.append(f"{key}: margin is {margin}; expected a share from 0 to 1")
    if "value" in truth:
        most: Any = truth.get("most")
        if not _is_whole(most, 1, 10**6):
            out.append(f"{key}: most is {most}; expected the highest number that can be answered")
        elif not _is_whole(truth["value"], 0, most):
            out.append(f"{key}: truth is {truth['value']}; expected a number from 0 to {most}")
    return out
