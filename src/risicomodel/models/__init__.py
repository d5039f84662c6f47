"""Models of a rate behind one interface: fit(rows) → predict(rows)."""

from risicomodel.models.base import NotFittedError, RateModel, Rows
from risicomodel.models.blended import BlendParams, average
from risicomodel.models.registry import (
    KINDS,
    ModelSettings,
    blends,
    check,
    create,
    for_domain,
    learned,
    load,
    load_libraries,
    with_baselines,
)

__all__ = [
    "KINDS",
    "BlendParams",
    "ModelSettings",
    "NotFittedError",
    "RateModel",
    "Rows",
    "average",
    "blends",
    "check",
    "create",
    "for_domain",
    "learned",
    "load",
    "load_libraries",
    "with_baselines",
]
