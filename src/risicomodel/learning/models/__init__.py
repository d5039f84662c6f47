"""Models of a rate behind one interface: fit(rows) → predict(rows)."""

from risicomodel.learning.models.base import NotFittedError, RateModel, Rows
from risicomodel.learning.models.blended import BlendParams, average
from risicomodel.learning.models.contributions import Contributions
from risicomodel.learning.models.registry import (
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
