"""Settings of a tuning run, and the search space declared per kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.metrics import HIGHER_IS_BETTER
from risicomodel.learning import models, protocols

RANGE_FORMS = "{low, high}, {low, high, log: true}, {low, high, step} or {choices: […]}"
RANGE_KEYS = ("low", "high", "log", "step", "choices")


@dataclass
class TuningSettings:
    """How hyperparameters are tuned, as in ``configs/tuning``.

    Parameters
    ----------
    trials : int
        Trials per study. There is a study per model and outer fold, and one on all rows.
    folds : int
        Inner folds on which a trial is scored.
    protocol : str
        The protocol of the outer and the inner folds.
    metric : {"wape", "wr2", "r2"}
        What to optimise.
    pruning : bool
        Stop a trial that does worse than the median of earlier ones on the same inner folds.
    storage : str or None
        Where trials are kept: ``sqlite:///PATH``, ``postgresql+psycopg://…`` or the path of a
        journal; by default a journal under the home of risicomodel.
    space : dict
        Per kind of model and hyperparameter: ``{low, high}`` with ``log`` or ``step``, or
        ``{choices}``; null keeps a hyperparameter as configured.
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
    """The values that one hyperparameter may take: between two numbers, or one of several choices.

    Parameters
    ----------
    low, high : float
        The bounds, both included.
    log : bool
        Sample on a logarithmic scale.
    step : float or None
        Only whole multiples of this above ``low``.
    choices : tuple
        If there are any, the bounds do not count.

    Examples
    --------
    >>> 45 in Dimension(low=20, high=70, step=25), 46 in Dimension(low=20, high=70, step=25)
    (True, False)
    """

    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    choices: tuple[Any, ...] = ()

    def __contains__(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        steps = (value - self.low) / self.step if self.step else 0.0
        return bool(self.low <= value <= self.high and abs(steps - round(steps)) < 1e-6)  # noqa: PLR2004

    def text(self) -> str:
        """Return the dimension as messages show it.

        Returns
        -------
        str
            Such as ``50 to 1200 by 50``.
        """
        if self.choices:
            return ", ".join(map(str, self.choices))
        return f"{self.low} to {self.high}" + (f" by {self.step}" if self.step else "")


def dimensions(space: Mapping[str, Mapping[str, Any]], kind: str) -> dict[str, Dimension]:
    """Return the search space of a kind of model.

    Parameters
    ----------
    space : mapping
        ``TuningSettings.space``, already checked.
    kind : str
        A key of :data:`risicomodel.learning.models.KINDS`.

    Returns
    -------
    dict of str to Dimension
        By hyperparameter; empty if nothing may vary.
    """
    out = {}
    for name, declared in space.get(kind, {}).items():
        if declared is not None:
            choices = tuple(declared.get("choices") or ())
            out[name] = Dimension(**{**declared, "choices": choices})
    return out


def defaults(settings: models.ModelSettings) -> dict[str, Any]:
    """Return every hyperparameter of a model as configured.

    Parameters
    ----------
    settings : ModelSettings
        The model.

    Returns
    -------
    dict
        Those not configured have the default of the kind.
    """
    params = models.KINDS[settings.kind].params
    return {**(asdict(params()) if params else {}), **settings.params}


def violations(settings: TuningSettings) -> list[str]:
    """Return what is wrong with the settings.

    Parameters
    ----------
    settings : TuningSettings
        As configured.

    Returns
    -------
    list of str
        One line per violation: what is configured; what is expected.
    """
    options = {"protocol": list(protocols.PROTOCOLS), "metric": list(HIGHER_IS_BETTER)}
    lines = [
        f"tuning.{name} is '{chosen}'{suggest(chosen, options[name])}; expected one of "
        f"{', '.join(options[name])}"
        for name, chosen in (("protocol", settings.protocol), ("metric", settings.metric))
        if chosen not in options[name]
    ]
    if settings.trials < 1:
        lines.append(f"tuning.trials is {settings.trials}; expected 1 or more")
    if settings.folds < 2:  # noqa: PLR2004
        lines.append(f"tuning.folds is {settings.folds}; expected 2 or more")
    for kind, space in settings.space.items():
        lines += _kind_violations(kind, space or {})
    return lines


def _kind_violations(kind: str, space: Mapping[str, Any]) -> list[str]:
    if kind not in models.KINDS:
        near, kinds = suggest(kind, models.KINDS), ", ".join(models.KINDS)
        return [f"tuning.space.{kind}: no such kind of model{near}; expected one of {kinds}"]
    params = defaults(models.ModelSettings(kind))
    out = []
    for name, declared in space.items():
        if name not in params:
            out.append(
                f"tuning.space.{kind}.{name}: no such parameter{suggest(name, params)}; expected "
                f"one of {', '.join(sorted(params)) or 'none'}"
            )
        elif declared is not None:
            lines = _form_violations(declared) or _range_violations(declared, params[name])
            lines = lines or _value_violations(kind, name, declared)
            out += [f"tuning.space.{kind}.{name}: {line}" for line in lines]
    return out


def _form_violations(declared: Any) -> list[str]:
    """Return what is wrong with the keys of a declared range."""
    if not isinstance(declared, Mapping):
        return [f"is {declared!r}; expected {RANGE_FORMS}"]
    unknown = [
        f"'{key}' is not a key of a range{suggest(key, RANGE_KEYS)}; expected {RANGE_FORMS}"
        for key in declared
        if key not in RANGE_KEYS
    ]
    if unknown:
        return unknown
    if declared.get("choices") is not None:
        if len(declared) > 1:
            others = ", ".join(sorted(set(declared) - {"choices"}))
            return [f"choices are given together with {others}; give one or the other"]
        return [] if declared["choices"] else ["choices is empty; name one or more"]
    missing = [key for key in ("low", "high") if declared.get(key) is None]
    return [f"{' and '.join(missing)} missing; expected {RANGE_FORMS}"] if missing else []


def _range_violations(declared: Mapping[str, Any], default: Any) -> list[str]:
    """Return what is wrong with the numbers of a range; ``default`` has the right type."""
    if "choices" in declared:
        return []
    keys = [key for key in ("low", "high", "step") if declared.get(key) is not None]
    numbers = {key: declared[key] for key in keys}
    types = int if isinstance(default, int) else (int, float)
    what = "a whole number" if isinstance(default, int) else "a number"
    lines = [
        f"{key} is {value!r}; expected {what}"
        for key, value in numbers.items()
        if not isinstance(value, types) or isinstance(value, bool)
    ]
    return lines or _order_violations(**numbers, log=bool(declared.get("log")))


def _order_violations(
    low: float, high: float, step: float | None = None, *, log: bool
) -> list[str]:
    if low >= high:
        return [f"low is {low} and high is {high}; expected low below high"]
    if log and step is not None:
        return ["log and step are both given; give one or the other"]
    if log and low <= 0:
        return [f"low is {low}; with log, expected above 0"]
    if step is not None and (step <= 0 or high not in Dimension(low, high, step=step)):
        return [f"step is {step}; expected a number that leads from {low} to {high}"]
    return []


def _value_violations(kind: str, name: str, declared: Mapping[str, Any]) -> list[str]:
    """Return why the model itself refuses any of the declared values."""
    lines: list[str] = []
    for value in declared.get("choices") or (declared["low"], declared["high"]):
        try:
            models.check({kind: models.ModelSettings(kind, {name: value})})
        except ConfigError as error:
            lines += error.details
    return lines
