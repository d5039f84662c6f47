"""The registry of models: checks their configuration, creates them, and loads saved ones."""

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
from risicomodel.learning.models.blend import Blend, BlendParams
from risicomodel.learning.models.boosted_trees import BoostedTrees, BoostedTreesParams
from risicomodel.learning.models.glm import Glm, GlmParams
from risicomodel.learning.models.kernel_ridge import KernelRidge, KernelRidgeParams

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
        Parameters that differ from the defaults of the kind.
    domains : dict of str to dict
        By domain, parameters that differ from ``params`` for that domain.
    """

    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    domains: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Parameters
    ----------
    model : type
        The model's class.
    params : type or None
        The dataclass of its hyperparameters; None if it has none.
    """

    model: type[Any]
    params: type[Any] | None = None


KINDS: dict[str, Kind] = {
    "mean": Kind(NationalMean),
    "gemeente_mean": Kind(GemeenteMean),
    "persistence": Kind(Persistence),
    "glm": Kind(Glm, GlmParams),
    "lightgbm": Kind(BoostedTrees, BoostedTreesParams),
    "kernel": Kind(KernelRidge, KernelRidgeParams),
    Blend.kind: Kind(Blend, BlendParams),
}


def check(models: Mapping[str, ModelSettings]) -> None:
    """Raise on kinds, hyperparameters and blend members that do not exist or cannot be used.

    Parameters
    ----------
    models : mapping of str to ModelSettings
        All models of the run by name.

    Raises
    ------
    ConfigError
        Listing every violation.
    """
    domains = sorted({domain for settings in models.values() for domain in settings.domains})
    violations: list[str] = []
    for domain in ("", *domains):
        of_domain = for_domain(models, domain)
        lines = [v for name, settings in of_domain.items() for v in _violations(name, settings)]
        lines += [v for name in blends(of_domain) for v in _blend_violations(name, of_domain)]
        violations += [f"{domain}: {v}" if domain else v for v in lines if v not in violations]
    if not models:
        violations.append("no model is chosen; expected one or more, as in 'model=glm'")
    if violations:
        raise ConfigError(
            "the models cannot be created; expected what each line says. Correct configs/model:",
            violations,
        )


