"""What may vary: settings of a tuning run and the search space, declared per kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.metrics import HIGHER_IS_BETTER
from risicomodel.learning import models, protocols

SHAPES = "{low, high}, {low, high, log: true}, {low, high, step} or {choices: […]}"
WORDS = ("low", "high", "log", "step", "choices")


@dataclass
class TuningSettings:
    """How to look for better parameters, as in ``configs/tuning``.

    Parameters
    ----------
    trials : int
        Trials per study that are to be finished; there is a study per model and outer fold, and
        one over all rows.
    folds : int
        Inner folds that a trial is scored on.
    protocol : str
        What is asked of the model: the protocol's folds are the outer ones.
    metric : {"wape", "wr2", "r2"}
        What is to be good.
    pruning : bool
        Give up a trial that is worse than the median of earlier ones after as many inner folds.
    storage : str or None
        Where trials are kept: a journal file under the home by default; ``sqlite:///PATH``, a
        journal's path, or ``postgresql+psycopg://…``.
    space : dict
        Per kind of model and parameter: ``{low, high}`` with ``log`` or ``step``, or ``{choices}``;
        null leaves a parameter as it is configured.
    """

    trials: int = 30
    folds: int = 3
    protocol: str = protocols.UNSEEN_GEMEENTE
    metric: str = "wape"
    pruning: bool = True
    storage: str | None = None
    space: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Dimension:
    """How one parameter may vary: between two numbers, or among choices."""

    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()

    def holds(self, value: Any) -> bool:
        """Tell whether a value lies within."""
        if self.choices:
            return value in self.choices
        steps = (value - self.low) / self.step if self.step else 0.0
        return bool(self.low <= value <= self.high and abs(steps - round(steps)) < 1e-6)  # noqa: PLR2004

    def text(self) -> str:
        """Return it as people read it."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return f"{self.low} to {self.high}" + (f" by {self.step}" if self.step else "")


def dimensions(space: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Dimension]:
    """Return what may vary of a kind of model, from a checked space."""
    made = {}
    for name, words in space.get(kind, {}).items():
        if words is not None:
            choices = tuple(words.get("choices") or ())
            made[name] = Dimension(**{**words, "choices": choices})
    return made


def defaults(settings: models.ModelSettings) -> dict[str, Any]:
    """Return every parameter of a model as it is configured."""
    params = models.KINDS[settings.kind].params
    return {**(asdict(params()) if params else {}), **settings.params}


def violations(settings: TuningSettings) -> list[str]:
    """Return what is wrong with the settings, a line each."""
    allowed = {"protocol": list(protocols.PROTOCOLS), "metric": list(HIGHER_IS_BETTER)}
    wrong = [
        f"tuning.{name} is '{chosen}'{suggest(chosen, allowed[name])}; allowed are "
        f"{', '.join(allowed[name])}"
        for name, chosen in (("protocol", settings.protocol), ("metric", settings.metric))
        if chosen not in allowed[name]
    ]
    if settings.trials < 1:
        wrong.append(f"tuning.trials is {settings.trials}; allowed is 1 or more")
    if settings.folds < 2:  # noqa: PLR2004
        wrong.append(f"tuning.folds is {settings.folds}; allowed is 2 or more")
    for kind, space in settings.space.items():
        wrong += _kind_violations(kind, space or {})
    return wrong


def _kind_violations(kind: str, space: Mapping[str, Any]) -> list[str]:
    if kind not in models.KINDS:
        near = suggest(kind, models.KINDS)
        allowed = ", ".join(models.KINDS)
        return [f"tuning.space.{kind}: no such kind of model{near}; allowed are {allowed}"]
    known = defaults(models.ModelSettings(kind))
    wrong = []
    for name, words in space.items():
        if name not in known:
            wrong.append(
                f"tuning.space.{kind}.{name}: no such parameter{suggest(name, known)}; allowed "
                f"are {', '.join(sorted(known)) or 'none'}"
            )
        elif words is not None:
            found = _word_violations(words) or _range_violations(words, known[name])
            found = found or _value_violations(kind, name, words)
            wrong += [f"tuning.space.{kind}.{name}: {text}" for text in found]
    return wrong


def _word_violations(words: Any) -> list[str]:
    if not isinstance(words, Mapping):
        return [f"is {words!r}; allowed is {SHAPES}"]
    unknown = [
        f"'{word}' is not a word for a range{suggest(word, WORDS)}; allowed is {SHAPES}"
        for word in words
        if word not in WORDS
    ]
    if unknown:
        return unknown
    if words.get("choices") is not None:
        if len(words) > 1:
            return [f"choices and {', '.join(sorted(set(words) - {'choices'}))}; give one of both"]
        return [] if words["choices"] else ["no choices; name one or more"]
    missing = [word for word in ("low", "high") if words.get(word) is None]
    return [f"{' and '.join(missing)} missing; allowed is {SHAPES}"] if missing else []


def _range_violations(words: Mapping[str, Any], default: Any) -> list[str]:
    """Return what is wrong with numbers; ``default`` tells what kind of number it takes."""
    if "choices" in words:
        return []
    numbers = {word: words[word] for word in ("low", "high", "step") if words.get(word) is not None}
    kinds = int if isinstance(default, int) else (int, float)
    what = "a whole number" if isinstance(default, int) else "a number"
    wrong = [
        f"{word} is {value!r}; allowed is {what}"
        for word, value in numbers.items()
        if not isinstance(value, kinds) or isinstance(value, bool)
    ]
    return wrong or _order_violations(**numbers, log=bool(words.get("log")))


def _order_violations(
    low: float, high: float, step: float | None = None, *, log: bool
) -> list[str]:
    if low >= high:
        return [f"low is {low} and high is {high}; allowed is low below high"]
    if log and step is not None:
        return ["log and step; give one of both"]
    if log and low <= 0:
        return [f"low is {low}; with log, allowed is above 0"]
    if step is not None and (step <= 0 or not Dimension(low, high, step=step).holds(high)):
        return [f"step is {step}; allowed is a number that leads from {low} to {high}"]
    return []


def _value_violations(kind: str, name: str, words: Mapping[str, Any]) -> list[str]:
    """Return which of the values that may be tried the model itself refuses."""
    wrong: list[str] = []
    for value in words.get("choices") or (words["low"], words["high"]):
        try:
            models.check({kind: models.ModelSettings(kind, {name: value})})
        except ConfigError as error:
            wrong += error.details
    return wrong
