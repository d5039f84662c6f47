"""Models of a rate, behind one interface: ``fit(rows)``, then ``predict(rows)``."""

from __future__ import annotations

from risicomodel.models.base import RateModel, Rows
from risicomodel.models.registry import (
    KINDS,
    ModelSettings,
    check,
    create,
    load,
    load_libraries,
    with_baselines,
)

__all__ = [
    "KINDS",
    "ModelSettings",
    "RateModel",
    "Rows",
    "check",
    "create",
    "load",
    "load_libraries",
    "with_baselines",
]
