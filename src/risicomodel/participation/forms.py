"""Forms: what is asked, of whom and on which scale, declared in ``configs/form``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.participation.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LANGUAGES = ("nl", "en")
KINDS = ("number", "choice", "need", "text", "coins")
PER = ("person", "wijk", "domain", "cause")
TAPS, RANGE = "taps", "range"
NEEDS_SCALE = ("choice", "coins")
MAX_BYTES = 200_000


@dataclass(frozen=True)
class Option:
    """One answer of a scale.

    Parameters
    ----------
    key : str
        How it is kept.
    nl, en : str
        What it says.
    """

    key: str
    nl: str
    en: str


@dataclass(frozen=True)
class Role:
    """In which role people are in the room.

    Parameters
    ----------
    key, nl, en : str
        How it is kept, and what it is called.
    answers : {"taps", "range"}
        How it says how many people need help.
    domains : tuple of str
        Of which domains it gives a range; of the others it taps. Empty stands for all.
    """

    key: str
    nl: str
    en: str
    answers: str = TAPS
    domains: tuple[str, ...] = ()

    def gives_range(self, domain: str) -> bool:
        """Return whether the role gives a range of a domain, and not a tap."""
        return self.answers == RANGE and (not self.domains or domain in self.domains)


@dataclass(frozen=True)
class Item:
    """A question.

    Parameters
    ----------
    key : str
        How it is kept, and under which key texts have it.
    kind : str
        One of :data:`KINDS`.
    phase : Phase
        When it is asked.
    per : str
        One of :data:`PER`: what it is asked once for.
    scale : str
        The form's scale of its answers, where it has one.
    again : Phase or None
        When it is asked a second time.
    """

    key: str
    kind: str
    phase: Phase
    per: str
    scale: str = ""
    again: Phase | None = None

    def in_phase(self, phase: Phase) -> bool:
        """Return whether it is asked in a phase."""
        return phase in (self.phase, self.again)


@dataclass(frozen=True)
class Form:
    """A form.

    Parameters
    ----------
    version : str
        Which one; answers name it.
    roles : dict of str to Role
        By key.
    scales : dict of str to tuple of Option
        By name.
    items : tuple of Item
        In the order in which they are asked.
    coins : int
        How many coins a person lays out over what would help.
    sha256 : str
        Of the declaration.
    euro_per_client : dict of str to float
        By domain, about what one client costs in a year: what is proposed to talk about hangs on
        it, and nothing else.
    """

    version: str
    roles: dict[str, Role]
    scales: dict[str, tuple[Option, ...]]
    items: tuple[Item, ...]
    coins: int
    sha256: str
    euro_per_client: dict[str, float] = field(default_factory=dict)

    def item(self, key: str) -> Item:
        """Return the item of a key.

        Raises
        ------
        ConfigError
            If there is none.
        """
        for one in self.items:
            if one.key == key:
                return one
        keys = [one.key for one in self.items]
        raise ConfigError(
            f"no question '{key}'{suggest(key, keys)}; expected one of {', '.join(keys)}. Use the "
            "keys of the round's form."
        )

    def keys(self, scale: str) -> tuple[str, ...]:
        """Return the keys of a scale's answers."""
        return tuple(option.key for option in self.scales[scale])


def named(name: str = "review") -> Form:
    """Return a form.

    Parameters
    ----------
    name : str
        A file of ``configs/form`` without its ending, or the path of a gemeente's own form.

    Returns
    -------
    Form

    Raises
    ------
    ConfigError
        Listing everything that is wrong with it.

    Examples
    --------
    >>> form = named("review")
    >>> form.roles["wijkteam"].gives_range("wmo"), form.roles["inwoner"].gives_range("wmo")
    (True, False)
    """
    return parse(text_of(name), where=str(_path(name)))


def text_of(name: str) -> str:
    """Return the declaration of a form, as a round keeps it.

    Parameters
    ----------
    name : str
        As for :func:`named`.
    """
    path = _path(name)
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(
            f"{path} has {path.stat().st_size:,} bytes; expected a form of at most {MAX_BYTES:,}. "
            "Make it shorter."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is no text in UTF-8; expected the YAML of a form. Save it as UTF-8."
        ) from error


def _path(name: str) -> Path:
    shipped = paths.config_dir() / paths.FORMS / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name).expanduser()
    if not path.is_file():
        forms = sorted(one.stem for one in shipped.parent.glob("*.yaml"))
        raise ConfigError(
            f"no form '{name}'{suggest(name, forms)}; expected one of {', '.join(forms)}, or the "
            "path of a form of your own."
        )
    return path


