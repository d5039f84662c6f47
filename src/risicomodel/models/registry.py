"""Models by name, as configuration asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from risicomodel.errors import ConfigError, suggest
from risicomodel.models.base import RateModel, read_state
from risicomodel.models.baselines import GemeenteMean, NationalMean, Persistence
from risicomodel.models.boosted import Boosted, BoostedParams
from risicomodel.models.linear import Glm, GlmParams

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class ModelSettings:
    """One model of the leaderboard: its kind, and the parameters that differ from the default."""

    kind: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of model and the dataclass of its parameters (None: it has none)."""

    model: type[Any]
    params: type[Any] | None = None


KINDS: dict[str, Kind] = {
    "mean": Kind(NationalMean),
    "gemeente_mean": Kind(GemeenteMean),
    "persistence": Kind(Persistence),
    "glm": Kind(Glm, GlmParams),
    "lightgbm": Kind(Boosted, BoostedParams),
}


def check(models: Mapping[str, ModelSettings]) -> None:
    """Raise on unknown kinds and parameters.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    wrong = [p for name, settings in models.items() for p in _problems(name, settings)]
    if not models:
        wrong.append("no model; choose one or more with 'model='")
    if wrong:
        raise ConfigError("the models cannot be made; correct configs/model:", wrong)


def _problems(name: str, settings: ModelSettings) -> list[str]:
    kind = KINDS.get(settings.kind)
    if kind is None:
        near = suggest(settings.kind, KINDS)
        return [f"{name}: kind '{settings.kind}' is not one of {', '.join(KINDS)}{near}"]
    defaults = asdict(kind.params()) if kind.params else {}
    wrong = [
        f"{name}: parameter '{param}' is not one of {', '.join(sorted(defaults)) or 'none'}"
        f"{suggest(param, defaults)}"
        for param in settings.params
        if param not in defaults
    ]
    return wrong + [
        f"{name}: {param} is {settings.params[param]!r}; allowed is "
        f"{'a whole number' if isinstance(default, int) else 'a number'} of 0 or more"
        for param, default in defaults.items()
        if not _fits(settings.params.get(param, default), default)
    ]


def _fits(value: Any, default: float) -> bool:
    kinds = int if isinstance(default, int) else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and value >= 0


def with_baselines(chosen: Mapping[str, ModelSettings]) -> dict[str, ModelSettings]:
    """Return the chosen models and every baseline: no score stands without them."""
    baselines = {name: ModelSettings(name) for name, kind in KINDS.items() if kind.model.baseline}
    return {**baselines, **chosen}


def create(settings: ModelSettings, seed: int) -> RateModel:
    """Return a fresh model."""
    kind = KINDS[settings.kind]
    model: RateModel
    if kind.params is None:
        model = kind.model()
    else:
        model = kind.model(kind.params(**settings.params), seed)
    return model


def load_libraries() -> None:
    """Import the libraries that fits do their linear algebra with."""
    import sklearn.linear_model  # noqa: F401


def load(folder: Path) -> RateModel:
    """Return the model saved in ``folder`` by :meth:`RateModel.save`."""
    state = read_state(folder)
    model = create(ModelSettings(state["kind"]), seed=0)
    model.restore(state, folder)
    return model
