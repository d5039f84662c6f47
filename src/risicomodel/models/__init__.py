"""Models of a rate behind one interface: fit(rows) → predict(rows)."""

from risicomodel.models.base import NotFittedError, RateModel, Rows
from risicomodel.models.blended import BlendParams, average
from risicomodel.models.contributions import Contributions
from risicomodel.models.registry import (
    KINDS,
    ModelSettings,
    blended,
    blends,
    check,
    create,
    for_domain,
    learned,
    load,
    load_libraries,
    pack,
    unpack,
    with_baselines,
)

__all__ = [
    "KINDS",
    "BlendParams",
    "Contributions",
    "ModelSettings",
    "NotFittedError",
    "RateModel",
    "Rows",
    "average",
    "blended",
    "blends",
    "check",
    "create",
    "for_domain",
    "learned",
    "load",
    "load_libraries",
    "pack",
    "unpack",
    "with_baselines",
]