def parse(text: str, *, where: str) -> Form:
    """Read a form from its declaration.

    Parameters
    ----------
    text : str
        YAML.
    where : str
        The file, for messages.

    Returns
    -------
    Form
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        # its loader refuses a key that occurs twice, of which YAML itself drops the first
        tree: Any = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{where} is not the YAML of a form ({problem}); expected one as in "
            "configs/form/review.yaml. Correct it."
        ) from error
    violations = _violations(tree)
    if violations:
        raise ConfigError(
            f"{where} is no form; expected one as in configs/form/review.yaml. Correct:", violations
        )
    return Form(
        version=str(tree["version"]),
        roles={key: _role(key, declared) for key, declared in tree["roles"].items()},
        scales={
            name: tuple(Option(str(one["key"]), str(one["nl"]), str(one["en"])) for one in options)
            for name, options in tree["scales"].items()
        },
        items=tuple(_item(declared) for declared in tree["items"]),
        coins=int(tree["coins"]),
        sha256=storage.sha256_json(tree),
        euro_per_client={k: float(v) for k, v in tree.get("euro_per_client", {}).items()},
    )


def _role(key: str, declared: Mapping[str, Any]) -> Role:
    domains = tuple(declared.get("domains", ()))
    return Role(key, declared["nl"], declared["en"], declared.get("answers", TAPS), domains)


def _item(declared: Mapping[str, Any]) -> Item:
    again = declared.get("again")
    return Item(
        declared["key"],
        declared["kind"],
        Phase(declared["phase"]),
        declared["per"],
        declared.get("scale", ""),
        Phase(again) if again else None,
    )


def _violations(tree: Any) -> list[str]:
    """Return what is wrong with a declaration, all of it."""
    if not isinstance(tree, dict):
        return ["it is not a set of keys"]
    lacking = [key for key in ("version", "roles", "scales", "items", "coins") if not tree.get(key)]
    if lacking:
        return [f"it has no {key}" for key in lacking]
    shapes = {"roles": dict, "scales": dict, "items": list, "coins": int}
    misshapen = [key for key, shape in shapes.items() if not isinstance(tree[key], shape)]
    misshapen += [key for key in ("roles", "items") if key not in misshapen and _is_flat(tree[key])]
    if misshapen:
        return [f"{key} is not written as in the form that comes along" for key in misshapen]
    out = [
        f"role '{key}' has no name in {language}"
        for key, role in tree["roles"].items()
        for language in LANGUAGES
        if not role.get(language)
    ]
    for name, options in tree["scales"].items():
        out += _violations_of_scale(name, options or [])
    out += _violations_of_amounts(tree.get("euro_per_client", {}))
    keys = [item.get("key") for item in tree["items"]]
    out += [f"question '{key}' occurs {n} times" for key, n in Counter(keys).items() if n > 1]
    for item in tree["items"]:
        out += _violations_of_item(item, tree["scales"])
    return out


def _violations_of_amounts(amounts: Any) -> list[str]:
    if not isinstance(amounts, dict):
        return ["euro_per_client is not an amount for each domain"]
    return [
        f"euro_per_client of '{domain}' is {amount!r}; expected an amount above 0"
        for domain, amount in amounts.items()
        if not isinstance(amount, int | float) or isinstance(amount, bool) or not amount > 0
    ]


def _is_flat(parts: Any) -> bool:
    """Return whether roles or questions are words where each should have keys of its own."""
    each = parts.values() if isinstance(parts, dict) else parts
    return not all(isinstance(one, dict) for one in each)


def _violations_of_scale(name: str, options: Sequence[Mapping[str, Any]]) -> list[str]:
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


def _violations_of_item(item: Mapping[str, Any], scales: Mapping[str, Any]) -> list[str]:
    key = item.get("key")
    allowed = {"kind": KINDS, "phase": tuple(Phase), "per": PER}
    out = [
        f"question '{key}': {name} '{item.get(name)}' is not one of {', '.join(values)}"
        for name, values in allowed.items()
        if item.get(name) not in values
    ]
    if item.get("again") not in (None, *Phase):
        out.append(f"question '{key}': again '{item['again']}' is not a phase")
    if item.get("kind") in NEEDS_SCALE and item.get("scale") not in scales:
        out.append(f"question '{key}': scale '{item.get('scale', '')}' is not among the scales")
    return out
