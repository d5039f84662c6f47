"""Models by name, as configuration asks for them."""

from __future__ import annotations

import math
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import storage
from risicomodel.core.errors import ConfigError, suggest
from risicomodel.data.features import PARTS
from risicomodel.learning.models.base import RateModel, read_state
from risicomodel.learning.models.baselines import GemeenteMean, NationalMean, Persistence
from risicomodel.learning.models.blended import Blended, BlendParams
from risicomodel.learning.models.boosted import Boosted, BoostedParams
from risicomodel.learning.models.kernel import Kernel, KernelParams
from risicomodel.learning.models.linear import Glm, GlmParams

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass
class ModelSettings:
    """One model of the leaderboard.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    params : dict
        Parameters that differ from the kind's default.
    domains : dict of str to dict
        Parameters that differ again for a domain, by its name.
    """

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    domains: dict[str, dict[str, Any]] = field(default_factory=dict)


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
    "kernel": Kind(Kernel, KernelParams),
    Blended.kind: Kind(Blended, BlendParams),
}


def check(models: Mapping[str, ModelSettings]) -> None:
    """Raise on unknown kinds and parameters.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    named = sorted({domain for settings in models.values() for domain in settings.domains})
    wrong: list[str] = []
    for domain in ("", *named):
        found = for_domain(models, domain)
        told = [p for name, settings in found.items() for p in _violations(name, settings)]
        told += [p for name in blends(found) for p in _blend_violations(name, found)]
        wrong += [f"{domain}: {p}" if domain else p for p in told if p not in wrong]
    if not models:
        wrong.append("no model; choose one or more with 'model='")
    if wrong:
        raise ConfigError("the models cannot be made; correct configs/model:", wrong)


def for_domain(models: Mapping[str, ModelSettings], domain: str) -> dict[str, ModelSettings]:
    """Return the models with the parameters they have for a domain."""
    return {
        name: ModelSettings(settings.kind, {**settings.params, **settings.domains.get(domain, {})})
        for name, settings in models.items()
    }


def _violations(name: str, settings: ModelSettings) -> list[str]:
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
        f"{name}: {param} is {settings.params[param]!r}; allowed is {_allowed(default)}"
        for param, default in defaults.items()
        if not _fits(settings.params.get(param, default), default)
    ]


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, list):
        return isinstance(value, list) and bool(value) and set(value) <= {*PARTS}
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_is_number(v) and v > 0 for v in value.values())
    return _is_number(value, whole=isinstance(default, int)) and value >= 0


def _is_number(value: Any, *, whole: bool = False) -> bool:
    kinds = int if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _allowed(default: Any) -> str:
    if isinstance(default, list):
        return f"one or more of {', '.join(PARTS)}"
    if isinstance(default, dict):
        return "a weight above 0 for every member"
    return f"{'a whole number' if isinstance(default, int) else 'a number'} of 0 or more"


def blends(models: Mapping[str, ModelSettings]) -> dict[str, BlendParams]:
    """Return the models that average others."""
    return {
        name: BlendParams(**settings.params)
        for name, settings in models.items()
        if settings.kind == Blended.kind and set(settings.params) <= {"members"}
    }


def _blend_violations(name: str, models: Mapping[str, ModelSettings]) -> list[str]:
    others = sorted(n for n, settings in models.items() if settings.kind != Blended.kind)
    members = models[name].params.get("members") or {}
    if not isinstance(members, dict):
        return []
    if not members:
        return [f"{name}: it has no members; allowed are {', '.join(others) or 'other models'}"]
    return [
        f"{name}: member '{member}' is not one of {', '.join(others)}{suggest(member, others)}"
        for member in members
        if member not in others
    ]


def with_baselines(chosen: Mapping[str, ModelSettings]) -> dict[str, ModelSettings]:
    """Return the chosen models and every baseline: no score stands without them."""
    baselines = {name: ModelSettings(name) for name, kind in KINDS.items() if kind.model.baseline}
    return {**baselines, **chosen}


def learned(models: Mapping[str, ModelSettings]) -> list[str]:
    """Return the names of the models that learn: all but baselines."""
    return [name for name, settings in models.items() if not KINDS[settings.kind].model.baseline]


def create(
    settings: ModelSettings, seed: int, among: Mapping[str, ModelSettings] | None = None
) -> RateModel:
    """Return a fresh model.

    Parameters
    ----------
    settings : ModelSettings
        What to make.
    seed : int
        Seed of what is random in it.
    among : mapping, optional
        All models of the run by name: a blend's members are among them.
    """
    kind = KINDS[settings.kind]
    if kind.params is None:
        baseline: RateModel = kind.model()
        return baseline
    params = kind.params(**settings.params)
    if isinstance(params, BlendParams):
        return blended(params, {n: create((among or {})[n], seed) for n in params.members})
    model: RateModel = kind.model(params, seed)
    return model


def blended(params: BlendParams, members: Mapping[str, RateModel]) -> RateModel:
    """Return the blend of members, which may be fitted already."""
    return Blended(params, members)


def load_libraries() -> None:
    """Import the libraries that fits do their linear algebra with."""
    import scipy.linalg  # noqa: F401
    import sklearn.linear_model  # noqa: F401


def pack(model: RateModel) -> dict[str, str]:
    """Return a fitted model as the texts that :meth:`RateModel.save` writes, by file."""
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as name:
        folder = Path(name)
        model.save(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


def unpack(files: Mapping[str, str]) -> RateModel:
    """Return the model that :func:`pack` gave the texts of."""
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as name:
        for inside, text in files.items():
            storage.write_text(Path(name) / inside, text)
        return load(Path(name))


def load(folder: Path) -> RateModel:
    """Return the model saved in ``folder`` by :meth:`RateModel.save`."""
    state = read_state(folder)
    if state["kind"] == Blended.kind:
        params = BlendParams(state["members"])
        return Blended(params, {name: load(folder / name) for name in params.members})
    model = create(ModelSettings(state["kind"]), seed=0)
    model.restore(state, folder)
    return model
