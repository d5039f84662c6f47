"""Forms: what is asked, of whom and on which scale, declared in ``configs/form``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.participation import form_rules
from risicomodel.participation.form_rules import AGREE, LANGUAGES, PERSON
from risicomodel.participation.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

TAPS, RANGE = "taps", "range"
MAX_BYTES = 200_000
EXAMPLE = "in configs/form/review.yaml"


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
    cards : int
        How many cards are printed unless it is said; 0 where the form does not say.
    """

    key: str
    nl: str
    en: str
    answers: str = TAPS
    domains: tuple[str, ...] = ()
    cards: int = 0

    def gives_range(self, domain: str) -> bool:
        """Return whether the role gives a range of a domain, and not a tap."""
        return self.answers == RANGE and (not self.domains or domain in self.domains)


@dataclass(frozen=True)
class CheckedTruth:
    """What an answer of what people know is checked with.

    Parameters
    ----------
    domain : str
        Where it is the gemeente's newest published figure, taken when a round is made: of which
        domain; else empty.
    value : object
        Where it is always the same: a number, or a key of the question's scale.
    source, date : str
        Of that value.
    margin : float
        Which part of it an answer may be off and still be right (0–1); 0 for a scale.
    most : int
        The highest number that can be answered; of a figure, what it is counted on.
    """

    domain: str = ""
    value: Any = None
    source: str = ""
    date: str = ""
    margin: float = 0.0
    most: int = 0


@dataclass(frozen=True)
class Item:
    """A question.

    Parameters
    ----------
    key : str
        How it is kept, and under which key texts have it.
    kind : str
        One of :data:`risicomodel.participation.form_rules.KINDS`.
    phase : Phase
        When it is asked.
    per : str
        One of :data:`risicomodel.participation.form_rules.PER`: what it is asked once for.
    scale : str
        The form's scale of its answers, where it has one.
    again : Phase or None
        When it is asked a second time.
    texts : dict of str to str
        What it asks, by language, where the form itself has the text.
    theme : str
        Key of the form's theme that it is of.
    truth : CheckedTruth or None
        What answers are checked with, where people are asked what they know.
    is_local : bool
        Whether a gemeente added it: it stands beside the form's own and counts in no theme.
    """

    key: str
    kind: str
    phase: Phase
    per: str
    scale: str = ""
    again: Phase | None = None
    texts: dict[str, str] = field(default_factory=dict)
    theme: str = ""
    truth: CheckedTruth | None = None
    is_local: bool = False

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
    phases : tuple of Phase
        Those that a round of it goes through.
    themes : dict of str to dict
        Names of themes by key, each by language.
    texts : str
        Screens use the texts under this key first; empty for those of an evening.
    """

    version: str
    roles: dict[str, Role]
    scales: dict[str, tuple[Option, ...]]
    items: tuple[Item, ...]
    coins: int
    sha256: str
    euro_per_client: dict[str, float] = field(default_factory=dict)
    phases: tuple[Phase, ...] = tuple(Phase)
    themes: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: str = ""

    @property
    def is_about_wijken(self) -> bool:
        """Whether any question is asked of a wijk."""
        return any(item.per != PERSON for item in self.items)

    @property
    def has_statements(self) -> bool:
        """Whether people are asked how far they agree: a Thermometer."""
        return any(item.kind == AGREE for item in self.items)

    def after(self, phase: Phase) -> Phase | None:
        """Return the phase that follows in a round of this form; None after the last.

        Examples
        --------
        >>> named("thermometer").after(Phase.OWN_VIEW)
        <Phase.DONE: 'done'>
        """
        return next((one for one in self.phases if one.place > phase.place), None)

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
    return own_text(_path(name), "a form")


def own_text(path: Path, kind: str) -> str:
    """Return the text of a file that a gemeente writes.

    Parameters
    ----------
    path : Path
        Of the file.
    kind : str
        What it should be, for messages.

    Raises
    ------
    ConfigError
        If it is huge, or no text.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(
            f"{path} has {path.stat().st_size:,} bytes; expected {kind} of at most {MAX_BYTES:,}. "
            "Make it shorter."
        )
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is no text in UTF-8; expected the YAML of {kind}. Save it as UTF-8."
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


def tree_of(text: str, *, where: str, kind: str, example: str) -> Any:
    """Return what a YAML text says.

    Parameters
    ----------
    text : str
        YAML.
    where : str
        The file, for messages.
    kind, example : str
        What it should be, and what such a one looks like, for messages.

    Raises
    ------
    ConfigError
        If it is no YAML, or has a key twice.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    try:
        # its loader refuses a key that occurs twice, of which YAML itself drops the first
        return OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"{where} is not the YAML of {kind} ({problem}); expected one as {example}. Correct it."
        ) from error


def yaml_of(tree: Any) -> str:
    """Return a declaration as text, as :func:`tree_of` reads it."""
    from omegaconf import OmegaConf

    return str(OmegaConf.to_yaml(OmegaConf.create(tree)))


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
    tree = tree_of(text, where=where, kind="a form", example=EXAMPLE)
    violations = form_rules.violations(tree)
    if violations:
        raise ConfigError(f"{where} is no form; expected one as {EXAMPLE}. Correct:", violations)
    return Form(
        version=str(tree["version"]),
        roles={key: _role(key, declared) for key, declared in tree["roles"].items()},
        scales={
            name: tuple(Option(str(one["key"]), str(one["nl"]), str(one["en"])) for one in options)
            for name, options in tree["scales"].items()
        },
        items=tuple(_item(declared) for declared in tree["items"]),
        coins=int(tree.get("coins", 0)),
        sha256=storage.sha256_json(tree),
        euro_per_client={k: float(v) for k, v in tree.get("euro_per_client", {}).items()},
        phases=tuple(map(Phase, tree.get("phases", Phase))),
        themes={key: _by_language(named) for key, named in tree.get("themes", {}).items()},
        texts=str(tree.get("texts", "")),
    )


def _by_language(declared: Mapping[str, Any]) -> dict[str, str]:
    return {language: str(declared[language]) for language in LANGUAGES if language in declared}


def _role(key: str, declared: Mapping[str, Any]) -> Role:
    domains = tuple(declared.get("domains", ()))
    return Role(
        key, declared["nl"], declared["en"], declared.get("answers", TAPS), domains,
        declared.get("cards", 0),
    )  # fmt: skip


def _item(declared: Mapping[str, Any]) -> Item:
    again = declared.get("again")
    return Item(
        declared["key"],
        declared["kind"],
        Phase(declared["phase"]),
        declared["per"],
        declared.get("scale", ""),
        Phase(again) if again else None,
        _by_language(declared),
        declared.get("theme", ""),
        CheckedTruth(**declared["truth"]) if "truth" in declared else None,
        declared.get("local", False),
    )