def for_domain(models: Mapping[str, ModelSettings], domain: str) -> dict[str, ModelSettings]:
    """Return the models with the hyperparameters they have for a domain.

    Parameters
    ----------
    models : mapping of str to ModelSettings
        All models of the run by name.
    domain : str
        The domain's name.

    Returns
    -------
    dict of str to ModelSettings
        With everything in ``params`` and nothing in ``domains``.

    Examples
    --------
    >>> glm = ModelSettings("glm", {"knots": 4}, domains={"wmo": {"alpha": 0.5}})
    >>> for_domain({"glm": glm}, "wmo")["glm"].params
    {'knots': 4, 'alpha': 0.5}
    """
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
    unknown = [
        f"{name}: parameter '{param}' is not one of {', '.join(sorted(defaults)) or 'none'}"
        f"{suggest(param, defaults)}"
        for param in settings.params
        if param not in defaults
    ]
    return unknown + [
        f"{name}: {param} is {settings.params[param]!r}; expected {_expected(default)}"
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


def _expected(default: Any) -> str:
    if isinstance(default, list):
        return f"one or more of {', '.join(PARTS)}"
    if isinstance(default, dict):
        return "a weight above 0 for every member"
    return f"{'a whole number' if isinstance(default, int) else 'a number'} of 0 or more"


def blends(models: Mapping[str, ModelSettings]) -> dict[str, BlendParams]:
    """Return the models that average others.

    Parameters
    ----------
    models : mapping of str to ModelSettings
        All models of the run by name, for one domain.

    Returns
    -------
    dict of str to BlendParams
    """
    return {
        name: BlendParams(**settings.params)
        for name, settings in models.items()
        if settings.kind == Blend.kind and set(settings.params) <= {"members"}
    }


def _blend_violations(name: str, models: Mapping[str, ModelSettings]) -> list[str]:
    others = sorted(n for n, settings in models.items() if settings.kind != Blend.kind)
    members = models[name].params.get("members") or {}
    if not isinstance(members, dict):
        return []
    if not members:
        choices = ", ".join(others) or "the other models"
        return [f"{name}: it has no members; expected one or more of {choices}"]
    return [
        f"{name}: member '{member}' is not one of {', '.join(others)}{suggest(member, others)}"
        for member in members
        if member not in others
    ]


def with_baselines(chosen: Mapping[str, ModelSettings]) -> dict[str, ModelSettings]:
    """Return the chosen models and every baseline: no score is shown without theirs.

    Parameters
    ----------
    chosen : mapping of str to ModelSettings
        Models by name.

    Returns
    -------
    dict of str to ModelSettings
        Baselines first.
    """
    baselines = {name: ModelSettings(name) for name, kind in KINDS.items() if kind.model.baseline}
    return {**baselines, **chosen}


def learners(models: Mapping[str, ModelSettings]) -> list[str]:
    """Return the names of the models that learn: all but the baselines.

    Parameters
    ----------
    models : mapping of str to ModelSettings
        Models by name.

    Returns
    -------
    list of str
        In the order of ``models``.

    Examples
    --------
    >>> learners(with_baselines({"glm": ModelSettings("glm")}))
    ['glm']
    """
    return [name for name, settings in models.items() if not KINDS[settings.kind].model.baseline]


def create(
    settings: ModelSettings, seed: int, among: Mapping[str, ModelSettings] | None = None
) -> RateModel:
    """Return a model that has not been fitted yet.

    Parameters
    ----------
    settings : ModelSettings
        Kind and hyperparameters.
    seed : int
        Seed of everything random in it.
    among : mapping of str to ModelSettings, optional
        All models of the run by name, for the members of a blend.

    Returns
    -------
    RateModel
    """
    kind = KINDS[settings.kind]
    if kind.params is None:
        baseline: RateModel = kind.model()
        return baseline
    params = kind.params(**settings.params)
    if isinstance(params, BlendParams):
        return blend_of(params, {n: create((among or {})[n], seed) for n in params.members})
    model: RateModel = kind.model(params, seed)
    return model


def blend_of(params: BlendParams, members: Mapping[str, RateModel]) -> RateModel:
    """Return a blend of models.

    Parameters
    ----------
    params : BlendParams
        The weights.
    members : mapping of str to RateModel
        By name; they may have been fitted already, and then the blend needs no fit.

    Returns
    -------
    RateModel
    """
    return Blend(params, members)


def load_libraries() -> None:
    """Import the linear algebra that fits use, so that limits on its threads apply to it."""
    import scipy.linalg  # noqa: F401
    import sklearn.linear_model  # noqa: F401


def pack(model: RateModel) -> dict[str, str]:
    """Return a fitted model as text.

    Parameters
    ----------
    model : RateModel
        Already fitted.

    Returns
    -------
    dict of str to str
        The contents of the files that :meth:`RateModel.save` writes, by relative path.
    """
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as name:
        folder = Path(name)
        model.save(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}


def unpack(files: Mapping[str, str]) -> RateModel:
    """Return the model that :func:`pack` turned into text.

    Parameters
    ----------
    files : mapping of str to str
        What :func:`pack` returned.

    Returns
    -------
    RateModel
        Fitted.
    """
    with tempfile.TemporaryDirectory(prefix="risicomodel-") as name:
        for inside, text in files.items():
            storage.write_text(Path(name) / inside, text)
        return load(Path(name))


def load(folder: Path) -> RateModel:
    """Return a saved model.

    Parameters
    ----------
    folder : Path
        Where :meth:`RateModel.save` wrote it.

    Returns
    -------
    RateModel
        Fitted.
    """
    state = read_state(folder)
    if state["kind"] == Blend.kind:
        params = BlendParams(state["members"])
        return Blend(params, {name: load(folder / name) for name in params.members})
    model = create(ModelSettings(state["kind"]), seed=0)
    model.restore(state, folder)
    return model
